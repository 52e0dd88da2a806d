"""The rules of `screen` on the source: each finds what it is for, and leaves its honest neighbour alone."""

import pytest

from caco_tasks.check_settings import ScreenSettings
from caco_tasks.checks.program_rules import RULES, count_real_lines, find_program_faults
from caco_tasks.checks.program_source import MAX_CODE_CHARS, parse_program
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
    "an unfilled place": (Reason.PROSE_LEFT, sample_of(with_body(*WORK, "# TODO"))),
    "an essay at the end": (Reason.PROSE_LEFT, sample_of(f'{with_body(*WORK)}\n"""{"we see that " * 20}"""')),
    "a module off the list": (Reason.FORBIDDEN, sample_of(with_body(*WORK, head="import os"))),
    "a part of such a module": (Reason.FORBIDDEN, sample_of(with_body(*WORK, head="from os.path import join"))),
    "a relative import": (Reason.FORBIDDEN, sample_of(with_body("from . import x", *WORK))),
    "chance": (Reason.FORBIDDEN, sample_of(with_body("import random", *WORK))),
    "a call that runs text": (Reason.FORBIDDEN, sample_of(with_body("eval('1')", *WORK))),
    "a way to the builtins": (Reason.FORBIDDEN, sample_of(with_body("x = pens.__class__", *WORK))),
    "five lines": (Reason.TOO_SHORT, sample_of(with_body("return pens * pen_price"))),
    "lines of comment": (
        Reason.TOO_SHORT,
        sample_of(with_body("# one", "", '"""a\n    b\n    """', "return pens * pen_price")),
    ),
    "an input not read": (Reason.UNUSED_INPUT, sample_of(with_body("both = pens * 4", "return both"))),
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
    "a long output": (Reason.OUTPUT_SIZE, sample_of(HONEST, output="a" * 201)),
    "an input that is a list": (Reason.TEMPLATE_NOT_MET, sample_of(HONEST, given=[1, 2])),
    "a program too long to read": (Reason.SYNTAX, sample_of(HONEST + "#" * MAX_CODE_CHARS)),
    "a program nested too deep": (Reason.SYNTAX, sample_of(f"{HONEST}\nx = {'[' * 150}{']' * 150}")),
}

CONTENT = {
    "the honest program": sample_of(HONEST),
    "a docstring": sample_of(with_body('"""Total: the price of all pens."""', *WORK)),
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
