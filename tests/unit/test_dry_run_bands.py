"""The judgement of a dry run: what is in band, what is not, and what chance explains."""

from collections.abc import Sequence

import making
import pytest

from caco_tasks.dry_run import RunCost, dry_run_shards, judge_dry_run, run_costs
from caco_tasks.errors import GateError
from caco_tasks.ledger import OutlayRow


def cost(name: str = "first", **changes: float) -> RunCost:
    """A run of a hundred samples of which thirty came through."""
    values = {"samples": 100, "kept": 30, "usd": 0.0, "tokens": 500.0, "seconds": 2.0} | changes
    return RunCost(run_id=name, partition="2026-11-20", **values)  # type: ignore[arg-type]


EARLIER = [cost("a", kept=29), cost("b", kept=31), cost("c", kept=90, tokens=9000.0, seconds=90.0)]


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(cost(), id="as usual"),
        pytest.param(cost(kept=95, tokens=5.0, seconds=0.1), id="better than usual"),
        pytest.param(cost(kept=15), id="half the yield"),
        pytest.param(cost(samples=4, kept=0), id="nothing of four samples, which chance explains"),
        pytest.param(cost(tokens=1000.0, seconds=6.0), id="at the edge of the band"),
    ],
)
def test_a_dry_run_in_band_is_projected_onto_the_run(first: RunCost) -> None:
    found = judge_dry_run(first, EARLIER, making.small_config(samples=1000, dry_run={"min_yield": 0}))
    assert found["verdict"] == "in band of the last 3 runs"
    assert found["rows"] == round(1000 * first.kept / first.samples)
    assert found["tokens"] == round(1000 * first.tokens)


@pytest.mark.parametrize(
    ("first", "earlier", "reason"),
    [
        pytest.param(cost(kept=2), EARLIER, "2.0% of its samples came through", id="a low yield"),
        pytest.param(cost(tokens=1001.0), EARLIER, "cost 1001 tokens, theirs 500", id="many tokens"),
        pytest.param(cost(seconds=6.1), EARLIER, "took 6.1 s of work, theirs 2 s", id="a long time"),
        pytest.param(cost(usd=0.3), [cost(usd=0.1)], r"cost 0.3 \$, theirs 0.1", id="a high price"),
        pytest.param(
            cost(tokens=1001.0), [cost(usd=0.1)], "cost 1001 tokens", id="many tokens that have no price any more"
        ),
    ],
)
def test_a_dry_run_out_of_band_is_refused_with_its_reason(
    first: RunCost, earlier: Sequence[RunCost], reason: str
) -> None:
    with pytest.raises(GateError, match=reason):
        judge_dry_run(first, earlier, making.small_config(samples=1000))


def test_a_price_goes_before_tokens() -> None:
    found = judge_dry_run(cost(usd=0.1, tokens=9e9), [cost(usd=0.1)], making.small_config(samples=1000))
    assert found["usd"] == 100.0


def test_without_earlier_runs_a_dry_run_passes_and_says_so() -> None:
    found = judge_dry_run(cost(kept=1), [], making.small_config(samples=1000))
    assert found["verdict"].startswith("no earlier run")


@pytest.mark.parametrize("earlier", [[], EARLIER], ids=["a first run", "a run after others"])
def test_a_yield_below_the_absolute_floor_is_refused_also_in_a_first_run(earlier: Sequence[RunCost]) -> None:
    config = making.small_config(samples=1000, dry_run={"min_yield": 0.1})
    with pytest.raises(GateError, match=r"Of the first 100 samples .* 2\.0% came through, .* demands 10\.0% \(dry_run"):
        judge_dry_run(cost(kept=2), earlier, config)


def test_a_run_of_which_nothing_came_through_is_refused_by_default_and_passes_where_the_floor_is_off() -> None:
    with pytest.raises(GateError, match=r"0\.0% came through.*dry_run\.min_yield"):
        judge_dry_run(cost(kept=0), [], making.small_config())
    off = making.small_config(dry_run={"min_yield": 0})
    assert judge_dry_run(cost(kept=0), [], off)["rows"] == 0


def test_a_floor_that_chance_can_miss_does_not_refuse() -> None:
    config = making.small_config(dry_run={"min_yield": 0.1})
    assert judge_dry_run(cost(samples=20, kept=1), [], config)["rows"] == round(0.05 * config.samples)


def test_a_cost_adds_up_the_stages_of_a_run() -> None:
    rows = [
        stage("a", "sample", read=10, passed=9),
        stage("a", "solve", read=9, passed=8),
        stage("b", "sample", read=0),
    ]
    rows.insert(2, stage("a", "decontaminate", read=8, passed=4))
    [found] = run_costs(rows)
    assert (found.run_id, found.samples, found.kept, found.tokens, found.seconds) == ("a", 10, 4, 9.0, 0.6)


@pytest.mark.parametrize(
    ("dry_run", "shards"),
    [
        ({}, []),
        ({"share": 0.01, "min_samples": 20}, [0]),
        ({"share": 0.1, "min_samples": 20}, [0]),
        ({"share": 0.15, "min_samples": 20}, [0, 1]),
        ({"share": 0.1, "min_samples": 250}, [0, 1, 2]),
        ({"share": 0.1, "min_samples": 901}, []),
        ({"share": 0.1, "min_samples": 1000}, []),
    ],
    ids=["off", "less than a shard", "a shard", "begun shards are whole", "the minimum", "all shards", "the whole run"],
)
def test_a_dry_run_is_the_first_whole_shards_of_the_run(dry_run: dict[str, float], shards: list[int]) -> None:
    assert dry_run_shards(making.small_config(samples=1000, shards=10, dry_run=dry_run)) == shards


def stage(run_id: str, name: str, *, read: int, passed: int = 0) -> OutlayRow:
    """One stage of a run."""
    return OutlayRow(
        run_id=run_id,
        partition="2026-11-20",
        stage=name,
        read=read,
        passed=passed,
        prompt_tokens=10,
        completion_tokens=20,
        seconds=2.0,
        cost_usd=0.0,
    )
