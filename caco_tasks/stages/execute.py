"""execute: sampled programs run in the sandbox, twice; whatever does not run, or not the same way twice, is rejected."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.records import PASS, Judged, Reason, Sample, Verdict, fail
from caco_tasks.sandbox import Job, Ran


def execute(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One execution and verdict for every sample."""
    samples = list(samples)
    sandbox = context.services.sandbox()
    context.facts.update(sandbox_version=sandbox.version, sandbox_level=sandbox.level)
    first = list(sandbox.run(Job(code=sample.program.code) for sample in samples))
    passed = [sample for sample, ran in zip(samples, first, strict=True) if ran.verdict.kept]
    # variant 1: another hash seed, random seed and clock
    again = sandbox.run(Job(code=sample.program.code, variant=1) for sample in passed)
    second = {sample.sample_id: ran for sample, ran in zip(passed, again, strict=True)}
    for sample, ran in zip(samples, first, strict=True):
        verdict = _compare_runs(ran, second[sample.sample_id]) if ran.verdict.kept else ran.verdict
        yield Judged(record=replace(sample, execution=ran.execution), verdict=verdict)


def _compare_runs(first: Ran, second: Ran) -> Verdict:
    if not second.verdict.kept:
        return second.verdict
    if first.execution.output_json == second.execution.output_json:
        return PASS
    detail = f"{first.execution.output_text} the first time, {second.execution.output_text} the second"
    return fail(Reason.NOT_DETERMINISTIC, detail)
