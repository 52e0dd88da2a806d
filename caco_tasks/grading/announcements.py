"""Answers that a solution announces: `the answer is 12`, a heading `Answer` over a line, `A: 12`."""

import re

from caco_tasks.grading.formulas import FORMULA, formula_of
from caco_tasks.grading.values_in_prose import VALUE, is_bounding, value_at

MAX_CLAUSE = 2000  # characters behind a cue that are looked at
MAX_CUES = 3  # from the end, that are tried
MAX_HEADED_LINE = 300

_DECORATION = r"[ \t>#*_]{0,12}"
_OTHER_LANGUAGES = r"respuesta|r\u00e9ponse|antwort|risposta|resposta|\u043e\u0442\u0432\u0435\u0442"
_CUE = re.compile(
    r"(?:answers?|solutions?|results?|option|choice|values?)\b[^.\n:=]{0,60}?(?:\bis\b|\bare\b|:|=)(?:\s*:)?\s*(?=\S)"
    r"|\banswer\s*(?=\\\(|\$|\\\[|[-+]?\.?\d)"
    rf"|^{_DECORATION}(?:A|Ans(?:wer)?s?)[.:]{_DECORATION}(?=\S)"
    rf"|^{_DECORATION}(?:the )?(?:final |correct )?(?:answer|ans)[ \t]*:?{_DECORATION}\n\s*(?=\S)"
    r"|\u7b54\u6848(?:\u662f|\u4e3a|\u9009|[:\uff1a])*\s*(?=\S)|\u6545\u9009[:\uff1a]?\s*(?=\S)"
    rf"|\b(?:{_OTHER_LANGUAGES})\b(?: \w+){{0,3}}?\s?(?::|\bes\b|\best\b|\bist\b|\u00e9|\u00e8)\s*(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_STRONG = re.compile(
    r"answer|option|choice|\u7b54\u6848|\u6545\u9009"
    rf"|{_OTHER_LANGUAGES}"
    rf"|^{_DECORATION}(?:A|Ans)[.:]",
    re.IGNORECASE | re.MULTILINE,
)
_IS_ANNOUNCED = re.compile(
    rf"answer|option|choice|\u7b54\u6848|\u6545\u9009|^{_DECORATION}(?:A|Ans)[.:][ \t]*\S", re.IGNORECASE | re.MULTILINE
)
_IS = re.compile(r"\b(?:is|are|equals?|was|were)\b\s*:?\s*(?=\S)", re.IGNORECASE)
_SENTENCE_END = re.compile(
    r"\n|[.!?](?=\s|$|\*)|(?<=\s)which\b|(?<=\s)because\b|(?<=\s)since\b|,\s+not\b|[\u3002\uff1b]", re.IGNORECASE
)
_WORDS = re.compile(r"(?<!\\)\b[A-Za-z]{3,}")
_EQUALS = re.compile(r"(?<![<>!:=\\])=(?!=)")
_COMMANDS = re.compile(r"\\[A-Za-z]+")
_NAME = re.compile(
    r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:\w|\{\w{1,20}\}))?'?|\w{1,20}\([^()]{1,40}\)|[A-Z]{2,3}|[A-Za-z][A-Za-z ]{2,40}"
)
_LEAD = re.compile(
    r"^(?:\s|\*\*|[:=\uff1a]|\b(?:therefore|thus|so|equal to|equals|exactly|approximately|about|indeed|simply|option)\b)+",
    re.I,
)
# Words behind a value and a comma say something about it: "72, all told".
_REMARK = re.compile(r",\s+(?!(?:and|or)\s+[-+$\d\\(]|[A-Za-z]{1,2}\s*[=:(])[A-Za-z]{2,}")
_VERDICT = re.compile(r"(?:correct|right|wrong|incorrect|valid|verified|reasonable|confirmed)\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:,\s*and\b|,|\band\b|\bor\b)\s*")
_PERCENT = re.compile(r"\s?(?:\\?%|percent\b)")
_LETTER_CUE = re.compile(r"option|choice", re.IGNORECASE)
_LETTER = re.compile(r"\(?[A-J]\)?(?![A-Za-z])")
_LETTERS = re.compile(r"[A-Za-z]")
_UNKNOWN = re.compile(r"[rtxyz]")  # of an equation that is an answer itself, or not solved yet
_MEASURED = re.compile(
    r"(?:\\left)?\s*(?:\||\\[lv]?vert|\\lfloor|\\lceil|\\angle)"
)  # what a bar or an angle is around, is known
_ALIGNED = re.compile(r"\\(?:begin|end)\s*\{(?:align(?:ed|at)?|equation|eqnarray|gather(?:ed)?|split)\*?\}")
_TRAILING = " \t\n,;:*"


