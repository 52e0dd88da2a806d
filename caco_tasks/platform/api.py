"""Airflow's REST API, as far as the command line needs it (Airflow 3.3, `/api/v2`)."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from caco_tasks.errors import PlatformError, PlatformUnreachableError

PAGE = 100  # rows of a reply; Airflow's own maximum
PAUSE_SECONDS = 2.0

log = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # Airflow sends more than we ask for


class ComponentHealth(_Reply):
    """One component, as Airflow sees it."""

    status: str | None = None
    heartbeat: datetime | None = None  # None: the metadata database, or never seen

    @property
    def is_healthy(self) -> bool:
        """Whether Airflow calls it healthy."""
        return self.status == "healthy"


class DagRun(_Reply):
    """One run of a DAG."""

    dag_run_id: str
    dag_id: str
    state: str
    conf: dict[str, Any] | None = None
    partition_key: str | None = None
    note: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it ended, well or badly."""
        return self.state in ("success", "failed")


class TaskInstance(_Reply):
    """One task of a run, or one of its mapped copies."""

    task_id: str
    map_index: int  # -1: not mapped
    state: str | None = None  # None: not scheduled yet
    try_number: int
    start_date: datetime | None = None
    end_date: datetime | None = None
    rendered_map_index: str | None = None
    queue: str | None = None
    hostname: str | None = None  # of the worker that ran it, or runs it; empty before that


class Pool(_Reply):
    """So many slots for tasks."""

    name: str
    slots: int
    open_slots: int


class _Token(_Reply):
    access_token: str


class _DagRuns(_Reply):
    dag_runs: list[DagRun]
    total_entries: int


class _TaskInstances(_Reply):
    task_instances: list[TaskInstance]
    total_entries: int


class _Pools(_Reply):
    pools: list[Pool]


