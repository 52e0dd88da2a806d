"""Tells people that a task failed for good: always the log, and the connections `caco_webhook` and `caco_smtp` if there.

A run tells of its first failure only. Nothing that goes wrong here fails anything.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow.sdk import Connection, Context
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from caco_tasks.notifications import Failure

WEBHOOK, SMTP = "caco_webhook", "caco_smtp"  # connections

log = logging.getLogger(__name__)


def notify_failure(context: Context) -> None:
    """What Airflow calls when a task has failed and is not tried again."""
    from caco_tasks.notifications import Failure, describe_error

    ti = context["ti"]
    is_mapped = ti.map_index is not None and ti.map_index >= 0
    place = (getattr(ti, "rendered_map_index", None) or ti.map_index) if is_mapped else None
    failure = Failure(
        dag=ti.dag_id,
        run=ti.run_id,
        task=ti.task_id if place is None else f"{ti.task_id} ({place})",
        sentence=describe_error(context.get("exception")),
        link=ti.log_url,
    )
    log.error("%s", failure.text)
    if has_failed_before(context):
        log.info("This run has told of a failure before: only the log is told of this one.")
        return
    for name, send in SENDERS.items():
        tell(name, send, failure)


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


def tell(name: str, send: "Callable[[Connection, Failure], None]", failure: "Failure") -> None:
    """Sends a failure by a connection, where there is one."""
    try:
        send(Connection.get(name), failure)
    except AirflowNotFoundException:
        return
    except Exception as exc:  # whatever it is, the task has failed for a reason of its own
        # not its message: it may hold the address, which is a secret of some webhooks
        log.warning("The failure could not be told by the connection '%s': %s.", name, type(exc).__name__)


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


def send_to_webhook(connection: Connection, failure: "Failure") -> None:
    """Posts a failure to the address of a connection; its password, if any, is the bearer token."""
    from caco_tasks.notifications import post_failure

    post_failure(webhook_url(connection), failure, key=connection.password)


def webhook_url(connection: Connection) -> str:
    """The address that a connection stands for: its host, where that is a whole address, or made of its parts."""
    host = connection.host or ""
    if "://" in host:
        return host
    is_protocol = connection.schema in (
        "http",
        "https",
    )  # else it is the path, as where a connection is written as one URL
    protocol = connection.schema if is_protocol else "https" if connection.conn_type == "https" else "http"
    path = "" if is_protocol or not connection.schema else f"/{connection.schema}"
    return f"{protocol}://{host}{f':{connection.port}' if connection.port else ''}{path}"


def send_by_mail(connection: Connection, failure: "Failure") -> None:
    """Mails a failure to those whom the connection's extra field `to` names."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    with SmtpHook(SMTP) as hook:
        hook.send_email_smtp(to=connection.extra_dejson["to"], subject=failure.subject, html_content=failure.html)


SENDERS = {WEBHOOK: send_to_webhook, SMTP: send_by_mail}
