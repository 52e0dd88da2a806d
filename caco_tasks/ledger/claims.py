"""Who saw a fingerprint first, agreed on by all outputs, runs and dates; kept in the store beside the output.

Owners are samples and seeds, which are the same in every run: a second run over the same samples wins its own claims
again. The claims of a finished output are exported once, to `claims.parquet` beside its manifest, so that a ledger lost
with its disk gets them back from the store.
"""

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

from caco_tasks.errors import DamagedError, LedgerError
from caco_tasks.ledger.connection import Database
from caco_tasks.store.manifest import Manifest, output_folder
from caco_tasks.store.store import Store

_ASKED = """
    INSERT INTO caco.fingerprint (kind, hash, place, owner, sketch, output_key)
    SELECT kind, hash, place, owner, sketch, CAST(:key AS uuid)
    FROM unnest(
        CAST(:kinds AS text[]), CAST(:hashes AS uuid[]), CAST(:places AS integer[]), CAST(:owners AS uuid[]),
        CAST(:sketches AS bytea[])
    ) AS asked (kind, hash, place, owner, sketch)
"""
# in order, so that two callers never wait for each other
_IN_ORDER = "ORDER BY kind, hash, place ON CONFLICT DO NOTHING RETURNING hash"
_INSERT = text(f"{_ASKED} {_IN_ORDER}")
# a family whose first member was released has members all the same: who comes now has to be held against them
_INSERT_FIRST = text(f"""
    {_ASKED}
    WHERE NOT EXISTS (
        SELECT FROM caco.fingerprint AS member WHERE member.kind = asked.kind AND member.hash = asked.hash)
    {_IN_ORDER}
""")
_OWNERS = text("""
    SELECT hash, owner FROM caco.fingerprint
    WHERE kind = :kind AND hash = ANY(CAST(:hashes AS uuid[])) AND place = 0
""")
_LOCK_FAMILIES = text("""
    SELECT 1 FROM caco.fingerprint AS member
    WHERE kind = :kind AND hash = ANY(CAST(:hashes AS uuid[])) AND place = (
        SELECT min(place) FROM caco.fingerprint AS other WHERE other.kind = member.kind AND other.hash = member.hash)
    ORDER BY hash
    FOR UPDATE
""")
_FAMILIES = text("""
    SELECT hash, place, owner, sketch FROM caco.fingerprint
    WHERE kind = :kind AND hash = ANY(CAST(:hashes AS uuid[]))
    ORDER BY hash, place
""")
_OF_OUTPUT = text("""
    SELECT kind, hash, place, owner, sketch FROM caco.fingerprint
    WHERE output_key = CAST(:key AS uuid)
    ORDER BY kind, hash, place
""")
# a sample that another run has too keeps its claims, in whichever of its outputs it made them; one that is still on its
# way through another run has no fate there yet, but that run has the output in which the claim was made, or claims anew
_RELEASE = text("""
    WITH mine AS (
        SELECT output_no FROM caco.run_output JOIN caco.run USING (run_no) WHERE run_id = CAST(:run_id AS uuid)
    ), others AS (
        SELECT output_no FROM caco.run_output JOIN caco.run USING (run_no) WHERE run_id <> CAST(:run_id AS uuid)
    )
    DELETE FROM caco.fingerprint
    WHERE output_key IN (
            SELECT key FROM caco.output
            WHERE output_no IN (SELECT output_no FROM mine) AND output_no NOT IN (SELECT output_no FROM others))
        AND NOT EXISTS (
            SELECT FROM caco.fate
            WHERE fate.subject = fingerprint.owner AND fate.output_no IN (SELECT output_no FROM others))
    RETURNING output_key
""")


class Member(NamedTuple):
    """One owner in a family, and what tells it from the others."""

    owner: str
    sketch: bytes


IsAlike = Callable[[bytes, bytes], bool]


def join(family: list[Member], one: Member, is_alike: IsAlike) -> str:
    """The first owner of `family` that is alike, which may be that of `one`; without one, `one` joins at the end."""
    # by likeness alone: a sample that another run gave another problem claims that one too
    for member in family:
        if is_alike(member.sketch, one.sketch):
            return member.owner
    family.append(one)
    return one.owner


