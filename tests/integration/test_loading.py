"""Published datasets as others read them: `load_dataset` on a folder and on S3, and Croissant."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from published import publish_shop_words

from caco_tasks.publishing.dataset_files import dataset_rows, read_dataset
from caco_tasks.publishing.dataset_row import COLUMNS, SCHEMA
from caco_tasks.publishing.load_lines import load_code
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a published dataset of three files."""
    return publish_shop_words(tmp_path)


@pytest.fixture
def settings(folder: Path) -> StoreSettings:
    """The store that it lies in."""
    return StoreSettings(root=f"file://{folder.parents[2]}")


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library of Hugging Face, with a cache of its own."""
    library = pytest.importorskip("datasets")
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return library


def run(code: str) -> Any:
    """What a piece of code that people paste leaves in `rows`."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names["rows"]


def ids(settings: StoreSettings, folder: Path) -> list[str]:
    return [row["sample_id"] for row in dataset_rows(open_store(settings), f"{folder.parent.name}/{folder.name}")]


def test_a_folder_is_loaded_where_it_lies(folder: Path, settings: StoreSettings, datasets: Any) -> None:
    loaded = run(load_code(settings, folder.parent.name, folder.name))
    assert list(loaded["sample_id"]) == ids(settings, folder)


def test_a_copy_as_the_hub_has_it_is_loaded_by_what_its_card_says(
    folder: Path, settings: StoreSettings, datasets: Any, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("state.json"))
    loaded = datasets.load_dataset(str(tmp_path / "copy"), split="train")
    assert list(loaded["sample_id"]) == ids(settings, folder)
    schema = loaded.features.arrow_schema
    assert [(field.name, field.type) for field in schema] == [(field.name, field.type) for field in SCHEMA]


def test_a_dataset_on_s3_is_loaded_where_it_lies(
    folder: Path, settings: StoreSettings, datasets: Any, s3_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(s3_settings)
    for path in folder.iterdir():
        store.put(f"datasets/{folder.parent.name}/{folder.name}/{path.name}", path.read_bytes())
    named = {
        "STORE": s3_settings.root,
        "S3_ENDPOINT": s3_settings.endpoint_url,
        "S3_REGION": s3_settings.region,
        "S3_ACCESS_KEY": s3_settings.access_key,
        "S3_SECRET_KEY": s3_settings.secret_key,
    }
    for name, value in named.items():
        monkeypatch.setenv(f"CACO_{name}", value or "")
    code = load_code(s3_settings, folder.parent.name, folder.name)
    assert not s3_settings.secret_key or s3_settings.secret_key not in code
    assert list(run(code)["sample_id"]) == ids(settings, folder)


@pytest.mark.filterwarnings("default")  # deprecations of rdflib, which mlcroissant reads with, are not ours to mend
def test_the_metadata_are_croissant_and_their_records_are_the_rows(folder: Path, settings: StoreSettings) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed: make croissant")
    described = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert described.metadata.ctx.issues.errors == set()
    records = list(described.records("default"))
    assert [record["default/sample_id"].decode() for record in records] == ids(settings, folder)
    assert [field.name for field in described.metadata.record_sets[0].fields] == list(COLUMNS)


def test_the_metadata_name_the_files_by_their_hashes_and_the_manifest_names_them(
    folder: Path, settings: StoreSettings
) -> None:
    data = (folder / "croissant.json").read_bytes()
    record = read_dataset(open_store(settings), f"{folder.parent.name}/{folder.name}")
    assert record.facts["croissant_sha256"] == hashlib.sha256(data).hexdigest()
    files = [one for one in json.loads(data)["distribution"] if one["@type"] == "cr:FileObject"]
    assert {one["contentUrl"]: one["sha256"] for one in files} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("train-*.parquet")
    }
