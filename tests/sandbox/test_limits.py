"""What a program may use ends where the settings say, and ends the program, not the worker."""

import resource
import subprocess
from pathlib import Path

import pytest
from unprotected import SPOILT, alone, in_turn

from caco_tasks.records import Outcome, Reason
from caco_tasks.sandbox import Job, ProgramResult, Sandbox

HEAD = "input = {'a': 1}\noutput = 1\n"
DEADLINE_SECONDS = 0.5
MANY = 300  # of anything: more than a program may have

OUT_OF_TIME = {
    "loops for ever": "while True: pass",
    "computes a huge power": "x = 3 ** (10 ** 9)",
    "backtracks in a regular expression": "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
    "ignores every signal": "import signal\nfor n in range(1, 65):\n"
    "    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
    "catches everything and goes on": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "waits for a signal": "import signal; signal.pause()",
    "waits for itself": "import threading\nlock = threading.Lock(); lock.acquire(); lock.acquire()",
    "does not get rid of a value": "class C:\n    def __del__(self):\n        while True: pass\nC()",
    "goes on at its end": "import sys\nclass E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    "goes on in its output's text": "import sympy\nclass S(sympy.Symbol):\n    __module__ = 'sympy.own'\n    def __str__(self):\n"
    "        while True: pass\noutput = S('x')\nprint(output)",
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
    "frees what is in use": "import numpy\nx = numpy.zeros(10**6); numpy.frombuffer((__import__('ctypes').c_char * 8)"
    ".from_address(64))[0] + 1",
    "jumps to a made-up address": "import ctypes; ctypes.CFUNCTYPE(None)(4096)()",
    "breaks the counting of references": "import ctypes\n"
    "for n in range(64): ctypes.memset(id(type(n)) + 8 * n, 255, 8)\ntype(1)()",
    "dumps its state and ends": "import faulthandler, time; faulthandler.dump_traceback_later(0.05, exit=True); time.sleep(9)",
    "kills itself": "import ctypes, os; ctypes.CDLL(None).kill(os.getpid(), 11)\nctypes.string_at(0)",
}


BOMBS = {
    "descriptors": ("os.open('/dev/null', 0)", 10),
    "pipes": ("os.pipe()", 10),
    "files": ("os.mkdir(str(found))", 100),
    "symlinks": ("os.symlink('nowhere', str(found))", 100),
    "bytes on disk": ("open(str(found), 'wb').write(b'x' * 2**17)", 80),
    "threads": ("threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", 2),
    "processes": ("os.fork() or os._exit(0)", 0),
}  # fmt: skip


def bomb(attempt: str) -> str:
    """A program's text that tries up to MANY times, and puts out how often it could."""
    imports = "import os, signal, threading, time\noutput = found = 0\n"
    tries = f"try:\n    while found < {MANY}:\n        {attempt}\n        found += 1\n"
    return f"{imports}{tries}except (OSError, RuntimeError, MemoryError):\n    pass\noutput = found\n"


def run(sandbox: Sandbox, code: str) -> ProgramResult:
    (ran,) = sandbox.run([Job(code=HEAD + code)])
    return ran


@pytest.mark.parametrize("code", OUT_OF_TIME.values(), ids=OUT_OF_TIME)
def test_a_program_without_end_is_ended(code: str, hasty_sandbox: Sandbox) -> None:
    ran = run(hasty_sandbox, code)
    assert ran.verdict.reason is Reason.TIME
    assert ran.execution.wall_seconds < DEADLINE_SECONDS + 1


