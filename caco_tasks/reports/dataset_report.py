"""The datasets: what is in them, where their files lie, how they load, and what people and students say of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from caco_tasks.errors import DamagedError, StoreError, UnknownIdError
from caco_tasks.ledger import audit_queries, dataset_queries, run_queries, sample_details
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.scores import gains, scores
from caco_tasks.publishing.dataset_row import COLUMNS, SCHEMA
from caco_tasks.publishing.load_lines import load_code
from caco_tasks.publishing.states import NEXT, split_name
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.cursors import day_of, decode_cursor, encode_cursor, number_of
from caco_tasks.reports.recall_words import facts_of_dataset
from caco_tasks.reports.report_parts import DatasetRef, Json, Report, RunRef, Share, dataset_ref, run_ref, share_of
from caco_tasks.reports.source_links import source_link
from caco_tasks.store.registry import dataset_folder

MAX_DATASETS = 200
MAX_ROWS = 100
READABLE = ("instruction", "output", "answer", "code", "domain", "difficulty", "licence", "sample_id")


class DatasetLine(Report):
    """One dataset in a table."""

    dataset: str
    version: str
    state: str  # staged, published or withdrawn
    standing: str | None  # current, waiting or superseded among those of its date; None: staged or withdrawn
    partition: str
    rows: int
    bytes: int
    run: RunRef
    licences: tuple[str, ...]
    changed_by: str | None
    because: str | None
    changed_at: str | None


class DatasetPage(Report):
    """A page of datasets, the newest first."""

    rows: tuple[DatasetLine, ...]
    next_cursor: str | None


class StateChange(Report):
    """A state that the dataset was given."""

    state: str
    by: str
    because: str
    at: str


class DatasetFileReport(Report):
    """One of its files."""

    uri: str  # below the store's root
    rows: int
    bytes: int
    sha256: str


class LicenceReport(Report):
    """A licence behind it."""

    source: str
    revision: str
    licence: str
    link: str | None
    seeds: int


class LoadCommand(Report):
    """Something to paste."""

    title: str
    language: str  # shell or python
    command: str


class DatasetScore(Report):
    """What a student that was trained on it scored."""

    run: RunRef
    benchmark: str
    base: Share
    student: Share
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    p: float | None
    is_protected: bool | None


class AuditRate(Report):
    """How often a check errs on the run behind it, by the answers of people."""

    check_name: str
    rows_judged: int
    people: int
    wrong_of_passed: float | None
    wrong_of_passed_low: float | None
    wrong_of_passed_high: float | None


class DatasetReport(Report):
    """All of one dataset."""

    line: DatasetLine
    code_version: str
    card: str | None  # Markdown; None: the store has not got it
    states: tuple[StateChange, ...]  # oldest first
    can_become: tuple[str, ...]
    files: tuple[DatasetFileReport, ...]
    facts: dict[str, Json]  # of its manifest, and what superseded it, was taken out of it, or recalled
    licences: tuple[LicenceReport, ...]
    load_commands: tuple[LoadCommand, ...]
    scores: tuple[DatasetScore, ...]
    audit_rates: tuple[AuditRate, ...]
    columns: dict[str, str]  # name -> what it is
    others: tuple[DatasetRef, ...]  # other versions of the same name, newest first
    current: str | None  # the version that counts for its date, where that is another one


class DatasetRow(Report):
    """One published row, with the columns that people read."""

    number: int  # within the dataset, from 0
    sample_id: str
    problem: str | None  # None: the file lacks the column
    solution: str | None
    answer: str | None
    code: str | None
    domain: str | None
    difficulty: int | None
    licence: str | None


class DatasetRows(Report):
    """Some rows of a dataset, in its order."""

    rows: tuple[DatasetRow, ...]
    total: int
    next_cursor: str | None


def list_datasets(archive: Archive, *, cursor: str | None = None, limit: int = 50) -> DatasetPage:
    """A page of datasets.

    Raises:
        ConfigError: the cursor is not one of ours.
        LedgerError: the ledger cannot be used.
    """
    after: tuple[str, int] | None = None
    if cursor is not None:
        partition, number = decode_cursor(cursor, 2)
        after = day_of(partition), number_of(number)
    with archive.ledger.reading() as connection:
        rows = dataset_queries.page_of_datasets(connection, after=after, most=limit + 1)
        lines = [describe_dataset(connection, row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor(last["partition"], last["dataset_no"]) if last is not None else None
    return DatasetPage(rows=tuple(lines), next_cursor=next_cursor)


def newest_dataset(archive: Archive, connection: Connection) -> DatasetLine | None:
    """The dataset of the newest date; None where there is none."""
    rows = dataset_queries.page_of_datasets(connection, after=None, most=1)
    return describe_dataset(connection, rows[0]) if rows else None


def read_dataset_line(archive: Archive, name: str) -> DatasetLine:
    """One dataset, named name/version, as a line of a table.

    Raises:
        UnknownIdError: there is no such dataset.
        ConfigError: the name is none.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        return describe_dataset(connection, _find(connection, *split_name(name)))


