"""What students score, and what nights cost: the figures that evaluation and dry run read."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

_SCORES = text("""
    SELECT benchmark, contender, is_protected, items, right_answers, wrong, unknown, pass_at_1, pass_at_1_low,
        pass_at_1_high, k, pass_at_k, pass_at_k_low, pass_at_k_high
    FROM caco.scores WHERE run_id = :run_id ORDER BY benchmark, contender
""")
_GAINS = text("""
    SELECT benchmark, items, gained, lost, gain, gain_low, gain_high, p
    FROM caco.score_gains WHERE run_id = :run_id ORDER BY benchmark
""")
_OUTLAYS = text("""
    SELECT night.run_id, CAST(night.partition AS text) AS partition, CAST(shard.stage AS text) AS stage,
        CAST(sum(shard.read) AS bigint) AS read, CAST(sum(shard.passed) AS bigint) AS passed,
        CAST(sum(shard.prompt_tokens) AS bigint) AS prompt_tokens,
        CAST(sum(shard.completion_tokens) AS bigint) AS completion_tokens,
        coalesce(max(asked.seconds), sum(shard.seconds)) AS seconds, sum(shard.cost_usd) AS cost_usd
    FROM (
        SELECT run.run_id, run.partition, run.planned_at
        FROM caco.run
        WHERE run.run_id = :run_id OR (
            CAST(:run_id AS text) IS NULL AND run.pipeline = 'nightly' AND run.config ->> 'name' = :config_name
            AND run.run_id <> :but
            AND EXISTS (SELECT FROM caco.shard WHERE shard.run_id = run.run_id AND shard.stage = 'publish'))
        ORDER BY run.planned_at DESC NULLS LAST, run.partition DESC, run.run_id
        LIMIT :most
    ) AS night
    JOIN caco.shard USING (run_id)
    LEFT JOIN (
        SELECT run_id, stage, sum(seconds) AS seconds FROM caco.request_usage GROUP BY run_id, stage
    ) AS asked ON asked.run_id = shard.run_id AND asked.stage = shard.stage
    WHERE shard.stage <> 'publish'
    GROUP BY night.run_id, night.partition, night.planned_at, shard.stage
    ORDER BY night.planned_at DESC NULLS LAST, night.partition DESC, night.run_id, shard.stage
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """What one contender scored on one benchmark; the columns of the view `scores`."""

    benchmark: str
    contender: str  # "base" or "student"
    is_protected: bool | None  # None: the night that made the dataset is not in the ledger
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
    """What one stage of one run read, passed and cost."""

    run_id: str
    partition: str
    stage: str
    read: int
    passed: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # of the models where the stage asks one, without the loading of their weights; else of the shards
    cost_usd: float  # paid for replies, by the price table of the config


def scores(connection: Connection, run_id: str) -> list[ScoreRow]:
    """The scores of a run, by benchmark, the base first."""
    return [ScoreRow(**row._mapping) for row in connection.execute(_SCORES, {"run_id": run_id})]


def gains(connection: Connection, run_id: str) -> list[GainRow]:
    """The gains of a run, by benchmark."""
    return [GainRow(**row._mapping) for row in connection.execute(_GAINS, {"run_id": run_id})]


def outlays(connection: Connection, run_id: str) -> list[OutlayRow]:
    """The stages of one run."""
    values = {"run_id": run_id, "config_name": None, "but": run_id, "most": 1}
    return [OutlayRow(**row._mapping) for row in connection.execute(_OUTLAYS, values)]


def last_nights(connection: Connection, config_name: str, *, but: str, most: int) -> list[OutlayRow]:
    """The stages of the newest published nights of the config of that name, the run `but` left out."""
    values = {"run_id": None, "config_name": config_name, "but": but, "most": most}
    return [OutlayRow(**row._mapping) for row in connection.execute(_OUTLAYS, values)]
