"""Kinds of errors that may be planted in a right row: in its problem, its program or its solution.

The right rows are draws of the bundled bank, whose problem, program and solution fit together. A kind changes one place and
says how that it is wrong can be shown: by running the program again (`Proof.RUN`: the truth is the bank's own program
over the numbers that the problem then gives), by computing the changed equation (`Proof.EQUATION`), or by the way it was
made (`Proof.MADE`). `planting.py` plants them, and proves it.
"""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from random import Random
from typing import Any

from plain_arithmetic import is_true, value_of

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.grading.units_of_measure import measure

FIRST_NUMBER = 800_000  # of the draws: neither seeds, nor training, nor the evaluation of the nano models
OTHER_DRAWS = 1_000  # from here on, draws of the same family that a row is mixed with
STEPS = (-10, -3, -2, -1, 1, 2, 3, 10)  # by which a number is changed

NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.]*\d)")
_EQUATION = re.compile(r"(?<![\w.)*/+-] )(?<![\w.)])([\d(][\d .()*/+-]*[\d)]) = (\d+(?:\.\d+)?)(?![\d/]|\.\d| [-+*/] )")
_OPERATION = re.compile(r" ([-+*/]) ")
_CLOSING = re.compile(r"\nThe answer is \\boxed\{(.*)\}\.$")
_SENTENCES = re.compile(r"(?<=[.?!:;]) +")
_UNIT_ASKED = re.compile(r"\b(?:how many|in) ([a-z]+)\b(?! per\b)", re.IGNORECASE)
_UNITS = {
    "dollar": "cents", "dollars": "cents", "cm": "km", "km": "cm", "metres": "km", "meters": "km", "minutes": "hours",
    "hours": "minutes", "days": "weeks", "weeks": "days", "years": "months", "months": "years", "grams": "kg",
    "kg": "grams", "kilograms": "grams", "litres": "ml", "liters": "ml", "seconds": "hours",
}  # fmt: skip
_TURNED = {
    "more": "fewer", "fewer": "more", "less": "more", "cheaper": "dearer", "above": "below", "below": "above",
    "before": "after", "after": "before", "first": "last", "last": "first", "largest": "smallest", "smallest": "largest",
    "larger": "smaller", "smaller": "larger", "longer": "shorter", "older": "younger", "least": "most", "most": "least",
}  # fmt: skip
_CONDITIONS = (
    "There are also {n} chairs in the room.", "The shop next door is {n} metres away.", "A friend has {n} coins.",
    "It took {n} minutes to write this down.", "Another {n} of them were seen in the year before.",
)  # fmt: skip
_CONDITIONS_IN_WORDS = (
    "Every second one of them is free.", "One half of them is then taken away.", "On one day nobody came.",
)  # fmt: skip
_LEAKS = (
    "The answer is {answer}.", "(It comes out as {answer}.)", "The result should be {answer}.", "Hint: {answer} is right.",
    "Somebody has counted {answer} already.",
)  # fmt: skip
_VAGUE = ("How many is it?", "How much is it?", "What is the number?", "Find the value.")


class Proof(Enum):
    """How it is shown that a planted row is wrong."""

    RUN = "run"
    EQUATION = "equation"
    MADE = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Problem, program and solution of one sample, and what was planted in it."""

    key: str
    family: str
    problem: str
    program: str
    solution: str
    answer: str
    kind: str | None = None  # None: a right row
    truth: str | None = None  # tagged JSON of the numbers that the changed problem gives; None: those of the program
    is_equation_false: bool = False  # the changed equation was computed, and is false


Plant = Callable[[Row, Random], Row | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of error. `needs_judge`: numbers and equations cannot show it; who reads the sentences can."""

    name: str
    part: str  # "problem", "program" or "solution"
    plant: Plant
    proof: Proof = Proof.MADE
    needs_judge: bool = False


def row_of(problem: BankProblem) -> Row:
    """A right row."""
    texts = {name: getattr(problem, name) for name in ("problem", "program", "solution", "answer")}
    return Row(key=problem.key, family=problem.family, **texts)


def _other_draw(row: Row, rng: Random) -> Row:
    family = next(family for family in FAMILIES if family.name == row.family)
    return row_of(draw_problem(family, FIRST_NUMBER + OTHER_DRAWS + rng.randrange(10**6)))


# numbers and equations of a text


def _with_number(text: str, found: re.Match[str], rng: Random, avoid: Sequence[str] = ()) -> str | None:
    """The text with one number changed to another that it did not hold before."""
    old = int(found[0])
    offers = [str(old + step) for step in STEPS if old + step >= 0 and str(old + step) not in avoid]
    return text[: found.start()] + rng.choice(offers) + text[found.end() :] if offers else None


