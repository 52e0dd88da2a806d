"""The figures of a trial on GPUs, held to what they are said to be: over a run that was really made, on Transformers and CPUs."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from safetensors import safe_open
from whole_line import SAMPLES, Place

from caco_tasks.config import bundled_configs, load_config
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.store import Manifest

ROOT = Path(__file__).parents[2]


def load_trial() -> ModuleType:
    """`benchmarks/gpu_trial.py`, which is a script and no part of a package."""
    spec = importlib.util.spec_from_file_location("gpu_trial", ROOT / "benchmarks" / "gpu_trial.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TRIAL = load_trial()


def manifests(line: Place, stage: str) -> list[Manifest]:
    """The manifests of a stage of the nightly run."""
    shards = 1 if stage == "publish" else 2
    return [line.manifest(line.runs["nightly"], stage, shard) for shard in range(shards)]


def test_a_report_tells_each_stage_and_the_bare_engine_beside_it(line: Place) -> None:
    figures = TRIAL.report(line.runs["nightly"][:12], device=None, raw_requests=8)
    assert list(figures["stages"]) == ["sample", "reverse", "solve", "judge"]
    for stage, found in figures["stages"].items():
        made = manifests(line, stage)
        seconds = sum(manifest.seconds for manifest in made)
        assert found["requests"] == sum(manifest.requests for manifest in made)
        written = sum(manifest.completion_tokens for manifest in made)
        assert found["written_per_second"] == pytest.approx(written / seconds, abs=0.06)
        assert found["tokens_per_second"] > found["written_per_second"] > 0
    sampling = figures["sampling"]
    assert sampling["rows"] == SAMPLES
    assert sampling["platform_per_second"] >= sampling["whole_per_second"] > 0
    ratio = sampling["platform_per_second"] / sampling["raw_per_second"]
    assert sampling["platform_to_raw"] == pytest.approx(ratio, abs=0.01)
    assert figures["published"] == manifests(line, "publish")[0].passed


def test_what_needs_a_gpu_is_not_told_where_there_is_none(line: Place) -> None:
    figures = TRIAL.report(line.runs["nightly"], device=None, raw_requests=4)
    assert figures["gpu_seconds_per_accepted_row"] is None
    assert {found["gpu_seconds"] for found in figures["stages"].values()} == {None}
    assert figures["training"]["mfu"] is None
    assert figures["training"]["tokens_per_second"] > 0
    assert figures["device"].startswith("no GPU here")


def test_the_training_of_a_run_is_told_with_the_share_of_a_known_peak(line: Place) -> None:
    found = TRIAL.report(line.runs["nightly"], device="NVIDIA A100-SXM4-80GB", raw_requests=4)["training"]
    weights = sum(weight_sizes(NANO_FOLDER / "codegen" / "model.safetensors"))
    assert found["weights"] == weights
    assert found["mfu"] == pytest.approx(6 * weights * found["tokens_per_second"] / 312e12, abs=1e-4)


def weight_sizes(path: Path) -> list[int]:
    """The sizes of all tensors of a file, as its library reads them."""
    with safe_open(path, "np") as file:
        return [file.get_tensor(name).size for name in file.keys()]  # noqa: SIM118


@pytest.mark.parametrize("name", ["codegen", "writer", "judge"])
def test_weights_are_counted_by_the_header_of_their_file(name: str) -> None:
    path = NANO_FOLDER / name / "model.safetensors"
    assert TRIAL.count_weights(path) == sum(weight_sizes(path))


def test_gpu_seconds_are_seconds_times_gpus_and_shared_out_over_the_rows(line: Place) -> None:
    made, published = manifests(line, "solve"), manifests(line, "publish")
    seconds = sum(manifest.seconds for manifest in made)
    stages = {
        "solve": TRIAL.stage_figures(made, gpus=2),
        "judge": TRIAL.stage_figures(made, gpus=1),
        "endpoint": TRIAL.stage_figures(made, gpus=0),
    }
    assert stages["solve"]["gpu_seconds"] == pytest.approx(2 * seconds, abs=0.06)
    rows = published[0].passed
    each = TRIAL.gpu_seconds_per_row(stages, published)
    assert each == (pytest.approx(3 * seconds / rows, rel=0.05) if rows else None)


def test_without_a_row_there_are_no_gpu_seconds_for_each() -> None:
    assert TRIAL.gpu_seconds_per_row({"solve": {"gpu_seconds": 5.0}}, []) is None


@pytest.mark.parametrize("name", bundled_configs())
def test_every_bundled_config_can_be_put_on_a_gpu(name: str) -> None:
    config = load_config(name, TRIAL.settings_on_the_gpu(name, 20_000))
    assert {(role.engine, role.dtype) for role in config.models.values()} == {("vllm", "bfloat16")}
    assert (config.samples, config.sample_shards) == (20_000, 4)


def invoke(*words: str) -> Any:
    """What the script says."""
    return CliRunner().invoke(TRIAL.main, words)


def test_a_report_is_printed_as_tables_or_json(line: Place) -> None:
    told = invoke("report", line.runs["nightly"], "--requests", "4")
    assert told.exit_code == 0, told.output
    assert "platform_to_raw" in told.output
    found = json.loads(invoke("report", line.runs["nightly"], "--requests", "4", "--json").stdout)
    assert found["run"] == line.runs["nightly"]


@pytest.mark.skipif(TRIAL.device_name() is not None, reason="there is a GPU here")
def test_a_trial_without_a_gpu_is_one_sentence() -> None:
    done = invoke("run")
    assert done.exit_code == 1
    assert "There is no GPU here, or no vLLM" in done.output


def test_a_run_that_is_not_there_or_not_done_is_one_sentence(line: Place) -> None:
    assert "There is no nightly run 'ffff'" in invoke("report", "ffff").output
    line.manifest_path(line.runs["nightly"], "judge", 1).unlink()
    assert "shard 1 of 'judge' is missing" in invoke("report", line.runs["nightly"]).output
