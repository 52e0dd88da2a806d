"""The program in a model's reply."""

import re

# A block that the token limit cut off has no closing fence, and counts up to the end.
_FENCED = re.compile(r"```[a-zA-Z0-9_+-]*[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_ASSIGNS = re.compile(r"^(input|output)[ \t]*=", re.MULTILINE)


def extract_code(text: str) -> str | None:
    """The first fenced block, as in the reference code; without one, the whole reply if it looks like the template.

    None where neither holds code.
    """
    fenced = _FENCED.search(text)
    code = fenced.group(1) if fenced else text
    if not fenced and not _ASSIGNS.search(text):
        return None
    return code.strip() + "\n" if code.strip() else None
