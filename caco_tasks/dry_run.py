"""The dry run of a night: a small share of it through all stages first, held against what the last nights yielded and cost.

What is compared is per sample, so that sizes do not matter: the share that came through all stages, the price of the
replies (or, where those of either have none, the tokens), and the seconds of work, without the loading of models.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from statistics import median
from typing import Any

from caco_tasks import __version__
from caco_tasks.config import DryRunSettings, RunConfig
from caco_tasks.errors import GateError
from caco_tasks.ids import run_id
from caco_tasks.ledger import OutlayRow
from caco_tasks.ledger.flow import FUNNEL
from caco_tasks.store import RunRecord

Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlay:
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


def trial_of(night: RunRecord, config: RunConfig) -> RunRecord | None:
    """The dry run of a night, in one shard and with the same models; None where its config asks for none."""
    samples = max(config.dry_run.min_samples, math.ceil(config.dry_run.share * config.samples))
    if not config.dry_run.share or samples >= config.samples:
        return None
    small = config.model_copy(update={"samples": samples, "shards": 1})
    return night.model_copy(
        update={
            "run_id": run_id("dry_run", night.partition, small.fingerprint()),
            "pipeline": "dry_run",
            "config_hash": small.fingerprint(),
            "config": small.model_dump(mode="json"),
            "code_version": __version__,
        }
    )


def outlays_of(rows: Sequence[OutlayRow]) -> list[Outlay]:
    """One outlay for each run, in the order of the rows; runs that sampled nothing are left out."""
    runs = [list(of_run) for _, of_run in groupby(rows, key=lambda row: row.run_id)]
    return [_outlay(stages) for stages in runs if {row.stage: row.read for row in stages}.get(FUNNEL[0])]


def judge_trial(trial: Outlay, nights: Sequence[Outlay], config: RunConfig) -> dict[str, Any]:
    """What the night is projected to yield and cost, beside the medians of the last nights.

    Raises:
        GateError: the projection is out of band; nothing is said against a first night.
    """
    found = _projection(trial, config.samples)
    if not nights:
        return {**found, "says": "no earlier night of this config to compare with"}
    usual = {name: median(getattr(night, name) for night in nights) for name in ("share", "usd", "tokens", "seconds")}
    reasons = list(_out_of_band(trial, usual, config.dry_run))
    if reasons:
        raise GateError(
            f"The dry run {trial.run_id} of {trial.samples} samples is out of band of the last {len(nights)} nights: "
            f"{'; '.join(reasons)}. Look at `caco funnel {trial.run_id[:12]}`; to go on all the same, widen the band."
        )
    return {**found, "says": f"in band of the last {len(nights)} nights", "usual": usual}


def _outlay(stages: Sequence[OutlayRow]) -> Outlay:
    by_stage = {row.stage: row for row in stages}
    samples = by_stage[FUNNEL[0]].read
    return Outlay(
        run_id=stages[0].run_id,
        partition=stages[0].partition,
        samples=samples,
        kept=by_stage[FUNNEL[-1]].passed if FUNNEL[-1] in by_stage else 0,
        usd=sum(row.cost_usd for row in stages) / samples,
        tokens=sum(row.prompt_tokens + row.completion_tokens for row in stages) / samples,
        seconds=sum(row.seconds for row in stages) / samples,
    )


def _projection(trial: Outlay, samples: int) -> dict[str, Any]:
    return {
        "trial": asdict(trial),
        "rows": round(trial.share * samples),
        "usd": round(trial.usd * samples, 2),
        "tokens": round(trial.tokens * samples),
        "hours_of_work": round(trial.seconds * samples / 3600, 2),
    }


def _out_of_band(trial: Outlay, usual: Mapping[str, float], band: DryRunSettings) -> list[str]:
    """Why a trial is out of band. A yield counts as too low only when chance does not explain it."""
    reasons = []
    if trial.highest_share < band.min_yield_ratio * usual["share"]:
        reasons.append(
            f"{trial.share:.1%} of its samples came through (at most {trial.highest_share:.1%} in the long run), "
            f"{usual['share']:.1%} did of theirs (dry_run.min_yield_ratio)"
        )
    price, unit = ("usd", "$") if usual["usd"] and trial.usd else ("tokens", "tokens")
    if getattr(trial, price) > band.max_cost_ratio * usual[price]:
        reasons.append(
            f"a sample cost {getattr(trial, price):.4g} {unit}, theirs {usual[price]:.4g} (dry_run.max_cost_ratio)"
        )
    if trial.seconds > band.max_time_ratio * usual["seconds"]:
        reasons.append(
            f"a sample took {trial.seconds:.3g} s of work, theirs {usual['seconds']:.3g} s (dry_run.max_time_ratio)"
        )
    return reasons
