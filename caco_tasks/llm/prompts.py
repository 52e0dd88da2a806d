"""Prompts: one versioned file each, checked when it is loaded, and all prompts of a config when DAGs are parsed.

A template is a text file with `$variable` places (Python's `string.Template`; `$$` is a dollar sign). A file with the lines
`[system]` and `[user]` is a chat prompt; any other is raw text that the model continues. A chat prompt may have a section
`[example]`, the form of one worked example; `$examples` in its text then stands for all of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from caco_tasks.config import RoleName, RunConfig
from caco_tasks.errors import ConfigError

TEMPLATES_FOLDER = Path(__file__).parent / "templates"

VARIABLES: dict[RoleName, frozenset[str]] = {
    "codegen": frozenset[str](),
    "reverser": frozenset(("code", "input", "output", "scenario", "style", "difficulty")),
    "solver": frozenset(("problem",)),
    "judge": frozenset(("problem", "solution", "code")),
    "unifier": frozenset(("problem", "solution", "answer")),
}  # role -> what its stage fills in

OF_AN_EXAMPLE = frozenset(("problem", "solution", "answer", "code", "output"))
EXAMPLES = "examples"

_SECTION = re.compile(r"^\[(system|example|user)\]\n", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One version of one prompt."""

    name: str  # file name without suffix, such as "nano_reverse.v1"
    system: str | None  # None: no system message, or raw text
    text: str
    is_chat: bool
    example: str | None = None  # the form of one worked example; None: the prompt shows none

    @property
    def variables(self) -> frozenset[str]:
        """The names that `render` needs."""
        return frozenset(Template(self.text).get_identifiers())

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


def load_prompt(name: str, *, variables: frozenset[str]) -> Prompt:
    """Loads a template and checks that the stage that uses it gives every variable it names.

    Raises:
        ConfigError: no such template, or it names a variable that is not in `variables`.
    """
    path = TEMPLATES_FOLDER / f"{name}.txt"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in TEMPLATES_FOLDER.glob("*.txt")))
        raise ConfigError(f"There is no prompt '{name}': there are {known}.")
    prompt = parse_prompt(name, path.read_text(encoding="utf-8"))
    _check(f"The prompt '{name}'", prompt.text, variables | ({EXAMPLES} if prompt.example else set()))
    _check(f"The example of the prompt '{name}'", prompt.example or "", OF_AN_EXAMPLE)
    return prompt


def check_prompts(config: RunConfig) -> None:
    """Loads the prompt of every role, so that a wrong one is reported before anything runs.

    Raises:
        ConfigError: as `load_prompt`; the message names config and role.
    """
    for setting, name, role in list_prompts(config):
        try:
            load_prompt(name, variables=VARIABLES[role])
        except ConfigError as exc:
            raise ConfigError(f"In the config '{config.name}', {setting}: {exc}") from exc


def judge_prompts(config: RunConfig) -> tuple[str, ...]:
    """The judge's templates: the configured one, and its twin where the config wants both orders."""
    # The twin shows the program before problem and solution: judges favour what stands first or last.
    name, dot, version = config.models["judge"].prompt.rpartition(".")
    twin = f"{name}_program_first{dot}{version}"
    return (config.models["judge"].prompt, twin) if config.judge.both_orders else (config.models["judge"].prompt,)


def list_prompts(config: RunConfig) -> Iterator[tuple[str, str, RoleName]]:
    """All prompts of a config: the setting that names it, the prompt, and the role that it is for."""
    for role, settings in config.models.items():
        for name in judge_prompts(config) if role == "judge" else [settings.prompt]:
            yield f"models.{role}.prompt", name, role
    if config.evaluate:
        yield "evaluate.ask.prompt", config.evaluate.ask.prompt, "solver"


def parse_prompt(name: str, text: str) -> Prompt:
    """Reads the text of a template file."""
    # before the first section stands what is no part of the prompt; a file without sections is raw text, spaces included
    _, *parts = _SECTION.split(text)
    sections = {head: body.strip() for head, body in zip(parts[::2], parts[1::2], strict=True)}
    if "user" not in sections:
        return Prompt(name=name, system=None, text=text, is_chat=False)
    system, example = sections.get("system") or None, sections.get("example") or None
    return Prompt(name=name, system=system, text=sections["user"], is_chat=True, example=example)


def _check(what: str, text: str, variables: frozenset[str]) -> None:
    template = Template(text)
    named = frozenset(template.get_identifiers())
    if not template.is_valid() or not named <= variables:
        extra = ", ".join(sorted(named - variables)) or "a bare '$'"
        raise ConfigError(f"{what} names {extra}; it may name {', '.join(sorted(variables)) or 'nothing'}.")


def _fill(text: str, values: Mapping[str, str]) -> str:
    tame = {name: value.replace("<|", "< |") for name, value in values.items()}
    return Template(text).substitute(tame)
