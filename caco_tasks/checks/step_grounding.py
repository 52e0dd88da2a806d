"""Where the numbers of a solution come from, whether it uses what is given, and the unit of its answer.

An equation may be true and still begin with a number from nowhere: a step is missing, or a number was misread. A solution
that never names an input has not used it. No sentence is read here: numbers are compared, exactly, with those of the
problem and of the program, with the constants that the words call for, and with what was computed before.
"""

import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from caco_tasks.checks.rules import RuleTable, find_faults
from caco_tasks.checks.written_arithmetic import EqualityChain, Side, find_equality_chains, plain
from caco_tasks.convert.constants import constants_for
from caco_tasks.grading.units import measure
from caco_tasks.numbers_in_text import Mention, mentions
from caco_tasks.records import Reason, Verdict

MAX_CHARS = 20_000  # of a problem or a solution that are read
MAX_NUMBERS = 2000  # of them, of which more are not looked at
SMALL = 1  # whole numbers up to here need no source
SMALL_COUNT = 5  # an input up to here may be worked off step by step, without being named
ALWAYS_KNOWN = frozenset(map(Fraction, (2, 10, 100)))  # halves, digits, percent
NEAR = Fraction(1, 100)  # a decimal may stand for a known value that it rounds to

_LITERAL = re.compile(r"(?<![\w.])\d{1,40}(?:\.\d{1,40})?(?![\w.])")
_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+")
_SENTENCES = re.compile(r"(?<=[.?!])\s+")
_ASKED = re.compile(
    r"\bhow (?:many|much)\s+(?:more\s+|fewer\s+|full\s+|whole\s+)?([a-z]+)\b(?!\s+(?:per|a|an|each|every)\b|/)",
    re.IGNORECASE,
)
_ASKED_IN = re.compile(r"\bin\s+(?:whole\s+)?([a-z]+)\b(?!\s+(?:per|a|an)\b|/)", re.IGNORECASE)
_SAID_UNIT = (
    r"(?<![\w.,/])ANSWER(?:\.0+)?\}?\$?\s*(?:\\text\{\s*)?([A-Za-z]+)"
    r"(?!\s+(?:per|an?|each|every)\b|/|\s*[-+*=^]|\w)"
)


