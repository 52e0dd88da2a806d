"""Ablations in the ledger: what was planned, and what the students of the arms say."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from caco_tasks.errors import AmbiguousIdError, UnknownIdError
from caco_tasks.ledger.answer_rows import Row, read_rows
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
_LIST = text("""
    SELECT caco.hex(ablation_id) AS ablation_id, name, title, source, config, CAST(partition AS text) AS partition,
        reference_arm, reference_size, planned_at
    FROM caco.ablation
    WHERE CAST(:run_id AS uuid) IS NULL OR ablation_id IN (
        SELECT ablation_id FROM caco.ablation_arm WHERE run_id = CAST(:run_id AS uuid)
        UNION SELECT ablation_id FROM caco.ablation_cell WHERE run_id = CAST(:run_id AS uuid))
    ORDER BY planned_at DESC, ablation_id
    LIMIT :most
""")
_ARMS = text("""
    SELECT arm.arm, arm.overrides, arm.rows, arm.dataset, caco.hex(run.run_id) AS run_id, run.pipeline,
        CAST(run.partition AS text) AS partition, run.config ->> 'name' AS config
    FROM caco.ablation_arm AS arm LEFT JOIN caco.run USING (run_id)
    WHERE arm.ablation_id = CAST(:ablation_id AS uuid)
    ORDER BY arm.place
""")
_A_STUDENT = text("""
    SELECT caco.hex(run_id) FROM caco.ablation_cell JOIN caco.run USING (run_id)
    WHERE ablation_id = CAST(:ablation_id AS uuid) ORDER BY arm, size, repeat LIMIT 1
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


def list_ablations(connection: Connection, *, run_id: str | None, most: int) -> list[Row]:
    """The newest ablations; with a run, those of which it is an arm or a student."""
    return read_rows(connection, _LIST, {"run_id": run_id, "most": most})


def arms_of(connection: Connection, ablation_id: str) -> list[Row]:
    """The arms of an ablation in the order of its table, each with its nightly run; NULL where that is not planned yet."""
    return read_rows(connection, _ARMS, {"ablation_id": ablation_id})


def a_student_of(connection: Connection, ablation_id: str) -> str | None:
    """The evaluation of one of its students: what the base scores there is the same in all of them."""
    found = connection.execute(_A_STUDENT, {"ablation_id": ablation_id}).scalar()
    return None if found is None else str(found)
