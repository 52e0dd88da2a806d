"""Reads the atoms of an answer into trees: numbers, names, functions, groups, roots, matrices; nothing is executed."""

import itertools
import re
from abc import ABC, abstractmethod
from fractions import Fraction

from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Symbol, Words, product_of
from caco_tasks.grading.token_reader import TokenReader
from caco_tasks.grading.tokens import (
    CLOSING,
    CONSTANTS,
    CONTAINERS,
    DIVIDING,
    EMPTY,
    END,
    FUNCTIONS,
    GREEK,
    GROUPS,
    MATRICES,
    OPERATIONS_ON_SETS,
    REALS,
    ROUND_UP_DOWN,
    SEVERAL_ARGUMENTS,
    UNKNOWN_FUNCTIONS,
    WRAPPERS,
    AnswerToken,
    UnreadableAnswer,
    literal,
)


class AtomParser(TokenReader, ABC):
    """What the terms of a sum are made of; what stands in brackets is read by the parsers built on this one."""

    @abstractmethod
    def outer_list(self) -> Node:
        """Lists of lists, such as stand between braces."""

    @abstractmethod
    def items(self, closing: tuple[str, ...]) -> list[Node]:
        """What commas separate, up to one of `closing`."""

    @abstractmethod
    def relation(self) -> Node:
        """A chain of comparisons, or one side alone."""

    @abstractmethod
    def sum(self) -> Node:
        """Terms with + and - and \u00b1 between them."""

    @abstractmethod
    def signed(self) -> Node:
        """A factor with its signs."""

    @abstractmethod
    def power(self) -> Node:
        """An atom, with what is written behind and above it."""

    def atom(self) -> Node:
        """A number, name, group or command, one level deeper."""
        self.descend()
        node = self.primary()
        self._depth -= 1
        return node

    def primary(self) -> Node:
        """A number, name, group or command."""
        token = self.take()
        if token.kind == "number":
            return self.number(token.text)
        if token.kind == "string":
            return Words(token.text[1:-1].strip().casefold())
        if token.text in CLOSING:
            return self.group(token.text)
        if token.text in ROUND_UP_DOWN:
            closing, name = ROUND_UP_DOWN[token.text]
            return self.until(closing, name)
        if token.text in ("|", r"\lvert", r"\vert", r"\|"):
            return self.absolute(token.text)
        if token.kind in ("word", "command"):
            return self.named(token.text)
        raise UnreadableAnswer(f"did not expect {token.text or 'the end'}")

    def number(self, text: str) -> Node:
        """A literal; `3j` is imaginary."""
        number = literal(text)
        if self.peek == AnswerToken("word", "j"):
            self.take()
            return Operation("*", (number, Symbol("i")))
        return number

    def until(self, closing: str, name: str) -> Node:
        """A sum up to a closing sign."""
        node = self.sum()
        self.expect(closing)
        return Operation(name, (node,))

    def absolute(self, opening: str) -> Node:
        """What stands between bars."""
        closing = {r"\lvert": r"\rvert"}.get(opening, opening)
        self._bars += 1
        node = self.until(closing, "abs")
        self._bars -= 1
        return node

    def group(self, opening: str) -> Node:
        """What stands between brackets."""
        bars, self._bars = self._bars, 0  # inside brackets a | opens again
        items = self.semicolon_list()
        closing = self.take().text
        self._bars = bars
        if opening in ("(", "[") and closing in (")", "]"):
            return _bracketed(GROUPS[opening, closing], items)
        if closing != CLOSING[opening]:
            raise UnreadableAnswer(f"expected {CLOSING[opening]}")
        if opening == "{" and len(items) == 1:
            return items[0]
        return _bracketed("set", items) if opening in ("{", r"\{", r"\lbrace") else _bracketed("square", items)

    def semicolon_list(self) -> list[Node]:
        """What commas and semicolons separate."""
        closing = (")", "]", "}", r"\}", r"\rbrace", r"\rbrack", ";")
        items = self.items(closing)
        while self.accept(";"):
            more = self.items(closing)
            items = [*items, *more]
        return items

    def named(self, text: str) -> Node:
        """What a word or command begins."""
        name = text.lstrip("\\")
        if text == r"\frac":
            return quotient_of(self.argument(), self.argument())
        if text == r"\binom":
            return Operation("binomial", (self.argument(), self.argument()))
        if text == r"\begin":
            return self.environment()
        if text == r"\sqrt":
            return self.root()
        if text == REALS:
            infinity = Symbol("oo")
            return Group("paren", (Operation("neg", (infinity,)), infinity))
        if text in EMPTY:
            return Group("set", ())
        if text in CONSTANTS:
            return self.subscripted(Symbol(CONSTANTS[text]))
        if name in FUNCTIONS and (name not in GREEK or self.peek.text == "("):
            return self.function(name)
        if self.peek.text == "(" and name in DIVIDING | WRAPPERS | set(CONTAINERS):
            return self.constructor(name)
        return self.letters(text)

    def letters(self, text: str) -> Node:
        """A variable, an unknown function, a named point, or a product of variables."""
        name = text.lstrip("\\")
        if text in UNKNOWN_FUNCTIONS and self.inverse_argument():
            self._at += 5
            return self.call(f"{text}^-1")
        if text in UNKNOWN_FUNCTIONS and self.starts_call():
            return self.call(text)
        if len(text) == 1 and text.isupper() and self.peek.text == "(" and self.is_point():
            return self.atom()  # P(3, 7) is a point and its name
        if (text.startswith("\\") and name in GREEK) or len(text) == 1:
            return self.subscripted(Symbol(name))
        if text.startswith("\\") or not (len(text) == 2 or is_product(text)):  # longer words are no mathematics
            raise UnreadableAnswer(f"does not know {text}")
        return product_of([*map(Symbol, text[:-1]), self.subscripted(Symbol(text[-1]))])

    def inverse_argument(self) -> bool:
        """Whether `^{-1}(` follows: the inverse of a function of no known rule."""
        texts = [token.text for token in self._tokens[self._at : self._at + 6]]
        return texts[:5] == ["^", "{", "-", "1", "}"] and texts[5:] == ["("]

    def starts_call(self) -> bool:
        """Whether brackets follow, with primes before them."""
        ahead = self._at
        while self._tokens[ahead].text == "'":
            ahead += 1
        return self._tokens[ahead].text == "("

    def is_point(self) -> bool:
        """Whether the brackets here hold coordinates: numbers, letters and commas alone."""
        texts = [token.text for token in self._tokens[self._at : self._at + 24]]
        inside = texts[: texts.index(")")] if ")" in texts else []
        return "," in inside and "(" not in inside[1:]

    def argument(self) -> Node:
        """An argument of a LaTeX command: braced, or one digit, letter or command."""
        if self.accept("{"):
            node = self.outer_list()
            self.expect("}")
            return node
        if self.peek.kind == "number" and len(self.peek.text) > 1 and self.peek.text.isdigit():
            first, rest = self.peek.text[0], self.peek.text[1:]  # \frac12 is a half
            self._tokens[self._at] = AnswerToken("number", rest)
            return literal(first)
        return self.atom()

    def root(self) -> Node:
        """A square root or one of another degree."""
        index: Node = Number(Fraction(2))
        if self.accept("["):
            index = self.sum()
            self.expect("]")
        if self.accept("{"):
            radicand = self.sum()
            self.expect("}")
        else:
            radicand = self.atom()
        return Operation("sqrt", (radicand,)) if index == Number(Fraction(2)) else Operation("root", (radicand, index))

    def function(self, name: str) -> Node:
        """A known function with its base, power and arguments."""
        if name == "sqrt" and self.peek.text != "(":
            return self.root()
        base = self.script() if name == "log" and self.accept("_") else None
        power = self.script() if self.accept("^") else None
        args = self.function_arguments(name)
        if name == "log" and base is None and len(args) == 2:  # log(8, 2)
            base, args = args[-1], args[:1]
        call = Operation("log", (*args, base)) if base is not None else Operation(FUNCTIONS[name], args)
        if power == Number(Fraction(-1)):  # sin^{-1} is the inverse, not the reciprocal
            return Operation("a" + name, args)
        return call if power is None else Operation("^", (call, power))

    def function_arguments(self, name: str) -> tuple[Node, ...]:
        """The arguments in brackets, or the factors that follow."""
        if self.peek.text in ("(", "[") or (name in SEVERAL_ARGUMENTS and self.peek.text in CLOSING):
            node = self.atom()
            return node.items if isinstance(node, Group) else (node,)
        node = self.signed()
        # \sin 2x takes both factors, \sin x \cos y only the first.
        while self.peek.kind in ("number", "word") or self.peek.text in (r"\pi", r"\theta", r"\frac"):
            if self.peek.text in FUNCTIONS:
                break
            node = Operation("*", (node, self.power()))
        return (node,)

    def constructor(self, name: str) -> Node:
        """What a program prints of a number or a collection."""
        self.expect("(")
        items = tuple(self.items((")",)))
        self.expect(")")
        if name in DIVIDING and len(items) == 2:
            return Operation("/", items)
        if name in DIVIDING | WRAPPERS and len(items) == 1:
            (item,) = items  # Decimal('3.14') holds a quoted number
            return literal(item.text) if isinstance(item, Words) and re.fullmatch(r"[\d.]+", item.text) else item
        kind = CONTAINERS.get(name, "")
        if kind == "matrix" and len(items) > 1 and all(isinstance(item, Group) for item in items):
            return Group(kind, items)
        if kind in ("matrix", "set", "square", "paren") and len(items) == 1 and isinstance(items[0], Group):
            return Group(kind, items[0].items)
        if kind in ("set", "paren", "union", "[]") or (kind and not items):
            return Group(kind.replace("[]", "square"), items)
        raise UnreadableAnswer(f"does not know this form of {name}")

    def environment(self) -> Node:
        """A matrix or array of LaTeX."""
        self.expect("{")
        name = self.take().text
        self.expect("}")
        if name == "array" and self.accept("{"):  # the alignment of its columns
            while not self.accept("}"):
                if self.take() is END:
                    raise UnreadableAnswer("expected }")
        elif name not in MATRICES:
            raise UnreadableAnswer(f"does not know the environment {name}")
        rows = self.rows()
        for text in (r"\end", "{", name, "}"):
            self.expect(text)
        return Group("matrix", tuple(rows))

    def rows(self) -> list[Node]:
        """The rows of a matrix."""
        rows: list[Node] = []
        while self.peek.text != r"\end":
            cells = [self.relation()]
            while self.accept("&"):
                cells.append(self.relation())
            rows.append(Group("square", tuple(cells)))
            if not self.accept("\\\\"):
                break
        return rows

    def subscripted(self, symbol: Symbol) -> Symbol:
        """A symbol with its subscript and primes."""
        if self.accept("_"):
            return Symbol(f"{symbol.name}_{self.script()}")
        while self.accept("'"):
            symbol = Symbol(symbol.name + "'")
        return symbol

    def call(self, name: str) -> Node:
        """A function of no known rule, behind its name."""
        while self.accept("'"):
            name += "'"
        self.expect("(")
        args = tuple(self.items((")",)))
        self.expect(")")
        return Operation(f"call {name}", args)

    def script(self) -> Node:
        """What stands after ^ or _: a braced expression, or a single factor with its sign."""
        if self.accept("{"):
            node = self.outer_list()
            self.expect("}")
            return node
        token = self.peek
        if (
            token.kind == "word"
            and len(token.text) == 2
            and token.text not in FUNCTIONS
            and token.text not in CONSTANTS
        ):
            self._tokens[self._at] = AnswerToken("word", token.text[1])  # in e^xe^y the exponent is x
            return Symbol(token.text[0])
        if self.accept("-"):
            return Operation("neg", (self.power(),))
        return self.power()


