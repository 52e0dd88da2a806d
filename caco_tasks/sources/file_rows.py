"""The records of a file, whatever holds them: JSON lines, a JSON document, Parquet, CSV or XML, packed or not.

A record that cannot be parsed comes out as `UnreadableRow`, in its place; only a file that cannot be read as a whole is
an error. JSON lines, CSV and Parquet are streamed. Bytes that are not UTF-8 become lone surrogates, which the reader of
the record refuses, so that one bad byte costs one record.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from caco_tasks.errors import SourceError
from caco_tasks.sources.csv_rows import csv_rows
from caco_tasks.sources.fields import Row
from caco_tasks.sources.json_rows import json_rows
from caco_tasks.sources.parquet_rows import parquet_rows
from caco_tasks.sources.rows import UnreadableRow, read_document
from caco_tasks.sources.unpacking import PACKED_SUFFIXES, UNPACKING_ERRORS, open_unpacked
from caco_tasks.sources.xml_rows import xml_rows

Container = Literal["json", "parquet", "csv", "xml"]

_CONTAINERS: dict[str, Container] = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".xml": "xml",
}


def read_rows(
    path: Path, container: Container | None = None, *, is_record: Callable[[Row], bool]
) -> Iterator[Row | UnreadableRow]:
    """The records of `path` in order, one row each; without `container`, the file's name says what it is.

    `is_record` says whether the reader of the source can read a row: it tells a JSON record from an object around some.

    Raises:
        SourceError: the file cannot be opened, is damaged, or is not of its container.
    """
    container = container or named_container(path) or "json"
    try:
        match container:
            case "parquet":
                yield from parquet_rows(path)
            case "json":
                yield from json_rows(path, is_record=is_record)
            case "csv":
                with open_unpacked(path) as stream:
                    yield from csv_rows(stream, path)
            case "xml":
                with open_unpacked(path) as stream:
                    yield from xml_rows(read_document(stream, path), path)
    except UNPACKING_ERRORS as exc:
        raise SourceError(f"The source file {path} cannot be read as {container}: {exc}.") from exc


def named_container(path: Path) -> Container | None:
    """What holds the records of a file, by its name; None where the name does not say."""
    suffixes = [suffix for suffix in map(str.lower, path.suffixes) if suffix not in PACKED_SUFFIXES]
    return _CONTAINERS.get(suffixes[-1]) if suffixes else None
