r"""Formulas in a text: between `$...$`, `$$...$$`, `\(...\)`, `\[...\]`; the dollars of money open none."""

import re

MAX_CHARS = 600  # of one formula

_BODY = rf"(?:[^$\\\n]|\\.){{1,{MAX_CHARS}}}"
# Behind a dollar and a digit, money is as likely as a formula: its end must then look like one, `$5$` but not `$5 + $3`.
FORMULA = re.compile(
    rf"\$\$([^$]{{1,{MAX_CHARS}}})\$\$"
    rf"|(?<!\\)\$(?!\s?\d)({_BODY})\$(?!\d)"
    rf"|(?<!\\)\$(?=\d)({_BODY})(?<![\s+*/=(-])\$(?!\d)"
    rf"|(?<!\\)\$\s(?=\d)({_BODY})(?<=\s)\$(?!\s?\d)"
    rf"|\\\[((?:[^\\]|\\(?!\])){{1,{MAX_CHARS}}})\\\]"
    rf"|\\\(((?:[^\\]|\\(?!\))){{1,{MAX_CHARS}}})\\\)"
    rf"|(\\begin\{{(?:align|equation|eqnarray|gather)\*?\}}(?:[^\\]|\\(?!end\{{(?:align|equation|eqnarray|gather)))"
    rf"{{1,{3 * MAX_CHARS}}}\\end\{{(?:align|equation|eqnarray|gather)\*?\}})"
)


def formula_of(match: re.Match[str]) -> str:
    """What stands between the marks of a match of `FORMULA`."""
    return next(group for group in match.groups() if group is not None)


def without_formulas(text: str) -> str:
    """The text with a blank for every formula."""
    return FORMULA.sub(" ", text)
