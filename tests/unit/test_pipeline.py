"""Every stage is declared once, truly, and gets the settings that it declares and no others."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_type_hints

import making
import pytest
from memory_claims import MemoryClaims

from caco_tasks import __version__
from caco_tasks.config import RoleName, RunConfig, load_config
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.errors import ConfigError
from caco_tasks.identity import RunKeys, narrowed_paths
from caco_tasks.llm import Llm, Reply, Request
from caco_tasks.pipeline import (
    PIPELINES,
    STAGES,
    StageSpec,
    check_stage_minutes,
    count_gpus,
    count_shards,
    find_stage,
    mapped_stages,
    stage_before,
    stages_of,
    task_shards,
    time_limit_seconds,
)
from caco_tasks.records import Seed
from caco_tasks.services import TaskServices
from caco_tasks.stages import records_of, stage_function
from caco_tasks.stages.shared.evaluation import evaluation_of
from caco_tasks.stages.student import student
from caco_tasks.store import RunRecord

SPECS = pytest.mark.parametrize("spec", STAGES.values(), ids=STAGES)
SHARED = "caco_tasks.stages.shared."
EVALUATION = {
    "bank_each": 1,
    "max_items": 2,
    "train": {"base": "nano:codegen"},
    "ask": {"model": "nano:codegen", "prompt": "solve.v1"},
}


@SPECS
def test_a_stage_is_the_function_of_its_name_and_makes_its_records_where_it_reads_none(spec: StageSpec) -> None:
    module = import_module(f"caco_tasks.stages.{spec.name}")
    assert stage_function(spec).__module__ == module.__name__
    assert stage_function(spec).__name__ == spec.name
    assert hasattr(module, "records") is (spec.reads is None)


@SPECS
def test_a_stage_adds_a_field_of_what_it_writes(spec: StageSpec) -> None:
    names = {field.name for field in fields(spec.writes)}
    assert spec.adds is None or spec.adds in names
    if spec.role is not None and spec.adds is not None:  # what a model wrote tells what it cost
        hint = get_type_hints(spec.writes)[spec.adds]
        part = next(kind for kind in (*get_args(hint), hint) if is_dataclass(kind))
        assert "generation" in {field.name for field in fields(part)}


@SPECS
def test_a_stage_declares_settings_that_exist(spec: StageSpec) -> None:
    full = load_config("smoke").model_dump(mode="json")
    for path in spec.settings:
        found: Any = full
        for key in path.split("."):
            assert key in found, f"{path} of '{spec.name}'"
            found = found[key]


@SPECS
def test_a_stage_asks_a_role_and_judges_a_part_that_there_are(spec: StageSpec) -> None:
    assert spec.role is None or spec.role in get_args(RoleName)
    assert spec.version >= 1
    assert (spec.text is None) or spec.adds is not None or spec.writes is Seed


def test_the_stages_of_a_pipeline_follow_each_other() -> None:
    assert [spec.name for specs in PIPELINES.values() for spec in specs] == list(STAGES)
    for before, after in (pair for specs in PIPELINES.values() for pair in pairwise(specs)):
        assert after.reads is None or after.reads is before.writes
    for spec in STAGES.values():
        if spec.after is not None:
            assert spec.reads is STAGES[spec.after].writes
    first = [specs[0] for specs in PIPELINES.values()]
    assert all(spec.reads is None or spec.after is not None for spec in first)


def test_there_is_a_file_for_every_stage_and_no_other() -> None:
    folder = Path(str(import_module("caco_tasks.stages").__file__)).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(STAGES)


def test_a_stage_is_found_by_its_name() -> None:
    assert find_stage("nightly", "judge").role == "judge"
    assert stage_before("nightly", "sample") is None
    assert stage_before("nightly", "execute") is find_stage("nightly", "sample")
    assert [spec.name for spec in mapped_stages("nightly")] == [spec.name for spec in stages_of("nightly")][:-1]
    with pytest.raises(ConfigError, match=r"^A run of 'seeds' has no stage 'judge': its stages are seeds, unify\.$"):
        find_stage("seeds", "judge")
    with pytest.raises(
        ConfigError,
        match="There is no pipeline 'nights', the nearest is 'nightly': there are seeds, codegen, nightly, evaluate",
    ):
        stages_of("nights")


@pytest.mark.parametrize(
    ("pipeline", "draws", "shards"),
    [
        ("seeds", 0, [3, 3]),
        ("codegen", 0, [1]),
        ("nightly", 0, [*[2] * len(mapped_stages("nightly")), 1]),
        ("evaluate", 0, [1, 2]),
        ("evaluate", 8, [1, 4]),
    ],
)
def test_a_stage_has_its_own_number_of_shards(pipeline: str, draws: int, shards: list[int]) -> None:
    changes = ["shards=2", "seeds.shards=3", f"evaluate.draws={draws}", "evaluate.ask.temperature=0.5"]
    config = load_config("smoke", changes)
    assert [count_shards(spec, config) for spec in stages_of(pipeline)] == shards


def sections(config: RunConfig) -> set[str]:
    """The settings that can be read at the top of a config."""
    return {name for name in RunConfig.model_fields if _is_readable(config, name)}


@SPECS
def test_a_stage_gets_the_settings_that_it_declares_and_no_others(spec: StageSpec) -> None:
    config = load_config("smoke").narrowed(narrowed_paths(spec))
    declared = {path.partition(".")[0] for path in narrowed_paths(spec)}
    assert sections(config) == {"name", *declared}
    for name in set(RunConfig.model_fields) - declared - {"name"}:
        with pytest.raises(AttributeError, match=name):
            getattr(config, name)
    if spec.role is not None:
        assert set(config.models) <= {spec.role}


def test_a_nested_declaration_leaves_the_rest_of_its_section_out() -> None:
    full = load_config("smoke")
    narrow = evaluation_of(full.narrowed(narrowed_paths(STAGES["student"])))
    assert narrow.train == evaluation_of(full).train
    assert narrow.ask.prompt == evaluation_of(full).ask.prompt
    for settings, name in ((narrow, "benchmarks"), (narrow, "draws"), (narrow.ask, "temperature")):
        with pytest.raises(AttributeError, match=name):
            getattr(settings, name)


@SPECS
def test_the_code_of_a_stage_reads_no_section_that_it_does_not_declare(spec: StageSpec) -> None:
    read = set(_sections_read(f"caco_tasks.stages.{spec.name}"))
    assert read <= {"name", *(path.partition(".")[0] for path in narrowed_paths(spec))}


class Echo:
    """An `Llm` that repeats what it is asked."""

    model_id = "echo@1"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        made = [replace(making.generation(), request_id=request.request_id) for request in requests]
        return [Reply(text=request.text, generation=one) for request, one in zip(requests, made, strict=True)]


class Offline(TaskServices):
    """The platform's own services, but for models and claims."""

    def llm(self, role: RoleName, key: str) -> Llm:
        return Echo()

    def model(self, settings: Any, key: str) -> Llm:
        return Echo()

    def claims(self, key: str) -> Any:
        return MemoryClaims()

    def has_chat_template(self, model: str, revision: str | None) -> bool:
        return True


