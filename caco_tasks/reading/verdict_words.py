r"""The words in which judges say yes, no or ill-posed: as a phrase behind a label, and as a sentence in prose.

What is not said plainly is not read: "partly correct", "correct, but ..." and "yes or no" state no verdict.

>>> phrase_verdict("**Incorrect**, because the price is missing"), phrase_verdict("mostly correct")
('no', None)
>>> claim_verdict("Therefore the two answers are not equivalent.")
'no'
"""

import re
from typing import Literal

VerdictWord = Literal["yes", "no", "ill-posed"]

_YES = (
    r"yes|y|true|correct|right|valid|sound|pass(?:ed|es)?|consistent|equivalent|identical|(?:the )?same|equal|"
    r"match(?:es|ing)?|answerable|solvable|well[- ]?posed|accept(?:ed|able)?|ok(?:ay)?|agree[sd]?|success(?:ful)?|正确|对|是"
)
_NO = (
    r"no|n|false|incorrect|wrong|invalid|unsound|fail(?:ed|s|ure)?|inconsistent|unequal|different|reject(?:ed)?|"
    r"unacceptable|incomplete|flawed|erroneous|mismatch(?:ed)?|disagrees?|不正确|错误|错|否"
)
_ILL_POSED = (
    r"(?:is )?(?:ill[-_ ]?posed|unanswerable|unsolvable|under[- ]?determined|under[- ]?specified)|"
    r"not (?:well[- ]?posed|answerable|solvable)|(?:insufficient|not enough|missing) (?:information|data)|"
    r"can(?:not|'t| not) be (?:answered|determined|solved)"
)
_NEGATED = r"(?:not|isn't|aren't|wasn't)\b (?:\w+ )?"
_STRONG = (
    r"(?:(?:completely|entirely|fully|totally|clearly|definitely|absolutely|indeed|therefore|thus|hence|also|both|all|"
    r"logically|mathematically|materially|functionally|therefore,|thus,|in fact|exactly|perfectly|simply)\s+)*"
)
_THINGS = (
    r"(?:answers?|solutions?|questions?|problems?|proofs?|statements?|reasoning|response|judge?ment|verdict|outputs?|"
    r"argument|explanation|candidate)"
)
# "The answer is ..." in front of the word proper, maybe twice
_LEAD = re.compile(
    rf"(?:that\s+)?(?:(?:the|this|that|my|student's|given|provided|predicted|candidate's|final|two|both)\s+)*{_THINGS}\s+"
    r"(?:(?:provided|given|above|itself|as given|as stated)\s+)?(?:is|are|was|were)\s*:?\s+",
    re.IGNORECASE,
)
_SCALE = re.compile(r"\(?[A-Ea-e]\s?[):.=-]+\s*(?=\w)")  # "B: INCORRECT", "(A) correct"
_END = (
    r"(?=$|\s*[.,;:!?)\]}(\[\"'|/–—\n*_`<。，；：）-]|\s+(?:because|since|as|due|given|for the|and|the|it|they|there|this|"
    r"that the|based|in that|so)\b)"
)
_WORD = re.compile(
    rf"{_STRONG}(?:(?P<ill>{_ILL_POSED})|(?P<negated>{_NEGATED})?(?:(?P<yes>{_YES})|(?P<no>{_NO}))){_END}",
    re.IGNORECASE,
)
_HEDGED_HEAD = re.compile(
    rf"{_STRONG}(?:mostly|partially|partly|largely|nearly|almost|somewhat|probably|likely|possibly|perhaps|maybe|unclear|"
    r"uncertain|unsure|undecided|undetermined|inconclusive|unknown|not sure|not clear|cannot (?:tell|say|decide|judge)|"
    r"hard to say|it depends|n/a)\b",
    re.IGNORECASE,
)
_HEDGED_TAIL = re.compile(
    r"\s*(?:[,;:(.–—-]\s*)?(?:but|except|however|although|though|if|only|unless|up to|or|probably|i think|i guess|perhaps|"
    r"maybe|and no\b|and yes\b|with (?:some|minor|one|a few)|apart from|aside from|for the most part|/|\|)",
    re.IGNORECASE,
)
_DECORATION = " \t\r\n*_`\"'“”‘’>#$~()[]{}\\"

