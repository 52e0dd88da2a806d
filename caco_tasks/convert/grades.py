"""The verdict on a converted program that ran: equal to gold exactly, when rounded, or not; template met or not."""

import ast
import math
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from caco_tasks.convert.conversion import Conversion
from caco_tasks.convert.golds import equals_when_rounded, read_golds
from caco_tasks.grading.answer_pairs import shorten_pair
from caco_tasks.records import PASS, Grade, Reason, Seed, Verdict, fail
from caco_tasks.sandbox import ProgramResult
from caco_tasks.sandbox.values import decode

MIN_LINES = 6  # not blank, comment or import (arXiv 2510.04081, reference rules)


@dataclass(frozen=True, slots=True)
class GradedConversion:
    """The grade that a program ends with, and whether it is kept."""

    grade: Grade
    verdict: Verdict


def check(
    conversion: Conversion,
    ran: ProgramResult,
    seed: Seed,
    *,
    dead_inputs: Collection[str] = (),
    min_lines: int = MIN_LINES,
) -> GradedConversion:
    """Compares what a conversion's program returned with the seed's gold, exactly as numbers, never within a tolerance.

    A result that is gold only at the decimals which gold shows has grade R; an input that never changes the output
    takes a grade above B down to B. Without a match the grade is D.
    """
    if not ran.verdict.kept or ran.execution.output_json is None:
        return GradedConversion(Grade.D, ran.verdict)
    unmet = unmet_rule(conversion.code, min_lines)
    if unmet:
        return GradedConversion(Grade.D, fail(Reason.TEMPLATE_NOT_MET, unmet))
    output = decode(ran.execution.output_json)
    match = _match(conversion, output, ran.execution.output_text or "", seed.answer)
    if match is Grade.D:
        gold = conversion.gold or seed.answer
        given, right = shorten_pair(ran.execution.output_text or "", gold or "")
        detail = f"the program gives {given}, gold is {right}"
        # Where the source states this calculation as its answer, gold is in doubt as much as the program.
        is_disputed = conversion.states_answer and conversion.grade.reaches(Grade.A)
        return GradedConversion(Grade.D, fail(Reason.GOLD_DISPUTED if is_disputed else Reason.WRONG_ANSWER, detail))
    if match is Grade.R:
        return GradedConversion(Grade.R, PASS)
    is_demoted = bool(dead_inputs) and conversion.grade.reaches(Grade.A)
    return GradedConversion(Grade.B if is_demoted else conversion.grade, PASS)


def unmet_rule(code: str, min_lines: int) -> str | None:
    """The rule of the unified template that `code` breaks, in words; None if it keeps them."""
    lines = [line.strip() for line in code.removeprefix("\ufeff").splitlines()]
    real = [line for line in lines if line and not line.startswith(("#", "import ", "from "))]
    if len(real) < min_lines:
        return f"the program has {len(real)} lines of its own, fewer than {min_lines}"
    if not any(line.startswith("def ") for line in lines):
        return "the program defines no function"
    if not any(line.startswith("output = ") and "(**input)" in line for line in lines):
        return "the program does not call its function with **input"
    return None


def _match(conversion: Conversion, output: Any, text: str, answer: str | None) -> Grade:
    """The conversion's grade if output is gold, R if it is when rounded, else D."""
    if conversion.gold is not None:
        # Python's own equality, as the source's test has it, but True is not 1.
        expected = ast.literal_eval(conversion.gold)
        is_gold = isinstance(output, bool) == isinstance(expected, bool) and bool(output == expected)
        return conversion.grade if is_gold else Grade.D
    golds, numbers = read_golds(answer), _exact_numbers(output)
    if golds is None or numbers is None:
        return conversion.grade if answer is not None and text.strip() == answer.strip() else Grade.D
    if numbers == [gold.value for gold in golds]:
        return conversion.grade
    if len(numbers) != len(golds):
        return Grade.D
    pairs = zip(numbers, golds, strict=True)
    are_near = all(number == gold.value or equals_when_rounded(number, gold) for number, gold in pairs)
    return Grade.R if are_near else Grade.D


def _exact_numbers(output: Any) -> list[Fraction] | None:
    """The output as exact numbers, a float as the decimal number that it prints as; None of anything else."""
    numbers: list[Fraction] = []
    for item in output if isinstance(output, list | tuple) else [output]:
        if isinstance(item, float) and math.isfinite(item):
            numbers.append(Fraction(repr(item)))
        elif isinstance(item, int | Fraction | Decimal) and not isinstance(item, bool):
            numbers.append(Fraction(item))
        else:
            return None
    return numbers
