"""The rows of a ledger as text, and what several of its tests register."""

import hashlib
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import ledger_world
import pyarrow as pa
import pyarrow.parquet as pq
from ledger_world import World
from sqlalchemy import Engine, text

from caco_tasks import ids
from caco_tasks.audit import draw_rows
from caco_tasks.dataset_tasks import register_states
from caco_tasks.ledger import Ledger
from caco_tasks.publishing.revision import revise
from caco_tasks.records import Outcome
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import RunTrigger, run_uri
from caco_tasks.store.registry import (
    AuditRecord,
    DiversityFigures,
    DiversityRecord,
    Promotion,
    Promotions,
    RecalledThing,
    RecallRecord,
    diversity_uri,
    promotions_uri,
    recall_uri,
)
from caco_tasks.store.reverification_record import (
    MOVED,
    ReverificationRecord,
    reverification_folder,
    reverification_uri,
)
from caco_tasks.store.selector_record import SelectorRecord, selector_uri

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
    "sample_difficulty",
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
    "selector",
    "selection",
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
    learnt = selector(nightly)
    store.put(selector_uri(learnt.selector_id), learnt.model_dump_json().encode())
    ledger.register_selector(learnt)
    decide(ledger, store, world)


def decide(ledger: Ledger, store: Store, world: World) -> None:
    """What people may decide of a night: a row is taken out and the version without it promoted, after a recall that was told
    of a re-verification.
    """
    dataset, at = world.datasets[0], datetime(2026, 11, 22, tzinfo=UTC)
    name, said = f"{dataset.dataset}/{dataset.version}", {"by": "ada", "because": "false answers"}
    sample = ledger_world.sample_id(world.run("nightly"), 10)
    revised = revise(store, name, {sample: "recalled"}, **said)
    ledger.register_dataset(revised, store)
    register_states(ledger, store, f"{revised.dataset}/{revised.version}")
    chosen = Promotion(version=revised.version, replaced=dataset.version, at=at, **said)
    promotions = Promotions(dataset=dataset.dataset, partition=dataset.partition, history=(chosen,))
    store.put(promotions_uri(dataset.dataset, dataset.partition), promotions.model_dump_json().encode())
    ledger.register_promotions(promotions)
    touched = RecalledThing(kind="dataset", name=name, degree="direct", action="withdraw", part=1, whole=dataset.rows)
    recall_id = ids.content_id("recall", name)
    recall = RecallRecord(recall_id=recall_id, kind="seed", ancestor="toy/1", at=at, touched=(touched,), **said)
    store.put(recall_uri(recall_id), recall.model_dump_json().encode())
    ledger.record_recall(recall)
    again = reverification(store, world.run("nightly"), sample)
    store.put(reverification_uri(again.reverification_id), again.model_dump_json().encode())
    ledger.register_reverification(again, store)


def reverification(store: Store, run: RunRecord, sample: str) -> ReverificationRecord:
    """One sample that newer checks reject, judged again."""
    number = ids.content_id("reverification", run.run_id)
    moved = {"from_stage": "decontaminate", "from_outcome": "pass", "from_reason": None}
    moved |= {"to_stage": "agree", "to_outcome": "fail", "to_reason": "answers_differ"}
    buffer = BytesIO()
    row = {"sample_id": sample, "shard": 0, **moved, "to_detail": "it says 3"}
    pq.write_table(pa.Table.from_pylist([row], schema=MOVED), buffer)
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    uri = f"{reverification_folder(number)}/moved-{sha256[:16]}.parquet"
    store.put(uri, buffer.getvalue())
    return ReverificationRecord.model_validate(
        {
            "reverification_id": number,
            "run_id": run.run_id,
            "stage": "agree",
            "recipes": {"agree": {"version": 4}},
            "code_version": "0",
            "by": "ada",
            "began_at": datetime(2026, 11, 22, tzinfo=UTC),
            "seconds": 1.5,
            "read": 1,
            "newly_accepted": 0,
            "newly_rejected": 1,
            "counts": [{**moved, "samples": 1}],
            "uri": uri,
            "rows": 1,
            "sha256": sha256,
        }
    )


def selector(run: RunRecord) -> SelectorRecord:
    """What was learnt of a run, by hand."""
    stage = {
        "columns": ["lines"],
        "model": "{}",
        "calibration": [(0.0, 0.1), (1.0, 0.9)],
        "threshold": 0.3,
        "rows": 9,
        "held_out": 3,
        "auc": None,
        "brier": 0.2,
        "calibration_error": 0.05,
        "reliability": [{"rows": 3, "expected": 0.5, "observed": 0.25}],
    }
    return SelectorRecord.model_validate(
        {
            "selector_id": ledger_world.SELECTOR,
            "acceptance": "a",
            "config": "first",
            "until": run.partition,
            "run_ids": [run.run_id],
            "features_version": 1,
            "prior": 0.5,
            "fates": {"domain": {"algebra": (2.0, 1.0)}},
            "stages": {"reverse": stage, "solve": stage},
            "expected": {"rows_per_1000_tokens": 2.0},
            "libraries": {"xgboost": "1"},
            "trained_at": datetime(2026, 11, 21, tzinfo=UTC),
            "code_version": "0",
        }
    )


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
