"""Runs of tokens as hashes, and two indexes over them: how much of an item is covered, and how alike two sets are.

Everything is flat arrays: an index over some 15,000 problems is a few megabytes, and a look-up is a dozen array
operations.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_EPSILON = 1e-9  # against 0.6 * 5 = 3.0000000000000004
_FACTORS = np.array(
    [int.from_bytes(hashlib.sha256(f"gram {place}".encode()).digest()[:8], "big") | 1 for place in range(64)],
    dtype=np.uint64,
)


def gram_hashes(ids: Sequence[int], size: int) -> Hashes:
    """The hash of each run of `size` token ids (at most 64), in order; empty where there are fewer ids."""
    if len(ids) < size:
        return np.empty(0, dtype=np.uint64)
    return np.convolve(np.array(ids, dtype=np.uint64), _FACTORS[:size], "valid")  # sums of products, wrapping around


class _Arrays:
    """What is made of arrays, and can be kept as such."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was computed."""
        return {name.strip("_"): value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], **limits: float) -> Self:
        """What `arrays` came from, with the limits that it was made with."""
        found = cls.__new__(cls)
        vars(found).update({f"_{name}": value for name, value in (*arrays.items(), *limits.items())})
        return found


class CoverageIndex(_Arrays):
    """Which items are covered by a set of grams, and to what share; grams of too many items do not count."""

    def __init__(self, items: Sequence[Hashes], *, max_items: int, min_grams: int) -> None:
        keys, items_of, grams, counts = _flatten(items)
        is_rare = counts[grams] <= max_items
        order = np.argsort(grams[is_rare], kind="stable")
        self._keys = keys
        self._items = items_of[is_rare][order]
        self._starts = np.searchsorted(grams[is_rare][order], np.arange(len(keys) + 1))
        self._sizes = np.bincount(self._items, minlength=len(items))
        self._min_grams = min_grams

    def covered(self, grams: Hashes, share: float) -> list[tuple[int, float]]:
        """Pairs of an item and the share of its grams that are in `grams`, where that is at least `share`."""
        places = _find(self._keys, _distinct(grams))
        if not len(places):
            return []
        hits, counts = np.unique(
            _gather(self._starts[places], self._starts[places + 1], self._items), return_counts=True
        )
        sizes = self._sizes[hits]
        kept = (counts >= share * sizes - _EPSILON) & (sizes >= self._min_grams)
        return list(zip(hits[kept].tolist(), (counts[kept] / sizes[kept]).tolist(), strict=True))


class JaccardIndex(_Arrays):
    """Which items are alike, exactly: no sketches.

    Two sets with a Jaccard similarity of t or more share a gram among the rarest 1 - t of each (prefix filter;
    Chaudhuri, Ganti and Kaushik, ICDE 2006), so only those are looked up, and what is found is compared in full.
    """

    def __init__(self, items: Sequence[Hashes], *, threshold: float) -> None:
        keys, items_of, grams, counts = _flatten(items)
        rarity = np.empty(len(keys), dtype=np.int64)
        rarity[np.argsort(counts, kind="stable")] = np.arange(len(keys))
        ranks = rarity[grams]
        order = np.lexsort((ranks, items_of))
        self._threshold = threshold
        self._keys = keys
        self._rarity = rarity
        self._sizes = np.bincount(items_of, minlength=len(items))
        self._ends = np.cumsum(self._sizes)
        self._ranks = ranks[order]
        self._mark = np.zeros(len(keys), dtype=np.bool_)
        prefixes = np.array([self._prefix(size) for size in self._sizes.tolist()], dtype=np.int64)
        place = np.arange(len(order)) - np.repeat(self._ends - self._sizes, self._sizes)
        is_prefix = place < np.repeat(prefixes, self._sizes)
        by_rank = np.argsort(self._ranks[is_prefix], kind="stable")
        self._posted = items_of[order][is_prefix][by_rank]
        self._starts = np.searchsorted(self._ranks[is_prefix][by_rank], np.arange(len(keys) + 1))

    def alike(self, grams: Hashes) -> list[tuple[int, float]]:
        """Pairs of an item and its Jaccard similarity to the set of `grams`, where that reaches the threshold."""
        distinct = _distinct(grams)
        ranks = np.sort(self._rarity[_find(self._keys, distinct)])
        looked_up = ranks[: max(0, self._prefix(len(distinct)) - (len(distinct) - len(ranks)))]
        if not len(looked_up):
            return []
        found = np.unique(_gather(self._starts[looked_up], self._starts[looked_up + 1], self._posted))
        sizes = self._sizes[found]
        lowest = np.minimum(sizes, len(distinct)) / np.maximum(sizes, len(distinct))
        found = found[lowest >= self._threshold - _EPSILON]
        return self._compared(found, ranks, len(distinct)) if len(found) else []

    def _compared(self, found: Places, ranks: Places, size: int) -> list[tuple[int, float]]:
        starts, ends = self._ends[found] - self._sizes[found], self._ends[found]
        self._mark[ranks] = True
        hits = self._mark[_gather(starts, ends, self._ranks)]
        self._mark[ranks] = False
        shared = np.add.reduceat(hits, np.cumsum(ends - starts) - (ends - starts), dtype=np.int64)
        scores = shared / (size + self._sizes[found] - shared)
        kept = scores >= self._threshold - _EPSILON
        return list(zip(found[kept].tolist(), scores[kept].tolist(), strict=True))

    def _prefix(self, size: int) -> int:
        return size - math.ceil(self._threshold * size - _EPSILON) + 1 if size else 0


def _flatten(items: Sequence[Hashes]) -> tuple[Hashes, Places, Places, Places]:
    """Distinct grams; the item and the place of the gram of every pair; the number of items of each gram."""
    sets = [_distinct(item) for item in items]
    items_of = np.repeat(np.arange(len(sets)), [len(one) for one in sets]) if sets else np.empty(0, dtype=np.int64)
    together = np.concatenate(sets) if sets else np.empty(0, dtype=np.uint64)
    keys, grams, counts = np.unique(together, return_inverse=True, return_counts=True)
    return keys, items_of, grams, counts


def _distinct(hashes: Hashes) -> Hashes:
    """As `numpy.unique`, which takes several times as long on so few."""
    ordered = np.sort(hashes)
    return ordered[np.append(ordered[1:] != ordered[:-1], True)] if len(ordered) else ordered


def _find(keys: Hashes, wanted: Hashes) -> Places:
    """The places in sorted `keys` of those of `wanted` that are there."""
    if not len(keys):
        return np.empty(0, dtype=np.int64)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Places = places[keys[places] == wanted]
    return found


def _gather(starts: Places, ends: Places, values: Places) -> Places:
    """The concatenation of `values[start:end]` for every pair."""
    lengths = ends - starts
    offsets = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    gathered: Places = values[offsets + np.arange(len(offsets))]
    return gathered
