"""Finished outputs in a store, for the tests of stages and runs that start from one."""

from collections.abc import Iterable
from typing import Any

from caco_tasks.counting import OutputCounts
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import find_stage
from caco_tasks.records import Judged
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import manifest_uri, output_folder
from caco_tasks.store.shards import write_rows


def finish_output(
    keys: RunKeys, store: Store, stage: str, judged: Iterable[Judged[Any]], *, shard: int = 0
) -> Manifest:
    """Puts an output of a run into the store under its own key, as if its stage had judged `judged`."""
    spec, key = find_stage(keys.run.pipeline, stage), keys.key(stage, shard)
    counts = OutputCounts(spec)
    written = write_rows(
        store, folder=output_folder(stage, key), record=spec.writes, judged=counts.counting(judged, {})
    )
    manifest = Manifest(
        key=key,
        stage=stage,
        shard=shard,
        recipe=keys.recipe(spec),
        origin=keys.origin(spec, shard),
        inputs=keys.inputs(spec, shard),
        attempt=keys.attempt(stage, shard),
        previous=keys.previous(stage, shard),
        keeps_known=keys.keeps_known(stage, shard),
        run_id=keys.run.run_id,
        pipeline=keys.run.pipeline,
        partition=keys.run.partition,
        code_version="0",
        record=spec.writes.__name__,
        seconds=1.0,
        **written,
        **counts.facts(),
    )
    store.put(manifest_uri(stage, key), manifest.model_dump_json().encode())
    return manifest
