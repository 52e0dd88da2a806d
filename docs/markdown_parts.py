"""What the scripts of this folder write Markdown with."""

import re
from collections.abc import Sequence

_BLOCK = r"(<!-- generated: {0} -->\n).*?(<!-- end of {0} -->)"


def write_page(text: str, name: str, block: str) -> str:
    """A page with one of its generated parts written anew.

    Raises:
        ValueError: the page has no such part, or has it twice.
    """
    written, count = re.subn(
        _BLOCK.format(re.escape(name)), lambda found: f"{found[1]}{block.strip()}\n{found[2]}", text, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"the part '{name}' stands {count} times in its page")
    return written


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(_escape(cell) for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines])


def first_sentence(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    first = re.split(r"(?<=[.!?])\s|\n\n", text.strip(), maxsplit=1)[0]
    return re.sub(r"\s+", " ", first)


def _escape(text: str) -> str:
    return text.replace("|", "\\|")
