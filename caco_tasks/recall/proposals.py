"""What a recall proposes for each descendant: withdraw what the ancestor wrote, verify again what it let pass, keep the rest.

The proposal follows from three things: what the ancestor is, how near the descendant is, and what that is.

| descendant | of a source, seed or program | of a model or prompt that wrote | of one that judged, a check, a sandbox |
|---|---|---|---|
| CodeGen, student or rows, direct | withdraw | withdraw | re-verify |
| the same, through a model | re-verify | re-verify | re-verify |
| run, evaluation | keep | keep | keep |
| sample that was rejected as like a bad one | re-verify | – | – |
"""

from collections.abc import Mapping, Set

from caco_tasks.format import format_count, format_part
from caco_tasks.recall.ancestors import OF_SEEDS, Ancestor
from caco_tasks.recall.descendants import COUNTED, Action, Degree, Thing

WRITERS = frozenset(
    ("unify", "train", "sample", "reverse", "solve", "student")
)  # stages whose model writes what is published

_WAYS: Mapping[Degree, str] = {"direct": "", "through a model": ", through a model that learnt from it"}


def propose(kind: Thing, degree: Degree, ancestor: Ancestor, asked: Set[str], *, state: str) -> Action:
    """What to do about a descendant; `asked` are the stages that asked the ancestor, `state` that of a dataset."""
    if kind in ("run", "evaluation") or (kind == "dataset" and state == "withdrawn"):
        return "keep"
    if kind == "sample":
        return "re-verify"
    has_written = ancestor.kind in OF_SEEDS or (ancestor.kind in ("model", "prompt") and asked & WRITERS)
    return "withdraw" if has_written and degree == "direct" else "re-verify"


def sentence_of(kind: Thing, degree: Degree, ancestor: Ancestor, *, part: int, whole: int, state: str) -> str:
    """How a descendant comes from the ancestor."""
    named = f"the {ancestor.kind.replace('-', ' ')} {ancestor.name}"
    if kind == "sample":
        return f"It was rejected ({state}) because something of {named} had come first: nobody looked at it further."
    share = f"{format_count(part)} of {format_count(whole)} {COUNTED[kind]} ({format_part(part, whole)})"
    told = f"Of {named} come {share}{_WAYS[degree]}."
    return f"{told} It is withdrawn already." if state == "withdrawn" else told
