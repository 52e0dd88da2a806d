"""Waste is planted among what is needed, all of it old: exactly the waste is found, and exactly that goes."""

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledger_world import World
from whole_line import Place, command, run_stage

from caco_tasks import tasks
from caco_tasks.housekeeping import KINDS, find_waste, tally
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.store import Store
from caco_tasks.store.manifest import AttemptLog, OutputAttempt, attempts_uri, output_folder, run_folder, run_output_uri
from caco_tasks.store.s3_store import S3Store
from caco_tasks.store.store import open_store

MONTH_AGO = time.time() - 30 * 86_400
BEFORE = datetime.now(UTC) - timedelta(days=7)
OTHER = "f" * 32


def waste_of(world: World) -> dict[str, list[str]]:
    """Kind -> keys to plant."""
    finished = output_of(world, "solve")
    return {
        "unreached outputs": [f"outputs/execute/{OTHER}/manifest.json", f"outputs/execute/{OTHER}/{'b' * 16}.parquet"],
        "unfinished outputs": [
            f"outputs/x/{'e' * 32}/{'b' * 16}.parquet",
            f"outputs/x/{'e' * 32}/parts/00000-{'c' * 32}.parquet",
        ],
        "orphan rows": [f"{finished}/{'a' * 16}.parquet"],
        "finished parts": [f"{finished}/parts/00000-{'c' * 32}.parquet"],
        "orphan models": [f"models/{OTHER}/{name}" for name in ("manifest.json", "config.json", "model.safetensors")],
        "orphan datasets": ["datasets/toys/lost/train-00000.parquet", "datasets/toys/lost/README.md"],
        "drafts": [f"{finished}/.draft-{'d' * 32}"],
        "cached weights": [f"{OTHER}/model.safetensors"],
        "work folders": [f"{OTHER}/checkpoint-5/model.safetensors"],
    }


def output_of(world: World, stage: str) -> str:
    """Where one of the outputs of a stage lies."""
    return next(output_folder(stage, manifest.key) for manifest in world.manifests if manifest.stage == stage)


