"""The protected items that are nearest to a text in meaning, by the vectors of an embedding model.

Wording tells nothing here, so nothing is decided: what is found is what a model is then asked about.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from caco_tasks.atomic import replaced_bytes
from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.decontamination.benchmarks import Item, read_benchmark
from caco_tasks.checks.decontamination.markup import without_markup
from caco_tasks.checks.decontamination.overlap import index_hash
from caco_tasks.ids import content_id
from caco_tasks.llm.embedding import Embedder, Vectors

VERSION = "neighbours.v1"


class NeighbourIndex:
    """Protected items and their vectors."""

    def __init__(self, items: Sequence[Item], vectors: Vectors) -> None:
        self.items = items
        self._vectors = vectors

    def nearest(self, vector: Vectors, *, top: int, min_similarity: float) -> list[tuple[Item, float]]:
        """The `top` items nearest to one vector, nearest first, each with its cosine; none that is less near than asked."""
        cosines = self._vectors @ vector
        places = np.argsort(-cosines, kind="stable")[:top]
        return [(self.items[place], float(cosines[place])) for place in places if cosines[place] >= min_similarity]


def neighbour_index(
    settings: DecontaminationSettings, embedder: Embedder, folder: Path, *, limits: str
) -> NeighbourIndex:
    """The index of the protected items by an embedder; its vectors are kept in `folder`, for all that share it.

    `limits` says what of the embedder's settings changes vectors.

    Raises:
        SourceError: a benchmark file is missing or malformed.
    """
    items = _protected_items(settings)
    path = folder / f"{content_id('neighbours', VERSION, index_hash(settings), embedder.model_id, limits)}.npy"
    vectors = _read_vectors(path, rows=len(items))
    if vectors is None:
        vectors = embedder.embed([comparable_text(item.problem) for item in items])
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_bytes(path) as file:
            np.save(file, vectors)
    return NeighbourIndex(items, vectors)


def comparable_text(problem: str) -> str:
    """A problem as it is embedded: its words as they are, without what a copy changes of its setting."""
    return " ".join(without_markup(problem).split())


@lru_cache(maxsize=2)
def _protected_items(settings: DecontaminationSettings) -> list[Item]:
    return [item for benchmark in settings.protected for item in read_benchmark(benchmark)]


def _read_vectors(path: Path, *, rows: int) -> Vectors | None:
    """The vectors in a file; None where it is missing, damaged, or of other items."""
    try:
        vectors: Vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, BadZipFile):
        return None
    return vectors if vectors.ndim == 2 and len(vectors) == rows else None
