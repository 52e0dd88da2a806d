"""Checkpoints that are whole, and the callbacks of a training that keep them so.

The trainer writes a checkpoint file by file; one that a kill cut short looks like any other. So each gets, last of all, a
list of its files and their sizes, and a training resumes only from one that matches its list.
"""

import json
import math
import shutil
from pathlib import Path
from typing import Any

from caco_tasks.atomic import write_bytes
from caco_tasks.errors import EngineError

LIST = "files.json"


def newest_whole(work: Path) -> Path | None:
    """The newest whole checkpoint in a folder, by its step; those that are not whole are deleted."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    for path in found:
        if is_whole(path):
            return path
        shutil.rmtree(path)
    return None


def seal(checkpoint: Path) -> None:
    """Writes the list of a finished checkpoint's files."""
    write_bytes(checkpoint / LIST, json.dumps(_sizes(checkpoint)).encode())


def callbacks() -> list[Any]:
    """Seals each checkpoint, and stops a training whose loss is not a number."""
    from transformers import TrainerCallback

    class Seal(TrainerCallback):  # type: ignore[misc]
        def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            args.distributed_state.wait_for_everyone()  # each process writes random states and shards of its own
            if state.is_world_process_zero:
                seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    class StopAtNan(TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **more: Any) -> None:
            if not math.isfinite(logs.get("loss", 0.0)):
                raise EngineError(
                    f"The training loss is not a number at step {state.global_step}: lower train.learning_rate, or look for "
                    "damaged weights in the base model."
                )

    return [Seal(), StopAtNan()]


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint has the files of its list, with their sizes."""
    try:
        listed = json.loads((checkpoint / LIST).read_text())
    except (OSError, ValueError):
        return False
    return bool(listed) and listed == _sizes(checkpoint)


def _sizes(checkpoint: Path) -> dict[str, int]:
    files = (path for path in checkpoint.rglob("*") if path.is_file() and not path.name.startswith(LIST))
    return {str(path.relative_to(checkpoint)): path.stat().st_size for path in files}
