"""What base and student are asked: the items, the form, the shards; and which settings name an evaluation."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import making
import pytest
from public_data import require_public

from caco_tasks.bank.held_out import FIRST_HELD_OUT_NUMBER, held_out_problems
from caco_tasks.config import EvaluateSettings, RunConfig, bundled_configs, load_config, parse_config
from caco_tasks.errors import ConfigError, SourceError
from caco_tasks.grading import Grader, extract_answer
from caco_tasks.identity import pipeline_run_id
from caco_tasks.llm.prompts import Prompt
from caco_tasks.nano.data import FIRST_TRAINING_NUMBER
from caco_tasks.records import PublishedRow
from caco_tasks.stages.shared.evaluation import eval_shard, evaluation_of, scored_items
from caco_tasks.stages.student import Lesson, example_of

PAPER = {benchmark.name: benchmark for benchmark in evaluation_of(load_config("paper")).benchmarks}
ROWS = {
    "gsm8k": 1319,
    "math": 5000,
    "college_math": 2818,
    "deepmind_math": 1000,
    "olympiadbench": 675,
    "theoremqa": 800,
}


def settings(**changes: Any) -> EvaluateSettings:
    """An evaluation on one problem of each family."""
    values = {"train": {"base": "b"}, "ask": {"model": "b", "prompt": "solve.v1"}, "bank_each": 1} | changes
    return EvaluateSettings.model_validate(values)


def benchmark(path: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The settings of a benchmark with these rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {"name": "own", "path": str(path), "answer_column": "answer", "id_column": "id"}


def test_held_out_problems_have_numbers_between_those_of_seeds_and_of_training() -> None:
    numbers = {int(problem.key.rpartition("/")[2]) for problem in held_out_problems(3)}
    assert numbers == {FIRST_HELD_OUT_NUMBER, FIRST_HELD_OUT_NUMBER + 1, FIRST_HELD_OUT_NUMBER + 2}
    assert max(numbers) < FIRST_TRAINING_NUMBER


def test_of_a_long_benchmark_the_same_items_are_drawn_each_time() -> None:
    all_of_them, few = scored_items(settings(bank_each=2)), scored_items(settings(bank_each=2, max_items=20))
    assert len(few) == 20
    assert few == [item for item in all_of_them if item in few] == scored_items(settings(bank_each=2, max_items=20))
    assert few != all_of_them[:20]
    assert set(few) < set(scored_items(settings(bank_each=2, max_items=30)))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([{"id": 1, "problem": "?", "answer": " "}], "Item 1", id="no answer"),
        pytest.param([{"id": 1, "problem": "?", "answer": None}], "has no answer", id="a null"),
        pytest.param([{"id": 1, "problem": "?", "answer": "1"}] * 2, "Two items of 'own' have the id 1", id="one id twice"),
        pytest.param([{"id": 1, "problem": "?"}], "'answer'", id="no such column"),
    ],
)  # fmt: skip
def test_a_benchmark_that_cannot_be_scored_is_refused(tmp_path: Path, rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        scored_items(settings(benchmarks=[benchmark(tmp_path / "own.jsonl", rows)]))


@pytest.mark.parametrize("name", bundled_configs())
def test_a_bundled_config_keeps_out_what_it_scores_on(name: str) -> None:
    config = load_config(name)
    protected = {benchmark.name: benchmark.path for benchmark in config.decontamination.protected}
    scored = config.evaluate.benchmarks if config.evaluate else ()
    assert {one.name: one.path for one in scored}.items() <= protected.items()
    if protected:
        assert {config.decontamination.rules[rule] for rule in ("exact", "ngram", "masked", "numbers")} == {"reject"}


def test_a_benchmark_that_is_scored_and_not_protected_is_refused() -> None:
    scored = ["evaluate.benchmarks=[{name = 'exam', path = 'e.jsonl', answer_column = 'a'}]"]
    with pytest.raises(ConfigError, match=r"scores on exam, which \[decontamination\] does not protect"):
        load_config("smoke", scored)
    protected = ["decontamination.benchmarks=[{name = 'exam', path = 'e.jsonl', answer_column = 'a'}]"]
    assert load_config("smoke", [*scored, *protected]).decontamination.protected[0].name == "exam"


def test_the_paper_s_config_scores_on_the_paper_s_benchmarks() -> None:
    assert set(PAPER) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_reply_that_boxes_the_gold_answer_of_a_public_benchmark_is_right(name: str) -> None:
    path = require_public(PAPER[name].path.removeprefix("benchmarks/"))
    own = PAPER[name].model_copy(update={"path": str(path)})
    items = scored_items(settings(benchmarks=[own], bank_each=0))
    assert len(items) == ROWS[name]
    golds = [str(item.answer) for item in items[::10]]
    finals = [extract_answer(gold) if name in ("gsm8k", "math") else gold for gold in golds]  # solutions, or answers
    replies = [extract_answer(f"It follows.\nThe answer is \\boxed{{{final}}}.") or "" for final in finals]
    with Grader(making.small_config().grading) as grader:
        same = [comparison.verdict.kept for comparison in grader.compare(zip(golds, replies, strict=True))]
    assert sum(same) >= len(same) - 1  # one of CollegeMath's answers is ".710."


@pytest.mark.parametrize(
    ("shard", "contender", "numbers", "temperature"),
    [(0, "base", [0], 0.0), (1, "student", [0], 0.0), (2, "base", [1, 2], 0.7), (3, "student", [1, 2], 0.7)],
)
def test_a_shard_asks_one_model_for_one_kind_of_answers(
    shard: int, contender: str, numbers: list[int], temperature: float
) -> None:
    asked = {"model": "b", "prompt": "solve.v1", "temperature": 0.7}
    bout = eval_shard(shard, settings(ask=asked, draws=2, k=2))
    assert (bout.contender, list(bout.numbers), bout.settings.temperature) == (contender, numbers, temperature)


def test_a_student_learns_the_question_as_it_will_be_asked() -> None:
    place = PublishedRow(sample_id="s", file="f", row=0)
    lesson = Lesson(place=place, problem="1 + 1?", solution="It is 2.")
    chat = Prompt(name="p", system="Think.", text="Q: $problem", is_chat=True)
    assert example_of(lesson, chat) == [
        {"role": "system", "content": "Think."},
        {"role": "user", "content": "Q: 1 + 1?"},
        {"role": "assistant", "content": "It is 2."},
    ]
    assert example_of(lesson, replace(chat, is_chat=False)) == ("Q: 1 + 1?", "It is 2.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"bank_each": 0}, "nothing to score on", id="no benchmark"),
        pytest.param({"ask": {"model": "other", "prompt": "p"}}, "ask.model and train.base differ", id="two bases"),
        pytest.param({"draws": 4, "k": 2}, "ask.temperature above 0", id="draws at temperature 0"),
        pytest.param({"draws": 1, "k": 2, "ask": {"model": "b", "prompt": "p", "temperature": 1}}, "at least k", id="too few"),
        pytest.param({"benchmarks": [{"name": "a", "path": "a"}]}, "without answer_column", id="no gold answers"),
        pytest.param(
            {"benchmarks": [{"name": "bank", "path": "a", "answer_column": "a"}]}, "the same name", id="a second bank"
        ),
        pytest.param(
            {"ask": {"model": "b", "prompt": "p", "engine": "openai", "endpoint": {"base_url": "http://h/v1"}}},
            "does not have the student's weights",
            id="an endpoint",
        ),
        pytest.param({"ask": {"model": "b", "prompt": "p", "adapter": "a"}}, "ask.adapter is set", id="an adapter"),
        pytest.param({"dataset": "name only"}, "dataset", id="a dataset without a version"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, Any], said: str) -> None:
    values = making.small_config().model_dump(mode="json")
    evaluation = {"train": {"base": "b"}, "ask": {"model": "b", "prompt": "p"}, "bank_each": 1} | changes
    with pytest.raises(ConfigError, match=said):
        parse_config(values | {"evaluate": evaluation}, origin="here")


def test_a_config_without_the_table_trains_no_student() -> None:
    with pytest.raises(ConfigError, match=r"has no section \[evaluate\]"):
        evaluation_of(making.small_config())


@pytest.mark.parametrize(
    ("override", "is_same"),
    [
        ("evaluate.ask.batch_rows=7", True),
        ("evaluate.train.hardware.checkpoint_steps=7", True),
        ("evaluate.dataset=other/1", True),  # what counts is the dataset that was found
        ("samples=7", True),
        ("evaluate.train.epochs=7", False),
        ("evaluate.ask.max_tokens=7", False),
        ("evaluate.bank_each=7", False),
        ("grading.timeout_seconds=7", False),
    ],
)
def test_an_evaluation_is_named_by_what_its_scores_follow_from(override: str, is_same: bool) -> None:
    plain, changed = load_config("smoke"), load_config("smoke", [override])
    assert (named(changed, dataset="d/1") == named(plain, dataset="d/1")) is is_same
    assert named(plain, dataset="d/1", dataset_sha256="0") != named(plain, dataset="d/1", dataset_sha256="1")


def named(config: RunConfig, **pins: str) -> str:
    """The id of an evaluation."""
    return pipeline_run_id("evaluate", making.DAY, config, **pins)


def test_another_base_is_another_evaluation() -> None:
    values = making.small_config().model_dump(mode="json")

    def starting_from(base: str) -> RunConfig:
        evaluation = {"train": {"base": base}, "ask": {"model": base, "prompt": "solve.v1"}, "bank_each": 1}
        return parse_config(values | {"evaluate": evaluation}, origin="here")

    assert named(starting_from("one")) != named(starting_from("other"))
