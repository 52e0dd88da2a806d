"""The answer of a solution that announces none: what its last statement says."""

import re

from caco_tasks.grading.announcements import right_side
from caco_tasks.grading.formulas import FORMULA, formula_of
from caco_tasks.grading.values_in_prose import VALUE, is_adjunct, is_bounding, value_at

MAX_STATEMENTS = 2000  # characters at the end, formulas counted as one, that are looked at
MAX_SENTENCES = 40

_CHOICE = re.compile(r"\(([A-J])\)\s*[.!]?\s*$")
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"\n|(?<![A-Z][.])(?<=[.!?])\s+(?=[A-Z(*$\ue000\\-])")
_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
_IS = re.compile(r"\b(?:is|are|equals?|was|were)\b\s*:?\s*(?=\S)", re.IGNORECASE)
_CLAIM = re.compile(
    r"\b(?:be|has|have|had|gets?|got|needs?|takes?|took|costs?|makes?|made|gives?|gave|means|leaves|earns?|earned|spent"
    r"|spends?|pays?|paid|saves?|saved|sold|sells?|ate|eats?|used|uses?|bought|buys?|received|receives?|remains?|totals?"
    r"|there)\b",
    re.IGNORECASE,
)
# A formula stands in a sentence as one character of its own, so that its points, commas and lines end nothing.
_FORMULA, _LAST_FORMULA = 0xE000, 0xF8FF
_ITEM = re.compile(rf"(?P<formula>[\ue000-\uf8ff])|{VALUE.pattern}")


_LISTED = re.compile(rf"(?:{VALUE.pattern})(?:(?:\s*,|,?\s(?:and|or)\b)\s*(?:{VALUE.pattern}))+")


def find_last_statement(text: str) -> str | None:
    """The value, formula or choice that the last sentence with any of these states."""
    choice = _CHOICE.search(text[-200:])
    if choice is not None:
        return choice[1]
    formulas: list[str] = []

    def one_character(match: re.Match[str]) -> str:
        formulas.append(formula_of(match))
        return chr(min(_FORMULA + len(formulas) - 1, _LAST_FORMULA))

    prose = FORMULA.sub(one_character, _DRAWING.sub("", text) if "[asy]" in text else text)
    for sentence in reversed(_SENTENCE.split(prose[-MAX_STATEMENTS:])[-MAX_SENTENCES:]):
        answer = _read_statement(sentence, formulas)
        if answer:
            return answer
    return None


def _read_statement(sentence: str, formulas: list[str]) -> str | None:
    items = [match for match in _ITEM.finditer(sentence) if not is_bounding(sentence, match)]
    items = [match for match in items if not is_adjunct(sentence, match)] or items
    if items and (place := items[-1]["formula"]) is not None:
        return right_side(formulas[ord(place) - _FORMULA], is_stated=True)
    equals = list(_EQUALS.finditer(sentence))
    if equals:
        after = sentence[equals[-1].end() :]
        value = VALUE.search(after)
        return value_at(after, value) if value else after
    return _stated_value(sentence, [item for item in items if item["formula"] is None])


def _stated_value(sentence: str, values: list[re.Match[str]]) -> str | None:
    """The value behind the verb of a sentence, or its last one."""
    if not values:
        return None
    statements = [match for match in _IS.finditer(sentence) if match.end() <= values[-1].start()]
    if statements:
        behind = next(match for match in values if match.start() >= statements[-1].end())
        listed = _LISTED.match(sentence, behind.start())
        return listed[0] if listed else value_at(sentence, behind)
    claims = [match for match in _CLAIM.finditer(sentence) if match.end() <= values[-1].start()]
    if claims:
        return value_at(sentence, next(match for match in values if match.start() >= claims[-1].end()))
    return value_at(sentence, values[-1])
