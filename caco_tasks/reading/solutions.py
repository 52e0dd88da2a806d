r"""The solution in a model's reply: the steps and the final answer, in the model's own words.

Thinking, marks of turns, chat and a header are cut away, and so are problems that a model goes on to pose itself. An
answer between tags (`<answer>4</answer>`, `【答案】C`) is written out as the prompt asks for it, in `\boxed{}`: the tags
would be read by nobody.
"""

import re
from collections import Counter

from caco_tasks.boxed import has_box
from caco_tasks.reading.cuts import Cut, Reading, read_as
from caco_tasks.reading.fences import find_fences
from caco_tasks.reading.talk import without_closing, without_opening
from caco_tasks.reading.thinking import without_headed_thinking
from caco_tasks.reading.turn import read_turn

_DECORATION = r"[ \t>#*_]{0,12}"
_HEADER = re.compile(
    rf"\s{{0,50}}(?:{_DECORATION}(?:(?:detailed |step[- ]by[- ]step |full |complete |worked |my |the )*"
    rf"(?:solution|final response|response|reply|output)){_DECORATION}(?:[:\uff1a]{_DECORATION}|(?=\n))|【(?:解析|解答|详解)】)",
    re.IGNORECASE,
)
_RESTATED = re.compile(
    rf"\s{{0,50}}{_DECORATION}(?:the )?(?:problem|question)(?: statement)?{_DECORATION}(?:[:\uff1a]|\n)", re.IGNORECASE
)
_SOLUTION_BEHIND = re.compile(
    rf"^{_DECORATION}(?:(?:detailed |step[- ]by[- ]step |the )*(?:solution|answer)){_DECORATION}(?:[:\uff1a]{_DECORATION}|$)",
    re.IGNORECASE | re.MULTILINE,
)
_NEXT = re.compile(
    rf"^{_DECORATION}(?:(?:the |a )?(?:next |new |another |similar |practice |follow[- ]up )?"
    r"(?:problem|question|exercise|q|human|user|instruction|input)"
    rf"(?: ?#?\d{{1,4}})?(?: statement)?{_DECORATION}(?:[:\uff1a]|$)|#+ ?instruction\b)",
    re.IGNORECASE | re.MULTILINE,
)
_STATES_AN_ANSWER = re.compile(
    r"\\boxed|####[ \t]*\S|answers?\b[^.\n]{0,80}?(?:\bis\b|\bare\b|:|=)|^[ \t]*A:[ \t]*\S"
    r"|^\W{0,3}(?:therefore|thus|hence|so)\b[^\n]{0,300}\d",
    re.IGNORECASE | re.MULTILINE,
)
_ANSWER_TAG = re.compile(
    r"<(?P<close>/)?(?P<name>answer|final_answer|finalanswer|solution|final|response|output|result)>|【(?P<mark>答案)】",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(r"(?:answer|result|solution)s?(?: is| are)?\s?:?[*_ ]{0,4}\s{0,3}\Z|:\s{0,3}\Z", re.IGNORECASE)
_MATHS_AROUND = re.compile(r"\$\$(.*)\$\$|\$([^$]*)\$|\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
_LANGUAGES_OF_TEXT = frozenset({"", "text", "markdown", "md", "latex", "tex"})
MAX_ANSWER_CHARS = 300  # a longer text between the tags of an answer is a solution
MAX_LINES_IN_LOOP = 3  # different ones, of a reply that ends in saying the same for ever
MIN_LOOPS = 5


def read_solution(text: str) -> Reading:
    """The solution proper of a reply, with its final answer; None where the reply holds nothing but thinking or talk."""
    said, cut = read_turn(text)
    said, had_thinking = without_headed_thinking(said)
    if had_thinking:
        cut.add(Cut.THINKING)
    said, had_opening = without_opening(said)
    if had_opening:
        cut.add(Cut.TALK)
    said = _without_restated(said, cut)
    said = _before_next_problem(said, cut)
    if (header := _HEADER.match(said)) and said[header.end() :].strip():
        said = said[header.end() :]
        cut.add(Cut.HEADER)
    said = _before_loop(said, cut)
    said, had_closing = without_closing(said)
    if had_closing:
        cut.add(Cut.TALK)
    said = _with_answers_written_out(said, cut)
    return read_as(_unfenced(said, cut).strip(), cut)


def _without_restated(said: str, cut: set[Cut]) -> str:
    """Without the problem, where a reply begins by stating it again under a header of its own."""
    if (restated := _RESTATED.match(said)) and (solution := _SOLUTION_BEHIND.search(said, restated.end())):
        cut.add(Cut.HEADER)
        return said[solution.end() :]
    return said


def _before_next_problem(said: str, cut: set[Cut]) -> str:
    """What stands before the next problem that a model goes on to pose, if an answer was given by then."""
    answered = _STATES_AN_ANSWER.search(said)
    if answered is None:
        return said
    following = _NEXT.search(said, answered.start())
    if following is not None and said[: following.start()].strip():
        cut.add(Cut.FURTHER)
        return said[: following.start()]
    return said


def _before_loop(said: str, cut: set[Cut]) -> str:
    """What stands before a few lines said again and again up to the end of the reply, if an answer was given by then."""
    lines = said.rstrip().splitlines(keepends=True)
    times = Counter(line.strip() for line in lines)
    first = len(lines)
    looped: set[str] = set()
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place].strip()
        # the limit of tokens may have cut off the last one
        if line and place < len(lines) - 1 and (times[line] < MIN_LOOPS or len(looped | {line}) > MAX_LINES_IN_LOOP):
            break
        looped |= {line} if line and place < len(lines) - 1 else set()
        first = place
    before = "".join(lines[:first])
    if not looped or len(lines) - first <= MIN_LOOPS * len(looped) or not _STATES_AN_ANSWER.search(before):
        return said
    cut.add(Cut.FURTHER)
    return before


def _with_answers_written_out(said: str, cut: set[Cut]) -> str:
    """The text without tags of answers; the content of the last is the final answer."""
    tags = list(_ANSWER_TAG.finditer(said))
    if not tags:
        return said
    cut.add(Cut.HEADER)
    opening = next((tag for tag in reversed(tags) if not tag["close"]), None)
    kept, position = [], 0
    for tag in tags:
        kept.append(said[position : tag.start()])
        position = tag.end()
        if tag is opening:
            end = next((one.start() for one in tags if one.start() > tag.start() and one["close"]), len(said))
            before = "".join(kept)
            kept = [before, _final_answer(said[tag.end() : end], before)]
            position = end
    return "".join([*kept, said[position:]])


def _final_answer(content: str, before: str) -> str:
    """The content of an answer's tags as a sentence in which it is boxed; longer texts as they are."""
    answer = content.strip().rstrip(".")
    if (
        not answer
        or len(answer) > MAX_ANSWER_CHARS
        or "\n" in answer
        or has_box(answer)
        or _STATES_AN_ANSWER.search(answer)
    ):
        return content.strip()
    if maths := _MATHS_AROUND.fullmatch(answer):
        answer = next(group for group in maths.groups() if group is not None).strip()
    if answer.count("{") != answer.count("}"):
        return content.strip()
    lead = "" if _ANNOUNCES.search(before) else "The answer is "
    gap = "\n\n" if lead and before.strip() and not before.endswith("\n") else ""
    return f"{gap}{lead}\\boxed{{{answer}}}"


def _unfenced(said: str, cut: set[Cut]) -> str:
    """Without a fence of text around the whole."""
    fences = list(find_fences(said))
    is_whole = len(fences) == 1 and not (said[: fences[0].start] + said[fences[0].end :]).strip()
    if is_whole and fences[0].info in _LANGUAGES_OF_TEXT:
        cut.add(Cut.FENCE)
        return fences[0].body
    return said
