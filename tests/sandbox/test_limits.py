"""What a program may use ends where the settings say, and ends the program, not the worker."""

import time

import pytest

from caco_tasks.records import Outcome, Reason
from caco_tasks.sandbox import Job, Ran, Sandbox

HEAD = "input = {'a': 1}\noutput = 1\n"
DEADLINE_SECONDS = 1.0

OUT_OF_TIME = {
    "loops for ever": "while True: pass",
    "computes a huge power": "x = 3 ** (10 ** 9)",
    "backtracks in a regular expression": "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
    "ignores every signal": "import signal\nfor n in range(1, 65):\n"
    "    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
    "catches everything and goes on": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "burns in several threads": "import threading\ndef burn():\n    while True: pass\n"
    "for _ in range(4): threading.Thread(target=burn).start()\nburn()",
}

OUT_OF_MEMORY = {
    "a list": "x = [0] * 10**10",
    "a string": "x = 'x' * 10**10",
    "many small objects": "x = []\nwhile True: x.append(bytes(1000))",
    "a map without a file": "import mmap\nx = mmap.mmap(-1, 1 << 40)",
}

TOO_MUCH_OUTPUT = {
    "prints without end": "while True: print('x' * 4096)",
    "writes to descriptor 1": "import os\nwhile True: os.write(1, b'x' * 65536)",
    "prints and swallows the error": "import sys\nfor _ in range(10**4):\n"
    "    try: print('x' * 4096)\n    except OSError: pass",
    "has a long list": "output = list(range(40_000))",
    "has a long text": "output = 'x' * 10**7",
    "has a huge integer": "output = 7 ** 20_000",
    "has an array of a million": "import numpy\noutput = numpy.zeros(10**6)",
}

CRASHES = {
    "reads at address 0": "import ctypes; ctypes.string_at(0)",
    "recurses into the ground": "import sys; sys.setrecursionlimit(10**9)\nx = 1\n"
    "for _ in range(10**6): x = [x]\nrepr(x)",
    "aborts": "import os; os.abort()",
    "ends itself with status 0": "import os; os._exit(0)",
    "ends itself with another status": "import os; os._exit(7)",
    "kills itself": "import ctypes, os; ctypes.CDLL(None).kill(os.getpid(), 11)\nctypes.string_at(0)",
}


def run(sandbox: Sandbox, code: str) -> Ran:
    (ran,) = sandbox.run([Job(code=HEAD + code)])
    return ran


@pytest.mark.parametrize("code", OUT_OF_TIME.values(), ids=OUT_OF_TIME)
def test_a_program_without_end_is_ended(code: str, hasty_sandbox: Sandbox) -> None:
    start = time.monotonic()
    ran = run(hasty_sandbox, code)
    assert ran.verdict.reason is Reason.TIME
    assert time.monotonic() - start < 2 * DEADLINE_SECONDS + 4  # it is tried twice where the machine is busy
    assert ran.execution.wall_seconds < DEADLINE_SECONDS + 1


def test_a_sleeping_program_is_ended_at_the_deadline(hasty_sandbox: Sandbox) -> None:
    ran = run(hasty_sandbox, "import time; time.sleep(1000)")
    assert ran.verdict.reason is Reason.TIME
    assert ran.execution.cpu_seconds < 1


@pytest.mark.parametrize("code", OUT_OF_MEMORY.values(), ids=OUT_OF_MEMORY)
def test_memory_ends_at_the_limit(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, code)
    assert ran.verdict.outcome is Outcome.FAIL
    assert ran.verdict.reason is Reason.MEMORY or "Cannot allocate" in (ran.execution.error or "")
    assert ran.execution.peak_memory_mb < 256 + 100


@pytest.mark.parametrize("code", TOO_MUCH_OUTPUT.values(), ids=TOO_MUCH_OUTPUT)
def test_output_ends_at_the_cap(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, code)
    assert ran.verdict.reason is Reason.OUTPUT_SIZE
    assert len(ran.execution.stdout) <= 65536
    assert len(ran.execution.output_json or "") <= 65536


def test_what_was_printed_before_the_deadline_is_kept(hasty_sandbox: Sandbox) -> None:
    ran = run(hasty_sandbox, "print('so far')\nwhile True: pass")
    assert ran.execution.stdout == "so far\n"


@pytest.mark.parametrize("code", CRASHES.values(), ids=CRASHES)
def test_a_crash_is_an_error_of_the_program(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, code)
    assert ran.verdict.reason in (Reason.ERROR, Reason.MEMORY)
    assert ran.execution.output_json is None


@pytest.mark.parametrize(
    ("code", "least"),
    [
        ("found = 0\nwhile True: os.open('/dev/null', 0); found += 1", 10),
        ("found = 0\nwhile True: os.mkdir(str(found)); found += 1", 100),
        ("found = 0\nwhile True: open('f' + str(found), 'wb').write(b'x' * 2**20); found += 1", 4),
        ("found = 0\nwhile True: threads.append(threading.Thread(target=time.sleep, args=(5,))); "
         "threads[-1].start(); found += 1", 2),
    ],
    ids=["descriptors", "files", "bytes on disk", "threads"],
)  # fmt: skip
def test_a_bomb_runs_into_a_wall_and_the_program_goes_on(code: str, least: int, sandbox: Sandbox) -> None:
    body = "\n".join("    " + line for line in code.split("\n"))
    setting = "import os, threading, time\nthreads = []\ntry:\n"
    ran = run(sandbox, f"{setting}{body}\nexcept (OSError, RuntimeError, MemoryError):\n    pass\noutput = found\n")
    assert ran.verdict.kept
    assert least <= int(ran.execution.output_json or 0) < 300


def test_a_file_larger_than_the_cap_is_refused(sandbox: Sandbox) -> None:
    ran = run(sandbox, "open('large', 'wb').truncate(1 << 30)")
    assert "File too large" in (ran.execution.error or "")


def test_nothing_runs_after_the_program_has_ended(sandbox: Sandbox) -> None:
    code = "import atexit, threading, time\natexit.register(print, 'late')\n"
    ran = run(sandbox, code + "threading.Thread(target=lambda: (time.sleep(0.5), print('late'))).start()")
    assert ran.verdict.kept
    assert ran.execution.stdout == ""
