"""Which stages follow which in a pipeline, and how many shards each has: what conservation is held against."""

from collections.abc import Mapping
from typing import Any

PIPELINES: Mapping[str, tuple[str, ...]] = {
    "seeds": ("seeds", "unify"),
    "codegen": ("train",),
    "nightly": (
        "sample",
        "execute",
        "screen",
        "dedup",
        "reverse",
        "solve",
        "agree",
        "judge",
        "decontaminate",
        "publish",
    ),
}
GATHERING_STAGES = ("train", "publish")  # one shard, made from all shards before it


def shards_expected(pipeline: str, stage: str, config: Mapping[str, Any]) -> int:
    """How many shards a stage has under a run's config."""
    if stage in GATHERING_STAGES:
        return 1
    return int(config["seeds"]["shards"] if pipeline == "seeds" else config["shards"])
