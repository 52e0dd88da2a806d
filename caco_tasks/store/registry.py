"""What the store says of trained models, published datasets and people's answers; the ledger is loaded from it.

outputs/train/{key}/manifest.json          its `artifacts["model"]` is a ModelRecord
models/{model_id}/manifest.json            a ModelFiles, written last
datasets/{name}/{version}/manifest.json    a DatasetRecord, written last; its files have a `sample_id`
datasets/{name}/{version}/tombstones-{hash}.parquet    rows that were taken out of the version which this one supersedes
datasets/{name}/{version}/state.json       a DatasetStates: whether it is published, and who said so
datasets/{name}/current/{date}.json        a Promotions: which version of a date counts, where somebody has decided it
diversity/{id}.json                        a DiversityRecord; diversity/vectors/{id}.npy the vectors of rows
draws/{run_id}/{draw_id}.json              an AuditDraw
audits/{run_id}/{hash of the person}.json  an AuditAnswers
recalls/{recall_id}.json                   a RecallRecord
"""

import json
import re
from typing import Any, Literal

from pydantic import Field, model_validator

from caco_tasks.ids import content_id
from caco_tasks.records import Outcome, Part, Reason
from caco_tasks.store.manifest import ID, SHA256, Moment, StoredRecord, parse_stored

NAME = r"^[a-z0-9][a-z0-9_\-]*$"
VERSION = r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$"
_DATASET_MANIFEST = re.compile(r"^datasets/([^/]+)/([^/]+)/manifest\.json$")
_DATASET_FILE = re.compile(
    r"^datasets/[^/]+/[^/]+/(?:(?:train-[0-9of-]+|tombstones-[0-9a-f]{16})\.parquet|(?:README|CHANGELOG)\.md|diversity-(?:light|dark)\.svg|(?:croissant|manifest|state)\.json)$"
)
_PROMOTIONS = re.compile(r"^datasets/[^/]+/current/[0-9]{4}-[0-9]{2}-[0-9]{2}\.json$")
_DIVERSITY = re.compile(r"^diversity/[0-9a-f]{32}\.json$")
_RECALL = re.compile(r"^recalls/[0-9a-f]{32}\.json$")
_DRAW, _AUDIT = (re.compile(rf"^{folder}/[^/]+/[0-9a-f]{{32}}\.json$") for folder in ("draws", "audits"))

StateName = Literal["staged", "published", "withdrawn"]


class ModelRecord(StoredRecord):
    """A model that a run trained."""

    model_id: str
    run_id: str
    role: str = "codegen"
    parent: str | None = None  # the model whose weights it began with; None: from scratch
    training: str | None = None  # hash of seeds, their programs and training settings; None: a student
    data_hash: str  # of the records it was trained on
    config: dict[str, Any]
    metrics: dict[str, Any]
    uri: str  # folder of the weights, relative to the store's root
    sha256: str = Field(pattern=SHA256)  # of the weights
    accepted: bool  # whether nightly runs may sample from it
    refused_because: str | None = None  # one sentence; None: accepted


class StoredFile(StoredRecord):
    """One file of a folder whose manifest names all of them."""

    name: str = Field(min_length=1, pattern=r"^[^/]+$")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)


class ModelFiles(StoredRecord):
    """The manifest of a model's folder, written last: what must be there for the model to be whole."""

    model_id: str
    files: tuple[StoredFile, ...] = Field(min_length=1)


class DatasetFile(StoredRecord):
    """One parquet file of a dataset."""

    uri: str
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=SHA256)


class DatasetRecord(StoredRecord):
    """A published version of a dataset: its manifest."""

    dataset: str = Field(pattern=NAME)
    version: str = Field(pattern=VERSION)
    run_id: str
    partition: str
    rows: int = Field(ge=0)
    code_version: str
    files: tuple[DatasetFile, ...]
    facts: dict[str, Any] = Field(default={})

    @property
    def supersedes(self) -> str | None:
        """The version, as name/version, that this one is without some rows; None: none."""
        found = self.facts.get("supersedes")
        return None if found is None else str(found)

    @property
    def tombstones(self) -> DatasetFile | None:
        """The file that names the rows which were taken out of that version; None: none were.

        Raises:
            DamagedError: what the manifest says of it is no file.
        """
        found, uri = self.facts.get("tombstones"), dataset_manifest_uri(self.dataset, self.version)
        return None if found is None else parse_stored(DatasetFile, json.dumps(found).encode(), uri=uri)

    @model_validator(mode="after")
    def _adds_up(self) -> "DatasetRecord":
        if self.rows != sum(file.rows for file in self.files):
            raise ValueError(f"rows {self.rows} is not the sum of its files'")
        return self