def offline_context(folder: Path, stage: str) -> Context:
    """A task of a stage with the narrowed settings that the runner gives it."""
    benchmark = {"name": "own", "path": str(folder / "own.jsonl")}
    (folder / "own.jsonl").write_text(
        '{"problem": "What do four pens cost, at five coins each, and how much is left?"}\n'
    )
    config = making.small_config(
        decontamination={"benchmarks": [benchmark]}, dedup={"behaviour": False}, evaluate=EVALUATION
    )
    pipeline = next(name for name, specs in PIPELINES.items() if STAGES[stage] in specs)
    run = making.nightly_run(config) if pipeline == "nightly" else _run(pipeline, config)
    keys = RunKeys(run, {})
    connections = Connections(store=making.store_settings(folder), ledger_url=None, cache=folder / "models")
    services = Offline(connections, run=run, config=config)
    return stage_context(keys, services, STAGES[stage], 0)


NEEDS_MORE = {"unify", "execute", "screen", "train", "publish", "student"}  # sandbox, weights or ledger


@pytest.mark.parametrize("stage", [name for name in STAGES if name not in NEEDS_MORE])
def test_a_stage_works_with_the_settings_that_it_declares(tmp_path: Path, stage: str) -> None:
    context = offline_context(tmp_path, stage)
    with context.services:  # type: ignore[attr-defined]
        records = list(records_of(context)) if context.spec.reads is None else [making.sample("s")]
        judged = list(stage_function(context.spec)(records, context))
    assert records
    assert sorted(row.id for row in judged) == sorted(record.id for record in records)


def test_a_student_learns_by_the_settings_that_it_declares(tmp_path: Path) -> None:
    context = offline_context(tmp_path, "student")
    with pytest.raises(ConfigError, match="'words/1' has no rows"):  # said when all settings were read
        list(student([], context))


def _is_readable(config: RunConfig, name: str) -> bool:
    try:
        getattr(config, name)
    except AttributeError:
        return False
    return True


