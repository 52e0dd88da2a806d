"""Accepted rows for 1,000 generated tokens with a selector and without, on later dates than it learnt from.

Whole nights are run: some to learn from, then some twice, with `[select]` and without. They have the same samples, so the night
without tells the fate of each one that the other skipped. Then the later nights are drawn by how the earlier ones ended
(`[steer]`, any pass rate), without a selector and with it: other samples. A token is one that any model wrote: CodeGen, reverser,
solver, judge. Intervals are bootstraps over the samples, where two nights have the same, over both of each.

    caco bench selection                                   4 + 2 nights of nano with 500 samples: some twenty minutes of a core
    caco bench selection --n 1000
    python benchmarks/selection.py nano 500 4 2            the same, on the ledger and store that the environment names
"""

import json
import math
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench_runs import own_line, run_through

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.config import load_config
from caco_tasks.domain_tags import domain_of
from caco_tasks.ledger import Ledger
from caco_tasks.records import Generation, JudgedRecord, Reason, Sample
from caco_tasks.reports.report_parts import share_of
from caco_tasks.select_tasks import describe_selector, train_selector
from caco_tasks.selection.selector import Selector
from caco_tasks.store import Store, open_store
from caco_tasks.store.selector_record import SelectorRecord
from caco_tasks.store.shards import iterate_shard
from caco_tasks.store.store import StoreSettings

