"""Trained weights on this machine: fetched once, held against their manifest, and fetched again where they differ.

Reading 15 GB at each start only to hash them would cost more than loading them. A file is hashed when it arrives, and
again when its size or time of change is no longer the noted one, or a week after it was last hashed.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from caco_tasks.atomic import drafted, write_bytes
from caco_tasks.errors import DamagedError, EngineError
from caco_tasks.ids import file_sha256
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import ModelFiles, StoredFile, model_manifest_uri
from caco_tasks.store.store import Store

NOTE = "verified.json"  # file name -> [size, time of change, SHA-256] when it was last hashed
HASHED_AGAIN_SECONDS = 7 * 86_400


def fetch_model(store: Store, model_id: str, cache: Path) -> Path:
    """The folder below `cache` with all files of a trained model, as its manifest in the store says.

    The folder's own time of change tells when the model was last used.

    Raises:
        EngineError: the store has no such model.
        DamagedError: what the store holds is not what the model's manifest says.
        StoreError: the store cannot be used.
    """
    uri = model_manifest_uri(model_id)
    found = store.get(uri)
    if found is None:
        raise EngineError(
            f"The weights models/{model_id} are not in the store: run `caco_codegen` again, and delete the manifest of "
            "its stage 'train' first if there is one."
        )
    folder = cache / model_id
    folder.mkdir(parents=True, exist_ok=True)
    files = parse_stored(ModelFiles, found, uri=uri).files
    noted = _noted(folder)
    changed = [file for file in files if noted.get(file.name, "never") != _looks(folder / file.name, file)]
    for file in changed:
        _make_whole(store, f"models/{model_id}/{file.name}", folder / file.name, file)
    if changed:
        looks = {file.name: _looks(folder / file.name, file) for file in files}
        write_bytes(folder / NOTE, json.dumps(looks).encode())
    os.utime(folder)
    return folder


def _noted(folder: Path) -> dict[str, Any]:
    """How the files looked when they were last hashed; empty where that is too long ago."""
    try:
        if time.time() - (folder / NOTE).stat().st_mtime > HASHED_AGAIN_SECONDS:
            return {}
        found = json.loads((folder / NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _looks(path: Path, file: StoredFile) -> list[Any] | None:
    """Size, time of change and the hash that is wanted; None where there is no file."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return [stat.st_size, stat.st_mtime_ns, file.sha256]


def _make_whole(store: Store, key: str, path: Path, file: StoredFile) -> None:
    """Leaves a file that is right; fetches any other. A killed download leaves only a draft."""
    if path.is_file() and _is(path, file):
        return
    with drafted(path) as draft:
        store.get_file(key, draft)
        if not _is(draft, file):
            raise DamagedError(
                f"{key} is damaged (another size or SHA-256 than its manifest says): delete the manifest of the run's "
                "stage 'train' and run `caco_codegen` again."
            )


def _is(path: Path, file: StoredFile) -> bool:
    return path.stat().st_size == file.bytes and file_sha256(str(path)) == file.sha256
