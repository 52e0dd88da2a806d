"""What a language model is to a stage: requests in, replies out, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from caco_tasks.config import ModelSettings
from caco_tasks.errors import ConfigError
from caco_tasks.ids import content_id, random_seed
from caco_tasks.llm.prompts import Prompt
from caco_tasks.records import Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a model."""

    request_id: str  # hash of template version, model, sampling parameters, text and sample index
    prompt: str  # name and version of the template
    text: str
    system: str | None = None
    is_chat: bool = False

    @property
    def seed(self) -> int:
        """The seed of this request's random numbers: it follows from the request alone."""
        return random_seed(self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said."""

    text: str
    generation: Generation
    error: str | None = None  # why there is no reply: "prompt_too_long", or what the engine said


class Llm(Protocol):
    """A loaded model. `generate` answers every request, in order, and raises EngineError when it cannot go on."""

    model_id: str

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""


SAMPLING = ("temperature", "top_p", "top_k", "max_tokens", "stop", "dtype")


def make_request(
    prompt: Prompt, settings: ModelSettings, *, model_id: str, sample: int = 0, values: dict[str, str]
) -> Request:
    """A request whose identity is the hash of all that its reply depends on."""
    text = prompt.render(**values)
    parameters = settings.model_dump(mode="json", include=set(SAMPLING))
    return Request(
        request_id=content_id("request", prompt.name, prompt.system, model_id, parameters, text, sample),
        prompt=prompt.name,
        text=text,
        system=prompt.system,
        is_chat=prompt.is_chat,
    )


def open_llm(settings: ModelSettings, *, folder: str, model_id: str) -> Llm:
    """Loads the model in `folder` (or of that Hub name) with the engine of `settings`.

    Raises:
        EngineError: the weights or the engine are missing or do not fit.
        ConfigError: the engine is not part of this release.
    """
    match settings.engine:
        case "transformers":
            from caco_tasks.llm.transformers_engine import TransformersLlm

            return TransformersLlm(settings, folder=folder, model_id=model_id)
    raise ConfigError(f"The engine '{settings.engine}' is not part of this release: use 'transformers'.")
