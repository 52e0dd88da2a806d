"""What `caco bench levels` says of known marks: shares by environment, and steps on the same environments."""

from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MARKS = [{1: [True, True], 2: [True, False]}, {1: [True, False], 2: [False, False]}, {1: [True], 2: [True]}]


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("levels")


def test_an_environment_counts_once_however_many_instances_it_has(levels: ModuleType) -> None:
    found = levels._describe_level(1, MARKS, [], 0)
    assert (found["instances"], found["right"]) == (5, 4)
    assert found["share"] == pytest.approx((1 + 0.5 + 1) / 3, abs=1e-4)
    assert found["low"] <= found["share"] <= found["high"]


def test_a_step_is_told_only_where_chance_does_not_explain_it(levels: ModuleType) -> None:
    found = levels._describe_step(1, 2, MARKS, 0)
    assert (found["environments"], found["change"]) == (3, pytest.approx(-1 / 3, abs=1e-4))
    assert found["says"] == "within chance"
    assert levels._describe_step(1, 2, MARKS[:2], 0)["says"] == "falls"
    assert levels._describe_step(2, 1, MARKS[:2], 0)["says"] == "rises"
    assert levels._describe_step(1, 3, [{1: [True], 3: [True]}, {1: [True]}], 0)["environments"] == 1
