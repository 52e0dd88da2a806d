"""What a selector sees, learns and skips, on programs written here: no run, no model of language."""

import json
import math
import random
from dataclasses import replace

import making
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caco_tasks.ids import content_id
from caco_tasks.records import Problem, Program, Sample
from caco_tasks.selection.earlier_fates import count_fates, rates_of
from caco_tasks.selection.features import (
    PROBLEM_COUNTS,
    PROBLEM_FATES,
    PROGRAM_COUNTS,
    PROGRAM_FATES,
    describe_problem,
    describe_program,
)
from caco_tasks.selection.learning import Example, Learnt, choose_thresholds, fit_calibration, split, train
from caco_tasks.selection.selector import is_explored


def made(code: str, input_json: str = '{"pens": 3}', output: str | None = "12", problem: str | None = None) -> Sample:
    """A sample that ran."""
    execution = replace(making.execution(), input_json=input_json, output_text=output)
    text = None if problem is None else Problem(text=problem, generation=making.generation("reverser"), attempt=1)
    program = Program(program_id="p", code=code)
    return Sample(sample_id=content_id("test", code, input_json), program=program, execution=execution, problem=text)


def pens(number: int, sign: str, domain: str, more: int = 0) -> Sample:
    """A program in one of two domains; sign and `more` are its shape."""
    code = (
        f"# domain: {domain}\ninput = {{'pens': {number}, 'price': 4}}\n\ndef cost(pens, price):\n"
        f"    total = pens {sign} price{' + 1' * more}\n"
        f"    if total > 3:\n        total += 1\n    return total\n\noutput = cost(**input)\n"
    )
    return made(
        code, f'{{"pens": {number}, "price": 4}}', str(number * 4), f"Ann has {number} pens. How much are they?"
    )


def earlier(count: int = 400) -> list[Example]:
    """Earlier samples of three dates: those of algebra are accepted nine times out of ten, the others once."""
    chance = random.Random(5)
    rows = []
    for number in range(count):
        domain = chance.choice(["algebra", "science"])
        sample = pens(number, chance.choice("+*"), domain, number % 20)
        is_accepted = chance.random() < (0.9 if domain == "algebra" else 0.1)
        has_problem = number % 10 > 0
        rows.append(
            Example(
                sample_id=sample.sample_id,
                partition=f"2026-11-0{1 + number % 3}",
                program=describe_program(sample),
                problem=describe_problem(sample) if has_problem else None,
                is_accepted=is_accepted and has_problem,
                weight=1.0,
                reverse_tokens=30,
                later_tokens=50 if has_problem else 0,
            )
        )
    return rows


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    return train(earlier(), sampled_tokens=20.0, min_recall=0.6, told=lambda line: None)


def test_what_is_counted_of_a_program_is_what_stands_in_it() -> None:
    seen = describe_program(pens(7, "*", "algebra"))
    counts = {
        name: seen.counts[name] for name in ("branches", "comparisons", "products", "sums", "functions", "inputs")
    }
    assert counts == {
        "branches": 1,
        "comparisons": 1,
        "products": 2,  # the sign, and `**input`
        "sums": 1,
        "functions": 1,
        "inputs": 2,
    }
    assert seen.counts["output_is_whole"] == 1
    assert seen.counts["input_max"] == pytest.approx(math.log10(8))
    assert seen.marks["domain"] == ("algebra",)
    assert seen.marks["function"] == ("cost",)
    assert seen.marks["key"] == ("pens", "price")
    assert seen.marks["shape"] == describe_program(pens(9, "*", "algebra")).marks["shape"]
    assert seen.marks["shape"] != describe_program(pens(7, "+", "algebra")).marks["shape"]


def test_every_column_is_described_and_every_described_column_is_there() -> None:
    sample = pens(7, "*", "algebra")
    assert set(describe_program(sample).counts) == set(PROGRAM_COUNTS)
    assert set(describe_program(sample).marks) == set(PROGRAM_FATES)
    assert set(describe_problem(sample).counts) == set(PROBLEM_COUNTS)
    assert set(describe_problem(sample).marks) == set(PROBLEM_FATES)


HOSTILE = [
    "",
    "def",
    "((((" * 5000,
    "[" * 3000 + "]" * 3000,
    "x = '\\",
    "\0",
    "\ud800",
    "é = 1e999999\n" * 50,
    "0x" + "f" * 5000,
    "9" * 9000,
]


@pytest.mark.parametrize("code", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_program_is_it_is_described(code: str) -> None:
    for input_json in ("", "[]", "{", '{"a": ' * 500, "9" * 9000, code):
        sample = made(code, input_json, code, code)
        for seen in (describe_program(sample), describe_problem(sample)):
            assert not any(map(math.isinf, seen.counts.values()))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=80))
