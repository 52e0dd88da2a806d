"""`caco up`, `caco down` and `caco status`: what the command line does with the local platform of one home."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from caco_tasks.errors import PlatformError
from caco_tasks.platform.airflow import task_mark
from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.gpus import visible_gpus
from caco_tasks.platform.inherited_environment import python_environment
from caco_tasks.platform.ports import free_port, is_open, require_free
from caco_tasks.platform.processes import (
    ProcessId,
    ancestors,
    descendants,
    listens,
    memory_mb,
    send,
    session_members,
    spawn,
    stop,
    wait_until,
    with_environment,
)
from caco_tasks.platform.state import (
    DEFAULT_PORTS,
    Home,
    Phase,
    Plan,
    PlatformState,
    Ports,
    ServiceRecord,
    StoreKind,
    SupervisorState,
    embedded_postgres,
    embedded_s3,
    load_state,
)
from caco_tasks.platform.status import AIRFLOW_STOP_SECONDS, ENDED_LAST, FULL_MB

START_SECONDS = 300  # most of it for the first migration of Airflow's database on a slow disk
STOP_SECONDS = 90
TRY_AGAIN_SECONDS = 5
PORT_SECONDS = 2  # in which a server of ours that has opened its port is found to listen there
MIN_FREE_MB = 500
CPU_POOL_SLOTS = 128  # more than a machine runs at once: `parallelism` is the limit
MAX_MODELS_ON_PROCESSORS = 4  # of some 0.6 GB each, on one core each

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _StartOptions:
    """The arguments of `up`."""

    project: Path
    store: StoreKind | None  # None: as last time
    ports: Mapping[str, int]


class ServiceStatus(BaseModel):
    """One service as it is now."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: str  # "running", "starting", "waiting" for its restart, "given up" or "stopped"
    pid: int | None
    port: int | None  # None: it listens nowhere
    memory_mb: float  # with all its children, shared pages by share
    restarts: int
    log_file: Path


class PlatformStatus(BaseModel):
    """The platform as it is now."""

    model_config = ConfigDict(frozen=True)

    home: Path
    phase: Phase
    message: str
    is_healthy: bool  # every component of Airflow runs and has sent a heartbeat since its start
    supervisor: ServiceStatus
    services: list[ServiceStatus]
    airflow_url: str | None
    airflow_user: str | None

    @property
    def memory_mb(self) -> float:
        """The memory of all services together."""
        return round(self.supervisor.memory_mb + sum(service.memory_mb for service in self.services), 1)


def up(
    home: Path,
    *,
    project: Path,
    store: StoreKind | None = None,
    ports: Mapping[str, int] | None = None,
    on_progress: OnProgress = lambda message: None,
) -> PlatformState:
    """Brings the local platform up and returns when it is healthy; one that is healthy is left as it is.

    Args:
        home: where the platform keeps everything; made if missing, private to the user.
        project: the folder that holds `dags` and `plugins`.
        store: where data lie: the embedded S3 store or plain files; None: as last time, S3 at first.
        ports: of `airflow`, `postgres` and `s3`, where they must be these; others are chosen among the free ones.
        on_progress: called with a few words on each step.

    Raises:
        PlatformError: a port is taken, the home cannot be written or is too full, a service does not start, or the
            platform is up with another project, store or port.
    """
    place = Home(home.absolute())
    options = _StartOptions(project=project.absolute(), store=store, ports=ports or {})
    place.make()
    with place.lock("command"):
        supervisor = place.supervisor()
        if supervisor is not None and supervisor.is_alive():
            _require_same_options(place, options)
            if _is_healthy(place, supervisor):
                on_progress("the platform is up already")
                return _state(place)
            process = supervisor.process()  # an earlier `up` was ended while it waited, or a service is down
            _try_again(place, process, on_progress=on_progress)
        else:
            process = _start_supervisor(place, options, on_progress=on_progress)
        _wait_until_healthy(place, process, on_progress=on_progress)
        state = _state(place)
        _make_pools(state)
        return state


