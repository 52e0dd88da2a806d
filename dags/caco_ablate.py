"""### Ablation: what each check is worth, by the students of the rows with and without it

**What it does.** Makes the rows of one date once for each arm of a table: the same samples, each time with other settings
(a check off, another source). Trains a student of each arm, size and repeat, scores it beside its base, and compares every
cell with the reference: intervals, paired tests, the noise of training. `train` makes the CodeGen of arms that have training
settings of their own and none yet. `finish` decides the state of the run, and its return value is the whole result; the view
`ablation_results` and `caco ablate --show` have it too.

**Reads** what `caco_nightly` reads for the date, and the table. **Writes** runs and outputs like any other,
`ablations/{date}/{id}.json` and one dataset for each arm, whose name ends in `-ablation`: it stays *staged* for ever, nobody
is told of it, and it takes no program and no problem from other runs. In the ledger: `ablation`, `ablation_arm`,
`ablation_cell`.

**When** by hand, or by `caco ablate`.

**To rerun** clear the failed task with what follows it, or trigger the DAG again with the same form: it is the same ablation,
and what is finished is reused. What arms share is made once, by the reference; a task of the funnel works on one arm after
the other. Each student takes one slot of the pool `gpu`.

**It will not** publish anything, start another DAG, or call a difference real that is within the noise.

**Example** (Trigger, configuration JSON):

    {"table": "verification", "config": "nano", "partition": "2026-11-21", "overrides": ["samples=2400"]}
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task, task_group
from caco_common import (
    CPU,
    DEFAULT_ARGS,
    SETTINGS_PARAMS,
    WORKERS,
    keys_of,
    require_all_done,
    require_known_fields,
    resolve_settings,
)

from caco_tasks.ablations.ablation_tables import bundled_tables
from caco_tasks.pipeline import mapped_stages

TABLE = Param(
    "verification",
    type="string",
    minLength=1,
    examples=bundled_tables(),
    title="Table",
    description=f"A bundled table ({', '.join(bundled_tables())}) or the path of a TOML file: which arms are compared.",
)
NAME_OF_SHARDS = "{{ task.op_kwargs['places'][0][1] | join(', ') }}"  # as far as the longest of the arms goes


@task
def plan() -> str:
    """Registers the ablation, or finds it; its id."""
    from caco_tasks import ablation_tasks
    from caco_tasks.ablations.ablation_tables import load_table

    context = get_current_context()
    require_known_fields(context)
    return ablation_tasks.plan_ablation(load_table(context["params"]["table"]), **resolve_settings(context))[
        "ablation_id"
    ]


@task
def train(ablation_id: str) -> list[str]:
    """Seeds and CodeGen of the arms that have none."""
    from caco_tasks import ablation_tasks

    return ablation_tasks.train_missing(ablation_id)


@task
def plan_arms(ablation_id: str) -> list[list[Any]]:
    """Plans the runs of the arms; for each task of the funnel the runs with their shards."""
    from caco_tasks import ablation_tasks

    return ablation_tasks.plan_arms(ablation_id)["work"]


@task(map_index_template=NAME_OF_SHARDS)
def stage_of_arms(stage: str, places: Sequence[tuple[str, list[int]]]) -> None:
    """Makes the outputs of some shards of all arms, one arm after the other, and loads them."""
    from caco_tasks import ablation_tasks, tasks

    for run_id, shards in places:
        ablation_tasks.stage_arm(stage, run_id, shards, keys=keys_of(tasks.connections(stage, run_id)))


@task
def publish(ablation_id: str) -> list[str]:
    """Writes the datasets of all arms, which stay staged."""
    from caco_tasks import ablation_tasks

    return [ablation_tasks.publish_arm(run_id) for run_id in ablation_tasks.plan_arms(ablation_id)["runs"]]


@task
def plan_students(ablation_id: str) -> list[str]:
    """The evaluations of all cells, each once."""
    from caco_tasks import ablation_tasks

    return ablation_tasks.plan_students(ablation_id)


@task
def student(evaluation: str) -> dict[str, Any]:
    """Trains a student and scores it beside its base."""
    from caco_tasks import ablation_tasks

    return ablation_tasks.score_student(evaluation)


@task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def finish(ablation_id: str) -> dict[str, Any]:
    """Decides the state of the run, and tells what came out."""
    from caco_tasks import ablation_tasks

    require_all_done(get_current_context())
    return ablation_tasks.finish_ablation(ablation_id)


@dag(
    schedule=None,
    default_args=DEFAULT_ARGS,
    params={"table": TABLE, **SETTINGS_PARAMS},
    tags=["caco", "ablate"],
    dag_display_name="Caco Ablation",
    description="The same samples with and without each check, a student of each, and what that says of the checks.",
    doc_md=__doc__,
    max_active_runs=2,
)
def caco_ablate() -> None:
    """A table of arms in, scores with their differences out."""
    ablation: Any = plan.override(**CPU)()
    arms: Any = plan_arms.override(**CPU)(ablation)

    @task_group
    def funnel(places: Any) -> None:
        made: list[Any] = [
            stage_of_arms.override(task_id=spec.name, **WORKERS[spec.queue])(stage=spec.name, places=places)
            for spec in mapped_stages("nightly")
        ]
        for before, after in pairwise(made):
            before >> after

    trained: Any = train.override(**WORKERS["gpu"])(ablation)
    published: Any = publish.override(**CPU)(ablation)
    students: Any = plan_students.override(**CPU)(ablation)
    scored = student.override(**WORKERS["gpu"]).expand(evaluation=students)
    trained >> arms >> funnel.expand(places=arms) >> published >> students >> scored >> finish.override(**CPU)(ablation)


caco_ablate()
