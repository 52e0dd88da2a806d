"""What an environment is: a program, a problem with places for its numbers, and what the numbers may be."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

from caco_tasks.atomic import replaced
from caco_tasks.errors import DamagedError
from caco_tasks.ids import content_id

MAKER_VERSION = 1  # raised with each change of which instances an environment has, or of how they read
LEVELS = (1, 2, 3, 4, 5)  # of difficulty: by the size of the numbers
FILE_NAME = "environments.jsonl"

Number = int | Fraction  # whole ones as int, for these are drawn by the million
Leaf = tuple[str | int, ...]  # where a number stands in a program's `input`: ("prices", 2)


class Refusal(StrEnum):
    """Why a row did not become an environment: the closed list; docs/environments.md says it in a table."""

    UNKNOWN_LICENCE = "unknown_licence"  # its licence is not known, so that nobody may pass its instances on
    NO_NUMBERS = "no_numbers"  # its input holds no whole or decimal number
    UNREADABLE_PROGRAM = (
        "unreadable_program"  # the program is not read outside the sandbox, or assigns no plain `input`
    )
    NOT_REPEATED = "not_repeated"  # run inside the probe, the program does not give the row's own answer
    NOTHING_TO_CHANGE = "nothing_to_change"  # no number of the input stands in the text in a way that is surely its own
    TEXT_FAULT = "text_fault"  # the row's own text does not pass the rules for problems as they are today
    TOO_FEW = "too_few_instances"  # fewer than the instances asked for meet all conditions
    ONE_ANSWER = "answers_too_alike"  # nearly all instances have the same answer
    TOO_FEW_LEVELS = "too_few_levels"  # its numbers can be drawn at one level of difficulty only
    SAME_PROGRAM = "same_environment"  # another row has the same program but for its numbers, and the same words


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPlace:
    """A place of the problem's text where a number of the input stands."""

    leaf: Leaf
    start: int  # character positions in the problem
    end: int
    form: str  # "plain", "ordinal"; "hundredths" where the text says 20 and the input 0.2
    unit: str | None = None  # the stem of what is counted
    group: str = ""  # numbers of one group keep their order; empty: of none
    ceiling: int | None = None  # the most that it can be where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRange:
    """What a number of the input may be at one level."""

    leaf: Leaf
    low: str  # as the text says it, without a sign: a decimal
    high: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A condition on two numbers, or on one, that probing found: all valid draws meet it and others do not."""

    kind: str  # "multiple_of": left is a multiple of right; "less_than": left is less than right
    left: Leaf
    right: Leaf | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A verified row whose numbers may be drawn anew."""

    environment_id: str
    sample_id: str
    dataset: str
    licence: str
    program_id: str
    code: str
    problem: str
    answer: str
    input_json: str
    places: tuple[NumberPlace, ...]
    ranges: Mapping[int, tuple[InputRange, ...]]  # by level
    relations: tuple[Relation, ...] = ()
    conditions: Mapping[str, int] = field(default_factory=dict)  # what draws were refused for, and how many
    instances: Mapping[int, int] = field(default_factory=dict)  # distinct valid ones found, by level
    left_out: tuple[str, ...] = ()  # ids of instances that another level has, or that are like a protected item
    example: tuple[str, str] | None = None  # problem and answer of one instance
    maker_version: int = MAKER_VERSION

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels at which there are instances."""
        return tuple(level for level in LEVELS if self.instances.get(level))

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The numbers of the input that are drawn, in the order of the text."""
        return tuple(dict.fromkeys(place.leaf for place in self.places))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One problem of an environment with its answer."""

    instance_id: str
    environment_id: str
    program_id: str
    level: int
    prompt: str
    answer: str
    answer_type: str
    input_json: str
    licence: str


def find_span(environment: Environment, leaf: Leaf) -> list[str]:
    """The least and the most that a number may be, over all levels that have instances."""
    found = [one for level in environment.levels for one in environment.ranges[level] if one.leaf == leaf]
    return [min((one.low for one in found), key=float), max((one.high for one in found), key=float)]


def environment_id(program: str, problem: str) -> str:
    """The id of an environment: it names the program, the text and the version of the maker."""
    return content_id("environment", program, problem, MAKER_VERSION)


def instance_id(program: str, input_json: str, level: int) -> str:
    """The id of an instance, as `PROGRAM-INPUTS-dLEVEL-vVERSION`: two hashes of twelve digits, and two numbers.

    >>> instance_id("0123456789abcdef", '{"pens": 3}', 2)
    '0123456789ab-b4b5a9e8b8f7-d2-v1'
    """
    inputs = content_id("inputs", json.loads(input_json))
    return f"{program[:12]}-{inputs[:12]}-d{level}-v{MAKER_VERSION}"


def write_environments(environments: Iterable[Environment], folder: Path) -> int:
    """Writes `environments.jsonl`, whole or not at all; returns how many there are."""
    count = 0
    with replaced(folder / FILE_NAME) as file:
        for count, one in enumerate(environments, 1):  # noqa: B007 - the last one is the count
            file.write(json.dumps(asdict(one)) + "\n")
    return count


def read_environments(folder: Path) -> Iterator[Environment]:
    """The environments of a folder that `caco environments make` wrote.

    Raises:
        DamagedError: there is no such file, or a line of it is no environment.
    """
    path = folder / FILE_NAME
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield _parse(line, f"{path}, line {number}")
    except OSError as exc:
        raise DamagedError(f"{path} cannot be read ({exc.strerror}): make it with `caco environments make`.") from exc


def _parse(line: str, place: str) -> Environment:
    try:
        found: dict[str, Any] = json.loads(line)
        leaf = _leaf_of
        return Environment(
            **{
                **{name: found[name] for name in _PLAIN},
                "places": tuple(NumberPlace(**{**one, "leaf": leaf(one["leaf"])}) for one in found["places"]),
                "ranges": {
                    int(level): tuple(InputRange(**{**one, "leaf": leaf(one["leaf"])}) for one in ranges)
                    for level, ranges in found["ranges"].items()
                },
                "relations": tuple(
                    Relation(kind=one["kind"], left=leaf(one["left"]), right=leaf(one["right"]))
                    for one in found["relations"]
                ),
                "instances": {int(level): count for level, count in found["instances"].items()},
                "left_out": tuple(found["left_out"]),
                "example": tuple(found["example"]) if found["example"] else None,
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DamagedError(f"{place} is no environment: {type(exc).__name__}: {exc}.") from exc


_PLAIN = (
    *("environment_id", "sample_id", "dataset", "licence", "program_id", "code", "problem", "answer"),
    *("input_json", "conditions", "maker_version"),
)


def _leaf_of(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
