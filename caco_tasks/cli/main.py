"""The command line: `caco COMMAND --help` tells of each."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from caco_tasks import __version__
from caco_tasks.errors import CacoError, ConfigError, PlatformError

PROJECT = Path(__file__).resolve().parents[2]  # the checkout: `dags/`, `plugins/`, `sql/` lie beside the package

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def _plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Turns an error that a user can mend into one sentence and exit code 1.

    With `--json` class and sentence go to standard output too, where the caller reads.
    """

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except CacoError as exc:
            err.print(f"[red]caco:[/red] {escape(str(exc))}", soft_wrap=True)
            if kwargs.get("as_json"):
                click.echo(json.dumps({"error": type(exc).__name__, "message": str(exc)}))
            sys.exit(1)

    return wrapped


def _home() -> Path:
    from caco_tasks.connections import home_folder

    return home_folder(os.environ)


def _state() -> Any:
    from caco_tasks.platform.state import load_state

    state = load_state(_home())
    if state is None:
        raise PlatformError("The local platform was never started here: run `caco up`.")
    return state


def _ledger(role: str = "writer") -> Any:
    from caco_tasks.connections import Connections
    from caco_tasks.ledger import Ledger

    connections = Connections.from_environ(os.environ)
    url = {"writer": connections.ledger_url, "owner": connections.owner_url, "analyst": connections.analyst_url}[role]
    if url is None:
        raise ConfigError("There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_URL.")
    return Ledger(url)


def _store() -> Any:
    from caco_tasks.connections import Connections
    from caco_tasks.store import open_store

    return open_store(Connections.from_environ(os.environ).store)


config_option = click.option("--config", default="nano", show_default=True, help="A bundled config or a TOML file.")
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="K=V", help="Change a setting, as key.path=value."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script to read.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="caco")
def main() -> None:
    """Caco: verified, traceable chains of thought from programs, run by Airflow."""


@main.command()
@config_option
@set_option
@_plainly
def demo(config: str, overrides: Sequence[str]) -> None:
    """The main job on the embedded default, start to published dataset."""
    from caco_tasks.cli.demo import demo_job, run_demo
    from caco_tasks.config import load_config

    load_config(config, overrides)  # a wrong setting is told before anything starts
    state = _bring_up(None)
    run_demo(state, demo_job(_home(), config, overrides), out)


@main.command()
@click.option("--store", type=click.Choice(["s3", "file"]), help="Where data lie; default: as last time, s3 at first.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the Airflow UI; default: a free one, 8080 first.")
@_plainly
def up(store: str | None, port: int | None) -> None:
    """Start the local platform: Postgres, an S3 store, Airflow."""
    state = _bring_up(store, {"airflow": port} if port else None)
    out.print(f"Airflow  {state.airflow_url}  login {state.airflow_user}, password {state.airflow_password}")


@main.command()
@_plainly
def down() -> None:
    """Stop the local platform; its data stay."""
    from caco_tasks.platform.control import down as stop

    stopped = stop(_home(), on_progress=lambda message: err.print(message))
    out.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


@main.command()
@json_option
@_plainly
def status(as_json: bool) -> None:
    """Show the services of the local platform; exit code 0 when all are healthy."""
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.platform.control import status as look

    found = look(_home())
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        services = [found.supervisor, *found.services]
        columns = ("name", "state", "pid", "port", "memory_mb", "log_file")
        out.print(answer_table(columns, ([getattr(service, name, None) for name in columns] for service in services)))
        out.print(f"{'healthy' if found.is_healthy else 'not healthy'}: {found.message}")
    sys.exit(0 if found.is_healthy else 1)


@main.command()
@json_option
@_plainly
def doctor(as_json: bool) -> None:
    """Say what is missing on this machine, and how to get it."""
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.platform.doctor import doctor as examine

    findings = examine(_home(), PROJECT)
    if as_json:
        click.echo(json.dumps([finding.model_dump() for finding in findings], indent=1))
    else:
        rows = [finding.model_dump() for finding in findings]
        out.print(answer_table(rows[0], ([*row.values()] for row in rows)))
    sys.exit(1 if any(finding.level == "missing" for finding in findings) else 0)


