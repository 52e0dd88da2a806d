"""The engine that runs anywhere: Transformers, on a CPU or one GPU, in this process.

Batches are made of requests of like length, padded on the left, and become smaller as their rows end. Random numbers are
seeded from the requests of a batch, so the same requests in the same batches give the same replies on the same machine (and
no promise beyond that: see `docs/decisions/0004-replay-not-regeneration.md`).
"""

import copy
import gc
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from caco_tasks.errors import EngineError
from caco_tasks.ids import random_seed
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Reply, Request, in_order, messages_of, no_reply, sampled_for
from caco_tasks.llm.turns import stop_ids
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import Generation

MIN_ROWS = 8  # of a batch that is made smaller: fewer cost as much as one


class TransformersLlm:
    """A causal language model of the Transformers library."""

    def __init__(self, settings: ModelSettings, *, folder: str, model_id: str, adapter: str | None = None) -> None:
        self.model_id = model_id
        self._settings = settings
        self._tokenizer, self._model = load_model(settings, folder, adapter)
        self._stop_ids = stop_ids(self._tokenizer, self._model.generation_config)
        # a row that has ended is filled up with padding
        self._ends = {*self._stop_ids, self._model.generation_config.pad_token_id}

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""
        return in_order(self.answers(requests))

    def answers(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """Every request's place and its reply, batch by batch.

        Raises:
            EngineError: the GPU's memory does not suffice for a batch, or as `encode`.
        """
        prompts = [encode(self._tokenizer, request, self._settings, self.model_id) for request in requests]
        by_length = sorted(range(len(requests)), key=lambda index: (len(prompts[index]), prompts[index], index))
        for temperature in {request.temperature: None for request in requests}:  # a batch is sampled at one
            alike = [index for index in by_length if requests[index].temperature == temperature]
            for start in range(0, len(alike), self._settings.batch_rows):
                batch = alike[start : start + self._settings.batch_rows]
                answered = self._generate_batch([requests[i] for i in batch], [prompts[i] for i in batch])
                yield from zip(batch, answered, strict=True)

    def close(self) -> None:
        """Lets go of the weights, and of the GPU memory that PyTorch would keep for others of its own."""
        import torch

        self._model = None
        gc.collect()
        torch.cuda.empty_cache()

    def sampled_by(self, settings: ModelSettings) -> "TransformersLlm":
        """The same loaded weights under other sampling settings."""
        other = copy.copy(self)
        other._settings = settings
        return other

    def _generate_batch(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[Reply]:
        import torch

        longest = self._model.config.max_position_embeddings
        room = min(longest, self._settings.context_tokens or longest) - self._settings.max_tokens
        fitting = [i for i, prompt in enumerate(prompts) if len(prompt) <= room]
        begun = time.perf_counter()
        try:
            completions = self._sample([requests[i] for i in fitting], [prompts[i] for i in fitting]) if fitting else []
        except torch.OutOfMemoryError as exc:
            raise EngineError(
                f"The GPU has too little memory for {len(fitting)} requests to {self.model_id} at once: lower batch_rows."
            ) from exc
        seconds = (time.perf_counter() - begun) / max(1, len(fitting))
        done = dict(zip(fitting, completions, strict=True))
        return [
            self._make_reply(request, prompts[i], *done[i], seconds)
            if i in done
            else no_reply(request, self.model_id, PROMPT_TOO_LONG, prompt_tokens=len(prompts[i]))
            for i, request in enumerate(requests)
        ]

    def _sample(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[tuple[list[int], list[float]]]:
        """The tokens written after each prompt, padding included, and their log probabilities where asked for.

        What several rows are asked is read once. Whenever half of the rows have ended, the others go on alone: a batch does
        not cost its longest row for each.
        """
        import torch

        settings = sampled_for(requests[0], self._settings)
        width = max(len(prompt) for prompt in prompts)
        pad = self._model.generation_config.pad_token_id
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts], device=self._model.device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=self._model.device)
        torch.manual_seed(random_seed([request.request_id for request in requests]))
        written: list[list[int]] = [[] for _ in prompts]
        logprobs: list[list[float]] = [[] for _ in prompts]
        rows, cache, left = list(range(len(prompts))), self._read_once(prompts, ids, mask), settings.max_tokens
        while rows:
            new, scores, cache = self._continue(ids, mask, cache, settings, max_tokens=left)
            for row, tokens, score in zip(rows, new.tolist(), scores, strict=True):
                written[row] += tokens
                logprobs[row] += score
            left -= new.shape[1]
            going = [place for place, row in enumerate(rows) if left and not self._has_ended(written[row])]
            rows = [rows[place] for place in going]
            if rows:
                kept = torch.tensor(going, device=ids.device)
                cache = _select_rows(cache, kept)
                ids, mask = torch.cat([ids, new], dim=1)[kept], torch.cat([mask, torch.ones_like(new)], dim=1)[kept]
        return list(zip(written, logprobs, strict=True))

    def _read_once(self, prompts: Sequence[list[int]], ids: Any, mask: Any) -> Any:
        """The cache of all but the last token of each prompt, where several rows have the same; None where none do."""
        import torch

        distinct = {tuple(prompt): row for row, prompt in enumerate(prompts)}
        if len(distinct) == len(prompts) or ids.shape[1] == 1:
            return None
        rows = torch.tensor(list(distinct.values()), device=ids.device)
        places = {prompt: place for place, prompt in enumerate(distinct)}
        before = mask[rows, :-1]
        with torch.inference_mode():
            read = self._model(
                input_ids=ids[rows, :-1],
                attention_mask=before,
                position_ids=(before.cumsum(-1) - 1).clamp(min=0),
                use_cache=True,
                logits_to_keep=1,
            )
        each = torch.tensor([places[tuple(prompt)] for prompt in prompts], device=ids.device)
        return _select_rows(read.past_key_values, each)

    def _continue(
        self, ids: Any, mask: Any, cache: Any, settings: ModelSettings, *, max_tokens: int
    ) -> tuple[Any, list[list[float]], Any]:
        """Tokens after `ids`, [rows, steps], until half of the rows have ended; their log probabilities; the cache."""
        import torch
        from transformers import StoppingCriteriaList

        stop = list(self._settings.stop)
        stops = {"stop_strings": stop, "tokenizer": self._tokenizer} if stop else {}
        ends = torch.tensor(sorted(self._ends), device=ids.device)

        def half_have_ended(sequences: Any, scores: Any, **kwargs: Any) -> Any:
            ended = int(torch.isin(sequences[:, -1], ends).sum())
            return torch.full((len(sequences),), 2 * ended >= len(sequences) >= MIN_ROWS, device=sequences.device)

        with torch.inference_mode():
            generated = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=cache,
                return_dict_in_generate=True,
                eos_token_id=self._stop_ids,
                output_logits=settings.logprobs,
                stopping_criteria=StoppingCriteriaList([half_have_ended]),
                **_sampling_arguments(settings, max_tokens),
                **stops,
            )
        new = generated.sequences[:, ids.shape[1] :]
        scores = _compute_logprobs(generated.logits, new) if settings.logprobs else [[]] * len(ids)
        return new, scores, generated.past_key_values

    def _has_ended(self, written: Sequence[int]) -> bool:
        if not self._ends.isdisjoint(written):
            return True
        text = self._tokenizer.decode(written, skip_special_tokens=True) if self._settings.stop else ""
        return any(stop in text for stop in self._settings.stop)

    def _make_reply(
        self, request: Request, prompt: list[int], written: list[int], logprobs: list[float], seconds: float
    ) -> Reply:
        end = next((i for i, token in enumerate(written) if token in self._ends), None)
        kept = written[:end]
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
        return Reply(
            text=text.partition(stop)[0] if stop else text,
            generation=generation,
            logprobs=tuple(logprobs[:end]) if self._settings.logprobs else None,
        )


