"""The services of a stage that is judged again: models say what they said, and claims are looked up."""

from collections.abc import Collection, Sequence

from caco_tasks.config import RoleName, RunConfig
from caco_tasks.connections import Connections
from caco_tasks.context import Claims
from caco_tasks.errors import ConfigError
from caco_tasks.ledger.claims import RecordedClaims
from caco_tasks.llm import Llm
from caco_tasks.llm.llm import NOT_ASKED, Reply, Request, no_reply
from caco_tasks.llm.reply_cache import CachingLlm
from caco_tasks.model_settings import ModelSettings
from caco_tasks.services import TaskServices
from caco_tasks.store import RunRecord


class ReplayServices(TaskServices):
    """The services of a task, of which no model is asked but those of the roles in `asked`."""

    def __init__(
        self, connections: Connections, *, run: RunRecord, config: RunConfig, asked: Collection[RoleName] = ()
    ) -> None:
        super().__init__(connections, run=run, config=config)
        self.calls = 0  # replies that were asked for anew
        self._asked_roles = asked
        self._recorded: RecordedClaims | None = None

    def llm(self, role: RoleName, key: str) -> Llm:
        """The model of a role: its kept replies, and where its role is to be asked, new ones too."""
        pinned = self._run.models.get(role)
        caching = self.caching_llm(self._settings_of(role), key, pinned=pinned)
        return AskedLlm(caching, self) if role in self._asked_roles else KeptRepliesLlm(caching)

    def claims(self, key: str) -> Claims:
        """The claims as they stand."""
        if self._recorded is None:
            self._recorded = self.ledger().recorded_claims()
        return self._recorded

    def own_claims(self, key: str, space: str) -> Claims:
        """Refused: claims that no other run sees are made anew with each run.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            "This run claims for itself alone, as one of an ablation: its claims cannot be looked up. Compare it with "
            "`caco compare`, or name a nightly run."
        )

    def take_claims(self) -> RecordedClaims | None:
        """What was looked up of claims since the last time; None: nothing was."""
        taken, self._recorded = self._recorded, None
        return taken

    def _model_id(self, settings: ModelSettings, pinned: str | None) -> str:
        """As the run pinned it: whoever only looks replies up needs no weights."""
        return pinned if pinned is not None and not self._asked_roles else super()._model_id(settings, pinned)


class KeptRepliesLlm:
    """A model that says what it has said, and of anything else that it was not asked."""

    def __init__(self, llm: CachingLlm) -> None:
        self.model_id = llm.model_id
        self._llm = llm

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """The kept replies; for the others replies with the error NOT_ASKED."""
        known = self._llm.cached(requests)
        return [known.get(one.request_id) or no_reply(one, self.model_id, NOT_ASKED) for one in requests]


class AskedLlm:
    """A model that is asked what it was not asked before; how often is counted."""

    def __init__(self, llm: CachingLlm, services: ReplayServices) -> None:
        self.model_id = llm.model_id
        self._llm, self._services = llm, services

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """The model's replies."""
        known = self._llm.cached(requests)
        self._services.calls += len({one.request_id for one in requests} - known.keys())
        return self._llm.generate(requests)
