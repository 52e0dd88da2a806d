"""Right rows of the bank, errors planted in them one at a time, and the proof that each planted row is wrong.

`planted_errors.py` has the kinds of errors. A program is shown to be wrong by running it, beside the bank's own, over the numbers
that its problem gives, or over changed inputs; an equation by computing it. A planted row that turns out right by chance
does not count.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from planted_errors import FIRST_NUMBER, KINDS, NUMBER, Proof, Row, input_line, row_of

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.records import Execution
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.trials import perturbations

PERTURBATIONS = 6  # changed values of each input on which a changed program may show that it is another one


def right_rows(each: int) -> Iterator[Row]:
    """`each` rows of every family of the bank."""
    for number in range(each):
        for family in FAMILIES:
            yield row_of(draw_problem(family, FIRST_NUMBER + number))


def plant_all(rows: Sequence[Row], executions: Mapping[str, Execution], kinds_each: int) -> Iterator[Row]:
    """Up to `kinds_each` planted rows for every right row, of kinds that take turns; `executions` are by row key."""
    for place, row in enumerate(rows):
        rng, made = Random(row.key), 0
        turn = place * 7 % len(KINDS)
        for kind in (*KINDS[turn:], *KINDS[:turn]):
            planted = kind.plant(row, rng) if made < kinds_each else None
            if planted is not None:
                made += 1
                yield replace(planted, kind=kind.name, truth=truth_of(row, planted, executions[row.key]))


def prove(
    rows: Sequence[Row], right: Mapping[str, Row], executions: Mapping[str, Execution], box: Sandbox
) -> list[bool]:
    """Whether each planted row is wrong; `right` and `executions` are the rows that they came from, by key."""
    proofs = {kind.name: kind.proof for kind in KINDS}
    jobs: list[tuple[int, Job, Job]] = []
    for place, row in enumerate(rows):
        if proofs[str(row.kind)] is Proof.RUN:
            jobs += [(place, *pair) for pair in _pairs(row, right[row.key], executions[row.key])]
    ran = list(box.run(job for _, first, second in jobs for job in (first, second)))
    wrong = {
        place
        for (place, _, _), first, second in zip(jobs, ran[::2], ran[1::2], strict=True)
        if first.verdict.kept
        and first.execution.output_json != (second.execution.output_json if second.verdict.kept else None)
    }
    return [
        place in wrong
        if proofs[str(row.kind)] is Proof.RUN
        else row.is_equation_false or proofs[str(row.kind)] is Proof.MADE
        for place, row in enumerate(rows)
    ]


def _pairs(row: Row, right: Row, execution: Execution) -> Iterator[tuple[Job, Job]]:
    """Runs that must differ somewhere if the row is wrong: what its problem asks for, and what its program does."""
    given = execution.input_json or "{}"
    if row.truth is not None:
        yield Job(code=right.program, input_json=row.truth), Job(code=row.program)
        return
    yield Job(code=right.program), Job(code=row.program)
    if input_line(row.program) != input_line(right.program):
        return
    for key in json.loads(given):
        for changed in perturbations(given, key=key, draws=PERTURBATIONS, seed=7):
            yield Job(code=right.program, input_json=changed), Job(code=row.program, input_json=changed)


def truth_of(row: Row, planted: Row, execution: Execution) -> str | None:
    """The input that the planted problem gives, where numbers of it were changed or exchanged one for one."""
    before, after = NUMBER.findall(row.problem), NUMBER.findall(planted.problem)
    if before == after or len(before) != len(after):
        return None
    values = json.loads(execution.input_json or "{}")
    changes = {int(old): int(new) for old, new in zip(before, after, strict=True) if old != new}
    return json.dumps({name: _changed(value, changes) for name, value in values.items()})


def _changed(value: Any, changes: Mapping[int, int]) -> Any:
    if isinstance(value, list):
        return [_changed(item, changes) for item in value]
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return changes.get(value, -changes[-value] if -value in changes else value)
