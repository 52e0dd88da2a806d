"""Pictures as Vega-Lite specifications with their data in them: the same for page, card and command line."""

from collections.abc import Sequence
from typing import Any, Literal

from caco_tasks.errors import ConfigError
from caco_tasks.ledger import run_queries
from caco_tasks.ledger.diversities import newest_diversity
from caco_tasks.reports.archive import Archive, OpenLedger
from caco_tasks.reports.model_report import ModelReport, model_report
from caco_tasks.reports.report_parts import Share
from caco_tasks.reports.run_list import RunLine, describe_runs
from caco_tasks.reports.run_report import RunReport, run_report
from caco_tasks.reports.score_report import Evaluation, score_history
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DiversityRecord, diversity_uri

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"

CHART_POINTS = 2000  # a browser draws no more in time
RUNS = 120  # of a chart over time, the newest
# light enough and dark enough for both themes
OUTCOMES = {"passed": "#2f855a", "failed": "#c05621", "unknown": "#718096"}
CONTENDERS = {"base": "#718096", "student": "#2b6cb0"}

ChartName = Literal[
    "funnel", "yield_over_time", "cost_over_time", "score_gains", "loss_curve", "diversity", "loop_rounds"
]

# dates as names: a time of day, and with it the reader's time zone, is none of theirs
BY_DATE = {"field": "partition", "type": "ordinal", "title": None, "axis": {"labelAngle": -40, "labelOverlap": True}}


def chart(
    archive: Archive, name: ChartName, *, run: str | None = None, model: str | None = None, config: str | None = None
) -> dict[str, Any]:
    """A specification: of a run, a model, or all nightly runs of a config.

    Raises:
        UnknownIdError, AmbiguousIdError: run or model.
        ConfigError: the chart needs a run or a model, and none is named.
        LedgerError: the ledger cannot be used.
    """
    match name:
        case "funnel":
            return funnel_chart(run_report(archive, _demand(run, "run", name)))
        case "loss_curve":
            return loss_chart(model_report(archive, _demand(model, "model", name)))
        case "loop_rounds":
            return rounds_chart(model_report(archive, _demand(model, "model", name)))
        case "diversity":
            return diversity_chart(measured_points(archive, _demand(run, "run", name)))
        case "score_gains":
            rows = score_history(archive).rows
            return gains_chart([one for one in rows if run is None or one.run.run_id.startswith(run.lower())])
        case "yield_over_time":
            return yield_chart(finished_nights(archive, config))
        case "cost_over_time":
            return cost_chart(finished_nights(archive, config))


