"""Where a turn of a chat ends, read off the chat template: what it writes behind the assistant's message.

It need not be the end of a text: base models of the Qwen2.5 kind end a turn with `<|im_end|>` and a text with
`<|endoftext|>`. A student learns to write it, and every engine stops there.
"""

from dataclasses import dataclass
from typing import Any

_ASKED, _ANSWERED = "question", "answer4711"  # the second is found again in what the template writes


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    """How a chat template ends the message of an assistant."""

    token_id: int
    text: str  # from the end of the message to the end of the turn, such as "<|im_end|>"
    rest: str  # what the template writes behind it, such as a line end; an engine has stopped by then


def find_end_of_turn(tokenizer: Any) -> EndOfTurn | None:
    """The end of a turn in the chat template of a tokenizer of Transformers.

    It is the first token behind the message that is not white space; one that text may hold as well, such as a line of
    dashes, ends nothing.

    Returns:
        None: there is no chat template, it refuses a plain chat, or it ends a turn with no control token.
    """
    from jinja2 import TemplateError

    if not getattr(tokenizer, "chat_template", None):
        return None
    chat = [{"role": "user", "content": _ASKED}, {"role": "assistant", "content": _ANSWERED}]
    try:
        written: str = tokenizer.apply_chat_template(chat, tokenize=False)
    except TemplateError:
        return None
    _, found, tail = written.rpartition(_ANSWERED)
    body = tail.lstrip()
    controls = {text: token_id for token_id, text in _control_tokens(tokenizer).items() if body.startswith(text)}
    if not found or not controls:
        return None
    token = max(controls, key=len)
    end = len(tail) - len(body) + len(token)
    return EndOfTurn(token_id=controls[token], text=tail[:end], rest=tail[end:])


def stop_ids(tokenizer: Any, generation_config: Any) -> list[int]:
    """The tokens behind which a reply is over: of the model's generation config, the tokenizer and its chat template."""
    ends = generation_config.eos_token_id
    turn = find_end_of_turn(tokenizer)
    ids = {tokenizer.eos_token_id, turn and turn.token_id, *(ends if isinstance(ends, list) else [ends])}
    return sorted(token for token in ids if token is not None)


def _control_tokens(tokenizer: Any) -> dict[int, str]:
    """Tokens that a text is never cut into, by their ids: added to the vocabulary, or special."""
    added = {token_id: token.content for token_id, token in tokenizer.added_tokens_decoder.items()}
    return added | dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True))
