"""Conversion without a model: each trap of annotated sources, on problems written for these tests."""

import ast
import contextlib
import io
import json
from fractions import Fraction
from typing import Any

import pytest

from caco_tasks.convert import CONVERTERS, Conversion, convert
from caco_tasks.convert.question_numbers import find_numbers
from caco_tasks.errors import ConfigError
from caco_tasks.records import Grade, Seed


def seed(problem: str, *, solution: str | None = None, answer: str | None, annotation: Any = None) -> Seed:
    text = None if annotation is None else json.dumps(annotation)
    return Seed(
        seed_id="0", source="s", revision="1", licence="CC0-1.0", key="0", problem=problem, solution=solution,
        answer=answer, annotation=text,
    )  # fmt: skip


def converted(problem: str, solution: str, answer: str) -> Conversion:
    found = convert(seed(problem, solution=f"{solution}\n#### {answer}", answer=answer), "gsm8k")
    assert isinstance(found, Conversion), found
    return found


def run(code: str, **changed: Any) -> Any:
    """What the program returns, with some inputs changed; the programs here are made by the converter under test."""
    tree = ast.parse(code)
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(tree, "program", "exec"), names)
    return names["solve"](**{**names["input"], **changed})


def inputs(code: str) -> dict[str, Any]:
    line = next(line for line in code.splitlines() if line.startswith("input = "))
    found = ast.literal_eval(line.removeprefix("input = "))
    assert isinstance(found, dict)
    return found


def changed_by_value(code: str, old: float, new: float) -> Any:
    """The result after the one input of value `old` became `new`."""
    [name] = [name for name, value in inputs(code).items() if value == old]
    return run(code, **{name: new})


def test_a_plain_problem_becomes_a_program_of_grade_s_whose_inputs_are_the_questions_numbers() -> None:
    found = converted(
        "A baker makes 18 loaves and sells 7 of them before noon. Each of the others goes for $3. What do they bring?",
        "The baker still has 18-7=<<18-7=11>>11 loaves.\nThey bring 11*3=$<<11*3=33>>33.",
        "33",
    )
    assert found.grade is Grade.S
    assert sorted(inputs(found.code).values()) == [3, 7, 18]
    assert changed_by_value(found.code, 18, 20) == 39
    assert "baker_still_loaves" in found.code


@pytest.mark.parametrize(
    ("problem", "solution", "answer", "old", "new", "then"),
    [
        pytest.param(
            "Twenty-five birds sit on a wire and nine fly off. How many sit there now?",
            "There are 25-9=<<25-9=16>>16 birds.", "16", 25, 30, 21, id="numbers_in_words",
        ),
        pytest.param(
            "A club has 40 members and 3/8 of them play chess. How many play chess?",
            "Chess players: 40*3/8=<<40*3/8=15>>15.", "15", 3, 5, 25, id="fraction_in_parts",
        ),
        pytest.param(
            "A coat costs $80 and is sold at 15% off. What does it cost now?",
            "It costs 80*.85=$<<80*.85=68>>68.", "68", 15, 25, 60, id="what_a_percentage_leaves",
        ),
        pytest.param(
            "A tank of 60 liters loses 30% of its water. How many liters are gone?",
            "Gone are 60*30/100=<<60*30/100=18>>18 liters.", "18", 30, 50, 30, id="percentage_by_the_hundred",
        ),
        pytest.param(
            "A cyclist trains 3 hours each day for 2 weeks. How many hours is that?",
            "There are 2*7=<<2*7=14>>14 days.\nThe training takes 14*3=<<14*3=42>>42 hours.", "42", 2, 5, 105,
            id="unsaid_constant",
        ),
        pytest.param(
            "Nora walks 2 1/2 miles a day. How far does she walk in 4 days?",
            "Nora walks 2.5*4=<<2.5*4=10>>10 miles.", "10", 4, 6, 15, id="mixed_number",
        ),
        pytest.param(
            "Eva has 12 pens and Tom has twice as many. How many do they have together?",
            "Tom has 12*2=<<12*2=24>>24 pens.\nTogether that makes 24+12=<<24+12=36>>36.", "36", 12, 5, 15, id="twice",
        ),
        pytest.param(
            "Soap costs $18.50 and a towel $6.50. How much more does the soap cost?",
            "The soap costs $18.50 - $6.50 = $12 more.", "12", 18.5, 20.25, 13.75, id="line_without_annotation",
        ),
    ],
)  # fmt: skip
def test_changing_one_number_of_the_question_changes_the_answer_as_it_should(
    problem: str, solution: str, answer: str, old: float, new: float, then: float
) -> None:
    found = converted(problem, solution, answer)
    assert run(found.code) == Fraction(answer)
    assert found.grade.reaches(Grade.A)
    assert changed_by_value(found.code, old, new) == then


