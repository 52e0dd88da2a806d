"""Commands on the local platform: demo, up, down, status, doctor."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import click

from caco_tasks.cli.console import err, explain_errors, out, print_json, print_line, print_whole, show_progress
from caco_tasks.cli.environment import PROJECT, platform_home
from caco_tasks.cli.options import config_option, json_option, set_option

if TYPE_CHECKING:
    from caco_tasks.platform.state import PlatformState


@click.command()
@config_option
@set_option
@json_option
@explain_errors
def demo(config: str, overrides: Sequence[str], as_json: bool) -> None:
    """Make a first dataset on this machine: start the platform, read seeds, train, publish a nightly run.

    What is done already is left as it is. The platform stays up.
    """
    from caco_tasks.cli.dag_runs import check_settings
    from caco_tasks.cli.demo import demo_job, run_demo

    check_settings(config, overrides)
    state = _bring_up(None)  # it makes the home, in which the date of the demo is kept
    made = run_demo(state, demo_job(platform_home(), config, overrides), err if as_json else out)
    if as_json:
        print_json(made)


@click.command()
@click.option("--store", type=click.Choice(["s3", "file"]), help="Where data lie; default: as last time, s3 at first.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the Airflow UI; default: a free one, 8080 first.")
@json_option
@explain_errors
def up(store: Literal["s3", "file"] | None, port: int | None, as_json: bool) -> None:
    """Start the local platform: Postgres, an S3 store, Airflow."""
    state = _bring_up(store, {"airflow": port} if port else None)
    if as_json:
        names = ("airflow_url", "airflow_user", "airflow_password", "airflow_others", "ledger_analyst_url")
        print_json({**{name: getattr(state, name) for name in names}, "store": state.store.root})
        return
    for line in _address_lines(state):
        print_line(line)


@click.command()
@json_option
@explain_errors
def down(as_json: bool) -> None:
    """Stop the local platform; its data stay."""
    from caco_tasks.platform.control import down as stop

    stopped = stop(platform_home(), on_progress=lambda message: print_line(message, err))
    if as_json:
        print_json({"stopped": stopped})
    else:
        print_line(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


@click.command()
@json_option
@explain_errors
def status(as_json: bool) -> None:
    """Show the services of the local platform; exit code 0 when all are healthy."""
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.platform.control import status as find_status
    from caco_tasks.platform.state import load_state

    with show_progress("asking the services"):
        found, state = find_status(platform_home()), load_state(platform_home())
    if as_json:
        print_json({**found.model_dump(mode="json"), **({"analyst_url": state.ledger_analyst_url} if state else {})})
    else:
        services = [found.supervisor, *found.services]
        columns = ("name", "state", "pid", "port", "memory_mb", "log_file")
        print_whole(answer_table(columns, ([getattr(one, name, None) for name in columns] for one in services)))
        if state is not None:
            for line in _address_lines(state):
                print_line(line)
        print_line(f"{'healthy' if found.is_healthy else 'not healthy'}: {found.message}")
    sys.exit(0 if found.is_healthy else 1)


@click.command()
@json_option
@explain_errors
def doctor(as_json: bool) -> None:
    """Say what is missing on this machine, and how to get it; exit code 0 when nothing is."""
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.connections import LedgerUrls
    from caco_tasks.platform.doctor import doctor as examine

    urls = LedgerUrls.from_environ(os.environ)
    with show_progress("looking at this machine"):
        url = urls.writer or urls.analyst
        found = examine(platform_home(), PROJECT, ledger_url=url, left_out=_left_out())
        findings = [finding.model_dump() for finding in found]
    if as_json:
        print_json(findings)
    else:
        print_whole(answer_table(findings[0], ([*finding.values()] for finding in findings)))
    # a warning is something that one may live without
    sys.exit(1 if any(finding["level"] == "missing" for finding in findings) else 0)


def _address_lines(state: "PlatformState") -> Iterator[str]:
    """Where people reach the platform, each address on a line of its own."""
    yield f"Airflow  {state.airflow_url}  login {state.airflow_user}, password {state.airflow_password}"
    for name, password in state.airflow_others.items():
        yield f"         login {name}, password {password}"
    # as psql, notebooks and BI tools write it
    yield f"Analyst  {state.ledger_analyst_url.replace('+psycopg2', '')}  read-only; also: caco sql"
    yield f"Store    {state.store.root}"


def _bring_up(store: Literal["s3", "file"] | None, ports: dict[str, int] | None = None) -> "PlatformState":
    from caco_tasks.platform.control import up as start

    with err.status("starting the platform") as status_line:

        def show_step(message: str) -> None:
            status_line.update(message)
            if not err.is_terminal:  # a log has no line that changes
                print_line(message, err)

        state = start(platform_home(), project=PROJECT, store=store, ports=ports, on_progress=show_step)
    for sentence in _left_out():
        print_line(sentence, err)
    return state


def _left_out() -> tuple[str, ...]:
    """One sentence for each thing of the environment that this process could not use."""
    return click.get_current_context().find_root().obj or ()
