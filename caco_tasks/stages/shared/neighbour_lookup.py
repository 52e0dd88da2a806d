"""Asking a model whether a problem is a protected one in other words: `models.matcher`, about the items nearest in meaning.

Each item is asked about twice, with either text first, for models favour one place. What both replies affirm is the same
problem, what both deny is another; where they differ, or one states nothing, nobody knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from caco_tasks.check_settings import NeighbourSettings
from caco_tasks.checks.decontamination.benchmarks import Item
from caco_tasks.checks.decontamination.neighbours import comparable_text, neighbour_index
from caco_tasks.checks.decontamination.overlap import MATCHED_CHARS
from caco_tasks.context import Context
from caco_tasks.llm.llm import Reply
from caco_tasks.reading import read_opinion
from caco_tasks.records import (
    PASS,
    Generation,
    NeighbourCheck,
    NeighbourOpinion,
    Overlap,
    Reason,
    Sample,
    Verdict,
    fail,
    unknown,
)
from caco_tasks.stages.shared.prompting import ask, reply_verdict, with_costs_of

NEIGHBOUR = "neighbour"  # the rule of what a model says


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether a sample's problem is an item in other words."""

    place: int  # of the sample
    item: Item
    similarity: float
    is_swapped: bool  # the item stands first
    problem: str


def ask_about_neighbours(samples: Sequence[Sample], context: Context) -> Iterator[tuple[Sample, Verdict]]:
    """Each sample with what was said of its neighbours, and the verdict on it; all pass where no matcher is configured.

    Raises:
        SourceError: a benchmark file is missing or malformed.
        EngineError: the embedding model or the matcher cannot be loaded.
    """
    settings = context.config.neighbours
    if settings is None or not samples:
        yield from ((sample, PASS) for sample in samples)
        return
    opinions: list[list[NeighbourOpinion]] = [[] for _ in samples]
    made: list[list[Generation]] = [[] for _ in samples]
    for question, reply in ask(_find_questions(samples, settings, context), context, "matcher", _variables):
        opinions[question.place].append(_read_opinion(question, reply))
        made[question.place].append(reply.generation)
    for sample, said, replies in zip(samples, opinions, made, strict=True):
        verdict, overlaps = judge_neighbours(said)
        costs = with_costs_of(replies[0], replies) if replies else None
        check = NeighbourCheck(opinions=tuple(said), generation=costs)
        yield replace(sample, neighbours=check, overlaps=(*sample.overlaps, *overlaps)), verdict


def judge_neighbours(said: Sequence[NeighbourOpinion]) -> tuple[Verdict, tuple[Overlap, ...]]:
    """What the replies about one problem come to, and the items that it is."""
    by_item: dict[tuple[str, str], list[NeighbourOpinion]] = {}
    for one in said:
        by_item.setdefault((one.benchmark, one.item), []).append(one)
    answers = {key: {one.is_same for one in both} for key, both in by_item.items()}
    same = [by_item[key][0] for key, answer in answers.items() if answer == {True}]
    if same:
        return fail(Reason.BENCHMARK_OVERLAP, _describe(same[0])), tuple(map(_make_overlap, same))
    undecided = [by_item[key][0] for key, answer in answers.items() if answer != {False}]
    return (unknown(Reason.BENCHMARK_REVIEW, _describe(undecided[0])) if undecided else PASS), ()


def _find_questions(samples: Sequence[Sample], settings: NeighbourSettings, context: Context) -> list[_Question]:
    services = context.services
    embedder = services.embedder(settings)
    limits = f"{settings.max_tokens} {settings.dtype}"
    index = neighbour_index(context.config.decontamination, embedder, services.index_folder(), limits=limits)
    texts = [sample.problem.text if sample.problem else "" for sample in samples]
    vectors = embedder.embed([comparable_text(text) for text in texts])
    return [
        _Question(place, item, similarity, is_swapped, text)
        for place, (text, vector) in enumerate(zip(texts, vectors, strict=True))
        if text
        for item, similarity in index.nearest(vector, top=settings.top, min_similarity=settings.min_similarity)
        for is_swapped in (False, True)
    ]


def _variables(question: _Question) -> dict[str, str]:
    first, second = question.problem, question.item.problem
    return {"problem": second, "item": first} if question.is_swapped else {"problem": first, "item": second}


def _read_opinion(question: _Question, reply: Reply) -> NeighbourOpinion:
    opinion = read_opinion(reply.text) if reply_verdict(reply).kept else None
    return NeighbourOpinion(
        benchmark=question.item.benchmark,
        item=question.item.key,
        similarity=round(question.similarity, 4),
        is_same={"yes": True, "no": False}.get(opinion.verdict) if opinion else None,
        reply=reply.text.strip(),
        request_id=reply.generation.request_id,
    )


def _make_overlap(opinion: NeighbourOpinion) -> Overlap:
    score = min(1.0, max(0.0, opinion.similarity))
    matched = opinion.reply[:MATCHED_CHARS]
    return Overlap(benchmark=opinion.benchmark, item=opinion.item, rule=NEIGHBOUR, score=score, matched_text=matched)


def _describe(opinion: NeighbourOpinion) -> str:
    return f"{opinion.benchmark} {opinion.item}: {NEIGHBOUR} {opinion.similarity:.2f}"