def test_constants_are_named_in_the_function_and_never_inputs() -> None:
    found = converted(
        "A cyclist trains 3 hours each day for 2 weeks. How many hours is that?",
        "There are 2*7=<<2*7=14>>14 days.\nThe training takes 14*3=<<14*3=42>>42 hours.",
        "42",
    )
    assert 7 not in inputs(found.code).values()
    assert "days_per_week = 7" in found.code


def test_a_literal_that_nothing_in_the_problem_gives_has_grade_c() -> None:
    found = converted(
        "Mona and her friends share 24 plums equally. How many plums does each get?",
        "They are 6 people, so each gets 24/6=<<24/6=4>>4 plums.",
        "4",
    )
    assert found.grade is Grade.C


def test_a_lone_one_is_never_bound_to_a_word() -> None:
    found = converted(
        "Ada has one cat and 8 dogs. One more dog comes. How many dogs are there?",
        "There are 8+1=<<8+1=9>>9 dogs.",
        "9",
    )
    assert found.grade is Grade.C
    assert list(inputs(found.code).values()) == [8]


def test_an_asserted_result_is_no_derivation() -> None:
    found = convert(
        seed("A jar holds 9 nuts and 4 figs. How many are there?", solution="So <<13=13>>13.\n#### 13", answer="13"),
        "gsm8k",
    )
    assert isinstance(found, str)


def test_rivals_are_settled_by_the_words_beside_the_literal() -> None:
    found = converted(
        "Lena packs 5 crates of apples with 12 apples each and 5 bags of pears with 9 pears each. How many pears?",
        "She packs 5 bags of pears * 9 pears each = <<5*9=45>>45 pears.",
        "45",
    )
    bags = [name for name, value in inputs(found.code).items() if value == 5]
    assert found.grade is Grade.A
    assert bags == ["bags_pears"]


def test_rivals_that_no_word_settles_leave_grade_b() -> None:
    found = converted("Add 5 and 5 and take 3 from one 5 of them.", "That is 5-3=<<5-3=2>>2.", "2")
    assert found.grade is Grade.B


def test_equal_numbers_of_one_sum_are_each_bound_to_a_place_of_their_own() -> None:
    found = converted(
        "Ina picks 6 roses and 6 tulips. How many flowers does she pick?",
        "Ina picks 6+6=<<6+6=12>>12 flowers.",
        "12",
    )
    assert found.grade is Grade.A
    assert len(inputs(found.code)) == 2


def test_ways_to_bind_that_compute_the_same_are_no_rivals() -> None:
    found = converted(
        "Each of 2 cooks peels 9 carrots on Monday and again on Tuesday. How many carrots do they peel?",
        "On Monday they peel 2*9=<<2*9=18>>18.\nOn Tuesday they peel 2*9=<<2*9=18>>18.\nIn all 18+18=<<18+18=36>>36.",
        "36",
    )
    assert found.grade is Grade.S
    assert changed_by_value(found.code, 9, 10) == 40


