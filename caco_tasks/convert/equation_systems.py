"""Sources whose annotation is an equation or a formula: SVAMP, MAWPS, DRAW-1K, ALG514 and ASDiv.

A piece without unknowns is a step; the pieces with unknowns are solved together; the answer says which results
are asked for.
"""

import math
import re
from collections.abc import Iterable, Sequence
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
    mentions = find_numbers(seed.problem)
    finals = finals_of(statements, golds) or _last(statements, golds)
    found = attempt(seed, mentions, statements, finals) if finals else None
    return replace(found.conversion, states_answer=True) if found else None


def _last(statements: Sequence[Statement], golds: Sequence[Gold]) -> tuple[int, ...]:
    """The last statements, for a gold that none of them gives: the program runs, and the comparison says no."""
    return tuple(range(len(statements)))[-len(golds) :]


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
    for piece in map(_bare, pieces):
        steps, equation = _read(piece, golds)
        for order, step in enumerate(steps):
            steps[order] = _placed(step, place)
            place += len(literals(step.tree))
        if equation is not None:
            equation, place = _placed_equation(equation, place)
            equations.append(equation)
        found += steps
    found = _wanted(found, golds)
    return found + _solved(equations, found)


def finals_of(statements: Sequence[Statement], golds: Sequence[Gold]) -> tuple[int, ...] | None:
    """For each gold the last statement that gives it; None if one has none."""
    found = [_final(statements, gold) for gold in golds]
    finals = tuple(index for index in found if index is not None)
    return finals if len(finals) == len(golds) and len(set(finals)) == len(finals) else None


def _final(statements: Sequence[Statement], gold: Gold) -> int | None:
    exact = [index for index, statement in enumerate(statements) if statement.shown == gold.value]
    near = [index for index, statement in enumerate(statements) if equals_when_rounded(statement.shown, gold)]
    return next(iter(exact[::-1] + near[::-1]), None)


def _bare(piece: str) -> str:
    return _TRAILING_WORDS.sub("", _UNIT.sub("", piece)).strip()


def _read(piece: str, golds: Sequence[Gold]) -> tuple[list[Statement], Equation | None]:
    if match := _REMAINDER.match(piece):
        return _divided(parse(match[1].rstrip(" =")), Fraction(match[2]), Fraction(match[3])), None
    if match := _FUNCTION.fullmatch(piece):
        tree = _folded(match[1].lower(), match[2].split(","))
        return [Statement(tree=tree, shown=value(tree, {}), unit=_function_name(match[1]))], None
    sides = [parse(side, unknowns=True) for side in _without_ratio(piece, golds).split("=")]
    known = [_is_known(side) for side in sides]
    if all(known):
        return _computed(sides), None
    if len(sides) != 2:
        raise NoValueError("an equation with unknowns has more than two sides")
    return [], Equation(*sides)


def _function_name(function: str) -> str:
    return {"GCD": "greatest_divisor", "LCM": "least_multiple"}[function]


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


def _is_known(tree: Node) -> bool:
    try:
        value(tree, {})
    except KeyError:
        return False
    return True


def _computed(sides: Sequence[Node]) -> list[Statement]:
    trees = [side for side in sides if not isinstance(side, Literal)]
    if not trees:
        return []
    shown = next((side.value for side in sides if isinstance(side, Literal)), value(trees[0], {}))
    exact = value(trees[0], {})
    return [Statement(tree=trees[0], shown=shown if abs(shown - exact) * 100 <= abs(exact) else exact)]


def _divided(tree: Node, quotient: Fraction, remainder: Fraction) -> list[Statement]:
    """Quotient, remainder and the quotient rounded up, of a division that leaves a rest."""
    if not (isinstance(tree, Op) and tree.symbol == "/"):
        raise NoValueError("a remainder belongs to a division")
    return [
        Statement(tree=Call("floor", (tree,)), shown=quotient, label="whole"),
        Statement(tree=Op("%", tree.left, tree.right), shown=remainder, label="remainder"),
        Statement(tree=Call("ceil", (tree,)), shown=Fraction(math.ceil(value(tree, {}))), label="rounded up"),
    ]


def _folded(function: str, texts: Iterable[str]) -> Node:
    first, *rest = [parse(text) for text in texts if text.strip()]
    return Call(function, (first, *rest))


def _placed(step: Statement, place: int) -> Statement:
    return Statement(tree=placed(step.tree, place), shown=step.shown, label=step.label, unit=step.unit)


def _placed_equation(equation: Equation, place: int) -> tuple[Equation, int]:
    left = placed(equation.left, place)
    right = placed(equation.right, place + len(literals(left)))
    return Equation(left, right), place + len(literals(left)) + len(literals(right))


def _wanted(found: Sequence[Statement], golds: Sequence[Gold]) -> list[Statement]:
    """Without the parts of a division that no later step takes and that are no answer."""
    kept: list[Statement] = []
    wanted = {gold.value for gold in golds}
    for statement in reversed(found):
        is_part = statement.label in ("whole", "remainder", "rounded up")
        if not is_part or statement.shown in wanted:
            kept.append(statement)
            wanted = (wanted - {statement.shown} if is_part else wanted) | {
                leaf.value for leaf in literals(statement.tree)
            }
    return kept[::-1]


def _solved(equations: Sequence[Equation], before: Sequence[Statement]) -> list[Statement]:
    if not equations:
        if not before:
            raise NoValueError("there is no equation")
        return []
    first = len(before)
    results: dict[QuestionPart | Step | Unknown, Fraction] = {}
    found = []
    for order, (name, tree) in enumerate(solve(equations, first)):
        amount = value(tree, results)
        results[Step(first + order)] = amount
        found.append(Statement(tree=tree, shown=amount, label=name if len(name) > 1 else f"unknown {name}"))
    return found
