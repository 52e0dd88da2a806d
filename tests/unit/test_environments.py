"""Environments: rows made, drawn and refused, by programs that really run."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest

from caco_tasks.check_settings import BenchmarkSettings, DecontaminationSettings
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex
from caco_tasks.environments.environment_record import (
    Environment,
    Instance,
    Refusal,
    read_environments,
    write_environments,
)
from caco_tasks.environments.instances import instances_of
from caco_tasks.environments.instrument import prepare_program
from caco_tasks.environments.make import MadeRow, Maker
from caco_tasks.environments.number_places import find_places
from caco_tasks.environments.rewriting import reads_as, write_problem
from caco_tasks.environments.run import MakeReport, open_sandbox
from caco_tasks.environments.shipping import write_reward_package
from caco_tasks.errors import DamagedError
from caco_tasks.grading.compare import Decision, compare_exactly
from caco_tasks.ids import program_id
from caco_tasks.sandbox import Sandbox

TREES = """input = {"road": 60, "gap": 12, "price": 5}

def cost(road, gap, price):
    gaps = road // gap
    trees = gaps + 1
    return trees * price

output = cost(**input)
print(output)
"""
TREES_TEXT = (
    "A row of trees stands along a road of 60 metres, with a tree at both ends and 12 metres between neighbours. "
    "An 5-dollar fee is paid for each tree. How many dollars is that in all?"
).replace("An 5", "A 5")
BUS = """input = {"people": 47, "seats": 12}

def buses(people, seats):
    full = people // seats
    left = people % seats
    if left > 0:
        return full + 1
    return full

