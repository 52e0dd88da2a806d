"""The whole line on real services: what goes in comes out, once, and can be explained; again, it changes nothing."""

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from published import publish_bank
from whole_line import (
    DAY,
    LINE,
    NEXT_DAY,
    SAMPLES,
    Place,
    caco,
    ledger_content,
    run_line,
    run_stage,
    sample_ids,
)

from caco_tasks import tasks
from caco_tasks.ledger import Ledger
from caco_tasks.ledger import rebuild as rebuild_ledger
from caco_tasks.pipeline import PIPELINES
from caco_tasks.publishing.dataset_row import COLUMNS
from caco_tasks.publishing.export import dataset_rows
from caco_tasks.reports.stage_lineage import stage_lineage
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DatasetRecord
from caco_tasks.store.shards import read_shard

NIGHTLY = [spec.name for spec in PIPELINES["nightly"]]
MAPPED = NIGHTLY[:-1]


def funnel(line: Place, run_id: str) -> dict[str, Any]:
    done = caco(line, "funnel", run_id, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def dataset(line: Place) -> DatasetRecord:
    found = sorted(line.folder.glob("datasets/*/*/manifest.json"))
    assert len(found) == 1
    return parse_stored(DatasetRecord, found[0].read_bytes(), uri=str(found[0]))


def published_ids(line: Place, run_id: str, day: str = DAY) -> list[str]:
    """The ids of the rows that a run published, in their order."""
    manifest = line.manifest(run_id, "publish", 0, day)
    spec = PIPELINES["nightly"][-1]
    return [row.id for row in read_shard(line.store, manifest.uri, spec.writes, sha256=manifest.sha256)]


@pytest.mark.parametrize(("pipeline", "stage"), [(name, spec.name) for name in LINE for spec in PIPELINES[name]])
def test_what_a_task_of_a_stage_reads_and_writes_is_known_from_the_ledger(
    line: Place, pipeline: str, stage: str
) -> None:
    run, specs = line.keys(line.runs[pipeline]).run, [spec.name for spec in PIPELINES[pipeline]]
    with Ledger(line.writer_url) as ledger:
        made = ledger.outputs(run.run_id, stage)
        before = ledger.outputs(run.run_id, specs[specs.index(stage) - 1]) if stage != specs[0] else []
        found = stage_lineage(ledger, line.store, run, stage, range(len(made)))
    written, inputs = found.outputs[0], {each.name: each for each in found.inputs}
    assert (written.name, written.rows) == (f"outputs/{stage}", sum(manifest.rows for manifest in made))
    assert written.version == (made[0].key if len(made) == 1 else written.version)
    assert (written.bytes, written.files) == (sum(manifest.bytes for manifest in made), len(made))
    [funnel] = found.funnel
    for name in ("read", "passed", "failed", "unknown"):
        assert getattr(funnel, name) == sum(getattr(manifest, name) for manifest in made)
    if before:
        assert inputs[f"outputs/{before[0].stage}"].rows == funnel.read
    others = {each.name for each in found.outputs[1:]}
    match stage:
        case "seeds":
            assert set(inputs) == set(run.sources)
        case "train":
            assert inputs["outputs/unify"].rows == funnel.read
            assert others == {f"models/{made[0].artifacts['model']['model_id']}"}
        case "sample":
            assert set(inputs) == {f"models/{run.models['codegen']}"}
        case "publish":
            [version] = [each.version for each in found.outputs[1:]]
            assert f"{dataset(line).dataset}/{version}" == made[0].artifacts["dataset"]
            assert others == {f"datasets/{dataset(line).dataset}"}


@pytest.mark.parametrize("pipeline", LINE)
def test_no_record_of_a_run_is_lost_or_doubled(line: Place, pipeline: str) -> None:
    with Ledger(line.writer_url) as ledger:
        ledger.conservation(line.runs[pipeline], through=PIPELINES[pipeline][-1].name)
        rows = ledger.funnel(line.runs[pipeline])
    assert [row.stage for row in rows] == [spec.name for spec in PIPELINES[pipeline]]
    assert all(row.read == row.passed + row.failed + row.unknown for row in rows)
    assert all(after.read == before.passed for before, after in pairwise(rows))


def test_every_seed_and_every_sample_that_was_asked_for_went_in(line: Place) -> None:
    with Ledger(line.writer_url) as ledger:
        assert ledger.funnel(line.runs["seeds"])[0].read == 40
        assert ledger.funnel(line.runs["nightly"])[0].read == SAMPLES
    ids = [
        judged.record.sample_id
        for shard in (0, 1)
        for judged in line.samples(line.manifest(line.runs["nightly"], "sample", shard))
    ]
    keys = line.keys(line.runs["nightly"])
    assert ids == sample_ids(keys, 0) + sample_ids(keys, 1)
    assert len(set(ids)) == SAMPLES


def test_the_funnel_tells_what_became_of_every_record(line: Place) -> None:
    found = funnel(line, line.runs["nightly"])
    assert (found["run_id"], found["pipeline"], found["partition"]) == (line.runs["nightly"], "nightly", DAY)
    assert list(found["stages"]) == NIGHTLY
    for name, stage in found["stages"].items():
        assert stage["read"] == stage["passed"] + sum(stage["failed"].values()) + stage["unknown"], name
        assert sum(stage["unknown_by_reason"].values()) == stage["unknown"], name
    assert found["stages"]["execute"]["passed"] > 0
    assert found["published"] == found["stages"]["decontaminate"]["passed"] == dataset(line).rows


def test_the_funnel_of_no_run_in_particular_is_that_of_the_newest_nightly_run(line: Place) -> None:
    done = caco(line, "funnel", "--json")
    assert json.loads(done.stdout)["run_id"] == line.runs["nightly"]


def test_every_sample_can_be_explained_down_to_its_seeds(line: Place) -> None:
    wanted, keys = set(published_ids(line, line.runs["nightly"])), line.keys(line.runs["nightly"])
    with Ledger(line.writer_url) as ledger:
        lineages = [ledger.lineage(one) for shard in (0, 1) for one in sample_ids(keys, shard)]
    for found in lineages:
        assert found["run"]["run_id"] == line.runs["nightly"]
        assert found["run"]["model"]["run"]["run_id"] == line.runs["codegen"]
        assert found["run"]["model"]["run"]["seed_run"]["run_id"] == line.runs["seeds"]
        outcomes = {verdict["stage"]: verdict["outcome"] for verdict in found["verdicts"]}
        assert list(outcomes) == list(NIGHTLY[: len(outcomes)])
        assert set(list(outcomes.values())[:-1]) <= {"pass"}
        assert bool(found["published_in"]) == (outcomes == dict.fromkeys(MAPPED, "pass"))
    assert {found["sample_id"] for found in lineages if found["published_in"]} == wanted


def test_the_dataset_holds_what_was_published_and_its_manifest_is_true(line: Place) -> None:
    record = dataset(line)
    folder = line.folder / "datasets" / record.dataset / record.version
    assert record.run_id == line.runs["nightly"]
    assert {path.name for path in folder.iterdir()} == {
        "README.md",
        "croissant.json",
        "manifest.json",
        "state.json",
        *(Path(file.uri).name for file in record.files),
    }
    for file in record.files:
        data = (line.folder / file.uri).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)
    card = (folder / "README.md").read_bytes()
    assert hashlib.sha256(card).hexdigest() == record.facts["card_sha256"]