def down(home: Path, *, on_progress: OnProgress = lambda message: None) -> list[str]:
    """Stops the platform and returns the names of the services that ran; does nothing where none runs.

    Raises:
        PlatformError: something does not end.
    """
    place = Home(home.absolute())
    if not place.folder.is_dir():
        return []
    with place.lock("command"):
        supervisor = place.supervisor()
        if supervisor is None:
            return []
        running = _running(supervisor)
        if running:
            on_progress(f"stopping {', '.join(running)}")
        stop(supervisor.process(), patience_seconds=STOP_SECONDS)
        # It wrote its state once more as it ended. Killed, it left its services, and these are ended from here.
        _end_services(place, place.supervisor() or supervisor)
        left = _running(place.supervisor() or supervisor)
        if left:
            raise PlatformError(f"These services do not end: {', '.join(left)}; see the logs in {place.logs}.")
        return running


def status(home: Path) -> PlatformStatus:
    """The state of the platform; changes nothing."""
    place = Home(home.absolute())
    supervisor, state, plan = place.supervisor(), load_state(home), place.plan()
    alive = supervisor is not None and supervisor.is_alive()
    own = ServiceRecord(state="running" if alive else "stopped")
    phase: Phase = "stopped"
    if supervisor is not None:
        own = own.model_copy(update={"pid": supervisor.pid, "started_ticks": supervisor.started_ticks})
        # a supervisor that was killed could not write what became of it
        died = supervisor.phase in ("starting", "running", "stopping") and not alive
        phase = "failed" if died else supervisor.phase
    records = supervisor.services if supervisor is not None else {}
    return PlatformStatus(
        home=place.folder,
        phase=phase,
        message=_describe_phase(place, supervisor),
        is_healthy=supervisor is not None and alive and _is_healthy(place, supervisor),
        supervisor=_service_status(place, "supervisor", own, None),
        services=[_service_status(place, name, record, plan) for name, record in records.items()],
        airflow_url=state.airflow_url if state else None,
        airflow_user=state.airflow_user if state else None,
    )


def _describe_phase(place: Home, supervisor: SupervisorState | None) -> str:
    """What the supervisor said last, or that the disk is full: then it can write nothing down, nor can any service."""
    if supervisor is None:
        return "the platform was never started here"
    free_mb = shutil.disk_usage(place.folder).free // 2**20
    if free_mb < FULL_MB:
        return f"the disk of {place.folder} is full: {free_mb} MB are free, and all goes on when there is room"
    return supervisor.message


def _start_supervisor(place: Home, options: _StartOptions, *, on_progress: OnProgress) -> ProcessId:
    before = place.supervisor()
    if before is not None:
        left = _running(before)
        if left:
            on_progress(f"clearing away what a killed platform left: {', '.join(left)}")
        _end_services(place, before)
    _require_room(place)
    place.save("plan.json", _make_plan(place, options))
    place.secrets()  # made here, so that an unreadable file is reported in this terminal
    return spawn(
        [sys.executable, "-m", "caco_tasks.platform.supervisor", str(place.folder)],
        log_file=place.log_file("supervisor"),
        environment=python_environment(os.environ),
    )


def _require_room(place: Home) -> None:
    free_mb = shutil.disk_usage(place.folder).free // 2**20
    if free_mb < MIN_FREE_MB:
        raise PlatformError(
            f"The disk of {place.folder} is full: {free_mb} MB are free and {MIN_FREE_MB} MB needed, so make room."
        )


def _make_plan(place: Home, options: _StartOptions) -> Plan:
    """What was asked for; else as last time; else the defaults, or the next free ports above these."""
    if not (options.project / "dags").is_dir():
        raise PlatformError(f"There is no folder 'dags' in {options.project}: name the folder of the project.")
    before = place.plan()
    unknown = set(options.ports) - set(DEFAULT_PORTS)
    if unknown:
        raise PlatformError(f"There is no port '{min(unknown)}': use {', '.join(DEFAULT_PORTS)}.")
    chosen: dict[str, int] = {}
    for name, default in DEFAULT_PORTS.items():
        asked = options.ports.get(name)
        if asked is not None:
            require_free(asked, name)
        first = getattr(before.ports, name) if before else default
        chosen[name] = asked or free_port(first, without=frozenset(chosen.values()))
    kind = options.store or (before.store if before else "s3")
    return Plan(project=options.project, store=kind, ports=Ports.model_validate(chosen))


