"""When a trained model may be used: the held-out loss and the yield of programs sampled from it."""

import making
import pytest

from caco_tasks.llm.finetune import FineTuneResult
from caco_tasks.stages.train import refusal_reason


def tuned(loss_after: float) -> FineTuneResult:
    """A training that began with a loss of 1."""
    return FineTuneResult(
        loss_before=1.0, loss_after=loss_after, curve=(), steps=1, resumed_at=0, tokens=1, seconds=1.0
    )


GATES: dict[str, tuple[float, float | None, float | None, str | None]] = {
    "better in both": (0.5, 0.9, 0.8, None),
    "a little worse in both": (1.02, 0.75, 0.8, None),
    "the first model": (0.5, 0.1, None, None),
    "yield not measured": (0.5, None, 0.8, None),
    "none ran": (0.5, 0.0, None, "None of the programs sampled from it ran (train.gate_samples)."),
    "loss too high": (
        1.03,
        0.9,
        0.8,
        "The held-out loss went from 1.0000 to 1.0300, above 1.0200 (train.max_loss_rise).",
    ),
    "yield too low": (
        0.5,
        0.74,
        0.8,
        "Of the programs sampled from it 74.0% ran, of the accepted model's 80.0% (train.max_yield_loss).",
    ),
}


@pytest.mark.parametrize(("loss", "found", "accepted", "said"), GATES.values(), ids=GATES)
def test_a_model_is_used_unless_loss_or_yield_speak_against_it(
    loss: float, found: float | None, accepted: float | None, said: str | None
) -> None:
    settings = making.small_config().train
    assert refusal_reason(settings, tuned(loss), found_yield=found, accepted_yield=accepted) == said
