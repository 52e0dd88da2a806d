"""Parts that several reports share: shares with their intervals, references to runs and datasets, counted values.

>>> share_of(9, 10).low
0.5958499732047615
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Z = 1.959964  # of a 95 % interval
OutcomeName = Literal["pass", "fail", "unknown"]
StateName = Literal[
    "planned",  # no output yet
    "running",  # outputs are missing, and one came a short time ago
    "stopped",  # outputs are missing, and none came for a while
    "gate_failed",  # all outputs are there that the gate judges, and it does not let them pass
    "complete",  # everything is there, of a pipeline that publishes nothing
    "staged",
    "published",
    "withdrawn",
]
GateState = Literal["passed", "failed", "waiting"]


class Report(BaseModel):
    """Base of what a window shows: frozen, and every field is there in its JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class Share(Report):
    """A part of a whole, with its 95 % Wilson interval."""

    part: int
    whole: int
    share: float | None  # None: the whole is empty
    low: float | None
    high: float | None


class Interval(Report):
    """An estimate with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None


class FacetValue(Report):
    """One value of a facet, and how many rows have it under the other filters."""

    value: str
    label: str  # in words, where the value is a code
    count: int
    is_capped: bool = False  # there are more: counting ended at this number


class Facet(Report):
    """A property to filter by, with its values, the most frequent first."""

    name: str  # as the filter's parameter is called
    label: str
    values: tuple[FacetValue, ...]
    is_complete: bool = True  # False: there are more values, or they were counted over a part of the rows
    note: str | None = None  # what was counted, where that is not everything


class AirflowRun(Report):
    """A run of Airflow that planned or worked on a run of ours."""

    dag_id: str
    dag_run_id: str
    path: str  # below Airflow's base URL, without a leading slash
    at: str | None = None  # when it planned the run, ISO 8601; None: not known


class RunRef(Report):
    """Which run something belongs to."""

    run_id: str
    pipeline: str
    partition: str
    config: str  # name of the config


class DatasetRef(Report):
    """Which dataset something belongs to."""

    dataset: str
    version: str
    rows: int
    state: str  # staged, published or withdrawn


def run_ref(row: Mapping[str, Any]) -> RunRef:
    """The run that a row of the ledger names; `config` is the name of its config."""
    return RunRef(
        run_id=row["run_id"], pipeline=row["pipeline"], partition=row["partition"], config=row["config"] or ""
    )


def dataset_ref(row: Mapping[str, Any]) -> DatasetRef:
    """The dataset that a row of the ledger names."""
    return DatasetRef(dataset=row["dataset"], version=row["version"], rows=row["rows"], state=row["state"])


def share_of(part: int, whole: int) -> Share:
    """A share with its interval; none of an empty whole."""
    if whole <= 0:
        return Share(part=part, whole=whole, share=None, low=None, high=None)
    middle, spread = part + Z * Z / 2, Z * math.sqrt(part * (whole - part) / whole + Z * Z / 4)
    low, high = (middle - spread) / (whole + Z * Z), (middle + spread) / (whole + Z * Z)
    return Share(part=part, whole=whole, share=part / whole, low=max(0.0, low), high=min(1.0, high))


Json = Any  # a value of a config, as JSON has it
