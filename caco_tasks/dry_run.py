"""The dry run: the first shards of a nightly run, held against what earlier runs yielded and cost, before the others start.

They are the run's own shards: what they made is reused by it, and nothing is paid twice. What is compared is per sample, so
that sizes do not matter: the share that came through all stages, the price of the replies (or, where those of either have
none, the tokens), and the seconds of work, without the loading of models.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import median
from typing import Any

from caco_tasks.config import DryRunSettings, RunConfig
from caco_tasks.errors import GateError
from caco_tasks.ledger import OutlayRow
from caco_tasks.pipeline import mapped_stages

Z = 1.959964  # of a 95 % interval
FIRST, LAST = mapped_stages("nightly")[0].name, mapped_stages("nightly")[-1].name


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What one sample of a run gave and took."""

    run_id: str
    partition: str
    samples: int
    kept: int  # came through all stages
    usd: float  # a sample, by the price table of the config
    tokens: float  # a sample, read and written
    seconds: float  # a sample, of all stages together

    @property
    def share(self) -> float:
        """Kept of sampled."""
        return self.kept / self.samples

    @property
    def highest_share(self) -> float:
        """Upper end of the 95 % Wilson interval of `share`."""
        n = self.samples
        spread = Z * math.sqrt(self.kept * (n - self.kept) / n + Z * Z / 4)
        return (self.kept + Z * Z / 2 + spread) / (n + Z * Z)


def dry_run_shards(config: RunConfig) -> list[int]:
    """The shards that are taken through all stages first; none where the config asks for none, or they are all of them."""
    samples = max(config.dry_run.min_samples, math.ceil(config.dry_run.share * config.samples))
    if not config.dry_run.share or samples >= config.samples:
        return []
    shards = -(-samples // len(config.sample_range(0)))
    return list(range(shards)) if shards < config.sample_shards else []


def run_costs(rows: Sequence[OutlayRow]) -> list[RunCost]:
    """The cost of each run, in the order of the rows; runs that sampled nothing are left out."""
    costs = []
    for run_id, of_run in groupby(rows, key=lambda row: row.run_id):
        stages = {row.stage: row for row in of_run}
        samples = stages[FIRST].read if FIRST in stages else 0
        if samples:
            cost = RunCost(
                run_id=run_id,
                partition=stages[FIRST].partition,
                samples=samples,
                kept=stages[LAST].passed if LAST in stages else 0,
                usd=sum(row.cost_usd for row in stages.values()) / samples,
                tokens=sum(row.prompt_tokens + row.completion_tokens for row in stages.values()) / samples,
                seconds=sum(row.seconds for row in stages.values()) / samples,
            )
            costs.append(cost)
    return costs


def judge_dry_run(first: RunCost, earlier: Sequence[RunCost], config: RunConfig) -> dict[str, Any]:
    """What a run is projected to yield and cost, beside the medians of earlier runs.

    Raises:
        GateError: the projection is out of band, or below `dry_run.min_yield`.
    """
    projection = {
        "first": asdict(first),
        "rows": round(first.share * config.samples),
        "usd": round(first.usd * config.samples, 2),
        "tokens": round(first.tokens * config.samples),
        "hours_of_work": round(first.seconds * config.samples / 3600, 2),
    }
    floor = config.dry_run.min_yield
    # none kept is below any floor, whatever a small number of samples leaves possible
    if floor and (not first.kept or first.highest_share < floor):
        raise GateError(
            f"Of the first {first.samples} samples of run {first.run_id[:12]} {first.share:.1%} came through, at most "
            f"{first.highest_share:.1%} in the long run, the config demands {floor:.1%} (dry_run.min_yield)."
        )
    if not earlier:
        return {**projection, "verdict": "no earlier run of this config to compare with"}
    usual = {name: median(getattr(run, name) for run in earlier) for name in ("share", "usd", "tokens", "seconds")}
    reasons = _find_deviations(first, usual, config.dry_run)
    if reasons:
        raise GateError(
            f"The first {first.samples} samples of run {first.run_id[:12]} are out of band of the last {len(earlier)} runs: "
            f"{'; '.join(reasons)}. Look at `caco funnel {first.run_id[:12]}`; to go on all the same, widen the band."
        )
    return {**projection, "verdict": f"in band of the last {len(earlier)} runs", "usual": usual}


def _find_deviations(first: RunCost, usual: Mapping[str, float], band: DryRunSettings) -> list[str]:
    """Why the first shards are out of band. A yield counts as too low only when chance does not explain it."""
    reasons = []
    if first.highest_share < band.min_yield_ratio * usual["share"]:
        reasons.append(
            f"{first.share:.1%} of its samples came through (at most {first.highest_share:.1%} in the long run), "
            f"{usual['share']:.1%} did of theirs (dry_run.min_yield_ratio)"
        )
    # an endpoint without prices, or a model of our own, is compared by tokens
    price, unit = ("usd", "$") if usual["usd"] and first.usd else ("tokens", "tokens")
    if getattr(first, price) > band.max_cost_ratio * usual[price]:
        reasons.append(
            f"a sample cost {getattr(first, price):.4g} {unit}, theirs {usual[price]:.4g} (dry_run.max_cost_ratio)"
        )
    if first.seconds > band.max_time_ratio * usual["seconds"]:
        reasons.append(
            f"a sample took {first.seconds:.3g} s of work, theirs {usual['seconds']:.3g} s (dry_run.max_time_ratio)"
        )
    return reasons
