"""The sandbox as a service: order, other inputs, other chances, lost workers, what stays behind."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from looking import descendants

from caco_tasks.config import SandboxSettings
from caco_tasks.records import PASS, Outcome, Reason
from caco_tasks.sandbox import Job, Sandbox

SETTINGS = SandboxSettings(workers=2, timeout_seconds=20, min_level="full")


def program(number: int, work: str = "") -> Job:
    return Job(code=f"input = {{'n': {number}}}\n{work}\noutput = input['n'] + 1\n")


def zygotes(before: list[int]) -> list[int]:
    return [pid for pid in descendants(os.getpid()) if pid not in before]


def test_outcomes_come_in_the_order_of_their_jobs(sandbox: Sandbox) -> None:
    jobs = [program(n, "import time; time.sleep(0.3)" if n == 0 else "") for n in range(40)]
    assert [ran.execution.output_json for ran in sandbox.run(jobs)] == [str(n + 1) for n in range(40)]


def test_no_jobs_give_no_outcomes(sandbox: Sandbox) -> None:
    assert list(sandbox.run([])) == []


def test_jobs_may_be_endless(sandbox: Sandbox) -> None:
    taken: list[int] = []

    def drawn() -> Iterator[Job]:
        for number in itertools.count():
            taken.append(number)
            yield program(number)

    outcomes = sandbox.run(drawn())
    assert [next(outcomes).execution.output_json for _ in range(5)] == ["1", "2", "3", "4", "5"]
    outcomes.close()  # type: ignore[attr-defined]
    assert len(taken) < 5 + 16 * 2 + 2


def test_a_run_inside_the_loop_over_another_is_served(sandbox: Sandbox) -> None:
    seen = []
    for outer in sandbox.run(program(n) for n in range(6)):
        inner = [ran.execution.output_json for ran in sandbox.run(program(10 * n) for n in range(3))]
        seen.append((outer.execution.output_json, inner))
    assert seen == [(str(n + 1), ["1", "11", "21"]) for n in range(6)]


def test_a_run_that_nobody_reads_to_its_end_leaves_the_sandbox_in_order(sandbox: Sandbox) -> None:
    outcomes = sandbox.run(program(n, "import time; time.sleep(0.2)") for n in range(10))
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert [ran.execution.output_json for ran in sandbox.run([program(7)])] == ["8"]


def test_a_program_runs_with_another_input_in_the_place_of_its_own(sandbox: Sandbox) -> None:
    code = "def f(a, b):\n    return a * b\n\nif True:\n    input = {'a': 2, 'b': 3}\noutput = f(**input)\n"
    written, changed = sandbox.run([Job(code=code), Job(code=code, input_json='{"a": 2, "b": 5}')])
    assert (written.execution.output_json, changed.execution.output_json) == ("6", "10")
    assert changed.execution.input_json == '{"a": 2, "b": 5}'


def test_an_expression_goes_in_as_one(sandbox: Sandbox) -> None:
    code = "import sympy\ninput = {'e': sympy.Symbol('x')}\noutput = sympy.diff(input['e'], 'x')\n"
    again = '{"e": {"$type": "sympy", "value": "x**3"}}'
    (ran,) = sandbox.run([Job(code=code, input_json=again)])
    assert ran.execution.output_text == "3*x**2"


@pytest.mark.parametrize(
    "code", ["output = 1", "def f():\n    input = {'a': 1}\noutput = 1"], ids=["none", "in a function"]
)
def test_a_program_without_an_input_of_its_own_takes_no_other(code: str, sandbox: Sandbox) -> None:
    (ran,) = sandbox.run([Job(code=code, input_json='{"a": 1}')])
    assert ran.verdict.reason is Reason.NO_INPUT


CHANCES = {
    "random": "__import__('random').random()",
    "numpy's random": "float(__import__('numpy').random.rand())",
    "an unseeded generator": "float(__import__('numpy').random.default_rng().random())",
    "the system's entropy": "__import__('os').urandom(8)",
    "a unique id": "str(__import__('uuid').uuid4())",
    "the hash of a text": "hash('caco')",
    "the order of a set": "list({str(n) for n in range(30)})",
    "the system's random numbers": "__import__('random').SystemRandom().random()",
    "a token": "__import__('secrets').token_hex()",
    "an id of this machine and time": "str(__import__('uuid').uuid1())",
    "an address": "id(object())",
    "the processor's time": "__import__('time').process_time_ns()",
    "the time since the start": "__import__('time').monotonic_ns()",
    "the order of a set of tuples": "list({(str(n),) for n in range(30)})",
    "the time": "__import__('time').time()",
    "the year": "__import__('datetime').date.today().year * 1000 + __import__('time').localtime().tm_yday",
    "the hour": "__import__('datetime').datetime.now().strftime('%Y-%j')",
    "a formatted day": "__import__('time').strftime('%Y %j')",
}


@pytest.mark.parametrize("expression", CHANCES.values(), ids=CHANCES)
def test_what_hangs_on_chance_or_time_differs_in_another_variant(expression: str, sandbox: Sandbox) -> None:
    code = f"input = {{'a': 1}}\noutput = {expression}\n"
    first, second = sandbox.run([Job(code=code), Job(code=code, variant=1)])
    assert first.verdict.kept
    assert second.verdict.kept
    assert first.execution.output_json != second.execution.output_json


SURE = {
    "arithmetic": "sum(n * n for n in range(100))",
    "a seeded draw": "__import__('random').Random(7).random()",
    "a set": "{str(n) for n in range(30)}",
    "a date": "str(__import__('datetime').date(2020, 2, 28) + __import__('datetime').timedelta(days=2))",
    "a dict": "{str(n): n for n in range(30)}",
}


@pytest.mark.parametrize("expression", SURE.values(), ids=SURE)
def test_what_is_determined_is_the_same_in_every_variant(expression: str, sandbox: Sandbox) -> None:
    code = f"input = {{'a': 1}}\noutput = {expression}\n"
    first, second, third = sandbox.run([Job(code=code, variant=variant) for variant in (0, 1, 2)])
    assert first.verdict.kept
    assert first.execution.output_json == second.execution.output_json == third.execution.output_json


@pytest.mark.parametrize(
    "expression",
    ["[random.random(), hash('x'), list({'p', 'q', 'r'})]", "float(__import__('numpy').random.rand())"],
    ids=["plain", "numpy"],
)
@pytest.mark.parametrize("variant", [0, 1])
def test_the_same_program_gives_the_same_again(expression: str, variant: int, sandbox: Sandbox) -> None:
    code = f"import random\ninput = {{'a': 1}}\noutput = {expression}\n"
    first, second = sandbox.run([Job(code=code, variant=variant)] * 2)
    assert first.execution.output_json == second.execution.output_json is not None


def test_a_program_of_a_killed_worker_is_run_again() -> None:
    before = descendants(os.getpid())
    with Sandbox(SETTINGS) as sandbox:
        assert next(sandbox.run([program(1)])).verdict.kept
        (holder, *_) = zygotes(before)
        killer = threading.Timer(0.5, os.kill, (holder, signal.SIGKILL))
        killer.start()
        (ran,) = sandbox.run([program(1, "import time; time.sleep(1.5)")])
        assert ran.execution.output_json == "2"


def test_a_program_whose_worker_is_lost_twice_is_unknown_not_failed() -> None:
    before = descendants(os.getpid())
    stop = threading.Event()

    def kill_whatever_runs() -> None:
        while not stop.wait(0.2):
            for pid in zygotes(before)[-1:]:
                os.kill(pid, signal.SIGKILL)

    with Sandbox(SETTINGS) as sandbox:
        assert sandbox.level == "full"
        killer = threading.Thread(target=kill_whatever_runs)
        killer.start()
        try:
            (ran,) = sandbox.run([program(1, "import time; time.sleep(5)")])
        finally:
            stop.set()
            killer.join()
    assert (ran.verdict.outcome, ran.verdict.reason) == (Outcome.UNKNOWN, Reason.SANDBOX_LOST)
    assert ran.execution.output_json is None


def test_a_machine_out_of_memory_ends_programs_first() -> None:
    before = descendants(os.getpid())
    with Sandbox(SETTINGS) as sandbox:
        assert sandbox.level == "full"
        scores = {Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in zygotes(before)}
    assert scores == {"1000\n"}


def test_after_the_end_no_process_and_no_descriptor_is_left() -> None:
    processes, descriptors = descendants(os.getpid()), len(os.listdir("/proc/self/fd"))
    with Sandbox(SETTINGS) as sandbox:
        jobs = [program(n, "open('left', 'w').write('x')" if n % 3 else "") for n in range(12)]
        assert all(ran.verdict.kept for ran in sandbox.run(jobs))
        assert len(descendants(os.getpid())) > len(processes)
    time.sleep(0.3)
    assert descendants(os.getpid()) == processes
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_descriptors_do_not_grow_with_programs(sandbox: Sandbox) -> None:
    list(sandbox.run(program(n) for n in range(5)))
    before = len(os.listdir("/proc/self/fd"))
    list(sandbox.run(program(n) for n in range(100)))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_closed_sandbox_starts_again(sandbox: Sandbox) -> None:
    with Sandbox(SETTINGS) as other:
        assert next(other.run([program(1)])).verdict.kept
        other.close()
        assert next(other.run([program(2)])).verdict.kept


def test_each_execution_says_its_level_and_what_it_used(sandbox: Sandbox) -> None:
    (ran,) = sandbox.run([program(1, "x = bytearray(50 << 20); sum(range(10**6))")])
    assert ran.execution.sandbox_level == sandbox.level == "full"
    assert 0 < ran.execution.cpu_seconds < 10
    assert ran.execution.wall_seconds >= 0.5 * ran.execution.cpu_seconds
    assert 50 < ran.execution.peak_memory_mb < 150


def test_the_version_names_what_outcomes_depend_on(sandbox: Sandbox) -> None:
    for part in ("python", "numpy", "sympy"):
        assert part in sandbox.version


@pytest.mark.parametrize("given", [None, '{"a": 7, "b": 4}'], ids=["as written", "with another input"])
def test_a_byte_order_mark_before_a_program_is_none_of_it(given: str | None, sandbox: Sandbox) -> None:
    code = '\ufeffinput = {"a": 6, "b": 4}\noutput = input["a"] * input["b"]\n'
    (ran,) = sandbox.run([Job(code=code, input_json=given)])
    assert (ran.verdict, ran.execution.output_text) == (PASS, "24" if given is None else "28")
    (inside,) = sandbox.run([Job(code=code.replace("output", "\ufeffoutput"))])
    assert inside.verdict.reason is Reason.SYNTAX
