"""Checks on a problem that was written back from a program.

It must not give the program or the answer away, must name every number of the input and no other, and must ask for
something.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from caco_tasks.checks.measures import constants, measured, with_plain_dates
from caco_tasks.checks.numbers_in_text import WORD_CONSTANT, Mention, mentions
from caco_tasks.grading.words import MAX_NUMBER, words_of_number
from caco_tasks.records import PASS, Reason, Verdict, fail

MAX_CHARS = 20_000  # of a problem
MAX_LEAVES = 5000  # of an input
MAX_TEXTS = 200  # texts of an input that are looked for
LISTED_ITEMS = 3  # a list of so many numbers leaks where they stand side by side
RUN_ITEMS = 4  # a list of so many evenly spaced numbers may be named by its ends

_CODE = re.compile(
    r"```|~~~|\bdef\s+\w+\s*\(|\binput\s*\[|\*\*input\b|\boutput\s*=|\binput\s*="
    r"|\blambda\s+\w*\s*:|==|\+=|-=(?!-)|\bself\."
    r"|\b(?:print|len|range|sorted|enumerate|int|str|list|dict|isinstance|zip)\("
    r"|\bfor\s+\w+\s+in\s+[\w.()]+\s*:|\bwhile\s+[^.?!\n]{1,60}:\s*$"
    r"|^\s*(?:import\s+[\w.]+|from\s+[\w.]+\s+import\s+\w+|return\s+\w[\w.+*/ -]*)\s*$|\bmath\.\w+\(|<\|",
    re.MULTILINE,
)
_SNAKE = re.compile(r"(?<![\\\w{])_*[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+")
_LITERAL = re.compile(r"(?<![\w.])(\d{1,400}(?:_\d{1,400})*(?:\.\d{1,400})?(?:[eE][-+]?\d{1,2})?)(?![\w.])")
_HALF_A_DOZEN = re.compile(r"\bhalf\s+a\s+dozen\b", re.IGNORECASE)
_LISTED = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?")
_QUOTED = re.compile(r"'([^'\n\\]{1,200})'|\"([^\"\n\\]{1,200})\"")
_STATED = (
    r"\b(?:SAID)s?\b[^.?!\n]{0,40}?(?:\bis\b|\bare\b|\bequals\b|\bbe\b|=|:)"
    r"\s*[$\\({{\[*'\"]{0,4}\s*ANSWER(?![\w/])(?!\.\d)"
)
_VERBS = (
    "find calculate compute determine evaluate solve give list write state express simplify count show "
    "prove name tell decide say sort report identify estimate convert what how which return print output "
    "factor expand arrange round answer check reverse add subtract "
    "multiply divide sum describe select choose pick rank order complete derive obtain reduce replace "
    "encode decode remove apply use take shorten rewrite form turn build make change merge join split "
    "swap rotate shift compress spell fill mark translate compare classify predict draw measure test "
    "verify"
)
_TASK = re.compile(
    r"(?:^|[,;:]\s*|\b(?:and|then|please|must|should|to|can you|could you)\s+)(?:work out|figure out|"
    + "|".join(_VERBS.split())
    + r")\b",
    re.IGNORECASE,
)
_COUNTING = re.compile(
    r"\b1, 2(?:, 3(?:, 4(?:, 5)?)?)?,?\s+(?:and so on|and so forth|\.\.\.|…|\\l?dots)", re.IGNORECASE
)
_SENTENCES = re.compile(r"(?<=[.?!])[\s\"')\]*$]+(?=\S)|\n+")
_CLOSING = " \t\n\"'\u201d\u2019)]}*_$`"


@dataclass(frozen=True, slots=True)
class _Given:
    """What a program's input holds: its numbers, its texts, and the sizes of its lists."""

    numbers: list[Fraction] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    lists: list[list[Fraction]] = field(default_factory=list)
    sizes: set[Fraction] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Case:
    """A problem beside the program it was written from."""

    text: str
    bare: str  # the text without the input's own texts
    found: list[Mention]
    said: set[Fraction]  # all values that the text names
    given: _Given
    output_text: str
    code: str
    literals: set[Fraction]  # numbers written in the program


