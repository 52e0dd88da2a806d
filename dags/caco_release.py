"""### Release: the nights of a week as one dataset

**What it does.** Takes the version of each dataset that counts for each date of a week, in the order of the dates, leaves out
rows that were recalled and programs and problems that came before, and publishes the rest as one dataset with a changelog
against the release before and a hash of that one's manifest.

**Reads** the datasets that count, and the ledger. **Writes** `datasets/{name}-weekly/{week}/` in the store; its rows and its
state in the ledger.

**When** all seven dates of a week have a published dataset (asset `caco_dataset`): the partition is the week's Monday. A week
with a night that never came is released by hand.

**To rerun** trigger it again for the week: the same datasets are the same release. Where one of them has changed since, the
week gets a revision, `2026-W48.1`, which counts from then on.

**It will not** change a release that is out, or take a dataset that is staged, waiting, superseded or withdrawn.

**Example** (Trigger, configuration JSON):

    {"week": "2026-W48", "name": "caco-nano"}
"""

from typing import Any

from airflow.sdk import (
    Param,
    PartitionedAssetTimetable,
    RollupMapper,
    StartOfWeekMapper,
    WeekWindow,
    dag,
    get_current_context,
    task,
)
from caco_common import CPU, DATASET, DEFAULT_ARGS

PARAMS = {
    "week": Param(
        None,
        type=["null", "string"],
        pattern=r"^\d{4}-W\d{2}$",
        title="Week",
        description="Of ISO 8601, as 2026-W48. Empty: that of the partition key, or the last one that has ended.",
    ),
    "name": Param(
        None,
        type=["null", "string"],
        pattern=r"^[a-z0-9][a-z0-9_\-]*$",
        title="Dataset",
        description="Its name, without a version. Empty: every dataset that counts for a date of the week.",
    ),
}
# the key of a week is its Monday, in the form of every other partition
WEEKS = RollupMapper(
    upstream_mapper=StartOfWeekMapper(input_format="%Y-%m-%d", output_format="%Y-%m-%d"), window=WeekWindow()
)


@task
def release() -> list[dict[str, Any]]:
    """Makes the releases of the week, or finds them made."""
    from caco_tasks import release_tasks

    context = get_current_context()
    form, monday = context["params"], context.get("partition_key")
    week = form["week"] or (release_tasks.week_of(monday) if monday else release_tasks.last_week())
    return release_tasks.make_releases(week, form["name"])


@dag(
    schedule=PartitionedAssetTimetable(assets=DATASET, default_partition_mapper=WEEKS),
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    tags=["caco", "release"],
    dag_display_name="Caco Release",
    description="The datasets that count for a week become one release.",
    doc_md=__doc__,
    max_active_runs=1,
)
def caco_release() -> None:
    """The datasets of a week in, a release out."""
    release.override(**CPU)()


caco_release()
