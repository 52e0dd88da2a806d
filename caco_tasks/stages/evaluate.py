"""evaluate: base and student answer the items of the benchmarks, zero-shot, and every answer is graded.

Shards 0 and 1 hold the greedy answers of base and student; shards 2 and 3, where the config asks for draws, the sampled
ones of pass@k. A wrong answer is a fail; what no checker could decide is unknown, and no score counts it as wrong.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.grading import extract_answer
from caco_tasks.grading.answer_pairs import shorten_pair
from caco_tasks.identity import BASE
from caco_tasks.ids import content_id
from caco_tasks.llm.llm import Reply, make_request
from caco_tasks.llm.weights import REGISTERED
from caco_tasks.reading import read_solution
from caco_tasks.records import Attempt, JudgedRecord, Reason, Solution, Verdict
from caco_tasks.stages.shared.evaluation import STUDENT, eval_shard, evaluation_of, prompt_of, scored_items
from caco_tasks.stages.shared.missing_parts import no_final_answer
from caco_tasks.stages.shared.pinned import require_pinned_benchmarks
from caco_tasks.stages.shared.prompting import generation_of, reply_verdict
from caco_tasks.store.manifest import manifest_uri, parse_manifest


def records(context: Context) -> Iterator[Attempt]:
    """The answers that this shard is to ask for; those of a base are the same for all its students."""
    settings = evaluation_of(context.config)
    asked = eval_shard(context.shard, settings)
    require_pinned_benchmarks(settings.benchmarks, context)
    # a student is known by the output that trained it, a base by the model that the run pinned
    answered_by = context.inputs or context.run.models.get(BASE)
    for item in scored_items(settings):
        for number in asked.numbers:
            yield Attempt(
                attempt_id=content_id("attempt", context.draw, answered_by, item.benchmark, item.key, number),
                contender=asked.contender,
                benchmark=item.benchmark,
                item=item.key,
                number=number,
                problem=item.problem,
                gold=str(item.answer),
            )


def evaluate(tried: Iterable[Attempt], context: Context) -> Iterator[JudgedRecord[Attempt]]:
    """One graded answer for every attempt."""
    tried = list(tried)
    replies = _ask_contender(tried, context)
    readings = [read_solution(reply.text) for reply in replies]
    answers = [extract_answer(reading.text or "") for reading in readings]
    pairs = [(one.gold, answer or "") for one, answer in zip(tried, answers, strict=True)]
    graded = context.services.grader().compare(pairs)
    for one, reply, reading, answer, comparison in zip(tried, replies, readings, answers, graded, strict=True):
        solution = Solution(text=reading.text or "", answer=answer, generation=generation_of(reply, reading))
        verdict = reply_verdict(reply)
        if verdict.kept:
            # an empty answer was compared only to keep the lists in step
            verdict = (
                no_final_answer(reading.text) if answer is None else _describe(comparison.verdict, answer, one.gold)
            )
        yield JudgedRecord(record=replace(one, solution=solution), verdict=verdict)


def _describe(verdict: Verdict, answer: str, gold: str) -> Verdict:
    """A verdict on an answer; where that is wrong, with both in it, and what the grader adds."""
    if verdict.reason is not Reason.ANSWERS_DIFFER:
        return verdict
    said, right = shorten_pair(answer, gold)
    return replace(
        verdict, detail=f"it says {said}, gold is {right}" + (f": {verdict.detail}" if verdict.detail else "")
    )


def _ask_contender(tried: Sequence[Attempt], context: Context) -> list[Reply]:
    settings = evaluation_of(context.config)
    asked = eval_shard(context.shard, settings)
    model = asked.settings
    if asked.contender == STUDENT:
        # the model that the output of `student`, which this one is made from, has trained
        uri = manifest_uri("student", context.inputs[0])
        student = parse_manifest(context.services.store.get(uri) or b"", uri=uri).artifacts["model"]
        model = model.model_copy(update={"model": f"{REGISTERED}{student['model_id']}", "revision": None})
    llm, prompt = context.model(model), prompt_of(context)
    again = context.attempt * (settings.draws + 1)  # a second try must not replay the first
    requests = [
        make_request(prompt, model, model_id=llm.model_id, sample=one.number + again, values={"problem": one.problem})
        for one in tried
    ]
    return llm.generate(requests)
