"""The outside things of one task, opened when first asked for and closed together."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from caco_tasks.config import ModelSettings, RoleName, RunConfig
from caco_tasks.context import Claims
from caco_tasks.errors import CacoError, ConfigError, EngineError, LedgerError
from caco_tasks.grading import Grader
from caco_tasks.ids import file_sha256
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm, open_llm
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import RunRecord, Store, open_store
from caco_tasks.store.base import StoreSettings

NANO_FOLDER = Path(__file__).parent / "nano" / "weights"
TRAINED = "trained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the outside things are, as the command line found them."""

    store: StoreSettings
    ledger_url: str | None  # None: this worker has no database
    cache: Path  # folder for downloaded models


class TaskResources:
    """Context manager: everything opened through it is closed with it."""

    def __init__(self, places: Places, *, run: RunRecord, config: RunConfig) -> None:
        self.store: Store = open_store(places.store)
        self._places, self._run, self._config = places, run, config
        self._stack = ExitStack()
        self._llms: dict[str, Llm] = {}
        self._sandbox: Sandbox | None = None
        self._grader: Grader | None = None
        self._ledger: Ledger | None = None

    def __enter__(self) -> "TaskResources":
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
            folder = self.model_folder(settings.model)
            self._llms[role] = open_llm(settings, folder=folder, model_id=self._model_id(settings, folder))
        return self._llms[role]

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
        if self._places.ledger_url is None:
            raise LedgerError(
                "This stage needs the ledger: set CACO_LEDGER_URL, or run it where Postgres can be reached."
            )
        if self._ledger is None:
            self._ledger = self._stack.enter_context(Ledger(self._places.ledger_url))
        return self._ledger

    def claims(self) -> Claims:
        """The fingerprint claims of this run."""
        return self.ledger().claims(self._run)

    def model_folder(self, model: str) -> str:
        """The folder of a model: bundled ("nano:NAME"), trained by this platform ("trained"), or any other as it is named.

        Raises:
            EngineError: the weights are not there.
        """
        if model.startswith("nano:"):
            return _nano_folder(model.removeprefix("nano:"))
        if model == TRAINED:
            return str(self._download(self._run.model_id))
        return model

    def _model_id(self, settings: ModelSettings, folder: str) -> str:
        if settings.model == TRAINED:
            return str(self._run.model_id)
        weights = Path(folder) / "model.safetensors"
        revision = file_sha256(str(weights))[:16] if weights.is_file() else settings.revision or "main"
        return f"{settings.model}@{revision}"

    def _download(self, model_id: str | None) -> Path:
        if model_id is None:
            raise EngineError(f"The run {self._run.run_id} has pinned no CodeGen: run `caco_codegen` first.")
        folder = self._places.cache / model_id
        keys = self.store.list(f"models/{model_id}/")
        if not keys:
            raise EngineError(f"The weights models/{model_id} are not in the store: run `caco_codegen` again.")
        for key in keys:
            _fetch(self.store, key, folder / key.rpartition("/")[2])
        return folder


def _nano_folder(name: str) -> str:
    folder = NANO_FOLDER / name
    if not (folder / "model.safetensors").is_file():
        raise EngineError(f"The bundled model '{name}' is missing: restore {NANO_FOLDER / name} from the repository.")
    return str(folder)


def _fetch(store: Store, key: str, path: Path) -> None:
    """Downloads one file unless it is there; a killed download leaves only a temporary file."""
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid4().hex}.part")
    try:
        store.get_file(key, part)
    except CacoError:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)
