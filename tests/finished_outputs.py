"""Finished outputs in a store, for the tests of stages and runs that start from one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from caco_tasks.context import stage_context
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import find_stage
from caco_tasks.records import JudgedRecord
from caco_tasks.runner import write_output
from caco_tasks.store import Manifest, Store


@dataclass
class StoreAlone:
    """The services of a task that needs no others."""

    store: Store

    def index_replies(self) -> None:
        """There are none."""


def finish_output(
    keys: RunKeys, store: Store, stage: str, judged: Iterable[JudgedRecord[Any]], *, shard: int = 0
) -> Manifest:
    """Puts an output of a run into the store under its own key, as if its stage had judged `judged`."""
    services: Any = StoreAlone(store)
    return write_output(stage_context(keys, services, find_stage(keys.run.pipeline, stage), shard), keys, judged)
