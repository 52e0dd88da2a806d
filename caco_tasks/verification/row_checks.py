"""What a row says of itself: its licence, its ids, its evidence. Pure; nothing runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from caco_tasks.ids import program_id, sample_id
from caco_tasks.publishing.dataset_row import difficulty_of
from caco_tasks.store.registry import DatasetRecord
from caco_tasks.verification.findings import short

Row = Mapping[str, Any]
RowCheck = Callable[[Row, DatasetRecord | None], str | None]  # one line on a fault, or None

ROLES = ("codegen", "reverser", "solver", "judge")
WITNESSES = (
    *("run_id", "partition", "draw", "output_key", "code_version"),
    *(f"{role}{part}" for role in ROLES for part in ("", "_prompt", "_request")),
)


def find_wrong_licence(row: Row, record: DatasetRecord | None) -> str | None:
    """The row says another licence than its dataset, or neither a licence nor why there is none."""
    if (row["licence"] is None) == (row["licence_note"] is None):
        return "it needs a licence or the reason why there is none, and not both"
    facts = record.facts if record is not None else {}
    for name in ("licence", "licence_note", "sources"):
        if record is not None and row[name] != facts.get(name):
            return f"its {name} is {short(row[name])}, that of the manifest {short(facts.get(name))}"
    return None


def find_wrong_id(row: Row, record: DatasetRecord | None) -> str | None:
    """An id that does not follow from what it is the hash of."""
    index = row["index"]
    if index is not None and row["sample_id"] != sample_id(row["draw"], index):
        return "its sample_id does not follow from draw and index"
    if row["program_id"] != program_id(row["code"]):
        return "its program_id does not follow from the program"
    return None


def find_missing_evidence(row: Row, record: DatasetRecord | None) -> str | None:
    """What would let a reader trace the row is empty, or contradicts the manifest or itself."""
    empty = [name for name in WITNESSES if not str(row[name]).strip()]
    if empty:
        return f"its {empty[0]} is empty"
    for name in ("run_id", "partition"):
        if record is not None and row[name] != getattr(record, name):
            return f"its {name} is {short(row[name])}, that of the manifest {short(getattr(record, name))}"
    rate = row["pass_rate"]
    if rate is not None and not 0 < rate <= 1:
        return f"its pass_rate {rate} is no share of which one solution is a part"
    if row["difficulty"] != difficulty_of(rate):
        return f"its difficulty {row['difficulty']} does not follow from the pass_rate {rate}"
    return None


ROW_CHECKS: Sequence[tuple[str, RowCheck]] = (
    ("licence", find_wrong_licence),
    ("ids", find_wrong_id),
    ("evidence", find_missing_evidence),
)
