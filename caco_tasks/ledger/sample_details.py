"""What is asked of one sample: where it ended in which runs, the outputs that saw it, and what hangs on it."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from caco_tasks.errors import UnknownIdError
from caco_tasks.ledger.answer_rows import Row, read_first, read_rows

# of the runs that have a sample, the one that published it, else the newest, comes first
_ENDS = text("""
    SELECT run.run_no, caco.hex(run.run_id) AS run_id, run.pipeline, CAST(run.partition AS text) AS partition,
        run.config ->> 'name' AS config, place.shard, CAST(place.stage AS text) AS stage, output.output_no,
        output.uri, output.sha256, output.record, fate.row,
        CAST(fate.outcome AS text) AS outcome, CAST(fate.reason AS text) AS reason, fate.detail
    FROM caco.fate
    JOIN caco.output ON output.output_no = fate.output_no AND output.partition = fate.partition
    JOIN caco.run_output AS place ON place.output_no = fate.output_no AND place.is_current
    JOIN caco.run ON run.run_no = place.run_no
    WHERE fate.subject = CAST(:subject AS uuid)
    ORDER BY EXISTS (
            SELECT FROM caco.dataset_row JOIN caco.dataset USING (dataset_no)
            WHERE dataset_row.sample_id = fate.subject AND dataset.run_id = run.run_id) DESC,
        run.partition DESC, coalesce(run.planned_at, run.created_at) DESC, run.run_id
    LIMIT 50
""")
_CHAIN = text("""
    SELECT CAST(place.stage AS text) AS stage, caco.hex(output.key) AS key, output.uri, output.sha256, place.is_reused,
        output.models, output.prompts, output.recipe, output.code_version, output.sandbox_level, output.sandbox_version
    FROM caco.run_output AS place
    JOIN caco.output USING (output_no)
    WHERE place.run_no = :run_no AND place.shard = :shard AND place.is_current
        AND place.stage <= CAST(:stage AS caco.stage) AND place.stage NOT IN ('train', 'publish', 'student')
    ORDER BY place.stage
""")
_OVERLAPS = text("""
    SELECT benchmark, item, rule, score, matched_text FROM caco.benchmark_overlap
    WHERE output_no = :output_no AND subject = CAST(:subject AS uuid) ORDER BY number LIMIT 100
""")
_CODEGENS = text("""
    SELECT model.model_id, own_row.dataset, model.accepted
    FROM caco.own_row JOIN caco.model USING (output_no)
    WHERE own_row.sample_id = CAST(:subject AS uuid)
    ORDER BY model.output_no LIMIT 200
""")
_DATASETS = text("""
    SELECT dataset.dataset, dataset.version, dataset.rows, CAST(coalesce(last.state, 'published') AS text) AS state,
        caco.hex(dataset.run_id) AS run_id
    FROM caco.dataset_row
    JOIN caco.dataset USING (dataset_no)
    LEFT JOIN LATERAL (
        SELECT state FROM caco.dataset_state WHERE dataset_state.dataset_no = dataset.dataset_no
        ORDER BY number DESC LIMIT 1
    ) AS last ON true
    WHERE dataset_row.sample_id = CAST(:subject AS uuid)
    ORDER BY dataset.partition DESC, dataset.version DESC, dataset.dataset
    LIMIT 100
""")
_AUDITS = text("""
    SELECT person, CAST(answer AS text) AS answer, CAST(wrong_part AS text) AS wrong_part, note, answered_at
    FROM caco.audit
    WHERE run_id = CAST(:run_id AS uuid) AND subject_id = CAST(:subject AS uuid)
    ORDER BY answered_at LIMIT 100
""")
_SOURCES = text("""
    SELECT source.source, source.revision, source.licence, count(*) AS seeds,
        count(program.program_id) AS verified
    FROM caco.run
    JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current AND place.stage = 'seeds'
    JOIN caco.seed ON seed.output_no = place.output_no
    JOIN caco.source USING (source_no)
    LEFT JOIN caco.run_output AS found
        ON found.run_no = run.run_no AND found.is_current AND found.stage = 'unify' AND found.shard = place.shard
    LEFT JOIN caco.program ON program.output_no = found.output_no AND program.seed_id = seed.seed_id
    WHERE run.run_id = CAST(:run_id AS uuid)
    GROUP BY source.source, source.revision, source.licence
    ORDER BY count(*) DESC, source.source
    LIMIT 200
""")
_SEED = text("""
    SELECT source.source, source.revision, source.licence, seed.key, seed.domain, seed.difficulty,
        CAST(program.grade AS text) AS grade
    FROM caco.seed
    JOIN caco.source USING (source_no)
    LEFT JOIN caco.program ON program.seed_id = seed.seed_id
    WHERE seed.seed_id = CAST(:subject AS uuid)
    LIMIT 1
""")


def ends_of(connection: Connection, subject: str) -> list[Row]:
    """Where a sample ended, in each run that has it now; the one that published it first, else the newest.

    Raises:
        UnknownIdError: no run has it now.
    """
    found = read_rows(connection, _ENDS, {"subject": subject})
    if not found:
        raise UnknownIdError(f"The sample {subject} is in no current output of a run: every run has moved on from it.")
    return found


def chain_of(connection: Connection, end: Row) -> list[Row]:
    """The outputs that saw a sample, by stage; `end` is one of `ends_of`."""
    values = {"run_no": end["run_no"], "shard": end["shard"], "stage": end["stage"]}
    return read_rows(connection, _CHAIN, values)


def overlaps_of(connection: Connection, output_no: int, subject: str) -> list[Row]:
    """The evidence of overlap with benchmarks for which a record was rejected."""
    return read_rows(connection, _OVERLAPS, {"output_no": output_no, "subject": subject})


def datasets_with(connection: Connection, subject: str) -> list[Row]:
    """The datasets that hold a sample, the newest first."""
    return read_rows(connection, _DATASETS, {"subject": subject})


def codegens_with(connection: Connection, subject: str) -> list[Row]:
    """The CodeGens that learnt from a sample, each with the run that trained it and the dataset that it was read from."""
    return read_rows(connection, _CODEGENS, {"subject": subject})


def audits_of(connection: Connection, run_id: str, subject: str) -> list[Row]:
    """What people said of a sample as a run has it."""
    return read_rows(connection, _AUDITS, {"run_id": run_id, "subject": subject})


def sources_of(connection: Connection, seed_run_id: str) -> Sequence[Row]:
    """The sources of a seeds run; `verified` counts the seeds for which a program was found."""
    return read_rows(connection, _SOURCES, {"run_id": seed_run_id})


def seed_of(connection: Connection, subject: str) -> Row | None:
    """What the ledger says of a seed."""
    return read_first(connection, _SEED, {"subject": subject})
