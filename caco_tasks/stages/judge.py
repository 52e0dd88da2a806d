"""judge: a model that sees problem, solution and program says whether they are consistent and the problem is well posed.

What a reply states is read by `caco_tasks.reading.judgements`; a reply that was cut off, or that states nothing plainly, is
unknown, and is asked for again. Under `judge.evidence` a reply may be pairs `3=3 10=12` instead, of a number in the
program's input and what the problem gives for it, which must all be the same. The judge may be asked several times, and
with the program before the solution (`judge.times`, `judge.both_orders`): more than half of the replies must say the same,
or nobody can tell. What it says is a rule like others, `judge.inconsistent` and `judge.ill_posed`; with both off nobody is
asked, and each sample says so in its findings.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.context import Context
from caco_tasks.llm.llm import Reply
from caco_tasks.llm.prompts import judge_prompts
from caco_tasks.reading import read_opinion
from caco_tasks.records import (
    PASS,
    Finding,
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
from caco_tasks.stages.shared.prompting import ask, program_variables, reply_verdict, with_costs_of

MAX_DETAIL_CHARS = 200  # of a reply that states nothing

# What a model under `models.judge.structured` has to write: room to calculate comes first, since it can write nothing else.
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "reasoning": {"type": "string"},
            "verdict": {"type": "string", "enum": ["yes", "no", "ill-posed"]},
            "first_disagreeing_step": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "reason": {"type": "string"},
        },
        "required": ["reasoning", "verdict", "first_disagreeing_step", "reason"],
        "additionalProperties": False,
    }
)

_EVIDENCE = re.compile(r"[\d-]+=[\d-]+(\s+[\d-]+=[\d-]+)*")


def judge(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One judgement for every sample, made of one reply or of several."""

    def variables(sample: Sample) -> dict[str, str]:
        told = program_variables(sample)
        return {
            "problem": sample.problem.text if sample.problem else "",
            "solution": sample.solution.text if sample.solution else "",
            "code": told["code"],
            "output": told["output"],
        }

    samples, settings = list(samples), context.config.judge
    if not settings.is_asked:
        noted = Finding(stage="judge", reason=Reason.NOT_JUDGED)
        yield from (JudgedRecord(record=with_findings(sample, [noted]), verdict=PASS) for sample in samples)
        return
    first = context.attempt * settings.times  # a new attempt must not replay the last
    asked = [
        [reply for _, reply in ask(samples, context, "judge", variables, prompt=prompt, sample=number, schema=SCHEMA)]
        for prompt in judge_prompts(context.config)
        for number in range(first, first + settings.times)
    ]
    for sample, replies in zip(samples, zip(*asked, strict=True), strict=True):
        verdicts = [_reply_verdict(reply, evidence=settings.evidence) for reply in replies]
        said = majority(verdicts)
        verdict, findings = apply_rules([] if said.kept else [said], settings.rules, stage="judge")
        judged = replace(sample, judgement=_make_judgement(replies, verdicts))
        yield JudgedRecord(record=with_findings(judged, findings), verdict=verdict)


def parse_judgement(text: str, *, evidence: bool = False) -> Verdict:
    """What a judge's reply says of the sample; unknown where it states nothing. `evidence`: pairs of numbers are read too."""
    compared = _compare_evidence(text) if evidence else None
    if compared is not None:
        return compared
    opinion = read_opinion(text)
    if opinion is None:
        return unknown(Reason.UNPARSEABLE_JUDGEMENT, text.strip()[:MAX_DETAIL_CHARS])
    if opinion.verdict == "yes":
        return PASS
    step = f"step {opinion.step}: " if opinion.step else ""
    reason = Reason.INCONSISTENT if opinion.verdict == "no" else Reason.ILL_POSED
    return fail(reason, f"{step}{opinion.reason or 'the judge gives no reason'}")


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


def _reply_verdict(reply: Reply, *, evidence: bool) -> Verdict:
    ended = reply_verdict(reply)
    if ended.reason is Reason.CUT_OFF:
        # half a judgement says nothing of the sample
        return unknown(Reason.UNPARSEABLE_JUDGEMENT, f"cut off {ended.detail}")
    return parse_judgement(reply.text, evidence=evidence) if ended.kept else ended


def _compare_evidence(text: str) -> Verdict | None:
    """The verdict of pairs of numbers; None where a reply is anything else."""
    if not _EVIDENCE.fullmatch(text.strip()):
        return None
    # small judges copy numbers exactly and compare them badly, so they copy and we compare
    pairs = [pair.split("=") for pair in text.split()]
    unequal = [f"the program has {one} where the problem gives {other}" for one, other in pairs if one != other]
    return fail(Reason.INCONSISTENT, unequal[0]) if unequal else PASS


def _make_judgement(replies: Sequence[Reply], verdicts: Sequence[Verdict]) -> Judgement:
    votes = []
    for reply, verdict in zip(replies, verdicts, strict=True):
        opinion = read_opinion(reply.text) if verdict.outcome is Outcome.FAIL else None
        vote = Vote(
            reply=reply.text.strip(),
            prompt=reply.generation.prompt,
            request_id=reply.generation.request_id,
            outcome=verdict.outcome,
            reason=verdict.reason,
            first_disagreeing_step=opinion.step if opinion else None,
        )
        votes.append(vote)
    made = [reply.generation for reply in replies]
    # one entry stands for all replies, so it bears the cost of all
    return Judgement(reply=votes[0].reply, generation=with_costs_of(made[0], made), votes=tuple(votes))
