"""A dataset version of what a re-verification accepts: the published rows that stand, and those that are accepted now.

It follows the version that the run, or whoever asked, has: `caco_tasks.publishing.revision` writes it, without the rows that
are rejected now, each with its reason. A row that is accepted now claims its problem and program here, and not before: who
claimed them meanwhile keeps them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from caco_tasks.connections import Connections
from caco_tasks.context import Claims, stage_context
from caco_tasks.dataset_tasks import register_states
from caco_tasks.errors import ConfigError, ConservationError
from caco_tasks.ledger import Ledger
from caco_tasks.publishing.dataset_card import card_facts
from caco_tasks.publishing.dataset_files import placed_rows, read_dataset
from caco_tasks.publishing.dataset_row import RowOrigin, dataset_row
from caco_tasks.publishing.revision import revise
from caco_tasks.records import Sample
from caco_tasks.reverification.moved_samples import parse_moves, read_moved
from caco_tasks.reverification.replay_services import ReplayServices
from caco_tasks.reverification.reverify import CLAIMED_REASONS, Plan
from caco_tasks.reverification.shard_replay import Move, ShardOutputs, is_accepted, stages_from
from caco_tasks.stages import stage_function
from caco_tasks.store import Store, open_store
from caco_tasks.store.registry import DatasetRecord
from caco_tasks.store.reverification_record import ReverificationRecord
from caco_tasks.store.shards import iterate_shard


def publish_reverification(
    plan: Plan, record: ReverificationRecord, ledger: Ledger, connections: Connections
) -> DatasetRecord:
    """Stages the dataset version of what is accepted now, and returns its manifest; the same again is the same version.

    Raises:
        ConfigError: the run has no dataset that a version could follow, or nothing changes.
        ConservationError: a row that was accepted is rejected when it is made.
    """
    store, run = open_store(connections.store), plan.asked.stored.run
    before = record.dataset or _newest_dataset(ledger, store, run.run_id)
    there = {row.sample_id for row, _ in placed_rows(store, before)}
    moves = [move for batch in read_moved(store, record) for move in parse_moves(batch.to_pylist())]
    removed = {
        move.sample_id: str(move.now.reason) for move in moves if move.sample_id in there and not is_accepted(move.now)
    }
    added = [move for move in moves if is_accepted(move.now) and move.sample_id not in there]
    if not removed and not added:
        raise ConfigError(f"The re-verification changes no row of {before}: there is no version to publish.")
    with PublishingServices(
        connections, run=plan.keys.run, config=plan.keys.config, key=record.reverification_id
    ) as own:
        rows = list(_make_rows(plan, own, ledger, added))
    ledger.keep_reverification_claims(record.reverification_id, store)
    because = f"re-verification {record.reverification_id[:12]}: {', '.join(record.overrides) or record.code_version}"
    facts = {"reverification": record.reverification_id}
    dataset = revise(store, before, removed, by=record.by, because=because, added=rows, facts=facts)
    ledger.register_dataset(dataset, store)
    register_states(ledger, store, f"{dataset.dataset}/{dataset.version}")
    return dataset


class PublishingServices(ReplayServices):
    """Services that claim, in the name of a re-verification, what its published rows hold."""

    def __init__(self, connections: Connections, *, key: str, **named: Any) -> None:
        super().__init__(connections, **named)
        self._own_key = key

    def claims(self, key: str) -> Claims:
        """Claims that stand."""
        return self.ledger().claims(self._run, self._own_key)


def _newest_dataset(ledger: Ledger, store: Store, run_id: str) -> str:
    for name in ledger.datasets(run_id):
        if "reverification" not in read_dataset(store, name).facts:
            return name
    raise ConfigError(
        f"The run {run_id[:12]} has no dataset that a version could follow: `caco run --set …` with these settings makes one."
    )


def _make_rows(plan: Plan, services: ReplayServices, ledger: Ledger, added: Sequence[Move]) -> Iterator[dict[str, Any]]:
    """The rows that are accepted now, in the order of their shards, with all that the checks of today note of them."""
    if not added:
        return
    licence = card_facts(ledger, plan.asked.stored.run)
    for shard in sorted({move.shard for move in added}):
        stored = plan.shards[shard]
        wanted = {move.sample_id for move in added if move.shard == shard}
        origin = RowOrigin(
            run=plan.asked.stored.run,
            draw=plan.keys.draw,
            made=list(stored.judged.values())[-1],
            licence=licence.licence,
            sources=licence.trained_on,
        )
        for sample in _make_samples(plan, services, stored, wanted):
            yield dataset_row(sample, origin)


def _make_samples(plan: Plan, services: ReplayServices, stored: ShardOutputs, wanted: set[str]) -> list[Sample]:
    """Whole samples, taken once more through all stages; those whose claim another has won meanwhile are left out."""
    rows = iterate_shard(services.store, stored.entering.uri, Sample, sha256=stored.entering.sha256)
    samples = [row.record for row in rows if row.id in wanted]
    for spec in stages_from(plan.work.stage):
        context = stage_context(plan.keys, services, spec, stored.shard)
        judged = list(stage_function(spec)(samples, context))
        lost = [row for row in judged if row.verdict.reason not in CLAIMED_REASONS.values() and not row.verdict.kept]
        if lost:
            raise ConservationError(
                f"The sample {lost[0].id} was accepted, and '{spec.name}' says {lost[0].verdict.reason} now: re-verify again."
            )
        samples = [row.record for row in judged if row.verdict.kept]
    return samples
