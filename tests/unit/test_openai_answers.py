"""What servers answer in their many ways, and what is read in it: one answer at a time, without a server."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caco_tasks.errors import RefusedError
from caco_tasks.llm import Prompt, Request
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.openai_failures import (
    OddAnswer,
    RequestRefused,
    ServerBusy,
    find_parameter,
    is_about_the_context,
    is_moderation,
    parse_retry_after,
    server_words,
)
from caco_tasks.llm.openai_protocol import Answer, Response, body, headers_of, read, url_of
from caco_tasks.model_settings import ModelSettings

CHAT = Prompt(name="chat.v1", system=None, text="$problem", is_chat=True)
KEY = "sk-very-secret"


def settings(**changes: Any) -> ModelSettings:
    """A model behind an endpoint that is never asked."""
    endpoint = {"base_url": "https://models.example.org/v1"} | changes.pop("endpoint", {})
    table = {"engine": "openai", "model": "m", "prompt": "chat.v1", "max_tokens": 50, "endpoint": endpoint}
    return ModelSettings.model_validate(table | changes)


def request_for(found: ModelSettings) -> Request:
    """A chat request."""
    return make_request(CHAT, found, model_id="m@1", values={"problem": "1 + 1"})


def reading(content: Any, status: int = 200, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
    """What is read in a response, given as bytes or as what becomes JSON."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    response = Response(status=status, headers={"content-type": "application/json"} | (headers or {}), content=data)
    found = settings(**changes)
    return read(response, request_for(found), found, KEY)


def chat(content: Any, finish_reason: Any = "stop", usage: Any = None, **message: Any) -> dict[str, Any]:
    """A chat answer."""
    said = {"role": "assistant", "content": content, **message}
    return {"choices": [{"index": 0, "message": said, "finish_reason": finish_reason}], "usage": usage}


ENDS = {
    "stop": "stop stopped STOP eos eos_token eot end end_turn end_of_text stop_sequence stop_token complete COMPLETE",
    "length": "length LENGTH max_tokens MAX_TOKENS max_length model_length max_output_tokens "
    "model_context_window_exceeded FINISH_REASON_MAX_TOKENS truncated",
}


@pytest.mark.parametrize(("end", "word"), [(end, word) for end, words in ENDS.items() for word in words.split()])
def test_an_end_is_known_in_the_words_of_other_servers(end: str, word: str) -> None:
    assert reading(chat("42", word)).finish_reason == end


@pytest.mark.parametrize("word", ["content_filter", "SAFETY", "refusal", "RECITATION", "guardrail_intervened"])
def test_a_reply_that_moderation_withheld_is_said_to_be(word: str) -> None:
    with pytest.raises(RequestRefused, match=rf"^the endpoint's moderation withheld the reply: {word}$"):
        reading(chat("", word))


@pytest.mark.parametrize("word", ["tool_calls", "function_call", "a word of their own", 7])
def test_an_end_that_nobody_knows_is_not_taken_for_one(word: object) -> None:
    with pytest.raises(RequestRefused, match=f"^the endpoint ended the reply: {word}$"):
        reading(chat("42", word))


@pytest.mark.parametrize("word", ["error", "abort", "insufficient_system_resource"])
def test_a_reply_that_broke_off_is_asked_for_again(word: str) -> None:
    with pytest.raises(OddAnswer):
        reading(chat("4", word))


@pytest.mark.parametrize(("tokens", "end"), [(49, "stop"), (50, "length"), (None, "stop")])
def test_an_end_that_is_not_told_follows_from_the_length(tokens: int | None, end: str) -> None:
    assert reading(chat("42", None, {"completion_tokens": tokens})).finish_reason == end


TEXTS: dict[str, tuple[Any, str]] = {
    "a string": ("42", "42"),
    "an empty one": ("", ""),
    "parts": ([{"type": "text", "text": "4"}, {"type": "text", "text": "2"}], "42"),
    "thoughts and a part": ([{"type": "thinking", "thinking": "6 * 7"}, {"type": "text", "text": "42"}], "42"),
    "a part of another name": ([{"type": "output_text", "text": "42"}], "42"),
    "a part without a type": ([{"text": "42"}], "42"),
    "strings": (["4", "2"], "42"),
    "one part": ({"type": "text", "text": "42"}, "42"),
    "half a character": ("4\ud8002", "4?2"),
    "a million characters": ("4" * 1_000_000, "4" * 1_000_000),
}