def quotient_of(above: Node, below: Node) -> Node:
    r"""A fraction; `\frac{dy}{dx}` is a derivative, of which nothing can be cancelled.

    Raises:
        UnreadableAnswer: it derives what follows, `\frac{d}{dx} x^2`.
    """
    names = [_differential(side) for side in (above, below)]
    if names[1] is None or (names[0] is None and above != Symbol("d")):
        return Operation("/", (above, below))
    if names[0] is None:
        raise UnreadableAnswer("a derivative to be taken")
    return Symbol(f"{names[0]}/{names[1]}")


def _differential(node: Node) -> str | None:
    """The name of dx, of which `node` is the product that its letters would be."""
    if not (isinstance(node, Operation) and node.name == "*" and node.args[0] == Symbol("d")):
        return None
    return f"d{node.args[1].name}" if isinstance(node.args[1], Symbol) else None


def is_product(word: str) -> bool:
    """Whether letters side by side are a product rather than a word: `nRT`, `abc`."""
    return 2 < len(word) <= 4 and (
        not set("aeiouy") & set(word)
        or all(ord(after) - ord(before) == 1 for before, after in itertools.pairwise(word))
    )


def _bracketed(kind: str, items: list[Node]) -> Node:
    if len(items) == 1 and isinstance(items[0], Group) and items[0].kind == "matrix" and kind != "set":
        return items[0]  # the brackets of an array
    if (
        kind == "paren"
        and len(items) == 1
        and not (isinstance(items[0], Group) and items[0].kind not in OPERATIONS_ON_SETS)
    ):
        return items[0]
    if kind == "square" and items and all(isinstance(item, Group) and item.kind == "square" for item in items):
        return Group("matrix", tuple(items))
    return Group(kind, tuple(items))
