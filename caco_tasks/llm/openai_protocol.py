"""The OpenAI protocol: what is sent to `/completions` and `/chat/completions`, and what the answers mean."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic import BaseModel, Field, ValidationError

from caco_tasks.config import ModelSettings
from caco_tasks.errors import EngineError
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Request, messages_of

SEEDS = 2**31  # servers take seeds of at least so many values
MAX_WORDS_CHARS = 200  # of what a server says in an error

_TOO_LONG = re.compile(r"context[ _]length|context window|max_model_len|(prompt|input) is too long", re.IGNORECASE)
_BUSY = {408, 409, 425, 429}  # besides all from 500 on
_ABOUT_THE_ROW = {400, 413, 422}  # any other status would meet every request


class Busy(Exception):
    """The server could not answer this time; `pause_seconds` is what it asks for, 0 where it asks for none."""

    def __init__(self, why: str, pause_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.pause_seconds = pause_seconds


class Refused(Exception):
    """The server will never answer this request; the message is what is kept with its row."""


class _Message(BaseModel):
    content: str | None = None


class _TokenLogprob(BaseModel):
    logprob: float


class _Logprobs(BaseModel):
    token_logprobs: list[float | None] | None = None  # of /completions
    content: list[_TokenLogprob] | None = None  # of /chat/completions


class _Choice(BaseModel):
    text: str | None = None
    message: _Message | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Answer(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server made of one request."""

    text: str
    finish_reason: str  # "stop" or "length"
    prompt_tokens: int
    completion_tokens: int
    logprobs: tuple[float, ...] | None


def route(request: Request) -> str:
    """The path below the base URL that takes a request."""
    return "chat/completions" if request.is_chat else "completions"


def body(request: Request, settings: ModelSettings) -> dict[str, Any]:
    """The JSON of a request; what only some servers know is sent only where the config asks for it."""
    asked = {"messages": messages_of(request)} if request.is_chat else {"prompt": request.text}
    special = {
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "stop": list(settings.stop),
        "chat_template_kwargs": settings.chat_options if request.is_chat else {},
        "logprobs": (True if request.is_chat else 1) if settings.logprobs else None,
    }
    return {
        "model": settings.model,
        **asked,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "max_tokens": settings.max_tokens,
        "seed": request.seed % SEEDS,
        "stream": False,
        **{name: value for name, value in special.items() if value},
    }


def read(response: httpx.Response, settings: ModelSettings, key: str | None) -> Answer:
    """What an answer says.

    Raises:
        Busy: it may be another one next time.
        Refused: this request will never be answered.
        EngineError: no request would be: key, model or protocol are wrong.
    """
    if response.status_code != httpx.codes.OK:
        raise _failure(response, settings, key)
    try:
        answer = _parse(response.content)
    except ValidationError as exc:
        raise _foreign(settings, response.headers.get("content-type", "no content type")) from exc
    except (ValueError, RecursionError) as exc:
        if response.content.lstrip().startswith(b"{"):
            raise Busy("the endpoint's answer was cut short") from exc
        raise _foreign(settings, response.headers.get("content-type", "no content type")) from exc
    return _answer(answer.choices[0], answer.usage or _Usage(), settings)


def _parse(content: bytes) -> _Answer:
    """The answer; half a character, which JSON can name and no store takes, becomes a question mark."""
    try:
        return _Answer.model_validate_json(content)
    except ValidationError as exc:
        if exc.errors()[0]["type"] != "json_invalid":
            raise
        whole = json.dumps(json.loads(content), ensure_ascii=False).encode("utf-8", "replace")
    return _Answer.model_validate_json(whole)


def _answer(choice: _Choice, usage: _Usage, settings: ModelSettings) -> Answer:
    text = choice.text if choice.message is None else choice.message.content
    if choice.finish_reason not in ("stop", "length") or text is None:
        raise Refused(f"the endpoint ended the reply: {choice.finish_reason}")
    return Answer(
        text=text,
        finish_reason=choice.finish_reason,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        logprobs=_logprobs(choice.logprobs) if settings.logprobs else None,
    )


def _logprobs(given: _Logprobs | None) -> tuple[float, ...]:
    if given is None:
        return ()
    found = [token.logprob for token in given.content or ()] or given.token_logprobs or ()
    return tuple(round(value, 6) for value in found if value is not None)


def _failure(response: httpx.Response, settings: ModelSettings, key: str | None) -> Exception:
    status, said = response.status_code, _said(response, key)
    url = settings.endpoint.base_url
    if status in _BUSY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Busy(f"the endpoint answered {status} ({said})", _pause(response.headers.get("retry-after")))
    if status in _ABOUT_THE_ROW:
        return Refused(PROMPT_TOO_LONG if _TOO_LONG.search(said) else f"the endpoint refused: {said}")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.PAYMENT_REQUIRED):
        return EngineError(f"The endpoint {url} refuses the key ({said}): mend the connection of endpoint.connection.")
    if status == httpx.codes.NOT_FOUND:
        return EngineError(
            f"The endpoint {url} knows no model '{settings.model}' ({said}): mend `model` or endpoint.base_url."
        )
    return _foreign(settings, f"status {status}")


def _foreign(settings: ModelSettings, seen: str) -> EngineError:
    return EngineError(
        f"{settings.endpoint.base_url} does not speak the OpenAI protocol ({seen}): mend endpoint.base_url, which ends in "
        "the version, such as /v1."
    )


def _said(response: httpx.Response, key: str | None) -> str:
    """The server's own words on an error, in one line and without the key."""
    try:
        told = response.json()
    except ValueError:
        told = None
    named = [told[name] for name in ("error", "message", "detail") if name in told] if isinstance(told, dict) else []
    inner = named[0] if named else response.text
    words = " ".join(str(inner.get("message", inner) if isinstance(inner, dict) else inner).split())
    return (words.replace(key, "…") if key else words)[:MAX_WORDS_CHARS].rstrip(".") or f"status {response.status_code}"


def _pause(retry_after: str | None) -> float:
    """The seconds that a `Retry-After` header asks for, given as seconds or as a date; 0 where it asks for none."""
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
