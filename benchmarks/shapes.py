"""How many program shapes nobody gave end published: CodeGen alone against a mix with composed and mutated programs.

Both configs run the whole line, on the same seeds and the same CodeGen, each in a ledger of its own. A shape is a program's
tree with the names of its inputs under any numbers; new is one that no program of a seed has. Reading the rows is left to
people: `--out` of the script keeps every published row that was composed or mutated.

    caco bench shapes                        1,000 samples of nano and of nano-mix: eight minutes of a core
    python benchmarks/shapes.py 1000 rows.json
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.ledger import Ledger
from caco_tasks.records import JudgedRecord, Sample, SeedProgram
from caco_tasks.store import Store, open_store
from caco_tasks.store.shards import iterate_shard
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parent))
from bench_runs import own_line, run_through

CONFIGS = ("nano", "nano-mix")
SAMPLES = 1000
DAY = "2026-11-20"
FIRST_PORT = 29500
LAST_STAGE = "decontaminate"


def bench(n: int = SAMPLES) -> dict[str, Any]:
    """Counts of both configs with `n` samples each; the second has places that CodeGen did not write."""
    with tempfile.TemporaryDirectory(prefix="caco-shapes-") as folder:
        return {name: counts for name, (counts, _) in run_both(Path(folder), n).items()}


def run_both(folder: Path, samples: int) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """For each config its counts, and its published rows of programs that were made of others."""
    return {name: _run_config(folder, name, samples) for name in CONFIGS}


def _run_config(folder: Path, config: str, samples: int) -> tuple[dict[str, Any], Any]:
    size = [f"samples={samples}"]
    # the store is one for both: what they share is made once
    with own_line(folder, port=FIRST_PORT) as url, Ledger(url) as ledger:
        runs = {pipeline: run_through(pipeline, DAY, config, size) for pipeline in ("seeds", "codegen", "nightly")}
        return count_shapes(ledger, open_store(StoreSettings(root=f"file://{folder}/store")), runs)


def count_shapes(ledger: Ledger, store: Store, runs: Mapping[str, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The counts of a nightly run, whose seeds are those of a run of `seeds`, and its rows of new programs."""
    seeds = {
        shape_of(judged.record.program.code)
        for judged in _read(ledger, store, runs["seeds"], "unify", SeedProgram)
        if judged.verdict.kept and judged.record.program
    }
    last = [*_read(ledger, store, runs["nightly"], LAST_STAGE, Sample)]
    published = [judged.record for judged in last if judged.verdict.kept]
    shapes = [shape_of(record.program.code) for record in published]
    new = Counter(shape for shape in shapes if shape not in seeds)
    sampled = sum(manifest.read for manifest in ledger.outputs(runs["nightly"], "sample"))
    counts = {
        "samples": sampled,
        "passed": {row.stage: row.passed for row in ledger.funnel(runs["nightly"])},
        "published": len(published),
        "shapes_published": len(set(shapes)),
        "rows_of_new_shapes": new.total(),
        "new_shapes_published": len(new),
        "new_shapes_per_1000_samples": round(1000 * len(new) / sampled, 1),
        "by_origin": _by_origin(ledger, store, runs["nightly"], published, seeds),
    }
    return counts, [_row(record) for record in published if record.program.origin is not None]


def _by_origin(
    ledger: Ledger, store: Store, run_id: str, published: Sequence[Sample], seeds: set[str]
) -> dict[str, dict[str, int]]:
    """For each way in which programs are made: samples, distinct new shapes among them, and the same of published ones."""
    found: dict[str, dict[str, int]] = {}
    drawn = [judged.record for judged in _read(ledger, store, run_id, "sample", Sample)]
    for origin in sorted({_origin_of(record) for record in drawn}):
        counts: dict[str, int] = {}
        for name, records in (("sampled", drawn), ("published", published)):
            own = [record for record in records if _origin_of(record) == origin]
            counts[name] = len(own)
            counts[f"new_shapes_{name}"] = len({shape_of(record.program.code) for record in own} - seeds)
        found[origin] = counts
    return found


def _origin_of(record: Sample) -> str:
    made = record.program.origin
    return made.kind if made is not None else "codegen"


def _row(record: Sample) -> dict[str, Any]:
    made = record.program.origin
    return {
        "sample_id": record.sample_id,
        "made": f"{made.kind} {made.operator}" if made else None,
        "parents": list(made.parents) if made else [],
        "code": record.program.code,
        "problem": record.problem.text if record.problem else None,
        "solution": record.solution.text if record.solution else None,
        "answer": record.execution.output_text if record.execution else None,
    }


def _read(ledger: Ledger, store: Store, run_id: str, stage: str, kind: type) -> Iterator[JudgedRecord[Any]]:
    for manifest in ledger.outputs(run_id, stage):
        yield from iterate_shard(store, manifest.uri, kind, sha256=manifest.sha256)


def shape_of(code: str) -> str:
    """What a program and its re-draws have in common."""
    return program_fingerprint(code, keep_literals=False)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="caco-shapes-") as place:
        both = run_both(Path(place), int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps([row for _, rows in both.values() for row in rows], indent=1), "utf-8")
    sys.stdout.write(json.dumps({name: counts for name, (counts, _) in both.items()}, indent=1) + "\n")
