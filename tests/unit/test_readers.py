"""Every public format, in tiny files written here: what is kept, what is rejected and why."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from caco_tasks import __version__
from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.config import SourceSettings
from caco_tasks.errors import ConfigError, SourceError
from caco_tasks.ids import file_sha256, seed_id
from caco_tasks.records import JudgedRecord, Outcome, Reason, Seed
from caco_tasks.sources import READERS, read_source

GSM8K = {
    "question": "A jar holds 40 dates. Half are eaten. How many are left?",
    "answer": "40/2=<<40/2=20>>20\n#### 20",
}
SVAMP = {
    "ID": "s-1",
    "Body": "Pia has 9 shells",
    "Question": "How many are left if she loses 2 ?",
    "Equation": "( 9.0 - 2.0 )",
    "Answer": 7.0,
    "Type": "Subtraction",
}
MAWPS = {
    "iIndex": 31,
    "sQuestion": "Six crates hold 4 melons each. How many?",
    "lEquations": ["x=6*4"],
    "lSolutions": [24.0],
}
TOOLKIT = {
    "id": 77,
    "original_text": "Two numbers add to 10 and differ by 4 . Find them .",
    "equation": "m+n=10.0 ; m-n=4.0",
    "ans": [7.0, 3.0],
    "number list": ["10.0", "4.0"],
    "number_position": [4, 8],
}
MATHQA = {
    "Problem": "a cart moves 12 km in 3 hours . what is its speed ?",
    "Rationale": "12 / 3 = 4",
    "options": "a ) 4 km / hr , b ) 5 km / hr , c ) 6 , d ) 7 , e ) none of these",
    "correct": "a",
    "annotated_formula": "divide(12, 3)",
    "linear_formula": "divide(n0,n1)|",
    "category": "physics",
}
MATH = {
    "problem": "Find $x$ if $2x=7$.",
    "level": "Level 2",
    "type": "Counting & Probability",
    "solution": r"Not $\boxed{3}$ but $\boxed{\frac{7}{2}}$.",
}
DEEPSCALER = {
    "problem": "Find $n$.",
    "solution": "It is 5.",
    "answer": "5",
    "year": 2031,
    "aime_number": 2,
    "problem_number": 9,
    "difficulty": 6.5,
}
BIG_MATH = {
    "problem": "What is $3^4$?",
    "answer": "81",
    "source": "orca_math",
    "domain": ["Mathematics -> Number Theory -> Powers"],
    "llama8b_solve_rate": 0.75,
}
MBPP = {
    "task_id": 8,
    "text": "Write a function that triples a number.",
    "code": "def helper(n):\n    return n\n\ndef triple(n):\n    return 3 * helper(n)\n",
    "test_setup_code": "",
    "test_list": ["assert triple(2) == 6"],
}
HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'def triple(n):\n    """Three times n."""\n',
    "canonical_solution": "    return 3 * n\n",
    "entry_point": "triple",
    "test": "def check(candidate):\n    assert candidate(2) == 6\n",
}
KODCODE_RELEASE = {
    "question_id": "Algorithm_5_I",
    "question": "Return the last item of a list.",
    "solution": "class Node:\n    pass\n\ndef last_item(items):\n    return items[-1]",
    "test": "from solution import Node, last_item\n\ndef test_last():\n    assert last_item([1, 2]) == 2",
    "gpt_difficulty": "medium",
}
KODCODE_VERIFIED = {
    "instruction": "def last_item(items):\n    return items[-1]",
    "response": "def last_item(items):\n    return items[-1]",
    "test_code": "def test_last():\n    assert last_item([1, 2]) == 2",
    "metadata": {"mode": "prefill", "prompt_id": "0007", "original_instruction": "Return the last item of a list."},
}
ASDIV = """<?xml version="1.0" encoding="UTF-8"?>
<Corpus><ProblemSet>
  <Problem ID="p-1" Grade="6" Source="here"><Body>Tom has 3 kites &amp; 4 balls.</Body>
    <Question>How many toys?</Question>
    <Solution-Type>Sum</Solution-Type><Answer>7 (toys)</Answer><Formula>3+4=7</Formula></Problem>
  <Problem ID="p-2" Grade="2" Source="here"><Body>Two sons.</Body><Question>How old?</Question>
    <Solution-Type>Algebra-2</Solution-Type><Answer>8 (years old); 11 (years old)</Answer>
    <Formula>x+3=y</Formula></Problem>
  <Problem ID="p-3" Grade="2" Source="here"><Body>Nothing.</Body><Question>How much?</Question>
    <Solution-Type>Sum</Solution-Type><Answer></Answer><Formula>1+1=2</Formula></Problem>
  <Problem ID="p-4" Grade="2" Source="here"><Body>Nothing.</Body><Question>How much?</Question>
    <Answer>2</Answer></Problem>
