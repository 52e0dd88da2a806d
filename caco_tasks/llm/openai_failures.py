"""What an endpoint's refusals mean: the server is busy, or refuses this request, or would refuse every request.

The protocol has few codes and every server its own words, so both are read: the status, or the code in the body of an
answer with status 200, and then the message. What is about one prompt costs one row; what is about the key, the model
or a parameter ends the task with the setting that mends it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from caco_tasks.addresses import hide_secrets
from caco_tasks.errors import RefusedError
from caco_tasks.llm.llm import PROMPT_TOO_LONG
from caco_tasks.model_settings import ModelSettings

MAX_MESSAGE_CHARS = 200  # of a server's error message, as it is shown and kept
MAX_READ_CHARS = 4000  # of it, as it is searched

_BUSY = {408, 409, 425}  # and all from 500 up
_ABOUT_THE_REQUEST = {400, 413, 422, 451}  # any other status would be the answer to every request
_ABOUT_THE_KEY = {401, 402, 403}
_NO_LOGIN, _NOT_FOUND, _TOO_LARGE, _RATE_LIMIT, _INTERNAL = 401, 404, 413, 429, 500

_CONTEXT = re.compile(
    r"context[\s_-]*(length|window|size|limit|overflow)|exceed_context|max_model_len|max_seq_len|\bn_ctx\b"
    r"|max(imum)? (allowed )?(prompt|input|model|sequence) (length|size)|model token limit"
    r"|(prompt|inputs?|messages?|request|text|string|sequence|conversation)\b.{0,60}?\b(too (long|large|many)|longer than)"
    r"|(prompt|inputs?|messages?|request)\b.{0,40}\b(tokens?|length)\b.{0,60}(exceed|greater than|must be <|less than)"
    r"|(prompt|inputs?|messages?|request|sequence|text) (\(.{0,30}\) )?exceed"
    r"|inputs?`? tokens? \+ |must have less than \d+ tokens|too many (input |prompt )?tokens|range of input length"
    r"|(reduce|shorten) the (length|size|number) of (the|your) (messages?|prompt|inputs?|tokens)"
    r"|current length is \d+ while limit|exceeds? the maximum number of tokens",
    re.IGNORECASE,
)
# of the reply's length, or of how much may be asked in a while: no word on the prompt
_NOT_CONTEXT = re.compile(r"per (second|minute|hour|day|month)|\bquota\b|rate[\s_-]limit|billing", re.IGNORECASE)
_MODERATED = re.compile(
    r"moderation|content[\s_-]*(filter|policy|management|polic)|responsible.?ai|flagged|guardrail|data_inspection"
    r"|safety (system|filter|setting|reason|polic)|blocked (by|due to|for) .{0,30}(safety|polic)|inappropriate content"
    r"|violat\w+ .{0,40}(polic|terms|guideline)",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"(invalid|incorrect|missing|expired|no|wrong)[\s_]*(api[\s_-]*)key|api[\s_-]*key (is )?(not valid|invalid|expired|missing)"
    r"|insufficient_quota|authentication_error",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|\bmodel\b.{0,80}\b(does not exist|not found|not exist)|not a valid model|(unknown|no such|invalid) model\b",
    re.IGNORECASE,
)
_PARAMETER = re.compile(
    r"unsupported|not (yet )?support|doesn't support|unrecogni[sz]ed|unknown (parameter|name|field|argument|key|property)"
    r"|extra (inputs|fields)|not (permitted|allowed)|unexpected|additional propert|cannot both|only (the )?default"
    r"|deprecated|cannot find field",
    re.IGNORECASE,
)
_VALUE = re.compile(r"too (large|small|high|low)|out of range|must be|at most|at least|less than|greater than|maximum")
_WORDS_OF_PROSE = {"stop", "seed", "stream", "temperature", "logprobs"}  # need a mark that a parameter is meant
_INSTEAD = re.compile(r"(?:use|mean)\W+(?:the )?\W*([a-z]+(?:_[a-z]+)+)\b", re.IGNORECASE)


class ServerBusy(Exception):
    """The server could not answer this time.

    Attributes:
        pause_seconds: how long it asks to wait; 0 where it does not say.
        by_load: whether it says that it is asked too much, which is no word on this request.
        is_down: whether nobody is there who could answer, as far as one can tell.
    """

    def __init__(
        self, message: str, *, pause_seconds: float = 0.0, by_load: bool = False, is_down: bool = False
    ) -> None:
        super().__init__(message)
        self.pause_seconds, self.by_load, self.is_down = pause_seconds, by_load, is_down


class OddAnswer(ServerBusy):
    """An answer came that says nothing; another attempt may get a better one.

    Attributes:
        other_protocol: what it looks like, where it is not of the OpenAI protocol at all.
    """

    def __init__(self, message: str, *, other_protocol: str | None = None) -> None:
        super().__init__(message)
        self.other_protocol = other_protocol


class RequestRefused(Exception):
    """The server will never answer this request; the message is stored with its row."""


class ReplyWithheld(RequestRefused):
    """Moderation or the model itself objects to what is said, which is no word on how it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWords:
    """What a server says of an error.

    >>> server_words({"error": {"message": "no such model", "code": "model_not_found"}}, "", None)
    ServerWords(message='no such model', whole='no such model', codes='model_not_found', parameter=None, status=None)
    """

    message: str  # in one line, without the key, at most MAX_MESSAGE_CHARS
    whole: str  # the same at MAX_READ_CHARS
    codes: str  # its codes and types, as "invalid_request_error context_length_exceeded"
    parameter: str | None  # the parameter that it names as the cause
    status: int | None  # an HTTP status within the body

    @property
    def all(self) -> str:
        """Codes and message, to search in."""
        return f"{self.codes} {self.whole}"


