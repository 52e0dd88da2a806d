"""Samples as they stand before `agree`, made of the bank: all parts are there, and right where no other text is given."""

import json

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import BankProblem, draw_problem
from caco_tasks.grading import extract_answer
from caco_tasks.ids import content_id, program_id
from caco_tasks.records import Execution, Generation, Problem, Program, Sample, Solution


def samples(count: int) -> list[Sample]:
    """So many samples, drawn family by family; the same for the same count."""
    drawn = [draw_problem(FAMILIES[number % len(FAMILIES)], number) for number in range(count)]
    return [make_sample(number, one, one.solution) for number, one in enumerate(drawn)]


def make_sample(number: int, drawn: BankProblem, solution: str, *, input_json: str = "{}") -> Sample:
    """A drawn problem with a solution to it, and the program's input as tagged JSON."""
    made = Generation(
        request_id=content_id("bench", str(number)),
        model_id="bench",
        prompt="none",
        finish_reason="stop",
        prompt_tokens=100,
        completion_tokens=100,
        seconds=0.01,
    )
    return Sample(
        sample_id=content_id("bench sample", str(number)),
        index=number,
        program=Program(program_id=program_id(drawn.program), code=drawn.program, generation=made),
        execution=_execution(drawn.answer, input_json),
        problem=Problem(text=drawn.problem, generation=made),
        solution=Solution(text=solution, answer=extract_answer(solution), generation=made),
    )


def _execution(answer: str, input_json: str) -> Execution:
    return Execution(
        input_json=input_json,
        output_json=json.dumps(answer),
        output_text=answer,
        output_type="str",
        stdout="",
        error=None,
        wall_seconds=0.002,
        cpu_seconds=0.002,
        peak_memory_mb=12.0,
        sandbox_level="full",
    )