class LedgerClaims:
    """The claims made for one output; satisfies `caco_tasks.context.Claims`. Hashes and owners are 32 hex digits.

    A claim stands from the moment its method returns, and is the same for everybody: for concurrent callers, who wait
    for each other, and for a rerun, whose owners win what they won before.
    """

    def __init__(self, database: Database, key: str) -> None:
        """Claims in the name of an output."""
        self._database = database
        self._key = key

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash, in the order of `hashes`; an unclaimed hash goes to the owner given with it.

        Raises:
            LedgerError: Postgres does not answer, or `hashes` and `owners` differ in length.
        """
        if len(hashes) != len(owners):
            raise LedgerError(f"{len(hashes)} hashes of '{kind}' come with {len(owners)} owners: give one for each.")
        winners = _firsts(
            hashes, owners
        )  # within one call the first of equal hashes wins, whatever Postgres inserts first
        taken = self._taken(kind, [(one, 0, owner, None) for one, owner in winners.items()])
        if taken:  # a second transaction: what others committed in between is seen only by a new one
            with self._database.transaction() as connection:
                rows = connection.execute(_OWNERS, {"kind": kind, "hashes": taken}).all()
            winners |= {row.hash.hex: row.owner.hex for row in rows}
        return [winners[one] for one in hashes]

    def claim_unlike(
        self,
        kind: str,
        families: Sequence[str],
        sketches: Sequence[bytes],
        owners: Sequence[str],
        *,
        is_alike: IsAlike,
    ) -> list[str]:
        """For each sketch the first owner in its family that is alike; its own owner where there is none, who joins.

        Who opens a family is settled by its key; who joins one that is there waits for the row of its first member.

        Raises:
            LedgerError: Postgres does not answer.
        """
        members = [Member(owner, sketch) for owner, sketch in zip(owners, sketches, strict=True)]
        opening = _firsts(families, members)
        taken = set(self._taken(kind, [(family, 0, *one) for family, one in opening.items()]))
        later = [
            (family, one)
            for family, one in zip(families, members, strict=True)
            if family in taken or opening[family] is not one
        ]
        joined = iter(self._join(kind, later, is_alike) if later else ())
        return [
            next(joined) if family in taken or opening[family] is not one else one.owner
            for family, one in zip(families, members, strict=True)
        ]

    def _taken(self, kind: str, rows: Sequence[tuple[str, int, str, bytes | None]]) -> list[str]:
        """Inserts claims, and returns the hashes that were claimed before."""
        with self._database.transaction() as connection:
            new = {row.hash.hex for row in connection.execute(_INSERT_FIRST, self._asked((kind, *row) for row in rows))}
        return [row[0] for row in rows if row[0] not in new]

    def _join(self, kind: str, members: Sequence[tuple[str, Member]], is_alike: IsAlike) -> list[str]:
        """Joins members to families that are there, one after the other."""
        asked = {"kind": kind, "hashes": sorted({family for family, _ in members})}
        with self._database.transaction() as connection:
            connection.execute(_LOCK_FAMILIES, asked)
            families: dict[str, list[Member]] = {family: [] for family in asked["hashes"]}
            places: dict[str, int] = {}  # the next ones: a released claim leaves a gap
            for row in connection.execute(_FAMILIES, asked):
                families[row.hash.hex].append(Member(row.owner.hex, bytes(row.sketch)))
                places[row.hash.hex] = row.place + 1
            sizes = {family: len(found) for family, found in families.items()}
            winners = [join(families[family], one, is_alike) for family, one in members]
            new = [
                (kind, family, place, *member)
                for family, found in families.items()
                for place, member in enumerate(found[sizes[family] :], places.get(family, 0))
            ]
            if new:
                connection.execute(_INSERT, self._asked(new))
        return winners

    def _asked(self, rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
        return {"key": self._key, **_columns(rows)}


class FreeClaim(NamedTuple):
    """A fingerprint that nobody has claimed, and who would claim it."""

    kind: str
    hash: str
    owner: str
    sketch: bytes | None  # None: a kind of claim that only equal hashes are alike in


class RecordedClaims:
    """Who would win which claim, were it made now: looked up and written nowhere; satisfies `caco_tasks.context.Claims`.

    What nobody has claimed goes to the first who asks for it here, and is noted in `free`: two who ask elsewhere at the same
    time do not see each other.
    """

    def __init__(self, database: Database) -> None:
        self.free: list[FreeClaim] = []
        self._database = database

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash; an unclaimed one goes to the first owner who comes with it."""
        with self._database.transaction() as connection:
            rows = connection.execute(_OWNERS, {"kind": kind, "hashes": sorted(set(hashes))}).all()
        recorded = {row.hash.hex: row.owner.hex for row in rows}
        winners = _firsts(hashes, owners) | recorded
        self.free += [FreeClaim(kind, one, winners[one], None) for one in winners if one not in recorded]
        return [winners[one] for one in hashes]

    def claim_unlike(
        self,
        kind: str,
        families: Sequence[str],
        sketches: Sequence[bytes],
        owners: Sequence[str],
        *,
        is_alike: IsAlike,
    ) -> list[str]:
        """For each sketch the first owner in its family that is alike; its own owner where there is none."""
        members: dict[str, list[Member]] = {family: [] for family in families}
        with self._database.transaction() as connection:
            for row in connection.execute(_FAMILIES, {"kind": kind, "hashes": sorted(members)}):
                members[row.hash.hex].append(Member(row.owner.hex, bytes(row.sketch)))
        winners = []
        for family, sketch, owner in zip(families, sketches, owners, strict=True):
            before = len(members[family])
            winners.append(join(members[family], Member(owner, sketch), is_alike))
            if len(members[family]) > before:
                self.free.append(FreeClaim(kind, family, owner, sketch))
        return winners


