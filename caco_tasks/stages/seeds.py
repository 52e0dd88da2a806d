"""seeds: source records become seeds; what cannot be read, has no answer, may not be used or was seen before is rejected.

Shard `n` takes every record whose position in its source is `n` modulo the number of shards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules
from caco_tasks.context import Context
from caco_tasks.ids import content_id
from caco_tasks.records import PASS, JudgedRecord, Reason, Seed, fail
from caco_tasks.sources import read_source
from caco_tasks.stages.shared.benchmark_lookup import open_benchmark_index
from caco_tasks.stages.shared.pinned import require_pinned_source


def records(context: Context) -> Iterator[JudgedRecord[Seed]]:
    """The records of this shard, as their readers found them; ids of unreadable ones are made unique by position.

    Raises:
        SourceError: a source cannot be read, or was changed since the run was planned.
    """
    settings = context.config.seeds
    for source in settings.sources:
        require_pinned_source(source, context)
        for position, row in islice(enumerate(read_source(source)), context.shard, None, settings.shards):
            seed = row.record
            if not row.verdict.kept:  # its key is not to be trusted
                unreadable_id = content_id("unreadable seed", seed.source, seed.revision, position)
                seed = replace(seed, seed_id=unreadable_id)
            yield JudgedRecord(record=seed, verdict=row.verdict)


def seeds(rows: Iterable[JudgedRecord[Seed]], context: Context) -> Iterator[JudgedRecord[Seed]]:
    """One verdict for every source record."""
    index = open_benchmark_index(context)
    rows = [_check_seed(row, index, context) for row in rows]
    kept = [row.record for row in rows if row.verdict.kept]
    # claimed for all shards of the same sources: another run may read a source again, in another revision
    hashes = [content_id("problem", context.draw, " ".join(seed.problem.lower().split())) for seed in kept]
    winners = context.claims().claim("seed_problem", hashes, [seed.seed_id for seed in kept])
    first = {seed.seed_id: winner for seed, winner in zip(kept, winners, strict=True)}
    for row in rows:
        winner = first.get(row.record.seed_id, row.record.seed_id)
        if winner != row.record.seed_id:
            row = replace(row, verdict=fail(Reason.DUPLICATE_SEED, f"same problem as seed {winner}"))
        yield row


def _check_seed(row: JudgedRecord[Seed], index: BenchmarkIndex | None, context: Context) -> JudgedRecord[Seed]:
    seed, allowed = row.record, context.config.seeds.licences_allowed
    if not row.verdict.kept:
        return row
    if allowed and seed.licence not in allowed:
        return replace(row, verdict=fail(Reason.LICENCE_NOT_ALLOWED, seed.licence))
    if index is None:
        return replace(row, verdict=PASS)
    overlaps = index.overlaps(seed.problem, seed.answer)
    # seeds have no findings: the overlaps themselves stay with the seed
    verdict, _ = apply_overlap_rules(overlaps, context.config.decontamination, stage="seeds")
    return JudgedRecord(record=replace(seed, overlaps=overlaps), verdict=verdict)
