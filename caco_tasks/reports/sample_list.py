"""Samples by what became of them: a table with filters.

Run, stage, outcome, reason and model are known to the ledger. Domain, difficulty and text are not: for these the texts of
the run are read, output by output, up to a limit of rows and time, and a page says how far it came. Its cursor goes on
from there.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Literal

from caco_tasks.errors import ConfigError, StoreError, UnknownIdError
from caco_tasks.format import offer_nearest
from caco_tasks.ledger import run_queries, sample_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.sample_queries import Place, Wanted
from caco_tasks.pipeline import STAGES, mapped_stages, stages_of
from caco_tasks.records import Reason
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.cursors import decode_cursor, encode_cursor, number_of
from caco_tasks.reports.reason_words import words_of
from caco_tasks.reports.report_parts import OutcomeName, Report
from caco_tasks.reports.row_texts import RowText, read_texts

MAX_SAMPLES = 200  # of one page
MAX_TITLE_CHARS = 160
TITLE_SECONDS = 1.5  # for the titles of a page: what is not read by then has none
SCANNED_ROWS = 20_000  # for one page of a search
SCAN_SECONDS = 4.0
CHUNK = 1_000  # rows that a scan asks the ledger for at once
FIRST_OUTPUTS, OUTPUTS = 2, 64  # looked at together: at first, and at most
END_OF_OUTPUT = 2**31 - 1


class SampleLine(Report):
    """One sample in a table."""

    sample_id: str
    run_id: str
    partition: str
    shard: int
    stage: str  # where it ended
    outcome: OutcomeName
    reason: str | None
    words: str | None  # of the reason
    detail: str | None
    is_published: bool
    domain: str | None
    difficulty: int | None  # 1 to 5
    title: str | None  # first line of the problem or, without one, of the program; None: the store has not got it
    title_of: Literal["problem", "program"] | None
    answer: str | None
    model: str | None  # that wrote its program


class SampleSearch(Report):
    """What a search looked at."""

    sentence: str
    rows_read: int
    is_complete: bool  # False: it ended at its limit of rows or time, and more may match


class SamplePage(Report):
    """A page of samples."""

    rows: tuple[SampleLine, ...]
    next_cursor: str | None  # None: this is the last page
    search: SampleSearch | None  # None: no text was asked for


class SampleFilter(Report):
    """Which samples a page shows; None: all of them."""

    run: str | None = None  # id, or the beginning of it; None: the newest nightly run
    stage: str | None = None  # where it ended
    outcome: OutcomeName | None = None
    reason: str | None = None
    domain: str | None = None
    difficulty: int | None = None
    model: str | None = None
    text: str | None = None  # in problem, solution or program


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A way through the samples of a run under a filter."""

    run: Mapping[str, Any]
    wanted: Wanted
    last: str  # stage
    models: Mapping[int, str]  # of shards
    model: str | None


End = tuple[Mapping[str, Any], Mapping[str, Any]]  # an output, and what ended in it


def list_samples(archive: Archive, wanted: SampleFilter, *, cursor: str | None = None, limit: int = 50) -> SamplePage:
    """A page of samples, by the stage in which they ended, shard and row.

    Raises:
        UnknownIdError, AmbiguousIdError: the run.
        ConfigError: the cursor, or a value of the filter.
        CacoError: ledger or store cannot be used, or it took too long.
    """
    with archive.ledger.reading() as connection:
        walk = begin_walk(connection, wanted)
        after = _place_of(cursor, walk.run["run_id"])
        if is_scan(wanted):
            return _search(archive, connection, walk, wanted, after, limit)
        ends = next(walk_ends(connection, walk, after, size=limit + 1), [])
        shown = ends[:limit]
        texts = read_titles(archive, shown)
        rows = describe_samples(connection, walk, shown, texts)
    next_cursor = _cursor_at(walk, shown[-1]) if len(ends) > limit else None
    return SamplePage(rows=tuple(rows), next_cursor=next_cursor, search=None)


def is_scan(wanted: SampleFilter) -> bool:
    """Whether the filter asks for what only the texts tell."""
    return wanted.domain is not None or wanted.difficulty is not None or wanted.text is not None


