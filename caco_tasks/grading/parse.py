"""Reads an answer, in LaTeX or as a program prints it, into a tree: a recursive descent with caps, nothing is executed.

Grammar, loosest first: `;` list, `,` list, relation, union, sum, product (also by juxtaposition), sign, power, postfix,
atom.
"""

from caco_tasks.grading.atom_parser import is_product
from caco_tasks.grading.syntax_tree import Group, Node, Relation, Symbol, Words
from caco_tasks.grading.term_parser import TermParser
from caco_tasks.grading.tokens import (
    CONSTANTS,
    CONTAINERS,
    DIVIDING,
    END,
    FUNCTIONS,
    GREEK,
    LOGIC,
    MAX_CHARS,
    RELATIONS,
    SETS,
    WRAPPERS,
    UnreadableAnswer,
    tokens,
)

_MATHEMATICAL = FUNCTIONS.keys() | CONSTANTS.keys() | CONTAINERS.keys() | DIVIDING | WRAPPERS  # words that are no text


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


class _AnswerParser(TermParser):
    """Lists, relations, words and sets of terms."""

    # lists and relations

    def outer_list(self) -> Node:
        """Lists separated by semicolons."""
        items = [self.inner_list()]
        while self.accept(";"):
            items.append(self.inner_list())
        return items[0] if len(items) == 1 else Group("bare", tuple(items))

    def inner_list(self) -> Node:
        """A list separated by commas."""
        items = self.items(closing=(";", "", r"\\"))
        return items[0] if len(items) == 1 else Group("bare", tuple(items))

    def items(self, closing: tuple[str, ...]) -> list[Node]:
        """What commas separate, up to one of `closing`."""
        items: list[Node] = []
        while self.peek.text not in closing:
            items.append(self.condition())
            if not self.accept(","):
                break
        if not items and closing[0] == ";":
            raise UnreadableAnswer("nothing there")
        return items

    def condition(self) -> Node:
        """Relations joined by and (first) and or."""
        parts = [self.relation()]
        while (name := LOGIC.get(self.peek.text)) is not None:
            self.take()
            right = self.relation()
            last = parts[-1]
            if name == "intersection":
                parts[-1] = Group(
                    name, (*last.items, right) if isinstance(last, Group) and last.kind == name else (last, right)
                )
            else:
                parts.append(right)
        return parts[0] if len(parts) == 1 else Group("union", tuple(parts))

    def relation(self) -> Node:
        """A chain of comparisons, or one side alone."""
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
        token, start = self.peek, self._at
        if token.kind in ("word", "command") and self._tokens[start + 1].text == "(":
            texts = [one.text for one in self._tokens[start : start + 12]]
            name = token.text.lstrip("\\")
            if ")" in texts and texts[texts.index(")") + 1 :][:1] == ["="] and name not in FUNCTIONS:
                if len(name) == 1 or name in GREEK:
                    if not all(
                        text == "," or (len(text) == 1 and text.isalpha()) for text in texts[2 : texts.index(")")]
                    ):
                        return None
                    self.take()
                    return self.call(name)
                size = texts.index(")") + 1
                self._at += size
                return Symbol("".join(texts[:size]))
        return self.words()

    def words(self) -> Words | None:
        """Words up to the next comma; None where mathematics begins."""
        start = self._at
        is_word = self.peek.kind == "word" and len(self.peek.text) >= 3
        if not is_word or self.peek.text in _MATHEMATICAL:
            return None
        while self.peek.kind == "word":
            self.take()
        if self.peek.text in (",", ";", "", ")", "]", "}", r"\}", ":", "&", r"\\"):
            return Words(" ".join(token.text for token in self._tokens[start : self._at]).casefold())
        self._at = start
        if is_product(self.peek.text):
            return None
        raise UnreadableAnswer("words among the mathematics")

    def union(self) -> Node:
        """Terms with the signs of set operations between them."""
        node = self.sum()
        while (name := SETS.get(self.peek.text)) is not None:
            self.take()
            right = self.sum()
            if not (isinstance(node, Group) and isinstance(right, Group)):
                raise UnreadableAnswer("set operations")
            items = node.items if node.kind == name == "union" else (node,)
            node = Group(name, (*items, right))
        return node
