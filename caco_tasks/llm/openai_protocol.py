"""The OpenAI protocol: the requests to `/completions` and `/chat/completions`, and the meaning of the answers."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic import BaseModel, Field, ValidationError

from caco_tasks.errors import EngineError
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Request, messages_of
from caco_tasks.model_settings import ModelSettings

SEEDS = 2**31  # seeds below this are accepted by every server
MAX_MESSAGE_CHARS = 200  # of a server's error message

# How vLLM, llama.cpp, OpenAI and others word it: the protocol has no code for a prompt that is too long.
_TOO_LONG = re.compile(r"context[ _]length|context window|max_model_len|(prompt|input) is too long", re.IGNORECASE)
_BUSY = {408, 409, 425, 429}  # and all from 500 up
_ABOUT_THE_REQUEST = {400, 413, 422}  # any other status would be the answer to every request


class ServerBusy(Exception):
    """The server could not answer this time; it asks to wait `pause_seconds`, 0 where it does not say."""

    def __init__(self, message: str, pause_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.pause_seconds = pause_seconds


class RequestRefused(Exception):
    """The server will never answer this request; the message is stored with its row."""


class _Message(BaseModel):
    content: str | None = None


class _TokenLogprob(BaseModel):
    logprob: float


class _Logprobs(BaseModel):
    token_logprobs: list[float | None] | None = None  # of /completions
    content: list[_TokenLogprob] | None = None  # of /chat/completions

    def values(self) -> tuple[float, ...]:
        """One value for each token; a null, which a server may send for the first, is left out."""
        found = [token.logprob for token in self.content or ()] or self.token_logprobs or ()
        return tuple(round(value, 6) for value in found if value is not None)


class _Choice(BaseModel):
    text: str | None = None
    message: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A server's answer to one request."""

    text: str
    finish_reason: str  # "stop" or "length"
    prompt_tokens: int
    completion_tokens: int
    logprobs: tuple[float, ...] | None


def route(request: Request) -> str:
    """The path below the base URL that takes a request."""
    return "chat/completions" if request.is_chat else "completions"


def body(request: Request, settings: ModelSettings) -> dict[str, Any]:
    """The JSON of a request; settings that only some servers know are sent only where the config has them."""
    prompt = {"messages": messages_of(request)} if request.is_chat else {"prompt": request.text}
    special = {
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "stop": list(settings.stop),
        "chat_template_kwargs": settings.chat_options if request.is_chat else {},
        "logprobs": (True if request.is_chat else 1) if settings.logprobs else None,  # the two routes differ in this
    }
    return {
        "model": settings.model,
        **prompt,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "max_tokens": settings.max_tokens,
        "seed": request.seed % SEEDS,
        "stream": False,
        **{name: value for name, value in special.items() if value},
    }


def read(response: httpx.Response, settings: ModelSettings, key: str | None) -> Answer:
    """Reads a server's response.

    Raises:
        ServerBusy: a retry may get an answer.
        RequestRefused: this request will never be answered.
        EngineError: no request will be: key, model or protocol are wrong.
    """
    if response.status_code != httpx.codes.OK:
        raise failure(response, settings, key)
    try:
        completion = _parse_completion(response.content)
    except ValidationError as exc:
        raise _wrong_protocol(settings, response.headers.get("content-type", "no content type")) from exc
    except (ValueError, RecursionError) as exc:
        if response.content.lstrip().startswith(b"{"):
            raise ServerBusy("the endpoint's answer was cut short") from exc
        raise _wrong_protocol(settings, response.headers.get("content-type", "no content type")) from exc
    choice, usage = completion.choices[0], completion.usage or _Usage()
    text = choice.text if choice.message is None else choice.message.content
    if choice.finish_reason not in ("stop", "length") or text is None:  # a content filter, a tool call
        raise RequestRefused(f"the endpoint ended the reply: {choice.finish_reason}")
    logprobs = choice.logprobs.values() if choice.logprobs else ()
    return Answer(
        text=text,
        finish_reason=choice.finish_reason,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        logprobs=logprobs if settings.logprobs else None,
    )


def _parse_completion(content: bytes) -> _Completion:
    """Parses an answer; half a character, which JSON can escape and UTF-8 cannot hold, becomes a question mark."""
    try:
        return _Completion.model_validate_json(content)
    except ValidationError as exc:
        if exc.errors()[0]["type"] != "json_invalid":
            raise
        whole = json.dumps(json.loads(content), ensure_ascii=False).encode("utf-8", "replace")
    return _Completion.model_validate_json(whole)


def failure(
    response: httpx.Response, settings: ModelSettings, key: str | None
) -> ServerBusy | RequestRefused | EngineError:
    """What a response with another status than 200 means, as the error to raise."""
    status, message = response.status_code, _error_message(response, key)
    url = settings.endpoint.base_url
    if status in _BUSY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        pause_seconds = _parse_retry_after(response.headers.get("retry-after"))
        return ServerBusy(f"the endpoint answered {status} ({message})", pause_seconds)
    if status in _ABOUT_THE_REQUEST:
        return RequestRefused(PROMPT_TOO_LONG if _TOO_LONG.search(message) else f"the endpoint refused: {message}")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.PAYMENT_REQUIRED):
        return EngineError(
            f"The endpoint {url} refuses the key ({message}): mend the connection of endpoint.connection."
        )
    if status == httpx.codes.NOT_FOUND:
        return EngineError(
            f"The endpoint {url} knows no model '{settings.model}' ({message}): mend `model` or endpoint.base_url."
        )
    return _wrong_protocol(settings, f"status {status}")


def _wrong_protocol(settings: ModelSettings, found: str) -> EngineError:
    return EngineError(
        f"{settings.endpoint.base_url} does not speak the OpenAI protocol ({found}): mend endpoint.base_url, which ends in "
        "the version, such as /v1."
    )


def _error_message(response: httpx.Response, key: str | None) -> str:
    """The server's own message, in one line and without the key."""
    try:
        content = response.json()
    except ValueError:
        content = None
    fields = content if isinstance(content, dict) else {}
    # OpenAI sends {"error": {"message": ...}}, older vLLM {"message": ...}, FastAPI {"detail": ...}
    found = next((fields[name] for name in ("error", "message", "detail") if name in fields), response.text)
    line = " ".join(str(found.get("message", found) if isinstance(found, dict) else found).split())
    line = line.replace(key, "…") if key else line  # some servers repeat the key that they refuse
    return line[:MAX_MESSAGE_CHARS].rstrip(".") or f"status {response.status_code}"


def _parse_retry_after(retry_after: str | None) -> float:
    """The seconds that a `Retry-After` header asks for, as seconds or as a date; 0 where it asks for none."""
    if retry_after is None:
        return 0.0
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
