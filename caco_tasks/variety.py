"""Named ways in which problems and solutions may be written: what the names in `[reverser]` and `[solver]` stand for.

Left alone, a model writes a thousand problems about apples and solves them all in one voice. Which way a sample gets follows
from its id; `caco_tasks.stages.shared.few_shot` draws it.

>>> spell_out("prose", SOLUTION_STYLES)[:16]
'connected prose:'
>>> spell_out("a telegram, every sentence short", SOLUTION_STYLES)
'a telegram, every sentence short'
"""

from collections.abc import Mapping

SCENARIOS = (
    "a bakery", "a bicycle workshop", "a bus line", "a chemistry lesson", "a children's party", "a city council",
    "a cooking course", "a farm", "a film set", "a football club", "a garden", "a harbour", "a hospital", "a hotel",
    "a library", "a mountain hut", "a museum", "a music school", "a newspaper", "a planet far away", "a post office",
    "a power station", "a school trip", "a software team", "a swimming pool", "a theatre", "a village shop",
    "a weather station", "a wood mill",
)  # fmt: skip

PROBLEM_STYLES: Mapping[str, str] = {
    "plain": "short and plain",
    "story": "a little story with a named person",
    "letter": "a letter that asks for help",
    "notice": "a notice with the facts as a list, then the question",
    "school": "the wording of a school book",
    "contest": "the wording of a contest",
    "talk": "a talk between two people, then the question",
    "question_first": "the question first, then the facts",
}

DIFFICULTIES: Mapping[str, str] = {
    "easy": "easy: the facts in the order in which they are needed",
    "middle": "middle: one fact comes only after it would have been needed",
    "hard": "hard: the facts out of order, each value still stated exactly",
}

SOLUTION_STYLES: Mapping[str, str] = {
    "equations": (
        "one step after the other, each in a sentence of its own with its calculation as an equation, numbers on both sides"
    ),
    "prose": (
        "connected prose: explain in whole sentences what is found and why it follows, with each calculation as an equation "
        "within its sentence"
    ),
    "concise": "concise: as few words as a careful reader needs, and still every calculation as an equation",
    "textbook": (
        "the worked solution of a textbook: name the quantities, state the rule or theorem that is used, then put the numbers "
        "in, equation by equation, and check the result at the end"
    ),
}


def spell_out(name: str, named: Mapping[str, str]) -> str:
    """What a name of `named` stands for; anything else speaks for itself."""
    return named.get(name, name)


def unknown_names(names: Mapping[str, float], named: Mapping[str, str]) -> list[str]:
    """The keys of a mix that are neither a name of `named` nor a text of several words: misspelt ones."""
    return [name for name in names if name not in named and " " not in name.strip()]
