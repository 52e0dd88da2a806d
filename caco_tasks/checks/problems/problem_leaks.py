"""What a problem must not give away: the program that it was written from, and the answer."""

import json
import re
from fractions import Fraction

from caco_tasks.checks.numbers.input_values import read_number, read_numbers
from caco_tasks.checks.problems.problem_case import ProblemCase, is_counted
from caco_tasks.number_words import MAX_NUMBER, words_of_number
from caco_tasks.numbers_in_text import WORD_CONSTANT, Mention

LISTED_ITEMS = 3  # a list of so many numbers leaks where they stand side by side

_CODE = re.compile(
    r"```|~~~|\bdef\s+\w+\s*\(|\binput\s*\[|\*\*input\b|\b(?:output|input)\s*=(?!\s*[\d$\\])"
    r"|(?<!\\)\blambda\s+\w*\s*:|(?<!=)==(?!=)|\+=|-=(?!-)|\bself\."
    r"|(?<!\\)\b(?:print|len|range|sorted|enumerate|int|str|list|dict|isinstance|zip)\("
    r"|\bfor\s+\w+\s+in\s+[\w.()]+\s*:|\bwhile\s+[^.?!\n]{1,60}:\s*$"
    r"|^\s*(?:import\s+[\w.]+|from\s+[\w.]+\s+import\s+\w+|return\s+\w[\w.+*/ -]*)\s*$|\bmath\.\w+\(|<\|\w+\|>",
    re.MULTILINE,
)
_SNAKE = re.compile(r"(?<![\\\w{])_*[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+")
_SYMBOL = re.compile(r"(?:[A-Za-z]|log|max|min|lim|sum|sup|inf|det|gcd|exp|deg)_(?:\d+|[A-Za-z]{1,2})")
_LISTED = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?")
_QUOTED = re.compile(r"'([^'\n\\]{1,200})'|\"([^\"\n\\]{1,200})\"")
_STATED = (
    r"\b(?:SAID)s?\b[^.?!\n]{0,40}?(?:\bis\b|\bare\b|\bequals\b|\bbe\b|=|:)"
    r"\s*[$\\({{\[*'\"]{0,4}\s*ANSWER(?![\w/])(?!\.\d)"
    r"|\bcomes? out (?:as|at|to)\s*[$\\({{\[]{0,4}ANSWER(?![\w/])(?!\.\d)|(?<![\w.,/-])ANSWER\s+is\s+(?:right|correct)\b"
)
_MAY_STATE = re.compile(r"answer|result|output|solution|comes? out|is\s+(?:right|correct)", re.IGNORECASE)
_ON_CONDITION = re.compile(
    r"[^.?!\n]{0,3}\s*\b(?:if|when|whenever|unless|otherwise|in case|where there)\b", re.IGNORECASE
)
_CONDITION_BEFORE = re.compile(
    r"\b(?:if|when|whenever|otherwise|unless)\b[^.?!\n]*,[^.?!\n,]*$|\botherwise\b[^.?!\n]*$", re.IGNORECASE
)
_DEGENERATE = ("0", "1", "-1", "None", "False", "True", "[]")  # answers that a problem may set for a case without one
_FORMULA_BEFORE = re.compile(r"(?:[=<>≤≥≠,(\[{+*/^|-]\s*|\w|\\(?:ge|le|ne|geq|leq|neq|to)\s*|\b(?:than|to|by|from)\s)$")


def find_code(case: ProblemCase) -> str | None:
    """Code, or a name of the program."""
    match = _CODE.search(case.bare)
    if match is not None:
        return f"holds '{match[0].strip()[:60]}'"
    names = set(_SNAKE.findall(case.code))
    for name in _SNAKE.findall(case.bare):
        if _SYMBOL.fullmatch(name):  # x_1 and log_10 are written so in mathematics too
            continue
        if name in names or re.fullmatch(r"[a-z]{2,}(?:_[a-z0-9]{2,})+", name):
            return f"holds the name {name[:60]}"
    return None


def find_answer(case: ProblemCase) -> str | None:
    """The answer, which the problem must leave to whoever solves it."""
    answer = case.output_text
    if not answer or answer in case.given.texts:
        return None
    number = read_number(answer)
    if number is None:
        return _find_text_answer(case, answer)
    spellings = "(?:" + "|".join([re.escape(answer), *_spell_whole_number(number)]) + ")"
    if number in case.given.numbers:  # the problem may say it, but not as the answer
        return _find_statement(case.bare, spellings, said=r"answer|solution|(?:result|output)(?=\s+(?:should|must)\b)")
    # the whole reading of a text takes time, so it is asked for where there is a doubt
    is_doubtful = any(number in one.values and _gives_away(case, one) for one in case.written)
    if is_doubtful and any(number in one.values and _gives_away(case, one) for one in case.found):
        return f"holds the answer {answer[:60]}"
    return _find_statement(case.bare, spellings)


