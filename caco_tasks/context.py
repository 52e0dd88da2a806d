"""What a stage gets besides its records: the run's settings and, on demand, the outside things it may use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from caco_tasks.config import RoleName, RunConfig
from caco_tasks.grading import Grader
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import RunRecord, Store


class Claims(Protocol):
    """Who saw a fingerprint first, over all runs: first claim wins, and wins again when it is repeated."""

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash; unclaimed hashes go to the owner given with them."""


class Resources(Protocol):
    """The outside things of one task, each opened when first asked for and closed with the task."""

    store: Store

    def llm(self, role: RoleName) -> Llm:
        """The model of a role, loaded."""

    def sandbox(self) -> Sandbox:
        """The sandbox, started."""

    def grader(self) -> Grader:
        """The answer checker, with its workers started."""

    def ledger(self) -> Ledger:
        """The ledger, connected."""

    def claims(self) -> Claims:
        """The fingerprint claims of this run in the ledger."""

    def model_folder(self, model: str) -> str:
        """The folder, or the Hub name, of a model as a config names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One task: one stage of one run over one shard."""

    run: RunRecord
    config: RunConfig
    stage: str
    shard: int
    resources: Resources
    facts: dict[str, Any] = field(default_factory=dict)  # what a stage adds to its manifest: `artifacts`, sandbox
