"""Compares answers in order: the exact front end in this process, math-verify in workers that can be killed."""

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from caco_tasks.config import GradingSettings
from caco_tasks.grading.algebra_questions import Question
from caco_tasks.grading.compare import Decision, compare_exactly
from caco_tasks.killable.process_pool import KillablePool, WorkerKind
from caco_tasks.records import PASS, Reason, Verdict, fail, unknown

VERSION = "exact-5+math-verify-0.9"
WINDOW = 256  # pairs that wait for the slowest before them
PENDING_PER_WORKER = 4
MAX_QUARANTINE = 100_000
MEMORY_MB = 1536  # of address space, per worker
START_SECONDS = 90.0  # for a worker to import sympy on a busy machine


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the grader says of one pair, by which method, and how long it took in seconds of wall time."""

    verdict: Verdict  # PASS equal, fail(ANSWERS_DIFFER), unknown(NOT_UNDERSTOOD or CHECKER_TIMEOUT)
    method: str
    seconds: float


@dataclass(slots=True)
class _PendingPair:
    """A pair's place in the order; `comparison` comes when it is decided."""

    fingerprint: bytes = b""
    is_understood: bool = True  # False: the algebra system would skip a part of it, so that its "equal" says nothing
    seconds: float = 0.0
    comparison: Comparison | None = None


class Grader:
    """Compares answers; a context manager, because it may start processes (only when a pair needs one).

    A pair that costs a worker its life is `unknown(CHECKER_TIMEOUT)` and is not sent to a worker again by this grader.
    """

    version = VERSION

    def __init__(self, settings: GradingSettings) -> None:
        self._settings = settings
        self._pool: KillablePool | None = None
        self._quarantine: set[bytes] = set()
        self._pairs: dict[int, _PendingPair] = {}
        self._next_key = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the worker processes; the grader can be used again and then starts new ones."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None
        self._pairs.clear()

    def compare(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Comparison]:
        """One comparison per pair of gold answer and predicted answer, in order.

        Each text is an answer or a whole solution, of which the final answer counts. The gold's type and its digits
        decide what is compared.

        Raises:
            PlatformError: a worker process does not start.
        """
        window: deque[_PendingPair] = deque()
        for gold, pred in pairs:
            window.append(self._begin(gold, pred))
            pending = self._pool.pending if self._pool is not None else 0
            # Replies that are there are taken at once; the grader waits only where it would run too far ahead.
            is_full = len(window) >= WINDOW or pending >= PENDING_PER_WORKER * self._settings.workers
            if pending:
                self._take_replies(None if is_full else 0.0)
            yield from _take_decided(window)
        while window:
            self._take_replies(None)
            yield from _take_decided(window)

    def _begin(self, gold: str, pred: str) -> _PendingPair:
        started = time.perf_counter()
        result = compare_exactly(gold, pred)
        seconds = time.perf_counter() - started
        if isinstance(result, Decision):
            unsure = unknown(Reason.NOT_UNDERSTOOD, result.detail)
            verdict = unsure if result.equal is None else _to_verdict(result.equal, result.detail)
            return _PendingPair(comparison=Comparison(verdict, result.method, seconds))
        return self._ask(result, seconds)

    def _ask(self, question: Question, seconds: float) -> _PendingPair:
        # The length keeps ("ab", "c") apart from ("a", "bc").
        fingerprint = hashlib.blake2b(
            f"{len(question.gold)}\0{question.gold}{question.pred}".encode(errors="replace")
        ).digest()
        if fingerprint in self._quarantine:
            verdict = unknown(Reason.CHECKER_TIMEOUT, "this pair stopped a checker before")
            return _PendingPair(comparison=Comparison(verdict, "quarantine", seconds))
        pair = _PendingPair(fingerprint, question.is_understood, seconds)
        self._pairs[self._next_key] = pair
        if self._pool is None:
            self._pool = KillablePool(worker_kind(self._settings.timeout_seconds), self._settings.workers)
        self._pool.submit(self._next_key, {"gold": question.gold, "pred": question.pred})
        self._next_key += 1
        return pair

    def _take_replies(self, timeout_seconds: float | None) -> None:
        for reply in self._pool.poll(timeout_seconds) if self._pool is not None else ():
            pair = self._pairs.pop(reply.key)
            if reply.error is not None and len(self._quarantine) < MAX_QUARANTINE:
                self._quarantine.add(pair.fingerprint)
            said = reply.message or {"equal": None, "error": reply.error}
            if said["equal"] is None:
                verdict = unknown(Reason.CHECKER_TIMEOUT, said["error"])
            elif said["equal"] and not pair.is_understood:
                verdict = unknown(Reason.NOT_UNDERSTOOD, "a part of the answer is not understood")
            else:
                verdict = _to_verdict(said["equal"], said["error"])
            pair.comparison = Comparison(verdict, "math-verify", pair.seconds + reply.seconds)


def worker_kind(timeout_seconds: float) -> WorkerKind:
    """The workers that compare answers with math-verify, each pair in so many seconds by the clock."""
    return WorkerKind(
        module="caco_tasks.grading.algebra_worker",
        task="compares answers",
        memory_mb=MEMORY_MB,
        cpu_seconds=timeout_seconds,
        wall_seconds=timeout_seconds,
        start_seconds=START_SECONDS,
    )


def _take_decided(window: deque[_PendingPair]) -> Iterator[Comparison]:
    while window and window[0].comparison is not None:
        comparison = window.popleft().comparison
        assert comparison is not None
        yield comparison


def _to_verdict(equal: bool, detail: str | None) -> Verdict:
    return PASS if equal else fail(Reason.ANSWERS_DIFFER, detail)
