"""A worker process that compares answers with math-verify; see `killable.serving`.

A request is `{"gold": ..., "pred": ...}`, a reply `{"equal": true | false | null, "error": ...}`; null means that it could
not tell. Only the LaTeX reader of math-verify is used, which builds its tree from a grammar; its other one evaluates text.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

from caco_tasks.killable.serving import serve

ROUNDING_DECIMALS = 9  # that math-verify compares floats at; the front end has compared by the digits shown before
RECURSION = 3000

Pair = dict[str, str]


def make_comparer(_setup: Any) -> Callable[[Pair], dict[str, Any]]:
    """The function of a pair to its reply; loads math-verify."""
    from math_verify import LatexExtractionConfig, parse, verify

    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(RECURSION)
    config = [LatexExtractionConfig()]

    def compare(pair: Pair) -> dict[str, Any]:
        try:
            trees = [
                parse(f"${pair[side]}$", config, parsing_timeout=0, raise_on_error=True) for side in ("gold", "pred")
            ]
            equal = verify(*trees, float_rounding=ROUNDING_DECIMALS, timeout_seconds=0, raise_on_error=True)
            return {"equal": bool(equal), "error": None}
        except (MemoryError, RecursionError) as exc:
            return {"equal": None, "error": type(exc).__name__}
        except Exception as exc:  # math-verify passes on whatever sympy raises: these two cannot be compared
            return {"equal": False, "error": type(exc).__name__}

    return compare


if __name__ == "__main__":
    serve(make_comparer)