def keep_claims(connection: Connection, store: Store, manifest: Manifest) -> None:
    """Exports what an output claimed, or, where that was done before, takes it back from the store.

    Raises:
        DamagedError: the exported claims are not readable.
        StoreError: the store cannot be used.
    """
    uri = claims_uri(manifest.stage, manifest.key)
    if restore_claims(connection, store, uri, manifest.key):
        return  # exported once: what came later under this key was claimed by a losing attempt
    export_claims(connection, store, uri, manifest.key)


def restore_claims(connection: Connection, store: Store, uri: str, key: str) -> bool:
    """Takes back what was claimed in the name of `key`, where it was exported to `uri`; whether it was.

    Raises:
        DamagedError: the exported claims are not readable.
        StoreError: the store cannot be used.
    """
    kept = store.get(uri)
    if kept is None:
        return False
    try:
        table = pq.read_table(BytesIO(kept), use_threads=False).select(_SCHEMA.names)
    except (pa.ArrowException, OSError, KeyError) as exc:
        raise DamagedError(f"The claims {uri} are damaged: delete them and load the output again.") from exc
    columns = {name: column.to_pylist() for name, column in zip(_COLUMNS, table.columns, strict=True)}
    connection.execute(_INSERT, {"key": key, **columns})
    return True


def export_claims(connection: Connection, store: Store, uri: str, key: str) -> None:
    """Writes to `uri` what was claimed in the name of `key`.

    Raises:
        StoreError: the store cannot be used.
    """
    found = connection.execute(_OF_OUTPUT, {"key": key})
    rows = [(row.kind, row.hash.hex, row.place, row.owner.hex, row.sketch) for row in found]
    buffer = BytesIO()
    pq.write_table(pa.table(list(_columns(rows).values()), schema=_SCHEMA), buffer, compression="zstd")
    store.put(uri, buffer.getvalue())


def release_claims(connection: Connection, run_id: str) -> tuple[int, set[str]]:
    """Frees what only the samples of one run claimed; returns how many claims, and the keys of their outputs."""
    keys = [key.hex for key in connection.execute(_RELEASE, {"run_id": run_id}).scalars()]
    return len(keys), set(keys)


def claims_uri(stage: str, key: str) -> str:
    """Where the claims of an output lie below the store's root."""
    return f"{output_folder(stage, key)}/claims.parquet"


_COLUMNS = ("kinds", "hashes", "places", "owners", "sketches")
_SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("hash", pa.string(), nullable=False),
        pa.field("place", pa.int32(), nullable=False),
        pa.field("owner", pa.string(), nullable=False),
        pa.field("sketch", pa.binary()),
    ]
)


def _columns(rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """Rows of kind, hash, place, owner and sketch, as columns."""
    rows = list(rows)
    return {name: [row[place] for row in rows] for place, name in enumerate(_COLUMNS)}


def _firsts(keys: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """For each key the first value that comes with it."""
    first: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        first.setdefault(key, value)
    return first
