r"""What a copy of a problem may have more or less of, and that is not its wording: marks of layout, drawings, characters
that nobody sees.

    without_markup("Ma\u00adria packs **12**&nbsp;jars.<br>![jars](jars.png)")   # "Maria packs  12  jars.  "
"""

import html
import re

# [asy] of MATH, environments of LaTeX and fenced blocks that draw. What is begun and not ended is no drawing: nobody
# knows where the problem goes on.
_DRAWN = re.compile(
    r"\[asy\](?:(?!\[asy\]).)*?\[/asy\]"
    r"|\\begin\s*\{(?P<name>asy|asydef|tikzpicture|picture|pspicture|figure|wrapfigure)\*?\}"
    r"(?:(?!\\begin\s*\{(?P=name)).)*?\\end\s*\{(?P=name)\*?\}"
    r"|<svg\b(?:(?!<svg\b).)*?</svg\s*>"
    r"|```[ \t]*(?:asy|asymptote|tikz|svg|mermaid|dot)\b[^`]*```",
    re.DOTALL | re.IGNORECASE,
)
_BEGINS_DRAWING = ("[asy]", "[ASY]", "\\begin", "<svg", "```")
_LINKED = re.compile(
    r"!\[[^\[\]]{0,300}\](?:\([^()\s]{0,2000}(?:\s[^()]{0,300})?\)|\[[^\[\]]{0,100}\])?"  # ![alt](address "title")
    r"|\\includegraphics\s*(?:\[[^\[\]]{0,300}\])?\s*\{[^{}]{0,300}\}"
    r"|\[img\b[^\[\]]{0,300}\][^\[\]]{0,300}\[/img\]"
    r"|[\[<(]\s{0,3}(?:image|picture|figure|diagram|graph)s?(?:\s{0,3}[-:_#]?\s{0,3}\d{0,3}|\s(?:omitted|not\sshown|here))\s{0,3}[\])>]"
    r"|[\[<(【]\s{0,3}[图圖]片?\s{0,3}\d{0,3}\s{0,3}[\])>】]"
    r"|\[/?INST\]"
    r"|https?://[^\s()<>\[\]{}\"']+",
    re.IGNORECASE,
)
_BEGINS_LINK = ("[", "(", "includegraphics", "://", "【", "<im", "<fi", "<IM")
_ENTITY = re.compile(r"&(?:amp;)*(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_ATTRIBUTES = r"(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+)))*"
_RAISED = re.compile(rf"<sup{_ATTRIBUTES}\s*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|b|big|blockquote|br|center|code|del|div|em|figcaption|figure|font|h[1-6]|hr|i|img|ins|li|mark|ol|p|pre|s"
    r"|small|span|strike|strong|style|su[bp]|table|tbody|td|tfoot|th|thead|tr|tt|u|ul)"
    rf"{_ATTRIBUTES}\s*/?>|<\|[a-z_]{{2,30}}\|>|<</?SYS>>|<!--(?:(?!<!--).)*?-->",
    re.IGNORECASE | re.DOTALL,
)
# Characters without a picture: joiners, marks of direction, soft hyphens, selectors, tags, fillers, controls.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
# Asterisks with a value on their left multiply, or raise to a power; those without one set what follows apart.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9)\]}*])(\*{2,3})(?=[^\s*])([^*]+)(?<=\S)\1(?!\*)")
_POWER = re.compile(r"(?<=[A-Za-z0-9)\]}])(?:\*\*|\s\*\*\s)(?=[A-Za-z0-9({\[\\+.-])")
_LINE_MARK = re.compile(r"^[ \t]*(?:[->#]+[ \t]+|[-=]{3,}[ \t]*$)", re.MULTILINE)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\[nrt](?![a-z])")


def without_markup(text: str) -> str:
    """A text without markup of HTML and Markdown, drawings and invisible characters, each step linear in its length."""
    text = _without_disguise(text)
    if any(map(text.__contains__, _BEGINS_DRAWING)):
        text = _DRAWN.sub(" ", text)
    if any(map(text.__contains__, _BEGINS_LINK)):
        text = _LINKED.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(" ", _RAISED.sub("^", text))
    if "**" in text:
        text = _POWER.sub("^", _EMPHASIS.sub(r" \2 ", text))
    return _LINE_MARK.sub(" ", text) if "\n" in text or text.startswith(("-", ">", "#", " ")) else text


def drawings(text: str) -> list[str]:
    """The code of the drawings that a text holds; a link to an image is none."""
    return [found[0][1:] for found in _DRAWN.finditer(_without_disguise(text))]


def _without_disguise(text: str) -> str:
    """A text with its characters as they are, where it spells them as entities or escapes, and without unseen ones."""
    if "&" in text:
        text = _ENTITY.sub(_read_entity, text)
    if not text.isascii() or not text.isprintable():
        text = _INVISIBLE.sub("", text)
    return _ESCAPED.sub(_read_escape, text) if "\\" in text else text


def _read_entity(found: re.Match[str]) -> str:
    # `&amp;nbsp;` was escaped twice
    text = html.unescape(found[0])
    return html.unescape(text) if text.startswith("&") else text


def _read_escape(found: re.Match[str]) -> str:
    r"""The character that `\u2019` spells; a space for the `\n` of a text that was escaped once too often."""
    if found[1] is None:
        return " "
    character = chr(int(found[1], 16))
    return "" if "\ud800" <= character <= "\udfff" else character
