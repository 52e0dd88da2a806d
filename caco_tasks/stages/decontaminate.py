"""decontaminate: the last gate before release: no overlap with a protected benchmark, and no problem twice.

Problems are claimed here and not when they are written: only one whose solution and judgement hold may keep others out.
Without a configured benchmark nothing is protected; the dataset card says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from caco_tasks.checks.fingerprints import claim_problems
from caco_tasks.checks.overlap import index_of, overlap_verdict, sample_answer
from caco_tasks.context import Context
from caco_tasks.records import PASS, Judged, Problem, Reason, Sample, fail


def decontaminate(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One verdict for every sample; what it overlaps stays with it as evidence."""
    index, review = index_of(context), context.config.decontamination.review
    kept: list[tuple[Sample, Problem]] = []
    for sample in samples:
        problem = sample.problem
        overlaps = index.overlaps(problem.text, sample_answer(sample)) if index and problem else ()
        sample, verdict = replace(sample, overlaps=overlaps), overlap_verdict(overlaps, review)
        if verdict is None and problem is not None:
            kept.append((sample, problem))
        else:
            yield Judged(record=sample, verdict=verdict or PASS)
    yield from _first_of_their_words(kept, context)


def _first_of_their_words(kept: Sequence[tuple[Sample, Problem]], context: Context) -> Iterator[Judged[Sample]]:
    items = [(sample.sample_id, problem.text, sample_answer(sample) or "") for sample, problem in kept]
    likeness = context.config.dedup.same_problem_jaccard
    winners = claim_problems(context.services.claims(), items, likeness=likeness)
    for (sample, _), winner in zip(kept, winners, strict=True):
        is_first = winner == sample.sample_id
        yield Judged(record=sample, verdict=PASS if is_first else fail(Reason.SAME_PROBLEM, f"seen first in {winner}"))
