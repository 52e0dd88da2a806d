"""Writes `plugins/caco/openapi.json`, from which the pages' client is made: `python docs/openapi.py`."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "plugins" / "caco" / "openapi.json"


def openapi_text() -> str:
    """The document of the API as it is now; Airflow is not needed for it."""
    sys.path.insert(0, str(ROOT / "plugins"))
    try:
        from caco.api.application import create_application
    finally:
        sys.path.remove(str(ROOT / "plugins"))

    def nobody() -> None:
        """Stands for the login."""

    document = create_application(may_look=nobody, may_answer=nobody).openapi()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(openapi_text(), encoding="utf-8")
