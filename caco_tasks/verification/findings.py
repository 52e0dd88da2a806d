"""What verifying a dataset found: how much each check looked at, what is wrong, what could not be told."""

from dataclasses import asdict, dataclass, field
from typing import Any

CHECKS = {
    "manifest": "`manifest.json` is there, can be read, and its files are those of its dataset and version",
    "files": "each file that the manifest names is there, with its bytes and its SHA-256, and no other beside them",
    "columns": "each file can be read, and its rows have the columns of a published row",
    "counts": "each file has as many rows as the manifest says, no row comes twice, and the card gives the same number",
    "card": "`README.md` is the one whose SHA-256 stands in the manifest",
    "licence": "each row and the card say the licence and the sources of the manifest, or why there is no licence",
    "ids": "`sample_id` follows from draw and index, `program_id` from the program",
    "evidence": "each row names run, draw, output, models, prompts and requests; difficulty follows from `pass_rate`",
    "program": "the program runs, on the `input_json` of its row, to an output of its `output_type`",
    "answer": "the program's output equals the answer, but where the row says that it was not demanded",
    "solution": "the final answer of the chain of thought equals the answer",
    "equations": "no equation of the chain of thought is false, but where the config only records that",
}
MAX_FAULTS = 100  # that are told one by one; all are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is not as it was published, or was never right."""

    check: str  # of CHECKS
    detail: str
    file: str | None = None
    row: int | None = None  # of the file, from 0
    sample_id: str | None = None


@dataclass(slots=True)
class CheckCount:
    """What one check looked at: files, rows or the whole."""

    looked_at: int = 0
    wrong: int = 0
    unknown: int = 0  # it could not tell: the machine was too slow, or lost a process


@dataclass(slots=True)
class Report:
    """All that was found of one dataset."""

    folder: str
    dataset: str | None = None  # as name/version; None: no manifest says it
    rows: int = 0
    seconds: float = 0.0
    sandbox_level: str | None = None  # None: no program ran
    checks: dict[str, CheckCount] = field(default_factory=dict)  # those that there was anything to look at for
    not_understood: int = 0  # rows of which no equation could be followed
    recorded: int = 0  # rows with a false equation that the dataset itself records
    unverified: dict[str, int] = field(
        default_factory=dict
    )  # what was not demanded of rows, as they say, and of how many
    unequal_answers: int = 0  # rows whose answer is not the program's output, which was not demanded of them
    faults: list[Fault] = field(default_factory=list)  # the first MAX_FAULTS
    notes: list[str] = field(default_factory=list)  # what a reader should know, and is no fault

    @property
    def is_whole(self) -> bool:
        """Whether everything that was looked at is right; what could not be told was not shown to be."""
        return not any(count.wrong or count.unknown for count in self.checks.values())

    def look(self, check: str, *, is_unknown: bool = False) -> None:
        """Counts one thing that a check looked at."""
        count = self.checks.setdefault(check, CheckCount())
        count.looked_at += 1
        count.unknown += is_unknown

    def add(self, fault: Fault) -> None:
        """Counts a fault of something that was looked at, and keeps it where there is room."""
        self.checks.setdefault(fault.check, CheckCount()).wrong += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)

    def as_json(self) -> dict[str, Any]:
        """The report for a script."""
        per_second = round(self.rows / self.seconds, 1) if self.seconds else None
        return {**asdict(self), "is_whole": self.is_whole, "rows_per_second": per_second}


def short(value: Any) -> str:
    """The beginning of a value, for one line."""
    return str(value)[:100]
