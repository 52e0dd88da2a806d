"""A published dataset in the formats that trainers read, as JSON lines.

- `messages`: chat turns, for supervised fine-tuning (TRL, Axolotl, LLaMA-Factory).
- `alpaca`: instruction, input, output.
- `caco`: the four columns of the paper's release.
- `rlvr`: prompt and verifiable answer, for reinforcement learning with verifiable rewards.

Rows go from file to file as they are read: memory does not grow with their number.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from caco_tasks.atomic import replaced
from caco_tasks.errors import ConfigError
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.store import Store

Row = Mapping[str, Any]


def _messages(row: Row) -> dict[str, Any]:
    turns = [("user", row["instruction"]), ("assistant", row["output"])]
    return {
        "messages": [{"role": role, "content": content} for role, content in turns],
        "answer": row["answer"],
        "sample_id": row["sample_id"],
    }


def _alpaca(row: Row) -> dict[str, Any]:
    return {"instruction": row["instruction"], "input": "", "output": row["output"], "sample_id": row["sample_id"]}


def _caco(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("instruction", "output", "answer", "code", "sample_id")}


def _rlvr(row: Row) -> dict[str, Any]:
    return {
        "prompt": [{"role": "user", "content": row["instruction"]}],
        "answer": row["answer"],
        "answer_type": row["output_type"],
        "sample_id": row["sample_id"],
    }


FORMATS: dict[str, Callable[[Row], dict[str, Any]]] = {
    "messages": _messages,
    "alpaca": _alpaca,
    "caco": _caco,
    "rlvr": _rlvr,
}


def export(store: Store, dataset: str, *, format_name: str, out: Path) -> tuple[Path, int]:
    """Writes the dataset `name/version` to `out/train.jsonl`, whole or not at all; returns the file and its rows.

    Raises:
        ConfigError: there is no such format.
        StoreError: there is no such dataset in the store.
        DamagedError: one of its files is gone or not what was published.
    """
    if format_name not in FORMATS:
        raise ConfigError(f"There is no export format '{format_name}': there are {', '.join(FORMATS)}.")
    to_format, count, target = FORMATS[format_name], 0, out / "train.jsonl"
    with replaced(target) as file:
        for count, row in enumerate(dataset_rows(store, dataset), 1):  # noqa: B007 - the last one is the count
            file.write(json.dumps(to_format(row), ensure_ascii=False) + "\n")
    return target, count
