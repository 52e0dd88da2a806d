"""Bound statements as a program in the unified template (arXiv 2510.04081, section 3.1), exact in every step.

Divisions are made of `Fraction`, so that nothing is lost on the way; the result is an `int` where it is whole, a
`Fraction` where the source shows its answer as one, and a `float` otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from caco_tasks.convert.expression import Call, Fixed, Literal, Node, Op, Plain, QuestionPart, Step, Unknown, leaves
from caco_tasks.convert.naming import Names, input_wishes, step_wishes
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.solution_steps import Statement

Kind = TypeVar("Kind", QuestionPart, Fixed)

_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4}
_ATOM = 5
_CALLS = {"floor": "math.floor", "ceil": "math.ceil", "sqrt": "math.sqrt", "gcd": "math.gcd", "lcm": "math.lcm",
          "factorial": "math.factorial", "comb": "math.comb", "perm": "math.perm", "sin": "math.sin", "cos": "math.cos",
          "tan": "math.tan", "log": "math.log10", "abs": "abs", "max": "max", "min": "min"}  # fmt: skip


@dataclass(slots=True)
class _ProgramNames:
    mentions: Sequence[QuestionNumber]
    inputs: dict[QuestionPart, str] = field(default_factory=dict)
    constants: dict[tuple[str, Fraction], str] = field(default_factory=dict)
    steps: dict[int, str] = field(default_factory=dict)
    exact_steps: set[int] = field(default_factory=set)  # those that hold a Fraction or a float


def render(
    mentions: Sequence[QuestionNumber],
    statements: Mapping[int, Statement],
    outputs: Sequence[int],
    *,
    as_fraction: bool = False,
) -> str:
    """The program that makes `statements` (bound, by index) of the question's numbers and returns the `outputs`.

    One output is returned as a number, several as a list.
    """
    program = _ProgramNames(mentions)
    names = Names()
    parts = sorted(
        _all_leaves(statements, QuestionPart),
        key=lambda part: (part.mention, part.field != "whole", part.field == "denominator"),
    )
    for part in parts:
        program.inputs[part] = names.give(*input_wishes(mentions[part.mention], part.field), fallback=_fallback(part))
    for fixed in _all_leaves(statements, Fixed):
        program.constants.setdefault((fixed.name, fixed.value), names.give(fixed.name.split("_"), fallback="constant"))
    body = _constant_lines(program) + [_step_line(program, names, index, step) for index, step in statements.items()]
    body = _decimal_lines(program) + body + [_return_line(program, outputs, as_fraction)]
    return _assemble(program, body)


def shown_number(amount: Fraction) -> str:
    """A number as Python writes it: an int, a float if that is exact, else a Fraction."""
    if amount.denominator == 1:
        return str(amount.numerator)
    if Fraction(repr(float(amount))) == amount:
        return repr(float(amount))
    return f"Fraction({amount.numerator}, {amount.denominator})"


def _all_leaves(statements: Mapping[int, Statement], kind: type[Kind]) -> list[Kind]:
    found = [leaf for statement in statements.values() for leaf in leaves(statement.tree) if isinstance(leaf, kind)]
    return list(dict.fromkeys(found))


def _fallback(part: QuestionPart) -> str:
    return f"number_{part.mention + 1}" if part.field == "whole" else f"{part.field}_{part.mention + 1}"


def _part_value(program: _ProgramNames, part: QuestionPart) -> Fraction:
    amount: Fraction = getattr(program.mentions[part.mention], part.field)
    return amount


def _assemble(program: _ProgramNames, body: Sequence[str]) -> str:
    text = "\n".join(f"    {line}" for line in body)
    values = ", ".join(f'"{name}": {shown_number(_part_value(program, part))}' for part, name in program.inputs.items())
    head = "import math\n" * ("math." in text) + "from fractions import Fraction\n" * ("Fraction(" in text + values)
    head += "\n" * bool(head)
    parameters = ", ".join(program.inputs.values())
    function = f"def solve({parameters}):\n{text}"
    return f"{head}input = {{{values}}}\n\n\n{function}\n\n\noutput = solve(**input)\nprint(output)\n"


def _decimal_lines(program: _ProgramNames) -> list[str]:
    decimal = [name for part, name in program.inputs.items() if _part_value(program, part).denominator != 1]
    return [f"{name} = Fraction(str({name}))" for name in decimal]


def _constant_lines(program: _ProgramNames) -> list[str]:
    return [f"{name} = {_exact_number(amount)}" for (_, amount), name in program.constants.items()]


def _exact_number(amount: Fraction) -> str:
    return str(amount.numerator) if amount.denominator == 1 else f"Fraction({amount.numerator}, {amount.denominator})"


def _step_line(program: _ProgramNames, names: Names, index: int, statement: Statement) -> str:
    text, _, is_exact = _expression(program, statement.tree)
    program.steps[index] = names.give(
        *step_wishes(statement.label, statement.unit), fallback=f"step_{len(program.steps) + 1}"
    )
    if is_exact:
        program.exact_steps.add(index)
    return f"{program.steps[index]} = {text}"


def _return_line(program: _ProgramNames, outputs: Sequence[int], as_fraction: bool) -> str:
    shown = [_returned(program, index, as_fraction) for index in outputs]
    return f"return {shown[0]}" if len(shown) == 1 else f"return [{', '.join(shown)}]"


def _returned(program: _ProgramNames, index: int, as_fraction: bool) -> str:
    name = program.steps[index]
    if index not in program.exact_steps or as_fraction:
        return name
    return f"int({name}) if {name} == int({name}) else float({name})"


Rendered = tuple[str, int, bool]  # text, strength of its outermost operator, whether it may be no int


def _expression(program: _ProgramNames, tree: Node) -> Rendered:
    match tree:
        case QuestionPart():
            return program.inputs[tree], _ATOM, _part_value(program, tree).denominator != 1
        case Step():
            return program.steps[tree.index], _ATOM, tree.index in program.exact_steps
        case Fixed():
            return program.constants[(tree.name, tree.value)], _ATOM, tree.value.denominator != 1
        case Plain() | Literal():
            return _exact_number(tree.value), _ATOM if tree.value >= 0 else 1, tree.value.denominator != 1
        case Op():
            return _operation(program, tree)
        case Call():
            return _call(program, tree)
        case Unknown():
            raise ValueError(f"the unknown {tree.name} was not solved for")


def _operation(program: _ProgramNames, tree: Op) -> Rendered:
    left, left_strength, left_exact = _expression(program, tree.left)
    right, right_strength, right_exact = _expression(program, tree.right)
    strength = _STRENGTH[tree.symbol]
    is_exact = left_exact or right_exact or tree.symbol == "/"
    if tree.symbol in ("/", "**") and not (left_exact or (right_exact and tree.symbol == "/")):
        left, left_strength = (f"Fraction({left})", _ATOM) if tree.symbol == "/" else (left, left_strength)
    if left_strength < strength or (tree.symbol == "**" and left_strength == strength):
        left = f"({left})"
    if right_strength < strength or (right_strength == strength and tree.symbol not in ("+", "*")):
        right = f"({right})"
    if tree.symbol == "*" and "/" in right and right_strength == strength:
        right = f"({right})"
    return f"{left} {tree.symbol} {right}", strength, is_exact


def _call(program: _ProgramNames, tree: Call) -> Rendered:
    args = [_expression(program, arg) for arg in tree.args]
    texts = [text for text, _, _ in args]
    if tree.function == "pi":
        return "math.pi", _ATOM, True
    if tree.function == "neg":
        return f"-{texts[0]}" if args[0][1] == _ATOM else f"-({texts[0]})", 1, args[0][2]
    if tree.function == "round":
        return f"math.floor({texts[0]} + Fraction(1, 2))", _ATOM, False
    if tree.function in ("gcd", "lcm", "factorial", "comb", "perm"):
        texts = [f"int({text})" if is_exact else text for text, _, is_exact in args]
    is_exact = tree.function in ("sqrt", "sin", "cos", "tan", "log") or (
        tree.function in ("abs", "max", "min") and any(a[2] for a in args)
    )
    return f"{_CALLS[tree.function]}({', '.join(texts)})", _ATOM, is_exact