output = buses(**input)
print(output)
"""
BUS_TEXT = "A club of 47 people travels in buses with 12 seats each. How many buses are needed?"


def row_of(code: str, problem: str, **values: Any) -> dict[str, Any]:
    """A published row, as far as the maker reads it."""
    inputs = re.search(r"^input = (\{.*\})$", code, re.MULTILINE)
    assert inputs is not None
    found = {"code": code, "instruction": problem, "input_json": inputs[1], "licence": "CC0-1.0", "sample_id": "s" * 32}
    return {**found, "program_id": program_id(code), "licence_note": None, **values}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with open_sandbox(workers=1) as opened:
        yield opened


def make_one(sandbox: Sandbox, row: dict[str, Any], **settings: Any) -> tuple[MadeRow, list[Instance]]:
    """One row made, with the instances that were found of it."""
    kept: list[Instance] = []
    maker = Maker(sandbox=sandbox, dataset="d/1", **{"min_instances": 100, **settings})
    (made,) = maker.make_all([row], keep=lambda _, instances: kept.extend(instances))
    return made, kept


@pytest.fixture(scope="module")
def trees(sandbox: Sandbox) -> tuple[Environment, list[Instance]]:
    made, instances = make_one(sandbox, row_of(TREES, TREES_TEXT))
    assert made.environment is not None, (made.refusal, made.detail)
    return made.environment, instances


def test_every_instance_says_its_numbers_and_has_their_answer(trees: tuple[Environment, list[Instance]]) -> None:
    _, instances = trees
    for one in instances:
        road, gap, price = map(int, re.findall(r"\d+", one.prompt))
        assert json.loads(one.input_json) == {"road": road, "gap": gap, "price": price}
        assert one.answer == str((road // gap + 1) * price)


def test_what_was_exact_stays_exact_and_probing_finds_out_how(trees: tuple[Environment, list[Instance]]) -> None:
    environment, instances = trees
    values = [json.loads(one.input_json) for one in instances]
    assert all(one["road"] % one["gap"] == 0 for one in values)
    assert [(one.kind, one.left, one.right) for one in environment.relations] == [("multiple_of", ("road",), ("gap",))]
    assert environment.conditions["`road // gap` is exact"] > 0


def test_instances_are_distinct_and_named_by_program_inputs_level_and_version(
    trees: tuple[Environment, list[Instance]],
) -> None:
    environment, instances = trees
    assert len(instances) >= 100
    assert len({one.prompt for one in instances}) == len({one.instance_id for one in instances}) == len(instances)
    assert all(
        re.fullmatch(rf"{environment.program_id[:12]}-\w{{12}}-d{one.level}-v1", one.instance_id) for one in instances
    )


def test_levels_are_sizes(trees: tuple[Environment, list[Instance]]) -> None:
    environment, instances = trees
    sizes = {
        level: [json.loads(one.input_json)["road"] for one in instances if one.level == level] for level in range(1, 6)
    }
    means = [sum(found) / len(found) for found in sizes.values()]
    assert environment.levels == (1, 2, 3, 4, 5)
    assert means == sorted(means)
    assert means[4] > 10 * means[0]


def test_a_file_of_environments_gives_the_same_instances(
    trees: tuple[Environment, list[Instance]], sandbox: Sandbox, tmp_path: Path
) -> None:
    environment, instances = trees
    assert write_environments([environment], tmp_path) == 1
    (read,) = read_environments(tmp_path)
    assert read == environment
    for level, count in environment.instances.items():
        again = list(instances_of(read, sandbox, level=level, count=10_000))
        assert [one.instance_id for one in again] == [one.instance_id for one in instances if one.level == level]
        assert len(again) == count


def test_a_damaged_file_is_told_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "environments.jsonl").write_text('{"environment_id": "x"}\n')
    with pytest.raises(DamagedError, match="line 1 is no environment"):
        list(read_environments(tmp_path))


def test_the_way_that_an_if_went_is_kept(sandbox: Sandbox) -> None:
    made, instances = make_one(sandbox, row_of(BUS, BUS_TEXT))
    assert made.environment is not None
    values = [json.loads(one.input_json) for one in instances]
    assert all(one["people"] % one["seats"] for one in values)
    assert {one.answer for one in instances} == {str(-(-one["people"] // one["seats"])) for one in values}


def test_an_instance_like_a_protected_item_is_held_out(
    trees: tuple[Environment, list[Instance]], sandbox: Sandbox, tmp_path: Path
) -> None:
    protected = trees[1][7]
    path = tmp_path / "held.jsonl"
    path.write_text(json.dumps({"problem": protected.prompt}) + "\n")
    settings = DecontaminationSettings(
        benchmarks=[BenchmarkSettings(name="held", path=str(path))], masked="off", ngram="off", numbers="off"
    )
    made, kept = make_one(sandbox, row_of(TREES, TREES_TEXT), index=BenchmarkIndex.build(settings), protection=settings)
    assert made.environment is not None
    assert protected.instance_id in made.environment.left_out
    assert protected.instance_id not in {one.instance_id for one in kept}
    again = instances_of(made.environment, sandbox, level=protected.level, count=10_000)
    assert protected.prompt not in {one.prompt for one in again}


REFUSED = [
    (Refusal.UNKNOWN_LICENCE, TREES, TREES_TEXT, {"licence": None, "licence_note": "a source says none"}),
    (Refusal.NO_NUMBERS, TREES, TREES_TEXT, {"input_json": '{"word": "tree"}'}),
    (Refusal.UNREADABLE_PROGRAM, TREES.replace("print", "input = input\nprint"), TREES_TEXT, {}),
    (Refusal.NOTHING_TO_CHANGE, TREES, "How much are all trees along the road?", {}),
    (Refusal.TEXT_FAULT, TREES, TREES_TEXT.replace("in all?", "in all, for 77 trees?"), {}),
    (Refusal.NOT_REPEATED, TREES.replace("trees * price", "trees * undefined"), TREES_TEXT, {}),
    (Refusal.TOO_FEW, BUS, BUS_TEXT, {"min_instances": 50_000}),
    (Refusal.ONE_ANSWER, BUS.replace("return full + 1", "return 4"), BUS_TEXT, {}),
]


@pytest.mark.parametrize(("refusal", "code", "text", "values"), REFUSED, ids=[str(one[0]) for one in REFUSED])
def test_a_row_that_becomes_none_is_told_why(
    sandbox: Sandbox, refusal: Refusal, code: str, text: str, values: dict[str, Any]
) -> None:
    settings = {name: values.pop(name) for name in ("min_instances",) if name in values}
    made, _ = make_one(sandbox, row_of(code, text, **values), **settings)
    assert (made.environment, made.refusal) == (None, refusal), made.detail


def test_the_same_words_and_program_are_one_environment(sandbox: Sandbox) -> None:
    other = row_of(TREES.replace("60", "70").replace("12", "14"), TREES_TEXT.replace("60", "70").replace("12", "14"))
    maker = Maker(sandbox=sandbox, dataset="d/1", min_instances=50)
    report = MakeReport(dataset="d/1")
    for one in maker.make_all([row_of(TREES, TREES_TEXT), other]):
        report.add(one)
    assert (report.environments, dict(report.refusals)) == (1, {"same_environment": 1})


PLACES = [
    ("A box holds 12 pens. How many pens do 5 boxes hold?", {"pens": 12, "boxes": 5}, ["12", "5"]),
    # the value stands twice, once in words, or is a constant of the program
    ("12 pens are in a box of 12. How many?", {"pens": 12}, []),
    ("A dozen pens cost 12 dollars. How much is one?", {"cost": 12}, []),
    ("How many minutes are 60 hours?", {"hours": 60}, ["60"]),
    ("How many minutes are 60 days of it?", {"value": 60}, []),
    # two inputs of one value: told apart by their names, or not at all
    ("5 pens and 5 books are sold. How many?", {"pens": 5, "books": 5}, ["5", "5"]),
    ("5 of them and 5 others are sold. How many?", {"first": 5, "second": 5}, []),
    # lists: side by side, and nowhere else
    ("The heights are 7, 19, 4 and 30 cm. What is the range?", {"heights": [7, 19, 4, 30]}, ["7", "19", "4", "30"]),
    ("On four days it was 11, 19, 12, 12 degrees. What is the range?", {"days": [11, 19, 12]}, []),
    ("The digits 3, 2, 4, read in base 7, stand for what?", {"digits": [3, 2, 4], "base": 7}, []),
    # forms
    ("Find 20 % of 80 euros.", {"share": 0.2, "price": 80}, ["20", "80"]),
    ("Find the 7th term of a row that starts with 15.", {"term": 7, "start": 15}, ["7th", "15"]),
    ("What is x^3 for x = 4, plus 3?", {"power": 3, "x": 4}, ["4"]),
    ("At night it is -8 degrees, by day 14. What is the difference?", {"night": -8, "day": 14}, ["8", "14"]),
    ("In 1995 she had 40 books. How many in all?", {"year": 1995, "books": 40}, ["40"]),
]


@pytest.mark.parametrize(("text", "inputs", "expected"), PLACES, ids=[one[0][:40] for one in PLACES])
def test_only_places_that_are_surely_an_inputs_own_are_found(
    text: str, inputs: dict[str, Any], expected: list[str]
) -> None:
    places = find_places(text, inputs, frozenset({60.0}))
    assert [text[one.start : one.end] for one in places] == expected


WRITTEN = [
    ("She eats a 5-course meal.", 5, 8, "She eats an 8-course meal."),
    ("An 8 is drawn.", 8, 12, "A 12 is drawn."),
    ("It is an 11-sided die.", 11, 18, "It is an 18-sided die."),
    ("It is a 90-sided die.", 90, 1100, "It is a 1100-sided die."),
    ("Find the 7th term.", 7, 22, "Find the 22nd term."),
    ("Find the 3rd term.", 3, 113, "Find the 113th term."),
    ("There are twelve pens.", 12, 48, "There are forty-eight pens."),
    ("Seven pens are here.", 7, 20, "Twenty pens are here."),
    ("It costs $2.50 here.", Fraction("2.5"), Fraction("3.75"), "It costs $3.75 here."),
    ("It costs 12,500 dollars.", 12500, 7500, "It costs 7,500 dollars."),
    ("There are 7 million.", 7, 7, "There are 7 million."),
]


@pytest.mark.parametrize(("text", "old", "new", "expected"), WRITTEN, ids=[one[3] for one in WRITTEN])
def test_a_number_is_written_as_the_old_one_was_and_its_words_agree(
    text: str, old: Fraction, new: Fraction, expected: str
) -> None:
    inputs = {"n": float(old) if Fraction(old).denominator > 1 else int(old)}
    places = find_places(text, inputs, frozenset())
    numbers = {place.leaf: Fraction(new) for place in places}
    written = write_problem(text, places, numbers)
    assert written == expected
    assert reads_as(text, expected, places, numbers)
    if places:
        assert not reads_as(text, expected, places, {place.leaf: Fraction(new) + 1 for place in places})


def test_a_number_in_words_is_not_written_where_it_has_none() -> None:
    text = "There are twelve pens."
    places = find_places(text, {"n": 12}, frozenset())
    assert write_problem(text, places, {("n",): Fraction(400)}) is None


def test_a_noted_program_computes_what_the_plain_one_computes() -> None:
    program = prepare_program(BUS)
    assert program is not None
    assert {step.kind for step in program.steps} == {"division", "value", "branch"}
    assert "input = _caco_given" in program.plain
    assert prepare_program(BUS.replace("input = {", "other = {")) is None


ANSWERS = [
    ("12", "So there are 12 of them. The answer is 12."),
    ("12", "The answer is 13."),
    ("5/6", r"\boxed{\frac{5}{6}}"),
    ("5/6", "#### 10/12"),
    ("0.25", "The answer is 1/4."),
    ("Yes", "The answer is No."),
    ("[3, 4]", "The answer is [3, 4]."),
    ("7", "I do not know."),
    ("7", "The answer is $x^2 = $."),
]


def test_what_is_shipped_says_what_the_grader_says_without_this_project(tmp_path: Path) -> None:
    write_reward_package(tmp_path)
    ask = (
        "import json, sys; sys.path[:0] = sys.argv[1:3]\nfrom caco_reward.reward import is_right\n"
        "print(json.dumps([is_right(text, gold) for gold, text in json.load(sys.stdin)])); assert 'caco_tasks' not in sys.modules"
    )
    library = tmp_path / "library"  # with mpmath, and nothing else that is installed
    library.mkdir()
    (library / "mpmath").symlink_to(Path(mpmath.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ask, str(tmp_path), str(library)],
        input=json.dumps(ANSWERS),
        capture_output=True,
        text=True,
        check=True,
    )
    decisions = [compare_exactly(gold, text) for gold, text in ANSWERS]
    expected = [one.equal if isinstance(one, Decision) else None for one in decisions]
    assert json.loads(done.stdout) == expected
    assert expected[:6] == [True, False, True, True, True, False]


def test_an_environment_whose_program_changed_is_told(
    trees: tuple[Environment, list[Instance]], sandbox: Sandbox
) -> None:
    broken = replace(trees[0], code=TREES.replace("trees * price", "trees * undefined"))
    with pytest.raises(DamagedError, match="does not run any more"):
        next(instances_of(broken, sandbox, level=2, count=1))
