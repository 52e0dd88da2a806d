"""What a stage gets besides its records: the run's settings and, on demand, the outside things it may use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from caco_tasks.config import ModelSettings, RoleName, RunConfig
from caco_tasks.grading import Grader
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import RunRecord, Store


class Claims(Protocol):
    """Who saw a fingerprint first, over all runs: first claim wins, and wins again when it is repeated."""

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash; unclaimed hashes go to the owner given with them."""

    def claim_unlike(
        self,
        kind: str,
        families: Sequence[str],
        sketches: Sequence[bytes],
        owners: Sequence[str],
        *,
        is_alike: Callable[[bytes, bytes], bool],
    ) -> list[str]:
        """For each sketch the first owner in its family that is alike; its own owner where there is none, who joins."""


class Services(Protocol):
    """The outside things of one task, each opened when first asked for and closed with the task."""

    store: Store

    def llm(self, role: RoleName) -> Llm:
        """The model of a role, loaded."""

    def model(self, settings: ModelSettings) -> Llm:
        """A model that is no role's, loaded."""

    def has_chat_template(self, model: str, revision: str | None) -> bool:
        """Whether the tokenizer of a model, named as a config names it, knows how to write a chat."""

    def sandbox(self) -> Sandbox:
        """The sandbox, started."""

    def grader(self) -> Grader:
        """The answer checker, with its workers started."""

    def ledger(self) -> Ledger:
        """The ledger, connected."""

    def claims(self) -> Claims:
        """The fingerprint claims of this run in the ledger."""

    def work_folder(self) -> Path:
        """A folder of this run that outlives a killed task on this machine; whoever uses it deletes it."""

    def index_folder(self) -> Path:
        """A folder on this machine for indexes of protected benchmarks, named by their hashes."""

    def model_folder(self, model: str) -> str:
        """The folder, or the Hub name, of a model as a config names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One task: one stage of one run over one shard."""

    run: RunRecord
    config: RunConfig
    stage: str
    shard: int
    services: Services
    attempt: int = 0  # how often the records at hand were tried before: a model is asked another sample
    facts: dict[str, Any] = field(default_factory=dict)  # what a stage adds to its manifest: `artifacts`, sandbox
