"""Finding the program in a model's reply."""

import re

_FENCED = re.compile(r"```[a-zA-Z0-9_+-]*[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_ASSIGNS = re.compile(r"^(input|output)[ \t]*=", re.MULTILINE)


def extract_code(text: str) -> str | None:
    """The first fenced block if there is one (as the reference code does), else the whole reply if it looks like the template.

    None when neither holds code.
    """
    fenced = _FENCED.search(text)
    code = fenced.group(1) if fenced else text
    if not fenced and not _ASSIGNS.search(text):
        return None
    return code.strip() + "\n" if code.strip() else None
