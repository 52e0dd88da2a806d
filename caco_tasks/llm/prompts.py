"""Prompts: one versioned file each, checked when it is loaded, and all prompts of a config when DAGs are parsed.

A template is a text file with `$variable` places (Python's `string.Template`; `$$` is a dollar sign). A file with the lines
`[system]` and `[user]` is a chat prompt; any other is raw text that the model continues. A chat prompt may have a section
`[example]`, the form of one worked example; `$examples` in its text then stands for all of them. `[example: a, b]` names the
families of the bundled bank that the examples are taken from. Lines between `[if NAME]` and `[end]` are left out where the
variable NAME is empty.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.config import RoleName, RunConfig
from caco_tasks.errors import ConfigError

TEMPLATES_FOLDER = Path(__file__).parent / "templates"

VARIABLES: dict[RoleName, frozenset[str]] = {
    "codegen": frozenset[str](),
    "reverser": frozenset(("code", "input", "output", "scenario", "style", "difficulty")),
    "solver": frozenset(("problem", "style")),
    "judge": frozenset(("problem", "solution", "code", "output")),
    "matcher": frozenset(("problem", "item")),
    "unifier": frozenset(("problem", "solution", "answer", "tests", "function", "imports")),
}  # role -> what its stage fills in
OF_AN_ITEM = frozenset(("problem",))  # what an evaluation fills in, whoever it asks

OF_AN_EXAMPLE = frozenset(("problem", "solution", "answer", "code", "output"))
EXAMPLES = "examples"
DEFAULT_FAMILIES = ("cafe_bills", "two_bags", "shortest_way")  # a rate, a chance, a way through a net

_SECTION = re.compile(r"^\[(system|example|user)(?:: *([\w, ]+))?\]\n", re.MULTILINE)
_OPTIONAL = re.compile(r"^\[if (\w+)\]\n(.*?)^\[end\](?:\n|\Z)", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^\[(?:if\b.*|end)\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One version of one prompt."""

    name: str  # file name without suffix, such as "nano_reverse.v1"
    system: str | None  # None: no system message, or raw text
    text: str
    is_chat: bool
    example: str | None = None  # the form of one worked example; None: the prompt shows none
    families: tuple[str, ...] = DEFAULT_FAMILIES  # of the bank, one for each worked example

    @property
    def variables(self) -> frozenset[str]:
        """The names that `render` needs."""
        return _variables(self.text)

    def render(self, **values: str) -> str:
        """The prompt with its variables filled in; values may hold any text.

        A control token in a value (`<|im_end|>`) is broken up, so that no text can end its message or speak for another.
        """
        return _fill(self.text, values)

    def showing(self, examples: Iterable[Mapping[str, str]]) -> dict[str, str]:
        """The variable `examples`, filled in; nothing for a prompt that shows none."""
        if self.example is None:
            return {}
        shown = [f"Example {n}\n\n{_fill(self.example, values)}" for n, values in enumerate(examples, 1)]
        return {EXAMPLES: "\n\n".join(shown)}


def load_prompt(name: str, *, variables: frozenset[str], folder: str | None = None) -> Prompt:
    """Loads a template and checks that the stage that uses it gives every variable it names.

    `folder` is looked through before the bundled templates.

    Raises:
        ConfigError: no such template or folder, no text in UTF-8, or the template cannot be filled in with `variables`.
    """
    prompt = parse_prompt(name, _read_template(name, folder))
    _check(f"The prompt '{name}'", prompt.text, variables | ({EXAMPLES} if prompt.example else set()))
    _check(f"The example of the prompt '{name}'", prompt.example or "", OF_AN_EXAMPLE)
    unknown = sorted(set(prompt.families) - {family.name for family in FAMILIES})
    if unknown:
        raise ConfigError(f"The prompt '{name}' takes an example of '{unknown[0]}', which is no family of the bank.")
    return prompt


def begin_reply(prompt: Prompt, beginning: str) -> Prompt:
    """A raw prompt with the beginning of its reply behind it, which the model goes on with."""
    return replace(prompt, text=prompt.text + beginning.replace("$", "$$")) if beginning else prompt


