"""A tour of the ledger for analysts: four questions, each with its plot. `marimo run notebooks/ledger_tour.py` opens it.

Marimo and not Jupyter (docs/decisions/0021): the notebook is this file, which diffs, imports and runs like any other.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="A tour of the ledger")

with app.setup(hide_code=True):
    import json
    from collections import Counter

    import marimo as mo

    from caco_tasks.cli.environment import ledger_address
    from caco_tasks.errors import CacoError
    from caco_tasks.ledger.analyst import Analyst
    from caco_tasks.ledger.recipes import find_recipe
    from caco_tasks.reports import charts
    from caco_tasks.reports.archive import OpenLedger
    from caco_tasks.reports.cookbook import plain_value
    from caco_tasks.reports.run_list import RunFilter, list_runs
    from caco_tasks.reports.run_report import run_report
    from caco_tasks.reports.score_report import score_history

    TIMEOUT_SECONDS = 60.0
    NO_RUN = "The ledger knows no nightly run yet: `caco run` makes one."


@app.class_definition
class Plot:
    """A Vega-Lite specification, drawn by marimo's own Vega, and as wide as the page, as in Airflow's UI."""

    def __init__(self, specification):
        self.specification = specification if "facet" in specification else {**specification, "width": "container"}

    def _mime_(self):
        return "application/vnd.vegalite.v6+json", json.dumps(self.specification)


@app.function
def bars(rows, *, x, title, y, colour, colours=None, min_step=None):
    """Bars on their side, one for each `y` in the order of the rows, cut by `colour`."""
    axis = {"tickMinStep": min_step} if min_step else {}
    scale = {"domain": list(colours), "range": list(colours.values())} if colours else {"scheme": "tableau10"}
    return {
        "$schema": charts.SCHEMA,
        "data": {"values": rows},
        "height": {"step": 20},
        "mark": {"type": "bar", "tooltip": {"content": "data"}},
        "encoding": {
            "x": {"field": x, "type": "quantitative", "title": title, "axis": axis},
            "y": {"field": y, "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 320}},
            "color": {
                "field": colour,
                "type": "nominal",
                "sort": None,
                "title": None,
                "scale": scale,
                "legend": {"orient": "top"},
            },
        },
    }


@app.function
def ask(ledger, recipe):
    """The rows of a recipe of the cookbook, as dictionaries; `caco sql --recipe NAME` gives the same."""
    columns, rows = ledger.ask(find_recipe(recipe), values={}, timeout_seconds=TIMEOUT_SECONDS)
    return [dict(zip(columns, map(plain_value, row), strict=True)) for row in rows]


@app.function
def summarize(run):
    """One sentence on a nightly run; what it kept is told when all of its samples have come to the end."""
    if run.gate == "waiting":
        return f"This run has not come to its end: {run.sampled} samples so far."
    return (
        f"Of {run.sampled} samples, {run.kept} came through all stages, {run.published} were published and "
        f"{run.unknown} stayed unknown."
    )


@app.function
def show(*plots, rows=()):
    """Plots below each other, and the rows that they are drawn from, folded away."""
    folded = [mo.accordion({"The rows": mo.ui.table(rows, selection=None)})] if rows else []
    return mo.vstack([*map(Plot, plots), *folded])


@app.cell(hide_code=True)
def _():
    mo.md("""
    # A tour of the ledger

    Four questions that analysts ask first. Questions in SQL come from the cookbook, `sql/cookbook/`; every table and column
    is in `docs/schema.md`. This page looks with the analyst's rights and can change nothing.
    """)
    return


@app.cell
def _():
    try:
        _reader = Analyst(ledger_address("analyst"), timeout_seconds=TIMEOUT_SECONDS)
        archive = OpenLedger(ledger=_reader)
        runs = list_runs(archive, RunFilter(pipeline="nightly"), limit=charts.RUNS).rows
    except CacoError as _problem:  # no address, no answer, a schema of another version: its sentence names the remedy
        mo.stop(True, mo.callout(str(_problem), kind="warn"))
    mo.md(f"Connected as the analyst to `{archive.ledger.url}`.")
    return archive, runs


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## What became of the samples of the newest nightly run, and why were records rejected?
    """)
    return


