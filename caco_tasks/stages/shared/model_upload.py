"""Trained weights into the store, under the hash of their content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from caco_tasks.ids import content_id, file_sha256
from caco_tasks.store import Store
from caco_tasks.store.registry import ModelFiles, StoredFile, model_manifest_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A model in the store."""

    model_id: str  # hash of its files
    sha256: str  # of the weights; of the folder's manifest where they lie in several files


def put_weights(store: Store, folder: Path) -> Weights:
    """Uploads the files of a model's folder, not what lies in folders below it, and their manifest last."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    files = tuple(
        StoredFile(name=path.name, bytes=path.stat().st_size, sha256=file_sha256(str(path))) for path in paths
    )
    model_id = content_id("model", {file.name: file.sha256 for file in files})
    for path in paths:
        store.put_file(f"models/{model_id}/{path.name}", path)
    manifest = ModelFiles(model_id=model_id, files=files).model_dump_json(indent=1).encode()
    store.put(model_manifest_uri(model_id), manifest)
    weights = [file.sha256 for file in files if file.name.endswith(".safetensors")]
    return Weights(model_id=model_id, sha256=weights[0] if len(weights) == 1 else hashlib.sha256(manifest).hexdigest())