def _sections_read(module: str) -> Iterator[str]:
    """The sections that `context.config` is asked for in a module, and in those that stages share and it imports from."""
    tree = ast.parse(Path(str(import_module(module).__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "context.config":
            yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node).startswith("evaluation_of(context.config)"):
            yield "evaluate"
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith(SHARED):
            names = {alias.name for alias in node.names}
            yield from (name for name in _read_by_functions(str(node.module), names))


def _read_by_functions(module: str, names: set[str]) -> Iterator[str]:
    tree = ast.parse(Path(str(import_module(module).__file__)).read_text(encoding="utf-8"))
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name in names:
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "context.config":
                    yield node.attr


def _run(pipeline: str, config: RunConfig) -> RunRecord:
    return RunRecord(
        run_id=pipeline,
        pipeline=pipeline,
        partition=making.DAY,
        config_hash="c",
        config=config.model_dump(mode="json"),
        code_version="0",
        models={"base": "b@1"},
        sources={"bank": __version__},
        dataset="words/1",
        dataset_sha256="d" * 64,
    )


VLLM = {"engine": "vllm", "model": "m", "prompt": "solve.v1", "vllm": {"tensor_parallel": 4}}
ENDPOINT = {"engine": "openai", "model": "m", "prompt": "solve.v1", "endpoint": {"base_url": "http://localhost/v1"}}


@SPECS
def test_a_stage_that_may_ask_or_train_a_model_runs_on_the_workers_that_have_them(spec: StageSpec) -> None:
    works_on_models = spec.role is not None or {"train", "evaluate.train", "evaluate.ask"} & set(spec.settings)
    assert (spec.queue == "gpu") == bool(works_on_models)


@pytest.mark.parametrize(
    ("stage", "changes", "gpus"),
    [
        pytest.param("solve", {}, 0, id="on a CPU"),
        pytest.param("solve", {"models": {"solver": {"device": "cuda"}}}, 1, id="on a GPU"),
        pytest.param("solve", {"models": {"solver": {"device": "cuda:0"}}}, 1, id="on a GPU by its number"),
        pytest.param("solve", {"models": {"solver": VLLM}}, 4, id="shared by four"),
        pytest.param("solve", {"models": {"solver": {**ENDPOINT, "device": "cuda"}}}, 0, id="an endpoint"),
        pytest.param("judge", {"models": {"solver": VLLM}}, 0, id="another stage's model"),
        pytest.param("execute", {"models": {"solver": VLLM}}, 0, id="a stage without a model"),
        pytest.param("unify", {"models": {"unifier": VLLM}}, 4, id="the unifier"),
        pytest.param("unify", {}, 0, id="no unifier"),
        pytest.param("train", {}, 1, id="one process"),
        pytest.param("train", {"train": {"hardware": {"processes": 8}}}, 8, id="eight processes"),
        pytest.param("train", {"models": {"codegen": VLLM}}, 4, id="the gate of a training"),
        pytest.param("student", {"evaluate": {"train": {"hardware": {"processes": 2}}}}, 2, id="a student"),
        pytest.param("evaluate", {"evaluate": {"ask": {**VLLM, "model": "nano:codegen"}}}, 4, id="an evaluation"),
    ],
)
def test_a_stage_works_on_so_many_gpus(stage: str, changes: dict[str, Any], gpus: int) -> None:
    assert count_gpus(STAGES[stage], changed(load_config("smoke").model_dump(mode="json"), changes)) == gpus


def changed(values: dict[str, Any], changes: dict[str, Any]) -> RunConfig:
    """The config with some of its settings changed, table by table."""

    def merged(table: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        return table | {
            key: merged(table.get(key) or {}, value) if isinstance(value, dict) else value
            for key, value in other.items()
        }

    return RunConfig.model_validate(merged(values | {"evaluate": EVALUATION}, changes))


@pytest.mark.parametrize(
    ("pipeline", "overrides", "shards"),
    [
        pytest.param("nightly", [], [[0], [1], [2], [3], [4]], id="one each"),
        pytest.param("nightly", ["runner.shards_per_task=2"], [[0, 1], [2, 3], [4]], id="two each, one left"),
        pytest.param("nightly", ["runner.shards_per_task=9"], [[0, 1, 2, 3, 4]], id="all in one"),
        pytest.param("seeds", ["runner.shards_per_task=2"], [[0, 1], [2]], id="of seeds"),
        pytest.param("codegen", ["runner.shards_per_task=2"], [[0]], id="of a training"),
        pytest.param(
            "evaluate", ["runner.shards_per_task=2"], [[0], [1]], id="of contenders, who differ in their model"
        ),
    ],
)
def test_the_shards_of_a_task_are(pipeline: str, overrides: list[str], shards: list[list[int]]) -> None:
    config = load_config("smoke", ["shards=5", "seeds.shards=3", *overrides])
    assert task_shards(pipeline, config) == shards


def test_a_stage_has_the_time_that_the_config_gives_to_each_of_its_shards() -> None:
    config = load_config("smoke", ["runner.stage_minutes={judge = 90, solve = 0.5}"])
    assert time_limit_seconds(STAGES["judge"], config, shards=2) == 2 * 90 * 60
    assert time_limit_seconds(STAGES["solve"], config, shards=1) == 30
    assert time_limit_seconds(STAGES["sample"], config, shards=1) is None


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        pytest.param("{judge = 0}", "'runner.stage_minutes.judge' in", id="none at all"),
        pytest.param("{judge = inf}", "'runner.stage_minutes.judge' in", id="without end"),
        pytest.param(
            "{jugde = 5}", "There is no stage 'jugde' (runner.stage_minutes): there are seeds, unify", id="typo"
        ),
    ],
)
def test_a_limit_of_time_that_cannot_be_kept_is_refused(minutes: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_stage_minutes(load_config("smoke", [f"runner.stage_minutes={minutes}"]))
    assert says in str(refused.value)
