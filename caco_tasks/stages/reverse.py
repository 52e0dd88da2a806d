"""reverse: each program is written back into a language problem, which must stand on its own without it.

A problem that overlaps a protected benchmark is rejected here, before a solver is asked, with the evidence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.checks.overlap import index_of, overlap_verdict, sample_answer
from caco_tasks.checks.problem_rules import problem_faults
from caco_tasks.checks.swapped_values import exchanged_values
from caco_tasks.context import Context
from caco_tasks.llm.llm import Reply
from caco_tasks.records import Judged, Problem, Sample, Verdict
from caco_tasks.stages.shared.few_shot import variety
from caco_tasks.stages.shared.prompting import ask, code_of, ended


def reverse(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One problem for every program; it may hold neither code nor the answer, and must state every input."""
    index, review = index_of(context), context.config.decontamination.review
    for sample, reply in ask(list(samples), context, "reverser", _told):
        problem = Problem(text=reply.text.strip(), generation=reply.generation)
        sample, verdict = replace(sample, problem=problem), _verdict(sample, reply)
        if verdict.kept and index is not None:
            sample = replace(sample, overlaps=index.overlaps(problem.text, sample_answer(sample)))
            verdict = overlap_verdict(sample.overlaps, review) or verdict
        yield Judged(record=sample, verdict=verdict)


def _told(sample: Sample) -> dict[str, str]:
    return code_of(sample) | variety(sample.sample_id)


def _verdict(sample: Sample, reply: Reply) -> Verdict:
    verdict = ended(reply)
    if not verdict.kept or sample.execution is None:
        return verdict
    input_json = sample.execution.input_json or "null"
    faults = problem_faults(
        reply.text.strip(),
        input_json=input_json,
        output_text=sample.execution.output_text or "",
        code=sample.program.code,
    )
    return (exchanged_values(reply.text, input_json) or faults) if faults.kept else faults
