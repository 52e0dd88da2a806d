"""Trains the nano models from scratch on the bundled bank: `python -m caco_tasks.nano.pretrain ROLE --out FOLDER`.

The data of step `n` follow from the seed alone. The learning rate warms up, stays, and falls to zero over the last fifth
(warm-up, stable, decay), so a training can go on from any checkpoint of the stable part.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from caco_tasks.atomic import replaced_bytes
from caco_tasks.nano.data import OFFSPRING, OFFSPRING_JUDGE, examples_of, training_problems
from caco_tasks.nano.offspring_data import offspring_problems
from caco_tasks.nano.tokenizer import train_tokenizer

POOL_PROBLEMS = 1024  # sorted by length together, so that batches hold little padding
CHECKPOINT_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NanoSettings:
    """Size and schedule of one nano model."""

    hidden: int
    layers: int
    heads: int
    steps: int
    batch_tokens: int = 4096  # padded tokens of a step
    learning_rate: float = 1.5e-3
    warmup_steps: int = 100
    decay_share: float = 0.2
    weight_decay: float = 0.05
    seed: int = 20260101
    begins_with: str | None = None  # the nano model whose weights it starts from; None: random ones


SETTINGS = {
    "codegen": NanoSettings(hidden=128, layers=4, heads=4, steps=1000),
    "writer": NanoSettings(hidden=256, layers=4, heads=8, steps=6000),
    "judge": NanoSettings(hidden=256, layers=4, heads=8, steps=1600, learning_rate=7e-4, begins_with="writer"),
    OFFSPRING: NanoSettings(
        hidden=256,
        layers=4,
        heads=8,
        steps=2500,
        batch_tokens=2048,
        learning_rate=6e-4,
        warmup_steps=50,
        decay_share=0.35,
        begins_with="writer",
    ),
    OFFSPRING_JUDGE: NanoSettings(
        hidden=256,
        layers=4,
        heads=8,
        steps=300,
        batch_tokens=2048,
        learning_rate=5e-4,
        warmup_steps=50,
        begins_with="judge",
    ),
}


def train(role: str, out: Path, *, settings: NanoSettings, tokenizer: Any, report: Console) -> dict[str, Any]:
    """Trains the model of `role`, saves it to `out` in half precision, returns its curve and figures.

    A checkpoint in `out` is resumed, with the data that follow those it has seen.
    """
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(settings.seed)
    torch.set_flush_denormal(True)  # a sure model's softmax is full of denormal numbers: three times slower without
    model, optimizer = _make_model(settings, tokenizer)
    if settings.begins_with:
        # in single precision, as it is trained; on disk it is in half
        start = LlamaForCausalLM.from_pretrained(out.parent / settings.begins_with).float()
        model.load_state_dict(start.state_dict())
    state = load_checkpoint(out, model, optimizer)
    batches = token_batches(role, tokenizer, settings=settings, skip=state["problems"])
    begun = time.perf_counter() - state["seconds"]
    for step in range(state["steps"], settings.steps):
        batch = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings)
        state["loss"].append(_take_step(model, optimizer, batch.ids, batch.loss_from))
        state |= {"steps": step + 1, "problems": batch.problems, "seconds": time.perf_counter() - begun}
        state["tokens"] += sum(len(ids) for ids in batch.ids)
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == settings.steps:
            save_checkpoint(out, model, optimizer, tokenizer, state | {"role": role, "settings": asdict(settings)})
        if (step + 1) % 50 == 0:
            recent = state["loss"][-50:]
            report.print(
                f"{role} step {state['steps']} loss {sum(recent) / len(recent):.4f} {state['tokens'] / 1e6:.1f}M tokens "
                f"{state['tokens'] / state['seconds']:.0f}/s {state['seconds']:.0f}s",
                highlight=False,
            )
    return state


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """One step's examples, of like length."""

    ids: list[list[int]]  # prompt and completion, ending in <|end|>
    loss_from: list[int]  # where each completion begins
    problems: int  # training problems used up once this batch's pool is done


def token_batches(role: str, tokenizer: Any, *, settings: NanoSettings, skip: int = 0) -> Iterator[TokenBatch]:
    """Endless batches of at most `batch_tokens` padded tokens, cut from pools sorted by length."""
    # A checkpoint resumes at the next pool: the problems that `TokenBatch.problems` counts are all used up.
    listed = offspring_problems if role in (OFFSPRING, OFFSPRING_JUDGE) else training_problems
    problems = listed(settings.seed, skip=skip)
    end = tokenizer.eos_token_id
    while True:
        pool, done = [], skip
        for position, problem in islice(problems, POOL_PROBLEMS):
            for example in examples_of(role, problem, Random(f"{settings.seed}/{position}")):
                pool.append((_encode(tokenizer, example.prompt), [*_encode(tokenizer, example.completion), end]))
            done = position + 1
        batches = _cut_batches(sorted(pool, key=lambda pair: len(pair[0]) + len(pair[1])), settings.batch_tokens)
        for batch in Random(f"{settings.seed}/{done}").sample(batches, len(batches)):
            yield TokenBatch([prompt + rest for prompt, rest in batch], [len(prompt) for prompt, _ in batch], done)
        skip = done


