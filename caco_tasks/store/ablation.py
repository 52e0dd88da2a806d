"""What the store says of an ablation: its arms and their students; the ledger is loaded from it.

ablations/{date}/{ablation_id}.json    an AblationRecord, written when it is planned and again when its students are
"""

import re

from pydantic import Field

from caco_tasks.store.manifest import ID, Moment, StoredRecord

_RECORD = re.compile(r"^ablations/[^/]+/[0-9a-f]{32}\.json$")


class AblationArm(StoredRecord):
    """A nightly run over the same samples with other settings."""

    arm: str = Field(min_length=1)
    overrides: tuple[str, ...]  # what it changes, as the table says it
    settings: tuple[str, ...]  # all overrides of its run
    run_id: str = Field(pattern=ID)  # which may not be planned yet
    dataset: str | None = None  # as name/version; None: not made yet
    rows: int | None = Field(default=None, ge=0)  # of the dataset


class AblationCell(StoredRecord):
    """One student."""

    arm: str
    size: int | None = Field(default=None, ge=1)  # rows that were to be learnt from; None: all
    repeat: int = Field(ge=0)
    rows: int = Field(ge=0)  # that are learnt from: fewer than `size` where there are no more
    run_id: str | None = None  # the evaluation, which arms with the same rows share; None: there is no row


class AblationRecord(StoredRecord):
    """One table of arms over the samples of one date."""

    ablation_id: str = Field(pattern=ID)
    name: str = Field(min_length=1)  # of the table
    title: str
    source: str | None = None
    config: str  # its name
    asked_config: str  # as who asked named it: a bundled one, or a file
    overrides: tuple[str, ...] = ()  # of all arms
    partition: str
    reference_arm: str
    reference_size: int | None = None  # of the reference; None: each cell is compared with its own size
    sizes: tuple[int | None, ...]  # None: all rows
    repeats: int = Field(ge=1)
    planned_at: Moment
    arms: tuple[AblationArm, ...] = Field(min_length=1)
    cells: tuple[AblationCell, ...] = ()  # none before the datasets are made

    def arm(self, name: str) -> AblationArm:
        """The arm of this name."""
        return next(one for one in self.arms if one.arm == name)


def ablation_uri(partition: str, ablation_id: str) -> str:
    """Where the record of an ablation lies below the store's root."""
    return f"ablations/{partition}/{ablation_id}.json"


def is_ablation_record(uri: str) -> bool:
    """Whether a key is that of an ablation's record."""
    return _RECORD.match(uri) is not None
