"""A published dataset in the formats that trainers read, as JSON lines.

- `messages`: chat turns, for supervised fine-tuning (TRL, Axolotl, LLaMA-Factory).
- `alpaca`: instruction, input, output.
- `caco`: the four columns of the paper's release.
- `rlvr`: prompt and verifiable answer, for reinforcement learning with verifiable rewards.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from caco_tasks.atomic import replaced
from caco_tasks.errors import ConfigError, DamagedError, StoreError
from caco_tasks.store import Store
from caco_tasks.store.registry import parse_dataset

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
        DamagedError: one of its files is not readable.
    """
    if format_name not in FORMATS:
        raise ConfigError(f"There is no export format '{format_name}': there are {', '.join(FORMATS)}.")
    rows = [FORMATS[format_name](row) for row in dataset_rows(store, dataset)]
    target = out / "train.jsonl"
    with replaced(target) as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return target, len(rows)


def dataset_rows(store: Store, dataset: str) -> Iterator[dict[str, Any]]:
    """All rows of the published dataset `name/version`, file by file."""
    uri = f"datasets/{dataset}/manifest.json"
    manifest = store.get(uri)
    if manifest is None:
        known = sorted({"/".join(key.split("/")[1:3]) for key in store.list("datasets/")})
        raise StoreError(f"There is no dataset '{dataset}': there are {', '.join(known) or 'none yet'}.")
    for file in parse_dataset(manifest, uri=uri).files:
        data = store.get(file.uri)
        if data is None or hashlib.sha256(data).hexdigest() != file.sha256:
            raise DamagedError(f"The file {file.uri} of the dataset '{dataset}' is missing or damaged: restore it.")
        yield from pq.read_table(BytesIO(data)).to_pylist()
