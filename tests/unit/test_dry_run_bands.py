"""The judgement of a dry run: what is in band, what is not, and what chance explains."""

from collections.abc import Sequence

import making
import pytest

from caco_tasks.dry_run import Outlay, judge_trial, outlays_of, trial_of
from caco_tasks.errors import GateError
from caco_tasks.ledger import OutlayRow


def outlay(name: str = "trial", **changes: float) -> Outlay:
    """A run of a hundred samples of which thirty came through."""
    values = {"samples": 100, "kept": 30, "usd": 0.0, "tokens": 500.0, "seconds": 2.0} | changes
    return Outlay(run_id=name, partition="2026-11-20", **values)  # type: ignore[arg-type]


NIGHTS = [outlay("a", kept=29), outlay("b", kept=31), outlay("c", kept=90, tokens=9000.0, seconds=90.0)]


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(outlay(), id="as usual"),
        pytest.param(outlay(kept=95, tokens=5.0, seconds=0.1), id="better than usual"),
        pytest.param(outlay(kept=15), id="half the yield"),
        pytest.param(outlay(samples=4, kept=0), id="nothing of four samples, which chance explains"),
        pytest.param(outlay(tokens=1000.0, seconds=6.0), id="at the edge of the band"),
    ],
)
def test_a_trial_in_band_is_projected_onto_the_night(trial: Outlay) -> None:
    found = judge_trial(trial, NIGHTS, making.small_config(samples=1000))
    assert found["says"] == "in band of the last 3 nights"
    assert found["rows"] == round(1000 * trial.kept / trial.samples)
    assert found["tokens"] == round(1000 * trial.tokens)


@pytest.mark.parametrize(
    ("trial", "nights", "reason"),
    [
        pytest.param(outlay(kept=2), NIGHTS, "2.0% of its samples came through", id="a low yield"),
        pytest.param(outlay(tokens=1001.0), NIGHTS, "cost 1001 tokens, theirs 500", id="many tokens"),
        pytest.param(outlay(seconds=6.1), NIGHTS, "took 6.1 s of work, theirs 2 s", id="a long time"),
        pytest.param(outlay(usd=0.3), [outlay(usd=0.1)], r"cost 0.3 \$, theirs 0.1", id="a high price"),
        pytest.param(
            outlay(tokens=1001.0), [outlay(usd=0.1)], "cost 1001 tokens", id="many tokens that have no price any more"
        ),
    ],
)
def test_a_trial_out_of_band_is_refused_with_its_reason(
    trial: Outlay, nights: Sequence[Outlay], reason: str
) -> None:
    with pytest.raises(GateError, match=reason):
        judge_trial(trial, nights, making.small_config(samples=1000))


def test_a_price_goes_before_tokens() -> None:
    found = judge_trial(outlay(usd=0.1, tokens=9e9), [outlay(usd=0.1)], making.small_config(samples=1000))
    assert found["usd"] == 100.0


def test_without_earlier_nights_a_trial_passes_and_says_so() -> None:
    found = judge_trial(outlay(kept=0), [], making.small_config(samples=1000))
    assert found["says"].startswith("no earlier night")


def test_an_outlay_adds_up_the_stages_of_a_run() -> None:
    rows = [
        stage("a", "sample", read=10, passed=9),
        stage("a", "solve", read=9, passed=8),
        stage("b", "sample", read=0),
    ]
    rows.insert(2, stage("a", "decontaminate", read=8, passed=4))
    [found] = outlays_of(rows)
    assert (found.run_id, found.samples, found.kept, found.tokens, found.seconds) == ("a", 10, 4, 9.0, 0.6)


@pytest.mark.parametrize(
    ("dry_run", "samples"),
    [
        ({}, None),
        ({"share": 0.01, "min_samples": 20}, 20),
        ({"share": 0.1, "min_samples": 20}, 100),
        ({"share": 0.1, "min_samples": 1000}, None),
    ],
    ids=["off", "the least", "the share", "as large as the night"],
)
def test_a_dry_run_has_the_size_that_the_config_says(dry_run: dict[str, float], samples: int | None) -> None:
    config = making.small_config(samples=1000, dry_run=dry_run)
    night = making.nightly_run(config)
    trial = trial_of(night, config)
    assert (trial.config["samples"] if trial else None) == samples
    if trial is not None:
        assert (trial.pipeline, trial.model_id, trial.config["shards"]) == ("dry_run", night.model_id, 1)
        assert trial.run_id != night.run_id


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
