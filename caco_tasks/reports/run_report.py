"""One run: its funnel with the reasons, what it cost, its gate, its dry run, what it was planned with."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from caco_tasks.config import RunConfig
from caco_tasks.dry_run import dry_run_shards, judge_dry_run, run_costs
from caco_tasks.errors import GateError, UnknownIdError
from caco_tasks.ledger import run_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.scores import last_nightly_runs, outlays
from caco_tasks.pipeline import mapped_stages, stages_of
from caco_tasks.reports.archive import Archive, OpenLedger
from caco_tasks.reports.reason_words import words_of
from caco_tasks.reports.report_parts import AirflowRun, Json, Report, RunRef, Share, run_ref, share_of
from caco_tasks.reports.run_list import RunLine, airflow_run, describe_runs
from caco_tasks.reports.run_state import RunStanding, config_or_none, run_standing


class ReasonCount(Report):
    """How many records a stage did not pass for one reason."""

    outcome: str  # fail or unknown; "recorded": a rule found it and let the record go on
    reason: str
    words: str
    records: int
    share_of_read: Share


class FunnelStage(Report):
    """One stage of a run."""

    stage: str
    shards: int
    shards_expected: int | None
    reused: int
    read: int
    passed: int
    failed: int
    unknown: int
    recorded: int
    kept_share: Share
    share_of_sampled: float | None  # passed, of what the run's first stage read
    prompt_tokens: int
    completion_tokens: int
    requests: int
    replayed: int
    cost_usd: float
    seconds: float
    models: tuple[str, ...]
    prompts: tuple[str, ...]
    reasons: tuple[ReasonCount, ...]  # the most frequent first


class GateReport(Report):
    """What the gate demands, and whether the run meets it now."""

    state: str  # passed, failed or waiting
    sentence: str
    demands: dict[str, Json]


class DryRunReport(Report):
    """The first shards of a run, held against earlier runs."""

    state: str  # off, waiting, in_band or out_of_band
    sentence: str
    shards: int
    samples: int
    projection: dict[str, Json]
    usual: dict[str, float]  # medians of the earlier runs


class SettingValue(Report):
    """One setting of a run."""

    setting: str  # dotted path
    value: Json


class RunReport(Report):
    """All of one run."""

    line: RunLine
    airflow_runs: tuple[AirflowRun, ...]  # newest first
    code_version: str
    requested: dict[str, Json]  # config and overrides in the words of whoever planned it
    settings: tuple[SettingValue, ...]
    prompts: dict[str, str]
    sources: dict[str, str]
    benchmarks: dict[str, str]
    seed_run: RunRef | None
    codegen_run: RunRef | None
    model_id: str | None
    stages: tuple[FunnelStage, ...]  # all of the pipeline, those without an output too
    gate: GateReport | None
    dry_run: DryRunReport | None
    datasets: tuple[str, ...]  # name/version, newest first
    evaluations: tuple[RunRef, ...]  # runs that trained on one of its datasets
    is_live: bool


def run_report(archive: OpenLedger, run_id_or_prefix: str) -> RunReport:
    """All of a run but its diversity.

    Raises:
        UnknownIdError: there is no such run.
        AmbiguousIdError: more than one begins so.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        run_id = run_queries.find_run_id(connection, run_id_or_prefix)
        run = run_queries.run_record(connection, run_id)
        line = describe_runs(connection, [run])[0]
        rows = run_queries.stage_counts(connection, [run["run_no"]])
        state = line.dataset.state if line.dataset else None
        standing = run_standing(run, rows, state, run_queries.time_of(connection))
        config = config_or_none(run["config"])
        stages = _describe_stages(connection, run, rows, standing)
        of_run = run_queries.datasets_of_runs(connection, [run_id])
        datasets = [f"{row['dataset']}/{row['version']}" for row in of_run]
        behind = [one for one in (run["seed_run_id"], run["codegen_run_id"]) if one is not None]
        references = {name: run_ref(row) for name, row in run_queries.run_references(connection, behind).items()}
        return RunReport(
            line=line,
            airflow_runs=tuple(airflow_run(row) for row in run_queries.triggers_of_runs(connection, [run_id])),
            code_version=run["code_version"],
            requested=run["requested"],
            settings=tuple(SettingValue(setting=name, value=value) for name, value in flat_settings(run["config"])),
            prompts=run["prompts"],
            sources=run["sources"],
            benchmarks=run["benchmarks"],
            seed_run=references.get(run["seed_run_id"]),
            codegen_run=references.get(run["codegen_run_id"]),
            model_id=run["model_id"],
            stages=stages,
            gate=_describe_gate(config, standing),
            dry_run=_describe_dry_run(connection, run, config, rows) if run["pipeline"] == "nightly" else None,
            datasets=tuple(datasets),
            evaluations=tuple(run_ref(row) for row in run_queries.evaluations_of(connection, datasets)),
            is_live=line.is_live,
        )


