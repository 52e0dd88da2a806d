"""Draws instances of an environment: numbers, executed in the sandbox, written into the text, and held to the rules."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from caco_tasks.checks.problems.exchanged_values import find_exchanged_values
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.environments.environment_record import (
    Environment,
    InputRange,
    Instance,
    Leaf,
    Number,
    NumberPlace,
    Relation,
    instance_id,
)
from caco_tasks.environments.input_leaves import find_input_numbers, with_numbers
from caco_tasks.environments.instrument import prepare_program
from caco_tasks.environments.probing import Expectation, Probed, Prober, kind_of
from caco_tasks.environments.ranges import NumberSampler, OrderRule
from caco_tasks.environments.rewriting import reads_as, write_problem
from caco_tasks.errors import DamagedError
from caco_tasks.ids import random_seed
from caco_tasks.numbers_in_text import mentions
from caco_tasks.sandbox import Sandbox

BATCH = 300  # draws that are executed together
MAX_BATCHES = 60  # of one level
BARREN_BATCHES = 5  # after so many without an instance a level has no more

RULES = dict.fromkeys(
    ("empty", "leaks_code", "leaks_answer", "names_no_input", "foreign_number", "no_question"), "reject"
)


class Drawing:
    """A row that can be drawn anew, with all that its draws are held to."""

    def __init__(self, row: "DrawnRow", prober: Prober, expectation: Expectation) -> None:
        self.row, self.prober, self.expectation = row, prober, expectation
        self.refused: Counter[str] = Counter()  # what draws were refused for
        leaves = {place.leaf for place in row.places}
        self.values = {one.leaf: one.value for one in find_input_numbers(row.inputs) if one.leaf in leaves}
        self._order = OrderRule(row.places, self.values)
        self._is_hundredth = {
            place.leaf: place.form == "percent" and abs(self.values[place.leaf]) < 1 for place in row.places
        }
        self._forms: set[tuple[str, ...]] = set()  # in which numbers were written where the whole text was read
        self._constants = _constant_texts(row.problem, row.places)

    def inputs_of(self, drawn: Mapping[Leaf, Number]) -> dict[str, Any]:
        """The input that a draw stands for: of the row's own signs, and 0.2 where the text says 20 percent."""
        numbers = {
            leaf: (-1 if self.values[leaf] < 0 else 1) * (Fraction(value, 100) if self._is_hundredth[leaf] else value)
            for leaf, value in drawn.items()
        }
        return with_numbers(self.row.inputs, numbers)

    def fault(self, drawn: Mapping[Leaf, Number], probed: Probed) -> str | None:
        """Which condition of order or of the program's steps a draw does not meet."""
        return "numbers keep their order" if not self._order.is_kept(drawn) else self.expectation.fault(probed)

    def text_fault(self, text: str, drawn: Mapping[Leaf, Number], input_json: str, answer: str) -> str | None:
        """What is wrong with a written text: the same rules that a problem of a run is held to.

        The words of the text never change and each number stands in the place of one that passed, so the rules are asked
        once for every form that the numbers take (how many digits, which decimals), and always where the answer is a
        number of the text that is not drawn.
        """
        forms = tuple(_form_of(text_of_number(value)) for value in drawn.values())
        if forms in self._forms and answer.strip("-") not in self._constants:
            return None
        if not reads_as(self.row.problem, text, self.row.places, drawn):
            return "the text says its numbers"
        fault = find_text_fault(text, input_json, answer, self.expectation.program.plain)
        if fault is None:
            self._forms.add(forms)
        return fault


def text_of_number(value: Number) -> str:
    """A number in digits, without commas."""
    return str(value.numerator) if value.denominator == 1 else str(float(value))


def _form_of(digits: str) -> str:
    whole, point, rest = digits.partition(".")
    return f"{len(whole)}{point}{len(rest)}"


