"""What the nano models learn: the stages' own prompts over the bank, and inconsistencies that really are some."""

from itertools import islice
from random import Random

import making
import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, Family, draw_problem
from caco_tasks.llm import load_prompt
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.prompts import VARIABLES
from caco_tasks.nano.data import (
    FIRST_TRAINING_NUMBER,
    ROLES,
    examples_of,
    family_of,
    judge_example,
    plant,
    training_problems,
)

PROBLEM = draw_problem(FAMILIES[0], FIRST_TRAINING_NUMBER)
ROUND = len(FAMILIES)


def test_each_round_has_every_family_once() -> None:
    two = list(islice(training_problems(1), 2 * ROUND))
    assert [position for position, _ in two] == list(range(2 * ROUND))
    names = {family.name for family in FAMILIES}
    assert {problem.family for _, problem in two[:ROUND]} == {problem.family for _, problem in two[ROUND:]} == names
    assert [problem.family for _, problem in two[:ROUND]] != [problem.family for _, problem in two[ROUND:]]


@pytest.mark.parametrize("skip", [0, 5, ROUND, ROUND + 3])
def test_training_goes_on_where_it_was_left(skip: int) -> None:
    whole = list(islice(training_problems(1), skip + 5))
    assert list(islice(training_problems(1, skip=skip), 5)) == whole[skip:]


def test_another_seed_is_another_order() -> None:
    one, other = ([p.family for _, p in islice(training_problems(seed), ROUND)] for seed in (1, 2))
    assert one != other
    assert sorted(one) == sorted(other)


def test_training_never_draws_what_seeds_and_tests_draw() -> None:
    numbers = {int(problem.key.partition("/")[2]) for _, problem in islice(training_problems(1), 2 * ROUND)}
    assert numbers == {FIRST_TRAINING_NUMBER, FIRST_TRAINING_NUMBER + 1}


STAGE_PROMPTS = {
    "codegen": ("nano_program.v1", "codegen", 0),
    "reverser": ("nano_reverse.v1", "writer", 0),
    "solver": ("nano_solve.v1", "writer", 1),
    "judge": ("nano_judge.v1", "judge", 0),
}


@pytest.mark.parametrize(("stage_role", "prompt"), [(role, name) for role, (name, _, _) in STAGE_PROMPTS.items()])
def test_a_model_is_trained_on_the_very_prompt_that_it_is_asked(stage_role: str, prompt: str) -> None:
    _, role, index = STAGE_PROMPTS[stage_role]
    settings = making.small_config().models["codegen"]
    loaded = load_prompt(prompt, variables=VARIABLES[stage_role])
    given = {"problem": PROBLEM.problem, "solution": PROBLEM.solution, "code": PROBLEM.program}
    values = given | {"output": PROBLEM.answer, "input": "", "answer": ""}
    asked = make_request(loaded, settings, model_id="m", values=values)
    assert examples_of(role, PROBLEM, Random(0))[index].prompt == asked.text


def test_a_model_learns_the_text_that_its_role_writes() -> None:
    said = {role: [example.completion for example in examples_of(role, PROBLEM, Random(0))] for role in ROLES}
    assert said == {
        "codegen": [PROBLEM.program],
        "writer": [PROBLEM.problem, PROBLEM.solution],
        "judge": ["10=10 3=3", "10=10 5=3"],
    }
    with pytest.raises(ValueError, match="no nano model has the role cook"):
        examples_of("cook", PROBLEM, Random(0))


def parts(problem: BankProblem) -> tuple[str, str, str]:
    """What a judge sees."""
    return problem.problem, problem.solution, problem.program


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_exactly_one_part_is_spoiled_for_the_judge(family: Family) -> None:
    for number in range(10):
        problem = draw_problem(family, number)
        planted = plant(problem, Random(number))
        assert sum(new != old for new, old in zip(parts(planted), parts(problem), strict=True)) == 1
        assert judge_example(problem, planted).prompt != judge_example(problem).prompt


def test_inconsistencies_are_of_every_kind() -> None:
    problems = [draw_problem(family, 3) for family in FAMILIES]
    planted = [(problem, plant(problem, Random(problem.key))) for problem in problems]
    places = {
        next(place for place, (a, b) in enumerate(zip(parts(old), parts(new), strict=True)) if a != b)
        for old, new in planted
    }
    assert places == {0, 1, 2}


def test_a_problem_knows_its_family() -> None:
    assert family_of(PROBLEM) is FAMILIES[0]
