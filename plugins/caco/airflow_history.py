"""What only Airflow's database knows: tasks that failed."""

from urllib.parse import quote

from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from caco_tasks.reports.overview import Failure

DAGS = "caco_"  # what the names of our DAGs begin with


class AirflowHistory:
    """Airflow's own records of our DAGs."""

    def failures(self, most: int) -> tuple[Failure, ...]:
        """The newest failed tasks of our DAGs; none while Airflow's database is away, which its own pages tell."""
        newest = (
            select(TaskInstance)
            .where(
                TaskInstance.dag_id.startswith(DAGS, autoescape=True), TaskInstance.state == TaskInstanceState.FAILED
            )
            .order_by(TaskInstance.end_date.desc())
            .limit(most)
        )
        try:
            with create_session() as session:
                return tuple(_describe(task) for task in session.scalars(newest))
        except DBAPIError:
            return ()


def _describe(task: TaskInstance) -> Failure:
    place = f" ({task.rendered_map_index or task.map_index})" if task.map_index >= 0 else ""
    tries = "its only try" if task.try_number <= 1 else f"try {task.try_number}"
    path = f"dags/{quote(task.dag_id, safe='')}/runs/{quote(task.run_id, safe='')}/tasks/{quote(task.task_id, safe='')}"
    return Failure(
        run=None,
        what=f"{task.dag_id}: {task.task_id}{place}",
        sentence=f"{task.task_id}{place} of {task.run_id} failed in {tries}: its log says why, in the last line.",
        at=task.end_date.isoformat() if task.end_date is not None else None,
        airflow_path=path + (f"/mapped/{task.map_index}" if task.map_index >= 0 else ""),
    )
