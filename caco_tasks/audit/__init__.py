"""Calibration by people: a random draw of a run's rows, a sheet to judge them blind, and their answers."""

from caco_tasks.audit.answers import ANSWERS, RowAnswer, answer_records, draw_of, read_answers
from caco_tasks.audit.draws import draw_rows, find_draw
from caco_tasks.audit.sheet import answers_for, row_markdown, write_sheet

__all__ = [
    "ANSWERS",
    "RowAnswer",
    "answer_records",
    "answers_for",
    "draw_of",
    "draw_rows",
    "find_draw",
    "read_answers",
    "row_markdown",
    "write_sheet",
]
