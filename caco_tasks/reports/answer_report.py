"""The final answer of a record beside the one that it is held against, and whether the two are equal.

Only several solutions keep what was said of each answer; of a single one it follows from where and why its record ended.
"""

from collections.abc import Collection
from typing import Any

from caco_tasks.checks.steps.step_grounding import RULES
from caco_tasks.convert.code_tests import is_code_seed
from caco_tasks.records import Attempt, Reason, Sample, SeedProgram, Solution
from caco_tasks.reports.sample_parts import AnswerReport

COMPARED_IN = {Sample: "agree", SeedProgram: "unify", Attempt: "evaluate"}
EQUAL = {Reason.FALSE_EQUATION, Reason.GRADE_TOO_LOW, *(reason for reason, _ in RULES)}  # of answers that are right
DIFFERENT = {Reason.ANSWERS_DIFFER, Reason.WRONG_ANSWER, Reason.GOLD_DISPUTED}


def describe_answers(record: Any, *, seen_by: Collection[str], stage: str, reason: str | None) -> AnswerReport | None:
    """The two answers of a record that these stages saw, and that ended at `stage` for `reason`; None: it has none."""
    agrees = _find_agreement(record, seen_by=seen_by, stage=stage, reason=reason)
    match record:
        case Sample(solution=Solution() as solution, execution=ran):
            return _answer_report(solution.answer, ran.output_text if ran else None, "program", agrees, solution)
        case Attempt(solution=Solution() as solution, gold=gold):
            return _answer_report(solution.answer, gold, "gold", agrees, solution)
        case SeedProgram(seed=seed, execution=ran) if seed.answer is not None:
            return _answer_report(ran.output_text if ran else None, seed.answer, "gold", agrees, None)
    return None


def _find_agreement(record: Any, *, seen_by: Collection[str], stage: str, reason: str | None) -> bool | None:
    """Whether the answers are equal; None where nobody has compared them, or nobody could tell."""
    solution = getattr(record, "solution", None)
    if isinstance(solution, Solution) and solution.candidates:
        made = solution.generation.request_id
        return next((one.agrees for one in solution.candidates if one.generation.request_id == made), None)
    compared_in = COMPARED_IN.get(type(record))
    if compared_in not in seen_by or (isinstance(record, SeedProgram) and is_code_seed(record.seed)):
        return None
    if stage != compared_in or reason is None or reason in EQUAL:
        return True
    return False if reason in DIFFERENT else None


def _answer_report(
    ours: str | None, expected: str | None, expected_of: str, agrees: bool | None, solution: Solution | None
) -> AnswerReport:
    return AnswerReport(
        ours=ours,
        expected=expected,
        expected_of=expected_of,
        agrees=agrees,
        compared_by=solution.compared_by if solution is not None else None,
        pass_rate=solution.pass_rate if solution is not None else None,
        majority_answer=solution.majority_answer if solution is not None else None,
    )
