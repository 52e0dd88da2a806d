"""What a stage gets besides its records: the settings that it declared and, on demand, the outside things it may use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from caco_tasks.check_settings import EmbedderSettings
from caco_tasks.config import RoleName, RunConfig
from caco_tasks.grading import Grader
from caco_tasks.identity import RunKeys, narrowed_paths
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm
from caco_tasks.llm.embedding import Embedder
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import StageSpec
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import RunRecord, Store

IsAlike = Callable[[bytes, bytes], bool]


class Claims(Protocol):
    """Who saw a fingerprint first, over all runs: first claim wins, and wins again when it is repeated."""

    def claim(self, kind: str, hashes: Sequence[str], owners: Sequence[str]) -> list[str]:
        """The winning owner of each hash; unclaimed hashes go to the owner given with them."""

    def claim_unlike(
        self, kind: str, families: Sequence[str], sketches: Sequence[bytes], owners: Sequence[str], *, is_alike: IsAlike
    ) -> list[str]:
        """For each sketch the first owner in its family that is alike; its own owner where there is none, who joins."""


class Services(Protocol):
    """The outside things of one task, each opened when first asked for and closed with the task."""

    store: Store
    models: LocalModels

    def llm(self, role: RoleName, key: str) -> Llm:
        """The model of a role, asked in the name of an output, which pays for new replies."""

    def model(self, settings: ModelSettings, key: str) -> Llm:
        """A model that is no role's, asked in the name of an output."""

    def index_replies(self) -> None:
        """Has all others find the replies that were kept so far: before what was made of them counts as finished."""

    def embedder(self, settings: EmbedderSettings) -> Embedder:
        """The model by which protected items near in meaning are found."""

    def has_chat_template(self, model: str, revision: str | None) -> bool:
        """Whether the tokenizer of a model, named as a config names it, knows how to write a chat."""

    def sandbox(self) -> Sandbox:
        """The sandbox, started."""

    def grader(self) -> Grader:
        """The answer checker, with its workers started."""

    def ledger(self) -> Ledger:
        """The ledger, connected."""

    def claims(self, key: str) -> Claims:
        """The fingerprint claims of an output in the ledger."""

    def own_claims(self, key: str, space: str) -> Claims:
        """The claims of an output that are seen by runs of the same space alone."""

    def work_folder(self, key: str) -> Path:
        """A folder of an output that outlives a killed task on this machine; whoever uses it deletes it."""

    def index_folder(self) -> Path:
        """A folder on this machine for indexes of protected benchmarks, named by their hashes."""

    def model_folder(self, model: str, revision: str | None = None) -> str:
        """The folder, or the Hub name, of a model as a config names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One task: one stage of one run over one shard, which makes one output."""

    run: RunRecord
    spec: StageSpec
    config: RunConfig  # holds what the stage declares, and nothing else
    shard: int
    key: str  # of the output
    origin: dict[str, Any]  # which records begin here; empty for a stage that reads those of another
    draw: str  # what the records of the run are drawn from: `identity.RunKeys.draw`
    inputs: tuple[str, ...]  # keys of the outputs that are read
    services: Services
    claim_space: str | None = None  # what names its claims where no other run sees them: `RunKeys.claim_space`
    verdicts_only: bool = (
        False  # nobody keeps the records: what a stage only notes of one that it rejects may be left out
    )
    attempt: int = 0  # how often the records at hand were tried before: a model is asked another sample
    facts: dict[str, Any] = field(default_factory=dict)  # what a stage adds to its manifest: `artifacts`, sandbox

    @property
    def stage(self) -> str:
        """The name of the stage."""
        return self.spec.name

    @property
    def place(self) -> str:
        """Stage and shard, as a line of the log begins: `judge, shard 3`."""
        return f"{self.stage}, shard {self.shard}"

    def llm(self, role: RoleName) -> Llm:
        """The model of a role; what it is newly asked is paid for by this output."""
        return self.services.llm(role, self.key)

    def model(self, settings: ModelSettings) -> Llm:
        """A model that is no role's; what it is newly asked is paid for by this output."""
        return self.services.model(settings, self.key)

    def claims(self) -> Claims:
        """The fingerprint claims that are made in the name of this output."""
        if self.claim_space is not None:
            return self.services.own_claims(self.key, self.claim_space)
        return self.services.claims(self.key)

    def work_folder(self) -> Path:
        """A folder for this output that outlives a killed task on this machine; whoever uses it deletes it."""
        return self.services.work_folder(self.key)


def stage_context(keys: RunKeys, services: Services, spec: StageSpec, shard: int) -> Context:
    """The context of one stage and shard of a run, with the settings that the stage declares and no others."""
    return Context(
        run=keys.run,
        spec=spec,
        config=keys.config.narrowed(narrowed_paths(spec)),
        shard=shard,
        key=keys.key(spec.name, shard),
        origin=keys.origin(spec, shard),
        draw=keys.draw,
        inputs=keys.inputs(spec, shard),
        claim_space=keys.claim_space(spec),
        services=services,
    )
