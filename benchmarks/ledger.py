"""How fast outputs are loaded into the ledger, how much room they take, and how long its questions take.

Made outputs of all stages of one nightly run, in an embedded Postgres that is forced to the disk. Beside it, in the same run, a
bare COPY of the same fates into a table without index, constraint or anything else: the least that Postgres itself needs.
Their texts are short, so the time to fetch and to hash real ones, which the ledger does not read, comes on top: about a
second for each GB.

    caco bench ledger                             200,000 samples
    python benchmarks/ledger.py 10000000          ten million, shard by shard: needs 2 GB of disk, and a quarter of an hour
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import create_engine, text

from caco_tasks.config import load_config
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.records import Sample
from caco_tasks.store import Manifest, RunRecord, Store, open_store
from caco_tasks.store.manifest import output_folder, output_key
from caco_tasks.store.record_rows import arrow_schema
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import seconds_of
from dedup import own_postgres

SAMPLES, SHARD_ROWS = 200_000, 50_000
PARTITION = "2026-11-01"
# stage -> share that it passes, the reason and the detail of the others; a fifth of all samples comes through
FUNNEL: dict[str, tuple[float, str, str | None]] = {
    "sample": (0.97, "cut_off", None),
    "execute": (0.80, "error", "ZeroDivisionError: division by zero, line {}"),
    "screen": (0.80, "dead_input", "'pens' changes nothing"),
    "dedup": (0.75, "same_program", "seen first in {:032x}"),
    "reverse": (0.85, "foreign_number", "the number {}"),
    "solve": (0.90, "no_final_answer", None),
    "agree": (0.65, "answers_differ", "{} is not 12"),
    "judge": (0.85, "inconsistent", None),
    "decontaminate": (0.97, "same_problem", "seen first in {:032x}"),
}
LOOKED_UP = 20  # lineages


def bench(samples: int = SAMPLES) -> dict[str, Any]:
    """Makes, loads and asks.

    Returns:
        Rows are samples through all stages: seconds of loading them, and per second; the same of a bare COPY of their fates;
        bytes per sample of each table with its indexes, and after packing; milliseconds of the questions.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder, own_postgres() as url, Ledger(url) as ledger:
        store = open_store(StoreSettings(root=f"file://{folder}"))
        run = ledger.register_run(_run(samples))
        seconds, fates, subjects = 0.0, b"", []
        for shard, manifests, copied in _shards(store, run, samples):
            fates = copied
            seconds += seconds_of(lambda made=manifests, at=shard: _load(ledger, run, store, made, at))
            subjects += _subjects(store, manifests[-1], LOOKED_UP if not shard else 0)
            for manifest in manifests:
                store.delete(manifest.uri)
        bare, loose = _bare_copy_rows_per_second(url, fates), _bytes(url, samples)
        packing = seconds_of(ledger.pack)
        return {
            "samples": samples,
            "verdicts": sum(row.read for row in ledger.funnel(run.run_id)),
            "load_seconds": round(seconds, 1),
            "samples_per_second": round(samples / seconds),
            "bare_copy_samples_per_second": bare,
            "bytes_per_sample": loose,
            "pack_seconds": round(packing, 1),
            "bytes_per_sample_packed": _bytes(url, samples),
            **_answers(ledger, run, subjects),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }


def load_made_run(
    ledger: Ledger, store: Store, samples: int, *, keeps_outputs: bool = True
) -> tuple[RunRecord, list[str]]:
    """Makes and loads a run of so many samples; the run, and some of its rows. Without `keeps_outputs` the store loses them."""
    run = ledger.register_run(_run(samples))
    subjects: list[str] = []
    for shard, manifests, _ in _shards(store, run, samples):
        _load(ledger, run, store, manifests, shard)
        subjects += _subjects(store, manifests[-1], LOOKED_UP if not shard else 1)
        for manifest in manifests if not keeps_outputs else ():
            store.delete(manifest.uri)
    return run, subjects


