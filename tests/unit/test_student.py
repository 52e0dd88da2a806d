"""What a student learns from: the rows of the dataset that its run pinned, each named by its place."""

import hashlib
from pathlib import Path
from typing import Any

import making
import published
import pytest

from caco_tasks.config import RunConfig
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.identity import RunKeys
from caco_tasks.llm.examples import read_examples
from caco_tasks.pipeline import find_stage
from caco_tasks.publishing.dataset_files import WithdrawnWarning
from caco_tasks.publishing.states import change_state
from caco_tasks.records import PublishedRow
from caco_tasks.services import TaskServices
from caco_tasks.stages.student import Lesson, records, student
from caco_tasks.store import RunRecord, Store

NAME = "shop-words/2026-01-02-abc"
EVALUATION: dict[str, Any] = {
    "train": {"base": "nano:judge", "held_out_share": 0.5},
    "ask": {"model": "nano:judge", "prompt": "nano_solve.v1"},
    "bank_each": 1,
}


def task(folder: Path, samples: int) -> Context:
    """A task of `student` whose run pinned a dataset of so many rows, two to a file."""
    config: RunConfig = making.small_config(evaluate=EVALUATION)
    run: RunRecord = making.nightly_run(config)
    store: Store = making.store_in(folder)
    published.write_dataset(store, run, [making.sample(f"s{n}") for n in range(samples)], name=NAME, rows_per_file=2)
    manifest = store.get(f"datasets/{NAME}/manifest.json") or b""
    pins = {"pipeline": "evaluate", "dataset": NAME, "dataset_sha256": hashlib.sha256(manifest).hexdigest()}
    keys = RunKeys(run.model_copy(update=pins), {})
    connections = Connections(store=making.store_settings(folder), ledger_url=None, cache=folder / "models")
    services = TaskServices(connections, run=keys.run, config=keys.config)
    return stage_context(keys, services, find_stage("evaluate", "student"), 0)


def test_lessons_are_the_rows_of_the_dataset_by_their_place(tmp_path: Path) -> None:
    found = list(records(task(tmp_path, 3)))
    assert [(lesson.id, lesson.place.file, lesson.place.row) for lesson in found] == [
        ("s0", "train-00000-of-00002.parquet", 0),
        ("s1", "train-00000-of-00002.parquet", 1),
        ("s2", "train-00001-of-00002.parquet", 0),
    ]
    sample = making.sample()
    assert sample.problem is not None
    assert sample.solution is not None
    assert (found[0].problem, found[0].solution) == (sample.problem.text, sample.solution.text)


def test_a_dataset_that_changed_since_the_run_was_planned_is_not_learnt_from(tmp_path: Path) -> None:
    context = task(tmp_path, 1)
    context.services.store.put(f"datasets/{NAME}/manifest.json", b"{}")
    with pytest.raises(DamagedError, match="is not the one that the run pinned"):
        next(records(context))


def test_a_withdrawn_dataset_is_learnt_from_with_a_warning(tmp_path: Path) -> None:
    context = task(tmp_path, 2)
    change_state(context.services.store, NAME, "withdrawn", by="ada", because="wrong answers")
    with pytest.warns(WithdrawnWarning, match=r"is withdrawn \(by ada: wrong answers\)"):
        assert len(list(records(context))) == 2


def lesson(number: int) -> Lesson:
    """One of many rows."""
    place = PublishedRow(sample_id=f"s{number}", file="f", row=number)
    return Lesson(place=place, problem="1 + 1?", solution="It is 2.")


def test_rows_are_written_as_they_come_and_the_model_is_trained_after_the_last(tmp_path: Path) -> None:
    context = task(tmp_path, 1)
    judged = student((lesson(number) for number in range(40)), context)
    places = [next(judged).record for _ in range(40)]
    judged.close()  # killed before the training
    assert [(place.id, place.file, place.row) for place in places] == [(f"s{n}", "f", n) for n in range(40)]
    assert not list((context.work_folder() / "examples").iterdir())


def test_a_dataset_without_rows_trains_nobody(tmp_path: Path) -> None:
    context = task(tmp_path, 0)
    with pytest.raises(ConfigError, match=f"The dataset '{NAME}' has no rows"):
        list(student(records(context), context))
    files = context.work_folder() / "examples"
    assert [list(read_examples(path)) for path in sorted(files.iterdir())] == [[], []]
