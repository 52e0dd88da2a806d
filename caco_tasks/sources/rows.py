"""What the readers of all containers share: rows, the records that no row could be made of, and the lines of a file."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from caco_tasks.errors import SourceError
from caco_tasks.sources.fields import RecordError, Row, as_json, decode

MAX_RECORD_BYTES = 1_000_000
MAX_DOCUMENT_BYTES = 1 << 30  # of a JSON document or an XML file, which are held in memory
BOM = "\ufeff"  # begins files of some editors, and stands inside where such files were joined

Made = TypeVar("Made")

_BOM_BYTES = BOM.encode()
_SKIP_BYTES = 1 << 16  # read at once of a line that is too long


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A record that no row could be made of."""

    detail: str
    raw: str


class Lines:
    """The lines of a stream as text; one longer than `MAX_RECORD_BYTES` is skipped and raised as a `RecordError`.

    Iteration may go on after the error, with the next line. A byte order mark at the very beginning is left out.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._is_first = True
        self.read_bytes = 0  # of the lines so far

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_RECORD_BYTES + 1)
        if self._is_first:
            line, self._is_first = line.removeprefix(_BOM_BYTES), False
        if not line:
            raise StopIteration
        self.read_bytes += len(line)
        if len(line) > MAX_RECORD_BYTES:
            raw = decode(line)
            while line and not line.endswith(b"\n"):  # iteration goes on with the next line
                line = self._stream.readline(_SKIP_BYTES)
            raise RecordError(f"longer than {MAX_RECORD_BYTES} bytes", raw=raw)
        return decode(line)


def catch_errors(rows: Iterator[Made]) -> Iterator[Made | UnreadableRow]:
    """The rows, and in its place for each whose making raises a `RecordError` what is known of it."""
    # not a loop over `rows`: one record's error must not end the others
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except RecordError as exc:
            yield UnreadableRow(detail=str(exc), raw=exc.raw)


def read_document(stream: IO[bytes], path: Path) -> bytes:
    """All bytes of a file that is held in memory.

    Raises:
        SourceError: they are more than `MAX_DOCUMENT_BYTES`.
    """
    document = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(document) > MAX_DOCUMENT_BYTES:
        raise SourceError(f"The source file {path} is larger than {MAX_DOCUMENT_BYTES} bytes: make JSON lines of it.")
    return document


def require_utf8(stream: io.BufferedReader, path: Path) -> None:
    """Refuses a file in another encoding of Unicode, as some tools of Windows write it.

    Raises:
        SourceError: it begins with a mark of UTF-16 or UTF-32.
    """
    if stream.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise SourceError(f"The source file {path} is not UTF-8 but UTF-16 or UTF-32: save it as UTF-8.")


def require_record(found: Any) -> Row:
    """A JSON value that is a record.

    Raises:
        RecordError: it is something else.
    """
    if not isinstance(found, dict):
        raise RecordError(f"a {type(found).__name__}, not a record of named fields", raw=as_json(found))
    return found