def problem_faults(problem: str, *, input_json: str, output_text: str, code: str) -> Verdict:
    """PASS, or the first fault of a problem.

    In order: empty, leaks code, leaks the answer, names no input, foreign number, no question. `input_json` is the
    program's `input` as tagged JSON (see `caco_tasks.sandbox.values`), `output_text` what `str(output)` shows.
    Pure; linear in the problem's length, of which `MAX_CHARS` are read.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    text = problem.strip()[:MAX_CHARS]
    if not re.search(r"[^\W\d_]{2}", text):
        return fail(Reason.EMPTY, "no words")
    given = _Given()
    _collect(json.loads(input_json), given)
    text = _HALF_A_DOZEN.sub("six", with_plain_dates(text, [*given.texts[:MAX_TEXTS], output_text.strip()]))
    bare, said = _without_measures(_COUNTING.sub(" ", _without_texts(text, given.texts)), given)
    literals = {Fraction(digits.replace("_", "")) for digits in _LITERAL.findall(code)}
    found = mentions(bare)
    said = said.union(*(mention.values for mention in found))
    case = _Case(text, bare, found, said, given, output_text.strip(), code, literals)
    rules = (_leaked_code, _leaked_answer, _unnamed_input, _foreign_number, _no_question)
    return next((fault for rule in rules if (fault := rule(case)) is not None), PASS)


# the program


def _leaked_code(case: _Case) -> Verdict | None:
    match = _CODE.search(case.bare)
    if match is not None:
        return fail(Reason.LEAKS_CODE, f"holds '{match[0].strip()[:60]}'")
    names = set(_SNAKE.findall(case.code))
    for name in _SNAKE.findall(case.bare):
        if name in names or re.fullmatch(r"[a-z]{2,}(?:_[a-z0-9]{2,})+", name):
            return fail(Reason.LEAKS_CODE, f"holds the name {name[:60]}")
    return None


# the answer


def _leaked_answer(case: _Case) -> Verdict | None:
    answer = case.output_text
    if not answer or answer in case.given.texts:
        return None
    number = _number_of(answer)
    if number is None:
        return _leaked_text(case, answer)
    spellings = "(?:" + "|".join([re.escape(answer), *_other_spellings(number)]) + ")"
    if number in case.given.numbers:  # the problem may say it, but not as the answer
        return _stated(case.bare, spellings, said="answer|solution")
    if number not in _allowed(case) and any(_is_plain(one) and number in one.values for one in case.found):
        return fail(Reason.LEAKS_ANSWER, f"holds the answer {answer[:60]}")
    return _stated(case.bare, spellings)


def _other_spellings(number: Fraction) -> list[str]:
    if number.denominator != 1:
        return []
    spellings = [f"{int(number):,}", f"{int(number)}"]
    return spellings + ([re.escape(words_of_number(int(number)))] if 0 <= number <= MAX_NUMBER else [])


def _leaked_text(case: _Case, answer: str) -> Verdict | None:
    """A list or a text that is the answer, and is neither a word of the program nor of the input."""
    if answer in ("True", "False", "None"):
        return _stated(case.bare, answer)
    if _is_listed(answer, case):
        return fail(Reason.LEAKS_ANSWER, f"lists the answer {answer[:60]}")
    squeezed, squeezed_input = (
        re.sub(r"\s", "", answer),
        re.sub(r"\s", "", json.dumps(case.given.texts) + str(case.given.lists)),
    )
    is_list = answer[0] in "[({"
    if (
        is_list
        and len(squeezed) > 4
        and squeezed in re.sub(r"\s", "", case.text)
        and _numbers_of(answer) not in case.given.lists
    ):
        return fail(Reason.LEAKS_ANSWER, f"holds the answer {answer[:60]}")
    is_known = squeezed in squeezed_input or any(
        answer in quoted for pair in _QUOTED.findall(case.code) for quoted in pair
    )
    if not is_list and not is_known and len(answer) >= 3 and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", case.bare):
        return fail(Reason.LEAKS_ANSWER, f"holds the answer {answer[:60]}")
    return _stated(case.bare, re.escape(answer))


def _is_plain(mention: Mention) -> bool:
    """Written in digits, or a number too large to be a word like any other."""
    return mention.is_digits or (not mention.is_exempt and min(mention.values, default=0) > WORD_CONSTANT)


def _is_listed(answer: str, case: _Case) -> bool:
    """Whether the numbers of a list stand in the text, one after the other, without being a list of the input."""
    numbers = _LISTED.findall(answer)
    if answer[0] not in "[(" or len(numbers) < LISTED_ITEMS or _numbers_of(answer) in case.given.lists:
        return False
    commas = r"\s*(?:,|,?\s+and|\s)\s*".join(map(re.escape, numbers))
    return re.search(rf"(?<![\w.-]){commas}(?![\w]|\.\d)", case.text) is not None


def _stated(text: str, answer: str, said: str = "answer|result|output|solution") -> Verdict | None:
    match = re.search(_STATED.replace("SAID", said).replace("ANSWER", answer), text, re.IGNORECASE)
    return fail(Reason.LEAKS_ANSWER, f"says '{match[0][:60]}'") if match else None


def _number_of(text: str) -> Fraction | None:
    match = re.fullmatch(r"-?\d{1,400}(?:\.\d{1,400})?|-?\d{1,400}/[1-9]\d{0,400}", text)
    return abs(Fraction(text)) if match else None


def _numbers_of(text: str) -> list[Fraction]:
    return [Fraction(digits) for digits in re.findall(r"\d{1,400}(?:\.\d{1,400})?", text)]


# the numbers


def _unnamed_input(case: _Case) -> Verdict | None:
    said, known = case.said, constants(case.text)
    runs = {number for numbers in case.given.lists if _is_named_run(numbers, said) for number in numbers}
    for number in case.given.numbers:
        if number not in runs | known and not _is_named(number, said):
            return fail(Reason.NAMES_NO_INPUT, f"does not name {_shown(number)}")
    problem = _folded(case.text)
    for text in case.given.texts[:MAX_TEXTS]:
        if text.strip() and _folded(text) not in problem:
            return fail(Reason.NAMES_NO_INPUT, f"does not name '{text[:60]}'")
    return _missing_repeat(case, runs)


def _missing_repeat(case: _Case, runs: set[Fraction]) -> Verdict | None:
    """A list that holds a number twice must be named with both."""
    written = Counter(value for mention in case.found if mention.is_digits for value in mention.values)
    for numbers in case.given.lists:
        for number, times in Counter(numbers).items():
            if times > 1 and 0 < written[number] < times and number not in runs:
                return fail(Reason.NAMES_NO_INPUT, f"names {_shown(number)} {written[number]} times of {times}")
    return None


def _is_named(number: Fraction, said: set[Fraction]) -> bool:
    if number in said or number == 1:
        return True
    return number.denominator != 1 and {Fraction(number.numerator), Fraction(number.denominator)} <= said


def _is_named_run(numbers: list[Fraction], said: set[Fraction]) -> bool:
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(numbers) >= RUN_ITEMS and len(steps) == 1 and {numbers[0], numbers[-1]} <= said


def _foreign_number(case: _Case) -> Verdict | None:
    allowed = _allowed(case)
    for mention in case.found:
        is_plain = not mention.is_digits and any(value <= WORD_CONSTANT for value in mention.values)
        if not (is_plain or mention.is_exempt or mention.values & allowed):
            return fail(Reason.FOREIGN_NUMBER, f"holds {mention.text.strip()[:60]}")
    return None


def _allowed(case: _Case) -> set[Fraction]:
    numbers = set(case.given.numbers)
    parts = {
        Fraction(part)
        for number in numbers
        if number.denominator != 1
        for part in (number.numerator, number.denominator)
    }
    return numbers | parts | case.given.sizes | case.literals


def _shown(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.6g}"


# the input


def _collect(value: Any, given: _Given) -> None:
    """Gathers the leaves of a tagged JSON value, up to `MAX_LEAVES`; signs are left to words such as `below zero`."""
    if len(given.numbers) + len(given.texts) >= MAX_LEAVES or value is None or isinstance(value, bool):
        return
    if isinstance(value, int | float):
        given.numbers.append(abs(Fraction(str(value))))
    elif isinstance(value, str):
        _collect_text(value, given)
    elif isinstance(value, list):
        _collect_list(value, given)
    elif "$type" in value:
        _collect_tagged(value, given)
    else:
        for item in value.values():
            _collect(item, given)


def _collect_text(value: str, given: _Given) -> None:
    given.texts.append(value)
    given.sizes.add(Fraction(len(value)))


def _collect_list(items: list[Any], given: _Given) -> None:
    given.sizes.add(Fraction(len(items)))
    numbers = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) == len(items):
        given.lists.append([abs(Fraction(str(number))) for number in numbers])
    for item in items:
        _collect(item, given)


def _collect_tagged(value: dict[str, Any], given: _Given) -> None:
    kind = value["$type"]
    content = value.get("items") if "items" in value else value.get("value")
    if kind == "dict" and isinstance(content, list):
        for leaf in itertools.chain.from_iterable(content):
            _collect(leaf, given)
    elif isinstance(content, list):
        _collect_list(content, given)
    elif isinstance(content, str) and kind not in ("bytes", "str"):
        given.numbers.extend(abs(number) for number in [_number_of(content)] if number is not None)
        if _number_of(content) is None:
            given.numbers.extend(_numbers_of(content))
    else:
        _collect(content, given)


def _without_measures(text: str, given: _Given) -> tuple[str, set[Fraction]]:
    """The problem without what names a number of the input in other units or words, and these numbers."""
    wanted, said = set(given.numbers), set[Fraction]()
    unnamed = wanted.difference(*(mention.values for mention in mentions(text)))
    for stretch, values in measured(text) if unnamed else ():
        if values & unnamed:
            said |= values & unnamed
            text = text.replace(stretch, " ")
    return text, said


def _without_texts(text: str, texts: Iterable[str]) -> str:
    """The problem without the quoted texts of the input, whose digits and underscores are no faults."""
    parts = sorted({part for part in texts if len(part) >= 2 and not part.isspace()}, key=len, reverse=True)
    if not parts:
        return text
    spellings = "|".join(re.escape(part) for part in parts[:MAX_TEXTS])
    return re.sub(rf"(?<!\w)(?:{spellings})(?!\w)", " ", text, flags=re.IGNORECASE)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


# the question


def _no_question(case: _Case) -> Verdict | None:
    sentences = [sentence for sentence in _SENTENCES.split(case.text) if re.search(r"[^\W_]", sentence)]
    last = sentences[-1].rstrip(_CLOSING)
    if last.endswith("?") or _TASK.search(last):
        return None
    return fail(Reason.NO_QUESTION, f"ends in '{last[-60:]}'")
