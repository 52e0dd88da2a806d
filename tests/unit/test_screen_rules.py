"""The rules of `screen` on the source: each finds what it is for, and leaves its honest neighbour alone."""

from time import process_time

import pytest

from caco_tasks.check_settings import ScreenSettings
from caco_tasks.checks.programs.program_rules import PROSE, RULES, count_real_lines, find_program_faults
from caco_tasks.checks.programs.program_source import MAX_CODE_CHARS, parse_program
from caco_tasks.checks.rules import apply_rules
from caco_tasks.records import PASS, Execution, Program, Reason, Sample, Verdict
from caco_tasks.sandbox.values import encode

HONEST = """
input = {"pens": 12, "pen_price": 4}

def total_price(pens, pen_price):
    price_of_all = pens * pen_price
    return price_of_all

output = total_price(**input)
print(output)
"""


def sample_of(code: str, given: object = None, output: object = 48, *, text: str | None = None) -> Sample:
    execution = Execution(
        input_json=encode({"pens": 12, "pen_price": 4} if given is None else given),
        output_json=encode(output),
        output_text=str(output) if text is None else text,
        output_type=type(output).__name__,
        stdout="",
        error=None,
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_memory_mb=0.0,
        sandbox_level="full",
    )
    return Sample(sample_id="s", program=Program(program_id="p", code=code), execution=execution)


def with_body(*lines: str, head: str = "") -> str:
    """The honest program with another body for its function, and something before it."""
    body = "\n".join(f"    {line}" for line in lines)
    return (
        f"{head}\ninput = {{'pens': 12, 'pen_price': 4}}\n\ndef total_price(pens, pen_price):\n{body}\n\n"
        "output = total_price(**input)\nprint(output)\n"
    )


def verdict_on(sample: Sample, settings: ScreenSettings | None = None) -> Verdict:
    settings = settings or ScreenSettings()
    return apply_rules(find_program_faults(sample, settings), settings.rules, stage="screen")[0]


def reason_of(sample: Sample, settings: ScreenSettings | None = None) -> Reason | None:
    return verdict_on(sample, settings).reason


WORK = ("both = pens * pen_price", "return both")

