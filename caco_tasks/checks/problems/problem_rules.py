"""Checks on a problem that was written back from a program.

It must not give the program or the answer away, must name every number of the input and no other, and must ask for
something. What the checks cannot read they do not judge: a fault of a text in another language, or of one that is too long,
is unknown.
"""

import json
import re
from collections.abc import Iterator, Mapping

from caco_tasks.checks.numbers.conventions import find_false_rounding
from caco_tasks.checks.numbers.same_values import forms_of_mention
from caco_tasks.checks.problems.input_naming import find_unnamed_input
from caco_tasks.checks.problems.problem_case import MAX_CHARS, ProblemCase, is_counted, is_plain_word, read_case
from caco_tasks.checks.problems.problem_leaks import find_answer, find_code
from caco_tasks.checks.problems.problem_question import find_missing_question
from caco_tasks.checks.rules import RuleTable, find_faults
from caco_tasks.numbers_in_text import Mention
from caco_tasks.records import Reason, Verdict, fail, unknown

UNREAD = Reason.LEAKS_ANSWER  # what nobody can rule out of the rest of a text


def find_problem_faults(
    problem: str, rules: Mapping[str, str], *, input_json: str, output_text: str, code: str
) -> Iterator[Verdict]:
    """The faults of a problem: empty, leaks code, leaks the answer, names no input, foreign number, no question.

    `rules` says which are off. `input_json` is the program's `input` as tagged JSON (see `caco_tasks.sandbox.values`),
    `output_text` what `str(output)` shows. A fault that hangs on what could not be read is unknown. Pure; linear in the
    problem's length, of which `MAX_CHARS` are read.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    text = problem.strip()
    if rules["empty"] != "off" and not re.search(r"[^\W\d_]{2}", text[:MAX_CHARS]):
        yield fail(Reason.EMPTY, "no words")
    if all(rules[reason] == "off" for reason, _ in RULES):
        return
    case = read_case(text, json.loads(input_json), output_text.strip(), code)
    for fault in find_faults(case, RULES, rules):
        yield _doubt(case, fault)
    if not case.is_whole:
        yield unknown(UNREAD, f"not all of the problem's {case.length} characters and of the input was read")


def _doubt(case: ProblemCase, fault: Verdict) -> Verdict:
    """The fault, or UNKNOWN where it hangs on words or on parts of the text that were not read."""
    if fault.reason in (Reason.NAMES_NO_INPUT, Reason.FOREIGN_NUMBER, Reason.NO_QUESTION) and not case.is_whole:
        return unknown(fault.reason, f"{fault.detail}, as far as the text was read")
    if fault.reason in (Reason.NAMES_NO_INPUT, Reason.NO_QUESTION) and not case.is_english:
        return unknown(fault.reason, f"{fault.detail}, in a language whose words are not read")
    return fault


def find_foreign_number(case: ProblemCase) -> str | None:
    """A number that is neither of the input nor written in the program: the answer cannot follow from it."""
    rounding = find_false_rounding(case.bare, case.code, case.allowed.numbers)
    if rounding is not None:
        return f"holds {rounding[:60]}"
    if not any(_is_foreign(case, mention) for mention in case.written):
        return None
    for mention in case.found:  # the whole reading of a text takes time, so it is asked for where there is a doubt
        if _is_foreign(case, mention) and not _is_explained(case, mention):
            return f"holds {mention.text.strip()[:60]}"
    return None


def _is_foreign(case: ProblemCase, mention: Mention) -> bool:
    if mention.is_exempt or is_plain_word(mention) or mention.values == {1}:  # "1 hour" is an hour
        return False
    is_zero = mention.values == {0} and not is_counted(case.bare, mention)  # of a formula
    return not is_zero and not case.allowed.include(mention.values)


def _is_explained(case: ProblemCase, mention: Mention) -> bool:
    """Whether a number stands in an example, or says by what it leaves what the program holds."""
    is_rest = any(case.allowed.include(form) for form in forms_of_mention(mention, case.signs))
    return is_rest or mention.start in case.in_examples


RULES: RuleTable[ProblemCase] = (
    (Reason.LEAKS_CODE, find_code),
    (Reason.LEAKS_ANSWER, find_answer),
    (Reason.NAMES_NO_INPUT, find_unnamed_input),
    (Reason.FOREIGN_NUMBER, find_foreign_number),
    (Reason.NO_QUESTION, find_missing_question),
)
