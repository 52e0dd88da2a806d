"""Selectors, and what became of the samples that they were asked about."""

import json
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.ledger.answer_rows import Row, read_first, read_rows
from caco_tasks.ledger.environments import EnvironmentLedger
from caco_tasks.store.selector_record import SelectorRecord

_INSERT = text("""
    INSERT INTO caco.selector (
        selector_id, acceptance, config, until, run_ids, thresholds, metrics, expected, code_version, trained_at)
    VALUES (
        CAST(:selector_id AS uuid), :acceptance, :config, CAST(:until AS date), CAST(:run_ids AS uuid[]),
        CAST(:thresholds AS jsonb), CAST(:metrics AS jsonb), CAST(:expected AS jsonb), :code_version,
        CAST(:trained_at AS timestamptz))
    ON CONFLICT DO NOTHING
""")
# what somebody has recalled as a model is not used again
_NEWEST = text("""
    SELECT caco.hex(selector_id) AS selector_id, thresholds
    FROM caco.selector
    WHERE acceptance = :acceptance AND until < CAST(:partition AS date) AND NOT EXISTS (
        SELECT FROM caco.recall WHERE recall.kind = 'model' AND recall.ancestor = caco.hex(selector_id))
    ORDER BY until DESC, trained_at DESC, selector_id LIMIT 1
""")
_ALL = text("""
    SELECT caco.hex(selector_id) AS selector_id, config, CAST(until AS text) AS until, cardinality(run_ids) AS runs,
        thresholds, metrics, expected, trained_at
    FROM caco.selector ORDER BY until DESC, trained_at DESC, selector_id LIMIT :most
""")
# each output counts once, with the run that made it; an unknown end tells nothing
_EVIDENCE = text("""
    SELECT CAST(output.stage AS text) AS stage, count(*) AS rows, count(*) FILTER (WHERE ended.outcome = 'pass') AS accepted,
        caco.wilson_low(count(*) FILTER (WHERE ended.outcome = 'pass'), count(*)) AS low
    FROM caco.selection
    JOIN caco.output USING (output_no)
    JOIN caco.run ON run.run_no = output.run_no
    JOIN LATERAL (
        SELECT fate.outcome FROM caco.fate
        JOIN caco.run_output AS place
            ON place.output_no = fate.output_no AND place.run_no = run.run_no AND place.is_current
        WHERE fate.subject = selection.sample_id AND fate.partition = output.partition
        LIMIT 1
    ) AS ended ON ended.outcome <> 'unknown'
    WHERE output.recipe ->> 'selector' = :selector AND output.partition < CAST(:partition AS date)
        AND selection.is_explored AND selection.probability < selection.threshold
    GROUP BY output.stage
""")
_AUDIT = text("""
    SELECT CAST(stage AS text) AS stage, domain, selector_id, judged, skipped, explored, explored_accepted, kept,
        kept_accepted, expected_kept, false_skips, false_skips_low, false_skips_high, recall
    FROM caco.selection_audit WHERE run_id = CAST(:run_id AS uuid)
    ORDER BY stage, domain IS NOT NULL, judged DESC, domain LIMIT 1000
""")
_ACCEPTED = text("""
    SELECT caco.hex(fate.subject) AS sample_id, CAST(fate.outcome AS text) AS outcome
    FROM caco.run
    JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current
    JOIN caco.output USING (output_no)
    JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
    WHERE run.run_id = CAST(:run_id AS uuid)
""")


class SelectorLedger(EnvironmentLedger):
    """What a ledger keeps of selectors."""

    def register_selector(self, record: SelectorRecord) -> None:
        """Registers a selector, unless it is there."""
        with self._transaction() as connection:
            insert_selector(connection, record)

    def newest_selector(self, acceptance: str, partition: str) -> Row | None:
        """Id and thresholds of the newest selector that a run may use which begins after `partition` has begun."""
        with self._transaction() as connection:
            return read_first(connection, _NEWEST, {"acceptance": acceptance, "partition": partition})

    def selectors(self, *, most: int = 100) -> list[Row]:
        """The selectors, those that learnt from the newest dates first."""
        with self._transaction() as connection:
            return read_rows(connection, _ALL, {"most": most})

    def explored_fates(self, selector_id: str, partition: str) -> list[Row]:
        """Before a date, for each stage: samples that a selector would have skipped and that were explored, and their fates."""
        with self._transaction() as connection:
            return read_rows(connection, _EVIDENCE, {"selector": selector_id, "partition": partition})

    def selection_audit(self, run_id: str) -> list[Row]:
        """What the selector of a run said and what became of it, by stage; of all domains together first."""
        with self._transaction() as connection:
            return selection_audit(connection, run_id)

    def outcomes(self, run_id: str) -> dict[str, str]:
        """How each sample of a run ended: pass, fail or unknown."""
        with self._transaction() as connection:
            return {row["sample_id"]: row["outcome"] for row in read_rows(connection, _ACCEPTED, {"run_id": run_id})}


def insert_selector(connection: Connection, record: SelectorRecord) -> None:
    """Registers a selector, unless it is there."""
    values: dict[str, Any] = record.model_dump(
        mode="json", include={"selector_id", "acceptance", "config", "until", "run_ids", "code_version", "trained_at"}
    )
    stages = record.stages
    told = {"rows", "held_out", "auc", "brier", "calibration_error"}
    values["thresholds"] = json.dumps({name: stage.threshold for name, stage in stages.items()})
    values["metrics"] = json.dumps({name: stage.model_dump(include=told) for name, stage in stages.items()})
    connection.execute(_INSERT, values | {"expected": json.dumps(record.expected)})


def selection_audit(connection: Connection, run_id: str) -> list[Row]:
    """The view caco.selection_audit of one run."""
    return read_rows(connection, _AUDIT, {"run_id": run_id})
