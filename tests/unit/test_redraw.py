"""Seed problems with other numbers: text, solution and program must agree; the problems here are written for these tests."""

import contextlib
import io
import re
from fractions import Fraction
from random import Random

import pytest

from caco_tasks.convert import Conversion, convert
from caco_tasks.convert.number_draws import in_digits, rewritten
from caco_tasks.convert.redraw import Redrawn, redraw
from caco_tasks.convert.solution_tokens import UntracedError, numbers_of, replaced_spans
from caco_tasks.records import Seed

TRIES = 12


def versions(problem: str, solution: str, answer: str) -> list[Redrawn]:
    """The versions of a GSM8K-like seed that some random seeds give."""
    seed = Seed(
        seed_id="0", source="s", revision="1", licence="CC0-1.0", key="0", problem=problem,
        solution=f"{solution}\n#### {answer}", answer=answer,
    )  # fmt: skip
    conversion = convert(seed, "gsm8k")
    assert isinstance(conversion, Conversion), conversion
    found = [redraw(seed, conversion, "gsm8k", Random(number)) for number in range(TRIES)]
    return [one for one in found if one is not None]


def output_of(code: str) -> str:
    """What a program prints that the converter under test made."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(code, "program", "exec"), {})
    return shown.getvalue().strip()


def equations_of(text: str) -> list[tuple[str, str]]:
    return re.findall(r"([\d.]+(?: ?[-+*/] ?[\d.]+)+) ?= ?\$?([\d.]+)", text)


BAKER = (
    "A baker makes 18 loaves and sells 7 of them before noonday. Each of the others goes for $3. What do they bring?",
    "The baker still has 18-7=<<18-7=11>>11 loaves.\nThey bring 11*3=$<<11*3=33>>33.",
    "33",
)


def test_problem_solution_program_and_answer_change_together() -> None:
    found = versions(*BAKER)
    assert len(found) == TRIES
    for new in found:
        loaves, sold, price = map(int, re.findall(r"\d+", new.problem))
        assert (loaves - sold) * price == int(new.answer) == int(output_of(new.code)) != 33
        assert new.solution == (
            f"The baker still has {loaves}-{sold}={loaves - sold} loaves.\n"
            f"They bring {loaves - sold}*{price}=${new.answer}."
        )


def test_the_same_random_seed_gives_the_same_version_and_others_give_others() -> None:
    first, again = versions(*BAKER), versions(*BAKER)
    assert first == again
    assert len({new.problem for new in first}) > TRIES / 2


@pytest.mark.parametrize(
    ("problem", "solution", "answer"),
    [
        (
            "Mia owns 40 marbles and loses 25% of them. Then she buys twelve more. How many marbles does she own?",
            "She loses 40*.25=<<40*.25=10>>10 marbles, which leaves 40-10=<<40-10=30>>30.\n"
            "With twelve more she owns 30+12=<<30+12=42>>42 marbles.",
            "42",
        ),
        (
            "A rope of 60 feet is cut. Ann takes 2/5 of it and Bo takes 9 feet. How many feet are left over?",
            "Ann takes 60*2/5=<<60*2/5=24>>24 feet.\nThere remain 60-24-9=<<60-24-9=27>>27 feet.",
            "27",
        ),
        (
            "Pens cost $1.50 each. Lou buys 8 pens and pays with the $20 that she saved. How much money does she keep?",
            "The pens cost 8*1.5=$<<8*1.5=12>>12.\nLou keeps 20-12=$<<20-12=8>>8.",
            "8",
        ),
    ],
    ids=["percent and words", "fraction", "price"],
)
def test_every_equation_of_a_new_solution_is_true_and_ends_in_what_the_program_prints(
    problem: str, solution: str, answer: str
) -> None:
    found = versions(problem, solution, answer)
    assert found
    for new in found:
        assert new.solution is not None
        assert "<<" not in new.solution
        assert "####" not in new.solution
        equations = equations_of(new.solution)
        assert len(equations) == len(equations_of(re.sub("<<.*?>>", "", solution)))
        for left, right in equations:
            exact = eval(re.sub(r"(\d*\.?\d+)", r'Fraction("\1")', left), {"Fraction": Fraction})
            assert exact == Fraction(right), new.solution
        assert Fraction(equations[-1][1]) == Fraction(output_of(new.code)) == Fraction(new.answer)


def test_number_words_stay_words_and_percentages_stay_between_5_and_95() -> None:
    problem = "Mia owns 40 marbles and loses 25% of them. Then she buys twelve more. How many marbles does she own?"
    solution = (
        "She loses 40*.25=<<40*.25=10>>10 marbles, which leaves 40-10=<<40-10=30>>30.\n"
        "With twelve more she owns 30+12=<<30+12=42>>42 marbles."
    )
    for new in versions(problem, solution, "42"):
        match = re.fullmatch(
            r"Mia owns \d+ marbles and loses (\d+)% of them. Then she buys ([a-z-]+) more. How many .*", new.problem
        )
        assert match is not None
        assert int(match[1]) in range(5, 100, 5)
        assert new.solution is not None
        assert f"With {match[2]} more" in new.solution


@pytest.mark.parametrize(
    ("problem", "solution", "answer"),
    [
        (
            "A tank holds 5 gallons. There are 128 ounces in a gallon. How many cups of 8 ounces does it fill?",
            "It holds 5*128=<<5*128=640>>640 ounces.\nIt fills 640/8=<<640/8=80>>80 cups.",
            "80",
        ),
        (
            "Each spider has 8 legs. There are 15 spiders in a box. How many legs are in it?",
            "There are 15*8=<<15*8=120>>120 legs.",
            "120",
        ),
        (
            "Of 4 children, Kim, Lee, Max and Noa, each eats 14 plums. How many plums do they eat?",
            "They eat 4*14=<<4*14=56>>56 plums.",
            "56",
        ),
    ],
    ids=["a measure", "parts of a body", "people named"],
)
def test_numbers_that_the_world_or_the_text_fixes_stay(problem: str, solution: str, answer: str) -> None:
    fixed = {"128 ounces", "8 legs", "4 children"}
    [kept] = [words for words in fixed if words in problem]
    assert all(kept in new.problem for new in versions(problem, solution, answer))


@pytest.mark.parametrize(
    ("problem", "solution", "answer"),
    [
        (
            "A shop opens at 9 a.m. and sells 12 cakes an hour for 5 hours. How many cakes does it sell?",
            "It sells 12*5=<<12*5=60>>60 cakes.",
            "60",
        ),
        (
            "A club has 30 members, 18 adults and 12 children. An adult pays $5. What do the adults pay?",
            "They pay 18*5=$<<18*5=90>>90.",
            "90",
        ),
        (
            "Ida saves $2 in May, $4 in June and $8 in July, and goes on in this pattern. What does she save by July?",
            "She saves 2+4+8=$<<2+4+8=14>>14.",
            "14",
        ),
    ],
    ids=["time of day", "a number that follows from others", "a row of numbers"],
)
def test_a_seed_whose_text_would_contradict_itself_is_not_redrawn(problem: str, solution: str, answer: str) -> None:
    assert versions(problem, solution, answer) == []


def test_a_solution_with_a_number_of_unknown_origin_is_not_redrawn() -> None:
    problem, solution, answer = BAKER
    assert versions(problem, f"{solution}\nThat is 19 less than last week.", answer) == []


def test_the_order_of_size_and_the_kind_of_every_step_stay() -> None:
    problem = "Tom is 34 years old and his dog is 6. How old was Tom when the dog was born, and 5 years after that?"
    solution = "Tom was 34-6=<<34-6=28>>28.\nFive years later he was 28+5=<<28+5=33>>33."
    for new in versions(problem, solution, "33"):
        tom, dog, later = map(int, re.findall(r"\d+", new.problem))
        assert tom > dog > later
        assert int(new.answer) == tom - dog + later


@pytest.mark.parametrize(
    ("like", "value", "written"),
    [
        ("1,250", Fraction(980), "980"),
        ("1,250", Fraction(12000), "12,000"),
        ("450", Fraction(1200), "1200"),
        ("2.50", Fraction(3), "3.00"),
        ("2.5", Fraction(15, 4), "3.75"),
        (".25", Fraction(2, 5), ".4"),
        ("0.25", Fraction(2, 5), "0.4"),
        ("7", Fraction(1, 2), None),
        ("0.25", Fraction(1, 3), None),
        ("7", Fraction(-2), None),
    ],
)
def test_a_number_is_written_like_the_one_before(like: str, value: Fraction, written: str | None) -> None:
    assert in_digits(like, value) == written


@pytest.mark.parametrize(
    ("text", "old", "new", "written"),
    [
        ("Ten", 10, 12, "Twelve"),
        ("twenty-five percent", 25, 30, "thirty percent"),
        ("2 million", 2, 3, "3 million"),
        ("20%", 20, 35, "35%"),
        ("ten", 10, 400, None),
    ],
)
def test_a_question_writes_its_new_number_in_the_old_form(text: str, old: int, new: int, written: str | None) -> None:
    assert rewritten(text, Fraction(old), Fraction(new)) == written


def test_the_article_before_a_number_follows_it() -> None:
    assert replaced_spans("a 12-foot wall", [(2, 4, "18")]) == "an 18-foot wall"
    assert replaced_spans("An $80 coat and an 8-inch nail", [(4, 6, "75"), (19, 20, "11")]) == (
        "A $75 coat and an 11-inch nail"
    )


@pytest.mark.parametrize("text", ["on the 3rd day", "two thirds of it"])
def test_numbers_that_are_not_rewritten_are_refused(text: str) -> None:
    with pytest.raises(UntracedError):
        numbers_of(text)


def test_a_source_without_solutions_gets_the_lines_of_its_calculation() -> None:
    seed = Seed(
        seed_id="0", source="s", revision="1", licence="CC0-1.0", key="0", answer="20",
        problem="Ria picks 16 pears and gives 6 to Al. She sells the rest for $2 each. How many dollars does she get?",
        annotation='{"equation": "( ( 16.0 - 6.0 ) * 2.0 )"}',
    )  # fmt: skip
    conversion = convert(seed, "svamp")
    assert isinstance(conversion, Conversion)
    new = redraw(seed, conversion, "svamp", Random(1))
    assert new is not None
    picked, given, price = map(int, re.findall(r"\d+", new.problem))
    assert new.solution == (
        f"{picked} - {given} = {picked - given}\n{picked - given} * {price} = {new.answer}\nThe answer is {new.answer}."
    )
    assert output_of(new.code) == new.answer
