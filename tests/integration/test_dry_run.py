"""A dry run really run, and judged by earlier runs in a real ledger: in band, out of band, and with nothing to compare."""

from pathlib import Path
from typing import Any

import ledger_world
import pytest

from caco_tasks import tasks
from caco_tasks.config import load_config
from caco_tasks.errors import GateError
from caco_tasks.identity import config_hash
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import mapped_stages
from caco_tasks.store import Store

DAY = "2026-11-21"
UNTRAINED = "models.codegen.model=nano:codegen"  # no seeds and no training before the run
WIDE = [f"dry_run.{name}" for name in ("min_yield_ratio=0", "max_cost_ratio=1e9", "max_time_ratio=1e9")]


@pytest.fixture
def place(ledger_address: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty store and an empty ledger that the tasks find."""
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CACO_STORE", store.root)
    monkeypatch.setenv("CACO_LEDGER_URL", ledger_address.writer)


def plan(*overrides: str, share: float = 0.25) -> str:
    """A run of the smoke config in shards of six samples, of which the first is the dry run."""
    chosen = [UNTRAINED, "shard_samples=6", "dry_run.min_samples=6", f"dry_run.share={share}", *overrides]
    return str(tasks.plan("nightly", partition=DAY, config="smoke", overrides=chosen)["run_id"])


def test_the_first_shards_go_before_the_others_and_are_judged_by_earlier_runs(
    place: None, store: Store, ledger: Ledger
) -> None:
    run = plan()
    first = tasks.dry_run(run)
    assert first["verdict"] == "no earlier run of this config to compare with"
    funnel = {row.stage: row for row in ledger.funnel(run)}
    assert list(funnel) == [spec.name for spec in mapped_stages("nightly")]
    assert {row.shards for row in funnel.values()} == {1}  # of four: the run's own first shard
    assert (first["first"]["run_id"], first["first"]["samples"]) == (run, 6)
    assert first["rows"] == 24 / 6 * first["first"]["kept"]

    asked = len(store.list("replies"))
    key = ledger.outputs(run, "sample")[0].key
    assert tasks.stage("sample", run, 0)["key"] == key
    assert len(store.list("replies")) == asked  # nothing is paid twice

    ledger_world.load(ledger, store, ledger_world.build(store, partition="2026-11-19", config="another"))
    assert tasks.dry_run(run) == first  # a run of another config says nothing
    ledger_world.load(ledger, store, ledger_world.build(store, partition="2026-11-20", config="smoke"))
    assert tasks.dry_run(plan(*WIDE))["verdict"] == "in band of the last 1 runs"
    usual = tasks.dry_run(plan(*WIDE))["usual"]
    assert usual["share"] == pytest.approx(ledger_world.PUBLISHED / ledger_world.SAMPLES)
    assert usual["tokens"] > 0

    cases = {
        "max_cost_ratio=1e-9": "tokens",
        "max_time_ratio=1e-9": "s of work",
        "min_yield_ratio=100": "came through",
    }
    for band, reason in cases.items():
        with pytest.raises(GateError, match=rf"out of band of the last 1 runs: .*{reason}.*{band.split('=')[0]}"):
            tasks.dry_run(plan(*WIDE, f"dry_run.{band}"))
    with pytest.raises(GateError, match=r"the config demands 100.0% \(dry_run.min_yield\)"):
        tasks.dry_run(plan(*WIDE, "dry_run.min_yield=1"))
    assert tasks.dry_run(plan(share=0.0))["verdict"] == "this config asks for no dry run of this size"


def test_the_settings_of_dry_run_gate_and_evaluation_name_no_other_run() -> None:
    plain = config_hash("nightly", load_config("smoke"))
    assert config_hash("nightly", load_config("smoke", ["dry_run.share=0.1", "dry_run.runs=3"])) == plain
    assert config_hash("nightly", load_config("smoke", ["evaluate.bank_each=7", "gate.min_published=9"])) == plain
    assert config_hash("nightly", load_config("smoke", ["judge.times=3"])) != plain