def finished_nights(archive: OpenLedger, config: str | None = None) -> list[RunLine]:
    """The newest nightly runs whose stages all ended, oldest first.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        page = run_queries.page_of_runs(connection, pipeline="nightly", config=config, most=RUNS)
        lines = describe_runs(connection, page)
    return [line for line in reversed(lines) if line.gate != "waiting"]  # a night under way has no yield yet


def funnel_chart(report: RunReport) -> dict[str, Any]:
    """What each stage of a run passed, rejected and could not tell, as bars side by side."""
    order = [stage.stage for stage in report.stages if stage.read]
    values = [
        {"stage": stage.stage, "outcome": outcome, "records": getattr(stage, outcome), "of": stage.read, "order": place}
        for stage in report.stages
        if stage.read
        for place, outcome in enumerate(OUTCOMES)
    ]
    return _specification(
        f"What became of the records of run {report.line.run_id[:12]}, stage by stage",
        values,
        mark={"type": "bar", "tooltip": True},
        encoding={
            "y": {"field": "stage", "type": "nominal", "sort": order, "title": None},
            "x": {"field": "records", "type": "quantitative", "title": "records", "stack": "zero"},
            "color": _colours("outcome", OUTCOMES),
            "order": {"field": "order"},
            "tooltip": [{"field": name} for name in ("stage", "outcome", "records", "of")],
        },
        height={"step": 22},
    )


def yield_chart(runs: Sequence[RunLine]) -> dict[str, Any]:
    """The share of samples that nightly runs kept, with 95 % intervals, by date."""
    values = [_share_values(run.kept_share) | _names(run) for run in runs if run.sampled]
    return {
        **_base("Share of samples that came through all stages, with 95 % intervals", values),
        "layer": [
            {
                "mark": {"type": "rule"},
                "encoding": {
                    "x": BY_DATE,
                    "y": {"field": "low", "type": "quantitative", "title": "kept", "axis": {"format": "%"}},
                    "y2": {"field": "high"},
                    "color": {"field": "config", "type": "nominal"},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
                "encoding": {
                    "x": BY_DATE,
                    "y": {"field": "share", "type": "quantitative"},
                    "color": {"field": "config", "type": "nominal"},
                    "tooltip": [{"field": name} for name in ("partition", "config", "run", "part", "whole", "share")],
                },
            },
        ],
    }


def cost_chart(runs: Sequence[RunLine]) -> dict[str, Any]:
    """What nightly runs cost: dollars where anything was paid, tokens where nothing was."""
    is_paid = any(run.cost_usd for run in runs)
    field, title = ("cost_usd", "paid, $") if is_paid else ("tokens", "tokens")
    values = [
        _names(run) | {"cost_usd": run.cost_usd, "tokens": run.tokens, "published": run.published} for run in runs
    ]
    return _specification(
        f"What nightly runs took: {title}",
        values,
        mark={"type": "bar", "tooltip": True},
        encoding={
            "x": BY_DATE,
            "y": {"field": field, "type": "quantitative", "title": title, "aggregate": "sum"},
            "color": {"field": "config", "type": "nominal"},
        },
    )


def gains_chart(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """What bases and students score, with 95 % intervals, by benchmark and dataset."""
    values = [
        {
            **_share_values(share),
            "benchmark": score.benchmark,
            "contender": contender,
            "dataset": one.dataset or one.run.run_id[:12],
            "partition": one.run.partition,
        }
        for one in evaluations
        for score in one.benchmarks
        for contender, share in (("base", score.base), ("student", score.student))
        if share is not None and share.share is not None
    ]
    headings = {"labelAngle": 0, "labelAlign": "left"}
    return {
        **_base("Share of items answered right, with 95 % intervals", values),
        "facet": {
            "row": {"field": "dataset", "type": "nominal", "title": None, "header": headings},
            "column": {"field": "benchmark", "type": "nominal", "title": None},
        },
        "spec": {"width": 220, "layer": _gain_layers()},
    }


def loss_chart(report: ModelReport) -> dict[str, Any]:
    """The loss of a training over its steps, and of the held-out part before and after."""
    steps = max((point.step for point in report.curve), default=0)
    values = [{"step": point.step, "loss": point.loss, "of": "training"} for point in report.curve]
    for step, loss in ((0, report.line.loss_before), (steps, report.line.loss_after)):
        if loss is not None:
            values.append({"step": step, "loss": loss, "of": "held out"})
    return _specification(
        f"Loss of the training of {report.line.model_id[:24]}",
        values,
        mark={"type": "line", "point": True, "tooltip": True},
        encoding={
            "x": {"field": "step", "type": "quantitative", "title": "optimiser step"},
            "y": {"field": "loss", "type": "quantitative", "title": "loss, nats per token", "scale": {"zero": False}},
            "color": {"field": "of", "type": "nominal", "title": None},
        },
    )


def rounds_chart(report: ModelReport) -> dict[str, Any]:
    """Rounds of a training: variety of each model and rows that its night published, as shares of the first round's."""
    figures = {"shapes per 1,000": "shapes_per_1000", "spread": "spread", "published rows": "published"}
    rows = report.rounds
    first = {field: next((value for one in rows if (value := getattr(one, field))), None) for field in figures.values()}
    values = [
        {
            "partition": one.partition,
            "figure": words,
            "share": value / first[field],
            "value": value,
            "accepted": one.accepted,
        }
        for one in rows
        for words, field in figures.items()
        if (value := getattr(one, field)) is not None and first[field]
    ]
    return _specification(
        "Variety of each round's model and rows of its night, as shares of the first round's",
        values,
        mark={"type": "line", "point": True, "tooltip": True},
        encoding={
            "x": BY_DATE,
            "y": {"field": "share", "type": "quantitative", "title": "of the first round", "axis": {"format": "%"}},
            "color": {"field": "figure", "type": "nominal", "title": None},
            "tooltip": [{"field": name} for name in ("partition", "figure", "value", "share", "accepted")],
        },
    )


