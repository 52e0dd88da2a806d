"""Competition mathematics: MATH, DeepScaleR, Big-Math, Omni-MATH and OlympiadBench."""

import re
from math import isfinite
from typing import Any

from caco_tasks.sources.fields import (
    RecordError,
    Row,
    answer_text,
    broadest_topic,
    last_boxed,
    number_text,
    optional_text,
    scaled_difficulty,
    slug,
    text,
    value,
)
from caco_tasks.sources.reading import Fields

OLYMPIAD_TOP = 10  # difficulties are those of the Olympiad scale, 1 to 10


def math(row: Row) -> Fields:
    r"""MATH: gold is the field `answer` where there is one, else the last `\boxed{}` of the solution."""
    if "answer" not in row and "solution" not in row:
        raise RecordError("the fields 'solution' and 'answer' are both missing")
    solution = optional_text(row, "solution")
    # `Level 3` or 3 in `level`; some copies have a number in `difficulty` instead
    level = re.fullmatch(r"(?:Level )?([1-5])", str(row.get("level")))
    difficulty = int(level[1]) if level else None
    return Fields(
        problem=text(row, "problem"),
        solution=solution,
        answer=answer_text(row, "answer") if "answer" in row else last_boxed(solution or ""),
        domain=slug(row.get("type") or row.get("subject")),
        difficulty=scaled_difficulty(row["difficulty"], top=5) if "difficulty" in row else difficulty,
    )


def deepscaler(row: Row) -> Fields:
    """DeepScaleR: problem, final answer and a solution where known; AIME rows are keyed by year, exam and number."""
    parts = [row.get(name) for name in ("year", "aime_number", "problem_number")]
    return Fields(
        key="-".join(map(str, parts)) if all(isinstance(part, int) for part in parts) else None,
        problem=text(row, "problem"),
        solution=row.get("solution"),
        answer=answer_text(row, "answer"),
        domain=slug(row.get("type")),
        difficulty=scaled_difficulty(row.get("difficulty"), top=OLYMPIAD_TOP),
    )


def big_math(row: Row) -> Fields:
    """Big-Math: the annotation keeps which dataset a problem is from and how often an 8B model solved it (0 to 1)."""
    rate = row.get("llama8b_solve_rate")
    is_rate = not isinstance(rate, float) or isfinite(rate)  # tables write NaN where there is none
    return Fields(
        problem=text(row, "problem"),
        answer=answer_text(row, "answer"),
        annotation={"solve_rate": rate if is_rate else None, "origin": optional_text(row, "source")},
        domain=broadest_topic(row.get("domain")),
        licence=row.get("license") or row.get("licence"),
    )


def omni_math(row: Row) -> Fields:
    """Omni-MATH: one or more domains as paths, difficulties of the Olympiad scale; the annotation keeps the contest."""
    return Fields(
        problem=text(row, "problem"),
        solution=row.get("solution"),
        answer=answer_text(row, "answer"),
        annotation={"origin": row.get("source"), "domains": row.get("domain")},
        domain=broadest_topic(row.get("domain")),
        difficulty=scaled_difficulty(row.get("difficulty"), top=OLYMPIAD_TOP),
    )


def olympiadbench(row: Row) -> Fields:
    """OlympiadBench: what stands in `context` comes before the question; of several solutions the first is taken.

    The annotation keeps what a comparison with gold needs to know: type and unit of the answer, the tolerated error.
    """
    solutions = row.get("solution")
    parts = [optional_text(row, "context"), text(row, "question")]
    return Fields(
        key=row.get("id"),
        problem="\n\n".join(part for part in parts if part),
        solution=solutions[0] if isinstance(solutions, list) and solutions else solutions,
        answer=answer_text(row, "final_answer"),
        annotation={name: row.get(name) for name in ("answer_type", "is_multiple_answer", "unit", "error")},
        domain=slug(row.get("subfield")),
    )


def theoremqa(row: Row) -> Fields:
    """TheoremQA: a list is one answer, as its order counts: [1, 0, 1]; some problems need the picture that they name."""
    found = value(row, "Answer")
    return Fields(
        key=row.get("id"),
        problem=text(row, "Question"),
        answer=_ordered_text(found) if isinstance(found, list) else answer_text(row, "Answer"),
        annotation={
            "answer_type": row.get("Answer_type"),
            "theorem": row.get("theorem"),
            "picture": _picture_name(row.get("Picture")),
        },
        domain=slug(row.get("subfield")),
    )


def _picture_name(found: Any) -> Any:
    return found.get("path") if isinstance(found, dict) else found  # on the Hub the picture itself is beside its name


def _ordered_text(items: list[Any]) -> str | None:
    parts = [number_text(item, "Answer") for item in items]
    return f"[{', '.join(part or '' for part in parts)}]" if parts and all(parts) else None
