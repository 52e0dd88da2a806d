"""What students score, and what runs cost: the figures that evaluation, dry run and estimate read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

_SCORES = text("""
    SELECT benchmark, contender, is_protected, items, right_answers, wrong, unknown, pass_at_1, pass_at_1_low,
        pass_at_1_high, k, pass_at_k, pass_at_k_low, pass_at_k_high
    FROM caco.scores WHERE run_id = CAST(:run_id AS uuid) ORDER BY benchmark, contender
""")
_GAINS = text("""
    SELECT benchmark, items, gained, lost, gain, gain_low, gain_high, p
    FROM caco.score_gains WHERE run_id = CAST(:run_id AS uuid) ORDER BY benchmark
""")
# what outputs cost, whoever paid: a run that reuses all would else look as if it were free, and the next one dear
_OUTLAYS = """
    SELECT run.run_id, CAST(run.partition AS text) AS partition, CAST(place.stage AS text) AS stage,
        CAST(sum(output.read) AS bigint) AS read, CAST(sum(output.passed) AS bigint) AS passed,
        CAST(sum(output.prompt_tokens) AS bigint) AS prompt_tokens,
        CAST(sum(output.completion_tokens) AS bigint) AS completion_tokens,
        sum(output.seconds) AS seconds, sum(output.cost_usd) AS cost_usd
    FROM {runs} AS run
    JOIN caco.run_output AS place ON place.run_no = run.run_no AND place.is_current AND place.stage <> 'publish'
    JOIN caco.output ON output.output_no = place.output_no
    WHERE CAST(:shards AS integer[]) IS NULL OR place.shard = ANY(CAST(:shards AS integer[]))
    GROUP BY run.run_id, run.partition, run.planned_at, place.stage
    ORDER BY run.planned_at DESC NULLS LAST, run.partition DESC, run.run_id, place.stage
"""
_OF_ONE_RUN = text(
    _OUTLAYS.format(runs="(SELECT * FROM caco.run WHERE run_id = CAST(:run_id AS uuid))")  # our own text, nothing bound
)
_OF_LAST_RUNS = text(
    _OUTLAYS.format(
        runs="""(
        SELECT * FROM caco.run
        WHERE pipeline = 'nightly' AND config ->> 'name' = :config_name AND run_id <> CAST(:run_id AS uuid)
            AND EXISTS (
                SELECT FROM caco.run_output
                WHERE run_output.run_no = run.run_no AND run_output.stage = 'publish' AND run_output.is_current)
        ORDER BY planned_at DESC NULLS LAST, partition DESC, run_id
        LIMIT :max_runs
    )"""
    )
)
# replayed replies took no time; those of an output that has any are left out with it
_STAGE_SPEEDS = text("""
    SELECT CAST(output.stage AS text) AS stage, run.config,
        CAST(sum(output.read) AS bigint) AS read, CAST(sum(output.passed) AS bigint) AS passed,
        CAST(sum(output.requests) AS bigint) AS requests,
        CAST(sum(output.prompt_tokens) AS bigint) AS prompt_tokens,
        CAST(sum(output.completion_tokens) AS bigint) AS completion_tokens, sum(output.seconds) AS seconds
    FROM caco.output JOIN caco.run USING (run_no)
    WHERE output.replayed = 0 AND output.kept = 0 AND output.read > 0
    GROUP BY output.stage, run.run_no, run.config
""")
_TRAININGS = text("""
    SELECT role, config, metrics FROM caco.model WHERE metrics ? 'tokens' AND metrics ? 'seconds' ORDER BY output_no
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """What one contender scored on one benchmark; the columns of the view `scores`."""

    benchmark: str
    contender: str  # "base" or "student"
    is_protected: bool | None  # None: the run that made the dataset is not in the ledger
    items: int
    right_answers: int
    wrong: int
    unknown: int
    pass_at_1: float | None  # None: no answer could be decided
    pass_at_1_low: float | None
    pass_at_1_high: float | None
    k: int | None  # None: no answers were sampled
    pass_at_k: float | None
    pass_at_k_low: float | None
    pass_at_k_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GainRow:
    """How a student compares with its base on one benchmark; the columns of the view `score_gains`."""

    benchmark: str
    items: int
    gained: int
    lost: int
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlayRow:
    """What one stage of one run read and passed, and what its outputs cost, whichever run paid for them."""

    run_id: str
    partition: str
    stage: str
    read: int
    passed: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # wall time of making the outputs, added up
    cost_usd: float  # of the replies, by the price table of the config


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpeed:
    """What one stage of one run read, passed, asked and wrote, and how long that took."""

    stage: str
    config: Mapping[str, Any]  # of the run
    read: int
    passed: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # wall time of making its outputs, added up


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRow:
    """One training that the ledger knows of."""

    role: str  # "codegen" or "student"
    config: Mapping[str, Any]  # its settings
    metrics: Mapping[str, Any]


def stage_speeds(connection: Connection) -> list[StageSpeed]:
    """What the stages of all runs did, outputs with replayed replies or kept verdicts left out."""
    return [StageSpeed(**row._mapping) for row in connection.execute(_STAGE_SPEEDS)]


def trainings(connection: Connection) -> list[TrainingRow]:
    """All trainings, in the order in which they were loaded."""
    return [TrainingRow(**row._mapping) for row in connection.execute(_TRAININGS)]


def scores(connection: Connection, run_id: str) -> list[ScoreRow]:
    """The scores of a run, by benchmark, the base first."""
    return [ScoreRow(**row._mapping) for row in connection.execute(_SCORES, {"run_id": run_id})]


def gains(connection: Connection, run_id: str) -> list[GainRow]:
    """The gains of a run, by benchmark."""
    return [GainRow(**row._mapping) for row in connection.execute(_GAINS, {"run_id": run_id})]


def outlays(connection: Connection, run_id: str, shards: Sequence[int] | None) -> list[OutlayRow]:
    """The stages of one run, over all shards or some."""
    values = {"run_id": run_id, "shards": None if shards is None else list(shards)}
    return [OutlayRow(**{**row._mapping, "run_id": row.run_id.hex}) for row in connection.execute(_OF_ONE_RUN, values)]


def last_nightly_runs(connection: Connection, config_name: str, *, but: str, max_runs: int) -> list[OutlayRow]:
    """The stages of the newest nightly runs that published under the config of that name, the run `but` left out."""
    values = {"run_id": but, "config_name": config_name, "max_runs": max_runs, "shards": None}
    return [
        OutlayRow(**{**row._mapping, "run_id": row.run_id.hex}) for row in connection.execute(_OF_LAST_RUNS, values)
    ]
