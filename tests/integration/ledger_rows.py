"""The rows of a ledger as text, and what several of its tests register."""

from datetime import UTC, datetime
from typing import Any

import ledger_world
from ledger_world import World
from sqlalchemy import Engine, text

from caco_tasks import ids
from caco_tasks.audit import draw_rows
from caco_tasks.ledger import Ledger
from caco_tasks.records import Outcome
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import RunTrigger, run_uri
from caco_tasks.store.registry import AuditRecord, DiversityFigures, DiversityRecord, diversity_uri

TABLES = [
    "run",
    "output",
    "output_reason",
    "run_output",
    "model",
    "own_row",
    "source",
    "seed",
    "program",
    "program_parent",
    "fate",
    "fingerprint",
    "benchmark_overlap",
    "audit_draw",
    "audit_stratum",
    "audit_row",
    "audit",
    "dataset",
    "dataset_state",
    "dataset_row",
    "diversity",
    "diversity_domain",
    "diversity_cluster",
    "diversity_earlier",
    "dataset_tombstone",
    "dataset_promotion",
    "recall",
    "recalled",
    "reverification",
    "reverification_move",
    "reverified_sample",
]
# numbers of this ledger's own -> what they stand for in any ledger
NUMBERS = {
    "run_no": "(SELECT run_id FROM caco.run WHERE run.run_no = kept.run_no)",
    "output_no": "(SELECT key FROM caco.output WHERE output.output_no = kept.output_no)",
    "source_no": "(SELECT (source, revision, licence)::text FROM caco.source WHERE source.source_no = kept.source_no)",
    "reverification_no": (
        "(SELECT reverification_id FROM caco.reverification AS made WHERE made.reverification_no = kept.reverification_no)"
    ),
    "dataset_no": "(SELECT dataset || version FROM caco.dataset WHERE dataset.dataset_no = kept.dataset_no)",
    "replaced_no": "(SELECT dataset || version FROM caco.dataset WHERE dataset.dataset_no = kept.replaced_no)",
}
TIMES_OF_LOADING = {"created_at", "loaded_at", "claimed_at"}


def rows(engine: Engine, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table, in a fixed order, without the times and the numbers that only this ledger knows."""
    with engine.connect() as connection:
        query = "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0"
        names = connection.execute(text(query), {"table": f"caco.{table}"}).scalars().all()
        kept = [name for name in names if name not in TIMES_OF_LOADING]
        columns = ", ".join(f"{NUMBERS.get(name, 'kept.' + name)} AS {name}" for name in kept)
        found = connection.execute(text(f"SELECT {columns} FROM caco.{table} AS kept")).all()
    return sorted(tuple(map(_written, row)) for row in found)


def _written(value: Any) -> str:
    return repr(bytes(value) if isinstance(value, memoryview) else value)


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All that the ledger holds."""
    return {table: rows(engine, table) for table in TABLES}


def number_of(engine: Engine, query: str) -> Any:
    """One value."""
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def second_config(store: Store, world: World) -> RunRecord:
    """A run of the same date with another config, which shares what the first run made."""
    pins = {"seed_run_id": world.run("seeds").run_id, "model_id": world.run("nightly").model_id}
    run = ledger_world.make_run("nightly", "2026-11-20", "another judge", **pins)
    store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
    return run


def audit(world: World, number: int, person: str, answer: Outcome) -> AuditRecord:
    """A person's answer on one sample."""
    run = world.run("nightly")
    return AuditRecord.model_validate(
        {
            "run_id": run.run_id,
            "stage": "judge",
            "subject_id": ledger_world.sample_id(run, number),
            "person": person,
            "answer": answer,
            "answered_at": "2026-11-21T10:00:00Z",
        }
    )


def fill_all(ledger: Ledger, store: Store) -> None:
    """Two worlds with claims and answers, loaded latest first."""
    for partition, config in (("2026-11-20", "first"), ("2026-10-31", "second")):
        world = ledger_world.build(store, partition=partition, config=config)
        claim_for(ledger, world, "dedup")
        claim_for(ledger, world, "unify")
        ledger_world.load(ledger, store, world)
        draw_rows(ledger, store, world.run("nightly"), 2)
        nightly = world.run("nightly")
        at = datetime(2026, 11, 21, tzinfo=UTC)
        asked = RunTrigger(
            run_id=nightly.run_id, dag_id="caco_nightly", dag_run_id=f"manual__{config}", triggered_at=at
        )
        ledger.register_trigger(nightly, asked, store)
        ledger.record_audits([audit(world, 7, "ada", Outcome.FAIL)], store)
        measured = diversity(nightly)
        store.put(diversity_uri(measured.diversity_id), measured.model_dump_json().encode())
        ledger.register_diversity(measured)


def diversity(run: RunRecord) -> DiversityRecord:
    """What somebody measured of a run, with a row for every table."""
    figures = {name: 0.5 for name in DiversityFigures.model_fields} | {
        "rows": 2,
        "near_rows": 1,
        "earlier_near_rows": 0,
    }
    return DiversityRecord.model_validate(
        {
            "diversity_id": ids.content_id("diversity", run.run_id),
            "run_id": run.run_id,
            "dataset": None,
            "embedder": "e@1",
            "of_rows": 3,
            "whole": figures,
            "domains": {"algebra": figures},
            "clusters": [{"words": ["a", "comma,", 'and a "'], "rows": 2}],
            "earlier": [{"name": "toys/1", "rows": 0, "nearest_mean": None, "near_rows": 0}],
            "points": [(0.5, -0.5, 0)],
            "shown": 0.5,
            "measured_at": datetime(2026, 11, 21, tzinfo=UTC),
            "code_version": "0",
        }
    )


def claim_for(ledger: Ledger, world: World, stage: str) -> None:
    """Claims as a stage makes them: before its output is loaded."""
    run = world.run("nightly" if stage == "dedup" else "seeds")
    for shard, manifest in enumerate(world.of(stage)):
        owners = [ledger_world.sample_id(run, 2 * row + shard) for row in range(2, 7)]
        if stage == "unify":
            owners = [ids.seed_id("toy", "v1", f"{shard}\0{number}") for number in range(4)]
        hashes = [ids.content_id(stage, shard, number) for number in range(len(owners))]
        claims = ledger.claims(run, manifest.key)
        claims.claim(f"{stage}.v1", hashes, owners)
        sketches = [bytes([shard, number]) for number in range(len(owners))]
        family = ids.content_id("family", stage)
        claims.claim_unlike("near.v2", [family] * len(owners), sketches, owners, is_alike=bytes.__eq__)