def _gives_away(case: ProblemCase, mention: Mention) -> bool:
    """Whether a number that may be the answer can be nothing else: no input, no literal, nothing brought along."""
    if mention.is_exempt or _is_input(case, mention):
        return False
    if not mention.is_digits:  # a small number is a word like any other
        return min(mention.values, default=0) > WORD_CONSTANT
    if mention.values not in ({0}, {1}):
        return True
    # 0 and 1 stand in any formula, and 1 before what is counted
    before = case.bare[max(0, mention.start - 8) : mention.start]
    return not is_counted(case.bare, mention) and _FORMULA_BEFORE.search(before) is None


def _is_input(case: ProblemCase, mention: Mention) -> bool:
    """Whether the program holds the number, as the text writes it: 20 % as 0.2, and 3/4 as one number or as two."""
    parts = mention.text.split("/")
    if len(parts) == 2 and mention.is_digits:
        whole = {value for value in mention.values if value.denominator > 1}
        return case.allowed.include(whole) or (mention.values - whole) <= set(case.given.numbers)
    return case.allowed.include(mention.values)


def _spell_whole_number(number: Fraction) -> list[str]:
    if number.denominator != 1:
        return []
    spellings = [f"{int(number):,}", f"{int(number)}"]
    return spellings + ([re.escape(words_of_number(int(number)))] if 0 <= number <= MAX_NUMBER else [])


def _find_text_answer(case: ProblemCase, answer: str) -> str | None:
    """A list or a text that is the answer, and is neither a word of the program nor of the input."""
    if answer in ("True", "False", "None"):  # words of any text, unless it says them as its answer
        return _find_statement(case.bare, answer)
    if _is_listed(answer, case):
        return f"lists the answer {answer[:60]}"
    squeezed = _squeeze(answer)
    if answer[0] in "[({":
        # [1] stands anywhere
        is_held = len(squeezed) > 4 and squeezed in _squeeze(case.text) and not _is_part_of_given(answer, case)
    else:
        is_given = squeezed in _squeeze(json.dumps(case.given.texts) + str(case.given.lists))
        is_quoted = any(answer in quoted for pair in _QUOTED.findall(case.code) for quoted in pair)
        is_word = len(answer) >= 3 and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", case.bare) is not None
        is_held = is_word and not is_given and not is_quoted
    return f"holds the answer {answer[:60]}" if is_held else _find_statement(case.bare, re.escape(answer))


def _squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)


def _is_listed(answer: str, case: ProblemCase) -> bool:
    """Whether the numbers of a list stand in the text, one after the other, without being part of a list of the input."""
    numbers = _LISTED.findall(answer)
    if answer[0] not in "[(" or len(numbers) < LISTED_ITEMS or _is_part_of_given(answer, case):
        return False
    commas = r"\s*(?:,|,?\s+and|\s)\s*".join(map(re.escape, numbers))
    return re.search(rf"(?<![\w.-]){commas}(?![\w]|\.\d)", case.text) is not None


def _is_part_of_given(answer: str, case: ProblemCase) -> bool:
    """Whether the numbers of a list stand so, side by side, in a list of the input: the first three of it, one row."""
    numbers = read_numbers(answer)
    return any(
        numbers == given[start : start + len(numbers)]
        for given in case.given.lists
        for start in range(len(given) - len(numbers) + 1)
        if given[start : start + 1] == numbers[:1]
    )


def _find_statement(text: str, answer: str, said: str = "answer|result|output|solution") -> str | None:
    """A sentence that says the answer; not one that says it of a case, as in `the answer is 0 if there is none`."""
    if _MAY_STATE.search(text) is None:  # a pattern that holds the answer is compiled for this text alone
        return None
    pattern = _STATED.replace("SAID", said).replace("ANSWER", answer)
    for match in re.finditer(pattern, text, re.IGNORECASE):
        before = text[max(0, match.start() - 100) : match.start()]
        is_case = _ON_CONDITION.match(text, match.end()) or _CONDITION_BEFORE.search(before)
        if not (is_case and match[0].rstrip().endswith(_DEGENERATE)):
            return f"says '{match[0][:60]}'"
    return None
