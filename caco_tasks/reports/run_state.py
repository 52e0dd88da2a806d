"""How a run stands, from how far its stages have come, its gate and its dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from caco_tasks.config import RunConfig, parse_config
from caco_tasks.errors import ConfigError, GateError
from caco_tasks.gate import StageCount, demand_yield
from caco_tasks.pipeline import count_shards, mapped_stages, stages_of
from caco_tasks.reports.report_parts import GateState, StateName

# a run whose last output is older is not waited for: a stage of a large model may take long, a page need not say "running"
LIVE = timedelta(minutes=20)
FINAL: Mapping[str, StateName] = {"staged": "staged", "published": "published", "withdrawn": "withdrawn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStanding:
    """How a run stands."""

    state: StateName
    gate: GateState
    sentence: str  # of the gate
    expected: Mapping[str, int]  # stage -> shards; empty: the config is one of another version
    is_live: bool


def run_standing(
    run: Mapping[str, Any], stages: Sequence[Mapping[str, Any]], dataset_state: str | None, now: datetime
) -> RunStanding:
    """How a run stands; `stages` are its rows of `run_queries.stage_counts`."""
    config = config_or_none(run["config"])
    expected = {} if config is None else {spec.name: count_shards(spec, config) for spec in stages_of(run["pipeline"])}
    made = {row["stage"]: int(row["shards"]) for row in stages}
    touched = [row["last_output_at"] for row in stages if row["last_output_at"] is not None]
    is_recent = now - max([*touched, run["planned_at"] or run["created_at"]]) < LIVE
    is_whole = bool(expected) and all(made.get(name, 0) >= count for name, count in expected.items())
    gate, sentence = _judge_gate(run, stages, config, expected, made)
    state: StateName
    if is_whole or (dataset_state is not None and not is_recent):
        state = FINAL.get(dataset_state or "", "complete")
    elif not made:
        state = "planned"
    elif gate == "failed":
        state = "gate_failed"
    else:
        state = "running" if is_recent else "stopped"
    is_live = is_recent and state in ("planned", "running", "staged")
    return RunStanding(state=state, gate=gate, sentence=sentence, expected=expected, is_live=is_live)


def config_or_none(values: Mapping[str, Any]) -> RunConfig | None:
    """The settings of a run; None where they are those of another version."""
    try:
        return parse_config(dict(values), origin="the record of the run")
    except ConfigError:
        return None


def _judge_gate(
    run: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]],
    config: RunConfig | None,
    expected: Mapping[str, int],
    made: Mapping[str, int],
) -> tuple[GateState, str]:
    """What the gate says of the counts, once all shards that it looks at are there."""
    judged = [spec.name for spec in mapped_stages(run["pipeline"]) or stages_of(run["pipeline"])]
    missing = [name for name in judged if made.get(name, 0) < expected.get(name, 1)]
    if config is None:
        return "waiting", "The run's config is one of another version: this one cannot tell what its gate demands."
    if missing:
        return "waiting", f"The gate waits for {', '.join(missing)}."
    counts = [
        StageCount(stage=row["stage"], read=row["read"], passed=row["passed"], unknown=row["unknown"])
        for row in stages
        if row["stage"] in judged
    ]
    try:
        demand_yield(run["run_id"], run["pipeline"], counts, config.gate)
    except GateError as exc:
        return "failed", str(exc)
    return "passed", "Enough was kept, and not too much is unknown."
