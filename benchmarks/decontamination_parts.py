"""What the processes of the decontamination benchmark do."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.decontamination.overlap import apply_overlap_rules, benchmark_index


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What looking up some problems cost and found."""

    counts: dict[str, int]  # items of each protected benchmark
    opening_seconds: float  # to make or to load the index; next to nothing after the first time
    cpu_seconds: float
    rules: list[str]  # the nearest finding of each problem that has one
    rejected: int


def look_up(settings: DecontaminationSettings, folder: str, problems: Sequence[tuple[str, str]]) -> Look:
    """Looks problems and their answers up in the index."""
    begun = time.perf_counter()
    index = benchmark_index(settings, Path(folder))
    opened, cpu = time.perf_counter(), time.process_time()
    found = [index.overlaps(text, answer) for text, answer in problems]
    return Look(
        counts=index.counts,
        opening_seconds=opened - begun,
        cpu_seconds=time.process_time() - cpu,
        rules=[overlaps[0].rule for overlaps in found if overlaps],
        rejected=sum(not apply_overlap_rules(overlaps, settings, stage="reverse")[0].kept for overlaps in found),
    )


def bank_problems(count: int, *, first: int = 0) -> list[tuple[str, str]]:
    """Problems and answers of the bank's families, in turn; `first` is the number of the first draw."""
    drawn = (draw_problem(FAMILIES[row % len(FAMILIES)], first + row // len(FAMILIES)) for row in range(count))
    return [(problem.problem, problem.answer) for problem in drawn]


def read_problems(path: Path, problem: str, answer: str) -> list[tuple[str, str]]:
    """Problems and answers of a JSONL file."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [(row[problem], row[answer]) for row in rows]