def test_an_earlier_result_goes_before_an_equal_number_of_the_question() -> None:
    found = converted(
        "A shelf has 10 books. Kim adds 4 more and takes 4 others away, then doubles what is there. How many books?",
        "After adding there are 10+4=<<10+4=14>>14 books.\nAfter taking there are 14-4=<<14-4=10>>10 books.\n"
        "Doubled that is 10*2=<<10*2=20>>20 books.",
        "20",
    )
    assert changed_by_value(found.code, 10, 11) == 22


def test_a_number_of_the_question_that_is_not_needed_stays_out_of_input() -> None:
    found = converted(
        "In 1998 a farm had 31 cows and sold 6 of them. How many cows were left?",
        "There were 31-6=<<31-6=25>>25 cows left.",
        "25",
    )
    assert found.grade is Grade.A_PLUS
    assert 1998 not in inputs(found.code).values()


def test_a_step_compared_but_not_used_takes_the_grade_down() -> None:
    found = converted(
        "One shop sells 4 lamps for $20, another 6 lamps for $18. What does a lamp cost in the cheaper shop?",
        "The first takes 20/4=$<<20/4=5>>5.\nThe second takes 18/6=$<<18/6=3>>3, which is less.",
        "3",
    )
    assert found.grade is Grade.B
    assert "20" not in found.code


def test_results_are_exact_and_whole_numbers_print_as_such() -> None:
    found = converted(
        "Three pipes fill 7 barrels an hour. How many barrels do 3 of 21 hours fill?",
        "Each pipe fills 7/3=<<7/3=2.33>>2.33 barrels.\nIn 3 hours that is 2.33*3=<<2.33*3=7>>7.",
        "7",
    )
    assert str(run(found.code)) == "7"


@pytest.mark.parametrize(
    "solution",
    [
        pytest.param(f"<<{'9' * 1000000}*2=4>>4", id="a_million_digits"),
        pytest.param(f"<<{'(' * 190}1+1{')' * 5}=2>>2", id="open_brackets"),
        pytest.param("<<9^9^9^9=2>>2", id="tower_of_powers"),
        pytest.param("<<" + "-" * 150 + "5=2>>2", id="many_signs"),
        pytest.param("<<5/0=2>>2", id="division_by_zero"),
        pytest.param("<<__import__('os')=2>>2", id="python"),
        pytest.param("1 " * 5000 + "=2", id="long_line"),
        pytest.param("(" * 9000 + "= 2", id="unannotated_brackets"),
    ],
)
def test_a_hostile_solution_gives_no_program_and_no_hang(solution: str) -> None:
    found = convert(seed("Take 5 of 9.", solution=f"{solution}\n#### 2", answer="2"), "gsm8k")
    assert isinstance(found, str)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("one hundred twenty-five men and 1,250 women", [125, 1250], id="long_words_and_commas"),
        pytest.param("two hundred and fifty, then six", [250, 6], id="and"),
        pytest.param("five, six or seven", [5, 6, 7], id="a_row"),
        pytest.param("a third friend has one dog", [], id="ordinals_and_one"),
        pytest.param("3 million dollars", [3], id="scale"),
        pytest.param("x\u00b2 and \u00bd", [], id="other_digits"),
    ],
)
def test_numbers_are_found_where_they_stand(text: str, values: list[int]) -> None:
    assert [mention.whole for mention in find_numbers(text)] == values


