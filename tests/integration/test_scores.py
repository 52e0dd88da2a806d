"""Scores of known answers: what is counted, how sure it is, and the statistics at their ends."""

import pytest
from ledger_world import World
from scored import write_evaluation
from sqlalchemy import Engine, text

from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.store import Store


@pytest.fixture
def run_id(ledger: Ledger, store: Store, loaded: World) -> str:
    """An evaluation of the world's dataset, whose every answer is known, loaded into the ledger; the run's id."""
    made = loaded.datasets[-1]
    return write_evaluation(store, ledger, dataset=f"{made.dataset}/{made.version}").run_id


def test_pass_at_1_is_counted_from_what_could_be_decided(ledger: Ledger, run_id: str) -> None:
    base, student = ledger.scores(run_id)
    assert (base.items, base.right_answers, base.wrong, base.unknown) == (10, 3, 6, 1)
    assert (student.items, student.right_answers, student.wrong, student.unknown) == (10, 6, 4, 0)
    assert base.pass_at_1 == pytest.approx(3 / 9)
    assert (base.pass_at_1_low, base.pass_at_1_high) == pytest.approx((0.1206, 0.6458), abs=1e-4)  # Wilson, by hand
    assert (student.pass_at_1_low, student.pass_at_1_high) == pytest.approx((0.3127, 0.8318), abs=1e-4)


def test_pass_at_k_is_the_unbiased_mean_over_the_items(ledger: Ledger, run_id: str) -> None:
    by_right = [0, 1 - (3 / 4) * (2 / 3), 1 - (2 / 4) * (1 / 3)]  # 1 - C(4-c, 2) / C(4, 2) for c = 0, 1, 2
    expected = sum(by_right[item % 3] for item in range(10)) / 10
    for row in ledger.scores(run_id):
        assert row.k == 2
        assert row.pass_at_k == pytest.approx(expected)
        assert row.pass_at_k_low is not None
        assert row.pass_at_k_high is not None
        assert row.pass_at_k_low < expected < row.pass_at_k_high


def test_a_gain_is_paired_and_leaves_out_what_either_left_open(ledger: Ledger, run_id: str) -> None:
    (gain,) = ledger.score_gains(run_id)
    assert (gain.items, gain.gained, gain.lost) == (9, 4, 1)  # 3, 4, 5, 6 against 0
    assert gain.gain == pytest.approx(3 / 9)
    assert gain.p == pytest.approx(2 * (1 + 5) / 2**5)  # of five differences at most one on the rarer side
    p_gained, p_lost, n = 5 / 11, 2 / 11, 11  # one more on either side, two more items
    half = 1.959964 * ((p_gained + p_lost - (p_gained - p_lost) ** 2) / n) ** 0.5
    assert (gain.gain_low, gain.gain_high) == pytest.approx((3 / 11 - half, 3 / 11 + half))


@pytest.mark.parametrize(
    ("benchmarks", "expected"),
    [
        pytest.param('[{"name": "toy test"}]', True, id="kept out by its name"),
        pytest.param('[{"name": "another"}]', False, id="another kept out"),
        pytest.param("[]", False, id="nothing kept out"),
    ],
)
def test_a_score_says_whether_its_benchmark_was_kept_out_of_the_dataset(
    ledger: Ledger, engine: Engine, loaded: World, run_id: str, benchmarks: str, expected: bool
) -> None:
    with engine.begin() as connection:
        change = text(
            "UPDATE caco.run SET config = jsonb_set(config, '{decontamination}', "
            "jsonb_build_object('benchmarks', CAST(:benchmarks AS jsonb))) WHERE run_id = :run_id"
        )
        connection.execute(change, {"benchmarks": benchmarks, "run_id": loaded.run("nightly").run_id})
    assert [row.is_protected for row in ledger.scores(run_id)] == [expected, expected]


def test_an_evaluation_conserves_its_answers_and_comes_back_from_the_store(
    ledger: Ledger, store: Store, run_id: str
) -> None:
    ledger.conservation(run_id, through="evaluate")
    before = ledger.scores(run_id), ledger.score_gains(run_id), ledger.find_run(run_id)
    rebuild(ledger, store)
    assert (ledger.scores(run_id), ledger.score_gains(run_id), ledger.find_run(run_id)) == before


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param("pass_at_k(0, 4, 1)", 0.0, id="none right"),
        pytest.param("pass_at_k(4, 4, 4)", 1.0, id="all right"),
        pytest.param("pass_at_k(1, 4, 4)", 1.0, id="all drawn"),
        pytest.param("pass_at_k(3, 2, 3)", None, id="fewer drawn than k"),
        pytest.param("pass_at_k(5, 100, 10)", 0.4162, id="5 of 100 right"),
        pytest.param("mcnemar_p(0, 0)", 1.0, id="no difference"),
        pytest.param("mcnemar_p(0, 10)", 2 / 2**10, id="all lost"),
        pytest.param("mcnemar_p(5, 5)", 1.0, id="as many gained as lost"),
        pytest.param("mcnemar_p(3000, 2800)", 0.0090, id="thousands"),
        pytest.param("paired_low(0, 0, 0)", None, id="no items"),
        pytest.param("paired_high(0, 0, 1000000)", 0.0, id="many items and no difference"),
    ],
)
def test_the_statistics_of_scores_are_right_at_their_ends(ledger: Ledger, call: str, expected: float | None) -> None:
    _, [[found]] = ledger.ask(f"SELECT caco.{call}")
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-4))
