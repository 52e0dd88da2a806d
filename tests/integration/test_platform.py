"""The local platform, really brought up once for all of these tests, which run in the order of this file."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from caco_tasks.errors import PlatformError
from caco_tasks.platform.airflow import schema_is_current, task_mark, wanted_revision
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.control import down, status, up
from caco_tasks.platform.ports import free_port, is_free
from caco_tasks.platform.processes import ProcessId, session_members, wait_until, with_environment
from caco_tasks.platform.state import Home, PlatformState, load_state

pytestmark = pytest.mark.xdist_group("platform")

AIRFLOW = {"scheduler", "dag-processor", "triggerer", "api-server"}
DAGS = """
from airflow.sdk import CronPartitionTimetable, dag, get_current_context, task

@dag(schedule=CronPartitionTimetable("@daily", timezone="UTC", key_format="%Y-%m-%d"))
def partitioned():
    @task
    def note(n: int) -> None:
        import json, os, pathlib
        facts = {"home": os.environ["CACO_HOME"], "partition": get_current_context()["dag_run"].partition_key}
        pathlib.Path(__file__).with_name(f"{n}.json").write_text(json.dumps(facts))
    note.expand(n=[1, 2])

@dag(schedule=None)
def endless():
    @task.bash
    def stray():
        return f"echo $$ > {__file__}.pid; sleep 600"
    stray()

partitioned()
endless()
"""


class Started(NamedTuple):
    """A platform and how it came up."""

    home: Home
    project: Path
    state: PlatformState
    progress: list[str]
    seconds: float


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two DAGs and no plugins."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "dags").mkdir()
    (folder / "plugins").mkdir()
    (folder / "dags" / "dags.py").write_text(DAGS)
    return folder


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, project: Path, first_port: int) -> Iterator[Started]:
    """The platform of these tests; its first start was cut short, with all but Postgres killed."""
    home = Home(tmp_path_factory.mktemp("platform") / "home")
    names = ("airflow", "postgres", "s3")
    ports = {name: free_port(first_port + 200 + 20 * place) for place, name in enumerate(names)}
    _kill_in_the_middle_of_a_start(home, project, ports)
    progress: list[str] = []
    begin = time.monotonic()
    state = up(home.folder, project=project, ports=ports, on_progress=progress.append)
    yield Started(home, project, state, progress, time.monotonic() - begin)
    down(home.folder)


@pytest.fixture
def api(started: Started) -> Iterator[AirflowApi]:
    """Airflow's API, logged in."""
    state = started.state
    with AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password, patience_seconds=120) as client:
        yield client


def processes(home: Home) -> dict[str, ProcessId]:
    """The leader of each service, as the supervisor noted it."""
    supervisor = home.supervisor()
    assert supervisor is not None
    found = {name: record.process() for name, record in supervisor.services.items()}
    return {name: process for name, process in found.items() if process is not None}


def test_up_ends_with_everything_running_and_healthy(started: Started) -> None:
    now = status(started.home.folder)
    assert now.is_healthy
    assert {service.name for service in now.services} == AIRFLOW | {"postgres", "s3"}
    assert {service.state for service in now.services} == {"running"}
    assert started.progress[-1] == "waiting for Airflow to answer"
    is_quiet = os.getloadavg()[0] < (os.cpu_count() or 1)
    assert started.seconds < (40 if is_quiet else 180)


def test_up_after_a_start_that_was_cut_short_clears_it_away(started: Started) -> None:
    assert started.progress[0] == "clearing away what a killed platform left: postgres"
    plan = started.home.plan()
    assert plan is not None
    assert schema_is_current(started.home, plan, started.home.secrets())


def test_status_can_be_written_as_json_and_knows_memory_and_logs(started: Started) -> None:
    facts = json.loads(status(started.home.folder).model_dump_json())
    for service in facts["services"]:
        assert 5 < service["memory_mb"] < 1000, service
        assert Path(service["log_file"]).is_file(), service
    assert status(started.home.folder).memory_mb < 2000


