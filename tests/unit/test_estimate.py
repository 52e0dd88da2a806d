"""What a run asks of GPUs is told from its config; what was measured goes before what was published, and neither is made up."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from caco_tasks.cli import main
from caco_tasks.config import bundled_configs, load_config
from caco_tasks.estimate import Estimate, StageEstimate, weights_of
from caco_tasks.gpu_figures import (
    ENGINE_SPEEDS,
    PEAK_FLOPS,
    TRAINING_SPEEDS,
    model_flops_share,
    peak_flops,
    published_speed,
)
from caco_tasks.ledger import StageSpeed, TrainingRow
from caco_tasks.pipeline import PIPELINES

PAPER = load_config("paper")
SOLVED = StageSpeed(
    stage="solve",
    config=PAPER.model_dump(mode="json"),
    read=1000,
    passed=900,
    requests=1000,
    prompt_tokens=200_000,
    completion_tokens=300_000,
    seconds=100.0,
)
TRAINED = TrainingRow(
    role="codegen",
    config=PAPER.train.model_dump(mode="json"),
    metrics={"tokens": 3_000_000, "seconds": 150.0, "programs": 10_000, "resumed_at": 0},
)


def stage(name: str, *changes: str, speeds: tuple[StageSpeed, ...] = (), config: str = "paper") -> StageEstimate:
    """The estimate of one stage."""
    found = {one.stage: one for one in Estimate(load_config(config, changes), speeds).stages()}
    return found[name]


@pytest.mark.parametrize("name", bundled_configs())
def test_every_bundled_config_has_an_estimate_of_each_stage_with_a_model(name: str) -> None:
    config = load_config(name)
    found = [one.stage for one in Estimate(config).stages()]
    roles = {spec.name for specs in PIPELINES.values() for spec in specs if spec.role in config.models}
    wanted = (roles | {"train"}) | ({"student", "evaluate"} if config.evaluate else set())
    assert sorted(found) == sorted(wanted)


def test_gpu_hours_are_tokens_over_speed_times_gpus() -> None:
    one = stage("judge")
    worked = one.prompt_tokens - one.cached_tokens + one.completion_tokens
    assert one.gpus == 2
    assert one.gpu_hours == pytest.approx(worked / one.tokens_per_second / 3600 * 2, rel=1e-3)


def test_requests_follow_the_dial_and_the_shares_that_pass() -> None:
    assert stage("sample").requests == 5_300_000
    assert stage("reverse").requests == 4_600_000
    assert stage("sample", "samples=1000").requests == 1000
    assert stage("judge", "judge.times=3", "judge.both_orders=true").requests == 6 * 4_600_000
    assert stage("unify").requests == 3 * (7_500 + 40_000 + 251_000 + 40_000)


def test_programs_that_are_made_of_others_are_not_asked_for() -> None:
    assert stage("sample", config="nano").requests == 1000
    assert stage("sample", config="nano-mix").requests == 400
    assert stage("reverse", config="nano-mix").requests == stage("reverse", config="nano").requests


def test_what_was_measured_of_the_same_model_goes_before_what_was_published() -> None:
    one = stage("solve", speeds=(SOLVED,))
    assert (one.tokens_from, one.speed_from) == ("measured here", "measured here")
    assert one.tokens_per_second == 5000.0
    assert one.completion_tokens == 4_600_000 * 300
    assert stage("judge", speeds=(SOLVED,)).requests == round(4_600_000 * 0.9)


OTHERS = {
    "model": {"models": PAPER.model_dump(mode="json")["models"] | {"solver": {"engine": "vllm", "model": "other"}}},
    "engine": {"models": {"solver": {"engine": "openai", "model": "Qwen/Qwen3-8B", "device": "cpu"}}},
    "device": {"models": {"solver": {"engine": "vllm", "model": "Qwen/Qwen3-8B", "device": "cuda"}}},
    "GPUs": {
        "models": {
            "solver": {"engine": "vllm", "model": "Qwen/Qwen3-8B", "device": "cpu", "vllm": {"tensor_parallel": 2}}
        }
    },
    "no such role": {"models": {}},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_was_measured_of_another_does_not_count(other: dict[str, object]) -> None:
    measured = replace(SOLVED, config={**SOLVED.config, **other})
    assert stage("solve", speeds=(measured,)) == stage("solve")


def test_an_older_run_of_another_base_says_nothing_of_its_codegen() -> None:
    of_another = {**SOLVED.config, "train": {"base": "somebody/else-7B"}}
    sampled = replace(SOLVED, stage="sample", config=of_another)
    assert stage("sample", speeds=(sampled,)) == stage("sample")
    assert stage("sample", speeds=(replace(sampled, config=SOLVED.config),)).speed_from == "measured here"


def test_a_training_that_ran_goes_before_what_was_published() -> None:
    (one,) = Estimate(PAPER, trainings=[TRAINED]).stages(("codegen",))
    assert one.tokens_per_second == 20_000.0
    assert one.completion_tokens == one.requests * 300
    assert one.gpus == 8
    resumed = replace(
        TRAINED, metrics=TRAINED.metrics | {"resumed_at": 40}
    )  # its seconds are of the last attempt alone
    (published,) = Estimate(PAPER, trainings=[resumed]).stages(("codegen",))
    assert published.tokens_per_second == 8 * 3700


def test_what_nobody_has_published_is_unknown_and_not_a_number() -> None:
    one = stage("sample", config="single-gpu")
    assert (one.tokens_per_second, one.gpu_hours, one.speed_from) == (None, None, "unknown")
    assert one.requests == 60_000
    assert stage("train", config="single-gpu").gpu_hours is None  # LoRA is another training than the published one


def test_an_endpoint_takes_no_gpu_here() -> None:
    changes = ("models.judge.engine=openai", "models.judge.endpoint.base_url=http://h/v1")
    one = stage("judge", *changes)
    assert (one.gpus, one.gpu_hours) == (0, None)


def test_a_source_of_unknown_size_makes_the_number_of_requests_unknown() -> None:
    config = PAPER.model_dump(mode="json")
    config["seeds"]["sources"] = [{"name": "mine", "reader": "jsonl", "path": "seeds/mine.jsonl"}]
    (one,) = Estimate(type(PAPER).model_validate(config)).stages(("seeds",))
    assert (one.requests, one.completion_tokens, one.gpu_hours) == (None, None, None)
    config["seeds"]["sources"][0]["limit"] = 500
    (one,) = Estimate(type(PAPER).model_validate(config)).stages(("seeds",))
    assert one.requests == 1500


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("Qwen/Qwen2.5-Coder-7B", 7),
        ("Qwen/Qwen3-0.6B", 0.6),
        ("meta-llama/Llama-3.1-8B-Instruct", 8),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 0.135),
        ("/models/Qwen3-32B", 32),
        ("nano:codegen", None),
        ("somebody/model-v2Beta", None),
        ("trained", None),
    ],
)
def test_the_size_of_a_model_is_read_in_its_name(name: str, weights: float | None) -> None:
    assert weights_of(name) == weights


def test_a_published_speed_is_scaled_to_a_model_of_nearly_its_size_and_to_no_other() -> None:
    assert published_speed(ENGINE_SPEEDS, 8).tokens_per_second == pytest.approx(7516 * 7 / 8)
    assert published_speed(ENGINE_SPEEDS, 72).source == ENGINE_SPEEDS[-1].source
    assert published_speed(ENGINE_SPEEDS, 1.5) is published_speed(ENGINE_SPEEDS, 400) is None
    assert published_speed(TRAINING_SPEEDS, None) is None


@pytest.mark.parametrize(
    ("device", "peak"),
    [
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA A10G", 70e12),
        ("NVIDIA A10", 125e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA L4", 121e12),
        ("NVIDIA GeForce RTX 4090", 165e12),
        ("Tesla V100-SXM2-16GB", None),
        ("", None),
    ],
)
def test_a_device_has_the_peak_of_its_own_kind(device: str, peak: float | None) -> None:
    assert peak_flops(device) == peak


def test_no_kind_of_device_hides_another() -> None:
    assert [part for part in PEAK_FLOPS if peak_flops(f"NVIDIA {part}") != PEAK_FLOPS[part]] == []


def test_the_share_of_the_peak_is_six_operations_for_each_weight_and_token() -> None:
    assert model_flops_share(7e9, 3700, "NVIDIA A100-SXM4-80GB") == pytest.approx(0.498, abs=0.001)
    with_adapter = model_flops_share(7e9, 3700, "NVIDIA A100-SXM4-80GB", is_lora=True)
    assert with_adapter == pytest.approx(0.498 * 4 / 6, abs=0.001)
    assert model_flops_share(7e9, 3700, "a device of another maker") is None


@pytest.fixture
def _nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("CACO_HOME", "CACO_STORE", "CACO_LEDGER_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.usefixtures("_nothing_here")
def test_the_command_needs_no_ledger_no_seeds_and_no_models() -> None:
    done = CliRunner().invoke(main, ["plan", "--config", "paper", "--estimate", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [one["stage"] for one in found["stages"]] == [one.stage for one in Estimate(PAPER).stages()]
    assert found["gpu_hours"] == pytest.approx(sum(one["gpu_hours"] for one in found["stages"]))
    assert found["hours_at_least"] == pytest.approx(found["gpu_hours"] / found["most_gpus"], abs=0.01)
    assert (found["unknown"], found["most_gpus"]) == ([], 8)


@pytest.mark.usefixtures("_nothing_here")
def test_the_table_tells_where_each_figure_is_from_and_what_is_in_no_sum() -> None:
    done = CliRunner().invoke(main, ["plan", "nightly", "--config", "single-gpu", "--estimate"])
    assert done.exit_code == 0, done.output
    assert "[1] vLLM 0.4.3, Llama 7B" in done.stdout
    assert "Not in the sum, as no figure is known: sample, reverse, solve." in done.stdout
    assert "Tokens are assumed, not measured, in sample, reverse, solve, judge." in done.stdout
    assert "train" not in done.stdout


@pytest.mark.usefixtures("_nothing_here")
def test_a_ledger_that_does_not_answer_is_told_and_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACO_STORE", "file:///nowhere")
    monkeypatch.setenv("CACO_LEDGER_URL", "postgresql+psycopg2://a:b@127.0.0.1:1/caco")
    done = CliRunner().invoke(main, ["plan", "--config", "paper", "--estimate"])
    assert done.exit_code == 0, done.output
    assert "Nothing measured here was looked at: Postgres at 127.0.0.1:1/caco cannot be used" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--register"], "leave out --register"),
        (["nightli"], "There is no pipeline 'nightli'"),
        (["--set", "samples=0"], "The setting 'samples'"),
    ],
)
@pytest.mark.usefixtures("_nothing_here")
def test_what_cannot_be_estimated_is_one_sentence(words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(main, ["plan", "--config", "paper", "--estimate", *words])
    assert done.exit_code == 1
    assert sentence in done.output
