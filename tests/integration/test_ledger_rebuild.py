"""A ledger that was lost is filled again from the store: the same content, or a sentence and nothing emptied."""

from datetime import UTC, datetime
from pathlib import Path

import ledger_world
import pytest
from ledger_rows import everything, fill_all, number_of
from ledger_world import World
from sqlalchemy import Engine, text

from caco_tasks.cli.dataset_listing import find_datasets
from caco_tasks.errors import DamagedError, LedgerError
from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.ledger.claims import claims_uri
from caco_tasks.publishing.dataset_files import list_datasets
from caco_tasks.runner import find_output
from caco_tasks.store import Store, open_store
from caco_tasks.store.manifest import manifest_uri, output_folder, run_folder, run_uri
from caco_tasks.store.store import StoreSettings


def test_a_rebuilt_ledger_has_the_same_content(ledger: Ledger, store: Store, engine: Engine) -> None:
    fill_all(ledger, store)
    before = everything(engine)
    assert [table for table, found in before.items() if not found] == []
    seen: list[tuple[int, int]] = []
    counts = rebuild(ledger, store, on_progress=lambda done, total: seen.append((done, total)))
    assert counts == {"runs": 6, "outputs": len(before["output"]), "datasets": 3, "audits": 2}
    assert seen[-1] == (counts["outputs"], counts["outputs"])
    assert everything(engine) == before


