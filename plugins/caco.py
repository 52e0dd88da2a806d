"""The Caco page of Airflow's UI: the funnel of the newest night, and the datasets that were published.

Airflow does not ask plugin pages for a login: `get_user` does. The page reads the ledger as the analyst, who can only
look.
"""

import html
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow.api_fastapi.core_api.security import get_user
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from caco_tasks.ledger import FunnelRow, Ledger

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
th:first-child, td:first-child {{ text-align: left; }} th {{ font-weight: 600; }}
td.kept {{ width: 30%; }} meter {{ width: 6rem; vertical-align: middle; }}
code {{ font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }}
</style></head><body><h1>Caco</h1>{body}</body></html>"""

app = FastAPI(dependencies=[Depends(get_user)], docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/", response_class=HTMLResponse)
def overview() -> HTMLResponse:
    """The page; where the ledger cannot be read, a page that says why."""
    from caco_tasks.environment import look_around
    from caco_tasks.errors import CacoError, LedgerError
    from caco_tasks.ledger import Ledger

    try:
        url = look_around(os.environ).analyst_url
        if url is None:
            raise LedgerError("There is no ledger: set CACO_LEDGER_ANALYST_URL.")
        with Ledger(url) as ledger:
            return HTMLResponse(PAGE.format(body=_funnel(ledger) + _datasets(ledger.datasets())))
    except CacoError as exc:
        return HTMLResponse(PAGE.format(body=f"<p>{html.escape(str(exc))}</p>"), status_code=503)


def _funnel(ledger: "Ledger") -> str:
    run = ledger.find_run(None, pipeline="nightly")
    if run is None:
        return "<h2>Newest night</h2><p>No night was planned yet: run caco_seeds, then caco_nightly.</p>"
    lines = [_row(row) for row in ledger.funnel(run.run_id)]
    head = "".join(f"<th>{name}</th>" for name in ("Stage", "Read", "Passed", "Failed", "Unknown", "Kept"))
    title = f"<h2>Newest night: {html.escape(run.partition)}</h2><p>Run <code>{html.escape(run.run_id)}</code>, config "
    title += f"{html.escape(str(run.config['name']))}</p>"
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _row(row: "FunnelRow") -> str:
    kept = row.kept_share
    bar = "–" if kept is None else f'<meter min="0" max="1" value="{kept:.4f}"></meter> {kept:.1%}'
    counts = "".join(f"<td>{count:,}</td>" for count in (row.read, row.passed, row.failed, row.unknown))
    return f'<tr><td>{html.escape(row.stage)}</td>{counts}<td class="kept">{bar}</td></tr>'


def _datasets(names: Sequence[str]) -> str:
    if not names:
        return "<h2>Datasets</h2><p>Nothing was published yet.</p>"
    items = "".join(f"<li><code>{html.escape(name)}</code></li>" for name in names[:DATASETS_SHOWN])
    return f"<h2>Datasets</h2><ul>{items}</ul>"


class CacoPlugin(AirflowPlugin):  # type: ignore[misc, unused-ignore]
    """Puts the page into the navigation."""

    name = "caco"
    fastapi_apps = [{"app": app, "url_prefix": "/caco", "name": "Caco"}]  # noqa: RUF012 - as Airflow declares it
    external_views = [  # noqa: RUF012 - as Airflow declares it
        {"name": "Caco", "href": "/caco/", "destination": "nav", "category": "browse", "url_route": "caco"}
    ]
