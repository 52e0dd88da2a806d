"""Composed and mutated programs compute what their parents say; what is no plain program of the template is left alone."""

import ast
from itertools import islice
from random import Random
from typing import Any

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.config import RunConfig, load_config, parse_config
from caco_tasks.errors import ConfigError
from caco_tasks.nano.data import examples_of
from caco_tasks.nano.offspring_data import (
    OF_A_POOL,
    TAUGHT_OPERATORS,
    drawn_parent,
    mutated_problem,
    offspring_problems,
)
from caco_tasks.offspring import kind_of_place
from caco_tasks.offspring.compose import compose, fitting_inputs
from caco_tasks.offspring.input_units import counted_word, is_handed_out, is_people, unit_of
from caco_tasks.offspring.mutate import OPERATORS
from caco_tasks.offspring.parents import Parent, make_parent
from caco_tasks.offspring.probes import Probe, is_plausible, probe_code
from caco_tasks.offspring.template import MAX_STEPS, read_template, write_template

TEXTS = {  # of which a program may not be more: each for a reason of its own
    "no call of the input": "input = {'a': 1}\ndef f(a):\n    b = a + 1\n    return b\noutput = f(2)\n",
    "computed input": "input = {'a': 1 + len('x')}\ndef f(a):\n    b = a + 1\n    return b\noutput = f(**input)\n",
    "default": "input = {'a': 1}\ndef f(a, c=2):\n    b = a + c\n    return b\noutput = f(**input)\n",
    "two returns": "input = {'a': 1}\ndef f(a):\n    if a:\n        return a\n    b = 1\n    return b\noutput = f(**input)\n",
    "function within": "input = {'a': 1}\ndef f(a):\n    b = (lambda x: x)(a)\n    return b\noutput = f(**input)\n",
    "star import": "from math import *\ninput = {'a': 1}\ndef f(a):\n    b = sqrt(a)\n    return b\noutput = f(**input)\n",
    "more beside it": "x = 1\ninput = {'a': 1}\ndef f(a):\n    b = a\n    return b\noutput = f(**input)\nprint(output)\n",
    "too many steps": "input = {'a': 1}\ndef f(a):\n"
    + "    b = a\n" * (MAX_STEPS + 1)
    + "    return b\noutput = f(**input)\n",
    "too deep": "input = {'a': 1}\ndef f(a):\n    b = "
    + "(" * 200
    + "a"
    + ")" * 200
    + "\n    return b\noutput = f(**input)\n",
    "no Python": "input = {",
}


def parent_of(family: str, number: int = 0) -> Parent:
    """A program of the bank as a parent."""
    problem = draw_problem(next(one for one in FAMILIES if one.name == family), number)
    found = make_parent(problem.program, int(problem.answer), program_id=problem.key, seed_id=problem.key)
    assert found is not None
    return found


def run(code: str) -> Any:
    """What a program of ours gives: made of the bank's, so nothing untrusted runs."""
    names: dict[str, Any] = {}
    exec(compile(code.replace("print(output)", ""), "program", "exec"), names)
    return names["output"]


def result_of(code: str) -> Any:
    """What a program gives, or how it fails: with numbers that do not fit, both must."""
    try:
        return run(code)
    except (ArithmeticError, IndexError, ValueError) as exc:
        return type(exc)


def test_bank_programs_come_back_as_they_were_read() -> None:
    read = 0
    for family in FAMILIES:
        code = draw_problem(family, 3).program
        program = read_template(code)
        if program is not None:
            read += 1
            assert program_fingerprint(write_template(program)) == program_fingerprint(code), family.name
    assert read >= 90


@pytest.mark.parametrize("code", TEXTS.values(), ids=TEXTS)
def test_what_is_not_plainly_of_the_template_is_left_alone(code: str) -> None:
    assert read_template(code) is None


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("pen_price", "money"),
        ("coupon_dollars", "money"),
        ("eggs_collected", "count"),
        ("eggs_per_carton", "count"),
        ("trip_minutes", "time 60"),
        ("trip_hours", "time 3600"),
        ("road_metres", "length 1"),
        ("sum_of_two_numbers", "number"),
        ("tax_percent", None),
        ("grams_per_ml", None),
        ("second_angle", None),
        ("mean_of_scores", None),
        ("pounds", None),
        ("swaps", None),
    ],
)
def test_units_are_read_from_names(name: str, unit: str | None) -> None:
    assert unit_of(name) == unit