def _equations(solution: str) -> list[re.Match[str]]:
    """The plain equations of a solution that are read rightly: those that are true."""
    return [found for found in _EQUATION.finditer(_steps(solution)) if is_true(found[1], found[2])]


def _steps(solution: str) -> str:
    return _CLOSING.sub("", solution)


def _with_equation(row: Row, found: re.Match[str], left: str, right: str) -> Row | None:
    solution = row.solution[: found.start()] + f"{left} = {right}" + row.solution[found.end() :]
    if solution == row.solution or value_of(left) is None:
        return None
    return replace(row, solution=solution, is_equation_false=not is_true(left, right))


# errors of the problem


def _number_in_problem(row: Row, rng: Random) -> Row | None:
    numbers = list(NUMBER.finditer(row.problem))
    if not numbers:
        return None
    text = _with_number(row.problem, rng.choice(numbers), rng, [number[0] for number in numbers])
    return None if text is None else replace(row, problem=text)


def _values_exchanged_in_problem(row: Row, rng: Random) -> Row | None:
    numbers = list(NUMBER.finditer(row.problem))
    pairs = [(a, b) for place, a in enumerate(numbers) for b in numbers[place + 1 :] if a[0] != b[0]]
    texts = [number[0] for number in numbers]
    pairs = [(a, b) for a, b in pairs if texts.count(a[0]) == texts.count(b[0]) == 1]
    if not pairs:
        return None
    first, second = rng.choice(pairs)
    text = row.problem
    text = text[: second.start()] + first[0] + text[second.end() :]
    return replace(row, problem=text[: first.start()] + second[0] + text[first.end() :])


def _input_missing(row: Row, rng: Random) -> Row | None:
    numbers = list(NUMBER.finditer(row.problem))
    texts = [number[0] for number in numbers]
    alone = [number for number in numbers if texts.count(number[0]) == 1 and number[0] not in ("0", "1")]
    if not alone:
        return None
    found = rng.choice(alone)
    return replace(
        row, problem=row.problem[: found.start()] + rng.choice(("some", "several")) + row.problem[found.end() :]
    )


def _unused_condition(row: Row, rng: Random) -> Row | None:
    sentences = _SENTENCES.split(row.problem)
    number = rng.choice([n for n in range(2, 60) if str(n) not in row.problem and str(n) not in row.program])
    condition = rng.choice(_CONDITIONS).format(n=number)
    return replace(row, problem=" ".join([*sentences[:-1], condition, sentences[-1]]))


def _unused_condition_in_words(row: Row, rng: Random) -> Row | None:
    sentences = _SENTENCES.split(row.problem)
    condition = rng.choice(_CONDITIONS_IN_WORDS)
    return replace(row, problem=" ".join([*sentences[:-1], condition, sentences[-1]]))


def _answer_leaked(row: Row, rng: Random) -> Row | None:
    sentences = _SENTENCES.split(row.problem)
    leak = rng.choice(_LEAKS).format(answer=row.answer)
    return replace(row, problem=" ".join([*sentences[:-1], leak, sentences[-1]]))


def _code_leaked(row: Row, rng: Random) -> Row | None:
    names = re.findall(r"^    (\w+_\w+) = ", row.program, re.MULTILINE)
    return replace(row, problem=f"{row.problem} Call it {rng.choice(names)}.") if names else None


def _question_missing(row: Row, rng: Random) -> Row | None:
    sentences = _SENTENCES.split(row.problem)
    return replace(row, problem=" ".join(sentences[:-1])) if len(sentences) > 1 else None


def _question_vague(row: Row, rng: Random) -> Row | None:
    sentences = _SENTENCES.split(row.problem)
    if len(sentences) < 2 or NUMBER.search(sentences[-1]):
        return None
    return replace(row, problem=" ".join([*sentences[:-1], rng.choice(_VAGUE)]))


def _unit_of_question(row: Row, rng: Random) -> Row | None:
    """Asks for another unit of the same measure than the one that the solution ends in."""
    *before, question = _SENTENCES.split(row.problem)
    found = _UNIT_ASKED.search(question)
    if found is None or found[1] not in _UNITS or not re.search(rf"\d {found[1]}\b", row.solution):
        return None
    changed = question[: found.start(1)] + _UNITS[found[1]] + question[found.end(1) :]
    return replace(row, problem=" ".join([*before, changed]))


