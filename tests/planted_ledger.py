"""The planted world as rows of a ledger: what loading its outputs would leave, without a store behind it."""

import csv
import json
from collections.abc import Iterable
from io import StringIO
from typing import Any

from planted_world import Output, PlantedWorld, Run
from sqlalchemy import Connection, Engine, text

SHA256 = "0" * 64


def fill(engine: Engine, world: PlantedWorld) -> None:
    """Fills an empty ledger; whoever is connected owns it."""
    with engine.begin() as connection:
        _copy(connection, "run", map(_run_row, world.runs))
        _copy(connection, "output", map(_output_row, world.outputs))
        _copy(connection, "run_output", _places(world))
        numbers = {source: number for number, source in enumerate(world.sources, 1)}
        sources = [
            {"source_no": number, "source": name, "revision": revision, "licence": "MIT"}
            for (name, revision), number in numbers.items()
        ]
        _copy(connection, "source", sources)
        _copy(connection, "seed", _seed_rows(world, numbers))
        _copy(connection, "program", _program_rows(world))
        _copy(connection, "model", _model_rows(world))
        _copy_fates(connection, world)
        _copy_datasets(connection, world)
        own = [
            {"output_no": model.output.number, "sample_id": row.sample_id, "dataset": dataset.name}
            for model in world.models
            for dataset, row in model.own
        ]
        _copy(connection, "own_row", own)
        parents = [
            {
                "output_no": output.number,
                "sample_id": sample,
                "number": number,
                "kind": "compose",
                "operator": "planted",
                "program_id": program.program_id,
                "seed_id": program.seed_id,
            }
            for sample, (output, programs) in world.made_of.items()
            for number, program in enumerate(programs)
        ]
        _copy(connection, "program_parent", parents)
        connection.execute(text("ANALYZE"))


