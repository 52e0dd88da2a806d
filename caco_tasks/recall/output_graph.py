"""The ledger's outputs as a graph, read once: what was made from what, and what became a model, a dataset, an evaluation."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from caco_tasks.ledger import recall_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.answer_rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputGraph:
    """All that a descent is walked on; outputs, runs and datasets by the numbers that they have in this ledger."""

    outputs: Mapping[int, Row]
    numbers: Mapping[str, int]  # of outputs, by their keys
    children: Mapping[int, Sequence[int]]
    parents: Mapping[int, Sequence[int]]
    missing: Mapping[int, Sequence[str]]  # output -> keys of what it was made from that the ledger has not got
    models: Mapping[int, Row]  # by the output that made them
    datasets: Mapping[int, Row]
    publishers: Mapping[int, int]  # dataset -> the output of publish that it is
    holdings: Mapping[int, Mapping[str, int]]  # dataset -> key of an output of the last check -> rows from there
    unplaced: frozenset[int]  # datasets of some of whose rows the ledger does not know the output
    without_programs: frozenset[int]  # the same of the program
    runs: Mapping[int, Row]
    evaluations: Mapping[str, Sequence[int]]  # dataset, as name/version -> runs that trained a student on it
    students: Mapping[int, Sequence[int]]  # run -> its outputs of the stage student
    own: Mapping[int, Sequence[Row]]  # dataset -> what trainings of a CodeGen learnt from its rows, by output
    learnt: Mapping[int, int]  # training -> seed programs and rows that it learnt from
    totals: Mapping[int, int]  # run -> samples or answers that it consists of


def read_graph(connection: Connection) -> OutputGraph:
    """Reads it: a row for each output and each of its inputs, and for each output that a dataset has rows of."""
    outputs = {row["output_no"]: row for row in recall_queries.outputs(connection)}
    children, parents, missing = _edges(connection)
    datasets = {row["dataset_no"]: row for row in recall_queries.datasets(connection)}
    numbers = {row["name"]: number for number, row in datasets.items()}
    publishers = {numbers[row["dataset"]]: no for no, row in outputs.items() if row["dataset"] in numbers}
    keys, held = {row["key"] for row in outputs.values()}, recall_queries.holdings(connection)
    # by what the run published, too: rows that were registered by an older version name no output
    holdings = {
        number: {outputs[one]["key"]: outputs[one]["passed"] for one in parents.get(publishers.get(number, 0), ())}
        for number in datasets
    }
    for row in held:
        if row["key"] is not None:
            holdings[row["dataset_no"]][row["key"]] = row["rows"]
    runs = {row["run_no"]: row for row in recall_queries.runs(connection)}
    evaluations, students = defaultdict(list), defaultdict(list)
    for number, run in runs.items():
        if run["dataset"] is not None:
            evaluations[run["dataset"]].append(number)
    for row in _places(connection, outputs, "student"):
        students[row["run_no"]].append(row["output_no"])
    own, learnt = defaultdict(list), {number: row["read"] for number, row in outputs.items()}
    for row in recall_queries.own_rows(connection):
        own[row["dataset_no"]].append(row)
        learnt[row["output_no"]] += row["rows"]
    return OutputGraph(
        outputs=outputs,
        numbers={row["key"]: number for number, row in outputs.items()},
        children=children,
        parents=parents,
        missing=missing,
        models={row["output_no"]: row for row in recall_queries.models(connection)},
        datasets=datasets,
        publishers=publishers,
        holdings=holdings,
        unplaced=frozenset(row["dataset_no"] for row in held if row["key"] not in keys),
        without_programs=frozenset(row["dataset_no"] for row in held if row["without_program"]),
        runs=runs,
        evaluations=evaluations,
        students=students,
        own=own,
        learnt=learnt,
        totals=_totals(connection, outputs),
    )


def _edges(
    connection: Connection,
) -> tuple[Mapping[int, Sequence[int]], Mapping[int, Sequence[int]], Mapping[int, Sequence[str]]]:
    """What was made from each output; what each was made from; and the keys of that which the ledger has not got."""
    children, parents, missing = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in recall_queries.edges(connection):
        if row["parent"] is None:
            missing[row["child"]].append(row["key"])
        else:
            children[row["parent"]].append(row["child"])
            parents[row["child"]].append(row["parent"])
    return children, parents, missing


def _totals(connection: Connection, outputs: Mapping[int, Row]) -> dict[int, int]:
    """How many samples, or answers, each run began with."""
    totals: dict[int, int] = defaultdict(int)
    for row in _places(connection, outputs, "sample", "evaluate"):
        totals[row["run_no"]] += outputs[row["output_no"]]["read"]
    return totals


def _places(connection: Connection, outputs: Mapping[int, Row], *stages: str) -> list[Row]:
    """Where the runs have the outputs of some stages."""
    return recall_queries.places(connection, [number for number, row in outputs.items() if row["stage"] in stages])
