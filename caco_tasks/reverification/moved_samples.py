"""The samples that end otherwise, in the store: those of a shard while others are under way, and at the end all of them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.errors import DamagedError
from caco_tasks.ids import file_sha256
from caco_tasks.ledger.claims import FreeClaim
from caco_tasks.reverification.shard_replay import Move, ShardResult
from caco_tasks.reverification.stored_samples import End
from caco_tasks.store import Store
from caco_tasks.store.reverification_record import MOVED, ReverificationRecord
from caco_tasks.store.row_files import RowFile, open_checked, read_groups
from caco_tasks.store.shards import NAME_CHARS

FACTS = b"caco"  # key, in a parquet file's metadata, of what is known of a shard besides its rows


class WrittenMoves(TypedDict):
    """What a record says of the object that holds the samples that moved."""

    uri: str
    rows: int
    sha256: str


def write_moved(store: Store, folder: str, moves: Sequence[Move]) -> WrittenMoves:
    """Writes all samples that moved, in the order of their ids, to one object named by its content.

    Raises:
        StoreError: the store or the temporary folder cannot be used.
    """
    with TemporaryDirectory(prefix="caco-reverify-") as scratch:
        path = Path(scratch) / "moved.parquet"
        with RowFile(path, MOVED, what="A sample that moved") as file:
            for move in sorted(moves, key=lambda one: one.sample_id):
                file.add(_row(move))
        sha256 = file_sha256(str(path))
        uri = f"{folder}/moved-{sha256[:NAME_CHARS]}.parquet"
        store.put_file(uri, path)
    return WrittenMoves(uri=uri, rows=len(moves), sha256=sha256)


def read_moved(store: Store, record: ReverificationRecord) -> Iterator[pa.RecordBatch]:
    """The samples that moved, in the order of their ids, some thousands at a time, with the columns of MOVED.

    Raises:
        StoreError: the store cannot be used, or they are gone.
        DamagedError: they are not what was written.
    """
    try:
        with open_checked(store, record.uri, record.sha256) as file:
            yield from read_groups(file, MOVED)
    except DamagedError as exc:
        raise DamagedError(f"{record.uri} is damaged ({exc}): delete the folder that it is in, and re-verify.") from exc


def write_shard_result(store: Store, folder: str, result: ShardResult) -> None:
    """Keeps what became of a shard until all are done."""
    table = pa.Table.from_pylist([_row(move) for move in result.moves], schema=MOVED)
    facts = {
        "counts": [[asdict(was), asdict(now), samples] for (was, now), samples in result.counts.items()],
        "claims": [[*one[:3], one.sketch.hex() if one.sketch is not None else None] for one in result.free_claims],
        "calls": result.calls,
    }
    buffer = BytesIO()
    pq.write_table(table.replace_schema_metadata({FACTS: json.dumps(facts).encode()}), buffer, compression="zstd")
    store.put(_shard_uri(folder, result.shard), buffer.getvalue())


def read_shard_result(store: Store, folder: str, shard: int) -> ShardResult | None:
    """What became of a shard, where it is done."""
    found = store.get(_shard_uri(folder, shard))
    if found is None:
        return None
    try:
        table = pq.read_table(BytesIO(found), use_threads=False)
        facts = json.loads((table.schema.metadata or {})[FACTS])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None  # half written by another version: it is made anew
    return ShardResult(
        shard=shard,
        counts=Counter({(End(**was), End(**now)): samples for was, now, samples in facts["counts"]}),
        moves=tuple(parse_moves(table.to_pylist())),
        free_claims=tuple(_parse_claim(*one) for one in facts["claims"]),
        calls=facts["calls"],
    )


def parse_moves(rows: Iterable[dict[str, Any]]) -> Iterator[Move]:
    """Rows with the columns of MOVED, as moves."""
    for row in rows:
        was, now = (
            End(stage=row[f"{side}_stage"], outcome=row[f"{side}_outcome"], reason=row[f"{side}_reason"])
            for side in ("from", "to")
        )
        yield Move(sample_id=row["sample_id"], shard=row["shard"], before=was, now=now, detail=row["to_detail"])


def _parse_claim(kind: str, one: str, owner: str, sketch: str | None) -> FreeClaim:
    return FreeClaim(kind, one, owner, None if sketch is None else bytes.fromhex(sketch))


def _shard_uri(folder: str, shard: int) -> str:
    return f"{folder}/shards/{shard:05d}.parquet"


def _row(move: Move) -> dict[str, Any]:
    return {
        "sample_id": move.sample_id,
        "shard": move.shard,
        "from_stage": move.before.stage,
        "from_outcome": move.before.outcome,
        "from_reason": move.before.reason,
        "to_stage": move.now.stage,
        "to_outcome": move.now.outcome,
        "to_reason": move.now.reason,
        "to_detail": move.detail,
    }