def _foreign_problem(row: Row, rng: Random) -> Row | None:
    others = [family for family in FAMILIES if family.name != row.family]
    other = draw_problem(rng.choice(others), FIRST_NUMBER + OTHER_DRAWS + rng.randrange(10**6))
    return replace(row, problem=other.problem) if other.answer != row.answer else None


def _problem_of_other_draw(row: Row, rng: Random) -> Row | None:
    other = _other_draw(row, rng)
    return replace(row, problem=other.problem) if other.answer != row.answer else None


def _word_turned(row: Row, rng: Random) -> Row | None:
    found = [match for match in re.finditer(r"\b[a-z]+\b", row.problem) if match[0] in _TURNED]
    if not found:
        return None
    match = rng.choice(found)
    return replace(row, problem=row.problem[: match.start()] + _TURNED[match[0]] + row.problem[match.end() :])


# errors of the program


def input_line(program: str) -> str:
    """The line of a bank program that holds its `input`."""
    return next(line for line in program.splitlines() if line.startswith("input = "))


def _spliced(program: str, node: ast.expr | ast.stmt, text: str) -> str:
    """The program with the source of one node, which stands on one line, replaced."""
    lines = program.splitlines(keepends=True)
    line = lines[node.lineno - 1].encode()
    lines[node.lineno - 1] = (line[: node.col_offset] + text.encode() + line[node.end_col_offset :]).decode()
    return "".join(lines)


def _in_functions(program: str, *types: type[ast.AST]) -> list[Any]:
    """Nodes of some types that stand in the program's functions, on one line each."""
    functions = [node for node in ast.parse(program).body if isinstance(node, ast.FunctionDef)]
    nodes = [node for function in functions for node in ast.walk(function) if isinstance(node, types)]
    return [node for node in nodes if getattr(node, "lineno", 0) == getattr(node, "end_lineno", 1)]


def _number_in_program(row: Row, rng: Random) -> Row | None:
    line = input_line(row.program)
    numbers = list(NUMBER.finditer(line))
    if not numbers:
        return None
    changed = _with_number(line, rng.choice(numbers), rng)
    return None if changed is None else replace(row, program=row.program.replace(line, changed, 1))


def _operator_in_program(row: Row, rng: Random) -> Row | None:
    signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Div: "/", ast.Mod: "%"}
    nodes = [node for node in _in_functions(row.program, ast.BinOp) if type(node.op) in signs]
    if not nodes:
        return None
    node = rng.choice(nodes)
    other = rng.choice([sign for sign in signs.values() if sign != signs[type(node.op)]])
    return replace(
        row, program=_spliced(row.program, node, f"({ast.unparse(node.left)}) {other} ({ast.unparse(node.right)})")
    )


def _operands_in_program(row: Row, rng: Random) -> Row | None:
    nodes = [
        node
        for node in _in_functions(row.program, ast.BinOp)
        if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow)
    ]
    if not nodes:
        return None
    node = rng.choice(nodes)
    swapped = ast.BinOp(left=node.right, op=node.op, right=node.left)
    return replace(row, program=_spliced(row.program, node, f"({ast.unparse(swapped)})"))


def _step_in_program(row: Row, rng: Random) -> Row | None:
    """A step that only passes on what it began with."""
    nodes = [node.value for node in _in_functions(row.program, ast.Assign) if isinstance(node.value, ast.BinOp)]
    if not nodes:
        return None
    node = rng.choice(nodes)
    return replace(row, program=_spliced(row.program, node, ast.unparse(node.left)))


def _off_by_one_in_program(row: Row, rng: Random) -> Row | None:
    """A bound, a comparison or the result is off by one."""
    closed = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
    offers: list[tuple[Any, str]] = []
    for node in _in_functions(row.program, ast.Call, ast.Compare, ast.Return):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "range":
            offers += [(arg, f"{ast.unparse(arg)} + 1") for arg in node.args[:2]]
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in closed:
            text = f"{ast.unparse(node.left)} {closed[type(node.ops[0])]} {ast.unparse(node.comparators[0])}"
            offers.append((node, text))
        elif isinstance(node, ast.Return) and node.value is not None and row.answer.lstrip("-").isdigit():
            offers.append((node.value, f"{ast.unparse(node.value)} + 1"))
    return replace(row, program=_spliced(row.program, *rng.choice(offers))) if offers else None


def _literal_in_program(row: Row, rng: Random) -> Row | None:
    """The answer is written into the code, where it was computed."""
    nodes = [node.value for node in _in_functions(row.program, ast.Assign, ast.Return) if node.value is not None]
    if not nodes or not row.answer.lstrip("-").isdigit():
        return None
    return replace(row, program=_spliced(row.program, nodes[-1] if rng.random() < 0.5 else nodes[0], row.answer))