BROKEN = {
    "a code fence": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, head='text = """```python"""'))),
    "a chat marker": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, head="# <|im_start|>"))),
    "a prompt heading": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, head="### Solution:"))),
    "a speaker": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, head="# Assistant: the code is below"))),
    "talk in a comment": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, head="# Here is the code you asked for"))),
    "a speaker in a text": (
        Reason.PROSE_LEFT,
        sample_of(with_body(*WORK, head='"""\nUser: Write a program that adds two numbers.\n"""')),
    ),
    "a system's prompt": (
        Reason.PROSE_LEFT,
        sample_of(with_body(*WORK, head="# System: You are a helpful programmer.")),
    ),
    "talk of a solution": (
        Reason.PROSE_LEFT,
        sample_of(with_body(*WORK, head="# Here's a complete solution in Python")),
    ),
    "an unfilled place": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, "# TODO"))),
    "an unfilled place behind code": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, "pens = 1  # FIXME: the price"))),
    "an essay at the end": (Reason.PROSE_LEFT, sample_of(f'{with_body(*WORK)}\n"""{"we see that " * 20}"""')),
    "a module off the list": (Reason.FORBIDDEN, sample_of(with_body(*WORK, head="import os"))),
    "a part of such a module": (Reason.FORBIDDEN, sample_of(with_body(*WORK, head="from os.path import join"))),
    "a relative import": (Reason.FORBIDDEN, sample_of(with_body("from . import x", *WORK))),
    "chance": (Reason.FORBIDDEN, sample_of(with_body("import random", *WORK))),
    "a call that opens a file": (Reason.FORBIDDEN, sample_of(with_body("open('x')", *WORK))),
    "a builtin under its own name": (
        Reason.FORBIDDEN,
        sample_of(with_body("eval('1')", *WORK, head="eval = [eval][0]")),
    ),
    "a builtin under another name": (
        Reason.FORBIDDEN,
        sample_of(with_body("run('1')", *WORK, head="run = eval\neval = run")),
    ),
    "a builtin that is written over later": (
        Reason.FORBIDDEN,
        sample_of(with_body("eval('1')", "eval = pens", *WORK)),
    ),
    "a name that is a parameter elsewhere": (
        Reason.FORBIDDEN,
        sample_of(with_body("vars()", *WORK, head="def other(vars):\n    return vars")),
    ),
    "a builtin as a parameter's default": (
        Reason.FORBIDDEN,
        sample_of(with_body(*WORK, head="def other(exec=exec):\n    return exec")),
    ),
    "a way from an operator": (Reason.FORBIDDEN, sample_of(with_body("x = pens.__init__.__globals__", *WORK))),
    "a call that runs text": (Reason.FORBIDDEN, sample_of(with_body("eval('1')", *WORK))),
    "a way to the builtins": (Reason.FORBIDDEN, sample_of(with_body("x = pens.__class__", *WORK))),
    "five lines": (Reason.TOO_SHORT, sample_of(with_body("return pens * pen_price"))),
    "lines of comment": (
        Reason.TOO_SHORT,
        sample_of(with_body("# one", "", '"""a\n    b\n    """', "return pens * pen_price")),
    ),
    "an input not read": (Reason.UNUSED_INPUT, sample_of(with_body("both = pens * 4", "return both"))),
    "an input not read beside one that is got": (
        Reason.UNUSED_INPUT,
        sample_of(with_body("both = given.get('pens') * 4", "return both").replace("(pens, pen_price)", "(**given)")),
    ),
    "a key that stands in a text": (
        Reason.UNUSED_INPUT,
        sample_of(with_body("word = 'pen_price'", "return pens * len(word)")),
    ),
    "an input only written": (Reason.UNUSED_INPUT, sample_of(with_body("pen_price = 4", "return pens * 4"))),
    "no output": (Reason.NO_OUTPUT, sample_of(HONEST, output=None)),
    "an empty text": (Reason.NO_OUTPUT, sample_of(HONEST, output="")),
    "an empty list": (Reason.NO_OUTPUT, sample_of(HONEST, output=[])),
    "an empty tuple": (Reason.NO_OUTPUT, sample_of(HONEST, output=())),
    "an infinity": (Reason.NON_FINITE, sample_of(HONEST, output=float("inf"))),
    "not a number in a list": (Reason.NON_FINITE, sample_of(HONEST, output=[1.0, float("nan")])),
    "a literal returned": (Reason.ANSWER_AS_LITERAL, sample_of(with_body("both = pens * pen_price", "return 48"))),
    "a literal by another name": (
        Reason.ANSWER_AS_LITERAL,
        sample_of(with_body("both = pens * pen_price", "answer = 48", "return answer")),
    ),
    "a literal over a result": (
        Reason.ANSWER_AS_LITERAL,
        sample_of(with_body("answer = pens * pen_price", "answer = 48", "return answer")),
    ),
    "a literal output": (
        Reason.ANSWER_AS_LITERAL,
        sample_of(with_body(*WORK).replace("output = total_price(**input)", "output = 48")),
    ),
    "an input returned": (Reason.TRIVIAL, sample_of(with_body("both = pens * pen_price", "return pens"), output=12)),
    "a copy of an input": (
        Reason.TRIVIAL,
        sample_of(
            with_body("both = pens * pen_price", "total = int(pens)", "answer = total", "return answer"), output=12
        ),
    ),
    "a literal output in a branch": (
        Reason.ANSWER_AS_LITERAL,
        sample_of(with_body(*WORK).replace("output = total_price(**input)", "if input:\n    output = 48")),
    ),
    "a literal output beside a name of the function": (
        Reason.ANSWER_AS_LITERAL,
        sample_of(
            with_body("output = pens * pen_price", "return output").replace(
                "output = total_price(**input)", "output = 48"
            )
        ),
    ),
    "a long output": (Reason.OUTPUT_SIZE, sample_of(HONEST, output="a" * 201)),
    "an input that is a list": (Reason.TEMPLATE_NOT_MET, sample_of(HONEST, given=[1, 2])),
    "a program too long to read": (Reason.SYNTAX, sample_of(HONEST + "#" * MAX_CODE_CHARS)),
    "a program nested too deep": (Reason.SYNTAX, sample_of(f"{HONEST}\nx = {'[' * 150}{']' * 150}")),
}

