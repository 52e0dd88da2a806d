"""What `caco bench false_alarms` looks at is what it says: copies are changed as they say, and groups are bounded."""

from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROBLEM = "Nora packs 24 candles into 3 crates and sells 2.5 crates for $1,200. How many candles does she keep?"


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("copied_problems")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("false_alarms")


def test_each_change_is_the_one_that_it_is_named_after(copied: ModuleType) -> None:
    changed = {name: change(PROBLEM) for name, change in copied.CHANGES.items()}
    assert changed.pop("word for word") == PROBLEM
    assert all(text != PROBLEM for text in changed.values())
    assert "**24** candles into **3** crates and sells **2.5** crates for $**1,200**" in changed["numbers in bold"]
    assert changed["characters that are not seen"].replace("\u200b", "") == PROBLEM
    assert changed["soft hyphens"].replace("\u00ad", "") == PROBLEM
    assert changed["spaces as HTML"].replace("&nbsp;", " ") == PROBLEM
    assert PROBLEM in changed["framed"]
    assert changed["numbers in words"] == PROBLEM.replace(" 3 ", " three ")


def test_the_texts_of_a_subject_are_bounded_and_its_source_has_them_all(bench: ModuleType) -> None:
    subjects = ["MATH: Algebra"] * 4 + ["GSM8K"] * 2 + ["MATH: Geometry"]
    texts = [bench.KnownText(of=of, problem="", text=str(place)) for place, of in enumerate(subjects)]
    groups = bench._limited(texts, 3)
    assert {of: len(found) for of, found in groups.items()} == {
        **{"GSM8K": 2, "MATH: Algebra": 3, "MATH: Geometry": 1, "MATH, all": 4}
    }


def test_a_false_statement_in_a_right_text_is_an_alarm(bench: ModuleType) -> None:
    texts = [bench.KnownText(of="a", problem="", text=text) for text in ("3 * 4 = 12", "3 * 4 = 13", "So be it.")]
    found = bench._equations({"a": texts})["a"]
    assert (found["called_false"]["n"], found["called_false"]["of"], found["computed"]) == (1, 3, 2)
