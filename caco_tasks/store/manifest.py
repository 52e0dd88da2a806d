"""The manifest of a shard: written last, so its existence means done; and the record of a run.

Paths, below the store's root (docs: `docs/storage.md`):

    runs/{partition}/{run_id}/run.json                                what the run is, with its whole config
    runs/{partition}/{run_id}/{stage}/{shard:05d}-{sha256[:16]}.parquet   rows, named by content
    runs/{partition}/{run_id}/{stage}/{shard:05d}.manifest.json       written last
    runs/{partition}/{run_id}/{stage}/{shard:05d}.parts/{part:05d}-{input hash}.parquet   finished parts of a shard under way
    models/{model_id}/...                                             trained weights, named by content
    datasets/{name}/{version}/...                                      what is published
"""

from datetime import UTC
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from caco_tasks.errors import DamagedError

SHA256 = r"^[0-9a-f]{64}$"

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]  # one form on every machine


class RunRecord(BaseModel):
    """What a run is: everything that its id hashes, and what it pinned when it was planned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    pipeline: str  # "seeds", "codegen", "dry_run", "nightly" or "evaluate"
    partition: str  # date, YYYY-MM-DD
    config_hash: str
    config: dict[str, Any]  # RunConfig.model_dump(mode="json")
    code_version: str
    planned_at: Moment | None = None  # when it was first planned; no part of its id; None: before 0.1.0 kept it
    seed_run_id: str | None = None  # the run whose seed programs stand behind this one; None for seeds
    model_id: str | None = None  # the trained CodeGen pinned for a nightly run; its weights lie in models/{model_id}
    accepted_yield: float | None = (
        None  # share of programs that ran of the CodeGen in use when a codegen run was planned
    )
    input_uris: tuple[str, ...] = ()  # shards of another run that this one reads, pinned at planning: seed programs
    dataset: str | None = None  # the dataset, as name/version, that an evaluation trains on; None: it trains on none
    dataset_sha256: str | None = None  # of that dataset's manifest, which names its files by their hashes


class Manifest(BaseModel):
    """One finished shard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    pipeline: str
    partition: str
    stage: str
    shard: int = Field(ge=0)
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
    inputs: tuple[str, ...] = ()  # uris of the shards that were read
    code_version: str
    models: tuple[str, ...] = ()  # model ids asked
    prompts: tuple[str, ...] = ()
    sandbox_version: str | None = None  # None: the stage runs no programs
    sandbox_level: str | None = None
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    cost_usd: float = Field(default=0.0, ge=0)  # paid for replies, by the price table of the config
    replayed: int = Field(default=0, ge=0)  # replies that had been made for another run or record
    seconds: float = Field(ge=0)
    artifacts: dict[str, Any] = {}  # what else the stage made: model uri and metrics, dataset uri

    @model_validator(mode="after")
    def _conserves(self) -> "Manifest":
        if self.read != self.passed + self.failed + self.unknown:
            raise ValueError(f"read {self.read} is not passed + failed + unknown")
        if sum(self.reasons.values()) != self.failed + self.unknown:
            raise ValueError("reasons do not add up to failed + unknown")
        return self

    @property
    def counts(self) -> dict[str, Any]:
        """What a task hands on through XCom: where, and how many."""
        kept = ("run_id", "partition", "stage", "shard", "uri", "read", "passed", "failed", "unknown", "seconds")
        return self.model_dump(include=set(kept))


def parse_manifest(text: bytes, *, uri: str) -> Manifest:
    """Reads a manifest.

    Raises:
        DamagedError: it is not JSON, lacks a field, or its counts do not add up.
    """
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as exc:
        raise DamagedError(f"The manifest {uri} is damaged ({exc.errors()[0]['msg']}): delete it and rerun.") from exc


def run_folder(partition: str, run_id: str) -> str:
    """Where a run lies below the store's root."""
    return f"runs/{partition}/{run_id}"


def manifest_uri(run: RunRecord, stage: str, shard: int) -> str:
    """Where the manifest of a shard lies below the store's root."""
    return f"{run_folder(run.partition, run.run_id)}/{stage}/{shard:05d}.manifest.json"
