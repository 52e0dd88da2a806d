"""Checks on a problem that was written back from a program.

It must not give the program or the answer away, must name every number of the input and no other, and must ask for
something.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from caco_tasks.checks.input_values import InputValues, read_input_values, read_number, read_numbers
from caco_tasks.checks.measures import constants, measured, with_plain_dates
from caco_tasks.checks.rules import RuleTable, find_faults
from caco_tasks.numbers_in_text import MAX_NUMBER, WORD_CONSTANT, Mention, mentions, words_of_number
from caco_tasks.records import Reason, Verdict, fail

MAX_CHARS = 20_000  # of a problem
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
class ProblemCase:
    """A problem beside the program it was written from."""

    text: str
    bare: str  # the text without the input's own texts
    found: list[Mention]
    said: set[Fraction]  # all values that the text names
    given: InputValues
    output_text: str
    code: str
    literals: set[Fraction]  # numbers written in the program


def find_problem_faults(
    problem: str, rules: Mapping[str, str], *, input_json: str, output_text: str, code: str
) -> Iterator[Verdict]:
    """The faults of a problem: empty, leaks code, leaks the answer, names no input, foreign number, no question.

    `rules` says which are off. `input_json` is the program's `input` as tagged JSON (see `caco_tasks.sandbox.values`),
    `output_text` what `str(output)` shows. Pure; linear in the problem's length, of which `MAX_CHARS` are read.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    text = problem.strip()[:MAX_CHARS]
    if rules["empty"] != "off" and not re.search(r"[^\W\d_]{2}", text):
        yield fail(Reason.EMPTY, "no words")
    if any(rules[reason] != "off" for reason, _ in RULES):
        case = _read_case(text, json.loads(input_json), output_text.strip(), code)
        yield from find_faults(case, RULES, rules)


def _read_case(text: str, inputs: Any, output_text: str, code: str) -> ProblemCase:
    given = read_input_values(inputs)
    text = _HALF_A_DOZEN.sub("six", with_plain_dates(text, [*given.texts[:MAX_TEXTS], output_text]))
    bare, said = _without_measures(_COUNTING.sub(" ", _without_texts(text, given.texts)), given)
    literals = {Fraction(digits.replace("_", "")) for digits in _LITERAL.findall(code)}
    found = mentions(bare)
    said = said.union(*(mention.values for mention in found))
    return ProblemCase(text, bare, found, said, given, output_text, code, literals)


def find_code(case: ProblemCase) -> str | None:
    """Code, or a name of the program."""
    match = _CODE.search(case.bare)
    if match is not None:
        return f"holds '{match[0].strip()[:60]}'"
    names = set(_SNAKE.findall(case.code))
    for name in _SNAKE.findall(case.bare):
        if name in names or re.fullmatch(r"[a-z]{2,}(?:_[a-z0-9]{2,})+", name):
            return f"holds the name {name[:60]}"
    return None


def find_answer(case: ProblemCase) -> str | None:
    """The answer, which the problem must leave to whoever solves it."""
    answer = case.output_text
    if not answer or answer in case.given.texts:
        return None
    number = read_number(answer)
    if number is None:
        return _find_text_answer(case, answer)
    spellings = "(?:" + "|".join([re.escape(answer), *_spell_whole_number(number)]) + ")"
    if number in case.given.numbers:  # the problem may say it, but not as the answer
        return _find_statement(case.bare, spellings, said="answer|solution")
    # written in digits, or too large to be a word like any other
    plain = (
        one for one in case.found if one.is_digits or (not one.is_exempt and min(one.values, default=0) > WORD_CONSTANT)
    )
    if number not in _allowed_numbers(case) and any(number in one.values for one in plain):
        return f"holds the answer {answer[:60]}"
    return _find_statement(case.bare, spellings)


def _spell_whole_number(number: Fraction) -> list[str]:
    if number.denominator != 1:
        return []
    spellings = [f"{int(number):,}", f"{int(number)}"]
    return spellings + ([re.escape(words_of_number(int(number)))] if 0 <= number <= MAX_NUMBER else [])


def _find_text_answer(case: ProblemCase, answer: str) -> str | None:
    """A list or a text that is the answer, and is neither a word of the program nor of the input."""
    if answer in ("True", "False", "None"):  # words of any text, unless it says them as its answer
        return _find_statement(case.bare, answer)
    if _is_listed(answer, case):
        return f"lists the answer {answer[:60]}"
    squeezed = _squeeze(answer)
    if answer[0] in "[({":
        is_given = read_numbers(answer) in case.given.lists
        is_held = len(squeezed) > 4 and squeezed in _squeeze(case.text) and not is_given  # [1] stands anywhere
    else:
        is_given = squeezed in _squeeze(json.dumps(case.given.texts) + str(case.given.lists))
        is_quoted = any(answer in quoted for pair in _QUOTED.findall(case.code) for quoted in pair)
        is_word = len(answer) >= 3 and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", case.bare) is not None
        is_held = is_word and not is_given and not is_quoted
    return f"holds the answer {answer[:60]}" if is_held else _find_statement(case.bare, re.escape(answer))


