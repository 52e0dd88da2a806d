"""A program mutated: a step exchanged, a step or a condition added, another aggregate.

`OPERATORS` is the table: each operator says what it needs of a program and draws its numbers so that they come out even. One
that does not fit says None. New names say what the new step is, as those of the program do.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType
from typing import Any

from caco_tasks.offspring.input_units import MONEY, is_handed_out, is_people, unit_of
from caco_tasks.offspring.parents import Parent
from caco_tasks.offspring.template import MAX_NAME_CHARS, TemplateProgram

PERCENTS = (5, 10, 15, 20, 25, 30, 40, 50)
MAX_PEOPLE = 12

Operator = Callable[[Parent, Random], "Mutation | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A mutated program, and the numbers that were drawn for its new inputs."""

    program: TemplateProgram
    numbers: Mapping[str, int]


def add_tax(parent: Parent, rng: Random) -> Mutation | None:
    """A tax on an amount of money."""
    return _add_percent(parent, rng, "tax", "with_tax", "+")


def add_discount(parent: Parent, rng: Random) -> Mutation | None:
    """A discount on an amount of money."""
    return _add_percent(parent, rng, "discount", "after_discount", "-")


def add_share(parent: Parent, rng: Random) -> Mutation | None:
    """The result is shared equally."""
    value = _things(parent) or _money(parent)
    people = [number for number in range(2, MAX_PEOPLE + 1) if value and value % number == 0 and value > number]
    if value is None or not people:
        return None
    result = parent.program.result
    return _extended(parent, {"people_sharing": rng.choice(people)}, [f"{result}_each = {result} // people_sharing"])


def add_leftover(parent: Parent, rng: Random) -> Mutation | None:
    """Whole groups are made; what is asked is the rest."""
    value = _things(parent) or _people(parent)
    sizes = [size for size in range(3, MAX_PEOPLE + 1) if value and value > size and value % size]
    if value is None or not sizes:
        return None
    result = parent.program.result
    return _extended(parent, {"group_size": rng.choice(sizes)}, [f"{result}_left_over = {result} % group_size"])


def add_more(parent: Parent, rng: Random) -> Mutation | None:
    """Some more are added, or join, or a fee is added."""
    if _things(parent):
        more, ending = "added_later", "with_added"
    elif _people(parent):
        more, ending = "joining_later", "with_joined"
    elif _money(parent):
        more, ending = "fee_dollars", "with_fee"
    else:
        return None
    result = parent.program.result
    return _extended(parent, {more: rng.randint(2, 30)}, [f"{result}_{ending} = {result} + {more}"])


def add_repetition(parent: Parent, rng: Random) -> Mutation | None:
    """The same amount of money again on several days."""
    value = _money(parent)
    if value is None or value > 1000:
        return None
    result = parent.program.result
    return _extended(parent, {"days_repeated": rng.randint(2, 9)}, [f"{result}_on_all_days = {result} * days_repeated"])


def add_threshold(parent: Parent, rng: Random) -> Mutation | None:
    """Above a limit, something is taken off an amount of money: a condition."""
    value = _money(parent)
    if value is None or value < 8:
        return None
    result, limit = parent.program.result, rng.randint(max(2, value // 2), value - 2)
    lines = [f"{result}_after_reduction = {result} - reduction if {result} > reduction_limit else {result}"]
    return _extended(parent, {"reduction_limit": limit, "reduction": rng.randint(2, limit)}, lines)


def exchange_sum(parent: Parent, rng: Random) -> Mutation | None:
    """A last sum of two amounts of one unit becomes their difference."""
    step = _last_step(parent.program)
    match step:
        case ast.Assign(value=ast.BinOp(left=ast.Name(id=left), op=ast.Add(), right=ast.Name(id=right))):
            if unit_of(left) is None or unit_of(left) != unit_of(right):
                return None
            return _exchanged(parent, f"{left}_minus_{right}", ast.parse(f"{left} - {right}", mode="eval").body)
    return None


def exchange_aggregate(parent: Parent, rng: Random) -> Mutation | None:
    """A last sum, count, largest or smallest of some values becomes another one of them."""
    match _last_step(parent.program):
        case ast.Assign(value=ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords)):
            over = [one.id for one in arguments if isinstance(one, ast.Name)]
            is_known = name in _OTHER_AGGREGATES and len(over) == len(arguments) > 0
            if not is_known or any(one.arg != "default" for one in keywords):
                return None
            other = rng.choice(_OTHER_AGGREGATES[name])
            values = over[0] if len(over) == 1 else f"[{', '.join(over)}]"
            made = ast.parse(f"{other}({values})", mode="eval").body
            return _exchanged(parent, f"{_WORDS[other]}_{'_and_'.join(over)}", made)
    return None


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "tax": add_tax,
        "discount": add_discount,
        "share": add_share,
        "leftover": add_leftover,
        "more": add_more,
        "repetition": add_repetition,
        "threshold": add_threshold,
        "sum_to_difference": exchange_sum,
        "aggregate": exchange_aggregate,
    }
)

