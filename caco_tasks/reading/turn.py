"""The one turn in which a model answers: without thinking, without marks of turns, without the turns that it made up."""

import re

from caco_tasks.reading.cuts import Cut
from caco_tasks.reading.thinking import final_channel, without_blocks

# marks with which the turns of chat templates end, and those that some instruction sets write out
_TURN_END = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|eom_id|end_of_text|end|return|END_OF_TURN_TOKEN|im_start|start_header_id)\|>"
    r"|</s>|<eo[sa]>|<end_of_turn>|<\uff5cend\u2581of\u2581sentence\uff5c>|\[INST\]",
    re.IGNORECASE,
)
_TURN_START = re.compile(
    r"\s{0,50}(?:<\|im_start\|>|<\|start_header_id\|>|<s>|<\|start\|>|<\|begin_of_text\|>|<start_of_turn>)?\s{0,20}"
    r"(?:(?:assistant|model)(?:<\|end_header_id\|>|<\|message\|>|[ \t]{0,5}:|[ \t]{0,5}\n)|\*\*assistant:?\*\*:?)",
    re.IGNORECASE,
)
_PART_END = re.compile(r"[ \t]*<eo[he]>", re.IGNORECASE)  # of a part of an answer, in the marks of InternLM


def read_turn(text: str) -> tuple[str, set[Cut]]:
    """What a reply says aloud in its first turn, and what was cut away."""
    text, had_channels = final_channel(text)
    text, runs_on = first_turn(text)
    text, had_blocks = without_blocks(text)
    if start := _TURN_START.match(text):  # behind the thinking
        text = text[start.end() :]
    cut = {Cut.THINKING} if had_channels or had_blocks else set()
    return text, cut | ({Cut.FURTHER} if runs_on else set())


def first_turn(text: str) -> tuple[str, bool]:
    """The first turn of a text that says anything, without the marks of turns; and whether something was said after it.

    A model that does not stop where its turn ends plays the other side too.
    """
    text = _PART_END.sub("", text)
    begin, start = 0, _TURN_START.match(text)
    if start:
        begin = start.end()
    for end in _TURN_END.finditer(text, begin):
        if (said := text[begin : end.start()]).strip():
            return said.rstrip(), bool(text[end.end() :].strip())
        begin = end.end()
        if start := _TURN_START.match(text, begin):
            begin = start.end()
    return text[begin:], False
