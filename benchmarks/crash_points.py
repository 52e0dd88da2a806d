"""Whether a night is the same night however it is struck: the crash table, driven by seeds, on the library.

A night is sixteen samples in two shards, from `plan` to a published dataset, on a store of files, a real Postgres, a real
sandbox and models behind an endpoint. Every task is struck one to four times, as `fault_table.py` has it, before it is left
to succeed. Then all that it made is held against a night that nobody disturbed: the samples and verdicts of every output, the
dataset byte for byte, every row of the ledger; and no reply that was kept is asked for again.
"""

import json
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from fault_attempts import load_what_was_used
from fault_night import Struck, World, draw_plans
from fault_table import BOUNDARIES, FAULTS, SITUATIONS

CASES = 1000
SEED = 20260101
MAX_TOLD = 20

log = logging.getLogger("caco.bench")


def bench(n: int = CASES, seed: int = SEED) -> dict[str, Any]:
    """Strikes nights until `n` cases have struck.

    Returns:
        Cases, nights, attempts, what was found wrong, and for each boundary how often it was struck by each fault.
    """
    begun, found = time.monotonic(), list[Struck]()
    with tempfile.TemporaryDirectory(prefix="caco-crash-points-") as name, World(Path(name)) as world:
        with world.night() as night:
            calm = night.run({}, None)
        load_what_was_used(calm.attempts)
        used, rng = Counter[str](), random.Random(seed)
        while count_struck([calm, *found]) < n and not calm.violations:
            with world.night() as night:
                found.append(night.run(draw_plans(world.tasks, used, rng), calm))
            log.info(
                "night %d: %d cases, %s", len(found), count_struck(found), found[-1].violations or "as undisturbed"
            )
    struck = Counter(attempt.case for one in found for attempt in one.attempts if attempt.case and attempt.has_struck)
    violations = [*calm.violations, *(told for one in found for told in one.violations)]
    return {
        "cases": sum(struck.values()),
        "cells_of_the_table": f"{len(struck)} of {count_cells()}",
        "nights": len(found),
        "attempts": sum(len(one.attempts) for one in found),
        "killed": sum(attempt.ended == "killed" for one in found for attempt in one.attempts),
        "violations": len(violations),
        "what_was_violated": violations[:MAX_TOLD],
        "replies_asked_for": sum(len(attempt.asked) for one in found for attempt in one.attempts),
        "drafts_left": sum(one.drafts for one in found),
        "cpu_seconds_of_attempts": round(sum(attempt.cpu_seconds for one in found for attempt in one.attempts)),
        "seconds": round(time.monotonic() - begun),
        "boundary": {
            boundary.name: {
                fault: sum(struck[f"{boundary.name}, {fault}, {situation}"] for situation in SITUATIONS)
                for fault in FAULTS
            }
            for boundary in BOUNDARIES
        },
        "situation": {
            situation: {
                fault: sum(times for case, times in struck.items() if case.endswith(f", {fault}, {situation}"))
                for fault in FAULTS
            }
            for situation in SITUATIONS
        },
    }


def count_struck(nights: list[Struck]) -> int:
    """How many cases have really struck."""
    return sum(bool(attempt.case) and attempt.has_struck for one in nights for attempt in one.attempts)


def count_cells() -> int:
    """How many cells the table has."""
    return len(BOUNDARIES) * len(FAULTS) * len(SITUATIONS)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