def scores_of(archive: Archive, name: str) -> tuple[DatasetScore, ...]:
    """What the students scored that were trained on a dataset, named name/version.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        return tuple(_scores(connection, name))


def dataset_report(archive: Archive, dataset: str, version: str) -> DatasetReport:
    """All of a dataset.

    Raises:
        UnknownIdError: there is no such dataset.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        row = _find(connection, dataset, version)
        sources = sample_details.sources_of(connection, row["seed_run_id"]) if row["seed_run_id"] else []
        return DatasetReport(
            line=describe_dataset(connection, row),
            code_version=row["code_version"],
            card=_read_card(archive, dataset, version),
            states=tuple(
                StateChange(state=one["state"], by=one["by"], because=one["because"], at=one["at"].isoformat())
                for one in dataset_queries.states_of(connection, row["dataset_no"])
            ),
            can_become=tuple(NEXT.get(row["state"], ())),
            files=tuple(
                DatasetFileReport(**{key: file[key] for key in DatasetFileReport.model_fields}) for file in row["files"]
            ),
            facts=facts_of_dataset(connection, row),
            licences=tuple(
                LicenceReport(
                    source=one["source"],
                    revision=one["revision"],
                    licence=one["licence"],
                    link=source_link(one["source"]),
                    seeds=one["seeds"],
                )
                for one in sources
            ),
            load_commands=_load_commands(archive, row),
            scores=tuple(_scores(connection, f"{dataset}/{version}")),
            audit_rates=tuple(
                AuditRate(
                    check_name=one["check_name"],
                    rows_judged=one["rows_judged"],
                    people=one["people"],
                    wrong_of_passed=one["wrong_of_passed_share"],
                    wrong_of_passed_low=one["wrong_of_passed_low"],
                    wrong_of_passed_high=one["wrong_of_passed_high"],
                )
                for one in audit_queries.confusion_of_checks(connection, row["run_id"])
            ),
            columns=COLUMNS,
            others=tuple(dataset_ref(one) for one in dataset_queries.other_versions(connection, dataset, version)),
            current=dataset_queries.current_beside(connection, row["dataset_no"]),
        )


def dataset_rows(
    archive: Archive, dataset: str, version: str, *, cursor: str | None = None, limit: int = 20
) -> DatasetRows:
    """Some of its rows.

    Raises:
        UnknownIdError: there is no such dataset.
        CacoError: ledger or store cannot be used.
    """
    start = 0
    if cursor is not None:
        start = number_of(decode_cursor(cursor, 1)[0])
    with archive.ledger.reading() as connection:
        row = _find(connection, dataset, version)
    found = tuple(_read_rows(archive, row["files"], start, limit))
    is_last = start + limit >= row["rows"] or not found
    return DatasetRows(rows=found, total=row["rows"], next_cursor=None if is_last else encode_cursor(start + limit))


def describe_dataset(connection: Connection, row: Mapping[str, Any]) -> DatasetLine:
    """A row of `dataset_queries` as a line of a table."""
    licences = dataset_queries.licences_behind(connection, row["seed_run_id"]) if row["seed_run_id"] else []
    return DatasetLine(
        dataset=row["dataset"],
        version=row["version"],
        state=row["state"],
        standing=row["standing"],
        partition=row["partition"],
        rows=row["rows"],
        bytes=sum(int(file["bytes"]) for file in row["files"]),
        run=run_ref(row),
        licences=tuple(licences),
        changed_by=row["changed_by"],
        because=row["because"],
        changed_at=row["changed_at"].isoformat() if row["changed_at"] else None,
    )


