"""The Transformers engine over the bundled CodeGen."""

from pathlib import Path

import pytest

from caco_tasks.errors import EngineError
from caco_tasks.llm import Prompt, Request, open_llm
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.llm.transformers_engine import TransformersLlm
from caco_tasks.model_settings import ModelSettings

FOLDER = NANO_FOLDER / "codegen"
CODEGEN = ModelSettings(model="nano:codegen", prompt="nano_program.v1", temperature=0.9, max_tokens=24, batch_rows=3)


@pytest.fixture(scope="module")
def codegen() -> TransformersLlm:
    """The bundled CodeGen, loaded."""
    llm = open_llm(CODEGEN, folder=str(FOLDER), model_id="nano:codegen@test")
    assert isinstance(llm, TransformersLlm)
    return llm


def asking(*texts: str, settings: ModelSettings = CODEGEN) -> list[Request]:
    """Requests that begin with `texts`."""
    prompts = [Prompt(name="test.v1", system=None, text=text, is_chat=False) for text in texts]
    return [
        make_request(prompt, settings, model_id="m", sample=number, values={}) for number, prompt in enumerate(prompts)
    ]


STARTS = ("<|program|>", '<|program|>input = {"', "<|program|>import", '<|program|>input = {"apples": 3', "<|program|>")


def test_replies_come_in_the_order_of_the_requests(codegen: TransformersLlm) -> None:
    requests = asking(*STARTS)
    replies = codegen.generate(requests)
    assert [reply.generation.request_id for reply in replies] == [request.request_id for request in requests]
    lengths = [reply.generation.prompt_tokens for reply in replies]
    assert lengths[0] == lengths[4] == 1 < lengths[2]
    assert lengths[3] > lengths[1]
    assert {(reply.generation.model_id, reply.generation.prompt) for reply in replies} == {
        ("nano:codegen@test", "test.v1")
    }


def test_the_same_requests_get_the_same_replies_and_others_get_others(codegen: TransformersLlm) -> None:
    texts = [[reply.text for reply in codegen.generate(asking(*STARTS))] for _ in range(2)]
    assert texts[0] == texts[1]
    assert texts[0][0] != texts[0][4]


@pytest.mark.parametrize("stop", [(), ("}",)], ids=["to their own ends", "to a stop text"])
def test_rows_that_go_on_alone_are_written_as_if_they_had_been_alone_from_the_start(
    codegen: TransformersLlm, stop: tuple[str, ...]
) -> None:
    whole = CODEGEN.model_copy(update={"temperature": 0.0, "max_tokens": 200, "stop": stop, "logprobs": True})
    texts = [
        f'<|program|>input = {{"{name}": {number}' for number in range(2, 10) for name in ("apples", "boxes", "km")
    ]
    alone, together = (
        codegen.sampled_by(whole.model_copy(update={"batch_rows": rows})).generate(asking(*texts, settings=whole))
        for rows in (1, len(texts))
    )
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    lengths = [reply.generation.completion_tokens for reply in together]
    assert lengths == [reply.generation.completion_tokens for reply in alone]
    assert len(set(lengths)) > 1  # they end at different times
    assert {reply.generation.finish_reason for reply in together} == {"stop"}
    for one, other in zip(alone, together, strict=True):
        assert one.logprobs is not None
        assert other.logprobs == pytest.approx(one.logprobs, abs=1e-3)


def test_what_several_rows_are_asked_is_read_once_and_answered_as_if_each_were_alone(codegen: TransformersLlm) -> None:
    greedy = CODEGEN.model_copy(update={"temperature": 0.0})
    texts = [text for text in STARTS[:4] for _ in range(3)]
    alone, together = (
        codegen.sampled_by(greedy.model_copy(update={"batch_rows": rows})).generate(asking(*texts, settings=greedy))
        for rows in (1, len(texts))
    )
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    sampled = codegen.sampled_by(CODEGEN.model_copy(update={"batch_rows": len(texts)})).generate(asking(*texts))
    assert len({reply.text for reply in sampled}) > len(set(texts))  # the same question, another sample each time


def test_no_requests_get_no_replies(codegen: TransformersLlm) -> None:
    assert codegen.generate([]) == []


def test_a_reply_that_is_cut_off_says_so(codegen: TransformersLlm) -> None:
    short = codegen.sampled_by(CODEGEN.model_copy(update={"max_tokens": 3}))
    replies = short.generate(asking(*STARTS[:3]))
    assert {(reply.generation.finish_reason, reply.generation.completion_tokens) for reply in replies} == {
        ("length", 3)
    }


