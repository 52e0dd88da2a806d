"""`caco check`: one text check per line of a file."""

from pathlib import Path

import click

from caco_tasks.cli.console import explain_errors, print_json, show_progress
from caco_tasks.cli.options import always_json_option, config_option, file_option, workers_option


@click.command()
@click.option("--jsonl", "source", required=True, type=click.Path(path_type=Path), help='Lines of {"id","check",…}.')
@file_option
@workers_option
@config_option
@always_json_option
@explain_errors
def check(source: Path, target: Path, workers: int, config: str, as_json: bool) -> None:
    """Check texts, one to a line, as the stages check theirs.

    What a check does not understand is unknown. The rules are those of --config; docs/verification.md has the fields of
    each check.
    """
    import signal

    from caco_tasks.config import load_config
    from caco_tasks.text_checks.check_file import check_jsonl

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing half-written stays
    with show_progress("checking") as status_line:
        counts = check_jsonl(
            source,
            target,
            load_config(config),
            workers=workers,
            progress=lambda done: status_line.update(f"{done:,} lines checked"),
        )
    print_json(counts)
