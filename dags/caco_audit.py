"""### Audit: put a random draw of rows before a person

**What it does.** Draws rows of a finished nightly run at random, some of each stratum: accepted, and rejected or unknown by
check and reason. Each row becomes a form under *Required actions*: problem, solution, program and output, and nothing of
what the checks said. Each answer is written down as it comes. The view `judge_confusion` then tells how often each check
errs.

**Reads** the outputs of the run. **Writes** `draws/...` and `audits/...` in the store and the tables `audit_draw`,
`audit_stratum`, `audit_row` and `audit` in the ledger.

**When** by hand, after a run whose checks you want to know better.

**To rerun** trigger it again with the same run and rows: the draw is the same, and a person's later answer takes the
place of the earlier. To be asked for one row again, clear its `ask`. A second person answers in a run of their own, or by
file: `caco audit draw`, `caco audit answer`.

**It will not** show a verdict, change a dataset, or take silence for an answer: a form left open for two weeks closes
and counts for nothing.

**Example** (Trigger, configuration JSON):

    {"run": null, "rows": 2, "person": "ada"}

Answers are kept under the login of whoever gives them, unless the form names a person: the account `auditor` is for this.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param, dag, get_current_context, task, task_group
from caco_common import CPU, DEFAULT_ARGS

ANSWERS = ["right", "wrong program", "wrong problem", "wrong solution", "cannot tell"]

PARAMS = {
    "run": Param(
        None,
        type=["null", "string"],
        pattern="^[0-9a-f]{4,32}$",
        title="Run",
        description="Id of a nightly run, or the beginning of it. Empty: the newest.",
    ),
    "rows": Param(
        2,
        type="integer",
        minimum=1,
        maximum=20,
        title="Rows of each stratum",
        description="At most. A nightly run has some ten to twenty strata: two rows of each make a sitting of half an hour.",
    ),
    "person": Param(
        None,
        type=["null", "string"],
        minLength=1,
        maxLength=100,
        title="Person",
        description="Name under which the answers are kept. Empty: that of the Airflow user who answers.",
    ),
}
NOTE = Param(  # may be null: Airflow's form asks for a note otherwise, and gives no way to answer without one
    None, type=["null", "string"], maxLength=2000, title="Note", description="What is wrong, if you like."
)


class RowForm(HITLOperator):
    """A form about one row of the draw, made when it is shown: its text, and only those answers that fit it."""

    def execute(self, context: Context) -> Any:
        """Puts the row before a person; XCom carries ids only."""
        from caco_tasks import audit_tasks

        drawn = context["ti"].xcom_pull(task_ids="draw")[context["ti"].map_index]
        self.body, self.options = audit_tasks.audit_form(drawn["draw"], drawn["row"])
        return super().execute(context)


@task
def draw() -> list[dict[str, str]]:
    """The rows of the draw, as `{"draw", "row"}`."""
    from caco_tasks import audit_tasks

    params = get_current_context()["params"]
    drawn = audit_tasks.audit_draw(params["run"], params["rows"])
    return [{"draw": drawn.draw_id, "row": row.subject_id} for row in drawn.rows]


@task
def record(draw: str, row: str, reply: dict[str, Any]) -> dict[str, Any] | None:
    """Writes an answer down; none where the form was left open."""
    from caco_tasks import audit_tasks
    from caco_tasks.audit import RowAnswer

    user = reply["responded_by_user"]
    if user is None:
        return None
    person = get_current_context()["params"]["person"] or user["name"]
    answered = RowAnswer(row=row, answer=reply["chosen_options"][0], note=reply["params_input"].get("note") or None)
    return audit_tasks.audit_record(draw, [answered], person=person, answered_at=reply["responded_at"])


@dag(
    schedule=None,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    tags=["caco", "audit"],
    dag_display_name="Caco Audit",
    description="People judge a random draw of rows, so that it is known how often each check errs.",
    doc_md=__doc__,
    max_active_runs=4,
)
def caco_audit() -> None:
    """Rows of a nightly run in, people's answers out."""

    @task_group
    def rows(draw: str, row: str) -> None:
        ask = RowForm(
            task_id="ask",
            subject="Is this row right? If not, name the first part that is wrong.",
            options=ANSWERS,
            defaults=["cannot tell"],
            params={"note": NOTE},
            response_timeout=timedelta(days=14),
            queue="cpu",
        )
        record.override(**CPU)(draw, row, ask.output)

    rows.expand_kwargs(draw.override(**CPU)())


caco_audit()
