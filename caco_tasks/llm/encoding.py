"""Examples into tokens and labels, and the order in which a training sees them."""

from collections.abc import Sequence
from random import Random
from typing import Any

from caco_tasks.errors import EngineError

NO_LOSS = -100  # a label that PyTorch's cross-entropy leaves out
POOL_BATCHES = 50  # sorted by length together, so that batches hold little padding

Row = dict[str, list[int]]


def encode(tokenizer: Any, examples: Sequence[Any], max_tokens: int) -> list[Row]:
    """One row of `input_ids` and `labels` for each example, cut to `max_tokens`.

    A prompt is tokenised by itself, as an engine does when it asks: no token spans the border to the completion.

    Raises:
        EngineError: an example is a chat and the tokenizer has no chat template, or the prompts leave no room for a loss.
    """
    parts = [_parts(tokenizer, example) for example in examples]
    rows = [
        {"input_ids": (prompt + rest)[:max_tokens], "labels": ([NO_LOSS] * len(prompt) + rest)[:max_tokens]}
        for prompt, rest in parts
    ]
    kept = [row for row in rows if any(label != NO_LOSS for label in row["labels"])]
    if not kept:
        raise EngineError(f"Every prompt is {max_tokens} tokens or longer: raise sequence_tokens.")
    return kept


def order(lengths: Sequence[int], *, epochs: float, batch: int, seed: int) -> list[int]:
    """Places of rows in the order of training: shuffled in each epoch, batches of like length in shuffled order.

    It follows from the arguments alone, so a resumed training goes on with the very next row.
    """
    wanted = max(1, round(epochs * len(lengths)))
    places: list[int] = []
    for epoch in range(-(-wanted // len(lengths))):
        places += _epoch(lengths, batch, Random(f"{seed}/{epoch}"))
    return places[:wanted]


def _epoch(lengths: Sequence[int], batch: int, random: Random) -> list[int]:
    shuffled = random.sample(range(len(lengths)), len(lengths))
    pools = [shuffled[start : start + POOL_BATCHES * batch] for start in range(0, len(shuffled), POOL_BATCHES * batch)]
    alike = [place for pool in pools for place in sorted(pool, key=lambda place: lengths[place])]
    batches = [alike[start : start + batch] for start in range(0, len(alike), batch)]
    return [place for one in random.sample(batches, len(batches)) for place in one]


def _parts(tokenizer: Any, example: Any) -> tuple[list[int], list[int]]:
    """The tokens before the loss, and those with it."""
    match example:
        case str():
            return [], _ids(tokenizer, example + tokenizer.eos_token)
        case (str() as prompt, str() as completion):
            return _ids(tokenizer, prompt), _ids(tokenizer, completion + tokenizer.eos_token)
        case _:
            return _chat_parts(tokenizer, list(example))


def _chat_parts(tokenizer: Any, messages: list[dict[str, str]]) -> tuple[list[int], list[int]]:
    if not tokenizer.chat_template:
        raise EngineError("The base model's tokenizer has no chat template: train on prompts with their completions.")
    asked = tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(messages, tokenize=False)
    if not whole.startswith(asked):
        raise EngineError(
            "The base model's chat template writes a question otherwise once it is answered: use another."
        )
    return _ids(tokenizer, asked), _ids(tokenizer, whole.removeprefix(asked))


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
