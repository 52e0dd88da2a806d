"""Reduced public reports against the text checks: how many of each area end right, unknown or wrong today.

The cases lie beside the public data, as `../cases/text-checks.jsonl` below `$CACO_PUBLIC_DATA`. Those of readers and
converters need files made for them and are left to their tests.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from caco_tasks.config import GradingSettings, SandboxSettings, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.grading import Grader
from caco_tasks.records import Outcome
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.text_checks.checks import look
from caco_tasks.text_checks.program_check import check_programs
from caco_tasks.text_checks.results import CheckResult, result_of

sys.path.insert(0, str(Path(__file__).parent))
from public_files import find_public

CASES = "../cases/text-checks.jsonl"
CONFIG = load_config("nano")
Case = Mapping[str, Any]


def bench() -> dict[str, Any]:
    """By area: cases that end as they should, unknown, or wrongly; and the names of those that are not right.

    Raises:
        ConfigError: the cases are not on this machine.
    """
    path = find_public(CASES)
    if path is None:
        raise ConfigError(f"There is no {CASES} below the folder that CACO_PUBLIC_DATA names.")
    areas: dict[str, Counter[str]] = defaultdict(Counter)
    named: dict[str, list[str]] = {"unknown": [], "wrong": []}
    for case in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if case["area"] in CHECKS:
            end = judge_case(case)
            areas[case["area"]][end] += 1
            named.get(end, []).append(case["id"])
    table = {area: {end: ends[end] for end in ("right", "unknown", "wrong")} for area, ends in areas.items()}
    return {"areas": table, **{end: ", ".join(ids) for end, ids in named.items()}}


def judge_case(case: Case) -> str:
    """Whether a case ends "right", "unknown" or "wrong"."""
    found, expected = CHECKS[case["area"]](case["input"]), case["expected"]
    if found.outcome is Outcome.UNKNOWN:
        return "unknown"
    if expected.startswith("the answer "):
        return "right" if found.value == expected.removeprefix("the answer ") else "wrong"
    must_fail = expected in ("fail", "the false statement is reported", "rejected as benchmark_overlap")
    return "right" if (found.outcome is Outcome.FAIL) is must_fail else "wrong"


def _look(check: str) -> Callable[[Case], CheckResult]:
    return lambda given: look({"check": check, "code": "", **given, "input": given.get("program_input")}, CONFIG)


def _grade(given: Case) -> CheckResult:
    with Grader(GradingSettings(workers=1, timeout_seconds=60)) as grader:
        return result_of(next(iter(grader.compare([(given["gold"], given["pred"])]))).verdict)


def _screen(given: Case) -> CheckResult:
    with Sandbox(SandboxSettings(workers=1)) as sandbox:
        return check_programs([given["code"]], CONFIG, sandbox)[0]


def _run(given: Case) -> CheckResult:
    with Sandbox(SandboxSettings(workers=1)) as sandbox:
        return result_of(next(iter(sandbox.run([Job(code=given["code"])]))).verdict)


CHECKS: Mapping[str, Callable[[Case], CheckResult]] = {
    "equations": _look("equations"),
    "grading": _grade,
    "answer extraction": _look("answer"),
    "steps": _look("steps"),
    "leaks": _look("problem"),
    "screen": _screen,
    "exec": _run,
    "decontamination": _look("overlap"),
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
