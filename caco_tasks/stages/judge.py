"""judge: a model that sees problem, solution and program says whether they are consistent and the problem is well posed.

A reply ends in one of the words of `VERDICTS` on a line of its own, after whatever working, or is a JSON object with the
word as its "verdict"; any other is unknown.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.llm.base import Reply
from caco_tasks.records import PASS, Judged, Judgement, Reason, Sample, Verdict, fail, unknown
from caco_tasks.stages.asking import ask, ended

VERDICTS = {"yes": PASS, "no": fail(Reason.INCONSISTENT), "ill-posed": fail(Reason.ILL_POSED)}


def judge(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One judgement for every sample."""
    for sample, reply in ask(list(samples), context, "judge", _parts_of):
        judgement = Judgement(reply=reply.text.strip(), generation=reply.generation)
        yield Judged(record=replace(sample, judgement=judgement), verdict=_verdict(reply))


def parse_judgement(text: str) -> Verdict:
    """The verdict in a judge's reply; unknown when it holds none, or anything besides."""
    said, detail = _said(text.strip())
    verdict = VERDICTS.get(said)
    if verdict is None:
        return unknown(Reason.UNPARSEABLE_JUDGEMENT, text.strip()[:200])
    return verdict if verdict.kept else replace(verdict, detail=detail)


def _said(text: str) -> tuple[str, str | None]:
    if not text.startswith("{"):
        return text.rpartition("\n")[2].strip().lower(), None
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        return "", None
    return str(reply.get("verdict", "")).lower(), str(reply.get("reason", "")) or None


def _verdict(reply: Reply) -> Verdict:
    verdict = ended(reply)
    return parse_judgement(reply.text) if verdict.kept else verdict


def _parts_of(sample: Sample) -> dict[str, str]:
    return {
        "problem": sample.problem.text if sample.problem else "",
        "solution": sample.solution.text if sample.solution else "",
        "code": sample.program.code,
    }
