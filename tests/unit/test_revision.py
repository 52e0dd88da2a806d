"""A version of a dataset without some rows: its files, its tombstones, its card, and what a kill leaves."""

import os
import subprocess
import sys
from pathlib import Path

import making
import published
import pyarrow.parquet as pq
import pytest

from caco_tasks.errors import ConfigError
from caco_tasks.publishing.dataset_files import dataset_rows, list_datasets, read_dataset
from caco_tasks.publishing.export import export
from caco_tasks.publishing.revision import TOMBSTONES, read_tombstones, revise
from caco_tasks.publishing.states import read_state
from caco_tasks.store import Store
from caco_tasks.verification.dataset_rows import read_rows
from caco_tasks.verification.findings import Report
from caco_tasks.verification.folder_files import check_card, check_files, open_folder
from caco_tasks.verification.verify import fetch_dataset

SAID = {"by": "ada", "because": "the price is wrong"}


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    """Five rows in three files, as the stage publishes them; the dataset as name/version."""
    folder = published.publish_shop_words(tmp_path)
    return f"{folder.parent.name}/{folder.name}"


@pytest.fixture
def store(tmp_path: Path, dataset: str) -> Store:
    """The store that holds it."""
    return making.store_in(tmp_path)


def ids_of(store: Store, dataset: str) -> list[str]:
    """The samples of a dataset, in its order."""
    return [row["sample_id"] for row in dataset_rows(store, dataset)]


def test_a_revision_lacks_the_named_rows_and_says_so(store: Store, dataset: str) -> None:
    before = ids_of(store, dataset)
    made = revise(store, dataset, {before[1]: "recalled", before[4]: "false"}, **SAID)
    name = f"{made.dataset}/{made.version}"
    assert ids_of(store, name) == [before[0], before[2], before[3]]
    assert [file.rows for file in made.files] == [1, 2, 0]  # an emptied file stays, and says its columns
    assert (made.supersedes, made.facts["removed"]) == (dataset, {"false": 1, "recalled": 1})
    graves = read_tombstones(store, made).to_pylist()
    assert {grave["sample_id"]: grave["reason"] for grave in graves} == {before[1]: "recalled", before[4]: "false"}
    assert {(grave["by"], grave["because"]) for grave in graves} == {("ada", "the price is wrong")}
    assert (list(graves[0]), read_state(store, name).state) == (list(TOMBSTONES), "staged")  # type: ignore[union-attr]
    assert ids_of(store, dataset) == before
    assert read_state(store, dataset).state == "published"  # type: ignore[union-attr]


def test_a_file_from_which_nothing_goes_is_copied_byte_by_byte(store: Store, dataset: str) -> None:
    old = read_dataset(store, dataset)
    made = revise(store, dataset, {ids_of(store, dataset)[0]: "recalled"}, **SAID)
    assert [a.sha256 == b.sha256 for a, b in zip(old.files, made.files, strict=True)] == [False, True, True]


def test_the_same_call_twice_makes_one_version_and_another_row_another(store: Store, dataset: str) -> None:
    ids = ids_of(store, dataset)
    first = revise(store, dataset, {ids[0]: "recalled"}, **SAID)
    assert revise(store, dataset, {ids[0]: "recalled"}, by="bo", because="again") == first
    other = revise(store, dataset, {ids[1]: "recalled"}, **SAID)
    assert other.version != first.version
    again = revise(store, f"{first.dataset}/{first.version}", {ids[1]: "recalled"}, **SAID)
    assert (again.rows, again.supersedes) == (3, f"{first.dataset}/{first.version}")
    assert again.version.count(".r") == 1  # a chain of them does not grow the name
    assert len(list_datasets(store)) == 4


