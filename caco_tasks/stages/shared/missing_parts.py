"""A reply that lacks what was asked for: the verdict, with the part of the text that a reader looks at first."""

from caco_tasks.records import Reason, Verdict, fail

MAX_CHARS = 120


def no_final_answer(text: str | None) -> Verdict:
    """A solution that comes to no answer, and how it ends.

    >>> no_final_answer("So she has\\nsome left.").detail
    'it ends: So she has some left.'
    """
    words = " ".join((text or "").split())
    return fail(Reason.NO_FINAL_ANSWER, f"it ends: {words[-MAX_CHARS:]}" if words else "the solution is empty")


def no_code_found(text: str | None) -> Verdict:
    """A reply without a program, and how it begins."""
    words = " ".join((text or "").split())
    return fail(Reason.NO_CODE_FOUND, f"it begins: {words[:MAX_CHARS]}" if words else "the reply is empty")
