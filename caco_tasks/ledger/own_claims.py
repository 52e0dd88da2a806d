"""Claims of a run that takes nothing from others: an ablation sees what earlier dates own, and nobody sees what it claims.

An arm of an ablation lets samples through that a nightly run rejects. If they claimed programs and problems as others do,
good samples of later runs would be rejected as their copies, and the arms would spoil each other. So an arm's claims have a
space of their own, named by the way that its samples came: runs that came the same way share their outputs, and with them
the space. What other dates and the seeds own is seen, as by everybody; what a nightly run of the same date owns is not,
for it is about the same samples.
"""

from collections.abc import Sequence

from sqlalchemy import text

from caco_tasks.ledger.claims import IsAlike, LedgerClaims
from caco_tasks.ledger.connection import Database

SPACE_CHARS = 16  # of a space, in the kind of a claim

# the seeds' claims of this date are seen too: they are made in another pipeline
_SEEN = text("""
    SELECT hash, owner, sketch FROM caco.fingerprint AS claim
    WHERE kind = :kind AND hash = ANY(CAST(:hashes AS uuid[])) AND NOT EXISTS (
        SELECT FROM caco.output AS maker JOIN caco.run USING (run_no)
        WHERE maker.key = claim.output_key AND maker.partition = CAST(:partition AS date) AND run.pipeline = 'nightly')
    ORDER BY hash, place
""")


class OwnClaims(LedgerClaims):
    """The claims made for one output in a space; satisfies `caco_tasks.context.Claims` as `LedgerClaims` does."""

    def __init__(self, database: Database, key: str, *, space: str, partition: str) -> None:
        """Claims in the name of an output of a run over a date."""
        super().__init__(database, key)
        self._space = space[:SPACE_CHARS]
        self._partition = partition

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash: of another date, or else the first in this space.

        Raises:
            LedgerError: as in `LedgerClaims`.
        """
        mine = super().claim(self._own(kind), hashes, owners)
        seen: dict[str, str] = {}
        for family, owner, _ in self._seen(kind, hashes):
            seen.setdefault(family, owner)
        return [seen.get(one, winner) for one, winner in zip(hashes, mine, strict=True)]

    def claim_unlike(
        self,
        kind: str,
        families: Sequence[str],
        sketches: Sequence[bytes],
        owners: Sequence[str],
        *,
        is_alike: IsAlike,
    ) -> list[str]:
        """For each sketch the first owner of another date that is alike, or else the first in this space.

        Raises:
            LedgerError: as in `LedgerClaims`.
        """
        mine = super().claim_unlike(self._own(kind), families, sketches, owners, is_alike=is_alike)
        seen: dict[str, list[tuple[str, bytes]]] = {}
        for family, owner, sketch in self._seen(kind, families):
            seen.setdefault(family, []).append((owner, sketch))
        return [
            next((owner for owner, known in seen.get(family, ()) if is_alike(known, sketch)), winner)
            for family, sketch, winner in zip(families, sketches, mine, strict=True)
        ]

    def _own(self, kind: str) -> str:
        return f"{kind}@{self._space}"

    def _seen(self, kind: str, hashes: Sequence[str]) -> list[tuple[str, str, bytes]]:
        asked = {"kind": kind, "hashes": sorted(set(hashes)), "partition": self._partition}
        with self._database.transaction() as connection:
            return [(row.hash.hex, row.owner.hex, bytes(row.sketch or b"")) for row in connection.execute(_SEEN, asked)]