@app.cell
def _(runs):
    _names = {f"{one.partition} {one.config} {one.run_id[:12]}": one.run_id for one in runs}  # the newest first
    picked = mo.ui.dropdown(_names, value=next(iter(_names), None), label="Nightly run")
    picked if runs else mo.md(NO_RUN)
    return (picked,)


@app.cell
def _(archive, picked):
    mo.stop(picked.value is None, mo.md("There is no funnel without a run."))
    report = run_report(archive, picked.value)
    funnel = charts.funnel_chart(report)
    _outcomes = {"fail": "failed", "unknown": "unknown"}  # what a rule only recorded is among the checks, below
    reject_rows = [
        {
            "check": f"{stage.stage}: {one.reason}",
            "words": one.words,
            "outcome": _outcomes[one.outcome],
            "records": one.records,
        }
        for stage in report.stages
        for one in stage.reasons
        if one.outcome in _outcomes
    ]
    _colours = {name: charts.OUTCOMES[name] for name in _outcomes.values()}
    rejects = bars(reject_rows, x="records", title="records", y="check", colour="outcome", colours=_colours, min_step=1)
    mo.vstack(
        [
            mo.md(summarize(report.line)),
            show(funnel, *([rejects] if reject_rows else []), rows=reject_rows),
        ]
    )
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Does the yield get better, and what does a published row cost?

    The yield is the share of samples that came through all stages, with its 95 % interval; a night under way has none yet.
    The cost is what the run itself paid, stage by stage, for each row that it published: outputs that it reused cost it
    nothing.
    """)
    return


@app.cell
def _(archive):
    _finished = charts.finished_nights(archive)
    mo.stop(not _finished, mo.md("No nightly run has come to its end yet, so there is no yield to show."))
    yields = charts.yield_chart(_finished)
    show(yields, rows=yields["data"]["values"])
    return


@app.cell
def _(archive):
    cost_rows = [
        {**row, "run": f"{row['partition']} {row['run_id'][:6]}"}
        for row in ask(archive.ledger, "cost_per_row_by_stage")
    ]
    mo.stop(not cost_rows, mo.md("No nightly run has a published dataset yet, so no row has a cost."))
    _field, _title = "tokens_per_row", "tokens for each published row; nothing was paid"
    if any(row["cost_usd"] for row in cost_rows):
        _field, _title = "cost_usd_per_row", "paid for each published row, $"
    costs = bars([row for row in cost_rows if row[_field]], x=_field, title=_title, y="run", colour="stage")
    show(costs, rows=cost_rows)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Which checks contribute what?

    Over all nightly runs: the samples that each check ended, those of which it could tell nothing, and the findings that it
    only recorded. What several runs consist of counts in each of them.
    """)
    return


@app.cell
def _(archive):
    _sums = Counter()
    for _row in ask(archive.ledger, "contribution_of_each_check"):
        for _column, _effect in (("rejected", "failed"), ("unknown", "unknown"), ("only_recorded", "only recorded")):
            _sums[f"{_row['stage']}: {_row['reason']}", _effect] += _row[_column]
    check_rows = [
        {"check": check, "effect": effect, "samples": count} for (check, effect), count in _sums.most_common() if count
    ]
    mo.stop(not check_rows, mo.md("No check has rejected or recorded anything yet."))
    _effects = {"failed": charts.OUTCOMES["failed"], "unknown": charts.OUTCOMES["unknown"], "only recorded": "#b7a15a"}
    checks = bars(check_rows, x="samples", title="samples", y="check", colour="effect", colours=_effects, min_step=1)
    show(checks, rows=check_rows)
    return


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## Does a student score higher than its base?

    The share of a benchmark's items that were answered right, of those that could be decided, with 95 % intervals.
    """)
    return


@app.cell
def _(archive):
    scores = charts.gains_chart(score_history(archive).rows)
    mo.stop(not scores["data"]["values"], mo.md("No student was evaluated yet: the DAG `caco_evaluate` does it."))
    show(scores, rows=scores["data"]["values"])
    return


if __name__ == "__main__":
    app.run()
