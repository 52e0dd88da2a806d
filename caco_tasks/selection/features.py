"""What a selector sees of a sample: counts of its program and problem, and the names by which earlier samples are remembered.

Texts are taken apart into tokens; only the shape of a program is its tree, read under the caps that all checks have. So whatever
a model wrote is described, in 0.2 ms, and nothing is run; what does not apply is a missing value (NaN).

>>> describe_program(sample).counts["branches"]  # doctest: +SKIP
2.0
"""

import json
import keyword
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from caco_tasks.checks.fingerprints import code_tokens, program_fingerprint
from caco_tasks.domain_tags import UNKNOWN, domain_of, without_tag
from caco_tasks.records import Sample

FEATURES_VERSION = 1  # raise it when a column below is counted otherwise: a selector is used with its own version alone

MISSING = math.nan
MAX_CHARS = 20_000  # of a text that is looked at
MAX_DIGITS = 300  # of a number that is weighed

# column -> what it is; docs/selection.md is made of these
PROGRAM_COUNTS: Mapping[str, str] = {
    "lines": "lines of the program that are not blank",
    "tokens": "its tokens, without comments",
    "names": "different names in it",
    "literals": "numbers and texts in it",
    "decimals": "those of them with a decimal point",
    "texts": "those of them that are texts",
    "max_literal": "log10 of its largest number",
    "sums": "`+` and `-`",
    "products": "`*` and `**`",
    "quotients": "`/`",
    "whole_quotients": "`//` and `%`",
    "comparisons": "`<`, `>`, `==` and the like",
    "branches": "`if`, `elif` and `else`",
    "loops": "`for` and `while`",
    "brackets": "`[`: lists, and looking into them",
    "calls": "`(`",
    "functions": "`def`",
    "returns": "`return`",
    "inputs": "keys of `input`; missing where it is no dict",
    "input_chars": "length of the inputs as JSON",
    "input_numbers": "numbers in the inputs",
    "input_max": "log10 of the largest of them",
    "input_lists": "lists in the inputs",
    "output_chars": "length of the output as text",
    "output_size": "log10 of the output; missing where it is no number",
    "output_is_whole": "1 where the output is a whole number, 0 where it is another",
    "output_is_negative": "1 where the output is below zero",
    "output_is_input": "1 where the output stands among the inputs' numbers",
}
PROBLEM_COUNTS: Mapping[str, str] = {
    "problem_chars": "length of the problem",
    "problem_words": "its words",
    "problem_distinct": "share of different ones among them",
    "problem_sentences": "its sentences",
    "problem_questions": "its question marks",
    "problem_numbers": "numbers in it",
    "problem_missing": "numbers of the inputs that it does not write as digits",
    "problem_names": "share of the words of the inputs' keys that it has",
    "problem_tokens": "tokens that its model wrote, with all attempts",
    "problem_attempt": "which attempt it is",
}
# how earlier samples are remembered: column of their rate of acceptance -> what they had in common
PROGRAM_FATES: Mapping[str, str] = {
    "domain": "its domain",
    "function": "the name of its first function",
    "shape": "its syntax tree under any numbers",
    "skeleton": "its operators and keywords, in order",
    "key": "each key of its input",
    "name": "each of its names",
}
PROBLEM_FATES: Mapping[str, str] = {"word": "each word of the problem", "opening": "its first three words"}

