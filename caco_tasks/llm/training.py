"""The trainer itself: `python -m caco_tasks.llm.training JOB` is one of several processes, started by `finetune`."""

import gc
import math
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from caco_tasks.errors import EngineError
from caco_tasks.llm.checkpoints import callbacks, newest_whole
from caco_tasks.llm.encoding import Places, order, token_counts
from caco_tasks.llm.finetune import FineTuneResult, Job, read_json, shares, write_json
from caco_tasks.llm.on_processor import make_trainer_class
from caco_tasks.llm.training_progress import tell_progress
from caco_tasks.llm.transformers_engine import peft_without_its_warning, unloadable
from caco_tasks.llm.turns import stop_ids
from caco_tasks.model_settings import TrainSettings
from caco_tasks.work_log import show_work

POINTS_OF_CURVE = 100


def run(job: Job) -> FineTuneResult:
    """Trains, tests before and after, and saves: one process of the job, or its only one.

    Raises:
        EngineError: as `finetune`; or the GPU's memory does not suffice.
    """
    import torch

    settings, lengths, checkpoint = job.settings, token_counts(job.train), newest_whole(job.work)
    places = order(lengths, epochs=settings.epochs, batch=settings.batch_sequences, seed=job.seed)
    arguments = make_arguments(job, rows=len(places), is_new=checkpoint is None)
    try:
        tokenizer, model = load_base(job.base, settings, arguments)
        trainer = make_trainer(model, tokenizer, job, arguments, places)
        trained = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        after = trainer.evaluate()["eval_loss"]
    except torch.OutOfMemoryError as exc:
        raise EngineError(
            "The GPU has too little memory for this training: lower train.hardware.device_sequences, or set "
            "train.hardware.gradient_checkpointing or train.lora_rank."
        ) from exc
    if not math.isfinite(after):
        raise EngineError("The loss on what was held out is not a number after training: lower train.learning_rate.")
    save_model(trainer, tokenizer, job)
    result = FineTuneResult(
        loss_before=round(next(entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry), 4),
        loss_after=round(after, 4),
        curve=tuple((entry["step"], round(entry["loss"], 4)) for entry in trainer.state.log_history if "loss" in entry),
        steps=trained.global_step,
        resumed_at=int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0,
        tokens=int(lengths.sum()),
        seconds=round(trained.metrics["train_runtime"], 1),
    )
    del trainer, model
    gc.collect()
    torch.cuda.empty_cache()  # an engine may want the GPU next
    return result


