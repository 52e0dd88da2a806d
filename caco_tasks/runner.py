"""One output: there? reuse : read → stage → count → write → manifest last.

This file, `pipeline.py` and any one file of `stages/` explain the system. A stage is a generator: records in, judged
records out. The runner cuts a shard into parts and keeps each finished part in the store, retries what is unknown, checks
that no record was lost or doubled, writes the rows under a name made of their content, and the manifest after them. Killed
anywhere, it goes on from the last finished part; an output that is there, whoever made it, is taken as it is.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from caco_tasks.context import Context
from caco_tasks.counting import Conservation, OutputCounts
from caco_tasks.errors import ConservationError, StoreError
from caco_tasks.identity import RunKeys, check_input
from caco_tasks.ids import content_id
from caco_tasks.pipeline import STAGES, stage_before
from caco_tasks.records import JudgedRecord, Outcome
from caco_tasks.stages import records_of, stage_function
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import RunOutput, manifest_uri, output_folder, parse_manifest, run_output_uri
from caco_tasks.store.shards import encode_shard, iterate_shard, read_shard, write_rows
from caco_tasks.version import code_version
from caco_tasks.work_log import counted, log

TRIES_PER_ATTEMPT = 16  # numbers of replies that one attempt may ask for, so that the next one asks for others


def make_output(context: Context, keys: RunKeys) -> Manifest:
    """The output of the context's stage and shard: taken as it is where it is there, else made; the run adopts it.

    Raises:
        ConservationError: the stage lost, doubled or invented a record, or an output that it reads is not there.
        CacoError: something outside failed; finished parts are kept, and nothing counts as done.
    """
    store, place = context.services.store, context.place
    manifest = find_output(store, context.stage, context.key)
    if manifest is not None:
        log.info("%s: was finished by run %s, and is left as it is", place, manifest.run_id[:12])
    else:
        manifest = _make_or_find(context, keys)
        told = (
            f"{manifest.passed:,} passed, {manifest.failed:,} failed, {manifest.unknown:,} unknown of {manifest.read:,}"
        )
        log.info("%s: %s, in %.3g s", place, told, manifest.seconds)
    adopted = RunOutput(
        run_id=context.run.run_id,
        stage=context.stage,
        shard=context.shard,
        key=context.key,
        attempt=keys.attempt(context.stage, context.shard),
        is_reused=manifest.run_id != context.run.run_id,
    )
    uri, data = run_output_uri(context.run, context.stage, context.shard), adopted.model_dump_json().encode()
    if store.get(uri) != data:  # a second run over finished work touches nothing
        store.put(uri, data)
    return manifest


def find_output(store: Store, stage: str, key: str) -> Manifest | None:
    """The manifest of a finished output; None where there is none, or its rows are gone: then it is made anew.

    Raises:
        DamagedError: it does not match its key.
    """
    uri = manifest_uri(stage, key)
    found = store.get(uri)
    if found is None:
        return None
    manifest = parse_manifest(found, uri=uri)
    check_input(manifest, key, uri)
    return manifest if store.exists(manifest.uri) else None


def write_output(
    context: Context,
    keys: RunKeys,
    judged: Iterable[JudgedRecord[Any]],
    *,
    previous: Mapping[str, JudgedRecord[Any]] | None = None,
    begun: float | None = None,
) -> Manifest:
    """Writes judged records as they come, and then the manifest that makes them an output.

    Rows of `previous`, by id, were paid for by the attempt before; `begun` is when the work on them did, by
    `time.perf_counter`. Where the output is there meanwhile, that one stays and is returned.
    """
    begun, store = time.perf_counter() if begun is None else begun, context.services.store
    counts, folder = OutputCounts(context.spec), output_folder(context.stage, context.key)
    record = context.spec.writes
    written = write_rows(store, folder=folder, record=record, judged=counts.counting(judged, previous or {}))
    manifest = Manifest(
        key=context.key,
        stage=context.stage,
        shard=context.shard,
        recipe=keys.recipe(context.spec),
        origin=context.origin,
        inputs=context.inputs,
        attempt=keys.attempt(context.stage, context.shard),
        previous=keys.previous(context.stage, context.shard),
        keeps_known=keys.keeps_known(context.stage, context.shard),
        run_id=context.run.run_id,
        pipeline=context.run.pipeline,
        partition=context.run.partition,
        code_version=code_version(),
        record=record.__name__,
        seconds=round(time.perf_counter() - begun, 3),
        **written,
        **counts.facts(),
        **context.facts,
    )
    context.services.index_replies()
    done = find_output(store, context.stage, context.key)  # another attempt may have been faster
    if done is not None:
        return done
    store.put(manifest_uri(context.stage, context.key), manifest.model_dump_json(indent=1).encode())
    for uri in store.list(f"{folder}/parts"):
        store.delete(uri)
    return manifest


def _make_or_find(context: Context, keys: RunKeys) -> Manifest:
    try:
        return _make(context, keys)
    except StoreError:
        # another attempt may have finished the output meanwhile, and removed the parts that this one was about to read
        manifest = find_output(context.services.store, context.stage, context.key)
        if manifest is None:
            raise
        return manifest


def _make(context: Context, keys: RunKeys) -> Manifest:
    begun = time.perf_counter()
    inputs = _read_inputs(context)
    previous = _previous_rows(context, keys)
    if context.spec.gathers:
        judged = _judge_as_it_comes(context, _records(context, inputs))
    else:
        contents = [manifest.sha256 for manifest in inputs]
        judged = _judge_in_parts(context, list(_records(context, inputs)), previous, keys, contents)
    return write_output(context, keys, judged, previous=previous, begun=begun)


def _read_inputs(context: Context) -> list[Manifest]:
    before = stage_before(context.run.pipeline, context.stage)
    stage = before.name if before is not None else context.spec.after
    found = [find_output(context.services.store, str(stage), key) for key in context.inputs]
    missing = [key for key, manifest in zip(context.inputs, found, strict=True) if manifest is None]
    if missing:
        raise ConservationError(
            f"The stage '{context.stage}' cannot start: the output {missing[0][:12]} of '{stage}' is not there; run that "
            "stage first."
        )
    return [manifest for manifest in found if manifest is not None]


def _records(context: Context, inputs: Sequence[Manifest]) -> Iterator[Any]:
    """What the stage reads: what the outputs before it passed, one after the other, or what it makes itself."""
    if context.spec.reads is None:
        yield from records_of(context)
        return
    for manifest in inputs:
        record = STAGES[manifest.stage].writes
        rows: Iterator[JudgedRecord[Any]] = iterate_shard(
            context.services.store, manifest.uri, record, sha256=manifest.sha256
        )
        for row in rows:
            if row.verdict.kept:
                yield row.record


def _judge_as_it_comes(context: Context, records: Iterable[Any]) -> Iterator[JudgedRecord[Any]]:
    """Judges all records in one piece, of which no more are held than the stage itself holds."""
    conservation = Conservation(context.stage, context.shard)
    judged = conservation.leaving(stage_function(context.spec)(conservation.entering(records), context))
    yield from counted(judged, None, f"{context.place}: records")
    conservation.check()


def _judge_in_parts(
    context: Context, records: list[Any], previous: dict[str, JudgedRecord[Any]], keys: RunKeys, contents: list[str]
) -> Iterator[JudgedRecord[Any]]:
    """Judges parts of a shard one after the other; those that a killed attempt had finished come from the store.

    `contents` are the hashes of the rows that were read.
    """
    size, place = keys.config.runner.part_rows, context.place
    log.info("%s: %s records to judge", place, f"{len(records):,}")
    parts = [records[start : start + size] for start in range(0, len(records), size)] or [[]]
    for number, part in enumerate(parts):
        if len(parts) == 1:
            yield from _judge(context, part, previous, keys)
            continue
        # the code's version is in the name: a hot fix in mid-shard starts the part anew instead of mixing old and new;
        # so is what was read: rows that were made again have the same ids, under the same key
        name = content_id("part", code_version(), contents, *(record.id for record in part))
        uri = f"{output_folder(context.stage, context.key)}/parts/{number:05d}-{name}.parquet"
        store = context.services.store
        if store.exists(uri):
            log.info("%s: part %d of %d was finished before", place, number + 1, len(parts))
            context.facts.update(json.loads(store.get(f"{uri}.json") or b"{}"))
            yield from read_shard(store, uri, context.spec.writes)
        else:
            judged = _judge(context, part, previous, keys)
            context.services.index_replies()
            if context.facts:  # before the part: the attempt that finds it does not ask the stage again
                store.put(f"{uri}.json", json.dumps(context.facts).encode())
            store.put(uri, encode_shard(context.spec.writes, judged))
            log.info("%s: part %d of %d is finished", place, number + 1, len(parts))
            yield from judged


def _judge(
    context: Context, records: list[Any], previous: dict[str, JudgedRecord[Any]], keys: RunKeys
) -> list[JudgedRecord[Any]]:
    """One verdict for every record, in the order of the records; unknown ones are tried again, as other questions."""
    keeps_known = keys.keeps_known(context.stage, context.shard)
    first = TRIES_PER_ATTEMPT * keys.attempt(context.stage, context.shard)
    judged = {record.id: previous[record.id] for record in records if record.id in previous}
    rest = [record for record in records if record.id not in judged]
    judged |= _try(context, rest, attempt=0 if keeps_known else first)
    for number in range(first + (not keeps_known), first + 1 + keys.config.runner.retries_of_unknown):
        again = [record for record in records if judged[record.id].verdict.outcome is Outcome.UNKNOWN]
        judged |= _try(context, again, attempt=number)
    return [judged[record.id] for record in records]


def _try(context: Context, records: list[Any], *, attempt: int) -> dict[str, JudgedRecord[Any]]:
    if not records:
        return {}
    conservation = Conservation(context.stage, context.shard)
    entering = list(conservation.entering(records))
    function = stage_function(context.spec)
    judged = {row.id: row for row in conservation.leaving(function(entering, replace(context, attempt=attempt)))}
    conservation.check()
    return judged


def _previous_rows(context: Context, keys: RunKeys) -> dict[str, JudgedRecord[Any]]:
    """The rows of the attempt before, by id, where its known verdicts are to be kept and it read the same inputs."""
    key = keys.previous(context.stage, context.shard)
    if key is None or not keys.keeps_known(context.stage, context.shard):
        return {}
    manifest = find_output(context.services.store, context.stage, key)
    if manifest is None or manifest.inputs != context.inputs:
        return {}
    rows: list[JudgedRecord[Any]] = read_shard(
        context.services.store, manifest.uri, context.spec.writes, sha256=manifest.sha256
    )
    return {row.id: row for row in rows}