@pytest.mark.parametrize(("content", "text"), TEXTS.values(), ids=TEXTS)
def test_a_text_is_read_in_any_of_its_forms(content: Any, text: str) -> None:
    assert reading(chat(content)).text == text


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_a_model_that_only_thought_was_cut_off_or_said_nothing(name: str) -> None:
    cut = reading(chat(None, "length", {"completion_tokens": 50}, **{name: "Let me see"}))
    assert (cut.text, cut.finish_reason, cut.completion_tokens) == ("", "length", 50)
    silent = reading(chat(None, "stop", **{name: "It is 42."}))
    assert (silent.text, silent.finish_reason) == ("", "stop")
    only_thoughts = chat([{"type": "thinking", "thinking": "Let me see"}], "length")
    assert reading(only_thoughts).finish_reason == "length"


def test_a_refusal_of_the_model_is_said_to_be_one() -> None:
    with pytest.raises(RequestRefused, match=r"^the model refused: I cannot help with that\.$"):
        reading(chat(None, "stop", refusal="I cannot help with that."))


USAGES: dict[str, tuple[Any, tuple[int, int]]] = {
    "numbers": ({"prompt_tokens": 3, "completion_tokens": 4}, (3, 4)),
    "floats": ({"prompt_tokens": 3.0, "completion_tokens": 4.7}, (3, 4)),
    "text": ({"prompt_tokens": "3", "completion_tokens": "4.0"}, (3, 4)),
    "other names": ({"input_tokens": 3, "output_tokens": 4}, (3, 4)),
    "less than nothing": ({"prompt_tokens": -1, "completion_tokens": 4}, (0, 4)),
    "no numbers": ({"prompt_tokens": "many", "completion_tokens": [4]}, (0, 0)),
    "endless": ({"prompt_tokens": 1e400, "completion_tokens": 10**30}, (0, 0)),
    "half of it": ({"prompt_tokens": 3}, (3, 0)),
    "null": (None, (0, 0)),
    "a list": ([3, 4], (0, 0)),
}


@pytest.mark.parametrize(("usage", "tokens"), USAGES.values(), ids=USAGES)
def test_tokens_are_counted_where_they_can_be(usage: Any, tokens: tuple[int, int]) -> None:
    answer = reading(chat("42", usage=usage))
    assert (answer.prompt_tokens, answer.completion_tokens) == tokens


LOGPROBS: dict[str, tuple[Any, tuple[float, ...] | None]] = {
    "of a chat": ({"content": [{"logprob": -0.5}, {"logprob": -1}]}, (-0.5, -1.0)),
    "of completions": ({"token_logprobs": [None, -0.5]}, (-0.5,)),
    "none": (None, None),
    "nothing": ({"content": None}, None),
    "no numbers": ({"content": [{"logprob": "low"}]}, None),
    "not a list": ({"token_logprobs": "-0.5"}, None),
    "minus infinity": ({"token_logprobs": [-0.5, float("-inf")]}, None),
}


@pytest.mark.parametrize(("logprobs", "values"), LOGPROBS.values(), ids=LOGPROBS)
def test_log_probabilities_are_whole_or_none(logprobs: Any, values: tuple[float, ...] | None) -> None:
    answer = chat("42")
    answer["choices"][0]["logprobs"] = logprobs
    assert reading(answer, logprobs=True).logprobs == values


ODD: dict[str, tuple[Any, str]] = {
    "no choices": ({"choices": []}, r"holds no reply \(\{\"choices\": \[\]\}\)"),
    "choices that are null": ({"choices": None}, "holds no reply"),
    "a choice that is null": ({"choices": [None]}, "holds no reply"),
    "choices that are no list": ({"choices": 5}, "holds no reply"),
    "a number for a text": (chat(42), "holds no reply"),
    "an empty part": (chat([{}]), "holds no reply"),
    "another JSON": ({"hello": "world"}, "of another protocol"),
    "a list": ([], "of another protocol"),
    "HTML": (b"<html><body>Hello</body></html>", r"of another protocol \(<html><body>Hello"),
    "a stream": (b'data: {"choices": []}\n\n', "of another protocol"),
    "nothing": (b"", r"of another protocol \(it is empty\)"),
    "JSON cut short": (b'{"choices": [{"text": "prob', "was cut short"),
    "JSON without an end": (b"[" * 100_000, "of another protocol"),
    "letters that are not UTF-8": (b'{"choices": [{"text": "caf\xe9"}]}', "is not UTF-8"),
}


