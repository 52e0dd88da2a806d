"""Any JSONL, Parquet, CSV or Hugging Face dataset, by a map from our fields to its columns."""

import json
from collections.abc import Container, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from caco_tasks.config import SourceSettings
from caco_tasks.errors import ConfigError, SourceError
from caco_tasks.records import JudgedRecord, Seed
from caco_tasks.sources.fields import RecordError, Row, UnreadableValue, gold_text, text
from caco_tasks.sources.parquet_rows import has_narrow_floats, shorten_floats
from caco_tasks.sources.reading import Fields, judge_rows, read_file
from caco_tasks.sources.source_files import folder_revision

COLUMN_FIELDS = ("problem", "answer", "solution", "key", "domain", "difficulty", "licence", "annotation")
NEEDED_FIELDS = ("problem", "answer")
NO_LICENCE = "NOASSERTION"  # SPDX: nobody says


def read_table(source: SourceSettings, *, container: Literal["json", "parquet", "csv"]) -> Iterator[JudgedRecord[Seed]]:
    """Judged seeds of a file with columns of any name, see `read_columns`.

    Raises:
        ConfigError: the settings map a field that seeds do not have.
        SourceError: the file is missing, damaged, or no record has the mapped columns.
    """
    return read_file(source, to_fields=_column_reader(source), licence=NO_LICENCE, container=container)


def read_huggingface(source: SourceSettings) -> Iterator[JudgedRecord[Seed]]:
    """Judged seeds of a dataset on the Hub, of a folder of data files, or of a folder that `save_to_disk` wrote.

    Streamed; needs the package `datasets`. A dataset on the Hub needs a revision, since its name promises nothing.

    Raises:
        ConfigError: the settings map a field that seeds do not have.
        SourceError: the dataset cannot be found or read, or no record has the mapped columns.
    """
    if source.path is None:
        raise SourceError(f"The source '{source.name}' has no path: set it to a dataset's name or folder.")
    revision = source.revision or dataset_revision(source)
    rows = dataset_rows(source, columns=_wanted_columns(source))
    return judge_rows(rows, source, to_fields=_column_reader(source), licence=NO_LICENCE, revision=revision)


def read_columns(row: Row, columns: Mapping[str, str]) -> Fields:
    """The fields of a row by `columns` (our field: their column, dots go into records and lists; "" is no column).

    A field that is not mapped is taken from the column of its own name, where there is one.
    """
    found = {}
    for field in COLUMN_FIELDS:
        name = columns.get(field, field)
        if name and (name in row or field in columns):
            found[field] = row[name] if name in row else _try_look_up(row, name)
        elif name and field in NEEDED_FIELDS:
            # a table without the column is a mistake of the map; a row without an answer is a reject
            raise RecordError(f"without a column for '{field}'")
    return Fields(
        problem=text(found, "problem"),
        answer=gold_text(found.get("answer"), "answer"),
        solution=found.get("solution"),
        annotation=_parse_annotation(found["annotation"]) if "annotation" in found else None,
        key=found.get("key"),
        domain=found.get("domain"),
        difficulty=found.get("difficulty"),
        licence=found.get("licence"),
    )


def _try_look_up(row: Row, path: str) -> Any:
    try:
        return look_up(row, path)
    except RecordError as exc:
        return UnreadableValue(str(exc))


def look_up(row: Row, path: str) -> Any:
    """The value at `path`: a column of that very name, or a way such as `reward.answer` or `turns.0.text` into a row.

    Raises:
        RecordError: the row has nothing there.
    """
    if path in row:
        return row[path]
    found: Any = row
    for step in path.split("."):
        # no list has a million items, and a number of a thousand digits takes long to read
        if isinstance(found, list) and step.isdecimal() and len(step) < 7 and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, Mapping) and step in found:
            found = found[step]
        else:
            raise RecordError(f"without the column '{path}'")
    return found


def _column_reader(source: SourceSettings) -> partial[Fields]:
    wrong = sorted(set(source.columns) - set(COLUMN_FIELDS))
    if wrong:
        raise ConfigError(
            f"The source '{source.name}' maps '{wrong[0]}', which seeds do not have: map {', '.join(COLUMN_FIELDS)}."
        )
    if source.columns.get("problem") == "":
        raise ConfigError(f"The source '{source.name}' maps 'problem' to no column, but a seed needs it: name one.")
    return partial(read_columns, columns=source.columns)


def _parse_annotation(found: Any) -> Any:
    """JSON in a text as what it says; anything else as it is."""
    if not isinstance(found, str):
        return found
    try:
        return json.loads(found) if found.strip() else None
    except (ValueError, RecursionError):
        return found


def dataset_revision(source: SourceSettings) -> str:
    """The hash of a folder that stands for a dataset.

    Raises:
        SourceError: it is no folder: a dataset on the Hub needs a revision, since its name promises nothing.
    """
    folder = Path(source.path or "")
    if not folder.is_dir():
        raise SourceError(f"The Hub dataset of source '{source.name}' needs a revision: set a commit of {folder}.")
    return folder_revision(folder)


def dataset_rows(source: SourceSettings, *, columns: Container[str] | None = None) -> Iterator[Row]:
    """The rows of a dataset on the Hub, of a folder of data files, or of one that `save_to_disk` wrote; streamed.

    Of the columns only those in `columns`, where it is given: no other is decoded, so none can fail.

    Raises:
        SourceError: the package `datasets` is missing, or the dataset cannot be found or read.
    """
    path = str(source.path)
    try:
        from datasets import load_dataset, load_from_disk
        from datasets.exceptions import DatasetsError
    except ImportError as exc:
        raise SourceError("The reader 'huggingface' needs the package datasets: install caco[models].") from exc
    folder, split = Path(path), source.split or "train"
    try:
        if (folder / "dataset_dict.json").is_file():  # `save_to_disk` of several splits, a folder each
            folder /= split
        if (folder / "state.json").is_file():
            yield from _short_float_rows(load_from_disk(str(folder)), columns)
            return
        revision = None if folder.is_dir() else source.revision  # a folder of data files has none
        dataset = load_dataset(path, name=source.subset, split=split, revision=revision, streaming=True)
        yield from _short_float_rows(dataset, columns)
    except (OSError, ValueError, OverflowError, DatasetsError) as exc:
        raise SourceError(f"The dataset {path} of source '{source.name}' cannot be read: {exc}.") from exc


def _short_float_rows(dataset: Any, columns: Container[str] | None) -> Iterator[Row]:
    """The rows of a dataset; its columns of half or single precision as the doubles that are written alike."""
    schema = dataset.features.arrow_schema if dataset.features else ()  # None: of JSON and the like, which have doubles
    if columns is not None and (wanted := [field.name for field in schema if field.name in columns]):
        dataset = dataset.select_columns(wanted)
        schema = dataset.features.arrow_schema
    narrow = {field.name: field.type for field in schema if has_narrow_floats(field.type)}
    for row in dataset:
        yield row | {name: shorten_floats(row[name], kind) for name, kind in narrow.items()}


def _wanted_columns(source: SourceSettings) -> set[str]:
    """Every column that a map may mean: of `reward.answer` the column of that name, and `reward`."""
    names = {source.columns.get(field, field) for field in COLUMN_FIELDS}
    return names | {name.partition(".")[0] for name in names}
