"""The loss of a causal language model with logits only where a label counts, a block of positions at a time.

With a vocabulary of 50,000 tokens and more the logits of a batch take gigabytes, and a processor spends a good part of a
step on moving them. Prompts and padding need none, and a block's gradient can be had while its logits are still there.
"""

import functools
import types
from typing import Any

from caco_tasks.llm.encoding import NO_LOSS

BLOCK_POSITIONS = 1024  # whose logits are there at once: 200 MB of a vocabulary of 50,000
PROBE_TOKENS = 16
PROBE_TOLERANCE = 1e-3  # relative; a loss of the experts' load changes far more


def count_only_labels(model: Any) -> bool:
    """Lets a model of Transformers that is called with labels compute its loss this way, and everything else as before.

    A probe decides: where the model's own loss is another (it scales its logits, or adds a loss of its own), or where its
    body or head is not to be had, it stays as it is. The loss is in nats, the mean over the labels that count, or their
    sum divided by `num_items_in_batch`, as the model's own.

    Returns:
        Whether it does.
    """
    import torch
    from transformers.modeling_outputs import CausalLMOutput

    head = model.get_output_embeddings()
    if type(head) is not torch.nn.Linear or model.base_model is model:
        return False
    own = model.forward

    @functools.wraps(own)  # the trainer reads its parameters
    def forward(self: Any, *args: Any, labels: Any = None, num_items_in_batch: Any = None, **more: Any) -> Any:
        if labels is None or args or more.keys() & {"fused_lm_head", "shift_labels"}:
            return own(*args, **_given(labels=labels, num_items_in_batch=num_items_in_batch), **more)
        hidden = self.base_model(**(more | {"use_cache": False})).last_hidden_state[:, :-1]
        counts = labels[:, 1:] != NO_LOSS
        total = _summed_loss()(hidden[counts], head.weight, head.bias, labels[:, 1:][counts])
        divisor = counts.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
        return CausalLMOutput(loss=total / divisor)

    tokens = torch.arange(PROBE_TOKENS, device=model.device)[None] % model.config.get_text_config().vocab_size
    was_training = model.training
    model.eval()
    outputs: list[Any] = []
    hook = head.register_forward_hook(lambda _head, _given, made: outputs.append(made))
    with torch.no_grad():
        told = own(input_ids=tokens, labels=tokens)
        ours = forward(model, input_ids=tokens, labels=tokens)
    hook.remove()
    model.train(was_training)
    is_same = torch.equal(outputs[0], told.logits) and torch.isclose(ours.loss, told.loss, rtol=PROBE_TOLERANCE).item()
    if is_same:
        model.forward = types.MethodType(forward, model)
    return bool(is_same)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


@functools.cache
def _summed_loss() -> Any:
    """The function of (hidden states [n, d], head's weight [v, d] and bias [v] or None, labels [n]) to the summed loss."""
    import torch

    class SummedLoss(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, hidden: Any, weight: Any, bias: Any, labels: Any) -> Any:
            kind = hidden.device.type
            dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
            wants = ctx.needs_input_grad[:3]
            with torch.autocast(kind, enabled=False):
                loss, *grads = _blocks(hidden.to(dtype), weight.to(dtype), bias, labels, wants)
            kept = [
                grad if grad is None else grad.to(of.dtype)
                for grad, of in zip(grads, (hidden, weight, bias), strict=True)
            ]
            ctx.save_for_backward(*kept)
            return loss

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return (*(kept if kept is None else kept * grad for kept in ctx.saved_tensors), None)

    return SummedLoss.apply


def _blocks(hidden: Any, weight: Any, bias: Any, labels: Any, wants: tuple[bool, bool, bool]) -> tuple[Any, ...]:
    """The summed loss in float32, and the gradients that are wanted: of the hidden states, the weight and the bias."""
    import torch

    loss = torch.zeros((), dtype=torch.float32, device=hidden.device)
    grad_hidden = torch.empty_like(hidden) if wants[0] else None
    grad_weight = torch.zeros_like(weight, dtype=torch.float32) if wants[1] else None
    grad_bias = torch.zeros_like(bias, dtype=torch.float32) if wants[2] else None
    for start in range(0, len(labels), BLOCK_POSITIONS):
        block = slice(start, start + BLOCK_POSITIONS)
        logits = torch.nn.functional.linear(
            hidden[block], weight, None if bias is None else bias.to(weight.dtype)
        ).float()
        scores = torch.log_softmax(logits, dim=-1)
        wanted = labels[block, None]
        loss -= scores.gather(1, wanted).sum()
        if not any(wants):
            continue
        grad = scores.exp_().scatter_add_(1, wanted, torch.full_like(wanted, -1, dtype=torch.float32))
        if grad_bias is not None:
            grad_bias += grad.sum(0)
        grad = grad.to(weight.dtype)
        if grad_hidden is not None:
            torch.mm(grad, weight, out=grad_hidden[block])
        if grad_weight is not None:
            grad_weight += grad.T @ hidden[block]
    return loss, grad_hidden, grad_weight, grad_bias
