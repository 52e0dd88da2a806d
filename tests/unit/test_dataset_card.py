"""The dataset card: its YAML head, and what it tells of a run."""

from typing import Any

import making
import published
import pytest
import yaml

from caco_tasks.config import RunConfig
from caco_tasks.ledger import OverlapRow
from caco_tasks.pipeline import STAGES
from caco_tasks.publishing.dataset_card import dataset_card


def card(config: RunConfig, *licences: str, rows: int = 3, **changes: Any) -> str:
    """The card of a small run."""
    facts = published.facts(*licences, **changes)
    return dataset_card(facts, run=making.nightly_run(config), config=config, published=rows)


def head_of(text: str) -> dict[str, Any]:
    """The YAML between the first two lines of dashes."""
    before, head, _ = text.split("---\n", 2)
    assert before == ""
    found: dict[str, Any] = yaml.safe_load(head)
    return found


LICENCES = {
    "all free": (("CC0-1.0",), "cc0-1.0"),
    "mixed": (("CC0-1.0", "MIT"), "other"),
    "not known": (("NOASSERTION",), "other"),
}


@pytest.mark.parametrize(("licences", "expected"), LICENCES.values(), ids=LICENCES)
def test_the_head_of_a_card_is_yaml_that_names_licence_and_files(licences: tuple[str, ...], expected: str) -> None:
    head = head_of(card(making.small_config(), *licences))
    assert (head["license"], head["pretty_name"]) == (expected, "shop-words")
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "train-*.parquet"}]


SIZES = [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (2_000_000, "n>1M")]


@pytest.mark.parametrize(("rows", "size"), SIZES)
def test_the_head_of_a_card_tells_its_size(rows: int, size: str) -> None:
    assert head_of(card(making.small_config(), rows=rows))["size_categories"] == [size]


def test_a_card_says_that_nothing_was_protected() -> None:
    assert "No benchmark was protected: the config names none" in card(making.small_config())


@pytest.mark.parametrize(("judge", "is_told"), [("Qwen/Qwen3-32B", True), ("some-org/Other-70B", False)])
def test_a_card_tells_when_judge_and_solver_are_of_one_family(judge: str, is_told: bool) -> None:
    roles = {role: {"model": "Qwen/Qwen3-8B", "prompt": "solve.v1"} for role in ("codegen", "reverser", "solver")}
    config = making.small_config(models=roles | {"judge": {"model": judge, "prompt": "judge.v2"}})
    assert ("Solver and judge are of one family of models (`qwen`)" in card(config)) is is_told


def test_a_card_names_the_protected_benchmarks() -> None:
    benchmarks = [{"name": "exam-a", "path": "a.jsonl"}, {"name": "exam-b", "path": "b.jsonl"}]
    text = card(making.small_config(decontamination={"benchmarks": benchmarks}))
    assert "Rows that overlap these benchmarks were removed: exam-a, exam-b." in text
    assert "No benchmark was protected" not in text


def test_a_card_counts_what_overlaps_which_benchmark() -> None:
    config = making.small_config(decontamination={"benchmarks": [{"name": "exam", "path": "a.jsonl"}]})
    text = card(config, overlaps=[OverlapRow(stage="reverse", benchmark="exam", rule="masked", records=3, items=2)])
    assert "| reverse | exam | `masked` | 3 | 2 |" in text


def test_a_card_tells_the_funnel_the_reasons_and_the_seeds() -> None:
    text = card(making.small_config(), "MIT")
    assert "| sample | 4 | 3 | 1 | 0 | 75.0% |" in text
    assert "Published: 3 of 4 sampled programs (75.0%)." in text
    assert "| sample | fail | `cut_off` | 1 | 25.0% |" in text
    assert "| source 0 | `r1` | MIT | 5 | 4 |" in text
    assert "Every row: MIT." in text


UNKNOWN_LICENCES = {
    "not trained here": (
        False,
        (),
        "the model that wrote the programs was not trained here, and its seeds are not known",
    ),
    "no seed program": (True, (), "no seed program is on record behind the model that wrote the programs"),
    "a silent source": (True, ("MIT", "NOASSERTION"), "the source source 1 does not say its licence"),
}


@pytest.mark.parametrize(("knows", "licences", "why"), UNKNOWN_LICENCES.values(), ids=UNKNOWN_LICENCES)
def test_a_card_says_why_it_knows_no_licence(knows: bool, licences: tuple[str, ...], why: str) -> None:
    text = card(making.small_config(), *licences, knows_seeds=knows)
    assert f"The licence is not known: {why}." in text
    assert head_of(text)["license_name"] == "not known"


def test_a_card_names_every_stage_that_asked_a_model_and_what_it_cost() -> None:
    config = making.small_config()
    run = making.nightly_run(config)
    asked = {"models": ("m@1",), "prompts": ("p.v1",), "completion_tokens": 1200, "cost_usd": 1.5}
    made = published.last_output(run).model_copy(update=asked)
    bare = published.last_output(run)
    manifests = {"screen": [bare], "solve": [bare], "agree": [made, made], "judge": [made]}
    text = card(config, manifests=manifests)
    solver = config.models["solver"]
    assert f"| judge | judge | `m@1` | `p.v1` | {solver.temperature} | {solver.top_p} | 1,200 | 1.50 |" in text
    assert (
        "| agree | – | `m@1` | `p.v1` | – | – | 2,400 | 3.00 |" in text
    )  # it has no role, but an output names a model
    assert "| solve | solver | – | – |" in text
    assert "| screen |" not in text
    assert STAGES["agree"].role is None


def test_a_card_owns_up_to_small_models_and_to_one_writer_for_both() -> None:
    text = card(making.small_config())
    assert "The nano models are small" in text
    assert "written by one model" in text


def test_a_card_counts_what_was_recorded_and_not_rejected_for() -> None:
    config = making.small_config()
    made = published.last_output(making.nightly_run(config)).model_copy(update={"recorded": {"wrong_unit": 2}})
    assert (
        "and not rejected for:\n\n| stage | reason | rows |\n| --- | --- | --- |\n| agree | `wrong_unit` | 4 |"
        in card(config, manifests={"agree": [made, made]})
    )
    assert "not rejected for" not in card(config)


def test_a_card_says_which_overlaps_were_not_removed() -> None:
    rules = {
        "benchmarks": [{"name": "exam", "path": "a.jsonl"}],
        "ngram": "record",
        "numbers": "off",
        "masked": "record",
    }
    text = card(making.small_config(decontamination=rules))
    assert "Recorded, and not removed: overlaps by the rules `ngram`, `masked`." in text
    assert "Not looked for: overlaps by the rules `numbers`." in text
