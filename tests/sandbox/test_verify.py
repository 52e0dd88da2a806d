"""`caco verify`: a dataset as it was published is right, and each way of spoiling it is found by the check that is for it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import making
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from published import ROWS, publish_shop_words

from caco_tasks.cli import main
from caco_tasks.config import load_config
from caco_tasks.errors import ConfigError
from caco_tasks.ids import file_sha256
from caco_tasks.publishing.dataset_row import SCHEMA
from caco_tasks.publishing.export import export
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings
from caco_tasks.verification.findings import CHECKS
from caco_tasks.verification.recomputation import Tools
from caco_tasks.verification.verify import fetch_dataset, open_tools, verify_folder

CONFIG = load_config("nano")
RELEASED = sorted((Path(__file__).parents[1] / "data").glob("dataset-*"))
FIRST, SECOND, THIRD = (f"train-{number:05d}-of-00003.parquet" for number in range(3))
Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published dataset of three files and five rows, as the stage `publish` writes it."""
    return publish_shop_words(tmp_path_factory.mktemp("published"))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def tools() -> Iterator[Tools]:
    """A sandbox, a grader and workers, for all datasets."""
    with open_tools(CONFIG, workers=1) as opened:
        yield opened


def test_a_dataset_as_it_was_published_is_right(whole: Path, tools: Tools) -> None:
    told: list[int] = []
    report = verify_folder(whole, tools, progress=told.append)
    assert (report.faults, report.notes, report.is_whole) == ([], [], True)
    assert (report.dataset, report.rows, told) == (f"shop-words/{whole.name}", ROWS, [ROWS])
    assert report.checks.keys() == CHECKS.keys()
    looked_at = {name: count.looked_at for name, count in report.checks.items()}
    assert looked_at == dict.fromkeys(CHECKS, ROWS) | {
        **{"manifest": 1, "files": 4, "columns": 3, "counts": 4, "card": 1, "licence": ROWS + 1}
    }


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the manifest."""
    path = folder / "manifest.json"
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def change_row(file: str = FIRST, *, is_covered_up: bool = True, **values: Any) -> Spoil:
    """Changes values of the first row of a file and, to cover it up, what the manifest says of the file."""

    def spoil(folder: Path) -> None:
        path = folder / file
        rows = pq.read_table(path).to_pylist()
        rows[0] |= values
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
        if is_covered_up:
            rewrite_manifest(folder, lambda found: renew(found, path))

    return spoil


def renew(manifest: dict[str, Any], path: Path) -> None:
    """Writes what a file is now into its place in the manifest."""
    [file] = [one for one in manifest["files"] if one["uri"].endswith(path.name)]
    file |= {"bytes": path.stat().st_size, "sha256": file_sha256(str(path))}


def cut(name: str, *, is_covered_up: bool = False) -> Spoil:
    """Cuts a file in half."""

    def spoil(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        if is_covered_up:
            rewrite_manifest(folder, lambda found: renew(found, path))

    return spoil


def remove(name: str) -> Spoil:
    """Removes a file."""
    return lambda folder: (folder / name).unlink()


def lose_a_row(folder: Path) -> None:
    """Removes a row, and covers up all but the count."""
    path = folder / FIRST
    pq.write_table(pq.read_table(path).slice(1), path)
    rewrite_manifest(folder, lambda found: renew(found, path))


def repeat_a_file(folder: Path) -> None:
    """Puts the rows of a file into the place of another's, and covers it up."""
    path = folder / SECOND
    path.write_bytes((folder / FIRST).read_bytes())
    rewrite_manifest(folder, lambda found: renew(found, path))


def rename_licence(folder: Path) -> None:
    """Gives the dataset another licence in its manifest alone."""
    rewrite_manifest(folder, lambda found: found["facts"].update(licence="CC0-1.0"))


def rewrite_card(folder: Path, old: str, new: str) -> None:
    """Changes words of the card, and covers it up."""
    path = folder / "README.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    rewrite_manifest(folder, lambda found: found["facts"].update(card_sha256=file_sha256(str(path))))


