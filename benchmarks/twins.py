"""Whether one date that is run twice at once is one date: twin backfills of a whole night, on the library.

Each pair is two processes that do all tasks of a night, from `plan` to a published dataset, on one store and one ledger, with
pauses between the tasks that let now one come first and now the other. What they leave is held against a night that ran alone,
as `benchmarks/crash_points.py` does it.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from fault_attempts import load_what_was_used
from fault_night import Struck, World

PAIRS = 50
AT_ONCE = 2
SEED = 20260101
MAX_TOLD = 20


def bench(n: int = PAIRS, seed: int = SEED) -> dict[str, Any]:
    """Runs `n` pairs of twins.

    Returns:
        Pairs, how many of them left one dataset, alike in every byte with that of a night alone, and what was found wrong.
    """
    begun, found = time.monotonic(), list[Struck]()
    with tempfile.TemporaryDirectory(prefix="caco-twins-") as name, World(Path(name)) as world:
        with world.night() as night:
            calm = night.run({}, None)
        load_what_was_used(calm.attempts)
        for number in range(n):
            with world.night() as night:
                found.append(night.run_at_once(AT_ONCE, calm, seed + AT_ONCE * number))
    violations = [*calm.violations, *(told for one in found for told in one.violations)]
    return {
        "pairs": len(found),
        "one_dataset": sum(one.content.get("datasets") == calm.content["datasets"] for one in found),
        "violations": len(violations),
        "what_was_violated": violations[:MAX_TOLD],
        "seconds": round(time.monotonic() - begun),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(*map(int, sys.argv[1:])), indent=1) + "\n")
