"""A published dataset for tests that start from one: problems of the bank, solved by hand, as rows of a night."""

import hashlib
from collections.abc import Iterator
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.config import load_config
from caco_tasks.ids import program_id, run_id
from caco_tasks.ledger import Ledger
from caco_tasks.publishing.dataset_row import SCHEMA, dataset_row
from caco_tasks.records import Execution, Generation, Judgement, Problem, Program, Sample, Solution
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.registry import DatasetFile, DatasetRecord, dataset_folder, dataset_manifest_uri

NAME, VERSION = "bank-words", "2026-11-01-0"


def publish_bank(store: Store, ledger: Ledger, *, each: int, partition: str = "2026-11-01") -> str:
    """Publishes `each` problems of every family, of numbers from 0; the dataset as name/version."""
    config = load_config("smoke", [f"publish.name={NAME}"])
    run = RunRecord(
        run_id=run_id("nightly", partition, config.fingerprint()),
        pipeline="nightly",
        partition=partition,
        config_hash=config.fingerprint(),
        config=config.model_dump(mode="json"),
        code_version="0.1.0",
    )
    rows = [dataset_row(_sample(problem), run) for problem in _problems(each)]
    buffer = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), buffer)
    uri, data = f"{dataset_folder(NAME, VERSION)}/train-00000-of-00001.parquet", buffer.getvalue()
    store.put(uri, data)
    file = DatasetFile(uri=uri, rows=len(rows), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    record = DatasetRecord(
        dataset=NAME,
        version=VERSION,
        run_id=run.run_id,
        partition=partition,
        rows=len(rows),
        code_version="0.1.0",
        files=(file,),
    )
    store.put(dataset_manifest_uri(NAME, VERSION), record.model_dump_json().encode())
    ledger.register_run(run)
    ledger.register_dataset(record, store)
    return f"{NAME}/{VERSION}"


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
        sample_id=problem.key,
        program=Program(program_id=program_id(problem.program), code=problem.program, generation=by),
        execution=ran,
        problem=Problem(text=problem.problem, generation=by),
        solution=Solution(text=problem.solution, answer=problem.answer, generation=by),
        judgement=Judgement(reply="yes", generation=by),
    )
