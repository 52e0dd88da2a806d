"""Two pages without scripts: the newest nightly run and evaluation, the datasets, and every run by its id."""

import html
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from caco_tasks.format import NOTHING, format_count, format_p, format_range, format_share

if TYPE_CHECKING:
    from caco_tasks.ledger import FunnelRow, GainRow, Ledger, ScoreRow
    from caco_tasks.store import RunRecord

DATASETS_SHOWN = 50

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Caco</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1.5rem;
  color: light-dark(#1a202c, #e6e9ef); background: light-dark(#fff, #14171c); }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin-top: 2.2rem; }}
p, .quiet {{ color: light-dark(#5a6472, #9aa4b2); }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .4rem .7rem; border-bottom: 1px solid light-dark(#e2e6ec, #2b313a); text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
th {{ font-weight: 600; }} td {{ vertical-align: top; white-space: nowrap; }}
td.kept {{ width: 30%; }} meter {{ width: 6rem; vertical-align: middle; }}
figure {{ margin: 1rem 0; overflow-x: auto; }} svg text {{ font-size: 12px; fill: currentColor; }}
svg .base {{ stroke: light-dark(#8a94a3, #77818f); fill: light-dark(#8a94a3, #77818f); }}
svg .student {{ stroke: light-dark(#1f6feb, #6cb6ff); fill: light-dark(#1f6feb, #6cb6ff); }}
svg .grid {{ stroke: light-dark(#e2e6ec, #2b313a); }} a {{ color: inherit; }}
code {{ font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }}
</style></head><body><h1>Caco</h1>{body}</body></html>"""

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
def overview() -> HTMLResponse:
    """The newest nightly run, the newest evaluation, and the datasets."""
    return _page(
        lambda ledger: _nightly_run(ledger) + _evaluation(ledger) + _datasets(ledger.datasets(state="published"))
    )


@router.get("/runs/{run_id}", response_class=HTMLResponse)
def run_page(run_id: str) -> HTMLResponse:
    """One run: its funnel, and what its student scored if it has one."""
    return _page(lambda ledger: _run(ledger, run_id))


def _page(body: "Callable[[Ledger], str]") -> HTMLResponse:
    """A page with what `body` finds in the ledger; where that cannot be read, a page that says why."""
    from caco_tasks.connections import Connections
    from caco_tasks.errors import CacoError, LedgerError
    from caco_tasks.ledger import Ledger

    try:
        url = Connections.from_environ(os.environ).analyst_url
        if url is None:
            raise LedgerError("There is no ledger: set CACO_LEDGER_ANALYST_URL.")
        with Ledger(url) as ledger:
            return HTMLResponse(PAGE.format(body=body(ledger)))
    except CacoError as exc:
        return HTMLResponse(PAGE.format(body=f"<p>{html.escape(str(exc))}</p>"), status_code=503)


def _nightly_run(ledger: "Ledger") -> str:
    run = ledger.find_run(None, pipeline="nightly")
    if run is None:
        return "<h2>Newest nightly run</h2><p>No nightly run was planned yet: run caco_seeds, then caco_nightly.</p>"
    return f"<h2>Newest nightly run: {html.escape(run.partition)}</h2>{_about(run)}{_funnel(ledger, run)}"


def _evaluation(ledger: "Ledger") -> str:
    run = ledger.find_run(None, pipeline="evaluate")
    if run is None:
        return "<h2>Scores</h2><p>No student was trained yet: run caco_evaluate on a dataset.</p>"
    return f"<h2>Newest student: {html.escape(run.partition)}</h2>{_about(run)}{_scores(ledger, run)}"


def _run(ledger: "Ledger", run_id: str) -> str:
    run = ledger.find_run(run_id)
    if run is None:
        return f"<h2>Run {html.escape(run_id)}</h2><p>There is no such run in the ledger.</p>"
    title = f"<h2>{html.escape(run.pipeline)}, {html.escape(run.partition)}</h2>{_about(run)}"
    scores = _scores(ledger, run) if run.pipeline == "evaluate" else ""
    return f"{title}{_funnel(ledger, run)}{scores}"


def _about(run: "RunRecord") -> str:
    name = html.escape(run.run_id)
    dataset = f", trained on <code>{html.escape(run.dataset)}</code>" if run.dataset else ""
    config = html.escape(str(run.config["name"]))
    return f'<p>Run <a href="/caco/runs/{name}"><code>{name}</code></a>, config {config}{dataset}</p>'


def _funnel(ledger: "Ledger", run: "RunRecord") -> str:
    """The funnel of a run; shards that another run had made have a column where there are any."""
    rows = ledger.funnel(run.run_id)
    has_reused = any(row.reused for row in rows)
    heads = ("Stage", "Read", "Passed", "Failed", "Unknown", *(["Shards reused"] if has_reused else []), "Kept")
    return _table(heads, [_funnel_line(row, has_reused=has_reused) for row in rows])


def _table(heads: Sequence[str], lines: Sequence[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _scores(ledger: "Ledger", run: "RunRecord") -> str:
    """Table and picture of a run's scores."""
    rows = ledger.scores(run.run_id)
    if not rows:
        return "<p>Nothing was scored yet.</p>"
    gains = {gain.benchmark: gain for gain in ledger.score_gains(run.run_id)}
    lines = [_score(row, gains.get(row.benchmark) if row.contender == "student" else None) for row in rows]
    heads = (
        "Benchmark",
        "Model",
        "Items",
        "Unknown",
        "pass@1",
        "pass@k",
        "Gain",
        "p",
        "Protected",
    )
    return _picture(rows) + _table(heads, lines)


def _score(row: "ScoreRow", gain: "GainRow | None") -> str:
    of_k = f"@{row.k}: {_interval(row.pass_at_k, row.pass_at_k_low, row.pass_at_k_high)}" if row.k else NOTHING
    cells = [
        html.escape(row.benchmark),
        row.contender,
        format_count(row.items),
        format_count(row.unknown),
        _interval(row.pass_at_1, row.pass_at_1_low, row.pass_at_1_high),
        of_k,
        _interval(gain.gain, gain.gain_low, gain.gain_high) if gain else NOTHING,
        format_p(gain.p if gain else None),
        {True: "yes", False: "no", None: NOTHING}[row.is_protected],
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _interval(share: float | None, low: float | None, high: float | None) -> str:
    """A share, with its interval in a second line."""
    if share is None or low is None or high is None:
        return NOTHING
    return f'{format_share(share)}<br><span class="quiet">{format_range(low, high)}</span>'


def _picture(rows: "Sequence[ScoreRow]") -> str:
    """pass@1 of base and student on each benchmark, as dots with their intervals."""
    names = list(dict.fromkeys(row.benchmark for row in rows))
    height = 44 * len(names) + 40
    marks = [
        f'<line class="grid" x1="{_x(share)}" x2="{_x(share)}" y1="8" y2="{height - 28}"/>'
        f'<text x="{_x(share)}" y="{height - 10}" text-anchor="middle">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    marks += [f'<text x="8" y="{44 * place + 34}">{html.escape(name)}</text>' for place, name in enumerate(names)]
    marks += [_whisker(row, 44 * names.index(row.benchmark) + (22 if row.contender == "base" else 38)) for row in rows]
    label = "pass@1 of base (grey) and student (blue), with 95 % intervals"
    drawn = f'<svg viewBox="0 0 700 {height}" width="700" role="img" aria-label="{label}">{"".join(marks)}</svg>'
    return f'<figure>{drawn}<figcaption class="quiet">{label}</figcaption></figure>'


def _whisker(row: "ScoreRow", y: int) -> str:
    if row.pass_at_1 is None or row.pass_at_1_low is None or row.pass_at_1_high is None:
        return ""
    low, mid, high = (_x(share) for share in (row.pass_at_1_low, row.pass_at_1, row.pass_at_1_high))
    title = f"<title>{html.escape(row.benchmark)}, {row.contender}: {format_share(row.pass_at_1)}</title>"
    line = f'<line x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke-width="2"/>'
    return f'<g class="{row.contender}">{title}{line}<circle cx="{mid}" cy="{y}" r="4"/></g>'


def _x(share: float) -> float:
    """Where a share is drawn, from left to right."""
    return round(150 + 520 * share, 1)


def _funnel_line(row: "FunnelRow", *, has_reused: bool) -> str:
    kept, share = row.kept_share, format_share(row.kept_share)
    bar = share if kept is None else f'<meter min="0" max="1" value="{kept:.4f}"></meter> {share}'
    figures = [format_count(count) for count in (row.read, row.passed, row.failed, row.unknown)]
    figures += [f"{row.reused} of {row.shards}" if row.reused else NOTHING] if has_reused else []
    counts = "".join(f"<td>{figure}</td>" for figure in figures)
    return f'<tr><td>{html.escape(row.stage)}</td>{counts}<td class="kept">{bar}</td></tr>'


def _datasets(names: Sequence[str]) -> str:
    if not names:
        return "<h2>Datasets</h2><p>Nothing was published yet.</p>"
    items = "".join(f"<li><code>{html.escape(name)}</code></li>" for name in names[:DATASETS_SHOWN])
    return f"<h2>Datasets</h2><ul>{items}</ul>"
