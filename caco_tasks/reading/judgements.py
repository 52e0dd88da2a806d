r"""The verdict that a judge's reply states, whatever form it takes: JSON, a label, a box, or a sentence at its end.

What counts is what is stated last and plainly. An object, a box (`\boxed{no}`), a mark (`[[A!=B]]`) and a label ("Final
verdict: wrong") are statements; those of a reply must agree, but a later object stands for an earlier one when words lie
between them, which is how a model corrects itself. Without any of these the reply's first and last sentences count. Where
statements differ, or the first or last sentence says the opposite, nobody can tell, and there is no verdict. Codes (`1`,
`0`, `GRADE: C`) mean what a prompt made them mean: they count only where the reply says the same in words.

>>> read_judgement(r'The area is \(12\). {"verdict": "No", "first_disagreeing_step": "2", "reason": "\sqrt{2} is lost"}')
'no'
>>> read_judgement("Is the answer correct (Yes/No)? Yes"), read_judgement("It is mostly right.")
('yes', None)
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from caco_tasks.boxed import find_boxes
from caco_tasks.reading.judgement_objects import (
    FoundObject,
    fields_verdict,
    find_objects,
    read_reason,
    read_step,
    states_verdict,
)
from caco_tasks.reading.turn import read_turn
from caco_tasks.reading.verdict_words import OPPOSITE, VerdictWord, claim_verdict, is_hedged, phrase_verdict

# a reply that ends ill-posed may begin otherwise: it began to solve the problem
_OUTSIDE = OPPOSITE | {"ill-posed": frozenset[VerdictWord | None]()}
MAX_BOXES = 40  # of a reply, from its end
CLOSING_SENTENCES = 6  # of a reply's end, in which a code must be said in words

_NOUN = r"(?:verdict|judge?ment|decision|ruling|grade|answer|conclusion|assessment|evaluation|result|outcome|rating)"
_LABEL = re.compile(
    r"(?:^|(?<=[.!?] ))[^\w\n(\[{\"'“‘]{0,12}(?:\d{1,2}[.)]\s?)?[*_#\s]{0,6}"
    r"(?:(?:therefore|thus|so|hence|overall|in conclusion|in summary|accordingly),?\s)?(?:(?:my|the|our|your|this)\s)?"
    rf"(?P<final>(?:final|overall)\s)?(?P<noun>{_NOUN})\s?[*_`\"']{{0,4}}\s?"
    r"(?P<colon>(?:is|was)\b\s?:?|[:：=]|-+>|→|[–—-]|(?=[*_\s]*\n))(?P<value>[^\n]*)(?=(?:\n\s*(?P<next>[^\n]+))?)",
    re.IGNORECASE | re.MULTILINE,
)
_WEAK = ("conclusion", "assessment", "evaluation", "result", "outcome", "rating")  # logs use them for single steps
_ASKED = re.compile(
    r"(?P<question>[^.?!\n]{3,200}\?)[\s*_\"')\]]{0,6}(?:\([^)\n]{1,20}\)[\s:]{0,3})?(?:answer:\s?)?"
    r"(?P<value>\**(?:yes|no)\b[^\n]{0,200})",
    re.IGNORECASE,
)
_ASKED_FOR_FAULTS = re.compile(
    r"\b(?:errors?|mistakes?|wrong|incorrect|flaws?|gaps?|disagree\w*|inconsisten\w*|contradict\w*|differ\w*|ill-posed|"
    r"unanswerable|invalid|missing|fail\w*)\b",
    re.IGNORECASE,
)
_ASKED_FOR_RIGHT = re.compile(
    r"\b(?:correct\w*|right|valid|equivalent|same|equal|consistent|match\w*|agree\w*|belong|sound|acceptable|true)\b",
    re.IGNORECASE,
)
_ASKED_FOR_POSED = re.compile(r"\b(?:answerable|well[- ]posed|solvable|be (?:answered|solved))\b", re.IGNORECASE)
_MARK = re.compile(r"\[\[\s*([^\[\]\n]{1,40}?)\s*\]\]")
_TAGGED = re.compile(rf"<({_NOUN})>([^<>]{{1,200}})</\1>", re.IGNORECASE)
_EQUAL, _UNEQUAL = re.compile(r"A\s*==?\s*B"), re.compile(r"A\s*(?:!=|≠|<>|/=)\s*B")
_CODES: dict[str, VerdictWord] = {"1": "yes", "0": "no", "C": "yes", "I": "no"}
_STEP = re.compile(
    r"first (?:disagreeing|error|wrong|incorrect|mistaken)(?: step)?\W{1,6}(?:step\W{0,3})?(\d{1,4})\b", re.IGNORECASE
)
_FENCE = re.compile(r"^[ \t]*```\w*[ \t]*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge states."""

    verdict: VerdictWord
    step: int | None = None  # the first step of the solution that disagrees, from 1; None: it names none
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Statement:
    verdict: VerdictWord | None  # None: it hedges
    kind: str  # "object", "mark", "final", "label", "answer", "question" or "weak"


def read_judgement(text: str) -> VerdictWord | None:
    """The verdict that a reply states plainly; None where it states none, hedges or contradicts itself."""
    opinion = read_opinion(text)
    return opinion.verdict if opinion is not None else None


def read_opinion(text: str) -> Opinion | None:
    """The verdict of a reply, with the step and the reason that stand with it; None as `read_judgement`."""
    reply = _FENCE.sub("", read_turn(text)[0]).strip()
    objects = [one for one in find_objects(reply) if states_verdict(one.fields)]
    prose = _without(reply, [(one.start, one.end) for one in objects])
    verdict = _verdict(reply, objects, prose)
    if verdict is None:
        return None
    last = objects[-1].fields if objects else {}
    found = _STEP.search(prose)
    step = read_step(last) if objects else int(found[1]) or None if found else None
    return Opinion(verdict, step if verdict != "yes" else None, read_reason(last))


