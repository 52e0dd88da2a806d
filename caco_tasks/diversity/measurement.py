"""How varied the rows of a run are, as a whole and by domain, and how near they come to rows of earlier runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from caco_tasks.diversity.clusters import Cluster, cluster, plane
from caco_tasks.diversity.spread_measures import (
    NEAR,
    Distances,
    Vectors,
    effective_number,
    nearest_to,
    nearest_within,
    spread,
    vendi_score,
)

SEED = 20_251_004  # of the clusters' beginnings: the same rows have the same clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The measures of some rows; None where there are too few rows, or nothing to compare with."""

    rows: int
    spread: float | None
    nearest_mean: float | None  # distance to the nearest other row of the run
    nearest_median: float | None
    near_rows: int  # nearer than NEAR to another row of the run
    effective_clusters: float | None
    vendi: float | None
    earlier_mean: float | None  # distance to the nearest row of the earlier runs
    earlier_near_rows: int | None  # nearer than NEAR to a row of an earlier run


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """How near rows come to those of one earlier run."""

    name: str
    rows: int  # of the earlier run that were looked at
    nearest_mean: float | None
    near_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All that is said of the variety of some rows."""

    whole: Figures
    domains: Mapping[str, Figures]
    clusters: tuple[Cluster, ...]
    of_row: NDArray[np.int32]  # the cluster of each row
    places: NDArray[np.float32]  # in the plane, of each row
    shown: float  # share of the variance that the plane shows
    earlier: tuple[EarlierRun, ...]


def measure(
    texts: Sequence[str],
    domains: Sequence[str | None],
    vectors: Vectors,
    *,
    earlier: Mapping[str, Vectors],
    clusters: int,
) -> Measurement:
    """Measures rows by their vectors; `earlier` are those of earlier runs, by name."""
    clustering = cluster(vectors, texts, count=clusters, seed=SEED)
    within = nearest_within(vectors)
    to_each = {name: nearest_to(vectors, others) for name, others in earlier.items()}
    known = [distances for distances in to_each.values() if len(distances)]
    to_earlier: Distances | None = np.min(known, axis=0) if known else None

    def figures_of(chosen: NDArray[np.int64]) -> Figures:
        counts = np.bincount(clustering.of_text[chosen], minlength=1).tolist()
        return _figures(
            vectors[chosen],
            within[chosen] if len(within) else within,
            None if to_earlier is None else to_earlier[chosen],
            counts,
        )

    named = sorted({domain for domain in domains if domain is not None})
    by_domain = {name: np.array([row for row, domain in enumerate(domains) if domain == name]) for name in named}
    places, shown = plane(vectors)
    return Measurement(
        whole=figures_of(np.arange(len(vectors))),
        domains={name: figures_of(rows) for name, rows in by_domain.items()},
        clusters=clustering.clusters,
        of_row=clustering.of_text,
        places=places,
        shown=round(shown, 4),
        earlier=tuple(
            EarlierRun(
                name=name,
                rows=len(earlier[name]),
                nearest_mean=_mean(distances),
                near_rows=int((distances < NEAR).sum()),
            )
            for name, distances in to_each.items()
        ),
    )


def _figures(vectors: Vectors, within: Distances, to_earlier: Distances | None, counts: Sequence[int]) -> Figures:
    """The figures of rows whose distances to their nearest ones are known; `within` looks at the whole run."""
    distance, vendi = spread(vectors), vendi_score(vectors)
    effective = effective_number(counts)
    return Figures(
        rows=len(vectors),
        spread=None if distance is None else round(distance, 4),
        nearest_mean=_mean(within),
        nearest_median=round(float(np.median(within)), 4) if len(within) else None,
        near_rows=int((within < NEAR).sum()),
        effective_clusters=None if effective is None else round(effective, 2),
        vendi=None if vendi is None else round(vendi, 2),
        earlier_mean=None if to_earlier is None else _mean(to_earlier),
        earlier_near_rows=None if to_earlier is None else int((to_earlier < NEAR).sum()),
    )


def _mean(distances: Distances) -> float | None:
    return round(float(distances.mean()), 4) if len(distances) else None