def run_by_airflow(archive: Archive, *, dag_id: str, dag_run_id: str) -> RunRef:
    """The run that a run of Airflow planned.

    Raises:
        UnknownIdError: it planned none, or not yet.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        run_id = run_queries.run_of_trigger(connection, dag_id, dag_run_id)
        found = run_queries.run_references(connection, [run_id]).get(run_id) if run_id else None
    if found is None:
        raise UnknownIdError(
            f"The run '{dag_run_id}' of {dag_id} has planned no run of ours: its task plan comes first."
        )
    return run_ref(found)


def flat_settings(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Json]]:
    """The settings of a config by their dotted paths; lists are values."""
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping) and value:
            yield from flat_settings(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def describe_reasons(rows: Sequence[Mapping[str, Any]], read: int) -> tuple[ReasonCount, ...]:
    """The reasons of a stage that read so many records."""
    return tuple(
        ReasonCount(
            outcome=row["outcome"] or "recorded",
            reason=row["reason"],
            words=words_of(row["reason"]) or "",
            records=row["records"],
            share_of_read=share_of(row["records"], read),
        )
        for row in rows
    )


def _describe_stages(
    connection: Connection, run: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], standing: RunStanding
) -> tuple[FunnelStage, ...]:
    reasons = run_queries.reason_counts(connection, run["run_no"])
    asked = run_queries.asked_models(connection, run["run_no"])
    made = {row["stage"]: row for row in rows}
    specs = stages_of(run["pipeline"])
    first = made.get(specs[0].name)
    found = []
    for spec in specs:
        row: Mapping[str, Any] = made.get(spec.name, {})
        read, passed = row.get("read", 0), row.get("passed", 0)
        stage = FunnelStage(
            stage=spec.name,
            shards=row.get("shards", 0),
            shards_expected=standing.expected.get(spec.name),
            reused=row.get("reused", 0),
            read=read,
            passed=passed,
            failed=row.get("failed", 0),
            unknown=row.get("unknown", 0),
            recorded=row.get("recorded", 0),
            kept_share=share_of(passed, read),
            share_of_sampled=passed / first["read"] if first and first["read"] and row else None,
            prompt_tokens=row.get("prompt_tokens", 0),
            completion_tokens=row.get("completion_tokens", 0),
            requests=row.get("requests", 0),
            replayed=row.get("replayed", 0),
            cost_usd=row.get("cost_usd", 0.0),
            seconds=row.get("seconds", 0.0),
            models=tuple(sorted({name for one in asked if one["stage"] == spec.name for name in one["models"]})),
            prompts=tuple(sorted({name for one in asked if one["stage"] == spec.name for name in one["prompts"]})),
            reasons=describe_reasons([one for one in reasons if one["stage"] == spec.name], read),
        )
        found.append(stage)
    return tuple(found)


def _describe_gate(config: RunConfig | None, standing: RunStanding) -> GateReport:
    demands = {} if config is None else config.gate.model_dump(mode="json")
    return GateReport(state=standing.gate, sentence=standing.sentence, demands=demands)


def _describe_dry_run(
    connection: Connection, run: Mapping[str, Any], config: RunConfig | None, rows: Sequence[Mapping[str, Any]]
) -> DryRunReport | None:
    """How the first shards compare with earlier runs, as the task of that name judges it; None: the config is unknown."""
    if config is None:
        return None
    shards = dry_run_shards(config)
    empty: dict[str, Any] = {"shards": len(shards), "samples": 0, "projection": {}, "usual": {}}
    if not shards:
        return DryRunReport(state="off", sentence="The config asks for no dry run of a run of this size.", **empty)
    last = next((row for row in rows if row["stage"] == mapped_stages("nightly")[-1].name), None)
    costs = run_costs(outlays(connection, run["run_id"], shards))
    if last is None or last["shards"] < len(shards) or not costs:
        return DryRunReport(state="waiting", sentence="The first shards are not through all stages yet.", **empty)
    earlier = run_costs(last_nightly_runs(connection, config.name, but=run["run_id"], max_runs=config.dry_run.runs))
    names = ("share", "usd", "tokens", "seconds")
    usual = {name: median(getattr(one, name) for one in earlier) for name in names} if earlier else {}
    first = costs[0]
    try:
        judged = judge_dry_run(first, earlier, config)
    except GateError as exc:
        known = {"shards": len(shards), "samples": first.samples, "usual": usual}
        projection = {"share": first.share, "usd": first.usd, "tokens": first.tokens, "seconds": first.seconds}
        return DryRunReport(state="out_of_band", sentence=str(exc), projection=projection, **known)
    sentence = str(judged.pop("verdict"))
    judged.pop("usual", None)
    return DryRunReport(
        state="in_band", sentence=f"{sentence[:1].upper()}{sentence[1:]}.", shards=len(shards), samples=first.samples,
        projection=judged, usual=usual,
    )  # fmt: skip
