"""solve: each problem is solved in language, by a model that sees the problem and nothing else.

`solver.samples` solutions are asked for. All of them go on to `agree`, which compares their answers and chooses one. Where a
run has a selector, samples that will hardly be accepted are skipped first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter

from caco_tasks.context import Context
from caco_tasks.grading import extract_answer
from caco_tasks.llm.llm import Reply
from caco_tasks.reading import read_solution
from caco_tasks.records import CandidateSolution, JudgedRecord, Outcome, Sample, Solution, Verdict
from caco_tasks.stages.shared.few_shot import solution_style
from caco_tasks.stages.shared.missing_parts import no_final_answer
from caco_tasks.stages.shared.prompting import ask, generation_of, reply_verdict
from caco_tasks.stages.shared.unlikely_samples import set_unlikely_aside

ReadSolution = tuple[Solution, Verdict]


def solve(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """As many solutions for every problem as the config asks for; one at least must end in a final answer."""
    settings = context.config.solver
    times = settings.samples
    samples, skipped = set_unlikely_aside(samples, context)
    yield from skipped

    def variables(asked: tuple[Sample, int]) -> dict[str, str]:
        sample, _ = asked
        # not the program: the two must be independent
        problem = sample.problem.text if sample.problem else ""
        return {"problem": problem, "style": solution_style(sample.sample_id, settings)}

    numbers = range(context.attempt * times, (context.attempt + 1) * times)  # a new attempt must not replay the last
    # so many requests at once, and so many replies in memory, as one solution each would make
    size = max(1, -(-len(samples) // times))
    for start in range(0, len(samples), size):
        few = samples[start : start + size]
        asked = [(sample, number) for sample in few for number in numbers]
        replies = [reply for _, reply in ask(asked, context, "solver", variables, sample=itemgetter(1))]
        for place, sample in enumerate(few):
            read = [_read(reply) for reply in replies[place * times : (place + 1) * times]]
            solution, verdict = read[0] if times == 1 else _gather(read)
            yield JudgedRecord(record=replace(sample, solution=solution), verdict=verdict)


def _read(reply: Reply) -> ReadSolution:
    """The solution that a reply is, and whether it came to a final answer."""
    reading = read_solution(reply.text)
    answer = extract_answer(reading.text or "")
    verdict = reply_verdict(reply)
    if verdict.kept and answer is None:
        verdict = no_final_answer(reading.text)
    return Solution(text=reading.text or "", answer=answer, generation=generation_of(reply, reading)), verdict


def _gather(read: Sequence[ReadSolution]) -> ReadSolution:
    """Several solutions as one with candidates: the first that came to an answer, until `agree` chooses.

    Where none did, the sample is unknown if the engine lost one of them, for that one might have.
    """
    found = (
        next((one for one in read if one[1].kept), None)
        or next((one for one in read if one[1].outcome is Outcome.UNKNOWN), None)
        or read[0]
    )
    return replace(found[0], candidates=tuple(_candidate(*one) for one in read)), found[1]


def _candidate(solution: Solution, verdict: Verdict) -> CandidateSolution:
    if not verdict.kept:
        return CandidateSolution(answer=None, generation=solution.generation)
    return CandidateSolution(answer=solution.answer, generation=solution.generation, text=solution.text)
