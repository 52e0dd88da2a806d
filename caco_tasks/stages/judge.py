"""judge: a model that sees problem, solution and program says whether they are consistent and the problem is well posed.

A reply is one of the words of `VERDICTS` on its last line, a JSON object with the word as its "verdict", or evidence: pairs
`3=3 10=12` of a number in the program's input and what the problem gives for it, which must all be the same. Any other
reply is unknown.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from caco_tasks.context import Context
from caco_tasks.llm.base import Reply
from caco_tasks.records import PASS, Judged, Judgement, Reason, Sample, Verdict, fail, unknown
from caco_tasks.stages.asking import ask, ended

_EVIDENCE = re.compile(r"[\d-]+=[\d-]+(\s+[\d-]+=[\d-]+)*")

VERDICTS = {"yes": PASS, "no": fail(Reason.INCONSISTENT), "ill-posed": fail(Reason.ILL_POSED)}


def judge(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One judgement for every sample."""
    for sample, reply in ask(list(samples), context, "judge", _parts_of):
        judgement = Judgement(reply=reply.text.strip(), generation=reply.generation)
        yield Judged(record=replace(sample, judgement=judgement), verdict=_verdict(reply))


def parse_judgement(text: str) -> Verdict:
    """The verdict in a judge's reply; unknown when it holds none, or anything besides."""
    if _EVIDENCE.fullmatch(text.strip()):
        return _weigh(text)
    said, detail = _said(text.strip())
    verdict = VERDICTS.get(said)
    if verdict is None:
        return unknown(Reason.UNPARSEABLE_JUDGEMENT, text.strip()[:200])
    return verdict if verdict.kept else replace(verdict, detail=detail)


def _weigh(text: str) -> Verdict:
    """The verdict that evidence gives: the judge's copying is exact, and the comparison is ours."""
    pairs = [pair.split("=") for pair in text.split()]
    for of_program, of_problem in pairs:
        if of_program != of_problem:
            return fail(Reason.INCONSISTENT, f"the program has {of_program} where the problem gives {of_problem}")
    return PASS


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
