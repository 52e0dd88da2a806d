"""What prompts hold besides the record at hand: worked examples of the bank, and the variety that problems are to have.

The examples are the same for every request, so that an engine computes them once. Setting, style and difficulty follow
from the sample's own id: a rerun asks the same again.
"""

from functools import cache
from random import Random

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.ids import content_id
from caco_tasks.llm.prompts import Prompt

EXAMPLE_FAMILIES = ("cafe_bills", "two_bags", "shortest_way")  # a rate, a chance, a way through a net
EXAMPLE_NUMBER = 900_000  # no seed, training or test has problems of this number

SCENARIOS = (
    "a bakery", "a bicycle workshop", "a bus line", "a chemistry lesson", "a children's party", "a city council",
    "a cooking course", "a farm", "a film set", "a football club", "a garden", "a harbour", "a hospital", "a hotel",
    "a library", "a mountain hut", "a museum", "a music school", "a newspaper", "a planet far away", "a post office",
    "a power station", "a school trip", "a software team", "a swimming pool", "a theatre", "a village shop",
    "a weather station", "a wood mill", "no setting: plain mathematical words",
)  # fmt: skip
STYLES = (
    "short and plain",
    "a little story with a named person",
    "a letter that asks for help",
    "a notice with the facts as a list, then the question",
    "the wording of a school book",
    "the wording of a contest",
    "a talk between two people, then the question",
    "the question first, then the facts",
)
DIFFICULTIES = (
    "easy: facts in the order in which they are needed",
    "middle: one fact comes only after it would have been needed",
    "hard: facts out of order, and quantities told by their relation where the program has it so",
)


@cache
def bank_examples() -> tuple[dict[str, str], ...]:
    """Worked examples, as the variables of a prompt's section `[example]`."""
    families = {family.name: family for family in FAMILIES}
    drawn = [draw_problem(families[name], EXAMPLE_NUMBER) for name in EXAMPLE_FAMILIES]
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


def prompt_hash(prompt: Prompt) -> str:
    """What names the text of a prompt, with the worked examples that it shows."""
    return content_id("prompt", prompt.system, prompt.text, prompt.showing(bank_examples()))


def variety(sample_id: str) -> dict[str, str]:
    """Setting, style and difficulty of a sample's problem."""
    random = Random(f"variety/{sample_id}")
    return {
        "scenario": random.choice(SCENARIOS),
        "style": random.choice(STYLES),
        "difficulty": random.choice(DIFFICULTIES),
    }
