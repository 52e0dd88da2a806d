"""Grading with real worker processes: slow pairs cost only themselves, and nothing outlives the grader."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from caco_tasks.config import GradingSettings
from caco_tasks.grading import Comparison, Grader
from caco_tasks.grading.grader import MEMORY_MB, worker_kind
from caco_tasks.killable.process_pool import KillablePool
from caco_tasks.records import Outcome, Reason

SLOW = (
    r"\sum_{n=1}^{\infty} \frac{\sin(n^{n})}{n^{n^{2}}}",
    r"\sum_{n=1}^{\infty} \frac{\cos(n^{n})}{n^{n^{3}}}",
)  # 12 s when quiet
EQUAL = (r"\prod_{i=1}^{4} i", "24")
DIFFERENT = (r"\sum_{i=1}^{10} i", "5")


@pytest.fixture
def grader() -> Iterator[Grader]:
    with Grader(GradingSettings(workers=2, timeout_seconds=8)) as opened:
        yield opened


def compare(grader: Grader, pairs: list[tuple[str, str]]) -> list[Comparison]:
    return list(grader.compare(pairs))


def workers() -> list[int]:
    """The process ids of this process's grading workers."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return [
        pid
        for pid in map(int, children)
        if b"caco_tasks.grading.algebra_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_a_pair_that_needs_algebra_is_decided_by_math_verify(grader: Grader) -> None:
    equal, different = compare(grader, [EQUAL, DIFFERENT])
    assert (equal.verdict.outcome, different.verdict.outcome) == (Outcome.PASS, Outcome.FAIL)
    assert {equal.method, different.method} == {"math-verify"}


@pytest.mark.parametrize(("gold", "pred"), [(r"x \clubsuit", r"\clubsuit x"), (r"\vec{v} + 1", r"1 + \vec{v}")])
def test_what_math_verify_calls_equal_with_a_part_skipped_is_not_understood(
    grader: Grader, gold: str, pred: str
) -> None:
    [found] = compare(grader, [(gold, pred)])
    assert (found.method, found.verdict.reason) == ("math-verify", Reason.NOT_UNDERSTOOD)


def test_a_slow_pair_is_unknown_and_the_others_lose_nothing() -> None:
    plain = [(str(number), str(number)) for number in range(50)]
    pairs = [*plain, SLOW, *plain, EQUAL, DIFFERENT, *plain]
    with Grader(GradingSettings(workers=1, timeout_seconds=3)) as grader:
        comparisons = compare(grader, pairs)
    verdicts = [comparison.verdict for comparison in comparisons]
    assert verdicts[50].reason is Reason.CHECKER_TIMEOUT
    assert [verdict.outcome for verdict in verdicts[101:103]] == [Outcome.PASS, Outcome.FAIL]
    assert all(verdict.kept for verdict in [*verdicts[:50], *verdicts[51:101], *verdicts[103:]])


def test_a_pair_that_cost_a_worker_is_not_sent_again() -> None:
    with Grader(GradingSettings(workers=1, timeout_seconds=2)) as grader:
        first, second = compare(grader, [SLOW])[0], compare(grader, [SLOW])[0]
    assert first.verdict.outcome is second.verdict.outcome is Outcome.UNKNOWN
    assert second.method == "quarantine"
    assert second.seconds < 1


def test_a_worker_that_is_killed_from_outside_costs_one_pair_at_most(grader: Grader) -> None:
    compare(grader, [EQUAL])
    for pid in workers():
        os.kill(pid, signal.SIGKILL)
    outcomes = [comparison.verdict.outcome for comparison in compare(grader, [DIFFERENT, EQUAL, EQUAL])]
    assert outcomes.count(Outcome.UNKNOWN) <= 1
    assert outcomes[-1] is Outcome.PASS


def test_no_worker_outlives_the_grader() -> None:
    with Grader(GradingSettings(workers=2, timeout_seconds=8)) as grader:
        compare(grader, [EQUAL, DIFFERENT])
        assert workers()
    assert workers() == []


def test_a_worker_is_limited_in_memory_and_writes_no_files(grader: Grader) -> None:
    compare(grader, [EQUAL])
    limits = [_limits(pid) for pid in workers()]
    assert limits
    assert all(limit["Max address space"] == MEMORY_MB * 1024 * 1024 for limit in limits)
    assert all(limit["Max file size"] == limit["Max core file size"] == 0 for limit in limits)


def test_a_worker_leads_its_own_process_group_and_sees_no_environment(grader: Grader) -> None:
    compare(grader, [EQUAL])
    for pid in workers():
        names = {item.partition(b"=")[0] for item in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if item}
        assert os.getpgid(pid) == pid
        assert names <= {b"PYTHONPATH", b"PYTHONHASHSEED", b"OMP_NUM_THREADS", b"OPENBLAS_NUM_THREADS"}


def test_the_pool_gives_each_reply_its_key() -> None:
    pool = KillablePool(worker_kind(20), 2)
    try:
        for key in range(6):
            pool.submit(key, {"gold": f"\\sum_{{i=1}}^{{{key}}} 2", "pred": str(2 * key)})
        replies = []
        while pool.pending:
            replies.extend(pool.poll())
    finally:
        pool.close()
    assert {reply.key: reply.message["equal"] for reply in replies} == dict.fromkeys(range(6), True)


def test_stopping_early_leaves_the_grader_usable(grader: Grader) -> None:
    comparisons = grader.compare([EQUAL, DIFFERENT, EQUAL])
    next(comparisons)
    started = time.monotonic()
    assert compare(grader, [("1", "1"), EQUAL])[1].verdict.kept
    assert time.monotonic() - started < 60


def _limits(pid: int) -> dict[str, int]:
    """The soft limits of a process that are numbers, by their names in /proc."""
    lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()[1:]
    return {line[:26].strip(): int(line[26:47]) for line in lines if line[26:47].strip().isdigit()}
