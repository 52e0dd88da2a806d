"""What a solution does with its numbers: whether it uses what is given, reaches its answer, and names the right unit."""

import bisect
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from caco_tasks.checks.arithmetic.written_arithmetic import Side
from caco_tasks.checks.steps.step_case import Gap, StepCase, format_number
from caco_tasks.grading.units_of_measure import measure

SMALL_COUNT = 5  # an input up to here may be worked off step by step, without being named
MAX_WORDS_OF_ANNOUNCEMENT = 6  # of a solution that is one sentence, and gives no reason
MAX_WORDS_OF_UNIT = 3  # behind an answer; more may be a reason
MIN_WORDS_OF_USE = 14  # from here on, words without arithmetic may use an input that they do not name
MIN_WORDS_OF_REASONS = 25  # from here on, words without arithmetic may reason towards an answer

_SENTENCES = re.compile(r"(?<=[.?!])(?:\s+|(?=[A-Z]))")
_ASKED = re.compile(
    r"\bhow (?:many|much)\s+(?:more\s+|fewer\s+|full\s+|whole\s+)?([a-z]+)\b(?!\s+(?:per|a|an|each|every)\b|/)",
    re.IGNORECASE,
)
_ASKED_IN = re.compile(r"\bin\s+(?:whole\s+)?([a-z]+)\b(?!\s+(?:per|a|an)\b|/)", re.IGNORECASE)
# "in" is an inch only where nothing follows it: 20 in total, 20 in all. A letter may be a variable, or thousands.
_BEHIND_ANSWER = re.compile(
    r"(?:\.0+)?\}?\$?\s*(?:\\text\{\s*)?(?!in\s+[a-z]|[kKnNjJwWvVmM](?![A-Za-z]))([A-Za-z]+)(?![A-Za-z]|\s*[-+*=^])"
)
_INSIDE_NUMBER = re.compile(r"[\w.,/]")
_RATE = re.compile(r"\s+(?:per|an?|each|every)\b|/")
# A sentence that only announces its answer.
_ANNOUNCEMENT = re.compile(
    r"(?:####|[\W_]*(?:(?:so|thus|hence|therefore|and|then)[\s,]+)?(?:(?:the|our|my)\s+)?(?:final\s+|correct\s+)?"
    r"(?:answer|result|solution)(?:\s+is|\s*[:=])?|)[\s:$*]*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.?!\n]*(?:[.?!](?!\s|$)[^.?!\n]*)*(?:[.?!\n]+|$)")
