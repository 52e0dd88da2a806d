"""The rows of CSV files. A quote that never closes costs the record that it stands in, not those behind it.

Cells are separated by commas, or by what a header without commas has: tabs, or the semicolons of some languages' Excel.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from caco_tasks.errors import SourceError
from caco_tasks.sources.fields import RecordError, Row
from caco_tasks.sources.rows import BOM, MAX_RECORD_BYTES, Lines, UnreadableRow, require_utf8

MAX_QUOTED_CHARS = 4 * MAX_RECORD_BYTES  # a quote that is open for longer will not close any more
MAX_UNOPENED_CHARS = 20_000  # how far behind a record of the wrong number of cells a quote may close that none opened
REREADS = 4  # times, at most, that a file is read again behind its open quotes: so its size bounds the work

_QUOTES = re.compile('"+')


def csv_rows(stream: io.BufferedReader, path: Path) -> Iterator[Row | UnreadableRow]:
    """The records below the header, one row each; blank lines and, where files were joined, repeated headers are none.

    Raises:
        SourceError: there is no header line of CSV, or the file is UTF-16.
    """
    require_utf8(stream, path)
    csv.field_size_limit(MAX_QUOTED_CHARS)  # of the whole process: the module has no other
    lines = _RecordLines(Lines(stream))
    try:
        lines.delimiter = _find_delimiter(lines.peek())
        records = csv.reader(lines, delimiter=lines.delimiter, strict=True)
        header = next(records, [])
        lines.cells = len(header)
    except (csv.Error, RecordError) as exc:
        raise SourceError(f"The source file {path} has no header line of CSV: {exc}.") from exc
    while True:
        lines.begin_record()
        try:
            cells = next(records)
        except StopIteration:
            return
        except RecordError as exc:
            yield UnreadableRow(detail=str(exc), raw=exc.raw)
        except csv.Error as exc:
            yield UnreadableRow(detail=f"not CSV: {exc}", raw=lines.end_broken_record())
        else:
            if cells and cells != header:
                yield _make_row(header, cells, lines)


def _find_delimiter(header: str) -> str:
    return next((char for char in ",\t;" if char in header), ",")


def _make_row(header: list[str], cells: list[str], lines: "_RecordLines") -> Row | UnreadableRow:
    if len(cells) != len(header):
        told = f"{len(cells)} cells under a header of {len(header)}"
        return UnreadableRow(detail=told, raw=lines.end_uneven_record())
    if lines.taken_chars > MAX_RECORD_BYTES:
        return UnreadableRow(detail=f"longer than {MAX_RECORD_BYTES} bytes", raw="".join(lines.taken))
    return dict(zip(header, cells, strict=True))


class _RecordLines:
    """Lines for the parser, which takes as many as a record has; those of a broken one can be given back to be read again."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._waiting: deque[str | RecordError] = deque()  # given back, or seen ahead
        self._reread_chars = self._ahead_chars = self.taken_chars = 0
        self._max_chars = MAX_QUOTED_CHARS  # of a record
        self.delimiter, self.cells = ",", 1  # until the header was read
        self.taken: list[str] = []  # the lines of this record

    def __iter__(self) -> "_RecordLines":
        return self

    def __next__(self) -> str:
        if self.taken_chars > self._max_chars:
            raise csv.Error(f"a quote that does not close within {self.taken_chars} characters")
        line = self._next_waiting() if self._waiting else self._next_line()
        if not self.taken:
            line = line.removeprefix(BOM)
        self.taken.append(line)
        self.taken_chars += len(line)
        return line

    def _next_waiting(self) -> str:
        line = self._waiting.popleft()
        return self._refuse_line(line) if isinstance(line, RecordError) else line

    def _next_line(self) -> str:
        try:
            return next(self._lines)
        except RecordError as exc:
            return self._refuse_line(exc)

    def _refuse_line(self, error: RecordError) -> NoReturn:
        if not self.taken:
            raise error
        self._waiting.appendleft(error)  # it is no part of the record before it
        raise csv.Error("a quote that is open at a line which is too long")

    def peek(self) -> str:
        """The line to come, which stays to be taken; empty where there is none.

        Raises:
            RecordError: it is too long.
        """
        line = next(self._lines, "")
        if line:
            self._waiting.append(line)
        return line

    def begin_record(self) -> None:
        """Forgets the lines of the record before."""
        self.taken, self.taken_chars = [], 0
        self._max_chars = MAX_QUOTED_CHARS if self._reread_chars <= REREADS * self._lines.read_bytes else 0

    def end_broken_record(self) -> str:
        """The text of a record that the parser gave up; what is behind it will be read again.

        It is one line, unless its quote closes in a line behind it: then what lies between is no record either.
        """
        first, *others = self.taken
        self._waiting.extendleft(reversed(others))
        self._reread_chars += sum(map(len, others))
        quotes = _Quotes(self.delimiter, self.cells)
        quotes.pass_first_line(first)
        return first + self._take_lines_inside(quotes, max_chars=MAX_RECORD_BYTES)

    def end_uneven_record(self) -> str:
        """The text of a record that has not as many cells as the header; see `end_broken_record`."""
        text = "".join(self.taken)
        if '"' in text:
            return text
        # the quote that should open it may be missing: then a line behind it closes what none opened
        return text + self._take_lines_inside(
            _Quotes(self.delimiter, self.cells, is_open=True), max_chars=MAX_UNOPENED_CHARS
        )

    def _take_lines_inside(self, quotes: "_Quotes", *, max_chars: int) -> str:
        """Takes those of the lines to come that belong to a broken record; none where its quote never closes."""
        chars = inside = uneven = 0
        for count, line in enumerate(self._look_ahead() if quotes.is_open else (), 1):
            chars += len(line) if isinstance(line, str) else MAX_RECORD_BYTES
            if isinstance(line, RecordError) or chars > max_chars:
                break
            if not quotes.pass_line(line):
                # a record begins: the lines before it are records too, unless most have another number of cells
                inside = count - 1 if 2 * uneven > count - 1 else 0
                break
            if not quotes.is_open:
                inside = count
                break
            uneven += line.count(self.delimiter) != self.cells - 1
        self._ahead_chars += chars
        return "".join(str(self._waiting.popleft()) for _ in range(inside))

    def _look_ahead(self) -> Iterator[str | RecordError]:
        """The lines to come, which stay to be taken; none where too much was read again already."""
        if self._ahead_chars <= REREADS * self._lines.read_bytes:
            yield from self._waiting
            while (line := self._read_line()) is not None:
                self._waiting.append(line)
                yield line

    def _read_line(self) -> str | RecordError | None:
        try:
            return next(self._lines, None)
        except RecordError as exc:
            return exc


