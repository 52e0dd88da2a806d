"""Claiming fingerprints: whoever comes first keeps one, in whatever order shards, reruns and nights come."""

from collections.abc import Iterable, Sequence

from caco_tasks.context import Claims


class MemoryClaims:
    """Claims that last as long as the process: for benchmarks and tests; the ledger's last for ever."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash; unclaimed hashes go to the owner given with them."""
        return [self._owners.setdefault((kind, one), owner) for one, owner in zip(hashes, owners, strict=True)]


def claim_pairs(claims: Claims, kind: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Claims pairs of owner and hash at once; the winner of each. Of a hash given twice the first pair counts."""
    pairs = list(pairs)
    first: dict[str, str] = {}
    for owner, one in pairs:
        first.setdefault(one, owner)
    hashes = sorted(first)  # one order for all callers: two that wait for each other's rows cannot deadlock
    winners = dict(zip(hashes, claims.claim(kind, hashes, [first[one] for one in hashes]), strict=True))
    return [winners[one] for _, one in pairs]
