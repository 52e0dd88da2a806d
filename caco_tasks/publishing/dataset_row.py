"""A published row: the columns of the Caco release (instruction, output, answer, code), and all that explains them.

A row has to make sense to someone who has the file and nothing else: its licence, and every id by which the ledger and the
store tell how it came to be.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from caco_tasks.domain_tags import domain_of
from caco_tasks.publishing.licences import Licence
from caco_tasks.records import Generation, Reason, Sample
from caco_tasks.store import Manifest, RunRecord

# a column that is added later has to be nullable, so that datasets of today can be read with it
_NULLABLE = {
    "licence", "licence_note", "domain", "difficulty", "pass_rate", "solutions", "steps", "depth", "index",
    "codegen_run", "seed_run",
    "origin", "operator", "codegen", "codegen_prompt", "codegen_request",
    "judge", "judge_prompt", "judge_request",
}  # fmt: skip
_TYPES = {
    "difficulty": pa.int64(),
    "pass_rate": pa.float64(),
    "solutions": pa.int64(),
    "steps": pa.int64(),
    "depth": pa.int64(),
    "index": pa.int64(),
    "sources": pa.list_(pa.string()),
    "parents": pa.list_(pa.string()),
    "findings": pa.list_(pa.string()),
}

COLUMNS = {
    "instruction": "the problem, in language",
    "output": "the chain of thought that solves it, written without sight of the program",
    "answer": "the final answer, equal to the program's output unless `findings` holds `answers_differ` or "
    "`answers_not_compared`",
    "code": "the program: the same reasoning in the unified template",
    "input_json": "the program's `input`, as tagged JSON",
    "output_type": "the type of the program's `output`",
    "licence": "SPDX expression: the licences of all sources behind the model that wrote the program; null: not known",
    "licence_note": "why the licence is not known; null: it is",
    "sources": "names of the sources whose solved problems that model was trained on",
    "domain": "the program's domain, where the model was trained to name it; null: not known",
    "difficulty": "1 to 5, by fifths of `pass_rate`: 1 is above 0.8, 5 up to 0.2; null: not known",
    "pass_rate": "share of the solver's solutions that agree with the program, lost ones left out; null: it was asked once",
    "solutions": "how many solutions the solver was asked for, of which `output` is one; null: one",
    "steps": "statements of the program that compute something, each once; null: not measured",
    "depth": "values that the program computes one from the other, up to its output; null: not measured",
    "findings": "reasons of rules that the config records and does not reject for",
    "sample_id": "the row's id: `caco lineage` explains it",
    "program_id": "hash of the program without comments and layout",
    "draw": "what the program was drawn from: hash of date, model, sampling settings and prompt",
    "index": "the sample's number in its draw, from 0; null: not drawn",
    "run_id": "the run that published it",
    "partition": "the run's date",
    "output_key": "the output in the store that holds the whole sample, with every reply: `outputs/decontaminate/KEY`",
    "code_version": "version and commit of the code that made that output",
    "seed_run": "the run that turned the sources into seed programs; null: the model was not trained here",
    "codegen_run": "the run that trained the model which wrote the program; null: it was not trained here",
    "origin": "compose or mutate: how the program was made of verified programs; null: CodeGen wrote it",
    "operator": "what was done to them, as `tax`: docs/offspring.md has the list; null: as `origin`",
    "parents": "program ids of the verified seed programs that it was made of; empty: as `origin`",
    "codegen": "model that wrote the program; null: it was made of others, see `origin`",
    "codegen_prompt": "name and version of its prompt; null: as `codegen`",
    "codegen_request": "id of the request, under which its reply is kept; null: as `codegen`",
    "reverser": "model that wrote the problem",
    "reverser_prompt": "name and version of its prompt",
    "reverser_request": "id of the request",
    "solver": "model that wrote the chain of thought",
    "solver_prompt": "name and version of its prompt",
    "solver_request": "id of the request",
    "judge": "model that judged the three consistent; null: none was asked, and `findings` holds `not_judged`",
    "judge_prompt": "name and version of its first prompt; null: as `judge`",
    "judge_request": "id of its first request; null: as `judge`",
}
SCHEMA = pa.schema([pa.field(name, _TYPES.get(name, pa.string()), nullable=name in _NULLABLE) for name in COLUMNS])


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOrigin:
    """What the rows of one output have in common."""

    run: RunRecord
    draw: str
    made: Manifest  # of the output that the samples come from
    licence: Licence
    sources: tuple[str, ...]


def dataset_row(sample: Sample, origin: RowOrigin) -> dict[str, Any]:
    """The published row of a sample that passed every stage; the sample has all its parts.

    Raises:
        ValueError: it lacks one.
    """
    execution, problem, solution, judgement = sample.execution, sample.problem, sample.solution, sample.judgement
    generation, made_of, run = sample.program.generation, sample.program.origin, origin.run
    is_judged = judgement or any(finding.reason is Reason.NOT_JUDGED for finding in sample.findings)
    if not (execution and problem and solution and is_judged and (generation or made_of)):
        raise ValueError(f"the sample {sample.sample_id} lacks a part and cannot be published")
    return {
        "instruction": problem.text,
        "output": solution.text,
        "answer": solution.answer or execution.output_text,  # as the solution writes it, which is how a student will
        "code": sample.program.code,
        "input_json": execution.input_json,
        "output_type": execution.output_type,
        "licence": origin.licence.expression,
        "licence_note": origin.licence.note,
        "sources": list(origin.sources),
        "domain": domain_of(sample.program.code),
        # how hard a seed was says nothing of a program that was sampled from nothing
        "difficulty": difficulty_of(solution.pass_rate),
        "pass_rate": solution.pass_rate,
        "solutions": len(solution.candidates) or None,
        "steps": sample.measures.steps if sample.measures else None,
        "depth": sample.measures.depth if sample.measures else None,
        "findings": [str(finding.reason) for finding in sample.findings],
        "sample_id": sample.sample_id,
        "program_id": sample.program.program_id,
        "draw": origin.draw,
        "index": sample.index,
        "run_id": run.run_id,
        "partition": run.partition,
        "output_key": origin.made.key,
        "code_version": origin.made.code_version,
        "seed_run": run.seed_run_id,
        "codegen_run": run.codegen_run_id,
        "origin": made_of.kind if made_of else None,
        "operator": made_of.operator if made_of else None,
        "parents": list(made_of.parents) if made_of else [],
        **_written_by("codegen", generation),
        **_written_by("reverser", problem.generation),
        **_written_by("solver", solution.generation),
        **_written_by("judge", judgement.generation if judgement else None),
    }


def difficulty_of(pass_rate: float | None) -> int | None:
    """1 where more than four fifths of a problem's solutions agree with the program, 5 where at most one fifth does.

    It is the scale of `Seed.difficulty`. None: one solution was asked for, which tells nothing.
    """
    return None if pass_rate is None else 5 - sum(pass_rate > bound for bound in (0.2, 0.4, 0.6, 0.8))


def _written_by(role: str, made: Generation | None) -> dict[str, str | None]:
    if made is None:
        return dict.fromkeys((role, f"{role}_prompt", f"{role}_request"))
    return {role: made.model_id, f"{role}_prompt": made.prompt, f"{role}_request": made.request_id}
