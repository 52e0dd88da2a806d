"""Reading protected benchmarks from files and from the Hub: every item, or a clear error.

An item skipped would be an item unprotected, so nothing is skipped.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caco_tasks.check_settings import BenchmarkSettings
from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.ids import file_sha256
from caco_tasks.sources.table_files import dataset_revision, dataset_rows

Placed = tuple[str, Mapping[str, Any]]  # where a record stands, for an error message, and the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One protected problem."""

    benchmark: str
    key: str  # the item's id in its benchmark, or its position from 0
    problem: str
    answer: str | None  # gold, or a solution that ends in it


def read_benchmark(settings: BenchmarkSettings) -> Iterator[Item]:
    """The items of a benchmark, in the order of its file.

    Raises:
        SourceError: the file is missing, is not of its format, or holds a record without a problem; names file, line.
    """
    path, count = settings.path, 0
    rows = _read_hub(settings) if settings.format == "huggingface" else _READERS[settings.format](Path(path))
    for count, (place, record) in enumerate(rows, 1):
        yield _make_item(settings, record, position=count - 1, place=f"{place} of the benchmark file {path}")
    if count == 0:
        raise SourceError(f"The benchmark file {path} holds no record; check its path and format.")


def benchmark_version(settings: BenchmarkSettings) -> str:
    """What names the content of a benchmark: the SHA-256 of its file, or the commit of its dataset.

    Raises:
        SourceError: the file cannot be read, or a dataset on the Hub has no revision.
    """
    if settings.format == "huggingface":
        revision = settings.revision or dataset_revision(_as_source(settings))
        return f"{settings.path} {settings.subset} {settings.split} {revision}"
    try:
        return file_sha256(settings.path)
    except OSError as exc:
        raise SourceError(_explain_unreadable(Path(settings.path), exc)) from exc


def _make_item(settings: BenchmarkSettings, record: Mapping[str, Any], *, position: int, place: str) -> Item:
    problem = _join_columns(record, settings.problem_column)
    if problem is None:
        raise SourceError(f"There is no text under '{settings.problem_column}' in {place}; set `problem_column`.")
    for column in (settings.answer_column, settings.id_column):
        if column is not None and column not in record:
            raise SourceError(
                f"There is no '{column}' in {place}; set `answer_column` and `id_column`, or leave them out."
            )
    answer = record[settings.answer_column] if settings.answer_column is not None else None
    if isinstance(answer, list) and len(answer) == 1:  # as OlympiadBench has it
        answer = answer[0]
    key = record[settings.id_column] if settings.id_column is not None else position
    return Item(benchmark=settings.name, key=str(key), problem=problem, answer=None if answer is None else str(answer))


def _join_columns(record: Mapping[str, Any], columns: str) -> str | None:
    """The text of a column, or of several (`Body, Question`) as sentences one after the other; None where one is empty."""
    names = [columns] if columns in record else [name.strip() for name in columns.split(",")]
    texts = [record.get(name) for name in names]
    told = [text for text in texts if isinstance(text, str) and text.strip()]
    if len(told) < len(names):
        return None
    *before, last = told
    return "".join(f"{text.rstrip()}{'' if text.rstrip().endswith(tuple('.?!')) else '.'} " for text in before) + last


def read_jsonl(path: Path) -> Iterator[Placed]:
    """The records of a file with one JSON object a line; empty lines are no records."""
    for number, line in enumerate(_read_bytes(path).split(b"\n"), 1):
        if line.strip():
            yield f"line {number}", _parse_line(line, path, number)


def _parse_line(line: bytes, path: Path, number: int) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"Line {number} of the benchmark file {path} is not JSON: {exc}.") from exc
    if not isinstance(record, dict):
        raise SourceError(f"Line {number} of the benchmark file {path} is not a JSON object.")
    return record


def read_json(path: Path) -> Iterator[Placed]:
    """The records of a file that is one JSON list of objects."""
    text = _read_bytes(path)
    # RecursionError: JSON nested too deep for the parser; the rest of ValueError: numbers of too many digits
    try:
        records = json.loads(text)
    except json.JSONDecodeError as exc:
        raise SourceError(f"The benchmark file {path} is not JSON: line {exc.lineno}: {exc.msg}.") from exc
    except UnicodeDecodeError as exc:
        raise SourceError(f"{_explain_encoding(text, path, exc)}") from exc
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"The benchmark file {path} cannot be read as JSON: {exc}.") from exc
    if not isinstance(records, list):
        raise SourceError(f"The benchmark file {path} is not a JSON list of objects; is it 'jsonl'?")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise SourceError(f"Record {number} of the benchmark file {path} is not a JSON object.")
        yield f"record {number}", record


def read_csv(path: Path) -> Iterator[Placed]:
    """The records of a CSV file with a header."""
    data = _read_bytes(path)
    try:
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    except UnicodeDecodeError as exc:
        raise SourceError(f"{_explain_encoding(data, path, exc)}") from exc
    while True:
        try:
            row = next(rows, None)
        except csv.Error as exc:
            raise SourceError(f"Line {rows.line_num} of the benchmark file {path} is not CSV: {exc}.") from exc
        if row is None:
            return
        if None in row or None in row.values():  # csv puts None for a column too many, and for one too few
            raise SourceError(f"Line {rows.line_num} of the benchmark file {path} has not the columns of its header.")
        yield f"line {rows.line_num}", row


def read_parquet(path: Path) -> Iterator[Placed]:
    """The records of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as exc:
        raise SourceError(f"The benchmark file {path} is missing or not Parquet: {exc}.") from exc
    for number, record in enumerate(table.to_pylist(), 1):
        yield f"row {number}", record


def _read_hub(settings: BenchmarkSettings) -> Iterator[Placed]:
    source = _as_source(settings)
    if source.revision is None:
        dataset_revision(source)  # a name on the Hub without a revision promises nothing
    for number, row in enumerate(dataset_rows(source), 1):
        yield f"record {number}", row


def _as_source(settings: BenchmarkSettings) -> SourceSettings:
    return SourceSettings(
        name="benchmark",
        reader="huggingface",
        path=settings.path,
        subset=settings.subset,
        split=settings.split,
        revision=settings.revision,
    )


_READERS: dict[str, Callable[[Path], Iterator[Placed]]] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "parquet": read_parquet,
}


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError) as exc:
        raise SourceError(_explain_unreadable(path, exc)) from exc


def _explain_unreadable(path: Path, error: Exception) -> str:
    return f"The benchmark file {path} cannot be read: {error}; check `decontamination.benchmarks` and `.folder`."


def _explain_encoding(data: bytes, path: Path, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    return f"Line {line} of the benchmark file {path} is not UTF-8."