class DatasetState(StoredRecord):
    """One change of a dataset's state: what it became, by whom and why."""

    state: StateName
    by: str = Field(min_length=1)  # a person, or the task that did it
    because: str = Field(min_length=1)
    at: Moment


class DatasetStates(StoredRecord):
    """All states that a dataset was given, oldest first; the last one counts."""

    history: tuple[DatasetState, ...] = Field(min_length=1)


class Promotion(StoredRecord):
    """One decision on which version of a dataset's date counts."""

    version: str = Field(pattern=VERSION)  # that counts from then on
    replaced: str | None = None  # the version that counted before; None: none did
    is_roll_back: bool = False  # whether it takes the decision before back
    by: str = Field(min_length=1)
    because: str = Field(min_length=1)
    at: Moment


class Promotions(StoredRecord):
    """All decisions on one date of a dataset, oldest first; the last one counts."""

    dataset: str = Field(pattern=NAME)
    partition: str
    history: tuple[Promotion, ...] = Field(min_length=1)


class DiversityFigures(StoredRecord):
    """The measures of some rows, as `caco_tasks.diversity.measurement.Figures`."""

    rows: int
    spread: float | None
    nearest_mean: float | None
    nearest_median: float | None
    near_rows: int
    effective_clusters: float | None
    vendi: float | None
    earlier_mean: float | None
    earlier_near_rows: int | None


class DiversityCluster(StoredRecord):
    """Rows that lie together, and the words that tell them from the others."""

    words: tuple[str, ...]
    rows: int


class EarlierDistance(StoredRecord):
    """How near rows come to those of one earlier dataset, or of a run that has none."""

    name: str
    rows: int
    nearest_mean: float | None
    near_rows: int


class DiversityRecord(StoredRecord):
    """How varied the problems of a run or of its dataset are, by one embedding model."""

    diversity_id: str  # hash of the rows, the model, and what they were compared with
    run_id: str
    dataset: str | None  # as name/version; None: rows that were not published yet
    embedder: str
    of_rows: int  # that there are
    whole: DiversityFigures
    domains: dict[str, DiversityFigures]
    clusters: tuple[DiversityCluster, ...]
    earlier: tuple[EarlierDistance, ...]
    points: tuple[tuple[float, float, int], ...]  # place in the plane, and cluster, of each row
    shown: float  # share of the variance that the plane shows
    measured_at: Moment
    code_version: str


class AuditRecord(StoredRecord):
    """What one person said of one record that a stage had judged."""

    run_id: str
    stage: str
    subject_id: str
    person: str = Field(min_length=1)
    answer: Outcome  # pass: the record is right; fail: it is wrong; unknown: the person cannot tell
    wrong_part: Part | None = None  # the first part that is wrong; None: nothing is, or the person did not say
    note: str | None = None
    answered_at: Moment


class AuditAnswers(StoredRecord):
    """All that one person said of the records of a run."""

    answers: tuple[AuditRecord, ...] = Field(min_length=1)


class AuditStratum(StoredRecord):
    """The rows of a run that ended at one check in one way, or were accepted by all of them."""

    stage: str  # the check that had the last word
    outcome: Outcome
    reason: Reason | None = None  # None exactly when accepted
    rows: int = Field(ge=0)  # of the run, in this stratum
    drawn: int = Field(ge=0)


class DrawnRow(StoredRecord):
    """A row for people to judge, with all that they see of it."""

    subject_id: str
    stratum: int = Field(ge=0)  # its place in the draw's strata
    program: str
    output: str | None = None  # None: the program gave none
    problem: str | None = None  # None: the row did not come so far
    solution: str | None = None


class AuditDraw(StoredRecord):
    """A random draw of a run's rows, stratified by what the checks said of them."""

    draw_id: str
    run_id: str
    max_rows: int = Field(ge=1)  # of each stratum
    strata: tuple[AuditStratum, ...]
    rows: tuple[DrawnRow, ...]  # in the order in which people see them, which tells nothing of the strata


