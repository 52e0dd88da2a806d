"""Reads an answer, in LaTeX or as a program prints it, into a tree: a recursive descent with caps, nothing is executed.

Grammar, loosest first: `;` list, `,` list, relation, union, sum, product (also by juxtaposition), sign, power, postfix,
atom.
"""

import re
from fractions import Fraction

from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Relation, Symbol, Words
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
    MAX_CHARS,
    PRODUCTS,
    RELATIONS,
    ROUND_UP_DOWN,
    SETS,
    WRAPPERS,
    AnswerToken,
    UnreadableAnswer,
    literal,
    tokens,
)

MAX_DEPTH = 120

_MATHEMATICAL = FUNCTIONS.keys() | CONSTANTS.keys() | CONTAINERS.keys() | DIVIDING | WRAPPERS  # words that are no text
# Commands behind which no factor begins: they close something, or join two terms.
_NO_FACTOR = frozenset(
    [r"\}", r"\rbrace", r"\rfloor", r"\rceil", r"\rvert", r"\rbrack", "\\\\", r"\end", r"\pm", r"\mp", *PRODUCTS]
)


def parse(text: str) -> Node:
    """The tree of a cleaned text (see `caco_tasks.grading.normal_form`).

    Raises:
        UnreadableAnswer: the text is not in the grammar, or is larger than the caps of this module.
    """
    if len(text) > MAX_CHARS:
        raise UnreadableAnswer("too long")
    parser = _AnswerParser(list(tokens(text)))
    node = parser.outer_list()
    if parser.peek is not END:
        raise UnreadableAnswer(f"did not expect {parser.peek.text}")
    return node


