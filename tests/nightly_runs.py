"""A night that is registered in a store and nowhere else: enough for stages that need no ledger."""

from caco_tasks.config import RunConfig
from caco_tasks.ids import run_id
from caco_tasks.store import RunRecord, Store

DAY = "2026-01-02"


def register(config: RunConfig, store: Store) -> RunRecord:
    """The record of a nightly run with these settings, which `caco stage` finds in the store."""
    fingerprint = config.fingerprint()
    run = RunRecord(
        run_id=run_id("nightly", DAY, fingerprint),
        pipeline="nightly",
        partition=DAY,
        config_hash=fingerprint,
        config=config.model_dump(mode="json"),
        code_version="0",
    )
    store.put(f"runs/{DAY}/{run.run_id}/run.json", run.model_dump_json().encode())
    return run
