"""### Nightly: sample programs, verify them, publish a dataset

**What it does.** Samples programs from the accepted CodeGen and takes each down the funnel: `sample` → `execute` →
`screen` → `dedup` → `reverse` → `solve` → `agree` → `judge` → `decontaminate`. Shards flow independently, each stage
loaded into the ledger as it finishes. The `gate` waits for all of them: it checks conservation and yield over the whole run,
and only a run that passes it goes on to `publish`. `finish` sets the dataset to *published* and decides the state of the run;
`diversity` measures how varied its problems are, in a process whose failure is only logged;
`announce` tells who waits for datasets, and is skipped where they were told of the same before. With `release` set to
`staged` the dataset stays staged. One that does not count for its date, since it is staged or another version was there
first, is offered to `caco_promote`, where a person decides.
Where the config has a `[dry_run]`, the first shards go through all stages before the others, and `dry_run` stops the run when
they yield or cost otherwise than earlier runs.

**Reads** the CodeGen that was trained by the same config's training settings, pinned when the run is planned, and the models
of the config. **Writes** `runs/{partition}/{run_id}/...`, `outputs/...` and `datasets/{name}/{version}` in the store, what
became of every sample in the ledger, and an event of the asset `caco_dataset` under the partition's date.

**When** daily at 00:00 UTC, one run per date; people are told of one that takes longer than `CACO_LATE_AFTER_HOURS` (24).
By hand: give the date as partition key, or in the form. Many dates, both ends included: `airflow backfill create --dag-id
caco_nightly --from-date 2026-11-01 --to-date 2026-11-03 --dag-run-conf '{"config": "nano"}'`. **In the form of a backfill tick
"Override parameters on existing runs"**: Airflow drops config, samples and overrides otherwise, and `plan` then refuses to run
unless the variable `caco_config` is set.

**To rerun** clear the failed shard with what follows it: only that shard is worked on again, from its last finished part.
What is finished is reused, by the next run of the same date too, as far as its settings are the same (`caco plan` shows it
beforehand). To make a finished stage anew, trigger the DAG with `run_id` and `rerun` in the form, as `judge` or `judge:3`; it
keeps every known verdict unless `rerun_unknown` is off.

**It will not** publish while a shard is missing or the gate does not pass, publish a row whose verdict is unknown, or
overwrite a dataset. It fails at `plan` if no CodeGen of this config was accepted on or before the date: run `caco_seeds` first.

**Example** (Trigger, configuration JSON):

    {"config": "nano", "partition": "2026-11-21", "samples": 2400, "overrides": ["judge.times=3"]}
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, get_current_context, task, task_group
from caco_common import (
    CODEGEN,
    COMMON_PARAMS,
    CPU,
    DATASET,
    DEFAULT_ARGS,
    LATE,
    WAITING,
    WORKERS,
    announce,
    finish,
    gate,
    keys_of,
    line_of_stages,
    offer,
    plan,
)

from caco_tasks.pipeline import mapped_stages

SAMPLES = Param(
    None,
    type=["null", "integer"],
    minimum=1,
    maximum=10_000_000,
    title="Samples",
    description="Programs to sample. Empty: as many as the config says.",
)
RELEASE = Param(
    "publish",
    type="string",
    enum=["publish", "staged"],
    title="Release",
    description="staged: leave the dataset staged even if the gate passes, until somebody promotes it.",
)


@task
def dry_run(planned: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hands the shards on once the first ones went through all stages in band, where the config says so."""
    from caco_tasks import tasks

    run_id = planned[0]["run_id"]
    keys = keys_of({name for spec in mapped_stages("nightly") for name in tasks.connections(spec.name, run_id)})
    get_current_context()["ti"].xcom_push("projection", tasks.dry_run(run_id, keys))
    return list(planned)


@task
def publish(planned: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Writes the dataset from all shards and loads its manifest; it stays staged until `finish`."""
    from caco_tasks import tasks

    run_id = planned[0]["run_id"]
    tasks.stage("publish", run_id, 0)
    return tasks.load(run_id, "publish", 0)


@task
def diversity(planned: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Measures how varied the published problems are, where the config asks for it; what goes wrong there stops no night."""
    import os

    from caco_tasks import diversity_tasks

    return diversity_tasks.measure_night(planned[0]["run_id"], os.environ)


@dag(
    schedule=CronPartitionTimetable(
        "0 0 * * *",
        timezone="UTC",
        key_format="%Y-%m-%d",
        run_immediately=timedelta(seconds=1),  # False means 2.4 hours (Airflow 3.3): unpaused at one, it ran at once
    ),
    catchup=False,
    default_args=DEFAULT_ARGS,
    params={"samples": SAMPLES, "release": RELEASE, **COMMON_PARAMS},
    tags=["caco", "nightly"],
    dag_display_name="Caco 3 · Nightly run",
    description="Programs are sampled, checked, written back into problems, solved, and published.",
    doc_md=__doc__,
    max_active_runs=4,
    deadline=LATE,
)
def caco_nightly() -> None:
    """CodeGen in, a published dataset out, once for each date."""
    planned: Any = plan.override(inlets=[CODEGEN], **CPU)("nightly")
    ready: Any = dry_run.override(**WORKERS["gpu"])(planned)
    funnel = task_group(group_id="funnel")(line_of_stages("nightly")).expand_kwargs(ready)
    checked: Any = gate.override(**CPU)(planned)
    published: Any = publish.override(**CPU)(planned)
    told = announce.override(inlets=[DATASET], outlets=[DATASET], **CPU)(planned)
    offered = offer.override(inlets=[WAITING], outlets=[WAITING], **CPU)(planned)
    measured: Any = diversity.override(**CPU)(planned)
    funnel >> checked >> published >> finish.override(**CPU)(planned) >> measured >> told >> offered


caco_nightly()