@main.command()
@click.option("--partition", help="Date, YYYY-MM-DD; default: today in UTC.")
@config_option
@set_option
@_plainly
def run(partition: str | None, config: str, overrides: Sequence[str]) -> None:
    """Trigger caco_nightly for one date and follow it."""
    from caco_tasks.cli.demo import Job, run_nightly, today

    job = Job(partition=partition or today(), config=config, overrides=tuple(overrides))
    run_nightly(_state(), job, out)


@main.command()
@click.argument("pipeline", type=click.Choice(["seeds", "codegen", "nightly", "evaluate"]))
@click.option("--partition", required=True, help="Date, YYYY-MM-DD.")
@config_option
@set_option
@_plainly
def plan(pipeline: str, partition: str, config: str, overrides: Sequence[str]) -> None:
    """Register a run and print its id and shards, without Airflow."""
    from caco_tasks import tasks

    click.echo(json.dumps(tasks.plan(pipeline, partition=partition, config=config, overrides=overrides)))


@main.command()
@click.argument("name")
@click.option("--run", "run_id", required=True, help="Id of the run, or the beginning of it.")
@click.option(
    "--shard", "shards", required=True, multiple=True, type=click.IntRange(0), help="Number, from 0; may be repeated."
)
@click.option("--input", "inputs", multiple=True, metavar="URI", help="Shard to read; default: the stage before's.")
@click.option("--parent", type=click.IntRange(1), metavar="PID", help="End when this process, the caller, ends.")
@json_option
@_plainly
def stage(
    name: str, run_id: str, shards: Sequence[int], inputs: Sequence[str], parent: int | None, as_json: bool
) -> None:
    """Run one stage over one shard or some, without Airflow; a finished shard is left as it is.

    A model is loaded once for all shards; with --json, each shard has a line of its own.
    """
    from caco_tasks import tasks
    from caco_tasks.connections import ENGINE_ENVIRONMENT
    from caco_tasks.platform.processes import die_with_parent

    if parent is not None:
        die_with_parent(parent)
    for variable, value in ENGINE_ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    for manifest in tasks.work_all(name, run_id, shards, list(inputs) or None, os.environ):
        text = f"{manifest.passed} passed, {manifest.failed} failed, {manifest.unknown} unknown of {manifest.read}"
        said = f"{name} {manifest.shard}: {text} ({manifest.uri})"
        click.echo(json.dumps(manifest.counts) if as_json else said)


@main.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@json_option
@_plainly
def funnel(run_id: str | None, as_json: bool) -> None:
    """Show what became of the records of a run; the newest nightly run by default."""
    from caco_tasks.cli.tables import funnel_json, funnel_table
    from caco_tasks.tasks import find_run

    with _ledger() as ledger:
        found = find_run(ledger, run_id, pipeline=None if run_id else "nightly")
        rows, reasons = ledger.funnel(found.run_id), ledger.reject_reasons(found.run_id)
    about = {"run_id": found.run_id, "pipeline": found.pipeline, "partition": found.partition}
    if as_json:
        click.echo(json.dumps(funnel_json(rows, reasons, about)))
    else:
        out.print(f"{found.pipeline} {found.partition}, run {found.run_id}")
        out.print(funnel_table(rows, reasons))


@main.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@json_option
@_plainly
def scores(run_id: str | None, as_json: bool) -> None:
    """Show what a student and its base score; of the newest evaluation by default."""
    from dataclasses import asdict

    from caco_tasks.cli.tables import score_table
    from caco_tasks.tasks import find_run

    with _ledger() as ledger:
        found = find_run(ledger, run_id, pipeline="evaluate")
        rows, gains = ledger.scores(found.run_id), ledger.score_gains(found.run_id)
    if as_json:
        about = {"run_id": found.run_id, "partition": found.partition, "dataset": found.dataset}
        click.echo(json.dumps({**about, "scores": [*map(asdict, rows)], "gains": [*map(asdict, gains)]}))
    else:
        out.print(f"evaluate {found.partition}, run {found.run_id}, trained on {found.dataset}")
        out.print(score_table(rows, gains))