class _Quotes:
    """Whether a quoted cell is open behind the lines of a broken record: by what stands around its quotes.

    A quote before a delimiter closes; one at the end of a line closes where the record then has all its cells.
    """

    def __init__(self, delimiter: str, cells: int, *, is_open: bool = False) -> None:
        self.is_open = is_open
        self._delimiter, self._delimiters_left = delimiter, cells - 1

    def pass_first_line(self, line: str) -> None:
        """Goes on behind the line with which the record begins: what opens in it while a quote is open is its next cell."""
        self._pass_quotes(line, is_first=True)

    def pass_line(self, line: str) -> bool:
        """Goes on behind a line; False where a quote opens though one is open: a record begins there."""
        return self._pass_quotes(line, is_first=False)

    def _pass_quotes(self, line: str, *, is_first: bool) -> bool:
        end = 0
        for quotes in _QUOTES.finditer(line):
            before, behind = line[quotes.start() - 1 : quotes.start()], line[quotes.end() : quotes.end() + 1]
            is_odd = len(quotes[0]) % 2 == 1
            if not self.is_open:
                self._delimiters_left -= line.count(self._delimiter, end, quotes.start())
                self.is_open = is_odd and before in ("", self._delimiter)
            elif is_odd and (behind == self._delimiter or (behind in ("", "\r", "\n") and self._delimiters_left <= 0)):
                self.is_open = False
            elif before in ("", self._delimiter):
                if not is_first:
                    return False
                self._delimiters_left -= 1
            end = quotes.end()
        if not self.is_open:
            self._delimiters_left -= line.count(self._delimiter, end)
        return True
