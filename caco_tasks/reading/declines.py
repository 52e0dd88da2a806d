"""A model that says that there is no program is taken at its word."""

import re

from caco_tasks.reading.turn import read_turn

MAX_LINE_CHARS = 500
_DECLINE = re.compile(r"[\W_]{0,10}NO PROGRAM\b[\W_]{0,10}(.*)", re.IGNORECASE)


def read_decline(text: str) -> str | None:
    """Why a reply gives no program, empty where it gives no reason; None where its last line is not `NO PROGRAM: …`.

    >>> read_decline("This asks for a proof.\\n\\n**NO PROGRAM:** a proof is wanted")
    'a proof is wanted'
    """
    said, _ = read_turn(text)
    lines = said.strip().rsplit("\n", 1)
    found = _DECLINE.fullmatch(lines[-1].strip()[:MAX_LINE_CHARS])
    return found[1].strip("*_`. ") if found else None
