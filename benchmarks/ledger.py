"""How fast shards are loaded into the ledger, beside reading them; in an embedded Postgres that is forced to the disk."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from caco_tasks.config import load_config
from caco_tasks.ledger import Ledger
from caco_tasks.records import PASS, Judged, Sample
from caco_tasks.store import Manifest, RunRecord, Store, open_store
from caco_tasks.store.manifest import run_folder
from caco_tasks.store.shards import read_shard, write_shard
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parent))
from bank_samples import samples
from dedup import own_postgres

ROWS, SHARDS = 5_000, 10
PARTITION = "2026-11-01"


def bench() -> dict[str, Any]:
    """Loads `SHARDS` shards of `ROWS` samples each, and asks for what people ask for.

    Returns:
        Rows per second of reading the shards alone and of loading them (read and checked, into all tables, committed), how
        much dearer loading is, and the milliseconds of a shard that is loaded again, of the funnel and of a lineage.
    """
    run = _run()
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder, own_postgres() as url, Ledger(url) as ledger:
        store = open_store(StoreSettings(root=f"file://{folder}"))
        rows = samples(ROWS)
        manifests = [_shard(store, run, number, rows) for number in range(SHARDS)]
        ledger.register_run(run)
        read = _seconds(lambda: [read_shard(store, manifest.uri, Sample) for manifest in manifests])
        load = _seconds(lambda: [ledger.load_shard(manifest, store) for manifest in manifests])
        asked = {
            "shard_again": _seconds(lambda: ledger.load_shard(manifests[0], store)),
            "funnel": _seconds(lambda: ledger.funnel(run.run_id)),
            "lineage": _seconds(lambda: ledger.lineage(_renamed(rows[-1], 0).sample_id)),
        }
    return {
        "rows": ROWS * SHARDS,
        "read_rows_per_second": round(ROWS * SHARDS / read),
        "load_rows_per_second": round(ROWS * SHARDS / load),
        "load_to_read_seconds": round(load / read, 1),
        **{f"{name}_ms": round(1000 * seconds, 1) for name, seconds in asked.items()},
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def _run() -> RunRecord:
    config = load_config("nano", [f"shards={SHARDS}", f"samples={ROWS * SHARDS}"])
    return RunRecord(
        run_id="0" * 32,
        pipeline="nightly",
        partition=PARTITION,
        config_hash=config.fingerprint(),
        config=config.model_dump(mode="json"),
        code_version="bench",
    )


def _shard(store: Store, run: RunRecord, number: int, rows: Sequence[Sample]) -> Manifest:
    """A shard of the stage `sample`, each with ids of its own."""
    judged = [Judged(record=_renamed(sample, number), verdict=PASS) for sample in rows]
    folder = f"{run_folder(run.partition, run.run_id)}/sample"
    written = write_shard(store, folder=folder, shard=number, record=Sample, judged=judged)
    return Manifest(
        run_id=run.run_id,
        pipeline=run.pipeline,
        partition=run.partition,
        stage="sample",
        shard=number,
        record="Sample",
        **written,
        read=len(judged),
        passed=len(judged),
        failed=0,
        unknown=0,
        reasons={},
        code_version="bench",
        seconds=1.0,
    )


def _renamed(sample: Sample, number: int) -> Sample:
    return Sample(sample_id=f"{number:02d}{sample.sample_id[2:]}", program=sample.program)


def _seconds(work: Any) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
