"""What names samples and outputs: each key changes with what its work follows from, and with nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import making
import pytest

from caco_tasks.config import SETTINGS_THAT_CHANGE_NO_DATA, RunConfig, load_config
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.identity import BASE, RunKeys, config_hash, pipeline_run_id, prompt_names, training_hash
from caco_tasks.ids import sample_id
from caco_tasks.pipeline import PIPELINES, STAGES, count_shards, find_stage, stages_of
from caco_tasks.planning import check_partition
from caco_tasks.stages import stage_function
from caco_tasks.stages.sample import records
from caco_tasks.stages.shared.prompting import load_stage_prompt
from caco_tasks.store import RunRecord
from caco_tasks.store.manifest import Manifest, output_key

NIGHTLY = [spec.name for spec in stages_of("nightly")]
PROMPTS = {"nano_program.v1": "text 1", "judge.v2": "text 2"}
MODELS = {"codegen": "codegen@1", "reverser": "reverser@1", "solver": "solver@1", "judge": "judge@1"}
BENCHMARKS = {"own": "version 1"}
CONFIG = {
    "samples": 60,
    "shards": 3,
    "models": {
        role: {"model": "trained" if role == "codegen" else "nano:judge", "prompt": prompt}
        for role, prompt in {
            "codegen": "nano_program.v1",
            "reverser": "nano_reverse.v1",
            "solver": "nano_solve.v1",
            "judge": "judge.v2",
        }.items()
    },
    "decontamination": {"benchmarks": [{"name": "own", "path": "own.jsonl"}]},
}


def keys_of(pins: Mapping[str, Any] | None = None, day: str = making.DAY, **changes: Any) -> RunKeys:
    """The keys of a nightly run with these settings and pins, without any attempt."""
    pinned = {"models": MODELS, "prompts": PROMPTS, "benchmarks": BENCHMARKS, **(pins or {})}
    return run_of("nightly", making.small_config(**(CONFIG | changes)), day, **pinned)


def run_of(pipeline: str, config: RunConfig, day: str = making.DAY, **pins: Any) -> RunKeys:
    """The keys of a run of any pipeline."""
    run = RunRecord(
        run_id=pipeline_run_id(pipeline, day, config),
        pipeline=pipeline,
        partition=day,
        config_hash=config_hash(pipeline, config),
        config=config.model_dump(mode="json"),
        code_version="0",
        **pins,
    )
    return RunKeys(run, {})


def changed_stages(one: RunKeys, other: RunKeys) -> list[str]:
    """The stages whose first shard has another key."""
    return [name for name in NIGHTLY if one.key(name, 0) != other.key(name, 0)]


def after(stage: str) -> list[str]:
    """A stage of a nightly run and all that follow it."""
    return NIGHTLY[NIGHTLY.index(stage) :]


SAMPLING = {role: dict(model) for role, model in CONFIG["models"].items()}
LATER = {
    "another judge": ({"judge": {"times": 3}}, "judge"),
    "judges in both orders": ({"judge": {"both_orders": True}}, "judge"),
    "another prompt of the judge": (
        {"models": SAMPLING | {"judge": SAMPLING["judge"] | {"prompt": "nano_judge.v1"}}},
        "judge",
    ),
    "a warmer judge": ({"models": SAMPLING | {"judge": SAMPLING["judge"] | {"temperature": 0.5}}}, "judge"),
    "a rule of agree": ({"agree": {"wrong_unit": "record"}}, "agree"),
    "a longer time for answers": ({"grading": {"timeout_seconds": 9.0}}, "agree"),
    "a rule of reverse": ({"reverse": {"no_question": "off"}}, "reverse"),
    "a rule of screen": ({"screen": {"min_lines": 3}}, "screen"),
    "more memory for programs": ({"sandbox": {"memory_mb": 2048}}, "execute"),
    "other duplicates": ({"dedup": {"behaviour": False}}, "dedup"),
    "another measure of overlap": (
        {"decontamination": {"benchmarks": CONFIG["decontamination"]["benchmarks"], "min_tokens": 7}},
        "reverse",
    ),
    "another name of the dataset": ({"publish": {"name": "other"}}, "publish"),
    "another temperature of CodeGen": (
        {"models": SAMPLING | {"codegen": SAMPLING["codegen"] | {"temperature": 0.5}}},
        "sample",
    ),
}


@pytest.mark.parametrize(("changes", "first"), LATER.values(), ids=LATER)
def test_a_setting_changes_the_keys_of_the_stage_that_reads_it_and_of_those_after(
    changes: dict[str, Any], first: str
) -> None:
    assert changed_stages(keys_of(), keys_of(**changes)) == after(first)


PINNED = {
    "the text of the judge's prompt": ({"prompts": PROMPTS | {"judge.v2": "text 3"}}, "judge"),
    "the text of the start token": ({"prompts": PROMPTS | {"nano_program.v1": "text 3"}}, "sample"),
    "the weights of the judge": ({"models": {"judge": "judge@2"}}, "judge"),
    "the weights of CodeGen": ({"models": {"codegen": "codegen@2"}}, "sample"),
    "the version of a benchmark": ({"benchmarks": {"own": "version 2"}}, "reverse"),
}


@pytest.mark.parametrize(("pins", "first"), PINNED.values(), ids=PINNED)
def test_a_pin_changes_the_keys_of_the_stage_that_needs_it_and_of_those_after(pins: dict[str, Any], first: str) -> None:
    plain = keys_of()
    merged = {name: {**getattr(plain.run, name), **value} for name, value in pins.items()}
    assert changed_stages(plain, keys_of(merged)) == after(first)


FREE = {
    "runner": {"part_rows": 7, "reply_rows": 7, "retries_of_unknown": 3},
    "gate": {"min_published": 7},
    "dry_run": {"share": 0.1},
    "description": "told otherwise",
    "name": "other",
    "sandbox": {"workers": 7, "min_level": "full"},
    "grading": {"workers": 7},
    "train": {"base": "nano:codegen", "epochs": 7},
    "seeds": {"sources": [{"name": "bank", "reader": "bank", "limit": 9}], "shards": 9},
    "evaluate": {"bank_each": 7, "train": {"base": "b"}, "ask": {"model": "b", "prompt": "solve.v1"}},
    "models": {role: {**model, "device": "cuda", "batch_rows": 7, "price": {"prompt": 1}} for role, model in SAMPLING.items()},
}  # fmt: skip


@pytest.mark.parametrize("section", FREE)
def test_what_changes_no_sample_changes_no_key(section: str) -> None:
    assert changed_stages(keys_of(), keys_of(**{section: FREE[section]})) == []


def test_a_benchmark_that_lies_elsewhere_changes_no_key_and_yet_names_another_run() -> None:
    moved = {"benchmarks": [{"name": "own", "path": "elsewhere/own.jsonl"}]}
    assert changed_stages(keys_of(), keys_of(decontamination=moved)) == []
    assert keys_of().run.run_id != keys_of(decontamination=moved).run.run_id


def test_a_training_by_another_adapter_or_revision_of_the_unifier_is_another_one() -> None:
    unifier = ["models.unifier.model=a/b", "models.unifier.prompt=unify.v2"]
    asked = ["models.unifier.adapter=a/c", "models.unifier.adapter=a/d", "models.unifier.revision=0a1b"]
    found = [training_hash(load_config("smoke", [*unifier, *more])) for more in ([], *([one] for one in asked))]
    assert len(set(found)) == 4


def test_a_training_is_the_same_however_its_seeds_are_cut_and_however_its_model_is_sampled() -> None:
    plain = training_hash(load_config("smoke"))
    for same in (
        "seeds.shards=1",
        "models.codegen.temperature=0.5",
        "judge.times=3",
        "screen.trivial=record",
        "samples=7",
    ):
        assert training_hash(load_config("smoke", [same])) == plain, same
    for other in ("train.epochs=9", "seeds.min_seed_grade=B", "screen.min_lines=3", "models.codegen.prompt=program.v1"):
        assert training_hash(load_config("smoke", [other])) != plain, other


SCREENED_SEEDS = {
    "the lines of a program": ("screen.min_lines=3", True, True),
    "the modules that the unifier is told": ('screen.allowed_imports=["math"]', False, True),
    "a rule that the unifier's programs are held to": ("screen.trivial=record", False, True),
    "attempts of the unifier": ("unify.attempts=2", False, True),
    "a check that no seed program meets": ("agree.wrong_unit=record", False, False),
}


@pytest.mark.parametrize(("override", "is_read", "is_read_with_unifier"), SCREENED_SEEDS.values(), ids=SCREENED_SEEDS)
def test_a_setting_names_seed_programs_and_training_where_it_has_a_part_in_them(
    override: str, is_read: bool, is_read_with_unifier: bool
) -> None:
    unifier = ["models.unifier.model=a/b", "models.unifier.prompt=unify.v2", "models.unifier.temperature=0.5"]
    for asked, is_other in (([], is_read), (unifier, is_read_with_unifier)):
        plain, changed = (load_config("smoke", [*asked, *more]) for more in ([], [override]))
        one, other = (run_of("seeds", config, sources={"bank": "r1"}).key("unify", 0) for config in (plain, changed))
        assert (one != other) is is_other
        assert (training_hash(plain) != training_hash(changed)) is is_other


def test_a_source_that_lies_elsewhere_changes_no_key() -> None:
    def keys(path: str) -> RunKeys:
        source = {"name": "gsm8k", "reader": "gsm8k", "path": path}
        return run_of("seeds", making.small_config(seeds={"sources": [source]}), sources={"gsm8k": "its hash"})

    one, other = keys("a.jsonl"), keys("b/a.jsonl")
    assert [one.key(name, 0) for name in ("seeds", "unify")] == [other.key(name, 0) for name in ("seeds", "unify")]
    assert one.run.run_id != other.run.run_id


def test_every_setting_that_changes_no_data_is_left_out_of_what_stages_declare() -> None:
    config = load_config("smoke", ["models.judge.endpoint.concurrency=7"])
    for spec in STAGES.values():
        for path in spec.settings:
            found = config.data_settings(path)
            dropped = [free for free in SETTINGS_THAT_CHANGE_NO_DATA if free.startswith(f"{path}.")]
            assert all(not _has(found, free.removeprefix(f"{path}.")) for free in dropped)


def test_samples_belong_to_a_draw_and_not_to_a_run_or_a_shard(tmp_path: Path) -> None:
    config = making.small_config(**CONFIG)
    plain, other = keys_of(), keys_of(shards=2, judge={"times": 3})
    assert plain.run.run_id != other.run.run_id
    assert plain.draw == other.draw == keys_of(samples=600).draw

    def ids(config: RunConfig) -> list[str]:
        shards = range(config.sample_shards)
        contexts = [making.context_in(tmp_path, "sample", config, shard=shard) for shard in shards]
        return [draw.sample_id for context in contexts for draw in records(context)]

    found = ids(config)
    assert found == ids(making.small_config(**CONFIG | {"shards": 7, "judge": {"times": 3}}))
    assert found == ids(making.small_config(**CONFIG | {"samples": 90}))[:60]
    assert len(set(found)) == 60
    draw = making.keys_in(tmp_path, config).draw  # of prompts that nobody pinned
    assert found == [sample_id(draw, index) for index in range(60)]


OTHER_DRAWS = {
    "another date": keys_of(day="2026-01-03"),
    "another model": keys_of({"models": {"codegen": "codegen@2"}}),
    "another temperature": keys_of(**LATER["another temperature of CodeGen"][0]),
    "another text of the prompt": keys_of({"prompts": PROMPTS | {"nano_program.v1": "text 3"}}),
}


@pytest.mark.parametrize("other", OTHER_DRAWS.values(), ids=OTHER_DRAWS)
def test_another_date_model_sampling_or_prompt_is_another_draw(other: RunKeys) -> None:
    assert other.draw != keys_of().draw
    assert changed_stages(keys_of(), other) == NIGHTLY


def test_a_longer_run_shares_the_keys_of_the_shorter_one() -> None:
    short = keys_of(shards=None, shard_samples=20)
    long = keys_of(shards=None, shard_samples=20, samples=130)
    assert (short.config.sample_shards, long.config.sample_shards) == (3, 7)
    for stage in NIGHTLY[:-1]:
        assert [short.key(stage, shard) for shard in range(3)] == [long.key(stage, shard) for shard in range(3)]
    assert short.key("publish", 0) != long.key("publish", 0)


def test_shards_of_one_stage_have_keys_of_their_own() -> None:
    keys = keys_of()
    assert len({keys.key(stage, shard) for stage in NIGHTLY[:-1] for shard in range(3)}) == 3 * len(NIGHTLY[:-1])


def test_a_dataset_follows_from_all_shards() -> None:
    keys = keys_of()
    assert keys.inputs(find_stage("nightly", "publish"), 0) == tuple(
        keys.key("decontaminate", shard) for shard in range(3)
    )
    assert keys_of(samples=61, shards=None, shard_samples=20).key("publish", 0) != keys.key("publish", 0)


@pytest.mark.parametrize("stage", NIGHTLY)
def test_another_version_of_a_stage_changes_its_keys_and_those_after(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = {name: keys_of().key(name, 0) for name in NIGHTLY}
    raise_version(monkeypatch, stage)
    raised = keys_of()
    assert [name for name in NIGHTLY if raised.key(name, 0) != plain[name]] == after(stage)


def raise_version(monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    """Declares the stage under the next version."""
    newer = [replace(spec, version=spec.version + 1) if spec.name == stage else spec for spec in PIPELINES["nightly"]]
    monkeypatch.setitem(PIPELINES, "nightly", tuple(newer))  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", NIGHTLY)
def test_a_key_is_the_hash_of_what_its_manifest_says(stage: str) -> None:
    keys = keys_of()
    spec = find_stage("nightly", stage)
    told = output_key(keys.recipe(spec), origin=keys.origin(spec, 0), inputs=keys.inputs(spec, 0))
    assert keys.key(stage, 0) == told


def test_keys_are_the_same_on_every_machine_and_in_every_process() -> None:
    recipe = {"stage": "judge", "version": 1, "settings": {"judge": {"times": 1}}, "prompts": {"judge.v1": "é"}}
    first = output_key(recipe, origin={}, inputs=("a", "b"))
    again = output_key(recipe, origin={}, inputs=("a", "b"), attempt=1, previous=first, keeps_known=True)
    assert (first, again) == ("f0847b48a01b911d0c3cfce00a178e39", "ad2edbdbaa7658298f576c5470e442ce")


PINS: dict[str, dict[str, Any]] = {
    "seeds": {"sources": {"bank": "r1"}, "models": {"unifier": "u@1"}},
    "codegen": {"models": {BASE: "b@1"}, "input_keys": ("0" * 32, "1" * 32)},
    "nightly": {"models": MODELS},
    "evaluate": {"models": {BASE: "b@1"}, "dataset": "d/1", "dataset_sha256": "d" * 64, "benchmarks": {"bank": "v1"}},
}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_every_output_of_every_pipeline_has_a_key_before_anything_runs(pipeline: str) -> None:
    keys = run_of(pipeline, load_config("smoke"), **PINS[pipeline])
    found = [keys.key(spec.name, n) for spec in stages_of(pipeline) for n in range(count_shards(spec, keys.config))]
    assert len(set(found)) == len(found)
    assert isinstance(keys.draw, str)


def test_seeds_follow_from_the_revisions_of_their_sources() -> None:
    plain, other = (run_of("seeds", load_config("smoke"), sources={"bank": revision}) for revision in ("r1", "r2"))
    assert plain.draw != other.draw
    assert plain.key("seeds", 0) != other.key("seeds", 0)


def test_a_training_follows_from_the_seed_programs_that_it_reads() -> None:
    one, other = (run_of("codegen", load_config("smoke"), models={BASE: "b"}, input_keys=(key,)) for key in "12")
    assert one.key("train", 0) != other.key("train", 0)
    assert one.inputs(find_stage("codegen", "train"), 0) == ("1",)


def test_the_answers_of_a_base_are_the_same_for_all_its_students() -> None:
    config = load_config("smoke", ["evaluate.draws=8", "evaluate.ask.temperature=0.5"])
    one, other = (
        run_of("evaluate", config, **PINS["evaluate"] | {"dataset": name, "dataset_sha256": sha256 * 64})
        for name, sha256 in (("d/1", "1"), ("d/2", "2"))
    )
    assert one.key("student", 0) != other.key("student", 0)
    same = [shard for shard in range(4) if one.key("evaluate", shard) == other.key("evaluate", shard)]
    assert same == [0, 2]  # of the base: greedy and sampled
    assert [len(one.inputs(find_stage("evaluate", "evaluate"), shard)) for shard in range(4)] == [0, 1, 0, 1]


def test_the_judge_asks_with_the_twin_of_its_prompt_where_both_orders_are_wanted() -> None:
    spec = find_stage("nightly", "judge")
    assert prompt_names(spec, making.small_config(**CONFIG)) == ("judge.v2",)
    both = making.small_config(**CONFIG | {"judge": {"both_orders": True}})
    assert prompt_names(spec, both) == ("judge.v2", "judge_program_first.v2")


def test_a_prompt_that_was_changed_after_the_plan_stops_the_stage(tmp_path: Path) -> None:
    keys = keys_of()
    context = making.context_of(keys, tmp_path, "judge")
    with pytest.raises(
        ConfigError,
        match=rf"^The prompt 'judge\.v2' was changed after run {keys.run.run_id[:12]} was planned: give the new text a "
        r"version of its own, and name it in the config\.$",
    ):
        load_stage_prompt(context, "judge.v2")


CHANGED_PROMPTS = {
    "a training": ("codegen", "train", "nano_program.v1"),
    "a student": ("evaluate", "student", "solve.v1"),
    "an evaluation": ("evaluate", "evaluate", "solve.v1"),
}


@pytest.mark.parametrize(("pipeline", "stage", "prompt"), CHANGED_PROMPTS.values(), ids=CHANGED_PROMPTS)
def test_no_stage_works_with_a_prompt_that_was_changed_after_the_plan(
    tmp_path: Path, pipeline: str, stage: str, prompt: str
) -> None:
    evaluation = {"bank_each": 1, "train": {"base": "b"}, "ask": {"model": "b", "prompt": "solve.v1"}}
    pins = PINS[pipeline] | {"prompts": {prompt: "another text"}}
    keys = run_of(pipeline, making.small_config(evaluate=evaluation, train={"base": "nano:codegen"}), **pins)
    context = making.context_of(keys, tmp_path, stage)
    records = [making.seed_program()] if stage == "train" else []
    with pytest.raises(ConfigError, match="was changed after run"):
        list(stage_function(context.spec)(records, context))


@pytest.mark.parametrize("partition", ["2026-1-2", "2026-02-30", "today", "", "2026-01-02/..", "20260102"])
def test_a_partition_that_is_no_date_is_named(partition: str) -> None:
    with pytest.raises(ConfigError, match="is not a date of the form YYYY-MM-DD"):
        check_partition(partition)


def test_a_log_of_attempts_that_is_damaged_is_named(tmp_path: Path) -> None:
    run = making.nightly_run(making.small_config())
    store = making.store_in(tmp_path)
    uri = f"runs/{run.partition}/{run.run_id}/attempts/judge/00000.json"
    store.put(uri, b'{"attempts": []}')
    with pytest.raises(DamagedError, match=rf"^{uri} is damaged \(attempts: .*\): restore it, or delete it and rerun"):
        RunKeys.of(run, store)


def test_a_manifest_names_what_its_key_hashes_and_the_run_that_made_it() -> None:
    hashed = {"recipe", "origin", "inputs", "attempt", "previous", "keeps_known"}
    assert hashed < set(Manifest.model_fields)
    assert {"run_id", "code_version", "partition"} & hashed == set()


def _has(value: Any, path: str) -> bool:
    key, _, rest = path.partition(".")
    if not isinstance(value, dict):
        return False
    if key == "*":
        return any(_has(below, rest) if rest else True for below in value.values())
    return key in value and (not rest or _has(value[key], rest))
