"""What the models of nano-mix are for: a problem and its solution for a program that was made of others."""

from itertools import islice

from caco_tasks.config import load_config
from caco_tasks.grading import extract_answer
from caco_tasks.ids import content_id
from caco_tasks.llm.llm import Reply, Request, open_llm
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.nano.offspring_data import offspring_problems

PROGRAMS = 24
DRAWN_BY = 977  # a seed that nothing was trained on


def test_they_say_and_solve_programs_that_nobody_wrote() -> None:
    made = (problem for _, problem in offspring_problems(DRAWN_BY) if "+" in problem.key)
    problems = list(islice(made, PROGRAMS))
    models = load_config("nano-mix").models
    assert models["reverser"].model == models["solver"].model
    folder = LocalModels().find(models["reverser"].model)
    llm = open_llm(models["solver"], folder=folder, model_id="writer")  # greedy, so that it says the same each time

    def ask(prompts: list[str]) -> list[Reply]:
        named = [(content_id("test", number, text), text) for number, text in enumerate(prompts)]
        return llm.generate([Request(request_id=name, prompt="test", text=text) for name, text in named])

    said = ask([f"<|reverse|>{one.program}<|output|>{one.answer}<|problem|>" for one in problems])
    solved = ask([f"<|solve|>{reply.text}<|solution|>" for reply in said])
    right = [extract_answer(reply.text) == one.answer for reply, one in zip(solved, problems, strict=True)]
    assert sum(right) > PROGRAMS / 2, [reply.text for reply, good in zip(said, right, strict=True) if not good]