class RecalledThing(StoredRecord):
    """One descendant of something that was recalled, and what was decided about it."""

    kind: str  # model, student, run, dataset, evaluation or sample
    name: str
    degree: Literal["direct", "through a model"]
    action: Literal["keep", "re-verify", "withdraw"]
    part: int = Field(ge=0)  # how much of it descends
    whole: int = Field(ge=0)


class RecallRecord(StoredRecord):
    """A recall that was applied: written before anything is done, so that a killed one is known."""

    recall_id: str = Field(pattern=ID)  # hash of kind, ancestor and reason
    kind: str
    ancestor: str
    by: str = Field(min_length=1)
    because: str = Field(min_length=1)
    at: Moment
    unknown: tuple[str, ...] = ()  # what the ledger could not tell, in sentences
    touched: tuple[RecalledThing, ...] = ()

    @property
    def withdrawn_models(self) -> list[str]:
        """The models that no later run may sample from."""
        return sorted(
            {one.name for one in self.touched if one.kind in ("model", "student") and one.action == "withdraw"}
        )


def model_manifest_uri(model_id: str) -> str:
    """Where the manifest of a model's files lies below the store's root."""
    return f"models/{model_id}/manifest.json"


def dataset_folder(name: str, version: str) -> str:
    """Where a dataset lies below the store's root."""
    return f"datasets/{name}/{version}"


def dataset_manifest_uri(name: str, version: str) -> str:
    """Where the manifest of a dataset lies below the store's root."""
    return f"{dataset_folder(name, version)}/manifest.json"


def dataset_state_uri(name: str, version: str) -> str:
    """Where the states of a dataset lie below the store's root."""
    return f"{dataset_folder(name, version)}/state.json"


def promotions_uri(name: str, partition: str) -> str:
    """Where the decisions on a date of a dataset lie below the store's root."""
    return f"datasets/{name}/current/{partition}.json"


def is_promotions(uri: str) -> bool:
    """Whether a key is that of the decisions on a date of a dataset."""
    return _PROMOTIONS.match(uri) is not None


def is_dataset_manifest(uri: str) -> bool:
    """Whether a key is that of a dataset's manifest; a folder such as `.ipynb_checkpoints` holds none."""
    found = _DATASET_MANIFEST.match(uri)
    return found is not None and re.match(NAME, found[1]) is not None and re.match(VERSION, found[2]) is not None


def is_dataset_file(uri: str) -> bool:
    """Whether a key is one of those that a publication writes."""
    return _DATASET_FILE.match(uri) is not None


def is_draw(uri: str) -> bool:
    """Whether a key is that of a draw of rows for people to judge."""
    return _DRAW.match(uri) is not None


def is_audit(uri: str) -> bool:
    """Whether a key is that of a person's answers on a run."""
    return _AUDIT.match(uri) is not None


def is_diversity(uri: str) -> bool:
    """Whether a key is that of a measurement of diversity."""
    return _DIVERSITY.match(uri) is not None


def diversity_uri(diversity_id: str) -> str:
    """Where a measurement of diversity lies below the store's root."""
    return f"diversity/{diversity_id}.json"


def vectors_uri(vectors_id: str) -> str:
    """Where the vectors of rows lie below the store's root."""
    return f"diversity/vectors/{vectors_id}.npy"


def is_recall(uri: str) -> bool:
    """Whether a key is that of a recall."""
    return _RECALL.match(uri) is not None


def recall_uri(recall_id: str) -> str:
    """Where a recall lies below the store's root."""
    return f"recalls/{recall_id}.json"


def draw_uri(run_id: str, draw_id: str) -> str:
    """Where a draw lies below the store's root."""
    return f"draws/{run_id}/{draw_id}.json"


def audit_uri(run_id: str, person: str) -> str:
    """Where a person's answers on the rows of a run lie below the store's root."""
    return f"audits/{run_id}/{content_id('person', person)}.json"


def parse_model(values: Any, *, uri: str) -> ModelRecord:
    """Reads the `artifacts["model"]` of the manifest `uri`.

    Raises:
        DamagedError: it is no model.
    """
    return parse_stored(ModelRecord, json.dumps(values).encode(), uri=uri)
