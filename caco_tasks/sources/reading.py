"""From rows to judged seeds: what every reader shares.

A reader of one format is a function from a row to `Fields`; here the record gets its key, its licence and its verdict.
"""

import json
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.ids import seed_id
from caco_tasks.records import PASS, JudgedRecord, Reason, Seed, fail
from caco_tasks.sources.fields import RecordError, Row, as_json, optional_word
from caco_tasks.sources.file_rows import Container, read_rows
from caco_tasks.sources.rows import MAX_RECORD_BYTES, UnreadableRow
from caco_tasks.sources.source_files import content_revision, list_files

MAX_RAW_CHARS = 2_000  # of an unreadable record: enough to see what it is
MAX_DETAIL_CHARS = 300
MAX_KEY_CHARS = 300
MAX_LEADING_FAILURES = 1_000  # after so many unreadable records and not one readable, the file is another format

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a format's reader finds in one record.

    The fields without a type may hold anything that the record has there: a number is read as text, what can be neither
    is dropped and counted, and the record goes on without it.
    """

    problem: str
    answer: str | None  # gold; None where the record holds none
    solution: Any = None
    annotation: Any = None  # whatever JSON can hold; a list under "tests" stands in for an answer
    key: Any = None  # None: the record has no id of its own
    domain: Any = None
    difficulty: Any = None  # a number of 1 to 5
    licence: Any = None  # None: that of the whole source


Format = Callable[[Row], Fields]


def read_file(
    source: SourceSettings, *, to_fields: Format, licence: str, container: Container | None = None
) -> Iterator[JudgedRecord[Seed]]:
    """Judged seeds of a file, of all files of a folder, or of those that a pattern names, in the order of their names.

    What the files hold is the revision, unless the settings name one.

    Raises:
        SourceError: a file is missing, damaged, or none holds anything that `to_fields` can read.
    """
    files = list_files(source, container)
    revision = source.revision or content_revision(source)

    def is_record(row: Row) -> bool:
        try:
            to_fields(row)
        except RecordError:
            return False
        return True

    rows = chain.from_iterable(read_rows(path, container, is_record=is_record) for path in files)
    return judge_rows(rows, source, to_fields=to_fields, licence=licence, revision=revision)


def judge_rows(
    rows: Iterable[Row | UnreadableRow], source: SourceSettings, *, to_fields: Format, licence: str, revision: str
) -> Iterator[JudgedRecord[Seed]]:
    """Judges each row as a seed; at most `source.limit`, rejected ones included.

    Raises:
        SourceError: there is no row, or none of the first thousand can be read.
    """
    judged = _RowJudge(source, to_fields=to_fields, licence=source.licence or licence, revision=revision).judge(rows)
    return _log_dropped(islice(_require_readable(judged, source), source.limit), source)


def storable(words: str) -> str:
    """`words` with whatever cannot be stored as text (half characters, NUL) replaced by a question mark."""
    return words.encode("utf-8", errors="replace").decode("utf-8").replace("\0", "?")


def _require_readable(judged: Iterator[JudgedRecord[Seed]], source: SourceSettings) -> Iterator[JudgedRecord[Seed]]:
    held: list[JudgedRecord[Seed]] = []  # the rejects before the first readable record
    for seed in judged:
        held.append(seed)
        if seed.verdict.reason is not Reason.UNREADABLE_RECORD:
            break
        if len(held) >= MAX_LEADING_FAILURES:
            break
    if not held:
        raise SourceError(f"The source '{source.name}' ({source.path}) holds no record: check the file.")
    if held[-1].verdict.reason is Reason.UNREADABLE_RECORD:
        raise SourceError(
            f"Nothing in source '{source.name}' ({source.path}) can be read by '{source.reader}': "
            f"its first record is {held[0].verdict.detail}; check the file, the reader and its columns."
        )
    yield from held
    yield from judged


def _log_dropped(judged: Iterator[JudgedRecord[Seed]], source: SourceSettings) -> Iterator[JudgedRecord[Seed]]:
    dropped = Counter[str]()
    for seed in judged:
        dropped.update(seed.record.dropped)
        yield seed
    if dropped:
        told = ", ".join(f"{name} of {times:,} records" for name, times in sorted(dropped.items()))
        _log.warning("source %s: dropped what a seed cannot hold: %s", source.name, told)


class _RowJudge:
    """Turns the rows of one source into judged seeds, and gives each a key that no other has."""

    def __init__(self, source: SourceSettings, *, to_fields: Format, licence: str, revision: str) -> None:
        self._source, self._to_fields = source.name, to_fields
        self._licence, self._revision = licence, revision
        self._keys: set[str] = set()  # without the positions of readable records, which differ anyhow
        self._has_positions = False  # whether a readable record had its position for a key

    def judge(self, rows: Iterable[Row | UnreadableRow]) -> Iterator[JudgedRecord[Seed]]:
        for position, row in enumerate(rows):
            try:
                yield self._judge_row(row, position)
            except RecordError as exc:
                yield self._reject_row(row, position, str(exc))

    def _judge_row(self, row: Row | UnreadableRow, position: int) -> JudgedRecord[Seed]:
        if isinstance(row, UnreadableRow):
            raise RecordError(row.detail)
        found = self._to_fields(row)
        optional = _OptionalFields(found)
        _check_texts(found.problem, found.answer, optional.solution, optional.annotation)
        key = self._make_key(optional.key, position)
        seed = Seed(
            seed_id=seed_id(self._source, self._revision, key),
            source=self._source,
            revision=self._revision,
            licence=optional.licence or self._licence,
            key=key,
            problem=found.problem.strip(),
            solution=optional.solution,
            answer=found.answer,
            annotation=optional.annotation,
            domain=optional.domain,
            difficulty=optional.difficulty,
            dropped=tuple(optional.dropped),
        )
        has_tests = isinstance(found.annotation, dict) and bool(found.annotation.get("tests"))
        if found.answer is None and not has_tests:
            return JudgedRecord(
                record=seed, verdict=fail(Reason.NO_ANSWER, "the record holds neither an answer nor tests")
            )
        return JudgedRecord(record=seed, verdict=PASS)

    def _reject_row(self, row: Row | UnreadableRow, position: int, detail: str) -> JudgedRecord[Seed]:
        key = self._make_unique(str(position), position)
        raw = row.raw if isinstance(row, UnreadableRow) else as_json(row)
        seed = Seed(
            seed_id=seed_id(self._source, self._revision, key),
            source=self._source,
            revision=self._revision,
            licence=self._licence,
            key=key,
            problem="",
            raw=storable(raw[:MAX_RAW_CHARS]),
        )
        return JudgedRecord(record=seed, verdict=fail(Reason.UNREADABLE_RECORD, storable(detail[:MAX_DETAIL_CHARS])))

    def _make_key(self, own: str | None, position: int) -> str:
        if own is not None:
            return self._make_unique(own, position)
        self._has_positions = True
        return self._make_unique(str(position), position) if str(position) in self._keys else str(position)

    def _make_unique(self, key: str, position: int) -> str:
        was_a_position = self._has_positions and key.isdecimal() and int(key) < position
        unique = f"{key}#{position}" if key in self._keys or was_a_position else key
        self._keys.add(unique)
        return unique


class _OptionalFields:
    """The fields that a seed may lack, as it can hold them; the names of those that it cannot are in `dropped`."""

    def __init__(self, found: Fields) -> None:
        self.dropped: list[str] = []
        self.solution = None if found.solution is None else self._text("solution", found.solution)
        self.annotation = None if found.annotation is None else self._json("annotation", found.annotation)
        self.key = None if found.key is None else self._word("key", found.key, max_chars=MAX_KEY_CHARS)
        self.domain = None if found.domain is None else self._word("domain", found.domain)
        self.difficulty = None if found.difficulty is None else self._level("difficulty", found.difficulty)
        self.licence = None if found.licence is None else self._word("licence", found.licence)

    def _text(self, name: str, found: Any) -> str | None:
        try:
            return optional_word(found, name)
        except RecordError:
            self.dropped.append(name)
            return None

    def _word(self, name: str, found: Any, max_chars: int = MAX_RECORD_BYTES) -> str | None:
        text = self._text(name, found)
        if text is None or (storable(text) == text and len(text) <= max_chars):
            return text
        self.dropped.append(name)
        return None

    def _level(self, name: str, found: Any) -> int | None:
        text = self._text(name, found)
        try:
            level = None if text is None else float(text)
        except ValueError:
            level = math.nan
        if level is None or 1 <= level <= 5:
            return None if level is None else int(level)
        self.dropped.append(name)
        return None

    def _json(self, name: str, found: Any) -> str | None:
        """As JSON, with null for what JSON cannot hold in a record: a picture, a date, a NaN for a missing number."""
        if (whole := _try_json(found)) is not None:
            return whole
        self.dropped.append(name)
        if not isinstance(found, dict):
            return None
        return _try_json({key: value if _try_json(value) else None for key, value in found.items()})


def _try_json(found: Any) -> str | None:
    try:
        return json.dumps(found, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _check_texts(*texts: str | None) -> None:
    found = [text for text in texts if text is not None]
    if sum(map(len, found)) > MAX_RECORD_BYTES:
        raise RecordError("of absurd size")
    if not found[0].strip():
        raise RecordError("a problem without text")
    if any(storable(text) != text for text in found):
        raise RecordError("text that is not valid UTF-8, or holds a NUL")
