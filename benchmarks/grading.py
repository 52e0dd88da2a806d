"""How fast and how right answers are compared, beside math-verify alone on the same pairs.

The mix is that of the pipeline: nine in ten pairs are whole numbers, the rest fractions, decimals, expressions, lists and
words; one in four is wrong. Both sides run on one core in this process (`Grader` sends a pair to a worker only when it must).
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from caco_tasks.config import GradingSettings
from caco_tasks.grading import VERSION, Grader
from caco_tasks.records import Outcome

sys.path.insert(0, str(Path(__file__).parent))
from public_files import find_public

PAIRS = 20_000
PLAIN_PAIRS = 200  # math-verify is given so many of them

_OTHERS: tuple[Callable[[int], tuple[str, str]], ...] = (
    lambda n: (f"{n}/{n + 1}", f"Fraction({n}, {n + 1})"),
    lambda n: (rf"\frac{{{n}}}{{{n + 1}}}", f"{2 * n}/{2 * n + 2}"),
    lambda n: (f"{n}.5", f"{n}.5000000000000001"),
    lambda n: (rf"{n}\sqrt{{2}}", f"{n}*sqrt(2)"),
    lambda n: (f"x^2-{n}", f"x**2 - {n}"),
    lambda n: (f"{n}, {n + 1}", f"[{n}, {n + 1}]"),
    lambda n: ("Yes", "True"),
    lambda n: (f"({n}, {n + 2})", f"({n}, {n + 2})"),
)


def bench() -> dict[str, Any]:
    """Pairs per second of the grader and of math-verify, their ratio, and accuracy on the public cases if they are at hand."""
    pairs = mix(PAIRS)
    ours = _pairs_per_second(pairs)
    plain = _plain_pairs_per_second(pairs[:PLAIN_PAIRS])
    figures = {
        "version": VERSION,
        "pairs": PAIRS,
        "pairs_per_second": round(ours),
        "plain_math_verify_pairs_per_second": round(plain, 1),
        "times_faster": round(ours / plain, 1),
    }
    cases = find_public("answers/cases.jsonl")
    return {**figures, "public_cases": _accuracy(cases)} if cases else figures


def mix(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` pairs of gold and prediction as the pipeline sees them; the same for the same seed."""
    chance = random.Random(seed)
    pairs: list[tuple[str, str]] = []
    for _ in range(count):
        number = chance.randrange(2, 5000)
        gold, pred = (str(number), str(number)) if chance.random() < 0.9 else chance.choice(_OTHERS)(number)
        pairs.append((gold, pred if chance.random() < 0.75 else str(number + 1)))
    return pairs


def _pairs_per_second(pairs: list[tuple[str, str]]) -> float:
    with Grader(GradingSettings(workers=1)) as grader:
        started = time.perf_counter()
        decided = sum(1 for _ in grader.compare(pairs))
        return decided / (time.perf_counter() - started)


def _plain_pairs_per_second(pairs: list[tuple[str, str]]) -> float:
    from math_verify import parse, verify

    started = time.perf_counter()
    for gold, pred in pairs:
        verify(parse(f"${gold}$"), parse(f"${pred}$"))
    return len(pairs) / (time.perf_counter() - started)


def _accuracy(path: Path) -> dict[str, Any]:
    """Right, false equal and unknown, of the scored public cases; and which methods decided."""
    cases = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    scored = [case for case in cases if "policy" not in case["tags"]]
    with Grader(GradingSettings(workers=1)) as grader:
        found = list(grader.compare((case["gold"], case["pred"]) for case in scored))
    equal = [comparison.verdict.kept for comparison in found]
    unknown = sum(comparison.verdict.outcome is Outcome.UNKNOWN for comparison in found)
    right = sum(
        comparison.verdict.outcome is not Outcome.UNKNOWN and comparison.verdict.kept == case["equal"]
        for case, comparison in zip(scored, found, strict=True)
    )
    false_equal = sum(said and not case["equal"] for case, said in zip(scored, equal, strict=True))
    return {
        "scored": len(scored),
        "right": right,
        "right_share": round(right / len(scored), 4),
        "false_equal": false_equal,
        "unknown": unknown,
        "slowest_seconds": round(max(comparison.seconds for comparison in found), 3),
        "methods": dict(Counter(comparison.method for comparison in found).most_common()),
    }
