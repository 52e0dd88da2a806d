"""A thousand planted ancestors of every kind: each recall finds all that carries its mark, and nothing else."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import planted_ledger
import pytest
from databases import cloned
from planted_world import Dataset, Mark, PlantedWorld, Row, Run, far_of
from sqlalchemy import create_engine

from caco_tasks.ledger import Ledger, recall_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.migrations import OWNER, WRITER
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.recall.ancestors import KINDS, Ancestor
from caco_tasks.recall.descendants import Recall
from caco_tasks.recall.descent import find_descendants
from caco_tasks.recall.output_graph import OutputGraph, read_graph

PLANTED = 1000
Found = dict[tuple[str, str, str], int]  # kind, name and degree -> how much of it


@pytest.fixture(scope="module")
def world() -> PlantedWorld:
    """Eighteen dates of runs of all pipelines, with reuse, attempts, versions, releases and students that teach."""
    return PlantedWorld()


@pytest.fixture(scope="module")
def connection(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], world: PlantedWorld
) -> Iterator[Connection]:
    """A ledger with all of it, at one moment."""
    with cloned(postgres, "template_ledger") as name:
        engine = create_engine(postgres.url(name, OWNER, ledger_template[OWNER]))
        planted_ledger.fill(engine, world)
        engine.dispose()
        with Ledger(postgres.url(name, WRITER, ledger_template[WRITER])) as ledger, ledger.moment() as opened:
            yield opened


def test_of_a_thousand_planted_ancestors_none_is_missed_and_no_stranger_named(
    world: PlantedWorld, connection: Connection
) -> None:
    marks = chosen_marks(world)
    assert len(marks) == PLANTED
    assert {kind for kind, _ in marks} == set(KINDS)
    expected, graph = Expectations(world), read_graph(connection)
    wrong, things = [], Counter[str]()
    for mark in marks:
        found, wanted = things_of(recalled(connection, graph, mark)), expected.of(mark)
        things.update(kind for kind, _, _ in wanted)
        if found != wanted:
            wrong.append((mark, sorted(found.items() - wanted.items()), sorted(wanted.items() - found.items())))
    assert wrong == []
    assert all(things[kind] > 1000 for kind in ("model", "student", "run", "dataset", "evaluation"))
    assert things["sample"] > 50


def test_the_rows_of_a_recall_are_those_that_carry_its_mark(world: PlantedWorld, connection: Connection) -> None:
    graph, numbers = read_graph(connection), {dataset.name: dataset for dataset in world.datasets}
    checked = 0
    for mark in chosen_marks(world)[::20]:
        found = recalled(connection, graph, mark)
        for (name, degree), rows in found.rows.items():
            dataset = numbers[name]
            wanted = {row.sample_id for row in dataset.rows if mark in marks_by(world, dataset, row, degree)}
            if rows.is_whole:
                assert wanted == {row.sample_id for row in dataset.rows}
            else:
                listed = recall_queries.list_rows(connection, dataset.number, keys=rows.keys, samples=rows.samples)
                assert set(listed) == wanted
            checked += 1
    assert checked > 100


def test_what_has_no_descendants_touches_nothing(world: PlantedWorld, connection: Connection) -> None:
    graph, marked = read_graph(connection), set(world.marks())
    innocent = [seed for seed in world.seeds if ("seed", seed) not in marked and not world.shut_out(("seed", seed))]
    assert len(innocent) > 20
    for seed in innocent:
        assert recalled(connection, graph, ("seed", seed)).touched == ()


def recalled(connection: Connection, graph: OutputGraph, mark: Mark) -> Recall:
    """What a recall finds of the ancestor that left a mark."""
    [kind] = [one for one in KINDS if one == mark[0]]
    return find_descendants(connection, Ancestor(kind=kind, name=mark[1]), graph)


def chosen_marks(world: PlantedWorld) -> list[Mark]:
    """So many marks: all of the kinds that have few, and of seeds and programs as many as are left."""
    marks = world.marks()
    few = [mark for mark in marks if mark[0] not in ("seed", "program")]
    many = [mark for mark in marks if mark[0] in ("seed", "program")]
    return few + Random(0).sample(many, PLANTED - len(few))


def marks_by(world: PlantedWorld, dataset: Dataset, row: Row, degree: str) -> set[Mark]:
    """The marks of a row, of one degree."""
    return world.near_of(dataset, row) if degree == "direct" else far_of(row)


def things_of(found: Recall) -> Found:
    """What was found, without proposals."""
    return {(one.kind, one.name, one.degree): one.part if one.kind in COUNTED else 0 for one in found.touched}


COUNTED = ("run", "dataset", "evaluation")


class Expectations:
    """By the marks alone, what descends from an ancestor."""

    def __init__(self, world: PlantedWorld) -> None:
        """Notes for each mark what carries it."""
        self._world = world
        self._found: dict[Mark, Found] = {}
        for model in world.models:
            for degree, marks in (("direct", model.marks.near), ("through a model", model.marks.far)):
                kind = "model" if model.role == "codegen" else "student"
                self._note(marks, (kind, model.model_id, degree), 0)
        for dataset in world.datasets:
            for row in dataset.rows:
                self._note(world.near_of(dataset, row), ("dataset", dataset.name, "direct"), 1)
                self._note(far_of(row), ("dataset", dataset.name, "through a model"), 1)
        for run in world.runs:
            self._note_run(run)

    def of(self, mark: Mark) -> Found:
        """What carries a mark, and what was shut out by it."""
        shut = {("sample", sample, "direct"): 0 for sample in self._world.shut_out(mark)}
        return self._found.get(mark, {}) | shut

    def _note(self, marks: set[Mark], thing: tuple[str, str, str], count: int) -> None:
        for mark in marks:
            found = self._found.setdefault(mark, {})
            found[thing] = found.get(thing, 0) + count

    def _note_run(self, run: Run) -> None:
        """Each shard of a run by the first of its stages that carries a mark."""
        kind = {"nightly": "run", "evaluate": "evaluation"}.get(run.pipeline)
        if kind is None:
            return
        for degree in ("direct", "through a model"):
            seen: set[tuple[int, Mark]] = set()
            for (stage, shard), output in run.outputs.items():
                if stage in ("publish", "student"):
                    continue
                marks = output.marks.near if degree == "direct" else output.marks.far
                new = {mark for mark in marks if (shard, mark) not in seen}
                seen |= {(shard, mark) for mark in new}
                self._note(new, (kind, run.run_id, degree), output.read)
