"""Annotated word problems: GSM8K, SVAMP, ASDiv, MAWPS and its kin in the format of MWPToolkit, and MathQA.

Each function takes one record as its authors publish it; the annotation is what a converter needs to write a program.
"""

import re

from caco_tasks.sources.fields import (
    Row,
    answer_text,
    identifier,
    joined,
    optional_text,
    scaled_difficulty,
    slug,
    text,
    text_list,
)
from caco_tasks.sources.reading import Fields

ASDIV_GRADES = 6

_ANSWER_WITH_UNIT = re.compile(r"(.*\S) *\(([^\d)][^)]*)\)")
_OPTION = re.compile(r"(?:^|, ?)[\"']?([a-e]) ?\) ?")


def gsm8k(row: Row) -> Fields:
    """GSM8K: the solution keeps its calculator annotations; gold is what follows `####`, without thousands commas."""
    solution = text(row, "answer")
    return Fields(problem=text(row, "question"), solution=solution, answer=answer_after_mark(solution))


def svamp(row: Row) -> Fields:
    """SVAMP: body and question are one problem; the annotation is its equation."""
    return Fields(
        key=identifier(row, "ID"),
        problem=_body_and_question(row),
        answer=answer_text(row, "Answer"),
        annotation={"equation": text(row, "Equation"), "type": optional_text(row, "Type")},
    )


def asdiv(row: Row) -> Fields:
    """ASDiv: `9 (apples)` is the answer 9 in the unit apples; several answers are joined by "; "."""
    parts = [part.strip() for part in (optional_text(row, "Answer") or "").split(";") if part.strip()]
    matches = [(part, _ANSWER_WITH_UNIT.fullmatch(part)) for part in parts]
    answers = [(match[1], match[2].strip()) if match else (part, None) for part, match in matches]
    grade = optional_text(row, "Grade")  # of a school: "K" and others have no place on the scale
    annotation = {
        "formula": text(row, "Formula"),
        "answer_unit": "; ".join(unit for _, unit in answers if unit) or None,
        "type": optional_text(row, "Solution-Type"),
    }
    return Fields(
        key=identifier(row, "ID"),
        problem=_body_and_question(row),
        answer=joined(answer for answer, _ in answers),
        annotation=annotation,
        difficulty=scaled_difficulty(int(grade), top=ASDIV_GRADES) if grade in set("123456") else None,
    )


def mawps(row: Row) -> Fields:
    """MAWPS, DRAW-1K and ALG514 in their own format (`sQuestion`, `lEquations`), or as MWPToolkit rewrites them."""
    if "sQuestion" not in row:
        return mwptoolkit(row)
    return Fields(
        key=identifier(row, "iIndex"),
        problem=text(row, "sQuestion"),
        answer=answer_text(row, "lSolutions"),
        annotation={"equation": " ; ".join(text_list(row, "lEquations"))},
    )


def mwptoolkit(row: Row) -> Fields:
    """DRAW-1K, ALG514 and others in the format of MWPToolkit: equations joined by " ; ", and the text's numbers."""
    annotation = {
        "equation": text(row, "equation"),
        "numbers": row.get("number list"),
        "number_positions": row.get("number_position"),  # word of the text, counted from 0
    }
    return Fields(
        key=identifier(row, "id"),
        problem=text(row, "original_text"),
        answer=answer_text(row, "ans"),
        annotation=annotation,
    )


def mathqa(row: Row) -> Fields:
    """MathQA: the answer is the text of the right option; none where that option says "none of these"."""
    options = read_options(text(row, "options"))
    correct = text(row, "correct").strip()
    annotation = {
        "linear_formula": text(row, "linear_formula"),
        "annotated_formula": text(row, "annotated_formula"),
        "options": options,
        "correct": correct,
        "rationale": optional_text(row, "Rationale"),
    }
    gold = options.get(correct, "")
    return Fields(
        problem=text(row, "Problem"),
        solution=optional_text(row, "Rationale"),
        answer=None if not gold or gold.startswith("none") else gold,
        annotation=annotation,
        domain=slug(row.get("category")),
    )


def answer_after_mark(solution: str) -> str | None:
    """What follows the last `####` of a solution, without thousands commas; None where there is nothing."""
    _, mark, gold = solution.rpartition("####")
    return (gold.strip().replace(",", "") or None) if mark else None


def read_options(options: str) -> dict[str, str]:
    """The options of MathQA by letter, from either of its formats: `a ) 24 , b ) 120` or `['a ) 24', 'b ) 120']`."""
    is_list = options.startswith("[") and options.endswith("]")
    _, *parts = _OPTION.split(options[1:-1] if is_list else options)
    letters, texts = parts[::2], parts[1::2]
    return {letter: option.strip(" '\"" if is_list else None) for letter, option in zip(letters, texts, strict=True)}


def _body_and_question(row: Row) -> str:
    return f"{(optional_text(row, 'Body') or '').strip()} {text(row, 'Question').strip()}"
