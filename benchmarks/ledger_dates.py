"""How long the ledger's questions take over many dates, each with a large nightly run.

One date is made and loaded as `caco bench ledger` does. The others are made of it within Postgres: its run, outputs and
fates again, under ids and a date of their own, which is faster than loading and leaves the same tables, indexes and
statistics. Then the questions of the pages, and every recipe of the cookbook that asks Postgres, are asked as they come.

    caco bench ledger_dates                            50,000 samples on each of 4 dates
    python benchmarks/ledger_dates.py 5000000 20       a hundred million fates: needs 12 GB of disk
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from caco_tasks.errors import CacoError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.recipes import list_recipes
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import seconds_of
from dedup import own_postgres
from ledger import LOOKED_UP, PARTITION, load_made_run

SAMPLES, DATES = 50_000, 4
MOST_SECONDS = 120.0  # for one question

# A date is told from another by hashing its number to every id.
_NEW = "md5({} || :day)::uuid"
_COPY_RUN = """
    INSERT INTO caco.run ({columns}) SELECT {values} FROM caco.run WHERE run_no = :run_no RETURNING run_no
"""
_COPY_OUTPUTS = "INSERT INTO caco.output ({columns}) SELECT {values} FROM caco.output WHERE run_no = :run_no"
_PAIRS = f"""
    CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT old.output_no AS old, made.output_no AS made
    FROM caco.output AS old JOIN caco.output AS made ON made.key = {_NEW.format("old.key")}
    WHERE old.run_no = :run_no
"""
_COPY_THE_REST = (
    """
    INSERT INTO caco.output_reason (output_no, outcome, reason, records)
    SELECT made, outcome, reason, records FROM caco.output_reason JOIN pair ON old = output_no
    """,
    """
    INSERT INTO caco.run_output (run_no, stage, shard, output_no, attempt, is_reused, is_current)
    SELECT :made_run, stage, shard, made, attempt, is_reused, is_current
    FROM caco.run_output JOIN pair ON old = output_no WHERE run_no = :run_no
    """,
    "SELECT caco.open_fates(CAST(:day AS date))",
)
_COPY_FATES = """
    INSERT INTO caco.{table} (partition, output_no, subject, row, outcome, reason, detail)
    SELECT CAST(:day AS date), made, md5(subject::text || :day)::uuid, row, outcome, reason, detail
    FROM caco.{of} JOIN pair ON old = output_no
"""


def bench(samples: int = SAMPLES, dates: int = DATES) -> dict[str, Any]:
    """Makes `dates` dates of `samples` samples each, and asks.

    Returns:
        Fates, bytes per fate with indexes, seconds of making and packing, and milliseconds of every question; a question
        that took longer than `MOST_SECONDS` has the words of the error instead.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder, own_postgres() as url, Ledger(url) as ledger:
        store = open_store(StoreSettings(root=f"file://{folder}"))
        run, subjects = load_made_run(ledger, store, samples, keeps_outputs=False)
        engine = create_engine(url)
        days = [str(date.fromisoformat(PARTITION) + timedelta(days=number)) for number in range(1, dates)]
        copying = 0.0
        for day in days:
            with engine.begin() as connection:
                copying += seconds_of(lambda to=connection, day=day: _copy_date(to, run.run_id, day))
        packing = seconds_of(ledger.pack)
        with engine.begin() as connection:
            fates, size = connection.execute(
                text(
                    "SELECT sum(reltuples)::bigint, sum(pg_total_relation_size(oid)) FROM pg_class "
                    r"WHERE relnamespace = 'caco'::regnamespace AND relname ~ '^fate_\d{4}_\d\d_\d\d$' AND relkind = 'r'"
                )
            ).one()
        engine.dispose()
        return {
            "fates": fates,
            "dates": dates,
            "bytes_per_fate": round(float(size) / fates, 1),
            "copying_seconds": round(copying, 1),
            "packing_seconds": round(packing, 1),
            "milliseconds": dict(_questions(ledger, run.run_id, subjects[:LOOKED_UP])),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }


def _copy_date(connection: Connection, run_id: str, day: str) -> None:
    """The run, its outputs and fates once more, on another date."""
    named = {"day": day, "run_no": _number_of(connection, run_id)}
    partition = {"partition": "CAST(:day AS date)"}
    made = connection.execute(
        _copying(connection, _COPY_RUN, "run", partition | {"run_id": _NEW.format("run_id")}), named
    ).scalar_one()
    inputs = f"ARRAY(SELECT {_NEW.format('key')} FROM unnest(inputs) AS key)"
    changed = partition | {"key": _NEW.format("key"), "inputs": inputs, "run_no": ":made_run"}
    named |= {"made_run": made}
    connection.execute(_copying(connection, _COPY_OUTPUTS, "output", changed), named)
    connection.execute(text(_PAIRS), named)
    for statement in _COPY_THE_REST:
        connection.execute(text(statement), named)
    tables = {"table": _table_of(day), "of": _table_of(PARTITION)}
    connection.execute(text(_COPY_FATES.format(**tables)), named)
    connection.execute(text("SELECT caco.attach_fates(CAST(:day AS date))"), named)


def _copying(connection: Connection, statement: str, table: str, changed: dict[str, str]) -> Any:
    """A statement with all columns of a table but those that Postgres numbers, some with another value."""
    names = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0 "
            "AND NOT attisdropped AND attidentity = '' ORDER BY attnum"
        ),
        {"name": f"caco.{table}"},
    ).scalars()
    columns = [str(name) for name in names]
    values = ", ".join(changed.get(name, name) for name in columns)
    return text(statement.format(columns=", ".join(columns), values=values))


def _number_of(connection: Connection, run_id: str) -> int:
    found = connection.execute(
        text("SELECT run_no FROM caco.run WHERE run_id = CAST(:run_id AS uuid)"), {"run_id": run_id}
    )
    return int(found.scalar_one())


def _table_of(day: str) -> str:
    return "fate_" + day.replace("-", "_")


def _questions(ledger: Ledger, run_id: str, subjects: list[str]) -> Iterator[tuple[str, float | str]]:
    """Milliseconds of each question, asked for the second time; of a lineage, of one of twenty."""
    ledger.lineage(subjects[0])
    lineages = seconds_of(lambda: [ledger.lineage(subject) for subject in subjects])
    yield "lineage", round(1000 * lineages / len(subjects), 1)
    breakdown = (
        f"SELECT stage, outcome, reason, sum(records) FROM caco.reject_reasons WHERE partition = '{PARTITION}' "
        "GROUP BY stage, outcome, reason"
    )
    for name, question in (
        ("reject_reasons_of_a_date", lambda: ledger.ask(breakdown)),
        ("funnel", lambda: ledger.funnel(run_id)),
        ("conservation", lambda: ledger.conservation(run_id)),
    ):
        question()
        yield name, round(1000 * seconds_of(question), 1)
    other = ledger.find_run(None, pipeline="nightly")
    fillings = {"sample": subjects[0], "run": run_id, "a": run_id, "b": other.run_id if other else run_id}
    for recipe in (one for one in list_recipes() if one.engine == "postgres"):
        values = {name: fillings.get(name, value) for name, value in recipe.defaults.items()}
        try:
            took = seconds_of(
                lambda recipe=recipe, values=values: ledger.ask(
                    recipe, values=values, timeout_seconds=MOST_SECONDS, max_rows=1000
                )
            )
            yield recipe.name, round(1000 * took, 1)
        except CacoError as exc:
            yield recipe.name, str(exc)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
