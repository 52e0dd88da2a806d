"""The equations of a solution with their places in it, each true, false, or not understood."""

from caco_tasks.checks.arithmetic.arithmetic_text import plain
from caco_tasks.checks.arithmetic.equations import find_equations
from caco_tasks.reports.sample_parts import EquationReport

MAX_EQUATIONS = 500


def mark_equations(text: str | None) -> tuple[EquationReport, ...]:
    """Every equals sign of a text beside which something is to be computed, in order.

    The check reads the text without tags, emphasis and drawings, and with words of arithmetic as signs; a statement that is
    written otherwise in the text itself has no place.

    >>> [(one.text, one.state) for one in mark_equations("2 + 2 = 4 and 3 * 3 = 8.")]
    [('2 + 2 = 4', 'true'), ('3 * 3 = 8', 'false')]
    """
    if not text:
        return ()
    read = plain(text)
    found: list[EquationReport] = []
    behind = 0  # of the text: statements come in its order
    for equation in find_equations(read):
        start = text.find(equation.text, behind) if equation.text else -1
        if start >= 0:
            behind = start + 1  # the next link of a chain begins within this one
        match equation.is_true:
            case None:
                state = "not_understood"
            case _:
                state = "true" if equation.is_true else "false"
        report = EquationReport(
            start=start if start >= 0 else None,
            end=start + len(equation.text) if start >= 0 else None,
            text=" ".join(equation.text.split()),
            state=state,
        )
        found.append(report)
        if len(found) == MAX_EQUATIONS:
            break
    return tuple(found)