def _squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


def _is_listed(answer: str, case: ProblemCase) -> bool:
    """Whether the numbers of a list stand in the text, one after the other, without being a list of the input."""
    numbers = _LISTED.findall(answer)
    if answer[0] not in "[(" or len(numbers) < LISTED_ITEMS or read_numbers(answer) in case.given.lists:
        return False
    commas = r"\s*(?:,|,?\s+and|\s)\s*".join(map(re.escape, numbers))
    return re.search(rf"(?<![\w.-]){commas}(?![\w]|\.\d)", case.text) is not None


def _find_statement(text: str, answer: str, said: str = "answer|result|output|solution") -> str | None:
    match = re.search(_STATED.replace("SAID", said).replace("ANSWER", answer), text, re.IGNORECASE)
    return f"says '{match[0][:60]}'" if match else None


def find_unnamed_input(case: ProblemCase) -> str | None:
    """A number or a text of the input that the problem does not name, so that nobody can solve it."""
    said, known = case.said, constants(case.text)
    runs = {number for numbers in case.given.lists if _is_named_run(numbers, said) for number in numbers}
    for number in case.given.numbers:
        if number not in runs | known and not _is_named(number, said):
            return f"does not name {_format_number(number)}"
    problem = _fold(case.text)
    for text in case.given.texts[:MAX_TEXTS]:
        if text.strip() and _fold(text) not in problem:
            return f"does not name '{text[:60]}'"
    return _find_missing_repeat(case, runs)


def _find_missing_repeat(case: ProblemCase, runs: set[Fraction]) -> str | None:
    """A list that holds a number twice must be named with both."""
    written = Counter(value for mention in case.found if mention.is_digits for value in mention.values)
    for numbers in case.given.lists:
        for number, times in Counter(numbers).items():
            if times > 1 and 0 < written[number] < times and number not in runs:
                return f"names {_format_number(number)} {written[number]} times of {times}"
    return None


def _is_named(number: Fraction, said: set[Fraction]) -> bool:
    if number in said or number == 1:  # "a pen" names the one
        return True
    return number.denominator != 1 and {Fraction(number.numerator), Fraction(number.denominator)} <= said


def _is_named_run(numbers: list[Fraction], said: set[Fraction]) -> bool:
    """Whether a list may be named by its ends, as "the numbers from 3 to 12"."""
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(numbers) >= RUN_ITEMS and len(steps) == 1 and {numbers[0], numbers[-1]} <= said


def find_foreign_number(case: ProblemCase) -> str | None:
    """A number that is neither of the input nor written in the program: the answer cannot follow from it."""
    allowed = _allowed_numbers(case)
    for mention in case.found:
        is_plain = not mention.is_digits and any(value <= WORD_CONSTANT for value in mention.values)
        if not (is_plain or mention.is_exempt or mention.values & allowed):
            return f"holds {mention.text.strip()[:60]}"
    return None


def _allowed_numbers(case: ProblemCase) -> set[Fraction]:
    numbers = set(case.given.numbers)
    parts = {
        Fraction(part)
        for number in numbers
        if number.denominator != 1
        for part in (number.numerator, number.denominator)
    }
    return numbers | parts | case.given.sizes | case.literals


def _format_number(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.6g}"


def find_missing_question(case: ProblemCase) -> str | None:
    """No question and no task at the end of the problem."""
    sentences = [sentence for sentence in _SENTENCES.split(case.text) if re.search(r"[^\W_]", sentence)]
    last = sentences[-1].rstrip(_CLOSING) if sentences else ""
    if last.endswith("?") or _TASK.search(last):
        return None
    return f"ends in '{last[-60:]}'"


RULES: RuleTable[ProblemCase] = (
    (Reason.LEAKS_CODE, find_code),
    (Reason.LEAKS_ANSWER, find_answer),
    (Reason.NAMES_NO_INPUT, find_unnamed_input),
    (Reason.FOREIGN_NUMBER, find_foreign_number),
    (Reason.NO_QUESTION, find_missing_question),
)


def _without_measures(text: str, given: InputValues) -> tuple[str, set[Fraction]]:
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


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
