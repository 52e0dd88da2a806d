"""What the Transformers engine saves beside the library's own `generate`, for several replies to each of some problems.

Both ways ask one loaded model, the solver of a config, the same requests in the same batches of like length, in turns. The
plain way is one call of `generate` a batch: it runs until its longest row ends, and reads a prompt once for each reply.
Seconds are those of this process's cores; with a GPU, of the wall. What is sampled differs from way to way, so tokens a
second are compared.

    caco bench batches --config smol
"""

import json
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

from generate import bank_problems, clock

from caco_tasks.config import load_config
from caco_tasks.connections import models_folder
from caco_tasks.llm.llm import Request, make_request
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.prompts import load_prompt
from caco_tasks.llm.transformers_engine import TransformersLlm, encode, merge_adapter
from caco_tasks.llm.turns import stop_ids
from caco_tasks.model_settings import ModelSettings

ROUNDS = 3
PROBLEMS = 24
REPLIES_EACH = 8  # to one problem, as `solver.samples` asks for

Way = Callable[[Sequence[Request]], int]  # returns how many tokens were written


def bench(config: str = "nano", each: int = REPLIES_EACH) -> dict[str, Any]:
    """Asks both ways, the order changing from round to round.

    Returns:
        Per way "tokens_per_second" (written tokens; the median over the rounds), the ratio engine to plain, its value in each
        round, and what was asked of which model.
    """
    settings = load_config(config).models["solver"]
    ways = _ways(settings)
    requests = _requests(settings, each)
    for way in ways.values():
        way(requests[: settings.batch_rows])  # imports, kernels and memory get warm
    rounds = [_round(number, ways, requests) for number in range(ROUNDS)]
    ratios = [speeds["engine"] / speeds["plain"] for speeds in rounds]
    return {
        "tokens_per_second": {name: round(statistics.median(one[name] for one in rounds), 1) for name in ways},
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "model": settings.model,
        "problems": PROBLEMS,
        "replies_each": each,
        "batch_rows": settings.batch_rows,
        "load": round(os.getloadavg()[0], 1),
    }


def _round(number: int, ways: dict[str, Way], requests: Sequence[Request]) -> dict[str, float]:
    speeds = {}
    for name in sorted(ways, reverse=number % 2 == 1):
        begun = clock()
        speeds[name] = ways[name](requests) / (clock() - begun)
    return speeds


def _ways(settings: ModelSettings) -> dict[str, Way]:
    """The engine, and the library alone, over the same weights, each loaded once."""
    models = LocalModels(models_folder(os.environ))
    folder = models.find(settings.model, settings.revision)
    adapter = settings.adapter and models.find_adapter(settings.adapter, base=settings.model)
    engine = TransformersLlm(settings, folder=folder, model_id="bench", adapter=adapter)
    tokenizer, model = _load_plainly(settings, folder, adapter)

    def ask_engine(requests: Sequence[Request]) -> int:
        return sum(reply.generation.completion_tokens for reply in engine.generate(requests))

    def ask_plainly(requests: Sequence[Request]) -> int:
        prompts = sorted((encode(tokenizer, request, settings, "bench") for request in requests), key=len)
        starts = range(0, len(prompts), settings.batch_rows)
        return sum(_generate(tokenizer, model, settings, prompts[at : at + settings.batch_rows]) for at in starts)

    return {"engine": ask_engine, "plain": ask_plainly}


def _load_plainly(settings: ModelSettings, folder: str, adapter: str | None) -> tuple[Any, Any]:
    """Tokenizer and model as the library loads them, the adapter merged."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, settings.dtype))
    model = model if adapter is None else merge_adapter(model, adapter)
    model.generation_config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id
    return tokenizer, model.to(settings.device).eval()


def _generate(tokenizer: Any, model: Any, settings: ModelSettings, prompts: Sequence[list[int]]) -> int:
    """One batch by the library alone: how many tokens it has written before the ends of the rows."""
    import torch

    batch = tokenizer.pad({"input_ids": list(prompts)}, return_tensors="pt").to(model.device)
    ends = stop_ids(tokenizer, model.generation_config)
    sampling = (
        {"do_sample": True, "temperature": settings.temperature} if settings.temperature else {"do_sample": False}
    )
    with torch.inference_mode():
        written = model.generate(**batch, eos_token_id=ends, max_new_tokens=settings.max_tokens, **sampling)
    new = written[:, batch["input_ids"].shape[1] :]
    # a row that has ended is filled up with padding
    over = torch.isin(new, torch.tensor([*ends, model.generation_config.pad_token_id], device=new.device))
    return int((over.cumsum(dim=1) == 0).sum())


def _requests(settings: ModelSettings, each: int) -> list[Request]:
    prompt = load_prompt(settings.prompt, variables=frozenset(("problem",)))
    return [
        make_request(prompt, settings, model_id="bench", sample=number, values={"problem": problem})
        for problem in bank_problems(PROBLEMS)
        for number in range(each)
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
