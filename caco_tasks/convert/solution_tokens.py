"""The numbers of an annotated solution, each traced to what it is: a number of the question, a step, a constant.

Inside an annotation, and in the expression written out before it, the binding says what a literal is. Any other number
is looked up by its value among all that the solution knows at that place; if two things that may come to differ have the
value, or none has it, the solution is not traced.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from caco_tasks.convert.binding import Bound
from caco_tasks.convert.expression import (
    Fixed,
    Literal,
    Node,
    Op,
    Plain,
    QuestionPart,
    Step,
    Values,
    leaves,
    literals,
    parse,
    value,
)
from caco_tasks.convert.gsm8k import without_units
from caco_tasks.convert.number_draws import in_digits, rewritten
from caco_tasks.convert.question_numbers import QuestionNumber
from caco_tasks.exact import NoValueError
from caco_tasks.number_words import CARDINALS, DENOMINATORS, number_of_words
from caco_tasks.numbers_in_text import digits_pattern, without_separators

HUNDRED = Plain(Fraction(100))
ONE = Plain(Fraction(1))
_WORDS = "|".join(sorted(CARDINALS, key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?P<digits>(?<![A-Za-z\d.]){digits_pattern(',')})(?P<after>\s?%|\s?percent\b|(?:st|nd|rd|th)\b)?"
    rf"|\b(?P<words>(?:{_WORDS})(?:(?:[\s-]|\sand\s)(?:{_WORDS}|hundred|thousand))*)\b(?:(?=[\s-]+(?P<share>[a-z]+)))?",
    re.IGNORECASE | re.ASCII,
)
_ANNOTATION = re.compile(r"<<([^<>=]{1,200})=([^<>=]{1,60})>>")
_OPERATORS_ONLY = re.compile(r"[\s$()+\-*/×÷x−–%.]*(?:[A-Za-z]+[\s$()+\-*/×÷x−–%.]*){0,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """A number in a text."""

    start: int
    end: int
    text: str  # without a percent sign
    value: Fraction
    is_percent: bool = False


@dataclass(frozen=True, slots=True)
class Traced:
    """A number of a text and what it is."""

    token: Token
    node: Node


class UntracedError(ValueError):
    """A number of the text is nothing that is known, or may be two things."""


def numbers_of(text: str) -> list[Token]:
    """The numbers of a text in digits and in words; a lone "one" is none.

    Raises:
        UntracedError: an ordinal in digits or a fraction in words, which are not rewritten.
    """
    found = []
    for match in _TOKEN.finditer(text):
        if match["digits"]:
            after = (match["after"] or "").strip().lower()
            if after in ("st", "nd", "rd", "th"):
                raise UntracedError(f"the ordinal {match[0]}")
            amount = Fraction(without_separators(match["digits"]))
            found.append(Token(*match.span("digits"), match["digits"], amount, is_percent=bool(after)))
            continue
        number = number_of_words(match["words"])
        share = (match["share"] or "").lower()
        if share in DENOMINATORS or number is None:
            raise UntracedError(f"the number {match[0]}")
        if number != 1:
            found.append(Token(*match.span("words"), match["words"], Fraction(number), share == "percent"))
    return found


def trace(
    solution: str, mentions: Sequence[QuestionNumber], bound: Bound, own: Values, trials: Sequence[Values]
) -> list[Traced]:
    """What each number of `solution` is, in order.

    `own` are the values that the question gives; `trials` are arbitrary ones, by which two things are the same.

    Raises:
        UntracedError: a number is nothing that is known, or may be two things.
    """
    tokens = numbers_of(solution)
    known = _Known(mentions, bound, own, trials)
    fixed = dict(_trace_annotations(solution, bound, tokens))
    found = []
    for place, token in enumerate(tokens):
        node = fixed.get(place) or known.look_up(token, solution)
        if value(node, own) != (token.value / 100 if token.is_percent and place in fixed else token.value):
            raise UntracedError(f"{token.text} is not what it is bound to")
        if token.is_percent and place in fixed:
            node = Op("*", node, HUNDRED)
        found.append(Traced(token, node))
    return found


def rewrite(text: str, traced: Sequence[Traced], values: Values) -> str:
    """The text with the numbers that `values` give.

    Raises:
        UntracedError: a number cannot be written in the form of the old one.
        NoValueError: a number cannot be computed.
    """
    changes = []
    for one in traced:
        new = value(one.node, values)
        if new == one.token.value:
            continue
        is_digits = one.token.text[0] in ".0123456789"
        written = in_digits(one.token.text, new) if is_digits else rewritten(one.token.text, one.token.value, new)
        if written is None:
            raise UntracedError(f"{new} cannot be written like {one.token.text}")
        changes.append((one.token.start, one.token.end, written))
    return replaced_spans(text, changes)


def replaced_spans(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """The text with each span replaced, and "a" or "an" before it as the new number is spoken."""
    parts: list[str] = []
    end = 0
    for start, stop, new in changes:
        before = text[end:start]
        if match := re.search(r"\b([Aa])n?(\s+\$?)$", before):
            before = before[: match.start()] + match[1] + ("n" if _is_spoken_with_vowel(new) else "") + match[2]
        parts += [before, new]
        end = stop
    return "".join(parts) + text[end:]


def _is_spoken_with_vowel(number: str) -> bool:
    whole = number.partition(".")[0].replace(",", "")
    is_eleven = whole[:2] in ("11", "18") and len(whole) % 3 == 2
    return number.startswith("8") or is_eleven or number.lower().startswith(("eight", "eleven"))


def _trace_annotations(solution: str, bound: Bound, tokens: Sequence[Token]) -> Iterator[tuple[int, Node]]:
    """What the literals and results of the annotations are, and the same numbers written out around them."""
    spans = {statement.span: index for index, statement in bound.statements.items()}
    if None in spans:
        raise UntracedError("an equation is not in the text as it was read")
    line_start = 0
    for match in _ANNOTATION.finditer(solution):
        line_start = max(line_start, solution.rfind("\n", 0, match.start()) + 1)
        index = spans.pop(match.span(), None)
        inside = _places_within(tokens, *match.span(1))
        if index is not None:
            nodes = _bound_literals(match[1], bound.statements[index].tree)
            if len(nodes) != len(inside):
                raise UntracedError("an annotation is written in another way")
            yield from zip(inside, nodes, strict=True)
            yield from _trace_surface(
                solution, tokens, _places_within(tokens, line_start, match.start()), inside, nodes
            )
            results = _places_within(tokens, *match.span(2))
            after = _places_within(tokens, match.end(), len(solution))[:1]
            if len(results) != 1:
                raise UntracedError("a result is written in another way")
            yield results[0], Step(index)
            gap = solution[match.end() : tokens[after[0]].start] if after else "none"
            if after and not gap.strip(" $"):
                yield from _trace_result(after[0], tokens[after[0]], index, bound.statements[index].shown)
        line_start = match.end()
    if spans:
        raise UntracedError("an equation has no annotation")


def _trace_surface(
    solution: str, tokens: Sequence[Token], before: Sequence[int], inside: Sequence[int], nodes: Sequence[Node]
) -> Iterator[tuple[int, Node]]:
    """The expression as the line writes it out before its annotation, if it has the same numbers in the same order."""
    places = before[-len(inside) :]
    if len(places) < len(inside):
        return
    for place, other in zip(places, inside, strict=True):
        shown = tokens[place].value / (100 if tokens[place].is_percent else 1)
        if shown != tokens[other].value / (100 if tokens[other].is_percent else 1):
            return
    gaps = [solution[tokens[a].end : tokens[b].start] for a, b in itertools.pairwise(places)]
    if all(_OPERATORS_ONLY.fullmatch(gap) and "\n" not in gap for gap in gaps):
        yield from zip(places, nodes, strict=True)


def _trace_result(place: int, token: Token, index: int, shown: Fraction) -> Iterator[tuple[int, Node]]:
    """The number right behind an annotation, which is its result: 80 of a hundred may be shown as 80%."""
    if token.is_percent and token.value == shown:
        yield place, Op("/", Step(index), HUNDRED)
    elif shown == (token.value / 100 if token.is_percent else token.value):
        yield place, Step(index)


def _places_within(tokens: Sequence[Token], start: int, end: int) -> list[int]:
    return [place for place, token in enumerate(tokens) if start <= token.start and token.end <= end]


def _bound_literals(text: str, tree: Node) -> list[Node]:
    """What stands in the bound tree for each literal of the expression that it was made of, in order."""
    try:
        original = parse(without_units(text))
    except NoValueError as exc:
        raise UntracedError("an annotation cannot be read") from exc
    found = list(_pairs(original, tree))
    if len(found) != len(literals(original)):
        raise UntracedError("an annotation is bound in another shape")
    return found


def _pairs(original: Node, tree: Node) -> Iterator[Node]:
    if isinstance(original, Literal):
        yield tree
    elif isinstance(original, Op) and isinstance(tree, Op) and original.symbol == tree.symbol:
        yield from _pairs(original.left, tree.left)
        yield from _pairs(original.right, tree.right)
    elif not isinstance(original, Op) and hasattr(original, "args") and hasattr(tree, "args"):
        for one, other in zip(original.args, tree.args, strict=False):
            yield from _pairs(one, other)


class _Known:
    """All that a solution may mean by a number, and where it is known from."""

    def __init__(self, mentions: Sequence[QuestionNumber], bound: Bound, own: Values, trials: Sequence[Values]) -> None:
        self.mentions = mentions
        self.bound = bound
        self.own = own
        self.trials = trials
        nodes = [leaf for one in bound.statements.values() for leaf in leaves(one.tree)]
        self.constants = {leaf.value for leaf in nodes if isinstance(leaf, Plain | Fixed)}
        self.constants |= {1 / amount for amount in self.constants if amount}

    def look_up(self, token: Token, solution: str) -> Node:
        """The one thing that a number may be.

        Raises:
            UntracedError: there is none, or there are two that may differ.
        """
        found: dict[tuple[Fraction, ...], Node] = {}
        line_end = solution.find("\n", token.end)
        for node in self.offers(token, len(solution) if line_end < 0 else line_end):
            try:
                if value(node, self.own) == token.value:
                    found.setdefault(tuple(value(node, trial) for trial in self.trials), node)
            except NoValueError:
                continue
        if not found and not token.is_percent and token.value in (1, 100):
            return Plain(token.value)
        if len(found) != 1:
            raise UntracedError(f"{token.text} may be {len(found)} things")
        return next(iter(found.values()))

    def offers(self, token: Token, before: int) -> Iterator[Node]:
        """What the number may be, whatever its value."""
        for order, mention in enumerate(self.mentions):
            part = QuestionPart(order, "whole")
            if mention.kind == "percent":
                share = Op("/", part, HUNDRED)
                yield from (part, Op("-", HUNDRED, part), Op("+", HUNDRED, part))
                if not token.is_percent:
                    yield from (share, Op("-", ONE, share), Op("+", ONE, share))
            elif mention.kind in ("fraction", "mixed"):
                above, below = QuestionPart(order, "numerator"), QuestionPart(order, "denominator")
                yield from (above, below, Op("-", below, above), Op("/", above, below))
                yield from (part, Op("+", part, Op("/", above, below))) if mention.kind == "mixed" else ()
            else:
                yield part
                if mention.scale != 1:
                    yield Op("*", part, Plain(mention.scale))
                if mention.unit in ("cent", "penny"):
                    yield Op("/", part, HUNDRED)
        for index, statement in self.bound.statements.items():
            if statement.span is not None and statement.span[0] < before:
                yield Step(index) if not token.is_percent or statement.shown > 1 else Op("*", Step(index), HUNDRED)
        yield from (Plain(amount) for amount in sorted(self.constants))


def states_truth(solution: str) -> bool:
    """Whether every annotation of a solution states the exact value of its expression."""
    for match in _ANNOTATION.finditer(solution):
        try:
            if value(parse(without_units(match[1])), {}) != value(parse(without_units(match[2])), {}):
                return False
        except NoValueError:
            return False
    return True
