"""Programs tried under changed inputs, to see which of their inputs matter.

`near` changes a value by a little, `far` by much, in tables too; `inputs` runs programs under such changes.
"""

from caco_tasks.trials.inputs import Trial, TriedProgram, copied_key, silent_keys, try_inputs, untested_keys
from caco_tasks.trials.near import perturbations

__all__ = [
    "Trial",
    "TriedProgram",
    "copied_key",
    "perturbations",
    "silent_keys",
    "try_inputs",
    "untested_keys",
]
