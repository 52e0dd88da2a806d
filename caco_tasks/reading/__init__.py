"""What a careful person takes out of a model's reply: the program, the problem, the solution, the verdict.

Pure text, and no model: `read_program`, `read_problem` and `read_solution` cut away thinking, headers, chat and whatever
was not asked for; where nobody could say what is meant, there is nothing to read.
"""

from caco_tasks.reading.cuts import Cut, Reading
from caco_tasks.reading.judgements import Opinion, read_judgement, read_opinion
from caco_tasks.reading.problems import read_problem
from caco_tasks.reading.programs import read_program
from caco_tasks.reading.solutions import read_solution

__all__ = [
    "Cut",
    "Opinion",
    "Reading",
    "read_judgement",
    "read_opinion",
    "read_problem",
    "read_program",
    "read_solution",
]
