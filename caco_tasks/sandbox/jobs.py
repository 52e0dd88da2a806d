"""The jobs that go into the sandbox, and the results that come out."""

from dataclasses import dataclass

from caco_tasks.records import Execution, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A program to run, as it is or with another input."""

    code: str
    input_json: str | None = None  # tagged JSON in the place of the program's own top-level `input`; None: as written
    variant: int = 0  # 0, or 1 and up: another hash seed, random seed and clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramResult:
    """The result of a job."""

    verdict: Verdict
    execution: Execution  # its fields are empty where nothing is known
