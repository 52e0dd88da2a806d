"""What the Caco DAGs share: defaults, form fields, assets, and the tasks that they wire.

A task body only calls `caco_tasks.tasks`; everything with a decision in it lives there and is tested without Airflow.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from airflow.sdk import (
    Asset,
    AsyncCallback,
    Connection,
    Context,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    TriggerRule,
    Variable,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException
from caco.notify import notify_failure, tell_of_late_run, tell_of_retry

from caco_tasks.config import bundled_configs, load_config
from caco_tasks.llm.prompts import check_prompts
from caco_tasks.pipeline import mapped_stages

SEED_PROGRAMS = Asset("caco_seed_programs", uri="caco://seed_programs")
CODEGEN = Asset("caco_codegen_model", uri="caco://codegen_model")
DATASET = Asset("caco_dataset", uri="caco://dataset")
WAITING = Asset("caco_waiting_dataset", uri="caco://waiting_dataset")  # only a promotion makes it count for its date

MAX_EVENTS_READ = 100  # of a dataset's newest: more nights than anyone clears

CONFIGS = bundled_configs()  # offered by the trigger form
CONFIG_VARIABLE = "caco_config"  # Airflow variable: the config of runs that name none

for name in CONFIGS:
    check_prompts(load_config(name))  # a prompt that cannot be filled in stops the DAGs here, not a run at 03:00

WORKERS: dict[str, dict[str, Any]] = {  # by the queue that a stage declares
    "cpu": {"queue": "cpu", "execution_timeout": timedelta(hours=2)},
    "gpu": {"queue": "gpu", "pool": "gpu", "execution_timeout": timedelta(hours=12)},
}
CPU = WORKERS["cpu"]

SHARDS_OF_A_TASK = (  # how the grid names a mapped task
    "{% set shards = task.op_kwargs['shards'] %}"
    "{{ 'shard %d' % shards[0] if shards | length == 1 else 'shards %d to %d' % (shards[0], shards[-1]) }}"
)

NON_RETRYABLE: list[type[BaseException] | str] = [  # a second attempt would end the same
    f"caco_tasks.errors.{name}"
    for name in ("ConfigError", "ConservationError", "DamagedError", "GateError", "PrerequisiteError", "RefusedError")
]
# Read where the DAGs are parsed, so one for all runs. Pauses double: 15, 30, 60 … seconds, a quarter of an hour in all.
RETRIES = int(os.environ.get("CACO_TASK_RETRIES") or 6)
RETRY_DELAY_SECONDS = float(os.environ.get("CACO_RETRY_DELAY_SECONDS") or 15)
LATE_AFTER_HOURS = float(os.environ.get("CACO_LATE_AFTER_HOURS") or 24)  # when the next night begins; 0: never

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "caco",
    "retries": RETRIES,
    "retry_delay": timedelta(seconds=RETRY_DELAY_SECONDS),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": ExceptionRetryPolicy(rules=[RetryRule(exception=NON_RETRYABLE, action=RetryAction.FAIL)]),
    "on_failure_callback": notify_failure,
    "on_retry_callback": tell_of_retry,
}

LATE = (  # of a nightly run; its own date would not do: a partitioned run has none, and a backfill runs old dates
    DeadlineAlert(
        name="late",
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=LATE_AFTER_HOURS),
        callback=AsyncCallback(tell_of_late_run, {"hours": LATE_AFTER_HOURS}),
    )
    if LATE_AFTER_HOURS
    else None
)

FIELDS = {"samples": "samples", "dataset": "evaluate.dataset"}  # of single forms, and the settings that they change

SETTINGS_PARAMS = {
    "config": Param(
        None,
        type=["null", "string"],
        minLength=1,
        examples=CONFIGS,
        title="Config",
        description=f"A bundled config ({', '.join(CONFIGS)}) or the path of a TOML file. Empty: the one that the Airflow "
        f"variable {CONFIG_VARIABLE} names, or nano.",
    ),
    "partition": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Partition",
        description="The date that the run is filed under. Empty: the partition key of the run, or the day it is due.",
    ),
    "overrides": Param(
        [],
        type="array",
        items={"type": "string", "pattern": r"^[A-Za-z0-9_.\-]+=.+$", "maxLength": 2000},
        maxItems=50,
        title="Overrides",
        description="Settings to change, one per line, as key.path=value: judge.times=3, publish.name=trial.",
    ),
}

COMMON_PARAMS = {
    **SETTINGS_PARAMS,
    "run_id": Param(
        None,
        type=["null", "string"],
        pattern=r"^[0-9a-f]{8,32}$",
        title="Run",
        description="Go on with a run that was planned before, by its id or the beginning of it. Empty: the fields above.",
    ),
    "rerun": Param(
        None,
        type=["null", "string"],
        pattern=r"^[a-z]+(:\d+)?$",
        title="Rerun",
        description="A stage whose finished outputs are made anew, as judge or judge:3 for one shard; what is made from them "
        "follows. Empty: what is finished is reused.",
    ),
    "rerun_unknown": Param(
        True,
        type="boolean",
        title="Rerun only what is unknown",
        description="Keep every known verdict of the stage above, and ask again only for the unknown ones.",
    ),
}


@task
def plan(pipeline: str) -> list[dict[str, Any]]:
    """Registers the run, asks for new attempts where the form does; `{"run_id", "shards"}` of each of its mapped tasks."""
    from caco_tasks import tasks

    context = get_current_context()
    require_known_fields(context)
    form = context["params"]
    require_asked_config(context)
    asked_by = (context["dag_run"].dag_id, context["run_id"])
    if form["run_id"]:
        settings = tasks.settings_of(form["run_id"])
    else:
        settings = resolve_settings(context)
        require_wanted(pipeline, context, settings)
    context["ti"].xcom_push("settings", settings)  # for whoever tells what was made, or asks why not
    run = (
        tasks.resume(pipeline, form["run_id"], trigger=asked_by)
        if form["run_id"]
        else tasks.plan(pipeline, **settings, trigger=asked_by)
    )
    if form["rerun"]:
        stage, _, shard = form["rerun"].partition(":")
        unknown_only, token = form["rerun_unknown"], context["run_id"]  # a retried task asks once
        tasks.rerun(run["run_id"], stage, shard=int(shard) if shard else None, unknown_only=unknown_only, token=token)
    return [{"run_id": run["run_id"], "shards": shards} for shards in run["tasks"]]


@task(map_index_template=SHARDS_OF_A_TASK)
def stage_and_load(stage: str, run_id: str, shards: Sequence[int]) -> list[dict[str, Any]]:
    """Makes outputs, or finds them made, and loads them; hands on the counts that the ledger registered."""
    from caco_tasks import tasks

    tasks.stage_all(stage, run_id, shards, keys=keys_of(tasks.connections(stage, run_id)))
    return [tasks.load(run_id, stage, shard) for shard in shards]


@task
def gate(planned: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Checks the whole run before anything is published."""
    from caco_tasks import tasks

    return tasks.gate(planned[0]["run_id"])


