"""Texts that are known to be right, as their authors publish them: what a check says against one is a false alarm.

Public data of `$CACO_PUBLIC_DATA`; whatever is not there is left out. `steps_wrong` has mistakes, for what is to be caught.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from public_files import find_public

from caco_tasks.boxed import last_box

ONE_IN = 5  # of the solutions of MATH, for the checks that take long

_ANNOTATION = re.compile(r"<<[^<>]*>>")
_COMPUTED = re.compile(
    r"<<[^<>=]*[-+*/][^<>=]*=(\d{1,9})>>\1(?![\d.,/]\d)"
)  # what a calculator computed, and its result


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownText:
    """A right solution, or a marked mistake."""

    of: str  # source and subject, a row of the table
    problem: str
    text: str
    answer: str | None = None


def load_lines(name: str) -> list[dict[str, Any]]:
    """The records of a file; none where it is not on this machine."""
    path = find_public(name)
    return [] if path is None else [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def math_solutions(*, one_in: int = 1) -> list[KnownText]:
    """Solutions of MATH, written by people; of `one_in` of them one, chosen by hash."""
    return [
        KnownText(
            of=f"MATH: {row['type']}", problem=row["problem"], text=row["solution"], answer=_boxed(row["solution"])
        )
        for row in load_lines("math/train_7500_with_solutions.jsonl")
        if hashlib.sha256(row["problem"].encode()).digest()[-1] % one_in == 0
    ]


def gsm8k_solutions() -> list[KnownText]:
    """Solutions of GSM8K, written by people, without the annotations of a calculator."""
    return [
        KnownText(
            of="GSM8K", problem=row["question"], text=_ANNOTATION.sub("", row["answer"]),
            answer=row["answer"].rpartition("#### ")[2],
        )
        for row in load_lines("gsm8k/train.jsonl")
    ]  # fmt: skip


def rated_solutions() -> list[KnownText]:
    """Solutions whose steps people rated right, and solutions of models that come to the right answer."""
    rated = [
        KnownText(of="PRM800K, by people", problem=row["problem"], text="\n".join(row["steps"]))
        for row in load_lines("solutions_right/prm800k.jsonl")
    ]
    modelled = [
        KnownText(of=f"models: {row['kind']}", problem=row["problem"], text=row["reply"], answer=str(row["gold"]))
        for row in load_lines("solutions_right/llm.jsonl")
        if row["is_right"]
    ]
    return rated + modelled


def replies(*, are_right: bool) -> list[KnownText]:
    """Whole replies of models to problems with a gold answer."""
    return [
        KnownText(of=f"replies: {row['kind']}", problem=row["problem"], text=row["reply"], answer=str(row["gold"]))
        for row in load_lines("replies/solutions.jsonl")
        if row["is_right"] is are_right and row["label_from"] != "unsure"
    ]


def marked_mistakes() -> list[KnownText]:
    """Multistep arithmetic with a first step that people marked as a mistake: that step alone, and the whole solution.

    `agree` reads whole solutions; a step alone says which statement was found.
    """
    marked = [row for row in load_lines("steps_wrong/bbm.jsonl") if row["first_wrong"] is not None]
    return [
        *(
            KnownText(
                of="BIG-Bench-Mistake, marked steps", problem=row["problem"], text=row["steps"][row["first_wrong"]]
            )
            for row in marked
        ),
        *(
            KnownText(of="BIG-Bench-Mistake, whole solutions", problem=row["problem"], text="\n".join(row["steps"]))
            for row in marked
        ),
    ]


def changed_results() -> list[KnownText]:
    """Solutions of GSM8K in which the first result that was computed is one too large: each has a false statement."""
    texts = []
    for row in load_lines("gsm8k/train.jsonl"):
        text, count = _COMPUTED.subn(lambda found: f"{int(found[1]) + 1}", row["answer"], count=1)
        if count:
            text = _ANNOTATION.sub("", text)
            texts.append(KnownText(of="GSM8K, one result changed", problem=row["question"], text=text))
    return texts


def steps_before_mistakes() -> list[KnownText]:
    """The steps before the first marked mistake, or all where there is none and the answer is right: all right."""
    return [
        KnownText(
            of="BIG-Bench-Mistake, before", problem=row["problem"], text="\n".join(row["steps"][: row["first_wrong"]])
        )
        for row in load_lines("steps_wrong/bbm.jsonl")
        if row["first_wrong"] is not None or row["answer_right"]
    ]


def answer_pairs() -> Iterator[tuple[str, str, str, bool]]:
    """Set, gold, prediction, and whether they are equal; conventions that can be held either way are left out."""
    for name in ("cases", "kas"):
        for row in load_lines(f"answers/{name}.jsonl"):
            if "policy" not in row["tags"]:
                yield name, row["gold"], row["pred"], row["equal"]


def _boxed(solution: str) -> str | None:
    box = last_box(solution)
    return None if box is None else box.content
