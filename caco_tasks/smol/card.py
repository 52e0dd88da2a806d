"""What is told of the adapters: a table made of the files that their training wrote, and their curves.

`python -m caco_tasks.smol.card --out docs` writes the pictures; `make docs` writes the table.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caco_tasks.atomic import write_bytes
from caco_tasks.llm.curve import draw_curve
from caco_tasks.llm.finetune import FineTuneResult
from caco_tasks.llm.local_models import ADAPTER_WEIGHTS, ADAPTERS_FOLDER
from caco_tasks.publishing.dataset_card import table
from caco_tasks.smol.quadruples import ROLES


def read_trainings(folder: Path = ADAPTERS_FOLDER) -> dict[str, Mapping[str, Any]]:
    """What each adapter's training wrote down, by role."""
    found = {role: folder / role / "training.json" for role in ROLES}
    return {role: json.loads(path.read_text(encoding="utf-8")) for role, path in found.items() if path.is_file()}


def adapters_table(folder: Path = ADAPTERS_FOLDER) -> str:
    """The table of the card, as Markdown."""
    rows = []
    for role, told in read_trainings(folder).items():
        size = (folder / role / ADAPTER_WEIGHTS).stat().st_size / 1e6
        rows.append(
            (
                f"`smol:{role}`",
                f"{told['examples']:,}",
                f"{told['steps']:,} of {told['settings']['batch_sequences']}",
                f"{told['tokens'] / 1000:,.0f}K",
                f"{told['seconds'] / 60:.0f}",
                f"{told['loss_before']:.2f} → {told['loss_after']:.2f}",
                str(told["settings"]["lora_rank"]),
                f"{size:.1f} MB",
                f"`{told['base_sha256'][:12]}`",
                f"`{told['data_sha256'][:12]}`",
            )
        )
    heads = (
        "adapter",
        "examples",
        "steps",
        "tokens",
        "minutes, one core",
        "held-out loss",
        "rank",
        "size",
        "base",
        "data",
    )
    return table(heads, rows)


def draw_curves(out: Path, folder: Path = ADAPTERS_FOLDER) -> None:
    """Writes the curve of each training as `smol-ROLE-loss.svg`."""
    names = FineTuneResult.__dataclass_fields__
    for role, told in read_trainings(folder).items():
        result = FineTuneResult(**{name: told[name] for name in names})
        write_bytes(out / f"smol-{role}-loss.svg", draw_curve(result))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    draw_curves(parser.parse_args().out)


if __name__ == "__main__":
    main()
