"""### Seeds: from sources of solved problems to verified seed programs

**What it does.** Reads the sources that the config names, one record after the other, and makes of each solved problem
a program in the unified template that ran and gave the known answer. Shards flow independently: `seeds` → `unify`, each
loaded into the ledger as it finishes. `finish` checks that no row was lost and decides the state of the run.

**Reads** the bundled seed bank or source files. **Writes** `runs/{partition}/{run_id}/...` and `outputs/...` in the store,
rows in the ledger, and an event of the asset `caco_seed_programs`, which starts `caco_codegen` with the same partition,
config and overrides.

**When** by hand, when the sources or their rules change; it has no schedule.

**To rerun** clear the failed shard with what follows it, or trigger the DAG again with the same form: finished outputs
are found and reused. Another config is another run beside this one, and reuses what its settings leave alike.

**It will not** download a source, drop a malformed record in silence (it is a rejected seed with a reason), or train.

**Example** (Trigger, configuration JSON):

    {"config": "nano", "partition": "2026-11-21", "overrides": ["seeds.min_seed_grade=S"]}
"""

from typing import Any

from airflow.sdk import dag, task_group
from caco_common import COMMON_PARAMS, CPU, DEFAULT_ARGS, SEED_PROGRAMS, finish, line_of_stages, plan


@dag(
    schedule=None,
    default_args=DEFAULT_ARGS,
    params=COMMON_PARAMS,
    tags=["caco", "seeds"],
    dag_display_name="Caco 1 · Seeds",
    description="Seeds into programs that were checked by running them.",
    doc_md=__doc__,
    max_active_runs=4,
)
def caco_seeds() -> None:
    """Solved problems in, verified seed programs out."""
    planned: Any = plan.override(**CPU)("seeds")
    conversion = task_group(group_id="conversion")(line_of_stages("seeds")).expand_kwargs(planned)
    conversion >> finish.override(outlets=[SEED_PROGRAMS], **CPU)(planned)


caco_seeds()
