"""Linear equations solved as trees: each unknown becomes an expression of the numbers that the equations hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.convert.expression import Call, Node, Op, Plain, Step, Unknown, leaves, value
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

    def combined(self, other: "_Form", join: Callable[[Term, Term], Term]) -> "_Form":
        """Both forms joined term by term."""
        names = dict.fromkeys([*self.coefficients, *other.coefficients])
        found = {name: join(self.coefficients.get(name), other.coefficients.get(name)) for name in names}
        return _Form(_without_zeros(found), join(self.constant, other.constant))

    def scaled(self, factor: Term) -> "_Form":
        """The form times a factor."""
        found = {name: _times(term, factor) for name, term in self.coefficients.items()}
        return _Form(_without_zeros(found), _times(self.constant, factor))

    def without(self, name: str, pivot: "_Form") -> "_Form":
        """The form less as much of `pivot` as takes the unknown `name` out of it."""
        if name not in self.coefficients:
            return self
        factor = _over(self.coefficients[name], pivot.coefficients[name])
        reduced = self.combined(pivot.scaled(factor), _minus)
        rest = {other: term for other, term in reduced.coefficients.items() if other != name}
        return _Form(rest, reduced.constant)


def _without_zeros(terms: Mapping[str, Term]) -> dict[str, Node]:
    return {name: term for name, term in terms.items() if term is not None}


def unknowns_of(*trees: Node) -> list[str]:
    """The names of the unknowns, in order of appearance."""
    return list(dict.fromkeys(leaf.name for tree in trees for leaf in leaves(tree) if isinstance(leaf, Unknown)))


def solve(equations: Sequence[Equation], first_step: int) -> list[tuple[str, Node]]:
    """Each unknown with its expression, in which an earlier one is `Step(first_step + its position)`.

    Raises:
        NoValueError: not linear, or without exactly one solution.
    """
    names = unknowns_of(*(side for one in equations for side in (one.left, one.right)))
    if not names or len(names) > MAX_UNKNOWNS or len(equations) < len(names):
        raise NoValueError("the equations have no single solution")
    if len(equations) == 1 and (alone := _isolate(equations[0], names[0])) is not None:
        return [(names[0], alone)]
    forms = []
    for one in equations:
        left, right = _linear(one.left), _linear(one.right)
        # Unknowns to the left, numbers to the right: each side keeps its sign where it stands.
        unknowns = _Form(left.coefficients, None).combined(_Form(right.coefficients, None), _minus)
        forms.append(_Form(unknowns.coefficients, _minus(right.constant, left.constant)))
    solved: list[tuple[str, Node]] = []
    _eliminate(forms, names, solved, first_step)
    return solved


def _isolate(equation: Equation, name: str) -> Node | None:
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
        there = _undo(here.symbol, there, other, is_left=is_left)
        here = inside
    return there


def _undo(symbol: str, result: Node, other: Node, *, is_left: bool) -> Node:
    """What stood on one side of an operation, from its result and the other side."""
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


def _linear(tree: Node) -> _Form:
    """The tree as coefficients and a constant (here on the same side)."""
    match tree:
        case Unknown():
            return _Form({tree.name: Plain(Fraction(1))}, None)
        case Call("neg", (inside,)):
            return _linear(inside).scaled(Plain(Fraction(-1)))
        case Op("+" | "-"):
            return _linear(tree.left).combined(_linear(tree.right), _plus if tree.symbol == "+" else _minus)
        case Op("*"):
            left, right = _linear(tree.left), _linear(tree.right)
            if left.coefficients and right.coefficients:
                raise NoValueError("the equation is not linear")
            return right.scaled(left.constant) if right.coefficients else left.scaled(right.constant)
        case Op("/") if not unknowns_of(tree.right):
            form = _linear(tree.left)
            parts = {name: Op("/", term, tree.right) for name, term in form.coefficients.items()}
            return _Form(parts, None if form.constant is None else Op("/", form.constant, tree.right))
        case _ if not unknowns_of(tree):
            return _Form({}, tree)
    raise NoValueError("the equation is not linear")


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


def _over(top: Term, bottom: Node) -> Node:
    if top is None:
        return Plain(Fraction(0))
    return top if bottom == Plain(Fraction(1)) else Op("/", top, bottom)


def _eliminate(forms: Sequence[_Form], names: Sequence[str], solved: list[tuple[str, Node]], first_step: int) -> None:
    """Takes the first unknown out of the other equations, solves these, then puts their results back."""
    name, *rest = names
    pivot = next((one for one in forms if name in one.coefficients and value(one.coefficients[name], {}) != 0), None)
    if pivot is None:
        raise NoValueError("the equations have no single solution")
    if rest:
        _eliminate([form.without(name, pivot) for form in forms if form is not pivot], rest, solved, first_step)
    # The others are solved now: what the pivot holds of them moves to the right.
    places: dict[str, Node] = {other: Step(first_step + order) for order, (other, _) in enumerate(solved)}
    constant = pivot.constant
    for other, term in pivot.coefficients.items():
        if other in places:
            constant = _minus(constant, _times(places[other], term))
    solved.append((name, _over(constant, pivot.coefficients[name])))
