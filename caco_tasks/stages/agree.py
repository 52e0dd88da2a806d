"""agree: the solution's final answer is the program's output, its equations are true, its steps begin with what is given."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.checks.equations import false_equations
from caco_tasks.checks.step_grounding import step_faults
from caco_tasks.context import Context
from caco_tasks.grading import VERSION, Comparison
from caco_tasks.records import Judged, Reason, Sample, Verdict, fail


def agree(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One comparison for every solution; a comparison that takes too long is unknown, not different."""
    samples = list(samples)
    pairs = ((_output_of(sample), _answer_of(sample)) for sample in samples)
    for sample, comparison in zip(samples, context.services.grader().compare(pairs), strict=True):
        yield _judged(sample, comparison)


def _judged(sample: Sample, comparison: Comparison) -> Judged[Sample]:
    if sample.solution is None:
        return Judged(record=sample, verdict=fail(Reason.NO_FINAL_ANSWER))
    equations = false_equations(sample.solution.text)
    verdict = comparison.verdict
    if verdict.kept and equations.false:
        verdict = fail(Reason.FALSE_EQUATION, equations.false[0][:200])
    if verdict.kept:
        verdict = _steps(sample, sample.solution.text)
    compared_by = f"{comparison.method} {VERSION}"
    solution = replace(sample.solution, equations_checked=equations.checked, compared_by=compared_by)
    return Judged(record=replace(sample, solution=solution), verdict=verdict)


def _steps(sample: Sample, solution: str) -> Verdict:
    return step_faults(
        sample.problem.text if sample.problem else "",
        solution,
        input_json=(sample.execution and sample.execution.input_json) or "{}",
        output_text=_output_of(sample),
        code=sample.program.code,
    )


def _output_of(sample: Sample) -> str:
    return (sample.execution and sample.execution.output_text) or ""


def _answer_of(sample: Sample) -> str:
    return (sample.solution and sample.solution.answer) or ""
