"""One output into the tables: everything that is written here follows from its manifest and its rows.

Only the columns that the ledger keeps are read, and they go from Parquet through Arrow into COPY as whole columns.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from io import BytesIO
from typing import get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg2 import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from caco_tasks.errors import ConservationError, DamagedError, LedgerError
from caco_tasks.ledger.bulk import copy_table, storable
from caco_tasks.ledger.claims import keep_claims
from caco_tasks.ledger.difficulty_rows import CANDIDATES, MEASURES, copy_difficulties
from caco_tasks.ledger.models import insert_model
from caco_tasks.ledger.outputs import insert_output, insert_reasons, passed_of
from caco_tasks.pipeline import STAGES, StageSpec, mapped_stages
from caco_tasks.store.columns import check_columns
from caco_tasks.store.manifest import Manifest
from caco_tasks.store.record_rows import arrow_schema
from caco_tasks.store.registry import parse_model
from caco_tasks.store.store import Store

Columns = Mapping[str, pa.Array]  # by the path of the field, such as "seed.seed_id"

# sorted by the caller, so that two that load at once never wait for each other
_SOURCES = text("""
    INSERT INTO caco.source (source, revision, licence)
    SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:revisions AS text[]), CAST(:licences AS text[]))
    ON CONFLICT DO NOTHING
