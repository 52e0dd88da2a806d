"""Where a model that a config names is looked for, and what a missing or foreign one is told."""

import json
from pathlib import Path

import pytest

from caco_tasks.errors import EngineError
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.weights import model_identity, pinned_identity
from caco_tasks.model_settings import ModelSettings

HUB_ID = "somebody/tiny-model"


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def make_model(folder: Path, weights: bytes = b"weights") -> Path:
    """A folder that looks like a model's."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def make_adapter(folder: Path, base: str = HUB_ID, weights: bytes = b"adapter") -> Path:
    """A folder that looks like an adapter's."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base, "r": 4}))
    (folder / "adapter_model.safetensors").write_bytes(weights)
    return folder


def test_a_local_copy_goes_before_the_hub(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "copies" / HUB_ID)
    assert LocalModels(tmp_path / "copies").find(HUB_ID) == str(folder)


def test_what_the_cache_of_the_hub_holds_is_found(tmp_path: Path) -> None:
    cached = tmp_path / "cache" / "models--somebody--tiny-model"
    folder = make_model(cached / "snapshots" / "0123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123")
    assert LocalModels().find(HUB_ID) == str(folder)


def test_a_download_that_was_broken_off_is_no_model(tmp_path: Path) -> None:
    cached = tmp_path / "cache" / "models--somebody--tiny-model"
    folder = make_model(cached / "snapshots" / "0123")
    (folder / "model.safetensors").unlink()
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123")
    assert LocalModels().find(HUB_ID) == HUB_ID


def test_weights_in_several_files_are_a_model_once_all_of_them_are_there(tmp_path: Path) -> None:
    cached = tmp_path / "cache" / "models--somebody--tiny-model"
    folder = make_model(cached / "snapshots" / "0123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    assert LocalModels().find(HUB_ID) == HUB_ID
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"more")
    assert LocalModels().find(HUB_ID) == str(folder)


def test_a_hub_id_without_a_copy_stays_a_hub_id(tmp_path: Path) -> None:
    assert LocalModels(tmp_path).find(HUB_ID) == HUB_ID
    assert LocalModels(tmp_path).find("./folder/x") == "./folder/x"


def test_a_name_may_not_lead_out_of_the_folder_of_copies(tmp_path: Path) -> None:
    make_model(tmp_path / "secret")
    assert LocalModels(tmp_path / "copies").find("../secret") == "../secret"


def test_an_adapter_is_part_of_the_identity(tmp_path: Path) -> None:
    models = LocalModels(tmp_path / "copies")
    make_model(tmp_path / "copies" / HUB_ID)
    adapters = [str(make_adapter(tmp_path / name, weights=name.encode())) for name in ("a", "b")]
    named = [ModelSettings(model=HUB_ID, prompt="p", adapter=adapter) for adapter in (None, *adapters)]
    found = [model_identity(settings, models) for settings in named]
    assert len(set(found)) == 3
    assert all(identity.startswith(found[0]) for identity in found)


def test_another_adapter_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    models = LocalModels(tmp_path / "copies")
    make_model(tmp_path / "copies" / HUB_ID)
    folder = make_adapter(tmp_path / "adapter")
    settings = ModelSettings(model=HUB_ID, prompt="p", adapter=str(folder))
    pinned = model_identity(settings, models)
    assert pinned_identity(settings, pinned, models) == pinned
    (folder / "adapter_model.safetensors").write_bytes(b"other")
    with pytest.raises(EngineError, match="the run pinned"):
        pinned_identity(settings, pinned, models)


@pytest.mark.parametrize("revision", [None, "0a1b"])
def test_another_adapter_is_refused_upon_a_base_that_is_still_to_be_downloaded(
    tmp_path: Path, revision: str | None
) -> None:
    models, folder = LocalModels(tmp_path / "copies"), make_adapter(tmp_path / "adapter")
    settings = ModelSettings(model=HUB_ID, prompt="p", revision=revision, adapter=str(folder))
    pinned = model_identity(settings, models)
    make_model(tmp_path / "copies" / HUB_ID)
    assert pinned_identity(settings, pinned, models) == pinned
    (folder / "adapter_model.safetensors").write_bytes(b"other")
    with pytest.raises(EngineError, match="the run pinned"):
        pinned_identity(settings, pinned, models)


def test_a_model_that_the_first_task_of_a_run_downloaded_is_the_one_that_the_run_pinned(tmp_path: Path) -> None:
    models, settings = LocalModels(tmp_path / "copies"), ModelSettings(model=HUB_ID, prompt="p")
    pinned = model_identity(settings, models)
    make_model(tmp_path / "copies" / HUB_ID)
    assert model_identity(settings, models) != pinned
    assert pinned_identity(settings, pinned, models) == pinned


def test_a_model_of_a_named_revision_stays_the_one_that_was_pinned_when_it_arrives(tmp_path: Path) -> None:
    models, settings = LocalModels(tmp_path / "copies"), ModelSettings(model=HUB_ID, prompt="p", revision="0a1b")
    pinned = model_identity(settings, models)
    make_model(tmp_path / "copies" / HUB_ID)
    assert pinned_identity(settings, pinned, models) == pinned == f"{HUB_ID}@0a1b"


def test_an_adapter_of_another_base_is_refused(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "adapter", base="somebody/other-model")
    with pytest.raises(EngineError, match="was trained upon 'somebody/other-model'"):
        LocalModels().find_adapter(str(folder), base=HUB_ID)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_an_adapter_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    folder = make_adapter(tmp_path / "adapter")
    (folder / "adapter_config.json").write_text(text)
    with pytest.raises(EngineError, match="cannot be read: restore the adapter"):
        LocalModels().find_adapter(str(folder), base=HUB_ID)


@pytest.mark.parametrize("name", ["somebody/nothing", "nothing", "/nowhere/at/all", "smol:nothing", "smol:"])
def test_an_adapter_that_is_nowhere_is_one_sentence(name: str) -> None:
    with pytest.raises(EngineError) as caught:
        LocalModels().find_adapter(name, base=HUB_ID)
    assert "\n" not in str(caught.value)


def test_the_strength_of_an_adapter_is_part_of_its_identity(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "adapter")
    settings = ModelSettings(model=HUB_ID, prompt="p", adapter=str(folder))
    weak = model_identity(settings, LocalModels())
    told = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(told | {"lora_alpha": 64}))
    assert model_identity(settings, LocalModels()) != weak
