"""agree: the solution's final answer must equal the program's output, and every equation in it must be true."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.grading import Comparison, false_equations
from caco_tasks.records import Judged, Reason, Sample, fail


def agree(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One comparison for every solution; a comparison that takes too long is unknown, not different."""
    samples = list(samples)
    pairs = ((_output_of(sample), _answer_of(sample)) for sample in samples)
    for sample, comparison in zip(samples, context.resources.grader().compare(pairs), strict=True):
        yield _judged(sample, comparison)


def _judged(sample: Sample, comparison: Comparison) -> Judged[Sample]:
    if sample.solution is None:
        return Judged(record=sample, verdict=fail(Reason.NO_FINAL_ANSWER))
    equations = false_equations(sample.solution.text)
    verdict = comparison.verdict
    if verdict.kept and equations.false:
        verdict = fail(Reason.FALSE_EQUATION, equations.false[0][:200])
    solution = replace(sample.solution, equations_checked=equations.checked)
    return Judged(record=replace(sample, solution=solution), verdict=verdict)


def _output_of(sample: Sample) -> str:
    return (sample.execution and sample.execution.output_text) or ""


def _answer_of(sample: Sample) -> str:
    return (sample.solution and sample.solution.answer) or ""
