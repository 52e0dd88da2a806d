"""publish: what passed every stage becomes a dataset: parquet files, a card made from the ledger, a manifest.

`datasets/{name}/{version}/` holds `train-00000-of-00001.parquet` and so on, `README.md` and, last, `manifest.json` with
hashes. The version is the partition and the beginning of the run's id: a run has one dataset and publishes it once.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks import __version__
from caco_tasks.context import Context
from caco_tasks.publishing.dataset_card import card_facts, dataset_card
from caco_tasks.publishing.dataset_row import SCHEMA, dataset_row
from caco_tasks.records import PASS, Judged, Sample
from caco_tasks.store.registry import DatasetFile, DatasetRecord, dataset_folder, dataset_manifest_uri


def publish(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """Publishes all samples, in the order of their ids, once the run's counts are shown to add up.

    Raises:
        ConservationError: rows were lost or doubled between two stages of the run; nothing is published.
    """
    samples = sorted(samples, key=lambda sample: sample.sample_id)
    ledger, run = context.services.ledger(), context.run
    ledger.conservation(run.run_id, through="decontaminate")
    name, version = context.config.publish.name, dataset_version(run.partition, run.run_id)
    folder = dataset_folder(name, version)
    files = tuple(_write_file(part, context, f"{folder}/{place}") for place, part in _parts(samples, context))
    facts = card_facts(ledger, run)
    card = dataset_card(facts, run=run, config=context.config, published=len(samples))
    context.services.store.put(f"{folder}/README.md", card.encode())
    record = DatasetRecord(
        dataset=name,
        version=version,
        run_id=run.run_id,
        partition=run.partition,
        rows=len(samples),
        code_version=__version__,
        files=files,
        facts={"card_sha256": hashlib.sha256(card.encode()).hexdigest(), "licences": facts.licences},
    )
    context.services.store.put(dataset_manifest_uri(name, version), record.model_dump_json(indent=1).encode())
    context.facts["artifacts"] = {"dataset": f"{name}/{version}"}
    yield from (Judged(record=sample, verdict=PASS) for sample in samples)


def dataset_version(partition: str, run_id: str) -> str:
    """The version of the dataset that a run publishes."""
    return f"{partition}-{run_id[:8]}"


def _parts(samples: Sequence[Sample], context: Context) -> Iterator[tuple[str, Sequence[Sample]]]:
    size = context.config.publish.rows_per_file
    count = max(1, -(-len(samples) // size))
    for number in range(count):
        yield f"train-{number:05d}-of-{count:05d}.parquet", samples[number * size : (number + 1) * size]


def _write_file(samples: Sequence[Sample], context: Context, uri: str) -> DatasetFile:
    rows = [dataset_row(sample, context.run) for sample in samples]
    buffer = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer, compression="zstd")
    data = buffer.getvalue()
    context.services.store.put(uri, data)
    return DatasetFile(uri=uri, rows=len(rows), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