def test_any_text_is_described(code: str, other: str) -> None:
    sample = made(code, other, other, code)
    assert not any(map(math.isinf, (describe_program(sample).counts | describe_problem(sample).counts).values()))


def test_a_sample_that_did_not_run_has_missing_columns() -> None:
    counts = describe_program(replace(pens(7, "*", "algebra"), execution=None)).counts
    assert math.isnan(counts["inputs"])
    assert math.isnan(counts["output_size"])


def test_rates_come_from_earlier_fates_and_lean_on_the_share_of_all() -> None:
    fates = count_fates([({"domain": ("a",), "name": ("x", "y")}, True, 3.0), ({"domain": ("a",)}, False, 1.0)])
    assert fates["domain"] == {"a": (4.0, 3.0)}
    rates = rates_of({"domain": ("a",), "name": ("x", "z")}, fates, prior=0.25)
    assert rates["rate_domain"] == pytest.approx((3 + 4 * 0.25) / (4 + 4))
    assert rates["new_name"] == 0.5
    assert math.isnan(rates_of({"domain": ("b",)}, fates, prior=0.25)["rate_domain"])


def test_a_selector_finds_what_is_accepted_and_the_same_rows_give_the_same_bytes(learnt: Learnt) -> None:
    assert learnt.stages["reverse"].auc is not None
    assert learnt.stages["reverse"].auc > 0.8
    assert learnt.expected["rows_per_1000_tokens"] > 1.2 * learnt.expected["rows_per_1000_tokens_without"]
    again = train(reversed(earlier()), sampled_tokens=20.0, min_recall=0.6, told=lambda line: None)
    assert json.dumps(again.stages["reverse"].model_dump()) == json.dumps(learnt.stages["reverse"].model_dump())
    assert again == learnt


def test_chances_are_what_comes_true_on_rows_that_were_held_out(learnt: Learnt) -> None:
    for stage in learnt.stages.values():
        assert stage.calibration_error < 0.15
        assert sum(one.rows for one in stage.reliability) == stage.held_out
        chances = [chance for _, chance in stage.calibration]
        assert chances == sorted(chances)


def test_the_newest_dates_are_held_out_and_of_a_single_date_some_shapes() -> None:
    rows = earlier(90)
    learning, held = split(rows)
    assert {row.partition for row in held} == {"2026-11-03"}
    assert {row.partition for row in learning} == {"2026-11-01", "2026-11-02"}
    one_date = [
        replace(row, partition="2026-11-01", program=describe_program(pens_with(number)))
        for number, row in enumerate(rows)
    ]
    learning, held = split(one_date)
    assert learning
    assert held
    assert {row.shape for row in learning} & {row.shape for row in held} == set()


def pens_with(number: int) -> Sample:
    """A program of one of thirty shapes."""
    return made("input = {'pens': 3}\noutput = input['pens']" + " + 1" * (number % 30) + "\n")


def test_the_threshold_keeps_as_much_as_is_asked_for() -> None:
    rows = earlier()
    chances = np.array([0.9 if row.program.marks["domain"] == ("algebra",) else 0.1 for row in rows])
    later = np.array([chance for chance, row in zip(chances, rows, strict=True) if row.problem is not None])
    bounds, expected = choose_thresholds(rows, chances, later, sampled_tokens=20.0, min_recall=0.5)
    assert 0.1 < bounds["reverse"] <= 0.9
    assert expected["recall"] > 0.8
    bounds, expected = choose_thresholds(rows, chances, later, sampled_tokens=20.0, min_recall=1.0)
    assert expected["recall"] == 1
    assert bounds["reverse"] <= 0.1


def test_calibration_never_falls_and_ends_at_what_is_nearly_certain() -> None:
    scores = np.linspace(0, 1, 50)
    points = fit_calibration(scores, scores > 0.5, np.ones(50))
    assert [chance for _, chance in points] == [0.005, 0.005, 0.995, 0.995]
    assert points[1][0] < 0.5 < points[2][0]


def test_the_explored_share_is_drawn_by_the_id() -> None:
    names = [content_id("sample", number) for number in range(4000)]
    share = sum(is_explored(name, 0.1) for name in names) / len(names)
    assert share == pytest.approx(0.1, abs=0.02)
    assert all(is_explored(name, 1.0) for name in names)
    few = {name for name in names if is_explored(name, 0.05)}
    assert few <= {name for name in names if is_explored(name, 0.1)}
