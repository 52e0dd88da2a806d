"""The problem in a model's reply to "write a problem".

Marked text counts as marked. Else chat, a header and quotes around the problem are cut away, and so is what stands
behind it: its answer, a hint, a solution, remarks, and further problems. Of several candidates the one that is called
final counts, else the first.
"""

import re

from caco_tasks.reading.cuts import Cut, Reading, read_as
from caco_tasks.reading.fences import find_fences
from caco_tasks.reading.talk import without_closing, without_opening, without_remarks
from caco_tasks.reading.thinking import without_headed_thinking
from caco_tasks.reading.turn import read_turn

_MARKS = "problem|question|completion|task|exercise|final_problem|new_problem|rewritten_problem|output|answer"
_BEGIN = re.compile(
    rf"<\|\s?(?P<bar>{_MARKS})[ _]Begin\s?\|>|<(?P<tag>{_MARKS})>|\[(?P<square>{_MARKS})\]", re.IGNORECASE
)

_DECORATION = r"[ \t>#*_]{0,12}"
_NUMBER = r"(?:[ \t]{0,2}(?:no\.? ?)?#?(?:\d{1,3}|[A-E]|[IVX]{1,4})\b)?"
_KINDS = (
    "new |harder |easier |language |word |math(?:s|ematics|ematical)? |sample |draft |first |initial |rough |practice |"
    "generated |created |original "
)
_HEADER = re.compile(
    rf"^{_DECORATION}(?:the |a |an |your |our |my )?"
    "(?P<final>final |revised |improved |corrected |updated |polished |rewritten |refined )?"
    rf"(?:{_KINDS})*(?P<noun>problem|question|puzzle|exercise|task|challenge)(?: statement| text| description| version)?"
    rf"{_NUMBER}(?:[ \t]{{0,3}}\([^()\n]{{1,40}}\))?{_DECORATION}"
    rf"(?:[:.\uff1a]{_DECORATION}|[\u2013\u2014-]{_DECORATION}$|$)",
    re.IGNORECASE | re.MULTILINE,
)
_TALK = re.compile(
    r"\b(?:I(?:['\u2019]ll|['\u2019]ve|['\u2019]m| will| need| should| want to| have to| can| wrote| am)|let me|let['\u2019]s|"
    r"(?:the|this|your) (?:program|code|function|input|output|problem|question))\b",
)
_TITLE = re.compile(r"[^\n.?!:]{1,80}")
_BEHIND = re.compile(
    rf"^{_DECORATION}\(?(?:(?:the |a |my |full |detailed |sample |worked |short |brief |correct |expected |final |"
    r"step[- ]by[- ]step |quick |possible |numerical )*"
    r"(?:answer|solution|hint|explanation|reasoning|proof|answer key|key|working|derivation|rationale|commentary)s?"
    rf"(?: \d{{1,2}}| using python| in python| outline| steps| explanation| sketch| code)?){_DECORATION}(?:[:\uff1a]|$)"
    r"|^[ \t]*<(?:answer|solution|hint|output)>|^#+ ?solution using python\b.*$|^[ \t]*####[ \t]*[-\d$\\]|^[ \t]*A\d{0,2}:[ \t]"
    rf"|^{_DECORATION}(?:python )?(?:program|code){_DECORATION}:"
    r"|^[ \t]*Let'?s (?:think|solve|work)\b.*$|^[ \t]*(?:the (?:final |correct )?answer is|answer is)\b",
    re.IGNORECASE | re.MULTILINE,
)
# behind thinking even a problem may be called an answer
_CALLED_ANSWER = re.compile(
    rf"\A{_DECORATION}(?:my |the )?(?:final )?(?:answer|response|reply|output|result|version){_DECORATION}(?::{_DECORATION}|\n)",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(rf"^{_DECORATION}(?:examples?|sample|input|output)\b[^\n]{{0,40}}$", re.IGNORECASE | re.MULTILINE)
_EXPLAINS = re.compile(r"explanation|reasoning", re.IGNORECASE)
_PROGRAM_BEHIND = re.compile(r"\n(?:def \w{1,60}\(|import \w+[ \t]*\n|from \w+ import |input = [{])")
_ANSWER_IN_BRACKETS = re.compile(
    r"\s{0,20}[*_]{0,3}[(\[](?:(?:the |final |correct )*(?:answer|solution|ans)s?)(?: is\b| ?[:=])"
    r"[^()\[\]\n]{0,200}[)\]][*_]{0,3}\s{0,50}\Z",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|(?:^|[.!:]\s+)(?:find|compute|determine|calculate|evaluate|solve|prove|show|write|give|express|simplify|how|what)\b",
    re.IGNORECASE,
)
_POSED = frozenset({"problem", "question", "puzzle", "exercise"})  # a task or a challenge may be a part of a problem
_QUOTES = {'"': '"', "\u201c": "\u201d", "\u00ab": "\u00bb", "\u2018": "\u2019"}
_LANGUAGES_OF_TEXT = frozenset({"", "text", "txt", "markdown", "md", "plaintext", "problem", "latex", "tex", "plain"})


def read_problem(text: str) -> Reading:
    """The problem proper of a reply; None where the reply holds nothing but thinking, talk or answers."""
    said, cut = read_turn(text)
    marked = _marked(said)
    if marked is not None:
        said = _unwrapped(marked, cut)
        return read_as(said.strip(), cut | {Cut.HEADER})
    said, had_thinking = without_headed_thinking(said)
    if had_thinking:
        cut.add(Cut.THINKING)
        said = _CALLED_ANSWER.sub("", said, count=1)
    said, had_opening = without_opening(said)
    if had_opening:
        cut.add(Cut.TALK)
    said = _unwrapped(said, cut)
    said = _chosen(said, cut)
    said = _before_answers(said, cut)
    for trim in (without_closing, without_remarks):
        said, had_any = trim(said)
        if had_any:
            cut.add(Cut.TALK)
    return read_as(_unwrapped(said, cut).strip(), cut)


def _marked(said: str) -> str | None:
    """What stands between the marks of a problem; up to the end where they do not close."""
    begin = next(iter(reversed(list(_BEGIN.finditer(said)))), None)
    if begin is None:
        return None
    if begin["bar"]:
        end = re.compile(rf"<\|\s?{begin['bar']}[ _]End\s?\|>", re.IGNORECASE)
    else:
        end = re.compile(rf"[<\[]/{begin['tag'] or begin['square']}[>\]]", re.IGNORECASE)
    closing = end.search(said, begin.end())
    is_answer = (begin["tag"] or begin["square"] or "").lower() in ("answer", "output")
    if (closing is None or is_answer) and not begin["bar"] and said[: begin.start()].strip():
        return None  # a word in brackets within the text, or what stands behind the problem
    inner = said[begin.end() : closing.start() if closing else len(said)]
    return inner if inner.strip() else None


def _unwrapped(said: str, cut: set[Cut]) -> str:
    """Without a fence, quotation marks or bold type around the whole."""
    said = said.strip()
    fences = list(find_fences(said))
    if len(fences) == 1:
        around = (said[: fences[0].start] + said[fences[0].end :]).strip()
        if not around and (fences[0].info in _LANGUAGES_OF_TEXT or fences[0].body.strip()):
            cut.add(Cut.FENCE)
            said = fences[0].body.strip("\n").rstrip()
    lines = said.splitlines()
    if lines and all(line.lstrip().startswith(">") or not line.strip() for line in lines):
        said = "\n".join(re.sub(r"^\s{0,3}> ?", "", line) for line in lines)
        cut.add(Cut.QUOTES)
    if len(said) > 1 and _QUOTES.get(said[0]) == said[-1] and said[0] not in said[1:-1] and said[-1] not in said[1:-1]:
        said = said[1:-1].strip()
        cut.add(Cut.QUOTES)
    if said.startswith("**") and said.endswith("**") and said.count("**") == 2:
        said = said[2:-2].strip()
    return said


def _chosen(said: str, cut: set[Cut]) -> str:
    """The one problem of a text that may hold several, without its header."""
    headers = [header for header in _HEADER.finditer(said) if said[header.end() :].strip()]
    if not headers:
        return said
    before = said[: headers[0].start()].strip()
    if before and not _is_talk(before):
        if _asks(before) and headers[0]["noun"].lower() in _POSED:
            cut.add(Cut.FURTHER)
            return before
        return said  # the header is one within the problem: "Question: how many are left?"
    final = [header for header in headers if header["final"]]
    chosen = final[-1] if final else headers[0]
    end = next((one.start() for one in headers if _is_another(one, chosen, said)), len(said))
    cut.add(Cut.HEADER)
    cut.update({Cut.DRAFT} if chosen is not headers[0] else ())
    cut.update({Cut.TALK} if before else ())
    cut.update({Cut.FURTHER} if end < len(said) else ())
    return said[chosen.end() : end].strip()


def _is_another(header: re.Match[str], chosen: re.Match[str], said: str) -> bool:
    """Whether a header begins another problem than the chosen one, which must have asked something by then."""
    is_like_it = header["noun"].lower() == chosen["noun"].lower()
    return header.start() > chosen.start() and is_like_it and _asks(said[chosen.end() : header.start()])


def _asks(text: str) -> bool:
    """Whether a text asks something, before an answer to it."""
    return _ASKS.search(text[: found.start()] if (found := _BEHIND.search(text)) else text) is not None


def _is_talk(before: str) -> bool:
    """Whether what stands before the first header leads to the problem, and is no part of it."""
    return without_opening(before)[1] or _TALK.search(before) is not None or _TITLE.fullmatch(before) is not None


def _before_answers(said: str, cut: set[Cut]) -> str:
    """What stands before an answer, a hint, a solution or a program; text that begins with one is all answer."""
    example = _EXAMPLE.search(said)
    examples = example.start() if example else len(said)
    begins = [
        found.start()
        for pattern in (_BEHIND, _PROGRAM_BEHIND)
        for found in pattern.finditer(said)
        if found.start() < examples or not _EXPLAINS.search(found[0])  # examples of a problem are explained in it
    ]
    # "Solution: 3 liters" may be a fact of a problem that asks only behind it
    asks = [found.start() for found in _ASKS.finditer(said)] if begins else []
    begins = [place for place in begins if not asks or asks[0] < place or asks[-1] < place]
    if begins:
        cut.add(Cut.ANSWER)
        said = said[: min(begins)].rstrip().removesuffix("---").rstrip()
    if found_at_the_end := _ANSWER_IN_BRACKETS.search(said[-400:]):
        cut.add(Cut.ANSWER)
        said = said[: len(said) - len(found_at_the_end[0])]
    return said