@pytest.mark.parametrize(
    ("name", "word", "shared", "people"),
    [
        ("passengers_after_stop", "passengers", False, True),
        ("seats_in_row", "seats", False, False),
        ("eggs_left_over", "eggs", True, False),
        ("fish_in_pond", "fish", True, False),
    ],
)
def test_only_what_can_be_handed_out_is_shared(name: str, word: str, shared: bool, people: bool) -> None:
    assert counted_word(name) == word
    assert (is_handed_out(word), is_people(word)) == (shared, people)
    assert counted_word("left_over") is None


@pytest.mark.parametrize(
    ("family", "operators"),
    [
        ("tram_passengers", {"leftover", "more"}),
        ("theatre_row", set()),
        ("marbles", {"share", "leftover", "more"}),
        ("coat_sale", {"tax", "discount", "share", "more", "repetition", "threshold"}),
    ],
)
def test_a_result_goes_on_only_in_ways_that_mean_something(family: str, operators: set[str]) -> None:
    fitting = {
        name
        for name in TAUGHT_OPERATORS
        for number in range(20)
        if OPERATORS[name](parent_of(family, number), Random(number)) is not None
    }
    assert fitting == operators


def test_an_output_goes_only_where_its_unit_and_size_fit() -> None:
    cartons, price = parent_of("egg_cartons"), parent_of("pens")
    assert fitting_inputs(cartons, price) == ["pens"]  # a count of cartons is no price
    assert fitting_inputs(price, price) == []  # no program goes into another of its own shape
    large = make_parent(write_template(cartons.program), 10_000, program_id="a", seed_id="a")
    assert large is not None
    assert fitting_inputs(large, price) == []


def test_a_composition_computes_the_second_on_the_output_of_the_first() -> None:
    made = 0
    parents = [drawn[1] for family in FAMILIES if (drawn := drawn_parent(family, 5)) is not None]
    for first in parents[::4]:
        for second in parents:
            for name in fitting_inputs(first, second):
                program = compose(first.program, second.program, name)
                if program is None:
                    continue
                made += 1
                code = write_template(program)
                alone = write_template(second.program).replace(
                    f'"{name}": {second.program.values[name]!r}', f'"{name}": {first.output!r}'
                )
                assert result_of(code) == result_of(alone), code
                assert set(program.parameters) == set(program.values)
                again = read_template(code)
                assert again is not None
    assert made > 100


def test_names_of_the_second_give_way_to_those_of_the_first() -> None:
    first, second = parent_of("egg_cartons", 0), parent_of("egg_cartons", 1)
    program = compose(first.program, second.program, "eggs_collected")
    assert program is not None
    assert program.result == "second_cartons"
    assert set(program.values) == {"eggs_collected", "eggs_broken", "eggs_per_carton"} | {
        "second_eggs_broken",
        "second_eggs_per_carton",
    }
    assert "second_whole_eggs = cartons - second_eggs_broken" in write_template(program)


def test_an_input_that_the_second_changes_keeps_its_name() -> None:
    program = compose(parent_of("ice_cream").program, parent_of("fish_pond").program, "fish")
    assert program is not None
    code = write_template(program)
    assert "    fish = ice_creams\n    for _ in range(years):" in code
    assert "ice_creams =" not in code.partition("fish = ")[2]


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_mutation_computes_something_else_than_its_parent(operator: str) -> None:
    made = 0
    for family in FAMILIES:
        drawn = drawn_parent(family, 7)
        found = OPERATORS[operator](drawn[1], Random(operator)) if drawn is not None else None
        if drawn is None or found is None:
            continue
        made += 1
        code = write_template(found.program)
        assert program_fingerprint(code, keep_literals=False) != drawn[1].shape
        assert set(found.program.parameters) == set(found.program.values) >= set(found.numbers)
        if operator != "aggregate":  # of values that may be words or pairs: the probe finds out
            assert run(code) != drawn[1].output, code
    assert made > 0


@pytest.mark.parametrize("operator", TAUGHT_OPERATORS)
def test_what_the_writer_is_taught_is_true(operator: str) -> None:
    made = 0
    for family in FAMILIES:
        drawn = drawn_parent(family, 11)
        problem = mutated_problem(drawn, operator, Random(3)) if drawn is not None else None
        if problem is None:
            continue
        made += 1
        assert str(run(problem.program)) == problem.answer
        assert problem.solution.endswith(f"\\boxed{{{problem.answer}}}.")
    assert made > 3


