"""The worker's side: it limits itself, and answers one JSON line with another until its standard input ends.

Run as `python -m MODULE MEMORY_MB CPU_SECONDS`. The first line in is the set-up, the first out says that it is ready.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1


def serve(prepare: Callable[[Any], Callable[[Any], Any]]) -> None:
    """Serves what `prepare` makes of the set-up: a function of a request to a reply, both JSON values.

    A request may take CPU_SECONDS of the processor; the kernel ends a process that takes more.
    """
    memory_mb, cpu_seconds = int(sys.argv[1]), float(sys.argv[2])
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # nothing that a library prints may pass for a reply
    _limit_process(memory_mb)
    answer: Callable[[Any], Any] | None = None
    for line in sys.stdin:
        if answer is None:
            answer, reply = prepare(json.loads(line)), True
        else:
            _limit_cpu(cpu_seconds)
            reply = answer(json.loads(line))
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _limit_process(memory_mb: int) -> None:
    """Bounds memory, files and core dumps, and dies with the parent."""
    size = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit_cpu(seconds: float) -> None:
    """Allows the next request `seconds` of processor time, and one more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
