"""What a run would reuse and make, what it asks of GPUs, and what a rerun asks again; told before anything is worked on."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.cli.dag_runs import check_settings, locate_config
from caco_tasks.connections import Connections
from caco_tasks.errors import ConfigError, LedgerError, PlatformError
from caco_tasks.estimate import Estimate, StageEstimate
from caco_tasks.forecast import Forecast, ForecastServices, StageForecast
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger, StageSpeed, TrainingRow
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.pipeline import PIPELINES, count_shards, find_stage, stages_of
from caco_tasks.planning import find_or_make_run
from caco_tasks.runner import find_output
from caco_tasks.steering_plan import Steering, find_steering
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.tasks import open_ledger, plan


def forecast_run(
    pipeline: str, partition: str, config: str, overrides: Sequence[str], *, is_registered: bool
) -> tuple[dict[str, Any], list[StageForecast]]:
    """Id and partition of a run, and what it would do at each stage; where it is registered its shards too.

    Raises:
        ConfigError: pipeline, partition, config or an override is wrong.
        LedgerError: what the run needs of an earlier pipeline is not there yet.
    """
    settings = check_settings(config, overrides, partition)
    stages_of(pipeline)
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        run = find_or_make_run(
            pipeline, partition, settings, ledger=ledger, store=store, models=LocalModels(reached.models)
        )
        with ForecastServices(reached, run=run, config=settings) as services:
            stages = list(Forecast(RunKeys.of(run, store), store, ledger, services).stages())
    if is_registered:  # only now: a plan that cannot be forecast leaves no run behind
        planned = plan(pipeline, partition=partition, config=locate_config(config), overrides=overrides)
        return {name: planned[name] for name in ("run_id", "partition", "shards")}, stages
    return {"run_id": run.run_id, "partition": run.partition}, stages


def forecast_steering(partition: str, config: str, overrides: Sequence[str]) -> tuple[RunRecord, Steering]:
    """A nightly run as it is or would be planned, and what it would be steered by now.

    Raises:
        ConfigError: partition, config or an override is wrong, or the config has no [steer].
        LedgerError: what the run needs of an earlier pipeline is not there yet.
    """
    settings = check_settings(config, overrides, partition)
    with open_ledger() as (ledger, reached):
        models = LocalModels(reached.models)
        run = find_or_make_run(
            "nightly", partition, settings, ledger=ledger, store=open_store(reached.store), models=models
        )
        return run, find_steering(run, settings, ledger)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineEstimate:
    """What some runs of one config ask of GPUs."""

    config: str
    stages: list[StageEstimate]
    shares_from: str  # where the shares of records that pass each stage are from
    notes: list[str]  # what could not be looked at, in sentences

    def as_json(self) -> dict[str, Any]:
        """The form that scripts read: the stages, their sum, and which of them are in no sum."""
        hours = [stage.gpu_hours for stage in self.stages if stage.gpu_hours is not None]
        most = max((stage.gpus for stage in self.stages), default=0)
        return {
            "config": self.config,
            "stages": [stage.as_json() for stage in self.stages],
            "gpu_hours": round(sum(hours), 2) if hours else None,
            "most_gpus": most,
            "hours_at_least": round(sum(hours) / most, 2) if hours and most else None,
            "unknown": [stage.stage for stage in self.stages if stage.gpu_hours is None],
            "shares_from": self.shares_from,
            "notes": self.notes,
        }


def estimate_line(pipeline: str | None, config: str, overrides: Sequence[str]) -> LineEstimate:
    """What the runs of one pipeline, or of all, ask of GPUs; a ledger is asked where there is one, and not needed.

    Raises:
        ConfigError: pipeline, config or an override is wrong.
    """
    settings = check_settings(config, overrides)
    if pipeline is not None:
        stages_of(pipeline)
    speeds, trainings, notes = _measured_here()
    found = Estimate(settings, speeds, trainings)
    stages = list(found.stages(tuple(PIPELINES) if pipeline is None else (pipeline,)))
    return LineEstimate(config=settings.name, stages=stages, shares_from=found.shares_from, notes=notes)


def _measured_here() -> tuple[list[StageSpeed], list[TrainingRow], list[str]]:
    """What the ledger of this machine has measured; nothing, and a sentence, where it cannot be asked."""
    try:
        url = Connections.from_environ(os.environ).ledger_url
    except ConfigError:
        url = None  # no platform, no store: an estimate is made before there is any
    if url is None:
        return [], [], []
    try:
        with Ledger(url) as ledger:
            return ledger.stage_speeds(), ledger.trainings(), []
    except LedgerError as exc:  # published figures will do
        return [], [], [f"Nothing measured here was looked at: {exc}"]


def describe_attempts(run: RunRecord, store: Store, stage: str, shards: Sequence[int]) -> str:
    """What new attempts of some shards ask again, in words: "2 of 4 shards, 37 unknown rows of 2,000"."""
    keys = RunKeys.of(run, store)
    all_shards = count_shards(find_stage(run.pipeline, stage), keys.config)
    # the attempts that the new ones take the place of
    replaced = [find_output(store, stage, str(keys.previous(stage, shard))) for shard in shards]
    rows = sum(manifest.read for manifest in replaced if manifest is not None)
    unknown = sum(manifest.unknown for manifest in replaced if manifest is not None)
    if all(keys.keeps_known(stage, shard) for shard in shards):
        return f"{len(shards)} of {all_shards} shards, {unknown:,} unknown rows of {rows:,}"
    return f"{len(shards)} of {all_shards} shards, all {rows:,} rows"


def check_attempts(run: RunRecord, store: Store, stage: str, shards: Sequence[int]) -> None:
    """Holds a rerun that ended to what it was asked for.

    Raises:
        PlatformError: a new attempt was not made, as when the run's config file has changed since it was planned.
    """
    keys = RunKeys.of(run, store)
    missing = [shard for shard in shards if find_output(store, stage, keys.key(stage, shard)) is None]
    if missing:
        raise PlatformError(
            f"Shard {missing[0]} of '{stage}' was asked for again and not made, as Airflow worked on another run: "
            f"the config of run {run.run_id[:12]} has changed since; `caco rerun --here` goes by the run's own record."
        )
