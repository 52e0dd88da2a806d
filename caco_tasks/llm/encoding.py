"""Examples into tokens and labels, and the order in which a training sees them.

Tokens lie in Arrow files, and their rows' lengths in files of numpy, which every process of a training maps into memory:
only what it is working on takes room there.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from caco_tasks.atomic import drafted
from caco_tasks.errors import EngineError
from caco_tasks.llm.examples import read_examples
from caco_tasks.llm.turns import find_end_of_turn

SCHEMA = pa.schema([("input_ids", pa.list_(pa.int32())), ("labels", pa.list_(pa.int32()))])
TOKENIZER_ROWS = 256  # tokenised at once: many texts are faster than one, and each takes 200 KB while it is at work
BATCH_ROWS = 4096  # of the Arrow file: whoever maps it reads the head of each batch, and 64 KB around it
NO_LOSS = -100  # a label that PyTorch's cross-entropy leaves out
POOL_BATCHES = 50  # sorted by length together, so that batches hold little padding

Row = dict[str, list[int]]
Places = NDArray[np.int64]


def encode_file(tokenizer: Any, source: Path, target: Path, max_tokens: int) -> None:
    """Encodes a file of examples into an Arrow file and one of lengths, each there when it is whole; what is there is left.

    Raises:
        EngineError: as `encode`.
    """
    if target.is_file() and _lengths_of(target).is_file():
        return
    rows, lengths = encode(tokenizer, read_examples(source), max_tokens), array("q")
    with drafted(target) as draft, pa.OSFile(str(draft), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as writer:
        while batch := list(islice(rows, BATCH_ROWS)):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=SCHEMA))
            lengths.extend(len(row["input_ids"]) for row in batch)
    with drafted(_lengths_of(target)) as draft, draft.open("wb") as out:
        np.save(out, np.frombuffer(lengths, dtype=np.int64))


def encode(tokenizer: Any, examples: Iterable[Any], max_tokens: int) -> Iterator[Row]:
    """One row of `input_ids` and `labels` for each example, cut to `max_tokens`.

    A prompt is tokenised by itself, as an engine does when it asks: no token spans the border to the completion.

    Raises:
        EngineError: as `split_example`, or the prompts leave no room for a loss.
    """
    is_empty = True
    coming = iter(examples)
    while batch := list(islice(coming, TOKENIZER_ROWS)):  # a tokenizer is fastest with many texts at once
        texts = [text for example in batch for text in split_example(tokenizer, example)]
        ids: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
        for prompt, rest in zip(ids[::2], ids[1::2], strict=True):
            if rest and len(prompt) < max_tokens:
                is_empty = False
                labels = [NO_LOSS] * len(prompt) + rest
                yield {"input_ids": (prompt + rest)[:max_tokens], "labels": labels[:max_tokens]}
    if is_empty:
        raise EngineError(f"Every prompt is {max_tokens} tokens or longer: raise sequence_tokens.")


def token_counts(encoded: Path) -> Places:
    """How many tokens each row of an encoded file has, in its order; mapped into memory, not read."""
    counts: Places = np.load(_lengths_of(encoded), mmap_mode="r", allow_pickle=False)
    return counts


def _lengths_of(encoded: Path) -> Path:
    return encoded.with_suffix(".lengths.npy")


def order(lengths: Places, *, epochs: float, batch: int, seed: int) -> Places:
    """Places of rows in the order of training: shuffled in each epoch, batches of like length in shuffled order.

    It follows from the arguments alone, so a resumed training goes on with the very next row.
    """
    wanted = max(1, round(epochs * len(lengths)))
    orders = [_order_epoch(lengths, batch, (seed, epoch)) for epoch in range(-(-wanted // len(lengths)))]
    return np.concatenate(orders)[:wanted]


def _order_epoch(lengths: Places, batch: int, seed: tuple[int, int]) -> Places:
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(lengths))
    # sorted within pools, not over all rows: batches hold little padding, and an epoch still differs from the next
    pools = np.split(shuffled, range(POOL_BATCHES * batch, len(shuffled), POOL_BATCHES * batch))
    alike = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = np.split(alike, range(batch, len(alike), batch))
    return np.concatenate([batches[place] for place in random.permutation(len(batches))])


def split_example(tokenizer: Any, example: Any) -> tuple[str, str]:
    """The text before the loss, and the one with it: up to the end of a text, or of the turn in a chat, and with it.

    Raises:
        EngineError: the chat template is missing, ends no turn, or writes a question otherwise once it is answered.
    """
    match example:
        case str():
            return "", example + tokenizer.eos_token
        case (str() as prompt, str() as completion):
            return prompt, completion + tokenizer.eos_token
    if not tokenizer.chat_template:
        raise EngineError("The base model's tokenizer has no chat template: train on prompts with their completions.")
    turn = find_end_of_turn(tokenizer)
    if turn is None:
        raise EngineError(
            "The base model's chat template ends an answer with no control token, so a student would never learn to stop: "
            "use a base whose template ends turns, as `<|im_end|>` does."
        )
    asked: str = tokenizer.apply_chat_template(example[:-1], add_generation_prompt=True, tokenize=False)
    whole: str = tokenizer.apply_chat_template(example, tokenize=False)
    if not whole.startswith(asked):  # an engine asks with the first; a student must learn to go on from there
        raise EngineError(
            "The base model's chat template writes a question otherwise once it is answered: use another."
        )
    answer = whole.removeprefix(asked)
    return asked, answer.removesuffix(turn.rest) if answer.endswith(turn.text + turn.rest) else answer
