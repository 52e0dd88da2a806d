"""Every reply of a model that is kept with a sample: who gave it, to which prompt, at what price."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from caco_tasks.llm.prompts import TEMPLATES_FOLDER
from caco_tasks.pipeline import STAGES
from caco_tasks.records import Attempt, Generation, Judgement, Sample, SeedProgram
from caco_tasks.reports.sample_parts import ReplyReport


def replies_of(record: Any, chain: Sequence[Mapping[str, Any]]) -> Iterator[ReplyReport]:
    """The replies in the order in which they were asked for; `chain` are the outputs that saw the record."""
    recipes = {step["stage"]: step["recipe"] for step in chain}
    match record:
        case SeedProgram(program=program) if program is not None and program.generation is not None:
            yield _reply("unify", program.generation, program.code, recipes)
        case Sample():
            yield from _of_sample(record, recipes)
        case Attempt(solution=solution) if solution is not None:
            yield _reply("evaluate", solution.generation, solution.text, recipes)


def _of_sample(sample: Sample, recipes: Mapping[str, Mapping[str, Any]]) -> Iterator[ReplyReport]:
    if sample.program.generation is not None:
        yield _reply("sample", sample.program.generation, sample.program.code, recipes)
    if sample.problem is not None:
        yield _reply("reverse", sample.problem.generation, sample.problem.text, recipes)
    if sample.solution is not None:
        chosen = sample.solution.generation
        yield _reply("solve", chosen, sample.solution.text, recipes)
        others = (one for one in sample.solution.candidates if one.generation.request_id != chosen.request_id)
        yield from (_reply("solve", one.generation, one.text, recipes) for one in others)
    if sample.judgement is not None:
        yield from _votes(sample.judgement, recipes)
    if sample.neighbours is not None and sample.neighbours.generation is not None:
        made = sample.neighbours.generation
        for opinion in sample.neighbours.opinions:
            yield _reply("decontaminate", made, opinion.reply, recipes, request_id=opinion.request_id)


def _votes(judgement: Judgement, recipes: Mapping[str, Mapping[str, Any]]) -> Iterator[ReplyReport]:
    """Each vote of a judge; tokens and cost, which are known of all together, stand with the first."""
    if not judgement.votes:
        yield _reply("judge", judgement.generation, judgement.reply, recipes)
    for number, vote in enumerate(judgement.votes):
        reply = _reply(
            "judge", judgement.generation, vote.reply, recipes, request_id=vote.request_id, prompt=vote.prompt
        )
        said = {"outcome": str(vote.outcome), "reason": str(vote.reason) if vote.reason is not None else None}
        nothing = {"prompt_tokens": 0, "completion_tokens": 0, "seconds": 0.0, "cost_usd": 0.0} if number else {}
        yield reply.model_copy(update=said | nothing)


def _reply(
    stage: str,
    made: Generation,
    text: str | None,
    recipes: Mapping[str, Mapping[str, Any]],
    *,
    request_id: str | None = None,
    prompt: str | None = None,
) -> ReplyReport:
    name = prompt or made.prompt
    role = STAGES[stage].role
    return ReplyReport(
        stage=stage,
        role=role or ("student" if stage == "evaluate" else stage),
        model_id=made.model_id,
        prompt=name,
        prompt_text=_template(name),
        parameters=dict(recipes.get(stage, {}).get("sampling") or {}),
        request_id=request_id or made.request_id,
        finish_reason=made.finish_reason,
        prompt_tokens=made.prompt_tokens,
        completion_tokens=made.completion_tokens,
        seconds=made.seconds,
        cost_usd=made.cost_usd,
        is_replayed=made.is_replayed,
        cut_away=made.cut_away,
        text=text,
        outcome=None,
        reason=None,
    )


@cache
def _template(name: str) -> str | None:
    """The text of a bundled template; None where it is none of these."""
    path = TEMPLATES_FOLDER / f"{name}.txt"
    is_plain = "/" not in name and "\\" not in name and not name.startswith(".")
    return path.read_text(encoding="utf-8") if is_plain and path.is_file() else None
