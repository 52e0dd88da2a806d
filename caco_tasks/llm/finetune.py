"""Fine-tuning a causal language model on texts, with the Transformers `Trainer` (paper, section 3.2: next-token loss on code)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from caco_tasks.config import TrainSettings
from caco_tasks.errors import EngineError
from caco_tasks.llm.transformers_engine import unloadable


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuned:
    """What came of a fine-tuning."""

    loss_before: float  # mean next-token loss on the held-out texts, in nats
    loss_after: float
    curve: tuple[tuple[int, float], ...]  # optimiser step, training loss
    steps: int
    tokens: int  # of the training texts, once
    seconds: float


def finetune(
    base: str, out: Path, settings: TrainSettings, *, train: Sequence[str], held_out: Sequence[str], seed: int
) -> FineTuned:
    """Fine-tunes the model in `base` on `train` and saves weights and tokenizer to `out`.

    Texts longer than `settings.sequence_tokens` are cut. Batches are made of texts of like length.

    Raises:
        EngineError: the base model cannot be loaded, there is nothing to train or test on, or the loss is not a number.
    """
    if not train or not held_out:
        raise EngineError(f"There are {len(train)} texts to train on and {len(held_out)} held out: give more seeds.")
    tokenizer, model = _load(base)
    trainer = _trainer(model, tokenizer, settings, out=out, seed=seed)
    trainer.train_dataset = _encode(tokenizer, train, settings.sequence_tokens)
    tests = _encode(tokenizer, held_out, settings.sequence_tokens)
    before = trainer.evaluate(tests)["eval_loss"]
    run = trainer.train()
    after = trainer.evaluate(tests)["eval_loss"]
    if not after < float("inf"):
        raise EngineError("The loss on held-out programs is not a number after training: lower the learning rate.")
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return FineTuned(
        loss_before=round(before, 4),
        loss_after=round(after, 4),
        curve=tuple((entry["step"], round(entry["loss"], 4)) for entry in trainer.state.log_history if "loss" in entry),
        steps=run.global_step,
        tokens=sum(len(row["input_ids"]) for row in trainer.train_dataset),
        seconds=round(run.metrics["train_runtime"], 1),
    )


def _load(base: str) -> tuple[Any, Any]:
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        return AutoTokenizer.from_pretrained(base), AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    except (OSError, ValueError, SafetensorError) as exc:
        raise EngineError(unloadable(base, exc)) from exc


def _trainer(model: Any, tokenizer: Any, settings: TrainSettings, *, out: Path, seed: int) -> Any:
    import torch
    from transformers import DataCollatorForLanguageModeling, PrinterCallback, Trainer, TrainingArguments

    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    arguments = TrainingArguments(
        output_dir=str(out),
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        per_device_train_batch_size=settings.batch_sequences,
        per_device_eval_batch_size=settings.batch_sequences,
        train_sampling_strategy="group_by_length",
        bf16=settings.dtype == "bfloat16",
        use_cpu=not torch.cuda.is_available(),
        seed=seed % 2**32,
        logging_steps=10,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    collator = DataCollatorForLanguageModeling(tokenizer, mlm=False)
    trainer = Trainer(model=model, args=arguments, data_collator=collator)
    trainer.remove_callback(PrinterCallback)  # standard output is for the counts
    return trainer


def _encode(tokenizer: Any, texts: Sequence[str], most_tokens: int) -> list[dict[str, list[int]]]:
    end = tokenizer.eos_token
    return [{"input_ids": tokenizer(text + end, add_special_tokens=False)["input_ids"][:most_tokens]} for text in texts]
