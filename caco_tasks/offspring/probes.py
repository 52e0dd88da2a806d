"""Whether the numbers of a program that was made are as plausible as those of its parents.

A probe is the program with every floor division told apart: run in the sandbox, it gives the result, the value of every step,
and which divisions came out even. A division that did in the parents must do so in the offspring (no half pens), and where no
step of the parents was negative none may be.
"""

import ast
import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.offspring.template import TemplateProgram, renamed, write_template
from caco_tasks.records import Execution

MAX_RESULT = 1_000_000

_PROBE = """
def probe_divide(place, number, by):
    probe_even[place] = probe_even.get(place, True) and number % by == 0
    return number // by
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a probe showed."""

    result: Any
    steps: Mapping[str, int | float]  # the numbers that steps outside of loops and branches gave, by name
    even: Sequence[bool | None]  # for each floor division, in order, whether it came out even; None: it was not reached


def probe_code(program: TemplateProgram) -> str:
    """The text of the program that shows the steps of another."""
    assigned = [target.id for step in program.steps if isinstance(step, ast.Assign) for target in _names(step.targets)]
    steps = renamed(program.steps, {})
    marked = _DivisionMarker()
    steps = tuple(ast.fix_missing_locations(marked.visit(step)) for step in steps)
    shown = ", ".join(f"{name!r}: {name}" for name in dict.fromkeys(assigned))
    last = ast.parse(f"probe_shown = {{'result': {program.result}, 'steps': {{{shown}}}}}").body
    helper = ast.parse(_PROBE).body[0]
    assert isinstance(helper, ast.FunctionDef)
    probed = TemplateProgram(
        imports=program.imports,
        values=program.values,
        helpers=(helper, *program.helpers),
        name=program.name,
        parameters=program.parameters,
        steps=(*steps, *last),
        result="probe_shown",
    )
    places = f"[probe_even.get(place) for place in range({marked.count})]"
    body = write_template(probed).replace("\nprint(output)\n", f"\noutput['even'] = {places}\n")
    return f"probe_even = {{}}\n{body}"


def read_probe(execution: Execution) -> Probe | None:
    """What a probe that ran showed; None where its values are not plain numbers."""
    shown = json.loads(execution.output_json or "null")
    if not isinstance(shown, dict) or not {"result", "steps", "even"} <= shown.keys():
        return None
    steps = {name: value for name, value in shown["steps"].items() if type(value) in (int, float)}
    return Probe(result=shown["result"], steps=steps, even=shown["even"])


def is_plausible(probe: Probe, parents: Sequence[Probe]) -> bool:
    """Whether the offspring's numbers are of the kind of its parents'; its divisions are theirs, in order, then its own."""
    result, last = probe.result, parents[-1].result
    if type(result) is not type(last) or not isinstance(result, int | float) or isinstance(result, bool):
        return False
    if result == last or abs(result) > MAX_RESULT or (last > 0 >= result and not _is_rest(probe, parents)):
        return False
    if all(value >= 0 for one in parents for value in one.steps.values()) and min(probe.steps.values(), default=0) < 0:
        return False
    before = [place for one in parents for place in one.even]
    own = [True] * (len(probe.even) - len(before))  # what a mutation divides comes out even
    return all(now is not False for now, then in zip(probe.even, [*before, *own], strict=True) if then)


def _is_rest(probe: Probe, parents: Sequence[Probe]) -> bool:
    """Whether any parent has a step of nothing: then nothing may be left over."""
    return any(value == 0 for one in parents for value in one.steps.values()) and probe.result == 0


def _names(targets: Sequence[ast.expr]) -> list[ast.Name]:
    return [target for target in targets if isinstance(target, ast.Name)]


class _DivisionMarker(ast.NodeTransformer):
    """Puts a call of `probe_divide` in the place of every floor division, in the order of the text."""

    def __init__(self) -> None:
        self.count = 0

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        place, self.count = self.count, self.count + (isinstance(node.op, ast.FloorDiv))
        self.generic_visit(node)
        if not isinstance(node.op, ast.FloorDiv):
            return node
        call = ast.parse(f"probe_divide({place}, 0, 0)", mode="eval").body
        assert isinstance(call, ast.Call)
        call.args[1:] = [copy.copy(node.left), copy.copy(node.right)]
        return call
