"""The files of a dataset's folder, held against its manifest: hashes, sizes, counts, the card."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.format import format_count
from caco_tasks.ids import file_sha256
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DatasetFile, DatasetRecord, DatasetStates, dataset_folder
from caco_tasks.verification.findings import Fault, Report

EXPORT = "train.jsonl"  # what `caco export` writes
CARD = "README.md"
TEXTS = {
    "croissant.json": "croissant_sha256",
    "CHANGELOG.md": "changelog_sha256",
}  # and where the manifest has their hash
MAX_CARD_BYTES = 16 * 1024 * 1024

_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFolder:
    """A published dataset, or the export of one, on this machine."""

    path: Path
    record: DatasetRecord | None  # None: there is no manifest that can be read
    files: tuple[Path, ...]  # with rows, in order
    is_export: bool = False  # an export has rows and nothing that vouches for them
    removed: frozenset[str] = frozenset()  # samples that were taken out of the version before

    def expected(self, file: Path) -> DatasetFile | None:
        """What the manifest says of a file; None: nothing."""
        files = self.record.files if self.record is not None else ()
        return next((one for one in files if _name_of(one) == file.name), None)


def open_folder(path: Path, report: Report) -> DatasetFolder:
    """What lies in a folder; faults of the manifest go to the report.

    Raises:
        ConfigError: there is neither a dataset nor the export of one.
    """
    files = tuple(sorted(path.glob("train-*.parquet")))
    if not files and not (path / "manifest.json").exists():
        if not (path / EXPORT).is_file():
            raise ConfigError(
                f"{path} holds no dataset: give a folder with manifest.json and train-*.parquet, or with {EXPORT}."
            )
        report.notes.append(f"An export has no manifest: only its rows were looked at ({EXPORT}).")
        return DatasetFolder(path=path, record=None, files=(path / EXPORT,), is_export=True)
    record = _read_manifest(path, report)
    if record is not None:
        report.dataset = f"{record.dataset}/{record.version}"
    _note_state(path, report)
    named = [path / _name_of(file) for file in record.files] if record is not None else []
    there = sorted({*files, *(file for file in named if file.is_file())})
    removed = _removed_samples(path, record, report) if record is not None else frozenset()
    return DatasetFolder(path=path, record=record, files=tuple(there), removed=removed)


def check_files(folder: DatasetFolder, report: Report) -> None:
    """Holds every file against the manifest; rows are not read."""
    if folder.record is None:
        return
    for expected in folder.record.files:
        report.look("files")
        detail = _find_damage(folder.path / _name_of(expected), expected)
        if detail is not None:
            report.add(Fault(check="files", file=_name_of(expected), detail=detail))
    for name, vouched in TEXTS.items():
        if vouched in folder.record.facts:
            report.look("files")
            path = folder.path / name
            found = file_sha256(str(path)) if path.is_file() else None
            if found != folder.record.facts[vouched]:
                said = "it is not there" if found is None else "its SHA-256 is not that of the manifest"
                report.add(Fault(check="files", file=name, detail=said))
    named = {_name_of(file) for file in folder.record.files}
    for file in folder.files:
        if file.name not in named:
            report.look("files")
            report.add(Fault(check="files", file=file.name, detail="the manifest does not name it"))


def check_card(folder: DatasetFolder, report: Report) -> None:
    """Holds the card against the manifest: its hash, its licence, its number of rows."""
    if folder.record is None:
        return
    for check, detail in _find_card_faults(folder.path / CARD, folder.record):
        report.look(check)
        if detail is not None:
            report.add(Fault(check=check, file=CARD, detail=detail))


def _read_manifest(path: Path, report: Report) -> DatasetRecord | None:
    report.look("manifest")
    file = path / "manifest.json"
    try:
        record = parse_stored(DatasetRecord, file.read_bytes(), uri=file.name)
    except FileNotFoundError:
        report.add(Fault(check="manifest", file=file.name, detail="it is not there"))
    except (DamagedError, OSError) as exc:
        report.add(Fault(check="manifest", file=file.name, detail=str(exc)))
    else:
        own = dataset_folder(record.dataset, record.version)
        strange = [one.uri for one in record.files if PurePosixPath(one.uri).parent != PurePosixPath(own)]
        if strange:
            detail = f"{strange[0][:200]} is no file of {record.dataset}/{record.version}"
            report.add(Fault(check="manifest", file=file.name, detail=detail))
        return record
    return None


def _removed_samples(path: Path, record: DatasetRecord, report: Report) -> frozenset[str]:
    """The samples that the version says it lacks of the one before; a file of them that is damaged goes to the report."""
    report.notes += [f"It is {record.supersedes} without some rows."] if record.supersedes is not None else []
    try:
        expected = record.tombstones
    except DamagedError as exc:
        report.add(Fault(check="manifest", file="manifest.json", detail=str(exc)))
        return frozenset()
    if expected is None:
        return frozenset()
    report.look("files")
    name = _name_of(expected)
    damage = _find_damage(path / name, expected)
    try:
        ids = (
            pq.read_table(path / name, columns=["sample_id"], use_threads=False)["sample_id"] if damage is None else []
        )
    except (pa.ArrowException, OSError, KeyError):
        ids, damage = [], "it is no parquet file with a column sample_id"
    if damage is not None:
        report.add(Fault(check="files", file=name, detail=damage))
    return frozenset(str(one) for one in ids)


def _note_state(path: Path, report: Report) -> None:
    """Says of a dataset that is not published what became of it: that is for people to weigh, and no damage."""
    file = path / "state.json"
    try:
        state = parse_stored(DatasetStates, file.read_bytes(), uri=file.name).history[-1]
    except FileNotFoundError:
        report.notes.append("There is no state.json: nothing says whether the dataset was published or withdrawn.")
    except (DamagedError, OSError) as exc:
        report.add(Fault(check="files", file=file.name, detail=str(exc)))
    else:
        if state.state != "published":
            report.notes.append(f"The dataset is {state.state} (by {state.by}: {state.because}).")


def _name_of(file: DatasetFile) -> str:
    return PurePosixPath(file.uri).name


def _find_damage(path: Path, expected: DatasetFile) -> str | None:
    try:
        size = path.stat().st_size
        if size != expected.bytes:
            return f"it has {size:,} bytes, and the manifest says {expected.bytes:,}"
        found = file_sha256(str(path))
    except OSError as exc:
        return "it is not there" if isinstance(exc, FileNotFoundError) else f"it cannot be read: {exc.strerror}"
    if found != expected.sha256:
        return f"its SHA-256 begins with {found[:16]}, and the manifest says {expected.sha256[:16]}"
    return None


def _find_card_faults(path: Path, record: DatasetRecord) -> Iterator[tuple[str, str | None]]:
    """What each check says of the card: a fault, or None where it is as it should be."""
    facts = record.facts
    try:
        with path.open("rb") as file:
            text = file.read(MAX_CARD_BYTES).decode("utf-8", errors="replace")
        found = file_sha256(str(path))
    except OSError as exc:
        yield "card", "it is not there" if isinstance(exc, FileNotFoundError) else f"it cannot be read: {exc.strerror}"
        return
    vouched = facts.get("card_sha256")
    is_same = found == vouched
    yield "card", None if is_same else f"its SHA-256 is not that of the manifest ({str(vouched)[:16]})"
    said, expected = _licence_of_card(text), facts.get("licence") or "not known"
    yield "licence", None if said == str(expected).lower() else f"the card says '{said}', the manifest '{expected}'"
    is_counted = f"\n{format_count(record.rows)} problems " in text
    yield "counts", None if is_counted else f"the card does not speak of {format_count(record.rows)} problems"


def _licence_of_card(text: str) -> str | None:
    head = _HEAD.match(text)
    try:
        said = yaml.safe_load(head[1]) if head else None
    except yaml.YAMLError:
        return None
    if not isinstance(said, dict):
        return None
    name = said.get("license")
    return str(said.get("license_name") if name == "other" else name).lower()
