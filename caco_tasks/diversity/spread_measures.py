"""How far texts lie from each other, by vectors of length 1; every measure is exact, and none is sampled.

Distance is cosine distance, 1 − cosine: 0 for the same direction, 1 for unrelated, 2 for opposite.

- spread: the mean distance of all pairs; the "average pairwise distance" of Tevet and Berant, "Evaluating the Evaluation of
  Diversity in Natural Language Generation" (EACL 2021).
- nearest: the distance of a text to the nearest other one, of its own rows or of earlier ones.
- effective clusters: exp of the entropy of the clusters' shares, Hill's number of order 1 (Hill, "Diversity and Evenness",
  Ecology 1973): as many clusters of equal size would be as varied.
- Vendi score: exp of the entropy of the eigenvalues of K / n, where K holds the cosines (Friedman and Dieng, "The Vendi Score",
  TMLR 2023): how many wholly different texts would be as varied.

>>> spread(np.eye(3, dtype=np.float32)), round(vendi_score(np.eye(3, dtype=np.float32)), 6)
(1.0, 3.0)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # [texts, width], each of length 1
Distances = NDArray[np.float32]  # [texts]

NEAR = 0.05  # a distance below which two texts say nearly the same
BLOCK_ROWS = 1024  # compared at once: bounds the memory to 1,024 distances for each row


def spread(vectors: Vectors) -> float | None:
    """The mean distance of all pairs; None of fewer than two texts.

    The cosines of all ordered pairs add up to the square of the sum of the vectors, so it takes one pass.
    """
    count = len(vectors)
    if count < 2:
        return None
    total = vectors.astype(np.float64).sum(axis=0)
    itself = float(np.square(vectors.astype(np.float64)).sum())  # the pairs of a text with itself
    return 1 - (float(total @ total) - itself) / (count * (count - 1))


def nearest_within(vectors: Vectors) -> Distances:
    """For each text the distance to the nearest other one; empty where there are fewer than two."""
    if len(vectors) < 2:
        return np.empty(0, dtype=np.float32)
    found = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), BLOCK_ROWS):
        cosines = vectors[start : start + BLOCK_ROWS] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, rows + start] = -2  # not itself
        found[start : start + BLOCK_ROWS] = 1 - cosines.max(axis=1)
    return found.clip(0, 2)


def nearest_to(vectors: Vectors, others: Vectors) -> Distances:
    """For each text the distance to the nearest one of others; empty where there are none."""
    if not len(others) or not len(vectors):
        return np.empty(0, dtype=np.float32)
    blocks = range(0, len(vectors), BLOCK_ROWS)
    found = [1 - (vectors[start : start + BLOCK_ROWS] @ others.T).max(axis=1) for start in blocks]
    distances: Distances = np.concatenate(found).clip(0, 2)
    return distances


def effective_number(counts: Sequence[int]) -> float | None:
    """How many classes of equal size are as varied as classes of these sizes; None where nothing was counted.

    >>> effective_number([5, 5]), effective_number([10, 0])
    (2.0, 1.0)
    """
    total = sum(counts)
    shares = np.array([count / total for count in counts if count]) if total else np.empty(0)
    return round(float(np.exp(-(shares * np.log(shares)).sum())), 10) if total else None


def vendi_score(vectors: Vectors) -> float | None:
    """How many wholly different texts are as varied as these; None of no texts.

    K / n has the eigenvalues of the smaller matrix of the second moments, so it takes one of width by width.
    """
    if not len(vectors):
        return None
    wide = vectors.astype(np.float64)
    moments = wide.T @ wide if len(wide) > wide.shape[1] else wide @ wide.T
    shares = np.linalg.eigvalsh(moments / len(wide))
    shares = shares[shares > 1e-12]
    return float(np.exp(-(shares * np.log(shares)).sum()))