@main.command()
@click.argument("sample_id", metavar="SAMPLE")
@json_option
@_plainly
def lineage(sample_id: str, as_json: bool) -> None:
    """Show all the ancestors of a sample: verdicts, texts, models, the seeds behind them."""
    from caco_tasks.cli.tables import lineage_tree

    with _ledger() as ledger:
        found = ledger.lineage(sample_id)
    if as_json:
        click.echo(json.dumps(found, default=str))
    else:
        out.print(lineage_tree(found))


@main.command()
@click.argument("query", required=False)
@json_option
@_plainly
def sql(query: str | None, as_json: bool) -> None:
    """Ask the ledger in SQL, as the read-only analyst; without QUERY it opens psql."""
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.connections import Connections
    from caco_tasks.platform.postgres import psql

    if query is None:
        url = Connections.from_environ(os.environ).analyst_url
        if url is None:
            raise ConfigError(
                "There is no ledger: start the local platform with `caco up`, or set CACO_LEDGER_ANALYST_URL."
            )
        command = psql(url)
        os.execvp(command[0], command)
    with _ledger("analyst") as ledger:
        columns, rows = ledger.ask(query)
    if as_json:
        click.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str))
    else:
        out.print(answer_table(columns, rows))


@main.command()
@click.option("--source", required=True, help="Reader of the source's format, such as gsm8k; see docs/sources.md.")
@click.option("--path", type=click.Path(path_type=Path), help="File of the source; not for the bundled bank.")
@click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
@click.option("--workers", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default=True)
@_plainly
def unify(source: str, path: Path | None, target: Path, workers: int) -> None:
    """Turn a source into seed programs: programs.jsonl and report.json."""
    from caco_tasks.config import SandboxSettings, SourceSettings
    from caco_tasks.convert import unify_file
    from caco_tasks.sandbox import Sandbox

    settings = SourceSettings(name=source, reader=source, path=str(path) if path else None)
    with Sandbox(SandboxSettings(workers=workers)) as sandbox, err.status("reading") as shown:
        report = unify_file(settings, target, sandbox, lambda done: shown.update(f"{done:,} problems done"))
    click.echo(json.dumps(report, indent=1))


@main.command(name="exec")
@click.option("--jsonl", "source", required=True, type=click.Path(path_type=Path), help='Lines of {"id","code"}.')
@click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="File to write to.")
@click.option("--workers", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default=True)
@click.option(
    "--timeout", type=click.FloatRange(0.01, 600), default=5.0, show_default=True, help="Seconds for each program."
)
@_plainly
def execute(source: Path, target: Path, workers: int, timeout: float) -> None:
    """Run programs in the sandbox."""
    import signal

    from caco_tasks.config import SandboxSettings
    from caco_tasks.sandbox import exec_jsonl

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing half-written stays
    settings = SandboxSettings(workers=workers, timeout_seconds=timeout)
    with err.status("running programs"):
        counts = exec_jsonl(source, target, settings)
    click.echo(json.dumps(counts))


@main.command()
@click.option(
    "--jsonl", "source", required=True, type=click.Path(path_type=Path), help='Lines of {"id","gold","pred"}.'
)
@click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="File to write to.")
@click.option("--workers", type=click.IntRange(1, 256), default=os.cpu_count() or 1, show_default=True)
@_plainly
def grade(source: Path, target: Path, workers: int) -> None:
    """Compare answers."""
    from caco_tasks.config import GradingSettings
    from caco_tasks.grading import grade_jsonl

    with err.status("comparing"):
        counts = grade_jsonl(source, target, GradingSettings(workers=workers))
    click.echo(json.dumps(counts))


@main.command()
@click.argument("dataset")
@click.option("--format", "format_name", required=True, help="messages, alpaca, caco or rlvr.")
@click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
@_plainly
def export(dataset: str, format_name: str, target: Path) -> None:
    """Write a published dataset, NAME/VERSION, in the format that a trainer reads."""
    from caco_tasks.publishing.export import export as write

    path, rows = write(_store(), dataset, format_name=format_name, out=target)
    click.echo(f"{rows} rows in {path}")