class AirflowApi:
    """A client of one Airflow, logged in when first needed; use it as a context manager.

    Every method raises PlatformError, naming the address or the request, when Airflow does not answer or refuses.
    """

    def __init__(
        self, url: str, user: str, password: str, *, timeout_seconds: float = 30, patience_seconds: float = 0
    ) -> None:
        """Names the Airflow; while it is away, all but new runs and pools is asked for again for `patience_seconds`."""
        self.url = url
        self._patience_seconds = patience_seconds
        self._login = {"username": user, "password": password}
        self._client = httpx.Client(base_url=url, timeout=timeout_seconds, trust_env=False)  # no proxy to loopback

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def health(self) -> dict[str, ComponentHealth]:
        """The health of `metadatabase`, `scheduler`, `triggerer` and `dag_processor`; needs no login."""
        reply = self._send("GET", "/api/v2/monitor/health", json=None).json()
        return {
            name: ComponentHealth(status=facts.get("status"), heartbeat=facts.get(f"latest_{name}_heartbeat"))
            for name, facts in reply.items()
            if facts is not None  # a component that this installation does not run
        }

    def is_dag_known(self, dag_id: str) -> bool:
        """Whether the DAG processor has read the DAG."""
        return self._call("GET", f"/api/v2/dags/{dag_id}", allowed=(404,)).status_code == 200

    def is_paused(self, dag_id: str) -> bool:
        """Whether no run of a DAG starts by itself."""
        return bool(self._call("GET", f"/api/v2/dags/{dag_id}").json()["is_paused"])

    def unpause(self, dag_id: str, *, paused: bool = False) -> None:
        """Lets a DAG's runs be carried out, or, with `paused`, no longer."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": paused})

    def trigger(
        self,
        dag_id: str,
        conf: Mapping[str, Any] | None = None,
        *,
        partition_key: str | None = None,
        logical_date: datetime | None = None,
        run_id: str | None = None,
        note: str | None = None,
    ) -> str:
        """Asks for a run of a DAG and returns its run id.

        Args:
            dag_id: the DAG; a paused one keeps the run queued.
            conf: values for the DAG's params, checked by Airflow against their schemas.
            partition_key: of a partitioned DAG, in the format of its timetable; without it the run has none.
            logical_date: with a time zone; a second run of the same DAG and date is refused.
            run_id: its name; None lets Airflow choose.
            note: what Airflow's pages show beside it.
        """
        body = {
            "conf": dict(conf or {}),
            "partition_key": partition_key,
            "logical_date": logical_date.isoformat() if logical_date else None,
            "dag_run_id": run_id,
            "note": note,
        }
        return self._read(DagRun, "POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body).dag_run_id

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """One run."""
        return self._read(DagRun, "GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str, *, newest: int = PAGE) -> list[DagRun]:
        """The newest runs of a DAG, newest first."""
        path = f"/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit={newest}"
        return self._read(_DagRuns, "GET", path).dag_runs

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """All task instances of a run, mapped ones one by one."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit={PAGE}&order_by=id"
        found: list[TaskInstance] = []
        while True:
            page = self._read(_TaskInstances, "GET", f"{path}&offset={len(found)}")
            found += page.task_instances
            # an empty page ends it too: the total may shrink while pages are read
            if not page.task_instances or len(found) >= page.total_entries:
                return found

    def pools(self) -> list[Pool]:
        """All pools."""
        return self._read(_Pools, "GET", f"/api/v2/pools?limit={PAGE}").pools

    def ensure_pool(self, name: str, *, slots: int, description: str) -> None:
        """Creates a pool, unless there is one of that name, whose slots are left as they are."""
        if name in {pool.name for pool in self.pools()}:
            return
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        self._call("POST", "/api/v2/pools", json=body, allowed=(409,))  # 409: somebody made it just now

    def import_errors(self) -> dict[str, str]:
        """Files that could not be read as DAGs, each with the end of its traceback."""
        reply = self._call("GET", f"/api/v2/importErrors?limit={PAGE}").json()
        return {error["filename"]: error["stack_trace"][-2000:] for error in reply["import_errors"]}

    def _read(self, model: type[Model], method: str, path: str, *, json: object = None) -> Model:
        reply = self._call(method, path, json=json)
        try:
            return model.model_validate_json(reply.content)
        except ValidationError as exc:
            raise PlatformError(f"{self.url}{path} does not answer as Airflow 3.3 does: install that version.") from exc

    def _call(self, method: str, path: str, *, json: object = None, allowed: tuple[int, ...] = ()) -> httpx.Response:
        if "Authorization" not in self._client.headers:
            self._log_in()
        reply = self._send(method, path, json=json)
        if reply.status_code == 401:  # the token has run out
            self._log_in()
            reply = self._send(method, path, json=json)
        if reply.is_error and reply.status_code not in allowed:
            raise PlatformError(f"Airflow refuses {method} {path}: {reply.status_code}, {_read_detail(reply)}.")
        return reply

    def _log_in(self) -> None:
        reply = self._send("POST", "/auth/token", json=self._login, may_be_repeated=True)
        if reply.is_error:
            raise PlatformError(f"Airflow at {self.url} refuses the login: `caco down` and `caco up` set it anew.")
        self._client.headers["Authorization"] = f"Bearer {_Token.model_validate_json(reply.content).access_token}"

    def _send(self, method: str, path: str, *, json: object, may_be_repeated: bool = False) -> httpx.Response:
        """The reply, which may be a refusal; what may be repeated is sent again while Airflow is away."""
        patience = self._patience_seconds if method in {"GET", "PATCH"} or may_be_repeated else 0
        begun, is_told = time.monotonic(), False
        while True:
            try:
                return self._send_once(method, path, json=json)
            except PlatformUnreachableError as exc:
                if time.monotonic() - begun >= patience:
                    raise
                if not is_told:
                    log.warning("%s It may come back: waiting for up to %.0f s.", exc, patience)
                    is_told = True
                time.sleep(PAUSE_SECONDS)

    def _send_once(self, method: str, path: str, *, json: object) -> httpx.Response:
        try:
            reply = self._client.request(method, path, json=json)
        except httpx.HTTPError as exc:
            raise PlatformUnreachableError(f"Airflow does not answer at {self.url}: start it with `caco up`.") from exc
        if reply.is_server_error:  # it could not reach its database, say
            raise PlatformUnreachableError(
                f"Airflow at {self.url} has broken down over {method} {path}: {reply.status_code}, {_read_detail(reply)}."
            )
        return reply


def _read_detail(reply: httpx.Response) -> str:
    try:
        return str(reply.json()["detail"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        return reply.reason_phrase
