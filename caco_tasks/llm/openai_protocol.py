"""The OpenAI protocol: the requests to `/completions` and `/chat/completions`, and the meaning of the answers.

An answer is read field by field, for servers fill in the protocol in many ways; what cannot be read costs its own row.
"""

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from caco_tasks.llm.llm import Request, messages_of, sampled_for
from caco_tasks.llm.openai_failures import (
    MAX_MESSAGE_CHARS,
    OddAnswer,
    ReplyWithheld,
    RequestRefused,
    ServerBusy,
    ServerWords,
    failure,
    is_about_the_context,
    is_moderation,
    one_line,
    parse_retry_after,
    server_words,
)
from caco_tasks.model_settings import ModelSettings

SEEDS = 2**31  # seeds below this are accepted by every server
MAX_EXCERPT_CHARS = 80  # of an answer that cannot be read
_MULTIPLE_CHOICES = 300  # statuses below it are good
_MOST_TOKENS = 2**31  # whoever counts more does not count tokens

# How servers say that a reply came to its end, was cut off, or was withheld; all are compared in small letters.
_ENDED = re.compile(
    r"(finish_reason_)?(stop(ped|_.+)?|eos(_.+)?|eot(_.+)?|end(_(turn|of_.+|_?sequence))?|complete[d]?|done|finish(ed)?)"
)
_CUT_OFF = re.compile(r"(finish_reason_)?(length|.*_length|max_?.*tokens?|token_limit.*|.*context_window.*|truncated)")
_WITHHELD = re.compile(r".*(filter|safety|moderat|refus|recitation|prohibited|blocklist|spii|guardrail|sensitive).*")
_BROKEN = re.compile(r".*(error|abort|cancel|fail|insufficient|unavailable|timeout).*")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # where a server puts what a model thinks before it replies
# What an error within a good response stands for, by the words of its code; the first two are told by the message, too.
_STATUS_OF_CODE = (
    (re.compile(r"(?i)rate.?limit|too.many.requests|quota|throttl|resource.exhausted"), 429),
    (re.compile(r"(?i)unavailable|overload|busy|timed?.?out|capacity|try again"), 503),
    (re.compile(r"(?i)server.?error|internal|api_error"), 500),
    (re.compile(r"(?i)authentication|api.?key|unauthori"), 401),
    (re.compile(r"(?i)permission|forbidden"), 403),
    (re.compile(r"(?i)not.?found"), 404),
    (re.compile(r"(?i)invalid|bad.?request|context.length|unsupported|validation|too.long"), 400),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response, read to its end."""

    status: int
    headers: dict[str, str]  # by names in small letters
    content: bytes

    @property
    def content_type(self) -> str:
        """What the server says that the content is."""
        return self.headers.get("content-type") or "no content type"

    @property
    def text(self) -> str:
        """The content as text, whatever it is."""
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A server's answer to one request."""

    text: str
    finish_reason: str  # "stop" or "length"
    prompt_tokens: int
    completion_tokens: int
    logprobs: tuple[float, ...] | None


def url_of(request: Request, base_url: str) -> str:
    """The address that takes a request: the path below the base URL, whose query stays.

    >>> url_of(chat_request, "https://host/v1/?api-version=2")
    'https://host/v1/chat/completions?api-version=2'
    """
    base = urlsplit(base_url)
    path = re.sub(r"/(chat/)?completions$", "", base.path.rstrip("/"))  # the whole address, as some pages give it
    route = "chat/completions" if request.is_chat else "completions"
    return urlunsplit(base._replace(path=f"{path}/{route}", fragment=""))


def headers_of(base_url: str, key: str | None) -> dict[str, str]:
    """The headers that hold the key."""
    if not key:
        return {}
    # deployments of Azure, which alone ask for a version in the query, take the key under its own name
    azure = {"api-key": key} if "api-version=" in urlsplit(base_url).query else {}
    return {"authorization": f"Bearer {key}", **azure}


def body(request: Request, settings: ModelSettings) -> dict[str, Any]:
    """The JSON of a request; settings that only some servers know are sent only where the config has them."""
    prompt = {"messages": messages_of(request)} if request.is_chat else {"prompt": request.text}
    return {"model": settings.model, **prompt, **parameters(request, settings)}


def parameters(request: Request, settings: ModelSettings) -> dict[str, Any]:
    """All of a request's JSON but model and prompt, under the names that the endpoint's settings give."""
    special = {
        "top_k": settings.top_k,
        "min_p": settings.min_p,
        "stop": list(settings.stop),
        "chat_template_kwargs": settings.chat_options if request.is_chat else {},
        "logprobs": (True if request.is_chat else 1) if settings.logprobs else None,  # the two routes differ in this
        "response_format": _response_format(request.schema),
    }
    wanted = {
        "temperature": sampled_for(request, settings).temperature,
        "top_p": settings.top_p,
        "max_tokens": settings.max_tokens,
        "seed": request.seed % SEEDS,
        "stream": False,
        **{name: value for name, value in special.items() if value},
    }
    names = {str(ours): other for ours, other in settings.endpoint.rename.items()}
    return {names.get(name, name): wanted[name] for name in wanted if name not in settings.endpoint.leave_out}


def _response_format(schema: str | None) -> dict[str, Any] | None:
    named = {"name": "reply", "strict": True, "schema": json.loads(schema)} if schema is not None else None
    return {"type": "json_schema", "json_schema": named} if named is not None else None


def read(response: Response, request: Request, settings: ModelSettings, key: str | None) -> Answer:
    """Reads a server's response to a request.

    Raises:
        ServerBusy: a retry may get an answer.
        RequestRefused: this request will never be answered.
        RefusedError: no request will be: key, model, a parameter or the protocol are wrong.
    """
    content = _parse_json(response, key)
    told = content if response.status >= _MULTIPLE_CHOICES else _error_within(content)
    if told is None:
        return _read_answer(content, response, settings, key)
    words = server_words(told, response.text, key)
    status = response.status if response.status >= _MULTIPLE_CHOICES else _status_of(words)
    if status is None:
        raise OddAnswer(f"the endpoint answered with an error ({words.message})")
    pause = parse_retry_after(response.headers.get("retry-after"), response.headers.get("retry-after-ms"))
    raise failure(status, words, settings, sent=parameters(request, settings).keys(), pause_seconds=pause)


def _parse_json(response: Response, key: str | None) -> Any:
    """The JSON of a response; of a refusal that is none, its text.

    Raises:
        OddAnswer: a good response has none.
    """
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as exc:
        if response.status >= _MULTIPLE_CHOICES:
            return response.text
        if isinstance(exc, UnicodeDecodeError):
            raise OddAnswer("the endpoint's answer is not UTF-8") from exc
        if response.text.lstrip().startswith("{"):
            raise OddAnswer("the endpoint's answer was cut short") from exc
        raise _other_protocol(response, key) from exc


def _error_within(content: Any) -> Any:
    """The error that the body of a good response holds; None where it holds none."""
    content = content[0] if isinstance(content, list) and content else content
    if not isinstance(content, dict):
        return None
    choices = content.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    for holder in (content, first):
        error = holder.get("error")
        if error and not (isinstance(error, dict) and not any(error.values())):
            return {"error": error}
    # older vLLM sends {"object": "error", "message": ...}, FastAPI {"detail": ...}, others {"code": ..., "message": ...}
    is_error = content.get("object") == "error" or not {"detail", "code"}.isdisjoint(content)
    return content if is_error and not choices else None


def _status_of(words: ServerWords) -> int | None:
    """The HTTP status that an error within a good response stands for; None where it does not tell."""
    if words.status is not None:
        return words.status
    named = next((status for pattern, status in _STATUS_OF_CODE if pattern.search(words.codes)), None)
    if named is None and (is_about_the_context(words) or is_moderation(words)):
        return 400
    return named or next((status for pattern, status in _STATUS_OF_CODE[:2] if pattern.search(words.whole)), None)


def _read_answer(content: Any, response: Response, settings: ModelSettings, key: str | None) -> Answer:
    """Reads the first choice of an answer.

    Raises:
        OddAnswer: there is none that can be read.
        RequestRefused: it was withheld, or is no text.
    """
    if not isinstance(content, dict) or "choices" not in content:
        raise _other_protocol(response, key)
    choices = content["choices"]
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise _unreadable(response, key)
    usage = content.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    answer = Answer(
        text="",
        finish_reason="stop",
        prompt_tokens=_count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        completion_tokens=_count(usage.get("completion_tokens", usage.get("output_tokens"))),
        logprobs=_logprobs(choice.get("logprobs")) if settings.logprobs else None,
    )
    message = choice.get("message")
    message = message if isinstance(message, dict) else {"content": choice.get("text")}
    text = _text_of(message.get("content"), response, key)
    ended = _ending(choice.get("finish_reason"), answer, settings)
    if text is None:
        text = _no_text(message, ended, response, key)
    elif ended not in ("stop", "length"):
        raise _ended_otherwise(ended)
    # JSON can escape half a character, which UTF-8 cannot hold
    return replace(answer, text=text.encode("utf-8", "replace").decode(), finish_reason=ended)


def _ending(finish_reason: Any, answer: Answer, settings: ModelSettings) -> str:
    """How a reply ended: "stop", "length", or what the server says of another end."""
    if finish_reason is None:  # not told: a reply that is as long as it may be was cut off
        return "length" if answer.completion_tokens >= settings.max_tokens else "stop"
    word = str(finish_reason).strip().lower()
    if _ENDED.fullmatch(word):
        return "stop"
    return "length" if _CUT_OFF.fullmatch(word) else str(finish_reason)


def _no_text(message: dict[str, Any], ended: str, response: Response, key: str | None) -> str:
    """The text of a message without one: empty where the model thought and said nothing, or was cut off before it did.

    Raises:
        RequestRefused: it was withheld, or is no text.
        OddAnswer: nothing says why there is none.
    """
    refusal = message.get("refusal")
    if refusal:
        raise ReplyWithheld(f"the model refused: {one_line(str(refusal), key)[:MAX_MESSAGE_CHARS]}")
    if ended == "length" or (ended == "stop" and any(message.get(name) for name in (*_THOUGHTS, "content"))):
        return ""
    raise _ended_otherwise(ended)


def _ended_otherwise(ended: str) -> ServerBusy | RequestRefused:
    """The error for a reply that neither came to its end nor was cut off."""
    ended = ended[:MAX_MESSAGE_CHARS]
    if _WITHHELD.fullmatch(ended.lower()):
        return ReplyWithheld(f"the endpoint's moderation withheld the reply: {ended}")
    said = f"the endpoint ended the reply: {ended}"
    return OddAnswer(said) if _BROKEN.fullmatch(ended.lower()) else RequestRefused(said)


def _text_of(content: Any, response: Response, key: str | None) -> str | None:
    """The text of a message's content: a string, or a list of parts, of which those count that are text.

    >>> _text_of([{"type": "thinking", "thinking": "2"}, {"type": "text", "text": "42"}], response, None)
    '42'

    Raises:
        OddAnswer: it is of another kind.
    """
    if content is None or isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    texts = [part if isinstance(part, str) else _text_of_part(part) for part in parts]
    found = [text for text in texts if text is not None]
    if not found and not all(isinstance(part, dict) and "type" in part for part in parts):
        raise _unreadable(response, key)
    return "".join(found) if found else None


def _text_of_part(part: Any) -> str | None:
    if not isinstance(part, dict) or part.get("type") not in (None, "text", "output_text"):
        return None
    text = part.get("text")
    return text if isinstance(text, str) else None


def _count(value: Any) -> int:
    """A number of tokens, however it is written; 0 where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(number) if 0 <= number < _MOST_TOKENS else 0


def _logprobs(value: Any) -> tuple[float, ...] | None:
    """One value for each token, of either route; a null, which a server may send for the first, is left out.

    None where the server sent none, or something else.
    """
    found = value if isinstance(value, dict) else {}
    tokens = found.get("content")  # of /chat/completions
    if isinstance(tokens, list) and tokens:
        values = [token.get("logprob") if isinstance(token, dict) else math.nan for token in tokens]
    else:
        values = found.get("token_logprobs") or []  # of /completions
    if not isinstance(values, list) or not values:
        return None
    numbers = [number for number in values if number is not None]
    is_whole = all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    return tuple(round(float(number), 6) for number in numbers) if is_whole else None


def _other_protocol(response: Response, key: str | None) -> OddAnswer:
    found = response.content_type
    return OddAnswer(
        f"the endpoint's answer is of another protocol ({_beginning(response, key)})", other_protocol=found
    )


def _unreadable(response: Response, key: str | None) -> OddAnswer:
    return OddAnswer(f"the endpoint's answer holds no reply ({_beginning(response, key)})")


def _beginning(response: Response, key: str | None) -> str:
    return one_line(response.text, key)[:MAX_EXCERPT_CHARS] or "it is empty"
