"""What a nightly run yields, held against its goals: programs that run, that are new, that get a problem, agree, are published.

`python benchmarks/line_yield.py RUN` reads a finished run of the local platform (a run's id, or the beginning of it). A program
is new if no seed program of the run's own CodeGen has its shape: the same tree and the same names of inputs under any
numbers, so neither a seed program nor a re-draw of one counts.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.connections import Connections
from caco_tasks.ledger import Ledger
from caco_tasks.records import JudgedRecord, Sample, SeedProgram
from caco_tasks.store import Store, open_store
from caco_tasks.store.shards import iterate_shard
from caco_tasks.tasks import find_run


def measure(run_id: str) -> dict[str, Any]:
    """Shares of the samples of a run, by what the goals count, with the seconds of each stage."""
    reached = Connections.from_environ(os.environ)
    assert reached.ledger_url is not None
    store = open_store(reached.store)
    with Ledger(reached.ledger_url) as ledger:
        run = find_run(ledger, run_id)
        funnel = {row.stage: row for row in ledger.funnel(run.run_id)}
        seeds = {
            shape(judged.record.program.code)
            for judged in read_stage(ledger, store, str(run.seed_run_id), "unify", SeedProgram)
            if judged.verdict.kept and judged.record.program
        }
        ran = [
            shape(judged.record.program.code)
            for judged in read_stage(ledger, store, run.run_id, "execute", Sample)
            if judged.verdict.kept
        ]
    sampled, deduplicated = funnel["sample"].read, funnel["dedup"].passed
    agreed = funnel["agree"].passed
    published = funnel["publish"].passed if "publish" in funnel else 0  # the gate came before it, and failed
    return {
        "sampled": sampled,
        "run": round(len(ran) / sampled, 4),
        "new_of_those": round(sum(one not in seeds for one in ran) / max(1, len(ran)), 4),
        "distinct_shapes": len(set(ran)),
        "get_a_problem": round(funnel["reverse"].passed / max(1, deduplicated), 4),
        "agree_of_solved": round(agreed / max(1, funnel["agree"].read), 4),
        "agree_of_sampled": round(agreed / sampled, 4),
        "published": published,
        "seconds": {stage: round(row.seconds) for stage, row in funnel.items()},
    }


def read_stage(ledger: Ledger, store: Store, run_id: str, stage: str, kind: type) -> Iterator[JudgedRecord[Any]]:
    """All judged records of a stage of a run."""
    for manifest in ledger.outputs(run_id, stage):
        yield from iterate_shard(store, manifest.uri, kind, sha256=manifest.sha256)


def shape(code: str) -> str:
    """What a program and its re-draws have in common."""
    return program_fingerprint(code, keep_literals=False)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1]), indent=1) + "\n")