def test_a_second_up_does_nothing_and_says_so(started: Started) -> None:
    before, said = processes(started.home), list[str]()
    assert up(started.home.folder, project=started.project, on_progress=said.append) == load_state(started.home.folder)
    assert said == ["the platform is up already"]
    assert processes(started.home) == before


def test_a_platform_whose_port_another_one_answers_on_is_not_healthy(started: Started, tmp_path: Path) -> None:
    twin = Home(tmp_path / "twin")
    twin.make()
    for name in ("plan.json", "secrets.json", "platform.json", "supervisor.json"):
        shutil.copy(started.home.folder / name, twin.folder / name)
    assert status(twin.folder).is_healthy
    supervisor = twin.supervisor()
    assert supervisor is not None
    other = {"api-server": supervisor.services["scheduler"]}
    twin.save("supervisor.json", supervisor.model_copy(update={"services": {**supervisor.services, **other}}))
    assert not status(twin.folder).is_healthy


def test_up_gives_up_when_its_port_is_taken_while_it_starts(project: Path, tmp_path: Path, first_port: int) -> None:
    home = Home(tmp_path / "home")
    ports = {name: free_port(first_port + 280 + 5 * place) for place, name in enumerate(("airflow", "postgres", "s3"))}
    with ThreadPoolExecutor(1) as pool, socket.socket() as squatter:
        begun = pool.submit(up, home.folder, project=project, store="file", ports=ports)
        assert wait_until(lambda: home.plan() is not None, seconds=60, pause=0.01)
        squatter.bind(("127.0.0.1", ports["airflow"]))
        squatter.listen()
        with pytest.raises(PlatformError, match=f"Port {ports['airflow']} for Airflow was taken by another program"):
            begun.result()
    assert "running" not in {service.state for service in status(home.folder).services}
    assert down(home.folder) == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"store": "file"}, "store s3, not file"), ({"ports": {"s3": 1}}, "port of s3")],
    ids=["store", "port"],
)
def test_up_with_other_wishes_says_to_stop_first(started: Started, changed: dict[str, object], word: str) -> None:
    with pytest.raises(PlatformError, match=f"{word}.*run `caco down` first"):
        up(started.home.folder, project=started.project, **changed)  # type: ignore[arg-type]


def test_only_the_loopback_address_is_served(started: Started) -> None:
    if shutil.which("ss") is None:
        pytest.skip("ss, which lists sockets, is not installed")
    listening = subprocess.run(["ss", "-H", "-ltnp"], capture_output=True, text=True, check=True).stdout
    leaders = processes(started.home).values()
    ours = {f"pid={pid}," for leader in leaders for pid in {leader.pid, *session_members(leader)}}
    addresses = {line.split()[3] for line in listening.splitlines() if any(pid in line for pid in ours)}
    ports = sorted(int(address.rpartition(":")[2]) for address in addresses)
    assert ports == sorted(_ports(started))
    assert {address.rpartition(":")[0] for address in addresses} == {"127.0.0.1"}


