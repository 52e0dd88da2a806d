"""What one check says of one line: a verdict, and what was read."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from caco_tasks.records import Finding, Outcome, Reason, Verdict

# a reason that no stage gives, for none of their checks may fail: the check ended in an error of its own (unknown)
CHECKER_FAILED = "checker_failed"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a check ended.

    >>> CheckResult(Outcome.FAIL, "false_equation", "2 + 2 = 5").line(7)["detail"]
    '2 + 2 = 5'
    """

    outcome: Outcome
    reason: str | None = None  # of `records.Reason`, or CHECKER_FAILED; None exactly when it passes
    detail: str | None = None  # one line for a reader: the statement, the number, the overlapping words
    value: Any = None  # the answer, program, problem or verdict that was read; any JSON value

    def line(self, identity: Any) -> dict[str, Any]:
        """The result as a line of the file, with the id of the line that it answers."""
        return {"id": identity, **asdict(self)}


def result_of(verdict: Verdict, *, passed: str | None = None, value: Any = None) -> CheckResult:
    """The result that a verdict of the platform is; `passed` is the detail of a pass that says nothing."""
    detail = verdict.detail if verdict.detail is not None or not verdict.kept else passed
    return CheckResult(verdict.outcome, None if verdict.reason is None else verdict.reason.value, detail, value)


def result_with(verdict: Verdict, findings: Sequence[Finding], *, value: Any = None) -> CheckResult:
    """The result that a verdict is; that of a pass names what rules found that only record."""
    if not verdict.kept:
        return result_of(verdict, value=value)
    said = [verdict.detail] if verdict.detail else []
    said += [f"recorded: {finding.reason}: {finding.detail}" for finding in findings]
    return CheckResult(verdict.outcome, detail="; ".join(said) or None, value=value)


def unreadable(detail: str) -> CheckResult:
    """The result of a line that says nothing to check."""
    return CheckResult(Outcome.UNKNOWN, Reason.UNREADABLE_RECORD.value, detail)
