"""`unify` with a model: what no converter finds is asked of the unifier, run in the sandbox and held against gold."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from memory_claims import MemoryClaims

from caco_tasks.config import RunConfig, parse_config
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.identity import RunKeys, pipeline_run_id
from caco_tasks.llm import Llm, open_llm
from caco_tasks.llm.local_models import NANO_FOLDER, LocalModels
from caco_tasks.llm.weights import model_identity
from caco_tasks.pipeline import find_stage
from caco_tasks.records import JudgedRecord, Program, Reason, Seed, SeedProgram
from caco_tasks.sandbox import Job
from caco_tasks.services import TaskServices
from caco_tasks.stages.unify import screened, unify
from caco_tasks.store import RunRecord
from caco_tasks.store.store import StoreSettings

SEED = Seed(seed_id="s0", source="words", revision="r", licence="MIT", key="0", problem="?", solution="!", answer="?")


def config_of(**changes: Any) -> RunConfig:
    """Settings with the bundled CodeGen as unifier: it writes the program that comes to its mind, whatever the problem."""
    model = {"model": "nano:codegen", "prompt": "nano_program.v1", "max_tokens": 256}
    values = {
        "name": "test",
        "samples": 1,
        "seeds": {"sources": [{"name": "words", "reader": "jsonl"}, {"name": "school", "reader": "gsm8k"}]},
        "train": {"base": "nano:codegen"},
        "models": {role: model for role in ("codegen", "reverser", "solver", "judge", "unifier")},
        "publish": {"name": "words"},
    }
    return parse_config(values | changes, origin="the test's settings")


class Memory(TaskServices):
    """The platform's own services, with the claims of one process."""

    def claims(self, key: str) -> Any:
        return MemoryClaims()


def context_in(folder: Path, config: RunConfig) -> Context:
    """The task of unifying, with its store below `folder`."""
    unifier = config.models.get("unifier")
    run = RunRecord(
        run_id=pipeline_run_id("seeds", "2026-01-02", config),
        pipeline="seeds",
        partition="2026-01-02",
        config_hash="c",
        config=config.model_dump(mode="json"),
        code_version="0",
        models={"unifier": model_identity(unifier, LocalModels())} if unifier else {},
    )
    connections = Connections(store=StoreSettings(root=f"file://{folder}"), ledger_url=None, cache=folder / "models")
    services = Memory(connections, run=run, config=config)
    return stage_context(RunKeys(run, {}), services, find_stage("seeds", "unify"), 0)


def unified(folder: Path, config: RunConfig, *seeds: Seed) -> list[JudgedRecord[SeedProgram]]:
    """What `unify` says of seeds."""
    context = context_in(folder, config)
    with cast(Memory, context.services):
        return list(unify(seeds, context))


@pytest.fixture(scope="module")
def answer() -> str:
    """What the program that comes to the model's mind gives."""
    names: dict[str, Any] = {}
    exec(compile(written(), "reply", "exec"), names)
    return str(names["output"])


def written() -> str:
    """The program that the model writes, greedily."""
    from caco_tasks.llm.llm import make_request
    from caco_tasks.llm.prompts import load_prompt

    settings = config_of().models["codegen"]
    llm: Llm = open_llm(settings, folder=str(NANO_FOLDER / "codegen"), model_id="m")
    prompt = load_prompt(settings.prompt, variables=frozenset())
    return llm.generate([make_request(prompt, settings, model_id="m", values={})])[0].text


def test_a_program_of_the_model_that_gives_gold_is_a_seed_program(tmp_path: Path, answer: str) -> None:
    right, wrong = unified(
        tmp_path, config_of(), replace(SEED, answer=answer), replace(SEED, seed_id="s1", answer="-7")
    )
    assert (right.verdict.kept, right.record.grade) == (True, None)
    assert right.record.program is not None
    assert right.record.program.generation is not None
    assert right.record.execution is not None
    assert right.record.execution.output_text == answer
    assert wrong.verdict.reason is Reason.WRONG_ANSWER


def test_the_model_is_asked_where_the_converter_finds_nothing(tmp_path: Path, answer: str) -> None:
    convertible = replace(
        SEED,
        seed_id="s1",
        source="school",
        problem="Ann has 3 pens and buys 4 more, then 5 more, then 6 more. How many pens has she?",
        solution="She has 3+4=<<3+4=7>>7.\nThen 7+5=<<7+5=12>>12.\nThen 12+6=<<12+6=18>>18.",
        answer="18",
    )
    other = replace(SEED, seed_id="s2", source="school", solution="No calculation.", answer=answer)
    rows = {row.record.seed.seed_id: row for row in unified(tmp_path, config_of(), convertible, other)}
    programs = {key: row.record.program for key, row in rows.items()}
    assert all(row.verdict.kept for row in rows.values())
    assert programs["s1"] is not None
    assert programs["s1"].generation is None
    assert programs["s2"] is not None
    assert programs["s2"].generation is not None


def test_without_gold_or_tests_the_model_is_not_asked(tmp_path: Path) -> None:
    (row,) = unified(tmp_path, config_of(), replace(SEED, source="school", answer=None))
    assert row.record.program is None
    assert row.verdict.reason is Reason.NO_PROGRAM_FOUND


def test_without_a_unifier_a_seed_keeps_the_converter_s_verdict(tmp_path: Path) -> None:
    models = {role: model for role, model in config_of().model_dump()["models"].items() if role != "unifier"}
    rows = unified(tmp_path, config_of(models=models), SEED, replace(SEED, seed_id="s1", source="school"))
    assert {row.verdict.reason for row in rows} == {Reason.NO_PROGRAM_FOUND}
    assert {row.record.program for row in rows} == {None}


STATED = """
input = {"pens": 3, "price": 4}

def cost(pens, price):
    dozens = (pens + price) * 0
    dozen = 12
    return dozen + dozens

output = cost(**input)
print(output)
"""


def test_a_program_that_states_its_answer_is_no_seed_program(tmp_path: Path) -> None:
    context = context_in(tmp_path, config_of())
    with cast(Memory, context.services) as services:
        (ran,) = services.sandbox().run([Job(code=STATED)])
        program = Program(program_id="p", code=STATED)
        row = JudgedRecord(record=SeedProgram(seed=SEED, program=program, execution=ran.execution), verdict=ran.verdict)
        (found,) = screened([row], context)
    assert row.verdict.kept
    assert (found.verdict.reason, found.record) == (Reason.TEMPLATE_NOT_MET, row.record)
    assert found.verdict.detail is not None
