"""Toward which problems the programs of a run are drawn: what CodeGen is told of how a program begins, and how often.

A model that writes a program from nothing cannot be told its shape, but it can be told how it begins: its domain, and the name
of its first input. Earlier runs tell which beginnings led to rows whose pass rate lies in the wanted band, or to any rows; the
plan of a run makes shares of that and pins them, and they are a part of the draw. docs/difficulty.md describes it.

>>> told_opening("draw", 0, {"explore": 0.0, "openings": [["# domain: logic\\n", 1.0]]})
'# domain: logic\\n'
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from caco_tasks.domain_tags import tag_line
from caco_tasks.generation_settings import SteerSettings
from caco_tasks.ids import random_seed

# an opening is trusted as if so many more problems had been seen, which did as its domain does; a domain likewise, as all do
PRIOR_PROBLEMS = 4
MAX_OPENINGS = 2000  # those of which most problems were seen: the run's record holds them
DIGITS = 9  # of a share there


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningFate:
    """What became of the problems of earlier runs whose programs began so."""

    domain: str | None  # None: the programs name none
    opening: str | None  # None: they began in another way than the template's
    problems: int  # that came to `agree`; where pass rates count, of which several solutions were compared
    useful: int  # of these, that passed every stage, with a pass rate in the band


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningShare:
    """How often CodeGen is told to begin so."""

    domain: str | None
    opening: str
    problems: int
    useful: int
    expected: float  # share of useful ones that is expected
    share: float  # of the samples for which it is told anything


def share_openings(
    fates: Iterable[OpeningFate], settings: SteerSettings, *, domains: Sequence[str] = ()
) -> list[OpeningShare]:
    """The shares of the openings that are told, the largest first; none where nothing useful was seen.

    An opening's share goes with the useful rows that are expected of it. Every domain, those of `domains` too, has `floor` at
    least; of one of which no opening is known, the tag alone is told, and it is expected to do as the mean does.
    """
    seen = list(fates)
    mean = sum(one.useful for one in seen) / max(1, sum(one.problems for one in seen))
    if not mean:
        return []
    of_domain = _rates_of_domains(seen, mean)
    told: dict[str | None, list[OpeningShare]] = defaultdict(list)
    known = [one for one in seen if one.opening is not None and one.problems >= settings.min_problems]
    for one in sorted(known, key=lambda one: (-one.problems, one.opening))[:MAX_OPENINGS]:
        expected = _expect(one.useful, one.problems, of_domain[one.domain])
        told[one.domain].append(_opening_share(str(one.opening), one, expected))
    for domain in domains:
        if domain not in told:
            nothing = OpeningFate(domain=domain, opening=tag_line(domain), problems=0, useful=0)
            told[domain].append(_opening_share(tag_line(domain), nothing, of_domain.get(domain, mean)))
    total = sum(one.expected for rows in told.values() for one in rows)
    floor = min(settings.floor, 1 / max(1, len(told)))
    shares: list[OpeningShare] = []
    for rows in told.values():
        of_rows = sum(one.expected for one in rows)
        # what is left beside the floors of all domains goes by what is expected
        share = floor + (1 - floor * len(told)) * of_rows / total
        shares += [replace(one, share=round(share * one.expected / of_rows, DIGITS)) for one in rows]
    return sorted(shares, key=lambda one: (-one.share, one.opening))


def steering_pins(shares: Sequence[OpeningShare], settings: SteerSettings, runs: Sequence[str]) -> dict[str, Any]:
    """What a run's record keeps: the runs that were read, and what CodeGen is told how often; no shares: nothing is told."""
    if not shares:
        return {"runs": list(runs)}
    return {"runs": list(runs), "explore": settings.explore, "openings": [[one.opening, one.share] for one in shares]}


def drawn_by(steering: Mapping[str, Any]) -> list[Any] | None:
    """What of the pins decides which samples there are; None: nothing does, and the draw is that of a run without them."""
    return [steering["explore"], steering["openings"]] if steering.get("openings") else None


def told_opening(draw: str, index: int, steering: Mapping[str, Any]) -> str | None:
    """What CodeGen is told at a place of a draw; None: nothing, so that it may find what nobody knows yet."""
    openings = steering.get("openings") or ()
    place = random_seed("steer", draw, index) / 2**60
    if not openings or place < steering["explore"]:
        return None
    bounds = list(accumulate(share for _, share in openings))
    at = (place - steering["explore"]) / (1 - steering["explore"]) * bounds[-1]
    return str(openings[min(bisect_right(bounds, at), len(openings) - 1)][0])


def _rates_of_domains(fates: Iterable[OpeningFate], mean: float) -> dict[str | None, float]:
    problems: dict[str | None, int] = defaultdict(int)
    useful: dict[str | None, int] = defaultdict(int)
    for one in fates:
        problems[one.domain] += one.problems
        useful[one.domain] += one.useful
    return {domain: _expect(useful[domain], count, mean) for domain, count in problems.items()}


def _expect(useful: int, problems: int, prior: float) -> float:
    """The share of useful ones that is expected after so many were seen."""
    return (useful + PRIOR_PROBLEMS * prior) / (problems + PRIOR_PROBLEMS)


def _opening_share(opening: str, fate: OpeningFate, expected: float) -> OpeningShare:
    return OpeningShare(
        domain=fate.domain,
        opening=opening,
        problems=fate.problems,
        useful=fate.useful,
        expected=expected,
        share=0.0,
    )
