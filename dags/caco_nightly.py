"""### Nightly: sample programs, verify them, publish a dataset

**What it does.** Samples programs from the accepted CodeGen and takes each down the funnel: `sample` → `execute` →
`screen` → `dedup` → `reverse` → `solve` → `agree` → `judge` → `decontaminate`. Shards flow independently, each stage
loaded into the ledger as it finishes; only `publish` waits for all of them. The `gate` checks conservation and yield
over the whole run and decides its state. Where the config has a `[dry_run]`, that share of the night goes through all
stages first, and `dry_run` stops the run when it yields or costs otherwise than the last nights.

**Reads** the CodeGen that the run pins when it is planned, and the models of the config. **Writes**
`runs/{partition}/{run_id}/...` and `datasets/{name}/{version}` in the store, verdicts in the ledger, and an event of
the asset `caco_dataset` under the partition's date.

**When** daily at 00:00 UTC, one run per date. By hand: give the date as partition key, or in the form. Many dates, both
ends included: `airflow backfill create --dag-id caco_nightly --from-date 2026-11-01 --to-date 2026-11-03`.

**To rerun** clear the failed shard with what follows it: only that shard is worked on again, from its last finished
part. A run of the same date and config finds what is done and skips it. Dates, and configs of one date, do not disturb
each other.

**It will not** publish while a shard is missing, publish a row whose verdict is unknown, or overwrite a dataset. It
fails at `plan` if no CodeGen was accepted yet: run `caco_seeds` first.

**Example** (Trigger, configuration JSON):

    {"config": "nano", "partition": "2026-11-21", "samples": 2400, "overrides": ["shards=8"]}
"""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, get_current_context, task, task_group
from caco_common import (
    CODEGEN,
    COMMON_PARAMS,
    CPU,
    DATASET,
    DEFAULT_ARGS,
    GPU,
    gate,
    keys_of,
    of_all_shards,
    plan,
    stage_and_load,
)

FUNNEL = {
    "sample": GPU,
    "execute": CPU,
    "screen": CPU,
    "dedup": CPU,
    "reverse": GPU,
    "solve": GPU,
    "agree": CPU,
    "judge": GPU,
    "decontaminate": CPU,
}

SAMPLES = Param(
    None,
    type=["null", "integer"],
    minimum=1,
    maximum=10_000_000,
    title="Samples",
    description="Programs to sample. Empty: as many as the config says.",
)


@task
def dry_run(shards: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hands the shards on once a share of the night went through all stages in band, where the config says so."""
    from caco_tasks import tasks

    run_id = shards[0]["run_id"]
    keys = keys_of({name for stage in FUNNEL for name in tasks.connections(stage, run_id)})
    get_current_context()["ti"].xcom_push("projection", tasks.dry_run(run_id, keys))
    return list(shards)


@task
def publish(shards: Sequence[dict[str, Any]], counts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Writes the dataset from the last counts of all shards, in one piece, and loads its manifest."""
    from caco_tasks import tasks

    run_id = shards[0]["run_id"]
    tasks.stage("publish", run_id, 0, [each["uri"] for each in of_all_shards(counts)])
    return tasks.load(run_id, "publish", 0)


@dag(
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", key_format="%Y-%m-%d"),
    catchup=False,
    default_args=DEFAULT_ARGS,
    params={"samples": SAMPLES, **COMMON_PARAMS},
    tags=["caco", "nightly"],
    doc_md=__doc__,
    max_active_runs=4,
)
def caco_nightly() -> None:
    """CodeGen in, a published dataset out, once for each date."""
    planned: Any = plan.override(inlets=[CODEGEN], **CPU)("nightly")

    @task_group
    def funnel(run_id: str, shard: int) -> Any:
        inputs: list[Any] = []
        for stage, where in FUNNEL.items():
            step = stage_and_load.override(task_id=stage, **where)
            inputs = [step(stage=stage, run_id=run_id, shard=shard, inputs=inputs)]
        return inputs[0]

    ready: Any = dry_run.override(**GPU)(planned)
    counts: Any = funnel.expand_kwargs(ready)
    publish.override(**CPU)(planned, counts) >> gate.override(outlets=[DATASET], **CPU)(planned)


caco_nightly()
