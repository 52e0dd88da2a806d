"""Whole numbers that stand by themselves in plain text: those of a text that can be read without any doubt.

Each of them is among the values that `numbers_in_text.mentions` finds in the same text, which takes twenty times as long:
what is found here need not be looked for there.

>>> find_shown_numbers("3 boxes of 12 pens cost 1,200 cents, so 2 1/2 dollars each.")
{'3': 0, '12': 11}
"""

import re

MAX_CHARS = 2000  # of a text that is read here; it cannot hold more numbers than are looked at of any text
# What may join digits that stand apart into another number: a power of ten, as in 10^9 + 7, and commands of LaTeX.
_JOINING = re.compile(r"10\s?(?:\^|\*\*)|\\(?!boxed\{|text\{|times\b|cdot\b|[$%()\[\]])")
_SHOWN = re.compile(r"\d(?<![^\s($]\d)\d{0,14}(?=$|\s(?!\d)|[.,;:?)](?:\s|$))")


def find_shown_numbers(text: str) -> dict[str, int]:
    """Some of the numbers of a text as they are written, each with its first place.

    None where the text is long, or its digits may be joined to others.
    """
    if len(text) > MAX_CHARS or not text.isascii() or _JOINING.search(text) is not None:
        return {}
    found: dict[str, int] = {}
    for match in _SHOWN.finditer(text):
        found.setdefault(match[0], match.start())
    return found