""")
_SOURCE_NUMBERS = text("SELECT source_no, source, revision, licence FROM caco.source")
_OPEN_FATES = text("SELECT caco.open_fates(CAST(:day AS date))")
_ATTACH_FATES = text("SELECT caco.attach_fates(CAST(:day AS date))")

_VERDICT = ("outcome", "reason", "detail")
_SEED = ("source", "revision", "licence", "key", "domain", "difficulty")
_PROGRAM = ("program.program_id", "program.code", "grade")
_ORIGIN = "program.origin"
_SELECTIONS = "selections"
_ATTEMPT = ("contender", "benchmark", "item", "number")


def canonical(manifest: Manifest) -> Manifest:
    """The manifest as it comes back from JSON: what has no JSON, such as NaN, becomes None."""
    return Manifest.model_validate_json(manifest.model_dump_json())


def read_columns(manifest: Manifest, store: Store) -> Columns:
    """What the ledger keeps of an output's rows, held against the manifest's hash and counts.

    Raises:
        DamagedError: they are not what the manifest says.
        ConservationError: a record is there twice.
        StoreError: the store cannot be used or has no such object.
    """
    spec = STAGES.get(manifest.stage)
    if spec is None or spec.writes.__name__ != manifest.record:
        raise DamagedError(
            f"The manifest of {manifest.uri} says that the stage '{manifest.stage}' wrote records of the class "
            f"'{manifest.record}', which this version does not know: rerun its stage, or update the package."
        )
    columns = _decode(manifest, _demand(manifest, store), spec)
    _check_counts(manifest, columns)
    return columns


def load(connection: Connection, manifest: Manifest, columns: Columns, store: Store, *, attach: bool = True) -> bool:
    """Registers an output and loads its rows, unless it is there; whether it was not.

    With `attach` false the fates of a new date stay in a bare table that nobody sees before `attach_fates`.

    Raises:
        LedgerError: the run that made it is not registered.
        ConservationError: it read another number of records than its inputs passed.
    """
    try:
        output_no = insert_output(connection, manifest)
        if output_no is None:  # somebody else has loaded it since we looked
            return False
        # an evaluation is made from a student, and reads none of the rows that this one has learnt from
        reads_inputs = bool(manifest.inputs) and STAGES[manifest.stage].reads is not None
        passed = passed_of(connection, manifest.inputs) if reads_inputs else None  # None: not all are registered yet
        if passed is not None and passed != manifest.read:
            raise ConservationError(
                f"The output {manifest.key} of '{manifest.stage}' read {manifest.read} records, but its inputs passed "
                f"{passed}: delete its manifest and rerun it."
            )
        _load_rows(connection, output_no, manifest, columns)
        if "own" in manifest.artifacts:
            _copy_own_rows(connection, output_no, manifest, store)
        if attach and "subject" in columns:
            attach_fates(connection, manifest.partition)
        if STAGES[manifest.stage].claims:  # last, for what it writes to the store is not undone with the transaction
            keep_claims(connection, store, manifest)
    except (IntegrityError, errors.IntegrityError) as exc:
        what = " ".join(str(getattr(exc, "orig", exc)).split())[:200]
        raise LedgerError(
            f"The output {manifest.key} of '{manifest.stage}' contradicts itself ({what}): delete its manifest and rerun it."
        ) from exc
    return True


def attach_fates(connection: Connection, partition: str) -> None:
    """Makes the fates of a date part of the ledger, with their indexes, unless they are."""
    connection.execute(_ATTACH_FATES, {"day": partition})


def subject_path(record: type) -> str:
    """The path of the id that a record keeps from stage to stage: its first field, or that of its first record.

    >>> from caco_tasks.records import Sample, SeedProgram
    >>> subject_path(Sample), subject_path(SeedProgram)
    ('sample_id', 'seed.seed_id')
    """
    first = fields(record)[0].name
    inner = get_type_hints(record)[first]
    return f"{first}.{subject_path(inner)}" if is_dataclass(inner) and isinstance(inner, type) else first


def _demand(manifest: Manifest, store: Store) -> bytes:
    data = store.get(manifest.uri)
    if data is None:
        raise DamagedError(f"There is no {manifest.uri} in {store.root}: delete its manifest and rerun its stage.")
    found = hashlib.sha256(data).hexdigest()
    if found != manifest.sha256:
        raise _damaged(manifest, f"its SHA-256 begins with {found[:16]}, not {manifest.sha256[:16]}")
    return data


def _decode(manifest: Manifest, data: bytes, spec: StageSpec) -> Columns:
    subject = subject_path(spec.writes)
    wanted = {"subject": subject, **{path: path for path in (*_VERDICT, *_more_columns(spec))}}
    if spec.gathers:
        wanted.pop("subject")  # such a stage passes everything, and ends nothing
    try:
        file = pq.ParquetFile(BytesIO(data))
        check_columns(file.schema_arrow, arrow_schema(spec.writes))  # all of them, though only some are read
        table = file.read(columns=list(wanted.values()), use_threads=False)
    except DamagedError as exc:
        raise _damaged(manifest, str(exc)) from exc
    except (pa.ArrowException, OSError) as exc:
        raise _damaged(manifest, "it is not readable as parquet") from exc
    schema = arrow_schema(spec.writes)
    return {name: _leaf(table, path.split("."), schema) for name, path in wanted.items()}


def _more_columns(spec: StageSpec) -> tuple[str, ...]:
    """What the ledger keeps of a record besides its fate."""
    record = spec.writes.__name__
    more: tuple[str, ...] = ()
    if record == "Seed":
        more += _SEED
    if record == "SeedProgram" and spec.adds == "program":
        more += _PROGRAM
    if record == "Sample" and spec.adds == "program":
        more += (_ORIGIN,)
    if "select" in spec.part_settings:
        more += (_SELECTIONS,)
    if MEASURES in spec.changes:
        more += (MEASURES, CANDIDATES)
    if record == "Attempt":
        more += _ATTEMPT
    return more + (("overlaps",) if spec.looks_up_benchmarks else ())


def _leaf(table: pa.Table, path: list[str], schema: pa.Schema) -> pa.Array:
    """A column by its path; one that an older version did not write yet is null."""
    kind = schema.field(path[0]).type
    column = table.column(path[0]).combine_chunks() if path[0] in table.column_names else None
    for name in path[1:]:
        kind = kind.field(name).type
        is_there = column is not None and column.type.get_field_index(name) >= 0
        column = pc.struct_field(column, name) if is_there else None
    return pa.nulls(table.num_rows, kind) if column is None else column


def _check_counts(manifest: Manifest, columns: Columns) -> None:
    outcomes = pc.value_counts(columns["outcome"])
    count = {one["values"]: one["counts"] for one in outcomes.to_pylist()}
    found = (len(columns["outcome"]), *(count.get(name, 0) for name in ("pass", "fail", "unknown")))
    said = (manifest.rows, manifest.passed, manifest.failed, manifest.unknown)
    if found != said:
        raise DamagedError(
            f"The output {manifest.uri} has rows, passed, failed, unknown {found}, its manifest says {said}: "
            "delete both and rerun the stage."
        )
    distinct = pc.count_distinct(columns["subject"]).as_py() if "subject" in columns else manifest.rows
    if distinct != manifest.rows:
        raise ConservationError(
            f"The output {manifest.key} of '{manifest.stage}' holds a record twice ({manifest.rows} rows, {distinct} "
            "records): delete its manifest and rerun it."
        )


def _load_rows(connection: Connection, output_no: int, manifest: Manifest, columns: Columns) -> None:
    spec = STAGES[manifest.stage]
    table = pa.table({name: columns[name] for name in ("outcome", "reason")})
    ended = table.filter(pc.not_equal(table["outcome"], "pass")).group_by(["outcome", "reason"])
    counted = ended.aggregate([([], "count_all")]).rename_columns(["outcome", "reason", "records"]).to_pylist()
    # what rules that only record have found decided nothing, so it is counted without an outcome
    recorded = [
        {"outcome": None, "reason": name, "records": count} for name, count in manifest.recorded.items() if count
    ]
    insert_reasons(connection, output_no, counted + recorded)
    if "model" in manifest.artifacts:
        insert_model(connection, output_no, parse_model(manifest.artifacts["model"], uri=manifest.uri))
    if "subject" in columns:
        _copy_fates(connection, output_no, manifest, columns)
    if "source" in columns:
        _copy_seeds(connection, output_no, columns)
    if "program.code" in columns:
        _copy_programs(connection, output_no, columns)
    if _ORIGIN in columns:
        _copy_parents(connection, output_no, columns)
    if _SELECTIONS in columns and "selector" in manifest.recipe:
        _copy_selections(connection, output_no, manifest.stage, columns)
    if MEASURES in columns:
        copy_difficulties(connection, output_no, columns)
    if "contender" in columns:
        kept = {name: columns[name] for name in (*_ATTEMPT, "outcome")}
        copy_table(
            connection, "attempt", {"attempt_id": columns["subject"], **kept}, constants={"output_no": output_no}
        )
    if spec.looks_up_benchmarks:
        _copy_overlaps(connection, output_no, columns)


def _copy_fates(connection: Connection, output_no: int, manifest: Manifest, columns: Columns) -> None:
    """The rows that ended here; the table of their date is made bare where this is its first output."""
    connection.execute(_OPEN_FATES, {"day": manifest.partition})
    has_ended: pa.Array = pc.not_equal(columns["outcome"], "pass")
    # what passed has nothing to explain, and would take room in every row
    detail = pc.if_else(has_ended, columns["detail"], pa.scalar(None, pa.string()))
    kept = {
        "subject": columns["subject"],
        "row": pa.array(np.arange(manifest.rows, dtype=np.int32)),
        "outcome": columns["outcome"],
        "reason": columns["reason"],
        "detail": detail,
    }
    if manifest.stage != mapped_stages(manifest.pipeline)[-1].name:  # what passed goes on, and ends elsewhere
        kept = {name: column.filter(has_ended) for name, column in kept.items()}
    table = "fate_" + manifest.partition.replace("-", "_")
    # straight into the table of the date: it may not be attached yet, and is found without routing each row
    copy_table(connection, table, kept, constants={"partition": manifest.partition, "output_no": output_no})


def _copy_seeds(connection: Connection, output_no: int, columns: Columns) -> None:
    names = ("source", "revision", "licence")
    found = pa.table({name: storable(columns[name]) for name in names})
    distinct = found.group_by(list(names)).aggregate([]).sort_by([(name, "ascending") for name in names])
    values = {f"{name}s": distinct[name].to_pylist() for name in names}
    connection.execute(_SOURCES, values)
    numbers = {(row.source, row.revision, row.licence): row.source_no for row in connection.execute(_SOURCE_NUMBERS)}
    keys = [tuple(row.values()) for row in distinct.select(list(names)).to_pylist()]
    # each row's source by its number: looked up in the few distinct ones, all at once
    joined = [pc.binary_join_element_wise(*(table[name] for name in names), "\0") for table in (found, distinct)]
    places = pc.index_in(joined[0], joined[1].combine_chunks()).combine_chunks()
    kept = {
        "seed_id": columns["subject"],
        "source_no": pa.array([numbers[key] for key in keys], pa.int32()).take(places),
        **{name: columns[name] for name in ("key", "domain", "difficulty")},
    }
    copy_table(connection, "seed", kept, constants={"output_no": output_no})


def _copy_programs(connection: Connection, output_no: int, columns: Columns) -> None:
    """The programs that were found for seeds, verified or not."""
    is_there = pc.is_valid(columns["program.program_id"])
    code = columns["program.code"]
    # as str.splitlines counts: a last line counts whether or not it is ended, an empty text has none
    is_ended = pc.cast(pc.or_(pc.ends_with(code, "\n"), pc.equal(code, "")), pa.int32())
    lines = pc.subtract(pc.add(pc.count_substring(code, "\n"), 1), is_ended)
    kept = {
        "seed_id": columns["subject"],
        "program_id": columns["program.program_id"],
        "grade": columns["grade"],
        "row": pa.array(np.arange(len(code), dtype=np.int32)),
        "code_chars": pc.utf8_length(code),
        "code_lines": lines,
    }
    present = {name: column.filter(is_there) for name, column in kept.items()}
    copy_table(connection, "program", present, constants={"output_no": output_no})


def _copy_own_rows(connection: Connection, output_no: int, manifest: Manifest, store: Store) -> None:
    """The published rows that a CodeGen has learnt from."""
    uri, sha256 = (str(manifest.artifacts["own"][name]) for name in ("uri", "sha256"))
    data = store.get(uri) or b""
    try:
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(manifest, f"{uri} is not what the manifest says")
        table = pq.ParquetFile(BytesIO(data)).read(columns=["sample_id", "dataset"], use_threads=False)
    except (pa.ArrowException, OSError) as exc:
        raise _damaged(manifest, f"{uri} is not readable as parquet") from exc
    kept = {name: table[name].combine_chunks() for name in table.column_names}
    copy_table(connection, "own_row", kept, constants={"output_no": output_no})


def _copy_parents(connection: Connection, output_no: int, columns: Columns) -> None:
    """The programs that programs were made of, numbered within each sample."""
    is_made = pc.is_valid(columns[_ORIGIN])
    origin, samples = columns[_ORIGIN].filter(is_made), columns["subject"].filter(is_made)
    if not len(origin):
        return
    parents, seeds = pc.struct_field(origin, "parents"), pc.struct_field(origin, "seeds")
    owners = pc.list_parent_indices(parents)
    counts = pc.list_value_length(parents).to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.cumsum(counts) - counts  # where each sample's parents begin among all
    kept = {
        "sample_id": samples.take(owners),
        "number": pa.array(np.arange(len(owners)) - starts[owners.to_numpy()], pa.int32()),
        **{name: pc.struct_field(origin, name).take(owners) for name in ("kind", "operator")},
        "program_id": pc.list_flatten(parents),
        "seed_id": pc.list_flatten(seeds),
    }
    copy_table(connection, "program_parent", kept, constants={"output_no": output_no})


def _copy_selections(connection: Connection, output_no: int, stage: str, columns: Columns) -> None:
    """What a selector said of each sample before this stage."""
    said, owners = pc.list_flatten(columns[_SELECTIONS]), pc.list_parent_indices(columns[_SELECTIONS])
    is_here = pc.equal(pc.struct_field(said, "stage"), stage)
    kept = {
        "sample_id": columns["subject"].take(owners),
        **{name: pc.struct_field(said, name) for name in ("probability", "threshold", "is_explored", "domain")},
    }
    kept = {name: column.filter(is_here) for name, column in kept.items()}
    copy_table(connection, "selection", kept, constants={"output_no": output_no})


def _copy_overlaps(connection: Connection, output_no: int, columns: Columns) -> None:
    """The evidence of what did not pass, numbered within each record."""
    has_ended = pc.not_equal(columns["outcome"], "pass")
    overlaps = columns["overlaps"].filter(has_ended)
    parents = pc.list_parent_indices(overlaps)
    counts = pc.fill_null(pc.list_value_length(overlaps), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    starts = np.cumsum(counts) - counts  # where each record's findings begin among all
    evidence = pc.list_flatten(overlaps)
    kept = {
        "subject": columns["subject"].filter(has_ended).take(parents),
        "number": pa.array(np.arange(len(parents)) - starts[parents.to_numpy()], pa.int32()),
        **{name: pc.struct_field(evidence, name) for name in ("benchmark", "item", "rule", "score", "matched_text")},
    }
    copy_table(connection, "benchmark_overlap", kept, constants={"output_no": output_no})


def _damaged(manifest: Manifest, why: str) -> DamagedError:
    return DamagedError(
        f"The output {manifest.uri} is damaged ({why}): delete it and its manifest and rerun its stage."
    )
