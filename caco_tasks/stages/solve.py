"""solve: each problem is solved in language, by a model that sees the problem and nothing else."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.grading import extract_answer
from caco_tasks.records import JudgedRecord, Reason, Sample, Solution, fail
from caco_tasks.stages.shared.prompting import ask, reply_verdict


def solve(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One solution for every problem; it must end in a final answer."""

    def variables(sample: Sample) -> dict[str, str]:
        return {
            "problem": sample.problem.text if sample.problem else ""
        }  # not the program: the two must be independent

    for sample, reply in ask(list(samples), context, "solver", variables):
        answer = extract_answer(reply.text)
        verdict = reply_verdict(reply)
        if verdict.kept and answer is None:
            verdict = fail(Reason.NO_FINAL_ANSWER)
        solution = Solution(text=reply.text.strip(), answer=answer, generation=reply.generation)
        yield JudgedRecord(record=replace(sample, solution=solution), verdict=verdict)
