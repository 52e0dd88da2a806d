"""One tree of errors, as its module draws it."""

import inspect
import re

from caco_tasks import errors


def drawn_parents() -> dict[str, str | None]:
    """Each error of the drawing, with the one that it hangs from."""
    parents: dict[str, str | None] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"^([│├└─ ]*)([A-Z]\w+Error)\b", line):
            depth = len(found.group(1)) // 4
            above = [*above[:depth], found.group(2)]
            parents[found.group(2)] = above[depth - 1] if depth else None
    return parents


def test_the_tree_is_the_one_that_is_drawn() -> None:
    classes = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
    real = {name: kind.__mro__[1].__name__ for name, kind in classes.items() if kind is not errors.CacoError}
    assert drawn_parents() == {"CacoError": None} | real


def test_every_error_says_what_it_means() -> None:
    classes = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    assert len(classes) > 5
    assert [kind.__name__ for kind in classes if not re.fullmatch(r"[A-Z].*\.", kind.__doc__ or "")] == []
    assert len({kind.__doc__ for kind in classes}) == len(classes)
