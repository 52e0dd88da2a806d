"""The whole line without Airflow: seeds, codegen and nightly on the smallest config, and what its tests look at."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from caco_tasks import tasks
from caco_tasks.identity import RunKeys
from caco_tasks.ids import sample_id
from caco_tasks.pipeline import stages_of
from caco_tasks.records import JudgedRecord, Sample
from caco_tasks.store import Manifest, RunRecord, Store, open_store
from caco_tasks.store.manifest import manifest_uri, parse_manifest, parse_stored
from caco_tasks.store.registry import DatasetRecord
from caco_tasks.store.shards import read_shard
from caco_tasks.store.store import StoreSettings

LINE = ("seeds", "codegen", "nightly")
CONFIG = "smoke"
SAMPLES = 24  # of that config
DAY, NEXT_DAY = "2026-11-20", "2026-11-21"
TIMES_OF_LOADING = {"created_at", "loaded_at", "claimed_at"}
PATIENCE_SECONDS = 300  # for a stage on a machine that is busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A store of files and a ledger, and the runs that were made there on the first day."""

    folder: Path  # of the store
    home: Path
    writer_url: str
    owner_url: str
    runs: dict[str, str]  # pipeline -> run id

    @property
    def environ(self) -> dict[str, str]:
        """How the command line and the tasks find it."""
        return {
            "CACO_HOME": str(self.home),
            "CACO_STORE": f"file://{self.folder}",
            "CACO_LEDGER_URL": self.writer_url,
            "CACO_LEDGER_OWNER_URL": self.owner_url,
        }

    @property
    def store(self) -> Store:
        """The store, opened."""
        return open_store(StoreSettings(root=f"file://{self.folder}"))

    def run_folder(self, run_id: str, day: str = DAY) -> Path:
        """Where a run lies."""
        return self.folder / "runs" / day / run_id

    def keys(self, run_id: str, day: str = DAY) -> RunKeys:
        """The keys of a run's outputs."""
        record = (self.run_folder(run_id, day) / "run.json").read_bytes()
        return RunKeys.of(RunRecord.model_validate_json(record), self.store)

    def manifest_path(self, run_id: str, stage: str, shard: int, day: str = DAY) -> Path:
        """Where the manifest of an output of a run lies, or will."""
        return self.folder / manifest_uri(stage, self.keys(run_id, day).key(stage, shard))

    def manifest(self, run_id: str, stage: str, shard: int, day: str = DAY) -> Manifest:
        """The manifest of a finished output of a run."""
        path = self.manifest_path(run_id, stage, shard, day)
        return parse_manifest(path.read_bytes(), uri=str(path))

    def manifests(self) -> set[str]:
        """All manifests of the store: what counts as done."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*manifest.json")}

    def dataset(self, name: str) -> DatasetRecord:
        """The manifest of a dataset, named name/version."""
        path = self.folder / "datasets" / name / "manifest.json"
        return parse_stored(DatasetRecord, path.read_bytes(), uri=str(path))

    def samples(self, manifest: Manifest) -> list[JudgedRecord[Sample]]:
        """The rows of a finished shard of samples."""
        return read_shard(self.store, manifest.uri, Sample, sha256=manifest.sha256)

    def listing(self) -> dict[str, tuple[int, int]]:
        """Every object of the store with its size and the nanosecond at which it was written."""
        found = {path: path.stat() for path in self.folder.rglob("*") if path.is_file()}
        return {str(path.relative_to(self.folder)): (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def run_line(day: str) -> dict[str, str]:
    """Seeds, codegen and nightly of one day, each planned, run, loaded and passed by its gate; their run ids."""
    return {pipeline: run_pipeline(pipeline, day) for pipeline in LINE}


def run_pipeline(pipeline: str, day: str, *overrides: str, publishes: bool = True) -> str:
    """One pipeline of one day, where the environment says, as its DAG runs it; the run's id."""
    planned = tasks.plan(pipeline, partition=day, config=CONFIG, overrides=overrides)
    run_id = str(planned["run_id"])
    for spec in stages_of(pipeline):
        if spec.name == "publish":
            tasks.gate(run_id)
        run_stage(spec.name, run_id, [0] if spec.gathers else planned["shards"])
    tasks.finish(run_id, publishes=publishes)
    return run_id


def run_stage(stage: str, run_id: str, shards: Sequence[int]) -> None:
    """One stage over some shards, in this process, each loaded into the ledger."""
    for shard in shards:
        tasks.work(stage, run_id, shard, os.environ)
        tasks.load(run_id, stage, shard)


def caco(place: Place, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        command(*words),
        env={**os.environ, **place.environ, **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def command(*words: str) -> list[str]:
    """The words that start the command line."""
    return [sys.executable, "-m", "caco_tasks.cli", *words]


def sample_ids(keys: RunKeys, shard: int) -> list[str]:
    """The ids that the samples of a shard must have."""
    return [sample_id(keys.draw, index) for index in keys.config.sample_range(shard)]


# what the ledger's own numbers stand for: they are given in the order of loading, and a rebuilt ledger has others
NUMBERS = {
    "run_no": "SELECT run_no, run_id::text FROM caco.run",
    "output_no": "SELECT output_no, key::text FROM caco.output",
    "source_no": "SELECT source_no, concat_ws('/', source, revision, licence) FROM caco.source",
    "dataset_no": "SELECT dataset_no, dataset || '/' || version FROM caco.dataset",
    "replaced_no": "SELECT dataset_no, dataset || '/' || version FROM caco.dataset",
    "reverification_no": "SELECT reverification_no, reverification_id::text FROM caco.reverification",
}


def ledger_content(url: str) -> dict[str, list[str]]:
    """Every row of every table as text, in order, without the times of loading and with names for the ledger's numbers."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = {column: dict(connection.execute(text(query)).all()) for column, query in NUMBERS.items()}
        tables = connection.execute(
            text(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'caco' AND table_type LIKE 'BASE%'"
            )
        ).scalars()
        found = {table: connection.execute(text(f"SELECT * FROM caco.{table}")).mappings().all() for table in tables}
    engine.dispose()
    return {table: sorted(_row_text(row, names) for row in rows) for table, rows in found.items()}


def _row_text(row: Any, names: dict[str, dict[int, str]]) -> str:
    kept = {name: value for name, value in row.items() if name not in TIMES_OF_LOADING}
    named = {name: names[name].get(value, value) if name in names else value for name, value in kept.items()}
    return repr({name: bytes(value) if isinstance(value, memoryview) else value for name, value in named.items()})
