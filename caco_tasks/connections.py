"""Where store, ledger and caches are: from the environment, else from the local platform's file; for command line and DAGs.

- `CACO_HOME`: folder of the local platform; default `.caco` in the current folder.
- `CACO_STORE`: root of the store, `s3://bucket/prefix` or `file:///folder`; with `CACO_S3_ENDPOINT`,
  `CACO_S3_ACCESS_KEY`, `CACO_S3_SECRET_KEY` and `CACO_S3_REGION` as the store needs them.
- `CACO_LEDGER_URL`: SQLAlchemy URL of the ledger as `caco_writer`; `CACO_LEDGER_OWNER_URL` and
  `CACO_LEDGER_ANALYST_URL` likewise. A password is in the URL, or in the file that `CACO_LEDGER_PASSWORD_FILE`,
  `CACO_LEDGER_OWNER_PASSWORD_FILE` or `CACO_LEDGER_ANALYST_PASSWORD_FILE` names, as for the keys of the store
  `CACO_S3_ACCESS_KEY_FILE` and `CACO_S3_SECRET_KEY_FILE` do.
- `CACO_KEY_NAME`: the key of an endpoint whose `endpoint.connection` is `name`; a DAG sets it from the Airflow connection.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

from caco_tasks.errors import ConfigError
from caco_tasks.platform.state import PlatformState, load_state
from caco_tasks.store.store import StoreSettings

KEY_PREFIX = "CACO_KEY_"  # of the environment's variables that hold keys of endpoints
ENGINE_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the engine in this process: a kill leaves no second one, errors arrive here
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # on CPUs, leave the choice of cores to the system
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is for the counts
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_USE_FLASHINFER_SAMPLER": "0",  # its kernels are compiled at the start by CUDA's compiler, which few machines have
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}  # what vLLM reads when it is imported; a variable that is set already is left alone


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerUrls:
    """The ledger for each role; None: it is named nowhere for this one. Who only asks the ledger needs no store."""

    writer: str | None
    owner: str | None
    analyst: str | None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Finds the ledger; each variable of the environment goes before the local platform's file."""
        state = load_state(home_folder(environ))
        return cls(
            writer=_ledger_url(environ, "CACO_LEDGER") or (state.ledger_writer_url if state else None),
            owner=_ledger_url(environ, "CACO_LEDGER_OWNER") or (state.ledger_owner_url if state else None),
            analyst=_ledger_url(environ, "CACO_LEDGER_ANALYST") or (state.ledger_analyst_url if state else None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """What a process on this machine can reach, and with which rights.

    >>> connections = Connections.from_environ(os.environ)
    >>> store = open_store(connections.store)
    """

    home: Path = Path(".caco")  # folder of the local platform
    store: StoreSettings
    ledger_url: str | None  # as the writer; None: this worker has no database
    owner_url: str | None = None
    analyst_url: str | None = None
    cache: Path  # folder for downloaded models
    models: Path | None = None  # folder of local copies of public models, laid out by Hub id
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)  # of endpoints, by `key_variable`

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Finds store and ledger; each variable of the environment goes before the local platform's file.

        Raises:
            ConfigError: no store is named anywhere.
        """
        home = home_folder(environ)
        ledger = LedgerUrls.from_environ(environ)
        return cls(
            home=home,
            store=_store(environ, load_state(home)),
            ledger_url=ledger.writer,
            owner_url=ledger.owner,
            analyst_url=ledger.analyst,
            cache=home / "models",
            models=models_folder(environ),
            keys={name: key for name, key in environ.items() if name.startswith(KEY_PREFIX)},
        )


def key_variable(connection: str) -> str:
    """The variable of the environment that holds the key of a connection."""
    return KEY_PREFIX + re.sub(r"\W", "_", connection).upper()


def read_secret(environ: Mapping[str, str], name: str) -> str | None:
    """The variable `name`, or the content of the file that `name` with `_FILE` behind it names; None where neither is set.

    Raises:
        ConfigError: the file cannot be read, or is empty.
    """
    path = environ.get(f"{name}_FILE")
    if environ.get(name) or not path:
        return environ.get(name) or None
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f"The file {path}, which {name}_FILE names, cannot be read: mend its path or its rights."
        ) from exc
    if not content:
        raise ConfigError(f"The file {path}, which {name}_FILE names, is empty: write the secret into it.")
    return content


def home_folder(environ: Mapping[str, str]) -> Path:
    """The folder of the local platform."""
    return Path(environ.get("CACO_HOME") or ".caco").absolute()


def models_folder(environ: Mapping[str, str]) -> Path:
    """The folder of local copies of public models, laid out by Hub id; `make smol` fills it."""
    named = environ.get("CACO_MODELS")
    return Path(named).expanduser().absolute() if named else home_folder(environ) / "hub"


def _ledger_url(environ: Mapping[str, str], prefix: str) -> str | None:
    """The URL of the variable `prefix` with `_URL`; one without a password gets that of its file."""
    url = environ.get(f"{prefix}_URL")
    match = re.fullmatch(r"(\w[\w+]*://[^:@/]+)(@.*)", url or "")
    password = read_secret(environ, f"{prefix}_PASSWORD") if match else None
    return f"{match[1]}:{quote(password, safe='')}{match[2]}" if match and password else url


def _store(environ: Mapping[str, str], state: PlatformState | None) -> StoreSettings:
    root = environ.get("CACO_STORE")
    if root:
        return StoreSettings(
            root=root,
            endpoint_url=environ.get("CACO_S3_ENDPOINT"),
            region=environ.get("CACO_S3_REGION", "us-east-1"),
            access_key=read_secret(environ, "CACO_S3_ACCESS_KEY"),
            secret_key=read_secret(environ, "CACO_S3_SECRET_KEY"),
        )
    if state is None:
        raise ConfigError("There is no store: start the local platform with `caco up`, or set CACO_STORE.")
    return state.store
