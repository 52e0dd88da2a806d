"""Whether a problem names what a program's input holds, so that it can be solved."""

import ast
import itertools
import re
from collections import Counter
from fractions import Fraction
from typing import Any

from caco_tasks.checks.numbers.clock_times import find_clock_times, read_clock_text
from caco_tasks.checks.numbers.input_values import InputValues, read_input_values
from caco_tasks.checks.numbers.known_numbers import is_known_number
from caco_tasks.checks.problems.problem_case import MAX_TEXTS, ProblemCase
from caco_tasks.numbers_in_text import Mention

RUN_ITEMS = 4  # a list of so many evenly spaced numbers may be named by its ends
MAX_CODE_CHARS = 20_000  # of a program that is parsed
LARGEST_FLOAT = 10**308  # a larger number has none, and is shown as it is
PRIMES = tuple(number for number in range(2, 400) if all(number % factor for factor in range(2, number)))

_KINDS_OF_TEXT = {
    "vowel": "aeiou", "alphabet": "abcdefghijklmnopqrstuvwxyz", "lowercase": "abcdefghijklmnopqrstuvwxyz",
    "uppercase": "abcdefghijklmnopqrstuvwxyz", "digit": "0123456789", "hexadecimal": "0123456789abcdef",
    "bracket": "()[]{}", "parenthes": "()",
}  # fmt: skip
_COUNTED_FROM = re.compile(
    r"\b(?:first|even|odd|multiples?|consecutive|natural|positive|whole|counting)\b", re.IGNORECASE
)
_ROOT = re.compile(r"sqrt|√|\broot", re.IGNORECASE)
_SIGNS = re.compile(r"\\(?:times|cdot|left|right|[,;!])|[\s*×·$]")


def find_unnamed_input(case: ProblemCase) -> str | None:
    """A number or a text of the input that the problem does not name, so that nobody can solve it."""
    evidence = _find_unnamed(case, case.given)
    if evidence is None:
        return None
    # a list of which the program only takes the length may be named by it
    lengths = {name: _count_items(value) for name, value in _find_sized(case).items()}
    if not lengths:
        return evidence
    return _find_unnamed(case, read_input_values(case.inputs | lengths))


def _find_unnamed(case: ProblemCase, given: InputValues) -> str | None:
    runs = {number for numbers in given.lists if _is_named_run(numbers, case) for number in numbers}
    for number in given.numbers:
        if number not in runs and not _is_named(number, case):
            return f"does not name {_format_number(number)}"
    problem = _fold(case.text)
    for text in given.texts[:MAX_TEXTS]:
        if text.strip() and _fold(text) not in problem and not _is_text_named(text, case):
            return f"does not name '{text[:60]}'"
    return _find_missing_repeat(case, given, runs)


def _is_named(number: Fraction, case: ProblemCase) -> bool:
    if number in case.written_values and not case.measures:
        return True
    # "a pen" names the one
    if number == 1 or case.said.include({number}) or is_known_number(number, case.bare):
        return True
    if number.denominator == 1:
        return False
    are_parts_said = {Fraction(number.numerator), Fraction(number.denominator)} <= case.said.numbers
    return are_parts_said or _is_named_root(number, case)


def _is_named_root(number: Fraction, case: ProblemCase) -> bool:
    """Whether a float is the root of a number that the problem names, as 1.4142135623730951 is that of 2."""
    square = round(number * number)
    is_root = abs(number * number - square) < Fraction(1, 10**6) and square in case.said.numbers
    return is_root and _ROOT.search(case.bare) is not None


def _is_named_run(numbers: list[Fraction], case: ProblemCase) -> bool:
    """Whether a list may be named by its ends, as "the numbers from 3 to 12", or by its length, as "the first ten primes"."""
    if len(numbers) < RUN_ITEMS:
        return False
    said = case.said.numbers
    is_counted = Fraction(len(numbers)) in said or numbers[-1] in said
    if numbers == [*PRIMES[: len(numbers)]]:
        return is_counted and "prime" in case.bare.lower()
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    if len(steps) != 1:
        return False
    # what begins like the numbers, or the multiples of one, needs no beginning
    is_from_start = numbers[0] in (0, 1, *steps) and _COUNTED_FROM.search(case.bare) is not None
    return (is_from_start and is_counted) or {numbers[0], numbers[-1]} <= said


def _is_text_named(text: str, case: ProblemCase) -> bool:
    """Whether a text is named by its kind, as a time of day, or as a formula that is spaced otherwise."""
    letters = text.lower()
    if any(word in case.text.lower() and set(letters) == set(kind) for word, kind in _KINDS_OF_TEXT.items()):
        return True
    minutes = read_clock_text(text[:20])
    if minutes:
        return any(minutes & time.minutes_of_day for time in find_clock_times(case.text))
    formula = _squeeze_formula(text)
    return len(formula) > 2 and formula in _squeeze_formula(case.text)


def _squeeze_formula(text: str) -> str:
    return _SIGNS.sub("", text.replace("**", "^")).casefold()


def _find_missing_repeat(case: ProblemCase, given: InputValues, runs: set[Fraction]) -> str | None:
    """A list that holds a number twice must be named with both, or with how many there are."""
    written = _count_values(case.written)
    for numbers in given.lists:
        for number, times in Counter(numbers).items():
            is_short = times > 1 and 0 < written[number] < times and number not in runs
            if is_short and Fraction(times) not in case.said.numbers:
                return f"names {_format_number(number)} {written[number]} times of {times}"
    return None


def _count_values(found: list[Mention]) -> Counter[Fraction]:
    return Counter(value for mention in found if mention.is_digits for value in mention.values)


def _find_sized(case: ProblemCase) -> dict[str, Any]:
    """The lists, tables and texts of the input of which the program only takes the length."""
    inputs = case.inputs if isinstance(case.inputs, dict) else {}
    sized = {name: value for name, value in inputs.items() if isinstance(value, list | str | dict)}
    if not sized or "len(" not in case.code or len(case.code) > MAX_CODE_CHARS:
        return {}
    try:
        tree = ast.parse(case.code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a program may have any text
        return {}
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    measured = {id(call.args[0]) for call in calls if call.func.id == "len" and len(call.args) == 1}  # type: ignore[attr-defined]
    uses = [(name, id(node) in measured) for node in nodes if (name := _read_name(node)) in sized]
    return {name: value for name, value in sized.items() if {is_len for used, is_len in uses if used == name} == {True}}


def _count_items(value: Any) -> int:
    """The length of a tagged value: of a tuple, a set or a table too."""
    is_tagged = isinstance(value, dict) and "$type" in value
    content: list[Any] | str = value.get("items") or value.get("value") or "" if is_tagged else value
    return len(content)


def _read_name(node: ast.AST) -> str | None:
    """The input that a node reads: `pens`, or `input["pens"]`."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id
    is_key = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Load)
    return str(node.slice.value) if is_key else None  # type: ignore[attr-defined]


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _format_number(number: Fraction) -> str:
    is_whole = number.denominator == 1 or abs(number) > LARGEST_FLOAT
    return str(number) if is_whole else f"{float(number):.6g}"