@task(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def finish(planned: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Decides the state of the run, publishes what it staged, and tells those who wait for its outlets what was made."""
    from caco_tasks import tasks

    context = get_current_context()
    require_all_done(context)
    counts = tasks.finish(planned[0]["run_id"], publishes=context["params"].get("release") != "staged")
    emit_asset_events(context, planned[0]["run_id"])
    return counts


@task
def announce(planned: Sequence[dict[str, Any]]) -> list[str]:
    """Tells those who wait for datasets which ones the run has published, unless they were told of the same before.

    Raises:
        AirflowSkipException: there is nothing new to tell.
    """
    from caco_tasks import tasks

    datasets = tasks.published(planned[0]["run_id"])
    if not datasets:
        raise AirflowSkipException("The run has no published dataset: there is nothing to tell.")
    return _tell_once(DATASET, planned[0]["run_id"], datasets)


@task(trigger_rule=TriggerRule.NONE_FAILED)
def offer(planned: Sequence[dict[str, Any]]) -> list[str]:
    """Tells those who promote datasets which ones of the run do not count for their date unless somebody says so.

    Raises:
        AirflowSkipException: there is none, or they were told of it before.
    """
    from caco_tasks import release_tasks

    datasets = release_tasks.awaiting_promotion(planned[0]["run_id"])
    if not datasets:
        raise AirflowSkipException("What the run made counts for its date: there is nothing to decide.")
    return _tell_once(WAITING, planned[0]["run_id"], datasets)


def _tell_once(asset: Asset, run_id: str, datasets: list[str]) -> list[str]:
    """Emits the event of an asset with datasets in it, unless there was one with the same."""
    context = get_current_context()
    told = context["inlet_events"][asset].ascending(False).limit(MAX_EVENTS_READ)
    if any(event.extra.get("datasets") == datasets for event in told):
        raise AirflowSkipException(
            f"{' and '.join(datasets)} was announced before, and nothing has changed: nobody is told again."
        )
    emit_asset_events(context, run_id, datasets=datasets)
    return datasets


def line_of_stages(pipeline: str) -> Callable[[str, list[int]], None]:
    """The tasks of one shard, or of some: the mapped stages of a pipeline, each on the workers that it declares."""

    def line(run_id: str, shards: list[int]) -> None:
        made: list[Any] = []
        for spec in mapped_stages(pipeline):
            step = stage_and_load.override(task_id=spec.name, **WORKERS[spec.queue])
            made.append(step(stage=spec.name, run_id=run_id, shards=shards))
        for before, after in pairwise(made):
            before >> after

    return line


def keys_of(connections: Iterable[str]) -> dict[str, str]:
    """The keys of endpoints: the passwords of the Airflow connections of these names."""
    return {name: Connection.get(name).password or "" for name in connections}


def require_known_fields(context: Context) -> None:
    """Refuses a run whose conf has a key that is no field of the form: Airflow lets it pass, and a whole run would start.

    Raises:
        ConfigError: there is such a key; the message offers the nearest field.
    """
    from caco_tasks.errors import ConfigError
    from caco_tasks.format import offer_nearest

    dag = context["dag"]
    for name in context["dag_run"].conf or {}:
        if name not in dag.params:
            offered = offer_nearest(name, dag.params)
            raise ConfigError(
                f"There is no '{name}' in the form of {dag.dag_id}{offered}: it has {', '.join(dag.params)}."
            )


def resolve_settings(context: Context) -> dict[str, Any]:
    """Partition, config and overrides of a run.

    Each comes from the form, else from the newest asset event that started the run, else from a default. A partition
    key goes before the form: it is what a backfill asks for.
    """
    form, event = context["params"], newest_event(context)
    chosen = [f"{key}={form[name]}" for name, key in FIELDS.items() if form.get(name)]
    return {
        "partition": context.get("partition_key") or form["partition"] or event.get("partition") or _day_due(context),
        "config": form["config"] or event.get("config") or Variable.get(CONFIG_VARIABLE, default="nano"),
        "overrides": [*(form["overrides"] or event.get("overrides", [])), *chosen],
    }


def require_asked_config(context: Context) -> None:
    """Refuses a backfill that brought no configuration, where no variable names the config that it should have.

    Airflow 3.3's form for backfills sends its fields only where "Override parameters on existing runs" is ticked. Without
    them hundreds of dates would run with the default config, and at its cost.

    Raises:
        ConfigError: this is such a backfill.
    """
    run = context["dag_run"]
    if run.run_type != "backfill" or run.conf or Variable.get(CONFIG_VARIABLE, default=None):
        return
    from caco_tasks.errors import ConfigError

    raise ConfigError(
        "This backfill brought no configuration: Airflow's form drops what was filled in unless 'Override parameters on "
        "existing runs' is ticked. Tick it, use `airflow backfill create --dag-run-conf`, or set the Airflow variable "
        f"'{CONFIG_VARIABLE}'."
    )


def require_wanted(pipeline: str, context: Context, settings: Mapping[str, Any]) -> None:
    """Skips an evaluation that a published dataset started, where its config asks for none; one by hand is told so.

    Raises:
        AirflowSkipException: the config has no section `[evaluate]`.
    """
    if pipeline != "evaluate" or not context["triggering_asset_events"]:
        return
    config = load_config(settings["config"], settings["overrides"])
    if config.evaluate is None:
        raise AirflowSkipException(
            f"The config '{config.name}' has no section [evaluate], so no student is trained on what it published: add "
            "one, see docs/evaluation.md."
        )


def require_all_done(context: Context) -> None:
    """Fails the run if any of its tasks did: it is called in the leaf, so its state is the state of the run.

    Raises:
        GateError: a task before it failed.
    """
    from caco_tasks.errors import GateError

    states = context["ti"].get_task_states(dag_id=context["dag"].dag_id, run_ids=[context["run_id"]])
    failed = sorted(name for name, state in states[context["run_id"]].items() if state == "failed")
    if failed:
        raise GateError(f"Tasks failed ({', '.join(failed)}): mend the cause, then clear them and all that follows.")


def emit_asset_events(context: Context, run_id: str, **made: Any) -> None:
    """Tells the listeners of the outlets what was made and with which settings, so that they go on with the same."""
    settings = context["ti"].xcom_pull(task_ids="plan", key="settings")
    for asset in context["outlets"]:
        event = context["outlet_events"][asset]
        event.extra = {"run_id": run_id, **settings, **made}
        if asset in (DATASET, WAITING):
            event.add_partitions(settings["partition"])  # also of a run that had no partition key


def newest_event(context: Context) -> dict[str, Any]:
    """What the newest of the asset events that started the run tells; nothing where none did."""
    events = [event for of_asset in context["triggering_asset_events"].values() for event in of_asset]
    return dict(max(events, key=lambda event: event.timestamp).extra) if events else {}


def _day_due(context: Context) -> str:
    run = context["dag_run"]
    return f"{run.logical_date or run.run_after:%Y-%m-%d}"
