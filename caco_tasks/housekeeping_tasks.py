"""What the DAG `caco_housekeeping` and the command `caco housekeeping` do: count and remove waste, tend the ledger."""

from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from caco_tasks.housekeeping import find_waste, tally
from caco_tasks.store import open_store
from caco_tasks.tasks import open_ledger, waiting


@waiting
def keep_house(*, older_than_days: int, delete: bool, fates_days: int = 0) -> dict[str, Any]:
    """Counts what no run or dataset reaches and nobody touched for so many days, by kind, and removes it if `delete`.

    The ledger's tables of fates are packed and vacuumed. With `delete`, and `fates_days` above 0, the fates of dates older
    than that go where nobody publishes them (`Ledger.forget_fates`).

    Raises:
        CacoError: store or ledger cannot be used.
    """
    now = datetime.now(UTC)
    forgotten = []
    with open_ledger() as (ledger, reached), ledger.holding_store(shared=False) if delete else nullcontext():
        waste = find_waste(
            ledger, open_store(reached.store), reached.cache, before=now - timedelta(days=older_than_days)
        )
        if delete and fates_days:
            forgotten = ledger.forget_fates((now - timedelta(days=fates_days)).date())
        packed, vacuumed = ledger.pack(), ledger.vacuum()
        for each in waste if delete else ():
            each.remove()
    return {
        "deleted": delete,
        "older_than_days": older_than_days,
        "found": {kind: asdict(found) for kind, found in tally(waste).items()},
        "ledger": {
            "indexes_packed": packed,
            "tables_vacuumed": len(vacuumed),
            "dates_forgotten": [str(day) for day in forgotten],
        },
    }
