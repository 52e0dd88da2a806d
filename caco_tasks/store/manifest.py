"""What the store says of runs and outputs. An output's manifest is written last, so its existence means done.

Paths, below the store's root (docs: `docs/storage.md`):

    runs/{partition}/{run_id}/run.json                         what the run is: its whole config, and what it pinned
    runs/{partition}/{run_id}/attempts/{stage}/{shard:05d}.json    new attempts that were asked for: an AttemptLog
    runs/{partition}/{run_id}/triggers/{hash of DAG and its run}.json    a run of the scheduler that planned it: a RunTrigger
    runs/{partition}/{run_id}/outputs/{stage}/{shard:05d}.json     the output that the run consists of there: a RunOutput
    outputs/{stage}/{key}/{sha256[:16]}.parquet                rows, named by content
    outputs/{stage}/{key}/manifest.json                        written after the rows
    outputs/train/{key}/own.parquet                            published rows that a CodeGen learnt from, where it did
    outputs/{stage}/{key}/claims.parquet                       fingerprints that it claimed, where its stage claims any
    outputs/{stage}/{key}/parts/{part:05d}-{input hash}.parquet    finished parts of an output under way
    models/{model_id}/...                                      trained weights, named by content
    datasets/{name}/{version}/...                              what is published

Readers ignore fields that they do not know, so that a newer version may add some.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from caco_tasks.errors import DamagedError
from caco_tasks.ids import content_id

OWN_ROWS = "own.parquet"  # beside the manifest of a training that learnt from published rows: sample_id and dataset
SHA256 = r"^[0-9a-f]{64}$"
ID = r"^[0-9a-f]{32}$"

_RUN_FILE = re.compile(
    r"^runs/[^/]+/([^/]+)/(?:run\.json|(triggers)/[0-9a-f]{32}\.json|(attempts|outputs)/([^/]+)/([0-9]{5,})\.json)$"
)
_MANIFEST = re.compile(r"^outputs/[^/]+/[0-9a-f]{32}/manifest\.json$")

RunFileKind = Literal["run", "triggers", "attempts", "outputs"]

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]  # one form on every machine
Model = TypeVar("Model", bound=BaseModel)


class StoredRecord(BaseModel):
    """Base of what is kept in the store as JSON: frozen; a field that this version does not know is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RunRecord(StoredRecord):
    """What a run is: everything that its id hashes, and what it pinned of the outside when it was planned.

    The keys of all its outputs follow from this record and its attempts alone: see `caco_tasks.identity`.
    """

    run_id: str
    pipeline: str  # of caco_tasks.pipeline.PIPELINES
    partition: str  # date, YYYY-MM-DD
    config_hash: str
    config: dict[str, Any]  # RunConfig.model_dump(mode="json")
    requested: dict[str, Any] = {}  # config and overrides, in the words of whoever planned it first
    code_version: str  # package and commit that planned it
    planned_at: Moment | None = None  # when it was first planned; no part of its id; None: a record made by hand
    models: dict[str, str] = {}  # role -> the exact model that it asks: hash of weights, revision, or who serves it
    prompts: dict[str, str] = {}  # name of a prompt -> hash of its text
    sources: dict[str, str] = {}  # name of a source of seeds -> revision or hash of its file
    benchmarks: dict[str, str] = {}  # name of a protected or scored benchmark -> hash or commit of its content
    training: str | None = None  # hash of all that its CodeGen is trained by: seeds, their programs, training settings
    seed_run_id: str | None = None  # the run whose seed programs stand behind this one; None: seeds, or not known
    codegen_run_id: str | None = None  # the run that trained the CodeGen of a nightly run; None: not trained here
    model_id: str | None = None  # the trained CodeGen pinned for a nightly run; its weights lie in models/{model_id}
    accepted_yield: float | None = None  # share of programs that ran of the CodeGen in use when training was planned
    own_datasets: dict[
        str, str
    ] = {}  # dataset that its CodeGen learns from too, as name/version -> SHA-256 of its manifest
    held_against: dict[str, Any] = {}  # the CodeGen whose variety a new one must reach: model_id, shapes, spread
    selection: dict[str, Any] = {}  # of `[select]`: the newest selector, and why it is not used where `models` lacks it
    input_keys: tuple[str, ...] = ()  # outputs of another run that this one reads: seed programs, of CodeGen or [mix]
    steering: dict[str, Any] = {}  # of [steer]: earlier runs that were read, and the shares of what CodeGen is told
    dataset: str | None = None  # the dataset, as name/version, that an evaluation trains on; None: another pipeline
    dataset_sha256: str | None = None  # of that dataset's manifest, which names its files by their hashes


