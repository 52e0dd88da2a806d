"""Checking texts in processes that can be killed: each text has a budget of seconds, and costs itself alone."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from caco_tasks.config import RunConfig
from caco_tasks.killable.process_pool import KillablePool, Reply, WorkerKind
from caco_tasks.records import Outcome, Reason
from caco_tasks.text_checks.results import CHECKER_FAILED, CheckResult

MEMORY_MB = 2048
START_SECONDS = 600.0
WALL_TO_CPU = 60  # a text that waits for the processor so many times longer than it may use it is given up


class CheckWorkers:
    """At most `workers` processes, started when there is work; a context manager, not thread-safe.

    >>> with CheckWorkers(2, config) as checkers:
    ...     checkers.check([{"check": "equations", "text": "2 + 2 = 5"}])[0].reason
    'false_equation'
    """

    def __init__(self, workers: int, config: RunConfig) -> None:
        seconds = config.grading.timeout_seconds
        kind = WorkerKind(
            module="caco_tasks.text_checks.text_worker",
            task="checks texts",
            memory_mb=MEMORY_MB,
            cpu_seconds=seconds,
            wall_seconds=WALL_TO_CPU * seconds,
            start_seconds=START_SECONDS,
            setup=config.model_dump(mode="json"),
        )
        self.pool = KillablePool(kind, workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.close()

    def check(self, records: Sequence[Mapping[str, Any]]) -> list[CheckResult]:
        """One result for each record, in order.

        A record without a result after `grading.timeout_seconds` of CPU, or whose worker dies, is unknown, and a new
        worker goes on with the next.

        Raises:
            PlatformError: a worker does not start.
        """
        for place, record in enumerate(records):
            self.pool.submit(place, record)
        results: dict[int, CheckResult] = {}
        while self.pool.pending:
            results |= {reply.key: _result(reply) for reply in self.pool.poll()}
        return [results[place] for place in range(len(records))]


def _result(reply: Reply) -> CheckResult:
    if reply.error is not None:
        reason = Reason.CHECKER_TIMEOUT.value if reply.is_late else CHECKER_FAILED
        return CheckResult(Outcome.UNKNOWN, reason, reply.error)
    return CheckResult(**{**reply.message, "outcome": Outcome(reply.message["outcome"])})
