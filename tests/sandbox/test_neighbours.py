"""Nothing that one program does is visible to the next, or wrong in its record."""

from collections.abc import Iterator

import pytest

from caco_tasks.config import SandboxSettings
from caco_tasks.records import Reason
from caco_tasks.sandbox import Job, Sandbox

HEAD = "import os, sys, math, random, resource, time\ninput = {'a': 1}\n"

# What the first program does, and what the second, which reports on it, must find.
TRACES = {
    "file": ("open('left', 'w').write('x')", "os.listdir('.') or 'none'", '"none"'),
    "deep folders": ("for _ in range(200):\n    os.mkdir('d'); os.chdir('d')", "os.listdir('/scratch') or 'none'", '"none"'),
    "forbidden folder": ("os.mkdir('d'); os.chmod('d', 0); os.chmod('.', 0)", "os.listdir('.') or 'none'", '"none"'),
    "full disk": ("try:\n    while True: open(str(time.time()), 'wb').write(b'x' * 2**20)\nexcept OSError: pass",
                  "open('mine', 'w').write('mine')", "4"),
    "working directory": ("os.chdir('/dev')", "os.getcwd()", '"/scratch"'),
    "mask of modes": ("os.umask(0o777)", "os.umask(0)", "18"),
    "module": ("math.pi = 3", "math.pi", "3.141592653589793"),
    "builtin": ("import builtins; builtins.len = lambda x: 7", "len('ab')", "2"),
    "environment": ("os.environ['LEFT'] = 'x'", "dict(os.environ) or 'none'", '"none"'),
    "descriptor": ("os.open('/dev/null', 0)", "os.open('/dev/null', 0)", "5"),
    "limits": ("resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))", "resource.getrlimit(resource.RLIMIT_NOFILE)[0]", "64"),
    "state of chance": ("random.seed(99)", "random.random()", "0.8444218515250481"),
    "size of the stack": ("resource.setrlimit(resource.RLIMIT_STACK, (2**20, 2**20))",
                 "resource.getrlimit(resource.RLIMIT_STACK)[0] != 2**20", "true"),
    "standard output": ("import fcntl; fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND); os.lseek(1, 10**6, 0)",
                        "os.lseek(1, 0, 1) or 'start'", '"start"'),
    "recursion limit": ("sys.setrecursionlimit(77)", "sys.getrecursionlimit()", "1000"),
}  # fmt: skip


@pytest.fixture(scope="module")
def narrow() -> Iterator[Sandbox]:
    """One worker: the second program follows the first in the same slot, or in what replaced it."""
    with Sandbox(SandboxSettings(workers=1, timeout_seconds=20, least_level="full")) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("first", "second", "expected"), TRACES.values(), ids=TRACES)
def test_nothing_is_left_for_the_next_program(first: str, second: str, expected: str, narrow: Sandbox) -> None:
    jobs = [Job(code=f"{HEAD}{first}\noutput = 'done'\n"), Job(code=f"{HEAD}output = {second}\n")]
    left, seen = narrow.run(jobs)
    assert left.execution.output_json == '"done"'
    assert seen.execution.output_json == expected


def test_programs_at_the_same_time_do_not_share_their_scratch(sandbox: Sandbox) -> None:
    code = HEAD + "open('mine', 'w').write(str(input['a']))\ntime.sleep(0.2)\noutput = open('mine').read()\n"
    jobs = [Job(code=code, input_json=f'{{"a": {number}}}') for number in range(6)]
    assert [ran.execution.output_json for ran in sandbox.run(jobs)] == [f'"{number}"' for number in range(6)]


HOSTILE = {
    "crash": ("import ctypes; ctypes.string_at(0)", Reason.ERROR),
    "exit": ("import os; os._exit(0)", Reason.ERROR),
    "fork": ("import os\nwhile True: os.fork()", Reason.FORBIDDEN),
    "flood": ("while True: print('x' * 4096)", Reason.OUTPUT_SIZE),
    "memory": ("x = [0] * 10**10", Reason.MEMORY),
    "litter": ("open('left', 'w').write('x'); output = 'littered'", None),
    "signals": ("import os\nfor n in range(2, 50): os.kill(n, 9)", Reason.ERROR),
    "trace": ("import ctypes; ctypes.CDLL(None).ptrace(0, 0, 0, 0)", Reason.FORBIDDEN),
    "forgery": ("import os\nfor n in range(9):\n    try: os.write(n, b'x')\n    except OSError: pass\nos._exit(0)", Reason.ERROR),
}  # fmt: skip


def test_honest_records_are_right_among_hostile_programs(sandbox: Sandbox) -> None:
    hostile = [(f"input = {{'a': 1}}\n{code}\n", reason) for code, reason in HOSTILE.values()]
    jobs = []
    for number in range(90):
        jobs.append(Job(code=f"input = {{'n': {number}}}\noutput = input['n'] * 7\nprint({number})\n"))
        jobs.append(Job(code=hostile[number % len(hostile)][0]))
    ran = list(sandbox.run(jobs))
    honest = [(r.execution.input_json, r.execution.output_json, r.execution.stdout) for r in ran[::2]]
    assert honest == [(f'{{"n": {n}}}', str(n * 7), f"{n}\n") for n in range(90)]
    assert [r.verdict.reason for r in ran[1::2]] == [hostile[n % len(hostile)][1] for n in range(90)]
