"""How fast problems are held against the protected benchmarks, by two processes that share one index on the disk.

The public benchmarks are taken from the folder that `CACO_PUBLIC_DATA` names; without it 15,000 problems of the bank are
protected instead. Problems are those of the bank, and of the training sets of GSM8K and MATH where they are at hand.
"""

import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from caco_tasks.check_settings import BenchmarkSettings, DecontaminationSettings
from caco_tasks.checks.decontamination.benchmarks import read_benchmark

sys.path.insert(0, str(Path(__file__).parent))
from decontamination_copies import count_found, unspaced_items
from decontamination_parts import bank_problems, look_up, read_problems
from public_files import find_public

PROBLEMS = 40_000  # of the bank
PROTECTED = 15_000  # of the bank, where there are no benchmarks
PART_PROBLEMS = 500
PROCESSES = 2


def bench() -> dict[str, Any]:
    """Looks problems up.

    Returns:
        What is protected; seconds to make the index and to load it; its size; and for each set of problems how many a
        second two processes look up, on the clock and by their own processor time, and how many overlap by which rule;
        and for each kind of copy of a protected problem how many there are and how many are rejected.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder))
        made = look_up(settings, folder, [])
        index_bytes = sum(file.stat().st_size for file in Path(folder).glob("*.npz"))
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            loaded = pool.map(partial(look_up, settings, folder), [[]] * PROCESSES, chunksize=1)
            found = {name: _measured(pool, settings, folder, problems) for name, problems in _sets().items()}
    return {
        "protected_items": made.counts,
        "seconds_to_make": round(made.opening_seconds, 2),
        "seconds_to_load": round(max(one.opening_seconds for one in loaded), 2),
        "index_mb": round(index_bytes / 2**20),
        "processes": PROCESSES,
        "problems": found,
        "copies": _copies(),
    }


def _measured(
    pool: Any, settings: DecontaminationSettings, folder: str, problems: list[tuple[str, str]]
) -> dict[str, Any]:
    parts = [problems[start : start + PART_PROBLEMS] for start in range(0, len(problems), PART_PROBLEMS)]
    begun = time.perf_counter()
    looks = pool.map(partial(look_up, settings, folder), parts, chunksize=1)
    wall_seconds = time.perf_counter() - begun
    rules = Counter(rule for look in looks for rule in look.rules)
    return {
        "problems": len(problems),
        "per_second": round(len(problems) / wall_seconds),
        "per_second_of_two_free_cores": round(PROCESSES * len(problems) / sum(look.cpu_seconds for look in looks)),
        "rejected": sum(look.rejected for look in looks),
        "nearest_rule": dict(rules.most_common()),
    }


def _copies() -> dict[str, dict[str, dict[str, int]]]:
    limits = DecontaminationSettings()
    sets = {"unspaced": unspaced_items()}
    public = find_public()
    if public is not None:
        protected = DecontaminationSettings(folder=str(public)).protected
        svamp = BenchmarkSettings(
            name="svamp", path=str(public / "svamp" / "SVAMP.json"), format="json", problem_column="Body, Question"
        )
        copied = [one for one in protected if one.name in ("gsm8k", "math")] + [svamp]
        sets |= {one.name: [*read_benchmark(one)] for one in copied}
    return {name: count_found(items, limits) for name, items in sets.items()}


def _settings(folder: Path) -> DecontaminationSettings:
    public = find_public()
    if public is not None:
        return DecontaminationSettings(folder=str(public))
    path = folder / "bank.jsonl"
    rows = ({"problem": text, "answer": answer} for text, answer in bank_problems(PROTECTED, first=10**6))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DecontaminationSettings(benchmarks=(BenchmarkSettings(name="bank", path=str(path), answer_column="answer"),))


def _sets() -> dict[str, list[tuple[str, str]]]:
    sets = {"bank": bank_problems(PROBLEMS)}
    public = find_public()
    if public is not None:
        sets["gsm8k_train"] = read_problems(public / "gsm8k" / "train.jsonl", "question", "answer")
        sets["math_train"] = read_problems(public / "math" / "train_7500_with_solutions.jsonl", "problem", "solution")
    return sets


if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
