"""Prompts: one versioned file each, checked when loaded.

A template is a text file with `$variable` places (Python's `string.Template`; `$$` is a dollar sign). A file with the lines
`[system]` and `[user]` is a chat prompt; any other is raw text that the model continues.
"""

from dataclasses import dataclass
from pathlib import Path
from string import Template

from caco_tasks.errors import ConfigError

TEMPLATES_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One version of one prompt."""

    name: str  # file name without suffix, such as "nano_reverse.v1"
    system: str | None  # None: no system message, or raw text
    text: str
    is_chat: bool

    @property
    def variables(self) -> frozenset[str]:
        """The names that `render` needs."""
        return frozenset(Template(self.text).get_identifiers())

    def render(self, **values: str) -> str:
        """The prompt with its variables filled in; values may hold any text.

        What looks like a control token in a value (`<|im_end|>`) is broken up: a text must not steer the model.
        """
        tame = {name: value.replace("<|", "< |") for name, value in values.items()}
        return Template(self.text).substitute(tame)


def load_prompt(name: str, *, variables: frozenset[str]) -> Prompt:
    """Loads a template and checks that the stage that uses it gives every variable it names.

    Raises:
        ConfigError: no such template, or it names a variable that is not in `variables`.
    """
    path = TEMPLATES_FOLDER / f"{name}.txt"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in TEMPLATES_FOLDER.glob("*.txt")))
        raise ConfigError(f"There is no prompt '{name}': there are {known}.")
    prompt = _parse(name, path.read_text(encoding="utf-8"))
    if not Template(prompt.text).is_valid() or not prompt.variables <= variables:
        extra = ", ".join(sorted(prompt.variables - variables)) or "a bare '$'"
        raise ConfigError(
            f"The prompt '{name}' names {extra}; it may name {', '.join(sorted(variables)) or 'nothing'}."
        )
    return prompt


def _parse(name: str, text: str) -> Prompt:
    head, separator, user = text.partition("[user]\n")
    if not separator:
        return Prompt(name=name, system=None, text=text, is_chat=False)
    system = head.removeprefix("[system]\n").strip() or None
    return Prompt(name=name, system=system, text=user.strip(), is_chat=True)
