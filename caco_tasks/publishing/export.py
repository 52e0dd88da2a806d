"""A published dataset in the formats that trainers read, as JSON lines.

- `messages`: chat turns, for supervised fine-tuning (TRL, Axolotl, LLaMA-Factory).
- `alpaca`: instruction, input, output.
- `caco`: the four columns of the paper's release.
- `rlvr`: prompt and verifiable answer, for reinforcement learning with verifiable rewards; with the share of solutions that
  agreed, where several were asked for, so that a curriculum can follow it.

Rows go from file to file as they are read: memory does not grow with their number.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caco_tasks.atomic import replaced
from caco_tasks.errors import ConfigError
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.store import Store

FORMATS = ("messages", "alpaca", "caco", "rlvr")
CACO_COLUMNS = ("instruction", "output", "answer", "code", "sample_id")


def export(store: Store, dataset: str, *, format_name: str, out: Path) -> tuple[Path, int]:
    """Writes the dataset `name/version` to `out/train.jsonl`, whole or not at all; returns the file and its rows.

    Raises:
        ConfigError: there is no such format.
        StoreError: there is no such dataset in the store.
        DamagedError: one of its files is gone or not what was published.
    """
    if format_name not in FORMATS:
        raise ConfigError(f"There is no export format '{format_name}': there are {', '.join(FORMATS)}.")
    count, target = 0, out / "train.jsonl"
    with replaced(target) as file:  # an export that fails half-way leaves the one before
        for count, row in enumerate(dataset_rows(store, dataset), 1):  # noqa: B007 - the last one is the count
            file.write(json.dumps(format_row(row, format_name), ensure_ascii=False) + "\n")
    return target, count


def format_row(row: Mapping[str, Any], format_name: str) -> dict[str, Any]:
    """A row of a dataset as a trainer reads it.

    Raises:
        ConfigError: there is no such format.
    """
    question = {"role": "user", "content": row["instruction"]}
    match format_name:
        case "messages":
            turns = [question, {"role": "assistant", "content": row["output"]}]
            return {"messages": turns, "answer": row["answer"], "sample_id": row["sample_id"]}
        case "alpaca":
            text = {"instruction": row["instruction"], "input": "", "output": row["output"]}
            return {**text, "sample_id": row["sample_id"]}
        case "caco":
            return {name: row[name] for name in CACO_COLUMNS}
        case "rlvr":
            answer = {"answer": row["answer"], "answer_type": row["output_type"]}
            rate = {} if row["pass_rate"] is None else {"pass_rate": row["pass_rate"]}
            return {"prompt": [question], **answer, **rate, "sample_id": row["sample_id"]}
    raise ConfigError(f"There is no export format '{format_name}': there are {', '.join(FORMATS)}.")
