"""Measures of variety against their definitions, written out pair by pair; clusters of texts that a person would make."""

import math
from itertools import combinations

import numpy as np
import pytest

from caco_tasks.diversity import clusters
from caco_tasks.diversity import spread_measures as measures
from caco_tasks.diversity.spread_measures import Vectors


def random_vectors(rows: int, width: int = 8, seed: int = 1) -> Vectors:
    found = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def distance(one: Vectors, other: Vectors) -> float:
    return 1 - float(one.astype(float) @ other.astype(float))


@pytest.fixture(params=[2, 5, 40], ids=str)
def vectors(request: pytest.FixtureRequest) -> Vectors:
    return random_vectors(request.param)


def test_the_spread_is_the_mean_distance_of_all_pairs(vectors: Vectors) -> None:
    pairs = [distance(one, other) for one, other in combinations(vectors, 2)]
    assert measures.spread(vectors) == pytest.approx(sum(pairs) / len(pairs), abs=1e-6)


def test_each_text_has_its_nearest_other_one(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [
        min(distance(vectors[row], vectors[other]) for other in range(len(vectors)) if other != row)
        for row in range(len(vectors))
    ]
    for block in (1, 3, 1024):
        monkeypatch.setattr(measures, "BLOCK_ROWS", block)
        assert measures.nearest_within(vectors) == pytest.approx(expected, abs=1e-6)


def test_each_text_has_its_nearest_one_of_others(vectors: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    others = random_vectors(7, seed=2)
    expected = [min(distance(one, each) for each in others) for one in vectors]
    for block in (2, 1024):
        monkeypatch.setattr(measures, "BLOCK_ROWS", block)
        assert measures.nearest_to(vectors, others) == pytest.approx(expected, abs=1e-6)


def test_the_vendi_score_is_that_of_the_whole_matrix_of_cosines() -> None:
    for rows, width in ((3, 8), (30, 4)):
        vectors = random_vectors(rows, width)
        values = np.linalg.eigvalsh((vectors @ vectors.T).astype(float) / rows)
        expected = math.exp(-sum(value * math.log(value) for value in values if value > 1e-9))
        assert measures.vendi_score(vectors) == pytest.approx(expected, abs=1e-4)


def test_equal_texts_are_one_and_wholly_different_ones_are_as_many_as_they_are() -> None:
    same, different = np.repeat(random_vectors(1), 6, axis=0), np.eye(6, dtype=np.float32)
    assert measures.spread(same) == pytest.approx(0, abs=1e-6)
    assert measures.vendi_score(same) == pytest.approx(1, abs=1e-5)
    assert measures.spread(different) == 1
    assert measures.vendi_score(different) == pytest.approx(6)
    assert measures.effective_number([2, 2, 2]) == 3
    assert measures.effective_number([97, 1, 1, 1]) == pytest.approx(1.182, abs=1e-3)


def test_too_few_texts_have_no_figure() -> None:
    none, one = random_vectors(3)[:0], random_vectors(1)
    assert (measures.spread(one), measures.vendi_score(none), measures.effective_number([])) == (None, None, None)
    assert (len(measures.nearest_within(one)), len(measures.nearest_to(one, none))) == (0, 0)


TOPICS = {"bakery loaves flour": 20, "train station platform": 12, "garden seeds tomatoes": 6}


def test_texts_of_three_topics_are_three_clusters_named_by_their_words() -> None:
    texts, vectors = topics()
    found = clusters.cluster(vectors, texts, count=3, seed=7)
    assert [(set(one.words[:3]), one.rows) for one in found.clusters] == [
        (set(topic.split()), rows) for topic, rows in TOPICS.items()
    ]
    assert [len(set(found.of_text[start : start + rows])) for start, rows in ((0, 20), (20, 12), (32, 6))] == [1, 1, 1]


def test_the_same_texts_have_the_same_clusters_and_places() -> None:
    texts, vectors = topics()
    one, other = (clusters.cluster(vectors, texts, count=4, seed=7) for _ in range(2))
    assert one.clusters == other.clusters
    assert (one.of_text == other.of_text).all()
    (first, shown), (second, _) = clusters.plane(vectors), clusters.plane(vectors)
    assert (first == second).all()
    assert 0.5 < shown <= 1


def test_there_are_no_more_clusters_than_different_texts() -> None:
    vectors = np.repeat(random_vectors(2), 5, axis=0)
    assert [one.rows for one in clusters.cluster(vectors, ["a word"] * 10, count=12, seed=1).clusters] == [5, 5]
    assert clusters.cluster(vectors[:0], [], count=12, seed=1).clusters == ()


def topics() -> tuple[list[str], Vectors]:
    """Texts of three topics, and vectors that lie about three directions."""
    texts = [f"{topic} costs {number}" for topic, rows in TOPICS.items() for number in range(rows)]
    centres = np.eye(8, dtype=np.float32)[: len(TOPICS)].repeat(list(TOPICS.values()), axis=0)
    vectors = centres + random_vectors(len(texts)) * 0.2
    return texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
