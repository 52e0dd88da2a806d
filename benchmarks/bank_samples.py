"""Samples as they stand before `agree`, made of the bank: all parts are there, and right."""

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.ids import content_id, program_id
from caco_tasks.records import Execution, Generation, Problem, Program, Sample, Solution


def samples(count: int) -> list[Sample]:
    """So many samples, drawn family by family; the same for the same count."""
    return [_sample(number) for number in range(count)]


def _sample(number: int) -> Sample:
    drawn = draw_problem(FAMILIES[number % len(FAMILIES)], number)
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
        program=Program(program_id=program_id(drawn.program), code=drawn.program, generation=made),
        execution=_execution(drawn.answer),
        problem=Problem(text=drawn.problem, generation=made),
        solution=Solution(text=drawn.solution, answer=drawn.answer, generation=made),
    )


def _execution(answer: str) -> Execution:
    return Execution(
        input_json="{}",
        output_json=f'"{answer}"',
        output_text=answer,
        output_type="str",
        stdout="",
        error=None,
        wall_seconds=0.002,
        cpu_seconds=0.002,
        peak_memory_mb=12.0,
        sandbox_level="full",
    )
