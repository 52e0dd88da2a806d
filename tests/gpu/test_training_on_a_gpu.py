"""The trainer on GPUs: the same loss as on a CPU, and weights shared out over all GPUs."""

from pathlib import Path
from typing import Any

import pytest

from caco_tasks.llm.examples import ExampleWriter
from caco_tasks.llm.finetune import FineTuneResult, finetune
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.model_settings import TrainSettings

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here"),
]

BASE = str(NANO_FOLDER / "codegen")
TEXTS = [f"<|program|>Row {number}: {number} pears{' and a plum' * (number % 4)}.\n" for number in range(48)]


def tuned(out: Path, **changes: Any) -> FineTuneResult:
    """Five steps of eight texts; `hardware` as a table."""
    plain = {"base": BASE, "learning_rate": 3e-4, "batch_sequences": 8, "sequence_tokens": 256}
    settings = TrainSettings.model_validate(plain | changes)
    with ExampleWriter(out / "examples") as writer:
        for number, text in enumerate(TEXTS):
            writer.add(text, is_held_out=number >= 40)
    return finetune(BASE, out, settings, examples=writer.files, seed=7)


WAYS: dict[str, dict[str, Any]] = {
    "whole": {},
    "activations twice": {"hardware": {"gradient_checkpointing": True}},
    "packed": {"packing": True, "batch_sequences": 2},
    "adapters": {"lora_rank": 8, "learning_rate": 3e-3},
}


@pytest.mark.parametrize("changes", WAYS.values(), ids=WAYS)
def test_a_gpu_learns(tmp_path: Path, changes: dict[str, Any]) -> None:
    told = tuned(tmp_path, **changes)
    assert told.loss_after < told.loss_before - 0.1
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are not two GPUs here")
@pytest.mark.parametrize("sharding", ["none", "fsdp"])
def test_two_gpus_learn_what_one_learns(tmp_path: Path, sharding: str) -> None:
    one = tuned(tmp_path / "one")
    two = tuned(tmp_path / "two", hardware={"processes": 2, "sharding": sharding})
    assert [loss for _, loss in two.curve] == pytest.approx([loss for _, loss in one.curve], rel=0.01)
    assert two.loss_after == pytest.approx(one.loss_after, rel=0.01)
