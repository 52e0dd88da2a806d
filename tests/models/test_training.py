"""Real trainings of the bundled CodeGen: kills, processes, packing, LoRA, and a loss that is no number."""

import json
import math
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from test_finetune import BASE, examples_in, settings, tuned

from caco_tasks.errors import EngineError
from caco_tasks.llm import training_progress
from caco_tasks.llm.curve import draw_curve
from caco_tasks.llm.finetune import FineTuneResult, finetune
from caco_tasks.llm.training import empty_model

PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FineTuneResult]:
    """A model fine-tuned without a stop, and what was told of it."""
    out = tmp_path_factory.mktemp("plain")
    return out, tuned(out)


def test_training_lowers_the_loss_and_tells_its_curve(plain: tuple[Path, FineTuneResult]) -> None:
    told = plain[1]
    assert told.loss_after < told.loss_before - 0.1
    assert [step for step, _ in told.curve] == [1, 2, 3, 4, 5]
    assert (told.steps, told.resumed_at) == (5, 0)


def test_a_training_says_how_far_it_is_and_how_long_it_will_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(training_progress, "SECONDS_BETWEEN_LINES", 0.0)
    with caplog.at_level("INFO", logger="caco_tasks.work"):
        tuned(tmp_path / "out")
    lines = [line for line in caplog.messages if line.startswith("training:")]
    assert [line.partition(",")[0] for line in lines] == [f"training: step {step} of 5" for step in range(1, 6)]
    assert all(
        re.search(r", loss \d+\.\d{3}, \S+ seconds a step, less than 2 minutes to go$", line) for line in lines[1:]
    ), lines


def test_the_model_is_kept_in_the_number_format_of_its_base(plain: tuple[Path, FineTuneResult]) -> None:
    out, _ = plain
    assert json.loads((out / "config.json").read_text())["dtype"] == "float16"
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (out, Path(BASE))]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01)


def test_a_finished_training_is_not_repeated(plain: tuple[Path, FineTuneResult]) -> None:
    out, told = plain
    written = (out / "model.safetensors").stat().st_mtime_ns
    assert tuned(out) == told
    assert (out / "model.safetensors").stat().st_mtime_ns == written


