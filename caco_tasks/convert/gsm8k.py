"""GSM8K: the calculator annotations `<<48/2=24>>` of a solution, and the equations of its lines that have none.

Source format: Cobbe et al., "Training Verifiers to Solve Math Word Problems" (arXiv 2110.14168).
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from caco_tasks.convert.conversion import BoundConversion, Conversion, attempt, best_of
from caco_tasks.convert.expression import Call, Literal, Node, literals, number, parse, placed, value
from caco_tasks.convert.golds import read_golds
from caco_tasks.convert.question_numbers import QuestionNumber, find_numbers
from caco_tasks.convert.solution_steps import LiteralContext, Statement
from caco_tasks.convert.stems import plain_words, stem, stems
from caco_tasks.exact import NoValueError
from caco_tasks.numbers_in_text import without_separators
from caco_tasks.records import Grade, Seed

MAX_SOLUTION_CHARS = 10_000
MAX_STATEMENTS = 60
MAX_LITERALS = 200

_ANNOTATION = re.compile(r"<<([^<>=]{1,200})=([^<>=]{1,60})>>")
_SURFACE = re.compile(
    r"((?:[\d.,$%()+\-*/×÷x−– ]|(?<=[\d%]) ?[a-z]{1,12}(?:[ /][a-z]{1,12}){0,3}(?= ?[-+*/×÷x=−–] ?[$\d(=])){3,120}?)"
    r"=\s*\$?\s*(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?)"
)
_STATED = re.compile(r"[\d)%]\s*[a-z]{0,12}\s*=\s*\$?\s*(\d[\d,]{0,20}(?:\.\d{1,9})?)")
_TIMES_X = re.compile(r"\bX\b")
_NUMBER = re.compile(r"\d[\d,]*\.?\d*|\.\d+")
_FIRST_NUMBER = re.compile(r"[$(]*\s*[\d.]*\d")


@dataclass(frozen=True, slots=True)
class _SolutionEquation:
    """An equation as found in a line."""

    left: str
    right: str
    before: str  # the text of the line up to it, from the equation before
    after: str  # the text after its result
    span: tuple[int, int] | None  # where the line holds it; None where the line was changed first


def convert(seed: Seed) -> Conversion | None:
    """The program of a GSM8K seed: from its annotations, or with the equations of other lines if that binds better."""
    golds = read_golds(seed.answer)
    if not golds or len(golds) != 1 or not seed.solution:
        return None
    gold = golds[0].value
    mentions = find_numbers(seed.problem)
    attempts: list[BoundConversion] = []
    for with_unannotated in (False, True):
        statements = statements_of(seed.solution, with_unannotated=with_unannotated)
        attempts += _bind_gold(seed, mentions, statements, gold)
        if any(one.results == (gold,) and one.conversion.grade.reaches(Grade.A) for one in attempts):
            break
    return best_of(attempts, [gold])


def _bind_gold(
    seed: Seed, mentions: Sequence[QuestionNumber], statements: list[Statement], gold: Fraction
) -> list[BoundConversion]:
    """With results as they are, and, if they miss gold, rounded where the solution rounds."""
    final = next((index for index in range(len(statements) - 1, -1, -1) if statements[index].shown == gold), None)
    if final is None:
        return []
    found = attempt(seed, mentions, statements, [final])
    if found is not None and found.results == (gold,):
        return [found]
    again = attempt(seed, mentions, [rounded(statement) for statement in statements], [final])
    return [one for one in (again, found) if one is not None]


def statements_of(solution: str, *, with_unannotated: bool) -> list[Statement]:
    """The statements of a solution in order; lines without annotations count only when asked."""
    found: list[Statement] = []
    shadows: set[Fraction] = set()
    place = start = 0
    for line in solution[:MAX_SOLUTION_CHARS].split("####")[0].splitlines(keepends=True):
        for equation in _find_equations(line, with_unannotated):
            statement = _read_statement(equation, place)
            if statement is not None and len(found) < MAX_STATEMENTS and place < MAX_LITERALS:
                span = equation.span and (start + equation.span[0], start + equation.span[1])
                found.append(replace(statement, shadows=frozenset(shadows), span=span))
                place += len(literals(statement.tree))
        # What the line states outside its annotations: a later literal of that value may be that result.
        bare = re.sub(r"<<[^<>]{0,200}>>\s*\$?[\d.,]*", " ", line)
        stated = {number(match[1]) for match in _STATED.finditer(bare)}
        shadows |= stated - {statement.shown for statement in found}
        start += len(line)
    return found


def rounded(statement: Statement) -> Statement:
    """The statement with the rounding that leads from its value to the whole number it shows, if some rounding does."""
    try:
        exact = value(statement.tree, {})
    except NoValueError:
        return statement
    if exact == statement.shown or exact.denominator == 1 or statement.shown.denominator != 1:
        return statement
    roundings = {"floor": math.floor(exact), "ceil": math.ceil(exact)}
    for function, result in roundings.items():
        if result == statement.shown:
            return replace(statement, tree=Call(function, (statement.tree,)), is_rounded=True)
    return statement


def _find_equations(line: str, with_unannotated: bool) -> Iterator[_SolutionEquation]:
    # <<134=134>> asserts a number instead of calculating one.
    matches = [match for match in _ANNOTATION.finditer(line) if not _NUMBER.fullmatch(match[1].strip(" $"))]
    is_unchanged = True
    if not matches and with_unannotated:
        is_unchanged = _ANNOTATION.search(line) is None
        line = _ANNOTATION.sub("", line)
        matches = list(_SURFACE.finditer(line))
    end = 0
    for order, match in enumerate(matches):
        following = matches[order + 1].start() if order + 1 < len(matches) else len(line)
        is_surface = match.re is _SURFACE
        before = line[end : match.start() + (len(match[1]) if is_surface else 0)]
        span = match.span() if is_unchanged else None
        yield _SolutionEquation(match[1], match[2], before or match[1], line[match.end() : following], span)
        end = match.end()


def _read_statement(equation: _SolutionEquation, place: int) -> Statement | None:
    """The equation as a step, its literals numbered from `place`; None if it says something else than it computes."""
    try:
        tree = placed(parse(without_units(equation.left)), place)
        shown = _read_result(equation.right)
        exact = value(tree, {})
    except NoValueError:
        return None
    # A result may be rounded; anything further off is a slip.
    is_close = abs(exact - shown) < 1 or abs(exact - shown) <= abs(exact) / 100
    if isinstance(tree, Literal) or not is_close:
        return None
    before = _ANNOTATION.sub(" ", equation.before)
    start = _FIRST_NUMBER.search(before)
    label = plain_words(before[: start.start()] if start else before) or plain_words(before)
    rest = re.sub(r"^\s*\$?[\d.,/%]*\d", "", equation.after)
    unit = " ".join(plain_words(re.split(r"[.,;=(]|\d", rest, maxsplit=1)[0])[:3])
    return Statement(
        tree=tree,
        shown=shown,
        label=" ".join(label),
        unit=unit,  # the words right after the result, such as `apples` or `cups of tea`
        contexts=_find_contexts(tree, before),
        text=f"{before} {unit}",
    )


def without_units(text: str) -> str:
    """`16 tbs - 4 tbs` without its words, but with the x that multiplies; a closing `* 100%` makes a percentage."""
    bare = re.sub(
        r"(?<![a-zA-Z])(?!x(?![a-zA-Z]))[a-zA-Z]+(?: ?/ ?[a-zA-Z]+)*", " ", _TIMES_X.sub("x", text.replace("$", " "))
    )
    return re.sub(r"([*x×]\s*100)\s*%\s*$", r"\1", bare)


def _read_result(text: str) -> Fraction:
    try:
        return value(parse(without_units(text)), {})
    except NoValueError:
        return number(text.strip(" $%"))


def _find_contexts(tree: Node, before: str) -> dict[int, LiteralContext]:
    """The words around each literal, from where the line writes the expression out."""
    line = frozenset(stems(before))
    left = list(_NUMBER.finditer(before))
    contexts: dict[int, LiteralContext] = {}
    for literal in reversed(literals(tree)):
        bare = _bare_number(literal.text)
        match = next((match for match in reversed(left) if _bare_number(match[0]) == bare), None)
        if match is None:
            contexts[literal.place] = LiteralContext(line=line)
        else:
            contexts[literal.place] = _read_context(before, match, line)
            left.remove(match)
    return contexts


def _bare_number(text: str) -> str:
    return without_separators(text).rstrip(".").lstrip("0")


def _read_context(text: str, match: re.Match[str], line: frozenset[str]) -> LiteralContext:
    """The words on both sides of a number, up to the next number or operator."""
    after = plain_words(re.split(r"[\d=+*×]|\s[-/x]\s", text[match.end() :], maxsplit=1)[0])[:3]
    before = plain_words(re.split(r"[\d=+*×]", text[: match.start()])[-1])[-3:]
    near = {stem(word) for word in [*after, *before]}
    if text[: match.start()].rstrip().endswith("$"):
        near.add("$")
    return LiteralContext(stem(after[0]) if after else None, frozenset(near), line)
