"""The models on this machine: bundled ones, a folder of local copies laid out by Hub id, and the Hub's own cache."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from caco_tasks.errors import EngineError

PACKAGE = Path(__file__).parents[1]
NANO_FOLDER = PACKAGE / "nano" / "weights"
ADAPTERS_FOLDER = PACKAGE / "smol" / "adapters"
NANO = "nano:"  # before the name of a bundled model
SMOL = "smol:"  # before the name of a bundled adapter
ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
_SCALE = ("r", "lora_alpha", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern")

_ONE_OF_SEVERAL = re.compile(r"-\d+-of-(\d+)\.safetensors$")


@dataclass(frozen=True, slots=True)
class LocalModels:
    """Where models are looked for before the Hub is asked.

    >>> LocalModels(Path("models")).find("HuggingFaceTB/SmolLM2-135M-Instruct")
    'models/HuggingFaceTB/SmolLM2-135M-Instruct'
    """

    copies: Path | None = None  # folder of local copies, one folder for each Hub id; None: there is none

    def find(self, model: str, revision: str | None = None) -> str:
        """The folder of a model as a config names it; its Hub id where there is no copy on this machine.

        Raises:
            EngineError: it is a bundled model, and its weights are missing.
        """
        if model.startswith(NANO):
            return _bundled(NANO_FOLDER, model.removeprefix(NANO), "model.safetensors")
        return self._copy(model, revision, "config.json") or model

    def find_adapter(self, adapter: str, *, base: str) -> str:
        """The folder of a LoRA adapter as a config names it.

        Raises:
            EngineError: there is no such adapter, its description cannot be read, or it was trained upon another base.
        """
        if adapter.startswith(SMOL):
            folder = _bundled(ADAPTERS_FOLDER, adapter.removeprefix(SMOL), ADAPTER_WEIGHTS)
        else:
            folder = self._copy(adapter, None, ADAPTER_CONFIG) or _download_adapter(adapter)
        made_for = _base_of(Path(folder))
        if made_for is not None and made_for.rstrip("/") != base.rstrip("/"):
            raise EngineError(
                f"The adapter '{adapter}' was trained upon '{made_for}', and the config puts it upon '{base}': name the "
                "one's base as the role's model, or an adapter of the other."
            )
        return folder

    def _copy(self, name: str, revision: str | None, needed: str) -> str | None:
        """A folder of this name, a copy below `copies`, or what the Hub's cache holds of it."""
        for folder in (Path(name), *([self.copies / name] if self.copies and _is_hub_id(name) else [])):
            if (folder / needed).is_file():
                return str(folder)
        if not _is_hub_id(name):
            return None
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(name, needed, revision=revision)
        # what was only begun to be downloaded lacks weights, and is gone on with by name
        return str(Path(found).parent) if isinstance(found, str) and _has_all_weights(Path(found).parent) else None


def _has_all_weights(folder: Path) -> bool:
    """Whether a folder has weights, and of those in several files (`model-00001-of-00004.safetensors`) every one."""
    names = {path.name for path in folder.glob("*.safetensors")}
    of_several = [int(found[1]) for name in names if (found := _ONE_OF_SEVERAL.search(name))]
    return bool(names) and len(of_several) >= max(of_several, default=0)


def _bundled(folder: Path, name: str, needed: str) -> str:
    path = folder / name
    if not name or not (path / needed).is_file():
        raise EngineError(f"The bundled model '{name}' is missing: restore {path} from the repository.")
    return str(path)


def _is_hub_id(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _download_adapter(adapter: str) -> str:
    if not _is_hub_id(adapter):
        raise EngineError(
            f"There is no adapter '{adapter}': give a folder with {ADAPTER_CONFIG}, or a name on the Hub."
        )
    from huggingface_hub import snapshot_download

    try:
        return str(snapshot_download(adapter, allow_patterns=["adapter_*"]))
    except (OSError, ValueError) as exc:  # the library's errors of network and name are OSErrors
        raise EngineError(
            f"The adapter '{adapter}' is neither on this machine nor can it be had from the Hub: mend its name, or put a "
            "copy below CACO_MODELS."
        ) from exc


def read_scale(folder: Path) -> dict[str, object]:
    """What an adapter's description says of how strongly its weights count.

    Raises:
        EngineError: it cannot be read.
    """
    told = _read_description(folder)
    return {name: told.get(name) for name in _SCALE}


def _base_of(folder: Path) -> str | None:
    base = _read_description(folder).get("base_model_name_or_path")
    return str(base) if base else None


def _read_description(folder: Path) -> dict[str, object]:
    try:
        told = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise EngineError(f"{folder / ADAPTER_CONFIG} cannot be read: restore the adapter.") from exc
    if not isinstance(told, dict):
        raise EngineError(f"{folder / ADAPTER_CONFIG} cannot be read: restore the adapter.")
    return told