@pytest.mark.parametrize(
    ("reader", "annotation", "answer", "old", "new", "then"),
    [
        pytest.param("svamp", {"equation": "( 30.0 - 12.0 )"}, "18", 30, 40, 28, id="svamp"),
        pytest.param("mawps", {"equation": "12+x=30"}, "18", 12, 10, 20, id="mawps_isolated_unknown"),
        pytest.param("mawps", {"equation": "2*x+12=30+x"}, "18", 30, 31, 19, id="mawps_linear"),
        pytest.param("asdiv", {"formula": "30 (km)-12 (km)=18 (km)"}, "18", 12, 2, 28, id="asdiv_units"),
        pytest.param("asdiv", {"formula": "30/12=2 r6"}, "6", 30, 31, 7, id="asdiv_remainder"),
        pytest.param("asdiv", {"formula": "30/12=2 r6"}, "3", 30, 49, 5, id="asdiv_rounded_up"),
        pytest.param("asdiv", {"formula": "GCD(30,12)=6"}, "6", 30, 31, 1, id="asdiv_divisor"),
        pytest.param("asdiv", {"formula": "30:12=5:2"}, "5:2", 30, 36, 3, id="asdiv_ratio"),
        pytest.param("mathqa", {"annotated_formula": "subtract(30, 12)"}, "18 km", 30, 40, 28, id="mathqa"),
    ],
)
def test_equations_and_formulas_become_programs(
    reader: str, annotation: dict[str, str], answer: str, old: int, new: int, then: int
) -> None:
    found = convert(
        seed("A road of 30 miles has 12 miles of repairs. How much is left?", answer=answer, annotation=annotation),
        reader,
    )
    assert isinstance(found, Conversion)
    assert changed_by_value(found.code, old, new) == then


def test_a_system_of_two_equations_gives_both_answers_in_the_order_of_gold() -> None:
    found = convert(
        seed(
            "Two numbers add up to 64, and one is 8 more than the other. What are they?",
            answer="36; 28",
            annotation={"equation": "m+n=64.0 ; m-n=8.0"},
        ),
        "draw1k",
    )
    assert isinstance(found, Conversion)
    assert run(found.code) == [36, 28]
    assert changed_by_value(found.code, 64, 70) == [39, 31]


@pytest.mark.parametrize(
    "formula",
    [
        pytest.param("power(9, power(9, power(9, 9)))", id="tower"),
        pytest.param("factorial(100000)", id="factorial"),
        pytest.param("add(" * 400 + "1", id="deep"),
        pytest.param("system(1, 2)", id="unknown_operation"),
        pytest.param("add(1)", id="missing_argument"),
        pytest.param("divide(4, 0)", id="division_by_zero"),
    ],
)
def test_a_hostile_formula_gives_no_program(formula: str) -> None:
    found = convert(seed("Take 9.", answer="2", annotation={"annotated_formula": formula}), "mathqa")
    assert isinstance(found, str)


def test_code_with_tests_is_called_with_the_arguments_of_its_first_test() -> None:
    annotation = {
        "code": "import math\ndef area(radius, parts=2):\n    whole = radius**2\n    return math.floor(whole / parts)",
        "tests": ["assert area(helper()) == 3", "assert area(4, parts=3) == 5"],
        "entry_point": "area",
    }
    found = convert(seed("Write it.", answer=None, annotation=annotation), "mbpp")
    assert isinstance(found, Conversion)
    assert inputs(found.code) == {"radius": 4, "parts": 3}
    assert found.gold == "5"
    assert not found.are_inputs_proven
    assert found.code.startswith("import math\n\ninput = ")


def test_the_gold_of_a_test_is_kept_as_written_whatever_order_python_gives_a_set() -> None:
    annotation = {
        "code": "def letters(word):\n    return set(word)",
        "tests": ["assert letters('cab') == {'c', 'a', 'b'}"],
        "entry_point": "letters",
    }
    found = convert(seed("Write it.", answer=None, annotation=annotation), "mbpp")
    assert isinstance(found, Conversion)
    assert found.gold == "{'c', 'a', 'b'}"


def test_deeply_nested_code_is_not_parsed() -> None:
    annotation = {"code": "x = " + "(" * 5000, "tests": ["assert f(1) == 1"], "entry_point": "f"}
    assert isinstance(convert(seed("Write it.", answer=None, annotation=annotation), "mbpp"), str)


def test_a_source_without_annotations_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="'math'"):
        convert(seed("Why?", answer="1"), "math")


def test_every_converter_belongs_to_a_reader() -> None:
    from caco_tasks.sources import READERS

    assert set(CONVERTERS) <= set(READERS)
