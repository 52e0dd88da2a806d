"""The outside things of one task, opened when first asked for and closed together."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from caco_tasks.config import ModelSettings, RoleName, RunConfig
from caco_tasks.connections import Connections, key_variable
from caco_tasks.context import Claims
from caco_tasks.errors import ConfigError, EngineError, LedgerError
from caco_tasks.grading import Grader
from caco_tasks.ids import content_id, file_sha256
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm, has_chat_template, open_llm
from caco_tasks.llm.llm import Engine
from caco_tasks.llm.reply_cache import CachingLlm, ReplyCache
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.cache import fetch_model

NANO_FOLDER = Path(__file__).parent / "nano" / "weights"
TRAINED = "trained"
REGISTERED = "model:"  # before the id of a model of the registry, whose weights lie in models/{id}


class TaskServices:
    """Context manager: everything opened through it is closed with it."""

    def __init__(self, connections: Connections, *, run: RunRecord, config: RunConfig) -> None:
        self.store: Store = open_store(connections.store)
        self._connections, self._run, self._config = connections, run, config
        self._stack = ExitStack()
        self._llms: dict[str, Llm] = {}
        self._opened: list[CachingLlm] = []
        self._sandbox: Sandbox | None = None
        self._grader: Grader | None = None
        self._ledger: Ledger | None = None

    def __enter__(self) -> "TaskServices":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def llm(self, role: RoleName) -> Llm:
        """The model of a role, loaded once."""
        if role not in self._llms:
            settings = self._config.models.get(role)
            if settings is None:
                raise ConfigError(f"The config '{self._config.name}' names no model for the role '{role}'.")
            self._llms[role] = self._open(settings)
        return self._llms[role]

    def model(self, settings: ModelSettings) -> Llm:
        """A model that is no role's, loaded once."""
        key = settings.model_dump_json()
        if key not in self._llms:
            self._llms[key] = self._open(settings)
        return self._llms[key]

    def has_chat_template(self, model: str, revision: str | None) -> bool:
        """Whether the tokenizer of a model, named as a config names it, knows how to write a chat.

        Raises:
            EngineError: the tokenizer cannot be loaded.
        """
        return has_chat_template(self.model_folder(model), revision)

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

    def claims(self) -> Claims:
        """The fingerprint claims of this run."""
        return self.ledger().claims(self._run)

    def work_folder(self) -> Path:
        """A folder of this run, beside the cache, that outlives a killed task; whoever uses it deletes it."""
        return self._connections.cache.with_name("work") / self._run.run_id

    def index_folder(self) -> Path:
        """A folder beside the cache for indexes of protected benchmarks; deleting it costs only the time to make them."""
        return self._connections.cache.with_name("benchmarks")

    def model_folder(self, model: str) -> str:
        """The folder of a model: bundled ("nano:NAME"), trained here ("trained", "model:ID"), or any other as it is named.

        Raises:
            EngineError: the weights are not there.
        """
        if model.startswith("nano:"):
            return _nano_folder(model.removeprefix("nano:"))
        if model == TRAINED:
            return str(self._download(self._run.model_id))
        if model.startswith(REGISTERED):
            return str(self._download(model.removeprefix(REGISTERED)))
        return model

    def _open(self, settings: ModelSettings) -> Llm:
        """The model, behind its kept replies; its weights are loaded when it is first asked something new."""
        folder = settings.model if settings.engine == "openai" else self.model_folder(settings.model)
        model_id, rows = self._model_id(settings, folder), self._config.runner.reply_rows
        replies = ReplyCache(self.store, model_id=model_id, shelf=self._shelf, engine=settings.engine, rows=rows)
        self._stack.callback(replies.close)
        llm = CachingLlm(
            partial(self._load, settings, folder=folder, model_id=model_id),
            replies,
            model_id=model_id,
            run_id=self._run.run_id,
            price=settings.price,
        )
        self._opened.append(llm)
        return llm

    def _load(self, settings: ModelSettings, *, folder: str, model_id: str) -> Engine:
        """The engine of a model; one of vLLM takes a card whole, so those before it make room."""
        if settings.engine == "vllm":
            for llm in self._opened:
                llm.unload()
        return open_llm(settings, folder=folder, model_id=model_id, key=self._key(settings))

    @property
    def _shelf(self) -> str:
        """Where replies that may be asked for again lie together: no two nights ask the same, for `dedup` sees to that."""
        return self._run.partition if self._run.pipeline in ("nightly", "dry_run") else self._run.pipeline

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

    def _model_id(self, settings: ModelSettings, folder: str) -> str:
        """What is known of the weights: their hash, else their revision, else who serves them."""
        if settings.model == TRAINED:
            return str(self._run.model_id)
        if settings.model.startswith(REGISTERED):
            return settings.model.removeprefix(REGISTERED)
        hashes = [] if settings.engine == "openai" else _weights_hashes(folder)
        host = urlsplit(settings.endpoint.base_url or "").netloc.rpartition("@")[2]
        revision = content_id("weights", hashes)[:16] if len(hashes) > 1 else "".join(hashes)[:16]
        return f"{settings.model}@{revision or settings.revision or host or 'main'}"

    def _download(self, model_id: str | None) -> Path:
        if model_id is None:
            raise EngineError(f"The run {self._run.run_id} has pinned no CodeGen: run `caco_codegen` first.")
        return fetch_model(self.store, model_id, self._connections.cache)


def _weights_hashes(folder: str) -> list[str]:
    return [file_sha256(str(path)) for path in sorted(Path(folder).glob("*.safetensors"))]


def _nano_folder(name: str) -> str:
    folder = NANO_FOLDER / name
    if not (folder / "model.safetensors").is_file():
        raise EngineError(f"The bundled model '{name}' is missing: restore {NANO_FOLDER / name} from the repository.")
    return str(folder)