@pytest.mark.parametrize(("content", "said"), ODD.values(), ids=ODD)
def test_an_answer_that_cannot_be_read_is_asked_for_again(content: Any, said: str) -> None:
    with pytest.raises(OddAnswer, match=said) as caught:
        reading(content)
    assert len(str(caught.value)) < 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.dictionaries(
    st.sampled_from(["choices", "usage", "error", "message", "content", "finish_reason", "text", "logprobs", "code", "type"]),
    json_values,
)  # fmt: skip


@given(st.one_of(json_values, fields, fields.map(lambda found: {"choices": [found]}), fields.map(lambda f: chat(f, f))))
def test_no_answer_whatever_is_in_it_ends_in_another_error(content: Any) -> None:
    try:
        answer = reading(json.dumps(content).encode("utf-8", "replace"), logprobs=True)
    except (ServerBusy, RequestRefused, RefusedError):
        return
    assert answer.finish_reason in ("stop", "length")
    assert min(answer.prompt_tokens, answer.completion_tokens) >= 0


@given(st.integers(300, 599), st.one_of(json_values, fields))
def test_no_refusal_whatever_is_in_it_ends_in_another_error(status: int, content: Any) -> None:
    with pytest.raises((ServerBusy, RequestRefused, RefusedError)):
        reading(json.dumps(content).encode("utf-8", "replace"), status)


WITHIN: dict[str, tuple[Any, type[Exception], str]] = {
    "a limit": ({"error": {"message": "Rate limit", "code": 429}}, ServerBusy, r"answered 429 \(Rate limit\)"),
    "a limit by its name": (
        {"error": {"message": "slow down", "code": "rate_limit_exceeded"}},
        ServerBusy,
        r"answered 429 \(slow down\)",
    ),
    "overload in words": ({"error": "The model is overloaded"}, ServerBusy, "503"),
    "a status as text": ({"error": {"message": "bad gateway", "code": "502"}}, ServerBusy, "502"),
    "a broken server": ({"error": {"message": "boom", "type": "server_error"}}, ServerBusy, "500"),
    "an old vLLM": ({"object": "error", "message": "no", "code": 400}, RequestRefused, "refused: no"),
    "a choice": (
        {"choices": [{"error": {"code": 502, "message": "provider down"}, "finish_reason": "error"}]},
        ServerBusy,
        "provider down",
    ),
    "a context": ({"error": {"message": "maximum context length is 5", "code": 1261}}, RequestRefused, "prompt_too_long"),
    "no code that is known": ({"error": {"message": "boom", "code": 1302}}, OddAnswer, r"an error \(boom\)"),
    "a key": ({"error": {"message": "no", "code": "invalid_api_key"}}, RefusedError, "refuses the key"),
    "a gateway that quotes": (
        {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": "prompt is too long"}}},
        RequestRefused,
        "prompt_too_long",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "said"), WITHIN.values(), ids=WITHIN)
def test_an_error_within_a_good_status_counts_by_its_code(content: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        reading(content)


@pytest.mark.parametrize("error", [None, {}, "", {"code": 0, "message": ""}])
def test_an_error_that_is_none_is_none(error: Any) -> None:
    assert reading(chat("42") | {"error": error}).text == "42"


CONTEXT = """\
This model's maximum context length is 512 tokens. However, you requested 600 tokens.
The decoder prompt (length 700) is longer than the maximum model length of 512.
You passed 600 input tokens and requested 100 output tokens. However, the model's context length is only 512 tokens.
The input (700 tokens) is longer than the model's context length (512 tokens).
the request exceeds the available context size. try increasing the context size or enable context shift
request (700 tokens) exceeds the available context size (512 tokens), try increasing it
input is too large to process. increase the physical batch size
Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2500 `inputs` tokens
Input validation error: `inputs` must have less than 1024 tokens. Given: 3000
prompt is too long: 210000 tokens > 200000 maximum
input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000
Input is too long for requested model.
The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).
Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length
too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4289.
Please reduce the length of the messages or completion.
This model's maximum prompt length is 131072 but the request contains 537812 tokens.
Your input exceeds the context window of this model.
Prompt length (5000) exceeds maximum input length (4096).
Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)
Prompt exceeds max length
Range of input length should be [1, 30720]
prompt token count of 90000 exceeds the limit of 64000
Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192
The number of tokens to keep from the initial prompt is greater than the context length.
""".splitlines()
OTHER_WORDS = """\
max_tokens is too large: 32768. This model supports at most 16384 completion tokens, whereas you provided 32768.
You exceeded your daily tokens quota for this request.
Request too large for the number of tokens per minute (TPM): Limit 6000, Requested 7000
Unsupported parameter: 'max_tokens' is not supported with this model.
bad character in the prompt
Invalid 'temperature': must be at most 2.
messages must not be empty
""".splitlines()


@pytest.mark.parametrize("message", CONTEXT)
def test_a_prompt_that_does_not_fit_is_known_in_the_words_of_many_servers(message: str) -> None:
    assert is_about_the_context(server_words({"error": {"message": message}}, "", None))
    for status in (400, 413, 422, 500):
        with pytest.raises(RequestRefused, match=r"^prompt_too_long$"):
            reading({"error": {"message": message}}, status)


@pytest.mark.parametrize("message", OTHER_WORDS)
def test_other_words_are_not_taken_for_a_prompt_that_does_not_fit(message: str) -> None:
    assert not is_about_the_context(server_words({"error": {"message": message}}, "", None))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "Your chosen model requires moderation and your input was flagged for violence"),
        (400, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."),
        (400, "Output data may contain inappropriate content. data_inspection_failed"),
        (451, "Your request was rejected as a result of our safety system."),
    ],
)
def test_a_prompt_that_moderation_refuses_costs_its_row_alone(status: int, message: str) -> None:
    with pytest.raises(RequestRefused, match=r"^the endpoint's moderation refused the prompt: "):
        reading({"error": {"message": message}}, status)


