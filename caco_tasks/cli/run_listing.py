"""The runs that the ledger knows, each with how far it has come."""

from typing import Any

from caco_tasks.errors import ConfigError
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import count_shards, stages_of
from caco_tasks.store import RunRecord
from caco_tasks.tasks import config_of


def find_runs(ledger: Ledger, *, pipeline: str | None, max_runs: int) -> list[dict[str, Any]]:
    """The newest runs, of one pipeline or of all; `read` by the first stage, `passed` by the last that has an output.

    Raises:
        ConfigError: there is no such pipeline.
    """
    if pipeline is not None:
        stages_of(pipeline)
    return [_describe_run(ledger, run) for run in ledger.runs(pipeline=pipeline, max_runs=max_runs)]


def _describe_run(ledger: Ledger, run: RunRecord) -> dict[str, Any]:
    made, expected, funnel = len(ledger.run_outputs(run.run_id)), _count_outputs(run), ledger.funnel(run.run_id)
    return {
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "partition": run.partition,
        "config": run.config.get("name"),
        "state": _find_state(ledger, run, made, expected),
        "outputs": made,
        "of": expected,
        "read": funnel[0].read if funnel else None,
        # of a run under way, what has come so far
        "passed": funnel[-1].passed if funnel else None,
    }


def _count_outputs(run: RunRecord) -> int | None:
    """How many outputs a whole run consists of; None where its config is one of another version."""
    try:
        config = config_of(run)
    except ConfigError:
        return None  # listed all the same: only who goes on with it needs its settings
    return sum(count_shards(spec, config) for spec in stages_of(run.pipeline))


def _find_state(ledger: Ledger, run: RunRecord, made: int, expected: int | None) -> str:
    """The state of the run's dataset, or else how far its outputs have come."""
    for dataset in ledger.datasets(run.run_id)[:1]:  # the newest, of a run that was made anew in part
        states = ledger.dataset_states(dataset)
        if states:
            return states[-1].state
    return "planned" if not made else "complete" if made == expected else "incomplete"
