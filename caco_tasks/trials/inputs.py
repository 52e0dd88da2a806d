"""Which inputs of a program matter: what it makes of them when they are changed.

An input whose change never changes the output, nor makes the program fail, does not matter to the problem. Most inputs
show at the first change that they matter. One that does not is changed more often, then far away, where the shortest of
three ways is no longer the shortest; then a table is given another shape; and then in other circumstances, with all other
inputs changed as well: four teachers may need another bus on one day and not on another.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from caco_tasks.ids import random_seed
from caco_tasks.records import Execution, Outcome
from caco_tasks.sandbox import Job, ProgramResult, Sandbox
from caco_tasks.trials.far import far_values, shape_values
from caco_tasks.trials.near import can_change, is_readable, perturbations, scattered_numbers
from caco_tasks.trials.table_parts import is_table

CIRCUMSTANCES = 10  # in which inputs that are still silent are changed
EQUAL_CIRCUMSTANCES = 3  # before them: inputs that are alike
JOINT_DRAWS = 4  # inputs changed in every key at once
FLOAT_NOISE = 1e-9  # two floats this near, by their size, are one result


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of a program under one changed input."""

    key: str  # the input that was changed
    without_change: str | None  # what it made of the same input before the change
    input_json: str
    outcome: Outcome
    output_json: str | None  # None: it failed, or was lost

    @property
    def is_heard(self) -> bool:
        """Whether the change made the program fail, or give another output."""
        if self.outcome is Outcome.FAIL:
            return True
        return self.output_json is not None and not _is_same(self.output_json, self.without_change)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedProgram:
    """A program that ran, and the trials of its inputs."""

    code: str
    execution: Execution
    trials: list[Trial] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One changed input that is to be run."""

    tried: TriedProgram
    key: str
    input_json: str
    without_change: str | None  # the output before the change


def try_inputs(programs: Sequence[TriedProgram], sandbox: Sandbox, *, draws: int) -> None:
    """Runs each program under changed inputs and gives it its trials.

    Looks at one change of every input; then, each only at the inputs that were silent before, at `draws` changes, at far
    ones, at other shapes of tables, and at far changes in other circumstances.
    """
    first = [change for one in programs for change in _near_changes(one, input_names(one.execution), 1, look=0)]
    _run_trials(first, sandbox)
    again = [change for one in programs for change in _near_changes(one, silent_keys(one.trials), draws, look=1)]
    _run_trials(again, sandbox)
    for values in (far_values, shape_values):
        waiting = [(one, key) for one in programs for key in _waiting_keys(one)]
        changes = [change for one, key in waiting for change in _far_changes(one, key, values)]
        _run_trials(changes, sandbox, is_far=True)
    silent = [one for one in programs if silent_keys(one.trials)]
    _run_trials(list(_circumstance_changes(silent, sandbox)), sandbox, is_far=True)


def input_names(execution: Execution) -> list[str]:
    """The keys of a program's input, in order."""
    return [] if execution.input_json is None else list(json.loads(execution.input_json))


def silent_keys(trials: Sequence[Trial]) -> list[str]:
    """The changed keys under none of whose changes anything happened."""
    heard = {trial.key for trial in trials if trial.is_heard}
    return [key for key in dict.fromkeys(trial.key for trial in trials) if key not in heard]


def untested_keys(execution: Execution, trials: Sequence[Trial]) -> list[str]:
    """The keys of which nothing is known: their values have no neighbours, as None and what is empty, and were not heard."""
    heard = {trial.key for trial in trials if trial.is_heard}
    given = json.loads(execution.input_json or "{}")
    return [key for key, value in given.items() if key not in heard and not can_change(value)]


def copied_key(execution: Execution, trials: Sequence[Trial]) -> str | None:
    """The input that the output equals under every change; only outputs that vary can show it."""
    runs = [(execution.input_json, execution.output_json)]
    runs += [(trial.input_json, trial.output_json) for trial in trials if trial.output_json is not None]
    if execution.input_json is None or len({output for _, output in runs}) < 2:
        return None
    read = [(json.loads(given or "{}"), json.loads(output or "null")) for given, output in runs]
    for key in json.loads(execution.input_json):
        pairs = [(given.get(key), output) for given, output in read]
        # 1, 1.0 and True are equal in Python
        if all(value == output and type(value) is type(output) for value, output in pairs):
            return str(key)
    return None


def changed_inputs(input_json: str, *, keys: Iterable[str], draws: int, look: int) -> Iterator[tuple[str, str]]:
    """Pairs of a key and an input changed in that key, at most `draws` for each; other looks give other changes."""
    for key in keys:
        for changed in perturbations(input_json, key=key, draws=draws, seed=random_seed(key, look)):
            yield key, changed


def far_changed_inputs(
    input_json: str, *, key: str, values: Callable[[Any], Sequence[Any]] = far_values
) -> Iterator[str]:
    """Inputs in which one key, and no other, is far from what it was."""
    given = json.loads(input_json)
    changed = (json.dumps({**given, key: value}) for value in values(given[key]))
    yield from (text for text in changed if is_readable(text))


def circumstances(execution: Execution, keys: Sequence[str]) -> list[str]:
    """Other inputs to start from when `keys` are changed: with inputs made equal, one far away, or all changed."""
    given = execution.input_json or "{}"
    equal = list(_with_equal_inputs(execution, keys))[:EQUAL_CIRCUMSTANCES]
    far = [text for key in input_names(execution) for text in list(far_changed_inputs(given, key=key))[:2]]
    others = [*far, *jointly_changed_inputs(execution)][:CIRCUMSTANCES]
    return [text for text in dict.fromkeys([*equal, *others]) if text != given]