def test_a_revision_is_whole_to_a_stranger_and_a_row_put_back_is_seen(
    store: Store, dataset: str, tmp_path: Path
) -> None:
    ids = ids_of(store, dataset)
    made = revise(store, dataset, {ids[0]: "recalled"}, **SAID)
    folder = tmp_path / "fetched"
    folder.mkdir()
    fetch_dataset(store, f"{made.dataset}/{made.version}", folder)
    assert faults_of(folder) == []
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "## Rows taken out" in card
    assert f"supersedes `{dataset}`: 1 of its 5 rows" in card
    assert card.index("## Rows taken out") < card.index("## Columns")
    first = "train-00000-of-00003.parquet"
    store.get_file(f"datasets/{dataset}/{first}", folder / first)
    assert "counts: the version says that this row was taken out" in faults_of(folder)
    store.get_file(f"datasets/{made.dataset}/{made.version}/{first}", folder / first)
    [graves] = folder.glob("tombstones-*.parquet")
    pq.write_table(pq.read_table(graves).slice(0, 0), graves)
    assert [fault.split(":")[0] for fault in faults_of(folder)] == ["files"]


def faults_of(folder: Path) -> list[str]:
    """What a verifier says of the files of a folder."""
    report = Report(folder=folder.name)
    opened = open_folder(folder, report)
    check_files(opened, report)
    check_card(opened, report)
    assert list(read_rows(opened, report))
    return [f"{fault.check}: {fault.detail}" for fault in report.faults]


def test_readers_and_exports_know_nothing_of_what_went(store: Store, dataset: str, tmp_path: Path) -> None:
    made = revise(store, dataset, {one: "recalled" for one in ids_of(store, dataset)}, **SAID)
    path, rows = export(store, f"{made.dataset}/{made.version}", format_name="caco", out=tmp_path / "out")
    assert (rows, path.read_text(encoding="utf-8")) == (0, "")


def test_a_stranger_among_the_rows_or_nobody_to_ask_makes_no_version(store: Store, dataset: str) -> None:
    with pytest.raises(ConfigError, match="it has 1: name rows of this version alone"):
        revise(store, dataset, {ids_of(store, dataset)[0]: "recalled", "f" * 32: "recalled"}, **SAID)
    for removed, by, because in (({}, "ada", "so"), ({"a": "r"}, " ", "so"), ({"a": "r"}, "ada", "")):
        with pytest.raises(ConfigError, match="name all three"):
            revise(store, dataset, removed, by=by, because=because)
    assert list_datasets(store) == [dataset]


# kills itself when the store is asked to write for the so-maniest time
KILLED = """
import os, signal, sys
from caco_tasks.store import open_store
from caco_tasks.store.file_store import FileStore
from caco_tasks.store.store import StoreSettings
from caco_tasks.publishing.revision import revise
left = [int(sys.argv[4])]
def struck(real):
    def write(self, *given):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, *given)
    return write
FileStore.put, FileStore.put_file = struck(FileStore.put), struck(FileStore.put_file)
revise(open_store(StoreSettings(root=sys.argv[1])), sys.argv[2], {sys.argv[3]: "recalled"}, by="ada", because="so")
"""


def test_a_kill_at_any_write_leaves_no_half_version_and_the_same_call_goes_on(store: Store, dataset: str) -> None:
    ids = ids_of(store, dataset)
    for writes in range(8):  # three files, tombstones, card, metadata, manifest, state
        words = [store.root, dataset, ids[0], str(writes)]
        killed = subprocess.run([sys.executable, "-c", KILLED, *words], env=dict(os.environ), check=False)
        assert killed.returncode == -9
        for name in list_datasets(store):  # what has a manifest is whole
            assert len(ids_of(store, name)) == read_dataset(store, name).rows
    assert len(list_datasets(store)) == 2
    made = revise(store, dataset, {ids[0]: "recalled"}, **SAID)
    assert ids_of(store, f"{made.dataset}/{made.version}") == ids[1:]
    assert read_state(store, f"{made.dataset}/{made.version}").state == "staged"  # type: ignore[union-attr]
