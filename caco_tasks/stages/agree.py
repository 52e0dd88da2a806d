"""agree: the solution's final answer is the program's output, its equations are true, its steps begin with what is given."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from caco_tasks.checks.equations import Equations, false_equations
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.checks.step_grounding import find_step_faults
from caco_tasks.context import Context
from caco_tasks.grading import VERSION, Comparison
from caco_tasks.records import JudgedRecord, Reason, Sample, Verdict, fail


def agree(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One comparison for every solution; a comparison that takes too long is unknown, not different."""
    samples, rules = list(samples), context.config.agree.rules
    pairs = ((_output_of(sample), (sample.solution and sample.solution.answer) or "") for sample in samples)
    for sample, comparison in zip(samples, context.services.grader().compare(pairs), strict=True):
        if sample.solution is None:
            yield JudgedRecord(record=sample, verdict=fail(Reason.NO_FINAL_ANSWER))
            continue
        # computed for every solution, because the ledger counts equations of rejected ones too
        equations = false_equations(sample.solution.text) if rules["false_equation"] != "off" else None
        faults = _find_faults(sample, sample.solution.text, comparison, equations, rules)
        verdict, findings = apply_rules(faults, rules, stage="agree")
        solution = replace(
            sample.solution,
            equations_checked=None if equations is None else equations.checked,
            compared_by=f"{comparison.method} {VERSION}",
        )
        yield JudgedRecord(record=with_findings(replace(sample, solution=solution), findings), verdict=verdict)


def _find_faults(
    sample: Sample, solution: str, comparison: Comparison, equations: Equations | None, rules: Mapping[str, str]
) -> Iterator[Verdict]:
    # the first fault is the verdict, so the answer comes before the way to it
    if not comparison.verdict.kept:
        yield comparison.verdict
    if equations is not None and equations.false:
        yield fail(Reason.FALSE_EQUATION, equations.false[0][:200])
    yield from find_step_faults(
        sample.problem.text if sample.problem else "",
        solution,
        rules,
        input_json=(sample.execution and sample.execution.input_json) or "{}",
        output_text=_output_of(sample),
        code=sample.program.code,
    )


def _output_of(sample: Sample) -> str:
    return (sample.execution and sample.execution.output_text) or ""
