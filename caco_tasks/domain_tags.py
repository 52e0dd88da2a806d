"""The domain of a program, as its first line: how it gets from a seed through CodeGen to a row.

With `train.domain_tags` CodeGen learns to begin each program with the line; what it then writes names its own domain. Models
that read a program get it without the line: the domain is nobody's reason for anything.

>>> domain_of(tag_line("geometry") + "input = {}")
'geometry'
"""

import re

UNKNOWN = "unknown"  # of a seed whose source names none

_TAG = re.compile(rf"\A\s*# domain: *(?!{UNKNOWN}\b)(\S.*?) *$", re.MULTILINE)
_LINE = re.compile(r"\A\s*# domain:[^\n]*(?:\n|\Z)")


def tag_line(domain: str | None) -> str:
    """The line that a program of this domain begins with."""
    return f"# domain: {domain or UNKNOWN}\n"


def domain_of(code: str) -> str | None:
    """The domain that a program begins by naming; None: it names none."""
    found = _TAG.match(code)
    return found[1] if found else None


def without_tag(code: str) -> str:
    """A program without the line that names its domain."""
    return _LINE.sub("", code, count=1)