def encode(tokenizer: Any, request: Request, settings: ModelSettings, model_id: str) -> list[int]:
    """The tokens of a request: raw text as it is, a chat through the tokenizer's template.

    Raises:
        EngineError: it is a chat, and the tokenizer has no template or the template refuses it.
    """
    if not request.is_chat:
        ids: list[int] = tokenizer(request.text, add_special_tokens=False)["input_ids"]
        return ids
    if not tokenizer.chat_template:
        raise EngineError(f"The tokenizer of {model_id} has no chat template: use a prompt that is raw text.")
    encoded = tokenizer.apply_chat_template(
        messages_of(request), add_generation_prompt=True, return_dict=True, **settings.chat_options
    )
    return list(encoded["input_ids"])


def has_chat_template(model: str, revision: str | None = None) -> bool:
    """Whether the tokenizer of a model, a folder or a name on the Hub, knows how to write a chat.

    Raises:
        EngineError: the tokenizer cannot be loaded.
    """
    from transformers import AutoTokenizer

    try:
        return bool(AutoTokenizer.from_pretrained(model, revision=revision).chat_template)
    except (OSError, ValueError) as exc:
        raise EngineError(unloadable(model, exc)) from exc


def unloadable(model: str, exc: Exception) -> str:
    """The message on a model that cannot be loaded: the reason, and what to do."""
    why = (str(exc).splitlines() or [type(exc).__name__])[0].rstrip(".")
    return (
        f"The model '{model}' cannot be loaded ({why}): mend its name in the config, put a copy below CACO_MODELS, or delete "
        "a damaged one and get it again."
    )


