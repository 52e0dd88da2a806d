"""What a row says of itself: its licence, its ids, its evidence. Pure; nothing runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from caco_tasks.ids import program_id, sample_id
from caco_tasks.publishing.dataset_row import difficulty_of
from caco_tasks.records import Reason
from caco_tasks.store.registry import DatasetRecord
from caco_tasks.verification.findings import short

Row = Mapping[str, Any]
RowCheck = Callable[[Row, DatasetRecord | None], str | None]  # one line on a fault, or None

ROLES = ("codegen", "reverser", "solver", "judge")
WITNESSES_OF_THE_JUDGE = ("judge", "judge_prompt", "judge_request")
WITNESSES = (
    *("run_id", "partition", "draw", "output_key", "code_version"),
    *(f"{role}{part}" for role in ROLES for part in ("", "_prompt", "_request")),
)


def find_wrong_licence(row: Row, record: DatasetRecord | None) -> str | None:
    """The row says another licence than its dataset, or neither a licence nor why there is none."""
    if (row["licence"] is None) == (row["licence_note"] is None):
        return "it needs a licence or the reason why there is none, and not both"
    return _find_other(row, record, ("licence", "licence_note", "sources"))


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
    # no judge is named where the row says that none was asked, and one that is named anyway is no witness
    without = WITNESSES_OF_THE_JUDGE if Reason.NOT_JUDGED in (row["findings"] or ()) else ()
    named = [name for name in without if row[name] is not None]
    if named:
        return f"it says that no judge was asked, and names one in {named[0]}"
    # a program that was made of others has them for witnesses, and no model
    due = [name for name in WITNESSES if not (row.get("origin") and name.startswith("codegen")) and name not in without]
    empty = [name for name in due if not str(row[name] or "").strip()]
    if empty:
        return f"its {empty[0]} is empty"
    if bool(row.get("origin")) != bool(row.get("parents")):
        return (
            f"its origin is {short(row.get('origin'))}, its parents {short(row.get('parents'))}: one of them is missing"
        )
    other = _find_other(row, record, ("run_id", "partition"))
    if other is not None:
        return other
    rate = row["pass_rate"]
    if rate is not None and not 0 < rate <= 1:
        return f"its pass_rate {rate} is no share of which one solution is a part"
    if row["difficulty"] != difficulty_of(rate):
        return f"its difficulty {row['difficulty']} does not follow from the pass_rate {rate}"
    return None


def _find_other(row: Row, record: DatasetRecord | None, names: Sequence[str]) -> str | None:
    """What a row says otherwise than the manifest; of a release, than the manifest says of the row's date."""
    if record is None:
        return None
    vouched = {**record.facts, "run_id": record.run_id, "partition": record.partition}
    if "release" in record.facts:
        dates = {member["partition"]: member for member in record.facts["release"]["members"]}
        if row["partition"] not in dates:
            return f"its partition {short(row['partition'])} is none of the dates of the release"
        vouched = dates[row["partition"]]
    for name in names:
        if row[name] != vouched.get(name):
            return f"its {name} is {short(row[name])}, that of the manifest {short(vouched.get(name))}"
    return None


ROW_CHECKS: Sequence[tuple[str, RowCheck]] = (
    ("licence", find_wrong_licence),
    ("ids", find_wrong_id),
    ("evidence", find_missing_evidence),
)
