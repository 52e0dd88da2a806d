"""Where Airflow's UI shows the pages: its navigation, and a tab on the page of a run and of a task."""

import json
from pathlib import Path

MANIFEST = Path(__file__).parent / "www" / "dist" / "manifest.json"
STATIC = "caco/static"  # below Airflow's base URL, whatever that is: Airflow resolves it against its own page
NAME = "Caco"  # of all three: Airflow looks for the component under it, see `www/src/main.tsx`

PLACES = (
    {"destination": "nav", "url_route": "caco", "nav_top_level": True},
    {"destination": "dag_run", "url_route": "caco-run"},
    {"destination": "task_instance", "url_route": "caco-task"},
)


def declared_apps() -> list[dict[str, object]]:
    """The apps as Airflow declares them; none where the pages were not built."""
    if not MANIFEST.is_file():
        return []
    main = json.loads(MANIFEST.read_text(encoding="utf-8"))["main"]
    common = {"name": NAME, "bundle_url": f"{STATIC}/{main}"}
    return [{**common, **place} for place in PLACES]