OPENING = """
input = {"open": 9, "close": 17, "vars": 3}

def hours(open, close, vars):
    compile = close - open
    total = compile * vars
    return total

output = hours(**input)
"""
COUNTER = """
class Basket:
    def __init__(self, count):
        self.__count = count

class Priced(Basket):
    def __init__(self, count, price):
        super().__init__(count)
        self.total = count.__mul__(price)

def total_price(pens, pen_price):
    return Priced(pens, pen_price).total

input = {"pens": 12, "pen_price": 4}
output = total_price(**input)
"""

CONTENT = {
    "names that are the program's own": sample_of(OPENING, {"open": 9, "close": 17, "vars": 3}, 24),
    "a class with a parent": sample_of(COUNTER),
    "inputs that are got": sample_of(
        with_body("both = given.get('pens') * given.get('pen_price', 0)", "return both").replace(
            "(pens, pen_price)", "(**given)"
        )
    ),
    "inputs read all at once": sample_of(
        with_body("total = 1", "for number in given.values():", "    total *= number", "return total").replace(
            "(pens, pen_price)", "(**given)"
        )
    ),
    "inputs taken as a list": sample_of(
        with_body("pens, price = numbers.values()", "return pens * price")
        .replace("(pens, pen_price)", "(numbers)")
        .replace("(**input)", "(input)")
    ),
    "inputs under other names": sample_of(
        with_body("total = a * b", "return total")
        .replace("(pens, pen_price)", "(a, b)")
        .replace("**", "*")
        .replace("*input", "*input.values()")
    ),
    "an output decided on outside the function": sample_of(
        with_body(*WORK).replace(
            "output = total_price(**input)",
            "output = 'no'\nif total_price(**input) > 40:\n    output = 'yes'",
        ),
        output="yes",
    ),
    "an output summed up outside the function": sample_of(
        with_body(*WORK).replace(
            "output = total_price(**input)", "output = 0\nfor _ in range(3):\n    output += total_price(**input)"
        )
    ),
    "a byte order mark": sample_of(f"\ufeff{HONEST}"),
    "the honest program": sample_of(HONEST),
    "a docstring": sample_of(with_body('"""Total: the price of all pens."""', *WORK)),
    "a comment that shows": sample_of(with_body("# Here is the total of all pens", *WORK)),
    "a comment on equations": sample_of(with_body("# System: x + y = 10 and x - y = 4", *WORK)),
    "names with types": sample_of(
        with_body("user: str = 'Ann'", "system: list[int] | None = None", "human: int = pens", *WORK)
    ),
    "a board of tasks": sample_of(with_body('states = ["TODO", "DONE"]', "n = states.count('TODO')", *WORK)),
    "a comment that explains": sample_of(with_body("# the price of all pens is their number times the price", *WORK)),
    "the word user in a name": sample_of(with_body("users = pens", "both = users * pen_price", "return both")),
    "modules on the list": sample_of(with_body(*WORK, head="import math\nfrom fractions import Fraction")),
    "six lines": sample_of(with_body(*WORK)),
    "an input read by subscript": sample_of(
        with_body("both = given['pens'] * given['pen_price']", "return both").replace("(pens, pen_price)", "(**given)")
    ),
    "zero": sample_of(HONEST, output=0),
    "false": sample_of(HONEST, output=False),
    "the word inf": sample_of(HONEST, output="inf"),
    "a large float": sample_of(HONEST, output=1e300),
    "two literals, by a decision": sample_of(
        with_body("if pens > pen_price:", "    return 'pens'", "return 'price'"), output="pens"
    ),
    "a literal for a special case": sample_of(with_body("if pens == 0:", "    return 48", "return pens * pen_price")),
    "a sum begun at a literal": sample_of(
        with_body("total = 0", "for _ in range(pens):", "    total += pen_price", "return total")
    ),
    "a list filled after its literal": sample_of(
        with_body("found = []", "found.append(pens * pen_price)", "return found"), output=[48]
    ),
    "the larger of two inputs": sample_of(
        with_body("if pens > pen_price:", "    return pens", "return pen_price"), output=12
    ),
    "an input changed in a loop": sample_of(
        with_body("while pen_price:", "    pens, pen_price = pen_price, pens % pen_price", "return pens"), output=4
    ),
}


