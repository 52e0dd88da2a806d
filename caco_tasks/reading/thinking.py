r"""Thinking, as the families of models mark it, is no part of what they answer.

Known are tags (`<think>` of Qwen, DeepSeek and most others, `<thinking>`, `<reasoning>`, `<thought>`, `[THINK]` of
Mistral, `◁think▷` of Kimi, `<|START_THINKING|>` of Cohere, `<unused94>` and `<|channel>` of Gemma,
`<|begin_of_thought|>`, `<|Analysis Begin|>`), the channels of the harmony format of gpt-oss, plain headers
("Thinking: ... Final answer: ...", "Here is my thought process: ... Here is my response:"), and a quotation that begins
with such a header. A block that never closes is thinking up to its end. A block whose opening the chat template wrote, so
that the reply holds only its closing tag, begins with the reply.

All of it is one pass over the text: a reply is written by others, and may be long.
"""

import re
from bisect import bisect_right
from collections import defaultdict

_NAMES = (
    r"think(?:ing)?|thoughts?|thought_process|reason(?:ing)?|reflect(?:ion)?|analysis|scratch_?pad|inner_monologue|"
    r"seed:think|chain_of_thought|cot|ant:?thinking|antThinking"
)
_TAG = re.compile(
    # every branch begins with a sign of its own, so that a search looks at no other place
    rf"<(?:(?P<close>/)?(?P<name>{_NAMES})(?:\s[^<>/\n]{{0,80}})?\s?(?P<void>/)?>"
    r"|\|(?P<border>begin|end)_of_(?P<of>thought|thinking)\|>"
    r"|\|\s?(?P<words>Analysis|Thought|Thinking|Reasoning)[ _](?P<word>Begin|Start|End)\s?\|>"
    r"|\|(?P<edge>START|END)_(?:THINKING|REASONING|THOUGHT)\|>"
    r"|unused(?P<unused>9[45])>"
    r"|(?P<open_channel>\|channel>)|(?P<end_channel>channel\|>)"
    r"|(?P<details>details[^<>\n]{0,40}>\s{0,20}<summary>[^<\n]{0,40}?(?:think|thought|reason)[^<\n]{0,40}</summary>)"
    r"|(?P<end_details>/details>))"
    r"|\[(?P<close_bracket>/)?(?P<bracket>THINK(?:ING)?)\]"
    r"|◁(?P<close_sign>/)?(?P<sign>think)▷",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s{0,5}([A-Za-z_]{0,20})[^<\n]{0,60}(?:<\|message\|>)?")
_CHANNEL_END = re.compile(r"<\|(?:end|return|start|call|channel)\|>")
# what is left of channels where special tokens are not decoded
_BARE_CHANNEL = re.compile(r"\s{0,20}analysis(?=[A-Z]|\s*\n|\s+[A-Z])")
_BARE_FINAL = re.compile(r"assistant\s{0,5}final(?:\s{0,5}json)?", re.IGNORECASE)

_DETAILS, _ANY = "details", ""  # names of tags
_DECORATION = r"[ \t>#*_]{0,12}"
_HEADER = re.compile(
    rf"\s{{0,50}}{_DECORATION}(?:here(?: is|'s) )?(?:my |the |internal )?(?:thinking|thoughts?|thought process|"
    rf"thinking process|scratch ?pad|inner monologue|chain[- ]of[- ]thought)(?: process)?{_DECORATION}(?::{_DECORATION}|\n)",
    re.IGNORECASE,
)
_AFTER_HEADER = re.compile(
    rf"^{_DECORATION}(?:(?:my |the )?final (?:answer|problem|question|response|reply|output|version|solution|program|code)"
    rf"|answer|response|reply|output|solution|problem|question|result"
    rf"|here(?: is|'s) (?:my|the) (?:response|answer|reply|output|solution|problem|program)){_DECORATION}(?::|$)",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTATION = re.compile(
    r"\s{0,50}>[ \t]{0,5}[*_#]{0,6}(?:reasoning|thinking|thoughts?|thought process)\b[^\n]{0,80}\n"
    r"(?:[ \t]{0,5}>[^\n]*(?:\n|\Z))*",
    re.IGNORECASE,
)
_RESPONSE_MARKS = re.compile(r"<\|(?:START|END)_RESPONSE\|>")
# an answer in tags, with which a reply ends that forgot to close its thinking
_ANSWER_LAST = re.compile(
    r"<(answer|solution|final_answer)>(?:(?!<)[\s\S]){0,2000}</\1>[\s.]{0,20}"
    r"(?:(?:so |the |final )*answer(?: is)?:? [^\n]{0,80}\s{0,20})?\Z",
    re.IGNORECASE,
)
MAX_ANSWER_TAIL = 2_200  # characters at the end of unclosed thinking that are searched for an answer in tags


def without_thinking(text: str) -> tuple[str, bool]:
    """The text without blocks of thinking, and whether there were any."""
    text, had_channels = final_channel(text)
    kept, had_blocks = without_blocks(text)
    return kept, had_channels or had_blocks


def without_headed_thinking(text: str) -> tuple[str, bool]:
    """The text without thinking that stands under a header, and whether there was any.

    What is left begins with the header that ends it; where none does, all of it is thinking.
    """
    header = _HEADER.match(text)
    if header is None:
        return text, False
    ends = list(_AFTER_HEADER.finditer(text, header.end()))
    final = [end for end in ends if "final" in end[0].lower()]
    chosen = (final or ends)[-1:]
    return (text[chosen[0].start() :] if chosen else ""), True


def final_channel(text: str) -> tuple[str, bool]:
    """What the last final channel says, and whether the text has channels; the text itself where it has none."""
    channels = list(_CHANNEL.finditer(text))
    if channels:
        finals = [channel for channel in channels if channel[1].lower() == "final"]
        if not finals:
            return "", True
        end = _CHANNEL_END.search(text, finals[-1].end())
        return text[finals[-1].end() : end.start() if end else len(text)], True
    if bare := _BARE_CHANNEL.match(text):
        final = next(iter(reversed(list(_BARE_FINAL.finditer(text)))), None)
        if final is not None:
            return text[final.end() :], True
        if text[bare.end() : bare.end() + 1].isupper():  # nobody writes "analysisWe"
            return "", True
    return text, False


def without_blocks(text: str) -> tuple[str, bool]:
    """The text without blocks of thinking between tags or in a quotation, and whether there were any."""
    kept, had_tags = _without_tags(text)
    kept = _RESPONSE_MARKS.sub("", kept)
    quotation = _QUOTATION.match(kept)
    return (kept[quotation.end() :], True) if quotation else (kept, had_tags)


def _without_tags(text: str) -> tuple[str, bool]:
    tags = [tag for tag in _TAG.finditer(text) if not _is_quoted(tag)]
    named = [_name_of(tag) for tag in tags]
    if all(name == _DETAILS and is_closing for name, is_closing in named):
        return text, False  # no tags, or ends of HTML elements that hold no thinking
    closings: dict[str, list[int]] = defaultdict(list)
    for place, (name, is_closing) in enumerate(named):
        if is_closing:
            closings[name].append(place)
            closings[_ANY].append(place)
    kept: list[str] = []
    position = place = 0
    while place < len(tags):
        (name, is_closing), tag = named[place], tags[place]
        if is_closing and name != _DETAILS:
            kept = []  # its opening was in the prompt: all before it is thinking
        elif is_closing:
            kept.append(text[position : tag.end()])
        else:
            kept.append(text[position : tag.start()])
            if not tag["void"]:
                end = _next(closings[name], place) or _next(closings[_ANY], place)
                if end is None:
                    kept.append(_answer_at_the_end(text[tag.end() :]))
                    return _join(kept), True
                place = end
        position = tags[place].end()
        place += 1
    return _join([*kept, text[position:]]), True


def _name_of(tag: re.Match[str]) -> tuple[str, bool]:
    """What a tag is called, the same for opening and closing, and whether it closes."""
    if tag["details"] or tag["end_details"]:
        return _DETAILS, tag["end_details"] is not None
    if tag["border"]:
        return f"of {tag['of'].lower()}", tag["border"].lower() == "end"
    if tag["edge"]:
        return "edge", tag["edge"].upper() == "END"
    if tag["unused"]:
        return "unused", tag["unused"] == "95"
    if tag["open_channel"] or tag["end_channel"]:
        return "channel", tag["end_channel"] is not None
    if tag["words"]:
        return f"words {tag['words'].lower()}", tag["word"].lower() == "end"
    name = tag["name"] or f"{tag[0][0]}{tag['bracket'] or tag['sign']}"
    return name.lower(), (tag["close"] or tag["close_bracket"] or tag["close_sign"]) is not None


def _is_quoted(tag: re.Match[str]) -> bool:
    """Whether a tag is only talked about, as in `<think>` between single backticks."""
    around = tag.string[max(0, tag.start() - 2) : tag.start()], tag.string[tag.end() : tag.end() + 2]
    return around[0].endswith("`") and around[1].startswith("`") and "``" not in around


def _next(places: list[int], place: int) -> int | None:
    """The first of sorted places behind `place`."""
    found = bisect_right(places, place)
    return places[found] if found < len(places) else None


def _answer_at_the_end(thinking: str) -> str:
    found = _ANSWER_LAST.search(thinking[-MAX_ANSWER_TAIL:])
    return found[0] if found else ""


def _join(parts: list[str]) -> str:
    return "\n".join(part.strip("\n") for part in parts if part.strip())
