"""A worker process that compares answers with math-verify: JSON lines in, JSON lines out, and limits on itself.

Run as `python -m caco_tasks.grading.worker MEMORY_MB SECONDS`. The first line out is `{"ready": true}`; then, for each
line `{"gold": ..., "pred": ...}`, a line `{"equal": true | false | null, "error": ...}`; null means that it could not
tell. Only the LaTeX reader of math-verify is used, which builds its tree from a grammar; its other one evaluates text.
"""

import ctypes
import json
import logging
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
ROUNDING_DECIMALS = 9  # that math-verify compares floats at; the front end has compared by the digits shown before
RECURSION = 3000


def main() -> None:
    """Serves comparisons until standard input ends."""
    memory_mb, seconds = int(sys.argv[1]), float(sys.argv[2])
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # nothing that a library prints may pass for a reply
    _limit_process(memory_mb)
    verify = _load_verifier()
    _reply(replies, {"ready": True})
    for line in sys.stdin:
        _limit_cpu(seconds)
        pair = json.loads(line)
        _reply(replies, _compare_pair(verify, pair["gold"], pair["pred"]))


def _reply(replies: Any, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def _compare_pair(verify: Callable[[str, str], bool], gold: str, pred: str) -> dict[str, Any]:
    try:
        return {"equal": bool(verify(gold, pred)), "error": None}
    except (MemoryError, RecursionError) as exc:
        return {"equal": None, "error": type(exc).__name__}
    except Exception as exc:  # math-verify passes on whatever sympy raises: these two cannot be compared
        return {"equal": False, "error": type(exc).__name__}


def _load_verifier() -> Callable[[str, str], bool]:
    from math_verify import LatexExtractionConfig, parse, verify

    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(RECURSION)
    config = [LatexExtractionConfig()]

    def compare(gold: str, pred: str) -> bool:
        trees = [parse(f"${text}$", config, parsing_timeout=0, raise_on_error=True) for text in (gold, pred)]
        return bool(verify(*trees, float_rounding=ROUNDING_DECIMALS, timeout_seconds=0, raise_on_error=True))

    return compare


def _limit_process(memory_mb: int) -> None:
    """Bounds memory, files and core dumps, and dies with the parent."""
    size = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit_cpu(seconds: float) -> None:
    """Allows the next pair `seconds` of CPU, and one more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    main()
