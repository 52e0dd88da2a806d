"""The parts of the local platform that need no service: processes, ports, settings, files, restarts."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from caco_tasks.errors import PlatformError
from caco_tasks.platform import airflow, processes
from caco_tasks.platform.control import down, status
from caco_tasks.platform.doctor import doctor
from caco_tasks.platform.inherited_environment import python_environment
from caco_tasks.platform.ports import LOOPBACK, free_port, is_free, is_open, require_free
from caco_tasks.platform.processes import ProcessId, identify, spawn, wait_until
from caco_tasks.platform.state import (
    Home,
    Plan,
    Ports,
    ServiceRecord,
    SupervisorState,
    describe,
    load_state,
)
from caco_tasks.platform.supervisor import MAX_DEATHS, Watch

ENVIRONMENT = {"PATH": os.defpath}
NAMES_ITSELF = "import ctypes; ctypes.CDLL(None).prctl(15, b'\\xff) Z 0'); print('named', flush=True); input()"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.make()
    return place


def plan(tmp_path: Path) -> Plan:
    return Plan(project=tmp_path, store="s3", ports=Ports(airflow=1001, postgres=1002, s3=1003))


def shell(text: str, folder: Path) -> ProcessId:
    return spawn(["/bin/sh", "-c", text], log_file=folder / "log", environment=ENVIRONMENT)


class Ending:
    """A service that does what a script says, and ends with it."""

    name = "ending"

    def __init__(self, folder: Path, script: str) -> None:
        self.starts = 0
        self.script = script
        self._folder = folder
        self._process: ProcessId | None = None

    def start(self) -> None:
        self.starts += 1
        self._process = shell(self.script, self._folder)

    def stop(self) -> None:
        self._process = None

    def process(self) -> ProcessId | None:
        return self._process if self._process is not None and self._process.is_alive() else None


# processes


def test_a_process_is_known_by_its_start_and_not_by_its_number_alone() -> None:
    own = identify(os.getpid())
    assert own is not None
    assert own.is_alive()
    assert not ProcessId(pid=own.pid, started_ticks=own.started_ticks - 1).is_alive()


def test_a_process_that_ended_but_was_not_waited_for_counts_as_gone(tmp_path: Path) -> None:
    process = shell("exit 0", tmp_path)
    assert wait_until(lambda: not process.is_alive(), seconds=5)


def test_stopping_ends_children_that_ignore_sigterm_and_have_a_group_of_their_own(tmp_path: Path) -> None:
    code = (
        "import os, signal, time\n"
        "if os.fork() == 0:\n"
        "    os.setpgid(0, 0)\n"
        "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"    open({str(tmp_path / 'child')!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    leader = spawn([sys.executable, "-c", code], log_file=tmp_path / "log", environment=ENVIRONMENT)
    assert wait_until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "", seconds=20)
    child = identify(int((tmp_path / "child").read_text()))
    assert child is not None
    processes.stop(leader, patience_seconds=5)
    assert not leader.is_alive()
    assert not child.is_alive()


def test_a_session_is_not_killed_when_its_number_belongs_to_another_leader(tmp_path: Path) -> None:
    process = shell("sleep 60", tmp_path)
    processes.stop(ProcessId(pid=process.pid, started_ticks=process.started_ticks - 1), patience_seconds=1)
    assert process.is_alive()
    processes.stop(process, patience_seconds=5)
    assert not process.is_alive()


def test_a_listener_is_told_from_a_process_that_only_runs(tmp_path: Path) -> None:
    port = free_port(23500)
    code = f"import socket, time; s = socket.socket(); s.bind(('127.0.0.1', {port})); s.listen(); time.sleep(60)"
    listener = spawn([sys.executable, "-c", code], log_file=tmp_path / "log", environment=ENVIRONMENT)
    other = shell("sleep 60", tmp_path)
    try:
        assert wait_until(lambda: processes.listens(listener, port), seconds=20)
        assert not processes.listens(other, port)
        assert not processes.listens(listener, port + 1)
    finally:
        processes.stop(listener, patience_seconds=5)
        processes.stop(other, patience_seconds=5)
    assert not processes.listens(listener, port)


def test_processes_are_found_by_a_mark_in_their_environment(tmp_path: Path) -> None:
    mark = f"CACO_TEST_MARK={tmp_path}"
    environment = {**ENVIRONMENT, "CACO_TEST_MARK": str(tmp_path)}
    process = spawn(["/bin/sleep", "60"], log_file=tmp_path / "log", environment=environment)
    assert wait_until(lambda: processes.with_environment(mark) == [process], seconds=5)
    processes.stop(process, patience_seconds=5)
    assert processes.with_environment(mark) == []


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="/no/such/program cannot be started"):
        spawn(["/no/such/program"], log_file=tmp_path / "log", environment={})


@pytest.mark.parametrize("text", ["", "12", "a b", "1 2 3", "\x00"], ids=["empty", "one", "words", "three", "binary"])
def test_a_damaged_pid_file_names_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert processes.read_pid_file(tmp_path / "pid") is None


def test_python_children_cache_bytecode_and_use_one_thread() -> None:
    environment = python_environment({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHOME": "/x", "HOME": "/h"})
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert "PYTHONHOME" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["HOME"] == "/h"


# ports


def test_a_listening_port_is_open_and_not_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert is_open(port)
        assert not is_free(port)
        assert free_port(port) > port
        with pytest.raises(PlatformError, match=f"Port {port} for tea is taken"):
            require_free(port, "tea")
    assert is_free(port)


def test_ports_given_away_already_are_passed_over() -> None:
    first = free_port(29000)
    assert free_port(first, without=frozenset({first})) != first


# Airflow's settings


def test_settings_of_airflow_in_the_environment_do_not_reach_ours(home: Home, tmp_path: Path) -> None:
    inherited = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor", "AIRFLOW_CONFIG": "/x", "no_proxy": "intranet"}
    environment = airflow.environment(home, plan(tmp_path), home.secrets(), inherited=inherited, cores=1)
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW_CONFIG" not in environment
    assert environment["no_proxy"] == "intranet,127.0.0.1,localhost,::1"
    assert environment["CACO_HOME"] == str(home.folder)


@pytest.mark.parametrize(("cores", "tasks"), [(1, "4"), (2, "8"), (64, "8")], ids=["one", "two", "many"])
def test_tasks_at_once_follow_the_cores_up_to_eight(home: Home, tmp_path: Path, cores: int, tasks: str) -> None:
    environment = airflow.environment(home, plan(tmp_path), home.secrets(), inherited={}, cores=cores)
    assert environment["AIRFLOW__CORE__PARALLELISM"] == tasks


def test_lineage_and_telemetry_are_off_until_the_environment_says_where_they_go(home: Home, tmp_path: Path) -> None:
    quiet = airflow.environment(home, plan(tmp_path), home.secrets(), inherited={}, cores=1)
    assert quiet["AIRFLOW__OPENLINEAGE__DISABLED"] == "True"
    assert [name for name in quiet if "OTEL" in name] == []
    told = {"OPENLINEAGE_URL": "http://lineage:5000", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
    loud = airflow.environment(home, plan(tmp_path), home.secrets(), inherited=told, cores=1)
    assert loud["AIRFLOW__OPENLINEAGE__DISABLED"] == "False"
    assert {loud[f"AIRFLOW__{section}__OTEL_ON"] for section in ("TRACES", "METRICS")} == {"True"}
    assert loud["OTEL_TRACES_EXPORTER"] == "otlp_proto_http"
    assert told.items() <= loud.items()


def test_what_somebody_set_of_opentelemetry_stays(home: Home, tmp_path: Path) -> None:
    chosen = {"OTEL_SERVICE_NAME": "nights", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "cumulative"}
    grpc = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    found = airflow.environment(home, plan(tmp_path), home.secrets(), inherited=chosen | grpc, cores=1)
    assert chosen.items() <= found.items()
    assert found["OTEL_TRACES_EXPORTER"] == "otlp_proto_grpc"


# files


def test_secrets_are_made_once_and_closed_to_others(home: Home) -> None:
    first = home.secrets()
    assert home.secrets() == first
    assert (home.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert home.folder.stat().st_mode & 0o777 == 0o700
    values = list(first.model_dump().values())
    assert len(set(values)) == len(values)
    assert min(map(len, values)) >= 32


def test_the_fernet_key_is_one(home: Home) -> None:
    from cryptography.fernet import Fernet

    key = Fernet(home.secrets().fernet_key)
    assert key.decrypt(key.encrypt(b"text")) == b"text"


def test_a_state_is_read_back_as_written(home: Home, tmp_path: Path) -> None:
    assert load_state(home.folder) is None
    state = describe(home, plan(tmp_path), home.secrets())
    home.save("platform.json", state)
    assert load_state(home.folder) == state
    assert (home.folder / "platform.json").stat().st_mode & 0o777 == 0o600
    assert state.store.root == "s3://caco"


def test_a_damaged_state_is_named_with_a_way_out(home: Home) -> None:
    (home.folder / "platform.json").write_text('{"airflow_url": ')
    with pytest.raises(PlatformError, match=r"platform\.json cannot be understood: run `caco down`"):
        load_state(home.folder)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match="cannot be written"):
        Home(tmp_path / "file" / "home").make()


def test_only_one_command_at_a_time_holds_the_lock(home: Home) -> None:
    with home.lock("command"), pytest.raises(PlatformError, match="wait for its end"), home.lock("command"):
        pass
    with home.lock("command"):
        pass


# down and status, where nothing runs


def test_down_and_status_of_a_home_that_never_was_say_so(tmp_path: Path) -> None:
    assert down(tmp_path / "none") == []
    assert status(tmp_path / "none").phase == "stopped"
    assert not (tmp_path / "none").exists()


def test_down_spares_processes_that_only_have_the_number_of_ours(home: Home, tmp_path: Path) -> None:
    stranger = shell("sleep 60", tmp_path)
    ours = {"pid": stranger.pid, "started_ticks": stranger.started_ticks - 1}
    record = ServiceRecord(state="running", **ours)
    services = {"scheduler": record, "api-server": record}
    home.save("supervisor.json", SupervisorState(phase="running", message="", services=services, **ours))
    home.save("plan.json", plan(tmp_path))
    assert status(home.folder).phase == "failed"
    assert [service.state for service in status(home.folder).services] == ["stopped", "stopped"]
    assert down(home.folder) == []
    assert stranger.is_alive()
    os.kill(stranger.pid, signal.SIGKILL)


# restarts


def look_until(watch: Watch, condition: Callable[[], bool]) -> bool:
    """Looks after a service until something holds; False where it never does."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        watch.look()
        time.sleep(0.01)
    return condition()


