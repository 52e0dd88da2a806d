"""How hard samples are, as it is asked for: by runs, and by what later runs are steered by."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from caco_tasks.ledger.runs import find_run
from caco_tasks.ledger.selectors import SelectorLedger
from caco_tasks.steering import OpeningFate
from caco_tasks.store.manifest import RunRecord

# newest first; of a date with several runs all come, and the caller chooses
_EARLIER = text("""
    SELECT caco.hex(run_id) FROM caco.run
    WHERE pipeline = 'nightly' AND partition < CAST(:partition AS date) AND training = :training
    ORDER BY partition DESC, planned_at DESC NULLS LAST, run_id
    LIMIT :most
""")
_OPENINGS = text("""
    SELECT difficulty.domain, difficulty.opening, count(*) AS problems,
        count(*) FILTER (
            WHERE fate.outcome = 'pass'
                AND (:any_rate OR difficulty.agreeing BETWEEN :low * difficulty.compared AND :high * difficulty.compared)
        ) AS useful
    FROM caco.run
    JOIN caco.run_output AS agreed ON agreed.run_no = run.run_no AND agreed.stage = 'agree' AND agreed.is_current
    JOIN caco.sample_difficulty AS difficulty
        ON difficulty.output_no = agreed.output_no AND (:any_rate OR difficulty.compared > 0)
    LEFT JOIN caco.run_output AS ended
        ON ended.run_no = run.run_no AND ended.shard = agreed.shard AND ended.stage = 'decontaminate' AND ended.is_current
    LEFT JOIN caco.output ON output.output_no = ended.output_no
    LEFT JOIN caco.fate ON fate.partition = output.partition AND fate.output_no = output.output_no
        AND fate.subject = difficulty.sample_id AND fate.outcome = 'pass'
    WHERE run.run_id = ANY(CAST(:run_ids AS uuid[]))
    GROUP BY difficulty.domain, difficulty.opening
    ORDER BY difficulty.domain, difficulty.opening
""")
_DOMAINS = text("""
    SELECT DISTINCT domain FROM caco.seed
    JOIN caco.run_output USING (output_no) JOIN caco.run USING (run_no)
    WHERE run.run_id = CAST(:run_id AS uuid) AND run_output.is_current AND domain IS NOT NULL
    ORDER BY domain
""")
_HISTOGRAM = text("""
    SELECT difficulty.compared, difficulty.agreeing, count(*) AS problems, count(fate.subject) AS accepted,
        avg(difficulty.steps)::double precision AS steps, avg(difficulty.depth)::double precision AS depth
    FROM caco.run
    JOIN caco.run_output AS agreed ON agreed.run_no = run.run_no AND agreed.stage = 'agree' AND agreed.is_current
    JOIN caco.sample_difficulty AS difficulty ON difficulty.output_no = agreed.output_no
    LEFT JOIN caco.run_output AS ended
        ON ended.run_no = run.run_no AND ended.shard = agreed.shard AND ended.stage = 'decontaminate' AND ended.is_current
    LEFT JOIN caco.output ON output.output_no = ended.output_no
    LEFT JOIN caco.fate ON fate.partition = output.partition AND fate.output_no = output.output_no
        AND fate.subject = difficulty.sample_id AND fate.outcome = 'pass'
    WHERE run.run_id = CAST(:run_id AS uuid)
    GROUP BY difficulty.compared, difficulty.agreeing
    ORDER BY difficulty.compared, difficulty.agreeing
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyRow:
    """The problems of a run that so many of so many compared solutions solve."""

    compared: int | None  # None: one solution was asked for
    agreeing: int | None
    problems: int
    accepted: int  # of these, those that passed every stage
    steps: float | None  # mean of their programs
    depth: float | None


class DifficultyLedger(SelectorLedger):
    """What a ledger keeps of how hard samples are."""

    def earlier_nightly_runs(self, partition: str, training: str, *, most: int) -> list[RunRecord]:
        """The nightly runs of earlier dates whose CodeGen was trained by these settings and seeds, the newest first."""
        values = {"partition": partition, "training": training, "most": most}
        with self._transaction() as connection:
            found = connection.execute(_EARLIER, values).scalars().all()
            return [run for name in found if (run := find_run(connection, name, None)) is not None]

    def opening_fates(self, run_ids: Sequence[str], band: tuple[float, float] | None) -> list[OpeningFate]:
        """What became of the problems of these runs, by how their programs begin; without a band every accepted row is useful."""
        low, high = band or (0.0, 1.0)
        values = {"run_ids": list(run_ids), "low": low, "high": high, "any_rate": band is None}
        with self._transaction() as connection:
            rows = connection.execute(_OPENINGS, values)
            return [OpeningFate(**row) for row in rows.mappings()]

    def seed_domains(self, run_id: str) -> list[str]:
        """The domains of the seeds that a run has read."""
        with self._transaction() as connection:
            return list(connection.execute(_DOMAINS, {"run_id": run_id}).scalars())

    def difficulties(self, run_id: str) -> list[DifficultyRow]:
        """How many problems of a run are solved how often; without those of outputs that do not tell."""
        with self._transaction() as connection:
            return [DifficultyRow(**row) for row in connection.execute(_HISTOGRAM, {"run_id": run_id}).mappings()]
