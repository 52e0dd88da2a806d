"""What becomes of a sample that breaks a rule: it is rejected, the finding is recorded, or nobody looks.

The checks are generators of faults, in the order in which the rules are looked at. They are asked for the next fault only
while the sample may still pass, so that a rejection costs no more than the rules before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from caco_tasks.records import PASS, Finding, Reason, Sample, Verdict, fail

Case = TypeVar("Case")
RuleTable = Sequence[tuple[Reason, Callable[[Case], str | None]]]  # a rule gives one line of evidence, or None


def find_faults(case: Case, table: RuleTable[Case], rules: Mapping[str, str]) -> Iterator[Verdict]:
    """The rules of a table that `case` breaks, in the table's order; rules that are off are not looked at."""
    for reason, find_evidence in table:
        evidence = find_evidence(case) if rules[reason] != "off" else None
        if evidence is not None:
            yield fail(reason, evidence)


def apply_rules(
    faults: Iterable[Verdict], rules: Mapping[str, str], *, stage: str
) -> tuple[Verdict, tuple[Finding, ...]]:
    """The verdict on a sample with these faults, and the findings that stay with it.

    The first fault of a rule set to `reject` decides. So does a fault whose reason is no rule, such as an answer that
    differs: that is what its stage is for.
    """
    findings: list[Finding] = []
    for fault in faults:
        rule = rules.get(fault.reason or "", "reject")
        if rule == "reject":
            return fault, tuple(findings)
        if rule == "record" and fault.reason is not None:
            findings.append(Finding(stage=stage, reason=fault.reason, detail=fault.detail))
    return PASS, tuple(findings)


def with_findings(sample: Sample, findings: Iterable[Finding]) -> Sample:
    """The sample with these findings behind its own; of two with one stage and reason it keeps the first."""
    kept: dict[tuple[str, Reason], Finding] = {}
    for finding in (*sample.findings, *findings):
        kept.setdefault((finding.stage, finding.reason), finding)
    return replace(sample, findings=tuple(kept.values()))
