"""Checking a file of texts: JSON lines in, JSON lines out, order and count kept."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from caco_tasks import atomic
from caco_tasks.config import RunConfig
from caco_tasks.errors import SourceError
from caco_tasks.records import Outcome, Reason
from caco_tasks.sandbox import Sandbox
from caco_tasks.text_checks.check_workers import CheckWorkers
from caco_tasks.text_checks.checks import PROGRAM, find_fault
from caco_tasks.text_checks.lines import InputLine, read_lines
from caco_tasks.text_checks.results import CheckResult, unreadable

BATCH_LINES = 512  # that are in memory at once
BATCH_BYTES = 32 * 1024 * 1024  # of them, of which a batch takes no further line


def check_jsonl(
    source: Path, target: Path, config: RunConfig, *, workers: int, progress: Callable[[int], None] = lambda done: None
) -> dict[str, int]:
    """Checks each line of `source` by the rules of `config`, and writes its result as a line of `target`.

    In: `{"id", "check", …}`, see `checks.CHECKS`. Out: `{"id", "outcome", "reason", "detail", "value"}`. A line that cannot
    be read gets its own line, with outcome `unknown`, reason `unreadable_record`, and its number (from 1) and what is wrong
    as `detail`. `target` appears only when it is complete. Memory does not grow with the file. `progress` is told how many
    lines are done. Returns the counts `read`, `pass`, `fail` and `unknown`.

    Raises:
        SourceError: `source` cannot be read or `target` cannot be written.
        PlatformError: a worker process does not start.
        SandboxError: programs are to be run, and cannot be run here at the level that the config demands.
    """
    counts: Counter[Outcome] = Counter()
    try:
        with (
            source.open("rb") as file,
            atomic.replaced(target) as out,
            CheckWorkers(workers, config) as checkers,
            LazySandbox(config, workers) as sandbox,
        ):
            for batch in _batches(read_lines(file)):
                for line, result in zip(batch, _check_batch(batch, config, checkers, sandbox), strict=True):
                    out.write(json.dumps(result.line(line.identity), allow_nan=False) + "\n")
                    counts[result.outcome] += 1
                progress(counts.total())
    except OSError as exc:
        raise SourceError(f"Checking {source} into {target} failed: {exc.strerror or exc}.") from exc
    return {"read": counts.total(), **{outcome.value: counts[outcome] for outcome in Outcome}}


class LazySandbox:
    """A sandbox that starts with the first program; a context manager."""

    def __init__(self, config: RunConfig, workers: int) -> None:
        self._settings = config.sandbox.model_copy(update={"workers": workers})
        self._stack = ExitStack()
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> "LazySandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def get(self) -> Sandbox:
        """The sandbox."""
        if self._sandbox is None:
            self._sandbox = self._stack.enter_context(Sandbox(self._settings))
        return self._sandbox


def _batches(lines: Iterable[InputLine]) -> Iterator[list[InputLine]]:
    batch: list[InputLine] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += line.bytes
        if len(batch) == BATCH_LINES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _check_batch(
    batch: Sequence[InputLine], config: RunConfig, checkers: CheckWorkers, sandbox: LazySandbox
) -> list[CheckResult]:
    """One result for each line, in order: what cannot be read at once, texts by the workers, programs by the sandbox."""
    faults = [line.fault if line.record is None else find_fault(line.record) for line in batch]
    results = {place: unreadable(fault) for place, fault in enumerate(faults) if fault is not None}
    asked = [
        (place, line.record) for place, line in enumerate(batch) if line.record is not None and place not in results
    ]
    texts = [(place, record) for place, record in asked if record["check"] != PROGRAM]
    found = checkers.check([record for _, record in texts])
    results |= {place: result for (place, _), result in zip(texts, found, strict=True)}
    programs = [(place, record["code"]) for place, record in asked if record["check"] == PROGRAM]
    if programs:
        from caco_tasks.text_checks.program_check import check_programs  # the stages, which many files do not need

        found = check_programs([code for _, code in programs], config, sandbox.get())
        results |= {place: result for (place, _), result in zip(programs, found, strict=True)}
    return [_with_place(results[place], line) for place, line in enumerate(batch)]


def _with_place(result: CheckResult, line: InputLine) -> CheckResult:
    """The result, and for a line that cannot be read its number before what is wrong."""
    if result.reason != Reason.UNREADABLE_RECORD:
        return result
    return replace(result, detail=f"line {line.number}: {result.detail}")
