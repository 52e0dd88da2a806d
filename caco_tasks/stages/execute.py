"""execute: sampled programs run in the sandbox, twice; whatever does not run, or not the same way twice, is rejected."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.records import JudgedRecord, Reason, Sample, fail
from caco_tasks.sandbox import Job


def execute(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One execution and verdict for every sample."""
    samples = list(samples)
    sandbox = context.services.sandbox()
    context.facts.update(sandbox_version=sandbox.version, sandbox_level=sandbox.level)
    first = list(sandbox.run(Job(code=sample.program.code) for sample in samples))
    passed = [sample for sample, ran in zip(samples, first, strict=True) if ran.verdict.kept]
    # variant 1: another hash seed, random seed and clock
    repeated = sandbox.run(Job(code=sample.program.code, variant=1) for sample in passed)
    second = {sample.sample_id: ran for sample, ran in zip(passed, repeated, strict=True)}
    for sample, ran in zip(samples, first, strict=True):
        verdict = ran.verdict
        if verdict.kept:
            again = second[sample.sample_id]
            verdict = again.verdict
            # compared with types and tags: what is printed may hide a difference
            if verdict.kept and again.execution.output_json != ran.execution.output_json:
                detail = f"{ran.execution.output_text} the first time, {again.execution.output_text} the second"
                verdict = fail(Reason.NOT_DETERMINISTIC, detail)
        yield JudgedRecord(record=replace(sample, execution=ran.execution), verdict=verdict)
