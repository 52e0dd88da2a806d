"""Reading protected benchmarks from files and from the Hub: every item, or a clear error.

An item skipped would be an item unprotected, so nothing is skipped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caco_tasks.check_settings import BenchmarkSettings
from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.ids import file_sha256
from caco_tasks.sources.fields import UnreadableValue
from caco_tasks.sources.file_rows import Container, read_rows
from caco_tasks.sources.rows import UnreadableRow
from caco_tasks.sources.table_files import dataset_revision, dataset_rows

_CONTAINERS: dict[str, Container] = {"jsonl": "json", "json": "json", "csv": "csv", "parquet": "parquet"}


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
        SourceError: the file is missing, is not of its format, or holds a record without a problem; names file and record.
    """
    count = 0
    rows = _read_hub(settings) if settings.format == "huggingface" else _read_file(settings)
    for count, record in enumerate(rows, 1):
        place = f"record {count} of the benchmark file {settings.path}"
        if isinstance(record, UnreadableRow):
            raise SourceError(f"There is no item in {place}: {record.detail}.")
        yield _make_item(settings, record, position=count - 1, place=place)
    if count == 0:
        raise SourceError(f"The benchmark file {settings.path} holds no record; check its path and format.")


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
        raise SourceError(
            f"The benchmark file {settings.path} cannot be read: {exc.strerror or exc}; "
            "check `decontamination.benchmarks` and `.folder`."
        ) from exc


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
    for value in (answer, key):
        if isinstance(value, UnreadableValue):
            raise SourceError(f"There is a value in {place} that cannot be read: {value.detail}.")
    item = Item(benchmark=settings.name, key=str(key), problem=problem, answer=None if answer is None else str(answer))
    try:
        f"{item.key}{item.problem}{item.answer}".encode()
    except UnicodeEncodeError as exc:  # a lone surrogate stands for a byte that is not UTF-8
        raise SourceError(f"There is text in {place} that is not UTF-8.") from exc
    return item


def _join_columns(record: Mapping[str, Any], columns: str) -> str | None:
    """The text of a column, or of several (`Body, Question`) as sentences one after the other; None where one is empty."""
    names = [columns] if columns in record else [name.strip() for name in columns.split(",")]
    texts = [record.get(name) for name in names]
    told = [text for text in texts if isinstance(text, str) and text.strip()]
    if len(told) < len(names):
        return None
    *before, last = told
    return "".join(f"{text.rstrip()}{'' if text.rstrip().endswith(tuple('.?!')) else '.'} " for text in before) + last


def _read_file(settings: BenchmarkSettings) -> Iterator[Mapping[str, Any] | UnreadableRow]:
    path = Path(settings.path)
    if not path.is_file():
        raise SourceError(
            f"The benchmark file {path} cannot be read: there is no such file; check `decontamination.benchmarks` and `.folder`."
        )
    return read_rows(
        path,
        _CONTAINERS[settings.format],
        is_record=lambda row: _join_columns(row, settings.problem_column) is not None,
    )


def _read_hub(settings: BenchmarkSettings) -> Iterator[Mapping[str, Any]]:
    source = _as_source(settings)
    if source.revision is None:
        dataset_revision(source)  # a name on the Hub without a revision promises nothing
    yield from dataset_rows(source)


def _as_source(settings: BenchmarkSettings) -> SourceSettings:
    return SourceSettings(
        name="benchmark",
        reader="huggingface",
        path=settings.path,
        subset=settings.subset,
        split=settings.split,
        revision=settings.revision,
    )
