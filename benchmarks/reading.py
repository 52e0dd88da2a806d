"""How replies of real models are read: as a careful person reads them, not at all, or wrongly.

The replies and what a person read in them are public data (`replies/*.jsonl`, from `$CACO_PUBLIC_DATA`). The rules were
made looking at one half of each file only, the rows whose hashed id is even; figures stand for both halves.
"""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from caco_tasks.config import GradingSettings
from caco_tasks.errors import ConfigError
from caco_tasks.grading import Grader, extract_answer
from caco_tasks.reading import Reading, read_problem, read_program, read_solution
from caco_tasks.records import Outcome

sys.path.insert(0, str(Path(__file__).parent))
from public_files import find_public

Row = Mapping[str, Any]
TEXTS: dict[str, tuple[str, Callable[[str], Reading]]] = {  # file -> the column of what a person read, and our reader
    "programs": ("code", read_program),
    "problems": ("problem", read_problem),
}


def bench() -> dict[str, Any]:
    """For each file and half: the rows, and the shares that were read as a person did, not read, and read wrongly.

    Raises:
        ConfigError: the public data are not on this machine.
    """
    figures = {name: _shares(judge_texts(name)) for name in TEXTS}
    return {**figures, "solutions": _shares(judge_solutions()), "cut_away": cut_away()}


def judge_texts(name: str) -> list[tuple[Row, str]]:
    """Each scored row of programs or problems, and "right", "missed" or "wrong"."""
    column, read = TEXTS[name]
    judged = []
    for row in load(name):
        text, expected = read(row["reply"]).text, row[column]
        is_right = (text or "").strip() == (expected or "").strip()
        judged.append((row, "right" if is_right else "missed" if text is None else "wrong"))
    return judged


def judge_solutions() -> list[tuple[Row, str]]:
    """Each right solution, and whether the answer in what was read of it is the gold one.

    "missed" are also those of which the grader cannot tell in its time, as it may be on a busy machine.
    """
    rows = [row for row in load("solutions") if row["is_right"]]
    answers = [extract_answer(read_solution(row["reply"]).text or "") for row in rows]
    with Grader(GradingSettings(workers=1)) as grader:
        pairs = ((str(row["gold"]), answer or "") for row, answer in zip(rows, answers, strict=True))
        outcomes = [comparison.verdict.outcome for comparison in grader.compare(pairs)]
    ends = {Outcome.PASS: "right", Outcome.FAIL: "wrong", Outcome.UNKNOWN: "missed"}
    return [
        (row, ends[outcome] if answer is not None else "missed")
        for row, outcome, answer in zip(rows, outcomes, answers, strict=True)
    ]


def cut_away() -> dict[str, int]:
    """What was cut away from all replies of the three files, and from how many."""
    readings = [read(row["reply"]) for name, (_, read) in TEXTS.items() for row in load(name)]
    readings += [read_solution(row["reply"]) for row in load("solutions")]
    return dict(Counter(str(cut) for reading in readings for cut in reading.cut).most_common())


def load(name: str) -> list[Row]:
    """The rows of a file of replies, less those whose label is not sure.

    Raises:
        ConfigError: the file is not on this machine.
    """
    path = find_public(f"replies/{name}.jsonl")
    if path is None:
        raise ConfigError(f"There is no replies/{name}.jsonl here: name the folder of public data in CACO_PUBLIC_DATA.")
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row["label_from"] != "unsure"]


def is_held_out(row: Row) -> bool:
    """Whether nobody looked at a row while the rules were made."""
    return hashlib.sha256(row["id"].encode()).digest()[-1] % 2 == 1


def _shares(judged: Sequence[tuple[Row, str]]) -> dict[str, Any]:
    halves = {
        "looked_at": [end for row, end in judged if not is_held_out(row)],
        "held_out": [end for row, end in judged if is_held_out(row)],
    }
    return {
        half: {
            "rows": len(ends),
            **{end: round(ends.count(end) / len(ends), 4) for end in ("right", "missed", "wrong")},
        }
        for half, ends in halves.items()
    }
