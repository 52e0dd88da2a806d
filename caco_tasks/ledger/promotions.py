"""Which version of a dataset counts for a date: the decisions, and what follows from them."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_rows
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import Promotion, Promotions, promotions_uri
from caco_tasks.store.store import Store

Decide = Callable[[Sequence[Promotion], str | None], Promotion | None]  # of what was decided, and what counts now

# whoever decides on a date waits for whoever decides on it now
_WAIT = text("SELECT pg_advisory_xact_lock(hashtextextended('caco.promotion ' || :dataset || ' ' || :partition, 0))")
_HISTORY = text("""
    SELECT made.version, replaced.version AS replaced, is_roll_back, by, because, at
    FROM caco.dataset_promotion AS promotion
    JOIN caco.dataset AS made USING (dataset_no)
    LEFT JOIN caco.dataset AS replaced ON replaced.dataset_no = replaced_no
    WHERE promotion.dataset = :dataset AND promotion.partition = CAST(:partition AS date)
    ORDER BY number
""")
_INSERT = text("""
    INSERT INTO caco.dataset_promotion
        (dataset, partition, number, dataset_no, replaced_no, is_roll_back, by, because, at)
    SELECT
        :dataset, CAST(:partition AS date), :number, made.dataset_no, replaced.dataset_no, :is_roll_back, :by, :because,
        CAST(:at AS timestamptz)
    FROM caco.dataset AS made
    LEFT JOIN caco.dataset AS replaced ON replaced.dataset = :dataset AND replaced.version = :replaced
    WHERE made.dataset = :dataset AND made.version = :version
    ON CONFLICT ON CONSTRAINT one_promotion_per_dataset_date_and_number DO NOTHING
""")
_CURRENT = text("""
    SELECT dataset, version, CAST(partition AS text) AS partition
    FROM caco.dataset_standing
    WHERE standing = 'current' AND dataset = :dataset
        AND partition BETWEEN CAST(:first AS date) AND CAST(:last AS date)
    ORDER BY partition
""")
_STANDING = text("SELECT standing FROM caco.dataset_standing WHERE dataset = :dataset AND version = :version")
_WAITING = text("""
    SELECT dataset || '/' || version FROM caco.dataset_standing
    WHERE dataset_no IN (
            SELECT dataset_no FROM caco.dataset WHERE run_id = CAST(:run_id AS uuid) AND facts -> 'release' IS NULL)
        AND (state = 'staged' OR standing = 'waiting')
    ORDER BY version DESC
""")
_NAMES = text("""
    SELECT DISTINCT standing.dataset
    FROM caco.dataset_standing AS standing JOIN caco.dataset USING (dataset_no)
    WHERE standing.standing = 'current' AND dataset.facts -> 'release' IS NULL
        AND standing.partition BETWEEN CAST(:first AS date) AND CAST(:last AS date)
    ORDER BY 1
""")
_RECALLED = text("""
    SELECT DISTINCT caco.hex(sample_id) AS sample_id
    FROM caco.dataset
    JOIN caco.dataset_row USING (dataset_no)
    JOIN (SELECT DISTINCT sample_id FROM caco.dataset_tombstone) AS tombstone USING (sample_id)
    WHERE dataset.dataset || '/' || dataset.version = ANY(CAST(:datasets AS text[]))
""")


def decide(connection: Connection, dataset: str, partition: str, store: Store, decision: Decide) -> Promotion | None:
    """Lets `decision` say which version counts, and writes that down, in the store too; one after the other.

    The store is written while the ledger's transaction is open: whoever is killed between the two has changed nothing that
    a reader of the ledger sees, and the next decision on the date finds what the store was told.
    """
    connection.execute(_WAIT, {"dataset": dataset, "partition": partition})
    uri = promotions_uri(dataset, partition)
    found = store.get(uri)
    told = list(parse_stored(Promotions, found, uri=uri).history) if found is not None else []
    history = max(told, promotions_of(connection, dataset, partition), key=len)
    if history:
        insert_promotions(connection, Promotions(dataset=dataset, partition=partition, history=tuple(history)))
    current = current_versions(connection, dataset, partition, partition)
    change = decision(history, current[0]["version"] if current else None)
    if change is not None:
        decided = Promotions(dataset=dataset, partition=partition, history=(*history, change))
        insert_promotions(connection, decided)
        store.put(uri, decided.model_dump_json(indent=1).encode())
    return change


def promotions_of(connection: Connection, dataset: str, partition: str) -> list[Promotion]:
    """The decisions on a date of a dataset, oldest first."""
    rows = connection.execute(_HISTORY, {"dataset": dataset, "partition": partition})
    return [Promotion.model_validate(dict(row._mapping)) for row in rows]


def insert_promotions(connection: Connection, found: Promotions) -> None:
    """Writes decisions down; those that are there stay, as does the order."""
    for number, change in enumerate(found.history):
        values = change.model_dump(mode="json")
        connection.execute(
            _INSERT, {**values, "dataset": found.dataset, "partition": found.partition, "number": number}
        )


def current_versions(connection: Connection, dataset: str, first: str, last: str) -> Sequence[Row]:
    """The version that counts for each date from `first` to `last`, in the order of the dates."""
    return read_rows(connection, _CURRENT, {"dataset": dataset, "first": first, "last": last})


def standing_of(connection: Connection, dataset: str, version: str) -> str | None:
    """current, waiting or superseded; None of one that is staged, withdrawn or not registered."""
    found: str | None = connection.execute(_STANDING, {"dataset": dataset, "version": version}).scalar()
    return found


def waiting_of_run(connection: Connection, run_id: str) -> list[str]:
    """The datasets of a run, as `name/version`, that only a promotion makes count for their date, newest first."""
    return list(connection.execute(_WAITING, {"run_id": run_id}).scalars())


def names_that_count(connection: Connection, first: str, last: str) -> list[str]:
    """The names of the datasets, releases left out, that count for any date from `first` to `last`."""
    return list(connection.execute(_NAMES, {"first": first, "last": last}).scalars())


def recalled_samples(connection: Connection, datasets: Sequence[str]) -> list[str]:
    """The samples in these datasets, each named name/version, that were taken out of any version of a dataset."""
    return list(connection.execute(_RECALLED, {"datasets": list(datasets)}).scalars())
