"""### CodeGen: fine-tune the model that writes programs

**What it does.** Fine-tunes the CodeGen model of the config on the verified seed programs and keeps its weights under
the hash of their content. `finish` decides the state of the run; nightly runs of the same training settings that are
planned after it, for its date or a later one, use the new model.

**Reads** the seed programs of a finished `caco_seeds` run, pinned when the run is planned. **Writes**
`models/{model_id}`, `runs/{partition}/{run_id}/...` and `outputs/train/...` in the store, the model and its metrics in the
ledger, and an event of the asset `caco_codegen_model`.

**When** each time `caco_seeds` finishes (asset `caco_seed_programs`), with the partition, config and overrides that it
ran with; or by hand.

**To rerun** clear `train` with what follows it. The same seeds and settings are the same run: a finished training is
found and skipped, a killed one goes on from its last checkpoint on the same machine. Training takes one slot of the
pool `gpu`, and waits for as many GPUs of its machine as it has processes.

**It will not** touch a model that was accepted before; nightly runs that were planned with it keep it. A new model whose loss
rose, or whose programs run less often than those of the model in use, is registered with the reason
(`refused_because` in the table `model`) and not used; the run succeeds and nightly runs go on with the one before.

**Example** (Trigger, configuration JSON):

    {"config": "nano", "partition": "2026-11-21", "overrides": ["train.epochs=3"]}
"""

from typing import Any

from airflow.sdk import dag
from caco_common import CODEGEN, COMMON_PARAMS, CPU, DEFAULT_ARGS, SEED_PROGRAMS, WORKERS, finish, plan, stage_and_load


@dag(
    schedule=[SEED_PROGRAMS],
    default_args=DEFAULT_ARGS,
    params=COMMON_PARAMS,
    tags=["caco", "codegen"],
    dag_display_name="Caco 2 · CodeGen",
    description="The seed programs train the model that writes new ones.",
    doc_md=__doc__,
    max_active_runs=2,
)
def caco_codegen() -> None:
    """Verified seed programs in, a trained CodeGen out."""
    planned: Any = plan.override(**CPU)("codegen")
    train = stage_and_load.override(task_id="train", **WORKERS["gpu"]).partial(stage="train").expand_kwargs(planned)
    train >> finish.override(outlets=[CODEGEN], **CPU)(planned)


caco_codegen()
