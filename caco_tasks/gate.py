"""What a run must yield to end well, judged from the counts of its stages alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from caco_tasks.ablations.ablation_tables import ABLATION_SUFFIX
from caco_tasks.config import GateSettings, RunConfig
from caco_tasks.errors import GateError
from caco_tasks.pipeline import mapped_stages


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """What came into a stage of a run, and what became of it."""

    stage: str
    read: int
    passed: int
    unknown: int


def demand_yield(run_id: str, pipeline: str, counts: Sequence[StageCount], settings: GateSettings) -> None:
    """Holds a run, all of whose shards are there, against its gate.

    Raises:
        GateError: too much is unknown, or too little is left to publish.
    """
    for row in counts:
        if row.unknown > settings.max_unknown_share * row.read:
            raise GateError(
                f"Run {run_id}: {row.unknown} of {row.read} verdicts of '{row.stage}' are unknown, more than its "
                f"gate allows (gate.max_unknown_share). `caco rerun {run_id[:12]} --stage {row.stage} --unknown` asks "
                "again."
            )
    by_stage: Mapping[str, StageCount] = {row.stage: row for row in counts}
    last = by_stage.get(mapped_stages("nightly")[-1].name)
    kept = last.passed if last is not None else 0
    if pipeline == "nightly" and kept < settings.min_published:
        raise GateError(f"Run {run_id}: {kept} rows to publish, its gate demands {settings.min_published}.")


def demand_verified(dataset: str, config: RunConfig) -> None:
    """Refuses to publish rows that a config lets pass without a part of verification.

    Raises:
        GateError: it does.
    """
    if config.unverified:
        raise GateError(
            f"The dataset '{dataset}' was made with {', '.join(config.unverified)}, so its rows are not verified: it stays "
            f"staged. Give it a name that ends in '{ABLATION_SUFFIX}' (publish.name), or set these rules to 'reject'."
        )
