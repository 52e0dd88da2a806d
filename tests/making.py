"""Records, runs and stores in a folder for the tests of the core; every field has a value that differs from its neighbours'."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from caco_tasks.config import RunConfig, parse_config
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.identity import TRAINED, RunKeys, config_hash, pipeline_run_id
from caco_tasks.ids import program_id
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.weights import model_identity
from caco_tasks.pipeline import find_stage
from caco_tasks.records import (
    CandidateSolution,
    Execution,
    Generation,
    Grade,
    Judgement,
    Overlap,
    Problem,
    Program,
    Sample,
    Seed,
    SeedProgram,
    Solution,
)
from caco_tasks.services import TaskServices
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.manifest import run_uri
from caco_tasks.store.store import StoreSettings

DAY = "2026-01-02"
CODE = 'input = {"pens": 3, "price": 4}\n\ndef cost(pens, price):\n    return pens * price\n\noutput = cost(**input)\n'


def generation(role: str = "codegen") -> Generation:
    """A reply's origin."""
    return Generation(
        request_id=f"request of {role}",
        model_id=f"{role}@1",
        prompt=f"nano_{role}.v1",
        finish_reason="stop",
        prompt_tokens=5,
        completion_tokens=7,
        seconds=0.25,
    )


def execution(output: str = "12") -> Execution:
    """A program that ran."""
    return Execution(
        input_json='{"pens": 3, "price": 4}',
        output_json=output,
        output_text=output,
        output_type="int",
        stdout=f"{output}\n",
        error=None,
        wall_seconds=0.5,
        cpu_seconds=0.125,
        peak_memory_mb=17.5,
        sandbox_level="partial",
    )


def solution(text: str = "3 × 4 = 12.\nThe answer is \\boxed{12}.", answer: str | None = "12") -> Solution:
    """A chain of thought."""
    return Solution(text=text, answer=answer, generation=generation("solver"), equations_checked=1)


def solutions(*found: tuple[str, str | None]) -> Solution:
    """Several solutions of one problem, as `solve` hands them on: the text and the answer of each."""
    candidates = tuple(
        CandidateSolution(
            text=text,
            answer=answer,
            generation=replace(generation("solver"), request_id=f"request {number}", completion_tokens=10 + number),
        )
        for number, (text, answer) in enumerate(found)
    )
    first = next((one for one in candidates if one.answer is not None), candidates[0])
    return Solution(text=first.text or "", answer=first.answer, generation=first.generation, candidates=candidates)


def sample(name: str = "s0", **changes: Any) -> Sample:
    """A sample that has come all the way down."""
    full = Sample(
        sample_id=name,
        program=Program(program_id=program_id(CODE), code=CODE, generation=generation()),
        execution=execution(),
        problem=Problem(text="What do 3 pens at 4 coins each cost?", generation=generation("reverser")),
        solution=solution(),
        judgement=Judgement(reply="yes", generation=generation("judge")),
        overlaps=(Overlap(benchmark="b", item="7", rule="ngram", score=0.75, matched_text="3 pens at 4"),),
    )
    return replace(full, **changes)


def seed() -> Seed:
    """A seed with every field filled."""
    return Seed(
        seed_id="seed 0",
        source="shop",
        revision="r1",
        licence="CC0-1.0",
        key="17",
        problem="What do 3 pens at 4 coins each cost?",
        solution="3 × 4 = 12",
        answer="12",
        annotation='{"equation": "3*4"}',
        domain="arithmetic",
        difficulty=1,
        raw="{…}",
    )


def seed_program() -> SeedProgram:
    """A seed and its program."""
    return SeedProgram(
        seed=seed(), program=Program(program_id="p", code=CODE), execution=execution(), grade=Grade.A_PLUS
    )


def small_config(**changes: Any) -> RunConfig:
    """Settings of a run over one small shard; `changes` are whole tables."""
    model = {"model": "nano:codegen", "prompt": "nano_program.v1"}
    roles = {role: model for role in ("codegen", "reverser", "solver", "judge")}
    values: dict[str, Any] = {
        "name": "test",
        "samples": 10,
        "shards": 1,
        "seeds": {"sources": [{"name": "bank", "reader": "bank", "limit": 4}]},
        "train": {"base": "nano:codegen"},
        "models": roles,
        "publish": {"name": "shop-words"},
    }
    return parse_config(values | changes, origin="the test's settings")


def nightly_run(config: RunConfig, **pins: Any) -> RunRecord:
    """The record of a run with `config`, planned without a ledger."""
    models = {
        role: model_identity(settings, LocalModels())
        for role, settings in config.models.items()
        if settings.model != TRAINED
    }
    return RunRecord(
        run_id=pipeline_run_id("nightly", DAY, config),
        pipeline="nightly",
        partition=DAY,
        config_hash=config_hash("nightly", config),
        config=config.model_dump(mode="json"),
        code_version="0",
        models={"codegen": "codegen@1", **models},
        **pins,
    )


def register(run: RunRecord, store: Store) -> RunRecord:
    """Puts a run where `caco stage` finds it: in the store, and nowhere else."""
    store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
    return run


def context_in(folder: Path, stage: str, config: RunConfig | None = None, *, shard: int = 0) -> Context:
    """A task of a nightly run whose store is below `folder`, with the platform's own services and no database."""
    return context_of(keys_in(folder, config), folder, stage, shard=shard)


def keys_in(folder: Path, config: RunConfig | None = None) -> RunKeys:
    """The keys of a nightly run, with the attempts that the store below `folder` knows."""
    return RunKeys.of(nightly_run(config or small_config()), store_in(folder))


def context_of(keys: RunKeys, folder: Path, stage: str, *, shard: int = 0) -> Context:
    """The task of one stage of a run."""
    connections = Connections(store=store_settings(folder), ledger_url=None, cache=folder / "models")
    services = TaskServices(connections, run=keys.run, config=keys.config)
    return stage_context(keys, services, find_stage(keys.run.pipeline, stage), shard)


def store_in(folder: Path) -> Store:
    """The store below `folder`."""
    return open_store(store_settings(folder))


def store_settings(folder: Path) -> StoreSettings:
    """Where that store is."""
    return StoreSettings(root=f"file://{folder}/store")


def ids_of(records: Sequence[Sample]) -> list[str]:
    """The ids of samples."""
    return [record.sample_id for record in records]
