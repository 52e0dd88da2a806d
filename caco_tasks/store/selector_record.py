"""What the store says of selectors: which samples a run skips, and what that was learnt from.

selectors/{selector_id}.json    a SelectorRecord
"""

import re

from pydantic import Field

from caco_tasks.ids import content_id
from caco_tasks.store.manifest import ID, Moment, StoredRecord

_SELECTOR = re.compile(r"^selectors/[0-9a-f]{32}\.json$")


class ReliabilityBin(StoredRecord):
    """Held-out samples that were given about the same chance, and what became of them."""

    rows: int
    expected: float  # mean of the chances
    observed: float  # share that was accepted


class SelectorStage(StoredRecord):
    """What is asked before one stage."""

    columns: tuple[str, ...]  # of `caco_tasks.selection.features`, in the order in which the model reads them
    model: str  # XGBoost's JSON
    calibration: tuple[tuple[float, float], ...]  # score of the model -> chance, in between by straight lines
    threshold: float = Field(ge=0, le=1)  # what is less likely to be accepted is skipped
    rows: int  # learnt from
    held_out: int  # calibrated on
    auc: float | None  # on held-out rows, as all that follow; None: all of them ended alike
    brier: float
    calibration_error: float  # mean distance of chance and share in the bins, by their rows
    reliability: tuple[ReliabilityBin, ...]


class SelectorRecord(StoredRecord):
    """A selector, and what it was learnt from. Its id is the hash of all that it says; when it was made has no part."""

    selector_id: str = Field(pattern=ID)
    acceptance: str  # `identity.acceptance_hash` of the runs that it learnt from, and of those that may use it
    config: str  # name of the config that it was trained for
    until: str  # newest date that it learnt from: only later ones may use it
    run_ids: tuple[str, ...] = Field(min_length=1)  # nightly runs that it learnt from
    features_version: int
    prior: float  # share of the samples that were accepted
    fates: dict[str, dict[str, tuple[float, float]]]  # kind -> what samples had in common -> samples, and accepted ones
    stages: dict[str, SelectorStage]
    expected: dict[str, float]  # what the thresholds are held to yield, on held-out rows
    libraries: dict[str, str]  # name -> version
    code_version: str
    trained_at: Moment

    def hashed(self) -> str:
        """The id that its content gives."""
        told = self.model_dump(mode="json", exclude={"selector_id", "trained_at", "code_version"})
        return content_id("selector", told)


def selector_uri(selector_id: str) -> str:
    """Where a selector lies below the store's root."""
    return f"selectors/{selector_id}.json"


def is_selector(uri: str) -> bool:
    """Whether a key is that of a selector."""
    return _SELECTOR.match(uri) is not None
