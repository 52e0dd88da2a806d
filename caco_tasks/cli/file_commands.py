"""Commands from files to files, without ledger or store: unify, exec, grade."""

from pathlib import Path

import click

from caco_tasks.cli.console import explain_errors, print_json, show_progress
from caco_tasks.cli.options import always_json_option, file_option, folder_option, workers_option


@click.command()
@click.option("--source", required=True, help="Reader of the source's format, such as gsm8k; see docs/sources.md.")
@click.option("--path", type=click.Path(path_type=Path), help="File of the source; not for the bundled bank.")
@folder_option
@workers_option
@always_json_option
@explain_errors
def unify(source: str, path: Path | None, target: Path, workers: int, as_json: bool) -> None:
    """Turn a source into seed programs: programs.jsonl and report.json."""
    import json

    from caco_tasks.config import SandboxSettings, SourceSettings
    from caco_tasks.convert import unify_file
    from caco_tasks.sandbox import Sandbox

    settings = SourceSettings(name=source, reader=source, path=str(path) if path else None)
    with Sandbox(SandboxSettings(workers=workers)) as sandbox, show_progress("reading") as status_line:
        report = unify_file(settings, target, sandbox, lambda done: status_line.update(f"{done:,} problems done"))
    click.echo(json.dumps(report, indent=1))


@click.command(name="exec")
@click.option("--jsonl", "source", required=True, type=click.Path(path_type=Path), help='Lines of {"id","code"}.')
@file_option
@workers_option
@click.option(
    "--timeout", type=click.FloatRange(0.01, 600), default=5.0, show_default=True, help="Seconds for each program."
)
@always_json_option
@explain_errors
def execute(source: Path, target: Path, workers: int, timeout: float, as_json: bool) -> None:
    """Run programs, one to a line, in the sandbox, and write down what each gave."""
    import signal

    from caco_tasks.config import SandboxSettings
    from caco_tasks.sandbox import exec_jsonl

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing half-written stays
    settings = SandboxSettings(workers=workers, timeout_seconds=timeout)
    with show_progress("running programs"):
        counts = exec_jsonl(source, target, settings)
    print_json(counts)


@click.command()
@click.option(
    "--jsonl", "source", required=True, type=click.Path(path_type=Path), help='Lines of {"id","gold","pred"}.'
)
@file_option
@workers_option
@always_json_option
@explain_errors
def grade(source: Path, target: Path, workers: int, as_json: bool) -> None:
    """Compare answers with gold ones, one pair to a line; what cannot be decided is unknown."""
    from caco_tasks.config import GradingSettings
    from caco_tasks.grading import grade_jsonl

    with show_progress("comparing"):
        counts = grade_jsonl(source, target, GradingSettings(workers=workers))
    print_json(counts)
