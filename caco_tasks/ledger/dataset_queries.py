"""What the windows ask of datasets: pages of them, one of them, and its states."""

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_first, read_rows

_COLUMNS = """
    dataset.dataset_no, dataset.dataset, dataset.version, dataset.rows, CAST(dataset.partition AS text) AS partition,
    dataset.files, dataset.facts, dataset.code_version, caco.hex(run.run_id) AS run_id, run.pipeline,
    run.config ->> 'name' AS config, caco.hex(run.seed_run_id) AS seed_run_id,
    CAST(coalesce(last.state, 'published') AS text) AS state, last.by AS changed_by, last.because, last.at AS changed_at,
    standing.standing
    FROM caco.dataset
    LEFT JOIN caco.dataset_standing AS standing USING (dataset_no)
    JOIN caco.run ON run.run_id = dataset.run_id
    LEFT JOIN LATERAL (
        SELECT state, by, because, at FROM caco.dataset_state
        WHERE dataset_state.dataset_no = dataset.dataset_no ORDER BY number DESC LIMIT 1
    ) AS last ON true
"""
_PAGE = text(f"""
    SELECT {_COLUMNS}
    WHERE CAST(:after AS date) IS NULL OR (dataset.partition, dataset.dataset_no) < (CAST(:after AS date), :after_no)
    ORDER BY dataset.partition DESC, dataset.dataset_no DESC
    LIMIT :most
""")
_ONE = text(f"SELECT {_COLUMNS} WHERE dataset.dataset = :dataset AND dataset.version = :version")
_OTHERS = text(f"""
    SELECT {_COLUMNS}
    WHERE dataset.dataset = :dataset AND dataset.version <> :version
    ORDER BY dataset.partition DESC, dataset.dataset_no DESC
    LIMIT 50
""")
_CURRENT = text("""
    SELECT current.version
    FROM caco.dataset AS this
    JOIN caco.dataset_standing AS current ON current.dataset = this.dataset AND current.partition = this.partition
    WHERE this.dataset_no = :dataset_no AND current.standing = 'current' AND current.dataset_no <> this.dataset_no
""")
_STATES = text("""
    SELECT CAST(state AS text) AS state, by, coalesce(because, '–') AS because, at
    FROM caco.dataset_state WHERE dataset_no = :dataset_no ORDER BY number LIMIT 200
""")
_LICENCES = text("""
    SELECT DISTINCT source.source, source.licence
    FROM caco.run
    JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current AND place.stage = 'seeds'
    JOIN caco.output USING (output_no)
    CROSS JOIN LATERAL (
        SELECT DISTINCT source_no FROM caco.seed WHERE seed.output_no = output.output_no
    ) AS named
    JOIN caco.source USING (source_no)
    WHERE run.run_id = ANY(CAST(:run_ids AS uuid[]))
    LIMIT 500
""")


def page_of_datasets(connection: Connection, *, after: tuple[str, int] | None, most: int) -> list[Row]:
    """Datasets, the newest date first, behind a partition and number."""
    values = {"after": after[0] if after else None, "after_no": after[1] if after else 0, "most": most}
    return read_rows(connection, _PAGE, values)


def find_dataset(connection: Connection, dataset: str, version: str) -> Row | None:
    """One dataset."""
    return read_first(connection, _ONE, {"dataset": dataset, "version": version})


def other_versions(connection: Connection, dataset: str, version: str) -> list[Row]:
    """The other versions of a dataset, newest first."""
    return read_rows(connection, _OTHERS, {"dataset": dataset, "version": version})


def current_beside(connection: Connection, dataset_no: int) -> str | None:
    """The version that counts for the date of a dataset, where that is another one."""
    row = read_first(connection, _CURRENT, {"dataset_no": dataset_no})
    return None if row is None else str(row["version"])


def states_of(connection: Connection, dataset_no: int) -> list[Row]:
    """All states that a dataset was given, oldest first."""
    return read_rows(connection, _STATES, {"dataset_no": dataset_no})


def licences_behind(connection: Connection, seed_run_id: str) -> list[str]:
    """The licences of the seeds that a run read."""
    rows = read_rows(connection, _LICENCES, {"run_ids": [seed_run_id]})
    return sorted({str(row["licence"]) for row in rows})
