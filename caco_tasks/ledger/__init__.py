"""Postgres: loads manifests, answers questions of lineage; the only package that speaks SQL."""

from caco_tasks.ledger.claims import LedgerClaims
from caco_tasks.ledger.ledger import Ledger
from caco_tasks.ledger.lookups import FunnelRow, RejectRow, SourceRow
from caco_tasks.ledger.rebuilding import rebuild

__all__ = ["FunnelRow", "Ledger", "LedgerClaims", "RejectRow", "SourceRow", "rebuild"]