def server_words(content: Any, text: str, key: str | None) -> ServerWords:
    """Reads an error's body: `content` as JSON, None where it is none, and `text` as it came."""
    fields = content[0] if isinstance(content, list) and content else content  # some send a list of one error
    fields = fields if isinstance(fields, dict) else {}
    # OpenAI sends {"error": {"message": ...}}, older vLLM {"message": ...}, FastAPI {"detail": ...}
    told = next((fields[name] for name in ("error", "errors", "detail", "message") if fields.get(name)), None)
    told = told[0] if isinstance(told, list) and told else told
    inner = told if isinstance(told, dict) else fields
    codes = [inner.get("code"), inner.get("type"), inner.get("status"), fields.get("code"), fields.get("type")]
    found = [str(code) for code in codes if isinstance(code, str | int) and not isinstance(code, bool)]
    whole = one_line(_message_of(told, text), key)
    return ServerWords(
        message=whole[:MAX_MESSAGE_CHARS].rstrip(".") or "it gave no reason",
        whole=whole,
        codes=" ".join(dict.fromkeys(found)),
        parameter=_parameter_of(inner),
        status=next((int(code) for code in found if re.fullmatch(r"[45]\d\d", code)), None),
    )


def failure(
    status: int, words: ServerWords, settings: ModelSettings, *, sent: Collection[str], pause_seconds: float = 0.0
) -> ServerBusy | RequestRefused | RefusedError:
    """What a refusal means, as the error to raise; `sent` are the names of the parameters in the request's body."""
    is_rate = status == _RATE_LIMIT and "insufficient_quota" not in words.codes
    if is_rate and not re.search(r"request too large", words.whole, re.IGNORECASE):  # larger than what a minute allows
        return ServerBusy(_answered(status, words), pause_seconds=pause_seconds, by_load=True)
    if is_rate:
        return RequestRefused(f"the endpoint refused: {words.message}")
    may_be_long = status not in (*_ABOUT_THE_KEY, _NOT_FOUND, _RATE_LIMIT)
    if status == _TOO_LARGE or (may_be_long and is_about_the_context(words)):
        return RequestRefused(PROMPT_TOO_LONG)
    if status != _NO_LOGIN and status < _INTERNAL and is_moderation(words):
        return ReplyWithheld(f"the endpoint's moderation refused the prompt: {words.message}")
    if status in _BUSY or status >= _INTERNAL:
        # 500 is an answer, if a poor one; with those above it somebody says that nobody else is there
        return ServerBusy(_answered(status, words), pause_seconds=pause_seconds, is_down=status > _INTERNAL)
    return _refusal(status, words, settings, sent)


def is_about_the_context(words: ServerWords) -> bool:
    """Whether a server says that a prompt leaves no room in its context; there is no code for it that all know.

    >>> is_about_the_context(server_words({"message": "the prompt is too long: 9000 tokens"}, "", None))
    True
    """
    return bool(_CONTEXT.search(words.all)) and not _NOT_CONTEXT.search(words.all)


def is_moderation(words: ServerWords) -> bool:
    """Whether a server says that its moderation objects."""
    return bool(_MODERATED.search(words.all))


def wrong_protocol(settings: ModelSettings, found: str) -> RefusedError:
    """The error for a server that speaks another protocol: `found` is how it shows."""
    return RefusedError(
        f"{address(settings)} does not speak the OpenAI protocol ({found}): mend endpoint.base_url, which ends in the "
        "version, such as /v1."
    )


