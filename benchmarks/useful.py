"""How many accepted and useful rows the tokens of a night buy, without and with `[steer]` and a cap on easy problems.

Useful is an accepted row of which the solver solves some of its four tries and not all: its pass rate lies from 0.2 to 0.8.
Tokens are all that models write: programs, problems, four solutions each, judgements. One date is drawn without anything;
then on each date that follows the same number of samples is drawn in both ways, and each steered night goes by the nights
before it. What it costs in variety stands beside it.

    caco bench useful                        400 samples of nano, then 240 on three dates, twice: ten minutes of a core
    python benchmarks/useful.py 240 FOLDER   the same; outputs that FOLDER holds are not made again
"""

import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench_runs import own_line, run_through

from caco_tasks.checks.programs.program_measures import measure_program
from caco_tasks.ledger import Ledger
from caco_tasks.records import JudgedRecord, Sample
from caco_tasks.store import Store, open_store
from caco_tasks.store.shards import iterate_shard
from caco_tasks.store.store import StoreSettings

CONFIG = "nano"
FIRST_SAMPLES = 400  # on the first date, of which nothing is compared
SAMPLES = 240
DAYS = ("2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04")  # on the first nothing is known yet
# claims of its own: no night of one way takes a program from one of the other
ASKED = ("solver.samples=4", "models.solver.temperature=0.7", "dedup.claims=own")
WAYS = {"without": (), "with": ("steer.explore=0.2", "solver.keep_easy=0.25")}
BAND = (0.2, 0.8)
RESAMPLES = 2000
FIRST_PORT = 29600


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a sample cost, and what came of it."""

    tokens: int
    domain: str | None
    shape: str
    is_accepted: bool
    pass_rate: float | None

    @property
    def is_useful(self) -> bool:
        """Whether it was accepted with a pass rate in the band."""
        return self.is_accepted and self.pass_rate is not None and BAND[0] <= self.pass_rate <= BAND[1]


def bench(n: int = SAMPLES) -> dict[str, Any]:
    """Figures of both ways with `n` samples on each date but the first, and how they compare."""
    with tempfile.TemporaryDirectory(prefix="caco-useful-") as folder:
        return measure(Path(folder), n)


def measure(folder: Path, samples: int) -> dict[str, Any]:
    """The same, with a store below `folder`."""
    with own_line(folder, port=FIRST_PORT) as url:
        found = _run_ways(url, folder, samples)
    rates = {way: _useful_per_1000(fates) for way, fates in found.items()}
    low, high = _interval_of_ratio(found["with"], found["without"])
    return {
        "samples": samples * (len(DAYS) - 1),
        **{way: _figures(fates) for way, fates in found.items()},
        "ratio": round(rates["with"] / rates["without"], 3),
        "ratio_low": low,
        "ratio_high": high,
    }


def _run_ways(url: str, folder: Path, samples: int) -> dict[str, list[Fate]]:
    first, *others = DAYS
    for pipeline in ("seeds", "codegen", "nightly"):
        _run(pipeline, first, FIRST_SAMPLES, ASKED if pipeline == "nightly" else ())
    # the steered night last: what it is steered by is then its own way's nights
    runs = [(way, _run("nightly", day, samples, (*ASKED, *more))) for day in others for way, more in WAYS.items()]
    found: dict[str, list[Fate]] = {way: [] for way in WAYS}
    with Ledger(url) as ledger:
        for way, run_id in runs:
            found[way] += _fates(ledger, open_store(StoreSettings(root=f"file://{folder}/store")), run_id)
    return found


def _run(pipeline: str, day: str, samples: int, overrides: Sequence[str]) -> str:
    return run_through(pipeline, day, CONFIG, [f"samples={samples}", *overrides])


def _fates(ledger: Ledger, store: Store, run_id: str) -> list[Fate]:
    tokens: Counter[str] = Counter()
    codes: dict[str, str] = {}
    for judged in _read(ledger, store, run_id, "sample"):
        codes[judged.id] = judged.record.program.code
        made = judged.record.program.generation
        tokens[judged.id] += made.completion_tokens if made else 0
    for judged in _read(ledger, store, run_id, "reverse"):
        tokens[judged.id] += judged.record.problem.generation.completion_tokens if judged.record.problem else 0
    for judged in _read(ledger, store, run_id, "solve"):
        candidates = judged.record.solution.candidates if judged.record.solution else ()
        tokens[judged.id] += sum(one.generation.completion_tokens for one in candidates)
    for judged in _read(ledger, store, run_id, "judge"):
        tokens[judged.id] += judged.record.judgement.generation.completion_tokens if judged.record.judgement else 0
    rates = {
        judged.id: judged.record.solution.pass_rate if judged.record.solution else None
        for judged in _read(ledger, store, run_id, "decontaminate")
        if judged.verdict.kept
    }
    measures = {name: measure_program(code) for name, code in codes.items()}
    return [
        Fate(
            tokens=tokens[name],
            domain=one.domain,
            shape=one.shape,
            is_accepted=name in rates,
            pass_rate=rates.get(name),
        )
        for name, one in measures.items()
    ]


def _read(ledger: Ledger, store: Store, run_id: str, stage: str) -> Iterator[JudgedRecord[Sample]]:
    for manifest in ledger.outputs(run_id, stage):
        yield from iterate_shard(store, manifest.uri, Sample, sha256=manifest.sha256)


def _useful_per_1000(fates: Sequence[Fate]) -> float:
    return 1000 * sum(one.is_useful for one in fates) / sum(one.tokens for one in fates)


def _figures(fates: Sequence[Fate]) -> dict[str, Any]:
    useful, accepted = [one for one in fates if one.is_useful], [one for one in fates if one.is_accepted]
    low, high = np.percentile(_resampled(fates, 1), [2.5, 97.5])
    return {
        "tokens": sum(one.tokens for one in fates),
        "accepted": len(accepted),
        "useful": len(useful),
        "useful_per_1000_tokens": round(_useful_per_1000(fates), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        **{
            f"{name}_{what}": count
            for name, rows in (("accepted", accepted), ("useful", useful))
            for what, count in (
                ("domains", len({one.domain for one in rows})),
                ("shapes", len({one.shape for one in rows})),
                ("effective_shapes", _effective_number([one.shape for one in rows])),
            )
        },
    }


def _effective_number(names: Sequence[str]) -> float:
    """So many names in equal shares would be as varied: e to the entropy of their shares."""
    shares = [count / len(names) for count in Counter(names).values()]
    return round(math.exp(-sum(share * math.log(share) for share in shares)), 1)


def _resampled(fates: Sequence[Fate], seed: int) -> Any:
    """Useful rows per 1,000 tokens, [resamples], each of as many samples drawn with replacement."""
    useful = np.array([one.is_useful for one in fates], dtype=float)
    tokens = np.array([one.tokens for one in fates], dtype=float)
    drawn = np.random.default_rng(seed).integers(len(fates), size=(RESAMPLES, len(fates)))
    return 1000 * useful[drawn].sum(axis=1) / tokens[drawn].sum(axis=1)


def _interval_of_ratio(first: Sequence[Fate], second: Sequence[Fate]) -> tuple[float, float]:
    """The middle 95 % of the ratio of two ways, by a bootstrap over samples."""
    low, high = np.percentile(_resampled(first, 2) / _resampled(second, 3), [2.5, 97.5])
    return round(float(low), 3), round(float(high), 3)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[1])), indent=1) + "\n")
