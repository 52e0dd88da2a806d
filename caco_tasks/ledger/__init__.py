"""Postgres: loads manifests, answers questions of lineage; the only package that speaks SQL."""

from caco_tasks.ledger.audits import CHECKS, Candidate, Stratum
from caco_tasks.ledger.claims import LedgerClaims
from caco_tasks.ledger.difficulties import DifficultyRow
from caco_tasks.ledger.ledger import Ledger
from caco_tasks.ledger.lookups import FunnelRow, OverlapRow, RejectRow, SourceRow
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.ledger.scores import GainRow, OutlayRow, ScoreRow, StageSpeed, TrainingRow

__all__ = [
    "CHECKS",
    "Candidate",
    "DifficultyRow",
    "FunnelRow",
    "GainRow",
    "Ledger",
    "LedgerClaims",
    "OutlayRow",
    "OverlapRow",
    "RejectRow",
    "ScoreRow",
    "SourceRow",
    "StageSpeed",
    "Stratum",
    "TrainingRow",
    "rebuild",
]
