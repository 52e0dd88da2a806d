"""Runs, outputs, models, datasets and answers come back as they were registered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ledger_world
import pytest
from ledger_rows import audit, number_of, rows, second_config
from ledger_world import PUBLISHED, World
from sqlalchemy import Engine

from caco_tasks.dataset_tasks import set_dataset_state
from caco_tasks.errors import LedgerError, StoreError
from caco_tasks.ledger import Ledger
from caco_tasks.platform.processes import wait_until
from caco_tasks.publishing.states import change_state, read_states
from caco_tasks.records import Outcome
from caco_tasks.store import Store
from caco_tasks.store.registry import DatasetStates, dataset_state_uri


def test_the_first_registration_of_a_run_wins(ledger: Ledger, world: World) -> None:
    run = world.run("nightly")
    assert ledger.register_run(run) == run
    assert ledger.register_run(run.model_copy(update={"code_version": "9", "model_id": None})) == run
    # how it is run may differ each time it is planned; the record in the store says the same
    demanding = run.model_copy(update={"config": {**run.config, "gate": {"min_published": 10}}})
    assert ledger.register_run(demanding) == demanding
    assert ledger.find_run(run.run_id) == demanding


def test_a_run_is_found_by_the_beginning_of_its_id_and_none_means_the_newest(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    older = ledger_world.build(store, partition="2026-10-31").run("nightly")
    ledger.register_run(older)
    nightly = loaded.run("nightly")
    assert ledger.find_run(nightly.run_id[:9]) == nightly
    assert ledger.find_run(None) == nightly  # of three runs of one date, the last registered
    assert ledger.find_run(None, pipeline="seeds") == loaded.run("seeds")
    assert ledger.find_run(older.run_id) == older
    assert ledger.find_run(f"{older.run_id[:8]}-{older.run_id[8:12]}") == older  # as Postgres writes it
    assert ledger.find_run("nobody") is None
    assert [run.run_id for run in ledger.runs(pipeline="nightly")] == [nightly.run_id, older.run_id]


def test_an_ambiguous_beginning_is_refused(ledger: Ledger, loaded: World) -> None:
    run = loaded.run("nightly")
    ledger.register_run(run.model_copy(update={"run_id": run.run_id[:-1] + ("0" if run.run_id[-1] != "0" else "1")}))
    assert ledger.find_run(run.run_id) == run
    with pytest.raises(LedgerError, match="More than one run"):
        ledger.find_run(run.run_id[:6])


def test_registered_outputs_come_back_as_they_were_by_shard(ledger: Ledger, loaded: World) -> None:
    manifests = sorted(loaded.of("judge"), key=lambda manifest: manifest.shard)
    run_id = loaded.run("nightly").run_id
    assert ledger.outputs(run_id, "judge") == manifests
    assert ledger.outputs(run_id, "seeds") == []
    assert ledger.find_output(manifests[0].key) == manifests[0]
    assert ledger.find_output("0" * 32) is None
    assert [(row.stage, row.shard) for row in ledger.run_outputs(run_id)][:3] == [
        ("sample", 0),
        ("sample", 1),
        ("execute", 0),
    ]


def test_what_rules_only_record_comes_back_with_the_manifest(ledger: Ledger, loaded: World) -> None:
    run_id = loaded.run("nightly").run_id
    assert ledger.outputs(run_id, "screen")[0].recorded == {"dead_input": 2, "trivial": 1}
    assert {row.stage: row.recorded for row in ledger.funnel(run_id) if row.recorded} == {"screen": 6}


def test_the_accepted_model_is_the_newest_of_its_training_up_to_the_date(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    later = ledger_world.build(store, partition="2026-11-25", config="second")
    ledger_world.load(ledger, store, later)
    first, second = (world.run("nightly") for world in (loaded, later))
    found = {day: ledger.accepted_model(f"2026-11-{day}", first.training or "") for day in ("19", "20", "25")}
    assert {day: model and model.model_id for day, model in found.items()} == {
        "19": None,
        "20": first.model_id,
        "25": first.model_id,
    }
    assert found["20"] is not None
    assert found["20"].metrics == {"loss_before": 2.5, "loss_after": 0.1, "lost": None}
    newest = ledger.accepted_model("2026-11-30", second.training or "")
    assert newest is not None
    assert newest.model_id == second.model_id
    assert ledger.accepted_model("2026-11-30", "another training") is None
    assert ledger.accepted_model("2026-11-30", second.training or "", role="student") is None


def test_a_run_that_shares_a_training_of_a_later_date_has_its_model_too(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    made = loaded.run("codegen")
    earlier = ledger_world.make_run("codegen", "2026-11-02", "backfill", training=made.training)
    ledger.register_run(earlier)
    ledger.load_output(earlier, loaded.of("train")[0], store, shard=0)
    model = ledger.accepted_model("2026-11-10", made.training or "")
    assert model is not None
    assert (model.model_id, model.run_id) == (loaded.run("nightly").model_id, earlier.run_id)


def test_a_rejected_model_is_never_chosen(ledger: Ledger, store: Store, loaded: World) -> None:
    codegen = loaded.run("codegen")
    accepted = ledger.accepted_model("2026-11-30", codegen.training or "")
    assert accepted is not None
    worse = accepted.model_copy(update={"model_id": "worse", "accepted": False, "refused_because": "it is worse"})
    train = loaded.of("train")[0]
    again = ledger_world.write(
        store, codegen, "train", 0, ledger_world.kept_by(loaded, store, "train", 0),
        artifacts={"model": worse.model_dump()}, attempt=1, previous=train.key, inputs=train.inputs,
    )  # fmt: skip
    ledger.load_output(codegen, again, store, shard=0, attempt=1)
    assert ledger.accepted_model("2026-11-30", codegen.training or "") is None


def test_a_dataset_is_registered_once(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    first = loaded.datasets[0]
    assert ledger.register_dataset(first.model_copy(update={"code_version": "9"}), store) == first
    assert number_of(engine, "SELECT count(*) FROM caco.dataset_row") == PUBLISHED


WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database
    WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""


def test_a_dataset_is_in_the_state_that_it_was_given_last(ledger: Ledger, loaded: World) -> None:
    name = f"toys/{loaded.datasets[0].version}"
    assert [change.state for change in ledger.dataset_states(name)] == ["staged", "published"]
    assert ledger.datasets(state="published") == [name]
    at = datetime(2026, 11, 22, tzinfo=UTC)
    for _ in range(2):
        ledger.set_dataset_state(name, "withdrawn", by="ada", because="a rule was wrong", at=at)
    last = ledger.dataset_states(name)[2:]
    assert [(one.state, one.by, one.because, one.at) for one in last] == [("withdrawn", "ada", "a rule was wrong", at)]
    assert (ledger.datasets(state="published"), ledger.datasets(state="withdrawn")) == ([], [name])
    with pytest.raises(LedgerError, match="no dataset 'toys/none'"):
        ledger.set_dataset_state("toys/none", "withdrawn", by="ada", because="-", at=at)


def test_of_two_that_publish_at_once_the_second_finds_it_published(
    ledger: Ledger, store: Store, loaded: World, ledger_address: tuple[str, str, str], engine: Engine
) -> None:
    version = loaded.datasets[0].version
    name, uri = f"toys/{version}", dataset_state_uri("toys", version)
    store.put(uri, DatasetStates(history=tuple(ledger.dataset_states(name)[:1])).model_dump_json().encode())
    late = {"by": "gate", "because": "the second", "only_from": "staged"}
    _, writer, _ = ledger_address
    with Ledger(writer) as other, ThreadPoolExecutor(1) as pool:
        with other.alone(name):
            publishing = pool.submit(set_dataset_state, ledger, store, name, "published", **late)  # type: ignore[arg-type]
            assert wait_until(lambda: number_of(engine, WAITING) == 1, seconds=60)
            change_state(store, name, "published", by="gate", because="the first")
        publishing.result(timeout=60)
    assert [one.state for one in read_states(store, name)] == ["staged", "published"]
    assert read_states(store, name)[-1].because == "the first"


def test_a_run_that_shares_the_publishing_has_the_dataset_too(ledger: Ledger, store: Store, loaded: World) -> None:
    run = second_config(store, loaded)
    ledger.register_run(run)
    assert ledger.datasets(run.run_id) == []
    ledger.load_output(run, loaded.of("publish")[0], store, shard=0)
    assert ledger.datasets(run.run_id, state="published") == [f"toys/{loaded.datasets[0].version}"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param({"sha256": "0" * 64}, "its SHA-256 begins with", id="another hash"),
        pytest.param({"uri": "datasets/none"}, "datasets/none", id="missing file"),
    ],
)
def test_a_dataset_whose_files_are_not_as_it_says_is_refused(
    ledger: Ledger, store: Store, world: World, engine: Engine, change: dict[str, Any], match: str
) -> None:
    ledger.register_run(world.run("nightly"))
    files = (world.datasets[0].files[0].model_copy(update=change),)
    with pytest.raises(StoreError, match=match):
        ledger.register_dataset(world.datasets[0].model_copy(update={"files": files}), store)
    assert rows(engine, "dataset") == []


def test_a_date_that_was_filled_piece_by_piece_is_packed_once(ledger: Ledger, loaded: World, engine: Engine) -> None:
    assert ledger.pack() == 0
    with engine.begin() as connection:
        for _ in range(20):
            connection.exec_driver_sql(
                "INSERT INTO caco.fate SELECT '2026-11-20', 1, gen_random_uuid(), n, 'pass' FROM generate_series(1, 1000) n"
            )
    before = number_of(engine, "SELECT pg_relation_size('caco.fate_2026_11_20_by_subject')")
    assert (ledger.pack(), ledger.pack()) == (1, 0)
    assert number_of(engine, "SELECT pg_relation_size('caco.fate_2026_11_20_by_subject')") < 0.85 * before


def test_housekeeping_is_told_all_that_runs_and_datasets_reach(ledger: Ledger, store: Store, loaded: World) -> None:
    named = ledger.named()
    assert {manifest.key for manifest in loaded.manifests} | {manifest.uri for manifest in loaded.manifests} <= named
    assert {loaded.run("nightly").model_id, f"datasets/toys/{loaded.datasets[0].version}"} <= named
    assert loaded.datasets[0].files[0].uri in named


def test_a_later_answer_of_the_same_person_takes_the_place_of_the_first(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    for answer in (Outcome.PASS, Outcome.FAIL):
        ledger.record_audits([audit(loaded, 0, "ada", answer)], store)
    assert number_of(engine, "SELECT answer FROM caco.audit") == "fail"
    assert len(store.list("audits")) == 1


def test_an_unreachable_postgres_is_named_without_its_password(tmp_path: Path) -> None:
    with (
        Ledger("postgresql://caco:hunter2@127.0.0.1:1/caco") as nowhere,
        pytest.raises(LedgerError, match=r"Postgres at 127\.0\.0\.1:1/caco cannot be used") as caught,
    ):
        nowhere.find_run(None)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite:///x.db"])
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(LedgerError, match="postgresql://"):
        Ledger(url)
