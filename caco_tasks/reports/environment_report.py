"""Rows as environments for reinforcement learning: what a dataset's became, and what one sample's is like."""

import inspect
import re
from collections.abc import Mapping
from functools import cache

from caco_tasks.environments.environment_record import Refusal
from caco_tasks.ledger import environments as queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.reports.archive import OpenLedger
from caco_tasks.reports.report_parts import Report

MAX_EXAMPLES = 5

_LINE = re.compile(r'"(\w+)"  # (.+)$', re.MULTILINE)


class EnvironmentLevel(Report):
    """The environments and instances of one level of difficulty."""

    level: int
    environments: int
    instances: int


class RefusedRows(Report):
    """Rows that became no environment, for one reason."""

    refusal: str
    words: str
    rows: int


class EnvironmentExample(Report):
    """One environment, by one instance of it."""

    sample_id: str
    problem: str | None
    answer: str | None
    instances: int
    levels: tuple[int, ...]


class DatasetEnvironments(Report):
    """What became of the rows of a dataset that were looked at."""

    dataset: str
    rows: int  # that were looked at; 0: nobody has
    environments: int
    instances: int
    levels: tuple[EnvironmentLevel, ...]
    refused: tuple[RefusedRows, ...]  # the most frequent reason first
    examples: tuple[EnvironmentExample, ...]


class DrawnNumber(Report):
    """A number of the program's input that is drawn anew."""

    name: str
    low: str
    high: str


class SampleEnvironment(Report):
    """The environment that a sample became, or why it became none."""

    dataset: str  # name/version
    environment_id: str | None  # None: it became none
    levels: tuple[EnvironmentLevel, ...]
    numbers: tuple[DrawnNumber, ...]
    problem: str | None  # of one instance
    answer: str | None
    refusal: str | None
    words: str | None  # of the refusal
    detail: str | None


def dataset_environments(archive: OpenLedger, dataset: str) -> DatasetEnvironments:
    """The environments of a dataset, named name/version; all counts are 0 where nobody has made any.

    Raises:
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        fates = queries.environments_of(connection, dataset)
        levels = queries.levels_of(connection, dataset)
        examples = queries.examples_of(connection, dataset, most=MAX_EXAMPLES)
    return DatasetEnvironments(
        dataset=dataset,
        rows=sum(one.rows for one in fates),
        environments=sum(one.rows for one in fates if one.refusal is None),
        instances=sum(one.instances or 0 for one in fates),
        levels=tuple(EnvironmentLevel(**one) for one in levels),
        refused=tuple(
            RefusedRows(refusal=one.refusal, words=_words_of(one.refusal), rows=one.rows)
            for one in fates
            if one.refusal is not None
        ),
        examples=tuple(
            EnvironmentExample(
                sample_id=one["sample_id"],
                problem=one["example_problem"],
                answer=one["example_answer"],
                instances=sum(one["instances"].values()),
                levels=tuple(sorted(map(int, one["instances"]))),
            )
            for one in examples
        ),
    )


def sample_environment(connection: Connection, sample_id: str) -> SampleEnvironment | None:
    """The environment of a sample; None where nobody has made environments of a dataset that holds it."""
    row = queries.environment_of(connection, sample_id)
    if row is None:
        return None
    return SampleEnvironment(
        dataset=row["dataset"],
        environment_id=row["environment_id"],
        levels=tuple(
            EnvironmentLevel(level=int(level), environments=1, instances=count)
            for level, count in sorted((row["instances"] or {}).items())
        ),
        numbers=tuple(
            DrawnNumber(name=name, low=low, high=high) for name, (low, high) in (row["inputs"] or {}).items()
        ),
        problem=row["example_problem"],
        answer=row["example_answer"],
        refusal=row["refusal"],
        words=None if row["refusal"] is None else _words_of(row["refusal"]),
        detail=row["detail"],
    )


def _words_of(refusal: str) -> str:
    return refusal_words().get(refusal, refusal.replace("_", " "))


@cache
def refusal_words() -> Mapping[str, str]:
    """Refusal -> what it means, in the words of the comments of `Refusal`."""
    return dict(_LINE.findall(inspect.getsource(Refusal)))
