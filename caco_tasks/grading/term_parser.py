"""Reads the terms of an answer into trees.

Grammar, loosest first: sum, product (also by juxtaposition), sign, power, postfix, atom.
"""

from fractions import Fraction

from caco_tasks.grading.atom_parser import AtomParser, quotient_of
from caco_tasks.grading.syntax_tree import Group, Node, Number, Operation, Symbol
from caco_tasks.grading.tokens import (
    CLOSING,
    LOGIC,
    PRODUCTS,
    RELATIONS,
    SETS,
    UnreadableAnswer,
)

# Commands behind which no factor begins: they close something, or join two terms.
_NO_FACTOR = frozenset(
    [r"\}", r"\rbrace", r"\rfloor", r"\rceil", r"\rvert", r"\rbrack", "\\\\", r"\end", r"\pm", r"\mp", *PRODUCTS]
)
_ENDS_FACTORS = RELATIONS.keys() | SETS.keys() | LOGIC.keys() | _NO_FACTOR


class TermParser(AtomParser):
    """Recursive descent; each method reads one level of the grammar and leaves the token behind it."""

    def sum(self) -> Node:
        """Terms with + and - and ± between them."""
        self.descend()
        node = self.product()
        while self.peek.text in ("+", "-", r"\pm", r"\mp"):
            op = self.take().text
            right = self.product()
            if op == "-" and isinstance(node, Group) and isinstance(right, Group) and right.kind == "set":
                node = Group("difference", (node, right))  # R - {0}
                continue
            node = (
                Operation("+", (node, Operation("neg", (right,))))
                if op == "-"
                else Operation({"+": "+"}.get(op, op), (node, right))
            )
        self._depth -= 1
        return node

    def product(self) -> Node:
        """Factors, with or without a sign between them; a whole number and a fraction are a mixed number."""
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
            sides = _factor(node), _factor(right)
            node = quotient_of(*sides) if op == "/" else Operation(op, sides)

    def starts_factor(self) -> bool:
        """Whether a factor begins here, without a sign of multiplication."""
        token = self.peek
        if token.kind == "number" and self._tokens[self._at - 1].kind == "number":
            raise UnreadableAnswer("two numbers side by side")
        if (
            token.text == "U"
            and self._tokens[self._at - 1].text in (")", "]")
            and self._tokens[self._at + 1].text in CLOSING
        ):
            return False  # a union of intervals
        if token.kind in ("word", "number"):
            return True
        if token.kind == "command":
            return token.text not in _ENDS_FACTORS
        return token.text in ("(", "{", "[") or (token.text == "|" and not self._bars)

    def signed(self) -> Node:
        """A factor with its signs."""
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
        """An atom, with what is written behind and above it."""
        self.descend()
        start = self._at
        node = self.postfix(self.atom())
        is_word = self._tokens[start].kind == "word" and self._at == start + 1
        # A degree sign or a prime written as an exponent says nothing of the value.
        if self.accept("^") and not self.accept("'", r"\prime", r"\circ", r"\degree"):
            exponent = self.script()
            if is_word and isinstance(node, Operation) and node.name == "*":  # xy^2 is x times y^2
                node = Operation("*", (node.args[0], self.postfix(Operation("^", (node.args[1], exponent)))))
            else:
                base = self.subscripted(node) if isinstance(node, Symbol) else node
                node = self.postfix(Operation("^", (base, exponent)))
        self._depth -= 1
        return node

    def postfix(self, node: Node) -> Node:
        """The factorials, percent and degree signs behind an atom."""
        while True:
            if self.peek.text == "!" and self._tokens[self._at + 1].text != "=":
                self.take()
                node = Operation("factorial", (node,))
            elif not self.accept("%", r"\degree", r"\circ"):
                return node


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