def _verdict(reply: str, objects: Sequence[FoundObject], prose: str) -> VerdictWord | None:
    stated_by_objects = [_object_statement(reply, objects)] if objects else []
    statements = _strongest([*stated_by_objects, *_marks(prose), *_labels(prose), *_questions(prose)])
    stated = {statement.verdict for statement in statements}
    if len(stated) > 1:
        return None
    sentences = [one for one in _SENTENCE.split(prose) if re.search(r"[^\W\d_]{2}", one)]
    code = _code(prose)
    if stated:
        verdict = stated.pop()
    elif code is not None:
        said = {claim_verdict(sentence) for sentence in sentences[-CLOSING_SENTENCES:]} - {None}
        verdict = code if said == {code} else None
    else:
        verdict = _said_in_sentences(prose, sentences)
    if verdict is None or (objects and verdict == "no"):
        return verdict  # in front of an object, "the answer is right" may be one finding of several
    outer = {claim_verdict(sentence) for sentence in (*sentences[:1], *sentences[-1:])}
    return None if outer & _OUTSIDE[verdict] else verdict


def _object_statement(reply: str, objects: Sequence[FoundObject]) -> _Statement:
    """What the last object says; nothing where one beside it says something else."""
    last = fields_verdict(objects[-1].fields)
    for before, after in pairwise(objects):
        between = reply[before.end : after.start]
        is_corrected = re.search(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}", between)  # words that tell why
        if fields_verdict(before.fields) != last and not is_corrected:
            return _Statement(None, "object")
    return _Statement(last, "object")


def _marks(prose: str) -> Iterator[_Statement]:
    """Boxes and double brackets that hold a verdict in words."""
    for box in islice(find_boxes(prose), MAX_BOXES):
        verdict = phrase_verdict(box.content)
        if verdict is not None:
            yield _Statement(verdict, "mark")
    for tag in _TAGGED.finditer(prose):
        if (verdict := phrase_verdict(tag[2])) is not None:
            yield _Statement(verdict, "mark")
    for mark in _MARK.finditer(prose):
        if _EQUAL.fullmatch(mark[1]) or _UNEQUAL.fullmatch(mark[1]):
            yield _Statement("yes" if _EQUAL.fullmatch(mark[1]) else "no", "mark")
        elif (verdict := phrase_verdict(mark[1])) is not None:
            yield _Statement(verdict, "mark")


def _labels(prose: str) -> Iterator[_Statement]:
    """What stands behind a label, on its line or on the next."""
    for label in _LABEL.finditer(prose):
        value = label["value"].strip(" \t*_`")
        if not value:
            value = (label["next"] or "").strip()
        first = re.split(r"(?<=[.!?])\s", value, maxsplit=1)[0]
        verdict = phrase_verdict(value) or (claim_verdict(first) if value.rstrip(".") else None)
        if verdict is None and not is_hedged(value):
            continue
        noun = label["noun"].lower()
        if label["final"] and noun not in ("answer", "result"):
            yield _Statement(verdict, "final")
        else:
            yield _Statement(verdict, "weak" if noun in _WEAK else "answer" if noun == "answer" else "label")


def _questions(prose: str) -> Iterator[_Statement]:
    """Yes or no behind a question whether something is right; questions for faults are passed over."""
    for asked in _ASKED.finditer(prose):
        question, said = asked["question"], phrase_verdict(asked["value"])
        if said is None or _ASKED_FOR_FAULTS.search(question):
            continue
        if _ASKED_FOR_POSED.search(question):
            yield _Statement("yes" if said == "yes" else "ill-posed", "question")
        elif _ASKED_FOR_RIGHT.search(question):
            yield _Statement(said, "question")


def _strongest(statements: Iterable[_Statement]) -> list[_Statement]:
    """Those that count: what is said of the parts of a solution does not where the whole has a statement of its own."""
    found = list(statements)
    kinds = {one.kind for one in found}
    if "final" in kinds:
        passed_over = {"label", "answer", "question", "weak"}
    elif "object" in kinds:
        passed_over = {"answer", "question", "weak"}  # on the way to it
    elif kinds & {"mark", "label", "answer"}:
        passed_over = {"question", "weak"}
    else:
        passed_over = {"weak"} if "question" in kinds else set()
    return [one for one in found if one.kind not in passed_over]


def _code(prose: str) -> VerdictWord | None:
    """The verdict of a code: a boxed 1 or 0, or a grade C or I."""
    box = next(find_boxes(prose), None)
    if box is not None and box.content.strip() in ("1", "0"):
        return _CODES[box.content.strip()]
    grades = re.findall(r"\bGRADE\W{1,4}([CI])\b", prose)
    return _CODES[grades[-1]] if grades and len(set(grades)) == 1 else None


def _said_in_sentences(prose: str, sentences: list[str]) -> VerdictWord | None:
    """What the first line or the last says; None where the two differ."""
    lines = [line for line in prose.split("\n") if line.strip()]
    if not sentences:
        return None
    last = [parts[-1] for parts in (lines, sentences) if not "".join(parts[-2:-1]).rstrip(" *_").endswith("?")]
    phrases = (lines[0], *last)  # a bare "no" behind a question may answer anything
    if any(is_hedged(phrase) for phrase in phrases):
        return None
    said = {phrase_verdict(phrase) for phrase in phrases}
    said |= {claim_verdict(sentence) for sentence in (*sentences[:1], *sentences[-1:])}
    said -= {None}
    return said.pop() if len(said) == 1 else None


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without some places of it."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + "\n" + text[end:]
    return text