def load_model(settings: ModelSettings, folder: str, adapter: str | None = None) -> tuple[Any, Any]:
    """Loads the tokenizer and the model in `folder`, or of that name on the Hub, onto the device of `settings`.

    A LoRA adapter is merged into the weights, which then cost no more than without it.

    Raises:
        EngineError: they cannot be loaded, the device is not here, or its memory does not suffice.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    _check_device(settings.device)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, revision=settings.revision)
        model = AutoModelForCausalLM.from_pretrained(
            folder, revision=settings.revision, dtype=getattr(torch, settings.dtype)
        )
    except (OSError, ValueError, SafetensorError) as exc:
        raise EngineError(unloadable(folder, exc)) from exc
    model = model if adapter is None else merge_adapter(model, adapter)
    model.generation_config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id
    # the last positions of a batch are a view, which PyTorch multiplies on a CPU by a copy of the weights for each row
    model.get_output_embeddings().register_forward_pre_hook(lambda _, args: (args[0].contiguous(), *args[1:]))
    try:
        return tokenizer, model.to(settings.device).eval()
    except torch.OutOfMemoryError as exc:
        raise EngineError(
            f"The model '{folder}' does not fit into the memory of '{settings.device}': name a smaller model or another "
            "device."
        ) from exc


def merge_adapter(model: Any, folder: str) -> Any:
    """The model with a LoRA adapter added to its weights.

    Raises:
        EngineError: the adapter cannot be read, or does not fit the model.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    try:
        with peft_without_its_warning():
            return PeftModel.from_pretrained(model, folder).merge_and_unload()
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as exc:
        why = (str(exc).splitlines() or [type(exc).__name__])[0].rstrip(".:")
        raise EngineError(
            f"The adapter in {folder} does not fit the model ({why}): it was trained upon another, or its files are damaged."
        ) from exc


@contextmanager
def peft_without_its_warning() -> Iterator[None]:
    """PEFT 0.19 asks Transformers for a property under its old name: nothing that whoever reads a log could mend."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        yield


def _check_device(device: str) -> None:
    """Refuses a device that is not here, before weights are read."""
    import torch

    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as exc:  # the first where PyTorch was built without CUDA
        why = str(exc).splitlines()[0].rstrip(".")
        raise EngineError(
            f"The device '{device}' cannot be used here ({why}): set it to 'cpu', or run this where there is a GPU."
        ) from exc


def _select_rows(cache: Any, rows: Any) -> Any:
    """The cache of these rows; None where a model has another kind of memory, whose rows are read again."""
    if not hasattr(cache, "batch_select_indices"):
        return None
    cache.batch_select_indices(rows)
    return cache


def _sampling_arguments(settings: ModelSettings, max_tokens: int) -> dict[str, Any]:
    length = {"max_new_tokens": max_tokens}
    if settings.temperature == 0:
        return {**length, "do_sample": False}
    return {
        **length,
        "do_sample": True,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
        "min_p": settings.min_p or None,
    }


def _compute_logprobs(logits: Sequence[Any], written: Any) -> list[list[float]]:
    """Log probabilities of written tokens, [rows, steps], from the logits of each step, [rows, vocabulary]."""
    import torch

    steps = [
        torch.log_softmax(step.float(), dim=-1).gather(-1, written[:, place : place + 1])
        for place, step in enumerate(logits)
    ]
    return [[round(value, 6) for value in row] for row in torch.cat(steps, dim=-1).tolist()]
