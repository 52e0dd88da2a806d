"""Which stages follow which in a pipeline, and how many shards each has: what conservation is held against."""

from collections.abc import Mapping
from typing import Any

FUNNEL = ("sample", "execute", "screen", "dedup", "reverse", "solve", "agree", "judge", "decontaminate")

PIPELINES: Mapping[str, tuple[str, ...]] = {
    "seeds": ("seeds", "unify"),
    "codegen": ("train",),
    "dry_run": FUNNEL,
    "nightly": (*FUNNEL, "publish"),
    "evaluate": ("student", "evaluate"),
}
GATHERING_STAGES = ("train", "publish", "student")  # one shard, made from all shards before it
FRESH_STAGES = ("evaluate",)  # not the first of their pipeline, and yet they read nothing of the stage before


def shards_expected(pipeline: str, stage: str, config: Mapping[str, Any]) -> int:
    """How many shards a stage has under a run's config."""
    if stage in GATHERING_STAGES:
        return 1
    if stage == "evaluate":  # base and student; where answers are sampled, both again
        return 4 if config["evaluate"]["draws"] else 2
    return int(config["seeds"]["shards"] if pipeline == "seeds" else config["shards"])