def find_step_faults(
    problem: str, solution: str, rules: Mapping[str, str], *, input_json: str, output_text: str, code: str
) -> Iterator[Verdict]:
    """The faults of a solution whose equations are true and whose answer is right.

    In order: a step begins with a number that nobody gave, an input is not used, no step gives the answer, the answer's
    unit is not the one asked for. `rules` says which are off. `input_json` is the program's `input` as tagged JSON,
    `output_text` what `str(output)` shows. Pure; `MAX_CHARS` and `MAX_NUMBERS` of the texts are read.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    case = StepCase(problem[:MAX_CHARS], plain(solution[:MAX_CHARS]), json.loads(input_json), output_text, code)
    yield from find_faults(case, RULES, rules)


@dataclass(frozen=True)
class StepCase:
    """A solution beside its problem and its program."""

    problem: str
    solution: str
    inputs: Any
    output_text: str
    code: str

    @cached_property
    def given(self) -> set[Fraction]:
        """The numbers of the problem and the program, in every form that they may be used in."""
        found = {form for mention in mentions(self.problem)[:MAX_NUMBERS] for form in _forms_of_mention(mention)}
        if self.is_about_digits:
            found |= set(map(Fraction, re.findall(r"[0-9]", self.problem)))
        return found | set(map(Fraction, _LITERAL.findall(self.code)[:MAX_NUMBERS])) | ALWAYS_KNOWN

    @property
    def is_about_digits(self) -> bool:
        """Whether numbers may be taken apart."""
        return "digit" in self.problem or "digit" in self.solution

    @cached_property
    def named(self) -> set[Fraction]:
        """The numbers that the solution names anywhere."""
        return {form for mention in mentions(self.solution)[:MAX_NUMBERS] for form in mention.values}


def _forms_of_mention(mention: Mention) -> Iterator[Fraction]:
    yield from mention.values
    percent = max(mention.values, default=Fraction(0))
    # "15 %" is read as 15 and as 0.15: what is left of it, what it makes with the whole, and a tenth of it
    if percent and percent / 100 in mention.values:
        yield from (1 + percent / 100, 1 - percent / 100, 100 - percent, 100 + percent, percent / 10)
    for value in mention.values:
        if 0 < value < 1:
            yield from (1 - value, 1 + value, Fraction(value.numerator), Fraction(value.denominator))


def find_ungrounded_number(case: StepCase) -> str | None:
    """A number that a step begins with, and that neither the problem nor a step before it gave."""
    known = set(case.given)
    found = list(find_equality_chains(case.solution))
    spans = [_find_span(statement) for statement in found]
    loose = list(_find_loose_numbers(case.solution, spans))
    for statement, (start, end) in zip(found, spans, strict=True):
        while loose and loose[0][0] < start:  # what was said before the step counts as known
            known.add(loose.pop(0)[1])
        number = _find_strange_number(statement, known, f"{case.problem} {case.solution}")
        if number is not None:
            step = " ".join(case.solution[start:end].split())[:100]
            return f"{_format_number(number)} in '{step}'"
        known.update(number for side in statement.sides for number in _numbers(side))
    return None


def _find_span(statement: EqualityChain) -> tuple[int, int]:
    tokens = [token for side in statement.sides for token in side.tokens]
    return (tokens[0].start, tokens[-1].end) if tokens else (0, 0)


def _find_loose_numbers(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, Fraction]]:
    """The numbers that stand in no statement, with their places."""
    spans = list(spans)
    for match in _NUMBER.finditer(text):
        while spans and spans[0][1] <= match.start():
            spans.pop(0)
        if len(match[0]) <= 60 and not (spans and spans[0][0] <= match.start()):
            yield match.start(), Fraction(match[0].replace(",", ""))


def _find_strange_number(statement: EqualityChain, known: Set[Fraction], text: str) -> Fraction | None:
    """The first number that a statement begins with and that is neither known nor explained."""
    sides = [side for side in statement.sides if side.is_known and len(_numbers(side)) > 1 and _operators(side)]
    if not sides:
        return None
    numbers, operators = _numbers(sides[0]), _operators(sides[0])  # later sides follow from the first
    strange = [number for number in numbers if not _is_known(number, known, text)]
    # parts of a known sum, or factors of a known product, may be tried out
    is_tried = operators in ({"*"}, {"+"}) and bool(known & set(_numbers(statement.sides[-1])[:1]))
    if not strange or is_tried or _are_factors_of_known(strange, numbers, operators, known):
        return None
    return strange[0]


def _is_known(number: Fraction, known: Set[Fraction], text: str) -> bool:
    if number in known or (number.denominator == 1 and number <= SMALL) or constants_for(number, text):
        return True
    if number * 100 in known or number / 100 in known:  # a percentage and its decimal
        return True
    if number.denominator == 1:
        return False
    # a fraction may be built of known numbers, be what is left of a share or a raise by one, or be rounded
    is_built = {Fraction(number.numerator), Fraction(number.denominator)} <= known | {Fraction(1)}
    return is_built or 1 - number in known or number - 1 in known or any(abs(number - one) < NEAR for one in known)


def _are_factors_of_known(
    strange: list[Fraction], numbers: list[Fraction], operators: set[str], known: Set[Fraction]
) -> bool:
    """Whether each factor is a quotient of known numbers, or the neighbour of the other factor, as in `12 * 11`."""
    others = [number for number in numbers if number not in strange and number > 0]
    return operators == {"*"} and all(any(_is_factor(one, other, known) for other in others) for one in strange)


def _is_factor(factor: Fraction, other: Fraction, known: Set[Fraction]) -> bool:
    # the whole quotient, or one more where a rest needs one too
    return abs(factor - other) == 1 or any(whole and whole // other in (factor, factor - 1) for whole in known)


def _numbers(side: Side) -> list[Fraction]:
    return [abs(token.value) for token in side.tokens if token.kind == "number"]


def _operators(side: Side) -> set[str]:
    """The operators with which a side computes; a slash before a unit, as in `7 dollars/hour`, is none."""
    between = side.tokens[1:-1]
    return {
        "/" if token.kind == "frac" else token.text
        for token in (*side.tokens[:1], *between)
        if token.kind in ("op", "frac")
    }


def find_unused_input(case: StepCase) -> str | None:
    """A number of the input that the solution never names, in any form."""
    # a number whose digits are taken apart is used without being named
    inputs = case.inputs if isinstance(case.inputs, dict) and not case.is_about_digits else {}
    for name, value in inputs.items():
        number = _read_needed_number(value)
        if number is not None and not any(form in case.named for form in _forms_of_input(number)):
            return f"{_format_number(number)}, the program's {name[:60]}"
    return None


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


def find_unreached_answer(case: StepCase) -> str | None:
    """The answer is announced, and is neither the result of a step nor named before."""
    answer = _read_number(case.output_text.strip())
    if answer is None:
        return None
    computed = (
        number
        for statement in find_equality_chains(case.solution)
        for side in statement.sides
        for number in _numbers(side)
    )
    named = sum(answer in mention.values for mention in mentions(case.solution)[:MAX_NUMBERS])
    # named once is the announcement itself; twice, and prose before it may have reasoned to it
    if named != 1 or answer in computed:
        return None
    return f"no step gives {_format_number(answer)}"


def _read_number(text: str) -> Fraction | None:
    try:
        return abs(Fraction(text)) if len(text) <= 60 else None
    except (ValueError, ZeroDivisionError):
        return None


def find_wrong_unit(case: StepCase) -> str | None:
    """A measure behind the answer that is not the one asked for."""
    question = _SENTENCES.split(case.problem.strip())[-1]
    asked = _ASKED.search(question) or _ASKED_IN.search(question)
    answer = re.escape(case.output_text.strip())
    if asked is None or not answer or len(answer) > 60:
        return None
    named = list(re.finditer(_SAID_UNIT.replace("ANSWER", answer), case.solution))
    wanted, given = measure(asked[1]), measure(named[-1][1]) if named else ""  # the last place is the announcement
    if not wanted or not given or wanted == given:
        return None
    return f"asked for {wanted}, answered in {given}"


RULES: RuleTable[StepCase] = (
    (Reason.UNGROUNDED_NUMBER, find_ungrounded_number),
    (Reason.INPUT_NOT_USED, find_unused_input),
    (Reason.ANSWER_NOT_REACHED, find_unreached_answer),
    (Reason.WRONG_UNIT, find_wrong_unit),
)


def _format_number(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.6g}"