@pytest.mark.parametrize("message", ["This country is not supported", "invalid prompt", "a hot water filter holds 3 l"])
def test_other_refusals_are_no_moderation(message: str) -> None:
    assert not is_moderation(server_words({"error": {"message": message}}, "", None))


ALL = (
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
    "stream",
    "top_k",
    "min_p",
    "stop",
    "logprobs",
    "chat_template_kwargs",
)
PARAMETERS: dict[str, tuple[Any, str | None]] = {
    "OpenAI": ({"error": {"message": "no", "param": "max_tokens", "code": "unsupported_parameter"}}, "max_tokens"),
    "in words": ("Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"),
    "a value": ("Unsupported value: 'temperature' does not support 0.7 with this model.", "temperature"),
    "unrecognised": ("Unrecognized request argument supplied: top_k", "top_k"),
    "several": ("Unrecognized request arguments supplied: min_p, top_k", "min_p"),
    "pydantic": (
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Extra inputs are not permitted"}]},
        "top_k",
    ),
    "a property": ("property 'min_p' is unsupported", "min_p"),
    "a prefix": ("seed: Extra inputs are not permitted", "seed"),
    "a name": ('Invalid JSON payload received. Unknown name "seed": Cannot find field.', "seed"),
    "serde": ("unknown field `min_p`, expected one of `model`, `temperature`, `top_p`", "min_p"),
    "an argument": ("Argument not supported on this model: stop", "stop"),
    "two": ("`temperature` and `top_p` cannot both be specified for this model.", "temperature"),
    "too much": ("max_tokens is too large: 32768. This model supports at most 16384 tokens.", "max_tokens"),
    "prose": ("Images are not supported. Please stop sending them.", None),
    "a text": ("a bad character at the temperature of the prompt", None),
    "what was not sent": ("Unsupported parameter: 'tools'", None),
}  # fmt: skip


@pytest.mark.parametrize(("content", "name"), PARAMETERS.values(), ids=PARAMETERS)
def test_a_refused_parameter_is_known_by_its_name(content: Any, name: str | None) -> None:
    content = {"error": {"message": content}} if isinstance(content, str) else content
    assert find_parameter(server_words(content, "", None), ALL) == name


REMEDIES = {
    "another name": (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        r'set endpoint\.rename = \{ max_tokens = "max_completion_tokens" \}\.$',
    ),
    "none": ("Unsupported parameter: 'seed' is not supported.", r'set endpoint\.leave_out = \["seed"\]\.$'),
    "a value": ("max_tokens is too large: 5.", r'mend its value, or set endpoint\.leave_out = \["max_tokens"\]\.$'),
}