def test_another_training_takes_nothing_up_from_the_one_before(
    plain: tuple[Path, FineTuneResult], tmp_path: Path
) -> None:
    out = shutil.copytree(plain[0], tmp_path / "out")
    again = tuned(out, learning_rate=1e-4)
    assert (again.resumed_at, again.loss_before) == (0, plain[1].loss_before)
    assert again.loss_after != plain[1].loss_after


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_training import tuned
tuned(Path({out!r}), hardware={{"checkpoint_steps": 1}})
"""


def test_a_killed_training_goes_on_from_its_last_checkpoint(plain: tuple[Path, FineTuneResult], tmp_path: Path) -> None:
    script = KILLED.format(tests=str(Path(__file__).parent), out=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL) as killed:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not list(tmp_path.glob("work/checkpoint-[2-9]/files.json")):
            assert time.monotonic() < deadline
            assert killed.poll() is None
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
    assert not (tmp_path / "model.safetensors").exists()
    told = tuned(tmp_path, hardware={"checkpoint_steps": 1})
    assert told.resumed_at >= 2
    assert told.curve == plain[1].curve
    assert (told.loss_before, told.loss_after) == (plain[1].loss_before, plain[1].loss_after)


WAYS: dict[str, dict[str, Any]] = {
    "two processes": {"hardware": {"processes": 2}},
    "two at a time": {"hardware": {"device_sequences": 2}},
    "activations twice": {"hardware": {"gradient_checkpointing": True}},
}


@pytest.mark.parametrize("changes", WAYS.values(), ids=WAYS)
def test_the_hardware_changes_how_and_not_what_is_learnt(
    plain: tuple[Path, FineTuneResult], tmp_path: Path, changes: dict[str, Any]
) -> None:
    told = tuned(tmp_path, **changes)
    losses = [loss for _, loss in told.curve]
    assert losses == pytest.approx([loss for _, loss in plain[1].curve], abs=4e-3)  # sums in another order
    assert told.loss_after == pytest.approx(plain[1].loss_after, rel=5e-3)  # a mean over batches of another size
    assert (tmp_path / "model.safetensors").is_file()


def test_packed_rows_are_full_and_programs_do_not_see_each_other(
    plain: tuple[Path, FineTuneResult], tmp_path: Path
) -> None:
    told = tuned(tmp_path, packing=True, batch_sequences=2, learning_rate=1e-9)
    assert told.steps == math.ceil(told.tokens / 256 / 2)
    assert told.loss_before == pytest.approx(plain[1].loss_before, abs=0.01)  # what it were not, if they did


def test_a_packed_training_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"packing": True, "batch_sequences": 1, "epochs": 2, "hardware": {"checkpoint_steps": 2}}
    whole = tuned(tmp_path, **changes)
    last = max((tmp_path / "work").glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    shutil.rmtree(last)
    (tmp_path / "work" / "result.json").unlink()
    again = tuned(tmp_path, **changes)
    assert 0 < again.resumed_at < again.steps == whole.steps
    assert (again.curve, again.loss_after) == (whole.curve, whole.loss_after)


def test_lora_ends_as_one_whole_model(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    told = tuned(tmp_path, lora_rank=8, learning_rate=3e-3)
    assert told.loss_after < told.loss_before
    assert sorted(path.name for path in tmp_path.glob("*.safetensors")) == ["model.safetensors"]
    first = [AutoModelForCausalLM.from_pretrained(where).state_dict() for where in (BASE, tmp_path)]
    assert first[0].keys() == first[1].keys()
    changed = {name.split(".")[-2] for name in first[0] if not first[0][name].equal(first[1][name])}
    assert changed == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_a_loss_that_is_no_number_ends_the_training_at_once(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"loss is not a number at step \d: lower train.learning_rate"):
        tuned(tmp_path, learning_rate=1e6)
    assert not (tmp_path / "model.safetensors").exists()


def test_sharing_the_weights_out_needs_gpus(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^train.hardware.sharding 'fsdp' needs GPUs, and there is none"):
        tuned(tmp_path, hardware={"sharding": "fsdp"})


def test_processes_that_get_their_weights_from_the_first_load_none() -> None:
    from transformers import AutoModelForCausalLM

    empty = empty_model(BASE, revision=None, dtype=torch.bfloat16, attn_implementation="sdpa")
    whole = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.bfloat16)
    assert {weight.device.type for weight in empty.parameters()} == {"meta"}
    forms = [{name: (w.shape, w.dtype) for name, w in model.state_dict().items()} for model in (empty, whole)]
    assert forms[0] == forms[1]
    for (name, made), (other, wanted) in zip(empty.named_buffers(), whole.named_buffers(), strict=True):
        assert name == other
        torch.testing.assert_close(made, wanted)


def test_an_error_in_a_process_is_one_sentence_here_too(tmp_path: Path) -> None:
    base = shutil.copytree(BASE, tmp_path / "base")
    (base / "model.safetensors").write_bytes((base / "model.safetensors").read_bytes()[:1000])
    examples, both = examples_in(tmp_path / "examples"), settings(hardware={"processes": 2})
    with pytest.raises(EngineError, match=r"^The model '.*base' cannot be loaded \("):
        finetune(str(base), tmp_path / "out", both, examples=examples, seed=1)
    with pytest.raises(EngineError, match=r"^The model '.*nothing' cannot be loaded \("):
        finetune(str(tmp_path / "nothing"), tmp_path / "other", both, examples=examples, seed=1)


def test_the_picture_of_the_loss_is_the_same_again(plain: tuple[Path, FineTuneResult]) -> None:
    picture = draw_curve(plain[1])
    assert picture.startswith(b"<?xml")
    assert b"optimiser step" in picture or b"svg" in picture
    assert picture == draw_curve(plain[1])