def begin_walk(connection: Connection, wanted: SampleFilter) -> Walk:
    """The way through the run that a filter names, or through the newest nightly one.

    Raises:
        UnknownIdError, AmbiguousIdError: the run.
        ConfigError: there is no such stage or reason.
    """
    if wanted.stage is not None and wanted.stage not in STAGES:
        near = offer_nearest(wanted.stage, STAGES)
        raise ConfigError(f"There is no stage '{wanted.stage}'{near}: there are {', '.join(STAGES)}.")
    if wanted.reason is not None and wanted.reason not in set(Reason):
        near = offer_nearest(wanted.reason, Reason)
        raise ConfigError(f"There is no reason '{wanted.reason}'{near}: docs/reasons.md has all of them.")
    if wanted.run is None:
        run_id = run_queries.newest_run_id(connection, "nightly")
        if run_id is None:
            raise UnknownIdError("The ledger knows no nightly run yet: run caco_seeds, then caco_nightly.")
    else:
        run_id = run_queries.find_run_id(connection, wanted.run)
    run = run_queries.run_record(connection, run_id)
    first = stages_of(run["pipeline"])[0].name
    models = {
        row["shard"]: " + ".join(row["models"])
        for row in sample_queries.models_of_shards(connection, run["run_no"], first, None)
    }
    last = (mapped_stages(run["pipeline"]) or stages_of(run["pipeline"]))[-1].name
    named = Wanted(stage=wanted.stage, outcome=wanted.outcome, reason=wanted.reason)
    return Walk(run=run, wanted=named, last=last, models=models, model=wanted.model)


def walk_ends(connection: Connection, walk: Walk, after: Place | None, *, size: int) -> Iterator[list[End]]:
    """What is wanted behind a place, `size` at a time; the last time there may be fewer."""
    ends = _walk_one_by_one(connection, walk, after, size)
    while found := list(islice(ends, size)):
        yield found


def _walk_one_by_one(connection: Connection, walk: Walk, after: Place | None, size: int) -> Iterator[End]:
    """The same one by one, asked for as they are taken: of a few outputs first, of more where these hold too little."""
    if walk.wanted.outcome == "pass" and walk.wanted.reason is not None:
        return  # what passed has no reason
    while True:
        outputs = sample_queries.outputs_with_ends(
            connection, walk.run["run_no"], walk.wanted, last=walk.last, after=after, most=OUTPUTS
        )
        chosen = [one for one in outputs if walk.model in (None, walk.models.get(one["shard"]))]
        start, step = 0, FIRST_OUTPUTS
        while start < len(chosen):
            part = chosen[start : start + step]
            ends = sample_queries.ends_in(connection, part, walk.wanted, after=after, most=size)
            yield from ((part[end["place"] - 1], end) for end in ends)
            if len(ends) == size:  # the last of these outputs may hold more
                output = part[ends[-1]["place"] - 1]
                after = Place(shard=output["shard"], stage=output["stage"], row=ends[-1]["row"])
                start += ends[-1]["place"] - 1
            else:
                start, step = start + step, min(4 * step, OUTPUTS)
        if len(outputs) < OUTPUTS:
            return
        after = Place(shard=outputs[-1]["shard"], stage=outputs[-1]["stage"], row=END_OF_OUTPUT)


def texts_of(archive: Archive, ends: Sequence[End]) -> Iterator[tuple[End, RowText]]:
    """Samples with their texts, output by output.

    Raises:
        CacoError: as `read_texts`.
    """
    for _, group in groupby(ends, key=lambda end: end[0]["output_no"]):
        of_output = {end["row"]: (output, end) for output, end in group}
        output = next(iter(of_output.values()))[0]
        for text in read_texts(archive.store, output, rows=sorted(of_output)):
            yield of_output[text.row], text


def matches(text: RowText, wanted: SampleFilter) -> bool:
    """Whether a sample is wanted for what its texts say."""
    return (
        wanted.domain in (None, text.domain)
        and wanted.difficulty in (None, text.difficulty)
        and (wanted.text is None or text.holds(wanted.text))
    )


