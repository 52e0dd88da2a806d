"""How varied a run's or a dataset's problems are: measured, kept in store and ledger, and drawn.

Vectors of rows are kept in the store, so that the runs that a later one is compared with are embedded once.
"""

import heapq
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import numpy as np

from caco_tasks.check_settings import DiversitySettings
from caco_tasks.config import RunConfig
from caco_tasks.connections import Connections
from caco_tasks.diversity.measurement import Measurement, measure
from caco_tasks.diversity.spread_measures import Vectors
from caco_tasks.domain_tags import domain_of
from caco_tasks.errors import CacoError, ConfigError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.llm.embedding import TextEmbedder, embedder_settings
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.weights import model_identity
from caco_tasks.pipeline import mapped_stages
from caco_tasks.publishing.dataset_files import WithdrawnWarning, dataset_rows, read_dataset
from caco_tasks.publishing.diversity_picture import THEMES, draw_diversity
from caco_tasks.records import Sample
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DiversityRecord, dataset_folder, diversity_uri, vectors_uri
from caco_tasks.store.shards import iterate_shard
from caco_tasks.tasks import config_of, find_run
from caco_tasks.version import code_version
from caco_tasks.work_log import log

VERSION = "diversity.v1"
FALLBACK = "nano:judge"  # bundled, where the config's embedder is not on this machine
ROWS_AT_ONCE = 512  # embedded between two lines of the log
MINUTES = 30  # that a night waits for its measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that are looked at, and what they are of."""

    run: RunRecord
    dataset: str | None  # as name/version; None: rows that a run passed and has not published
    content: str  # hash of what the rows come from
    of: int  # rows that there are
    texts: tuple[str, ...]
    domains: tuple[str | None, ...]

    @property
    def name(self) -> str:
        """The dataset, or the run where there is none."""
        return self.dataset or self.run.run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measurement, and what to tell of how it was made."""

    record: DiversityRecord
    hint: str | None  # what to install for the embedder of the config; None: it was used


def measure_diversity(
    subject: str, *, against: Sequence[str] = (), embedder: str | None = None, connections: Connections | None = None
) -> Measured:
    """Measures the problems of a run, or of a dataset named NAME/VERSION, and registers what was found.

    Without `against` it is compared with the newest earlier datasets of the same name. The same rows, embedder and earlier
    runs are measured once.

    Raises:
        ConfigError: there is no such dataset, or it has no rows.
        LedgerError: there is no such run.
        EngineError: the embedding model cannot be loaded.
    """
    reached = connections or Connections.from_environ(os.environ)
    store, models = open_store(reached.store), LocalModels(reached.models)
    with Ledger(str(reached.ledger_url)) as ledger:
        rows = _read_rows(subject, ledger, store)
        if not rows.texts:
            raise ConfigError(f"{subject} has no rows to compare: measure a run that kept some.")
        settings, hint = find_embedder(_settings(rows.run, embedder), models)
        model_id = model_identity(embedder_settings(settings), models)
        names = list(against) or _earlier_datasets(rows, config_of(rows.run), settings, ledger)
        earlier = [_read_rows(name, ledger, store) for name in names]
        key = _key(rows, earlier, settings, model_id)
        record = _find(store, key)
        if record is None:
            vectors = _Vectors(store, settings, models, model_id)
            found = measure(
                rows.texts,
                rows.domains,
                vectors.of(rows),
                earlier={one.name: vectors.of(one) for one in earlier},
                clusters=settings.clusters,
            )
            record = _record(key, rows, model_id, found)
            store.put(diversity_uri(key), record.model_dump_json(indent=1).encode())
        ledger.register_diversity(record)
        _store_pictures(store, record)
    return Measured(record=record, hint=hint)


def measure_night(run_id: str, environ: Mapping[str, str]) -> dict[str, Any] | None:
    """The same in a process of its own, where the run's config asks for it; None where nothing was measured.

    No night depends on it: whatever goes wrong is logged.
    """
    try:
        with Ledger(str(Connections.from_environ(environ).ledger_url)) as ledger:
            if not config_of(find_run(ledger, run_id)).diversity.nightly:
                return None
        command = [sys.executable, "-m", "caco_tasks.cli", "diversity", run_id, "--json"]
        subprocess.run(command, env=dict(environ), capture_output=True, text=True, timeout=60 * MINUTES, check=True)
    except (CacoError, OSError, subprocess.SubprocessError) as exc:
        said = exc.stderr.strip()[-500:] if isinstance(exc, subprocess.CalledProcessError) else exc
        log.warning("the diversity of run %s was not measured: %s", run_id[:12], said)
        return None
    return {"run_id": run_id}


def find_embedder(settings: DiversitySettings, models: LocalModels) -> tuple[DiversitySettings, str | None]:
    """The settings with an embedder that is on this machine, and what to say where it is not the one that was asked for.

    The Hub is not asked: a night must not wait for it.
    """
    folder = models.find(settings.embedder, settings.revision)
    if folder != settings.embedder or os.path.isdir(folder):
        return settings, None
    hint = (
        f"The embedder {settings.embedder} is not on this machine, and {FALLBACK} stood in for it: `make embedder` gets "
        "all-MiniLM-L6-v2, or put a copy below CACO_MODELS."
    )
    return settings.model_copy(update={"embedder": FALLBACK, "revision": None}), hint


class _Vectors:
    """Vectors of rows, from the store where they are there; the model is loaded for the first that are not."""

    def __init__(self, store: Store, settings: DiversitySettings, models: LocalModels, model_id: str) -> None:
        self._store, self._settings, self._models, self._model_id = store, settings, models, model_id
        self._embedder: TextEmbedder | None = None

    def of(self, rows: Rows) -> Vectors:
        """The vectors of rows, in their order."""
        limits = f"{self._settings.max_tokens} {self._settings.dtype}"
        uri = vectors_uri(content_id("vectors", VERSION, rows.content, len(rows.texts), self._model_id, limits))
        kept = self._store.get(uri)
        if kept is not None:
            found: Vectors = np.load(BytesIO(kept), allow_pickle=False).astype(np.float32)
            found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
            return found
        vectors = np.concatenate(list(self._embed(rows)))
        buffer = BytesIO()
        np.save(buffer, vectors.astype(np.float16))  # cosines keep three digits
        self._store.put(uri, buffer.getvalue())
        return vectors

    def _embed(self, rows: Rows) -> Iterator[Vectors]:
        if self._embedder is None:
            folder = self._models.find(self._settings.embedder, self._settings.revision)
            self._embedder = TextEmbedder(self._settings, folder=folder, model_id=self._model_id)
        for start in range(0, len(rows.texts), ROWS_AT_ONCE):
            yield self._embedder.embed(rows.texts[start : start + ROWS_AT_ONCE])
            log.info(
                "%s: %d of %d rows embedded",
                rows.name[:40],
                min(start + ROWS_AT_ONCE, len(rows.texts)),
                len(rows.texts),
            )


def _settings(run: RunRecord, embedder: str | None) -> DiversitySettings:
    settings = config_of(run).diversity
    return settings if embedder is None else settings.model_copy(update={"embedder": embedder, "revision": None})


def _read_rows(name: str, ledger: Ledger, store: Store) -> Rows:
    """The rows of a dataset, of the dataset of a run, or else those that the last check of a run has passed."""
    if "/" in name:
        return _dataset_rows(name, ledger, store)
    run = find_run(ledger, name)
    datasets = ledger.datasets(run.run_id)
    return _dataset_rows(datasets[0], ledger, store) if datasets else _passed_rows(run, ledger, store)


def _dataset_rows(name: str, ledger: Ledger, store: Store) -> Rows:
    record = read_dataset(store, name)
    run = find_run(ledger, record.run_id)
    settings = config_of(run).diversity
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WithdrawnWarning)  # to look at rows is no use of them
        found = ((row["sample_id"], row["instruction"], row["domain"]) for row in dataset_rows(store, name))
        texts = _drawn(found, settings.max_rows)
    content = content_id("dataset", name, [file.sha256 for file in record.files])
    return _rows(texts, run=run, dataset=name, content=content, of=record.rows)


def _passed_rows(run: RunRecord, ledger: Ledger, store: Store) -> Rows:
    outputs = ledger.outputs(run.run_id, mapped_stages("nightly")[-1].name) if run.pipeline == "nightly" else []
    found = (
        (one.record.sample_id, one.record.problem.text, domain_of(one.record.program.code))
        for output in outputs
        for one in iterate_shard(store, output.uri, Sample, sha256=output.sha256)
        if one.verdict.kept and one.record.problem is not None
    )
    texts = _drawn(found, config_of(run).diversity.max_rows)
    content = content_id("passed", [output.key for output in outputs])
    return _rows(texts, run=run, dataset=None, content=content, of=sum(output.passed for output in outputs))


def _drawn(rows: Iterator[tuple[str, str, str | None]], most: int) -> list[tuple[str, str, str | None]]:
    """So many rows, drawn by the hash of their ids: no more are held in memory."""
    return heapq.nsmallest(most, rows, key=lambda row: (content_id("diversity row", row[0]), row[0]))


def _rows(found: Sequence[tuple[str, str, str | None]], **facts: Any) -> Rows:
    return Rows(texts=tuple(text for _, text, _ in found), domains=tuple(domain for *_, domain in found), **facts)


def _earlier_datasets(rows: Rows, config: RunConfig, settings: DiversitySettings, ledger: Ledger) -> list[str]:
    """The datasets of the same name that count for the newest dates before."""
    name = rows.dataset.partition("/")[0] if rows.dataset is not None else config.publish.name
    by_date = ledger.current_datasets(name, date.min.isoformat(), rows.run.partition)
    earlier = [day for day in sorted(by_date, reverse=True) if day < rows.run.partition]
    return [by_date[day] for day in earlier[: settings.earlier]]


def _key(rows: Rows, earlier: Sequence[Rows], settings: DiversitySettings, model_id: str) -> str:
    compared = [one.content for one in earlier]
    limits = [settings.max_tokens, settings.dtype, settings.clusters, settings.max_rows]
    return content_id("diversity", VERSION, rows.content, compared, model_id, limits)


def _find(store: Store, key: str) -> DiversityRecord | None:
    kept = store.get(diversity_uri(key))
    return None if kept is None else parse_stored(DiversityRecord, kept, uri=diversity_uri(key))


def _record(key: str, rows: Rows, model_id: str, found: Measurement) -> DiversityRecord:
    points = [
        (round(float(x), 4), round(float(y), 4), int(number))
        for (x, y), number in zip(found.places, found.of_row, strict=True)
    ]
    return DiversityRecord.model_validate(
        {
            "diversity_id": key,
            "run_id": rows.run.run_id,
            "dataset": rows.dataset,
            "embedder": model_id,
            "of_rows": rows.of,
            "whole": asdict(found.whole),
            "domains": {name: asdict(figures) for name, figures in found.domains.items()},
            "clusters": [asdict(one) for one in found.clusters],
            "earlier": [asdict(one) for one in found.earlier],
            "points": points,
            "shown": found.shown,
            "measured_at": datetime.now(UTC),
            "code_version": code_version(),
        }
    )


def _store_pictures(store: Store, record: DiversityRecord) -> None:
    """Puts the pictures beside the card that names them; the newest measurement is the one that is shown."""
    if record.dataset is None:
        return
    folder = dataset_folder(*record.dataset.split("/", 1))
    for theme in THEMES:
        store.put(f"{folder}/diversity-{theme}.svg", draw_diversity(record, theme))
