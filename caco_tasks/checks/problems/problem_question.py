"""Whether a problem asks for something at its end: a question, a task, or a sentence to be completed."""

import re

from caco_tasks.checks.numbers.conventions import find_options
from caco_tasks.checks.problems.problem_case import ProblemCase

_VERBS = (
    "find calculate compute determine evaluate solve give list write state express simplify count show "
    "prove name tell decide say sort report identify estimate convert what how which return print output "
    "factor expand arrange round answer check reverse add subtract "
    "multiply divide sum describe select choose pick rank order complete derive obtain reduce replace "
    "encode decode remove apply use take shorten rewrite form turn build make change merge join split "
    "swap rotate shift compress spell fill mark translate compare classify predict draw measure test "
    "verify enter submit deduce provide sketch"
)
_TASK = re.compile(
    r"(?:^|[,;:(]\s*|\b(?:and|then|please|must|should|to|can you|could you)\s+)(?:work out|figure out|"
    + "|".join(_VERBS.split())
    + r")\b|\b(?:find|calculate|determine|compute|evaluate)\s+(?:the|how|all|its|their|out|two)\b",
    re.IGNORECASE,
)
_PLAIN_TASK = re.compile(rf"\W*(?:please\s+)?(?:work out|figure out|{'|'.join(_VERBS.split())})\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"(?:^|[,;:(]\s*|\b(?:and|then)\s+)(?:in |at |by |to |for |of |with |about )?"
    r"(?:how (?:many|much|far|long|old|tall|fast|often|big|large|heavy|high|wide|deep)"
    r"|what(?:'s| is| are| was| were| will| would| should| percent\w*| fraction| number| part)"
    r"|which \w+ (?:is|are|was|has|will|did|does))\b",
    re.IGNORECASE,
)
# "then x =", "the area of the square is:", "she pays ____": who solves it completes it
_INCOMPLETE = re.compile(
    r"(?:\b(?:is|are|was|were|be|than|by|equals?(?: to)?|in)(?:\s?[:–-]|\s\.)?|=|_{2,}\s?\.?)[\s$\"')]*$"
)
_MISSING_PART = re.compile(r"[=+*/×÷-]\s*\?|\?\s*[%=+*/×÷-]|_{2,}")
_REMARK = re.compile(
    r"\W*(?:assume|assuming|note|recall|remember|ignore|neglect|disregard|suppose|hint|consider|here|leave|keep|do not|don't"
    r"|you may|you can|let|each answer|your answer|the answer|all answers|where"
    r"|(?:solution )?(?:output|answer) format|format of the|unit"
    r"|if\b[^.?!]{0,120}\b(?:answer|output|result))\b",
    re.IGNORECASE,
)
_OPTION = re.compile(r"\W*[A-Ea-e]\s?[).:]\s")
_OPTIONS_HEADING = re.compile(r"\b(?:answer )?(?:choices|options)\s?:$", re.IGNORECASE)
_SENTENCES = re.compile(r"(?<=[.?!])(?<!\.\.)[\s\"')\]*$\\]+(?=\S)|(?<=[？。])|\n+")
_ABBREVIATION = re.compile(r"\b(?:mr|mrs|ms|dr|st|no|vs|rs|sq|approx|e\.g|i\.e|a\.m|p\.m|fig|eq)\s?\.$", re.IGNORECASE)
_LAST_PARENTHESIS = re.compile(r"(?<=[.?!])\s*\([^()]{1,400}\)\W*$")
_CLOSING = " \t\n\"'\u201d\u2019)]}*$`"


def find_missing_question(case: ProblemCase) -> str | None:
    """No question and no task at the end of the problem; remarks, options and words without numbers may follow it."""
    options = find_options(case.text)
    text = _OPTIONS_HEADING.sub("", case.text[: options.start].rstrip()) if options else case.text.rstrip()
    sentences = _split_sentences(_LAST_PARENTHESIS.sub("", text) or text)
    end = sentences[-1] if sentences else ""
    if _asks(end) or _TASK.search(end) or _QUESTION.search(end) or _INCOMPLETE.search(end):
        return None
    while sentences and not _asks(sentences[-1]):
        last = sentences.pop()
        if re.search(r"\d", last) and not (_REMARK.match(last) or _OPTION.match(last)):
            sentences.clear()  # what is given must stand before the question
    if sentences:
        return None
    return None if _MISSING_PART.search(case.text) else f"ends in '{end.rstrip(_CLOSING)[-60:]}'"


def _asks(sentence: str) -> bool:
    """Whether a sentence is a question or a task beyond doubt."""
    return sentence.rstrip(_CLOSING).endswith(("?", "？")) or _PLAIN_TASK.match(sentence) is not None


def _split_sentences(text: str) -> list[str]:
    """The sentences of a text, none of which ends in an abbreviation."""
    sentences: list[str] = []
    for part in _SENTENCES.split(text):
        if sentences and _ABBREVIATION.search(sentences[-1]):
            sentences[-1] += f" {part}"
        elif re.search(r"[^\W_]", part):
            sentences.append(part)
    return sentences
