"""A problem beside its program, and the faults that the rules of problems find in it."""

import json
from typing import Any

from caco_tasks.check_settings import ReverseSettings
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.records import Verdict

Case = tuple[str, dict[str, Any], Any, str]  # problem, input of its program, what that prints, its code
SUM = "def solve(**k):\n    return sum(k.values())\n"


def faults_of(case: Case) -> list[Verdict]:
    """The faults of a problem under the rules as they are set by default."""
    problem, given, output, code = case
    rules = ReverseSettings().rules
    return list(find_problem_faults(problem, rules, input_json=json.dumps(given), output_text=str(output), code=code))
