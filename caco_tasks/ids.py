"""Identity is content: every id is a hash, so the same thing has the same id on every machine and for every date."""

import hashlib
import io
import json
import tokenize
from collections.abc import Iterable, Iterator
from typing import Any

ID_CHARS = 32  # 128 bits of SHA-256, in hex
OFFSPRING_VERSION = 2  # part of a draw with [mix]: raised when programs of the same parents would be others than before

_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
_STRUCTURE = {tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE}
_STRING_STARTS = {"FSTRING_START", "TSTRING_START"}  # by name: Python 3.11 has neither
_STRING_ENDS = {"FSTRING_END", "TSTRING_END"}


def content_id(kind: str, *parts: Any) -> str:
    """The id of a thing of `kind` made of `parts`, which are hashed as canonical JSON."""
    text = json.dumps([kind, *parts], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_CHARS]


def program_id(code: str) -> str:
    """The id of a program: its token stream, blind to comments, blank lines and the width of indents.

    Only tokenised, never parsed: a hostile program may make a parser run out of stack. The same in every version of Python,
    for every program that can be run; what is no Python is taken apart differently by 3.11 and those after it.
    """
    return content_id("program", _tokens(code))


def run_id(pipeline: str, partition: str, config_hash: str) -> str:
    """The id of one pipeline over one partition with one config: the same again is the same run."""
    return content_id("run", pipeline, partition, config_hash)


def draw_id(partition: str, model_id: str, sampling: dict[str, Any], prompt: str) -> str:
    """The id of all samples that one model may draw for a date; `sampling` are its settings, `prompt` hashes its text."""
    return content_id("draw", partition, model_id, sampling, prompt)


def sample_id(draw: str, index: int) -> str:
    """The id of a draw's sample number `index`, from 0: neither the run nor the shard has a part in it."""
    return content_id("sample", draw, index)


def seed_id(source: str, revision: str, key: str) -> str:
    """The id of a source's record."""
    return content_id("seed", source, revision, key)


def random_seed(*parts: Any) -> int:
    """A seed for random numbers, below 2**63, that follows from `parts` alone."""
    return int(content_id("random", *parts)[:15], 16)


def file_sha256(path: str) -> str:
    """The SHA-256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tokens(code: str) -> list[str]:
    try:
        found = _whole_strings(tokenize.generate_tokens(io.StringIO(code).readline), code)
        return [_token_text(token) for token in found if token.type not in _LAYOUT]
    except (tokenize.TokenError, SyntaxError, UnicodeError):
        return code.split()


def _whole_strings(tokens: Iterable[tokenize.TokenInfo], code: str) -> Iterator[tokenize.TokenInfo]:
    """Tokens in which an f-string is one, as it was up to Python 3.11: later versions take it apart."""
    lines, outermost = io.StringIO(code).readlines(), []
    for token in tokens:
        name = tokenize.tok_name[token.type]
        if name in _STRING_STARTS:
            outermost.append(token.start)
        elif name in _STRING_ENDS:
            start = outermost.pop()
            if not outermost:
                yield token._replace(type=tokenize.STRING, string=_between(lines, start, token.end))
        elif not outermost:
            yield token


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text between two places, each a line from 1 and a column from 0."""
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right]
    return "".join([lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]])


def _token_text(token: tokenize.TokenInfo) -> str:
    return tokenize.tok_name[token.type] if token.type in _STRUCTURE else token.string