def test_a_program_that_ends_by_itself_says_so_and_looks_like_one(codegen: TransformersLlm) -> None:
    greedy = codegen.sampled_by(CODEGEN.model_copy(update={"temperature": 0.0, "max_tokens": 256}))
    reply = greedy.generate(asking("<|program|>"))[0]
    assert (reply.generation.finish_reason, reply.error) == ("stop", None)
    assert 10 < reply.generation.completion_tokens < 256
    assert reply.text.endswith("print(output)\n")
    compile(reply.text, "reply", "exec")
    assert reply.generation.seconds > 0


def test_a_stop_text_ends_a_reply_and_is_no_part_of_it(codegen: TransformersLlm) -> None:
    settings = CODEGEN.model_copy(update={"temperature": 0.0, "max_tokens": 256, "stop": ("\ndef ",)})
    reply = codegen.sampled_by(settings).generate(asking("<|program|>", settings=settings))[0]
    assert reply.generation.finish_reason == "stop"
    assert "input = {" in reply.text
    assert "def " not in reply.text


def test_a_request_may_be_sampled_at_a_temperature_of_its_own(codegen: TransformersLlm) -> None:
    cold = CODEGEN.model_copy(update={"temperature": 0.0, "retry_temperature": 1.5})
    greedy = codegen.sampled_by(cold)
    first, again = (
        make_request(Prompt(name="test.v1", system=None, text="<|program|>", is_chat=False), cold, model_id="m",
                     values={}, is_retry=is_retry) for is_retry in (False, True)
    )  # fmt: skip
    alone, (together, sampled) = greedy.generate([first])[0], greedy.generate([first, again])
    assert alone.text == together.text
    assert sampled.text != alone.text


def test_a_prompt_that_is_too_long_gets_no_reply_and_its_neighbours_do(codegen: TransformersLlm) -> None:
    long, short = codegen.generate(asking("<|program|>" + "1" * 5000, "<|program|>"))
    assert (long.error, long.text, long.generation.completion_tokens) == ("prompt_too_long", "", 0)
    assert long.generation.prompt_tokens > 5000
    assert short.error is None
    assert short.text


def test_a_chat_prompt_needs_a_chat_template(codegen: TransformersLlm) -> None:
    chat = Request(request_id="r", prompt="a.v1", text="Hello", is_chat=True)
    with pytest.raises(EngineError, match="has no chat template: use a prompt that is raw text"):
        codegen.generate([chat])


def test_missing_weights_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"^The model '.*/nothing' cannot be loaded \(.*\): mend ") as caught:
        open_llm(CODEGEN, folder=str(tmp_path / "nothing"), model_id="m")
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_one_sentence(tmp_path: Path) -> None:
    for path in FOLDER.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes((FOLDER / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(EngineError, match=r"cannot be loaded \(.*\): mend ") as caught:
        open_llm(CODEGEN, folder=str(tmp_path), model_id="m")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["cuda:99", "card"])
def test_a_device_that_is_not_here_is_one_sentence(device: str) -> None:
    settings = CODEGEN.model_copy(update={"device": device})
    with pytest.raises(EngineError, match=f"^The device '{device}' cannot be used here .* set it to 'cpu'") as caught:
        open_llm(settings, folder=str(FOLDER), model_id="m")
    assert "\n" not in str(caught.value)


def test_log_probabilities_are_those_of_the_tokens_written(codegen: TransformersLlm) -> None:
    settings = CODEGEN.model_copy(update={"temperature": 0.0, "max_tokens": 256, "logprobs": True})
    requests = asking("<|program|>", '<|program|>input = {"', settings=settings)
    for reply in codegen.sampled_by(settings).generate(requests):
        assert reply.logprobs is not None
        assert len(reply.logprobs) == reply.generation.completion_tokens
        assert all(-20 < value <= 0 for value in reply.logprobs)
        assert sum(reply.logprobs) / len(reply.logprobs) > -1.5  # the likeliest tokens of a trained model
    assert codegen.generate(asking("<|program|>"))[0].logprobs is None


def test_min_p_leaves_out_what_is_unlikely(codegen: TransformersLlm) -> None:
    hot = CODEGEN.model_copy(update={"temperature": 2.0, "logprobs": True})
    least = []
    for share in (0.0, 0.5):
        replies = codegen.sampled_by(hot.model_copy(update={"min_p": share})).generate(asking(*STARTS))
        least.append(min(value for reply in replies for value in reply.logprobs or ()))
    assert least[0] < -8 < least[1]


def test_a_context_may_be_made_shorter_than_the_model_s(codegen: TransformersLlm) -> None:
    short = codegen.sampled_by(CODEGEN.model_copy(update={"context_tokens": 26, "max_tokens": 24}))
    errors = [reply.error for reply in short.generate(asking(*STARTS))]
    assert errors == [None, None, "prompt_too_long", "prompt_too_long", None]
