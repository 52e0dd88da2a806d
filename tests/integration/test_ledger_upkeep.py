"""What housekeeping does to the tables of fates: vacuumed once, and forgotten only where nobody may ask."""

from datetime import UTC, date, datetime

import pytest
from ledger_rows import number_of
from ledger_world import PUBLISHED, World
from sqlalchemy import Engine

from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import RunOutput, manifest_uri, output_key, run_output_uri, run_uri

OLD, LATER = date(2026, 11, 21), date(2026, 11, 30)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def old_night(loaded: World, ledger: Ledger, store: Store) -> RunRecord:
    """A nightly run on a date of its own, of one stage and without a dataset, in store and ledger."""
    run = loaded.run("nightly").model_copy(update={"run_id": content_id("run", "old"), "partition": str(OLD)})
    store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
    ledger.register_run(run)
    for manifest in loaded.of("sample"):
        _load(ledger, store, run, manifest)
    return run


def _load(ledger: Ledger, store: Store, run: RunRecord, made: Manifest) -> None:
    origin = {**made.origin, "day": run.partition}
    key = output_key(made.recipe, origin=origin, inputs=made.inputs)
    named = {"key": key, "origin": origin, "run_id": run.run_id, "partition": run.partition}
    manifest = made.model_copy(update=named)
    store.put(manifest_uri(made.stage, key), manifest.model_dump_json().encode())
    output = RunOutput(run_id=run.run_id, stage=made.stage, shard=made.shard, key=key, attempt=0, is_reused=False)
    store.put(run_output_uri(run, made.stage, made.shard), output.model_dump_json().encode())
    ledger.load_output(run, manifest, store, shard=made.shard)


def fates_of(engine: Engine, day: date) -> int:
    """How many samples and seeds of a date the ledger knows an end of."""
    return int(number_of(engine, f"SELECT count(*) FROM caco.fate WHERE partition = '{day}'"))


def test_a_table_is_vacuumed_by_the_tasks_own_role_and_again_only_when_it_has_new_rows(
    loaded: World, ledger: Ledger, engine: Engine
) -> None:
    assert ledger.vacuum() == ["fate_2026_11_20"]
    frozen = "SELECT relallfrozen = relpages AND relpages > 0 FROM pg_class WHERE relname = 'fate_2026_11_20'"
    assert number_of(engine, frozen) is True
    assert ledger.vacuum() == []
    with engine.begin() as connection:  # some pages of them
        connection.exec_driver_sql(
            "INSERT INTO caco.fate SELECT partition, output_no, gen_random_uuid(), row, outcome, reason, detail "
            "FROM caco.fate, generate_series(1, 200)"
        )
    assert ledger.vacuum() == ["fate_2026_11_20"]


def test_the_fates_of_an_old_date_that_nobody_publishes_go_and_its_counts_stay(
    old_night: RunRecord, ledger: Ledger, engine: Engine
) -> None:
    funnel = ledger.funnel(old_night.run_id)
    there = fates_of(engine, date(2026, 11, 20))
    assert fates_of(engine, OLD) > 0
    assert ledger.forget_fates(OLD) == []  # it is not before itself
    assert ledger.forget_fates(LATER) == [OLD]
    assert ledger.forget_fates(LATER) == []
    assert ledger.funnel(old_night.run_id) == funnel
    assert (fates_of(engine, OLD), fates_of(engine, date(2026, 11, 20))) == (0, there)


def test_a_rebuild_brings_forgotten_fates_back(
    old_night: RunRecord, ledger: Ledger, store: Store, engine: Engine
) -> None:
    there = fates_of(engine, OLD)
    ledger.forget_fates(LATER)
    rebuild(ledger, store)
    assert fates_of(engine, OLD) == there > 0


def test_a_date_with_a_dataset_keeps_its_fates_until_the_dataset_is_withdrawn(
    loaded: World, old_night: RunRecord, ledger: Ledger, store: Store, engine: Engine
) -> None:
    made = {"run_id": old_night.run_id, "partition": old_night.partition, "version": "old"}
    dataset = ledger.register_dataset(loaded.datasets[0].model_copy(update=made), store)
    name = f"{dataset.dataset}/{dataset.version}"
    for state, forgotten in (("staged", []), ("published", []), ("withdrawn", [OLD])):
        ledger.set_dataset_state(name, state, by="ada", because="a test", at=NOON)  # type: ignore[arg-type]
        assert ledger.forget_fates(LATER) == forgotten
    assert number_of(engine, "SELECT count(*) FROM caco.dataset_row") == 2 * PUBLISHED
