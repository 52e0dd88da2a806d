"""What Airflow must know of the Caco windows: their application, and where its UI shows them.

Airflow imports every module of this folder by its bare name but those in `.airflowignore`: the package `caco` is left out
there and imported from here.
"""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin
from caco.airflow_access import may_answer, may_look
from caco.airflow_history import AirflowHistory
from caco.api.application import create_application
from caco.react_apps import declared_apps

app = create_application(may_look=may_look, may_answer=may_answer, history=AirflowHistory())


class CacoPlugin(AirflowPlugin):  # type: ignore[misc, unused-ignore]
    """Mounts the application, and puts the windows into navigation, runs and tasks."""

    name = "caco"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [{"app": app, "url_prefix": "/caco", "name": "Caco"}]
    react_apps: ClassVar[list[dict[str, Any]]] = declared_apps()
