"""judge: a model that sees problem, solution and program says whether they are consistent and the problem is well posed.

A reply is a JSON object with the three fields of `Opinion`, alone or in one fence, or evidence: pairs `3=3 10=12` of a
number in the program's input and what the problem gives for it, which must all be the same. Any other reply is unknown.
The judge may be asked several times, and with the program before the solution (`judge.times`, `judge.both_orders`): more
than half of the replies must say the same, or nobody can tell.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from caco_tasks.context import Context
from caco_tasks.llm.llm import Reply
from caco_tasks.llm.prompts import judge_prompts
from caco_tasks.records import (
    PASS,
    JudgedRecord,
    Judgement,
    Outcome,
    Reason,
    Sample,
    Verdict,
    Vote,
    fail,
    unknown,
)
from caco_tasks.stages.shared.prompting import ask, reply_verdict

_EVIDENCE = re.compile(r"[\d-]+=[\d-]+(\s+[\d-]+=[\d-]+)*")
_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


class Opinion(BaseModel):
    """What a judge must reply, as JSON, with all three fields and no other."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Literal["yes", "no", "ill-posed"]
    first_disagreeing_step: int | None = Field(ge=1, le=10_000)  # of the solution, from 1; null: none
    reason: str

    @model_validator(mode="after")
    def _is_of_one_mind(self) -> "Opinion":
        if self.verdict == "yes" and self.first_disagreeing_step is not None:
            raise ValueError("it says yes and names a step that disagrees")
        return self


def judge(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One judgement for every sample, made of one reply or of several."""

    def variables(sample: Sample) -> dict[str, str]:
        return {
            "problem": sample.problem.text if sample.problem else "",
            "solution": sample.solution.text if sample.solution else "",
            "code": sample.program.code,
        }

    samples, times = list(samples), context.config.judge.times
    numbers = range(context.attempt * times, (context.attempt + 1) * times)  # a new attempt must not replay the last
    asked = [
        [reply for _, reply in ask(samples, context, "judge", variables, prompt=prompt, sample=number)]
        for prompt in judge_prompts(context.config)
        for number in numbers
    ]
    for sample, replies in zip(samples, zip(*asked, strict=True), strict=True):
        ends = [(reply, reply_verdict(reply)) for reply in replies]
        verdicts = [parse_judgement(reply.text) if end.kept else end for reply, end in ends]
        yield JudgedRecord(
            record=replace(sample, judgement=_make_judgement(replies, verdicts)), verdict=majority(verdicts)
        )


def parse_judgement(text: str) -> Verdict:
    """The verdict in a judge's reply; unknown when it holds none, or anything besides."""
    text = text.strip()
    if _EVIDENCE.fullmatch(text):
        # small judges copy numbers exactly and compare them badly, so they copy and we compare
        pairs = [pair.split("=") for pair in text.split()]
        unequal = [f"the program has {one} where the problem gives {other}" for one, other in pairs if one != other]
        return fail(Reason.INCONSISTENT, unequal[0]) if unequal else PASS
    opinion = _parse_opinion(text)
    if opinion is None:
        return unknown(Reason.UNPARSEABLE_JUDGEMENT, text[:200])
    if opinion.verdict == "yes":
        return PASS
    step = f"step {opinion.first_disagreeing_step}: " if opinion.first_disagreeing_step else ""
    reason = Reason.INCONSISTENT if opinion.verdict == "no" else Reason.ILL_POSED
    return fail(reason, f"{step}{opinion.reason}" or None)


def majority(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of more than half of the replies; unknown where no verdict has so many.

    Where not all replies agree, the detail says how many did.
    """
    known = Counter((verdict.outcome, verdict.reason) for verdict in verdicts if verdict.outcome is not Outcome.UNKNOWN)
    most, times = known.most_common(1)[0] if known else (None, 0)
    if most is not None and 2 * times > len(verdicts):
        first = next(verdict for verdict in verdicts if (verdict.outcome, verdict.reason) == most)
        agreeing = f"{times} of {len(verdicts)} replies" + (f": {first.detail}" if first.detail else "")
        return first if times == len(verdicts) else replace(first, detail=agreeing)
    if len(known) > 1:
        counts = ", ".join(f"{count} {reason or outcome}" for (outcome, reason), count in known.most_common())
        return unknown(Reason.JUDGES_DISAGREE, f"of {len(verdicts)} replies {counts}")
    # one verdict without a majority, or none: then a reply is unknown
    return next(verdict for verdict in verdicts if verdict.outcome is Outcome.UNKNOWN)


def _parse_opinion(text: str) -> Opinion | None:
    fenced = _FENCED.fullmatch(text)
    try:
        return Opinion.model_validate_json(fenced[1] if fenced else text)
    except ValidationError:
        return None


def _make_judgement(replies: Sequence[Reply], verdicts: Sequence[Verdict]) -> Judgement:
    votes = []
    for reply, verdict in zip(replies, verdicts, strict=True):
        text, opinion = reply.text.strip(), _parse_opinion(reply.text.strip())
        vote = Vote(
            reply=text,
            prompt=reply.generation.prompt,
            request_id=reply.generation.request_id,
            outcome=verdict.outcome,
            reason=verdict.reason,
            first_disagreeing_step=opinion.first_disagreeing_step if opinion else None,
        )
        votes.append(vote)
    made = [reply.generation for reply in replies]
    # one entry stands for all replies, so it bears the cost of all
    generation = replace(
        made[0],
        prompt_tokens=sum(one.prompt_tokens for one in made),
        completion_tokens=sum(one.completion_tokens for one in made),
        seconds=sum(one.seconds for one in made),
        cost_usd=sum(one.cost_usd for one in made),
        is_replayed=all(one.is_replayed for one in made),
    )
    return Judgement(reply=votes[0].reply, generation=generation, votes=tuple(votes))
