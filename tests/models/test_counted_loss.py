"""The loss of labels that count is the model's own, and so are its gradients; models with another loss keep theirs."""

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM

from caco_tasks.llm import counted_loss, on_processor
from caco_tasks.llm.counted_loss import count_only_labels
from caco_tasks.llm.encoding import NO_LOSS
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.llm.on_processor import choose_attention

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # PEFT's

LORA = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)


def nano(*, lora: bool = False) -> Any:
    """The bundled CodeGen in single precision."""
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(NANO_FOLDER / "codegen", dtype=torch.float32)
    return get_peft_model(model, LORA) if lora else model


def batch() -> dict[str, Any]:
    """Four rows of prompts without a loss, and of padding."""
    ids = torch.randint(8, 500, (4, 60), generator=torch.Generator().manual_seed(1))
    labels, mask = ids.clone(), torch.ones_like(ids)
    labels[:, :20] = NO_LOSS
    labels[2:, 40:], mask[2:, 40:] = NO_LOSS, 0
    return {"input_ids": ids, "labels": labels, "attention_mask": mask}


def learnt(model: Any, **more: Any) -> tuple[float, dict[str, Any]]:
    """The loss, and the gradients by name."""
    loss = model(**batch(), **more).loss
    loss.backward()
    return loss.item(), {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("block", [1024, 7], ids=["one block", "many blocks"])
@pytest.mark.parametrize("more", [{}, {"num_items_in_batch": torch.tensor(431)}], ids=["mean", "share of a step"])
@pytest.mark.parametrize("lora", [False, True], ids=["all weights", "LoRA"])
def test_loss_and_gradients_are_the_models_own(
    monkeypatch: pytest.MonkeyPatch, block: int, more: dict[str, Any], lora: bool
) -> None:
    monkeypatch.setattr(counted_loss, "BLOCK_POSITIONS", block)
    own, ours = nano(lora=lora), nano(lora=lora)
    assert count_only_labels(ours.get_base_model() if lora else ours)
    (loss, grads), (our_loss, our_grads) = learnt(own, **more), learnt(ours, **more)
    assert our_loss == pytest.approx(loss, rel=1e-5)
    assert grads.keys() == our_grads.keys()
    for name, grad in grads.items():
        torch.testing.assert_close(our_grads[name], grad, rtol=1e-4, atol=1e-6)


def test_in_half_precision_it_is_as_near_as_the_models_own() -> None:
    exact = learnt(nano())[1]
    found = []
    for is_ours in (False, True):
        model = nano()
        assert not is_ours or count_only_labels(model)
        with torch.autocast("cpu", torch.bfloat16):
            found.append(learnt(model)[1])
    off = [sum((grads[name] - exact[name]).square().sum().item() for name in exact) for grads in found]
    assert off[1] < 1.1 * off[0]


def test_without_labels_there_are_logits_as_before() -> None:
    own, ours = nano().eval(), nano().eval()
    assert count_only_labels(ours)
    ids = batch()["input_ids"]
    torch.testing.assert_close(ours(input_ids=ids).logits, own(input_ids=ids).logits)


def test_a_batch_in_which_nothing_counts_has_no_loss() -> None:
    model = nano()
    assert count_only_labels(model)
    loss = model(**batch() | {"labels": torch.full((4, 60), NO_LOSS)}).loss
    loss.backward()
    assert loss.item() == 0


def test_a_model_with_a_loss_of_its_own_keeps_it() -> None:
    small: dict[str, Any] = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1}
    small |= {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
    capped = Gemma2ForCausalLM(Gemma2Config(**small, final_logit_softcapping=0.5))
    assert not count_only_labels(capped)
    headless = LlamaForCausalLM(LlamaConfig(**small)).model
    assert not count_only_labels(headless)


def test_attention_of_short_rows_is_plain_and_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast, plain = nano(), nano()
    choose_attention(fast, 4, on_processor.PLAIN_ATTENTION_TOKENS + 1)
    choose_attention(plain, 4, 60)
    assert (fast.config._attn_implementation, plain.config._attn_implementation) == ("sdpa", "eager")
    assert learnt(plain)[0] == pytest.approx(learnt(fast)[0], rel=1e-5)
    monkeypatch.setattr(on_processor, "PLAIN_ATTENTION_BYTES", 1000)
    choose_attention(plain, 4, 60)
    assert plain.config._attn_implementation == "sdpa"