_SUBJECT = (
    r"(?:solutions?|answers?|proof|reasoning|response|argument|derivation|work|they|it|everything|all (?:the )?steps|"
    r"each step|every step|candidate|two (?:expressions|values|results))"
)
# a word for a part of a solution: what is said of it is not said of the whole
_PARTS = re.compile(
    r"\b(?:steps? \w*\d|in step|part|first|second|third|initial|line|approach|case|lemma|if|which|expected|gold|golden|"
    r"reference|correct answer|true answer|would|should|could|might|may|seems?|appears?|probably|likely|perhaps|whether|"
    r"assum\w+|unless|until|except|up to|but|mostly|partially|partly|largely|nearly|almost)\b",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    rf"\b{_SUBJECT}\b(?:(?!\b(?:is|are|was|were)\b)[^.;:?!\n]){{0,60}}?\s(?:is|are|was|were|isn't|aren't)\s+{_STRONG}"
    rf"(?P<said>(?:not\s+)?(?:{_YES}|{_NO}))\b(?P<after>[^.;\n]{{0,60}})",
    re.IGNORECASE,
)
_FAULT = re.compile(
    rf"\b{_SUBJECT}(?:'s)?\b[^.;:?!\n]{{0,80}}?(?P<verb>\b(?:contains?|has|have|suffers? from|includes?|makes?|made)\b)"
    r"(?P<what>[^.;\n]{0,60}?)\b(?:errors?|mistakes?|gaps?|flaws?|fallacy|fallacies)\b",
    re.IGNORECASE,
)
_NONE_OF_IT = re.compile(r"\b(?:no|not|never|neither|without|free|zero|nor|any)\b|n't\b", re.IGNORECASE)
_CANNOT_BE_ANSWERED = re.compile(
    rf"\b(?:question|problem|it|information|data|we|one)\b[^.;:?!\n]{{0,80}}?\b(?:is|are)\b[^.;:?!\n]{{0,20}}?(?:{_ILL_POSED})\b"
    r"|\b(?:question|problem|information|data|conditions)\b[^.;:?!\n]{0,40}?\b(?:does|do|did)(?:n't| not) "
    r"(?:provide|give|contain|have|include|offer)\b[^.;:?!\n]{0,20}?\b(?:enough|sufficient|adequate)\b"
    r"|\b(?:question|problem)\b[^.;:?!\n]{0,60}?\bcan(?:not|'t| not) be (?:answered|solved|determined)\b",
    re.IGNORECASE,
)
_CHOICES = re.compile(
    r"\s*(?:/|\||or\b|and (?:yes|no)\b|[^.!?\n]{0,80}\?)", re.IGNORECASE
)  # "yes/no", "right, isn't it?": what may be said, not what is
OPPOSITE: dict[VerdictWord, frozenset[VerdictWord | None]] = {
    "yes": frozenset(("no", "ill-posed")),
    "no": frozenset(("yes",)),
    "ill-posed": frozenset(("yes",)),
}
MAX_PHRASE_CHARS = 400
MAX_SENTENCE_CHARS = 1_000


def phrase_verdict(phrase: str) -> VerdictWord | None:
    """What a phrase begins with: "Correct.", "the answer is: wrong, because ...", "B: INCORRECT", "\\text{yes}".

    None where it begins with something else, hedges, or goes on to say the opposite.
    """
    head = _head(phrase)
    found = _WORD.match(head)
    if found is None:
        return None
    said = _meaning(found)
    rest = head[found.end() :].lstrip("*_`\"' \t")
    if said is None or (said == "yes" and _HEDGED_TAIL.match(rest)) or _CHOICES.match(rest):
        return None
    others = {claim_verdict(sentence) for sentence in re.split(r"(?<=[.!?])\s+|\n", rest)} - {None, said}
    return None if others & OPPOSITE[said] else said


def is_hedged(phrase: str) -> bool:
    """Whether a phrase begins with a verdict that it does not state plainly: "mostly correct", "correct, but ..."."""
    head = _head(phrase)
    return bool(_HEDGED_HEAD.match(head) or (_WORD.match(head) and phrase_verdict(phrase) is None))


def claim_verdict(sentence: str) -> VerdictWord | None:
    """What a sentence says of a whole solution, answer or problem; None where it says nothing, or only of a part of it."""
    sentence = sentence[:MAX_SENTENCE_CHARS]
    if sentence.rstrip(_DECORATION).endswith("?"):
        return None  # a question states nothing
    if _CANNOT_BE_ANSWERED.search(sentence):
        return "ill-posed"
    fault = _FAULT.search(sentence)
    if fault is not None and not re.search(r"\b(?:if|would|might|may|whether|only)\b", fault[0], re.IGNORECASE):
        before = sentence[fault.start() : fault.start("verb")]
        if _NONE_OF_IT.search(fault["what"]) or re.search(r"(?:\bnot|n't|\bnever)\s*$", before, re.IGNORECASE):
            return "yes"
        return None if _NONE_OF_IT.search(before) else "no"
    claims = {_claimed(claim, sentence) for claim in _CLAIM.finditer(sentence)} - {None}
    return claims.pop() if len(claims) == 1 else None


def _head(phrase: str) -> str:
    """A phrase without what stands before the word proper: marks, LaTeX, a letter of a scale, "the answer is"."""
    head = re.sub(r"\\(?:text|textbf|mathrm|mathbf|textit)\s*\{", "", phrase[:MAX_PHRASE_CHARS]).lstrip(_DECORATION)
    head = _SCALE.sub("", head, count=1) if _SCALE.match(head) else head
    for _ in range(2):
        lead = _LEAD.match(head)
        head = head[lead.end() :].lstrip(_DECORATION) if lead else head
    return head


def _claimed(claim: re.Match[str], sentence: str) -> VerdictWord | None:
    before = sentence[max(0, claim.start() - 30) : claim.start("said")]
    if _PARTS.search(before) or re.search(r"\b(?:no|none|not|neither)\b", before, re.IGNORECASE):
        return None
    found = _WORD.match(claim["said"] + claim["after"])
    if found is None:
        return None
    if "n't" in claim[0][: claim.start("said") - claim.start()].lower():
        return "no" if found["yes"] and not found["negated"] else None
    said = _meaning(found)
    hedged = re.match(r"\s*,?\s*(?:in step|up to|until|except|only|if|when|for step)\b", claim["after"], re.IGNORECASE)
    return None if said == "yes" and (hedged or _HEDGED_TAIL.match(claim["after"])) else said


def _meaning(found: re.Match[str]) -> VerdictWord | None:
    if found["ill"]:
        return "ill-posed"
    if found["negated"]:
        posed = re.search(r"posed|answerable|solvable", found[0], re.IGNORECASE)
        return "ill-posed" if posed else "no" if found["yes"] else None  # "not wrong" is no plain yes
    return "yes" if found["yes"] else "no"
