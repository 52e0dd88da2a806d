"""Competition mathematics: MATH, DeepScaleR and Big-Math."""

import re

from caco_tasks.sources.fields import (
    RecordError,
    Row,
    answer_text,
    last_boxed,
    optional_text,
    scaled_difficulty,
    slug,
    text,
)
from caco_tasks.sources.reading import Fields

DEEPSCALER_TOP = 10  # difficulties are those of the Olympiad scale, 1 to 10


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
        domain=slug(optional_text(row, "type") or optional_text(row, "subject")),
        difficulty=scaled_difficulty(row["difficulty"], top=5) if "difficulty" in row else difficulty,
    )


def deepscaler(row: Row) -> Fields:
    """DeepScaleR: problem, final answer and a solution where known; AIME rows are keyed by year, exam and number."""
    parts = [row.get(name) for name in ("year", "aime_number", "problem_number")]
    return Fields(
        key="-".join(map(str, parts)) if all(isinstance(part, int) for part in parts) else None,
        problem=text(row, "problem"),
        solution=optional_text(row, "solution"),
        answer=answer_text(row, "answer"),
        domain=slug(optional_text(row, "type")),
        difficulty=scaled_difficulty(row.get("difficulty"), top=DEEPSCALER_TOP),
    )


def big_math(row: Row) -> Fields:
    """Big-Math: the annotation keeps which dataset a problem is from and how often an 8B model solved it (0 to 1)."""
    domain = row.get("domain")
    first = domain[0] if isinstance(domain, list) and domain else domain
    # a path such as `Mathematics -> Algebra -> ...`: the second name is the broadest that says something
    names = [name.strip() for name in first.split("->")] if isinstance(first, str) else [None]
    return Fields(
        problem=text(row, "problem"),
        answer=answer_text(row, "answer"),
        annotation={"solve_rate": row.get("llama8b_solve_rate"), "origin": optional_text(row, "source")},
        domain=slug(names[min(1, len(names) - 1)]),
        licence=optional_text(row, "license") or optional_text(row, "licence"),
    )
