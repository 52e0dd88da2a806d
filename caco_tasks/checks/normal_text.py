"""The words of a problem, blind to how it is set: the form in which problems are compared with protected ones."""

import re
import unicodedata
from fractions import Fraction

from caco_tasks.boxed import last_box

_COMMANDS = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|textstyle|limits|quad|qquad|text|textbf|textit|mathrm|mathbf|mathit|operatorname|mbox)\b"
    r"|\\[,;:!>\s$()\[\]{}]"
    r"|(?<=\d)(?:,|\{,\})(?=\d{3}(?!\d))"
    r"|['\u2018\u2019`]"
)
_SPACED = re.compile(r"\\[,;:!>\s()\[\]]|\\q?quad\b")
_SAME = {"dfrac": "frac", "tfrac": "frac", "cdot": "*", "times": "*", "div": "/", "le": "leq", "ge": "geq", "ne": "neq"}
_WORDS = re.compile(r"\d+(?:\.\d+)?|\.\d+|[^\W\d_]+|[-+*/^=<>%]")
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212\u00d7\u00f7\u22c5", "-----" + "-*/*")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")


def words(text: str) -> list[str]:
    """The words, numbers and operators of `text`, in order.

    NFKC, lower case, without LaTeX layout, punctuation and thousands commas.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    text, is_latex = text.lower(), "\\" in text
    if is_latex:
        text = _SPACED.sub(" ", text)
    found = _WORDS.findall(_HYPHEN.sub(" ", _COMMANDS.sub("", text)))
    return [_SAME.get(word, word) for word in found] if is_latex else found


def is_number(token: str) -> bool:
    """Whether a token of `words` is a number."""
    return token[0].isdecimal() or token[0] == "."


def final_answer(text: str) -> str:
    """The final answer of `text`, spelt one way: after `####`, in the last \\boxed{}, or all of it."""
    box = None if "####" in text else last_box(text)
    tokens = words(box.content if box else text.rpartition("####")[2])
    joined = "".join(tokens)
    try:
        return str(Fraction(joined)) if len(joined) < 40 else joined
    except (ValueError, ZeroDivisionError):
        return " ".join(tokens)
