"""Bound statements as a program in the unified template (arXiv 2510.04081, section 3.1), exact in every step.

Divisions are made of `Fraction`, so that nothing is lost on the way; a `Fraction` prints as a whole number where it is
one. Where the source shows its answer as a decimal, the result is a `float`.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from caco_tasks.convert.expression import Call, Fixed, Literal, Node, Op, Plain, QuestionPart, Step, Unknown, leaves
from caco_tasks.convert.naming import Names, input_wishes, step_wishes
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.convert.solution_steps import Statement

_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4}
_ATOM = 5
_FIELD_ORDER = ("whole", "numerator", "denominator")
_CALLS = {"floor": "math.floor", "ceil": "math.ceil", "sqrt": "math.sqrt", "gcd": "math.gcd", "lcm": "math.lcm",
          "factorial": "math.factorial", "comb": "math.comb", "perm": "math.perm",
          "abs": "abs", "max": "max", "min": "min"}  # fmt: skip


def render(
    mentions: Sequence[QuestionNumber],
    statements: Mapping[int, Statement],
    outputs: Sequence[int],
    *,
    as_decimal: bool = False,
) -> str:
    """The program that makes `statements` (bound, by index) of the question's numbers and returns the `outputs`.

    One output is returned as a number, several as a list.
    """
    names = Names()
    program = _ProgramText(mentions, statements, names)
    body = [f"{name} = {_exact_literal(amount)}" for (_, amount), name in program.constants.items()]
    body += [program.write_step(names, index, step) for index, step in statements.items()]
    returned = [program.write_result(index, as_decimal=as_decimal) for index in outputs]
    body.append(f"return {returned[0]}" if len(returned) == 1 else f"return [{', '.join(returned)}]")
    return program.assemble(body)


def shown_number(amount: Fraction) -> str:
    """A number as Python writes it: an int, a float if that is exact, else a Fraction."""
    if amount.denominator != 1 and Fraction(repr(float(amount))) == amount:
        return repr(float(amount))
    return _exact_literal(amount)


def _exact_literal(amount: Fraction) -> str:
    return str(amount.numerator) if amount.denominator == 1 else f"Fraction({amount.numerator}, {amount.denominator})"


Rendered = tuple[str, int, bool]  # text, strength of its outermost operator, whether it may be no int


class _ProgramText:
    """The names of a program, and its expressions written with them."""

    def __init__(self, mentions: Sequence[QuestionNumber], statements: Mapping[int, Statement], names: Names) -> None:
        self.mentions = mentions
        self.inputs: dict[QuestionPart, str] = {}
        self.constants: dict[tuple[str, Fraction], str] = {}
        self.steps: dict[int, str] = {}
        self.exact_steps: set[int] = set()  # those that hold a Fraction or a float
        found = [leaf for statement in statements.values() for leaf in leaves(statement.tree)]
        parts = {leaf for leaf in found if isinstance(leaf, QuestionPart)}
        for part in sorted(parts, key=lambda part: (part.mention, _FIELD_ORDER.index(part.field))):
            word = "number" if part.field == "whole" else part.field
            self.inputs[part] = names.give(
                *input_wishes(mentions[part.mention], part.field), fallback=f"{word}_{part.mention + 1}"
            )
        for fixed in (leaf for leaf in found if isinstance(leaf, Fixed)):
            if (fixed.name, fixed.value) not in self.constants:
                self.constants[(fixed.name, fixed.value)] = names.give(fixed.name.split("_"), fallback="constant")

    def value_of(self, part: QuestionPart) -> Fraction:
        """The number that the question gives a part."""
        amount: Fraction = getattr(self.mentions[part.mention], part.field)
        return amount

    def assemble(self, body: Sequence[str]) -> str:
        """The whole program around the lines of its function."""
        # A decimal input is a float; made a Fraction of what it shows, nothing is lost on the way.
        decimals = [name for part, name in self.inputs.items() if self.value_of(part).denominator != 1]
        lines = [f"{name} = Fraction(str({name}))" for name in decimals] + list(body)
        text = "\n".join(f"    {line}" for line in lines)
        values = ", ".join(f'"{name}": {shown_number(self.value_of(part))}' for part, name in self.inputs.items())
        head = "import math\n" * ("math." in text) + "from fractions import Fraction\n" * ("Fraction(" in text + values)
        head += "\n" * bool(head)
        function = f"def solve({', '.join(self.inputs.values())}):\n{text}"
        return f"{head}input = {{{values}}}\n\n\n{function}\n\n\noutput = solve(**input)\nprint(output)\n"

    def write_step(self, names: Names, index: int, statement: Statement) -> str:
        """The line of a step, which gets its name here."""
        text, _, is_exact = self.expression(statement.tree)
        self.steps[index] = names.give(
            *step_wishes(statement.label, statement.unit), fallback=f"step_{len(self.steps) + 1}"
        )
        if is_exact:
            self.exact_steps.add(index)
        return f"{self.steps[index]} = {text}"

    def write_result(self, index: int, *, as_decimal: bool) -> str:
        """A step as it is returned: exact, or as a float where the source shows its answer as a decimal."""
        # one name and no condition: a small model that learns from these lines has less to copy, and less to get wrong
        name = self.steps[index]
        return f"float({name})" if as_decimal and index in self.exact_steps else name

    def expression(self, tree: Node) -> Rendered:
        """A tree as Python text."""
        match tree:
            case QuestionPart():
                return self.inputs[tree], _ATOM, self.value_of(tree).denominator != 1
            case Step():
                return self.steps[tree.index], _ATOM, tree.index in self.exact_steps
            case Fixed():
                return self.constants[(tree.name, tree.value)], _ATOM, tree.value.denominator != 1
            case Plain() | Literal():
                return _exact_literal(tree.value), _ATOM if tree.value >= 0 else 1, tree.value.denominator != 1
            case Op():
                return self.operation(tree)
            case Call():
                return self.call(tree)
            case Unknown():
                raise ValueError(f"the unknown {tree.name} was not solved for")

    def operation(self, tree: Op) -> Rendered:
        """A binary operation, with the brackets that it needs."""
        left, left_strength, left_exact = self.expression(tree.left)
        right, right_strength, right_exact = self.expression(tree.right)
        strength = _STRENGTH[tree.symbol]
        if tree.symbol == "/" and not (left_exact or right_exact):
            left, left_strength = f"Fraction({left})", _ATOM
        if left_strength < strength or (tree.symbol == "**" and left_strength == strength):
            left = f"({left})"
        is_bracketed = right_strength == strength and tree.symbol not in ("+", "*")
        # a * (b // c) is not (a * b) // c, and the same holds of %
        is_bracketed |= tree.symbol == "*" and right_strength == strength and ("/" in right or "%" in right)
        if right_strength < strength or is_bracketed:
            right = f"({right})"
        return f"{left} {tree.symbol} {right}", strength, left_exact or right_exact or tree.symbol == "/"

    def call(self, tree: Call) -> Rendered:
        """A function; those of whole numbers get them as int."""
        args = [self.expression(arg) for arg in tree.args]
        texts = [text for text, _, _ in args]
        if tree.function == "pi":
            return "math.pi", _ATOM, True
        if tree.function == "neg":
            return f"-{texts[0]}" if args[0][1] == _ATOM else f"-({texts[0]})", 1, args[0][2]
        if tree.function == "round":
            return f"math.floor({texts[0]} + Fraction(1, 2))", _ATOM, False
        if tree.function in ("gcd", "lcm", "factorial", "comb", "perm"):
            texts = [f"int({text})" if is_exact else text for text, _, is_exact in args]
        is_exact = tree.function == "sqrt" or (tree.function in ("abs", "max", "min") and any(a[2] for a in args))
        return f"{_CALLS[tree.function]}({', '.join(texts)})", _ATOM, is_exact
