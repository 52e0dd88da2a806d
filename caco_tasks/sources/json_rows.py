"""The rows of JSON lines and of JSON documents: a list of records, an object around one, or records one after the other.

What a file is, its first lines tell and not its name: lists named `.jsonl` are common, and so are lines named `.json`.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any

from caco_tasks.errors import SourceError
from caco_tasks.sources.fields import RecordError, Row, UnreadableValue, decode
from caco_tasks.sources.rows import (
    BOM,
    MAX_RECORD_BYTES,
    Lines,
    UnreadableRow,
    catch_errors,
    read_document,
    require_record,
    require_utf8,
)
from caco_tasks.sources.unpacking import open_unpacked

IsRecord = Callable[[Row], bool]

_SAMPLE_LINES = 20
_TRIED_RECORDS = 1_000  # of a list within an object, to see whether it is the records
_ENDS_OF_PIECES = ("[", "{", ",", ":")  # of lines of a document that is spread over several
_SPACES = f" \t\r\n{BOM}"
_SPACE = re.compile(f"[{_SPACES}]*")


def json_rows(path: Path, *, is_record: IsRecord) -> Iterator[Row | UnreadableRow]:
    """The records of a file in order; JSON lines are streamed. `is_record` tells a record from an object around records.

    Raises:
        SourceError: the file is a JSON document that is not valid, or too large.
        The errors of `open_unpacked`.
    """
    with open_unpacked(path) as stream:
        require_utf8(stream, path)
        sample, is_whole = _first_lines(stream)
    objects = sum(_is_object(line) for line in sample)
    pieces = sum(line.endswith(_ENDS_OF_PIECES) for line in sample)
    are_lines = objects > pieces and not (is_whole and len(sample) == 1)
    if are_lines or not sample or sample[0][0] not in "[{":
        yield from _line_rows(path)
        return
    try:
        values = _document_values(path)
    except (ValueError, RecursionError) as exc:
        if pieces or sample[0][0] == "[":  # of lines, one here and there would look like a record
            raise SourceError(f"The source file {path} is not valid JSON: {exc}.") from exc
        yield from _line_rows(path)
    else:
        yield from catch_errors(map(require_record, _records_of(values, is_record)))


def _first_lines(stream: IO[bytes]) -> tuple[list[str], bool]:
    """Lines that are not blank from the start of a file, and whether they are all."""
    sample: list[str] = []
    while len(sample) < _SAMPLE_LINES:
        line = stream.readline(MAX_RECORD_BYTES + 1)
        if not line:
            return sample, True
        if text := decode(line).strip(_SPACES):
            sample.append(text)
        if len(line) > MAX_RECORD_BYTES:
            break
    return sample, False


def _is_object(line: str) -> bool:
    try:
        return isinstance(_load(line), dict)
    except (ValueError, RecursionError):
        return False


def _line_rows(path: Path) -> Iterator[Row | UnreadableRow]:
    with open_unpacked(path) as stream:
        for rows in catch_errors(map(_rows_of_line, filter(_is_told, Lines(stream)))):
            if isinstance(rows, UnreadableRow):
                yield rows
            else:
                yield from rows


def _is_told(line: str) -> bool:
    return bool(line.strip(_SPACES))


def _rows_of_line(line: str) -> list[Row]:
    """The record of a line; several where files were joined of which one did not end its last line."""
    try:
        return [require_record(_load(line.strip(_SPACES)))]
    except json.JSONDecodeError as exc:
        if exc.pos > 0 and (joined := _joined_objects(line)):
            return joined
        raise RecordError(f"not JSON: {exc}", raw=line) from exc
    except (ValueError, RecursionError) as exc:
        raise RecordError(f"not JSON: {exc}", raw=line) from exc


def _joined_objects(line: str) -> list[Row]:
    """The objects of which a line consists and nothing else; none where it holds something else."""
    try:
        values = _parse_values(line, json.JSONDecoder())
    except (ValueError, RecursionError):
        return []
    return values if all(isinstance(value, dict) for value in values) else []


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a number of more digits than Python reads
        return json.loads(text, parse_int=_parse_int)


def _parse_int(digits: str) -> int | UnreadableValue:
    try:
        return int(digits)
    except ValueError as exc:
        return UnreadableValue(str(exc))


def _document_values(path: Path) -> list[Any]:
    """The JSON values of a file, one after the other; of a document there is one."""
    with open_unpacked(path) as stream:
        text = decode(read_document(stream, path))
    try:
        return _parse_values(text, json.JSONDecoder())
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _parse_values(text, json.JSONDecoder(parse_int=_parse_int))


def _parse_values(text: str, decoder: json.JSONDecoder) -> list[Any]:
    values, end = [], _skip_space(text, 0)
    while end < len(text):
        value, end = decoder.raw_decode(text, end)
        values.append(value)
        end = _skip_space(text, end)
    return values


def _skip_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _records_of(values: Sequence[Any], is_record: IsRecord) -> Iterator[Any]:
    """The records in the values of a document, where lists, and objects around lists, are opened."""
    if all(isinstance(value, list) for value in values):
        return chain.from_iterable(values)
    if any(isinstance(value, dict) and is_record(value) for value in values[:_TRIED_RECORDS]):
        return iter(values)
    return chain.from_iterable(_unwrap(value, is_record) for value in values)


def _unwrap(found: Any, is_record: IsRecord) -> list[Any]:
    """The one list in an object that has records; the object itself where there is none, or more than one."""
    lists = [value for value in found.values() if isinstance(value, list)] if isinstance(found, dict) else []
    of_records = [
        items for items in lists if any(isinstance(item, dict) and is_record(item) for item in items[:_TRIED_RECORDS])
    ]
    return of_records[0] if len(of_records) == 1 else [found]
