"""A version of a dataset without some of its rows: what is taken out, by whom and why, stays on record beside the data.

`datasets/{name}/{version}.r{hash}/` holds the files of the version that it supersedes, without the named rows; a file from
which none goes is copied byte by byte. `tombstones-{hash}.parquet` names every row that was taken out; manifest and card
say which version was superseded and how many rows went for which reason. The version is named by its content, so the same
call twice makes one version. State comes last: whatever is killed before it is gone on with by the same call. The version
before is left as it is: whoever wants it withdrawn says so (`caco_tasks.publishing.states`).

>>> revise(store, "caco-nano/2026-11-20-0123abcd", {sample_id: "recalled"}, by="ada", because="a wrong seed").version
'2026-11-20-0123abcd.r5f0c1e2a'
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from caco_tasks.errors import ConfigError, ConservationError, DamagedError
from caco_tasks.format import format_count
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.publishing.croissant import put_croissant
from caco_tasks.publishing.dataset_card import size_category, table
from caco_tasks.publishing.dataset_files import read_dataset
from caco_tasks.publishing.dataset_row import SCHEMA
from caco_tasks.publishing.states import split_name, stage_dataset
from caco_tasks.store import Store
from caco_tasks.store.file_store import mending_os_errors
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DatasetFile, DatasetRecord, dataset_folder, dataset_manifest_uri
from caco_tasks.store.row_files import ROWS_PER_GROUP, ZSTD_LEVEL, RowFile
from caco_tasks.version import code_version

TOMBSTONES = {
    "sample_id": "the row that was taken out",
    "reason": "why, in a word or two: what it has in common with others",
    "by": "who decided it",
    "because": "why, in the words of whoever decided it",
    "at": "when, in UTC",
}
TOMBSTONE_SCHEMA = pa.schema(
    [
        pa.field(name, pa.timestamp("us", tz="UTC") if name == "at" else pa.string(), nullable=False)
        for name in TOMBSTONES
    ]
)
# what else a manifest says is of that version alone
KEPT_FACTS = ("output_key", "licence", "licence_note", "sources", "reverification")
HEADING = "Rows taken out"

_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_REVISED = re.compile(r"\.r[0-9a-f]{8}$")


def revise(
    store: Store,
    dataset: str,
    removed: Mapping[str, str],
    *,
    by: str,
    because: str,
    added: Sequence[Mapping[str, Any]] = (),
    facts: Mapping[str, Any] | None = None,
) -> DatasetRecord:
    """Stages the version of a dataset without some rows, and returns its manifest; it is published like any other.

    Memory grows with the rows that go, not with those that stay.

    Args:
        store: where the dataset lies.
        dataset: the version that is superseded, as name/version, in any state; its files are only read.
        removed: the sample ids of the rows that go, each with its reason.
        by: who decided it.
        because: why.
        added: rows that come, in a file behind the others, by the columns of `dataset_row.SCHEMA`.
        facts: what else its manifest says.

    Raises:
        ConfigError: nothing is to go or to come, a row is not in the dataset, or nobody or no reason is named.
        StoreError: there is no such dataset, or the store cannot be used.
        DamagedError: one of its files is gone or not what was published.
    """
    is_said = all(said.strip() for said in (by, because, *removed.values()))
    if not is_said or not (removed or added):
        raise ConfigError(f"What goes from '{dataset}', who decides it and why is kept with it: name all three.")
    old = read_dataset(store, dataset)
    manifest = store.get(dataset_manifest_uri(*split_name(dataset))) or b""
    sha256 = hashlib.sha256(manifest).hexdigest()
    coming = [[str(row["sample_id"]) for row in added]] if added else []
    version = f"{_REVISED.sub('', old.version)}.r{content_id('revision', dataset, sha256, dict(removed), *coming)[:8]}"
    uri = dataset_manifest_uri(old.dataset, version)
    found = store.get(uri)
    if found is None:
        new = _write_files(store, old, version, removed, added, by=by, because=because)
        told = {**new.facts, "supersedes": dataset, "supersedes_sha256": sha256, **(facts or {})}
        new = put_croissant(store, new.model_copy(update={"facts": told}))
        store.put(uri, new.model_dump_json(indent=1).encode())
    else:
        new = parse_stored(DatasetRecord, found, uri=uri)
    stage_dataset(store, f"{old.dataset}/{version}", by=by, because=because)
    return new


def read_tombstones(store: Store, record: DatasetRecord) -> pa.Table:
    """The rows that were taken out of a version, by the columns of `TOMBSTONES`; none where it supersedes no other.

    Raises:
        DamagedError: the file is not what the manifest says.
        StoreError: the store cannot be used.
    """
    file = record.tombstones
    if file is None:
        return TOMBSTONE_SCHEMA.empty_table()
    with TemporaryDirectory() as scratch:
        path = _fetch(store, file, Path(scratch))
        return pq.read_table(path, schema=TOMBSTONE_SCHEMA, use_threads=False)


def _write_files(
    store: Store,
    old: DatasetRecord,
    version: str,
    removed: Mapping[str, str],
    added: Sequence[Mapping[str, Any]],
    *,
    by: str,
    because: str,
) -> DatasetRecord:
    """Writes rows, tombstones and card of a version; the manifest for the caller to write, which makes it one."""
    folder = dataset_folder(old.dataset, version)
    with TemporaryDirectory(prefix="caco-revision-") as scratch:
        files = tuple(_revised_files(store, old, folder, removed, Path(scratch)))
        rows = sum(file.rows for file in files)
        if old.rows - rows != len(removed):
            raise ConfigError(
                f"Of {len(removed)} rows that are to go from '{old.dataset}/{old.version}' it has {old.rows - rows}: "
                "name rows of this version alone."
            )
        if added:
            files += (_write_added(store, folder, len(files), added, Path(scratch)),)
        tombstones = _write_tombstones(store, folder, removed, Path(scratch), by=by, because=because)
    reasons = dict(sorted(Counter(removed.values()).items()))
    card = store.get(f"{dataset_folder(old.dataset, old.version)}/README.md")
    text = revised_card(
        card.decode("utf-8", "replace") if card is not None else None,
        old,
        rows=rows + len(added),
        reasons=reasons,
        added=len(added),
    )
    store.put(f"{folder}/README.md", text.encode())
    told = {
        "card_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "tombstones": tombstones.model_dump(mode="json"),
        "removed": reasons,
        **({"added": len(added)} if added else {}),
    }
    changes = {"version": version, "rows": rows + len(added), "files": files, "code_version": code_version()}
    kept = {name: value for name, value in old.facts.items() if name in KEPT_FACTS}
    return old.model_copy(update={**changes, "facts": {**kept, **told}})


def _revised_files(
    store: Store, old: DatasetRecord, folder: str, removed: Mapping[str, str], scratch: Path
) -> Iterator[DatasetFile]:
    """The data files without the removed rows, under the names that they have; the disk holds two at a time."""
    gone = pa.array(list(removed), pa.string())
    for file in old.files:
        path = _fetch(store, file, scratch)
        kept = path.with_name(f"kept-{path.name}")
        try:
            left = _filter_rows(path, kept, gone)
        except (pa.ArrowException, KeyError) as exc:
            raise DamagedError(f"{file.uri} is no parquet file with a column sample_id: publish it again.") from exc
        written = kept if left < file.rows else path
        uri = f"{folder}/{path.name}"
        store.put_file(uri, written)
        yield DatasetFile(uri=uri, rows=left, bytes=written.stat().st_size, sha256=file_sha256(str(written)))
        path.unlink()
        kept.unlink(missing_ok=True)


def _write_added(
    store: Store, folder: str, number: int, added: Sequence[Mapping[str, Any]], scratch: Path
) -> DatasetFile:
    """The rows that come, in a file behind the others."""
    path = scratch / f"train-{number:05d}-of-{number + 1:05d}.parquet"
    with RowFile(path, SCHEMA, what="A row of the dataset") as file:
        for row in added:
            file.add(row)
    uri = f"{folder}/{path.name}"
    store.put_file(uri, path)
    return DatasetFile(uri=uri, rows=len(added), bytes=path.stat().st_size, sha256=file_sha256(str(path)))


def _filter_rows(path: Path, kept: Path, gone: pa.Array) -> int:
    """Writes the rows whose sample is not `gone`, with the columns that the file has; returns how many these are.

    Nothing is written where all stay.
    """
    parquet = pq.ParquetFile(path)
    ids = parquet.iter_batches(columns=["sample_id"], use_threads=False)
    if not any(pc.any(pc.is_in(batch.column("sample_id"), value_set=gone)).as_py() for batch in ids):
        return int(parquet.metadata.num_rows)
    rows, how = 0, {"compression": "zstd", "compression_level": ZSTD_LEVEL, "version": "2.6"}
    with mending_os_errors(kept), pq.ParquetWriter(kept, parquet.schema_arrow, **how) as writer:
        for batch in parquet.iter_batches(batch_size=ROWS_PER_GROUP, use_threads=False):
            left = batch.filter(pc.invert(pc.is_in(batch.column("sample_id"), value_set=gone)))
            rows += left.num_rows
            if left.num_rows:
                writer.write_batch(left)
    return rows


def _write_tombstones(
    store: Store, folder: str, removed: Mapping[str, str], scratch: Path, *, by: str, because: str
) -> DatasetFile:
    path, at = scratch / "tombstones.parquet", datetime.now(UTC)
    with RowFile(path, TOMBSTONE_SCHEMA, what="A tombstone") as file:
        for sample_id, reason in sorted(removed.items()):
            file.add({"sample_id": sample_id, "reason": reason, "by": by, "because": because, "at": at})
    sha256 = file_sha256(str(path))
    # named by content: of two who do this at once each names its own file, whoever's manifest stays
    uri = f"{folder}/tombstones-{sha256[:16]}.parquet"
    store.put_file(uri, path)
    return DatasetFile(uri=uri, rows=len(removed), bytes=path.stat().st_size, sha256=sha256)


def _fetch(store: Store, file: DatasetFile, scratch: Path) -> Path:
    path = scratch / file.uri.rpartition("/")[2]
    store.get_file(file.uri, path)
    if file_sha256(str(path)) != file.sha256:
        raise DamagedError(f"{file.uri} is not what was published: restore it, or publish the dataset again.")
    return path


def revised_card(card: str | None, old: DatasetRecord, *, rows: int, reasons: Mapping[str, int], added: int = 0) -> str:
    """The card of a version without some rows: that of the one before, with the new count and what went.

    Raises:
        ConservationError: the card speaks of another number of rows than its dataset has.
    """
    name = f"{old.dataset}/{old.version}"
    said = (
        f"This version supersedes `{name}`: {format_count(sum(reasons.values()))} of its {format_count(old.rows)} rows "
        "were taken out. `tombstones-*.parquet` names them, with who decided it and why. What follows tells of the run that "
        "made the rows, as it was."
    )
    if added:
        said = f"{format_count(added)} rows were added that newer checks accept. {said}"
    counts = table(("reason", "rows taken out"), [(f"`{reason}`", count) for reason, count in reasons.items()])
    section = f"## {HEADING}\n\n{said}\n\n{counts}\n"
    if card is None:  # a dataset made by hand
        return f"# {name}\n\n{format_count(rows)} problems without a card.\n\n{section}"
    before, after = (f"\n{format_count(count)} problems " for count in (old.rows, rows))
    if before not in card:
        raise ConservationError(
            f"The card of {name} does not speak of its {old.rows} rows: `caco verify {name}` tells more."
        )
    opening, separator, rest = _resized(card, rows).replace(before, after, 1).partition("\n## ")
    return f"{opening}\n{section}{separator}{rest}" if separator else f"{opening}\n\n{section}"


def _resized(card: str, rows: int) -> str:
    """The card whose head says how large the dataset is now."""
    head = _HEAD.match(card)
    if head is None:
        return card
    said: dict[str, Any] = yaml.safe_load(head[1]) | {"size_categories": [size_category(rows)]}
    return f"---\n{yaml.safe_dump(said, sort_keys=False)}---\n{card[head.end() :]}"
