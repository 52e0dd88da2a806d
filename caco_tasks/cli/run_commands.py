"""Commands that start work: run, plan, rerun, stage."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from uuid import uuid4

import click

from caco_tasks.cli.console import err, explain_errors, out, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import find_running_platform, open_ledger_as, open_store_here, require_platform, today
from caco_tasks.cli.options import config_option, json_option, partition_option, set_option
from caco_tasks.errors import ConfigError


@click.command()
@partition_option
@config_option
@set_option
@json_option
@explain_errors
def run(partition: str | None, config: str, overrides: Sequence[str], as_json: bool) -> None:
    """Trigger caco_nightly for one date and follow it.

    With --json the progress goes to standard error, and what the run is and published to standard output.
    """
    from caco_tasks.cli.dag_runs import Job, check_settings
    from caco_tasks.cli.demo import run_nightly

    job = Job(partition=partition or today(), config=config, overrides=tuple(overrides))
    check_settings(config, overrides, job.partition)  # before the platform is looked for: the nearer mistake first
    made = run_nightly(require_platform(), job, err if as_json else out)
    if as_json:
        print_json(made)


@click.command()
@click.argument("pipeline", required=False)
@partition_option
@config_option
@set_option
@click.option("--register", is_flag=True, help="Register the run too, so that `caco stage` can work on it.")
@click.option("--estimate", is_flag=True, help="Show GPUs and GPU-hours instead, by the config alone.")
@json_option
@explain_errors
def plan(
    pipeline: str | None,
    partition: str | None,
    config: str,
    overrides: Sequence[str],
    register: bool,
    estimate: bool,
    as_json: bool,
) -> None:
    """Show what a run would reuse and make, and how many model calls that is.

    PIPELINE is nightly, seeds, codegen or evaluate; not given, nightly. Nothing is asked, and without --register nothing
    is written. A number of model calls is the most that it can be; it is exact where the records that a stage reads are
    there.

    With --estimate nothing needs to be there, neither ledger nor seeds nor models, and PIPELINE, not given, is all of
    them: what each stage asks of which GPUs for how long, by what earlier runs have measured or by published figures.
    """
    from caco_tasks.cli.forecasts import forecast_run
    from caco_tasks.cli.tables import forecast_table, summarize_forecast

    if estimate:
        if register:
            raise ConfigError("--estimate looks at a config alone: leave out --register.")
        _show_estimate(pipeline, config, overrides, as_json)
        return
    pipeline = pipeline or "nightly"
    with show_progress("comparing with what is there"):
        planned, stages = forecast_run(pipeline, partition or today(), config, overrides, is_registered=register)
    if as_json:
        print_json({**planned, "stages": [each.as_json() for each in stages]})
        return
    print_line(f"{pipeline} {planned['partition']}, run {planned['run_id']}")
    print_whole(forecast_table(stages))
    print_line(summarize_forecast(stages))
    if register:
        begin = f"caco stage {stages[0].stage} --run {planned['run_id'][:12]} --shard 0"
        print_line(f"The run is registered; without Airflow it begins with: {begin}")


def _show_estimate(pipeline: str | None, config: str, overrides: Sequence[str], as_json: bool) -> None:
    from caco_tasks.cli.forecasts import estimate_line
    from caco_tasks.cli.tables import estimate_notes, estimate_table

    with show_progress("estimating"):
        found = estimate_line(pipeline, config, overrides)
    if as_json:
        print_json(found.as_json())
        return
    print_whole(estimate_table(found.stages))
    for note in [*estimate_notes(found.stages, found.shares_from), *found.notes]:
        print_line(note)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--stage", "stage_name", required=True, metavar="S", help="Stage whose outputs are made anew.")
@click.option("--shard", type=click.IntRange(0), help="One shard, from 0; default: all of the stage.")
@click.option("--unknown", "unknown_only", is_flag=True, help="Keep every known verdict; ask again for unknown ones.")
@click.option("--here", is_flag=True, help="Work in this process, also where a local platform is up.")
@json_option
@explain_errors
def rerun(run_id: str, stage_name: str, shard: int | None, unknown_only: bool, here: bool, as_json: bool) -> None:
    """Make finished outputs of a run anew, and what follows from them; the older ones stay on record.

    Where the local platform is up its Airflow does the work, else this process. RUN may be the beginning of an id.
    """
    from caco_tasks import tasks
    from caco_tasks.cli.dag_runs import resume_run
    from caco_tasks.cli.forecasts import check_attempts, describe_attempts
    from caco_tasks.cli.tables import funnel_table

    # a token for each command: asking twice by hand is meant as two attempts
    with show_progress("preparing new attempts"):
        asked = tasks.rerun(run_id, stage_name, shard=shard, unknown_only=unknown_only, token=uuid4().hex)
    told = err if as_json else out
    if not asked["shards"]:
        print_line(f"{stage_name}: no verdict is unknown, so there is nothing to ask again.", told)
        if as_json:
            print_json(asked)
        return
    with open_ledger_as() as ledger:
        found = tasks.find_run(ledger, asked["run_id"])
        store, shards = open_store_here(), asked["shards"]
        described = describe_attempts(found, store, stage_name, shards)
        print_line(f"{stage_name} is asked again: {described}.", told)
        state = None if here else find_running_platform()
        if state is not None:
            resume_run(state, ledger, found, told)
        else:
            with show_progress(f"working through run {found.run_id[:12]}"):
                tasks.work_through(found.run_id)
        # a DAG run can end well and have worked on another run
        check_attempts(found, store, stage_name, shards)
        print_whole(funnel_table(ledger.funnel(found.run_id), ledger.reject_reasons(found.run_id)), told)
    if as_json:
        print_json(asked)


@click.command()
@click.argument("name")
@click.option("--run", "run_id", required=True, help="Id of the run, or the beginning of it.")
@click.option(
    "--shard", "shards", required=True, multiple=True, type=click.IntRange(0), help="Number, from 0; may be repeated."
)
@click.option("--parent", type=click.IntRange(1), metavar="PID", help="End when this process, the caller, ends.")
@json_option
@explain_errors
def stage(name: str, run_id: str, shards: Sequence[int], parent: int | None, as_json: bool) -> None:
    """Make one or some outputs of a stage, without Airflow; one that is there is left as it is.

    NAME is one of the stages that `caco funnel` shows. A model is loaded once for all shards; with --json, each shard has a
    line of its own. It waits for the GPUs that it needs.
    """
    from caco_tasks import tasks
    from caco_tasks.connections import ENGINE_ENVIRONMENT
    from caco_tasks.platform.processes import die_with_parent
    from caco_tasks.work_log import show_work

    if parent is not None or sys.stderr.isatty():  # else whoever reads the error output waits for one sentence
        show_work()
    if parent is not None:
        die_with_parent(parent)
    for variable, value in ENGINE_ENVIRONMENT.items():  # an engine reads them when it is imported
        os.environ.setdefault(variable, value)
    with ExitStack() as held:
        if parent is None:  # a task has leased them already
            os.environ.update(held.enter_context(tasks.lease_for_stage(name, run_id, shards)).environment)
        _make_outputs(name, run_id, shards, as_json)


def _make_outputs(name: str, run_id: str, shards: Sequence[int], as_json: bool) -> None:
    from caco_tasks import tasks

    began_at = time.time()  # of the first shard: loading the model is a part of it
    for shard, manifest in zip(shards, tasks.work_all(name, run_id, shards, os.environ), strict=True):
        text = f"{manifest.passed} passed, {manifest.failed} failed, {manifest.unknown} unknown of {manifest.read}"
        # its manifest names the run that made it
        is_reused = not manifest.run_id.startswith(run_id)
        if as_json:
            told = {"shard": shard, "is_reused": is_reused, "began_at": began_at, "ended_at": time.time()}
            print_json({**manifest.counts, **told})
        else:
            maker = f", made by run {manifest.run_id[:12]}" if is_reused else ""
            click.echo(f"{name} {shard}: {text} ({manifest.uri}{maker})")
        began_at = time.time()
