"""MathQA: nested formulas such as `divide(72, multiply(6, const_100))`, with the operations of its table.

Format: Amini et al., "MathQA" (arXiv 1905.13319). The annotated formula holds the numbers of the question by value;
each operation becomes one step.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from caco_tasks.convert.annotation import annotation_of
from caco_tasks.convert.conversion import Conversion, attempt
from caco_tasks.convert.expression import (
    Call,
    Fixed,
    Literal,
    Node,
    Op,
    Plain,
    QuestionPart,
    Step,
    Unknown,
    literals,
    number,
    placed,
    value,
)
from caco_tasks.convert.golds import read_golds
from caco_tasks.convert.question_numbers import find_numbers
from caco_tasks.convert.solution_steps import Statement
from caco_tasks.exact import NoValueError
from caco_tasks.records import Seed

MAX_FORMULA_CHARS = 2_000
MAX_DEPTH = 30
_TOKEN = re.compile(r"\s*([A-Za-z_][\w.]*|-?\d{1,3}(?:,\d{3})+(?=[,)])|-?\d+\.?\d*|-?\.\d+|[(),])")
# Constants that MathQA writes as rounded decimals, as what they round.
_CONSTANTS = {
    "const_0_2778": Fraction(5, 18), "const_0_33": Fraction(1, 3), "const_1_6": Fraction(8, 5),
    "const_0_6": Fraction(3, 5),
}  # fmt: skip
_NAMES = {
    "const_60": "minutes_per_hour", "const_3600": "seconds_per_hour", "const_1000": "thousand",
    "const_12": "months_per_year", "const_7": "days_per_week", "const_24": "hours_per_day",
    "const_52": "weeks_per_year", "const_180": "half_turn_degrees", "const_360": "full_turn_degrees",
    "const_0_2778": "meters_per_second_of_kmh", "const_3_6": "kmh_of_meters_per_second",
}  # fmt: skip


def convert(seed: Seed) -> Conversion | None:
    """The program of a MathQA seed, one step for each operation of its annotated formula."""
    formula = annotation_of(seed).get("annotated_formula")
    golds = read_golds(seed.answer)
    if not isinstance(formula, str) or len(formula) > MAX_FORMULA_CHARS or not golds or len(golds) != 1:
        return None
    try:
        statements = statements_of(formula)
    except NoValueError:
        return None
    found = attempt(seed, find_numbers(seed.problem), statements, [len(statements) - 1]) if statements else None
    return found.conversion if found else None


def statements_of(formula: str) -> list[Statement]:
    """The operations of a formula as steps, innermost first.

    Raises:
        NoValueError: not a formula, an operation is not known, or a value cannot be computed.
    """
    reader = _FormulaReader(formula)
    reader.expression(0)
    if reader.peek():
        raise NoValueError("the formula goes on after its end")
    return reader.statements


class _FormulaReader:
    """Recursive descent; each call becomes a statement, the same call only once."""

    def __init__(self, formula: str) -> None:
        self.tokens = _split_tokens(formula)
        self.position = 0
        self.statements: list[Statement] = []
        self._seen: dict[str, Step] = {}
        self._values: dict[QuestionPart | Step | Unknown, Fraction] = {}
        self._places = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise NoValueError(f"'{wanted}' is missing in the formula")
        self.position += 1
        return token

    def expression(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise NoValueError("the formula is too deep")
        start = self.position
        token = self.take()
        if token.startswith("const_"):
            return _read_constant(token)
        if not token[0].isalpha():
            negative = token[0] == "-"
            literal = Literal(number(token.lstrip("-")), token.lstrip("-"))
            return Call("neg", (literal,)) if negative else literal
        return self.call(token.lower(), depth, start)

    def call(self, operation: str, depth: int, start: int) -> Node:
        self.take("(")
        args = [self.expression(depth + 1)]
        while self.peek() == ",":
            self.take()
            args.append(self.expression(depth + 1))
        self.take(")")
        # The same call is the same step, however often the formula repeats it.
        key = " ".join(self.tokens[start : self.position])
        if key not in self._seen:
            self._seen[key] = self.state(operation, args)
        return self._seen[key]

    def state(self, operation: str, args: Sequence[Node]) -> Step:
        if operation not in OPERATIONS:
            raise NoValueError(f"the operation {operation} is not known")
        try:
            tree = placed(OPERATIONS[operation](*args), self._places)
        except TypeError as exc:
            raise NoValueError(f"the operation {operation} does not take {len(args)} arguments") from exc
        self._places += len(literals(tree))
        step = Step(len(self.statements))
        self._values[step] = value(tree, self._values)
        label = (
            f"{operation} value"
            if operation in ("add", "subtract", "multiply", "divide")
            else operation.replace("_", " ")
        )
        self.statements.append(Statement(tree=tree, shown=self._values[step], label=label))
        return step


def _split_tokens(formula: str) -> list[str]:
    found: list[str] = []
    position = 0
    formula = formula.rstrip(" |\n")
    while position < len(formula):
        match = _TOKEN.match(formula, position)
        if match is None:
            raise NoValueError(f"'{formula[position]}' does not belong in a formula")
        found.append(match[1])
        position = match.end()
    return found


def _read_constant(token: str) -> Node:
    name = token.lower()
    if name == "const_pi":
        return Call("pi", ())
    if name == "const_deg_to_rad":
        return _div(_pi(), _n(180))
    amount = _CONSTANTS.get(name)  # const_3_6 is 3.6, const_0_2778 is 5/18
    if amount is None:
        amount = number(name.removeprefix("const_").replace("_", "."))
    return Fixed(_NAMES[name], amount) if name in _NAMES else Plain(amount)


def _n(amount: int, below: int = 1) -> Node:
    return Plain(Fraction(amount, below))


def _add(a: Node, b: Node) -> Node:
    return Op("+", a, b)


def _sub(a: Node, b: Node) -> Node:
    return Op("-", a, b)


def _mul(a: Node, b: Node) -> Node:
    return Op("*", a, b)


def _div(a: Node, b: Node) -> Node:
    return Op("/", a, b)


def _square(a: Node) -> Node:
    return Op("**", a, _n(2))


def _sqrt(a: Node) -> Node:
    return Call("sqrt", (a,))


def _pi() -> Node:
    return Call("pi", ())


def _share(a: Node) -> Node:
    return _div(a, _n(100))


def _heron(a: Node, b: Node, c: Node) -> Node:
    half = _div(_add(_add(a, b), c), _n(2))
    return _sqrt(_mul(_mul(half, _sub(half, a)), _mul(_sub(half, b), _sub(half, c))))


OPERATIONS: dict[str, Callable[..., Node]] = {
    "add": _add,
    "subtract": _sub,
    "multiply": _mul,
    "divide": _div,
    "power": lambda a, b: Op("**", a, b),
    "sqrt": _sqrt,
    "factorial": lambda a: Call("factorial", (a,)),
    "gcd": lambda a, b: Call("gcd", (a, b)),
    "lcm": lambda a, b: Call("lcm", (a, b)),
    "max": lambda a, b: Call("max", (a, b)),
    "min": lambda a, b: Call("min", (a, b)),
    "reminder": lambda a, b: Op("%", a, b),
    "negate": lambda a: Call("neg", (a,)),
    "inverse": lambda a: _div(_n(1), a),
    "round": lambda a: Call("round", (a,)),
    "floor": lambda a: Call("floor", (a,)),
    "ceil": lambda a: Call("ceil", (a,)),
    "choose": lambda a, b: Call("comb", (a, b)),
    "combination": lambda a, b: Call("comb", (a, b)),
    "permutation": lambda a, b: Call("perm", (a, b)),
    "sum_consecutive_number": lambda a, b: _div(_mul(_add(a, b), _add(_sub(b, a), _n(1))), _n(2)),
    "count_interval": lambda a, b: _add(_sub(b, a), _n(1)),
    "percent": lambda a, b: _mul(_share(a), b),
    "p_after_gain": lambda a, b: _mul(_add(_n(1), _share(a)), b),
    "p_after_loss": lambda a, b: _mul(_sub(_n(1), _share(a)), b),
    "price_after_gain": lambda a, b: _mul(_add(_n(1), _share(a)), b),
    "price_after_loss": lambda a, b: _mul(_sub(_n(1), _share(a)), b),
    "from_percent": _share,
    "to_percent": lambda a: _mul(a, _n(100)),
    "gain_percent": lambda a: _add(_n(100), a),
    "loss_percent": lambda a: _sub(_n(100), a),
    "negate_percent": lambda a: _sub(_n(100), a),
    "original_price_before_gain": lambda a, b: _div(_mul(b, _n(100)), _add(_n(100), a)),
    "original_price_before_loss": lambda a, b: _div(_mul(b, _n(100)), _sub(_n(100), a)),
    "speed": _div,
    "combined_work": lambda a, b: _add(_div(_n(1), a), _div(_n(1), b)),
    "find_work": lambda a, b: _sub(_div(_n(1), a), _div(_n(1), b)),
    "speed_ratio_steel_to_stream": lambda a, b: _div(_add(a, b), _sub(a, b)),
    "speed_in_still_water": lambda a, b: _div(_add(a, b), _n(2)),
    "stream_speed": lambda a, b: _div(_sub(a, b), _n(2)),
    "union_prob": lambda a, b, c: _sub(_add(a, b), c),
    "negate_prob": lambda a: _sub(_n(1), a),
    "circle_area": lambda a: _mul(_pi(), _square(a)),
    "circumface": lambda a: _mul(_mul(_n(2), _pi()), a),
    "circle_arc": lambda a, b: _div(_mul(a, b), _n(360)),
    "semi_circle_perimiter": lambda a: _add(_mul(_pi(), a), _mul(_n(2), a)),
    "circle_sector_area": lambda a, b: _mul(_mul(_pi(), _square(a)), _div(b, _n(360))),
    "rectangle_perimeter": lambda a, b: _mul(_n(2), _add(a, b)),
    "rectangle_area": _mul,
    "square_perimeter": lambda a: _mul(_n(4), a),
    "square_area": _square,
    "trapezium_area": lambda a, b, c: _div(_mul(_add(a, b), c), _n(2)),
    "rhombus_perimeter": lambda a: _mul(_n(4), a),
    "rhombus_area": lambda a, b: _div(_mul(a, b), _n(2)),
    "quadrilateral_area": lambda a, b, c: _div(_mul(a, _add(b, c)), _n(2)),
    "triangle_area": lambda a, b: _div(_mul(a, b), _n(2)),
    "triangle_area_three_edges": _heron,
    "triangle_perimeter": lambda a, b, c: _add(_add(a, b), c),
    "volume_cone": lambda a, b: _div(_mul(_mul(_pi(), _square(a)), b), _n(3)),
    "volume_cylinder": lambda a, b: _mul(_mul(_pi(), _square(a)), b),
    "volume_sphere": lambda a: _mul(_mul(_n(4, 3), _pi()), Op("**", a, _n(3))),
    "volume_cube": lambda a: Op("**", a, _n(3)),
    "volume_rectangular_prism": lambda a, b, c: _mul(_mul(a, b), c),
    "surface_cube": lambda a: _mul(_n(6), _square(a)),
    "surface_sphere": lambda a: _mul(_mul(_n(4), _pi()), _square(a)),
    "surface_cylinder": lambda a, b: _mul(_mul(_mul(_n(2), _pi()), a), _add(a, b)),
    "surface_rectangular_prism": lambda a, b, c: _mul(_n(2), _add(_add(_mul(a, b), _mul(b, c)), _mul(a, c))),
    "diagonal": lambda a, b: _sqrt(_add(_square(a), _square(b))),
    "side_by_diagonal": lambda a, b: _sqrt(_sub(_square(a), _square(b))),
    "square_edge_by_perimeter": lambda a: _div(a, _n(4)),
    "square_edge_by_area": _sqrt,
    "cube_edge_by_volume": lambda a: Op("**", a, _n(1, 3)),
}  # fmt: skip
