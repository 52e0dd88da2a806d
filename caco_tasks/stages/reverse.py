"""reverse: each program is written back into a language problem, which must stand on its own without it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.grading.leaks import problem_faults
from caco_tasks.llm.base import Reply
from caco_tasks.records import Judged, Problem, Sample, Verdict
from caco_tasks.stages.asking import ask, code_of, ended


def reverse(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One problem for every program; it may hold neither code nor the answer, and must state every input."""
    for sample, reply in ask(list(samples), context, "reverser", code_of):
        problem = Problem(text=reply.text.strip(), generation=reply.generation)
        yield Judged(record=replace(sample, problem=problem), verdict=_verdict(sample, reply))


def _verdict(sample: Sample, reply: Reply) -> Verdict:
    verdict = ended(reply)
    if not verdict.kept or sample.execution is None:
        return verdict
    return problem_faults(
        reply.text.strip(),
        input_json=sample.execution.input_json or "null",
        output_text=sample.execution.output_text or "",
        code=sample.program.code,
    )
