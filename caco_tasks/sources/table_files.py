"""Any JSONL, Parquet, CSV or Hugging Face dataset, by a map from our fields to its columns."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from caco_tasks.config import SourceSettings
from caco_tasks.errors import ConfigError, SourceError
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.records import JudgedRecord, Seed
from caco_tasks.sources.fields import RecordError, Row, identifier, number_text, optional_text, text
from caco_tasks.sources.reading import Fields, judge_rows, read_file

COLUMN_FIELDS = ("problem", "answer", "solution", "key", "domain", "difficulty", "licence", "annotation")
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
    rows = dataset_rows(source)
    return judge_rows(rows, source, to_fields=_column_reader(source), licence=NO_LICENCE, revision=revision)


def read_columns(row: Row, columns: Mapping[str, str]) -> Fields:
    """The fields of a row by `columns` (our field: their column, dots go into records and lists).

    A field that is not mapped is taken from the column of its own name, where there is one.
    """
    names = {field: columns.get(field, field) for field in COLUMN_FIELDS}
    found = {field: look_up(row, name) for field, name in names.items() if field in columns or name in row}
    problem = text(found, "problem")
    # a table without the column is a mistake of the map; a row without an answer is a reject
    if "answer" not in found:
        raise RecordError("without a column for 'answer'")
    return Fields(
        problem=problem,
        answer=number_text(found["answer"], "answer"),
        solution=optional_text(found, "solution"),
        annotation=_parse_annotation(found.get("annotation")),
        key=identifier(found, "key") if "key" in found else None,
        domain=optional_text(found, "domain"),
        difficulty=_parse_difficulty(found.get("difficulty")),
        licence=optional_text(found, "licence"),
    )


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
    return partial(read_columns, columns=source.columns)


def _parse_annotation(found: Any) -> Any:
    if not isinstance(found, str):
        return found
    try:
        return json.loads(found) if found.strip() else None
    except (ValueError, RecursionError) as exc:
        raise RecordError(f"an annotation that is not JSON: {exc}") from exc


def _parse_difficulty(found: Any) -> int | None:
    if found is None or found == "":
        return None
    try:
        difficulty = int(found)
    except (TypeError, ValueError, OverflowError) as exc:
        raise RecordError("a difficulty that is no number") from exc
    if not 1 <= difficulty <= 5:
        raise RecordError(f"a difficulty of {difficulty}, not of 1 to 5")
    return difficulty


def dataset_revision(source: SourceSettings) -> str:
    """The hash of a folder that stands for a dataset.

    Raises:
        SourceError: it is no folder: a dataset on the Hub needs a revision, since its name promises nothing.
    """
    folder = Path(source.path or "")
    if not folder.is_dir():
        raise SourceError(f"The Hub dataset of source '{source.name}' needs a revision: set a commit of {folder}.")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return content_id("folder", [[path.relative_to(folder).as_posix(), file_sha256(str(path))] for path in files])


def dataset_rows(source: SourceSettings) -> Iterator[Row]:
    """The rows of a dataset on the Hub, of a folder of data files, or of one that `save_to_disk` wrote; streamed.

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
            yield from load_from_disk(str(folder))
            return
        revision = None if folder.is_dir() else source.revision  # a folder of data files has none
        yield from load_dataset(path, name=source.subset, split=split, revision=revision, streaming=True)
    except (OSError, ValueError, DatasetsError) as exc:
        raise SourceError(f"The dataset {path} of source '{source.name}' cannot be read: {exc}.") from exc
