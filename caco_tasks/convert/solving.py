"""Linear equations solved as trees: each unknown becomes an expression of the numbers that the equations hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.convert.expression import Call, Node, Op, Plain, Step, Unknown, Values, leaves, value
from caco_tasks.exact import NoValueError

MAX_UNKNOWNS = 4
Term = Node | None  # None is zero


@dataclass(frozen=True, slots=True)
class Equation:
    """Left equals right."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class _Form:
    """coefficients · unknowns = constant."""

    coefficients: Mapping[str, Node]
    constant: Term


def unknowns_of(equations: Sequence[Equation]) -> list[str]:
    """The names of the unknowns, in order of appearance."""
    found = [leaf for one in equations for side in (one.left, one.right) for leaf in leaves(side)]
    return list(dict.fromkeys(leaf.name for leaf in found if isinstance(leaf, Unknown)))


def solve(equations: Sequence[Equation], first_step: int) -> list[tuple[str, Node]]:
    """Each unknown with its expression, in which an earlier one is `Step(first_step + its position)`.

    Raises:
        NoValueError: not linear, or without exactly one solution.
    """
    names = unknowns_of(equations)
    if not names or len(names) > MAX_UNKNOWNS or len(equations) < len(names):
        raise NoValueError("the equations have no single solution")
    if len(equations) == 1 and (alone := _isolated(equations[0], names[0])) is not None:
        return [(names[0], alone)]
    solved: list[tuple[str, Node]] = []
    _eliminate([_form(one) for one in equations], names, solved, first_step)
    return solved


def _isolated(equation: Equation, name: str) -> Node | None:
    """The unknown by itself, undoing one operation after the other, if it stands in only one place."""
    here, there = equation.left, equation.right
    if _count(there, name):
        here, there = there, here
    if _count(here, name) != 1 or _count(there, name):
        return None
    while not isinstance(here, Unknown):
        if not isinstance(here, Op):
            return None
        is_left = _count(here.left, name) == 1
        inside, other = (here.left, here.right) if is_left else (here.right, here.left)
        there = _undone(here.symbol, there, other, is_left=is_left)
        here = inside
    return there


def _undone(symbol: str, result: Node, other: Node, *, is_left: bool) -> Node:
    match symbol, is_left:
        case "+", _:
            return Op("-", result, other)
        case "-", True:
            return Op("+", result, other)
        case "-", False:
            return Op("-", other, result)
        case "*", _:
            return Op("/", result, other)
        case "/", True:
            return Op("*", result, other)
        case "/", False:
            return Op("/", other, result)
    raise NoValueError("the equation is not linear")


def _count(tree: Node, name: str) -> int:
    return sum(leaf == Unknown(name) for leaf in leaves(tree))


def _form(equation: Equation) -> _Form:
    left, right = _linear(equation.left), _linear(equation.right)
    names = dict.fromkeys([*left.coefficients, *right.coefficients])
    found = {name: _minus(left.coefficients.get(name), right.coefficients.get(name)) for name in names}
    return _Form(
        {name: term for name, term in found.items() if term is not None}, _minus(right.constant, left.constant)
    )


def _linear(tree: Node) -> _Form:
    """The tree as coefficients and a constant (here on the same side)."""
    match tree:
        case Unknown():
            return _Form({tree.name: Plain(Fraction(1))}, None)
        case Call("neg", (inside,)):
            return _scaled(_linear(inside), Plain(Fraction(-1)))
        case Op("+" | "-"):
            return _added(_linear(tree.left), _linear(tree.right), tree.symbol)
        case Op("*"):
            left, right = _linear(tree.left), _linear(tree.right)
            if left.coefficients and right.coefficients:
                raise NoValueError("the equation is not linear")
            return _scaled(right, left.constant) if right.coefficients else _scaled(left, right.constant)
        case Op("/") if not unknowns_of([Equation(tree.right, tree.right)]):
            form = _linear(tree.left)
            parts = {name: Op("/", term, tree.right) for name, term in form.coefficients.items()}
            return _Form(parts, None if form.constant is None else Op("/", form.constant, tree.right))
        case _ if not unknowns_of([Equation(tree, tree)]):
            return _Form({}, tree)
    raise NoValueError("the equation is not linear")


def _added(left: _Form, right: _Form, symbol: str) -> _Form:
    join = _plus if symbol == "+" else _minus
    names = dict.fromkeys([*left.coefficients, *right.coefficients])
    found = {name: join(left.coefficients.get(name), right.coefficients.get(name)) for name in names}
    return _Form({name: term for name, term in found.items() if term is not None}, join(left.constant, right.constant))


def _scaled(form: _Form, factor: Term) -> _Form:
    found = {name: _times(term, factor) for name, term in form.coefficients.items()}
    return _Form({name: term for name, term in found.items() if term is not None}, _times(form.constant, factor))


def _plus(left: Term, right: Term) -> Term:
    if left is None or right is None:
        return left if right is None else right
    return Op("+", left, right)


def _minus(left: Term, right: Term) -> Term:
    if right is None:
        return left
    return Call("neg", (right,)) if left is None else Op("-", left, right)


def _times(left: Term, right: Term) -> Term:
    if left is None or right is None:
        return None
    if left == Plain(Fraction(1)):
        return right
    return left if right == Plain(Fraction(1)) else Op("*", left, right)


def _eliminate(forms: Sequence[_Form], names: Sequence[str], solved: list[tuple[str, Node]], first_step: int) -> None:
    """Takes the first unknown out of the other equations, solves these, then puts their results back."""
    name, *rest = names
    pivot = next((form for form in forms if _is_nonzero(form.coefficients.get(name))), None)
    if pivot is None:
        raise NoValueError("the equations have no single solution")
    others = [_without(form, pivot, name) for form in forms if form is not pivot]
    if rest:
        _eliminate(others, rest, solved, first_step)
    places: dict[str, Node] = {other: Step(first_step + order) for order, (other, _) in enumerate(solved)}
    constant = pivot.constant
    for other, term in pivot.coefficients.items():
        if other in places:
            constant = _minus(constant, _times(places[other], term))
    solved.append((name, _over(constant, pivot.coefficients[name])))


def _without(form: _Form, pivot: _Form, name: str) -> _Form:
    if name not in form.coefficients:
        return form
    factor = _over(form.coefficients[name], pivot.coefficients[name])
    reduced = _added(form, _scaled(pivot, factor), "-")
    return _Form({other: term for other, term in reduced.coefficients.items() if other != name}, reduced.constant)


def _over(top: Term, bottom: Node) -> Node:
    if top is None:
        return Plain(Fraction(0))
    return top if bottom == Plain(Fraction(1)) else Op("/", top, bottom)


def _is_nonzero(term: Term) -> bool:
    return term is not None and value(term, _NOTHING) != 0


_NOTHING: Values = {}
