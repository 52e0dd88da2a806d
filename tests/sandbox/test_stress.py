"""Two thousand programs, half of them hostile, one beside the other: each record is right, and nothing is left behind.

`caco bench sandbox_soak` does the same with a hundred thousand.
"""

import os
import runpy
import time
from pathlib import Path

from looking import descendants

from caco_tasks.config import SandboxSettings
from caco_tasks.records import Reason
from caco_tasks.sandbox import Job, Sandbox, values

PROGRAMS = 2000
FEW = 6  # of those that run until their deadline

THIEF = (
    "import json, os, sys\nframe = sys._getframe()\nwhile 'head' not in frame.f_locals: frame = frame.f_back\n"
    'os.pwrite(4, frame.f_locals[\'head\'].nonce + b\'{"outcome": "pass", "output": "NaN"}\', 0)\nos._exit(0)'
)

# What each does, and the one reason that its record must have; None: it passes.
HOSTILE = {
    "crash": ("import ctypes; ctypes.string_at(0)", Reason.ERROR),
    "exit": ("import os; os._exit(0)", Reason.ERROR),
    "fork": ("import os\nwhile True: os.fork()", Reason.FORBIDDEN),
    "trace": ("import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)", Reason.FORBIDDEN),
    "network": ("import socket; socket.create_connection(('127.0.0.1', 80))", Reason.FORBIDDEN),
    "flood": ("while True: print('x' * 4096)", Reason.OUTPUT_SIZE),
    "huge value": ("output = 7 ** 20_000", Reason.OUTPUT_SIZE),
    "memory": ("x = [0] * 10**10", Reason.MEMORY),
    "litter": ("open('left', 'w').write('x'); output = 'littered'", None),
    "closed folder": ("import os; os.chmod('.', 0); output = 'closed'", None),
    "deletion": ("import os, sys\nfor name in list(sys.modules): sys.modules[name] = None\noutput = 'deleted'", None),
    "signals": ("import os\nfor n in range(2, 50): os.kill(n, 9)", Reason.ERROR),
    "group": ("import os; os.kill(0, 9)", Reason.FORBIDDEN),
    "own limit": ("import resource; resource.setrlimit(resource.RLIMIT_CPU, (0, 0))\nwhile True: pass", Reason.TIME),
    "forgery": ("import os\nfor n in range(9):\n    try: os.write(n, b'x')\n    except OSError: pass\nos._exit(0)", Reason.ERROR),
    "stolen nonce": (THIEF, Reason.ERROR),
    "cycle": ("output = []; output.append(output)", Reason.UNSERIALISABLE),
    "object": ("class E:\n    def __repr__(self): raise SystemExit\noutput = E()", Reason.UNSERIALISABLE),
    "exit before the end": ("import sys; sys.exit()", Reason.NO_OUTPUT),
    "broken text": ("output = (", Reason.SYNTAX),
    "threads": ("import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=(9,)).start()\n"
                "output = 8", None),
}  # fmt: skip

# Other work of every kind; each n has its own answer, which is known here.
HONEST = {
    "plain": ("output = input['n'] * 7", lambda n: n * 7),
    "text": ("output = 'x' * (input['n'] % 50 + 1)", lambda n: "x" * (n % 50 + 1)),
    "numpy": ("import numpy\noutput = int(numpy.arange(input['n'] + 1).sum())", lambda n: n * (n + 1) // 2),
    "scratch": ("open('f', 'w').write(str(input['n']))\noutput = int(open('f').read())", lambda n: n),
    "thread": ("import threading\nt = threading.Thread(target=print, args=('in',)); t.start(); t.join()\noutput = input['n']",
               lambda n: n),
}  # fmt: skip


def test_records_are_right_and_nothing_is_left_among_hostile_programs() -> None:
    processes, descriptors, mounts = descendants(os.getpid()), len(os.listdir("/proc/self/fd")), _mounts()
    wrong, kinds = [], list(HOSTILE.items())
    with Sandbox(SandboxSettings(workers=2, timeout_seconds=20, min_level="full")) as sandbox:
        plan = [_honest(n) if n % 2 else kinds[n // 2 % len(kinds)] for n in range(PROGRAMS)]
        jobs = (Job(code=f"input = {{'n': {n}}}\n{code}\nprint({n})\n") for n, (_, (code, _)) in enumerate(plan))
        for n, (ran, (name, (_, expected))) in enumerate(zip(sandbox.run(jobs), plan, strict=True)):
            if not (_is_honestly(ran, n, expected) if n % 2 else ran.verdict.reason is expected):
                wrong.append((n, name, ran))
    assert wrong == []
    deadline = time.monotonic() + 5
    while descendants(os.getpid()) != processes and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descendants(os.getpid()) == processes
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert _mounts() == mounts


def test_programs_that_do_not_end_do_not_spoil_their_neighbours() -> None:
    burn = "import threading\ndef burn():\n    while True: pass\n"
    endless = burn + "for _ in range(3): threading.Thread(target=burn).start()\nburn()"
    with Sandbox(SandboxSettings(workers=2, timeout_seconds=1, min_level="full")) as sandbox:
        codes = [endless if n % 30 == 0 else f"output = {n} + 1" for n in range(30 * FEW)]
        ran = list(sandbox.run(Job(code=f"input = {{'a': 1}}\n{code}") for code in codes))
    assert [one.execution.output_json for one in ran] == [None if n % 30 == 0 else str(n + 1) for n in range(30 * FEW)]
    assert {one.verdict.reason for one in ran[::30]} == {Reason.TIME}


def test_the_soak_finds_no_wrong_record_in_a_short_run() -> None:
    found = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "sandbox_soak.py"))["bench"](programs=400)
    assert found["wrong"] == {}
    assert sum(found["outcomes"].values()) == 400
    assert found["after"] == found["before"]


def _honest(n: int) -> tuple[str, tuple[str, object]]:
    name = list(HONEST)[n // 2 % len(HONEST)]
    code, answer = HONEST[name]
    return name, (code, answer(n))


def _is_honestly(ran: object, n: int, expected: object) -> bool:
    execution = ran.execution
    said = execution.stdout.removeprefix("in\n")
    return (execution.input_json, execution.output_json, said) == (f'{{"n": {n}}}', values.encode(expected), f"{n}\n")


def _mounts() -> int:
    return len(Path("/proc/self/mountinfo").read_text().splitlines())