def check_prompts(config: RunConfig) -> None:
    """Loads the prompt of every role, so that a wrong one is reported before anything runs.

    Raises:
        ConfigError: as `load_prompt`; the message names config and role.
    """
    for setting, name, variables in list_prompts(config):
        try:
            load_prompt(name, variables=variables, folder=config.prompts_folder)
        except ConfigError as exc:
            raise ConfigError(f"In the config '{config.name}', {setting}: {exc}") from exc


def judge_prompts(config: RunConfig) -> tuple[str, ...]:
    """The judge's templates: the configured one, and its twin where the config wants both orders."""
    # The twin shows the program before problem and solution: judges favour what stands first or last.
    name, dot, version = config.models["judge"].prompt.rpartition(".")
    twin = f"{name}_program_first{dot}{version}"
    return (config.models["judge"].prompt, twin) if config.judge.both_orders else (config.models["judge"].prompt,)


def list_prompts(config: RunConfig) -> Iterator[tuple[str, str, frozenset[str]]]:
    """All prompts of a config: the setting that names it, the prompt, and the variables that it may name."""
    for role, settings in config.models.items():
        for name in judge_prompts(config) if role == "judge" else [settings.prompt]:
            yield f"models.{role}.prompt", name, variables_of(role)
    if config.evaluate:
        yield "evaluate.ask.prompt", config.evaluate.ask.prompt, variables_of(None)


def variables_of(role: RoleName | None) -> frozenset[str]:
    """The variables that a prompt for a role may name; None: one that an evaluation asks with."""
    return OF_AN_ITEM if role is None else VARIABLES[role]


def parse_prompt(name: str, text: str) -> Prompt:
    """Reads the text of a template file."""
    # before the first section stands what is no part of the prompt; a file without sections is raw text, spaces included
    _, *parts = _SECTION.split(text)
    sections = {head: body.strip() for head, body in zip(parts[::3], parts[2::3], strict=True)}
    if "user" not in sections:
        return Prompt(name=name, system=None, text=text, is_chat=False)
    listed = next((listed for listed in parts[1::3] if listed), None)
    return Prompt(
        name=name,
        system=sections.get("system") or None,
        text=sections["user"],
        is_chat=True,
        example=sections.get("example") or None,
        families=tuple(re.findall(r"\w+", listed)) if listed else DEFAULT_FAMILIES,
    )


def _read_template(name: str, folder: str | None) -> str:
    if folder is not None and not Path(folder).is_dir():
        raise ConfigError(f"The folder of prompts {folder} is not there: mend prompts_folder.")
    folders = [TEMPLATES_FOLDER] if folder is None else [Path(folder), TEMPLATES_FOLDER]
    path = next((path for path in (one / f"{name}.txt" for one in folders) if path.is_file()), None)
    if path is None:
        known = ", ".join(sorted({file.stem for one in folders for file in one.glob("*.txt")}))
        raise ConfigError(f"There is no prompt '{name}': there are {known}.")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"The prompt '{name}' at {path} cannot be read: {exc}.") from exc


def _check(what: str, text: str, variables: frozenset[str]) -> None:
    named = _variables(text)
    if not Template(text).is_valid() or not named <= variables:
        extra = ", ".join(sorted(named - variables)) or "a bare '$'"
        raise ConfigError(f"{what} names {extra}; it may name {', '.join(sorted(variables)) or 'nothing'}.")
    unpaired = _MARK.search(_OPTIONAL.sub(r"\2", text))
    if unpaired:
        raise ConfigError(f"{what} has a line {unpaired[0]} without its counterpart: `[if NAME]` goes with `[end]`.")


def _variables(text: str) -> frozenset[str]:
    return frozenset(Template(text).get_identifiers()) | {found[1] for found in _OPTIONAL.finditer(text)}


def _fill(text: str, values: Mapping[str, str]) -> str:
    tame = {name: value.replace("<|", "< |") for name, value in values.items()}

    def chosen(part: re.Match[str]) -> str:
        body = part[2] if part.end() < len(text) else part[2].rstrip("\n")  # the last part ends the text
        return body if tame[part[1]].strip() else ""

    return Template(_OPTIONAL.sub(chosen, text)).substitute(tame)  # parts first: a value may look like one