_WORD = re.compile(r"[A-Za-z]{2,}")
_ANNOUNCED = re.compile(r"\W*(?:(?:so|thus|hence|therefore)[\s,]+)?(?:the\s+)?(?:final\s+)?answer\b", re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox|text|mathbf|textbf)\s*\{|[\\\[\](){}$*]|\\[dt]?frac")


def find_unused_input(case: StepCase) -> Gap | None:
    """A number of the input that the solution never names, in any form."""
    # a number whose digits are taken apart is used without being named
    inputs = case.inputs if isinstance(case.inputs, dict) and not case.is_about_digits else {}
    for name, value in inputs.items():
        if type(value) is int and (abs(value) <= SMALL_COUNT or str(abs(value)) in case.shown):
            continue
        number = _read_needed_number(value)
        if number is None or any(form in case.named for form in _forms_of_input(number)):
            continue
        is_sure = case.is_followed and number not in case.stated_beside and not _reasons_in_words(case)
        is_sure = is_sure and not _is_said_of(name, [other for other in inputs if other != name], case)
        return Gap(f"{format_number(number)}, the program's {name[:60]}", is_sure=is_sure)
    return None


def _is_said_of(name: str, others: Iterable[str], case: StepCase) -> bool:
    """Whether words give a computed number to what this input alone is named for: 6 green, where green_marbles are 16."""
    words = set(_WORD.findall(name)) - {word for other in others for word in _WORD.findall(other)}
    results = {number for chain in case.chains for number in _results(chain.sides[-1])}
    return any(
        Fraction(match[1]) in results and not case.is_in_statement(match.start())
        for word in words
        for match in re.finditer(rf"\b(\d{{1,9}}) {word}\b", case.solution, re.IGNORECASE)
    )


def _reasons_in_words(case: StepCase) -> bool:
    """Whether sentences without arithmetic say so much that they may use an input without naming it."""
    starts = [start for start, end in case.spans if end]
    words = start = 0
    for sentence in _SENTENCE.findall(case.solution):
        end = start + len(sentence)
        place = bisect.bisect_left(starts, start)
        if (place == len(starts) or starts[place] >= end) and not _ANNOUNCED.match(sentence):
            words += len(_WORD.findall(sentence))
        start = end
    return words >= MIN_WORDS_OF_USE


def _read_needed_number(value: Any) -> Fraction | None:
    """The number that must be used: no truth value, and no count so small that it may be worked off in steps."""
    if isinstance(value, dict) and value.get("$type") in ("Fraction", "Decimal"):
        value = value.get("value")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = _read_number(str(value))
    return None if number is None or (number.denominator == 1 and number <= SMALL_COUNT) else number


def _forms_of_input(number: Fraction) -> Iterator[Fraction]:
    yield from (number, number / 100, number * 100, 1 - number / 100, 1 + number / 100, 100 - number, 100 + number)
    yield from (number - 1, number + 1, number / 10)
    if 0 < number < 1:
        yield from (1 - number, 1 + number, 1 / number, Fraction(number.denominator))


def find_unreached_answer(case: StepCase) -> Gap | None:
    """The answer is announced, and is neither the result of a step nor named before."""
    shown = case.output_text.strip()
    tokens = (token for chain in case.chains for side in chain.sides for token in side.tokens)
    if any(token.text == shown and token.kind == "number" for token in tokens):
        return None
    answer = _read_number(shown)
    if answer is None:
        return None
    if any(answer in _results(side) for chain in case.chains for side in chain.sides):
        return None
    # named once is the announcement itself; twice, and prose before it may have reasoned to it
    if sum(answer in mention.values for mention in case.mentions) != 1:
        return None
    return Gap(f"no step gives {format_number(answer)}", is_sure=case.is_followed and _is_only_announced(case, answer))


def _results(side: Side) -> Iterator[Fraction]:
    """The numbers of a side, and the fraction that it is where it is nothing else."""
    numbers = [abs(token.value) for token in side.tokens if token.kind == "number"]
    yield from numbers
    operators = [token for token in side.tokens if token.kind == "frac" or (token.kind == "op" and token.text != "-")]
    if len(numbers) == 2 and numbers[1] and [token.text[-4:] for token in operators] in (["/"], ["frac"]):
        yield numbers[0] / numbers[1]


def _is_only_announced(case: StepCase, answer: Fraction) -> bool:
    """Whether the answer is announced and no words reason towards it; what words say is not read here."""
    shown = case.output_text.strip()
    if shown not in case.solution:
        shown = str(answer if answer.denominator == 1 else answer.numerator)
    place = max(case.solution.rfind(shown), 0)
    before, behind = case.solution[:place], case.solution[place + len(shown) :]
    sentence = _SENTENCES.split(before)[-1].rpartition("\n")[2]
    words = len(before.split()) - len(sentence.split())
    if not case.chains and words == 0 and len(sentence.split()) <= MAX_WORDS_OF_ANNOUNCEMENT:
        return not any(sign.isdigit() for sign in sentence)
    is_announced = _ANNOUNCEMENT.fullmatch(_BOX.sub(" ", sentence).strip()) is not None
    rest = _SENTENCES.split(behind.partition("\n")[0])[0].split()
    return is_announced and len(rest) <= MAX_WORDS_OF_UNIT and (bool(case.chains) or words < MIN_WORDS_OF_REASONS)


def _read_number(text: str) -> Fraction | None:
    try:
        return abs(Fraction(text)) if len(text) <= 60 else None
    except (ValueError, ZeroDivisionError):
        return None


def find_wrong_unit(case: StepCase) -> Gap | None:
    """A measure behind the answer that is not the one asked for."""
    question = _SENTENCES.split(case.problem.strip())[-1]
    asked = _ASKED.search(question) or _ASKED_IN.search(question)
    answer = case.output_text.strip()
    wanted = measure(asked[1]) if asked is not None else ""
    if not wanted or not answer or len(re.escape(answer)) > 60:
        return None
    named = _find_unit(case.solution, answer)
    # the last place is the announcement, or the step that leads to it; there 5 grams per litre are no grams
    is_rate = named is not None and _RATE.match(case.solution, named.end()) is not None
    given = measure(named[1]) if named is not None and not is_rate else ""
    if not given or wanted == given:
        return None
    return Gap(f"asked for {wanted}, answered in {given}", is_sure=True)


def _find_unit(text: str, answer: str) -> re.Match[str] | None:
    """The last place where a word follows the answer, as its unit does."""
    found, place = None, text.find(answer)
    while place >= 0:
        is_inside = place > 0 and _INSIDE_NUMBER.match(text, place - 1) is not None
        behind = None if is_inside else _BEHIND_ANSWER.match(text, place + len(answer))
        found = behind or found
        place = text.find(answer, behind.end() if behind is not None else place + 1)
    return found
