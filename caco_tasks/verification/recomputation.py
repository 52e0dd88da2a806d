"""What is computed anew for each row: its program runs, its answers are compared, its equations worked out."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from caco_tasks.grading import Grader
from caco_tasks.records import Outcome, Reason
from caco_tasks.sandbox import Job, ProgramResult, Sandbox
from caco_tasks.text_checks.check_workers import CheckWorkers
from caco_tasks.text_checks.results import CheckResult
from caco_tasks.verification.dataset_rows import PlacedRow
from caco_tasks.verification.findings import Report, short

# what a row says that makes it no verified one
NOT_DEMANDED_OF_ANSWERS = {Reason.ANSWERS_DIFFER.value, Reason.ANSWERS_NOT_COMPARED.value}
UNVERIFIED = NOT_DEMANDED_OF_ANSWERS | {Reason.NOT_JUDGED.value, Reason.INCONSISTENT.value, Reason.ILL_POSED.value}


@dataclass(frozen=True, slots=True)
class Tools:
    """What runs, compares and reads: each bounds what a row may cost."""

    sandbox: Sandbox
    grader: Grader
    checkers: CheckWorkers


@dataclass(frozen=True, slots=True)
class _Question:
    """Two answers of a row that must be equal."""

    row: PlacedRow
    check: str
    expected: str
    given: str


def recompute(rows: Sequence[PlacedRow], tools: Tools, report: Report) -> None:
    """Computes some rows anew; what is wrong with them goes to the report.

    Raises:
        SandboxError: programs cannot be run here.
        PlatformError: a worker process does not start.
    """
    ran = list(tools.sandbox.run(Job(code=row.values["code"]) for row in rows))
    thoughts = [row.values["output"] for row in rows]
    equations = tools.checkers.check([{"check": "equations", "text": thought} for thought in thoughts])
    answers = tools.checkers.check([{"check": "answer", "solution": thought} for thought in thoughts])
    for row in rows:
        for reason in sorted(findings_of(row) & UNVERIFIED):
            report.unverified[reason] = report.unverified.get(reason, 0) + 1
    questions: list[_Question] = []
    for row, result, found, answer in zip(rows, ran, equations, answers, strict=True):
        _take_equations(row, found, report)
        questions += _take_program(row, result, report)
        questions += _take_answer(row, answer, report)
    compared = tools.grader.compare((question.expected, question.given) for question in questions)
    for question, comparison in zip(questions, compared, strict=True):
        report.look(question.check, is_unknown=comparison.verdict.outcome is Outcome.UNKNOWN)
        if comparison.verdict.outcome is Outcome.FAIL:
            if question.check == "answer" and findings_of(question.row) & NOT_DEMANDED_OF_ANSWERS:
                report.unequal_answers += 1
                continue
            detail = f"{short(question.given)} is not {short(question.expected)}"
            report.add(question.row.fault(question.check, detail))


def findings_of(row: PlacedRow) -> set[str]:
    """What a row says that rules have found and let pass."""
    return set(row.values.get("findings") or ())


def _take_program(row: PlacedRow, ran: ProgramResult, report: Report) -> Iterator[_Question]:
    """The verdict on a program; its output is a question to the grader where it ran as its row says."""
    verdict, execution = ran.verdict, ran.execution
    report.look("program", is_unknown=verdict.outcome is Outcome.UNKNOWN)
    if verdict.outcome is Outcome.FAIL:
        report.add(row.fault("program", f"{verdict.reason}: {verdict.detail}"))
    if not verdict.kept:
        return
    given, kind = row.values.get("input_json"), row.values.get("output_type")  # an export has neither
    if given is not None and not _are_same(given, execution.input_json):
        report.add(row.fault("program", f"its input is {short(execution.input_json)}, the row says {short(given)}"))
    elif kind is not None and kind != execution.output_type:
        report.add(row.fault("program", f"its output is of the type {execution.output_type}, the row says {kind}"))
    yield _Question(row, "answer", execution.output_text or "", row.values["answer"])


def _take_answer(row: PlacedRow, found: CheckResult, report: Report) -> Iterator[_Question]:
    """The final answer of a chain of thought; a question to the grader where it is written in another way."""
    answer = row.values["answer"]
    if found.value is not None and found.value != answer:
        yield _Question(row, "solution", answer, found.value)
        return
    report.look("solution", is_unknown=found.outcome is Outcome.UNKNOWN)
    if found.outcome is Outcome.FAIL:
        report.add(row.fault("solution", "it comes to no final answer"))


def _take_equations(row: PlacedRow, found: CheckResult, report: Report) -> None:
    is_followed = found.reason != Reason.NOT_UNDERSTOOD
    report.look("equations", is_unknown=is_followed and found.outcome is Outcome.UNKNOWN)
    report.not_understood += not is_followed
    is_false = found.outcome is Outcome.FAIL
    is_recorded = Reason.FALSE_EQUATION.value in findings_of(row)
    report.recorded += is_false and is_recorded
    if is_false and not is_recorded:
        report.add(row.fault("equations", found.detail or ""))


def _are_same(told: str, found: str | None) -> bool:
    """Whether two texts are the same tagged JSON; 3 and 3.0 are not."""
    try:
        return found is not None and json.dumps(json.loads(told)) == json.dumps(json.loads(found))
    except (ValueError, RecursionError):
        return False