def test_the_dataset_is_verified_from_its_files_alone(line: Place) -> None:
    record = dataset(line)
    done = caco(line, "verify", f"{record.dataset}/{record.version}", "--workers", "1", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["faults"], report["is_whole"]) == (0, [], True), done.stderr
    assert (report["dataset"], report["rows"]) == (f"{record.dataset}/{record.version}", record.rows)
    assert report["checks"]["program"]["looked_at"] == record.rows


def test_a_dataset_loads_with_the_datasets_library_without_a_network(
    line: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with Ledger(line.writer_url) as ledger:
        name = publish_bank(line.store, ledger, each=1)
    files = str(line.folder / "datasets" / name / "train-*.parquet")
    loaded = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert set(COLUMNS) == set(loaded.column_names)
    assert list(loaded["sample_id"]) == [row["sample_id"] for row in dataset_rows(line.store, name)]


def test_what_was_published_is_what_passed_every_check(line: Place) -> None:
    run_id = line.runs["nightly"]
    passed = [
        row.id for shard in (0, 1) for row in line.samples(line.manifest(run_id, MAPPED[-1], shard)) if row.verdict.kept
    ]
    [name] = [
        path.parent.relative_to(line.folder / "datasets") for path in line.folder.glob("datasets/*/*/manifest.json")
    ]
    assert published_ids(line, run_id) == passed == [row["sample_id"] for row in dataset_rows(line.store, str(name))]
    with Ledger(line.writer_url) as ledger:
        assert ledger.datasets(run_id, state="published") == [str(name)]


def test_the_same_day_again_writes_nothing(line: Place) -> None:
    listing, content = line.listing(), ledger_content(line.owner_url)
    assert len(content["fate"]) >= SAMPLES
    assert run_line(DAY) == line.runs
    assert line.listing() == listing
    assert ledger_content(line.owner_url) == content


def test_a_rebuilt_ledger_has_the_same_content(line: Place) -> None:
    content = ledger_content(line.owner_url)
    done = caco(line, "ledger", "rebuild")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"] == 3
    assert ledger_content(line.owner_url) == content


def test_an_empty_ledger_is_filled_from_the_store(line: Place, ledger_address: Any) -> None:
    with Ledger(ledger_address.owner) as ledger:
        rebuild_ledger(ledger, line.store)
    assert ledger_content(ledger_address.owner) == ledger_content(line.owner_url)


def test_another_day_is_another_run_with_other_samples(line: Place) -> None:
    before = line.listing()
    planned = tasks.plan("nightly", partition=NEXT_DAY, config="smoke")
    run_id = planned["run_id"]
    assert run_id != line.runs["nightly"]
    for stage in ("sample", "execute"):
        run_stage(stage, run_id, planned["shards"])
    with Ledger(line.writer_url) as ledger:
        ledger.conservation(run_id, through="execute")
    mine = [one.record for shard in (0, 1) for one in line.samples(line.manifest(run_id, "sample", shard, NEXT_DAY))]
    first = [
        one.record for shard in (0, 1) for one in line.samples(line.manifest(line.runs["nightly"], "sample", shard))
    ]
    assert {one.sample_id for one in mine}.isdisjoint(one.sample_id for one in first)
    assert {one.program.program_id for one in mine} != {one.program.program_id for one in first}
    assert {key: stat for key, stat in line.listing().items() if key in before} == before
