"""Dead inputs: what a program does when one of its inputs is changed.

An input whose change never changes the output, nor makes the program fail, does not matter to the problem. Most inputs
show at the first change that they matter. One that does not is changed more often, then far away, where the shortest of
three ways is no longer the shortest, and then in other circumstances, with all other inputs changed as well: four
teachers may need another bus on one day and not on another.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.ids import content_id, random_seed
from caco_tasks.records import Execution, Outcome, Reason, Verdict, fail, unknown
from caco_tasks.sandbox.values import TYPE, perturbations

FAR_DRAWS = 10  # changes far away, of one input
CIRCUMSTANCES = 10  # in which inputs that are still silent are changed
FAR_FACTOR = 12
JOINT_DRAWS = 4  # inputs changed in every key: circumstances of a third look, and points of a behaviour signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run of a program under one changed input."""

    key: str  # the input that was changed
    without_change: str | None  # what it made of the same input before the change
    input_json: str
    outcome: Outcome
    output_json: str | None  # None: it failed, or was lost


def changed_inputs(input_json: str, *, keys: Iterable[str], draws: int, look: int) -> Iterator[tuple[str, str]]:
    """Pairs of a key and an input changed in that key, at most `draws` for each; other looks give other changes."""
    for key in keys:
        for changed in perturbations(input_json, key=key, draws=draws, seed=random_seed(key, look)):
            yield key, changed


def far_changed_inputs(input_json: str, *, keys: Iterable[str], draws: int = FAR_DRAWS) -> Iterator[tuple[str, str]]:
    """Pairs of a key and an input in which that key, and no other, is far from what it was; at most `draws` of each."""
    given = json.loads(input_json)
    for key in keys:
        for value in _far(given[key])[:draws]:
            yield key, json.dumps({**given, key: value})


def circumstances(execution: Execution) -> list[str]:
    """Other inputs to start from: with one input far away, and with all inputs changed."""
    far = far_changed_inputs(execution.input_json or "{}", keys=input_names(execution), draws=2)
    return [*(place for _, place in far), *jointly_changed_inputs(execution)][:CIRCUMSTANCES]


def jointly_changed_inputs(execution: Execution) -> list[str]:
    """Inputs changed in every key at once: the same for every program with the same input."""
    if execution.input_json is None:
        return []
    keys = sorted(input_names(execution))
    return [_changed_in_all(execution.input_json, keys, draw) for draw in range(JOINT_DRAWS)]


def input_names(execution: Execution) -> list[str]:
    """The keys of a program's input, in order."""
    return [] if execution.input_json is None else list(json.loads(execution.input_json))


def silent_keys(trials: Sequence[Trial]) -> list[str]:
    """The changed keys under none of whose changes anything happened."""
    heard = {
        trial.key
        for trial in trials
        if trial.outcome is Outcome.FAIL
        or (trial.output_json is not None and trial.output_json != trial.without_change)
    }
    return [key for key in dict.fromkeys(trial.key for trial in trials) if key not in heard]


def find_input_faults(execution: Execution, trials: Sequence[Trial], rules: Mapping[str, str]) -> Iterator[Verdict]:
    """The faults that a program's inputs show in trials; unknown where lost runs may hide one that would reject it."""
    silent = silent_keys(trials)
    is_constant = bool(silent) and len(silent) == len({trial.key for trial in trials})
    lost = sorted({trial.key for trial in trials if trial.outcome is Outcome.UNKNOWN}.intersection(silent))
    if lost and (rules["dead_input"] == "reject" or (is_constant and rules["constant_output"] == "reject")):
        yield unknown(Reason.SANDBOX_LOST, f"changes of {', '.join(lost)} were lost")
    if is_constant and not lost:
        yield fail(Reason.CONSTANT_OUTPUT, f"{len(trials)} changed inputs gave the same output")
    copied = _find_copied_key(execution, trials) if rules["trivial"] != "off" else None
    if copied is not None:
        yield fail(Reason.TRIVIAL, f"the output is always the input {copied}")
    dead = [key for key in silent if key not in lost]
    if dead:
        yield fail(Reason.DEAD_INPUT, f"no change of it changes the output: {', '.join(dead)}")


def describe_failures(trials: Sequence[Trial]) -> str | None:
    """The inputs under whose changes a program failed, and how often; None: under none."""
    failed = [trial.key for trial in trials if trial.outcome is Outcome.FAIL]
    parts = [f"{key} {failed.count(key)}" for key in dict.fromkeys(failed)]
    return f"failed under changes of {', '.join(parts)}" if parts else None


def behaviour_signature(execution: Execution, outputs: Sequence[str | None]) -> str | None:
    """The hash of a program's input and of what it makes of the jointly changed ones (None: it failed on that one).

    None when too little was seen to tell two programs apart: fewer than two outputs, or all of them equal.
    """
    seen = [output for output in (execution.output_json, *outputs) if output is not None]
    if execution.input_json is None or len(seen) < 3 or len(set(seen)) < 2:
        return None
    return content_id("behaviour", json.loads(execution.input_json), execution.output_json, list(outputs))


def _changed_in_all(input_json: str, keys: Sequence[str], draw: int) -> str:
    for key in keys:
        seed = random_seed("joint", key, draw)  # one for each key: equal steps would leave differences as they are
        input_json = next(iter(perturbations(input_json, key=key, draws=1, seed=seed)), input_json)
    return input_json


def _far(value: Any) -> list[Any]:
    """Values of the same type far from `value`: of the same sign, as small and as large as a problem may have."""
    match value:
        case bool():
            return []
        case int():
            sign = -1 if value < 0 else 1
            return [far for far in (sign, value * FAR_FACTOR + sign) if far != value]
        case float():
            low, high = value / FAR_FACTOR, value * FAR_FACTOR
            return [low, 1 - (1 - value) / FAR_FACTOR if 0 < value < 1 else high] if value else [float(FAR_FACTOR)]
        case str():
            return [far for far in dict.fromkeys((value[::-1], value * 2, "".join(sorted(value)))) if far != value]
        case list():
            return _far_items(value)
        case dict() if TYPE not in value:
            return [{**value, name: far} for name, item in value.items() for far in _far(item)]
    return []


def _far_items(values: list[Any]) -> list[Any]:
    """The list turned round, its last item first, and all items alike; then one item far away: the outer ones, then the
    middle one."""
    size = len(values)
    distinct = [value for place, value in enumerate(values) if value not in values[:place]][:3]
    whole = [values[::-1], values[-1:] + values[:-1], *([value] * size for value in distinct)]
    places = dict.fromkeys((0, size - 1, size // 2)) if values else ()
    single = [[*values[:place], far, *values[place + 1 :]] for place in places for far in _far(values[place])]
    return [far for far in whole if far != values] + single


def _find_copied_key(execution: Execution, trials: Sequence[Trial]) -> str | None:
    """The input that the output equals under every change; only outputs that vary can show it."""
    runs = [(execution.input_json, execution.output_json)]
    runs += [(trial.input_json, trial.output_json) for trial in trials if trial.output_json is not None]
    if execution.input_json is None or len({output for _, output in runs}) < 2:
        return None
    read = [(json.loads(given or "{}"), json.loads(output or "null")) for given, output in runs]
    keys = json.loads(execution.input_json)
    for key in keys:
        pairs = [(given.get(key), output) for given, output in read]
        # 1, 1.0 and True are equal in Python
        if all(value == output and type(value) is type(output) for value, output in pairs):
            return str(key)
    return None
