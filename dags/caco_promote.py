"""### Promote: a person decides which version of a dataset counts for its date

**What it does.** Puts a dataset that waits before a person, under *Required actions*: what came, went and changed against the
version that counts now, the funnels beside each other, reasons that moved, settings that differ, the scores of students.
*Approve* makes it the one that counts, and publishes it where it is staged; *Reject* leaves everything as it is. Who decided,
and why, is kept with the dataset.

**Reads** both versions and the ledger. **Writes** `datasets/{name}/current/{date}.json` and, of a staged dataset, its
`state.json` in the store; `caco.dataset_promotion` and `caco.dataset_state` in the ledger.

**When** each time `caco_nightly` leaves a dataset that does not count for its date (asset `caco_waiting_dataset`): with
`release` set to `staged`, as for a backfill with new settings, or where another version of the date was there first. Or by
hand, for any dataset.

**To rerun** trigger it again with the dataset: promoting what counts already changes nothing. The way back is `caco dataset
roll-back NAME --date D --because "..."`.

**It will not** publish what its run's gate does not let pass, take a withdrawn dataset, or take silence for consent: a form
left open for a week is a rejection.

**Example** (Trigger, configuration JSON):

    {"dataset": "caco-nano/2026-11-21-0123abcd"}
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param, PartitionedAssetTimetable, dag, get_current_context, task
from caco_common import CPU, DEFAULT_ARGS, WAITING, newest_event

APPROVE, REJECT = "Approve", "Reject"  # Airflow shows exactly these two as an approval

DATASET_PARAM = Param(
    None,
    type=["null", "string"],
    pattern=r"^[a-z0-9][a-z0-9_\-]*/[A-Za-z0-9][A-Za-z0-9_.\-]*$",
    title="Dataset",
    description="NAME/VERSION of the dataset to decide on. Empty: the one of the event that started the run.",
)
REASON = Param(None, type=["null", "string"], maxLength=2000, title="Reason", description="Why; kept with the dataset.")


class PromotionForm(HITLOperator):
    """A form about one dataset, made when it is shown."""

    def execute(self, context: Context) -> Any:
        """Puts the dataset before a person."""
        from caco_tasks import release_tasks

        dataset = context["ti"].xcom_pull(task_ids="find")
        self.subject = f"Shall {dataset} count for its date?"
        self.body = release_tasks.promotion_form(dataset)
        return super().execute(context)


@task
def find() -> str:
    """The dataset of the form, or of the event that started the run."""
    from caco_tasks.errors import ConfigError

    context = get_current_context()
    dataset = context["params"]["dataset"] or next(iter(newest_event(context).get("datasets", [])), None)
    if dataset is None:
        raise ConfigError("No dataset is named: give one as NAME/VERSION in the form.")
    return str(dataset)


@task
def decide(dataset: str, reply: dict[str, Any]) -> dict[str, Any]:
    """Does what the person said; a form that nobody answered is a rejection."""
    from caco_tasks import release_tasks

    user, reason = reply["responded_by_user"], reply["params_input"].get("reason")
    answered = {"answer": reply["chosen_options"][0], "by": user["name"] if user else None, "because": reason}
    if answered["answer"] != APPROVE:
        return {"dataset": dataset, "changed": False, **answered}
    because = reason or f"approved in the run {get_current_context()['run_id']}"
    return {**release_tasks.promote(dataset, by=answered["by"] or "airflow", because=because), **answered}


@dag(
    schedule=PartitionedAssetTimetable(assets=WAITING),
    default_args=DEFAULT_ARGS,
    params={"dataset": DATASET_PARAM},
    tags=["caco", "promote"],
    dag_display_name="Caco Promote",
    description="A person decides which version of a dataset counts for its date.",
    doc_md=__doc__,
    max_active_runs=32,  # each waits for a person, and holds no worker
)
def caco_promote() -> None:
    """A dataset that waits in, a decision out."""
    dataset: Any = find.override(**CPU)()
    ask = PromotionForm(
        task_id="ask",
        subject="Shall this dataset count for its date?",
        options=[APPROVE, REJECT],
        defaults=[REJECT],
        params={"reason": REASON},
        response_timeout=timedelta(days=7),
        queue="cpu",
    )
    dataset >> ask
    decide.override(**CPU)(dataset, ask.output)


caco_promote()
