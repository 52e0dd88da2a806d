"""The faults in the steps of a solution: a number from nowhere, an input not used, an answer not reached, a wrong unit.

An equation may be true and still begin with a number from nowhere: a step is missing, or a number was misread. A solution
that never names an input has not used it. No sentence is read here: numbers are compared, exactly, with those of the
problem and of the program, with the constants that the words call for, and with what was computed before. Where a
solution goes beyond plain arithmetic, a missing number may stand in what is not understood: that is no fault, but unknown.
"""

from collections.abc import Callable, Iterator, Mapping

from caco_tasks.checks.steps.number_origins import find_ungrounded_number
from caco_tasks.checks.steps.step_case import Gap, StepCase, read_step_case
from caco_tasks.checks.steps.step_results import find_unreached_answer, find_unused_input, find_wrong_unit
from caco_tasks.records import Reason, Verdict, fail, unknown

RULES: tuple[tuple[Reason, Callable[[StepCase], Gap | None]], ...] = (
    (Reason.UNGROUNDED_NUMBER, find_ungrounded_number),
    (Reason.INPUT_NOT_USED, find_unused_input),
    (Reason.ANSWER_NOT_REACHED, find_unreached_answer),
    (Reason.WRONG_UNIT, find_wrong_unit),
)


def find_step_faults(
    problem: str, solution: str, rules: Mapping[str, str], *, input_json: str, output_text: str, code: str
) -> Iterator[Verdict]:
    """The faults of a solution whose equations are true and whose answer is right, and at the end what is unknown.

    In order: a step begins with a number that nobody gave, an input is not used, no step gives the answer, the answer's
    unit is not the one asked for; then one verdict of UNKNOWN where one of these could not be told. `rules` says which are
    off. `input_json` is the program's `input` as tagged JSON, `output_text` what `str(output)` shows. Pure; the first
    20,000 characters of the texts are read.

    Raises:
        ValueError: `input_json` is not JSON.
    """
    case = read_step_case(problem, solution, input_json=input_json, output_text=output_text, code=code)
    doubts = []
    for reason, find_gap in RULES:
        gap = find_gap(case) if rules[reason] != "off" else None
        if gap is not None and gap.is_sure:
            yield fail(reason, gap.detail)
        elif gap is not None:
            doubts.append(f"{reason}: {gap.detail}")
    if doubts and rules[Reason.NOT_UNDERSTOOD] != "off":
        yield unknown(Reason.NOT_UNDERSTOOD, "; ".join(doubts))