def _with_equal_inputs(execution: Execution, keys: Sequence[str]) -> Iterator[str]:
    """All inputs of the type and sign of one of the keys made equal to it, and it made equal to each of them.

    Of tables, and of anything where the output is a yes or a word: such programs may hold inputs against each other.
    """
    given = json.loads(execution.input_json or "{}")
    is_word = isinstance(json.loads(execution.output_json or "null"), bool | str)
    for key in keys:
        alike = [name for name, value in given.items() if name != key and _kind(value) == _kind(given[key])]
        if alike and (is_word or is_table(given[key])):
            yield json.dumps({**given, **dict.fromkeys(alike, given[key])})
            yield from (json.dumps({**given, key: given[name]}) for name in alike)


def _kind(value: Any) -> tuple[type, bool]:
    return type(value), isinstance(value, int | float) and value < 0


def jointly_changed_inputs(execution: Execution) -> list[str]:
    """Inputs changed in every key, and in every number of a table, at once: the same for every program with the same input."""
    if execution.input_json is None:
        return []
    keys = sorted(input_names(execution))
    return [_changed_in_all(execution.input_json, keys, draw) for draw in range(JOINT_DRAWS)]


def _changed_in_all(input_json: str, keys: Sequence[str], draw: int) -> str:
    for key in keys:
        seed = random_seed("joint", key, draw)  # one for each key: equal steps would leave differences as they are
        given = json.loads(input_json)
        scattered = json.dumps({**given, key: scattered_numbers(given[key], seed=seed)})
        if is_table(given[key]) and scattered != input_json and is_readable(scattered):
            input_json = scattered
        else:
            input_json = next(iter(perturbations(input_json, key=key, draws=1, seed=seed)), input_json)
    return input_json


def _waiting_keys(one: TriedProgram) -> list[str]:
    """The inputs at which to look again: silent ones, those without neighbours, and one that the output always equals."""
    silent = [*silent_keys(one.trials), *untested_keys(one.execution, one.trials)]
    copied = copied_key(one.execution, one.trials)
    return list(dict.fromkeys([*silent, copied] if copied is not None else silent))


def _near_changes(one: TriedProgram, keys: Sequence[str], draws: int, *, look: int) -> Iterator[_Change]:
    before = one.execution.output_json
    for key, changed in changed_inputs(one.execution.input_json or "{}", keys=keys, draws=draws, look=look):
        yield _Change(tried=one, key=key, input_json=changed, without_change=before)


def _far_changes(one: TriedProgram, key: str, values: Callable[[Any], Sequence[Any]]) -> Iterator[_Change]:
    for changed in far_changed_inputs(one.execution.input_json or "{}", key=key, values=values):
        yield _Change(tried=one, key=key, input_json=changed, without_change=one.execution.output_json)


def _circumstance_changes(programs: Sequence[TriedProgram], sandbox: Sandbox) -> Iterator[_Change]:
    """Changes of silent inputs where one other input is far away, or all are changed."""
    places = [(one, place) for one in programs for place in circumstances(one.execution, silent_keys(one.trials))]
    for (one, place), ran in zip(places, _run_programs(places, sandbox), strict=True):
        for key in silent_keys(one.trials) if ran.verdict.kept else ():
            for changed in _changed_there(place, key):
                yield _Change(tried=one, key=key, input_json=changed, without_change=ran.execution.output_json)


def _changed_there(place: str, key: str) -> list[str]:
    """A few changes of one input in other circumstances: far ones; of a table, first one of all its numbers."""
    given = json.loads(place)
    scattered = json.dumps({**given, key: scattered_numbers(given[key], seed=random_seed("there", key))})
    near = [scattered] if is_table(given[key]) and scattered != place and is_readable(scattered) else []
    return near + list(far_changed_inputs(place, key=key))[:2]


def _run_trials(changes: Sequence[_Change], sandbox: Sandbox, *, is_far: bool = False) -> None:
    """Runs changed inputs and keeps each as a trial of its program."""
    runs = _run_programs([(change.tried, change.input_json) for change in changes], sandbox)
    for change, ran in zip(changes, runs, strict=True):
        if is_far and ran.verdict.outcome is Outcome.FAIL:
            continue  # far away a failure says nothing: too large a loop, a party of no guests
        trial = Trial(
            key=change.key,
            without_change=change.without_change,
            input_json=change.input_json,
            outcome=ran.verdict.outcome,
            output_json=ran.execution.output_json if ran.verdict.kept else None,
        )
        change.tried.trials.append(trial)


def _run_programs(inputs: Sequence[tuple[TriedProgram, str]], sandbox: Sandbox) -> Iterator[ProgramResult]:
    return sandbox.run(Job(code=one.code, input_json=changed) for one, changed in inputs)


def _is_same(output_json: str, before: str | None) -> bool:
    """Whether two outputs are one, but for what is lost when floats are added and taken away."""
    if output_json == before or before is None:
        return output_json == before
    return "." in output_json and _are_near(json.loads(output_json), json.loads(before))


def _are_near(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=FLOAT_NOISE, abs_tol=FLOAT_NOISE)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_are_near, one, other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_are_near(value, other[key]) for key, value in one.items())
    return bool(one == other)