def load_base(base: str, settings: TrainSettings, arguments: Any) -> tuple[Any, Any]:
    """Loads tokenizer and model: in single precision, or with LoRA, which leaves its weights as they are, in `dtype`.

    Each process loads onto its own GPU, past the machine's memory. Where the weights are shared out, the first loads
    them there, and the others get their shares from it.

    Raises:
        EngineError: the model cannot be loaded.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    dtype = getattr(torch, settings.dtype) if settings.lora_rank else torch.float32
    is_shared_out = settings.hardware.sharding == "fsdp"
    how = {"revision": settings.revision, "dtype": dtype, "attn_implementation": settings.hardware.attention}
    try:
        tokenizer = AutoTokenizer.from_pretrained(base, revision=settings.revision)
        if is_shared_out and arguments.local_process_index != 0:
            model = empty_model(base, **how)
        else:
            place = {"": arguments.device} if torch.cuda.is_available() and not is_shared_out else None
            model = AutoModelForCausalLM.from_pretrained(base, device_map=place, **how)
    except (OSError, ValueError, ImportError, SafetensorError) as exc:
        raise EngineError(unloadable(base, exc)) from exc
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer, model


def empty_model(base: str, *, revision: str | None, **how: Any) -> Any:
    """The model without memory for its weights; its buffers, such as the angles of positions, are made."""
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(base, revision=revision)
    with init_empty_weights(include_buffers=False):
        return AutoModelForCausalLM.from_config(config, **how)


def make_trainer(model: Any, tokenizer: Any, job: Job, arguments: Any, places: Places) -> Any:
    """The trainer of a job over the rows of its data at `places`, in that order; with packing it orders them itself."""
    import torch
    from datasets import Dataset, disable_progress_bars
    from peft import LoraConfig
    from transformers import PrinterCallback
    from trl import SFTTrainer

    disable_progress_bars()

    settings = job.settings
    adapter = {"r": settings.lora_rank, "lora_alpha": settings.lora_alpha}
    lora = LoraConfig(**adapter, target_modules="all-linear", task_type="CAUSAL_LM") if settings.lora_rank else None
    rows = Dataset.from_file(str(job.train))  # mapped into memory, not read
    with peft_without_its_warning():
        trainer = (SFTTrainer if torch.cuda.is_available() else make_trainer_class())(
            model=model,
            args=arguments,
            processing_class=tokenizer,
            train_dataset=rows if settings.packing else rows.select(places),
            eval_dataset=Dataset.from_file(str(job.held_out)),
            peft_config=lora,
            callbacks=[*callbacks(), tell_progress()],
        )
    trainer.remove_callback(PrinterCallback)  # standard output is for the counts
    return trainer


def make_arguments(job: Job, *, rows: int, is_new: bool) -> Any:
    """The settings of a job as TRL's; `is_new` where no checkpoint is resumed, so that the loss before is measured.

    Raises:
        EngineError: sharding is wanted, and there is no GPU.
    """
    import torch
    from trl import SFTConfig

    settings, hardware = job.settings, job.settings.hardware
    at_once, times = shares(settings)
    has_gpu = torch.cuda.is_available()
    if hardware.sharding == "fsdp" and not has_gpu:  # accelerate would leave it out without a word
        raise EngineError("train.hardware.sharding 'fsdp' needs GPUs, and there is none: set it to 'none'.")
    steps = settings.max_steps if settings.max_steps > 0 else math.ceil(rows / settings.batch_sequences)
    arguments = SFTConfig(
        output_dir=str(job.work),
        num_train_epochs=settings.epochs if settings.packing else 1,  # else `order` has them all
        max_steps=settings.max_steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        per_device_train_batch_size=at_once,
        per_device_eval_batch_size=at_once,
        gradient_accumulation_steps=times,
        activation_checkpointing=hardware.gradient_checkpointing,
        packing=settings.packing,
        padding_free=hardware.attention != "sdpa",
        max_length=settings.sequence_tokens if settings.packing else None,  # else `encode` has cut
        train_sampling_strategy="random" if settings.packing else "sequential",
        bf16=settings.dtype == "bfloat16",
        use_cpu=not has_gpu,
        ddp_backend="gloo" if hardware.processes > 1 and not has_gpu else None,
        ddp_find_unused_parameters=False,
        fsdp=True if hardware.sharding == "fsdp" else None,
        fsdp_config={"cpu_ram_efficient_loading": True} if hardware.sharding == "fsdp" else None,  # see `load_base`
        seed=job.seed % 2**32,
        eval_on_start=is_new,
        logging_steps=max(1, steps // POINTS_OF_CURVE),
        logging_nan_inf_filter=False,
        save_steps=hardware.checkpoint_steps,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=has_gpu,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # several GPUs want several processes; the Trainer would share one out
    return arguments


def save_model(trainer: Any, tokenizer: Any, job: Job) -> None:
    """Writes the whole model in the number format of its base; of LoRA the base with the adapter merged into it."""
    import torch
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForCausalLM

    state = trainer.accelerator.get_state_dict(trainer.model)  # with sharding all processes must take part
    if not trainer.is_world_process_zero():
        return
    dtype = AutoConfig.from_pretrained(job.base, revision=job.settings.revision).dtype or torch.float32
    model = trainer.accelerator.unwrap_model(trainer.model)
    if job.settings.lora_rank:
        adapter = str(job.work / "adapter")
        model.save_pretrained(adapter, state_dict=state)
        # merged into the base as it was loaded from disk: in its own number format
        base = AutoModelForCausalLM.from_pretrained(job.base, revision=job.settings.revision, dtype=dtype)
        with peft_without_its_warning():
            merged = PeftModel.from_pretrained(base, adapter).merge_and_unload()
        _stop_where_taught(merged, tokenizer)
        merged.save_pretrained(job.out)
    else:
        _stop_where_taught(model, tokenizer)
        model.save_pretrained(job.out, state_dict=_cast_weights(state, dtype))
        model.config.dtype = dtype
        model.config.save_pretrained(job.out)
    tokenizer.save_pretrained(job.out)


def _stop_where_taught(model: Any, tokenizer: Any) -> None:
    """Lets every engine that reads the generation config stop at the end of a text and of a turn, as was learnt."""
    ends = stop_ids(tokenizer, model.generation_config)
    model.generation_config.eos_token_id = ends[0] if len(ends) == 1 else ends
    model.generation_config._from_model_config = False  # else it would be made anew from config.json


def _cast_weights(state: dict[str, Any], dtype: Any) -> dict[str, Any]:
    """The weights in another number format; those that share their memory still do."""
    made: dict[int, Any] = {}
    return {name: made.setdefault(weight.data_ptr(), weight.to("cpu", dtype)) for name, weight in state.items()}


def _end_with_the_parent() -> None:
    """Ends this process when the one that started the training is gone: its end of standard input closes."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """One process of a training; the first writes the result beside the job."""
    import torch

    _end_with_the_parent()
    show_work()
    job: Job = read_json(Job, Path(sys.argv[1]))
    try:
        tuned = run(job)
    except EngineError as exc:
        write_json(job.work / "error.json", str(exc))
        sys.exit(1)
    if torch.distributed.get_rank() == 0:
        write_json(job.work / "tuned.json", asdict(tuned))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