class _AnswerParser:
    """Recursive descent; each method reads one level of the grammar and leaves the token behind it."""

    def __init__(self, words: list[AnswerToken]) -> None:
        self._tokens = [*words, END]
        self._at = 0
        self._depth = 0
        self._bars = 0  # open | of absolute values: the next | closes one instead of opening another

    @property
    def peek(self) -> AnswerToken:
        return self._tokens[self._at]

    def take(self) -> AnswerToken:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def accept(self, *texts: str) -> bool:
        if self.peek.kind != "string" and self.peek.text in texts:
            self.take()
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise UnreadableAnswer(f"expected {text}")

    # lists and relations

    def outer_list(self) -> Node:
        items = [self.inner_list()]
        while self.accept(";"):
            items.append(self.inner_list())
        return items[0] if len(items) == 1 else Group("bare", tuple(items))

    def inner_list(self) -> Node:
        items = self.items(closing=(";", "", r"\\"))
        return items[0] if len(items) == 1 else Group("bare", tuple(items))

    def items(self, closing: tuple[str, ...]) -> list[Node]:
        items: list[Node] = []
        while self.peek.text not in closing:
            items.append(self.relation())
            if not self.accept(","):
                break
        if not items and closing[0] == ";":
            raise UnreadableAnswer("nothing there")
        return items

    def relation(self) -> Node:
        ops: list[str] = []
        sides = [self.side()]
        while (op := RELATIONS.get(self.peek.text)) is not None and self.peek.kind != "string":
            self.take()
            ops.append(op)
            sides.append(self.side())
        return Relation(tuple(ops), tuple(sides)) if ops else sides[0]

    def side(self) -> Node:
        """One side of a relation, a ratio, or words."""
        label = self.label()
        if label is not None:
            return label
        parts = [self.union()]
        while self.accept(":"):
            parts.append(self.union())
        return parts[0] if len(parts) == 1 else Group("ratio", tuple(parts))

    def label(self) -> Node | None:
        """`f(x)` before an equals sign, as one symbol; words up to the next comma, as words."""
        start = self._at
        if self.peek.kind in ("word", "command") and self._tokens[start + 1].text == "(":
            texts = [token.text for token in self._tokens[start : start + 12]]
            if ")" in texts and texts[texts.index(")") + 1 :][:1] == ["="] and texts[0] not in FUNCTIONS:
                size = texts.index(")") + 1
                self._at += size
                return Symbol("".join(texts[:size]))
        return self.words()

    def words(self) -> Words | None:
        start = self._at
        is_word = self.peek.kind == "word" and len(self.peek.text) >= 3
        if not is_word or self.peek.text in _MATHEMATICAL:
            return None
        while self.peek.kind == "word":
            self.take()
        if self.peek.text in (",", ";", "", ")", "]", "}", r"\}", ":", "&", r"\\"):
            return Words(" ".join(token.text for token in self._tokens[start : self._at]).casefold())
        raise UnreadableAnswer("words among the mathematics")

    def union(self) -> Node:
        items = [self.sum()]
        names: set[str] = set()
        while (name := SETS.get(self.peek.text)) is not None:
            self.take()
            names.add(name)
            items.append(self.sum())
        if not names:
            return items[0]
        if names != {"union"} or any(not isinstance(item, Group) for item in items):
            raise UnreadableAnswer("set operations")
        return Group("union", tuple(items))

    # arithmetic

    def sum(self) -> Node:
        self.descend()
        node = self.product()
        while self.peek.text in ("+", "-", r"\pm", r"\mp"):
            op = self.take().text
            right = self.product()
            node = (
                Operation("+", (node, Operation("neg", (right,))))
                if op == "-"
                else Operation({"+": "+"}.get(op, op), (node, right))
            )
        self._depth -= 1
        return node

    def product(self) -> Node:
        node = self.signed()
        while True:
            op = PRODUCTS.get(self.peek.text)
            if op is not None and self.peek.kind != "string":
                self.take()
                right = self.signed()
            elif self.starts_factor():
                op, right = "*", self.power()
                if isinstance(node, Number) and node.decimals is None and _is_proper(right):
                    node = Operation(
                        "+", (node, right if node.value >= 0 else Operation("neg", (right,)))
                    )  # a mixed number
                    continue
            else:
                return node
            node = Operation(op, (_factor(node), _factor(right)))

    def starts_factor(self) -> bool:
        token = self.peek
        if token.kind == "number" and self._tokens[self._at - 1].kind == "number":
            raise UnreadableAnswer("two numbers side by side")
        if token.kind in ("word", "number"):
            return True
        if token.kind == "command":
            return token.text not in RELATIONS and token.text not in SETS and token.text not in _NO_FACTOR
        return token.text in ("(", "{", "[") or (token.text == "|" and not self._bars)

    def signed(self) -> Node:
        self.descend()
        if self.accept("-"):
            inner = self.signed()
            node: Node = Operation("neg", (inner,))
            if isinstance(inner, Number):
                node = Number(-inner.value, inner.decimals, inner.digits)
        elif self.accept("+"):
            node = self.signed()
        elif self.peek.text in (r"\pm", r"\mp"):
            op = self.take().text
            node = Operation(op, (Number(Fraction(0)), self.signed()))
        else:
            node = self.power()
        self._depth -= 1
        return node

    def power(self) -> Node:
        self.descend()
        node = self.postfix(self.atom())
        # A degree sign or a prime written as an exponent says nothing of the value.
        if self.accept("^") and not self.accept("'", r"\prime", r"\circ", r"\degree"):
            exponent = self.script()
            base = self.subscripted(node) if isinstance(node, Symbol) else node
            node = self.postfix(Operation("^", (base, exponent)))
        self._depth -= 1
        return node

    def descend(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableAnswer("nested too deeply")

    def postfix(self, node: Node) -> Node:
        while True:
            if self.peek.text == "!" and self._tokens[self._at + 1].text != "=":
                self.take()
                node = Operation("factorial", (node,))
            elif not self.accept("%", r"\degree", r"\circ"):
                return node

    def script(self) -> Node:
        """What stands after ^ or _: a braced expression, or a single factor with its sign."""
        if self.accept("{"):
            node = self.outer_list()
            self.expect("}")
            return node
        if self.accept("-"):
            return Operation("neg", (self.power(),))
        return self.power()

    # atoms

    def atom(self) -> Node:
        self.descend()
        node = self.primary()
        self._depth -= 1
        return node

    def primary(self) -> Node:
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
        number = literal(text)
        if self.peek == AnswerToken("word", "j"):
            self.take()
            return Operation("*", (number, Symbol("i")))
        return number

    def until(self, closing: str, name: str) -> Node:
        node = self.sum()
        self.expect(closing)
        return Operation(name, (node,))

    def absolute(self, opening: str) -> Node:
        closing = {r"\lvert": r"\rvert"}.get(opening, opening)
        self._bars += 1
        node = self.until(closing, "abs")
        self._bars -= 1
        return node

    def group(self, opening: str) -> Node:
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
        closing = (")", "]", "}", r"\}", r"\rbrace", r"\rbrack", ";")
        items = self.items(closing)
        while self.accept(";"):
            more = self.items(closing)
            items = [*items, *more]
        return items

    def named(self, text: str) -> Node:
        name = text.lstrip("\\")
        if name in ("frac", "binom") and text.startswith("\\"):
            return Operation({"frac": "/", "binom": "binomial"}[name], (self.argument(), self.argument()))
        if text == r"\begin":
            return self.environment()
        if text == r"\sqrt":
            return self.root()
        if text in EMPTY:
            return Group("set", ())
        if text in CONSTANTS:
            return self.subscripted(Symbol(CONSTANTS[text]))
        if name in FUNCTIONS and (name not in GREEK or self.peek.text == "("):
            return self.function(name)
        if self.peek.text == "(" and name in DIVIDING | WRAPPERS | set(CONTAINERS):
            return self.constructor(name)
        if (text.startswith("\\") and name in GREEK) or len(text) == 1:
            return self.subscripted(Symbol(name))
        if not text.startswith("\\") and len(text) == 2:  # xy is a product; longer words are no mathematics
            return Operation("*", (Symbol(text[0]), self.subscripted(Symbol(text[1]))))
        raise UnreadableAnswer(f"does not know {text}")

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
        if name == "sqrt" and self.peek.text != "(":
            return self.root()
        base = self.script() if name == "log" and self.accept("_") else None
        power = self.script() if self.accept("^") else None
        args = self.function_arguments()
        call = Operation("log", (*args, base)) if base is not None else Operation(FUNCTIONS[name], args)
        if power == Number(Fraction(-1)):  # sin^{-1} is the inverse, not the reciprocal
            return Operation("a" + name, args)
        return call if power is None else Operation("^", (call, power))

    def function_arguments(self) -> tuple[Node, ...]:
        if self.peek.text in ("(", "["):
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
        self.expect("(")
        items = tuple(self.items((")",)))
        self.expect(")")
        if name in DIVIDING and len(items) == 2:
            return Operation("/", items)
        if name in DIVIDING | WRAPPERS and len(items) == 1:
            (item,) = items  # Decimal('3.14') holds a quoted number
            return literal(item.text) if isinstance(item, Words) and re.fullmatch(r"[\d.]+", item.text) else item
        kind = CONTAINERS.get(name, "")
        if kind in ("matrix", "set", "square", "paren") and len(items) == 1 and isinstance(items[0], Group):
            return Group(kind, items[0].items)
        if kind in ("set", "paren", "union", "[]") or (kind and not items):
            return Group(kind.replace("[]", "square"), items)
        raise UnreadableAnswer(f"does not know this form of {name}")

    def environment(self) -> Node:
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
        if self.accept("_"):
            return Symbol(f"{symbol.name}_{self.script()}")
        while self.accept("'"):
            symbol = Symbol(symbol.name + "'")
        return symbol


def _factor(node: Node) -> Node:
    """Square brackets around one factor of a product only group."""
    return node.items[0] if isinstance(node, Group) and node.kind == "square" and len(node.items) == 1 else node


def _is_proper(node: Node) -> bool:
    """A fraction of two whole numbers, less than one."""
    if not (isinstance(node, Operation) and node.name == "/"):
        return False
    above, below = node.args
    whole = isinstance(above, Number) and isinstance(below, Number)
    return whole and 0 < above.value < below.value  # type: ignore[union-attr]


def _bracketed(kind: str, items: list[Node]) -> Node:
    if kind == "paren" and len(items) == 1 and not isinstance(items[0], Group):
        return items[0]
    if kind == "square" and items and all(isinstance(item, Group) and item.kind == "square" for item in items):
        return Group("matrix", tuple(items))
    return Group(kind, tuple(items))
