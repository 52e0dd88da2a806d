"""Weights on this machine are what their manifest says: fetched once, hashed once, and fetched again when they rot."""

import hashlib
import os
from pathlib import Path

import pytest

from caco_tasks.errors import DamagedError, EngineError
from caco_tasks.store import Store, open_store
from caco_tasks.store import cache as weights
from caco_tasks.store.cache import NOTE, fetch_model
from caco_tasks.store.registry import ModelFiles, StoredFile, model_manifest_uri
from caco_tasks.store.store import StoreSettings

FILES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 40}
WEIGHTS = "models/m/model.safetensors"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one whole model."""
    store = open_store(StoreSettings(root=f"file://{tmp_path}/store"))
    for name, data in FILES.items():
        store.put(f"models/m/{name}", data)
    files = tuple(StoredFile(name=n, bytes=len(d), sha256=hashlib.sha256(d).hexdigest()) for n, d in FILES.items())
    store.put(model_manifest_uri("m"), ModelFiles(model_id="m", files=files).model_dump_json().encode())
    return store


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where downloads go."""
    return tmp_path / "cache"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the note."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != NOTE}


def test_a_model_is_fetched_with_all_its_files_and_nothing_else(store: Store, cache: Path) -> None:
    store.put("models/m/loss.svg", b"a picture that no model needs")
    assert fetch_model(store, "m", cache) == cache / "m"
    assert contents(cache / "m") == FILES


def test_a_model_that_is_there_is_neither_fetched_nor_hashed_again(
    store: Store, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_model(store, "m", cache)
    store.delete(WEIGHTS)
    hashed: list[str] = []
    monkeypatch.setattr(weights, "file_sha256", hashed.append)
    fetch_model(store, "m", cache)
    assert hashed == []
    assert contents(cache / "m") == FILES


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: data[:100], id="cut short"),
        pytest.param(lambda data: data[:-1] + b"!", id="one byte changed"),
        pytest.param(lambda data: b"", id="emptied"),
    ],
)
def test_a_file_that_is_not_what_its_manifest_says_is_fetched_again(store: Store, cache: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    path = fetch_model(store, "m", cache) / "model.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    fetch_model(store, "m", cache)
    assert contents(cache / "m") == FILES


def test_a_file_left_by_a_cut_short_download_of_an_older_version_is_fetched_again(store: Store, cache: Path) -> None:
    (cache / "m").mkdir(parents=True)
    (cache / "m" / "model.safetensors").write_bytes(FILES["model.safetensors"][:7])
    fetch_model(store, "m", cache)
    assert contents(cache / "m") == FILES


def test_rot_that_changes_neither_size_nor_time_is_found_within_a_week(store: Store, cache: Path) -> None:
    path = fetch_model(store, "m", cache) / "model.safetensors"
    before = path.stat()
    path.write_bytes(b"!" + path.read_bytes()[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    note = cache / "m" / NOTE
    week_ago = note.stat().st_mtime - 8 * 86_400
    os.utime(note, (week_ago, week_ago))
    fetch_model(store, "m", cache)
    assert contents(cache / "m") == FILES


def test_a_note_that_cannot_be_read_counts_for_nothing(store: Store, cache: Path) -> None:
    path = fetch_model(store, "m", cache) / "model.safetensors"
    path.write_bytes(b"rot")
    (cache / "m" / NOTE).write_text("[")
    fetch_model(store, "m", cache)
    assert contents(cache / "m") == FILES


def test_a_damaged_copy_in_the_store_is_named_and_leaves_nothing(store: Store, cache: Path) -> None:
    store.put(WEIGHTS, b"damaged")
    with pytest.raises(DamagedError, match=r"models/m/model\.safetensors is damaged"):
        fetch_model(store, "m", cache)
    assert "model.safetensors" not in contents(cache / "m")
    assert not [path for path in (cache / "m").iterdir() if path.suffix == ".part"]


def test_a_model_that_the_store_does_not_have_is_named(store: Store, cache: Path) -> None:
    with pytest.raises(EngineError, match="models/other are not in the store"):
        fetch_model(store, "other", cache)
