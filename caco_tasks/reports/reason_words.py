"""What each reason means, in a few words for a reader who has not read the docs.

The words are those of the comments in `caco_tasks.records`: docs/reasons.md is made of the same.
"""

import inspect
import re
from collections.abc import Mapping
from functools import cache

from caco_tasks.records import Reason

_LINE = re.compile(r'^\s+[A-Z_]+ = "(\w+)"  # [^:]+: (.+)$', re.MULTILINE)


@cache
def reason_words() -> Mapping[str, str]:
    """Reason -> its meaning."""
    return {name: meaning.removesuffix(" (unknown)") for name, meaning in _LINE.findall(inspect.getsource(Reason))}


def words_of(reason: str | None) -> str | None:
    """The meaning of a reason; the reason itself where this version does not know it, None where there is none."""
    return None if reason is None else reason_words().get(reason, reason.replace("_", " "))
