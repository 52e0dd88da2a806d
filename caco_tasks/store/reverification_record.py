"""What the store says of re-verifications: stored outputs judged again; the ledger is loaded from it.

reverifications/{id}/shards/{shard:05d}.parquet     what became of a shard, while others are under way
reverifications/{id}/moved-{sha256[:16]}.parquet    the samples that end otherwise, with their old and new verdict
reverifications/{id}/claims.parquet                 fingerprints that its published rows claimed
reverifications/{id}/record.json                    a ReverificationRecord, written last
"""

import re
from typing import Any

import pyarrow as pa
from pydantic import Field

from caco_tasks.records import Outcome, Reason
from caco_tasks.store.manifest import ID, SHA256, Moment, StoredRecord

_RECORD = re.compile(r"^reverifications/[0-9a-f]{32}/record\.json$")

MOVED = pa.schema(
    [
        pa.field("sample_id", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("from_stage", pa.string(), nullable=False),
        pa.field("from_outcome", pa.string(), nullable=False),
        pa.field("from_reason", pa.string()),
        pa.field("to_stage", pa.string(), nullable=False),
        pa.field("to_outcome", pa.string(), nullable=False),
        pa.field("to_reason", pa.string()),
        pa.field("to_detail", pa.string()),
    ]
)


class MoveCount(StoredRecord):
    """How many samples ended in one way, and end in another now, or in the same."""

    from_stage: str
    from_outcome: Outcome
    from_reason: Reason | None = None  # None exactly when passed
    to_stage: str
    to_outcome: Outcome
    to_reason: Reason | None = None
    samples: int = Field(ge=1)

    @property
    def is_moved(self) -> bool:
        """Whether the two verdicts differ."""
        return (self.from_stage, self.from_outcome, self.from_reason) != (
            self.to_stage,
            self.to_outcome,
            self.to_reason,
        )


class ReverificationRecord(StoredRecord):
    """Stored outputs judged again: by what, by whom, and what came of it."""

    reverification_id: str = Field(pattern=ID)  # hash of the outputs, the recipes of today and what was asked
    run_id: str
    dataset: str | None = None  # name/version, where a dataset was named and not a run
    stage: str  # the first that judged again
    overrides: tuple[str, ...] = ()
    recipes: dict[str, dict[str, Any]]  # by stage, what it was told
    only_unknown: bool = False
    asked: tuple[str, ...] = ()  # roles that were asked what they had not said
    code_version: str
    by: str = Field(min_length=1)
    began_at: Moment
    seconds: float = Field(ge=0)
    model_calls: int = Field(default=0, ge=0)
    read: int = Field(ge=0)
    newly_accepted: int = Field(ge=0)
    newly_rejected: int = Field(ge=0)  # that were accepted, and fail or are unknown now
    counts: tuple[MoveCount, ...]
    uri: str  # of the samples that moved
    rows: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)


def reverification_folder(reverification_id: str) -> str:
    """Where a re-verification lies below the store's root."""
    return f"reverifications/{reverification_id}"


def reverification_uri(reverification_id: str) -> str:
    """Where the record of a re-verification lies."""
    return f"{reverification_folder(reverification_id)}/record.json"


def reverification_claims_uri(reverification_id: str) -> str:
    """Where the claims of the rows lie that were published of a re-verification."""
    return f"{reverification_folder(reverification_id)}/claims.parquet"


def is_reverification(uri: str) -> bool:
    """Whether a key is that of the record of a re-verification."""
    return _RECORD.match(uri) is not None