def address(settings: ModelSettings) -> str:
    """The address of an endpoint for a reader: without query and password, which may be secret."""
    return hide_secrets(str(settings.endpoint.base_url))


def parse_retry_after(retry_after: str | None, milliseconds: str | None = None) -> float:
    """The seconds that a server asks for, as seconds or as a date, or as milliseconds in `retry-after-ms`; 0: none.

    >>> parse_retry_after("7"), parse_retry_after("soon"), parse_retry_after(None, "250")
    (7.0, 0.0, 0.25)
    """
    for asked, unit in ((milliseconds, 0.001), (retry_after, 1.0)):
        try:
            return max(0.0, float(asked or "") * unit)
        except ValueError:
            continue
    try:
        date = parsedate_to_datetime(retry_after or "")
    except (ValueError, TypeError):
        return 0.0
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def one_line(text: str, key: str | None) -> str:
    """What a server said, as one line without the key, which some repeat."""
    line = " ".join(text[:MAX_READ_CHARS].split())
    return line.replace(key, "…") if key else line


def _refusal(
    status: int, words: ServerWords, settings: ModelSettings, sent: Collection[str]
) -> RequestRefused | RefusedError:
    """A refusal that asking again does not change."""
    url = address(settings)
    if status in (*_ABOUT_THE_KEY, _RATE_LIMIT) or (status in _ABOUT_THE_REQUEST and _NO_KEY.search(words.all)):
        return RefusedError(
            f"The endpoint {url} refuses the key ({words.message}): mend the connection of endpoint.connection."
        )
    name = find_parameter(words, sent) if status in _ABOUT_THE_REQUEST else None
    if name is not None:
        return RefusedError(f"The endpoint {url} refuses `{name}` ({words.message}): {_remedy(name, words, settings)}.")
    if status == _NOT_FOUND or (status in _ABOUT_THE_REQUEST and _NO_MODEL.search(words.all)):
        return RefusedError(
            f"The endpoint {url} knows no model '{settings.model}' ({words.message}): mend `model` or endpoint.base_url."
        )
    if status in _ABOUT_THE_REQUEST:
        return RequestRefused(f"the endpoint refused: {words.message}")
    return wrong_protocol(settings, f"status {status}")


def find_parameter(words: ServerWords, sent: Collection[str]) -> str | None:
    """The parameter among those `sent` that a server refuses, whoever sends it; None where it refuses something else."""
    if words.parameter in sent:
        return words.parameter
    places = {name: _named_at(name, words.whole) for name in sent}
    named = sorted((place, name) for name, place in places.items() if place is not None)
    refuses = _PARAMETER.search(words.all) or (named and "_" in named[0][1] and _VALUE.search(words.whole))
    return named[0][1] if named and refuses else None


def _named_at(name: str, message: str) -> int | None:
    """Where a message names a parameter; a word of prose needs a quote, a colon or the word itself beside it."""
    marks = rf"['\"`.]{name}['\"`]|\b(parameter|argument|field|name|property|supplied|model):? \W?{name}\b|^{name}:"
    found = re.search(marks if name in _WORDS_OF_PROSE else rf"(?<![\w-]){name}(?![\w-])", message)
    return found.start() if found else None


def _remedy(name: str, words: ServerWords, settings: ModelSettings) -> str:
    """The setting that mends a refused parameter, in words that end a sentence."""
    ours = next((own for own, other in settings.endpoint.rename.items() if other == name), name)
    instead = _INSTEAD.search(words.whole)
    if instead and instead[1] != name:
        return f'set endpoint.rename = {{ {ours} = "{instead[1]}" }}'
    leave_out = f'endpoint.leave_out = ["{ours}"]'
    return f"set {leave_out}" if _PARAMETER.search(words.all) else f"mend its value, or set {leave_out}"


def _message_of(told: Any, text: str) -> str:
    if not isinstance(told, dict):
        return str(told) if told else _title(text)
    said = told.get("message") or told.get("msg") or told.get("detail") or told
    where = told.get("loc")
    place = ".".join(map(str, where)) + ": " if isinstance(where, list) else ""
    metadata = told.get("metadata")  # of a gateway: what the server behind it said
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f"{place}{said}" + (f": {raw}" if raw else "")


def _parameter_of(inner: dict[str, Any]) -> str | None:
    where = inner.get("loc")
    found = inner.get("param") or (where[-1] if isinstance(where, list) and where else None)
    return found if isinstance(found, str) else None


def _title(text: str) -> str:
    """What a page of HTML says in its title; any other text as it is."""
    if not text.lstrip().startswith("<"):
        return text
    found = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return found[1] if found else ""


def _answered(status: int, words: ServerWords) -> str:
    return f"the endpoint answered {status} ({words.message})"