def test_every_file_with_a_secret_is_closed_to_others(started: Started) -> None:
    secrets = list(started.home.secrets().model_dump().values())
    for path in started.home.folder.glob("*.json"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert started.home.folder.stat().st_mode & 0o077 == 0
    for service in processes(started.home).values():
        command = Path(f"/proc/{service.pid}/cmdline").read_text()
        assert not any(secret in command for secret in secrets)


def test_the_ledger_and_the_store_can_be_used(started: Started) -> None:
    from caco_tasks.ledger import Ledger
    from caco_tasks.store.store import open_store

    with Ledger(started.state.ledger_writer_url) as ledger:
        assert ledger.find_run(None) is None
    store = open_store(started.state.store)
    store.put("key", b"kept")
    assert store.get("key") == b"kept"


def test_a_triggered_run_gets_its_partition_and_knows_the_home(started: Started, api: AirflowApi) -> None:
    assert wait_until(lambda: api.is_dag_known("partitioned"), seconds=60, pause=0.5), api.import_errors()
    api.unpause("partitioned")
    run_id = api.trigger("partitioned", {"a": 1}, partition_key="2026-11-01", note="nano, 2026-11-01")
    assert wait_until(lambda: api.run("partitioned", run_id).is_finished, seconds=90, pause=0.5)
    run = api.run("partitioned", run_id)
    assert (run.state, run.partition_key, run.conf, run.note) == ("success", "2026-11-01", {"a": 1}, "nano, 2026-11-01")
    tasks = api.task_instances("partitioned", run_id)
    assert sorted((task.task_id, task.map_index, task.state) for task in tasks) == [
        ("note", 0, "success"),
        ("note", 1, "success"),
    ]
    facts = json.loads((started.project / "dags" / "1.json").read_text())
    assert facts == {"home": str(started.home.folder), "partition": "2026-11-01"}


@pytest.mark.parametrize(
    ("dag", "partition", "word"),
    [
        ("partitioned", "1 November", "does not match"),
        ("endless", "2026-11-01", "not a partitioned"),
        ("no", None, "404"),
    ],
    ids=["wrong format", "no partitions", "no DAG"],
)
def test_a_run_that_airflow_refuses_is_explained(
    started: Started, api: AirflowApi, dag: str, partition: str | None, word: str
) -> None:
    with pytest.raises(PlatformError, match=word):
        api.trigger(dag, partition_key=partition)


def test_the_pools_are_there(api: AirflowApi) -> None:
    slots = {pool.name: pool.slots for pool in api.pools()}
    assert slots["cpu"] >= 1
    assert slots["gpu"] >= 1
    api.ensure_pool("gpu", slots=slots["gpu"] + 7, description="changed")
    assert {pool.name: pool.slots for pool in api.pools()} == slots


def test_a_wrong_password_is_refused(started: Started) -> None:
    with AirflowApi(started.state.airflow_url, "admin", "wrong") as api, pytest.raises(PlatformError, match="login"):
        api.pools()


def test_a_killed_scheduler_is_started_again_without_leftovers(started: Started) -> None:
    killed = processes(started.home)["scheduler"]
    os.kill(killed.pid, signal.SIGKILL)
    assert wait_until(lambda: processes(started.home).get("scheduler", killed) != killed, seconds=20)
    assert session_members(killed) == []
    scheduler = next(service for service in status(started.home.folder).services if service.name == "scheduler")
    assert (scheduler.state, scheduler.restarts) == ("running", 1)


def test_after_a_killed_supervisor_up_recovers_and_leaves_nothing_of_the_old(started: Started, api: AirflowApi) -> None:
    api.unpause("endless")
    api.trigger("endless")
    note = started.project / "dags" / "dags.py.pid"
    assert wait_until(lambda: note.exists() and note.read_text().strip() != "", seconds=90, pause=0.5)
    api.unpause("endless", paused=True)
    before = processes(started.home)
    supervisor = status(started.home.folder).supervisor.pid
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    assert wait_until(lambda: status(started.home.folder).phase == "failed", seconds=5)

    said: list[str] = []
    up(started.home.folder, project=started.project, on_progress=said.append)

    assert said[0].startswith("clearing away what a killed platform left: ")
    assert status(started.home.folder).is_healthy
    assert not any(process.is_alive() or session_members(process) for process in before.values())
    assert not Path(f"/proc/{note.read_text().strip()}").exists()
    assert not any("schema of Airflow" in word for word in said)  # the database is as it was


def test_down_ends_everything_frees_the_ports_and_says_what_it_stopped(started: Started) -> None:
    before = processes(started.home)
    assert set(down(started.home.folder)) == AIRFLOW | {"supervisor", "postgres", "s3"}
    assert not any(process.is_alive() or session_members(process) for process in before.values())
    assert with_environment(task_mark(started.home)) == []
    assert all(is_free(port) for port in _ports(started))
    assert status(started.home.folder).phase == "stopped"
    assert down(started.home.folder) == []


def test_airflow_that_is_down_is_named_with_the_remedy(started: Started, api: AirflowApi) -> None:
    with pytest.raises(PlatformError, match=r"does not answer at http://127\.0\.0\.1.*caco up"):
        api.health()


# Without the platform


def test_the_wanted_schema_is_the_one_that_airflow_itself_names(tmp_path: Path) -> None:
    code = "from airflow.utils.db import _REVISION_HEADS_MAP as m; import sys; sys.stdout.write([*m.values()][-1])"
    environment = {"PATH": os.defpath, "AIRFLOW_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert wanted_revision() == done.stdout.splitlines()[-1]


def test_a_taken_port_that_was_asked_for_is_named(tmp_path: Path, project: Path, first_port: int) -> None:
    import socket

    with socket.create_server(("127.0.0.1", free_port(first_port + 300))) as server:
        port = server.getsockname()[1]
        with pytest.raises(PlatformError, match=f"Port {port} for postgres is taken"):
            up(tmp_path / "home", project=project, ports={"postgres": port})
    assert status(tmp_path / "home").phase == "stopped"


def test_a_port_that_no_service_has_is_refused(tmp_path: Path, project: Path) -> None:
    with pytest.raises(PlatformError, match="There is no port 'redis': use airflow, postgres, s3"):
        up(tmp_path / "home", project=project, ports={"redis": 6379})


def test_a_project_without_dags_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="There is no folder 'dags'"):
        up(tmp_path / "home", project=tmp_path)


def test_data_of_another_postgres_are_left_alone_and_nothing_stays_up(tmp_path: Path, project: Path) -> None:
    data = tmp_path / "home" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")
    with pytest.raises(PlatformError, match="16"):
        up(tmp_path / "home", project=project)
    assert (data / "PG_VERSION").read_text() == "16\n"
    now = status(tmp_path / "home")
    assert now.phase == "failed"
    assert {service.state for service in now.services} <= {"stopped"}
    assert down(tmp_path / "home") == []


@pytest.mark.parametrize(
    ("mount", "word"),
    [("tmpfs -o size=20m", "The disk of .* is full: [12]?[0-9] MB are free"), ("tmpfs -o ro", "cannot be written")],
    ids=["full disk", "read-only"],
)
def test_a_home_on_a_bad_disk_is_named(tmp_path: Path, project: Path, mount: str, word: str) -> None:
    """Mounts such a disk in a user namespace of its own."""
    home = tmp_path / "disk"
    home.mkdir()
    code = (
        "import pathlib; from caco_tasks.platform.control import up;"
        f"up(pathlib.Path({str(home)!r}), project=pathlib.Path({str(project)!r}))"
    )
    shell = f'mount -t {mount} none "{home}" || exit 77; exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", shell, sys.executable, code],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount in a user namespace")
    assert re.search(f"PlatformError: .*{word}", done.stderr), done.stderr


def _kill_in_the_middle_of_a_start(home: Home, project: Path, ports: dict[str, int]) -> None:
    code = (
        "import pathlib; from caco_tasks.platform.control import up;"
        f"up(pathlib.Path({str(home.folder)!r}), project=pathlib.Path({str(project)!r}), ports={ports!r})"
    )
    command = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    migrating = home.log_file("migrate")
    assert wait_until(lambda: migrating.exists() and migrating.stat().st_size > 0, seconds=120)
    command.kill()
    command.wait()
    supervisor = home.supervisor()
    assert supervisor is not None
    services = [process for name, process in processes(home).items() if name != "postgres"]
    for process in [supervisor.process(), *services]:
        os.kill(process.pid, signal.SIGKILL)
    assert wait_until(lambda: status(home.folder).phase == "failed", seconds=10)


def _ports(started: Started) -> list[int]:
    plan = started.home.plan()
    assert plan is not None
    return list(plan.ports.model_dump().values())
