"""Datasets for tests that start from one: problems of the bank, solved by hand, as rows of a nightly run."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import making

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.identity import RunKeys, pipeline_run_id
from caco_tasks.ids import content_id, program_id, sample_id
from caco_tasks.ledger import FunnelRow, Ledger, RejectRow, SourceRow
from caco_tasks.pipeline import find_stage
from caco_tasks.publishing.dataset_card import CardFacts
from caco_tasks.publishing.dataset_files import DatasetWriter
from caco_tasks.publishing.dataset_row import RowOrigin, dataset_row
from caco_tasks.publishing.licences import Licence
from caco_tasks.publishing.states import change_state, stage_dataset
from caco_tasks.records import Execution, Generation, Judgement, Problem, Program, Sample, Solution
from caco_tasks.sandbox.values import encode
from caco_tasks.stages.publish import publish_rows
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import manifest_uri
from caco_tasks.store.registry import DatasetRecord, dataset_folder, dataset_manifest_uri

NAME, VERSION = "bank-words", "2026-11-01-0"
ROWS = 5  # of `publish_shop_words`


def publish_bank(store: Store, ledger: Ledger, *, each: int, partition: str = "2026-11-01") -> str:
    """Publishes `each` problems of every family, of numbers from 0; the dataset as name/version."""
    config = making.small_config(publish={"name": NAME})
    dated = {"partition": partition, "run_id": pipeline_run_id("nightly", partition, config)}
    run = making.nightly_run(config).model_copy(update=dated)
    dataset = write_dataset(store, run, [_sample(problem) for problem in _problems(each)], name=f"{NAME}/{VERSION}")
    ledger.register_run(run)
    ledger.register_dataset(dataset, store)
    return f"{NAME}/{VERSION}"


def publish_shop_words(folder: Path) -> Path:
    """Publishes three files with five rows into the store below `folder`, as the stage does; the dataset's folder.

    Program, answer and equations of every row are right.
    """
    config = making.small_config(publish={"name": "shop-words", "rows_per_file": 2})
    context = making.context_in(folder, "publish", config)
    made = last_output(context.run, passed=ROWS)
    context.services.store.put(manifest_uri("decontaminate", made.key), made.model_dump_json().encode())
    draw = row_origin(context.run).draw
    list(publish_rows((_right_sample(index, draw) for index in range(ROWS)), context, facts("MIT")))
    [manifest] = (folder / "store" / "datasets").rglob("manifest.json")
    name = f"shop-words/{manifest.parent.name}"
    change_state(context.services.store, name, "published", by="gate", because="the gate passed")
    return manifest.parent


def _right_sample(index: int, draw: str) -> Sample:
    full = making.sample(sample_id(draw, index), index=index)
    assert full.execution is not None
    return replace(full, execution=replace(full.execution, input_json=encode({"pens": 3, "price": 4})))


def write_dataset(
    store: Store, run: RunRecord, samples: Iterable[Sample], *, name: str, rows_per_file: int = 100_000
) -> DatasetRecord:
    """A published dataset in the store, without an output that it was made from."""
    rows = [dataset_row(sample, row_origin(run)) for sample in samples]
    folder, (dataset, _, version) = dataset_folder(*name.split("/")), name.partition("/")
    sizes = {"rows": len(rows), "rows_per_file": rows_per_file}
    with TemporaryDirectory() as scratch, DatasetWriter(store, folder, **sizes, scratch=Path(scratch)) as writer:
        for row in rows:
            writer.add(row)
    record = DatasetRecord(
        dataset=dataset,
        version=version,
        run_id=run.run_id,
        partition=run.partition,
        rows=len(rows),
        code_version="0.1.0",
        files=writer.files,
    )
    store.put(dataset_manifest_uri(dataset, version), record.model_dump_json().encode())
    stage_dataset(store, name, by="publish", because="written by a test")
    change_state(store, name, "published", by="gate", because="the gate passed")
    return record


def row_origin(run: RunRecord) -> RowOrigin:
    """What the rows of a run's only output have in common."""
    return RowOrigin(
        run=run,
        draw=RunKeys(run, {}).draw,
        made=last_output(run),
        licence=Licence("CC0-1.0", None),
        sources=("bank",),
    )


def last_output(run: RunRecord, *, shard: int = 0, passed: int = 1) -> Manifest:
    """What the manifest of a run's last check says, without its rows."""
    keys = RunKeys(run, {})
    spec = find_stage("nightly", "decontaminate")
    return Manifest(
        key=keys.key(spec.name, shard),
        stage=spec.name,
        shard=shard,
        recipe=keys.recipe(spec),
        origin=keys.origin(spec, shard),
        inputs=keys.inputs(spec, shard),
        run_id=run.run_id,
        pipeline=run.pipeline,
        partition=run.partition,
        code_version="0.1.0+gabc",
        record="Sample",
        uri=f"outputs/decontaminate/{shard}.parquet",
        rows=passed,
        bytes=1,
        sha256="0" * 64,
        read=passed,
        passed=passed,
        failed=0,
        unknown=0,
        reasons={},
        seconds=1.0,
    )


def facts(*licences: str, **changes: Any) -> CardFacts:
    """What a ledger could say of a small run."""
    counts = {"shards": 1, "unknown": 0, "kept_share": 0.75, "seconds": 1.0}
    found = CardFacts(
        funnel=[FunnelRow(run_id="r", stage="sample", read=4, passed=3, failed=1, **counts)],  # type: ignore[arg-type]
        reasons=[
            RejectRow(run_id="r", stage="sample", outcome="fail", reason="cut_off", records=1, share_of_read=0.25)
        ],
        sources=[
            SourceRow(source=f"source {n}", revision="r1", licence=licence, seeds=5, verified=4)
            for n, licence in enumerate(licences)
        ],
        manifests={},
    )
    return replace(found, **changes)


def _problems(each: int) -> Iterator[BankProblem]:
    for number in range(each):
        yield from (draw_problem(family, number) for family in FAMILIES)


def _sample(problem: BankProblem) -> Sample:
    by = Generation(
        request_id=problem.key,
        model_id="by hand",
        prompt="none",
        finish_reason="stop",
        prompt_tokens=0,
        completion_tokens=0,
        seconds=0.0,
    )
    ran = Execution(
        input_json="{}",
        output_json=problem.answer,
        output_text=problem.answer,
        output_type="int",
        stdout="",
        error=None,
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_memory_mb=0.0,
        sandbox_level="full",
    )
    return Sample(
        sample_id=content_id("published", problem.key),
        program=Program(program_id=program_id(problem.program), code=problem.program, generation=by),
        execution=ran,
        problem=Problem(text=problem.problem, generation=by),
        solution=Solution(text=problem.solution, answer=problem.answer, generation=by),
        judgement=Judgement(reply="yes", generation=by),
    )
