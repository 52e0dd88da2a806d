"""Real replies of a dozen families of models are read as a careful person reads them."""

from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from public_data import require_public

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
LEAST_RIGHT, MOST_WRONG = 0.98, 0.005


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The benchmark, which knows the files."""
    require_public("replies")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("reading")


@pytest.mark.parametrize("name", ["programs", "problems", "solutions"])
def test_real_replies_are_read_as_a_person_reads_them(reading: ModuleType, name: str) -> None:
    judged = reading.judge_solutions() if name == "solutions" else reading.judge_texts(name)
    ends = Counter(end for _, end in judged)
    assert ends["right"] >= LEAST_RIGHT * ends.total()
    # the grader knows no two forms of one integral to be equal
    wrong = [row for row, end in judged if end == "wrong" and row.get("task") != "algebra/intermediate_integration"]
    assert len(wrong) <= MOST_WRONG * ends.total()
