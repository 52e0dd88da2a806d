"""What our trainer makes of a machine, beside plain TRL with packing: the same model, the same programs, the same run.

With a graphics card: a model of half a billion random weights, rows of 2,048 tokens. Without one: the architecture of the
bundled CodeGen, rows of 256. Our trainer is measured the way its configs use it, plain TRL as its manual shows packing; the
two take turns, and each counts only tokens of programs, no padding.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.gpu_figures import model_flops_share
from caco_tasks.llm.examples import ExampleWriter
from caco_tasks.llm.finetune import finetune
from caco_tasks.model_settings import HardwareSettings, TrainSettings

TOKENIZER = Path(__file__).parents[1] / "caco_tasks" / "nano" / "weights" / "codegen"
ROUNDS = 3
SEED = 7
HELD_OUT = 32

Figures = dict[str, Any]


def bench() -> Figures:
    """Trains in turns by both ways.

    Returns:
        Tokens a second of each way and round, the ratio of the medians (ours over plain TRL), with a card the share of
        its peak that our trainer uses (MFU), and the machine.
    """
    import torch

    has_card = torch.cuda.is_available()
    settings, texts = _settings(has_card), _texts(24_000 if has_card else 320)
    with tempfile.TemporaryDirectory() as folder:
        weights = _random_model(Path(folder, "base"), has_card=has_card)
        rates: dict[str, list[float]] = {"ours": [], "plain TRL, packed": []}
        for number in range(ROUNDS):
            rates["ours"].append(_ours(Path(folder), Path(folder, f"out{number}"), settings, texts))
            rates["plain TRL, packed"].append(_plain(Path(folder), settings, texts, has_card=has_card))
    ours, plain = (statistics.median(found) for found in rates.values())
    return {
        "tokens_per_second": rates,
        "ours to plain TRL": round(ours / plain, 3),
        "weights": weights,
        "mfu": model_flops_share(weights, ours, torch.cuda.get_device_name()) if has_card else None,
        "machine": machine(),
    }


def machine() -> Figures:
    """What it was measured on."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "card": card,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "torch": torch.__version__,
    }


def _settings(has_card: bool) -> TrainSettings:
    """One epoch, as `nano` on a processor and as `paper` on a card, which takes whole rows side by side."""
    hardware = HardwareSettings(device_sequences=16 if has_card else None, gradient_checkpointing=False)
    return TrainSettings(
        base="random",
        epochs=1.0,
        learning_rate=1e-4,
        batch_sequences=64 if has_card else 32,
        sequence_tokens=2048 if has_card else 256,
        hardware=hardware,
    )


def _texts(count: int) -> list[str]:
    """Programs of the bank, each once."""
    problems = (draw_problem(FAMILIES[n % len(FAMILIES)], 700_000 + n // len(FAMILIES)) for n in range(count))
    return [problem.program for problem in problems]


def _random_model(folder: Path, *, has_card: bool) -> int:
    """A model at random weights with the bundled tokenizer; the number of its weights."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(SEED)
    config = AutoConfig.from_pretrained(TOKENIZER)
    if has_card:
        config = LlamaConfig(
            vocab_size=config.vocab_size,
            hidden_size=1280,
            intermediate_size=3584,
            num_hidden_layers=28,
            num_attention_heads=20,
            num_key_value_heads=20,
            max_position_embeddings=2048,
            eos_token_id=config.eos_token_id,
            bos_token_id=None,
        )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(TOKENIZER).save_pretrained(folder)
    return int(sum(weight.numel() for weight in model.parameters()))


def _ours(folder: Path, out: Path, settings: TrainSettings, texts: list[str]) -> float:
    """Tokens a second of `finetune`, over the training alone."""
    with ExampleWriter(out / "examples") as writer:
        for number, text in enumerate(texts):
            writer.add(text, is_held_out=number >= len(texts) - HELD_OUT)
    tuned = finetune(str(folder / "base"), out, settings, examples=writer.files, seed=SEED)
    return round(tuned.tokens / tuned.seconds, 1)


def _plain(folder: Path, settings: TrainSettings, texts: list[str], *, has_card: bool) -> float:
    """Tokens a second of `SFTTrainer` with packing and else its own defaults, over the training alone."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback
    from trl import SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(folder / "base")
    model = AutoModelForCausalLM.from_pretrained(folder / "base")
    at_once = 4 if has_card else 8
    arguments = SFTConfig(
        output_dir=str(folder / "plain"),
        packing=True,
        max_length=settings.sequence_tokens,
        per_device_train_batch_size=at_once,
        learning_rate=settings.learning_rate,
        activation_checkpointing=settings.hardware.gradient_checkpointing,
        bf16=True,
        use_cpu=not has_card,
        seed=SEED,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=has_card,
    )
    rows = Dataset.from_dict({"text": texts[:-HELD_OUT]})
    trainer = SFTTrainer(model=model, args=arguments, processing_class=tokenizer, train_dataset=rows)
    trainer.remove_callback(PrinterCallback)
    tokens = sum(len(row) for row in trainer.train_dataset["input_ids"])
    told = trainer.train()
    return round(tokens / told.metrics["train_runtime"], 1)


def _processor() -> str:
    found = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    names = [line.partition(":")[2].strip() for line in found.splitlines() if line.startswith("Model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
