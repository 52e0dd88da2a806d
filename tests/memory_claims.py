"""Claims that last as long as the process: for benchmarks and tests; the ledger's last for ever."""

from collections.abc import Callable, Sequence

from caco_tasks.ledger.claims import Member, join


class MemoryClaims:
    """Claims in memory; satisfies `caco_tasks.context.Claims`."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}
        self._families: dict[tuple[str, str], list[Member]] = {}

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash; unclaimed hashes go to the owner given with them."""
        return [self._owners.setdefault((kind, one), owner) for one, owner in zip(hashes, owners, strict=True)]

    def claim_unlike(
        self,
        kind: str,
        families: Sequence[str],
        sketches: Sequence[bytes],
        owners: Sequence[str],
        *,
        is_alike: Callable[[bytes, bytes], bool],
    ) -> list[str]:
        """For each sketch the first owner in its family that is alike; its own owner where there is none, who joins."""
        return [
            join(self._families.setdefault((kind, family), []), Member(owner, sketch), is_alike)
            for family, sketch, owner in zip(families, sketches, owners, strict=True)
        ]
