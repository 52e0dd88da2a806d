"""What makes two programs, or two problems, the same or nearly: the fingerprints that `dedup` and `decontaminate` claim.

A program with other input numbers is another sample, so every literal counts; the keys of `input` carry the story of
the problem, so they count too. Names that only the program's own lines see do not. Near duplicates are looked for among
the few that hold the very same literals: a family.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from caco_tasks.checks.decontamination.normal_text import final_answer, is_number, words
from caco_tasks.checks.programs.program_tree import tree_text
from caco_tasks.context import Claims
from caco_tasks.ids import ID_CHARS, program_id

PROGRAM_CLAIM = "program.v2"
SHAPE_CLAIM = "shape.v2"
BEHAVIOUR_CLAIM = "behaviour.v1"
NEAR_CLAIM = "near.v2"
PROBLEM_CLAIM = "problem.v2"

SHINGLE_TOKENS = 3
SKETCH_HASHES = 128  # the standard error of a likeness of 0.95 is 0.019

_TRIPLE = r"(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'{3}(?:[^\\]|\\.)*?'{3})"
_DOCSTRING = re.compile(rf"^[ \t]*[rbuRBU]{{0,2}}{_TRIPLE}[ \t]*$", re.S | re.M)
_TOKEN = re.compile(
    r"[^\W\d]\w*+(?![\"'])"  # names first: they are the most
    r"|[()\[\]{},;]"
    r"|\*\*=?|//=?|<<=?|>>=?|[-+*/%&|^=!<>]=|->|:=|[-+*/%&|^=<>:~@!]"
    r"|0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?[jJ]?"
    rf"|[rbfuRBFU]{{0,2}}(?:{_TRIPLE}|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|#[^\n]*"
    r"|[^\s\w]",
    re.S,
)
_STARTS_OF_LITERALS = frozenset("'.0123456789")

Sketched = tuple[str, str, bytes]  # owner, family, sketch


def claim_programs(claims: Claims, items: Sequence[tuple[str, str]], *, keep_literals: bool = True) -> list[str]:
    """Claims programs, given as pairs of owner and code; the winning owner of each, in order.

    Sampled programs claim under their sample_id, seed programs under their seed_id, so neither repeats the other.
    """
    kind = PROGRAM_CLAIM if keep_literals else SHAPE_CLAIM
    hashes = [program_fingerprint(code, keep_literals=keep_literals) for _, code in items]
    return claims.claim(kind, hashes, [owner for owner, _ in items])


def program_fingerprint(code: str, *, keep_literals: bool = True) -> str:
    """The hash of a program's syntax tree, blind to layout, comments, docstrings, annotations and its own names.

    Without literals it names the program's shape: the same for one program under any numbers and texts. A program that
    cannot be read is hashed by its tokens.
    """
    text = tree_text(code, keep_literals=keep_literals)
    return program_id(code) if text is None else _hash(text)


def claim_problems(claims: Claims, items: Sequence[tuple[str, str, str]], *, likeness: float) -> list[str]:
    """Claims problems, given as owner, text and answer; for each the first owner of nearly the same, or its own."""
    sketches = problem_sketches((text, answer) for _, text, answer in items)
    sketched = [(owner, *sketch) for (owner, _, _), sketch in zip(items, sketches, strict=True)]
    return claim_near(claims, PROBLEM_CLAIM, sketched, likeness)


def claim_near(claims: Claims, kind: str, items: Iterable[Sketched], likeness: float) -> list[str]:
    """Claims sketches; for each the first owner in its family that is alike to `likeness` or more, or its own."""
    owners, families, sketches = zip(*items, strict=True) if (items := list(items)) else ((), (), ())
    return claims.claim_unlike(kind, families, sketches, owners, is_alike=alike(likeness))


def program_sketches(codes: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Family and sketch of each program: its literals, and a MinHash of its runs of three tokens."""
    read = [code_tokens(code) for code in codes]
    sketches = _sketches([tokens for _, tokens in read])
    return zip((_hash("\0".join(literals)) for literals, _ in read), sketches, strict=True)


def problem_sketches(problems: Iterable[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    """Family and sketch of each pair of problem and answer: numbers and answer, and a MinHash of its words."""
    read = [(words(text), answer) for text, answer in problems]
    sketches = _sketches([tokens for tokens, _ in read])
    return zip((_family(tokens, answer) for tokens, answer in read), sketches, strict=True)


def problem_family(problem: str, answer: str) -> str:
    """What problems must share to be nearly the same: their numbers and their answer, hashed; cheap beside a sketch."""
    return _family(words(problem), answer)


def alike(likeness: float) -> Callable[[bytes, bytes], bool]:
    """Whether two sketches come from sets with a Jaccard similarity of about `likeness` or more."""
    least = likeness + (1 - likeness) / 256  # of the hashes' last bytes one in 256 agrees by chance

    def is_alike(one: bytes, other: bytes) -> bool:
        return sum(map(int.__eq__, one, other)) >= least * len(one)

    return is_alike


def code_tokens(code: str) -> tuple[list[str], list[str]]:
    """The sorted literals of a program and its tokens in order, without comments and docstrings."""
    if '"""' in code or "'''" in code:
        code = _DOCSTRING.sub("", code)
    tokens = [token for token in map(_token, _TOKEN.findall(code)) if token]
    return sorted(token for token in tokens if token[0] in _STARTS_OF_LITERALS and token != "."), tokens


@lru_cache(maxsize=4096)
def _token(text: str) -> str:
    """A token in its one spelling; nothing for a comment."""
    if text[0] == "#":
        return ""
    if text[-1] in "\"'" and len(text) > 1:
        return "'" + text.lstrip("rbfuRBFU").strip(text[-1])
    return text.replace("_", "") if text[0].isdecimal() else text


def _family(tokens: Sequence[str], answer: str) -> str:
    return _hash(" ".join([*sorted(filter(is_number, tokens)), "->", final_answer(answer)]))


def _sketches(tokens: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """The last bytes of `SKETCH_HASHES` hashes for each row of tokens."""
    from rensa import RMinHash  # type: ignore[import-untyped]

    for row in tokens:
        minhash = RMinHash(num_perm=SKETCH_HASHES, seed=1)
        minhash.update(list(map(" ".join, zip(row, row[1:], row[2:], strict=False))) or [" ".join(row)])
        yield np.array(minhash.digest(), dtype="<u4").tobytes()[::4]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_CHARS]
