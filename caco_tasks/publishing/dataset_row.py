"""A published row: the columns of the Caco release (instruction, output, answer, code), and where it comes from."""

from typing import Any

import pyarrow as pa

from caco_tasks.records import Sample
from caco_tasks.store import RunRecord

SCHEMA = pa.schema(
    [
        pa.field("instruction", pa.string(), nullable=False),
        pa.field("output", pa.string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("input_json", pa.string(), nullable=False),
        pa.field("output_type", pa.string(), nullable=False),
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("program_id", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("partition", pa.string(), nullable=False),
        pa.field("codegen", pa.string(), nullable=False),
        pa.field("reverser", pa.string(), nullable=False),
        pa.field("solver", pa.string(), nullable=False),
        pa.field("judge", pa.string(), nullable=False),
    ]
)

COLUMNS = {
    "instruction": "the problem, in language",
    "output": "the chain of thought that solves it, written without sight of the program",
    "answer": "the final answer, equal to the program's output",
    "code": "the program: the same reasoning in the unified template",
    "input_json": "the program's `input`, as tagged JSON",
    "output_type": "the type of the program's `output`",
    "sample_id": "the row's id: `caco lineage` explains it",
    "program_id": "hash of the program without comments and layout",
    "run_id": "the run that made it",
    "partition": "the run's date",
    "codegen": "model that wrote the program",
    "reverser": "model that wrote the problem",
    "solver": "model that wrote the chain of thought",
    "judge": "model that judged the three consistent",
}


def dataset_row(sample: Sample, run: RunRecord) -> dict[str, Any]:
    """The published row of a sample that passed every stage; the sample has all its parts."""
    execution, problem, solution, judgement = sample.execution, sample.problem, sample.solution, sample.judgement
    generation = sample.program.generation
    if not (execution and problem and solution and judgement and generation):
        raise ValueError(f"the sample {sample.sample_id} lacks a part and cannot be published")
    return {
        "instruction": problem.text,
        "output": solution.text,
        "answer": solution.answer or execution.output_text,
        "code": sample.program.code,
        "input_json": execution.input_json,
        "output_type": execution.output_type,
        "sample_id": sample.sample_id,
        "program_id": sample.program.program_id,
        "run_id": run.run_id,
        "partition": run.partition,
        "codegen": generation.model_id,
        "reverser": problem.generation.model_id,
        "solver": solution.generation.model_id,
        "judge": judgement.generation.model_id,
    }
