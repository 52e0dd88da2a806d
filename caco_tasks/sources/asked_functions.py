"""Which function of a source's code a problem asks for, where its tests look at helpers too.

A helper is called by what was asked for: `sum_of_primes` calls `is_prime`. Where no function of those under test calls all
others, a name that the problem writes as code decides. What cannot be told apart comes back as rivals.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_FUNCTION = re.compile(r"^(?:async +)?def +(\w+)", re.MULTILINE)
_CLASS = re.compile(r"^class +(\w+)", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?=\S)", re.MULTILINE)
_NOT_RUN = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|#[^\n]*')
_WORD = re.compile(r"[A-Za-z_]\w*")
_PART_OF_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
STEM_CHARS = 5  # words that begin alike are one: primes and prime


@dataclass(frozen=True, slots=True)
class AskedFunction:
    """The function, or failing one the class, that is under test and asked for."""

    name: str
    rivals: tuple[str, ...] = ()  # others that may be meant as well


def find_asked(problem: str, code: str, tests: Sequence[str]) -> AskedFunction | None:
    """What `problem` asks for among the functions that `code` defines at its top level and the tests call.

    Failing a call, the functions that they name; failing a function, the first class. None: they name nothing of it.
    """
    text = "\n".join(tests)
    named, called = set(_WORD.findall(text)), _called_in(text)
    functions = list(dict.fromkeys(_FUNCTION.findall(code)))
    tested = [name for name in functions if name in called] or [name for name in functions if name in named]
    if not tested:  # a class only where no function is named: tests of a class call its methods
        return next((AskedFunction(name) for name in _CLASS.findall(code) if name in named), None)
    if len(tested) == 1:
        return AskedFunction(tested[0])
    uncalled = _find_uncalled(code, tested)
    spelled = [name for name in tested if _is_spelled_in(problem, name)]
    best = [name for name in uncalled if name in spelled] or uncalled
    rivals = tested if not set(best) & set(spelled) and spelled else best  # the problem may ask for the helper itself
    chosen = max(best, key=lambda name: _likeness(name, problem))  # of equals the first
    return AskedFunction(chosen, tuple(name for name in rivals if name != chosen))


def _called_in(text: str) -> set[str]:
    return {name for name in re.findall(r"([A-Za-z_]\w*) *\(", text)}


def _find_uncalled(code: str, names: Sequence[str]) -> list[str]:
    """Those of the functions that no other one of them calls, through whichever others of the code; all, where each is called."""
    calls: dict[str, set[str]] = {}
    for block in _TOP_LEVEL.split(_NOT_RUN.sub("", code)):
        if head := _FUNCTION.match(block):
            calls[head[1]] = _called_in(block[head.end() :]) - {head[1]}
    reached = {name: _reach(name, calls) for name in names}
    uncalled = [name for name in names if not any(name in reached[other] for other in names if other != name)]
    return uncalled or list(names)


def _reach(name: str, calls: dict[str, set[str]]) -> set[str]:
    """The functions that one calls, and those that they call."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = calls.get(waiting.pop(), set()) & calls.keys() - found
        found |= new
        waiting += new
    return found


def _is_spelled_in(problem: str, name: str) -> bool:
    """Whether a problem writes a name as code: between backticks, before a bracket, or a name that no prose has."""
    if "_" in name.strip("_") or not name.islower():
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", problem) is not None
    return re.search(rf"`{re.escape(name)}(?!\w)|(?<!\w){re.escape(name)}\(", problem) is not None


def _likeness(name: str, problem: str) -> float:
    """The share of a name's words that the problem has."""
    words = _stems(_PART_OF_NAME.findall(name))
    return len(words & _stems(_WORD.findall(problem))) / len(words) if words else 0.0


def _stems(words: Collection[str]) -> set[str]:
    return {word[:STEM_CHARS].lower() for word in words}
