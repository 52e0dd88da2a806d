"""Nights through which Postgres restarts, the disk is full and tasks are killed leave what nights in peace leave."""

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import outages  # noqa: E402

NIGHTS = 5


def test_nights_through_outages_are_nights_in_peace() -> None:
    found = outages.bench(n=NIGHTS, seed=1)
    assert found["what_was_violated"] == []
    assert found["as_in_peace"] == NIGHTS
    assert found["attempts"]["killed"] > NIGHTS
    assert found["outages"]["Postgres restarted"] > NIGHTS / 2
    assert found["outages"].get("disk full", 0) > NIGHTS / 2 or "disk full" in found["not_tried"]
