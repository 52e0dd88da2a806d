"""What the platform costs beside the engine that it runs: rows and tokens per second through the runner, and without it.

Both ways ask one loaded model the same prompts in this process, in turns. The raw way hands the engine all requests at
once. The platform's way is the stage `solve` under the runner: it reads a shard, asks part after part, keeps the replies,
and writes rows, verdicts and a manifest to a store of files. With a GPU the engine is vLLM and the model has
half a billion random weights; without one it is the nano writer on Transformers, and seconds are those of the process's cores.
"""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from caco_tasks.bank.held_out import held_out_problems
from caco_tasks.config import RunConfig, load_config
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.identity import RunKeys
from caco_tasks.llm import Llm, Reply, open_llm
from caco_tasks.llm.llm import Engine, make_request
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.llm.prompts import load_prompt
from caco_tasks.llm.reply_cache import CachingLlm, ReplyCache, SharedEngine
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import find_stage
from caco_tasks.records import PASS, Generation, JudgedRecord, Problem, Program, Sample
from caco_tasks.runner import make_output, write_output
from caco_tasks.services import TaskServices

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import connections_in, keys_of

ROUNDS = 3
CPU_ROWS, GPU_ROWS = 256, 8192
PROMPT = "nano_solve.v1"  # raw text, as a model without a chat template takes it

Figures = dict[str, float]


class OneModel(TaskServices):
    """The platform's services, whose solver is an engine that is loaded already."""

    def __init__(self, connections: Connections, *, keys: RunKeys, engine: Engine) -> None:
        super().__init__(connections, run=keys.run, config=keys.config)
        self._engine = engine

    def llm(self, role: Any, key: str) -> Llm:
        """The engine behind its cached replies, as `TaskServices.llm` opens it."""
        settings, model_id = self._config.models[role], self._engine.model_id
        rows = self._config.runner.reply_rows
        replies = ReplyCache(self.store, model_id=model_id, namespace="bench", engine=settings.engine, rows=rows)
        self._stack.callback(replies.write_index)
        engine = SharedEngine(lambda: self._engine)
        return CachingLlm(engine, replies, model_id=model_id, key=key, price=settings.price)


