"""A student really trained on a published dataset and scored beside its base, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
from published import publish_bank
from whole_line import run_stage

from caco_tasks import dataset_tasks, tasks
from caco_tasks.config import load_config
from caco_tasks.errors import CacoError, ConfigError
from caco_tasks.identity import training_hash
from caco_tasks.ledger import Ledger
from caco_tasks.publishing.states import read_states
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DatasetRecord, DatasetStates, dataset_state_uri

DAY = "2026-11-02"
LESS = ("evaluate.bank_each=2", "evaluate.train.epochs=2")


@pytest.fixture
def dataset(ledger_address: Any, store: Store, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Four problems of each family, published, in a store and a ledger that the tasks find."""
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CACO_STORE", store.root)
    monkeypatch.setenv("CACO_LEDGER_URL", ledger_address.writer)
    return publish_bank(store, ledger, each=4)


def evaluate(dataset: str, *overrides: str, config: str = "nano") -> str:
    """A whole evaluation, each stage in this process; the run's id."""
    chosen = [f"evaluate.dataset={dataset}", *overrides]
    planned = tasks.plan("evaluate", partition=DAY, config=config, overrides=chosen)
    run_id = str(planned["run_id"])
    run_stage("student", run_id, [0])
    run_stage("evaluate", run_id, planned["shards"])
    tasks.finish(run_id)
    return run_id


def test_a_student_beats_its_base_on_problems_that_neither_has_seen(dataset: str, ledger: Ledger, store: Store) -> None:
    run_id = evaluate(dataset, *LESS)
    base, student = ledger.scores(run_id)
    (gain,) = ledger.score_gains(run_id)
    assert (base.contender, student.contender, base.items) == ("base", "student", 188)
    assert student.right_answers + student.wrong + student.unknown == student.items == gain.items == 188
    assert gain.gain_low is not None
    assert gain.gain_low > 0.1
    assert gain.p < 1e-6
    assert gain.gained > 10 * gain.lost
    again = tasks.plan(
        "evaluate", partition="2026-12-24", config="nano", overrides=[*LESS, f"evaluate.dataset={dataset}"]
    )
    assert (again["run_id"], again["partition"]) == (run_id, "2026-11-01")  # filed under the date of its dataset
    model_id = ledger.ask("SELECT model_id FROM caco.model WHERE role = 'student'")[1][0][0]
    assert store.exists(f"models/{model_id}/model.safetensors")
    training = training_hash(load_config("nano"))
    assert ledger.accepted_model("2099-01-01", training) is None  # no nightly run samples from a student


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        pytest.param(["evaluate.dataset=no-words/1"], "There is no dataset 'no-words/1'", id="no such dataset"),
        pytest.param(["publish.name=other", "samples=5"], "No dataset of 2026-11-02 was published", id="no such run"),
    ],
)
def test_an_evaluation_without_a_dataset_is_not_planned(
    dataset: str, ledger: Ledger, overrides: list[str], said: str
) -> None:
    with pytest.raises(CacoError, match=said):
        tasks.plan("evaluate", partition=DAY, config="smoke", overrides=overrides)
    assert ledger.find_run(None, pipeline="evaluate") is None


def test_a_dataset_without_rows_is_refused_before_a_run_is_registered(
    dataset: str, store: Store, ledger: Ledger
) -> None:
    uri = f"datasets/{dataset}/manifest.json"
    empty = parse_stored(DatasetRecord, store.get(uri) or b"", uri=uri).model_copy(update={"rows": 0, "files": ()})
    store.put(uri, empty.model_dump_json().encode())
    with pytest.raises(ConfigError, match="has no rows: there is nothing to train"):
        tasks.plan("evaluate", partition=DAY, config="smoke", overrides=[f"evaluate.dataset={dataset}"])
    assert ledger.find_run(None, pipeline="evaluate") is None


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        pytest.param(
            ["evaluate.train.base=/no/such/model", "evaluate.ask.model=/no/such/model"],
            "'/no/such/model' cannot be loaded",
            id="a base that is missing",
        ),
    ],
)
def test_a_student_that_cannot_be_trained_leaves_nothing_behind(
    dataset: str, store: Store, ledger: Ledger, overrides: list[str], said: str
) -> None:
    chosen = [f"evaluate.dataset={dataset}", *overrides]
    run_id = str(tasks.plan("evaluate", partition=DAY, config="smoke", overrides=chosen)["run_id"])
    with pytest.raises(CacoError, match=said):
        run_stage("student", run_id, [0])
    assert store.list("models") == []
    assert ledger.ask("SELECT count(*) FROM caco.model")[1] == [(0,)]
    with pytest.raises(CacoError):
        run_stage("evaluate", run_id, [1])


def test_a_dataset_that_changed_since_it_was_pinned_is_refused(dataset: str, store: Store) -> None:
    planned = tasks.plan("evaluate", partition=DAY, config="smoke", overrides=[f"evaluate.dataset={dataset}"])
    uri = f"datasets/{dataset}/manifest.json"
    store.put(uri, (store.get(uri) or b"") + b"\n")
    with pytest.raises(CacoError, match="is not the one that the run pinned"):
        run_stage("student", str(planned["run_id"]), [0])


def test_a_benchmark_of_another_format_stops_the_plan(dataset: str, ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text('{"problem": "?", "answer": "1"}\nproblem,answer\n')
    named = f'benchmarks=[{{name = "b", path = "{tmp_path}/b.jsonl", answer_column = "answer"}}]'
    overrides = [f"evaluate.dataset={dataset}", f"evaluate.{named}", f"decontamination.{named}"]
    with pytest.raises(CacoError, match="record 2 of the benchmark file"):
        tasks.plan("evaluate", partition=DAY, config="smoke", overrides=overrides)
    assert ledger.find_run(None, pipeline="evaluate") is None


def test_a_withdrawn_dataset_trains_no_student(dataset: str, store: Store, ledger: Ledger) -> None:
    dataset_tasks.set_dataset_state(ledger, store, dataset, "withdrawn", by="ada", because="half of it is wrong")
    with pytest.raises(ConfigError, match=r"was withdrawn \(half of it is wrong\): restore it, or name another"):
        tasks.plan("evaluate", partition=DAY, config="smoke", overrides=[f"evaluate.dataset={dataset}"])


def test_a_dataset_that_no_gate_has_published_trains_no_student(dataset: str, store: Store) -> None:
    states = DatasetStates(history=read_states(store, dataset)[:1])
    store.put(dataset_state_uri(*dataset.split("/")), states.model_dump_json().encode())
    with pytest.raises(ConfigError, match="is only staged: its run's gate has to publish it"):
        tasks.plan("evaluate", partition=DAY, config="smoke", overrides=[f"evaluate.dataset={dataset}"])


def test_a_second_student_finds_the_answers_of_its_base(dataset: str, ledger: Ledger) -> None:
    first = evaluate(dataset, config="smoke")
    second = evaluate(dataset, "evaluate.train.max_steps=3", config="smoke")
    assert first != second
    rows = {row.stage: row for row in ledger.funnel(second)}
    assert (rows["student"].reused, rows["evaluate"].reused) == (0, 1)
