"""### Evaluate: train a student on a published dataset, and score it beside its base

**What it does.** Fine-tunes the base model of the config on a dataset, then asks base and student the items of the
config's benchmarks, zero-shot and greedy, and grades every answer. Views `scores` and `score_gains` have the results with
their intervals; the Caco page shows them. `finish` decides the state of the run.

**Reads** the dataset that the run pins by name, version and hash when it is planned, and the files of the benchmarks.
**Writes** `models/{model_id}`, `runs/...` and `outputs/...` in the store; the student, its scores and every answer's
verdict in the ledger.

**When** each time `caco_nightly` has published (asset `caco_dataset`), with the partition, config and overrides that it
ran with, where its config has a section `[evaluate]`: the run is skipped where it has none. Or by hand, for any dataset.

**To rerun** clear the failed task with what follows it. The same dataset and settings are the same run, filed under the
date of the dataset: a finished training is found and reused, as are the answers of a base that was asked before. Each model
takes one slot of the pool `gpu`, and waits for the GPUs of its machine that it needs.

**It will not** train on a dataset without rows, count an answer that no checker could decide as wrong, or let a student
take the place of any model that a nightly run uses.

**Example** (Trigger, configuration JSON):

    {"config": "nano", "dataset": "caco-nano/2026-11-21-0123abcd", "overrides": ["evaluate.train.epochs=2"]}
"""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Param, PartitionedAssetTimetable, dag, task
from caco_common import COMMON_PARAMS, CPU, DATASET, DEFAULT_ARGS, WORKERS, finish, plan, stage_and_load

DATASET_PARAM = Param(
    None,
    type=["null", "string"],
    pattern=r"^[a-z0-9][a-z0-9_\-]*/[A-Za-z0-9][A-Za-z0-9_.\-]*$",
    title="Dataset",
    description="NAME/VERSION of a published dataset. Empty: the one of this partition and config.",
)

CONTENDER_OF_A_TASK = (  # how the grid names a mapped task
    "{{ ('base', 'student', 'base, draws', 'student, draws')[task.op_kwargs['shards'][0]] }}"
)


@task
def student(planned: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Trains the student, once for all shards, and loads its manifest."""
    from caco_tasks import tasks

    run_id = planned[0]["run_id"]
    tasks.stage("student", run_id, 0)
    return tasks.load(run_id, "student", 0)


@dag(
    schedule=PartitionedAssetTimetable(assets=DATASET),
    default_args=DEFAULT_ARGS,
    params={"dataset": DATASET_PARAM, **COMMON_PARAMS},
    tags=["caco", "evaluate"],
    dag_display_name="Caco 4 · Evaluation",
    description="A student is trained on a published dataset and scored beside its base.",
    doc_md=__doc__,
    max_active_runs=2,
)
def caco_evaluate() -> None:
    """A published dataset in, a student and its scores out."""
    planned: Any = plan.override(**CPU)("evaluate")
    evaluate = stage_and_load.override(
        task_id="evaluate", map_index_template=CONTENDER_OF_A_TASK, **WORKERS["gpu"]
    ).partial(stage="evaluate")
    trained: Any = student.override(**WORKERS["gpu"])(planned)
    trained >> evaluate.expand_kwargs(planned) >> finish.override(**CPU)(planned)


caco_evaluate()