WRONG_CODE = making.CODE.replace("pens * price", "pens + price")
SPOILT: dict[str, tuple[Spoil, str, str]] = {  # how, the check that finds it, what it says
    "no manifest": (remove("manifest.json"), "manifest", "it is not there"),
    "half a manifest": (cut("manifest.json"), "manifest", "is damaged"),
    "files of another version": (
        lambda folder: rewrite_manifest(folder, lambda found: found.update(version="2026-01-03-x")),
        "manifest",
        "is no file of shop-words/2026-01-03-x",
    ),
    "a file is gone": (remove(SECOND), "files", "it is not there"),
    "half a file": (cut(SECOND), "files", "the manifest says"),
    "half a file, covered up": (cut(SECOND, is_covered_up=True), "columns", "it is not readable as parquet"),
    "a changed file": (change_row(is_covered_up=False, judge="nobody"), "files", "the manifest says"),
    "a file that nobody named": (
        lambda folder: (folder / "train-9.parquet").write_bytes((folder / THIRD).read_bytes()),  # type: ignore[func-returns-value]
        "files",
        "the manifest does not name it",
    ),
    "a row is gone": (lose_a_row, "counts", "1 rows could be read, and the manifest says 2"),
    "rows twice": (repeat_a_file, "counts", "the same sample comes a second time"),
    "no card": (remove("README.md"), "card", "it is not there"),
    "another card": (lambda folder: (folder / "README.md").write_text("# Other"), "card", "its SHA-256 is not that"),  # type: ignore[func-returns-value]
    "a card of more rows": (
        lambda folder: rewrite_card(folder, "\n5 problems", "\n500 problems"),
        "counts",
        "5 problems",
    ),
    "a card of another licence": (
        lambda folder: rewrite_card(folder, "license: mit", "license: cc0-1.0"),
        "licence",
        "cc0",
    ),
    "a manifest of another licence": (rename_licence, "licence", "that of the manifest CC0-1.0"),
    "a row of another licence": (change_row(licence="CC0-1.0"), "licence", "its licence is CC0-1.0, that of"),
    "a row without a licence": (change_row(licence=None), "licence", "or the reason why there is none"),
    "other sources": (change_row(sources=["elsewhere"]), "licence", "its sources is ['elsewhere']"),
    "a sample of another draw": (change_row(draw="0" * 32), "ids", "does not follow from draw and index"),
    "another program": (change_row(code=WRONG_CODE), "ids", "does not follow from the program"),
    "no request": (change_row(solver_request=""), "evidence", "its solver_request is empty"),
    "another run": (change_row(run_id="0" * 32), "evidence", "its run_id is 0000"),
    "an unfounded difficulty": (change_row(difficulty=5), "evidence", "difficulty 5 does not follow"),
    "a program that fails": (change_row(code="output = 1 / 0"), "program", "ZeroDivisionError"),
    "another input": (change_row(input_json='{"pens":3,"price":4.0}'), "program", "its input is"),
    "another type": (change_row(output_type="float"), "program", "is of the type int, the row says float"),
    "another answer": (change_row(answer="13"), "answer", "13 is not 12"),
    "another end": (change_row(output="3 × 4 = 12.\nThe answer is \\boxed{13}."), "solution", "13 is not 12"),
    "no end": (change_row(output="It is as it is."), "solution", "it comes to no final answer"),
    "a false equation": (change_row(output="3 × 4 = 14.\nThe answer is \\boxed{12}."), "equations", "3 × 4 = 14"),
}


@pytest.mark.parametrize(("spoil", "check", "said"), SPOILT.values(), ids=SPOILT)
def test_what_is_spoilt_is_found(folder: Path, tools: Tools, spoil: Spoil, check: str, said: str) -> None:
    spoil(folder)
    report = verify_folder(folder, tools)
    assert not report.is_whole
    assert [fault for fault in report.faults if fault.check == check and said in fault.detail], report.faults


def test_a_fault_names_file_row_and_sample_and_leaves_the_others_alone(folder: Path, tools: Tools) -> None:
    change_row(SECOND, answer="13")(folder)
    report = verify_folder(folder, tools)
    assert {(fault.check, fault.file, fault.row) for fault in report.faults} == {
        ("answer", SECOND, 0),
        ("solution", SECOND, 0),
    }
    assert {name for name, count in report.checks.items() if count.wrong} == {"answer", "solution"}
    assert report.faults[0].sample_id == pq.read_table(folder / SECOND)["sample_id"][0].as_py()


def test_another_way_to_write_the_answer_is_no_fault(folder: Path, tools: Tools) -> None:
    change_row(answer="12.0")(folder)
    assert verify_folder(folder, tools).faults == []


