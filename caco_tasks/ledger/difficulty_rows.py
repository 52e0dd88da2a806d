"""How hard the samples of an output are: rows of the ledger, made column by column."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from caco_tasks.ledger.bulk import copy_table, storable

MEASURES = "measures"  # of a sample; null in outputs of versions that did not measure
CANDIDATES = "solution.candidates"


def copy_difficulties(connection: Connection, output_no: int, columns: Mapping[str, pa.Array]) -> None:
    """The rows of an output of `agree`: how many of each sample's solutions agree, and what its program looks like."""
    is_there = pc.is_valid(columns[MEASURES])
    measures, candidates = columns[MEASURES].filter(is_there), columns[CANDIDATES].filter(is_there)
    if not len(measures):
        return
    asked = pc.fill_null(pc.list_value_length(candidates), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    owners = pc.list_parent_indices(candidates).to_numpy(zero_copy_only=False)
    agrees = pc.struct_field(pc.list_flatten(candidates), "agrees")
    counts = {
        name: np.bincount(owners[pc.fill_null(chosen, False).to_numpy(zero_copy_only=False)], minlength=len(measures))
        for name, chosen in (("compared", pc.is_valid(agrees)), ("agreeing", agrees))
    }
    kept = {
        "sample_id": columns["subject"].filter(is_there),
        "solutions": pa.array(np.maximum(asked, 1)),
        **{name: pa.array(found, mask=asked < 2) for name, found in counts.items()},
        **{name: pc.struct_field(measures, name) for name in ("steps", "depth", "shape")},
        **{name: storable(pc.struct_field(measures, name)) for name in ("domain", "opening")},
    }
    copy_table(connection, "sample_difficulty", kept, constants={"output_no": output_no})