class Manifest(StoredRecord):
    """One finished output: what one stage made of one shard, named by its key."""

    key: str = Field(pattern=ID)  # hash of recipe, origin, inputs and attempt: `output_key`
    stage: str
    shard: int = Field(ge=0)  # its number in the run that made it
    recipe: dict[str, Any]  # what the stage is told: its version, settings, model, prompts, benchmarks
    origin: dict[str, Any]  # which records begin here, for a stage that makes its own; else empty
    inputs: tuple[str, ...] = ()  # keys of the outputs that were read
    attempt: int = Field(default=0, ge=0)  # 0: the first; later ones were asked for by `caco rerun`
    previous: str | None = None  # key of the attempt before; None: the first
    keeps_known: bool = False  # whether it took all known verdicts from the attempt before

    run_id: str  # the run that made it and paid for it
    pipeline: str
    partition: str
    code_version: str  # package and commit that made it
    record: str  # class name in caco_tasks.records
    uri: str  # of the rows; relative to the store's root
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)
    read: int = Field(ge=0)
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    unknown: int = Field(ge=0)
    reasons: dict[str, int]  # of failed and unknown rows
    recorded: dict[str, int] = {}  # reason -> rows for which a rule set to "record" found it in this stage
    kept: int = Field(default=0, ge=0)  # rows whose verdict was taken from the attempt before

    models: tuple[str, ...] = ()  # model ids asked
    prompts: tuple[str, ...] = ()
    sandbox_version: str | None = None  # None: the stage runs no programs
    sandbox_level: str | None = None
    requests: int = Field(default=0, ge=0)  # replies used
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0)  # paid for replies, by the price table of the config
    replayed: int = Field(default=0, ge=0)  # replies that had been made for another output or record
    cut_off: int = Field(default=0, ge=0)  # replies that ended at their limit of tokens
    cut_away: dict[str, int] = {}  # what replies held besides what was asked for (`caco_tasks.reading.Cut`) -> replies
    seconds: float = Field(ge=0)
    artifacts: dict[str, Any] = {}  # what else the stage made: model uri and metrics, dataset

    @model_validator(mode="after")
    def _conserves(self) -> "Manifest":
        if self.read != self.passed + self.failed + self.unknown:
            raise ValueError(f"read {self.read} is not passed + failed + unknown")
        if sum(self.reasons.values()) != self.failed + self.unknown:
            raise ValueError("reasons do not add up to failed + unknown")
        return self

    @property
    def counts(self) -> dict[str, Any]:
        """What a task hands on through XCom: which output, and how many records."""
        kept = ("run_id", "partition", "stage", "shard", "key", "read", "passed", "failed", "unknown", "seconds")
        return self.model_dump(include=set(kept))


def sum_cut_away(manifests: Iterable[Manifest]) -> dict[str, int]:
    """What the replies of several outputs held besides what was asked for, and how many replies did; most first."""
    counts: Counter[str] = Counter()
    for manifest in manifests:
        counts.update(manifest.cut_away)
    return dict(counts.most_common())


class OutputAttempt(StoredRecord):
    """A new attempt of an output that a person or a DAG asked for."""

    number: int = Field(ge=1)
    previous: str  # key of the output that it replaces in the run
    unknown_only: bool  # keep every known verdict and ask again for the unknown ones
    token: str  # who asked: the same asking twice is one attempt
    asked_at: Moment


class AttemptLog(StoredRecord):
    """All new attempts of one stage and shard of a run, in order; the last one counts."""

    attempts: tuple[OutputAttempt, ...] = Field(min_length=1)


class RunOutput(StoredRecord):
    """Which output a run consists of at one stage and shard; the newest attempt."""

    run_id: str
    stage: str
    shard: int = Field(ge=0)
    key: str = Field(pattern=ID)
    attempt: int = Field(default=0, ge=0)
    is_reused: bool = False  # whether another run had made it