def is_announced(text: str) -> bool:
    """Whether a text speaks of its answer, option or choice, or has a line `A: ...`."""
    return _IS_ANNOUNCED.search(text) is not None


def find_announced(text: str, *, is_after_box: bool = False) -> str | None:
    """What follows the last `the answer is`; behind a box only what is a value, a letter or a formula."""
    found = list(_CUE.finditer(text))
    cues = [match for match in found if _STRONG.search(match[0])]
    # "This answer is correct" says what the answer is to nobody.
    cues = [match for match in cues if not _VERDICT.match(text, match.end())] or cues
    # "The value is" counts only in the last line, and where no "the answer is" stands.
    cues = cues or ([] if is_after_box else [match for match in found[-1:] if "\n" not in text[match.end() :].strip()])
    for match in reversed(cues[-MAX_CUES:]):
        answer = read_clause(text[match.end() :])
        must_be_value = is_after_box or not _STRONG.search(match[0]) or _LETTER_CUE.match(match[0]) is not None
        if answer and (_is_value(answer) or not must_be_value):
            return answer
    return None


def _is_value(answer: str) -> bool:
    return _LETTER.match(answer) is not None or VALUE.search(answer) is not None or "\\" in answer


def read_clause(text: str) -> str | None:
    """The answer at the start of what follows a cue: its mathematics, the right side of its equation, or its words."""
    text = _LEAD.sub("", text[:MAX_CLAUSE])
    if FORMULA.match(text) is not None:
        return _joined_formulas(text)
    end = _SENTENCE_END.search(text)
    clause = text[: end.start()] if end else text
    statement = list(_IS.finditer(clause))
    if statement and clause[statement[-1].end() :].strip(_TRAILING + "."):
        return read_clause(clause[statement[-1].end() :])
    inner = FORMULA.search(clause)
    if inner is not None:
        return right_side(formula_of(inner), is_stated=True)
    return _read_words(clause)


def _read_words(clause: str) -> str | None:
    value = VALUE.search(clause)
    if value is not None and len(_WORDS.findall(clause[: value.start()])) >= 2:
        return None if is_bounding(clause, value) and _EQUALS.search(clause) else value_at(clause, value)
    if value is not None and not _WORDS.search(clause[: value.start()]) and (remark := _REMARK.search(clause)):
        clause = clause[: max(value.end(), remark.start())]
    return right_side(clause) or None


def _joined_formulas(text: str) -> str:
    """Formulas in a row, such as `$1$ and $2$`, with the unit behind the last."""
    parts: list[str] = []
    position = 0
    while (match := FORMULA.match(text, position)) is not None:
        parts.append(formula_of(match).strip())
        separator = _SEPARATOR.match(text, match.end())
        position = separator.end() if separator else match.end()
        if separator is None:
            break
    unit = _PERCENT.match(text, position)
    return (right_side(parts[0], is_stated=True).strip() if len(parts) == 1 else ", ".join(parts)) + (
        unit[0] if unit else ""
    )


def right_side(text: str, *, is_stated: bool = False) -> str:
    """What follows the last equals sign where a value is named or computed; all where the equation is the answer.

    `is_stated`: the text is the last statement of a solution, so that `m + n = 69` gives a value too, but `2x = 10`,
    which may still have to be solved, does not.
    """
    text = _aligned(text) if "&" in text else text
    sides = _EQUALS.split(text)
    # (x, y) = (1, 2) and x = 1, y = 2 are answers as they stand.
    if len(sides) == 1 or any(mark in text for mark in (",", ";", r"\le", r"\ge", "<", ">")):
        return text
    left = sides[0].strip()
    is_computed = re.search(r"[A-Za-z]", _COMMANDS.sub("", left)) is None
    is_given = is_computed or _NAME.fullmatch(left) is not None or len(sides) > 2
    if is_stated and not is_given:
        is_measured = _MEASURED.match(left) is not None or _UNKNOWN.search(_COMMANDS.sub(" ", left)) is None
        is_given = is_measured and _LETTERS.search(_COMMANDS.sub("", sides[-1])) is None
    return sides[-1] if is_given else text


def _aligned(text: str) -> str:
    """The last line of an aligned computation, without the marks of its alignment."""
    if not _ALIGNED.search(text):
        return text
    lines = [line for line in _ALIGNED.sub("", text).split("\\\\") if line.strip()]
    return lines[-1].replace("&", "") if lines else text
