"""Where a model's weights are, and the name of their exact version: by hash, else by revision, else by server."""

from pathlib import Path
from urllib.parse import urlsplit

from caco_tasks.errors import EngineError
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.model_settings import ModelSettings

NANO_FOLDER = Path(__file__).parents[1] / "nano" / "weights"
NANO = "nano:"  # before the name of a bundled model
REGISTERED = "model:"  # before the id of a model of the registry, whose weights lie in models/{id}
HASH_CHARS = 16


def bundled_folder(name: str) -> str:
    """The folder of a bundled model.

    Raises:
        EngineError: there is no such model.
    """
    folder = NANO_FOLDER / name
    if not (folder / "model.safetensors").is_file():
        raise EngineError(f"The bundled model '{name}' is missing: restore {folder} from the repository.")
    return str(folder)


def local_folder(model: str) -> str:
    """The folder or Hub name of a model as a config names it, where it is not one that was trained here."""
    return bundled_folder(model.removeprefix(NANO)) if model.startswith(NANO) else model


def model_identity(settings: ModelSettings) -> str:
    """The name of the exact model of some settings, such as `nano:judge@1f0c22aa90b3d2e4`.

    Raises:
        EngineError: a bundled model is missing.
    """
    if settings.model.startswith(REGISTERED):  # the id of the registry names exact weights already
        return settings.model.removeprefix(REGISTERED)
    hashes = [] if settings.engine == "openai" else weights_hashes(local_folder(settings.model))
    host = urlsplit(settings.endpoint.base_url or "").netloc.rpartition("@")[2]  # without user and password
    content = content_id("weights", hashes)[:HASH_CHARS] if len(hashes) > 1 else "".join(hashes)[:HASH_CHARS]
    return f"{settings.model}@{content or settings.revision or host or 'main'}"


def pinned_identity(settings: ModelSettings, pinned: str | None) -> str:
    """The name of the exact model that a run pinned, where the weights on this machine are those; else of what is here.

    Raises:
        EngineError: the weights here are not those that the run pinned.
    """
    found = model_identity(settings)
    is_here = not found.endswith(("@main", f"@{settings.revision}"))  # else its weights were never looked at
    if pinned is not None and is_here and found != pinned:
        raise EngineError(
            f"The model '{settings.model}' on this machine is {found}, the run pinned {pinned}: restore its weights, or "
            "plan the run anew under another name of the model."
        )
    return pinned or found


def weights_hashes(folder: str) -> list[str]:
    """The SHA-256 of each file of weights in a folder; none for a model that is not on this machine."""
    return [file_sha256(str(path)) for path in sorted(Path(folder).glob("*.safetensors"))]
