"""The measure of the checks itself: right rows are right, planted ones are proven wrong, and the real stages find them."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import making
import pytest
from endpoints import Body, Said, completion, serving

from caco_tasks.config import SandboxSettings
from caco_tasks.records import Execution
from caco_tasks.sandbox import Job, Sandbox

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import planted  # noqa: E402
import planted_errors  # noqa: E402
import planting  # noqa: E402
import verification  # noqa: E402
from planted_errors import KINDS, Row  # noqa: E402

PENS = next(row for row in planting.right_rows(1) if row.family == "pens")
EGGS = next(row for row in planting.right_rows(1) if row.family == "egg_cartons")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(workers=1)) as sandbox:
        yield sandbox


def executed(row: Row, box: Sandbox) -> Execution:
    """What a row's program did."""
    (ran,) = box.run([Job(code=row.program)])
    return ran.execution


def is_wrong(changed: Row, right: Row, box: Sandbox) -> bool:
    """Whether a row that was made of `right` is proven wrong."""
    execution = executed(right, box)
    row = replace(changed, truth=planting.truth_of(right, changed, execution))
    return planting.prove([row], {right.key: right}, {right.key: execution}, box)[0]


def test_there_are_at_least_twelve_kinds_of_every_sort() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 24
    assert {kind.part for kind in KINDS} == {"problem", "program", "solution"}


def test_operands_that_may_be_swapped_are_right_by_chance(box: Sandbox) -> None:
    swapped = PENS.program.replace("pens * pen_price", "pen_price * pens")
    other = PENS.program.replace("pens * pen_price", "pens + pen_price")
    kind = "changed operator in the program"
    assert not is_wrong(replace(PENS, program=swapped, kind=kind), PENS, box)
    assert is_wrong(replace(PENS, program=other, kind=kind), PENS, box)


def test_a_changed_number_that_changes_no_answer_is_right_by_chance(box: Sandbox) -> None:
    numbers = planted_errors.NUMBER.findall(EGGS.problem)
    kind = "changed number in the problem"
    changes = [
        replace(EGGS, problem=EGGS.problem.replace(number, str(int(number) + step)), kind=kind)
        for number in numbers
        for step in (1, 50)
    ]
    proven = [is_wrong(changed, EGGS, box) for changed in changes]
    assert any(proven)
    assert not all(proven)  # one egg more fills no carton more


def test_an_equation_that_stays_true_is_right_by_chance() -> None:
    row = replace(PENS, problem="", solution="3 * 3 = 9.\nThe answer is \\boxed{9}.")
    plant = {kind.name: kind.plant for kind in KINDS}
    changed = plant["changed operator in the solution"](row, Random(0))
    assert changed is not None
    assert changed.is_equation_false
    assert plant["swapped operands in the solution"](row, Random(0)) is None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_changes_its_own_part_and_no_other(kind: planted_errors.Kind) -> None:
    made = [(row, kind.plant(row, Random(row.key))) for row in planting.right_rows(2)]
    changed = [(row, other) for row, other in made if other is not None]
    assert len(changed) >= 3
    for row, other in changed:
        parts = {part for part in ("problem", "program", "solution") if getattr(row, part) != getattr(other, part)}
        assert parts <= {kind.part}


def test_the_checks_find_nearly_all_planted_errors_and_lose_few_right_rows(tmp_path: Path) -> None:
    rows = list(planting.right_rows(1))[::3]
    stages = verification.WITHOUT_JUDGE
    figures = verification.measure(tmp_path, rows, kinds_each=3, stages=stages, with_gsm8k=False)
    assert figures["planted"] == figures["right_by_chance"] + figures["wrong"] + figures["wrong_that_need_a_judge"]
    chain = figures["chains"]["chain without a judge"]
    assert chain["caught"]["of"] == figures["wrong"] > 60
    assert chain["caught"]["share"] >= 0.9
    assert chain["right_rows_lost"]["n"] <= 2


def test_a_judge_of_any_config_is_measured_apart_from_the_checks(tmp_path: Path) -> None:
    def answers(body: Body, times: int) -> Said:
        text = body["messages"][-1]["content"]
        is_new = body["temperature"] > 0
        said = "Hm." if "eggs" in text and not is_new else "Yes." if "pens" in text or "eggs" in text else "No."
        return completion({"message": {"content": said}}, tokens=3)

    plain = {"model": "nano:codegen", "prompt": "nano_program.v1"}
    rows = [PENS, EGGS, next(row for row in planting.right_rows(1) if row.family not in ("pens", "egg_cartons"))]
    with serving(answers) as server:
        asked = {"engine": "openai", "model": "m", "prompt": "judge.v2", "endpoint": {"base_url": server.base_url}}
        roles = {role: plain for role in ("codegen", "reverser", "solver")} | {"judge": asked}
        figures = planted.measure(tmp_path, making.small_config(models=roles), rows, kinds_each=2)
    right = figures["triples"]["right"]
    assert (right["passed"]["n"], right["rejected"]["n"], right["unknown"]["n"]) == (2, 1, 0)
    wrong = figures["triples"]["with a planted error"]
    assert wrong["passed"]["of"] == figures["planted"] - figures["right_by_chance"]
    assert wrong["passed"]["of"] == sum(kind["passed"]["of"] for kind in figures["kinds"].values())


def test_a_share_has_its_wilson_interval() -> None:
    assert verification.share(9, 10) == {"n": 9, "of": 10, "share": 0.9, "low": 0.5958, "high": 0.9821}
    assert verification.share(0, 0) == {"n": 0, "of": 0, "share": 0.0, "low": 0.0, "high": 1.0}
