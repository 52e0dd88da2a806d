"""Programs made of programs, probed in the real sandbox."""

from dataclasses import replace
from pathlib import Path

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.domain_tags import domain_of
from caco_tasks.nano.offspring_data import drawn_parent
from caco_tasks.offspring import Parent, breed
from caco_tasks.offspring.parents import make_parent
from caco_tasks.sandbox import Job, Sandbox

DRAW = "d" * 32


def parents() -> list[Parent]:
    """Programs of the bank whose answers are whole numbers."""
    numbers = (1, 2)
    drawn = (drawn_parent(family, number) for family in FAMILIES for number in numbers)
    return [one[1] for one in drawn if one is not None]


def test_every_place_gets_a_program_that_runs_and_the_same_again(sandbox: Sandbox) -> None:
    places = {index: "compose" if index % 2 else "mutate" for index in range(24)}
    made = breed(places, parents(), sandbox, draw=DRAW)  # type: ignore[arg-type]
    assert len(made) >= 22
    assert {index: one.kind for index, one in made.items()} == {index: places[index] for index in made}
    for ran, one in zip(sandbox.run(Job(code=one.code) for one in made.values()), made.values(), strict=True):
        assert ran.verdict.kept, one.code
    some = {index: kind for index, kind in places.items() if index in (3, 4, 20)}
    again = breed(some, parents(), sandbox, draw=DRAW)  # type: ignore[arg-type]
    assert {index: again[index].code for index in again} == {index: made[index].code for index in some if index in made}


def test_parents_of_one_domain_give_it_to_what_is_made_of_them(sandbox: Sandbox) -> None:
    herd = [replace(parent, domain=("finance", "games")[place % 2]) for place, parent in enumerate(parents())]
    made = breed({0: "mutate", **dict.fromkeys(range(1, 9), "compose")}, herd, sandbox, draw=DRAW)  # type: ignore[arg-type]
    assert {len({parent.domain for parent in one.parents}) for one in made.values()} == {1, 2}
    for one in made.values():
        given = {parent.domain for parent in one.parents}
        assert domain_of(one.code) == (given.pop() if len(given) == 1 else None)


def test_a_hostile_parent_harms_nobody_and_has_no_offspring(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "input = {'pens': 3, 'pen_price': 4}\n\n"
        "def total_price(pens, pen_price):\n"
        f"    done = open('{tmp_path}/harm', 'w')\n"
        "    total_cost = pens * pen_price\n"
        "    return total_cost\n\n"
        "output = total_price(**input)\nprint(output)\n"
    )
    hostile = make_parent(code, 12, program_id="h", seed_id="h")
    assert hostile is not None
    assert breed({0: "mutate", 1: "mutate"}, [hostile], sandbox, draw=DRAW) == {}
    assert list(tmp_path.iterdir()) == []
