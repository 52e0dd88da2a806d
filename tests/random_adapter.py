"""A LoRA adapter of random weights upon a bundled model, strong enough to change every reply."""

from pathlib import Path

from caco_tasks.llm.transformers_engine import peft_without_its_warning


def write_adapter(folder: Path, base: Path) -> Path:
    """Writes the adapter, the same on every call; returns its folder."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(2)
    model = AutoModelForCausalLM.from_pretrained(base)
    lora = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", lora_alpha=64)
    with peft_without_its_warning():
        made = get_peft_model(model, lora)
    for name, weight in made.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.1)
    made.save_pretrained(folder)
    return folder
