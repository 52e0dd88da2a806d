"""The parts of a fine-tuning: what an example teaches, the order of rows, whole checkpoints, and what is refused."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caco_tasks.errors import ConfigError, EngineError
from caco_tasks.llm.checkpoints import newest_whole, seal
from caco_tasks.llm.encoding import NO_LOSS, encode, encode_file, order, token_counts
from caco_tasks.llm.examples import ExampleFiles, ExampleWriter, read_examples
from caco_tasks.llm.finetune import FineTuneResult, Job, finetune, shares
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.model_settings import TrainSettings

BASE = str(NANO_FOLDER / "codegen")
TEXTS = [f"<|program|>Row {number}: {number} pears{' and a plum' * (number % 4)}.\n" for number in range(48)]


def settings(**changes: Any) -> TrainSettings:
    """Steps of eight texts; `hardware` as a table."""
    plain = {"base": BASE, "learning_rate": 3e-4, "batch_sequences": 8, "sequence_tokens": 256}
    return TrainSettings.model_validate(plain | changes)


def examples_in(folder: Path, train: Any = TEXTS[:40], held_out: Any = TEXTS[40:]) -> ExampleFiles:
    """Files of examples."""
    with ExampleWriter(folder) as writer:
        for examples, is_held_out in ((train, False), (held_out, True)):
            for example in examples:
                writer.add(example, is_held_out=is_held_out)
    return writer.files


def tuned(out: Path, train: Any = TEXTS[:40], held_out: Any = TEXTS[40:], **changes: Any) -> FineTuneResult:
    """A short fine-tuning."""
    examples = examples_in(out / "examples", train, held_out)
    return finetune(BASE, out, settings(**changes), examples=examples, seed=7)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The bundled tokenizer."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(BASE)


def test_a_training_is_the_same_once_its_base_was_downloaded() -> None:
    def name(base: str, **changes: Any) -> str:
        return Job(base=base, out="out", settings=settings(base="a/b", **changes), examples="e", seed=7).id

    assert name("a/b") == name("/cache/models--a--b/snapshots/0123")
    assert name("a/b") != name("a/b", revision="0a1b")


def test_a_checkpoint_that_was_cut_short_is_passed_over(tmp_path: Path) -> None:
    for step in (9, 10, 11):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
        if step < 11:
            seal(folder)
    assert newest_whole(tmp_path) == tmp_path / "checkpoint-10"
    (tmp_path / "checkpoint-10" / "model.safetensors").write_bytes(b"wei")
    assert newest_whole(tmp_path) == tmp_path / "checkpoint-9"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-9"]


def test_only_a_completion_counts_in_the_loss(tokenizer: Any) -> None:
    text, pair = encode(tokenizer, ["<|solve|>1 + 1?", ("<|solve|>1 + 1?", "2")], 64)
    assert text["labels"] == text["input_ids"]
    prompt = tokenizer("<|solve|>1 + 1?", add_special_tokens=False)["input_ids"]
    assert pair["input_ids"] == [
        *prompt,
        *tokenizer("2", add_special_tokens=False)["input_ids"],
        tokenizer.eos_token_id,
    ]
    assert pair["labels"] == [NO_LOSS] * len(prompt) + pair["input_ids"][len(prompt) :]


CHAT = [{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "2"}]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def test_of_a_chat_the_last_message_counts(tokenizer: Any) -> None:
    import copy

    talking = copy.deepcopy(tokenizer)
    talking.chat_template = TEMPLATE
    (row,) = encode(talking, [CHAT], 64)
    counted = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label != NO_LOSS]
    assert talking.decode(row["input_ids"]) == "<|user|>1 + 1?<|end|><|assistant|>2<|end|>"
    assert talking.decode(counted) == "2<|end|>"


def test_examples_are_cut_and_those_without_a_loss_left_out(tokenizer: Any) -> None:
    rows = list(encode(tokenizer, ["<|solve|>" + "1" * 50, ("<|solve|>" + "1" * 50, "2")], 16))
    assert [len(row["input_ids"]) for row in rows] == [16]
    with pytest.raises(EngineError, match="Every prompt is 16 tokens or longer: raise sequence_tokens"):
        list(encode(tokenizer, [("1" * 50, "2")], 16))


EXAMPLES: list[Any] = ["<|solve|>1 + 1?\nsnow ☃", ["<|solve|>1 + 1?", "2"], CHAT]


def test_examples_come_back_from_their_file(tmp_path: Path) -> None:
    files = examples_in(tmp_path / "new" / "folder", train=EXAMPLES, held_out=EXAMPLES[:1])
    assert (list(read_examples(files.train)), list(read_examples(files.held_out))) == (EXAMPLES, EXAMPLES[:1])
    assert (files.train_count, files.held_out_count) == (3, 1)
    others = examples_in(tmp_path / "others", train=EXAMPLES[:1], held_out=EXAMPLES)
    assert files.content_hash() != others.content_hash()


def test_a_file_of_examples_is_encoded_once_and_read_where_it_lies(tokenizer: Any, tmp_path: Path) -> None:
    from datasets import Dataset

    files = examples_in(tmp_path, train=TEXTS * 30)  # more than a batch
    target = tmp_path / "train.arrow"
    encode_file(tokenizer, files.train, target, 16)
    rows = Dataset.from_file(str(target))
    assert rows[:] == {
        name: [row[name] for row in encode(tokenizer, TEXTS * 30, 16)] for name in ("input_ids", "labels")
    }
    assert token_counts(target).tolist() == [len(row) for row in rows["input_ids"]]
    written = target.stat().st_mtime_ns
    encode_file(tokenizer, files.train, target, 16)
    assert target.stat().st_mtime_ns == written


def test_the_order_has_every_row_once_an_epoch_and_batches_of_like_length() -> None:
    lengths = np.array([place * 37 % 100 for place in range(400)])
    places = order(lengths, epochs=2.5, batch=8, seed=1).tolist()
    assert len(places) == 1000
    assert sorted(places[:400]) == sorted(places[400:800]) == list(range(400))
    assert places[:400] != places[400:800]
    assert len(set(places[800:])) == 200
    spread = [max(part) - min(part) for part in ([lengths[p] for p in places[i : i + 8]] for i in range(0, 400, 8))]
    assert sum(spread) / len(spread) < 5
    assert places == order(lengths, epochs=2.5, batch=8, seed=1).tolist()
    assert places != order(lengths, epochs=2.5, batch=8, seed=2).tolist()
    assert sorted(order(lengths[:5], epochs=1, batch=8, seed=1)) == [0, 1, 2, 3, 4]


SHARES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "all at once": ({}, (8, 1)),
    "two processes": ({"hardware": {"processes": 2}}, (4, 1)),
    "two at a time": ({"hardware": {"processes": 2, "device_sequences": 2}}, (2, 2)),
    "packed rows one by one": ({"packing": True}, (1, 8)),
    "packed rows side by side": ({"packing": True, "hardware": {"attention": "flash_attention_2"}}, (8, 1)),
}


@pytest.mark.parametrize(("changes", "expected"), SHARES.values(), ids=SHARES)
def test_a_step_is_shared_out(changes: dict[str, Any], expected: tuple[int, int]) -> None:
    assert shares(settings(**changes)) == expected


@pytest.mark.parametrize("hardware", [{"processes": 3}, {"device_sequences": 3}, {"processes": 16}])
def test_a_step_that_cannot_be_shared_out_is_refused(tmp_path: Path, hardware: dict[str, int]) -> None:
    with pytest.raises(
        ConfigError, match=r"^train.batch_sequences 8 cannot be shared out to .*: make it a multiple of "
    ):
        tuned(tmp_path, hardware=hardware)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing to train on": ({"train": []}, "0 texts to train on"),
    "nothing held out": ({"held_out": []}, "and 0 held out"),
    "a chat without a template": ({"train": [CHAT]}, "has no chat template"),
}


@pytest.mark.parametrize(("rows", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_trained_is_one_sentence(tmp_path: Path, rows: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        tuned(tmp_path, **rows)


def test_a_base_that_was_cut_short_is_one_sentence(tmp_path: Path) -> None:
    base = shutil.copytree(BASE, tmp_path / "base")
    (base / "model.safetensors").write_bytes((base / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(EngineError, match=r"cannot be loaded \(.*\): mend ") as caught:
        finetune(str(base), tmp_path / "out", settings(), examples=examples_in(tmp_path / "examples"), seed=1)
    assert "\n" not in str(caught.value)


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "work").mkdir()
    with (tmp_path / "work" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EngineError, match="Another process is training in"):
            tuned(tmp_path)