def bench() -> dict[str, Any]:
    """Asks the same prompts through the platform and raw, the order changing from round to round.

    Returns:
        Per way "rows_per_second" and "tokens_per_second" (written tokens; medians over the rounds), the ratio of the
        tokens per second, its value in each round, and engine, model and machine.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder:
        has_gpu = _has_gpu()
        config = _config(Path(folder), has_gpu=has_gpu)
        solver = config.models["solver"]
        engine = open_llm(solver, folder=_folder_of(solver), model_id="bench")
        problems = bank_problems(GPU_ROWS if has_gpu else CPU_ROWS)
        for way in (platform_way, raw_way):
            way(engine, config, problems)  # imports, kernels, memory and clocks get warm
        rounds = [_round(number, engine, config, problems) for number in range(ROUNDS)]
    ratios = [each["platform"]["tokens_per_second"] / each["raw"]["tokens_per_second"] for each in rounds]
    return {
        "platform": _median([each["platform"] for each in rounds]),
        "raw": _median([each["raw"] for each in rounds]),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "rows": len(problems),
        "engine": solver.engine,
        "model": "half a billion random weights" if has_gpu else solver.model,
        "machine": _machine(has_gpu),
        "load": round(os.getloadavg()[0], 1),
    }


def raw_way(engine: Engine, config: RunConfig, problems: Sequence[str]) -> Figures:
    """The engine alone, all requests in one call."""
    settings = config.models["solver"]
    prompt = load_prompt(settings.prompt, variables=frozenset(("problem",)))
    begun = clock()
    requests = [
        make_request(prompt, settings, model_id=engine.model_id, values={"problem": problem}) for problem in problems
    ]
    replies: list[Reply] = engine.generate(requests)
    return _figures(sum(reply.generation.completion_tokens for reply in replies), len(replies), begun)


def platform_way(engine: Engine, config: RunConfig, problems: Sequence[str]) -> Figures:
    """The stage `solve` under the runner, from a shard in a store to its manifest."""
    keys = keys_of(config)
    with _prepared(keys, problems) as connections:
        begun = clock()
        with OneModel(connections, keys=keys, engine=engine) as services:
            manifest = make_output(stage_context(keys, services, find_stage("nightly", "solve"), 0), keys)
        return _figures(manifest.completion_tokens, manifest.read, begun)


@contextmanager
def _prepared(keys: RunKeys, problems: Sequence[str]) -> Iterator[Connections]:
    """A new store with an output of problems, which the stage is to solve."""
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder:
        connections = connections_in(Path(folder))
        judged = [JudgedRecord(record=_sample(number, text), verdict=PASS) for number, text in enumerate(problems)]
        with TaskServices(connections, run=keys.run, config=keys.config) as services:
            write_output(stage_context(keys, services, find_stage("nightly", "reverse"), 0), keys, judged)
        yield connections


def _round(number: int, engine: Engine, config: RunConfig, problems: Sequence[str]) -> dict[str, Figures]:
    ways = {"platform": platform_way, "raw": raw_way}
    order = sorted(ways, reverse=number % 2 == 1)  # whoever comes second may find prompts in the engine's cache
    return {name: ways[name](engine, config, problems) for name in order}


def _config(folder: Path, *, has_gpu: bool) -> RunConfig:
    """The nano config; with a GPU its solver is a larger model, of random weights, in `folder`."""
    if not has_gpu:
        return load_config("nano", ["models.solver.batch_rows=128", "models.solver.max_tokens=96"])
    _write_random_model(folder / "model")
    return load_config(
        "nano",
        [
            "models.solver.engine=vllm",
            f"models.solver.model={folder / 'model'}",
            f"models.solver.prompt={PROMPT}",
            "models.solver.dtype=bfloat16",
            "models.solver.device=cuda",
            "models.solver.max_tokens=256",
            "models.solver.batch_rows=512",
            "models.solver.temperature=0.7",
        ],
    )


def _write_random_model(folder: Path) -> None:
    """A Llama of 0.52 billion random weights with the nano tokenizer."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(NANO_FOLDER / "writer")
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=1536,
        intermediate_size=4096,
        num_hidden_layers=18,
        num_attention_heads=12,
        num_key_value_heads=12,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(shape).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _folder_of(settings: ModelSettings) -> str:
    return str(NANO_FOLDER / settings.model.removeprefix("nano:")) if ":" in settings.model else settings.model


def bank_problems(count: int) -> list[str]:
    """Problems of the bank, all different."""
    found = dict.fromkeys(problem.problem for problem in held_out_problems(count // 90 + 2))
    return list(found)[:count]


def _sample(number: int, problem: str) -> Sample:
    made = Generation(
        request_id=str(number),
        model_id="bench",
        prompt="none",
        finish_reason="stop",
        prompt_tokens=0,
        completion_tokens=0,
        seconds=0.0,
    )
    program = Program(program_id=str(number), code="", generation=made)
    return Sample(sample_id=str(number), program=program, problem=Problem(text=problem, generation=made))


def _figures(tokens: int, rows: int, begun: float) -> Figures:
    seconds = clock() - begun
    return {"rows_per_second": rows / seconds, "tokens_per_second": tokens / seconds}


def _median(figures: Sequence[Figures]) -> Figures:
    return {name: round(statistics.median(each[name] for each in figures), 1) for name in figures[0]}


def clock() -> float:
    """Seconds: of the wall with a GPU; without one of this process's cores, which a busy machine does not stretch."""
    return time.perf_counter() if _has_gpu() else time.process_time()


@cache
def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _machine(has_gpu: bool) -> str:
    import torch

    gpu = f", {torch.cuda.get_device_name()}" if has_gpu else ""
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores{gpu}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