def measured_points(archive: Archive, run_id_or_prefix: str) -> DiversityRecord:
    """The newest measurement of a run's diversity.

    Raises:
        UnknownIdError, AmbiguousIdError: the run.
        ConfigError: its diversity was not measured.
    """
    with archive.ledger.reading() as connection:
        run_id = run_queries.find_run_id(connection, run_id_or_prefix)
        found = newest_diversity(connection, run_id)
    stored = archive.store.get(diversity_uri(found["diversity_id"])) if found is not None else None
    if found is None or stored is None:
        raise ConfigError(
            f"The diversity of run {run_id[:12]} was not measured: `caco diversity {run_id[:12]}` does it."
        )
    return parse_stored(DiversityRecord, stored, uri=diversity_uri(found["diversity_id"]))


def diversity_chart(record: DiversityRecord) -> dict[str, Any]:
    """A point for each problem, in the colour of its cluster, in the plane that shows most of their variance."""
    words = [f"{' '.join(one.words)} ({one.rows:,})" for one in record.clusters]
    values = [{"x": x, "y": y, "cluster": words[number]} for x, y, number in record.points[:CHART_POINTS]]
    axis = {"labels": False, "ticks": False, "grid": False}
    return _specification(
        f"Problems by their meaning; {record.shown:.0%} of the variance is in this plane",
        values,
        mark={"type": "point", "filled": True, "size": 16, "opacity": 0.7, "tooltip": True},
        encoding={
            "x": {"field": "x", "type": "quantitative", "title": None, "axis": axis, "scale": {"zero": False}},
            "y": {"field": "y", "type": "quantitative", "title": None, "axis": axis, "scale": {"zero": False}},
            "color": {
                "field": "cluster",
                "type": "nominal",
                "title": None,
                "scale": {"domain": words, "scheme": "tableau20"},
                "legend": {
                    "labelLimit": 400,
                    "orient": "bottom",
                    "columns": 1,
                },  # beside it, words leave a narrow window none
            },
        },
        height=320,
    )


def _gain_layers() -> list[dict[str, Any]]:
    """An interval and the point in it for each contender."""
    y = {"field": "contender", "type": "nominal", "title": None, "sort": list(CONTENDERS)}
    colour = _colours("contender", CONTENDERS)
    low = {"field": "low", "type": "quantitative", "title": None, "axis": {"format": "%"}}
    share = {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1]}}
    told = ("dataset", "benchmark", "contender", "part", "whole", "share")
    return [
        {"mark": "rule", "encoding": {"y": y, "x": low, "x2": {"field": "high"}, "color": colour}},
        {
            "mark": {"type": "point", "filled": True, "size": 60, "tooltip": True},
            "encoding": {"y": y, "x": share, "color": colour, "tooltip": [{"field": name} for name in told]},
        },
    ]


def _demand(value: str | None, what: str, name: str) -> str:
    if value is None:
        raise ConfigError(f"The chart '{name}' is of one {what}: name it.")
    return value


def _names(run: RunLine) -> dict[str, Any]:
    return {"partition": run.partition, "config": run.config, "run": run.run_id[:12]}


def _share_values(share: Share) -> dict[str, Any]:
    return {"part": share.part, "whole": share.whole, "share": share.share, "low": share.low, "high": share.high}


def _colours(field: str, colours: dict[str, str]) -> dict[str, Any]:
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": field, "type": "nominal", "title": None, "scale": scale}


def _base(title: str, values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"$schema": SCHEMA, "description": title, "data": {"values": list(values)}}


def _specification(
    title: str, values: Sequence[dict[str, Any]], *, mark: Any, encoding: dict[str, Any], height: Any = 220
) -> dict[str, Any]:
    return {**_base(title, values), "width": "container", "height": height, "mark": mark, "encoding": encoding}
