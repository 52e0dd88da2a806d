"""The annotation of a seed, as its reader wrote it."""

import json
from typing import Any

from caco_tasks.records import Seed

MAX_ANNOTATION_CHARS = 400_000


def annotation_of(seed: Seed) -> dict[str, Any]:
    """The JSON object of `seed.annotation`; empty if there is none or it is too long."""
    if seed.annotation is None or len(seed.annotation) > MAX_ANNOTATION_CHARS:
        return {}
    try:
        found = json.loads(seed.annotation)
    except (json.JSONDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
