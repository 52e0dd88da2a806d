"""A language model as stages see it: requests in, replies out, in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from caco_tasks.ids import content_id, random_seed
from caco_tasks.llm.prompts import Prompt
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import Generation

PROMPT_TOO_LONG = "prompt_too_long"
NOT_ASKED = "not_asked"  # the error of a reply that is neither kept nor asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model."""

    request_id: str  # hash of template version, model, sampling parameters, text and sample index
    prompt: str  # name and version of the template
    text: str
    system: str | None = None
    is_chat: bool = False
    temperature: float | None = None  # instead of the one of the settings; None: that one
    schema: str | None = (
        None  # JSON schema that the reply should follow, where the engine can see to it; None: any text
    )

    @property
    def seed(self) -> int:
        """The seed of this request's random numbers: it follows from the request alone."""
        return random_seed(self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A model's answer to one request."""

    text: str
    generation: Generation
    error: str | None = None  # why there is no reply: "prompt_too_long", or the engine's message
    logprobs: tuple[float, ...] | None = None  # natural logarithm for each token written; None: not asked for


class Llm(Protocol):
    """A loaded model. `generate` answers every request, in order, and raises EngineError when it cannot go on."""

    model_id: str

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""


class Engine(Llm, Protocol):
    """A model that yields replies while it works on others, so that finished ones are kept."""

    def answers(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply]]:
        """Every request's place among `requests` and its reply, as they come."""

    def close(self) -> None:
        """Frees the model's memory, as far as the engine can; it is not used again."""


# The settings on which a reply depends, besides text and model. Device, batches, memory, GPUs, endpoint and price are not
# among them: they change how a reply is made and not what it is. Nor is the engine: the same weights write the same by any
# of them (docs/decisions/0007).
SAMPLING = ("temperature", "top_p", "top_k", "min_p", "max_tokens", "stop", "dtype", "logprobs", "chat_options")

_LEFT_OUT = {"chat_template_kwargs": "chat_options"}  # parameters of a request that a setting has another name for


def sampling_of(settings: ModelSettings) -> dict[str, Any]:
    """The values of `SAMPLING`; None for one that an endpoint is not sent, whose own default holds then."""
    values = settings.model_dump(mode="json", include=set(SAMPLING))
    left_out = settings.endpoint.leave_out if settings.engine == "openai" else ()
    return values | {name: None for name in (_LEFT_OUT.get(sent, sent) for sent in left_out) if name in values}


# Settings on which only some requests depend: retries, and those that are asked for a schema. Keys hold them where they
# are not as they come, so that what was made before there were such settings is still found.
SAMPLING_OF_SOME = ("retry_temperature", "structured")


def make_request(
    prompt: Prompt,
    settings: ModelSettings,
    *,
    model_id: str,
    sample: int = 0,
    values: dict[str, str],
    is_retry: bool = False,
    schema: str | None = None,
) -> Request:
    """A request whose identity is the hash of all that its reply depends on.

    A retry asks what was asked before: where the settings sample nothing, the reply would be the same once more, so it is
    sampled at `retry_temperature`. The `schema` is asked for where the settings say so.
    """
    text = prompt.render(**values)
    temperature = settings.retry_temperature if is_retry and settings.temperature == 0 else None
    schema = schema if settings.structured else None
    parameters = sampling_of(settings)
    if temperature is not None and parameters["temperature"] is not None:
        parameters["temperature"] = temperature
    asked = [schema] if schema is not None else []
    return Request(
        request_id=content_id("request", prompt.name, prompt.system, model_id, parameters, text, sample, *asked),
        prompt=prompt.name,
        text=text,
        system=prompt.system,
        is_chat=prompt.is_chat,
        temperature=temperature,
        schema=schema,
    )


def sampled_for(request: Request, settings: ModelSettings) -> ModelSettings:
    """The settings that a request is sampled by: those of the engine, but for what the request says itself."""
    if request.temperature is None:
        return settings
    return settings.model_copy(update={"temperature": request.temperature})


def messages_of(request: Request) -> list[dict[str, str]]:
    """A chat request as the messages that chat templates and servers take."""
    system = [{"role": "system", "content": request.system}] if request.system else []
    return [*system, {"role": "user", "content": request.text}]


def in_order(answers: Iterable[tuple[int, Reply]]) -> list[Reply]:
    """Replies in the order of their requests."""
    return [reply for _, reply in sorted(answers, key=lambda answer: answer[0])]


def no_reply(request: Request, model_id: str, error: str, *, prompt_tokens: int = 0) -> Reply:
    """The reply to a request that got none."""
    generation = Generation(
        request_id=request.request_id,
        model_id=model_id,
        prompt=request.prompt,
        finish_reason="error",
        prompt_tokens=prompt_tokens,
        completion_tokens=0,
        seconds=0.0,
    )
    return Reply(text="", generation=generation, error=error)


def open_llm(
    settings: ModelSettings, *, folder: str, model_id: str, adapter: str | None = None, key: str | None = None
) -> Engine:
    """Loads the model in `folder` (or of that Hub name) with the engine of `settings`.

    `adapter` is the folder of a LoRA adapter upon it; `key` the endpoint's API key, None where it needs none.

    Raises:
        EngineError: the weights or the engine are missing or do not fit.
    """
    match settings.engine:  # each engine's module is imported when used: its libraries are large or absent
        case "transformers":
            from caco_tasks.llm.transformers_engine import TransformersLlm

            return TransformersLlm(settings, folder=folder, model_id=model_id, adapter=adapter)
        case "vllm":
            from caco_tasks.llm.vllm_engine import VllmLlm

            return VllmLlm(settings, folder=folder, model_id=model_id, adapter=adapter)
        case "openai":
            from caco_tasks.llm.openai_engine import OpenAiLlm

            return OpenAiLlm(settings, model_id=model_id, key=key)