def _shards(store: Store, run: RunRecord, samples: int) -> Iterator[tuple[int, list[Manifest], bytes]]:
    """Each shard with its outputs and their fates as the text of a COPY, made when it is asked for."""
    for shard in range(-(-samples // SHARD_ROWS)):
        yield shard, *_make_shard(store, run, shard, min(SHARD_ROWS, samples - shard * SHARD_ROWS))


def _answers(ledger: Ledger, run: RunRecord, subjects: list[str]) -> dict[str, float]:
    """Milliseconds of what people ask, each asked once before."""
    questions: dict[str, Callable[[], Any]] = {
        "funnel_ms": lambda: ledger.funnel(run.run_id),
        "reject_reasons_of_the_date_ms": lambda: ledger.ask(
            f"SELECT stage, outcome, reason, sum(records) FROM caco.reject_reasons WHERE partition = '{PARTITION}' "
            "GROUP BY stage, outcome, reason"
        ),
        "conservation_ms": lambda: ledger.conservation(run.run_id),
    }
    found = {}
    for name, question in questions.items():
        question()
        found[name] = round(1000 * seconds_of(question), 1)
    ledger.lineage(subjects[0])
    lineages = seconds_of(lambda: [ledger.lineage(subject) for subject in subjects])
    return found | {"lineage_ms": round(1000 * lineages / len(subjects), 1)}


def _load(ledger: Ledger, run: RunRecord, store: Store, manifests: list[Manifest], shard: int) -> None:
    for manifest in manifests:
        ledger.load_output(run, manifest, store, shard=shard)


def _run(samples: int) -> RunRecord:
    config = load_config("nano", [f"samples={samples}", f"shard_samples={SHARD_ROWS}"])
    return RunRecord(
        run_id=content_id("run", "bench"),
        pipeline="nightly",
        partition=PARTITION,
        config_hash=content_id("config", "bench"),
        config=config.model_dump(mode="json"),
        code_version="bench",
    )


def _make_shard(store: Store, run: RunRecord, shard: int, rows: int) -> tuple[list[Manifest], bytes]:
    """The outputs of all stages for one shard, and their fates as the text of a COPY."""
    generator = np.random.default_rng(shard)
    ids, before, fates = generator.bytes(16 * rows), (), []
    manifests = []
    for number, stage in enumerate(FUNNEL):
        count = len(ids) // 16
        passes = generator.random(count) < FUNNEL[stage][0]
        table = _table(ids, passes, stage)
        manifests.append(_write(store, run, stage, shard, table, passes, before))
        before = (manifests[-1].key,)
        fates.append(_copy_text(table, passes, number, is_last=stage == "decontaminate"))
        ids = np.frombuffer(ids, "V16")[passes].tobytes()
    return manifests, b"".join(fates)


def _table(ids: bytes, passes: np.ndarray, stage: str) -> pa.Table:
    """Records of class Sample: an id of its own each, all else the same or absent, and the verdict."""
    _, reason, detail = FUNNEL[stage]
    rows = len(passes)
    offsets = pa.py_buffer(np.arange(0, 32 * rows + 1, 32, dtype=np.int32))
    columns: dict[str, pa.Array] = {
        "sample_id": pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(ids.hex().encode())),
        "program": pa.array([_PROGRAM], arrow_schema(Sample).field("program").type).take(pa.repeat(0, rows)),
        "outcome": pa.array(np.where(passes, "pass", "fail")),
        "reason": pa.array(np.where(passes, None, reason), pa.string()),
        "detail": pa.array(
            [None if kept or detail is None else detail.format(place) for place, kept in enumerate(passes)], pa.string()
        ),
    }
    schema = arrow_schema(Sample)
    absent = [pa.array([[] if pa.types.is_list(field.type) else None] * rows, field.type) for field in schema]
    return pa.table([columns.get(field.name, none) for field, none in zip(schema, absent, strict=True)], schema=schema)


_PROGRAM = {"program_id": "0" * 32, "code": "input = {}\noutput = 1\n", "generation": None}


def _write(
    store: Store, run: RunRecord, stage: str, shard: int, table: pa.Table, passes: np.ndarray, inputs: tuple[str, ...]
) -> Manifest:
    import hashlib

    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd", row_group_size=4096)
    data = buffer.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    recipe = {"stage": stage, "version": 1, "settings": run.config["sandbox"]}
    origin = {} if inputs else {"shard": shard}
    key = output_key(recipe, origin=origin, inputs=inputs)
    passed, failed = int(passes.sum()), int(len(passes) - passes.sum())
    uri = f"{output_folder(stage, key)}/{sha256[:16]}.parquet"
    store.put(uri, data)
    return Manifest(
        key=key,
        stage=stage,
        shard=shard,
        recipe=recipe,
        origin=origin,
        inputs=inputs,
        run_id=run.run_id,
        pipeline=run.pipeline,
        partition=run.partition,
        code_version="bench",
        record="Sample",
        uri=uri,
        rows=len(passes),
        bytes=len(data),
        sha256=sha256,
        read=len(passes),
        passed=passed,
        failed=failed,
        unknown=0,
        reasons={FUNNEL[stage][1]: failed} if failed else {},
        seconds=1.0,
    )


def _copy_text(table: pa.Table, passes: np.ndarray, number: int, *, is_last: bool) -> bytes:
    names = ("sample_id", "outcome", "reason", "detail")
    ended = table.select(names).filter(pa.array(~passes | is_last)).to_pydict()
    rows = zip(*(ended[name] for name in names), strict=True)
    lines = (
        "\t".join([PARTITION, str(number), one, str(row), outcome, reason or "\\N", detail or "\\N"])
        for row, (one, outcome, reason, detail) in enumerate(rows)
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _subjects(store: Store, manifest: Manifest, count: int) -> list[str]:
    if not count:
        return []
    ids = pq.read_table(BytesIO(store.get(manifest.uri) or b""), columns=["sample_id"])["sample_id"]
    return [str(one) for one in ids[:count].to_pylist()]


def _bare_copy_rows_per_second(url: str, fates: bytes) -> int:
    """Rows per second of a COPY of one shard's fates into a plain temporary table."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE bare (LIKE caco.fate)"))
        cursor = connection.connection.cursor()
        seconds = seconds_of(lambda: cursor.copy_expert("COPY bare FROM STDIN", BytesIO(fates)))
        rows = cursor.rowcount
    engine.dispose()
    return round(rows / seconds)


def _bytes(url: str, samples: int) -> dict[str, float]:
    """Bytes per sample of the fates, their indexes, and all tables beside them."""
    engine = create_engine(url)
    with engine.begin() as connection:
        query = """
            SELECT relname ~ '^fate_' AS is_fate, sum(pg_table_size(oid)) AS rows, sum(pg_indexes_size(oid)) AS indexes
            FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relkind = 'r' GROUP BY 1
        """
        sizes = {row.is_fate: row for row in connection.execute(text(query))}
    engine.dispose()
    fates, rest = sizes[True], sizes[False]
    found = {"fates": fates.rows, "indexes_of_fates": fates.indexes, "all_else": rest.rows + rest.indexes}
    total = {"all": sum(found.values())}
    return {name: round(float(size) / samples, 1) for name, size in (found | total).items()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES), indent=1) + "\n")
