"""Copies of benchmark items as they come about, each with the one change that copying makes, and problems that are none.

The items are those of GSM8K test and, for drawings, of MATH test, from `$CACO_PUBLIC_DATA`.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.decontamination.benchmarks import Item
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules

sys.path.insert(0, str(Path(__file__).parent))
from known_right import load_lines
from public_files import find_public
from verification import share

COPIED = 400  # items that are copied
SETTINGS = DecontaminationSettings()
UNRELATED = {
    "MAWPS": ("mawps/mawps_single_source.json", "sQuestion"),
    "MATH train": ("math/train_7500_with_solutions.jsonl", "problem"),
}

_DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
_WORDS = dict(zip("123456789", ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True))

CHANGES: Mapping[str, Callable[[str], str]] = {
    "word for word": lambda text: text,
    "numbers in bold": lambda text: re.sub(r"\d+(?:[.,]\d+)*", r"**\g<0>**", text),
    "characters that are not seen": lambda text: re.sub(r"\b(\w\w)(\w{2,})", "\\1\u200b\\2", text),
    "soft hyphens": lambda text: re.sub(r"\b(\w{3})(\w{3,})", "\\1\u00ad\\2", text),
    "spaces as HTML": lambda text: re.sub(r" (\w+) ", r"&nbsp;\1&nbsp;", text),
    "framed": lambda text: f"Question: {text}\nPlease reason step by step, and put the result into a box.",
    "numbers in words": lambda text: re.sub(r"(?<![\d.,/%$])[1-9](?![\d.,/%])", lambda digit: _WORDS[digit[0]], text),
}


def look_for_copies(each: int) -> dict[str, Any]:
    """Of each change the share of copies that is found, of at most `each`; and of unrelated problems what is rejected."""
    texts = [row["question"] for row in load_lines("gsm8k/test.jsonl")]
    index, some = _index(texts), texts[: min(each, COPIED)]
    figures: dict[str, Any] = {}
    for name, change in CHANGES.items():
        copies = [(text, change(text)) for text in some]
        changed = [copy for text, copy in copies if copy != text or name == "word for word"]
        figures[name] = {"found": share(_count_rejected(index, changed), len(changed))}
    drawn = [row["problem"] for row in load_lines("math/test.jsonl") if "[asy]" in row["problem"]]
    undrawn = [_DRAWING.sub("", text) for text in drawn[: min(each, COPIED)]]
    figures["without its drawing"] = {"found": share(_count_rejected(_index(drawn), undrawn), len(undrawn))}
    for name, (file, column) in UNRELATED.items():
        problems = [str(row[column]) for row in _records(file) if row.get(column)][: min(each, 10 * COPIED)]
        figures[f"unrelated: {name}"] = {"found": share(_count_rejected(index, problems), len(problems))}
    return figures


def _index(texts: Iterable[str]) -> BenchmarkIndex:
    items = [Item(benchmark="items", key=str(place), problem=text, answer=None) for place, text in enumerate(texts)]
    return BenchmarkIndex(items, SETTINGS)


def _count_rejected(index: BenchmarkIndex, problems: Iterable[str]) -> int:
    verdicts = (apply_overlap_rules(index.overlaps(problem), SETTINGS, stage="seeds")[0] for problem in problems)
    return sum(not verdict.kept for verdict in verdicts)


def _records(name: str) -> list[dict[str, Any]]:
    """The records of a file of JSON lines, or of one JSON list."""
    path = find_public(name)
    if path is None:
        return []
    if path.suffix == ".jsonl":
        return load_lines(name)
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found
