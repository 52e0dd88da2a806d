"""Two programs composed: the output of the first stands in the place of one input of the second.

The input's unit must be that of the output, and its value near to it: a count of eggs where there was a count of marbles, in
the size that the second program was written for. What comes out is one program of the unified template, with one function.
"""

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from caco_tasks.offspring.input_units import unit_of
from caco_tasks.offspring.parents import Parent
from caco_tasks.offspring.template import MAX_NAME_CHARS, TemplateProgram, renamed

MAX_RATIO = 4  # of the output to the value in whose place it stands, or the other way round
OPERATOR = "output_as_input"


def fitting_inputs(first: Parent, second: Parent) -> list[str]:
    """The inputs of the second in whose place the output of the first may stand."""
    if first.unit is None or first.shape == second.shape:
        return []
    return [name for name, value in second.program.values.items() if is_fitting(first, name, value)]


def is_fitting(first: Parent, name: str, value: Any) -> bool:
    """Whether an output may stand in the place of a value of this name: of one type, one unit and nearly one size."""
    output = first.output
    if type(output) is not int or type(value) is not int or output <= 0 or value <= 0:
        return False
    return first.unit == unit_of(name) and value <= MAX_RATIO * output and output <= MAX_RATIO * value


def compose(first: TemplateProgram, second: TemplateProgram, name: str) -> TemplateProgram | None:
    """The second program with the result of the first in the place of its input `name`.

    Names of the second that the first has too become `second_NAME`. None where helpers or imports are in each other's way.
    """
    is_changed = name in {node.id for node in second.nodes() if isinstance(node, ast.Name) and _is_stored(node)}
    # what the second goes on counting with keeps its name, and begins as the result of the first
    own = second.bound if is_changed else second.bound - {name}
    names = _free_names(own, first.bound | first.outer | second.outer)
    outside = _joined_outside(first, second)
    if names is None or outside is None or name not in second.parameters:
        return None
    imports, helpers = outside
    begins = ast.parse(f"{names.get(name, name)} = {first.result}").body if is_changed else []
    steps = renamed(second.steps, names if is_changed else {**names, name: first.result})
    left = {names.get(key, key): value for key, value in second.values.items() if key != name}
    made = TemplateProgram(
        imports=imports,
        values={**first.values, **left},
        helpers=helpers,
        name=f"{second.name}_from_{first.result}",
        parameters=(*first.parameters, *(names.get(one, one) for one in second.parameters if one != name)),
        steps=(*first.steps, *begins, *steps),
        result=names.get(second.result, second.result),
    )
    taken = made.bound | {helper.name for helper in helpers}
    return replace(made, name="composed") if len(made.name) > MAX_NAME_CHARS or made.name in taken else made


def _free_names(own: frozenset[str], taken: frozenset[str]) -> Mapping[str, str] | None:
    """New names for those of the second that are taken; None where there is none that is short and free."""
    names = {one: f"second_{one}" for one in sorted(own & taken)}
    is_free = all(len(new) <= MAX_NAME_CHARS and new not in taken | own for new in names.values())
    return names if is_free else None


def _joined_outside(
    first: TemplateProgram, second: TemplateProgram
) -> tuple[tuple[ast.stmt, ...], tuple[ast.FunctionDef, ...]] | None:
    """Imports and helpers of both, each once; None where one name stands for two things."""
    imports = {ast.unparse(one): one for one in (*first.imports, *second.imports)}
    helpers = {ast.unparse(one): one for one in (*first.helpers, *second.helpers)}
    aliases = [alias.asname or alias.name for one in imports.values() for alias in one.names]  # type: ignore[attr-defined]
    named = [*aliases, *(helper.name for helper in helpers.values())]
    if len(named) > len(set(named)) or first.bound & second.outer:
        return None
    return tuple(imports.values()), tuple(helpers.values())


def _is_stored(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)
