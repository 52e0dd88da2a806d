"""Real files as their authors publish them, where they are at hand: every row is read, and known flaws are found."""

import json
from collections import Counter

import pytest
from public_data import require_public

from caco_tasks.config import SourceSettings
from caco_tasks.records import JudgedRecord, Reason, Seed
from caco_tasks.sources import read_source


def read(reader: str, path: str) -> list[JudgedRecord[Seed]]:
    return list(read_source(SourceSettings(name="src", reader=reader, path=str(require_public(path)))))


@pytest.mark.parametrize(
    ("reader", "path", "rows", "without_answer"),
    [
        pytest.param("gsm8k", "gsm8k/train.jsonl", 7473, 0, id="gsm8k"),
        pytest.param("svamp", "svamp/SVAMP.json", 1000, 0, id="svamp"),
        pytest.param("asdiv", "asdiv/ASDiv.xml", 2305, 0, id="asdiv"),
        pytest.param("mawps", "mawps/mawps_single_source.json", 2373, 0, id="mawps"),
        pytest.param("draw1k", "draw1k/train.json", 600, 0, id="draw1k"),
        pytest.param("draw1k", "draw1k/valid.json", 200, 0, id="draw1k with a repeated id"),
        pytest.param("alg514", "alg514/train.json", 411, 0, id="alg514"),
        pytest.param("mathqa", "mathqa/dev.json", 4475, 10, id="mathqa"),
        pytest.param("math", "math/train_7500_with_solutions.jsonl", 7500, 2, id="math"),
        pytest.param("math", "math/train_problem_answer.json", 7474, 4, id="math without solutions"),
        pytest.param("deepscaler", "deepscaler/train_aime_1983_2023.json", 975, 0, id="deepscaler"),
        pytest.param("mbpp", "mbpp/mbpp.jsonl", 974, 0, id="mbpp"),
        pytest.param("mbpp", "mbpp/mbpp_sanitized_prime.json", 399, 0, id="sanitised mbpp"),
        pytest.param("humaneval", "humaneval/HumanEval.jsonl.gz", 164, 0, id="humaneval"),
        pytest.param("kodcode", "kodcode/seeds_data-structure-python.json", 352, 352, id="kodcode seeds"),
        pytest.param("kodcode", "kodcode/verified_prefill.json", 80, 0, id="kodcode prefill"),
        pytest.param("kodcode", "kodcode/verified_algorithm.json", 15, 0, id="kodcode algorithm"),
        pytest.param("kodcode", "kodcode/verified_leetcode.json", 14, 0, id="kodcode leetcode"),
    ],
)
def test_every_row_of_a_real_file_is_read(reader: str, path: str, rows: int, without_answer: int) -> None:
    judged = read(reader, path)
    reasons = Counter(seed.verdict.reason for seed in judged)
    expected = Counter({None: rows - without_answer, Reason.NO_ANSWER: without_answer})
    assert +reasons == +expected
    assert len({seed.record.seed_id for seed in judged}) == rows
    assert all(seed.record.problem for seed in judged)


def test_every_gold_of_gsm8k_is_a_number() -> None:
    golds = [judged.record.answer or "" for judged in read("gsm8k", "gsm8k/train.jsonl")]
    assert all(gold.lstrip("-").replace(".", "", 1).isdecimal() for gold in golds)


def test_every_record_of_mathqa_has_five_options_in_either_format() -> None:
    annotations = [json.loads(judged.record.annotation or "") for judged in read("mathqa", "mathqa/dev.json")]
    assert Counter(tuple(annotation["options"]) for annotation in annotations) == {("a", "b", "c", "d", "e"): 4475}


def test_every_record_of_mbpp_names_what_is_under_test() -> None:
    annotations = [json.loads(judged.record.annotation or "") for judged in read("mbpp", "mbpp/mbpp.jsonl")]
    assert all(annotation["entry_point"] for annotation in annotations)
