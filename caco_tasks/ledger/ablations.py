"""Ablations in the ledger: what was planned, and what the students of the arms say."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from caco_tasks.errors import AmbiguousIdError, UnknownIdError
from caco_tasks.store.ablation import AblationRecord

_INSERT = text("""
    INSERT INTO caco.ablation (
        ablation_id, name, title, source, config, partition, reference_arm, reference_size, planned_at)
    VALUES (
        CAST(:ablation_id AS uuid), :name, :title, :source, :config, CAST(:partition AS date), :reference_arm, :reference_size,
        CAST(:planned_at AS timestamptz))
    ON CONFLICT (ablation_id) DO UPDATE SET title = EXCLUDED.title, source = EXCLUDED.source
""")
_DELETE_ARMS = text("DELETE FROM caco.ablation_arm WHERE ablation_id = CAST(:ablation_id AS uuid)")  # and their cells
_ARM = text("""
    INSERT INTO caco.ablation_arm (ablation_id, arm, place, overrides, run_id, dataset, rows)
    VALUES (
        CAST(:ablation_id AS uuid), :arm, :place, CAST(:overrides AS text[]), CAST(:run_id AS uuid), :dataset, :rows)
""")
_CELL = text("""
    INSERT INTO caco.ablation_cell (ablation_id, arm, size, repeat, rows, run_id)
    VALUES (CAST(:ablation_id AS uuid), :arm, :size, :repeat, :rows, CAST(:run_id AS uuid))
""")
_FIND = text("""
    SELECT caco.hex(ablation_id) AS ablation_id, CAST(partition AS text) AS partition FROM caco.ablation
    WHERE CAST(:prefix AS text) IS NULL OR caco.hex(ablation_id) LIKE CAST(:prefix AS text) || '%' OR name = :prefix
    ORDER BY planned_at DESC, ablation_id
    LIMIT 50
""")
_RESULTS = text("""
    SELECT result.arm, result.size, result.benchmark, result.rows, result.students, result.items, result.unknown, result.score,
        result.score_low, result.score_high, result.noise, result.gained, result.lost, result.difference,
        result.difference_low, result.difference_high, result.p, result.p_holm, result.verdict
    FROM caco.ablation_results AS result JOIN caco.ablation_arm AS arm USING (ablation_id, arm)
    WHERE result.ablation_id = CAST(:ablation_id AS uuid)
    ORDER BY result.benchmark, result.size NULLS LAST, arm.place
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationResult:
    """The students of one arm and size on one benchmark: see the view `ablation_results`."""

    arm: str
    size: int | None  # rows that were to be learnt from; None: all
    benchmark: str
    rows: int  # that were learnt from
    students: int
    items: int
    unknown: int
    score: float  # share of right answers, 0 to 1
    score_low: float  # 95 % interval
    score_high: float
    noise: float | None  # deviation of a score between trainings; None: one student each
    gained: int | None  # this and what follows: None for the reference
    lost: int | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p: float | None
    p_holm: float | None
    verdict: str | None  # "better", "worse", "within noise"; None: cannot be told, too


def insert_ablation(connection: Connection, record: AblationRecord) -> None:
    """Registers an ablation as its record says it, whatever was registered of it before."""
    values = record.model_dump(mode="json")
    connection.execute(_INSERT, values)
    connection.execute(_DELETE_ARMS, values)
    for place, arm in enumerate(record.arms):
        told = arm.model_dump() | {"ablation_id": record.ablation_id, "place": place, "overrides": list(arm.overrides)}
        connection.execute(_ARM, told)
    for cell in record.cells:
        connection.execute(_CELL, cell.model_dump() | {"ablation_id": record.ablation_id})


def find_ablation(connection: Connection, name_or_prefix: str | None) -> tuple[str, str]:
    """Id and date of the newest ablation of a table's name, or of the one whose id begins so; None: the newest of all.

    Raises:
        UnknownIdError: there is none.
        AmbiguousIdError: several ids begin so.
    """
    found: Sequence[tuple[str, str]] = [
        (row.ablation_id, row.partition) for row in connection.execute(_FIND, {"prefix": name_or_prefix})
    ]
    if not found:
        of_name = f" '{name_or_prefix}'" if name_or_prefix is not None else ""
        raise UnknownIdError(f"There is no ablation{of_name} in the ledger: `caco ablate` makes one.")
    begin_so = [one for one in found if name_or_prefix is not None and one[0].startswith(name_or_prefix)]
    if len(begin_so) > 1:
        raise AmbiguousIdError(f"The ids of {len(begin_so)} ablations begin with '{name_or_prefix}': give more of it.")
    return found[0]


def results(connection: Connection, ablation_id: str) -> list[AblationResult]:
    """What the students say, by benchmark, size and arm."""
    rows = connection.execute(_RESULTS, {"ablation_id": ablation_id})
    return [AblationResult(**row._mapping) for row in rows]