@pytest.mark.parametrize(("message", "remedy"), REMEDIES.values(), ids=REMEDIES)
def test_the_sentence_names_the_setting_that_mends_a_refused_parameter(message: str, remedy: str) -> None:
    with pytest.raises(RefusedError, match=r"^The endpoint https://models\.example\.org/v1 refuses `\w+` .*" + remedy):
        reading({"error": {"message": message}}, 400)


def test_parameters_are_left_out_and_renamed_as_the_settings_say() -> None:
    found = settings(endpoint={"leave_out": ["seed", "top_p"], "rename": {"max_tokens": "max_completion_tokens"}})
    sent = body(request_for(found), found)
    assert {"seed", "top_p", "max_tokens"} & sent.keys() == set()
    assert sent["max_completion_tokens"] == 50
    with pytest.raises(RefusedError, match="leave_out"):  # a server that refuses the new name, too
        reading(
            {"error": {"message": "Unknown parameter: 'max_completion_tokens'."}},
            400,
            endpoint={"rename": {"max_tokens": "max_completion_tokens"}},
        )


def test_a_request_is_another_where_a_setting_that_changes_its_reply_is_not_sent() -> None:
    def identity(**endpoint: Any) -> str:
        return request_for(settings(temperature=0.7, endpoint=endpoint)).request_id

    assert identity(leave_out=["seed"]) == identity(rename={"max_tokens": "n"}) == identity()
    assert len({identity(), identity(leave_out=["temperature"]), identity(leave_out=["chat_template_kwargs"])}) == 3


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h:1/v1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
        ("http://h:1", "http://h:1/chat/completions"),
        ("https://h/o/d/gpt?api-version=2024-06-01", "https://h/o/d/gpt/chat/completions?api-version=2024-06-01"),
        ("https://h/o/?a=b/c&d=%20e", "https://h/o/chat/completions?a=b/c&d=%20e"),
        ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
    ],
)
def test_the_route_goes_below_the_path_and_the_query_stays(base_url: str, url: str) -> None:
    assert url_of(request_for(settings()), base_url) == url


def test_the_key_goes_where_the_server_looks_for_it() -> None:
    assert headers_of("https://h/v1", None) == {}
    assert headers_of("https://h/v1", KEY) == {"authorization": f"Bearer {KEY}"}
    assert headers_of("https://h/v1?api-version=1", KEY)["api-key"] == KEY


def test_what_may_be_secret_in_an_address_is_in_no_message() -> None:
    with pytest.raises(RefusedError, match=r"^The endpoint https://h/v1 refuses the key") as caught:
        reading({"error": KEY}, 401, endpoint={"base_url": f"https://ada:{KEY}@h/v1?key={KEY}"})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("base_url", ["ftp://h", "http://", "http://h:port/v1", "http://[::1/v1", "h/v1"])
def test_an_address_that_is_none_is_refused_with_the_config(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        settings(endpoint={"base_url": base_url})


def test_a_pause_is_asked_for_in_many_forms() -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    assert parse_retry_after(format_datetime(later, usegmt=True)) == pytest.approx(100, abs=2)
    assert parse_retry_after(later.strftime("%a, %d %b %Y %H:%M:%S -0000")) == pytest.approx(100, abs=2)
    assert [parse_retry_after(said) for said in ("7", "0.5", "-3", "nan", "soon", "", None)] == [7, 0.5, 0, 0, 0, 0, 0]
    assert parse_retry_after("7", "250") == 0.25


REFUSED = {
    "an empty account": (402, {"error": "pay first"}, "refuses the key"),
    "a spent account": (429, {"error": {"message": "no", "code": "insufficient_quota"}}, "refuses the key"),
    "a key that is not valid": (400, {"error": {"message": "API key not valid."}}, "refuses the key"),
    "a forbidden country": (403, {"error": {"message": "not in your country"}}, "refuses the key"),
    "a model that is not there": (400, {"error": {"message": "x/y is not a valid model ID"}}, "knows no model 'm'"),
    "no such page": (404, {"detail": "Not Found"}, r"knows no model 'm' \(Not Found\)"),
    "a page of HTML": (404, "<html><title>Nobody</title></html>", r"\(Nobody\)"),
    "another place": (308, {}, r"does not speak the OpenAI protocol \(status 308\)"),
}


@pytest.mark.parametrize(("status", "content", "said"), REFUSED.values(), ids=REFUSED)
def test_what_would_meet_every_request_is_told_apart(status: int, content: Any, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        reading(content.encode() if isinstance(content, str) else content, status)