def describe_samples(
    connection: Connection, walk: Walk, ends: Sequence[End], texts: Mapping[str, RowText]
) -> list[SampleLine]:
    """The lines of samples; `texts` are by id, and may lack some."""
    published = sample_queries.published_among(connection, [end["subject_id"] for _, end in ends])
    return [_describe_sample(walk, output, end, texts.get(end["subject_id"]), published) for output, end in ends]


def _search(
    archive: Archive, connection: Connection, walk: Walk, wanted: SampleFilter, after: Place | None, limit: int
) -> SamplePage:
    """A page of what matches by its texts, as far as its limits of rows and time reach."""
    begun, rows_read = time.monotonic(), 0
    found: list[End] = []
    texts: dict[str, RowText] = {}
    last: End | None = None
    is_complete, is_full = True, False
    for ends in walk_ends(connection, walk, after, size=CHUNK):
        for end, text in texts_of(archive, ends):
            rows_read, last = rows_read + 1, end
            if matches(text, wanted):
                found.append(end)
                texts[end[1]["subject_id"]] = text
            is_full = len(found) == limit
            is_complete = not is_full and rows_read < SCANNED_ROWS and time.monotonic() - begun < SCAN_SECONDS
            if not is_complete:
                break
        if not is_complete:
            break
    rows = describe_samples(connection, walk, found, texts)
    rest = "" if is_complete else " It ended there: the next page goes on."
    what = "problem, solution and program" if wanted.text is not None else "the texts"
    return SamplePage(
        rows=tuple(rows),
        next_cursor=None if is_complete or last is None else _cursor_at(walk, last),
        search=SampleSearch(
            sentence=f"Looked into {what} of {rows_read:,} samples of run {walk.run['run_id'][:12]}.{rest}",
            rows_read=rows_read,
            is_complete=is_complete,
        ),
    )


def read_titles(archive: Archive, ends: Sequence[End]) -> dict[str, RowText]:
    """The texts of a page, as many as can be read while somebody waits; a store that is away shows none."""
    begun = time.monotonic()
    texts: dict[str, RowText] = {}
    by_output = sorted(ends, key=lambda end: end[0]["output_no"])
    for _, group in groupby(by_output, key=lambda end: end[0]["output_no"]):
        if time.monotonic() - begun > TITLE_SECONDS:
            break
        try:
            texts |= {end["subject_id"]: text for (_, end), text in texts_of(archive, list(group))}
        except StoreError:  # the table stands without titles; who opens a sample is told why it has no texts
            continue
    return texts


def _describe_sample(
    walk: Walk, output: Mapping[str, Any], end: Mapping[str, Any], text: RowText | None, published: set[str]
) -> SampleLine:
    title_of: Literal["problem", "program"] | None = None
    title = None
    if text is not None and (text.problem or text.program):
        title_of = "problem" if text.problem else "program"
        title = _first_line(text.problem or text.program or "")
    return SampleLine(
        sample_id=end["subject_id"],
        run_id=walk.run["run_id"],
        partition=walk.run["partition"],
        shard=output["shard"],
        stage=output["stage"],
        outcome=end["outcome"],
        reason=end["reason"],
        words=words_of(end["reason"]),
        detail=end["detail"],
        is_published=end["subject_id"] in published,
        domain=text.domain if text else None,
        difficulty=text.difficulty if text else None,
        title=title,
        title_of=title_of,
        answer=text.answer if text else None,
        model=walk.models.get(output["shard"]) or None,
    )


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1] + "…"


def _cursor_at(walk: Walk, end: End) -> str:
    output, row = end
    return encode_cursor(walk.run["run_id"], output["shard"], output["stage"], row["row"])


def _place_of(cursor: str | None, run_id: str) -> Place | None:
    if cursor is None:
        return None
    of_run, shard, stage, row = decode_cursor(cursor, 4)
    if of_run != run_id or stage not in STAGES:
        raise ConfigError("The cursor is of another run: begin with the first page.")
    return Place(shard=number_of(shard), stage=stage, row=number_of(row))
