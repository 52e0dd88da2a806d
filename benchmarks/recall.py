"""How long `caco recall` takes to find all that descends from something bad, in a ledger of many samples.

The ledger is made within Postgres, with the tables, indexes and statistics that loading leaves: twenty dates, on each a
nightly run in shards of 1,000 samples through nine stages, of which a fifth is published; five dates with seeds, each
followed by a training; two judge prompts, two versions of a check and of the sandbox; a student of each fourth night. Then
every kind of ancestor is recalled as the command does it, without a store, first as it comes and then twice more.

    caco bench recall                          200,000 samples
    caco bench recall --n 10000000             ten million: needs 6 GB of disk
"""

import json
import os
import sys
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, create_engine, text

from caco_tasks.ledger import Ledger
from caco_tasks.recall.ancestors import Ancestor
from caco_tasks.recall_tasks import look

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import seconds_of
from dedup import own_postgres

SAMPLES, DATES, SHARD, SEEDS, TRAININGS = 200_000, 20, 1000, 100_000, 5
STAGES = ("sample", "execute", "screen", "dedup", "reverse", "solve", "agree", "judge", "decontaminate")
TIMES = 3

# ids follow from what they stand for, so that tables meet without being joined
_RUNS = """
    INSERT INTO caco.run (run_no, run_id, pipeline, partition, config_hash, config, code_version, models, prompts, sources,
        benchmarks, seed_run_id, codegen_run_id, model_id, input_keys, dataset, dataset_sha256)
    OVERRIDING SYSTEM VALUE
    SELECT {number}, md5('run{pipeline}' || d)::uuid, '{pipeline}', date '2026-10-01' + d, 'bench', '{{"name": "bench"}}',
        'bench', '{{}}', '{{}}', '{{}}', '{{}}', {seed_run}, {codegen_run}, {model}, '{{}}', {dataset}, {sha256}
    FROM generate_series(0, {dates} - 1) AS d
"""
_OUTPUTS = """
    INSERT INTO caco.output (output_no, key, stage, shard, attempt, keeps_known, inputs, recipe, origin, run_no, partition,
        code_version, seconds, record, uri, rows, bytes, sha256, read, passed, failed, unknown, kept, recorded, models,
        prompts, requests, prompt_tokens, completion_tokens, cost_usd, replayed, cut_off, sandbox_version, artifacts)
    OVERRIDING SYSTEM VALUE
    SELECT {number}, md5('{stage}' || d || '/' || s)::uuid, '{stage}', s, 0, false, {inputs},
        jsonb_build_object('stage', '{stage}', 'version', {version}, 'settings', repeat('x', 500)), '{{}}', {run},
        date '2026-10-01' + d, 'bench', 1, 'Sample', '{stage}/' || d || '/' || s, {read}, 1, repeat('0', 64), {read}, {passed},
        {read} - {passed}, 0, 0, 0, {models}, {prompts}, 0, 0, 0, 0, 0, 0, {sandbox}, {artifacts}
    FROM generate_series(0, {dates} - 1) AS d, generate_series(0, {shards} - 1) AS s
"""
_PLACES = """
    INSERT INTO caco.run_output (run_no, stage, shard, output_no, attempt, is_reused, is_current)
    SELECT run_no, stage, shard, output_no, 0, false, true FROM caco.output
"""
_FATES = """
    INSERT INTO caco.{table} (partition, output_no, subject, row, outcome, reason, detail)
    SELECT date '2026-10-01' + {d}, {first} + s * {stages} + CASE WHEN kind < 20 THEN 8 WHEN kind < 40 THEN 3 ELSE kind % 8 END,
        md5('sample{d}/' || s || '/' || i)::uuid, i,
        CAST(CASE WHEN kind < 20 THEN 'pass' ELSE 'fail' END AS caco.outcome),
        CAST(CASE WHEN kind < 20 THEN NULL WHEN kind < 40 THEN 'same_program' ELSE 'answers_differ' END AS caco.reason),
        CASE WHEN kind < 20 THEN NULL WHEN kind < 40
            THEN 'seen first in ' || md5('sample{d}/' || s || '/' || (i * 7 + 1) % {shard}) ELSE '7 is not 8' END
    FROM generate_series(0, {shards} - 1) AS s, generate_series(0, {shard} - 1) AS i,
        LATERAL (SELECT (i * 37 + s) % 100 AS kind) AS k
"""
_ROWS = """
    INSERT INTO caco.dataset_row (dataset_no, sample_id, file, row, program_id, output_key)
    SELECT {d} + 1, fate.subject, 0, (row_number() OVER ())::integer, md5('program' || fate.subject)::uuid, output.key
    FROM caco.{table} AS fate JOIN caco.output USING (output_no)
    WHERE fate.outcome = 'pass' AND output.stage = 'decontaminate'
"""
_DATASETS = """
    INSERT INTO caco.dataset (dataset_no, dataset, version, run_id, partition, rows, code_version, files, facts)
    OVERRIDING SYSTEM VALUE
    SELECT d + 1, 'bench', 'v' || d, md5('runnightly' || d)::uuid, date '2026-10-01' + d, 0, 'bench', '[]', '{}'
    FROM generate_series(0, :dates - 1) AS d
"""
_COUNTS = """
    UPDATE caco.dataset SET rows = (SELECT count(*) FROM caco.dataset_row WHERE dataset_row.dataset_no = dataset.dataset_no)
"""
_SEEDS = (
    "INSERT INTO caco.source (source, revision, licence) SELECT 'source' || n, 'r1', 'MIT' FROM generate_series(0, 7) AS n",
    """
    INSERT INTO caco.seed (output_no, seed_id, source_no, key)
    SELECT output_no, md5('seed' || i || '/' || n)::uuid, 1 + n % 8, n::text
    FROM (SELECT output_no, row_number() OVER (ORDER BY output_no) - 1 AS i FROM caco.output WHERE stage = 'seeds') AS made,
        generate_series(0, :seeds - 1) AS n
    """,
    """
    INSERT INTO caco.program (output_no, seed_id, program_id, grade, row, code_chars, code_lines)
    SELECT output_no, md5('seed' || i || '/' || n)::uuid, md5('seed program' || i || '/' || n)::uuid, 'S', n, 1, 1
    FROM (SELECT output_no, row_number() OVER (ORDER BY output_no) - 1 AS i FROM caco.output WHERE stage = 'unify') AS made,
        generate_series(0, :seeds - 1) AS n
    """,
)
_SEED_FATES = """
    INSERT INTO caco.{table} (partition, output_no, subject, row, outcome)
    SELECT output.partition, output_no, seed_id, row, 'pass'
    FROM caco.program JOIN caco.output USING (output_no) WHERE output.partition = date '2026-10-01' + {d}
"""
_MODELS = """
    INSERT INTO caco.model (output_no, model_id, run_id, role, data_hash, config, metrics, uri, sha256, accepted)
    SELECT output_no,
        CASE stage WHEN 'train' THEN md5('model' || run.partition - date '2026-10-01') ELSE md5('student' || output_no) END,
        run.run_id, CASE stage WHEN 'train' THEN 'codegen' ELSE 'student' END, '', '{}', '{}', '', repeat('0', 64), true
    FROM caco.output JOIN caco.run USING (run_no) WHERE stage IN ('train', 'student')
"""