def test_composed_lessons_are_true_and_say_every_input_once_more() -> None:
    lessons = [problem for _, problem in islice(offspring_problems(1), sum(OF_A_POOL))]
    composed = [problem for problem in lessons if "/" in problem.key.partition("+")[2]]
    assert len(composed) == OF_A_POOL[0]
    for problem in composed[:100]:
        assert str(run(problem.program)) == problem.answer
        assert problem.problem.count("X") >= 2


def test_the_judge_is_taught_to_find_what_was_planted_in_a_composition() -> None:
    for _, (_, problem) in zip(range(60), offspring_problems(1), strict=False):
        true, planted = examples_of("offspring_judge", problem, Random(problem.key))
        assert all(pair.split("=")[0] == pair.split("=")[1] for pair in true.completion.split())
        assert planted.prompt != true.prompt


def test_half_of_the_lessons_are_plain_problems_also_of_families_without_offspring() -> None:
    plain = [problem for _, problem in islice(offspring_problems(1), sum(OF_A_POOL)) if "+" not in problem.key]
    assert len(plain) == sum(OF_A_POOL) / 2
    assert {"not_green", "weekday", "ribbon_runs"} <= {problem.family for problem in plain}


def test_lessons_go_on_from_any_place() -> None:
    places = offspring_problems(1)
    first = [next(places) for _ in range(8)]
    after = offspring_problems(1, skip=5)
    assert [next(after) for _ in range(3)] == first[5:]


def probe(result: Any, even: list[bool | None], **steps: int) -> Probe:
    return Probe(result=result, steps=steps, even=even)


def test_numbers_are_as_plausible_as_those_of_the_parents() -> None:
    parent = probe(6, [True], boxes=6)
    assert is_plausible(probe(3, [True, True], boxes=6, each=3), [parent])
    assert not is_plausible(probe(6, [True], boxes=6), [parent])  # nothing has changed
    assert not is_plausible(probe(3, [False], boxes=3), [parent])  # half a box
    assert not is_plausible(probe(3, [True, False], boxes=6, each=3), [parent])  # the new step does not come out even
    assert not is_plausible(probe(-3, [True], boxes=-3), [parent])
    assert not is_plausible(probe(0, [True], boxes=0), [parent])
    assert not is_plausible(probe(3.5, [True], boxes=3), [parent])
    assert not is_plausible(probe(10**7, [True], boxes=10**7), [parent])
    assert is_plausible(probe(2, [False], boxes=2), [probe(6, [False], boxes=6)])  # it never came out even


def test_a_probe_shows_steps_and_divisions() -> None:
    shown = run(probe_code(parent_of("phone_instalments").program))
    assert shown["result"] == parent_of("phone_instalments").output
    assert set(shown["steps"]) == {"amount_owed", "instalment"}
    assert shown["even"] == [True]
    assert ast.parse(probe_code(parent_of("prime_lockers").program))


def test_shares_of_a_mix_are_met_and_a_place_keeps_its_kind() -> None:
    kinds = [kind_of_place("a" * 32, index, compose=0.3, mutate=0.2) for index in range(4000)]
    assert abs(kinds.count("compose") / 4000 - 0.3) < 0.03
    assert abs(kinds.count("mutate") / 4000 - 0.2) < 0.03
    assert kinds[:100] == [kind_of_place("a" * 32, index, compose=0.3, mutate=0.2) for index in range(100)]


@pytest.mark.parametrize(
    ("mix", "word"),
    [({"compose": 0.6, "mutate": 0.5}, "at most 1"), ({}, "leave [mix] out"), ({"breed": 1}, "unknown")],
)
def test_shares_that_make_no_sense_are_refused(mix: dict[str, float], word: str) -> None:
    with pytest.raises(ConfigError, match=word.replace("[", r"\[").replace("]", r"\]")):
        parse_config(load_config("smoke").model_dump() | {"mix": mix}, origin="here")


def test_a_mix_is_trained_as_its_config_without_it() -> None:
    from caco_tasks.identity import training_hash

    plain: RunConfig = load_config("nano")
    assert training_hash(load_config("nano-mix")) == training_hash(plain)
