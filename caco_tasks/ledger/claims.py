"""Who saw a fingerprint first, agreed on by all shards, reruns and nights; kept in the store beside the shard.

The claims of a finished shard are exported once, to `{shard:05d}.claims.parquet` beside its manifest, so that a ledger
lost with its disk gets them back from the store.
"""

from collections.abc import Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from caco_tasks.errors import DamagedError, LedgerError
from caco_tasks.ledger.connection import Database
from caco_tasks.store.base import Store
from caco_tasks.store.manifest import Manifest, run_folder

CLAIMING_STAGES = ("unify", "dedup")

_INSERT = text("""
    INSERT INTO caco.fingerprint (kind, hash, owner, run_id)
    SELECT kind, hash, owner, :run_id
    FROM (
        SELECT DISTINCT ON (kind, hash) kind, hash, owner
        FROM unnest(CAST(:kinds AS text[]), CAST(:hashes AS text[]), CAST(:owners AS text[]))
            WITH ORDINALITY AS asked (kind, hash, owner, place)
        ORDER BY kind, hash, place
    ) AS first_asked
    ORDER BY kind, hash
    ON CONFLICT DO NOTHING
""")  # in order, so that two callers never wait for each other
_WINNERS = text("SELECT hash, owner FROM caco.fingerprint WHERE kind = :kind AND hash = ANY(CAST(:hashes AS text[]))")
_OWNED = text("""
    SELECT kind, hash, owner FROM caco.fingerprint
    WHERE owner = ANY(CAST(:owners AS text[])) AND run_id = :run_id
    ORDER BY kind, hash
""")


class LedgerClaims:
    """The claims of one run; satisfies `caco_tasks.context.Claims`."""

    def __init__(self, database: Database, run_id: str) -> None:
        """Claims in the name of a run."""
        self._database = database
        self._run_id = run_id

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash, in the order of `hashes`; an unclaimed hash goes to the owner given with it.

        A claim stands from the moment this returns, and is the same for everybody: for concurrent callers, who wait for
        each other, and for a rerun, whose owners win what they won before.

        Raises:
            LedgerError: Postgres does not answer, or `hashes` and `owners` differ in length.
        """
        if len(hashes) != len(owners):
            raise LedgerError(f"{len(hashes)} hashes of '{kind}' come with {len(owners)} owners: give one for each.")
        asked = {"run_id": self._run_id, "kinds": [kind] * len(hashes), "hashes": list(hashes), "owners": list(owners)}
        with self._database.transaction() as connection:
            connection.execute(_INSERT, asked)
        with self._database.transaction() as connection:
            rows = connection.execute(_WINNERS, {"kind": kind, "hashes": list(hashes)}).all()
        winners: dict[str, str] = {row.hash: row.owner for row in rows}
        return [winners[one] for one in hashes]


def keep_claims(connection: Connection, store: Store, manifest: Manifest, owners: Sequence[str]) -> None:
    """Exports what the owners of a shard hold, or, where that was done before, takes it back from the store.

    Raises:
        DamagedError: the exported claims are not readable.
        StoreError: the store cannot be used.
    """
    uri = claims_uri(manifest)
    kept = store.get(uri)
    if kept is not None:
        connection.execute(_INSERT, {"run_id": manifest.run_id, **_decode(kept, uri)})
        return
    rows = connection.execute(_OWNED, {"owners": list(owners), "run_id": manifest.run_id}).all()
    columns = {name: [getattr(row, name) for row in rows] for name in ("kind", "hash", "owner")}
    buffer = BytesIO()
    pq.write_table(pa.table(columns, schema=_SCHEMA), buffer, compression="zstd")
    store.put(uri, buffer.getvalue())


def claims_uri(manifest: Manifest) -> str:
    """Where the claims of a shard lie below the store's root."""
    return f"{run_folder(manifest.partition, manifest.run_id)}/{manifest.stage}/{manifest.shard:05d}.claims.parquet"


_SCHEMA = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("kind", "hash", "owner")])


def _decode(data: bytes, uri: str) -> dict[str, list[str]]:
    try:
        table = pq.read_table(BytesIO(data), use_threads=False)
        return {f"{name}s" if name != "hash" else "hashes": table[name].to_pylist() for name in _SCHEMA.names}
    except (pa.ArrowException, OSError, KeyError) as exc:
        raise DamagedError(f"The claims {uri} are damaged: delete them and load the shard again.") from exc
