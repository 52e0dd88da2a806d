"""Sources whose annotation is an equation or a formula: SVAMP, MAWPS, DRAW-1K, ALG514 and ASDiv.

A piece without unknowns is a step; the pieces with unknowns are solved together; the answer says which results
are asked for.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from caco_tasks.convert.annotation import annotation_of
from caco_tasks.convert.conversion import Conversion, attempt
from caco_tasks.convert.expression import (
    Call,
    Literal,
    Node,
    Op,
    QuestionPart,
    Step,
    Unknown,
    leaves,
    literals,
    parse,
    placed,
    value,
)
from caco_tasks.convert.golds import Gold, equals_when_rounded, read_golds
from caco_tasks.convert.question_numbers import find_numbers
from caco_tasks.convert.solution_steps import Statement
from caco_tasks.convert.solving import Equation, solve
from caco_tasks.exact import NoValueError
from caco_tasks.records import Seed

MAX_PIECES = 12
MAX_TEXT_CHARS = 1_000
_DEFINITION = re.compile(r"^\s*[A-Za-z]\s*:\s*[A-Za-z][^=]*$")
_UNIT = re.compile(r"\([A-Za-z][^()\d]*\)|(?<=\d)\s*(?:st|nd|rd|th)\b|%")
_TRAILING_WORDS = re.compile(r"(?<=\d)\s+[A-Za-z]{2,}(?:\s+[A-Za-z]+)*\s*$")
_REMAINDER = re.compile(r"^(.*)=\s*(\d{1,12})\s*r\s*(\d{1,12})\s*$")
_FUNCTION = re.compile(r"\s*(GCD|LCM)\s*[\[(]([\d,\s]+)[\])]\s*(?:=.*)?")
_FUNCTION_NAMES = {"GCD": "greatest_divisor", "LCM": "least_multiple"}
_WHOLE, _REST, _ROUNDED_UP = "whole", "remainder", "rounded up"  # labels of the parts of a division


def convert(seed: Seed) -> Conversion | None:
    """The program of a seed whose annotation holds an `equation` or a `formula`."""
    text = annotation_of(seed).get("equation") or annotation_of(seed).get("formula")
    golds = read_golds(seed.answer)
    if not isinstance(text, str) or not golds:
        return None
    try:
        statements = statements_of(text, golds)
    except NoValueError:
        return None
    # The last ones for a gold that none gives: the program runs, and the comparison says no.
    finals = finals_of(statements, golds) or tuple(range(len(statements)))[-len(golds) :]
    found = attempt(seed, find_numbers(seed.problem), statements, finals) if finals else None
    return replace(found.conversion, states_answer=True) if found else None


def statements_of(text: str, golds: Sequence[Gold]) -> list[Statement]:
    """The steps that an equation text makes, in order; the unknowns of its equations last.

    Raises:
        NoValueError: nothing in it can be read, or its equations have no single solution.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise NoValueError("the equations are too long")
    pieces = [piece for piece in text.split(";") if piece.strip() and not _DEFINITION.match(piece)][:MAX_PIECES]
    found: list[Statement] = []
    equations: list[Equation] = []
    place = 0
    for piece in pieces:
        steps, equation = _read(_TRAILING_WORDS.sub("", _UNIT.sub("", piece)).strip(), golds)
        for step in steps:
            found.append(replace(step, tree=placed(step.tree, place)))
            place += len(literals(step.tree))
        if equation is not None:
            left, right = placed(equation.left, place), placed(equation.right, place + len(literals(equation.left)))
            place += len(literals(left)) + len(literals(right))
            equations.append(Equation(left, right))
    kept = _without_unused_parts(found, golds)
    if not kept and not equations:
        raise NoValueError("there is no equation")
    return kept + _solve(equations, len(kept))


def finals_of(statements: Sequence[Statement], golds: Sequence[Gold]) -> tuple[int, ...] | None:
    """For each gold the last statement that gives it, exactly or when rounded; None if one has none."""
    finals: list[int] = []
    for gold in golds:
        exact = [index for index, statement in enumerate(statements) if statement.shown == gold.value]
        near = [index for index, statement in enumerate(statements) if equals_when_rounded(statement.shown, gold)]
        finals += (exact or near)[-1:]
    return tuple(finals) if len(set(finals)) == len(finals) == len(golds) else None


