"""The rows of a dataset's files, one after the other, each with the place where it lies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caco_tasks.errors import DamagedError
from caco_tasks.publishing.dataset_row import SCHEMA
from caco_tasks.publishing.export import CACO_COLUMNS
from caco_tasks.store.row_files import read_groups
from caco_tasks.text_checks.lines import read_lines
from caco_tasks.verification.findings import Fault, Report
from caco_tasks.verification.folder_files import DatasetFolder

REQUIRED = tuple(column.name for column in SCHEMA if not column.nullable)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRow:
    """A row and where it lies."""

    file: str
    row: int  # of the file, from 0
    values: Mapping[str, Any]

    def fault(self, check: str, detail: str) -> Fault:
        """A fault of this row."""
        return Fault(
            check=check, detail=detail, file=self.file, row=self.row, sample_id=str(self.values.get("sample_id"))
        )


def read_rows(folder: DatasetFolder, report: Report) -> Iterator[PlacedRow]:
    """All rows that can be read; files and rows that cannot go to the report, as do numbers that the manifest denies."""
    seen: set[str] = set()
    for file in folder.files:
        count = 0
        for row in _rows_of(file, folder, report):
            count += 1
            report.rows += 1
            if row is None:
                continue
            name = str(row.values["sample_id"])
            if name in seen:
                report.add(row.fault("counts", "the same sample comes a second time"))
            if name in folder.removed:
                report.add(row.fault("counts", "the version says that this row was taken out"))
            seen.add(name)
            yield row
        expected = folder.expected(file)
        if expected is not None:
            report.look("counts")
            if count != expected.rows:
                detail = f"{count:,} rows could be read, and the manifest says {expected.rows:,}"
                report.add(Fault(check="counts", file=file.name, detail=detail))


def _rows_of(file: Path, folder: DatasetFolder, report: Report) -> Iterator[PlacedRow | None]:
    """The rows of a file; None for one that lacks what a row must have."""
    report.look("columns")
    required = CACO_COLUMNS if folder.is_export else REQUIRED
    try:
        for number, values in enumerate(_lines_of(file) if folder.is_export else _parquet_rows(file)):
            row = PlacedRow(file=file.name, row=number, values=values)
            lacking = [name for name in required if values.get(name) is None]
            if lacking:
                report.add(row.fault("columns", f"the row has no '{lacking[0]}'"))
            yield None if lacking else row
    except DamagedError as exc:
        report.add(Fault(check="columns", file=file.name, detail=str(exc)))
    except (OSError, UnicodeDecodeError) as exc:
        report.add(Fault(check="columns", file=file.name, detail=f"it cannot be read: {exc}"))


def _parquet_rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as opened:
        for batch in read_groups(opened, SCHEMA):
            yield from batch.to_pylist()


def _lines_of(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as opened:
        for line in read_lines(opened):
            if line.record is None:
                raise DamagedError(f"line {line.number} is {line.fault}")
            texts = {name: line.record.get(name) for name in CACO_COLUMNS}
            yield {name: text for name, text in texts.items() if isinstance(text, str)}