@pytest.mark.parametrize(("reason", "sample"), BROKEN.values(), ids=BROKEN.keys())
def test_a_rule_finds_what_it_is_for(reason: Reason, sample: Sample) -> None:
    assert reason_of(sample) is reason


@pytest.mark.parametrize("sample", CONTENT.values(), ids=CONTENT.keys())
def test_no_rule_minds_an_honest_program(sample: Sample) -> None:
    assert verdict_on(sample) == PASS


def test_every_rule_has_a_program_that_breaks_it() -> None:
    assert {reason for reason, _ in RULES} <= {reason for reason, _ in BROKEN.values()}


def test_a_list_sorted_in_place_is_no_copy() -> None:
    function = "def ordered(sizes):\n    sizes.sort()\n    return sizes"
    code = f"input = {{'sizes': [3, 1, 2]}}\n\n{function}\n\noutput = ordered(**input)\nprint(output)\n"
    assert reason_of(sample_of(code, {"sizes": [3, 1, 2]}, [1, 2, 3])) is None


def test_the_modules_allowed_are_a_setting() -> None:
    settings = ScreenSettings(allowed_imports=("math", "networkx"))
    graph, dates = (sample_of(with_body(*WORK, head=f"import {name}")) for name in ("networkx.utils", "datetime"))
    assert (reason_of(graph, settings), reason_of(dates, settings)) == (None, Reason.FORBIDDEN)
    assert (reason_of(graph), reason_of(dates)) == (Reason.FORBIDDEN, None)


def test_the_number_of_lines_asked_for_is_a_setting() -> None:
    assert reason_of(sample_of(with_body("return pens * pen_price")), ScreenSettings(min_lines=5)) is None


def test_an_execution_without_values_is_unserialisable() -> None:
    sample = Sample(sample_id="s", program=Program(program_id="p", code=HONEST))
    assert reason_of(sample) is Reason.UNSERIALISABLE


def test_a_verdict_says_what_it_saw() -> None:
    verdict = verdict_on(sample_of(with_body("both = pens * 4", "return both")))
    assert verdict.detail == "never read: pen_price"


def test_blank_lines_comments_and_imports_are_not_counted() -> None:
    code = "import math\n\n# a comment\nx = 1\n\n'''words\nwords'''\ny = (\n    2\n)\n"
    tree = parse_program(code)
    assert tree is not None
    assert count_real_lines(code, tree) == 4


@pytest.mark.parametrize(
    "code",
    [
        "1 +" * 5_000 + "1",
        "x = " + "-" * 5_000 + "1",
        "(" * 90 + "\0",
        "x = " + "not " * 4_000 + "1",
        "if x:\n" * 3,
        "a" + ".b" * 6_000,
    ],
    ids=["a long sum", "many signs", "a null byte", "many nots", "no body", "a long chain"],
)
def test_a_hostile_source_is_refused_without_harm(code: str) -> None:
    assert parse_program(code) is None


@pytest.mark.parametrize("piece", ["#", "# ", "_", "\n_ ", "### ", "user: a|", "a[", "here is the ", " ", "\nuser:"])
def test_a_search_for_prose_costs_what_the_text_is_long(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begin = process_time()
    found = [pattern.search(f"{start}{text}") is not None for start in ("", "user: ") for _, pattern in PROSE]
    assert not all(found)
    assert process_time() - begin < 2
