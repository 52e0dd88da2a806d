"""What is held against a night that was struck: the same night undisturbed, and what each of its attempts has done.

Times are left out of the comparison, and what follows from them: seconds, and the hashes of rows that hold seconds.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import create_engine, text

from caco_tasks.identity import RunKeys
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import RunOutput, manifest_uri, parse_manifest, parse_stored, run_output_uri, run_uri

TIMES = {"seconds", "wall_seconds", "cpu_seconds", "peak_memory_mb", "at", "planned_at", "triggered_at"}
MAX_TOLD_CHARS = 300  # of one side of a difference
OF_TIMES = {"uri", "sha256", "bytes"}  # of rows that hold times
TIMES_OF_LEDGER = {"created_at", "loaded_at", "claimed_at"} | TIMES | OF_TIMES
NUMBERS = {  # the ledger's own numbers, and what they stand for
    "run_no": "SELECT run_no, run_id::text FROM caco.run",
    "output_no": "SELECT output_no, key::text FROM caco.output",
    "source_no": "SELECT source_no, source FROM caco.source",
    "dataset_no": "SELECT dataset_no, dataset || '/' || version FROM caco.dataset",
}
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'caco' AND table_type LIKE 'BASE%'"


def read_output(store: Store, run: RunRecord, stage: str, shard: int) -> dict[str, Any]:
    """What a run consists of at a stage and shard: manifest and rows, without times."""
    uri = run_output_uri(run, stage, shard)
    place = parse_stored(RunOutput, store.get(uri) or b"", uri=uri)
    uri = manifest_uri(stage, place.key)
    manifest = parse_manifest(store.get(uri) or b"", uri=uri)
    data = store.get(manifest.uri) or b""
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise ValueError(f"{manifest.uri} is not what its manifest says")
    rows = pq.read_table(io.BytesIO(data), use_threads=False).to_pylist()
    said = manifest.model_dump(mode="json", exclude=TIMES | OF_TIMES)
    return {"manifest": said, "rows": _without_times(rows)}


def find_run(store: Store, partition: str, run_id: str) -> RunRecord:
    """The record of a run."""
    uri = run_uri(partition, run_id)
    return parse_stored(RunRecord, store.get(uri) or b"", uri=uri)


def datasets(store: Store) -> dict[str, str]:
    """The hash of every file of every dataset; of its states, which hold times, what they say without them."""
    found = {}
    for key in store.list("datasets/"):
        data = store.get(key) or b""
        if key.endswith("/state.json"):
            data = json.dumps(_without_times(json.loads(data))).encode()
        found[key] = hashlib.sha256(data).hexdigest()
    return found


def ledger_content(url: str) -> dict[str, list[dict[str, str]]]:
    """Every row of every table, in order, without times and with names for the ledger's numbers."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = {column: dict(connection.execute(text(query)).all()) for column, query in NUMBERS.items()}
        tables = connection.execute(text(_TABLES)).scalars()
        found = {name: connection.execute(text(f"SELECT * FROM caco.{name}")).mappings().all() for name in tables}
    engine.dispose()
    rows_of = {name: [_named_row(name, row, names) for row in rows] for name, rows in found.items()}
    return {name: sorted(rows, key=str) for name, rows in rows_of.items()}


def kept_replies(store: Store, known: dict[str, frozenset[int]]) -> frozenset[int]:
    """The numbers of the requests whose replies are in the store; `known` remembers objects that were read before."""
    for key in store.list("replies/"):
        if "/index/" not in key and key not in known:
            column = pq.read_table(io.BytesIO(store.get(key) or b""), columns=["completion_tokens"], use_threads=False)
            known[key] = frozenset(column["completion_tokens"].to_pylist())
    return frozenset[int]().union(*known.values())


def forgotten_replies(store: Store, known: Mapping[str, frozenset[int]]) -> int:
    """How many kept replies nobody would find who asks the same in another batch: those that no index names."""
    named = set[str]()
    for key in store.list("replies/"):
        if "/index/" in key:
            table = pq.read_table(io.BytesIO(store.get(key) or b""), columns=["batch"], use_threads=False)
            named |= set(table["batch"].to_pylist())
    found = frozenset[int]().union(*(numbers for key, numbers in known.items() if key in named))
    return len(frozenset[int]().union(*known.values()) - found)


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """In which of the named things two nights differ, each in a few words."""
    told = []
    for name in sorted(expected.keys() | found.keys()):
        one, other = expected.get(name), found.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            told += [f"{name}: {said}" for said in differences(one, other)]
        elif isinstance(one, list) and isinstance(other, list):
            told.append(f"{name}: {_lists_differ(one, other)}")
        else:
            told.append(f"{name}: {str(other)[:MAX_TOLD_CHARS]} instead of {str(one)[:MAX_TOLD_CHARS]}")
    return told


def _lists_differ(one: list[Any], other: list[Any]) -> str:
    more, missing = [row for row in other if row not in one], [row for row in one if row not in other]
    if len(more) == len(missing) == 1 and isinstance(more[0], dict):
        return "; ".join(differences(missing[0], more[0]))
    told = f"{len(other)} instead of {len(one)}, {len(more)} of them others"
    return f"{told}: {str(more[:1])[:MAX_TOLD_CHARS]} instead of {str(missing[:1])[:MAX_TOLD_CHARS]}"


def adds_up(manifests: Iterable[Manifest]) -> list[str]:
    """Whether every output read what the outputs before it have passed, and lost none of it."""
    by_key = {manifest.key: manifest for manifest in manifests}
    told = []
    for manifest in by_key.values():
        if manifest.read != manifest.passed + manifest.failed + manifest.unknown:
            told.append(f"{manifest.stage} {manifest.shard}: read is not passed + failed + unknown")
        passed = sum(by_key[key].passed for key in manifest.inputs if key in by_key)
        if manifest.inputs and passed != manifest.read:
            told.append(f"{manifest.stage} {manifest.shard}: {passed} records came, {manifest.read} were read")
    return told


def manifests_of(store: Store, run: RunRecord, places: Iterable[tuple[str, int]]) -> list[Manifest]:
    """The manifests of a run's outputs."""
    keys = RunKeys.of(run, store)
    uris = [manifest_uri(stage, keys.key(stage, shard)) for stage, shard in places]
    return [parse_manifest(store.get(uri) or b"", uri=uri) for uri in uris]


def drafts(folder: Path) -> int:
    """How many files killed writes have left in a store."""
    return sum(1 for _ in folder.rglob(".draft-*"))


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_times(one) for name, one in value.items() if name not in TIMES}
    return [_without_times(one) for one in value] if isinstance(value, list) else value


def _named_row(table: str, row: Mapping[str, Any], names: Mapping[str, Mapping[int, str]]) -> dict[str, str]:
    hidden = TIMES_OF_LEDGER if table != "dataset" else TIMES_OF_LEDGER - OF_TIMES
    kept = {name: value for name, value in row.items() if name not in hidden}
    named = {name: names[name].get(value, value) if name in names else value for name, value in kept.items()}
    return {name: str(bytes(value) if isinstance(value, memoryview) else value) for name, value in named.items()}
