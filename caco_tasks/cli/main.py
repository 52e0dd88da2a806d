"""The command line: `caco COMMAND --help` tells of each. Commands stand in files by subject; here they get their names.

A command loads what it needs when it is called, so that `caco --help` answers at once.
"""

import click

from caco_tasks import __version__
from caco_tasks.cli.audit_commands import audit
from caco_tasks.cli.dataset_commands import dataset, export
from caco_tasks.cli.file_commands import execute, grade, unify
from caco_tasks.cli.maintenance_commands import bench, housekeeping, ledger
from caco_tasks.cli.platform_commands import demo, doctor, down, status, up
from caco_tasks.cli.report_commands import funnel, lineage, runs, scores
from caco_tasks.cli.run_commands import plan, rerun, run, stage
from caco_tasks.cli.sql_command import sql


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="caco")
def main() -> None:
    """Caco: verified, traceable chains of thought from programs, run by Airflow."""


for command in (
    *(demo, up, down, status, doctor),
    *(run, plan, rerun, stage),
    *(funnel, runs, scores, lineage, sql),
    *(unify, execute, grade),
    *(dataset, export),
    *(audit, ledger, housekeeping, bench),
):
    main.add_command(command)
