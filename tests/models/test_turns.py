"""The end of a turn: found in the template, learnt by a student, and where engines stop."""

import copy
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_finetune import examples_in, settings

from caco_tasks.errors import EngineError
from caco_tasks.llm.encoding import NO_LOSS, encode
from caco_tasks.llm.finetune import finetune
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.llm.prompts import Prompt
from caco_tasks.llm.transformers_engine import TransformersLlm
from caco_tasks.llm.turns import EndOfTurn, find_end_of_turn, stop_ids
from caco_tasks.model_settings import ModelSettings

TURN = "<|verdict|>"  # a control token of the bundled tokenizer, and not its end of text
CHATML = (
    "{% for m in messages %}<|problem|>{{ m.role }}\n{{ m.content }}<|verdict|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|problem|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def plain() -> Any:
    """The bundled tokenizer, which has no chat template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(NANO_FOLDER / "codegen")


def talking(plain: Any, template: str) -> Any:
    """The tokenizer with a chat template."""
    made = copy.deepcopy(plain)
    made.chat_template = template
    return made


def each(end: str, message: str = "m.content") -> str:
    """A template that writes each message in the same way."""
    return "{% for m in messages %}<|problem|>{{ " + message + " }}" + end + "{% endfor %}"


FOUND: dict[str, tuple[str, str, str]] = {
    "ChatML": (CHATML, TURN, "\n"),
    "the end of the text": (each("<|end|>"), "<|end|>", ""),
    "a space before it": (each(" <|end|>"), " <|end|>", ""),
    "a message that is trimmed": (each(TURN, "m.content | trim"), TURN, ""),
    "the end of the text behind it": (CHATML + "{{ eos_token }}", TURN, "\n<|end|>"),
}


@pytest.mark.parametrize(("template", "text", "rest"), FOUND.values(), ids=FOUND)
def test_the_end_of_a_turn_is_what_follows_the_answer(plain: Any, template: str, text: str, rest: str) -> None:
    token_id = plain.convert_tokens_to_ids(text.strip())
    assert find_end_of_turn(talking(plain, template)) == EndOfTurn(token_id, text, rest)


ENDLESS = {
    "nothing": each(""),
    "a line end": each("\n"),
    "words": each("\n### Next"),
    "only before the answer": "{% for m in messages %}{{ m.role }}<|problem|>{{ m.content }}\n{% endfor %}",
    "no answer": "{{ messages[0].content }}" + TURN,
    "a refusal": "{{ raise_exception('no chats') }}",
}


@pytest.mark.parametrize("template", ENDLESS.values(), ids=ENDLESS)
def test_a_template_may_end_no_turn(plain: Any, template: str) -> None:
    assert find_end_of_turn(talking(plain, template)) is None


def chat(number: int) -> list[dict[str, str]]:
    """A question and its answer."""
    asked, answered = f"Pears: {number}. One more?", f"{number} + 1 = {number + 1}"
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]


def test_a_student_learns_the_end_of_the_turn_and_nothing_behind_it(plain: Any) -> None:
    tokenizer = talking(plain, CHATML)
    (row,) = encode(tokenizer, [chat(7)], 64)
    counted = [label for label in row["labels"] if label != NO_LOSS]
    assert tokenizer.decode(counted) == "7 + 1 = 8" + TURN
    assert row["input_ids"][-1] == row["labels"][-1] == tokenizer.convert_tokens_to_ids(TURN)


def test_a_template_that_ends_no_turn_is_refused_before_training(plain: Any, tmp_path: Path) -> None:
    base = shutil.copytree(NANO_FOLDER / "codegen", tmp_path / "base")
    talking(plain, ENDLESS["a line end"]).save_pretrained(base)
    examples = examples_in(tmp_path / "examples", train=[chat(1)], held_out=[chat(2)])
    with pytest.raises(EngineError, match=r"^The base model's chat template ends an answer with no control token, so"):
        finetune(str(base), tmp_path / "out", settings(), examples=examples, seed=1)
    assert not list(tmp_path.glob("out/work/checkpoint-*"))


@pytest.mark.parametrize("lora", [{}, {"lora_rank": 16}], ids=["all weights", "LoRA"])
def test_a_trained_student_stops_at_the_end_of_its_turn(plain: Any, tmp_path: Path, lora: dict[str, Any]) -> None:
    base, out = shutil.copytree(NANO_FOLDER / "codegen", tmp_path / "base"), tmp_path / "out"
    tokenizer = talking(plain, CHATML)
    tokenizer.save_pretrained(base)
    examples = examples_in(tmp_path / "examples", [chat(n) for n in range(10, 90)], [chat(n) for n in range(90, 99)])
    how = settings(learning_rate=4e-3, epochs=3, **lora)
    finetune(str(base), out, how, examples=examples, seed=1)
    assert sorted(json.loads((out / "generation_config.json").read_text())["eos_token_id"]) == stop_ids(
        tokenizer, SimpleNamespace(eos_token_id=None)
    )
    model = ModelSettings(model=str(out), prompt="student.v1", temperature=0, max_tokens=24, dtype="float32")
    llm = TransformersLlm(model, folder=str(out), model_id="student@test")
    asking = Prompt(name="t.v1", system=None, text="$problem", is_chat=True)
    requests = [
        make_request(asking, model, model_id="m", sample=n, values={"problem": chat(n)[0]["content"]})
        for n in (17, 42, 95)
    ]
    replies = llm.generate(requests)
    assert [reply.generation.finish_reason for reply in replies] == ["stop"] * 3
    assert all("=" in reply.text and len(reply.text) < 20 for reply in replies)
