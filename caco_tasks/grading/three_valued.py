"""Comparisons that are true, false, or None where nobody can tell."""

from collections.abc import Iterable


def all_true(results: Iterable[bool | None]) -> bool | None:
    """Whether all are true: False at the first that is not, None where one is not known."""
    is_unsure = False
    for result in results:
        if result is False:
            return False
        is_unsure |= result is None
    return None if is_unsure else True
