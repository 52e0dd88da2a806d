"""The recipe on published files: copies are found, and clean problems are left alone."""

import json

from public_data import require_public

from caco_tasks.check_settings import BenchmarkSettings, DecontaminationSettings
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex


def test_gsm8k_training_problems_are_clean_of_its_test_set() -> None:
    test = BenchmarkSettings(
        name="gsm8k",
        path=str(require_public("gsm8k/test.jsonl")),
        problem_column="question",
        answer_column="answer",
    )
    index = BenchmarkIndex.build(DecontaminationSettings(benchmarks=(test,)))
    lines = require_public("gsm8k/train.jsonl").read_text(encoding="utf-8").splitlines()[:2000]
    flagged = [row for row in map(json.loads, lines) if index.overlaps(row["question"], row["answer"])]
    assert len(flagged) <= 4
    assert index.counts == {"gsm8k": 1319}


def test_aime_problems_inside_the_math_test_set_are_found() -> None:
    test = BenchmarkSettings(name="math", path=str(require_public("math/test.jsonl")), answer_column="solution")
    index = BenchmarkIndex.build(DecontaminationSettings(benchmarks=(test,)))
    rows = json.loads(require_public("deepscaler/train_aime_1983_2023.json").read_text(encoding="utf-8"))
    found = [overlaps for row in rows if (overlaps := index.overlaps(row["problem"], str(row["answer"])))]
    exact = sum(1 for overlaps in found if overlaps[0].rule == "exact")
    assert exact >= 42
    assert 70 <= len(found) <= 110
