"""evaluate: base and student answer the items of the benchmarks, zero-shot, and every answer is graded.

Shards 0 and 1 hold the greedy answers of base and student; shards 2 and 3, where the config asks for draws, the sampled
ones of pass@k. A wrong answer is a fail; what no checker could decide is unknown, and no score counts it as wrong.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.errors import ConservationError
from caco_tasks.grading import extract_answer
from caco_tasks.ids import content_id
from caco_tasks.llm.llm import Reply, make_request
from caco_tasks.records import Attempt, Judged, Reason, Solution, Verdict, fail
from caco_tasks.stages.shared.evaluation import STUDENT, eval_shard, evaluation_of, prompt_of, scored_items
from caco_tasks.stages.shared.prompting import ended
from caco_tasks.store.manifest import manifest_uri, parse_manifest


def attempts(context: Context) -> Iterator[Attempt]:
    """The answers that this shard is to ask for."""
    settings = evaluation_of(context.config)
    bout = eval_shard(context.shard, settings)
    for item in scored_items(settings):
        for number in bout.numbers:
            yield Attempt(
                attempt_id=content_id("attempt", context.run.run_id, bout.contender, item.benchmark, item.key, number),
                contender=bout.contender,
                benchmark=item.benchmark,
                item=item.key,
                number=number,
                problem=item.problem,
                gold=str(item.answer),
            )


def evaluate(tried: Iterable[Attempt], context: Context) -> Iterator[Judged[Attempt]]:
    """One graded answer for every attempt."""
    tried = list(tried)
    replies = _ask(tried, context)
    answers = [extract_answer(reply.text) for reply in replies]
    pairs = [(one.gold, answer or "") for one, answer in zip(tried, answers, strict=True)]
    graded = context.services.grader().compare(pairs)
    for one, reply, answer, comparison in zip(tried, replies, answers, graded, strict=True):
        solution = Solution(text=reply.text.strip(), answer=answer, generation=reply.generation)
        verdict = _verdict(reply, answer, comparison.verdict)
        yield Judged(record=replace(one, solution=solution), verdict=verdict)


def _ask(tried: Sequence[Attempt], context: Context) -> list[Reply]:
    settings = evaluation_of(context.config)
    bout = eval_shard(context.shard, settings)
    asked = bout.settings
    if bout.contender == STUDENT:
        asked = asked.model_copy(update={"model": f"model:{_student_id(context)}", "revision": None})
    llm, prompt = context.services.model(asked), prompt_of(context)
    again = context.attempt * (settings.draws + 1)  # a second try must not replay the first
    requests = [
        make_request(prompt, asked, model_id=llm.model_id, sample=one.number + again, values={"problem": one.problem})
        for one in tried
    ]
    return llm.generate(requests)


def _student_id(context: Context) -> str:
    """The model that the stage `student` of this run has trained."""
    uri = manifest_uri(context.run, "student", 0)
    found = context.services.store.get(uri)
    if found is None:
        raise ConservationError(
            f"The stage 'evaluate' cannot start: {uri} is not there; run the stage 'student' first."
        )
    return str(parse_manifest(found, uri=uri).artifacts["model"]["model_id"])


def _verdict(reply: Reply, answer: str | None, graded: Verdict) -> Verdict:
    verdict = ended(reply)
    if verdict.kept and answer is None:
        return fail(Reason.NO_FINAL_ANSWER)
    return graded if verdict.kept else verdict
