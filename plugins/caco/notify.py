"""Tells people of a task that failed for good and of a run that is late: always the log, and besides the connections
`caco_webhook` and `caco_smtp` where there are such.

It lies beside the plugin since the triggerer, which runs what a missed deadline calls, looks for modules here and not in
the folder of the DAGs. A run tells of its first failure only. Nothing that goes wrong here fails anything.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import Connection, Context
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from caco_tasks.notifications import Notice

WEBHOOK, SMTP = "caco_webhook", "caco_smtp"  # connections

log = logging.getLogger(__name__)


def notify_failure(context: Context) -> None:
    """What Airflow calls when a task has failed and is not tried again."""
    from caco_tasks.notifications import Notice, describe_error

    ti = context["ti"]
    is_mapped = ti.map_index is not None and ti.map_index >= 0
    place = (getattr(ti, "rendered_map_index", None) or ti.map_index) if is_mapped else None
    has_told = has_failed_before(context)
    notice = Notice(
        kind="failed",
        dag=ti.dag_id,
        run=ti.run_id,
        task=ti.task_id if place is None else f"{ti.task_id} ({place})",
        sentence=describe_error(context.get("exception")),
        funnel="" if has_told else funnel_so_far(ti.dag_id, ti.run_id),
        link=ti.log_url,
    )
    log.error("%s", notice.text)
    if has_told:
        log.info("This run has told of a failure before: only the log is told of this one.")
        return
    tell_everybody(notice)


async def tell_of_late_run(hours: float, context: Mapping[str, Any]) -> None:
    """What Airflow's triggerer calls when a run has not ended `hours` after it was queued."""
    from asgiref.sync import sync_to_async

    # in a thread: mail and webhook may take their time, and the triggerer has other work
    await sync_to_async(notify_late_run)(hours, context)


def notify_late_run(hours: float, context: Mapping[str, Any]) -> None:
    """Tells of a late run, unless it is one date of a backfill, which waits its turn, or has ended meanwhile."""
    from airflow.sdk.configuration import conf

    from caco_tasks.notifications import Notice

    run = context["dag_run"]  # as Airflow's API shows it
    dag, name, state = run["dag_id"], run["dag_run_id"], run["state"]
    if run["run_type"] == "backfill" or state not in ("queued", "running"):
        log.info("The run %s of %s (%s, %s) is not told of as late.", name, dag, run["run_type"], state)
        return
    address = conf.get("api", "base_url", fallback="http://localhost:8080").rstrip("/")
    notice = Notice(
        kind="late",
        dag=dag,
        run=name,
        sentence=f"It was queued more than {hours:g} hours ago and is still {state} (CACO_LATE_AFTER_HOURS).",
        funnel=funnel_so_far(dag, name),
        link=f"{address}/dags/{dag}/runs/{quote(name, safe='')}",
    )
    log.error("%s", notice.text)
    tell_everybody(notice)


def tell_of_retry(context: Context) -> None:
    """What Airflow calls when a task failed and will be tried again: the sentence, as the last line of the task's log."""
    from caco_tasks.notifications import describe_error

    ti = context["ti"]
    log.warning(
        "%s It is tried again: this was try %d of %d.",
        describe_error(context.get("exception")),
        ti.try_number,
        ti.max_tries + 1,
    )


def funnel_so_far(dag_id: str, dag_run_id: str) -> str:
    """The funnel of the run that a run of Airflow planned; empty where it planned none, or the ledger does not answer."""
    from caco_tasks.errors import CacoError
    from caco_tasks.notifications import describe_funnel
    from caco_tasks.tasks import open_ledger

    try:
        with open_ledger() as (ledger, _):
            return describe_funnel(ledger.funnel_of_trigger(dag_id, dag_run_id))
    except CacoError as exc:  # as when the ledger is what failed: the notice goes out without it
        log.warning("The funnel of this run is not known here: %s", exc)
        return ""


def tell_everybody(notice: "Notice") -> None:
    """Sends a notice by every connection that is there."""
    for name, send in SENDERS.items():
        tell(name, send, notice)


def tell(name: str, send: "Callable[[Connection, Notice], None]", notice: "Notice") -> None:
    """Sends a notice by a connection, where there is one."""
    try:
        send(Connection.get(name), notice)
    except AirflowNotFoundException:
        return
    except Exception as exc:  # whatever it is, the run fails or is late for a reason of its own
        # not its message: it may hold the address, which is a secret of some webhooks
        log.warning("This could not be told by the connection '%s': %s.", name, type(exc).__name__)


def has_failed_before(context: Context) -> bool:
    """Whether another task of the run has failed already; not, where that cannot be found out."""
    ti = context["ti"]
    own = {ti.task_id, f"{ti.task_id}_{ti.map_index}"}
    try:
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    except Exception as exc:  # as where Airflow tells of a task whose worker was lost
        log.info("The states of the run's other tasks are not known here (%s).", type(exc).__name__)
        return False
    return any(state == "failed" for name, state in states.items() if name not in own)


def send_to_webhook(connection: Connection, notice: "Notice") -> None:
    """Posts a notice to the address of a connection; its password, if any, is the bearer token."""
    from caco_tasks.notifications import post_notice

    post_notice(webhook_url(connection), notice, key=connection.password)


def webhook_url(connection: Connection) -> str:
    """The address that a connection stands for: its host, where that is a whole address, or made of its parts."""
    host = connection.host or ""
    if "://" in host:
        return host
    # else it is the path, as where a connection is written as one URL
    is_protocol = connection.schema in ("http", "https")
    protocol = connection.schema if is_protocol else "https" if connection.conn_type == "https" else "http"
    path = "" if is_protocol or not connection.schema else f"/{connection.schema}"
    return f"{protocol}://{host}{f':{connection.port}' if connection.port else ''}{path}"


def send_by_mail(connection: Connection, notice: "Notice") -> None:
    """Mails a notice to those whom the connection's extra field `to` names."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(SMTP) as hook:
        hook.send_email_smtp(to=connection.extra_dejson["to"], subject=notice.subject, html_content=notice.html)


SENDERS = {WEBHOOK: send_to_webhook, SMTP: send_by_mail}
