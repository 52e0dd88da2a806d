"""Airflow as the local platform runs it: its settings, its components, and the state of its database's schema."""

import ast
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path

from caco_tasks.errors import PlatformError
from caco_tasks.platform.inherited_environment import python_environment
from caco_tasks.platform.ports import LOOPBACK
from caco_tasks.platform.state import AIRFLOW_ACCOUNTS, Home, Plan, Secrets, embedded_postgres

MAX_TASKS_AT_ONCE = 8
PATIENCE_SECONDS = 180  # of tasks with a ledger or store that does not answer, as while it restarts

# Started in parallel. The log servers are left out: they would listen on all addresses, and the UI reads the same disk.
COMPONENTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "api-server": ("api-server",),
}
MIGRATE = ("db", "migrate")

# Settings of Airflow that do not depend on the machine, by section.
SETTINGS = {
    "core": {
        "executor": "LocalExecutor",
        "load_examples": "False",
        "dags_are_paused_at_creation": "True",
        "simple_auth_manager_users": ",".join(f"{name}:{role}" for name, role in AIRFLOW_ACCOUNTS.items()),
    },
    "api": {"host": LOOPBACK, "workers": "1", "expose_config": "False"},
    "scheduler": {
        # with 0.1 s an idle scheduler takes a tenth of a core; with the default of 1 s a small machine starts half as many tasks
        "scheduler_idle_sleep_time": "0.4",
        "orphaned_tasks_check_interval": "20",  # tasks of a killed scheduler are taken up soon, not after 5 minutes
        "task_instance_heartbeat_timeout": "90",
    },
    # a task outlives a minute in which Postgres, and with it the API server, does not answer
    "workers": {"max_failed_heartbeats": "12", "execution_api_retries": "20", "execution_api_retry_wait_max": "8"},
    "dag_processor": {"refresh_interval": "10", "min_file_process_interval": "120"},
    "openlineage": {"namespace": "caco", "extractors": "caco.lineage.TaskExtractor"},
}
LINEAGE_URL = "OPENLINEAGE_URL"  # where events of lineage go, as OpenLineage's own clients read it; not set: nowhere
TELEMETRY_URL = "OTEL_EXPORTER_OTLP_ENDPOINT"  # the same of spans and metrics, as OpenTelemetry's
# Of OpenTelemetry, where somebody set `TELEMETRY_URL` and none of these. A task's process ends soon and each sends what it
# counted itself: as differences these add up, as sums since its start they would not.
_TELEMETRY = {
    "OTEL_SERVICE_NAME": "caco",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
}


def environment(home: Home, plan: Plan, own: Secrets, *, inherited: Mapping[str, str], cores: int) -> dict[str, str]:
    """The environment of Airflow's processes and of the tasks that they run.

    Args:
        home: of the platform.
        plan: names the project and the ports.
        own: the platform's secrets.
        inherited: what to start from; its Airflow settings are left out, so that only ours hold.
        cores: of this machine; four tasks at once for each, eight at most.
    """
    kept = {name: value for name, value in inherited.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    settings = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": value
        for section, names in _merge_settings(home, plan, own, cores).items()
        for name, value in names.items()
    }
    mark, _, value = task_mark(home).partition("=")
    local = {"AIRFLOW_HOME": str(home.airflow), "CACO_HOME": str(home.folder), mark: value}
    local |= {"CACO_PATIENCE_SECONDS": kept.get("CACO_PATIENCE_SECONDS") or str(PATIENCE_SECONDS)}
    signals = signal_environment(kept)
    return {**python_environment(kept), **local, **settings, **signals}


def task_mark(home: Home) -> str:
    """The `NAME=value` in the environment of every process that Airflow starts here, by which strays are found."""
    return f"CACO_PLATFORM={home.folder}"


def write_passwords(home: Home, own: Secrets) -> None:
    """Writes the file from which Airflow's simple auth manager reads the passwords of its accounts."""
    home.write("airflow/passwords.json", json.dumps(own.airflow_passwords))


def schema_is_current(home: Home, plan: Plan, own: Secrets) -> bool:
    """Whether the schema of Airflow's database is the one that the installed Airflow needs.

    Raises:
        PlatformError: Postgres does not answer.
    """
    import psycopg2

    url = _database_url(home, plan, own).replace("+psycopg2", "")  # the driver's name is SQLAlchemy's, not libpq's
    try:
        connection = psycopg2.connect(url)
    except psycopg2.Error as exc:
        raise PlatformError(f"Airflow's database does not answer on port {plan.ports.postgres}: {exc}.") from exc
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            return cursor.fetchall() == [(wanted_revision(),)]
    except psycopg2.errors.UndefinedTable:  # a new database, which was never migrated
        return False
    finally:
        connection.close()


def wanted_revision() -> str | None:
    """The alembic revision of the installed Airflow, read from its source: importing it takes two seconds."""
    spec = importlib.util.find_spec("airflow")
    for folder in spec.submodule_search_locations or [] if spec else []:
        tree = ast.parse((Path(folder) / "utils" / "db.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", None) == "_REVISION_HEADS_MAP":
                heads = ast.literal_eval(node.value) if node.value else {}
                # "3.10.0" is newer than "3.9.0", so versions are compared as numbers
                newest = max(heads, key=lambda version: [int(part) for part in version.split(".")])
                return str(heads[newest])
    return None


def signal_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The settings by which Airflow sends lineage, spans and metrics to where the environment says, if it does."""
    found = {"AIRFLOW__OPENLINEAGE__DISABLED": str(not inherited.get(LINEAGE_URL))}
    if not inherited.get(TELEMETRY_URL):
        return found
    is_grpc = inherited.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc"
    # Airflow finds the exporter of spans by this name, and that of metrics by the protocol
    defaults = _TELEMETRY | {"OTEL_TRACES_EXPORTER": "otlp_proto_grpc" if is_grpc else "otlp_proto_http"}
    found |= {"AIRFLOW__TRACES__OTEL_ON": "True", "AIRFLOW__METRICS__OTEL_ON": "True"}
    return found | {name: inherited.get(name) or value for name, value in defaults.items()}


def _merge_settings(home: Home, plan: Plan, own: Secrets, cores: int) -> dict[str, dict[str, str]]:
    """Airflow's settings by section and name: those of every platform, and those of this home."""
    url = f"http://{LOOPBACK}:{plan.ports.airflow}"
    parallelism = str(min(MAX_TASKS_AT_ONCE, 4 * cores))
    of_this_home = {
        "core": {
            "dags_folder": str(plan.project / "dags"),
            "plugins_folder": str(plan.project / "plugins"),
            "parallelism": parallelism,
            "max_active_tasks_per_dag": parallelism,  # Airflow's own 16 would hold back a large machine
            "fernet_key": own.fernet_key,
            "execution_api_server_url": f"{url}/execution/",
            "simple_auth_manager_passwords_file": str(home.airflow / "passwords.json"),
        },
        "database": {"sql_alchemy_conn": _database_url(home, plan, own)},
        "api": {"port": str(plan.ports.airflow), "base_url": url, "secret_key": own.api_secret_key},
        "api_auth": {"jwt_secret": own.jwt_secret},
    }
    sections = {**SETTINGS, **of_this_home}
    return {section: {**SETTINGS.get(section, {}), **of_this_home.get(section, {})} for section in sections}


def _database_url(home: Home, plan: Plan, own: Secrets) -> str:
    return embedded_postgres(home, plan, own).url("airflow", "airflow", own.postgres_airflow_password)
