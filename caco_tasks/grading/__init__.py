"""Final answers: found in solutions, compared exactly, never executed.

`Grader` compares; `extract_answer` finds; `grade_jsonl` is the command `caco grade`.
"""

from caco_tasks.grading.extract import extract_answer
from caco_tasks.grading.grade_file import grade_jsonl
from caco_tasks.grading.grader import VERSION, Comparison, Grader

__all__ = ["VERSION", "Comparison", "Grader", "extract_answer", "grade_jsonl"]
