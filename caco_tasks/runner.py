"""One stage over one shard: done? skip : read → stage → count → write → manifest last.

This file and any one file of `stages/` explain the system. A stage is a generator: records in, judged records out. The
runner cuts a shard into parts and keeps each finished part in the store, retries what is unknown, checks that no record
was lost or doubled, writes the shard under a name made of its content, and its manifest after it. Killed anywhere, it
goes on from the last finished part; run again, it does nothing.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from caco_tasks import __version__
from caco_tasks.context import Context
from caco_tasks.errors import ConservationError
from caco_tasks.ids import content_id
from caco_tasks.records import Generation, Judged, Outcome
from caco_tasks.stages import STAGES, Stage, record_id
from caco_tasks.store.manifest import Manifest, manifest_uri, parse_manifest, run_folder
from caco_tasks.store.shards import encode_shard, read_shard, write_shard


def run_shard(context: Context, inputs: Sequence[str] | None = None) -> Manifest:
    """Applies the context's stage to one shard and returns its manifest; a finished shard is left as it is.

    `inputs` are the shards to read, as the ledger registered them; None: those that the stage before left in the store.

    Raises:
        ConservationError: the stage lost, doubled or invented a record.
        CacoError: something outside failed; finished parts are kept, and nothing counts as done.
    """
    uri = manifest_uri(context.run, context.stage, context.shard)
    done = context.services.store.get(uri)
    if done is not None:
        return parse_manifest(done, uri=uri)
    begun = time.perf_counter()
    stage = STAGES[context.stage]
    inputs = _inputs(stage, context) if inputs is None else inputs
    records = list(_read(stage, context, inputs))
    judged = _apply(stage, context, records, inputs)
    manifest = _write(stage, context, judged, inputs=inputs, seconds=time.perf_counter() - begun)
    done = context.services.store.get(uri)  # another attempt may have been faster
    if done is not None:
        return parse_manifest(done, uri=uri)
    context.services.store.put(uri, manifest.model_dump_json(indent=1).encode())
    for key in context.services.store.list(_parts_folder(context)):
        context.services.store.delete(key)
    return manifest


def _inputs(stage: Stage, context: Context) -> list[str]:
    if stage.after is None:
        return list(context.run.input_uris)
    shards = range(context.config.shards) if stage.gathers else [context.shard]
    uris = [manifest_uri(context.run, stage.after, shard) for shard in shards]
    return [parse_manifest(_get(context, uri), uri=uri).uri for uri in uris]


def _get(context: Context, uri: str) -> bytes:
    found = context.services.store.get(uri)
    if found is None:
        raise ConservationError(f"The stage '{context.stage}' cannot start: {uri} is not there; run that stage first.")
    return found


def _read(stage: Stage, context: Context, inputs: Sequence[str]) -> Iterator[Any]:
    if stage.source is not None:
        yield from stage.source(context)
        return
    for uri in inputs:
        judged: list[Judged[Any]] = read_shard(context.services.store, uri, stage.reads or stage.writes)
        yield from (row.record for row in judged if row.verdict.kept)


def _apply(stage: Stage, context: Context, records: list[Any], inputs: Sequence[str]) -> list[Judged[Any]]:
    size = max(1, len(records)) if stage.gathers else context.config.runner.part_rows
    parts = [records[start : start + size] for start in range(0, len(records), size)] or [[]]
    if len(parts) == 1:
        return _judge(stage, context, parts[0])
    names = [
        f"{n:05d}-{content_id('part', __version__, inputs, *map(record_id, part))}" for n, part in enumerate(parts)
    ]
    return [row for name, part in zip(names, parts, strict=True) for row in _resume(stage, context, part, name)]


def _resume(stage: Stage, context: Context, part: list[Any], name: str) -> list[Judged[Any]]:
    """Judges a part, or takes it from the store where a killed attempt had finished it."""
    store = context.services.store
    key = f"{_parts_folder(context)}/{name}.parquet"
    if store.exists(key):
        return read_shard(store, key, stage.writes)
    judged = _judge(stage, context, part)
    store.put(key, encode_shard(stage.writes, judged))
    return judged


def _judge(stage: Stage, context: Context, records: list[Any]) -> list[Judged[Any]]:
    """One verdict for every record, in the order of the records; unknown ones are tried again."""
    judged: dict[str, Judged[Any]] = {record_id(row): row for row in _checked(stage, context, records)}
    for attempt in range(1, 1 + context.config.runner.retries_of_unknown):
        again = [record for record in records if judged[record_id(record)].verdict.outcome is Outcome.UNKNOWN]
        retried = replace(context, attempt=attempt)
        judged |= {record_id(row): row for row in _checked(stage, retried, again)} if again else {}
    return [judged[record_id(record)] for record in records]


def _checked(stage: Stage, context: Context, records: list[Any]) -> list[Judged[Any]]:
    judged = list(stage.apply(records, context))
    expected, found = Counter(map(record_id, records)), Counter(map(record_id, judged))
    if expected != found or any(times > 1 for times in found.values()):
        lost, more = sum((expected - found).values()), sum((found - expected).values())
        twice = sum(1 for times in found.values() if times > 1)
        raise ConservationError(
            f"Stage '{context.stage}', shard {context.shard}: {len(records)} records read, {lost} lost, "
            f"{more} invented, {twice} doubled; nothing was written."
        )
    return judged


def _write(
    stage: Stage, context: Context, judged: list[Judged[Any]], *, inputs: Sequence[str], seconds: float
) -> Manifest:
    outcomes = Counter(row.verdict.outcome for row in judged)
    reasons = Counter(str(row.verdict.reason) for row in judged if row.verdict.reason is not None)
    folder = f"{run_folder(context.run.partition, context.run.run_id)}/{context.stage}"
    written = write_shard(
        context.services.store, folder=folder, shard=context.shard, record=stage.writes, judged=judged
    )
    return Manifest(
        run_id=context.run.run_id,
        pipeline=context.run.pipeline,
        partition=context.run.partition,
        stage=context.stage,
        shard=context.shard,
        record=stage.writes.__name__,
        **written,
        read=len(judged),
        passed=outcomes[Outcome.PASS],
        failed=outcomes[Outcome.FAIL],
        unknown=outcomes[Outcome.UNKNOWN],
        reasons=dict(sorted(reasons.items())),
        inputs=tuple(inputs),
        code_version=__version__,
        seconds=round(seconds, 3),
        **_generations(context.stage, judged),
        **context.facts,
    )


def _generations(stage: str, judged: list[Judged[Any]]) -> dict[str, Any]:
    """What the models asked in this stage cost: the generation that the stage itself added to its records."""
    field = {
        "unify": "program",
        "sample": "program",
        "reverse": "problem",
        "solve": "solution",
        "judge": "judgement",
        "evaluate": "solution",
    }.get(stage)
    parts = [getattr(row.record, field, None) for row in judged if field]
    made: list[Generation] = [part.generation for part in parts if part is not None and part.generation is not None]
    return {
        "models": tuple(sorted({one.model_id for one in made})),
        "prompts": tuple(sorted({one.prompt for one in made})),
        "prompt_tokens": sum(one.prompt_tokens for one in made),
        "completion_tokens": sum(one.completion_tokens for one in made),
        "cost_usd": round(sum(one.cost_usd for one in made), 6),
        "replayed": sum(one.is_replayed for one in made),
    }


def _parts_folder(context: Context) -> str:
    folder = run_folder(context.run.partition, context.run.run_id)
    return f"{folder}/{context.stage}/{context.shard:05d}.parts"