@pytest.mark.parametrize("code", OUT_OF_TIME.values(), ids=OUT_OF_TIME)
def test_without_the_sandbox_it_does_not_end(code: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        alone(tmp_path, HEAD + code, seconds=0.5)


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


def test_more_memory_than_the_limit_can_be_had_without_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "x = bytearray(300 << 20)"
    assert run(sandbox, code).verdict.reason is Reason.MEMORY
    assert alone(tmp_path, code).returncode == 0


def test_more_can_be_printed_than_the_cap_without_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "print('x' * 100_000)"
    assert run(sandbox, code).verdict.reason is Reason.OUTPUT_SIZE
    assert len(alone(tmp_path, code).stdout) > 65536


def test_what_goes_to_stderr_is_dropped_and_costs_no_verdict(sandbox: Sandbox, tmp_path: Path) -> None:
    code = f"{HEAD}import sys\nfor _ in range(1000): sys.stderr.write('x' * 4096)\nprint('done')"
    ran = run(sandbox, code)
    assert (ran.verdict.kept, ran.execution.stdout) == (True, "done\n")
    assert len(alone(tmp_path, code).stderr) > 65536


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


@pytest.mark.parametrize("code", CRASHES.values(), ids=CRASHES)
def test_the_same_crash_takes_a_careless_runner_along(code: str, tmp_path: Path) -> None:
    assert in_turn(tmp_path, HEAD + code, HEAD)[1] == SPOILT


@pytest.mark.parametrize(("attempt", "least"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_runs_into_a_wall_and_the_program_goes_on(attempt: str, least: int, sandbox: Sandbox) -> None:
    ran = run(sandbox, bomb(attempt))
    assert ran.verdict.kept
    assert least <= int(ran.execution.output_json or -1) < MANY


@pytest.mark.parametrize("attempt", [attempt for attempt, _ in BOMBS.values()], ids=BOMBS)
def test_the_same_bomb_has_its_way_without_the_sandbox(attempt: str, tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 2 * MANY:
        pytest.skip("this machine has a wall of its own")
    assert in_turn(tmp_path, HEAD + bomb(attempt)) == [MANY]


def test_threads_of_one_program_leave_others_their_own(sandbox: Sandbox) -> None:
    hoard = f"{HEAD}import threading\nthreading.stack_size(1 << 16)\n{bomb(BOMBS['threads'][0])}time.sleep(1)"
    modest = f"{HEAD}import threading, time\ntime.sleep(0.5)\nt = threading.Thread(target=print)\nt.start(); t.join()"
    hoarded, modestly = sandbox.run([Job(code=hoard), Job(code=modest)])
    assert hoarded.verdict.kept
    assert modestly.verdict.kept, modestly


def test_a_file_larger_than_the_cap_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "open('large', 'wb').truncate(1 << 30)"
    assert "File too large" in (run(sandbox, code).execution.error or "")
    assert alone(tmp_path, code).returncode == 0


def test_a_program_that_lowers_its_own_limits_fails_by_them_and_is_not_taken_for_lost(sandbox: Sandbox) -> None:
    lowered = "import resource\nresource.setrlimit(resource.{}, ({}, {}))\n{}"
    for limit, value, act, reason in (
        ("RLIMIT_CPU", 0, "while True: pass", Reason.TIME),
        ("RLIMIT_CPU", 1, "while True: pass", Reason.TIME),
        ("RLIMIT_AS", 0, "x = bytes(10**7)", Reason.MEMORY),
        ("RLIMIT_FSIZE", 0, "print(1)", Reason.ERROR),
        ("RLIMIT_NOFILE", 0, "open('x')", Reason.ERROR),
    ):
        assert run(sandbox, lowered.format(limit, value, value, act)).verdict.reason is reason, limit


def test_nothing_runs_after_the_program_has_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "import atexit, threading, time\natexit.register(print, 'late')\n"
    code += "threading.Thread(target=lambda: (time.sleep(0.3), print('late'))).start()"
    ran = run(sandbox, code)
    assert ran.verdict.kept
    assert ran.execution.stdout == ""
    assert alone(tmp_path, code).stdout == b"late\nlate\n"


def test_a_pool_of_threads_fits_into_little_memory(sandbox: Sandbox) -> None:
    work = "list(pool.map(lambda n: time.sleep(0.05) or sum(range(n)), range(12)))"
    code = f"import time, concurrent.futures as c\nwith c.ThreadPoolExecutor(12) as pool: output = {work}"
    assert run(sandbox, code).verdict.kept