def learning_rate(step: int, settings: NanoSettings) -> float:
    """Warm-up, stable, then down as one minus the square root (arXiv 2405.18392)."""
    decay_steps = math.ceil(settings.steps * settings.decay_share)
    warm = min(1.0, (step + 1) / settings.warmup_steps)
    into_decay = max(0, step + 1 - (settings.steps - decay_steps))
    # plus a little: a rate of zero would waste the last step
    return settings.learning_rate * warm * (1 - math.sqrt(into_decay / decay_steps)) + 1e-6


def _cut_batches(pairs: list[Any], batch_tokens: int) -> list[list[Any]]:
    batches: list[list[Any]] = [[]]
    for pair in pairs:  # in order of length: a batch is padded to that of its last pair
        if (len(batches[-1]) + 1) * (len(pair[0]) + len(pair[1])) > batch_tokens:
            batches.append([])
        batches[-1].append(pair)
    return batches


def _encode(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _make_model(settings: NanoSettings, tokenizer: Any) -> tuple[Any, Any]:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        intermediate_size=settings.hidden * 8 // 3 // 32 * 32,  # 8/3 as in Llama, in whole vectors of the processor
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,  # so small a model would otherwise be made of embeddings for the most part
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay, fused=True
    )
    return model.train(), optimizer


def _take_step(model: Any, optimizer: Any, batch: list[list[int]], loss_from: list[int]) -> float:
    """One optimiser step; the vocabulary is only computed where the loss counts."""
    import torch
    from torch.nn import functional

    width = max(len(ids) for ids in batch)
    tokens = torch.tensor([ids + [0] * (width - len(ids)) for ids in batch])
    counts = torch.zeros_like(tokens, dtype=torch.bool)
    for row, (ids, first) in enumerate(zip(batch, loss_from, strict=True)):
        # a token's state predicts the one after it, hence one place to the left
        counts[row, first - 1 : len(ids) - 1] = True
    with torch.autocast("cpu", dtype=torch.bfloat16):
        hidden = model.model(input_ids=tokens).last_hidden_state[counts]
        logits = model.lm_head(hidden)
    loss = functional.cross_entropy(logits.float(), tokens.roll(-1, 1)[counts])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return round(float(loss.detach()), 4)


def load_checkpoint(out: Path, model: Any, optimizer: Any) -> dict[str, Any]:
    """Loads the weights and the optimiser's state in `out`, if there are any; returns how far the training came."""
    import torch

    path = out / "checkpoint.pt"
    if not path.is_file():
        return {"steps": 0, "problems": 0, "tokens": 0, "seconds": 0.0, "loss": []}
    saved = torch.load(path, weights_only=True)  # tensors alone: a pickle could run code
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    state: dict[str, Any] = json.loads((out / "training.json").read_text())
    return state


def save_checkpoint(out: Path, model: Any, optimizer: Any, tokenizer: Any, state: dict[str, Any]) -> None:
    """Saves what a training needs to go on, and beside it the model in half precision with its tokenizer."""
    import torch
    from transformers import LlamaForCausalLM

    out.mkdir(parents=True, exist_ok=True)
    with replaced_bytes(out / "checkpoint.pt") as file:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    # a copy, since the training goes on in single precision
    half = LlamaForCausalLM(model.config).to(torch.float16)
    half.load_state_dict(model.state_dict())
    half.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "training.json").write_text(json.dumps(state) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m caco_tasks.nano.pretrain", description=__doc__)
    parser.add_argument("role", choices=SETTINGS)
    parser.add_argument("--out", type=Path, required=True, help="folder for weights, tokenizer and training.json")
    parser.add_argument("--steps", type=int, help="optimiser steps; default: the model's own")
    parser.add_argument("--tokenizer", type=Path, help="folder of a trained tokenizer; default: trained anew")
    arguments = parser.parse_args()
    settings = SETTINGS[arguments.role]
    if arguments.steps:
        settings = NanoSettings(**{**asdict(settings), "steps": arguments.steps})
    from transformers import PreTrainedTokenizerFast

    folder = arguments.tokenizer
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder) if folder else train_tokenizer(settings.seed)
    train(arguments.role, arguments.out, settings=settings, tokenizer=tokenizer, report=Console(stderr=True))


if __name__ == "__main__":
    main()
