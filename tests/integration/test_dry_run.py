"""A dry run really run, and judged by nights in a real ledger: in band, out of band, and with nothing to compare."""

from pathlib import Path
from typing import Any

import ledger_world
import pytest

from caco_tasks import tasks
from caco_tasks.config import load_config
from caco_tasks.errors import GateError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.flow import FUNNEL
from caco_tasks.store import Store

DAY = "2026-11-21"
UNTRAINED = "models.codegen.model=nano:codegen"  # no seeds and no training before the night
WIDE = [f"dry_run.{name}" for name in ("min_yield_ratio=0", "max_cost_ratio=1e9", "max_time_ratio=1e9")]


@pytest.fixture
def place(ledger_address: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty store and an empty ledger that the tasks find."""
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CACO_STORE", store.root)
    monkeypatch.setenv("CACO_LEDGER_URL", ledger_address.writer)


def plan(*overrides: str, share: float = 0.25) -> str:
    """A night of the smoke config whose dry run takes six samples."""
    chosen = [UNTRAINED, "dry_run.min_samples=6", f"dry_run.share={share}", *overrides]
    return str(tasks.plan("nightly", partition=DAY, config="smoke", overrides=chosen)["run_id"])


def test_a_dry_run_goes_before_its_night_and_is_judged_by_the_nights_before(
    place: None, store: Store, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = plan()
    first = tasks.dry_run(night)
    assert first["says"] == "no earlier night of this config to compare with"
    trial = ledger.find_run(first["trial"]["run_id"])
    assert trial is not None
    assert (trial.pipeline, trial.partition, trial.config["samples"]) == ("dry_run", DAY, 6)
    assert [row.stage for row in ledger.funnel(trial.run_id)] == list(FUNNEL)
    assert first["rows"] == 24 / 6 * first["trial"]["kept"]
    assert ledger.ask("SELECT count(*) FROM caco.fingerprint")[1] == [(0,)]  # the night keeps its programs
    assert ledger.funnel(night) == []

    ledger_world.load(ledger, store, ledger_world.build(store, partition="2026-11-19", config="another"))
    assert tasks.dry_run(night) == first  # a night of another config says nothing
    ledger_world.load(ledger, store, ledger_world.build(store, partition="2026-11-20", config="smoke"))
    monkeypatch.setattr(tasks, "stage", None)  # whatever is judged again is not run again
    assert tasks.dry_run(plan(*WIDE))["says"] == "in band of the last 1 nights"
    usual = tasks.dry_run(plan(*WIDE))["usual"]
    assert usual["share"] == pytest.approx(ledger_world.PUBLISHED / ledger_world.SAMPLES)
    assert usual["tokens"] > 0

    cases = {
        "max_cost_ratio=1e-9": "tokens",
        "max_time_ratio=1e-9": "s of work",
        "min_yield_ratio=100": "came through",
    }
    for band, reason in cases.items():
        with pytest.raises(GateError, match=rf"out of band of the last 1 nights: .*{reason}.*{band.split('=')[0]}"):
            tasks.dry_run(plan(*WIDE, f"dry_run.{band}"))
    assert tasks.dry_run(plan(share=0.0))["says"] == "this config asks for no dry run of this size"


def test_the_settings_of_dry_run_and_evaluation_name_no_other_night() -> None:
    plain = load_config("smoke").fingerprint()
    assert load_config("smoke", ["dry_run.share=0.1", "dry_run.nights=3"]).fingerprint() == plain
    assert load_config("smoke", ["evaluate.bank_each=7", "evaluate.train.epochs=9"]).fingerprint() == plain
    assert plain != content_id("config")
