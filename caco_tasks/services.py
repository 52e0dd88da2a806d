"""The outside things of one task, opened when first asked for and closed together."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Self

from caco_tasks.check_settings import EmbedderSettings
from caco_tasks.config import RoleName, RunConfig
from caco_tasks.connections import Connections, key_variable
from caco_tasks.context import Claims
from caco_tasks.errors import ConfigError, EngineError, LedgerError
from caco_tasks.grading import Grader
from caco_tasks.identity import BASE, EMBEDDER, TRAINED
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm, has_chat_template, open_llm
from caco_tasks.llm.embedding import Embedder, TextEmbedder, embedder_settings
from caco_tasks.llm.llm import Engine
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.llm.reply_cache import CachingLlm, ReplyCache, SharedEngine
from caco_tasks.llm.weights import REGISTERED, pinned_identity
from caco_tasks.model_settings import ModelSettings
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.cache import fetch_model


class TaskServices:
    """Context manager: everything opened through it is closed with it."""

    def __init__(self, connections: Connections, *, run: RunRecord, config: RunConfig) -> None:
        self.store: Store = open_store(connections.store)
        self.models = LocalModels(connections.models)
        self._connections, self._run, self._config = connections, run, config
        self._stack = ExitStack()
        self._models: dict[str, tuple[str, SharedEngine, ReplyCache]] = {}  # by their settings
        self._embedder: Embedder | None = None
        self._sandbox: Sandbox | None = None
        self._grader: Grader | None = None
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.index_replies()  # those of a part that was not finished
        finally:
            self._stack.close()

    def llm(self, role: RoleName, key: str) -> Llm:
        """The model of a role, loaded once, asked in the name of an output.

        Raises:
            ConfigError: the config names no model for this role.
            EngineError: its weights are not those that the run pinned.
        """
        return self.caching_llm(self._settings_of(role), key, pinned=self._run.models.get(role))

    def model(self, settings: ModelSettings, key: str) -> Llm:
        """A model that is no role's, loaded once, asked in the name of an output."""
        return self.caching_llm(settings, key, pinned=self._pinned_base(settings))

    def caching_llm(self, settings: ModelSettings, key: str, *, pinned: str | None) -> CachingLlm:
        """A model behind its cached replies; its weights are loaded when it is first asked something new."""
        name = settings.model_dump_json()
        if name not in self._models:
            model_id = self._model_id(settings, pinned)
            replies = ReplyCache(
                self.store,
                model_id=model_id,
                namespace=self._namespace,
                engine=settings.engine,
                rows=self._config.runner.reply_rows,
            )
            engine = SharedEngine(partial(self._load, settings, model_id=model_id))
            self._models[name] = model_id, engine, replies
        model_id, engine, replies = self._models[name]
        return CachingLlm(engine, replies, model_id=model_id, key=key, price=settings.price)

    def index_replies(self) -> None:
        """Has all others find the replies that were kept so far, in whatever company they ask."""
        for _, _, replies in self._models.values():
            replies.write_index()

    def embedder(self, settings: EmbedderSettings) -> Embedder:
        """The model by which protected items near in meaning are found, loaded once.

        Raises:
            EngineError: its weights are missing, or not those that the run pinned.
        """
        if self._embedder is None:
            model_id = pinned_identity(embedder_settings(settings), self._run.models.get(EMBEDDER), self.models)
            folder = self.model_folder(settings.embedder, settings.revision)
            self._embedder = TextEmbedder(settings, folder=folder, model_id=model_id)
        return self._embedder

    def has_chat_template(self, model: str, revision: str | None) -> bool:
        """Whether the tokenizer of a model, named as a config names it, knows how to write a chat.

        Raises:
            EngineError: the tokenizer cannot be loaded.
        """
        return has_chat_template(self.model_folder(model, revision), revision)

    def sandbox(self) -> Sandbox:
        """The sandbox, started once."""
        if self._sandbox is None:
            self._sandbox = self._stack.enter_context(Sandbox(self._config.sandbox))
        return self._sandbox

    def grader(self) -> Grader:
        """The answer checker, started once."""
        if self._grader is None:
            self._grader = self._stack.enter_context(Grader(self._config.grading))
        return self._grader

    def ledger(self) -> Ledger:
        """The ledger, connected once.

        Raises:
            LedgerError: this worker was given no database.
        """
        if self._connections.ledger_url is None:
            raise LedgerError(
                "This stage needs the ledger: set CACO_LEDGER_URL, or run it where Postgres can be reached."
            )
        if self._ledger is None:
            self._ledger = self._stack.enter_context(Ledger(self._connections.ledger_url))
        return self._ledger

    def claims(self, key: str) -> Claims:
        """The fingerprint claims of an output of this run."""
        return self.ledger().claims(self._run, key)

    def own_claims(self, key: str, space: str) -> Claims:
        """The claims of an output of this run that only runs of the same space see."""
        return self.ledger().own_claims(self._run, key, space)

    def work_folder(self, key: str) -> Path:
        """A folder of an output, beside the cache, that outlives a killed task; whoever uses it deletes it."""
        return self._connections.cache.with_name("work") / key

    def index_folder(self) -> Path:
        """A folder beside the cache for indexes of protected benchmarks; deleting it costs only the time to make them."""
        return self._connections.cache.with_name("benchmarks")

    def model_folder(self, model: str, revision: str | None = None) -> str:
        """The folder of a model: bundled ("nano:NAME"), trained here ("trained", "model:ID"), or any other as it is named.

        Raises:
            EngineError: the weights are not there.
        """
        if model == TRAINED:
            return str(self._download(self._run.model_id))
        if model.startswith(REGISTERED):
            return str(self._download(model.removeprefix(REGISTERED)))
        return self.models.find(model, revision)

    def _settings_of(self, role: RoleName) -> ModelSettings:
        settings = self._config.models.get(role)
        if settings is None:
            raise ConfigError(f"The config '{self._config.name}' names no model for the role '{role}'.")
        return settings

    def _pinned_base(self, settings: ModelSettings) -> str | None:
        """What the run pinned of a model that is no role's: of the base of an evaluation."""
        evaluate = self._config.evaluate
        return self._run.models.get(BASE) if evaluate is not None and settings.model == evaluate.ask.model else None

    def _load(self, settings: ModelSettings, *, model_id: str) -> Engine:
        """The engine of a model; one of vLLM takes a GPU whole, so those before it make room."""
        folder = settings.model if settings.engine == "openai" else self.model_folder(settings.model, settings.revision)
        if settings.engine == "vllm":
            for _, engine, _ in self._models.values():
                engine.unload()
        adapter = settings.adapter and self.models.find_adapter(settings.adapter, base=settings.model)
        return open_llm(settings, folder=folder, model_id=model_id, adapter=adapter, key=self._key(settings))

    @property
    def _namespace(self) -> str:
        """Where replies that may be asked for again lie together: no two dates ask the same, for `dedup` sees to that."""
        return self._run.partition if self._run.pipeline == "nightly" else self._run.pipeline

    def _key(self, settings: ModelSettings) -> str | None:
        name = settings.endpoint.connection
        if settings.engine != "openai" or name is None:
            return None
        if key_variable(name) not in self._connections.keys:
            raise ConfigError(
                f"The key of the connection '{name}' is not here: a DAG takes it from the Airflow connection of that name, "
                f"`caco stage` from the variable {key_variable(name)}."
            )
        return self._connections.keys[key_variable(name)]

    def _model_id(self, settings: ModelSettings, pinned: str | None) -> str:
        """What names the exact model; the run's word goes before what lies on this machine, which must be the same.

        Raises:
            EngineError: the weights here are not those that the run pinned.
        """
        if settings.model == TRAINED:
            return pinned or str(self._run.model_id)
        return pinned_identity(settings, pinned, self.models)

    def _download(self, model_id: str | None) -> Path:
        if model_id is None:
            raise EngineError(f"The run {self._run.run_id} has pinned no CodeGen: run `caco_codegen` first.")
        return fetch_model(self.store, model_id, self._connections.cache)
