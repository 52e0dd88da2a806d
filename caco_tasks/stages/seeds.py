"""seeds: source records become seeds; what cannot be read, has no answer, may not be used or was seen before is rejected.

Shard `n` takes every record whose position in its source is `n` modulo the number of shards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from caco_tasks.bank.readers import read_source
from caco_tasks.context import Context
from caco_tasks.filters.overlap import seed_overlap
from caco_tasks.ids import content_id
from caco_tasks.records import PASS, Judged, Reason, Seed, Verdict, fail


def read_seeds(context: Context) -> Iterator[Judged[Seed]]:
    """The records of this shard, as their readers found them; ids of unreadable ones are made unique by position."""
    settings = context.config.seeds
    for source in settings.sources:
        for position, row in islice(enumerate(read_source(source)), context.shard, None, settings.shards):
            kept = row.verdict.kept
            record = row.record if kept else replace(row.record, seed_id=_unreadable_id(row.record, position))
            yield Judged(record=record, verdict=row.verdict)


def seeds(rows: Iterable[Judged[Seed]], context: Context) -> Iterator[Judged[Seed]]:
    """One verdict for every source record."""
    rows = list(rows)
    first = _first_with_same_problem([row.record for row in rows if row.verdict.kept], context)
    for row in rows:
        yield Judged(record=row.record, verdict=_verdict(row, first, context) if row.verdict.kept else row.verdict)


def _verdict(row: Judged[Seed], first: dict[str, str], context: Context) -> Verdict:
    seed, allowed = row.record, context.config.seeds.licences_allowed
    if not seed.answer:
        return fail(Reason.NO_ANSWER)
    if allowed and seed.licence not in allowed:
        return fail(Reason.LICENCE_NOT_ALLOWED, seed.licence)
    if first[seed.seed_id] != seed.seed_id:
        return fail(Reason.DUPLICATE_SEED, f"same problem as seed {first[seed.seed_id]}")
    return seed_overlap(seed, context.config.decontamination) or PASS


def _first_with_same_problem(found: list[Seed], context: Context) -> dict[str, str]:
    hashes = [content_id("problem", " ".join(seed.problem.lower().split())) for seed in found]
    winners = context.resources.claims().claim("seed_problem", hashes, [seed.seed_id for seed in found])
    return {seed.seed_id: winner for seed, winner in zip(found, winners, strict=True)}


def _unreadable_id(seed: Seed, position: int) -> str:
    return content_id("unreadable seed", seed.source, seed.revision, position)