def _copy(connection: Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    if not rows:
        return
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([_written(value) for value in row.values()])
    buffer.seek(0)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY caco.{table} ({', '.join(rows[0])}) FROM STDIN (FORMAT csv)", buffer)


def _written(value: Any) -> Any:
    if isinstance(value, list):
        return "{" + ",".join(json.dumps(one) for one in value) + "}"
    return json.dumps(value) if isinstance(value, dict) else value


def _run_row(run: Run) -> dict[str, Any]:
    pins = {name: run.pins.get(name) for name in ("seed_run_id", "codegen_run_id", "model_id", "dataset")}
    return {
        "run_no": run.number,
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "partition": run.day,
        "config_hash": "planted",
        "config": {"name": "planted"},
        "code_version": "0.1.0",
        **{name: {} for name in ("models", "prompts", "sources", "benchmarks")},
        "input_keys": [one.key for one in run.pins.get("mix", ())],
        **pins,
        "dataset_sha256": SHA256 if pins["dataset"] else None,
    }


def _output_row(output: Output) -> dict[str, Any]:
    values, dataset = output.values, {}
    if output.stage == "publish":
        dataset = {"dataset": f"night/{output.run.run_id[:12]}"}
    recipe = {"stage": output.stage, "version": values["version"]}
    asked = values["models"][0] if values["models"] else values.get("base")
    recipe |= {"model": asked} if asked is not None else {}
    recipe |= {"prompts": dict.fromkeys(values["prompts"], "hash")} if values["prompts"] else {}
    failed = output.read - len(output.passed)
    counts = dict.fromkeys(
        ("bytes", "unknown", "kept", "recorded", "requests", "prompt_tokens", "completion_tokens"), 0
    )
    return {
        "output_no": output.number,
        "key": output.key,
        "stage": output.stage,
        "shard": output.shard,
        "attempt": 0 if output.previous is None else 1,
        "previous": None if output.previous is None else output.previous.key,
        "keeps_known": output.previous is not None,
        "inputs": [one.key for one in output.inputs],
        "recipe": recipe,
        "origin": {},
        "run_no": output.run.number,
        "partition": output.day,
        "code_version": values["code"],
        "seconds": 1.0,
        "record": "Sample",
        "uri": f"outputs/{output.stage}/{output.key}/rows.parquet",
        "rows": output.read,
        "sha256": SHA256,
        "read": output.read,
        "passed": len(output.passed),
        "failed": failed,
        "models": values["models"],
        "prompts": values["prompts"],
        "cost_usd": 0.0,
        "replayed": 0,
        "cut_off": 0,
        "sandbox_version": values["sandbox"],
        "artifacts": dataset,
        **counts,
    }


def _places(world: PlantedWorld) -> Iterable[dict[str, Any]]:
    for run in world.runs:
        current = {one.number for one in run.outputs.values()}
        own = [one for one in world.outputs if one.run is run]
        for output in {one.number: one for one in (*own, *run.outputs.values())}.values():
            yield {
                "run_no": run.number,
                "stage": output.stage,
                "shard": output.shard,
                "output_no": output.number,
                "attempt": 0 if output.previous is None else 1,
                "is_reused": output.run is not run,
                "is_current": output.number in current,
            }


def _seed_rows(world: PlantedWorld, numbers: dict[tuple[str, str], int]) -> Iterable[dict[str, Any]]:
    for output in (one for one in world.outputs if one.stage == "seeds"):
        for seed in (*output.passed, *(one for one, *_ in output.ended)):
            number = numbers[world.seeds[seed]]
            yield {"output_no": output.number, "seed_id": seed, "source_no": number, "key": seed}


def _program_rows(world: PlantedWorld) -> Iterable[dict[str, Any]]:
    for output in world.outputs:
        for row, program in enumerate(output.programs):
            yield {
                "output_no": output.number,
                "seed_id": program.seed_id,
                "program_id": program.program_id,
                "grade": None if program.is_written else "S",
                "row": row,
                "code_chars": 1,
                "code_lines": 1,
            }


def _model_rows(world: PlantedWorld) -> Iterable[dict[str, Any]]:
    trained = {model.model_id for model in world.models}
    for model in world.models:
        yield {
            "output_no": model.output.number,
            "model_id": model.model_id,
            "run_id": model.output.run.run_id,
            "role": model.role,
            "parent": f"model:{model.parent}" if model.parent in trained else model.parent,
            "data_hash": "planted",
            "config": {},
            "metrics": {},
            "uri": f"models/{model.model_id}",
            "sha256": SHA256,
            "accepted": True,
        }


def _copy_fates(connection: Connection, world: PlantedWorld) -> None:
    for day in sorted({output.day for output in world.outputs}):
        connection.execute(text("SELECT caco.open_fates(CAST(:day AS date))"), {"day": day})
        rows = [
            {
                "partition": day,
                "output_no": output.number,
                "subject": subject,
                "row": row,
                "outcome": outcome,
                "reason": reason,
                "detail": detail,
            }
            for output in world.outputs
            if output.day == day
            for row, (subject, outcome, reason, detail) in enumerate(output.ended)
        ]
        _copy(connection, f"fate_{day.replace('-', '_')}", rows)
        connection.execute(text("SELECT caco.attach_fates(CAST(:day AS date))"), {"day": day})


def _copy_datasets(connection: Connection, world: PlantedWorld) -> None:
    rows = []
    for dataset in world.datasets:
        name, _, version = dataset.name.partition("/")
        facts = {} if dataset.supersedes is None else {"supersedes": dataset.supersedes.name}
        rows.append(
            {
                "dataset_no": dataset.number,
                "dataset": name,
                "version": version,
                "run_id": dataset.run.run_id,
                "partition": dataset.run.day,
                "rows": len(dataset.rows),
                "code_version": "0.1.0",
                "files": [],
                "facts": facts,
            }
        )
    for row in rows:
        row["files"] = {}
    _copy(connection, "dataset", rows)
    placed = [
        {
            "dataset_no": dataset.number,
            "sample_id": row.sample_id,
            "file": 0,
            "row": number,
            "program_id": row.program_id,
            "output_key": row.output.key,
        }
        for dataset in world.datasets
        for number, row in enumerate(dataset.rows)
    ]
    _copy(connection, "dataset_row", placed)
