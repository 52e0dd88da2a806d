"""The engine that runs anywhere: Transformers, on a CPU or one GPU, in this process.

Batches are made of requests of like length, padded on the left. Random numbers are seeded from the requests of a batch, so the
same requests in the same batches give the same replies on the same machine (and no promise beyond that: see
`docs/decisions/0004-replay-not-regeneration.md`).
"""

import copy
import time
from collections.abc import Sequence
from typing import Any

from caco_tasks.config import ModelSettings
from caco_tasks.errors import EngineError
from caco_tasks.ids import random_seed
from caco_tasks.llm.base import Reply, Request
from caco_tasks.records import Generation


class TransformersLlm:
    """A causal language model of the Transformers library."""

    def __init__(self, settings: ModelSettings, *, folder: str, model_id: str) -> None:
        self.model_id = model_id
        self._settings = settings
        self._tokenizer, self._model = _load(settings, folder)
        self._stop_ids = _stop_ids(self._model, self._tokenizer)

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""
        prompts = [self._encode(request) for request in requests]
        by_length = sorted(range(len(requests)), key=lambda index: (len(prompts[index]), index))
        replies: dict[int, Reply] = {}
        for start in range(0, len(by_length), self._settings.batch_rows):
            batch = by_length[start : start + self._settings.batch_rows]
            answered = self._generate_batch([requests[i] for i in batch], [prompts[i] for i in batch])
            replies.update(zip(batch, answered, strict=True))
        return [replies[index] for index in range(len(requests))]

    def sampled_by(self, settings: ModelSettings) -> "TransformersLlm":
        """The same loaded weights under other sampling settings."""
        other = copy.copy(self)
        other._settings = settings
        return other

    def _encode(self, request: Request) -> list[int]:
        if not request.is_chat:
            ids: list[int] = self._tokenizer(request.text, add_special_tokens=False)["input_ids"]
            return ids
        if not self._tokenizer.chat_template:
            raise EngineError(f"The tokenizer of {self.model_id} has no chat template: use a prompt that is raw text.")
        system = [{"role": "system", "content": request.system}] if request.system else []
        messages = [*system, {"role": "user", "content": request.text}]
        encoded = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
        return list(encoded["input_ids"])

    def _generate_batch(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[Reply]:
        room = self._model.config.max_position_embeddings - self._settings.max_tokens
        fitting = [i for i, prompt in enumerate(prompts) if len(prompt) <= room]
        begun = time.perf_counter()
        completions = self._sample([requests[i] for i in fitting], [prompts[i] for i in fitting]) if fitting else []
        seconds = (time.perf_counter() - begun) / max(1, len(fitting))
        done = dict(zip(fitting, completions, strict=True))
        return [
            self._reply(request, prompts[i], done.get(i), seconds if i in done else 0.0)
            for i, request in enumerate(requests)
        ]

    def _sample(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[list[int]]:
        import torch

        width = max(len(prompt) for prompt in prompts)
        pad = self._model.generation_config.pad_token_id
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=self._model.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self._model.device)
        torch.manual_seed(random_seed([request.request_id for request in requests]))
        with torch.inference_mode():
            made = self._model.generate(
                input_ids=ids, attention_mask=mask, **_sampling(self._settings), **self._stops()
            )
        return [row[width:] for row in made.tolist()]

    def _stops(self) -> dict[str, Any]:
        return {"stop_strings": list(self._settings.stop), "tokenizer": self._tokenizer} if self._settings.stop else {}

    def _reply(self, request: Request, prompt: list[int], made: list[int] | None, seconds: float) -> Reply:
        end = next((i for i, token in enumerate(made or []) if token in self._stop_ids), None)
        kept = (made or [])[:end]
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        stop = next((stop for stop in self._settings.stop if stop in text), None)
        generation = Generation(
            request_id=request.request_id,
            model_id=self.model_id,
            prompt=request.prompt,
            finish_reason="length" if end is None and stop is None else "stop",
            prompt_tokens=len(prompt),
            completion_tokens=len(kept),
            seconds=seconds,
        )
        error = "prompt_too_long" if made is None else None
        return Reply(text=text.partition(stop)[0] if stop else text, generation=generation, error=error)


def unloadable(model: str, exc: Exception) -> str:
    """The sentence that says why a model cannot be loaded, and what to do."""
    why = (str(exc).splitlines() or [type(exc).__name__])[0].rstrip(".")
    return f"The model '{model}' cannot be loaded ({why}): mend its name in the config, or delete it and get it again."


def _load(settings: ModelSettings, folder: str) -> tuple[Any, Any]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, revision=settings.revision)
        model = AutoModelForCausalLM.from_pretrained(
            folder, revision=settings.revision, dtype=getattr(torch, settings.dtype)
        )
    except (OSError, ValueError, SafetensorError) as exc:
        raise EngineError(unloadable(folder, exc)) from exc
    model.generation_config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id
    return tokenizer, model.to(settings.device).eval()


def _stop_ids(model: Any, tokenizer: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    ids = {tokenizer.eos_token_id, tokenizer.pad_token_id, *(ends if isinstance(ends, list) else [ends])}
    return {token for token in ids if token is not None}


def _sampling(settings: ModelSettings) -> dict[str, Any]:
    length = {"max_new_tokens": settings.max_tokens}
    if settings.temperature == 0:
        return {**length, "do_sample": False}
    return {
        **length,
        "do_sample": True,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
    }
