"""What prompts hold besides the record at hand: worked examples of the bank, and the variety that texts are to have.

The examples are the same for every request, so that an engine computes them once. Scenario, style and difficulty follow from
the sample's own id: a rerun asks the same again.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.config import RunConfig
from caco_tasks.generation_settings import ReverserSettings, SolverSettings
from caco_tasks.ids import content_id
from caco_tasks.llm.prompts import DEFAULT_FAMILIES, Prompt
from caco_tasks.variety import DIFFICULTIES, PROBLEM_STYLES, SCENARIOS, SOLUTION_STYLES, spell_out

EXAMPLE_NUMBER = 900_000  # no seed, training or test has problems of this number
IMPORTS = "imports"


@cache
def bank_examples(names: tuple[str, ...] = DEFAULT_FAMILIES) -> tuple[dict[str, str], ...]:
    """Worked examples of families of the bank, as the variables of a prompt's section `[example]`."""
    families = {family.name: family for family in FAMILIES}
    drawn = [draw_problem(families[name], EXAMPLE_NUMBER) for name in names]
    return tuple(
        {
            "problem": one.problem,
            "solution": one.solution,
            "answer": one.answer,
            "code": one.program.strip(),
            "output": one.answer,
        }
        for one in drawn
    )


def shared_values(prompt: Prompt, config: RunConfig) -> dict[str, str]:
    """The variables of a prompt that are the same in every request: its worked examples, and the modules allowed."""
    names = {IMPORTS: ", ".join(sorted(config.screen.allowed_imports))} if IMPORTS in prompt.variables else {}
    return prompt.showing(bank_examples(prompt.families)) | names


def prompt_hash(prompt: Prompt, config: RunConfig) -> str:
    """What names the text of a prompt, with all that is the same in every request."""
    return content_id("prompt", prompt.system, prompt.text, shared_values(prompt, config))


def problem_variety(sample_id: str, settings: ReverserSettings) -> dict[str, str]:
    """Scenario (empty: none), style and difficulty of a sample's problem, as a prompt names them."""
    random = Random(f"variety/{sample_id}")
    is_set_somewhere = random.random() < settings.scenario_share
    scenario = random.choice(settings.scenarios or SCENARIOS)
    return {
        "scenario": scenario if is_set_somewhere else "",
        "style": _draw(random, settings.styles, PROBLEM_STYLES),
        "difficulty": _draw(random, settings.difficulties, DIFFICULTIES),
    }


def solution_style(sample_id: str, settings: SolverSettings) -> str:
    """How a sample's problem is to be solved, as a prompt says it."""
    return _draw(Random(f"solution style/{sample_id}"), settings.styles, SOLUTION_STYLES)


def _draw(random: Random, mix: Mapping[str, float], named: Mapping[str, str]) -> str:
    """One style of a mix by its weight, spelt out; of all named ones where the mix is empty."""
    names: Sequence[str] = sorted(mix) or list(named)  # sorted: the order of a table in a file means nothing
    (name,) = random.choices(names, [mix.get(name, 1.0) for name in names])
    return spell_out(name, named)