def test_a_false_equation_that_the_config_only_records_is_no_fault(folder: Path, tools: Tools) -> None:
    change_row(output="3 × 4 = 14.\nThe answer is \\boxed{12}.", findings=["false_equation"])(folder)
    report = verify_folder(folder, tools)
    assert (report.faults, report.recorded) == ([], 1)


def test_a_withdrawn_dataset_is_right_and_says_that_it_is_withdrawn(folder: Path, tools: Tools) -> None:
    path = folder / "state.json"
    states = json.loads(path.read_text())
    states["history"].append({**states["history"][-1], "state": "withdrawn", "by": "ada", "because": "licence"})
    path.write_text(json.dumps(states))
    report = verify_folder(folder, tools)
    assert (report.is_whole, report.notes) == (True, ["The dataset is withdrawn (by ada: licence)."])


@pytest.fixture
def exported(whole: Path, tmp_path: Path) -> Path:
    """An export in the format of the paper's release."""
    store = making.store_in(whole.parents[3])
    export(store, f"shop-words/{whole.name}", format_name="caco", out=tmp_path)
    return tmp_path


def test_of_an_export_the_rows_are_verified_and_it_is_said_what_could_not_be(exported: Path, tools: Tools) -> None:
    report = verify_folder(exported, tools)
    assert (report.is_whole, report.rows, report.dataset) == (True, ROWS, None)
    assert report.checks.keys() == {"columns", "program", "answer", "solution", "equations"}
    assert report.notes == ["An export has no manifest: only its rows were looked at (train.jsonl)."]


def test_a_spoilt_line_of_an_export_is_found(exported: Path, tools: Tools) -> None:
    path = exported / "train.jsonl"
    path.write_text(path.read_text().replace('"answer": "12"', '"answer": "13"', 1))
    assert {fault.check for fault in verify_folder(exported, tools).faults} == {"answer", "solution"}


def test_an_export_without_programs_says_what_is_lacking(whole: Path, tools: Tools, tmp_path: Path) -> None:
    store = making.store_in(whole.parents[3])
    export(store, f"shop-words/{whole.name}", format_name="alpaca", out=tmp_path)
    report = verify_folder(tmp_path, tools)
    assert (report.is_whole, {fault.detail for fault in report.faults}) == (False, {"the row has no 'answer'"})


@pytest.mark.parametrize("released", RELEASED, ids=lambda folder: folder.name)
def test_a_dataset_of_a_released_version_is_right_and_can_still_be_exported(
    released: Path, tools: Tools, tmp_path: Path
) -> None:
    [manifest] = (released / "datasets").rglob("manifest.json")
    report = verify_folder(manifest.parent, tools)
    assert (report.faults, report.is_whole, report.rows) == ([], True, ROWS)
    store = open_store(StoreSettings(root=f"file://{released}"))
    export(store, f"shop-words/{manifest.parent.name}", format_name="messages", out=tmp_path)
    assert len((tmp_path / "train.jsonl").read_text().splitlines()) == ROWS
    assert RELEASED[0].name == "dataset-0.1"


def test_a_folder_without_a_dataset_is_named(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no dataset: give a folder with manifest\.json"):
        verify_folder(tmp_path, tools)


def test_a_dataset_is_fetched_from_a_store(whole: Path, tmp_path: Path) -> None:
    store = making.store_in(whole.parents[3])
    fetch_dataset(store, f"shop-words/{whole.name}", tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in whole.iterdir()}
    with pytest.raises(ConfigError, match="There is no folder 'a/1', and no dataset of this name in file://"):
        fetch_dataset(store, "a/1", tmp_path)


@pytest.fixture
def said(folder: Path) -> Callable[..., Any]:
    """What the command says of a folder."""
    return lambda *options: CliRunner().invoke(main, ["verify", str(folder), "--workers", "1", *options])


def test_the_exit_code_says_whether_all_is_right(folder: Path, said: Callable[..., Any]) -> None:
    right = said("--json")
    assert (right.exit_code, json.loads(right.stdout)["is_whole"]) == (0, True)
    change_row(answer="13")(folder)
    wrong = said()
    assert wrong.exit_code == 1
    assert "answer: train-00000-of-00003.parquet, row 0" in wrong.stdout
    assert "not all is right" in wrong.stdout
