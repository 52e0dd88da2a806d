"""The exact front end: what it calls equal, what different, and what it leaves to the algebra system."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from public_data import require_public

from caco_tasks.config import GradingSettings
from caco_tasks.grading import VERSION, Grader
from caco_tasks.grading.compare import Decision, Question, compare_exactly
from caco_tasks.records import Outcome

EQUAL = [
    ("g2r4b1", "g2r4b1"),
    ("[3, 5, 8]", "[3,5,8]"),
    ("[3, 5, 8]", "3, 5, 8"),
    ("[]", "[]"),
    ("red moon", "red  moon"),
    ("10110", "10110"),
    ("2.5 million", "2500000"),
    ("3 thousand dollars", "3,000"),
    ("1.2 billion", "1.2 \\times 10^9"),
    ("5 x 10^3", "5000"),
    ("12", "= 12"),
    ("False", "No"),
    ("D", "Option D"),
    ("2:30 PM", "2:30 p.m."),
    ("2024-01-05", "2024-01-05"),
    ("\\cos 60^\\circ", "1/2"),
    ("\\tan(45^{\\circ})", "1"),
    ("12", "The answer is 12, not 13."),
    ("41", "041"),
    ("-0", "0"),
    ("1234567890123456789012", "1234567890123456789012"),
    ("1,234", "1234"),
    ("1{,}234", "1234"),
    ("1/2", "0.5"),
    ("1/2", "Fraction(1, 2)"),
    ("3/4", "Rational(3, 4)"),
    (r"\frac12", "2/4"),
    ("2 1/2", "5/2"),
    (r"2\frac{1}{2}", "2.5"),
    ("24", "24.0"),
    ("24", "24.000000000000004"),
    ("0.3", "0.30000000000000004"),
    ("0.00001", "1e-05"),
    ("3.33", "10/3"),
    ("3.14", "3.141592653589793"),
    ("10/3", "3.33333333"),
    (r"3\times10^{8}", "300000000"),
    ("np.float64(2.5)", "2.5"),
    ("Decimal('3.14')", "3.14"),
    (r"\frac{\sqrt{2}}{2}", "sqrt(2)/2"),
    ("2/\\sqrt{2}", "sqrt(2)"),
    (r"\log_2 8", "3"),
    ("1+2i", "(1+2j)"),
    ("x^2", "x**2"),
    ("(x+1)^2", "x^2+2x+1"),
    (r"\tan^2 x+1", r"\sec^2 x"),
    ("y=2x+1", "2x+1"),
    ("2x-2y=2", "x-y=1"),
    (r"x \le 5", "5>=x"),
    ("-1<x<=3", "(-1,3]"),
    (r"(-\infty,1)\cup(2,\infty)", r"(2,\infty)\cup(-\infty,1)"),
    (r"\{1,2\}", "{2, 1}"),
    (r"\pm 3", "3,-3"),
    ("1,2,3", "3,1,2"),
    ("{1, 2, 3}", "[1, 2, 3]"),
    ("(1,2),(3,4)", "[(1, 2), (3, 4)]"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "[[1, 2], [3, 4]]"),
    (r"\emptyset", "set()"),
    ("['a', 'b']", "[a, b]"),
    ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    ("Yes", "True"),
    ("'abc'", "abc"),
    ("twelve", "12"),
    ("B", "(B)"),
    ("B", "B) 12"),
    ("5 cm", "5 centimeters"),
    ("50 dollars", r"\$50"),
    ("7 apples", "7"),
    ("45", r"45^\circ"),
    ("75", "75%"),
    ("28%", "28 percent"),
    ("AB=12", "12"),
    ("2^{100}", "1267650600228229401496703205376"),
    ("2^{3^{4^5}}", "2^{3^{4^5}}+0"),
    ("12", r"So $3 \times 4 = 12$. The answer is \boxed{12}."),
]

DIFFERENT = [
    ("g2r4b1", "r4g2b1"),
    ("g2r4b1", "2g4r1b"),
    ("d3b2", "b2d3"),
    ("d3b2", "d2b3"),
    ("[3, 5, 8]", "[8, 5, 3]"),
    ("[3, 5, 8]", "3, 8, 5"),
    ("[3, 5]", "[3, 5, 8]"),
    ("[2, 2, 3]", "[2, 3]"),
    ("[3]", "3"),
    ("[[1, 2], [3]]", "[[1], [2, 3]]"),
    ("red moon", "moon red"),
    ("red moon", "moon"),
    ("2.5 million", "2.5"),
    ("2.5 million", "2.5 billion"),
    ("2024-01-05", "2018"),
    ("2024-01-05", "2024-05-01"),
    ("2:30 PM", "2:30 AM"),
    ("No", "True"),
    ("13", "The answer is 12, not 13."),
    ("50", "0.5"),
    ("0.5", "50%"),
    ("10001", "10000"),
    ("1000000007", "1000000008"),
    ("3628800", "3628801"),
    ("-5", "5"),
    ("1/2", "1/3"),
    ("0.3", "0.34"),
    ("0.05", "0.0525"),
    ("18.5", "18.53"),
    ("1/3", "0.33"),
    (r"\sqrt{2}", "1.41"),
    ("999999", "1000000"),
    ("1e-05", "1e-06"),
    ("1 2", "12"),
    ("x^2", "x^3"),
    ("x=3", "x=-3"),
    ("2x+3y=6", "3x+2y=6"),
    ("x>2", "x>=2"),
    ("(0,1)", "[0,1]"),
    ("(1,2)", "(2,1)"),
    ("[1, 2, 3]", "[3, 2, 1]"),
    ("{1, 2}", "{1, 3}"),
    ("1,2,3", "1,2"),
    ("2", "2,2"),
    (r"\pm 3", "3"),
    ("[[1, 2], [3, 4]]", "[[1, 3], [2, 4]]"),
    ("10^{10^{10}}", "10^{10^{10}}+1"),
    ("9^{9^{9^{9}}}", "1"),
    ("listen", "silent"),
    ("odd", "even"),
    ("Yes", "No"),
    ("True", "1"),
    ("0", "None"),
    ("", "5"),
    ("5", ""),
    ("", ""),
    ("B", "not B, but 7"),
    ("5 cm", "5 m"),
    ("17%", r"17^\circ"),
    ("10 inches", r"10^\circ"),
    ("3 hours", "3 minutes"),
    ("7:30", "7:03"),
]

HOSTILE = {
    "brackets": "(" * 9000 + "1",
    "powers": "2^" * 9000 + "2",
    "tower": "9^9^9^9^9^9",
    "roots": r"\sqrt" * 3000 + "{2}",
    "fractions": r"\frac" * 3000 + "12",
    "signs": "-" * 9000 + "1",
    "long sum": "1+" * 9000 + "1",
    "long number": "9" * 900_000,
    "a megabyte of letters": "a" * 1_000_000,
    "factorial": "(10^{12})!",
    "sine": r"\sin(10^{100000})",
    "exponentials": "e^{e^{e^{e^{10}}}}",
    "boxes": r"\boxed{" * 2000,
    "opening delimiters": r"\[" * 9000,
    "surrogate": "\ud800",
    "exponent": "1e99999",
    "power by a long decimal": "3^{1.000000001}",
    "zero to a negative root": "0^{-1/2}",
}


@pytest.mark.parametrize(("gold", "pred"), EQUAL, ids=[f"{gold} = {pred}" for gold, pred in EQUAL])
def test_the_same_answer_written_differently_is_equal(gold: str, pred: str) -> None:
    decision = compare_exactly(gold, pred)
    assert isinstance(decision, Decision)
    assert decision.equal is True


@pytest.mark.parametrize(("gold", "pred"), DIFFERENT, ids=[f"{gold} | {pred}" for gold, pred in DIFFERENT])
def test_another_answer_is_different(gold: str, pred: str) -> None:
    decision = compare_exactly(gold, pred)
    assert isinstance(decision, Decision)
    assert decision.equal is False


@pytest.mark.parametrize(
    ("gold", "pred", "method"),
    [
        ("7", "07", "integer"),
        ("1/2", "2/4", "fraction"),
        ("0.5", "1/2", "float-digits"),
        (r"\sqrt{8}", r"2\sqrt{2}", "constant"),
        ("2x", "x+x", "expression"),
        ("yes", "Yes", "text"),
        ("A", "(A)", "choice"),
        ("{1, 2}", "{2, 1}", "set"),
        ("(1, 2)", "(1, 3)", "sequence"),
        ("[0, 1)", "[0, 2)", "interval"),
        ("[[1, 0], [0, 1]]", "[[1, 0], [0, 2]]", "matrix"),
        ("x+y=1", "y=1-x", "relation"),
        ("5 cm", "5 kg", "unit"),
    ],
)
def test_the_method_is_named(gold: str, pred: str, method: str) -> None:
    decision = compare_exactly(gold, pred)
    assert isinstance(decision, Decision)
    assert decision.method == method


@pytest.mark.parametrize(
    ("gold", "pred"),
    [(r"\int_0^1 x\,dx", "1/2"), (r"\sum_{i=1}^{n} i", r"\frac{n(n+1)}{2}"), (r"\sin x = 0", r"x = \pi")],
    ids=["integral", "sum", "equation to solve"],
)
def test_what_needs_algebra_is_left_to_the_algebra_system(gold: str, pred: str) -> None:
    assert isinstance(compare_exactly(gold, pred), Question)


def test_an_implication_has_no_remainder() -> None:
    assert isinstance(compare_exactly(r"x \implies 17 mod 5", "2"), Question)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    compare_exactly(text, "1")
    compare_exactly("1", text)
    assert time.process_time() - started < 6


def test_an_answer_that_is_code_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    code = f"__import__('pathlib').Path('{marker}').touch()"
    assert isinstance(compare_exactly("1", code), Decision | Question)
    assert isinstance(compare_exactly(code, f"({code})"), Decision | Question)
    assert not marker.exists()


def test_pairs_come_back_in_order_without_starting_a_process() -> None:
    pairs = [(str(number), str(number + number % 2)) for number in range(1000)]
    with Grader(GradingSettings()) as grader:
        comparisons = list(grader.compare(pairs))
        assert grader.version == VERSION
    assert {comparison.method for comparison in comparisons} == {"integer"}
    outcomes = [comparison.verdict.outcome for comparison in comparisons]
    assert outcomes == [Outcome.PASS if number % 2 == 0 else Outcome.FAIL for number in range(1000)]


def test_comparisons_are_made_as_they_are_asked_for() -> None:
    def endless() -> Iterator[tuple[str, str]]:
        while True:
            yield "1", "1"

    with Grader(GradingSettings()) as grader:
        assert next(grader.compare(endless())).verdict.kept


def test_the_front_end_is_never_wrong_on_the_public_cases_it_decides() -> None:
    lines = require_public("answers/cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    scored = [case for case in cases if "policy" not in case["tags"]]
    wrong = decided = 0
    for case in scored:
        result = compare_exactly(case["gold"], case["pred"])
        if isinstance(result, Decision):
            decided += 1
            wrong += result.equal is not case["equal"]
    assert decided / len(scored) >= 0.9
    assert wrong / decided <= 0.01


@pytest.mark.parametrize(
    "text",
    [
        r"Since $A$ has two equal rows, $\det(A)=0$ for all $t$. So $A$ is singular for all $t$.",
        r"$F(m)=2m+3$. The slope 2 is the cost of a mile, and $F(0)=3$ that of none.",
    ],
)
def test_what_nobody_reads_is_equal_to_itself(text: str) -> None:
    same = Decision(True, "text")
    assert compare_exactly(text, text) == compare_exactly(text, f"{text[:-1]}\n ") == same
    assert compare_exactly(text, text.replace("2", "7").replace("t", "s")) != same