</ProblemSet></Corpus>"""


def write_lines(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def read(reader: str, path: Path | None, **settings: Any) -> list[JudgedRecord[Seed]]:
    source = SourceSettings(name="src", reader=reader, path=None if path is None else str(path), **settings)
    return list(read_source(source))


def read_one(reader: str, folder: Path, row: dict[str, Any]) -> Seed:
    (judged,) = read(reader, write_lines(folder, row))
    assert judged.verdict.kept, judged.verdict
    return judged.record


def annotation_of(seed: Seed) -> dict[str, Any]:
    assert seed.annotation is not None
    return dict(json.loads(seed.annotation))


def test_gsm8k_keeps_the_annotated_solution_and_takes_gold_after_the_marker(tmp_path: Path) -> None:
    seed = read_one("gsm8k", tmp_path, {**GSM8K, "answer": "so <<1*1080=1080>>1080\n#### 1,080"})
    assert seed.answer == "1080"
    assert seed.solution == "so <<1*1080=1080>>1080\n#### 1,080"
    assert (seed.problem, seed.annotation, seed.key) == (GSM8K["question"], None, "0")


def test_a_seed_says_where_it_is_from(tmp_path: Path) -> None:
    path = write_lines(tmp_path, GSM8K)
    (judged,) = read("gsm8k", path)
    revision = file_sha256(str(path))
    assert (judged.record.source, judged.record.revision, judged.record.licence) == ("src", revision, "MIT")
    assert judged.record.seed_id == seed_id("src", revision, "0")


def test_settings_overrule_revision_and_licence(tmp_path: Path) -> None:
    (judged,) = read("gsm8k", write_lines(tmp_path, GSM8K), revision="v2", licence="CC-BY-4.0")
    assert (judged.record.revision, judged.record.licence) == ("v2", "CC-BY-4.0")


def test_svamp_joins_body_and_question_and_keeps_the_equation(tmp_path: Path) -> None:
    seed = read_one("svamp", tmp_path, SVAMP)
    assert seed.problem == "Pia has 9 shells How many are left if she loses 2 ?"
    assert (seed.key, seed.answer) == ("s-1", "7")
    assert annotation_of(seed) == {"equation": "( 9.0 - 2.0 )", "type": "Subtraction"}


def test_asdiv_splits_answer_and_unit_and_scales_the_grade(tmp_path: Path) -> None:
    path = tmp_path / "corpus.xml"
    path.write_text(ASDIV, encoding="utf-8")
    toys, sons, unsolved, malformed = read("asdiv", path)
    assert toys.record.problem == "Tom has 3 kites & 4 balls. How many toys?"
    assert (toys.record.key, toys.record.answer, toys.record.difficulty) == ("p-1", "7", 5)
    assert annotation_of(toys.record) == {"formula": "3+4=7", "answer_unit": "toys", "type": "Sum"}
    assert sons.record.answer == "8; 11"
    assert annotation_of(sons.record)["answer_unit"] == "years old; years old"
    assert unsolved.verdict.reason is Reason.NO_ANSWER
    assert (malformed.verdict.reason, malformed.verdict.detail) == (
        Reason.UNREADABLE_RECORD,
        "the field 'Formula' is missing",
    )
    assert "Nothing." in (malformed.record.raw or "")


def test_mawps_reads_its_own_format(tmp_path: Path) -> None:
    seed = read_one("mawps", tmp_path, MAWPS)
    assert (seed.key, seed.answer, annotation_of(seed)) == ("31", "24", {"equation": "x=6*4"})


@pytest.mark.parametrize("reader", ["mawps", "draw1k", "alg514"])
def test_the_format_of_mwptoolkit_keeps_equations_and_numbers(tmp_path: Path, reader: str) -> None:
    seed = read_one(reader, tmp_path, TOOLKIT)
    assert (seed.key, seed.answer) == ("77", "7; 3")
    assert annotation_of(seed) == {
        "equation": "m+n=10.0 ; m-n=4.0",
        "numbers": ["10.0", "4.0"],
        "number_positions": [4, 8],
    }


@pytest.mark.parametrize(
    ("options", "correct", "gold"),
    [
        pytest.param(MATHQA["options"], "a", "4 km / hr", id="text"),
        pytest.param("['a ) 4 π', 'b ) 1 , 500', 'c ) 6', 'd ) 7', 'e ) 8']", "b", "1 , 500", id="list"),
        pytest.param("a ) 1 / 2 , b ) rs . 400 , c ) 3 , d ) 4 , e ) 5", "b", "rs . 400", id="currency"),
    ],
)
def test_mathqa_takes_the_right_option_of_either_format(tmp_path: Path, options: str, correct: str, gold: str) -> None:
    seed = read_one("mathqa", tmp_path, {**MATHQA, "options": options, "correct": correct})
    annotation = annotation_of(seed)
    assert (seed.answer, annotation["options"][correct]) == (gold, gold)
    assert list(annotation["options"]) == ["a", "b", "c", "d", "e"]
    assert (annotation["linear_formula"], annotation["annotated_formula"]) == ("divide(n0,n1)|", "divide(12, 3)")
    assert (seed.domain, seed.solution, annotation["rationale"]) == ("physics", "12 / 3 = 4", "12 / 3 = 4")


@pytest.mark.parametrize("correct", [pytest.param("e", id="none of these"), pytest.param("f", id="no such option")])
def test_mathqa_without_a_right_option_has_no_answer(tmp_path: Path, correct: str) -> None:
    (judged,) = read("mathqa", write_lines(tmp_path, {**MATHQA, "correct": correct}))
    assert judged.verdict.reason is Reason.NO_ANSWER


@pytest.mark.parametrize(
    ("solution", "gold"),
    [
        pytest.param(r"\boxed{1} and \boxed{\frac{7}{2}}.", r"\frac{7}{2}", id="last and nested"),
        pytest.param(r"$\boxed{\{1, 2\}}$", r"\{1, 2\}", id="escaped braces"),
        pytest.param(r"so $x = \boxed 2.5$.", "2.5", id="without braces"),
        pytest.param(r"so \fbox{9}", "9", id="fbox"),
    ],
)
def test_math_takes_the_last_boxed_content(tmp_path: Path, solution: str, gold: str) -> None:
    seed = read_one("math", tmp_path, {**MATH, "solution": solution})
    assert (seed.answer, seed.domain, seed.difficulty) == (gold, "counting_and_probability", 2)


@pytest.mark.parametrize("solution", [r"\boxed{}", r"\boxed{1", "It is 4.", r"\boxed"])
def test_math_without_boxed_content_has_no_answer(tmp_path: Path, solution: str) -> None:
    (judged,) = read("math", write_lines(tmp_path, {**MATH, "solution": solution}))
    assert judged.verdict.reason is Reason.NO_ANSWER
    assert judged.record.problem == MATH["problem"]


def test_math_with_an_answer_field_needs_no_solution(tmp_path: Path) -> None:
    seed = read_one("math", tmp_path, {"problem": "?", "answer": "4", "difficulty": 5.0, "type": "Algebra"})
    assert (seed.answer, seed.solution, seed.difficulty) == ("4", None, 5)


def test_deepscaler_keys_aime_rows_and_scales_difficulty(tmp_path: Path) -> None:
    seed = read_one("deepscaler", tmp_path, DEEPSCALER)
    assert (seed.key, seed.answer, seed.difficulty, seed.solution) == ("2031-2-9", "5", 4, "It is 5.")


def test_big_math_keeps_solve_rate_and_origin(tmp_path: Path) -> None:
    seed = read_one("big_math", tmp_path, BIG_MATH)
    assert annotation_of(seed) == {"solve_rate": 0.75, "origin": "orca_math"}
    assert (seed.domain, seed.licence) == ("number_theory", "NOASSERTION")


def test_of_big_math_only_what_is_hard_enough_enters(tmp_path: Path) -> None:
    rates = (0.75, 0.3, None, "often", 0.0)
    path = write_lines(tmp_path, *({**BIG_MATH, "llama8b_solve_rate": rate} for rate in rates), {"problem": 7})
    found = read("big_math", path, max_solve_rate=0.3)
    kept = [annotation_of(judged.record)["solve_rate"] for judged in found if judged.verdict.kept]
    assert kept == [0.3, 0.0]
    assert [judged.verdict.reason for judged in found if not judged.verdict.kept] == ["unreadable_record"]


def test_big_math_takes_the_licence_of_the_row(tmp_path: Path) -> None:
    path = write_lines(tmp_path, {**BIG_MATH, "license": "MIT"}, BIG_MATH)
    assert [judged.record.licence for judged in read("big_math", path, licence="X-1")] == ["MIT", "X-1"]


def test_mbpp_names_the_function_under_test(tmp_path: Path) -> None:
    seed = read_one("mbpp", tmp_path, MBPP)
    annotation = annotation_of(seed)
    assert (seed.key, seed.answer, annotation["entry_point"]) == ("8", None, "triple")
    assert (annotation["code"], annotation["tests"]) == (MBPP["code"], MBPP["test_list"])


def test_sanitised_mbpp_keeps_the_imports_of_its_tests(tmp_path: Path) -> None:
    row = {"task_id": 9, "prompt": "Triple.", "code": MBPP["code"], "test_imports": ["import math"], "test_list": ["1"]}
    seed = read_one("mbpp", tmp_path, row)
    assert (seed.problem, annotation_of(seed)["setup"]) == ("Triple.", "import math")


def test_humaneval_reads_gzip_and_completes_the_code(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(HUMANEVAL).encode()))
    (judged,) = read("humaneval", path)
    annotation = annotation_of(judged.record)
    assert annotation["code"] == HUMANEVAL["prompt"] + HUMANEVAL["canonical_solution"]
    assert (annotation["entry_point"], annotation["tests"]) == ("triple", [HUMANEVAL["test"]])


@pytest.mark.parametrize(
    ("row", "key", "difficulty"),
    [
        pytest.param(KODCODE_RELEASE, "Algorithm_5_I", 3, id="released"),
        pytest.param(KODCODE_VERIFIED, "prefill/0007", None, id="of the pipeline"),
    ],
)
def test_kodcode_keeps_code_and_tests(tmp_path: Path, row: dict[str, Any], key: str, difficulty: int | None) -> None:
    seed = read_one("kodcode", tmp_path, row)
    annotation = annotation_of(seed)
    assert (seed.key, seed.problem, seed.difficulty) == (key, "Return the last item of a list.", difficulty)
    assert (annotation["entry_point"], len(annotation["tests"])) == ("last_item", 1)


def test_a_code_seed_of_kodcode_without_tests_has_no_answer(tmp_path: Path) -> None:
    row = {"id": 3, "category": "queues", "file_name": "ring_buffer", "codes": "class Ring:\n    pass"}
    (judged,) = read("kodcode", write_lines(tmp_path, row))
    assert (judged.verdict.reason, judged.record.problem) == (Reason.NO_ANSWER, "ring buffer")


def test_the_bank_draws_family_by_family_in_turn() -> None:
    count = len(FAMILIES) + 2
    seeds = [judged.record for judged in read("bank", None, limit=count)]
    assert [seed.key for seed in seeds] == [
        f"{FAMILIES[i % len(FAMILIES)].name}/{i // len(FAMILIES)}" for i in range(count)
    ]
    assert {(seed.revision, seed.licence) for seed in seeds} == {(__version__, "CC0-1.0")}
    assert "print(output)" in annotation_of(seeds[0])["code"]
    assert seeds == [judged.record for judged in read("bank", None, limit=count)]


def test_the_bank_draws_twenty_of_each_family_without_a_limit() -> None:
    seeds = [judged.record for judged in read("bank", None)]
    assert len(seeds) == 20 * len(FAMILIES) == len({seed.seed_id for seed in seeds})


@pytest.mark.parametrize(
    ("reader", "row", "field"),
    [
        pytest.param("gsm8k", GSM8K, "question", id="gsm8k"),
        pytest.param("svamp", SVAMP, "Equation", id="svamp"),
        pytest.param("mawps", MAWPS, "lSolutions", id="mawps"),
        pytest.param("draw1k", TOOLKIT, "equation", id="draw1k"),
        pytest.param("alg514", TOOLKIT, "id", id="alg514"),
        pytest.param("mathqa", MATHQA, "linear_formula", id="mathqa"),
        pytest.param("math", MATH, "problem", id="math"),
        pytest.param("deepscaler", DEEPSCALER, "answer", id="deepscaler"),
        pytest.param("big_math", BIG_MATH, "answer", id="big_math"),
        pytest.param("kodcode", KODCODE_RELEASE, "solution", id="kodcode"),
        pytest.param("mbpp", MBPP, "code", id="mbpp"),
        pytest.param("humaneval", HUMANEVAL, "test", id="humaneval"),
        pytest.param("jsonl", {"problem": "1+1?", "answer": 2}, "answer", id="jsonl"),
    ],
)
def test_a_missing_or_mistyped_field_rejects_the_record_alone(
    tmp_path: Path, reader: str, row: dict[str, Any], field: str
) -> None:
    without = {name: value for name, value in row.items() if name != field}
    judged = read(reader, write_lines(tmp_path, row, without, {**row, field: {"no": "text"}}, row))
    assert [seed.verdict.reason for seed in judged] == [
        None,
        Reason.UNREADABLE_RECORD,
        Reason.UNREADABLE_RECORD,
        None,
    ]
    assert {seed.verdict.outcome for seed in judged} == {Outcome.PASS, Outcome.FAIL}
    assert field in (judged[1].verdict.detail or "")
    assert len({seed.record.seed_id for seed in judged}) == 4


def test_an_unknown_reader_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="no reader 'gsm9k', the nearest is 'gsm8k': use bank, gsm8k"):
        read("gsm9k", None)


@pytest.mark.parametrize(
    ("reader", "settings", "named"),
    [
        pytest.param("gsm8k", {"columns": {"problem": "q"}}, "columns", id="columns"),
        pytest.param("gsm8k", {"split": "test"}, "split", id="split"),
        pytest.param("jsonl", {"subset": "main"}, "subset", id="subset"),
    ],
)
def test_a_setting_that_a_reader_cannot_use_is_wrong(
    tmp_path: Path, reader: str, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=f"sets {named}"):
        read(reader, write_lines(tmp_path, GSM8K), **settings)


def test_the_bank_takes_no_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sets path"):
        read("bank", tmp_path)


@pytest.mark.parametrize("reader", sorted(set(READERS) - {"bank"}))
def test_every_reader_of_files_wants_a_path(reader: str) -> None:
    with pytest.raises(SourceError, match="has no path"):
        read(reader, None)