def _constant_texts(problem: str, places: Sequence[NumberPlace]) -> set[str]:
    """The values of the numbers of a text that are not drawn, in digits."""
    starts = {place.start for place in places}
    found = [one for one in mentions(problem) if one.start not in starts]
    return {
        text_of_number(value) for one in found for value in one.values if value.denominator in (1, 2, 4, 5, 10, 100)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRow:
    """What a draw needs of a row."""

    code: str
    program_id: str
    licence: str
    environment_id: str
    problem: str
    inputs: Mapping[str, Any]  # tagged JSON, parsed
    places: Sequence[NumberPlace]


def find_text_fault(problem: str, input_json: str, answer: str, code: str) -> str | None:
    """The first rule for problems that a text breaks; None: it passes them all.

    `code` is the program without its own input: the numbers of that are none that a text may hold.
    """
    faults = find_problem_faults(problem, RULES, input_json=input_json, output_text=answer, code=code)
    fault = next(faults, None) or next(find_exchanged_values(problem, input_json), None)
    return None if fault is None else f"the text passes the rule {fault.reason}"


def draw_instances(
    drawing: Drawing,
    ranges: Sequence[InputRange],
    relations: Sequence[Relation],
    *,
    level: int,
    count: int,
    left_out: frozenset[str] = frozenset(),
) -> Iterator[Instance]:
    """At most `count` distinct instances of a level, always the same ones in the same order.

    Each was executed, met every condition and was read back. Ids in `left_out` are left out.
    """
    sampler = NumberSampler(drawing.row.places, ranges, drawing.values, relations)
    random = Random(random_seed("environment", drawing.row.environment_id, level))
    seen, barren, found = {drawing.row.problem}, 0, 0
    for _ in range(MAX_BATCHES):
        before = found
        for drawn, inputs, probed in _probed_draws(drawing, sampler, random):
            instance = _make_instance(drawing, level, drawn, inputs, probed)
            if instance is None or instance.prompt in seen:
                continue
            seen.add(instance.prompt)
            if instance.instance_id in left_out:
                continue
            found += 1
            yield instance
            if found == count:
                return
        barren = 0 if found > before else barren + 1
        if barren == BARREN_BATCHES:
            return


def probe_draws(
    drawing: Drawing, ranges: Sequence[InputRange], random: Random
) -> tuple[list[dict[Leaf, Number]], list[dict[Leaf, Number]]]:
    """One batch of draws, those that are valid and those that are refused."""
    valid: list[dict[Leaf, Number]] = []
    refused: list[dict[Leaf, Number]] = []
    sampler = NumberSampler(drawing.row.places, ranges, drawing.values)
    for drawn, _, probed in _probed_draws(drawing, sampler, random):
        (refused if drawing.fault(drawn, probed) else valid).append(drawn)
    return valid, refused


def _probed_draws(
    drawing: Drawing, sampler: NumberSampler, random: Random
) -> Iterator[tuple[dict[Leaf, Number], dict[str, Any], Probed]]:
    draws = [sampler.draw(random) for _ in range(BATCH)]
    unlike = list({tuple(draw.items()): draw for draw in draws}.values())
    inputs = [drawing.inputs_of(draw) for draw in unlike]
    return zip(unlike, inputs, drawing.prober.run(inputs), strict=True)


def _make_instance(
    drawing: Drawing, level: int, drawn: Mapping[Leaf, Number], inputs: Mapping[str, Any], probed: Probed
) -> Instance | None:
    row, text, input_json = drawing.row, None, ""
    fault = drawing.fault(drawn, probed)
    if fault is None:
        text, input_json = write_problem(row.problem, row.places, drawn), json.dumps(inputs)
        fault = (
            "the text says its numbers" if text is None else drawing.text_fault(text, drawn, input_json, probed.text)
        )
    if fault is not None or text is None:
        drawing.refused[fault or ""] += 1
        return None
    return Instance(
        instance_id=instance_id(row.program_id, input_json, level),
        environment_id=row.environment_id,
        program_id=row.program_id,
        level=level,
        prompt=text,
        answer=probed.text,
        answer_type=kind_of(probed.output),
        input_json=input_json,
        licence=row.licence,
    )


def open_drawing(environment: Environment, sandbox: Sandbox) -> Drawing:
    """An environment of a file, ready to be drawn from.

    Raises:
        DamagedError: its program is not the one that was taken apart, or no longer gives its answer.
    """
    program, inputs = prepare_program(environment.code), json.loads(environment.input_json)
    if program is None:
        raise DamagedError(f"The program of the environment {environment.environment_id} cannot be read.")
    prober = Prober(program, sandbox)
    own = prober.run([inputs])[0]
    if own.state != "ran":
        raise DamagedError(f"The program of the environment {environment.environment_id} does not run any more.")
    row = DrawnRow(
        code=environment.code,
        program_id=environment.program_id,
        licence=environment.licence,
        environment_id=environment.environment_id,
        problem=environment.problem,
        inputs=inputs,
        places=environment.places,
    )
    return Drawing(row, prober, Expectation(program=program, own=own))


def instances_of(environment: Environment, sandbox: Sandbox, *, level: int, count: int) -> Iterator[Instance]:
    """At most `count` instances of a level of an environment, as `draw_instances`; none at a level that it does not have."""
    if level not in environment.levels:
        return
    yield from draw_instances(
        open_drawing(environment, sandbox),
        environment.ranges[level],
        environment.relations,
        level=level,
        count=min(count, environment.instances[level]),
        left_out=frozenset(environment.left_out),
    )
