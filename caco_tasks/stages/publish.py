"""publish: what passed every stage becomes a dataset: parquet files, a card made from the ledger, a manifest.

`datasets/{name}/{version}/` holds `train-00000-of-00001.parquet` and so on, `README.md`, `croissant.json`, `manifest.json`
with hashes and, last, `state.json`: the dataset is staged until the run's gate publishes it. The version is the run's date
and the beginning of this output's key, so equal work has one dataset. Samples are written as they come, in the order of their
shards: memory does not grow with their number.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from caco_tasks.config import parse_config
from caco_tasks.context import Context
from caco_tasks.pipeline import stage_before
from caco_tasks.publishing.croissant import put_croissant
from caco_tasks.publishing.dataset_card import CardFacts, card_facts, dataset_card
from caco_tasks.publishing.dataset_files import DatasetWriter
from caco_tasks.publishing.dataset_row import RowOrigin, dataset_row
from caco_tasks.publishing.states import stage_dataset
from caco_tasks.records import PASS, JudgedRecord, PublishedRow, Sample
from caco_tasks.store.file_store import mending_os_errors
from caco_tasks.store.manifest import manifest_uri, parse_manifest
from caco_tasks.store.registry import DatasetFile, DatasetRecord, dataset_folder, dataset_manifest_uri
from caco_tasks.version import code_version


def publish(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[PublishedRow]]:
    """Publishes all samples, in the order in which they come, once the run's counts are shown to add up.

    Raises:
        ConservationError: rows were lost or doubled between two stages of the run; nothing is published.
    """
    ledger = context.services.ledger()
    ledger.conservation(context.run.run_id, through=_stage_before(context))
    yield from publish_rows(samples, context, card_facts(ledger, context.run))


def publish_rows(samples: Iterable[Sample], context: Context, facts: CardFacts) -> Iterator[JudgedRecord[PublishedRow]]:
    """Writes the dataset; `facts` are what its card says of the run.

    Raises:
        ConservationError: other rows came than the outputs that are read have passed.
    """
    store, uris = context.services.store, [manifest_uri(_stage_before(context), key) for key in context.inputs]
    inputs = [parse_manifest(store.get(uri) or b"", uri=uri) for uri in uris]
    settings, folder = context.config.publish, dataset_folder(context.config.publish.name, dataset_version(context))
    sizes = {"rows": sum(made.passed for made in inputs), "rows_per_file": settings.rows_per_file}
    coming, place = iter(samples), context.work_folder()
    with mending_os_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    # a folder of its own, which nobody else removes: a task that is tried again may meet the one before, still at work
    with (
        TemporaryDirectory(prefix=f"{place.name}-", dir=place.parent) as scratch,
        DatasetWriter(store, folder, **sizes, scratch=Path(scratch)) as writer,
    ):
        for made in inputs:
            origin = RowOrigin(
                run=context.run, draw=context.draw, made=made, licence=facts.licence, sources=facts.trained_on
            )
            for sample in islice(coming, made.passed):  # the runner reads one input after the other
                yield JudgedRecord(record=writer.add(dataset_row(sample, origin)), verdict=PASS)
    _write_card_and_manifest(context, facts, writer.files)


def dataset_version(context: Context) -> str:
    """The version of the dataset that an output of this stage is."""
    return f"{context.run.partition}-{context.key[:8]}"


def _stage_before(context: Context) -> str:
    before = stage_before(context.run.pipeline, context.stage)
    return before.name if before is not None else ""


def _write_card_and_manifest(context: Context, facts: CardFacts, files: tuple[DatasetFile, ...]) -> None:
    """Writes card, metadata, manifest and state, in this order: a dataset without a manifest is none."""
    run, store = context.run, context.services.store
    name, version, rows = context.config.publish.name, dataset_version(context), sum(file.rows for file in files)
    # the card describes the whole run, so it reads settings that change no row of this output
    config = parse_config(run.config, origin=f"the record of run {run.run_id}")
    card = dataset_card(facts, run=run, config=config, published=rows).encode()
    store.put(f"{dataset_folder(name, version)}/README.md", card)
    record = DatasetRecord(
        dataset=name,
        version=version,
        run_id=run.run_id,
        partition=run.partition,
        rows=rows,
        code_version=code_version(),
        files=files,
        facts={
            "output_key": context.key,  # reached by it: all outputs that its rows come from, whatever the run has now
            "card_sha256": hashlib.sha256(card).hexdigest(),
            "licence": facts.licence.expression,
            "licence_note": facts.licence.note,
            "sources": list(facts.trained_on),
            **({"unverified": list(config.unverified)} if config.unverified else {}),
        },
    )
    record = put_croissant(store, record)
    store.put(dataset_manifest_uri(name, version), record.model_dump_json(indent=1).encode())
    stage_dataset(store, f"{name}/{version}", by=context.stage, because=f"written by run {run.run_id}")
    context.facts["artifacts"] = {"dataset": f"{name}/{version}"}