@main.command()
@click.argument("name")
@json_option
@_plainly
def bench(name: str, as_json: bool) -> None:
    """Measure a part of the platform, as ratios within one run; needs a checkout, which holds `benchmarks/`."""
    import runpy

    from caco_tasks.cli.tables import figure_tables

    path = PROJECT / "benchmarks" / f"{name}.py"
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.py") if "def bench(" in file.read_text())
        raise ConfigError(
            f"There is no benchmark '{name}': there are {', '.join(known) or 'none, without a checkout'}."
        )
    sys.path.insert(0, str(path.parent))
    with err.status(f"measuring {name}"):
        figures = runpy.run_path(str(path))["bench"]()
    if as_json:
        click.echo(json.dumps(figures, default=str))
    else:
        out.print(*figure_tables(figures))


@main.command()
@click.option(
    "--older-than", "days", type=click.IntRange(1, 3650), default=7, show_default=True, help="Days untouched."
)
@click.option("--delete", is_flag=True, help="Remove it; without this it is only counted.")
@json_option
@_plainly
def housekeeping(days: int, delete: bool, as_json: bool) -> None:
    """Count what nobody needs in the store and on this machine, and remove it on demand."""
    from caco_tasks import tasks
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.housekeeping import KINDS

    with err.status("looking through the store"):
        report = tasks.housekeeping(older_than_days=days, delete=delete)
    if as_json:
        click.echo(json.dumps(report))
        return
    rows = [(kind, one["things"], f"{one['bytes'] / 1e6:,.1f}", KINDS[kind]) for kind, one in report["found"].items()]
    out.print(answer_table(("kind", "things", "MB", "what it is"), rows))
    out.print("Removed." if delete else "Nothing was removed: run it again with --delete.")


@main.group()
def audit() -> None:
    """Put a random draw of rows before people, and take their answers."""


@audit.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--rows", type=click.IntRange(1, 1000), default=5, show_default=True, help="At most, of each stratum.")
@click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="Folder to write to.")
@_plainly
def draw(run_id: str | None, rows: int, target: Path) -> None:
    """Draw rows of a nightly run, the newest by default, and write a page on which a person judges them."""
    from caco_tasks import tasks
    from caco_tasks.audit import write_sheet

    with err.status("drawing rows"):
        drawn = tasks.audit_draw(run_id, rows)
        files = write_sheet(drawn, target)
    click.echo(json.dumps({"draw": drawn.draw_id, "rows": len(drawn.rows), "files": [str(file) for file in files]}))


@audit.command()
@click.option("--file", "source", required=True, type=click.Path(path_type=Path), help="The answers, as saved.")
@click.option("--person", required=True, help="Who answered.")
@_plainly
def answer(source: Path, person: str) -> None:
    """Take a person's answers: all of the file, or none."""
    from caco_tasks import tasks

    name = person.strip()
    if not name:
        raise ConfigError("The name of the person is empty: give --person.")
    click.echo(json.dumps(tasks.audit_answers(source, name)))


@main.group()
def ledger() -> None:
    """Look after the ledger in Postgres."""


@ledger.command()
@_plainly
def migrate() -> None:
    """Bring schema, views, roles and grants up to date."""
    with _ledger("owner") as owner:
        applied = owner.migrate(passwords={})
    click.echo(f"Applied: {', '.join(applied)}." if applied else "Up to date.")


@ledger.command()
@_plainly
def rebuild() -> None:
    """Empty the ledger and load it again from the store: the same content."""
    from caco_tasks.ledger import rebuild as load_again

    with _ledger("owner") as owner, err.status("loading from the store"):
        counts = load_again(owner, _store())
    click.echo(json.dumps(counts))


def _bring_up(store: str | None, ports: dict[str, int] | None = None) -> Any:
    from caco_tasks.platform.control import up as start

    with err.status("starting the platform") as shown:

        def say(message: str) -> None:
            shown.update(message)
            if not err.is_terminal:
                err.print(message)

        return start(_home(), project=PROJECT, store=store, ports=ports, on_progress=say)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