_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_FUNCTION = re.compile(r"^\s*def\s+(\w+)", re.MULTILINE)
_OPERATORS = ("+", "-", "*", "**", "/", "//", "%", "<", ">", "<=", ">=", "==", "!=")
_SKELETON = frozenset((*_OPERATORS, "if", "elif", "else", "for", "while", "return", "in", "and", "or", "not"))
_GROUPS = {
    "sums": ("+", "-", "+=", "-="),
    "products": ("*", "**", "*="),
    "quotients": ("/", "/="),
    "whole_quotients": ("//", "%", "//=", "%="),
    "comparisons": ("<", ">", "<=", ">=", "==", "!="),
    "branches": ("if", "elif", "else"),
    "loops": ("for", "while"),
    "brackets": ("[",),
    "calls": ("(",),
    "functions": ("def",),
    "returns": ("return",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is seen of a text: counts by column, and what it has in common with others, by kind."""

    counts: Mapping[str, float]
    marks: Mapping[str, tuple[str, ...]]


def describe_program(sample: Sample) -> Description:
    """What is seen of a sample before `reverse`: its program and what that gave."""
    tagged = sample.program.code[:MAX_CHARS]
    code = without_tag(tagged)
    literals, tokens = code_tokens(code)
    names = [token for token in tokens if _NAME.fullmatch(token) and not keyword.iskeyword(token)]
    input_json = (sample.execution.input_json or "" if sample.execution else "")[:MAX_CHARS]
    keys, function = _keys_of(input_json), _FUNCTION.search(code)
    counts = {
        "lines": float(sum(bool(line.strip()) for line in code.splitlines())),
        "tokens": float(len(tokens)),
        "names": float(len(set(names))),
        "literals": float(len(literals)),
        "decimals": float(sum("." in one for one in literals if one[0] != "'")),
        "texts": float(sum(one[0] == "'" for one in literals)),
        "max_literal": _largest(one for one in literals if one[0] != "'"),
        **{group: float(sum(map(tokens.count, signs))) for group, signs in _GROUPS.items()},
        "inputs": MISSING if keys is None else float(len(keys)),
        "input_chars": float(len(input_json)),
        **_input_counts(input_json, keys),
        **_output_counts(sample, input_json),
    }
    return Description(
        counts=counts,
        marks={
            "domain": (domain_of(tagged) or UNKNOWN,),
            "function": (function[1],) if function else (),
            "shape": (program_fingerprint(code, keep_literals=False),),
            "skeleton": (" ".join(token for token in tokens if token in _SKELETON),),
            "key": tuple(sorted(keys or ())),
            "name": tuple(sorted(set(names))),
        },
    )


def describe_problem(sample: Sample) -> Description:
    """What is seen of a sample before `solve`, besides its program."""
    if sample.problem is None:
        return Description(counts=dict.fromkeys(PROBLEM_COUNTS, MISSING), marks={})
    text = sample.problem.text[:MAX_CHARS]
    words = [word.lower() for word in _WORD.findall(text)]
    numbers = set(_NUMBER.findall(text.replace(",", "")))
    input_json = (sample.execution.input_json or "" if sample.execution else "")[:MAX_CHARS]
    asked = {part for key in _keys_of(input_json) or () for part in key.lower().split("_") if part.isalpha()}
    counts = {
        "problem_chars": float(len(text)),
        "problem_words": float(len(words)),
        "problem_distinct": len(set(words)) / len(words) if words else MISSING,
        "problem_sentences": float(len(re.findall(r"[.?!](?:\s|$)", text))),
        "problem_questions": float(text.count("?")),
        "problem_numbers": float(len(numbers)),
        "problem_missing": float(len(set(_input_numbers(input_json)) - numbers)),
        "problem_names": len(asked & set(words)) / len(asked) if asked else MISSING,
        "problem_tokens": float(sample.problem.generation.completion_tokens),
        "problem_attempt": MISSING if sample.problem.attempt is None else float(sample.problem.attempt),
    }
    return Description(
        counts=counts, marks={"word": tuple(sorted(set(words))), "opening": (" ".join(words[:3]),) if words else ()}
    )


def _keys_of(input_json: str) -> list[str] | None:
    try:
        found = json.loads(input_json)
    except (ValueError, RecursionError):
        return None
    return [key for key in found if key != "$type"] if isinstance(found, dict) else None


def _input_numbers(input_json: str) -> list[str]:
    return _NUMBER.findall(input_json)


def _input_counts(input_json: str, keys: Sequence[str] | None) -> dict[str, float]:
    if keys is None:
        return dict.fromkeys(("input_numbers", "input_max", "input_lists"), MISSING)
    numbers = _input_numbers(input_json)
    return {
        "input_numbers": float(len(numbers)),
        "input_max": _largest(numbers),
        "input_lists": float(input_json.count("[")),
    }


def _output_counts(sample: Sample, input_json: str) -> dict[str, float]:
    names = [name for name in PROGRAM_COUNTS if name.startswith("output_")]
    text = sample.execution.output_text if sample.execution else None
    if text is None:
        return dict.fromkeys(names, MISSING)
    number = _NUMBER.fullmatch(text.strip()[:MAX_DIGITS])
    if number is None:
        return dict.fromkeys(names, MISSING) | {"output_chars": float(len(text))}
    return {
        "output_chars": float(len(text)),
        "output_size": _largest([number[0]]),
        "output_is_whole": float("." not in number[0] or float(number[0]).is_integer()),
        "output_is_negative": float(number[0].startswith("-")),
        "output_is_input": float(number[0] in _input_numbers(input_json)),
    }


def _largest(numbers: Iterable[str]) -> float:
    """log10 of one more than the largest amount among numbers that are written as text; missing where there is none."""
    amounts = []
    for one in numbers:
        try:
            amount = abs(float(one[:MAX_DIGITS]))
        except ValueError:
            continue
        if math.isfinite(amount):
            amounts.append(amount)
    return math.log10(1 + max(amounts)) if amounts else MISSING
