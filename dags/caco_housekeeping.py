"""### Housekeeping: what nobody needs any more

**What it does.** Looks through the store and this machine for what no run or dataset reaches, and for what killed attempts
left behind: outputs of runs that were never finished, parts of finished outputs, weights and dataset files that were never
registered, half-written files, cached weights and checkpoints that nobody used. Counts it by kind, and removes it only if
asked to.

**Reads** the listing of the store, all manifests, and the ledger. **Writes** nothing; with `delete` it removes what it
counted. Packs and vacuums the ledger's tables of fates.

**When** weekly, to count; by hand, with `delete`, to remove.

**To rerun** trigger it again: what has gone is not found again. Killed in the middle, it has removed a part, and the next
run removes the rest.

**It will not** touch what a manifest, a run, a registered model or dataset names, what is younger than the grace period,
or replies, claims, draws and answers. Of the ledger it drops, and only if asked to, which sample ended where on old dates that
nobody publishes; counts stay, and `caco ledger rebuild` brings the rest back.

**Example** (Trigger, configuration JSON):

    {"delete": false, "older_than_days": 7}
"""

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task
from caco_common import CPU, DEFAULT_ARGS

PARAMS = {
    "delete": Param(
        False,
        type="boolean",
        title="Delete",
        description="Remove what is found. Without it, it is only counted: see the return value of the task.",
    ),
    "older_than_days": Param(
        7,
        type="integer",
        minimum=1,
        maximum=3650,
        title="Grace period in days",
        description="What was touched since then is left alone: longer than any task runs.",
    ),
    "fates_days": Param(
        0,
        type="integer",
        minimum=0,
        maximum=36500,
        title="Days that the ledger keeps which sample ended where",
        description="0: for ever. Else, with Delete, older dates lose it unless a dataset of theirs is published.",
    ),
}


@task
def sweep() -> dict[str, Any]:
    """Counts what nobody needs, by kind, and removes it if the form says so."""
    from caco_tasks import housekeeping_tasks

    params = get_current_context()["params"]
    return housekeeping_tasks.keep_house(
        older_than_days=params["older_than_days"], delete=params["delete"], fates_days=params["fates_days"]
    )


@dag(
    schedule="@weekly",
    catchup=False,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    tags=["caco", "housekeeping"],
    dag_display_name="Caco Housekeeping",
    description="What no run and no dataset reaches any more is listed, and removed if asked for.",
    doc_md=__doc__,
    max_active_runs=1,
)
def caco_housekeeping() -> None:
    """Counts what nobody needs in the store and on this machine, or removes it."""
    sweep.override(**CPU)()


caco_housekeeping()
