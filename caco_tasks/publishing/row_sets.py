"""Two datasets as sets of rows: which are in one alone, which are in both, and which of these have changed.

A row is its `sample_id`, and its content the four columns of the Caco release. Ids and hashes of contents are held in
arrays, 34 bytes for a row, so that datasets of millions of rows can be compared.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caco_tasks.publishing.dataset_files import dataset_rows, record_rows
from caco_tasks.store import Store
from caco_tasks.store.registry import DatasetRecord

CONTENT = ("instruction", "output", "answer", "code")
_ROW = np.dtype([("sample", "S17"), ("content", "S17")])  # numpy sorts texts, and cuts zeros off their end
_END = b"\1"

Rows = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSets:
    """How the rows of `b` differ from those of `a`."""

    rows_a: int
    rows_b: int
    kept: int  # in both, with the same content
    came: Sequence[str]  # samples in b alone, in the order of b
    went: Sequence[str]  # samples in a alone, in the order of a
    changed: Sequence[str]  # samples in both with another content, in the order of b
    renamed: int  # of those that came: their content stands in a under another sample


def compare_rows(store: Store, a: DatasetRecord | None, b: DatasetRecord) -> RowSets:
    """Compares two datasets; None: one without rows.

    Raises:
        DamagedError: one of their files is gone or not what was published.
    """
    first, second = _hash_rows(store, a), _hash_rows(store, b)
    place_in_a, is_in_a = _find(first["sample"], second["sample"])
    _, is_in_b = _find(second["sample"], first["sample"])
    is_same = np.zeros(len(second), dtype=bool)
    is_same[is_in_a] = first["content"][place_in_a[is_in_a]] == second["content"][is_in_a]
    _, has_content_of_a = _find(first["content"], second["content"])
    return RowSets(
        rows_a=len(first),
        rows_b=len(second),
        kept=int(is_same.sum()),
        came=_ids(second[~is_in_a]),
        went=_ids(first[~is_in_b]),
        changed=_ids(second[is_in_a & ~is_same]),
        renamed=int((has_content_of_a & ~is_in_a).sum()),
    )


def read_samples(store: Store, dataset: str, samples: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The rows of some samples of a dataset, by sample."""
    wanted, found = set(samples), {}
    for row in dataset_rows(store, dataset) if wanted else ():
        if row["sample_id"] in wanted:
            found[row["sample_id"]] = row
            if len(found) == len(wanted):
                break
    return found


def content_hash(row: dict[str, Any]) -> bytes:
    """16 bytes that tell the content of a row from any other."""
    text = "\0".join(str(row[name]) for name in CONTENT)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _hash_rows(store: Store, record: DatasetRecord | None) -> Rows:
    def hashed() -> Iterator[tuple[bytes, bytes]]:
        for row in record_rows(store, record) if record is not None else ():
            yield bytes.fromhex(row["sample_id"]) + _END, content_hash(row) + _END

    return np.fromiter(hashed(), dtype=_ROW)


def _find(known: Rows, asked: Rows) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """For each of `asked` a place among `known`, and whether it is there."""
    if not len(known):
        return np.zeros(len(asked), dtype=np.intp), np.zeros(len(asked), dtype=bool)
    order = np.argsort(known, kind="stable")
    places = np.minimum(np.searchsorted(known, asked, sorter=order), len(known) - 1)
    found = order[places]
    return found, known[found] == asked


def _ids(rows: Rows) -> list[str]:
    return [value[: -len(_END)].hex() for value in rows["sample"].tolist()]
