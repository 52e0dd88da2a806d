"""Makes environments of the rows of a dataset, and says of every other row why it is none."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules
from caco_tasks.environments.environment_record import (
    LEVELS,
    MAKER_VERSION,
    Environment,
    Instance,
    Leaf,
    Number,
    NumberPlace,
    Refusal,
    Relation,
    environment_id,
)
from caco_tasks.environments.input_leaves import find_input_numbers
from caco_tasks.environments.input_relations import find_relations
from caco_tasks.environments.instances import Drawing, DrawnRow, draw_instances, find_text_fault, probe_draws
from caco_tasks.environments.instrument import ProbedProgram, prepare_program
from caco_tasks.environments.number_places import find_places
from caco_tasks.environments.probing import Expectation, Prober
from caco_tasks.environments.ranges import SPANS, level_ranges
from caco_tasks.ids import content_id, random_seed
from caco_tasks.sandbox import Sandbox

MAX_ROUNDS = 3  # of drawing, each for twice as many
MIN_LEVEL_INSTANCES = 20  # or a level does not count
MIN_LEVELS = 2
MAX_SAME_ANSWER = 0.5  # of the instances, that may have one answer; of yes and no, and of words:
MAX_SAME_WORD = 0.85

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRow:
    """A row, and the environment that it became, or why it became none."""

    row: Row
    environment: Environment | None
    refusal: Refusal | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What rows are made into environments with."""

    sandbox: Sandbox
    dataset: str
    min_instances: int = 1000  # distinct valid ones, over all levels
    index: BenchmarkIndex | None = None  # None: no benchmark is protected
    protection: DecontaminationSettings = field(default_factory=DecontaminationSettings)  # of the index

    def make_all(
        self, rows: Iterable[Row], *, keep: Callable[[Environment, list[Instance]], None] | None = None
    ) -> Iterator[MadeRow]:
        """One result for every row; `keep` is given each environment with the instances that were found of it."""
        seen: set[str] = set()
        for row in rows:
            drawing = self._prepare(row)
            if isinstance(drawing, MadeRow):
                yield drawing
                continue
            shape = _shape_of(drawing)
            if shape in seen:
                yield _refuse(row, Refusal.SAME_PROGRAM)
                continue
            made, instances = self._make(row, drawing)
            if made.environment is not None:
                seen.add(shape)
                if keep is not None:
                    keep(made.environment, instances)
            yield made

    def _prepare(self, row: Row) -> Drawing | MadeRow:
        """The row taken apart; or why it cannot be."""
        inputs = json.loads(row["input_json"])
        if row.get("licence") is None:
            return _refuse(row, Refusal.UNKNOWN_LICENCE, row.get("licence_note"))
        if not isinstance(inputs, dict) or "$type" in inputs or not find_input_numbers(inputs):
            return _refuse(row, Refusal.NO_NUMBERS)
        program = prepare_program(row["code"])
        if program is None:
            return _refuse(row, Refusal.UNREADABLE_PROGRAM)
        places = find_places(row["instruction"], inputs, program.literals)
        if not places:
            return _refuse(row, Refusal.NOTHING_TO_CHANGE)
        return self._expect(row, program, inputs, places)

    def _expect(
        self, row: Row, program: ProbedProgram, inputs: dict[str, Any], places: Sequence[NumberPlace]
    ) -> Drawing | MadeRow:
        prober = Prober(program, self.sandbox)
        own = prober.run([inputs])[0]
        if own.state != "ran":
            return _refuse(row, Refusal.NOT_REPEATED, own.state)
        problem = row["instruction"]
        fault = find_text_fault(problem, row["input_json"], own.text, program.plain)
        if fault is not None:
            return _refuse(row, Refusal.TEXT_FAULT, fault)
        drawn = DrawnRow(
            code=row["code"],
            program_id=row["program_id"],
            licence=row["licence"],
            environment_id=environment_id(row["program_id"], problem),
            problem=problem,
            inputs=inputs,
            places=places,
        )
        return Drawing(drawn, prober, Expectation(program=program, own=own))

    def _make(self, row: Row, drawing: Drawing) -> tuple[MadeRow, list[Instance]]:
        caps = find_caps(drawing)
        ranges = level_ranges(drawing.row.problem, drawing.row.places, drawing.values, caps)
        relations = find_conditions(drawing, ranges)
        instances, left_out = self._draw_levels(drawing, ranges, relations)
        counts = Counter(instance.level for instance in instances)
        refusal, detail = _judge(instances, counts, self.min_instances, drawing)
        if refusal is not None:
            return _refuse(row, refusal, detail), []
        made = Environment(
            environment_id=drawing.row.environment_id,
            sample_id=row["sample_id"],
            dataset=self.dataset,
            licence=row["licence"],
            program_id=row["program_id"],
            code=row["code"],
            problem=drawing.row.problem,
            answer=drawing.expectation.own.text,
            input_json=row["input_json"],
            places=tuple(drawing.row.places),
            ranges=ranges,
            relations=relations,
            conditions=dict(drawing.refused.most_common()),
            instances=dict(counts),
            left_out=tuple(left_out),
            example=_example_of(instances, row["instruction"]),
            maker_version=MAKER_VERSION,
        )
        return MadeRow(row=row, environment=made), instances

    def _draw_levels(
        self, drawing: Drawing, ranges: Mapping[int, Any], relations: tuple[Relation, ...]
    ) -> tuple[list[Instance], list[str]]:
        """The instances of all levels, of equal numbers as far as they go, and the ids of those that are left out."""
        share = -(-self.min_instances // len(LEVELS))
        count = share + share * 3 // 10  # for what two levels have in common
        for _ in range(MAX_ROUNDS):
            found = {
                level: list(draw_instances(drawing, ranges[level], relations, level=level, count=count))
                for level in LEVELS
            }
            kept, left_out = self._choose(found)
            is_exhausted = not any(len(instances) == count for instances in found.values())
            if len(kept) >= self.min_instances or is_exhausted:
                break
            drawing.refused.clear()
            count *= 2
        return kept, left_out

    def _choose(self, found: Mapping[int, list[Instance]]) -> tuple[list[Instance], list[str]]:
        """Instances without those that a lower level has, that a benchmark holds, or whose level has few."""
        kept: list[Instance] = []
        left_out: list[str] = []
        prompts: set[str] = set()
        for level in LEVELS:
            fresh = [one for one in found[level] if one.prompt not in prompts]
            prompts |= {one.prompt for one in fresh}
            held_out = [one for one in fresh if self._is_protected(one)]
            names = {one.instance_id for one in held_out}
            fresh = [one for one in fresh if one.instance_id not in names]
            if len(fresh) < MIN_LEVEL_INSTANCES:
                continue
            chosen = {one.prompt for one in fresh}
            left_out += [one.instance_id for one in found[level] if one.prompt not in chosen]
            kept += fresh
        return kept, left_out

    def _is_protected(self, instance: Instance) -> bool:
        """Whether a run would reject the instance for what it has in common with a protected item."""
        if self.index is None:
            return False
        overlaps = self.index.overlaps(instance.prompt, instance.answer)
        return not apply_overlap_rules(overlaps, self.protection, stage="decontaminate")[0].kept


def find_caps(drawing: Drawing) -> dict[Leaf, Fraction]:
    """The most that each number may be while the others stay: from where on the program fails, or grows too large.

    A number of rounds or a power may not grow as prices do. Conditions that hang on several numbers at once are left to
    the draws.
    """
    caps: dict[Leaf, Fraction] = {}
    values = drawing.values
    for leaf, own in values.items():
        tries = [
            Fraction(int(abs(own) * factor)) for factor in sorted({span for pair in SPANS.values() for span in pair})
        ]
        tries = [one for one in tries if one > abs(own)]
        drawn = [
            {**{name: _said(drawing, name, abs(value)) for name, value in values.items()}, leaf: one} for one in tries
        ]
        probed = drawing.prober.run([drawing.inputs_of(draw) for draw in drawn])
        good = abs(own)
        for one, result in zip(tries, probed, strict=True):
            fault = drawing.expectation.fault(result) or ""
            if result.state != "ran" or fault.endswith("not too large"):
                caps[leaf] = good
                break
            good = one
    return caps


def _said(drawing: Drawing, leaf: Leaf, value: Fraction) -> Fraction:
    form = next(place.form for place in drawing.row.places if place.leaf == leaf)
    return value * 100 if form == "percent" and value < 1 else value


def find_conditions(drawing: Drawing, ranges: Mapping[int, Any]) -> tuple[Relation, ...]:
    """Relations of numbers that hold wherever a draw of the middle levels is valid, learnt where few are."""
    random = Random(random_seed("probe", drawing.row.environment_id))
    valid: list[dict[Leaf, Number]] = []
    refused: list[dict[Leaf, Number]] = []
    for level in (2, 3, 4):
        some, others = probe_draws(drawing, ranges[level], random)
        valid, refused = valid + some, refused + others
    if len(valid) > len(refused):
        return ()
    return find_relations(valid, refused)


def _judge(
    instances: list[Instance], counts: Mapping[int, int], wanted: int, drawing: Drawing
) -> tuple[Refusal | None, str | None]:
    if len(instances) < wanted:
        most = ", ".join(f"{reason} ({count})" for reason, count in drawing.refused.most_common(2))
        return Refusal.TOO_FEW, f"{len(instances)} of {wanted}; draws refused: {most or 'none'}"
    if len(counts) < MIN_LEVELS:
        return Refusal.TOO_FEW_LEVELS, None
    answer, count = Counter(instance.answer for instance in instances).most_common(1)[0]
    is_word = isinstance(drawing.expectation.own.output, str | bool)
    if count > (MAX_SAME_WORD if is_word else MAX_SAME_ANSWER) * len(instances):
        return Refusal.ONE_ANSWER, f"{count} of {len(instances)} are {answer[:60]}"
    return None, None


def _example_of(instances: Sequence[Instance], own: str) -> tuple[str, str]:
    """An instance of the row's own size, to be shown: no other one is as easily compared with the row."""
    chosen = next((one for one in instances if one.level >= 2 and one.prompt != own), instances[0])
    return chosen.prompt, chosen.answer


def _shape_of(drawing: Drawing) -> str:
    """What two rows share that differ in their numbers only."""
    end, words = 0, []
    for place in drawing.row.places:
        words.append(drawing.row.problem[end : place.start])
        end = place.end
    fixed = find_input_numbers(drawing.row.inputs)
    drawn = {place.leaf for place in drawing.row.places}
    rest = [(one.leaf, str(one.value)) for one in fixed if one.leaf not in drawn]
    return content_id("shape", [*words, drawing.row.problem[end:]], drawing.expectation.program.plain, rest)


def _refuse(row: Row, refusal: Refusal, detail: str | None = None) -> MadeRow:
    return MadeRow(row=row, environment=None, refusal=refusal, detail=detail)