def test_a_service_that_keeps_dying_is_given_up_after_a_few_restarts_until_it_is_asked_for_again(
    tmp_path: Path,
) -> None:
    service = Ending(tmp_path, "exit 1")
    watch = Watch(service, first_pause_seconds=0.01)
    watch.start()
    assert look_until(watch, lambda: watch.record.state == "given up")
    assert watch.record.restarts == MAX_DEATHS
    assert service.starts == MAX_DEATHS + 1
    service.script = "sleep 60"
    watch.forgive()
    assert look_until(watch, lambda: watch.record.state == "running")
    assert service.starts == MAX_DEATHS + 2
    os.kill(watch.record.pid or 0, signal.SIGKILL)


def test_a_service_that_is_killed_from_outside_comes_back_however_often_and_as_soon(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = Ending(tmp_path, "sleep 60")
    watch = Watch(service, first_pause_seconds=0.0001)
    watch.start()
    for kills in range(1, 2 * MAX_DEATHS):
        os.kill(watch.record.pid or 0, signal.SIGKILL)
        assert look_until(watch, lambda kills=kills: service.starts == kills + 1)  # type: ignore[misc]
    assert watch.record.state == "running"
    assert {record.getMessage().partition(" died and ")[2] for record in caplog.records} == {
        "is started again in 0.0001 s"
    }
    os.kill(watch.record.pid or 0, signal.SIGKILL)


def test_a_service_whose_disk_is_full_or_whose_database_is_away_is_not_given_up(tmp_path: Path) -> None:
    service = Ending(tmp_path, "exit 1")
    watch = Watch(service, first_pause_seconds=0.0001, is_excused=lambda: True)
    watch.start()
    assert look_until(watch, lambda: service.starts > 2 * MAX_DEATHS)
    service.script = "sleep 60"
    assert look_until(watch, lambda: watch.record.state == "running" and watch.service.process() is not None)
    os.kill(watch.record.pid or 0, signal.SIGKILL)


# doctor


def test_the_doctor_names_what_is_wrong_and_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("pytest==0.0.1\nno-such-package==1.0\n")
    findings = {finding.name: finding for finding in doctor(tmp_path / "home", tmp_path)}
    assert findings["python"].level == "ok"
    assert findings["packages"].level == "missing"
    assert "no-such-package" in findings["packages"].meaning
    assert all(finding.remedy for finding in findings.values() if finding.level != "ok")
    assert not (tmp_path / "home").exists()


def test_a_child_that_is_told_of_a_dead_parent_ends_at_once() -> None:
    code = "import caco_tasks.platform.processes as p, time; p.die_with_parent(1); time.sleep(60)"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGTERM


def test_a_process_that_gave_itself_a_name_of_any_bytes_is_listed_like_others() -> None:
    command = [sys.executable, "-c", NAMES_ITSELF]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"named\n"
        assert process.pid in processes.descendants(os.getpid())
        assert os.getpid() in processes.ancestors(process.pid)
        process.kill()
