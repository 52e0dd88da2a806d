"""### Seeds: from sources of solved problems to verified seed programs

**What it does.** Reads the sources that the config names, one record after the other, and makes of each solved problem
a program in the unified template that ran and gave the known answer. Shards flow independently: `seeds` → `unify`, each
loaded into the ledger as it finishes. The `gate` checks that no row was lost and decides the state of the run.

**Reads** the bundled seed bank or source files. **Writes** `runs/{partition}/{run_id}/...` in the store, rows in the
ledger, and an event of the asset `caco_seed_programs`, which starts `caco_codegen` with the same partition, config and
overrides.

**When** by hand, when the sources or their rules change; it has no schedule.

**To rerun** clear the failed shard with what follows it, or trigger the DAG again with the same form: finished shards
are found and skipped. Another config is another run beside this one.

**It will not** download a source, drop a malformed record in silence (it is a rejected seed with a reason), or train.

**Example** (Trigger, configuration JSON):

    {"config": "nano", "partition": "2026-11-21", "overrides": ["seeds.min_seed_grade=S"]}
"""

from typing import Any

from airflow.sdk import dag, task_group
from caco_common import COMMON_PARAMS, CPU, DEFAULT_ARGS, SEED_PROGRAMS, gate, plan, stage_and_load


@dag(
    schedule=None,
    default_args=DEFAULT_ARGS,
    params=COMMON_PARAMS,
    tags=["caco", "seeds"],
    doc_md=__doc__,
    max_active_runs=4,
)
def caco_seeds() -> None:
    """Solved problems in, verified seed programs out."""
    planned: Any = plan.override(**CPU)("seeds")

    @task_group
    def conversion(run_id: str, shard: int) -> None:
        inputs: list[Any] = []
        for stage in ("seeds", "unify"):
            step = stage_and_load.override(task_id=stage, **CPU)
            inputs = [step(stage=stage, run_id=run_id, shard=shard, inputs=inputs)]

    conversion.expand_kwargs(planned) >> gate.override(outlets=[SEED_PROGRAMS], **CPU)(planned)


caco_seeds()