def _find(connection: Connection, dataset: str, version: str) -> Mapping[str, Any]:
    row = dataset_queries.find_dataset(connection, dataset, version)
    if row is None:
        raise UnknownIdError(
            f"There is no dataset '{dataset}/{version}': `caco dataset list` shows those that are there."
        )
    return row


def _read_card(archive: Archive, dataset: str, version: str) -> str | None:
    """The card as it lies beside the files; None where the store has none, or is away."""
    try:
        found = archive.store.get(f"{dataset_folder(dataset, version)}/README.md")
    except StoreError:  # the rest of the page does not need it
        return None
    return None if found is None else found.decode("utf-8", "replace")


def _load_commands(archive: Archive, row: Mapping[str, Any]) -> tuple[LoadCommand, ...]:
    """What loads it when pasted, on a machine that reaches the store."""
    name = f"{row['dataset']}/{row['version']}"
    commands = [
        LoadCommand(
            title="Messages for a trainer", language="shell", command=f"caco export {name} --format messages --out out"
        ),
        LoadCommand(title="Every row computed anew", language="shell", command=f"caco verify {name}"),
    ]
    code = load_code(archive.connections.store, row["dataset"], row["version"])
    commands.insert(0, LoadCommand(title="Hugging Face Datasets", language="python", command=code))
    return tuple(commands)


def _scores(connection: Connection, name: str) -> Iterator[DatasetScore]:
    for row in run_queries.evaluations_of(connection, [name]):
        by_place = {(one.benchmark, one.contender): one for one in scores(connection, row["run_id"])}
        for gain in gains(connection, row["run_id"]):
            base, student = by_place.get((gain.benchmark, "base")), by_place.get((gain.benchmark, "student"))
            if base is None or student is None:
                continue
            yield DatasetScore(
                run=run_ref(row),
                benchmark=gain.benchmark,
                base=share_of(base.right_answers, base.right_answers + base.wrong),
                student=share_of(student.right_answers, student.right_answers + student.wrong),
                gain=gain.gain,
                gain_low=gain.gain_low,
                gain_high=gain.gain_high,
                p=gain.p,
                is_protected=student.is_protected,
            )


def _read_rows(archive: Archive, files: Sequence[Mapping[str, Any]], start: int, limit: int) -> Iterator[DatasetRow]:
    """Rows from a place in the dataset on: only the groups of rows that hold them are read."""
    first = 0  # row of the dataset with which a file begins
    for file in files:
        end = first + int(file["rows"])
        if end > start and first < start + limit:
            for row, values in _rows_of_file(
                archive, file["uri"], max(start, first) - first, min(start + limit, end) - first
            ):
                yield DatasetRow(
                    number=first + row,
                    sample_id=str(values["sample_id"]),
                    problem=values.get("instruction"),
                    solution=values.get("output"),
                    answer=values.get("answer"),
                    code=values.get("code"),
                    domain=values.get("domain"),
                    difficulty=values.get("difficulty"),
                    licence=values.get("licence"),
                )
        first = end


def _rows_of_file(archive: Archive, uri: str, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = archive.store.open(uri)
    if file is None:
        raise StoreError(f"There is no {uri} in {archive.store.root}: publish the dataset again.")
    with file:
        try:
            parquet = pq.ParquetFile(file)
            columns = [name for name in READABLE if name in parquet.schema_arrow.names and name in SCHEMA.names]
            first = 0
            for group in range(parquet.num_row_groups):
                rows = parquet.metadata.row_group(group).num_rows
                if first + rows > start and first < stop:
                    table = parquet.read_row_group(group, columns=columns, use_threads=False)
                    begin = max(start - first, 0)
                    for place, values in enumerate(
                        table.slice(begin, min(stop - first, rows) - begin).to_pylist(), begin
                    ):
                        yield first + place, values
                first += rows
        except (pa.ArrowException, OSError) as exc:
            raise DamagedError(f"{uri} is not readable as parquet: publish the dataset again.") from exc