CONFIG, SAMPLES, EARLIER, LATER = "nano", 500, 4, 2
EXPLORE = 0.1
# claims of its own: no night takes a program from one of the same date
OWN = "dedup.claims=own"
STEERED = ("steer.band=[0.0, 1.0]",)  # every accepted row is wanted
FIRST_PORT = 29600
DRAWS = 2000
RECALLS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
STAGES = ("sample", "reverse", "solve", "judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What a sample cost a night, and how it ended."""

    tokens: tuple[int, int, int]  # of `sample`, of `reverse`, of the stages after it
    is_accepted: bool
    is_skipped: bool
    is_below: bool  # skipped, or explored where it would have been
    reached_reverse: bool
    reached_solve: bool
    shape: str
    domain: str
    record: Sample  # as far as it came


def bench(n: int = SAMPLES) -> dict[str, Any]:
    """The figures of nano, on a Postgres and a store of its own; `n` samples a night."""
    with (
        tempfile.TemporaryDirectory(prefix="caco-selection-") as folder,
        own_line(Path(folder), port=FIRST_PORT),
    ):
        return measure(CONFIG, n, EARLIER, LATER)


def measure(config: str, samples: int, earlier: int, later: int) -> dict[str, Any]:
    """Runs what is not there yet, where the environment says, and counts."""
    days = [f"2026-10-{day:02d}" for day in range(1, 1 + earlier + later)]
    told = [f"samples={samples}", OWN]
    for pipeline in ("seeds", "codegen"):
        run_through(pipeline, days[0], config, told)
    plain = {day: run_through("nightly", day, config, told) for day in days}
    skipping = [*told, f"select.explore={EXPLORE}"]
    store = open_store(StoreSettings(root=os.environ["CACO_STORE"]))
    with Ledger(os.environ["CACO_LEDGER_URL"]) as ledger:
        record = train_selector(ledger, store, load_config(config, skipping), before=days[earlier])
    selected = {day: run_through("nightly", day, config, skipping) for day in days[earlier:]}
    steered = {
        name: [run_through("nightly", day, config, [*words, *STEERED]) for day in days[earlier:]]
        for name, words in (("steered", told), ("steered_and_selected", skipping))
    }
    with Ledger(os.environ["CACO_LEDGER_URL"]) as ledger:
        without = {day: read_fates(ledger, store, plain[day]) for day in selected}
        with_selector = {day: read_fates(ledger, store, run_id) for day, run_id in selected.items()}
        drawn = {
            name: [fate for run_id in run_ids for fate in read_fates(ledger, store, run_id).values()]
            for name, run_ids in steered.items()
        }
        audits = {
            day: [dict(row) for row in ledger.selection_audit(run_id) if row["domain"] is None]
            for day, run_id in selected.items()
        }
    pooled = [
        {name: fate for of_day in one.values() for name, fate in of_day.items()} for one in (without, with_selector)
    ]
    return {
        "config": config,
        "samples_a_night": samples,
        "selector": describe_selector(record),
        "together": compare(*pooled),
        **{name: compare_drawn(list(pooled[0].values()), fates) for name, fates in drawn.items()},
        "nights": {day: compare(without[day], with_selector[day]) for day in selected},
        "audits": audits,
        "by_domain": by_domain(pooled[0]),
        "by_recall": by_recall(pooled[0], record),
    }


def read_fates(ledger: Ledger, store: Store, run_id: str) -> dict[str, Fate]:
    """The fate of every sample of a nightly run."""
    outcomes = ledger.outcomes(run_id)
    rows: dict[str, dict[str, JudgedRecord[Sample]]] = {stage: {} for stage in STAGES}
    for stage in STAGES:
        for output in ledger.outputs(run_id, stage):
            for row in iterate_shard(store, output.uri, Sample, sha256=output.sha256):
                rows[stage][row.id] = row
    return {name: _fate(name, rows, outcomes[name] == "pass") for name in rows["sample"]}


def _fate(name: str, rows: Mapping[str, Mapping[str, JudgedRecord[Sample]]], is_accepted: bool) -> Fate:
    found = {stage: rows[stage][name] for stage in STAGES if name in rows[stage]}
    records = {stage: row.record for stage, row in found.items()}
    parts = {
        "sample": records["sample"].program,
        "reverse": records["reverse"].problem if "reverse" in records else None,
        "solve": records["solve"].solution if "solve" in records else None,
        "judge": records["judge"].judgement if "judge" in records else None,
    }
    tokens = {stage: _tokens(part) for stage, part in parts.items()}
    last = list(records.values())[-1]
    return Fate(
        tokens=(tokens["sample"], tokens["reverse"], tokens["solve"] + tokens["judge"]),
        is_accepted=is_accepted,
        is_skipped=any(row.verdict.reason is Reason.UNLIKELY for row in found.values()),
        is_below=any(one.is_below for one in last.selections),
        reached_reverse="reverse" in records,
        reached_solve="solve" in records,
        shape=program_fingerprint(last.program.code, keep_literals=False),
        domain=domain_of(last.program.code) or "unknown",
        record=last,
    )


def _tokens(part: Any) -> int:
    written = [one.generation for one in getattr(part, "candidates", ())] or [getattr(part, "generation", None)]
    return sum(one.completion_tokens for one in written if isinstance(one, Generation))


def compare(without: Mapping[str, Fate], with_selector: Mapping[str, Fate]) -> dict[str, Any]:
    """Both nights of the same samples: what a token brought, what was wrongly skipped, and what it cost in variety."""
    names = sorted(without)
    assert names == sorted(with_selector)
    arms = [[arm[name] for name in names] for arm in (without, with_selector)]
    tokens = [np.array([sum(fate.tokens) for fate in arm], dtype=float) for arm in arms]
    accepted = [np.array([fate.is_accepted for fate in arm], dtype=float) for arm in arms]
    rates = [1000 * a.sum() / t.sum() for a, t in zip(accepted, tokens, strict=True)]
    best = accepted[0].sum() / sum(sum(fate.tokens) if fate.is_accepted else fate.tokens[0] for fate in arms[0])
    skipped = [name for name in names if with_selector[name].is_skipped]
    wrongly = sum(without[name].is_accepted for name in skipped)
    return {
        "samples": len(names),
        "accepted": [int(a.sum()) for a in accepted],
        "tokens": [int(t.sum()) for t in tokens],
        "rows_per_1000_tokens": [round(rate, 3) for rate in rates],
        "ratio": round(rates[1] / rates[0], 3),
        "ratio_interval": _ratio_interval(accepted, tokens),
        "ratio_were_every_fate_known_before_reverse": round(1000 * best / rates[0], 3),
        "skipped": len(skipped),
        "false_skips": share_of(wrongly, len(skipped)).model_dump(),
        "variety": [_variety([fate for fate in arm if fate.is_accepted]) for arm in arms],
        "shapes_among_as_many_rows": round(_rarefied(arms[0], int(accepted[1].sum())), 1),
    }


def compare_drawn(plain: Sequence[Fate], steered: Sequence[Fate]) -> dict[str, Any]:
    """Nights of as many samples, of which the second ones were drawn by how earlier nights ended."""
    chance, rates = np.random.default_rng(0), []
    for arm in (plain, steered):
        accepted = np.array([fate.is_accepted for fate in arm], dtype=float)
        tokens = np.array([sum(fate.tokens) for fate in arm], dtype=float)
        drawn = chance.integers(0, len(arm), (DRAWS, len(arm)))
        rates.append(accepted[drawn].sum(axis=1) / tokens[drawn].sum(axis=1))
    accepted_rows = [sum(fate.is_accepted for fate in arm) for arm in (plain, steered)]
    written = [sum(sum(fate.tokens) for fate in arm) for arm in (plain, steered)]
    per_1000 = [1000 * rows / tokens for rows, tokens in zip(accepted_rows, written, strict=True)]
    low, high = np.quantile(rates[1] / rates[0], (0.025, 0.975))
    return {
        "accepted": accepted_rows,
        "tokens": written,
        "rows_per_1000_tokens": [round(rate, 3) for rate in per_1000],
        "ratio": round(per_1000[1] / per_1000[0], 3),
        "ratio_interval": [round(float(low), 3), round(float(high), 3)],
        "skipped": sum(fate.is_skipped for fate in steered),
        "variety": [_variety([fate for fate in arm if fate.is_accepted]) for arm in (plain, steered)],
        "shapes_among_as_many_rows": round(_rarefied(plain, accepted_rows[1]), 1),
    }


def _ratio_interval(accepted: Sequence[Any], tokens: Sequence[Any]) -> tuple[float, float]:
    """The middle 95 % of the ratio over draws of the samples with replacement."""
    chance, size = np.random.default_rng(0), len(tokens[0])
    ratios = []
    for _ in range(DRAWS):
        drawn = chance.integers(0, size, size)
        rates = [a[drawn].sum() / t[drawn].sum() for a, t in zip(accepted, tokens, strict=True)]
        ratios.append(rates[1] / rates[0])
    low, high = np.quantile(ratios, (0.025, 0.975))
    return round(float(low), 3), round(float(high), 3)


def _variety(fates: Sequence[Fate]) -> dict[str, Any]:
    domains = Counter(fate.domain for fate in fates)
    shares = [count / len(fates) for count in domains.values()]
    return {
        "shapes": len({fate.shape for fate in fates}),
        "domains": dict(domains.most_common()),
        "effective_domains": round(math.exp(-sum(share * math.log(share) for share in shares)), 2),
    }


def _rarefied(fates: Sequence[Fate], rows: int) -> float:
    """How many shapes as few accepted rows would have, on average over draws."""
    shapes = [fate.shape for fate in fates if fate.is_accepted]
    chance = np.random.default_rng(0)
    return float(
        np.mean([len({shapes[place] for place in chance.permutation(len(shapes))[:rows]}) for _ in range(200)])
    )


def by_domain(fates: Mapping[str, Fate]) -> dict[str, Any]:
    """What each domain brings for its tokens, without a selector: what steering of the draw could gain."""
    found = {}
    for domain in sorted({fate.domain for fate in fates.values()}):
        own = [fate for fate in fates.values() if fate.domain == domain]
        accepted = sum(fate.is_accepted for fate in own)
        found[domain] = {
            "samples": len(own),
            "accepted": accepted,
            "rows_per_1000_tokens": round(1000 * accepted / sum(sum(fate.tokens) for fate in own), 2),
        }
    return found


def by_recall(fates: Mapping[str, Fate], record: SelectorRecord) -> list[dict[str, float]]:
    """What other thresholds would have given on these nights, without exploring: both move, and keep so many accepted rows."""
    selector = Selector(record)
    names = [name for name, fate in fates.items() if fate.reached_reverse]
    first = dict(zip(names, selector.chances("reverse", [fates[name].record for name in names]), strict=True))
    solved = [name for name in names if fates[name].reached_solve]
    second = dict(zip(solved, selector.chances("solve", [fates[name].record for name in solved]), strict=True))
    whole, accepted = sum(sum(fate.tokens) for fate in fates.values()), sum(fate.is_accepted for fate in fates.values())
    found = []
    for least in RECALLS:
        bounds = sorted({0.0, *first.values(), *second.values()})
        chosen = max(bound for bound in bounds if _kept(fates, first, second, bound)[0] >= least * accepted)
        kept, tokens = _kept(fates, first, second, chosen)
        found.append(
            {
                "recall": round(kept / accepted, 3),
                "threshold": round(chosen, 3),
                "ratio": round((kept / tokens) / (accepted / whole), 3),
            }
        )
    return found


def _kept(
    fates: Mapping[str, Fate], first: Mapping[str, float], second: Mapping[str, float], bound: float
) -> tuple[int, int]:
    accepted = tokens = 0
    for name, fate in fates.items():
        is_reversed = first.get(name, 1.0) >= bound
        is_solved = is_reversed and second.get(name, 1.0) >= bound
        tokens += fate.tokens[0] + is_reversed * fate.tokens[1] + is_solved * fate.tokens[2]
        accepted += is_solved and fate.is_accepted
    return accepted, tokens


if __name__ == "__main__":
    given = sys.argv[1:] or [CONFIG, str(SAMPLES), str(EARLIER), str(LATER)]
    sys.stdout.write(json.dumps(measure(given[0], *map(int, given[1:])), indent=1, default=str) + "\n")
