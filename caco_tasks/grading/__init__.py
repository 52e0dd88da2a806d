"""Final answers: found in solutions, compared exactly, never executed; checks on written arithmetic and on leaks.

`Grader` compares; `extract_answer` finds; `false_equations` computes every arithmetic statement of a solution;
`grade_jsonl` is the command `caco grade`; `caco_tasks.grading.leaks` checks a problem written back from a program.
"""

from caco_tasks.grading.equations import Equations, false_equations
from caco_tasks.grading.extract import extract_answer
from caco_tasks.grading.files import grade_jsonl
from caco_tasks.grading.grader import VERSION, Comparison, Grader

__all__ = ["VERSION", "Comparison", "Equations", "Grader", "extract_answer", "false_equations", "grade_jsonl"]
