"""Words of a text as the binder compares them: lower case, crude stems, no stop words."""

import re

# Words that say nothing of a quantity; "total" and "per" are in every question.
_LIST = (
    "a an the and or but if then so of to in on at by for from with as is are was were be been being am has have "
    "had do does did will would can could should may might must it its he she they them his her hers their theirs "
    "him i you we us our my your this that these those there here who whom which what when where why how many "
    "much more most less least fewer than each every all some any no not only also too very just about into onto "
    "out up down off over under after before while during per first second next last another other same such both "
    "find need get got total altogether now let us since because therefore thus hence mean one calculate number "
    "amount "
)
STOP_WORDS = frozenset(_LIST.split())
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")


def stem(word: str) -> str:
    """A crude stem: plural and verb endings cut, so that `box` meets `boxes`, and `selling` meets `sells`."""
    word = word.lower().removesuffix("'s")
    for ending, rest in (
        ("ies", "y"),
        ("sses", "ss"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
        ("ing", ""),
        ("ed", ""),
        ("s", ""),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + rest
            break
    # stopped, stopping: one p; but not sell, pass
    word = word[:-1] if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "ls" else word
    return word.removesuffix("e") if len(word) > 3 else word


def plain_words(text: str) -> list[str]:
    """The words of a text that say something, in lower case, in order."""
    found = [word.lower().removesuffix("'s") for word in _WORD.findall(text)]
    return [word for word in found if word not in STOP_WORDS and (len(word) > 1)]


def stems(text: str) -> list[str]:
    """The stems of `plain_words(text)`, and `$` for each dollar sign."""
    return [stem(word) for word in plain_words(text)] + ["$"] * text.count("$")
