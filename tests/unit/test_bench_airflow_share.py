"""What `caco bench airflow_share` makes of the instances in Airflow's table."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from airflow_share import Instance, shares

from caco_tasks.pipeline import mapped_stages

MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def instance(
    task_id: str, shard: int, *, ends_before: float, waits: tuple[float, float, float], runs: float
) -> Instance:
    """A task that is scheduled, queued and started after so many seconds each, and then runs for so many."""
    moments = [MIDNIGHT + timedelta(seconds=ends_before)]
    for seconds in (*waits, runs):
        moments.append(moments[-1] + timedelta(seconds=seconds))
    names = ("scheduled_dttm", "queued_dttm", "start_date", "end_date")
    return Instance(task_id=task_id, map_index=shard, **dict(zip(names, moments[1:], strict=True)))


def test_waiting_running_and_work_are_told_apart() -> None:
    stages = [spec.name for spec in mapped_stages("nightly")]
    found = [
        instance(f"funnel.{name}", shard, ends_before=10 * place, waits=(1, 2, 3), runs=4)
        for shard in range(2)
        for place, name in enumerate(stages)
    ]
    found.append(instance("gate", -1, ends_before=10 * len(stages), waits=(1, 1, 1), runs=1))
    told = shares(found[::-1], worked_seconds=18 * len(stages) / 9, shards=2)
    assert told["tasks"] == 2 * len(stages)
    assert told["seconds_that_tasks_ran"] == 2 * 4 * len(stages)
    assert told["share_outside_of_stages"] == 0.75
    assert list(told["median_seconds_of_a_task"].values()) == [1, 2, 3, 4]
    assert told["seconds_of_its_shards"] == 10 * len(stages) - 6
    assert told["slots_taken"] == round(8 * len(stages) / (8 * (10 * len(stages) - 6)), 3)