class RunTrigger(StoredRecord):
    """A run of the scheduler that planned a run, or found it planned."""

    run_id: str
    dag_id: str = Field(min_length=1)
    dag_run_id: str = Field(min_length=1)
    triggered_at: Moment


def output_key(
    recipe: dict[str, Any],
    *,
    origin: dict[str, Any],
    inputs: tuple[str, ...],
    attempt: int = 0,
    previous: str | None = None,
    keeps_known: bool = False,
) -> str:
    """The key of an output: the hash of all that it follows from. The same work has the same key in every run.

    A key follows from other keys, never from content, so the keys of a whole run are known before it starts.
    """
    again = [attempt, previous, keeps_known] if attempt else []
    return content_id("output", recipe, origin, list(inputs), *again)


def parse_manifest(text: bytes, *, uri: str) -> Manifest:
    """Reads the manifest of an output and holds it against its key.

    Raises:
        DamagedError: it is not JSON, lacks a field, its counts do not add up, or its key is not that of what it says.
    """
    manifest = parse_stored(Manifest, text, uri=uri)
    key = output_key(
        manifest.recipe,
        origin=manifest.origin,
        inputs=manifest.inputs,
        attempt=manifest.attempt,
        previous=manifest.previous,
        keeps_known=manifest.keeps_known,
    )
    if key != manifest.key:
        raise DamagedError(
            f"The manifest {uri} does not match its key: what it says has the key {key[:12]}, it names "
            f"{manifest.key[:12]}. Delete it, and the output is made again."
        )
    return manifest


def parse_stored(model: type[Model], text: bytes, *, uri: str) -> Model:
    """Reads a JSON object of the store.

    Raises:
        DamagedError: it is not JSON, lacks a field, or one has another type.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(str(part) for part in error["loc"]) or "the whole"
        raise DamagedError(
            f"{uri} is damaged ({where}: {error['msg']}): restore it, or delete it and rerun what wrote it."
        ) from exc


def run_folder(partition: str, run_id: str) -> str:
    """Where a run lies below the store's root."""
    return f"runs/{partition}/{run_id}"


def run_uri(partition: str, run_id: str) -> str:
    """Where the record of a run lies."""
    return f"{run_folder(partition, run_id)}/run.json"


def run_output_uri(run: RunRecord, stage: str, shard: int) -> str:
    """Where a run says which output it consists of at a stage and shard."""
    return f"{run_folder(run.partition, run.run_id)}/outputs/{stage}/{shard:05d}.json"


def attempts_uri(run: RunRecord, stage: str, shard: int) -> str:
    """Where the new attempts of a stage and shard of a run lie."""
    return f"{run_folder(run.partition, run.run_id)}/attempts/{stage}/{shard:05d}.json"


def trigger_uri(run: RunRecord, dag_id: str, dag_run_id: str) -> str:
    """Where a run says that a run of the scheduler planned it."""
    return f"{run_folder(run.partition, run.run_id)}/triggers/{content_id('trigger', dag_id, dag_run_id)}.json"


def output_folder(stage: str, key: str) -> str:
    """Where an output lies below the store's root."""
    return f"outputs/{stage}/{key}"


def manifest_uri(stage: str, key: str) -> str:
    """Where the manifest of an output lies."""
    return f"{output_folder(stage, key)}/manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What a key below `runs/` names; other tools leave files there that are none of these, such as `.DS_Store`."""

    uri: str
    run_id: str
    kind: RunFileKind
    shard: int | None = None  # of an attempt log and of a run's output

    @classmethod
    def parse(cls, uri: str) -> Self | None:
        """What the key is of; None: nothing of ours.

        >>> RunFile.parse("runs/2026-11-20/abc/outputs/judge/00003.json").shard
        3
        >>> RunFile.parse("runs/2026-11-20/.DS_Store") is None
        True
        """
        found = _RUN_FILE.match(uri)
        if found is None:
            return None
        kind = cast(RunFileKind, found.group(2) or found.group(3) or "run")
        shard = int(found.group(5)) if found.group(5) else None
        return cls(uri=uri, run_id=found.group(1), kind=kind, shard=shard)


def is_manifest(uri: str) -> bool:
    """Whether a key is that of an output's manifest."""
    return _MANIFEST.match(uri) is not None
