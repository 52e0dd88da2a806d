"""Texts in a fixed number of clusters with words for names, and in a plane; the same texts give the same of each.

Clusters: spherical k-means, begun by k-means++ (Arthur and Vassilvitskii, 2007), the best of several beginnings. Names: the
words that a cluster's texts hold more often than those of the others, by tf-idf of the texts. The plane: the first two
principal components.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caco_tasks.diversity.spread_measures import Vectors

BEGINNINGS = 4
MAX_ITERATIONS = 50
WORDS_OF_A_NAME = 4

_WORD = re.compile(r"[^\W\d_]{3,}")
# of every problem, so no name of any; idf takes the rest
_STOP_WORDS = frozenset(
    word
    for line in (
        "the and for that with from this are was were has have had how many much what which when each will would his her its",
        "their they there then than after into per you find does did more all one two",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Texts that lie together."""

    words: tuple[str, ...]  # that tell it from the others, the most telling first
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """Which cluster each text is in; the largest cluster is number 0."""

    clusters: tuple[Cluster, ...]
    of_text: NDArray[np.int32]


def cluster(vectors: Vectors, texts: Sequence[str], *, count: int, seed: int) -> Clustering:
    """Texts in at most `count` clusters: fewer where there are fewer different texts."""
    if not len(vectors):
        return Clustering(clusters=(), of_text=np.empty(0, dtype=np.int32))
    random = np.random.default_rng(seed)
    tries = [_k_means(vectors, count, random) for _ in range(BEGINNINGS)]
    labels, _ = max(tries, key=lambda one: one[1])
    found, sizes = np.unique(labels, return_counts=True)
    by_size = found[np.argsort(-sizes, kind="stable")]
    numbers = np.zeros(int(found.max()) + 1, dtype=np.int32)
    numbers[by_size] = np.arange(len(by_size), dtype=np.int32)
    of_text = numbers[labels]
    names = name_clusters(texts, of_text, len(by_size))
    rows = np.bincount(of_text, minlength=len(by_size))
    clusters = tuple(Cluster(words=words, rows=int(size)) for words, size in zip(names, rows, strict=True))
    return Clustering(clusters=clusters, of_text=of_text)


def plane(vectors: Vectors) -> tuple[NDArray[np.float32], float]:
    """Places of texts in the plane of the first two principal components, and the share of the variance that it shows."""
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2), dtype=np.float32), 0.0
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    values, directions = np.linalg.eigh(centred.T @ centred)
    first = directions[:, ::-1][:, :2]
    # a direction and its opposite are the same component: its largest part is made positive
    first *= np.sign(first[np.abs(first).argmax(axis=0), [0, 1]])
    total = float(values.clip(0).sum())
    return (centred @ first).astype(np.float32), (float(values[::-1][:2].sum()) / total if total > 0 else 0.0)


def name_clusters(
    texts: Sequence[str], of_text: Sequence[int] | NDArray[np.int32], count: int
) -> list[tuple[str, ...]]:
    """Words for each cluster: mean tf-idf of its texts, less that of all the others."""
    words = [set(_WORD.findall(text.lower())) - _STOP_WORDS for text in texts]
    texts_with = Counter(word for found in words for word in found)
    sizes, inside = Counter(map(int, of_text)), [Counter[str]() for _ in range(count)]
    for found, number in zip(words, of_text, strict=True):
        inside[int(number)].update(found)

    def worth(word: str, number: int) -> float:
        outside = (texts_with[word] - inside[number][word]) / max(1, len(texts) - sizes[number])
        return (inside[number][word] / max(1, sizes[number]) - outside) * float(
            np.log(1 + len(texts) / texts_with[word])
        )

    # ties by the alphabet: the same texts have the same names
    return [
        tuple(sorted(inside[number], key=lambda word: (-worth(word, number), word))[:WORDS_OF_A_NAME])
        for number in range(count)
    ]


def _k_means(vectors: Vectors, count: int, random: np.random.Generator) -> tuple[NDArray[np.int64], float]:
    """The cluster of each text, and the sum of the cosines to the centres, which is to be great."""
    centres = _begin(vectors, count, random)
    labels = np.full(len(vectors), -1)
    for _ in range(MAX_ITERATIONS):
        cosines = vectors @ centres.T
        found = cosines.argmax(axis=1)
        if (found == labels).all():
            break
        labels = found
        sums = np.zeros_like(centres)
        np.add.at(sums, labels, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres)
    return labels, float((vectors @ centres.T).max(axis=1).sum())


def _begin(vectors: Vectors, count: int, random: np.random.Generator) -> Vectors:
    """Centres by k-means++: the first at random, each next one the likelier the farther from those before."""
    chosen = [int(random.integers(len(vectors)))]
    distance = np.full(len(vectors), np.inf)
    while len(chosen) < min(count, len(vectors)):
        distance = np.minimum(distance, (1 - vectors @ vectors[chosen[-1]]).clip(0))
        distance[distance < 1e-6] = 0
        if not distance.any():  # there are no more different texts
            break
        chosen.append(int(random.choice(len(vectors), p=distance / distance.sum())))
    return vectors[chosen].copy()
