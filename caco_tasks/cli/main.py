"""The command line: `caco COMMAND --help` tells of each. Commands stand in files by subject; here they get their names.

A command loads what it needs when it is called, so that `caco --help` answers at once.
"""

import click

from caco_tasks import __version__
from caco_tasks.cli.ablation_command import ablate
from caco_tasks.cli.audit_commands import audit
from caco_tasks.cli.check_command import check
from caco_tasks.cli.command_group import CommandGroup, add_examples
from caco_tasks.cli.completion_command import completion
from caco_tasks.cli.dataset_commands import dataset, export
from caco_tasks.cli.diversity_command import diversity
from caco_tasks.cli.environments_command import environments
from caco_tasks.cli.file_commands import execute, grade, unify
from caco_tasks.cli.maintenance_commands import backup, bench, housekeeping, ledger, restore
from caco_tasks.cli.mcp_command import mcp
from caco_tasks.cli.platform_commands import demo, doctor, down, status, up
from caco_tasks.cli.recall_command import recall
from caco_tasks.cli.release_commands import release
from caco_tasks.cli.report_commands import compare, funnel, runs, scores
from caco_tasks.cli.reverify_command import reverify
from caco_tasks.cli.run_commands import plan, rerun, run, stage
from caco_tasks.cli.sample_commands import lineage, rejects, show
from caco_tasks.cli.select_commands import select
from caco_tasks.cli.sql_command import sql
from caco_tasks.cli.steer_command import steer
from caco_tasks.cli.verify_command import verify

SECTIONS = {
    "The platform": (demo, up, down, status, doctor),
    "Work": (run, plan, steer, rerun, reverify, select, stage),
    "Runs": (runs, funnel, compare, diversity, scores, ablate),
    "Samples and questions": (show, rejects, lineage, sql, mcp),
    "Datasets": (dataset, release, export, environments, verify, recall),
    "Files of your own, without a platform": (unify, execute, grade, check),
    "People and upkeep": (audit, ledger, backup, restore, housekeeping, bench, completion),
}


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="caco")
def main() -> None:
    """Caco: verified, traceable chains of thought from programs, run by Airflow."""


for title, commands in SECTIONS.items():
    main.add_section(title, commands)
add_examples(main)
