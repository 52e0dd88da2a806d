"""What others made of the problems of GSM8K's test part: GSM-Plus varies them, GSM-Symbolic makes templates of them."""

from caco_tasks.sources.fields import Row, answer_text, identifier, text
from caco_tasks.sources.reading import Fields
from caco_tasks.sources.word_problems import answer_after_mark

_NO_ANSWER = {"none", "null"}  # as some copies write null


def gsm_plus(row: Row) -> Fields:
    """GSM-Plus: the annotation keeps what was varied, and the original; a problem that lacks a number has no answer."""
    answer = answer_text(row, "answer")
    return Fields(
        key=row.get("id"),
        problem=text(row, "question"),
        solution=row.get("solution"),
        answer=None if answer is not None and answer.lower() in _NO_ANSWER else answer,
        annotation={
            "variation": row.get("perturbation_type", row.get("kind")),
            "seed_question": row.get("seed_question"),
            "seed_answer": row.get("seed_answer"),
        },
    )


def gsm_symbolic(row: Row) -> Fields:
    """GSM-Symbolic: its templates, or the problems drawn from them, which the annotation says what they are drawn from.

    Of a template, problem and answer are those of GSM8K. Its `question_template` has variables with their examples,
    `{x,10}`, then their ranges, conditions and the formula of the answer; those of the sets `p1` and `p2` ask for one or
    two steps more than the problem.
    """
    solution = text(row, "answer")
    if "question_annotated" in row:
        key = row.get("id", row.get("id_orig"))
        parts = {"question_template": "question_annotated", "answer_template": "answer_annotated"}
    else:
        key = f"{identifier(row, 'id')}-{identifier(row, 'instance')}"
        parts = {"seed_question": "original_question", "seed_answer": "original_answer"}
    return Fields(
        key=key,
        problem=text(row, "question"),
        solution=solution,
        answer=answer_after_mark(solution),
        annotation={name: text(row, column) for name, column in parts.items()},
    )
