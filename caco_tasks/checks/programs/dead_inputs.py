"""What trials of a program's inputs say against it: an input that does not matter, an output that never changes.

How inputs are changed and programs tried is in `caco_tasks.trials`. An input that has nothing to change is said to be
untested: nothing is known of it, neither for the program nor against it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from caco_tasks.ids import content_id
from caco_tasks.records import Execution, Outcome, Reason, Verdict, fail, unknown
from caco_tasks.trials import Trial, copied_key, silent_keys, untested_keys


def find_input_faults(execution: Execution, trials: Sequence[Trial], rules: Mapping[str, str]) -> Iterator[Verdict]:
    """The faults that a program's inputs show in trials; unknown where lost runs may hide one that would reject it."""
    untested = untested_keys(execution, trials)
    silent = [key for key in silent_keys(trials) if key not in untested]
    # an input that was not tested may be what the output hangs on
    is_constant = bool(silent) and not untested and len(silent) == len({trial.key for trial in trials})
    lost = sorted({trial.key for trial in trials if trial.outcome is Outcome.UNKNOWN}.intersection(silent))
    if lost and (rules["dead_input"] == "reject" or (is_constant and rules["constant_output"] == "reject")):
        yield unknown(Reason.SANDBOX_LOST, f"changes of {', '.join(lost)} were lost")
    if is_constant and not lost:
        yield fail(Reason.CONSTANT_OUTPUT, f"{len(trials)} changed inputs gave the same output")
    copied = copied_key(execution, trials) if rules["trivial"] != "off" else None
    if copied is not None:
        yield fail(Reason.TRIVIAL, f"the output is always the input {copied}")
    dead = [key for key in silent if key not in lost]
    if dead:
        yield fail(Reason.DEAD_INPUT, f"no change of it changes the output: {', '.join(dead)}")
    if untested and rules["untested_input"] != "off":
        yield unknown(Reason.UNTESTED_INPUT, f"nothing to change in it: {', '.join(untested)}")


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