def _require_same_options(place: Home, options: _StartOptions) -> None:
    plan = place.plan()
    if plan is None:
        return
    wanted: dict[str, object] = {"project": options.project, "store": options.store or plan.store}
    wanted |= {f"port of {name}": port for name, port in options.ports.items()}
    actual: dict[str, object] = {"project": plan.project, "store": plan.store}
    actual |= {f"port of {name}": port for name, port in plan.ports.model_dump().items()}
    for name, value in wanted.items():
        if actual[name] != value:
            raise PlatformError(
                f"The platform is up with the {name} {actual[name]}, not {value}: run `caco down` first to change it."
            )


def _try_again(place: Home, process: ProcessId, *, on_progress: OnProgress) -> None:
    """Has the supervisor start once more what it gave up, and waits until it has begun to."""

    def given_up() -> list[str]:
        written = place.supervisor()
        return [name for name, one in written.services.items() if one.state == "given up"] if written else []

    if names := given_up():
        on_progress(f"trying {', '.join(names)} again")
        send(process, signal.SIGHUP)
        wait_until(lambda: not given_up(), seconds=TRY_AGAIN_SECONDS)


def _wait_until_healthy(place: Home, process: ProcessId, *, on_progress: OnProgress) -> None:
    reported, deadline = "", time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        written = place.supervisor()
        # until the new supervisor writes its state, the file is that of the one before
        supervisor = written if written is not None and written.pid == process.pid else None
        _require_progress(place, process, supervisor)
        if supervisor is not None:
            if supervisor.phase == "running" and _is_healthy(place, supervisor):
                return
            is_starting = supervisor.phase == "starting"
            step = f"starting {supervisor.message}" if is_starting else "waiting for Airflow to answer"
            if step != reported:
                reported = step
                on_progress(step)
        time.sleep(0.2)
    raise PlatformError(f"Airflow is not healthy after {START_SECONDS} s: look at the logs in {place.logs}.")


def _require_progress(place: Home, process: ProcessId, supervisor: SupervisorState | None) -> None:
    """Raises PlatformError where the platform cannot come up any more: waiting on would not help."""
    if not process.is_alive():
        _require_room(place)  # one that found no room could not write down why it ended
        if supervisor is not None and supervisor.phase == "failed":
            raise PlatformError(supervisor.message)
        raise PlatformError(
            f"The supervisor ended at once: the reason is at the end of {place.log_file('supervisor')}."
        )
    if supervisor is None:
        return
    for name, record in supervisor.services.items():
        if record.state == "given up":
            raise PlatformError(
                f"The service {name} died again and again: the reason is at the end of {place.log_file(name)}."
            )
    if supervisor.phase == "running":
        _require_own_port(place, supervisor)


def _require_own_port(place: Home, supervisor: SupervisorState) -> None:
    """Stops the platform where another program took Airflow's port between its choice and the API server's start."""
    plan = place.plan()
    if plan is None or not is_open(plan.ports.airflow):
        return
    if not wait_until(lambda: _is_ours(plan, supervisor) or not is_open(plan.ports.airflow), seconds=PORT_SECONDS):
        stop(supervisor.process(), patience_seconds=STOP_SECONDS)
        _end_services(place, place.supervisor() or supervisor)
        raise PlatformError(
            f"Port {plan.ports.airflow} for Airflow was taken by another program while the platform started: run "
            "`caco up` again, it takes the next free one."
        )