def bench(n: int = SAMPLES) -> dict[str, Any]:
    """Makes a ledger of about `n` samples and recalls one ancestor of every kind.

    Returns:
        For each kind the seconds of the first time and the median of two more, with how much was found.
    """
    with own_postgres() as url:
        made = seconds_of(lambda: _fill(url, max(1, n // DATES // SHARD)))
        with Ledger(url) as ledger:
            found = {f"--{kind}": _measure(ledger, kind, name) for kind, name in _ancestors(url).items()}
        return {
            "samples": max(1, n // DATES // SHARD) * DATES * SHARD,
            "made_in_seconds": round(made, 1),
            "outputs": _value(url, "SELECT count(*) FROM caco.output"),
            "published_rows": _value(url, "SELECT count(*) FROM caco.dataset_row"),
            "gigabytes": round(_value(url, "SELECT pg_database_size(current_database())") / 1e9, 2),
            **found,
            "slowest_seconds": max(one["seconds"] for one in found.values()),
            "slowest_first_seconds": max(one["first_seconds"] for one in found.values()),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        }


def _measure(ledger: Ledger, kind: Any, name: str) -> dict[str, Any]:
    ancestor = Ancestor(kind=kind, name=name)
    seconds = [seconds_of(lambda: look(ledger, None, ancestor)) for _ in range(TIMES)]
    found = look(ledger, None, ancestor)
    return {
        "seconds": round(median(seconds[1:]), 2),
        "first_seconds": round(seconds[0], 2),
        "things": len(found.touched),
        "rows": found.count_rows("direct") + found.count_rows("through a model"),
    }


def _ancestors(url: str) -> dict[str, str]:
    """One ancestor of each kind, by its name."""
    return {
        "source": "source3",
        "seed": _value(url, "SELECT caco.hex(seed_id) FROM caco.seed LIMIT 1"),
        "program": _value(url, "SELECT caco.hex(program_id) FROM caco.dataset_row LIMIT 1"),
        "model": _value(url, "SELECT models[1] FROM caco.output WHERE stage = 'sample' LIMIT 1"),
        "prompt": "judge.v1",
        "check-version": "agree:2",
        "sandbox-version": "8",
    }


def _fill(url: str, shards: int) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        _make_runs(connection)
        _make_outputs(connection, shards)
        seeds = {"seeds": SEEDS // TRAININGS}
        for statement in (_PLACES, *_SEEDS, _MODELS):
            connection.execute(text(statement.replace(":", "\\:").replace("\\:seeds", ":seeds")), seeds)
        connection.execute(text(_DATASETS), {"dates": DATES})
        for d in range(DATES):
            _make_date(connection, d, shards)
        connection.execute(text(_COUNTS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _make_runs(connection: Connection) -> None:
    nothing = dict.fromkeys(("seed_run", "codegen_run", "model", "dataset", "sha256"), "NULL")
    codegen = {**nothing, "seed_run": "md5('runseeds' || d)::uuid"}
    nightly = {
        **nothing,
        "seed_run": f"md5('runseeds' || d % {TRAININGS})::uuid",
        "codegen_run": f"md5('runcodegen' || d % {TRAININGS})::uuid",
        "model": f"md5('model' || d % {TRAININGS})",
    }
    evaluate = {**nothing, "dataset": "'bench/v' || d", "sha256": "repeat('0', 64)"}
    for offset, (pipeline, pins, dates) in enumerate(
        (
            ("seeds", nothing, TRAININGS),
            ("codegen", codegen, TRAININGS),
            ("nightly", nightly, DATES),
            ("evaluate", evaluate, TRAININGS),
        )
    ):
        connection.execute(
            text(
                _RUNS.format(pipeline=pipeline, number=f"{100 * offset} + d + 1", dates=dates, **pins).replace(
                    ":", "\\:"
                )
            )
        )


def _make_outputs(connection: Connection, shards: int) -> None:
    """Of every stage, each made from the one before it."""
    plain = {
        "models": "'{}'",
        "prompts": "'{}'",
        "sandbox": "NULL",
        "artifacts": "'{}'",
        "version": "2",
        "inputs": "'{}'",
    }
    each = SEEDS // TRAININGS

    def make(
        stage: str, number: str, run: str, counts: tuple[int, int], *, dates: int, shards: int = 1, **more: str
    ) -> None:
        values = {**plain, "read": counts[0], "passed": counts[1], "dates": dates, "shards": shards, **more}
        statement = _OUTPUTS.format(stage=stage, number=number, run=run, **values)
        connection.execute(text(statement.replace(":", "\\:")))

    make("seeds", "1 + d", "d + 1", (each, each), dates=TRAININGS)
    make("unify", "101 + d", "d + 1", (each, each), dates=TRAININGS, inputs="ARRAY[md5('seeds' || d || '/0')::uuid]")
    make(
        "train",
        "201 + d",
        "100 + d + 1",
        (each, each),
        dates=TRAININGS,
        inputs="ARRAY[md5('unify' || d || '/0')::uuid]",
    )
    for place, stage in enumerate(STAGES):
        asked = {
            "sample": {"models": f"ARRAY[md5('model' || d % {TRAININGS})]", "prompts": "ARRAY['sample.v1']"},
            "judge": {"models": "ARRAY['judge@1']", "prompts": "ARRAY['judge.v' || 1 + d / 10]"},
            "execute": {"sandbox": "CAST(7 + d % 2 AS text)"},
            "agree": {"version": "2 + d / 15"},
        }.get(stage, {})
        before = f"ARRAY[md5('{STAGES[place - 1]}' || d || '/' || s)::uuid]" if place else "'{}'"
        number = f"{_first(0, shards)} + (d * {shards} + s) * {len(STAGES)} + {place}"
        counts = (SHARD, 200 if stage == "decontaminate" else SHARD)
        make(stage, number, "200 + d + 1", counts, dates=DATES, shards=shards, inputs=before, **asked)
    last = f"ARRAY(SELECT md5('decontaminate' || d || '/' || one)::uuid FROM generate_series(0, {shards} - 1) AS one)"
    dataset = "jsonb_build_object('dataset', 'bench/v' || d)"
    make("publish", "301 + d", "200 + d + 1", (200 * shards, 200 * shards), dates=DATES, inputs=last, artifacts=dataset)
    make("student", "401 + d", "300 + d + 1", (200 * shards, 200 * shards), dates=TRAININGS)
    answers = {"inputs": "ARRAY[md5('student' || d || '/0')::uuid]", "models": "ARRAY[md5('student' || 401 + d)]"}
    make("evaluate", "501 + d", "300 + d + 1", (100, 100), dates=TRAININGS, **answers)


def _first(d: int, shards: int) -> int:
    """The number of the first output of a nightly run."""
    return 1000 + d * shards * len(STAGES)


def _make_date(connection: Connection, d: int, shards: int) -> None:
    table = f"fate_2026_10_{d + 1:02d}"
    connection.execute(text("SELECT caco.open_fates(date '2026-10-01' + :d)"), {"d": d})
    sizes = {"shards": shards, "shard": SHARD, "stages": len(STAGES), "first": _first(d, shards)}
    for statement in (_FATES, _SEED_FATES):
        connection.execute(text(statement.format(table=table, d=d, **sizes).replace("::", "\\:\\:")))
    connection.execute(text("SELECT caco.attach_fates(date '2026-10-01' + :d)"), {"d": d})
    connection.execute(text(_ROWS.format(table=table, d=d).replace("::", "\\:\\:")))


def _value(url: str, query: str) -> Any:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(query)).scalar_one()
    engine.dispose()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES), indent=1) + "\n")
