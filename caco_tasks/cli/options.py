"""The options that several commands share."""

import os
from pathlib import Path

import click

config_option = click.option("--config", default="nano", show_default=True, help="A bundled config or a TOML file.")
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="K=V", help="Change a setting, as key.path=value."
)
partition_option = click.option("--partition", help="Date, YYYY-MM-DD; default: today in UTC.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script to read.")
# of commands whose results always are JSON: it is read by `explain_errors` alone
always_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print errors as JSON too; results always are."
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=os.cpu_count() or 1,
    show_default=True,
    help="Processes that work side by side.",
)
folder_option = click.option(
    "--out", "target", required=True, type=click.Path(path_type=Path), help="Folder to write to."
)
file_option = click.option("--out", "target", required=True, type=click.Path(path_type=Path), help="File to write to.")