def _program_of_other_draw(row: Row, rng: Random) -> Row | None:
    other = _other_draw(row, rng)
    return replace(row, program=other.program) if other.program != row.program else None


def _equal_values_exchanged(row: Row, rng: Random) -> Row | None:
    """Two inputs of the same value in each other's place: right for these numbers, wrong for all others."""
    values = ast.literal_eval(input_line(row.program).removeprefix("input = "))
    names = [
        name for name, value in values.items() if list(values.values()).count(value) > 1 and not isinstance(value, list)
    ]
    if len(names) < 2:
        return None
    first = rng.choice(names)
    second = next(name for name in names if name != first and values[name] == values[first])
    head, function, rest = row.program.partition("\ndef ")
    body, output, end = rest.partition("\noutput = ")
    signature, colon, steps = body.partition(":\n")
    turn = {first: second, second: first}
    steps = re.sub(rf"\b({first}|{second})\b", lambda found: turn[found[1]], steps)
    return replace(row, program=head + function + signature + colon + steps + output + end)


# errors of the solution


def _operand_in_solution(row: Row, rng: Random) -> Row | None:
    equations = _equations(row.solution)
    if not equations:
        return None
    found = rng.choice(equations)
    left = _with_number(found[1], rng.choice(list(NUMBER.finditer(found[1]))), rng)
    return None if left is None else _with_equation(row, found, left, found[2])


def _result_in_solution(row: Row, rng: Random) -> Row | None:
    """A wrong step on the way to the right answer."""
    equations = _equations(row.solution)
    if not equations:
        return None
    found = rng.choice(equations)
    return _with_equation(row, found, found[1], str(Fraction(found[2]) + rng.choice((1, 2, 3, 10))))


def _operator_in_solution(row: Row, rng: Random) -> Row | None:
    equations = [found for found in _equations(row.solution) if _OPERATION.search(found[1])]
    if not equations:
        return None
    found = rng.choice(equations)
    sign = rng.choice(list(_OPERATION.finditer(found[1])))
    other = rng.choice([one for one in "+-*/" if one != sign[1]])
    return _with_equation(row, found, found[1][: sign.start(1)] + other + found[1][sign.end(1) :], found[2])


def _operands_in_solution(row: Row, rng: Random) -> Row | None:
    equations = [found for found in _equations(row.solution) if re.fullmatch(r"\d+ [-/] \d+", found[1])]
    if not equations:
        return None
    found = rng.choice(equations)
    first, sign, second = found[1].split()
    return _with_equation(row, found, f"{second} {sign} {first}", found[2])


def _true_step_from_wrong_number(row: Row, rng: Random) -> Row | None:
    """A step that is true in itself, begins with a number from nowhere, and whose result is not what follows."""
    equations = _equations(row.solution)
    if not equations:
        return None
    found = rng.choice(equations)
    left = _with_number(
        found[1], rng.choice(list(NUMBER.finditer(found[1]))), rng, NUMBER.findall(row.problem + row.solution)
    )
    value = None if left is None else value_of(left)
    if left is None or value is None or value.denominator != 1 or value == Fraction(found[2]) or value < 0:
        return None
    solution = row.solution[: found.start()] + f"{left} = {value}" + row.solution[found.end() :]
    return replace(row, solution=solution)


def _step_missing(row: Row, rng: Random) -> Row | None:
    """A line of the solution is gone whose result a later line needs, and that stands nowhere else."""
    lines = _steps(row.solution).split("\n")
    offers = [place for place in range(len(lines) - 1) if _is_needed(row, lines, place)]
    if not offers:
        return None
    place = rng.choice(offers)
    closing = row.solution[len(_steps(row.solution)) :]
    return replace(row, solution="\n".join(lines[:place] + lines[place + 1 :]) + closing)


def _is_needed(row: Row, lines: Sequence[str], place: int) -> bool:
    equations = _equations(lines[place])
    if not equations:
        return False
    result = equations[-1][2]
    before = set(NUMBER.findall(" ".join([row.problem, row.program, *lines[:place]])))
    following = [found[1] for found in _equations("\n".join(lines[place + 1 :]))]
    results = {found[2] for line in lines[place + 1 :] for found in _equations(line)}
    return result not in before and result not in results and any(result in NUMBER.findall(left) for left in following)


def _all_steps_missing(row: Row, rng: Random) -> Row | None:
    return (
        replace(row, solution=row.solution[len(_steps(row.solution)) :].strip()) if _equations(row.solution) else None
    )


