"""Dead inputs: what a program does when one of its inputs is changed.

An input whose change never changes the output, nor makes the program fail, does not matter to the problem. Most inputs
show at the first change that they matter. One that does not is changed more often, and then in other circumstances,
with all other inputs changed as well: four teachers may need another bus on one day and not on another.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from caco_tasks.ids import content_id, random_seed
from caco_tasks.records import Execution, Outcome, Reason, Verdict, fail, unknown
from caco_tasks.sandbox.values import perturbations

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
    heard = {trial.key for trial in trials if trial.outcome is Outcome.FAIL or _differs(trial)}
    return [key for key in dict.fromkeys(trial.key for trial in trials) if key not in heard]


def judge_inputs(execution: Execution, trials: Sequence[Trial]) -> Verdict:
    """Whether every input matters; a pass names the inputs under whose changes the program failed."""
    silent = silent_keys(trials)
    lost = {trial.key for trial in trials if trial.outcome is Outcome.UNKNOWN}
    if lost.intersection(silent):
        return unknown(Reason.SANDBOX_LOST, f"changes of {', '.join(sorted(lost.intersection(silent)))} were lost")
    if silent and len(silent) == len({trial.key for trial in trials}):
        return fail(Reason.CONSTANT_OUTPUT, f"{len(trials)} changed inputs gave the same output")
    copied = _copied_key(execution, trials)
    if copied is not None:
        return fail(Reason.TRIVIAL, f"the output is always the input {copied}")
    if silent:
        return fail(Reason.DEAD_INPUT, f"no change of it changes the output: {', '.join(silent)}")
    return Verdict(Outcome.PASS, detail=_failures(trials))


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


def _differs(trial: Trial) -> bool:
    return trial.output_json is not None and trial.output_json != trial.without_change


def _copied_key(execution: Execution, trials: Sequence[Trial]) -> str | None:
    """The input that the output equals under every change; only outputs that vary can show it."""
    runs = [(execution.input_json, execution.output_json)]
    runs += [(trial.input_json, trial.output_json) for trial in trials if trial.output_json is not None]
    if execution.input_json is None or len({output for _, output in runs}) < 2:
        return None
    read = [(json.loads(given or "{}"), json.loads(output or "null")) for given, output in runs]
    keys = json.loads(execution.input_json)
    return next((key for key in keys if all(_is_same(given.get(key), output) for given, output in read)), None)


def _is_same(value: object, output: object) -> bool:
    return value == output and type(value) is type(output)


def _failures(trials: Sequence[Trial]) -> str | None:
    failed = [trial.key for trial in trials if trial.outcome is Outcome.FAIL]
    parts = [f"{key} {failed.count(key)}" for key in dict.fromkeys(failed)]
    return f"failed under changes of {', '.join(parts)}" if parts else None
