"""Rows as a whole, by domain and against earlier runs, measured by vectors that are known."""

import numpy as np
import pytest

from caco_tasks.diversity.measurement import measure
from caco_tasks.diversity.spread_measures import Vectors


def towards(*directions: int) -> Vectors:
    """A vector of length 1 along each of these axes."""
    return np.eye(8, dtype=np.float32)[list(directions)]


TEXTS = ["bread and flour", "bread or flour", "a train leaves", "a ship sails"]


def test_rows_are_measured_as_a_whole_and_by_domain() -> None:
    found = measure(TEXTS, ["food", "food", "travel", None], towards(0, 0, 1, 2), earlier={}, clusters=3)
    assert found.whole.rows == 4
    assert found.whole.spread == pytest.approx(5 / 6, abs=1e-4)  # one of the six pairs is the same
    assert (found.whole.near_rows, found.whole.nearest_mean, found.whole.nearest_median) == (2, 0.5, 0.5)
    assert found.whole.effective_clusters == pytest.approx(2.83, abs=0.01)  # shares of 1/2, 1/4 and 1/4
    assert {name: (one.rows, one.spread, one.near_rows) for name, one in found.domains.items()} == {
        "food": (2, 0, 2),
        "travel": (1, None, 0),
    }
    assert [one.rows for one in found.clusters] == [2, 1, 1]
    assert set(found.clusters[0].words) == {"bread", "flour"}
    assert (found.whole.earlier_mean, found.whole.earlier_near_rows, found.earlier) == (None, None, ())


def test_rows_are_held_against_each_earlier_run_and_all_of_them() -> None:
    earlier = {"monday": towards(0), "tuesday": towards(1, 5), "empty": towards()}
    found = measure(TEXTS, [None] * 4, towards(0, 0, 1, 2), earlier=earlier, clusters=2)
    assert [(one.name, one.rows, one.near_rows, one.nearest_mean) for one in found.earlier] == [
        ("monday", 1, 2, 0.5),
        ("tuesday", 2, 1, 0.75),
        ("empty", 0, 0, None),
    ]
    assert (found.whole.earlier_near_rows, found.whole.earlier_mean) == (3, 0.25)


def test_one_row_has_a_place_and_no_distances() -> None:
    found = measure(["one"], [None], towards(3), earlier={}, clusters=12)
    assert (found.whole.rows, found.whole.spread, found.whole.nearest_mean, found.shown) == (1, None, None, 0)
    assert [(one.words, one.rows) for one in found.clusters] == [((), 1)]
    assert found.places.shape == (1, 2)
