"""Benchmarks of mathematics as their authors publish them, in tiny records of the same form, and whole where they are at hand."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from public_data import require_public

from caco_tasks.config import SourceSettings
from caco_tasks.records import JudgedRecord, Reason, Seed
from caco_tasks.sources import read_source

OMNI_MATH = {
    "domain": ["Mathematics -> Number Theory -> Primes", "Mathematics -> Algebra"],
    "difficulty": 6.5,
    "problem": "Find the least prime above 7.",
    "solution": r"It is \boxed{11}.",
    "answer": "11",
    "source": "a_contest",
}
OLYMPIADBENCH = {
    "id": 12,
    "subfield": "Number Theory",
    "context": None,
    "question": "Find all $n$ with $n^2=9$.",
    "solution": ["By roots.", "By trying."],
    "final_answer": ["$3$", "$-3$"],
    "is_multiple_answer": True,
    "unit": None,
    "answer_type": "Numerical",
    "error": None,
}
THEOREMQA = {
    "Question": "Give the path from 2 to 1 as a list.",
    "Answer": [2, 0, 1.0],
    "Answer_type": "list of integer",
    "Picture": "images/graph.png",
    "id": "someone/path.json",
    "theorem": "shortest path",
    "subfield": "Graph theory",
}
GSM_PLUS = {
    "question": "Ana has 12 pens and gives 5 away. How many are left?",
    "solution": "12 - 5 = 7\n#### 7",
    "answer": "7",
    "perturbation_type": "numerical substitution",
    "seed_question": "Ana has 9 pens and gives 5 away. How many are left?",
    "seed_solution": "9 - 5 = 4\n#### 4",
    "seed_answer": "4",
}
GSM_SYMBOLIC = {
    "question": "Ana has 9 pens and gives 5 away. How many are left?",
    "answer": "She keeps 9 - 5 = <<9-5=4>>4.\n#### 4",
    "id_orig": 31,
    "id_shuffled": 2,
    "question_annotated": "{n,Ana} has {x,9} pens ...\n#init:\n- $x = range(6, 20)\n#conditions:\n- x > y\n#answer: x - y",
    "answer_annotated": "She keeps {x} - {y} = <<{x}-{y}={x-y}>>{x-y}.\n#### {x-y}",
}
OF_DRAW = {
    "iIndex": 77,
    "sQuestion": "Two numbers add to 10 and differ by 4 . Find them .",
    "lEquations": ["m+n=10.0", "m-n=4.0"],
    "lSolutions": [7.0, 3.0],
    "Template": ["m + n = a", "m - n = b"],
}


def read(reader: str, path: Path) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="src", reader=reader, path=str(path))))


def read_row(reader: str, folder: Path, row: dict[str, Any]) -> JudgedRecord[Seed]:
    path = folder / "rows.json"
    path.write_text(json.dumps([row]), encoding="utf-8")
    (judged,) = read(reader, path)
    return judged


def annotation_of(seed: Seed) -> dict[str, Any]:
    return dict(json.loads(seed.annotation or "null"))


def test_omni_math_names_its_broadest_domain_and_scales_difficulty(tmp_path: Path) -> None:
    seed = read_row("omni_math", tmp_path, OMNI_MATH).record
    assert (seed.domain, seed.difficulty, seed.answer, seed.key) == ("number_theory", 4, "11", "0")
    assert (seed.licence, seed.dropped, annotation_of(seed)["origin"]) == ("Apache-2.0", (), "a_contest")
    bare = read_row("omni_math", tmp_path, {**OMNI_MATH, "domain": [], "difficulty": None}).record
    assert (bare.domain, bare.difficulty, bare.dropped) == (None, None, ())


def test_olympiadbench_joins_its_answers_and_takes_the_first_solution(tmp_path: Path) -> None:
    seed = read_row("olympiadbench", tmp_path, OLYMPIADBENCH).record
    assert (seed.answer, seed.solution, seed.domain, seed.key) == ("$3$; $-3$", "By roots.", "number_theory", "12")
    assert annotation_of(seed)["is_multiple_answer"] is True


def test_olympiadbench_puts_the_context_before_the_question(tmp_path: Path) -> None:
    seed = read_row("olympiadbench", tmp_path, {**OLYMPIADBENCH, "context": "Let $n$ be whole."}).record
    assert seed.problem == "Let $n$ be whole.\n\nFind all $n$ with $n^2=9$."


def test_a_proof_of_olympiadbench_has_no_answer(tmp_path: Path) -> None:
    proof = {**OLYMPIADBENCH, "final_answer": None}
    assert read_row("olympiadbench", tmp_path, proof).verdict.reason is Reason.NO_ANSWER


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        pytest.param([2, 0, 1.0], "[2, 0, 1]", id="list in order"),
        pytest.param([3], "[3]", id="list of one"),
        pytest.param([], None, id="empty list"),
        pytest.param(True, "True", id="truth value"),
        pytest.param(0.5, "0.5", id="float"),
        pytest.param("(b)", "(b)", id="option"),
    ],
)
def test_a_list_of_theoremqa_is_one_answer(tmp_path: Path, answer: Any, gold: str | None) -> None:
    judged = read_row("theoremqa", tmp_path, {**THEOREMQA, "Answer": answer})
    assert (judged.record.answer, judged.verdict.kept) == (gold, gold is not None)
    assert (judged.record.key, judged.record.domain) == ("someone/path.json", "graph_theory")
    assert annotation_of(judged.record)["picture"] == "images/graph.png"


def test_theoremqa_of_the_hub_has_no_ids_and_carries_its_pictures(tmp_path: Path) -> None:
    rows = [
        {"Question": "1+1?", "Answer": "2", "Answer_type": "integer", "Picture": None},
        {"Question": "What is shown?", "Answer": "[1, 2]", "Answer_type": "list of integer",
         "Picture": {"bytes": b"\x89PNG", "path": "graph.png"}},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "test.parquet")
    judged = read("theoremqa", tmp_path / "test.parquet")
    assert [(seed.record.key, seed.record.answer) for seed in judged] == [("0", "2"), ("1", "[1, 2]")]
    assert [annotation_of(seed.record)["picture"] for seed in judged] == [None, "graph.png"]


@pytest.mark.parametrize(("answer", "gold"), [("7", "7"), (7, "7"), (None, None), ("None", None)])
def test_a_problem_of_gsm_plus_that_lacks_a_number_has_no_answer(tmp_path: Path, answer: Any, gold: str | None) -> None:
    judged = read_row("gsm_plus", tmp_path, {**GSM_PLUS, "answer": answer})
    assert (judged.record.answer, judged.verdict.reason) == (gold, None if gold else Reason.NO_ANSWER)
    assert annotation_of(judged.record)["variation"] == "numerical substitution"


def test_templates_of_gsm_symbolic_are_a_file_each(tmp_path: Path) -> None:
    for number in (1, 0):
        path = tmp_path / "templates" / f"{number:04}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**GSM_SYMBOLIC, "id_orig": 31 + number}, indent=4), encoding="utf-8")
    judged = read("gsm_symbolic", tmp_path / "templates")
    assert [(seed.record.key, seed.record.answer) for seed in judged] == [("31", "4"), ("32", "4")]
    seed = judged[0].record
    assert (seed.problem, seed.solution) == (GSM_SYMBOLIC["question"], GSM_SYMBOLIC["answer"])
    assert annotation_of(seed) == {
        "question_template": GSM_SYMBOLIC["question_annotated"],
        "answer_template": GSM_SYMBOLIC["answer_annotated"],
    }


def test_problems_of_gsm_symbolic_are_drawn_from_a_template(tmp_path: Path) -> None:
    drawn = {
        "id": 4,
        "instance": 17,
        "question": "Leo has 14 pens and gives 6 away. How many are left?",
        "answer": "He keeps 14 - 6 = 8.\n#### 8",
        "original_id": 31,
        "original_question": GSM_SYMBOLIC["question"],
        "original_answer": GSM_SYMBOLIC["answer"],
    }
    seed = read_row("gsm_symbolic", tmp_path, drawn).record
    assert (seed.key, seed.answer) == ("4-17", "8")
    assert annotation_of(seed) == {"seed_question": GSM_SYMBOLIC["question"], "seed_answer": GSM_SYMBOLIC["answer"]}


@pytest.mark.parametrize("reader", ["draw1k", "alg514"])
def test_draw_and_alg_are_read_in_their_own_format_too(tmp_path: Path, reader: str) -> None:
    seed = read_row(reader, tmp_path, OF_DRAW).record
    assert (seed.key, seed.answer, seed.problem) == ("77", "7; 3", OF_DRAW["sQuestion"])
    assert annotation_of(seed) == {"equation": "m+n=10.0 ; m-n=4.0"}


@pytest.mark.parametrize(
    ("reader", "row", "field"),
    [
        pytest.param("omni_math", OMNI_MATH, "answer", id="omni_math"),
        pytest.param("olympiadbench", OLYMPIADBENCH, "question", id="olympiadbench"),
        pytest.param("theoremqa", THEOREMQA, "Answer", id="theoremqa"),
        pytest.param("gsm_plus", GSM_PLUS, "answer", id="gsm_plus"),
        pytest.param("gsm_symbolic", GSM_SYMBOLIC, "question", id="gsm_symbolic"),
        pytest.param("draw1k", OF_DRAW, "lSolutions", id="draw1k"),
    ],
)
def test_a_missing_or_mistyped_field_rejects_the_record_alone(
    tmp_path: Path, reader: str, row: dict[str, Any], field: str
) -> None:
    path = tmp_path / "rows.jsonl"
    without = {name: value for name, value in row.items() if name != field}
    path.write_text("\n".join(map(json.dumps, [row, without, {**row, field: {"no": "text"}}, row])), encoding="utf-8")
    judged = read(reader, path)
    assert [seed.verdict.kept for seed in judged] == [True, False, False, True]
    assert all(field in (seed.verdict.detail or "") for seed in judged[1:3])


@pytest.mark.parametrize(
    ("reader", "path", "rows", "without_answer"),
    [
        pytest.param("omni_math", "omni_math/omni_math_rule.jsonl", 2821, 0, id="omni_math"),
        pytest.param("olympiadbench", "olympiadbench/OE_TO_maths_en_COMP.json", 675, 0, id="olympiadbench"),
        pytest.param("theoremqa", "theoremqa/theoremqa_test.json", 800, 0, id="theoremqa"),
        pytest.param("draw1k", "draw1k", 1000, 0, id="draw1k, the whole folder"),
        pytest.param("gsm_plus", "gsm_plus/testmini_open.jsonl", 300, 150, id="gsm_plus"),
        pytest.param("gsm_symbolic", "gsm_symbolic/templates.jsonl", 250, 0, id="gsm_symbolic"),
    ],
)
def test_every_record_of_a_real_file_is_read(reader: str, path: str, rows: int, without_answer: int) -> None:
    judged = read(reader, require_public(path))
    reasons = Counter(seed.verdict.reason for seed in judged)
    assert +reasons == +Counter({None: rows - without_answer, Reason.NO_ANSWER: without_answer})
    assert len({seed.record.seed_id for seed in judged}) == rows
    assert not any(seed.record.dropped for seed in judged)


@pytest.mark.parametrize(
    ("path", "columns", "rows"),
    [
        pytest.param("omni_math/omni_math_rule.jsonl", {}, 2821, id="omni_math"),
        pytest.param(
            "olympiadbench/OE_TO_maths_en_COMP.json",
            {"problem": "question", "answer": "final_answer"},
            675,
            id="olympiadbench",
        ),
        pytest.param("theoremqa/theoremqa_test.json", {"problem": "Question", "answer": "Answer"}, 800, id="theoremqa"),
    ],
)
def test_they_are_tables_too(path: str, columns: dict[str, str], rows: int) -> None:
    source = SourceSettings(name="src", reader="jsonl", path=str(require_public(path)), columns=columns)
    assert [judged.verdict.kept for judged in read_source(source)] == [True] * rows
