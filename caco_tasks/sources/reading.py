"""From rows to judged seeds: what every reader shares.

A reader of one format is a function from a row to `Fields`; here the record gets its key, its licence and its verdict.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

from caco_tasks.config import SourceSettings
from caco_tasks.errors import SourceError
from caco_tasks.ids import file_sha256, seed_id
from caco_tasks.records import PASS, JudgedRecord, Reason, Seed, fail
from caco_tasks.sources.fields import RecordError, Row, as_json
from caco_tasks.sources.file_rows import MAX_RECORD_BYTES, Container, UnreadableRow, read_rows

MAX_RAW_CHARS = 2_000  # of an unreadable record: enough to see what it is
MAX_DETAIL_CHARS = 300
MAX_KEY_CHARS = 300
MAX_LEADING_FAILURES = 1_000  # after so many unreadable records and not one readable, the file is another format


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a format's reader finds in one record."""

    problem: str
    answer: str | None  # gold; None where the record holds none
    solution: str | None = None
    annotation: Any = None  # whatever JSON can hold; a list under "tests" stands in for an answer
    key: str | None = None  # None: the record has no id of its own
    domain: str | None = None
    difficulty: int | None = None  # 1 to 5
    licence: str | None = None  # None: that of the whole source


Format = Callable[[Row], Fields]


def read_file(
    source: SourceSettings, *, to_fields: Format, licence: str, container: Container | None = None
) -> Iterator[JudgedRecord[Seed]]:
    """Judged seeds of a file, in order; its SHA-256 is the revision unless the settings name one.

    Raises:
        SourceError: the file is missing, no file, damaged, or holds nothing that `to_fields` can read.
    """
    if source.path is None:
        raise SourceError(f"The source '{source.name}' has no path: set it to the file that '{source.reader}' reads.")
    path = Path(source.path)
    if path.is_dir():
        raise SourceError(f"The path of source '{source.name}', {path}, is a directory: give the file in it.")
    if not path.is_file():
        raise SourceError(f"The file of source '{source.name}', {path}, does not exist: download it or mend the path.")
    try:
        revision = source.revision or file_sha256(str(path))
    except OSError as exc:
        raise SourceError(f"The file of source '{source.name}', {path}, cannot be opened: {exc.strerror}.") from exc
    rows = read_rows(path, container)
    return judge_rows(rows, source, to_fields=to_fields, licence=licence, revision=revision)


def judge_rows(
    rows: Iterable[Row | UnreadableRow], source: SourceSettings, *, to_fields: Format, licence: str, revision: str
) -> Iterator[JudgedRecord[Seed]]:
    """Judges each row as a seed; at most `source.limit`, rejected ones included.

    Raises:
        SourceError: there is no row, or none of the first thousand can be read.
    """
    judged = _RowJudge(source, to_fields=to_fields, licence=source.licence or licence, revision=revision).judge(rows)
    return islice(_require_readable(judged, source), source.limit)


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


class _RowJudge:
    """Turns the rows of one source into judged seeds, and gives each a key that no other has."""

    def __init__(self, source: SourceSettings, *, to_fields: Format, licence: str, revision: str) -> None:
        self._source, self._to_fields = source.name, to_fields
        self._licence, self._revision = licence, revision
        self._keys: set[str] = set()  # without the positions of readable records, which differ anyhow

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
        annotation = None
        try:
            if found.annotation is not None:
                annotation = json.dumps(found.annotation, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as exc:
            raise RecordError(f"an annotation that JSON cannot hold: {exc}") from exc
        _check_texts(found, annotation)
        key = str(position) if found.key is None else self._make_unique(found.key, position)
        seed = Seed(
            seed_id=seed_id(self._source, self._revision, key),
            source=self._source,
            revision=self._revision,
            licence=found.licence or self._licence,
            key=key,
            problem=found.problem.strip(),
            solution=found.solution,
            answer=found.answer,
            annotation=annotation,
            domain=found.domain,
            difficulty=found.difficulty,
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

    def _make_unique(self, key: str, position: int) -> str:
        unique = f"{key}#{position}" if key in self._keys else key
        self._keys.add(unique)
        return unique


def _check_texts(found: Fields, annotation: str | None) -> None:
    texts = [text for field in fields(found) if isinstance(text := getattr(found, field.name), str)]
    if annotation is not None:
        texts.append(annotation)
    if sum(map(len, texts)) > MAX_RECORD_BYTES or len(found.key or "") > MAX_KEY_CHARS:
        raise RecordError("of absurd size")
    if not found.problem.strip():
        raise RecordError("a problem without text")
    if any(storable(text) != text for text in texts):
        raise RecordError("text that is not valid UTF-8, or holds a NUL")