def _answer_in_solution(row: Row, rng: Random) -> Row | None:
    if not row.answer.isdigit():
        return None
    other = str(max(0, int(row.answer) + rng.choice((-1, 1, 2, 10))))
    if other == row.answer:
        return None
    return replace(row, solution=f"{_steps(row.solution)}\nThe answer is \\boxed{{{other}}}.")


def _unit_in_solution(row: Row, rng: Random) -> Row | None:
    """The final answer in another unit of the same measure than the question asks for."""
    found = _UNIT_ASKED.search(_SENTENCES.split(row.problem)[-1])
    if found is None or found[1] not in _UNITS or not measure(found[1]):
        return None
    return replace(row, solution=f"{_steps(row.solution)}\nThe answer is \\boxed{{{row.answer}}} {_UNITS[found[1]]}.")


def _solution_of_other_draw(row: Row, rng: Random) -> Row | None:
    other = _other_draw(row, rng)
    return replace(row, solution=other.solution) if other.answer != row.answer else None


def _steps_of_other_draw(row: Row, rng: Random) -> Row | None:
    """Another problem's steps, and the right answer behind them."""
    other = _other_draw(row, rng)
    closing = row.solution[len(_steps(row.solution)) :]
    return replace(row, solution=_steps(other.solution) + closing) if other.answer != row.answer else None


KINDS: tuple[Kind, ...] = (
    Kind(name="changed number in the problem", part="problem", plant=_number_in_problem, proof=Proof.RUN),
    Kind(
        name="two values of the problem exchanged", part="problem", plant=_values_exchanged_in_problem, proof=Proof.RUN
    ),
    Kind(name="input left out of the problem", part="problem", plant=_input_missing),
    Kind(name="unused condition with a number", part="problem", plant=_unused_condition),
    Kind(name="answer leaked", part="problem", plant=_answer_leaked),
    Kind(name="name of the program leaked", part="problem", plant=_code_leaked),
    Kind(name="question left out", part="problem", plant=_question_missing),
    Kind(name="question asks for another unit", part="problem", plant=_unit_of_question),
    Kind(name="foreign problem", part="problem", plant=_foreign_problem),
    Kind(name="problem of another draw", part="problem", plant=_problem_of_other_draw),
    Kind(name="changed number in the program", part="program", plant=_number_in_program, proof=Proof.RUN),
    Kind(name="changed operator in the program", part="program", plant=_operator_in_program, proof=Proof.RUN),
    Kind(name="swapped operands in the program", part="program", plant=_operands_in_program, proof=Proof.RUN),
    Kind(name="dropped step in the program", part="program", plant=_step_in_program, proof=Proof.RUN),
    Kind(name="off by one in the program", part="program", plant=_off_by_one_in_program, proof=Proof.RUN),
    Kind(name="literal answer in the program", part="program", plant=_literal_in_program, proof=Proof.RUN),
    Kind(name="program of another draw", part="program", plant=_program_of_other_draw, proof=Proof.RUN),
    Kind(name="changed number in the solution", part="solution", plant=_operand_in_solution, proof=Proof.EQUATION),
    Kind(name="wrong step, right answer", part="solution", plant=_result_in_solution, proof=Proof.EQUATION),
    Kind(name="changed operator in the solution", part="solution", plant=_operator_in_solution, proof=Proof.EQUATION),
    Kind(name="swapped operands in the solution", part="solution", plant=_operands_in_solution, proof=Proof.EQUATION),
    Kind(name="true step from a wrong number", part="solution", plant=_true_step_from_wrong_number),
    Kind(name="dropped step in the solution", part="solution", plant=_step_missing),
    Kind(name="no steps at all", part="solution", plant=_all_steps_missing),
    Kind(name="wrong final answer", part="solution", plant=_answer_in_solution),
    Kind(name="wrong unit of the answer", part="solution", plant=_unit_in_solution),
    Kind(name="solution of another draw", part="solution", plant=_solution_of_other_draw),
    Kind(name="steps of another draw, right answer", part="solution", plant=_steps_of_other_draw),
    Kind(
        name="two equal values exchanged",
        part="program",
        plant=_equal_values_exchanged,
        proof=Proof.RUN,
        needs_judge=True,
    ),
    Kind(name="ambiguous question", part="problem", plant=_question_vague, needs_judge=True),
    Kind(name="word turned into its opposite", part="problem", plant=_word_turned, needs_judge=True),
    Kind(name="unused condition in words", part="problem", plant=_unused_condition_in_words, needs_judge=True),
)
