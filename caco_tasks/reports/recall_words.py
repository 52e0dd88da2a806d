"""What recalls said of a sample or a dataset, in sentences: the pages and `caco show` have no other words for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from caco_tasks.format import format_count
from caco_tasks.ledger import recalls
from caco_tasks.ledger.analyst import Connection
from caco_tasks.reports.report_parts import Json

ADDRESSES = ("tombstones", "supersedes_sha256", "removed")  # facts of a manifest that are told here in words


def recalls_of_sample(connection: Connection, sample_id: str, datasets: list[str]) -> Iterator[str]:
    """Why a sample was taken out of which version, and what recalls touched it or the datasets that hold it."""
    for row in recalls.tombstones_of(connection, sample_id):
        yield f"It was taken out of {row['supersedes']} ({row['reason']}) by {row['by']}: {row['because']}."
    for row in recalls.recalls_of(connection, [sample_id, *datasets]):
        yield _recalled(row)


def facts_of_dataset(connection: Connection, row: Mapping[str, Any]) -> dict[str, Json]:
    """The facts of a dataset's manifest, with what superseded it, what was taken out and what recalls said."""
    name = f"{row['dataset']}/{row['version']}"
    facts: dict[str, Json] = {key: value for key, value in row["facts"].items() if key not in ADDRESSES}
    said = {
        "superseded_by": recalls.superseded_by(connection, name),
        "rows_taken_out": [
            f"{format_count(one['rows'])} ({one['reason']}) by {one['by']}: {one['because']}"
            for one in recalls.removed_from(connection, row["dataset_no"])
        ],
        "recalled": [_recalled(one) for one in recalls.recalls_of(connection, [name])],
    }
    return facts | {key: "; ".join(sentences) for key, sentences in said.items() if sentences}


def _recalled(row: Mapping[str, Any]) -> str:
    ancestor = f"{row['ancestor_kind'].replace('-', ' ')} {row['ancestor']}"
    part = "" if row["kind"] == "sample" else f", {format_count(row['part'])} of {format_count(row['whole'])}"
    return (
        f"The {row['kind']} {row['name']} descends from the {ancestor} ({row['degree']}{part}), which {row['by']} recalled "
        f"({row['because']}): {row['action']}."
    )
