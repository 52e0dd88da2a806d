"""Trains an adapter: `python -m caco_tasks.smol.adapter_training ROLE --data quadruples.jsonl --base FOLDER --out FOLDER`.

The data are what `caco_tasks.smol.redrawn` writes. The folder gets the adapter in bfloat16 and `training.json`, which
`caco_tasks.smol.card` reads. A killed training goes on from its last checkpoint.
"""

import argparse
import json
import shutil
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from caco_tasks.atomic import write_bytes
from caco_tasks.ids import file_sha256, random_seed
from caco_tasks.llm.examples import ExampleWriter
from caco_tasks.llm.finetune import FineTuneResult, finetune
from caco_tasks.llm.local_models import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from caco_tasks.model_settings import HardwareSettings, TrainSettings
from caco_tasks.smol.quadruples import ROLES, AdapterRole, make_examples, read_quadruples

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
SEED = 20261129
HELD_OUT_SEEDS = 0.03  # share of the seeds, with all their re-draws, that are never trained on
MAX_HELD_OUT = 48  # examples
DEVICE_SEQUENCES = 4  # at once: what 30 layers keep of 16 long sequences takes 13 GB


def adapter_settings(*, rank: int, learning_rate: float, batch: int) -> TrainSettings:
    """How an adapter is trained: LoRA upon all linear layers, one pass, bfloat16."""
    return TrainSettings(
        base=BASE,
        epochs=1.0,
        learning_rate=learning_rate,
        warmup_ratio=0.05,
        weight_decay=0.0,
        batch_sequences=batch,
        sequence_tokens=640,
        lora_rank=rank,
        lora_alpha=2 * rank,
        dtype="bfloat16",
        hardware=HardwareSettings(device_sequences=DEVICE_SEQUENCES, checkpoint_steps=50),
    )


def is_held_out(seed_id: str) -> bool:
    """Whether a seed and its re-draws are kept for testing: by its own id, so it stays so whatever else there is."""
    return random_seed("held out", seed_id) % 1000 < 1000 * HELD_OUT_SEEDS


def train_adapter(
    role: AdapterRole,
    data: Path,
    *,
    base: str,
    out: Path,
    count: int,
    settings: TrainSettings,
    max_chars: int | None = None,
) -> FineTuneResult:
    """Trains the adapter of a role upon the model in `base` and writes it to `out`."""
    seeds = read_quadruples(data)
    with ExampleWriter(out / "examples") as writer:
        for is_tested, number in ((False, count), (True, MAX_HELD_OUT)):
            chosen = [group for group in seeds if is_held_out(group[0].seed_id) == is_tested]
            for prompt, reply in make_examples(role, chosen, count=number, seed=SEED, max_chars=max_chars):
                writer.add((prompt, reply), is_held_out=is_tested)
    result = finetune(base, out / "merged", settings, examples=writer.files, seed=SEED)
    ship_adapter(out / "merged" / "work" / "adapter", out)
    told = {
        "role": role,
        "base": BASE,
        "base_sha256": file_sha256(str(Path(base) / "model.safetensors")),
        "data_sha256": file_sha256(str(data)),
        "examples": count,
        "max_chars": max_chars,
        "settings": settings.model_dump(mode="json"),
        **asdict(result),
    }
    write_bytes(out / "training.json", json.dumps(told, indent=1).encode() + b"\n")
    shutil.rmtree(out / "merged")
    shutil.rmtree(out / "examples")
    return result


def ship_adapter(trained: Path, out: Path) -> None:
    """Copies an adapter in bfloat16, under the base's Hub id instead of this machine's folder."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(trained / ADAPTER_WEIGHTS).items()}
    save_file(weights, out / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    told = json.loads((trained / ADAPTER_CONFIG).read_text(encoding="utf-8"))
    told |= {"base_model_name_or_path": BASE, "inference_mode": True}
    write_bytes(out / ADAPTER_CONFIG, json.dumps(told, indent=1, sort_keys=True).encode() + b"\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--data", type=Path, required=True, help="quadruples, one JSON value a line")
    parser.add_argument("--base", required=True, help="folder of the base model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2000, help="examples, one pass")
    parser.add_argument("--max-chars", type=int, help="of problem, solution and program together; default: any number")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    settings = adapter_settings(rank=args.rank, learning_rate=args.learning_rate, batch=args.batch)
    result = train_adapter(
        args.role,
        args.data,
        base=args.base,
        out=args.out,
        count=args.count,
        settings=settings,
        max_chars=args.max_chars,
    )
    Console(highlight=False, soft_wrap=True).print(
        f"{args.role}: held-out loss {result.loss_before} -> {result.loss_after} in {result.steps} steps, {result.seconds} s"
    )


if __name__ == "__main__":
    main()
