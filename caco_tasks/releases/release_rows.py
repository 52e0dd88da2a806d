"""The rows of a release: those of the datasets of a week, one after the other, each program and each problem once.

Rows are alike as `dedup` and `decontaminate` have it: programs with the same syntax tree, problems with the same numbers and
answer in nearly the same words; the first in the order of the dates stays. What gives the same outputs under changed inputs
has one owner in the ledger, whichever night it came from, so no two published samples of one ledger behave alike.

Memory grows by three hashes a row and what it takes to sort them, some 100 bytes; of texts one row is held at a time, and a
sketch of problems that have numbers and answer in common.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from caco_tasks.checks.fingerprints import alike, problem_family, problem_sketches, program_fingerprint
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.store import Store

REASONS = ("recalled", "same_sample", "same_program", "same_problem")
KEPT = len(REASONS)  # in an array of one byte a row: the place of its reason, or this
_HASHES = np.dtype([("sample", "S17"), ("program", "S17"), ("family", "S17")])
_END = b"\1"  # numpy cuts zeros off the end of a text


def choose_rows(store: Store, datasets: Sequence[str], *, recalled: Set[str], likeness: float) -> NDArray[np.uint8]:
    """For each row of the datasets, in order, whether it is kept (`KEPT`) or the place of the reason why not.

    Args:
        store: where the datasets lie.
        datasets: each as name/version, in the order in which the first of two like rows stays.
        recalled: samples that were taken out of any version of a dataset.
        likeness: of the words of two problems, from which on they are the same (`dedup.same_problem_jaccard`).

    Raises:
        DamagedError: a file is gone or not what was published.
    """
    hashes = np.fromiter((_hash_row(row) for row in _rows(store, datasets)), dtype=_HASHES)
    fate = np.full(len(hashes), KEPT, dtype=np.uint8)
    gone = np.array([bytes.fromhex(sample) + _END for sample in recalled], dtype="S17")
    fate[np.isin(hashes["sample"], gone)] = REASONS.index("recalled")
    for column, reason in (("sample", "same_sample"), ("program", "same_program")):
        left = np.flatnonzero(fate == KEPT)
        _, first = np.unique(hashes[column][left], return_index=True)
        again = np.delete(left, first)
        fate[again] = REASONS.index(reason)
    left = np.flatnonzero(fate == KEPT)
    _, place, count = np.unique(hashes["family"][left], return_inverse=True, return_counts=True)
    suspects = set(left[count[place] > 1].tolist())
    fate[list(_same_problems(store, datasets, suspects, likeness))] = REASONS.index("same_problem")
    return fate


def kept_rows(store: Store, datasets: Sequence[str], fate: NDArray[np.uint8]) -> Iterator[dict[str, Any]]:
    """The rows that `choose_rows` kept."""
    for row, one in zip(_rows(store, datasets), fate, strict=True):
        if one == KEPT:
            yield row


def _rows(store: Store, datasets: Sequence[str]) -> Iterator[dict[str, Any]]:
    for dataset in datasets:
        yield from dataset_rows(store, dataset)


def _hash_row(row: Mapping[str, Any]) -> tuple[bytes, ...]:
    family = problem_family(row["instruction"], row["answer"])
    hashes = (row["sample_id"], program_fingerprint(row["code"]), family)
    return tuple(bytes.fromhex(one) + _END for one in hashes)


def _same_problems(store: Store, datasets: Sequence[str], suspects: Set[int], likeness: float) -> Iterator[int]:
    """Of rows that have numbers and answer in common, those in nearly the words of one before."""
    is_alike, kept = alike(likeness), defaultdict[str, list[bytes]](list)
    for number, row in enumerate(_rows(store, datasets) if suspects else ()):
        if number in suspects:
            [(family, sketch)] = problem_sketches([(row["instruction"], row["answer"])])
            if any(is_alike(sketch, other) for other in kept[family]):
                yield number
            else:
                kept[family].append(sketch)