def needed_of(world: World) -> list[str]:
    """Keys of what must stay and that no manifest names by its path."""
    run = world.run("nightly")
    return [
        f"models/{run.model_id}/model.safetensors",
        f"{output_of(world, 'dedup')}/claims.parquet",
        f"{output_of(world, 'solve')}/notes.txt",
        f"{run_folder(run.partition, run.run_id)}/notes.txt",
        "outputs/strange.parquet",
        "replies/m/s/index/0123456789abcdef.parquet",
        "draws/r/d.json",
        "audits/r/p.json",
        "strange/00000-aaaaaaaaaaaaaaaa.parquet",
        "strange/.draft-of-somebody-else",
        "models/my-own/model.safetensors",
        "datasets/my-own/v1/rows.csv",
        "datasets/toys/lost/.DS_Store",
    ]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The folder of downloads."""
    return tmp_path / "home" / "models"


@pytest.fixture
def planted(store: Store, loaded: World, cache: Path) -> set[Path]:
    """The files of the waste; everything on the disk is a month old."""
    root = Path(store.root.removeprefix("file://"))
    places = {"cached weights": cache, "work folders": cache.with_name("work")}
    found = {places.get(kind, root) / key for kind, keys in waste_of(loaded).items() for key in keys}
    for path in [*found, *(root / key for key in needed_of(loaded))]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    make_old(root, cache.parent)
    return found


def make_old(*folders: Path) -> None:
    """Sets the time of change of everything below some folders a month back."""
    for folder in folders:
        for path in [folder, *folder.rglob("*")]:
            os.utime(path, (MONTH_AGO, MONTH_AGO))


def files(*folders: Path) -> set[Path]:
    """Every file below some folders."""
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_exactly_the_waste_is_found_and_goes(
    ledger: Ledger, store: Store, cache: Path, planted: set[Path], loaded: World
) -> None:
    places = (Path(store.root.removeprefix("file://")), cache.parent)
    before = files(*places)
    waste = find_waste(ledger, store, cache, before=BEFORE)
    assert files(*places) == before
    counts = tally(waste)
    assert {kind: each.things for kind, each in counts.items()} == {
        kind: len(keys) for kind, keys in waste_of(loaded).items()
    }
    assert list(counts) == list(KINDS)
    assert counts["orphan models"].bytes == 15
    for each in waste:
        each.remove()
    assert before - files(*places) == planted
    assert find_waste(ledger, store, cache, before=BEFORE) == []
    for each in waste:  # somebody else was at it too
        each.remove()


def test_what_is_young_is_left_alone(ledger: Ledger, store: Store, cache: Path, planted: set[Path]) -> None:
    for path in planted:
        os.utime(path)
    assert find_waste(ledger, store, cache, before=BEFORE) == []


def test_a_model_or_dataset_with_one_young_file_is_left_alone(
    ledger: Ledger, store: Store, cache: Path, planted: set[Path]
) -> None:
    for path in planted:
        if path.name in ("config.json", "README.md") or (path.parent.name == OTHER and "outputs" in path.parts):
            os.utime(path)
    kinds = {each.kind for each in find_waste(ledger, store, cache, before=BEFORE)}
    assert kinds == set(KINDS) - {"orphan models", "orphan datasets", "unreached outputs"}


def test_what_only_the_ledger_names_is_left_alone(
    ledger: Ledger, store: Store, cache: Path, planted: set[Path], loaded: World
) -> None:
    before = {each.name for each in find_waste(ledger, store, cache, before=BEFORE)}
    for key in store.list("runs"):
        store.delete(key)
    assert {each.name for each in find_waste(ledger, store, cache, before=BEFORE)} == before
    assert not before & {manifest.uri for manifest in loaded.manifests}


def test_an_attempt_that_was_replaced_is_still_reached(
    ledger: Ledger, store: Store, cache: Path, planted: set[Path], loaded: World
) -> None:
    ledger.empty()
    run, first = loaded.run("nightly"), next(one for one in loaded.manifests if one.stage == "judge")
    attempt = OutputAttempt(number=1, previous=first.key, unknown_only=False, token="t", asked_at=BEFORE)
    store.put(attempts_uri(run, "judge", first.shard), AttemptLog(attempts=(attempt,)).model_dump_json().encode())
    store.put(run_output_uri(run, "judge", first.shard), b"{}")  # the run moved on
    waste = {each.name for each in find_waste(ledger, store, cache, before=BEFORE)}
    assert not any(first.key in name for name in waste)


def test_what_an_older_dataset_came_from_is_reached_without_a_ledger(line: Place, ledger: Ledger, cache: Path) -> None:
    run_id = line.runs["nightly"]
    chain = {stage: line.manifest(run_id, stage, 0).uri for stage in ("judge", "decontaminate", "publish")}
    tasks.rerun(run_id, "judge", shard=0, unknown_only=False, token="t")
    for stage in chain:
        run_stage(stage, run_id, [0])
    assert not set(chain.values()) & {line.manifest(run_id, stage, 0).uri for stage in chain}
    later = datetime.now(UTC) + timedelta(days=1)
    waste = find_waste(ledger, line.store, cache, before=later)  # this ledger is empty
    assert [each for each in waste if each.kind in ("unreached outputs", "orphan rows")] == []


def test_what_only_the_store_names_is_left_alone(ledger: Ledger, store: Store, cache: Path, planted: set[Path]) -> None:
    found = [each.name for each in find_waste(ledger, store, cache, before=BEFORE)]
    ledger.empty()
    assert [each.name for each in find_waste(ledger, store, cache, before=BEFORE)] == found


def test_killed_in_the_middle_it_has_removed_waste_only_and_the_next_run_removes_the_rest(
    ledger_address: tuple[str, str, str], store: Store, cache: Path, planted: set[Path]
) -> None:
    root = Path(store.root.removeprefix("file://"))
    orphans = {root / f"outputs/x/{'e' * 32}/{content_id('o', n)[:16]}.parquet" for n in range(3000)}
    for path in orphans:
        path.write_bytes(b"")
    make_old(root)
    before, waste = files(root, cache.parent), planted | orphans
    environ = {"CACO_HOME": str(cache.parent), "CACO_STORE": store.root, "CACO_LEDGER_URL": ledger_address[1]}
    words = command("housekeeping", "--delete", "--json")
    cut = subprocess.Popen(words, env={**os.environ, **environ}, stdout=subprocess.DEVNULL)
    while sum(path.exists() for path in orphans) > 2900:
        assert cut.poll() is None
        time.sleep(0.005)
    cut.send_signal(signal.SIGKILL)
    cut.wait()
    gone = before - files(root, cache.parent)
    assert gone < waste
    for expected in (len(waste) - len(gone), 0):
        done = subprocess.run(words, env={**os.environ, **environ}, capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        assert sum(each["things"] for each in report["found"].values()) == expected
    assert before - files(root, cache.parent) == waste


def test_uploads_that_never_ended_are_given_up(ledger: Ledger, no_bucket_settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    S3Store(no_bucket_settings).ensure_bucket()
    store = open_store(no_bucket_settings)
    assert isinstance(store, S3Store)
    store.put("runs/kept", b"x")
    begun = {"Bucket": store._bucket, "Key": store._key("models/m/model.safetensors")}
    store._client.create_multipart_upload(**begun)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    waste = find_waste(ledger, store, tmp_path / "models", before=tomorrow)
    assert [(each.kind, each.name.endswith("/models/m/model.safetensors")) for each in waste] == [("drafts", True)]
    for each in waste * 2:
        each.remove()
    assert find_waste(ledger, store, tmp_path / "models", before=tomorrow) == []
    assert store.list("") == ["runs/kept"]
