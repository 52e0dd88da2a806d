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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caco_tasks.boxed import find_boxes
from caco_tasks.reading.judgement_objects import fields_verdict, find_objects, read_reason, read_step
from caco_tasks.reading.turn import read_turn
from caco_tasks.reading.verdict_words import VerdictWord, claim_verdict, phrase_verdict

CLOSING_SENTENCES = 6  # of a reply's end, in which a code must be said in words

_NOUN = r"(?:verdict|judge?ment|decision|ruling|grade|answer|conclusion|assessment|evaluation|result|outcome|rating)"
_LABEL = re.compile(
    r"(?:^|(?<=[.!?] ))[^\w\n(\[{\"'“‘]{0,12}(?:\d{1,2}[.)]\s?)?[*_#\s]{0,6}"
    r"(?:(?:therefore|thus|so|hence|overall|in conclusion|in summary|accordingly),?\s)?(?:(?:my|the|our|your|this)\s)?"
    rf"(?P<final>(?:final|overall)\s)?(?P<noun>{_NOUN})\s?[*_`\"']{{0,4}}\s?"
    r"(?P<colon>(?:is|was)\b\s?:?|[:：=]|-+>|→|[–—-])(?P<value>[^\n]*)(?:\n\s*(?P<next>[^\n]+))?",
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
_EQUAL, _UNEQUAL = re.compile(r"A\s*==?\s*B"), re.compile(r"A\s*(?:!=|≠|<>|/=)\s*B")
_CODES: dict[str, VerdictWord] = {"1": "yes", "0": "no", "C": "yes", "I": "no"}
_STEP = re.compile(
    r"first (?:disagreeing|error|wrong|incorrect|mistaken)(?: step)?\W{1,6}(?:step\W{0,3})?(\d{1,4})\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge states."""

    verdict: VerdictWord
    step: int | None = None  # the first step of the solution that disagrees, from 1; None: it names none
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Statement:
    verdict: VerdictWord
    start: int
    kind: str  # "object", "mark", "final", "label" or "weak"


def read_judgement(text: str) -> VerdictWord | None:
    """The verdict that a reply states plainly; None where it states none, hedges or contradicts itself."""
    opinion = read_opinion(text)
    return opinion.verdict if opinion is not None else None


def read_opinion(text: str) -> Opinion | None:
    """The verdict of a reply, with the step and the reason that stand with it; None as `read_judgement`."""
    reply = read_turn(text)[0].strip()
    objects = [one for one in find_objects(reply) if fields_verdict(one.fields) is not None or one.fields.keys() & _OWN]
    prose = _without(reply, [(one.start, one.end) for one in objects])
    verdict = _verdict(reply, prose)
    if verdict is None:
        return None
    last = objects[-1].fields if objects else {}
    found = _STEP.search(prose)
    step = read_step(last) if objects else int(found[1]) or None if found else None
    return Opinion(verdict, step if verdict != "yes" else None, read_reason(last))


_OWN = {"verdict"}  # an object with this field is a statement, be it one that cannot be read


def _verdict(reply: str, prose: str) -> VerdictWord | None:
    found = _object_statement(reply)
    if found is None:
        return None
    statements = _strongest([*found, *_marks(prose), *_labels(prose), *_questions(prose)])
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
    outer = {claim_verdict(sentence) for sentence in (*sentences[:1], *sentences[-1:])}
    if verdict is None or outer & _OPPOSITE[verdict]:
        return None
    return verdict


_OPPOSITE: dict[VerdictWord, set[VerdictWord | None]] = {"yes": {"no", "ill-posed"}, "no": {"yes"}, "ill-posed": set()}


def _object_statement(reply: str) -> list[_Statement] | None:
    """The last object that states a verdict, as a list of one or none; None where objects contradict each other."""
    found = [one for one in find_objects(reply) if one.fields.keys() & _OWN or fields_verdict(one.fields) is not None]
    if not found:
        return []
    verdicts = [fields_verdict(one.fields) for one in found]
    last = verdicts[-1]
    if last is None:
        return None
    for before, after, verdict in zip(found, found[1:], verdicts, strict=False):
        between = reply[before.end : after.start]
        if verdict != last and not re.search(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}", between):
            return None  # side by side: no correction
    return [_Statement(last, found[-1].start, "object")]


def _marks(prose: str) -> Iterator[_Statement]:
    """Boxes and double brackets that hold a verdict in words."""
    for box in find_boxes(prose):
        verdict = phrase_verdict(box.content)
        if verdict is not None:
            yield _Statement(verdict, box.start, "mark")
    for mark in _MARK.finditer(prose):
        if _EQUAL.fullmatch(mark[1]) or _UNEQUAL.fullmatch(mark[1]):
            yield _Statement("yes" if _EQUAL.fullmatch(mark[1]) else "no", mark.start(), "mark")
        elif (verdict := phrase_verdict(mark[1])) is not None:
            yield _Statement(verdict, mark.start(), "mark")


def _labels(prose: str) -> Iterator[_Statement]:
    """What stands behind a label, on its line or on the next."""
    for label in _LABEL.finditer(prose):
        value = label["value"].strip(" \t*_`")
        if not value:
            value = (label["next"] or "").strip()
        first = re.split(r"(?<=[.!?])\s", value, maxsplit=1)[0]
        verdict = phrase_verdict(value) or (claim_verdict(first) if value.rstrip(".") else None)
        if verdict is None:
            continue
        noun = label["noun"].lower()
        kind = "final" if label["final"] and noun not in ("answer", "result") else "weak" if noun in _WEAK else "label"
        yield _Statement(verdict, label.start(), kind)


def _questions(prose: str) -> Iterator[_Statement]:
    """Yes or no behind a question whether something is right; questions for faults are passed over."""
    for asked in _ASKED.finditer(prose):
        question, said = asked["question"], phrase_verdict(asked["value"])
        if said is None or _ASKED_FOR_FAULTS.search(question):
            continue
        if _ASKED_FOR_POSED.search(question):
            yield _Statement("yes" if said == "yes" else "ill-posed", asked.start(), "label")
        elif _ASKED_FOR_RIGHT.search(question):
            yield _Statement(said, asked.start(), "label")


def _strongest(statements: Iterable[_Statement]) -> list[_Statement]:
    """Those that count: labels of single steps do not where the whole has one of its own."""
    found = list(statements)
    for ignored in ({"weak"}, {"weak", "label"}):
        strong = [one for one in found if one.kind not in ignored]
        if ignored == {"weak"} and strong:
            found = strong
        elif any(one.kind == "final" for one in found):
            found = strong
    return found


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
    if not lines:
        return None
    said = {phrase_verdict(lines[0]), phrase_verdict(lines[-1])} | {
        claim_verdict(sentence) for sentence in (sentences[:1] + sentences[-1:])
    }
    said -= {None}
    return said.pop() if len(said) == 1 else None


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without some places of it."""
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + "\n" + text[end:]
    return text