def _read(piece: str, golds: Sequence[Gold]) -> tuple[list[Statement], Equation | None]:
    """What one piece says: steps that can be computed, or an equation with unknowns."""
    if match := _REMAINDER.match(piece):
        return _read_division(parse(match[1].rstrip(" =")), Fraction(match[2]), Fraction(match[3])), None
    if match := _FUNCTION.fullmatch(piece):
        first, *rest = [parse(text) for text in match[2].split(",") if text.strip()]
        tree = Call(match[1].lower(), (first, *rest))
        return [Statement(tree=tree, shown=value(tree, {}), unit=_FUNCTION_NAMES[match[1]])], None
    sides = [parse(side, unknowns=True) for side in _without_ratio(piece, golds).split("=")]
    if not any(isinstance(leaf, Unknown) for side in sides for leaf in leaves(side)):
        return _read_computed(sides), None
    if len(sides) != 2:
        raise NoValueError("an equation with unknowns has more than two sides")
    return [], Equation(*sides)


def _without_ratio(piece: str, golds: Sequence[Gold]) -> str:
    """`x:y=5:6` as `(x)*(6)=(y)*(5)`; of four numbers in proportion, the one that is gold is the unknown."""
    match = re.fullmatch(r"([^:=]+):([^:=]+)=([^:=]+):([^:=]+)", piece)
    if match is None:
        return piece
    terms = [term.strip() for term in match.groups()]
    if all(term.replace(".", "", 1).isdecimal() for term in terms) and len(golds) == 1:
        if golds[0].decimals is None:
            return f"({terms[0]})/({terms[1]})"
        asked = [order for order, term in enumerate(terms) if Fraction(term[:20]) == golds[0].value]
        terms = ["answer" if asked and order == asked[-1] else term for order, term in enumerate(terms)]
    return f"({terms[0]})*({terms[3]})=({terms[1]})*({terms[2]})"


def _read_computed(sides: Sequence[Node]) -> list[Statement]:
    trees = [side for side in sides if not isinstance(side, Literal)]
    for side in trees[1:]:
        value(side, {})  # it must have one, although the first side is the step
    if not trees:
        return []
    exact = value(trees[0], {})
    shown = next((side.value for side in sides if isinstance(side, Literal)), exact)
    return [Statement(tree=trees[0], shown=shown if abs(shown - exact) * 100 <= abs(exact) else exact)]


def _read_division(tree: Node, quotient: Fraction, remainder: Fraction) -> list[Statement]:
    """Quotient, remainder and the quotient rounded up, of a division that leaves a rest."""
    if not (isinstance(tree, Op) and tree.symbol == "/"):
        raise NoValueError("a remainder belongs to a division")
    return [
        Statement(tree=Call("floor", (tree,)), shown=quotient, label=_WHOLE),
        Statement(tree=Op("%", tree.left, tree.right), shown=remainder, label=_REST),
        Statement(tree=Call("ceil", (tree,)), shown=Fraction(math.ceil(value(tree, {}))), label=_ROUNDED_UP),
    ]


def _without_unused_parts(found: Sequence[Statement], golds: Sequence[Gold]) -> list[Statement]:
    """Without the parts of a division that no later step takes and that are no answer."""
    kept: list[Statement] = []
    wanted = {gold.value for gold in golds}
    for statement in reversed(found):
        is_part = statement.label in (_WHOLE, _REST, _ROUNDED_UP)
        if is_part and statement.shown not in wanted:
            continue
        kept.append(statement)
        wanted -= {statement.shown} if is_part else set()
        wanted |= {leaf.value for leaf in literals(statement.tree)}
    return kept[::-1]


def _solve(equations: Sequence[Equation], first: int) -> list[Statement]:
    """The unknowns of the equations as steps, numbered from `first`."""
    results: dict[QuestionPart | Step | Unknown, Fraction] = {}
    found = []
    for order, (name, tree) in enumerate(solve(equations, first) if equations else ()):
        amount = value(tree, results)
        results[Step(first + order)] = amount
        found.append(Statement(tree=tree, shown=amount, label=name if len(name) > 1 else f"unknown {name}"))
    return found