_OTHER_AGGREGATES = {
    "sum": ("max", "min", "len"),
    "max": ("min", "sum"),
    "min": ("max", "sum"),
    "len": ("sum", "max", "min"),
}
_WORDS = {"sum": "total_of", "max": "largest_of", "min": "smallest_of", "len": "count_of"}


def _money(parent: Parent) -> int | None:
    """What the parent gave, where it is a whole and positive amount of money."""
    return _positive(parent) if parent.unit == MONEY else None


def _things(parent: Parent) -> int | None:
    """What the parent gave, where it counts things that can be shared, packed and added to."""
    return _positive(parent) if parent.counted and is_handed_out(parent.counted) else None


def _people(parent: Parent) -> int | None:
    """What the parent gave, where it counts people."""
    return _positive(parent) if parent.counted and is_people(parent.counted) else None


def _positive(parent: Parent) -> int | None:
    return parent.output if type(parent.output) is int and parent.output > 0 else None


def _add_percent(parent: Parent, rng: Random, what: str, ending: str, sign: str) -> Mutation | None:
    value = _money(parent)
    percents = [percent for percent in PERCENTS if value and value * percent % 100 == 0]
    if value is None or not percents:
        return None
    result = parent.program.result
    part = f"{result}_{what}"
    lines = [f"{part} = {result} * {what}_rate // 100", f"{result}_{ending} = {result} {sign} {part}"]
    return _extended(parent, {f"{what}_rate": rng.choice(percents)}, lines)


def _extended(parent: Parent, numbers: dict[str, int], lines: list[str]) -> Mutation | None:
    """The program with new inputs and steps, the last of which gives the result."""
    program = parent.program
    steps = tuple(statement for line in lines for statement in ast.parse(line).body)
    named = [node.id for step in steps for node in ast.walk(step) if isinstance(node, ast.Name)]
    result = next(node.id for node in ast.walk(steps[-1]) if isinstance(node, ast.Name) and _is_stored(node))
    new = {*numbers, *(name for name in named if name not in program.bound)}
    if new & (program.bound | program.outer) or any(len(name) > MAX_NAME_CHARS for name in new):
        return None
    made = replace(
        program,
        values={**program.values, **numbers},
        parameters=(*program.parameters, *numbers),
        steps=(*program.steps, *steps),
        result=result,
        name=_function_name(program, result),
    )
    return Mutation(program=made, numbers=numbers)


def _exchanged(parent: Parent, result: str, value: ast.expr) -> Mutation | None:
    """The program with another last step, under a name of its own."""
    program = parent.program
    if len(result) > MAX_NAME_CHARS or result in program.bound | program.outer:
        return None
    step = ast.Assign(targets=[ast.Name(id=result, ctx=ast.Store())], value=value)
    step = ast.fix_missing_locations(step)
    made = replace(program, steps=(*program.steps[:-1], step), result=result, name=_function_name(program, result))
    return Mutation(program=made, numbers={})


def _function_name(program: TemplateProgram, result: str) -> str:
    """A name for the mutated function that says what it gives and is not taken."""
    name = f"find_{result}"
    return name if name not in program.bound | program.outer else f"{name}_again"


def _last_step(program: TemplateProgram) -> Any:
    """The last step, where it is a plain assignment of the result, and the only one."""
    step = program.steps[-1]
    stores = [node for node in program.nodes() if isinstance(node, ast.Name) and _is_stored(node)]
    match step:
        case ast.Assign(targets=[ast.Name(id=program.result)]):
            return step if sum(node.id == program.result for node in stores) == 1 else None
    return None


def _is_stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)
