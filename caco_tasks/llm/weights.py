"""Where a model's weights are, and the name of their exact version: by hash, else by revision, else by server."""

from pathlib import Path
from urllib.parse import urlsplit

from caco_tasks.errors import EngineError
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.llm.local_models import LocalModels, read_scale
from caco_tasks.model_settings import ModelSettings

REGISTERED = "model:"  # before the id of a model of the registry, whose weights lie in models/{id}
HASH_CHARS = 16


def model_identity(settings: ModelSettings, models: LocalModels) -> str:
    """The name of the exact model of some settings, such as `nano:judge@1f0c22aa90b3d2e4`; with an adapter, `a@1f0c+b@22aa`.

    Raises:
        EngineError: a bundled model or an adapter is missing, or the adapter is of another base.
    """
    if settings.model.startswith(REGISTERED):  # the id of the registry names exact weights already
        return settings.model.removeprefix(REGISTERED) + _adapter_identity(settings, models)
    hashes = [] if settings.engine == "openai" else weights_hashes(models.find(settings.model, settings.revision))
    host = urlsplit(settings.endpoint.base_url or "").netloc.rpartition("@")[2]  # without user and password
    version = _hash(hashes) or settings.revision or host or "main"
    return f"{settings.model}@{version}{_adapter_identity(settings, models)}"


def _adapter_identity(settings: ModelSettings, models: LocalModels) -> str:
    if settings.adapter is None:
        return ""
    folder = models.find_adapter(settings.adapter, base=settings.model)
    # the same matrices weigh more or less by what the description says of them
    content = content_id("adapter", weights_hashes(folder), read_scale(Path(folder)))
    return f"+{settings.adapter}@{content[:HASH_CHARS]}"


def pinned_identity(settings: ModelSettings, pinned: str | None, models: LocalModels) -> str:
    """The name of the exact model that a run pinned, where the weights on this machine are those; else of what is here.

    Raises:
        EngineError: the weights here are not those that the run pinned.
    """
    found = model_identity(settings, models)
    adapter = _adapter_identity(settings, models)  # always here, and named by its hash
    versions = {name.removesuffix(adapter).rpartition("@")[2] for name in (found, pinned or found)}
    # else weights are not here, or were not when the run was planned: a first run downloads them
    are_known = versions.isdisjoint(("main", settings.revision))
    if pinned is not None and found != pinned and (are_known or not pinned.endswith(adapter)):
        raise EngineError(
            f"The model '{settings.model}' on this machine is {found}, the run pinned {pinned}: restore its weights, or "
            "plan the run anew under another name of the model."
        )
    return pinned or found


def weights_hashes(folder: str) -> list[str]:
    """The SHA-256 of each file of weights in a folder; none for a model that is not on this machine."""
    return [file_sha256(str(path)) for path in sorted(Path(folder).glob("*.safetensors"))]


def _hash(hashes: list[str]) -> str:
    content = content_id("weights", hashes) if len(hashes) > 1 else "".join(hashes)
    return content[:HASH_CHARS]
