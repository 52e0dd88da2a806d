"""The words of the grammar of answers: LaTeX commands, what programs print, and the literals that numbers are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.grading.syntax_tree import Number

MAX_CHARS = 20_000  # of a text that is read at all
MAX_DIGITS = 4000  # of one number
MAX_EXPONENT = 1000  # of a number in scientific notation

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?:\.(?!\d))?)
    | (?P<string>'[^']*'|"[^"]*")
    | (?P<command>\\[a-zA-Z]+|\\[{}|\\])
    | (?P<word>(?:float|int)(?:16|32|64)|[A-Za-z]+)
    | (?P<op><=|>=|!=|==|:=|[-+*/^_=<>!:;,(){}\[\]|%&'?])
    )""",
    re.VERBOSE,
)
RELATIONS = {
    "=": "=", "==": "=", ":=": "=", r"\equiv": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!=",
    r"\lt": "<", r"\gt": ">", r"\le": "<=", r"\ge": ">=", r"\leq": "<=", r"\geq": ">=", r"\leqslant": "<=",
    r"\geqslant": ">=", r"\ne": "!=", r"\neq": "!=", r"\in": "in", r"\approx": "~", r"\sim": "~", r"\simeq": "~",
    r"\implies": "=>", r"\Rightarrow": "=>",
}  # fmt: skip
PRODUCTS = {
    "*": "*", "/": "/", r"\times": "*", r"\cdot": "*", r"\div": "/", r"\ast": "*", r"\bmod": "mod", r"\mod": "mod",
}  # fmt: skip
LOGIC = {r"\land": "intersection", r"\lor": "union"}
OPERATIONS_ON_SETS = frozenset(["union", "intersection", "difference"])  # kinds of groups
REALS = r"\Reals"
UNKNOWN_FUNCTIONS = frozenset("fghFGH")  # letters that stand for functions rather than for factors before a bracket
SEVERAL_ARGUMENTS = {"max", "min", "gcd", "lcm"}
SETS = {r"\cup": "union", r"\cap": "intersection", r"\setminus": "difference", "U": "union"}
# What LaTeX, Python and sympy call a function, and the one name that it has here; log without a base has two readings.
FUNCTIONS = {
    "sqrt": "sqrt", "cbrt": "cbrt", "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec",
    "csc": "csc", "exp": "exp", "ln": "ln", "log": "log?", "lg": "log10", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "asin": "asin", "acos": "acos", "atan": "atan", "arctg": "atan", "tg": "tan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "artanh": "atanh",
    "arsinh": "asinh", "arcosh": "acosh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "abs": "abs",
    "Abs": "abs", "floor": "floor", "ceil": "ceil", "ceiling": "ceil", "factorial": "factorial",
    "binomial": "binomial", "gamma": "gamma", "arccot": "acot", "acot": "acot", "coth": "coth", "sech": "sech",
    "csch": "csch", "cosec": "csc", "arcsec": "asec", "arccsc": "acsc", "asec": "asec", "acsc": "acsc",
    "arccoth": "acoth", "arsech": "asech", "arcsech": "asech", "arccsch": "acsch", "acoth": "acoth", "asech": "asech",
    "acsch": "acsch", "cis": "cis", "gcd": "gcd", "lcm": "lcm", "max": "max", "min": "min", "sgn": "sign",
    "sign": "sign", "comb": "binomial",
}  # fmt: skip
DIVIDING = {"Fraction", "Rational"}
# What a program prints of a collection, by the group that it is.
CONTAINERS = {
    "Matrix": "matrix", "matrix": "matrix", "ImmutableMatrix": "matrix", "array": "square", "FiniteSet": "set", "set": "set",
    "frozenset": "set", "Tuple": "paren", "tuple": "paren", "list": "square", "deque": "square", "Interval": "[]",
    "Union": "union",
}  # fmt: skip
WRAPPERS = {
    "Integer", "Float", "Decimal", "int", "float", "str", "float16", "float32", "float64", "int16", "int32", "int64",
}  # fmt: skip
CONSTANTS = {
    r"\pi": "pi", "pi": "pi", "Pi": "pi", "e": "e", "i": "i", "I": "i", r"\infty": "oo", "oo": "oo", "inf": "oo",
    "infinity": "oo", "Infinity": "oo", r"\imath": "i", "nan": "nan",
}  # fmt: skip
EMPTY = {r"\emptyset", r"\varnothing", "EmptySet"}
MATRICES = {"matrix", "pmatrix", "bmatrix", "vmatrix", "Bmatrix", "smallmatrix"}
GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "rho", "varrho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega",
    "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega", "ell", "hbar",
})  # fmt: skip
CLOSING = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\lbrace": r"\rbrace", r"\lbrack": r"\rbrack"}
ROUND_UP_DOWN = {r"\lfloor": (r"\rfloor", "floor"), r"\lceil": (r"\rceil", "ceil")}
GROUPS = {("(", ")"): "paren", ("[", "]"): "square", ("(", "]"): "(]", ("[", ")"): "[)"}


class UnreadableAnswer(Exception):
    """The text is not an answer that this grammar knows; the reason is its message."""


@dataclass(frozen=True, slots=True)
class AnswerToken:
    """A number, quoted string, LaTeX command, word or operator."""

    kind: str
    text: str


END = AnswerToken("end", "")


def tokens(text: str) -> Iterator[AnswerToken]:
    """The tokens of a text.

    Raises:
        UnreadableAnswer: it holds a character that no answer has.
    """
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise UnreadableAnswer(f"did not expect {text[position]}")
        position = match.end()
        yield AnswerToken(match.lastgroup, match[match.lastgroup])


def literal(text: str) -> Number:
    """The number that a literal such as `12`, `0.50`, `.5` or `1e-05` stands for, with the digits it shows."""
    # A point at the end is the end of the sentence.
    mantissa, _, exponent = text.rstrip(".").lower().partition("e")
    if len(mantissa) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise UnreadableAnswer("a number with too many digits")
    whole, point, after = mantissa.partition(".")
    if not exponent and not point:
        return Number(Fraction(int(mantissa)))
    value = Fraction(int(whole + after), 10 ** len(after))
    value = value * Fraction(10) ** int(exponent) if exponent else value
    return Number(value, len(after) - int(exponent or 0), len(mantissa.replace(".", "").lstrip("0")))
