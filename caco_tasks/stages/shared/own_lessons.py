"""The published rows that a CodeGen learns from: of the datasets that the run pinned, and written down beside the output."""

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks.context import Context
from caco_tasks.stages.shared.own_rows import OwnRow, choose_own_rows, read_own_rows
from caco_tasks.store.manifest import OWN_ROWS, output_folder


def own_rows(context: Context, *, seed_programs: int) -> list[OwnRow]:
    """The rows of earlier runs to learn from; none without `[train.own]`.

    Raises:
        ConfigError: a dataset was withdrawn since the run was planned.
        DamagedError: one is not what it was.
    """
    settings = context.config.train.own
    if settings is None:
        return []
    rows = read_own_rows(context.run.own_datasets, context.services.store)
    return choose_own_rows(settings, rows, seed_programs=seed_programs)


def store_own_rows(own: Sequence[OwnRow], context: Context) -> dict[str, Any]:
    """Writes which rows were learnt from beside the output; the entry for its artifacts, none where there were none."""
    if not own:
        return {}
    ordered = sorted(own, key=lambda row: row.sample_id)
    columns = {
        name: pa.array([getattr(row, name) for row in ordered], pa.string()) for name in ("sample_id", "dataset")
    }
    buffer = BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    data = buffer.getvalue()
    uri = f"{output_folder(context.stage, context.key)}/{OWN_ROWS}"
    context.services.store.put(uri, data)
    return {"own": {"uri": uri, "sha256": hashlib.sha256(data).hexdigest(), "rows": len(own)}}
