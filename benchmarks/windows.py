"""How long the pages in Airflow's UI wait for their API, over a made ledger and store of one large nightly run.

The application is asked as Airflow asks it, without its login and the network. Each address is asked `ROUNDS` times, where
it can with another id, filter or page each time, after once to open connections. Milliseconds are those of the wall.

    caco bench windows                          200,000 samples
    python benchmarks/windows.py 10000000       ten million: needs 4 GB of disk, and a quarter of an hour
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from dedup import own_postgres
from ledger import FUNNEL, SAMPLES, load_made_run

from caco_tasks.ledger import Ledger
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins"))

ROUNDS = 40
API = "/api/v1"


def bench(samples: int = SAMPLES) -> dict[str, Any]:
    """Makes, loads and asks.

    Returns:
        Per address the median, the 95th of 100 and the longest time, in milliseconds; `slowest_p95_ms` over all.
    """
    with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder, own_postgres() as url:
        root = f"file://{folder}"
        with Ledger(url) as ledger:
            run, subjects = load_made_run(ledger, open_store(StoreSettings(root=root)), samples)
            ledger.pack()
        with _client(CACO_STORE=root, CACO_LEDGER_ANALYST_URL=url, CACO_HOME=folder) as ask:
            times = {name: _times(ask, path) for name, path in _addresses(run.run_id, subjects).items()}
    return {
        "samples": samples,
        "milliseconds": times,
        "slowest_p95_ms": max(one["p95"] for one in times.values()),
        "load": round(os.getloadavg()[0], 1),
    }


def _addresses(run: str, subjects: list[str]) -> dict[str, Callable[[int], str]]:
    """Addresses by what they are for; each takes the number of the round."""
    stages = list(FUNNEL)

    def samples(words: str) -> Callable[[int], str]:
        return lambda at: f"/samples?run={run}&{words}".format(
            stage=(stage := stages[at % len(stages)]), reason=FUNNEL[stage][1]
        )

    return {
        "overview": lambda at: "/overview",
        "runs": lambda at: "/runs",
        "matrix": lambda at: "/runs/matrix",
        "run": lambda at: f"/runs/{run}",
        "samples of a run": samples("limit=50"),
        "samples of a stage": samples("stage={stage}&outcome=fail"),
        "samples of a reason": samples("stage={stage}&reason={reason}"),
        "counts beside the samples": lambda at: f"/samples/facets?run={run}",
        "counts under a filter": lambda at: f"/samples/facets?run={run}&stage={stages[at % len(stages)]}&outcome=fail",
        "sample": lambda at: f"/samples/{subjects[at % len(subjects)]}",
        "graph of a sample": lambda at: f"/samples/{subjects[at % len(subjects)]}/graph",
        "datasets": lambda at: "/datasets",
        "models": lambda at: "/models",
        "scores": lambda at: "/scores",
        "audits": lambda at: "/audits",
        "ask": lambda at: "/ask",
    }


@contextmanager
def _client(**environ: str) -> Iterator[Callable[[str], None]]:
    """Asks the application for a path, and holds that it answered."""
    from caco.api.application import create_application
    from fastapi import Request
    from fastapi.testclient import TestClient

    def somebody(request: Request) -> None:
        request.state.person = "bench"

    os.environ.update(environ)
    with TestClient(create_application(may_look=somebody, may_answer=somebody)) as client:

        def ask(path: str) -> None:
            reply = client.get(API + path)
            assert reply.status_code == 200, f"{path}: {reply.text[:500]}"

        yield ask


def _times(ask: Callable[[str], None], path: Callable[[int], str]) -> dict[str, float]:
    ask(path(0))
    taken = []
    for at in range(ROUNDS):
        begun = time.perf_counter()
        ask(path(at))
        taken.append(1000 * (time.perf_counter() - begun))
    return {
        "median": round(float(np.median(taken)), 1),
        "p95": round(float(np.quantile(taken, 0.95)), 1),
        "most": round(max(taken), 1),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES), indent=1) + "\n")