def _is_healthy(place: Home, supervisor: SupervisorState) -> bool:
    """Whether all services run and Airflow has heard from each component since it was started."""
    plan = place.plan()
    if plan is None or not all(record.is_running() for record in supervisor.services.values()):
        return False
    if not _is_ours(plan, supervisor):  # another platform may have been faster to take the port
        return False
    state = _state(place)
    try:
        with AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password, timeout_seconds=5) as api:
            health = api.health()
    except PlatformError:  # it does not answer yet
        return False
    for name, component in health.items():
        record = supervisor.services.get(name.replace("_", "-"))
        # Airflow calls a component healthy for half a minute after its last heartbeat: one of a killed start does not count
        started = datetime.fromtimestamp(record.started_at if record else 0, UTC)
        if not component.is_healthy or (component.heartbeat is not None and component.heartbeat < started):
            return False
    return True


def _is_ours(plan: Plan, supervisor: SupervisorState) -> bool:
    """Whether it is this platform's API server that listens on its port."""
    record = supervisor.services.get("api-server")
    process = record.process() if record is not None else None
    return process is not None and listens(process, plan.ports.airflow)


def _state(place: Home) -> PlatformState:
    state = load_state(place.folder)
    if state is None:
        raise PlatformError(f"There is no platform in {place.folder}: start it with `caco up`.")
    return state


def _make_pools(state: PlatformState) -> None:
    gpus = len(visible_gpus(os.environ))
    with AirflowApi(state.airflow_url, state.airflow_user, state.airflow_password) as api:
        api.ensure_pool("cpu", slots=CPU_POOL_SLOTS, description="Tasks on CPUs")
        slots = gpus or min(MAX_MODELS_ON_PROCESSORS, os.cpu_count() or 1)
        what = "one slot for each GPU" if gpus else "there is no GPU: models on CPUs"
        api.ensure_pool("gpu", slots=slots, description=f"Tasks that run a model; {what}")


def _running(supervisor: SupervisorState) -> list[str]:
    """The names of the services of which any process lives, the supervisor first."""
    names = ["supervisor"] if supervisor.is_alive() else []
    for name, record in supervisor.services.items():
        process = record.process()  # its leader may be dead and children of it alive
        if process is not None and (process.is_alive() or session_members(process)):
            names.append(name)
    return names


def _end_services(place: Home, supervisor: SupervisorState) -> None:
    """Ends what a dead supervisor has left: only processes known by pid and start time, and their children."""
    processes = {name: record.process() for name, record in supervisor.services.items()}
    components = [process for name, process in processes.items() if process is not None and name not in ENDED_LAST]
    api_server = processes.get("api-server")
    for process in components:
        send(process, signal.SIGTERM)  # to all at first, so that they end side by side
    for process in [*components, *([api_server] if api_server else [])]:
        stop(process, patience_seconds=AIRFLOW_STOP_SECONDS)
    # Tasks leave the session of the scheduler that started them, so they are found by the home's mark in their
    # environment. This process may be one itself, or the child of one.
    own = ancestors(os.getpid())
    for stray in with_environment(task_mark(place)):
        if stray.pid not in own:
            send(stray, signal.SIGKILL)
    plan = place.plan()
    if plan is not None:
        embedded_s3(place, plan, place.secrets()).stop()
        embedded_postgres(place, plan, place.secrets()).stop()


def _service_status(place: Home, name: str, record: ServiceRecord, plan: Plan | None) -> ServiceStatus:
    process = record.process()
    is_alive = process is not None and process.is_alive()
    pids = set() if process is None else {*session_members(process)}
    if process is not None and is_alive:
        # all services descend from the supervisor, whose own memory is its process's alone
        pids |= {*descendants(process.pid)} if name != "supervisor" else {process.pid}
    state = record.state if is_alive or record.state in ("waiting", "given up") else "stopped"
    port = {"api-server": "airflow", "postgres": "postgres", "s3": "s3"}.get(name)
    return ServiceStatus(
        name=name,
        state=state,
        pid=process.pid if process is not None and is_alive else None,
        port=getattr(plan.ports, port) if plan is not None and port is not None else None,
        memory_mb=memory_mb(pids),
        restarts=record.restarts,
        log_file=place.log_file(name),
    )