def test_an_interrupted_rebuild_changes_nothing(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    before = everything(engine)

    def stop(done: int, total: int) -> None:
        if done == total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(ledger, store, on_progress=stop)
    assert everything(engine) == before
    rebuild(ledger, store)
    assert everything(engine) == before


def test_rows_that_are_damaged_are_met_late_and_change_nothing(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before, uri = everything(engine), loaded.of("judge")[-1].uri
    store.put(uri, b"PAR1 half")
    with pytest.raises(DamagedError, match=uri):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_an_empty_store_is_refused_unless_told_to_forget(
    ledger: Ledger, loaded: World, engine: Engine, tmp_path: Path
) -> None:
    before, empty = everything(engine), open_store(StoreSettings(root=f"file://{tmp_path}/empty"))
    with pytest.raises(LedgerError, match=r"empty has no run and lacks 3 of the ledger's.*--forget-missing-runs"):
        rebuild(ledger, empty)
    assert everything(engine) == before
    assert rebuild(ledger, empty, forget_missing_runs=True)["runs"] == 0
    assert number_of(engine, "SELECT count(*) FROM caco.run") == 0


def test_the_store_of_another_project_is_refused(ledger: Ledger, loaded: World, engine: Engine, tmp_path: Path) -> None:
    before, other = everything(engine), open_store(StoreSettings(root=f"file://{tmp_path}/other"))
    ledger_world.build(other, partition="2026-10-31", config="other")
    with pytest.raises(LedgerError, match="has 3 runs and lacks 3 of the ledger's"):
        rebuild(ledger, other)
    assert everything(engine) == before


def test_a_store_that_has_lost_one_run_is_refused(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    before, run = everything(engine), loaded.run("nightly")
    for key in store.list(run_folder(run.partition, run.run_id)):
        store.delete(key)
    with pytest.raises(LedgerError, match=f"has 2 runs and lacks 1 of the ledger's, such as {run.run_id}"):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_a_run_without_its_record_is_named(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    before, run = everything(engine), loaded.run("nightly")
    store.delete(run_uri(run.partition, run.run_id))
    with pytest.raises(DamagedError, match=f"{run_folder(run.partition, run.run_id)} has no run.json"):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_an_empty_ledger_is_filled_from_any_store(ledger: Ledger, store: Store, world: World) -> None:
    assert rebuild(ledger, store)["runs"] == len(world.runs)


def test_what_has_no_manifest_is_there_for_no_reader(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before, judged, key = everything(engine), loaded.of("judge")[0], "f" * 32
    rows, folder = store.get(judged.uri), output_folder("judge", key)
    assert rows is not None
    for name in (judged.uri.rpartition("/")[2], "claims.parquet", f"parts/00000-{key}.parquet"):
        store.put(f"{folder}/{name}", rows)
    store.put("datasets/toys/v9/train-00000-of-00001.parquet", rows)
    store.put("datasets/toys/v9/README.md", b"# toys")
    assert find_output(store, "judge", key) is None
    assert "toys/v9" not in (*list_datasets(store), *(found["dataset"] for found in find_datasets(store)))
    assert rebuild(ledger, store)["outputs"] == len(before["output"])
    assert everything(engine) == before
    assert ledger.find_output(key) is None


FOREIGN = (".DS_Store", "._run.json", "run (1).json", "Thumbs.db", "_SUCCESS", "run.json/part", "x/y/z/00001.json")


def test_what_other_tools_leave_in_the_store_is_passed_over(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before, run, output = everything(engine), loaded.run("nightly"), loaded.of("judge")[0]
    own = run_folder(run.partition, run.run_id)
    folders = [f"runs/{run.partition}", own, f"{own}/outputs/judge", f"{own}/attempts", f"{own}/triggers"]
    folders += ["", "runs", "outputs", "outputs/judge", f"outputs/judge/{output.key}", "datasets", "datasets/toys"]
    for folder in [*folders, "datasets/toys/.cache", "draws", f"draws/{run.run_id}", "audits", f"audits/{run.run_id}"]:
        for name in FOREIGN if folder not in (own, "") else FOREIGN[:5]:
            store.put(f"{folder}/{name}".lstrip("/"), b"")
    store.put("datasets/toys/.ipynb_checkpoints/manifest.json", b"{}")
    assert rebuild(ledger, store)["runs"] == len(loaded.runs)
    assert everything(engine) == before
    assert [found["dataset"] for found in find_datasets(store)] == list_datasets(store) == ledger.datasets(run.run_id)


def test_the_newest_run_of_a_date_is_the_same_after_a_rebuild(ledger: Ledger, store: Store) -> None:
    worlds = [ledger_world.build(store, config=config) for config in ("first", "second", "third")]
    planned = sorted((world.run("nightly") for world in worlds), key=lambda run: run.run_id, reverse=True)
    for hour, run in enumerate(planned[:2]):  # the last one's record was made by hand and holds no time
        dated = run.model_copy(update={"planned_at": datetime(2026, 11, 20, hour, tzinfo=UTC)})
        store.put(run_uri(run.partition, run.run_id), dated.model_dump_json().encode())
        assert ledger.register_run(dated) == dated
    ledger.register_run(planned[2])
    newest = ledger.find_run(None, pipeline="nightly")
    assert newest is not None
    assert newest.run_id == planned[1].run_id
    rebuild(ledger, store)
    assert ledger.find_run(None, pipeline="nightly") == newest


def test_a_ledger_lost_with_its_disk_comes_back_with_its_claims(ledger: Ledger, store: Store, engine: Engine) -> None:
    fill_all(ledger, store)
    before = everything(engine)
    assert len(before["fingerprint"]) == 2 * (10 + 10 + 8 + 8) - len_of_shared_seeds()
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE caco.run, caco.source, caco.fingerprint CASCADE"))
    rebuild(ledger, store)
    assert everything(engine) == before


def len_of_shared_seeds() -> int:
    """Claims of the second world's seeds and samples that the first world, which has the same hashes, has taken."""
    return 10 + 10 + 8 + 8


def test_a_damaged_manifest_is_found_before_anything_is_emptied(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before = everything(engine)
    uri = manifest_uri("judge", loaded.of("judge")[1].key)
    store.put(uri, b'{"run_id": "half')
    with pytest.raises(DamagedError, match=uri):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_a_run_that_names_an_output_that_is_gone_is_found_before_anything_is_emptied(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before, gone = everything(engine), loaded.of("judge")[1]
    store.delete(manifest_uri("judge", gone.key))
    with pytest.raises(DamagedError, match=f"consists of the output {gone.key} of 'judge', which is not in"):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_damaged_claims_are_named(ledger: Ledger, store: Store, world: World) -> None:
    manifest = world.of("dedup")[0]
    ledger.register_run(world.run("nightly"))
    store.put(claims_uri("dedup", manifest.key), b"PAR1 not")
    with pytest.raises(DamagedError, match=claims_uri("dedup", manifest.key)):
        ledger_world.load_as_made(ledger, store, world, manifest)
