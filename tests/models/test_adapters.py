"""LoRA adapters upon a bundled model: trained, loaded, and refused where they do not fit."""

import json
import shutil
from pathlib import Path

import pytest
from random_adapter import write_adapter

from caco_tasks.errors import EngineError
from caco_tasks.llm import open_llm
from caco_tasks.llm.llm import Request
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.llm.transformers_engine import peft_without_its_warning
from caco_tasks.model_settings import ModelSettings

BASE = NANO_FOLDER / "codegen"
SETTINGS = ModelSettings(model=str(BASE), prompt="nano_program.v1", max_tokens=12)
REQUESTS = [
    Request(request_id=f"{number:032x}", prompt="p", text=f"<|program|>input = {number}") for number in range(3)
]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter whose weights change what the model writes."""
    return write_adapter(tmp_path_factory.mktemp("adapter"), BASE)


def replies(adapter: Path | None) -> list[str]:
    """What the model writes with an adapter."""
    llm = open_llm(SETTINGS, folder=str(BASE), model_id="m", adapter=str(adapter) if adapter else None)
    return [reply.text for reply in llm.generate(REQUESTS)]


def test_an_adapter_changes_what_the_model_writes(adapter: Path) -> None:
    assert replies(adapter) == replies(adapter)
    assert replies(adapter) != replies(None)


def test_a_merged_adapter_writes_what_peft_does(adapter: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(BASE)
    with peft_without_its_warning():
        model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), str(adapter)).eval()
    for request, reply in zip(REQUESTS, replies(adapter), strict=True):
        ids = tokenizer(request.text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            written = model.generate(input_ids=ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
        assert tokenizer.decode(written, skip_special_tokens=True).startswith(reply)


def test_an_adapter_of_a_model_of_another_size_is_one_sentence(adapter: Path) -> None:
    settings = SETTINGS.model_copy(update={"model": str(NANO_FOLDER / "writer")})
    with pytest.raises(EngineError, match="does not fit the model") as caught:
        open_llm(settings, folder=str(NANO_FOLDER / "writer"), model_id="m", adapter=str(adapter))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", ["cut", "no_weights", "no_rank"])
def test_a_damaged_adapter_is_one_sentence(adapter: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "adapter"
    shutil.copytree(adapter, folder)
    weights, told = folder / "adapter_model.safetensors", folder / "adapter_config.json"
    match damage:
        case "cut":
            weights.write_bytes(weights.read_bytes()[:1000])
        case "no_weights":
            weights.unlink()
        case "no_rank":
            told.write_text(json.dumps(json.loads(told.read_text()) | {"peft_type": "NONSENSE"}))
    with pytest.raises(EngineError, match="does not fit the model") as caught:
        replies(folder)
    assert "\n" not in str(caught.value)
