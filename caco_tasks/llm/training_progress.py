"""What a training says while it works: how far it is, its loss, and how long it will take."""

import time
from typing import Any

from caco_tasks.work_log import SECONDS_BETWEEN_LINES, log


def tell_progress() -> Any:
    """A callback for the trainer: a line in the log of work every few seconds, from the first process only."""
    from transformers import TrainerCallback

    class TellProgress(TrainerCallback):  # type: ignore[misc]
        def __init__(self) -> None:
            self.begun = self.shown = time.monotonic()
            self.first_step, self.loss = 0, ""

        def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            self.begun = self.shown = time.monotonic()
            self.first_step, self.loss = state.global_step, ""

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **more: Any) -> None:
            if "loss" in logs:
                self.loss = f", loss {float(logs['loss']):.3f}"

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            now = time.monotonic()
            if now - self.shown < SECONDS_BETWEEN_LINES or not state.is_world_process_zero:
                return
            self.shown = now
            each = (now - self.begun) / (state.global_step - self.first_step)
            left = each * (state.max_steps - state.global_step)
            log.info(
                f"training: step {state.global_step:,} of {state.max_steps:,}{self.loss}, {each:.3g} seconds a step, "
                f"{describe_wait(left)} to go"
            )

    return TellProgress()


def describe_wait(seconds: float) -> str:
    """A time to wait, in words as rough as it is known.

    >>> describe_wait(9), describe_wait(130), describe_wait(7_500)
    ('less than 2 minutes', '2 minutes', '2.1 hours')
    """
    if seconds < 90:
        return "less than 2 minutes"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
