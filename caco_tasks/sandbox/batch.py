"""Runs the programs of a JSONL file and writes their outcomes to another: the work of `caco exec`."""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

from caco_tasks.atomic import replaced
from caco_tasks.config import SandboxSettings
from caco_tasks.errors import SourceError
from caco_tasks.records import Reason, Verdict, fail, unknown
from caco_tasks.sandbox.jobs import Job, ProgramResult
from caco_tasks.sandbox.pool import Sandbox

Line = dict[str, Any]


def exec_jsonl(source: Path, target: Path, settings: SandboxSettings) -> dict[str, int]:
    """Runs the program of each line of `source`; writes one line per line, in their order, to `target`.

    Lines in: {"id", "code"}. Lines out: {"id", "outcome", "reason", "detail", "input", "output", "stdout", "seconds"};
    input and output are tagged JSON values, or null. A line without a program gets a line too, with its 1-based number
    as "line": `unknown` if it is not JSON, `fail` if it holds no code. The target appears when it is complete.

    Returns:
        How many lines ended in each outcome.

    Raises:
        SourceError: the source cannot be read, or the target cannot be written.
        SandboxError: programs cannot be run here at the level that the settings demand.
    """
    try:
        with source.open("rb") as lines, replaced(target) as out, Sandbox(settings) as sandbox:
            return _run_lines(lines, out, sandbox)
    except OSError as exc:
        raise SourceError(f"Programs cannot go from {source} to {target}: {exc.strerror or exc}.") from exc


class _Lines:
    """The lines that are not written yet: those whose program still runs, and those behind them."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._waiting: deque[Line] = deque()
        self.counts: Counter[str] = Counter()

    def jobs(self, lines: Iterable[bytes]) -> Iterator[Job]:
        """The programs of the lines that have one."""
        for number, text in enumerate(lines, start=1):
            record, verdict = _parse_line(text)
            if verdict is None:
                self._waiting.append({"id": record["id"]})
                yield Job(code=record["code"])
            else:
                self._waiting.append(
                    {"id": record.get("id"), **_describe_verdict(verdict), **_NOTHING_RAN, "line": number}
                )
                self.write_settled()

    def settle(self, ran: ProgramResult) -> None:
        """Adds the outcome of the first program that has none yet."""
        self._waiting[0] |= {**_describe_verdict(ran.verdict), **_describe_execution(ran)}
        self.write_settled()

    def write_settled(self) -> None:
        """Writes the lines that are complete, up to the first that is not."""
        while self._waiting and "outcome" in self._waiting[0]:
            line = self._waiting.popleft()
            self.counts[str(line["outcome"])] += 1
            self._out.write(json.dumps(line, allow_nan=False) + "\n")


def _run_lines(lines: Iterable[bytes], out: TextIO, sandbox: Sandbox) -> dict[str, int]:
    passing = _Lines(out)
    for ran in sandbox.run(passing.jobs(lines)):
        passing.settle(ran)
    return dict(passing.counts)


def _parse_line(text: bytes) -> tuple[Line, Verdict | None]:
    """The line's record, and the verdict on one that holds no program."""
    try:
        record = json.loads(text, parse_constant=_refuse)
        if not isinstance(record, dict):
            return {}, unknown(Reason.UNREADABLE_RECORD, "the line is not a JSON object")
        json.dumps([[record.get("id")]], allow_nan=False)  # so that it can go out again, inside of another object
    except (ValueError, RecursionError) as exc:
        return {}, unknown(Reason.UNREADABLE_RECORD, f"the line is not JSON: {exc}")
    if not isinstance(record.get("code"), str):
        return record, fail(Reason.NO_CODE_FOUND, "the line has no text under 'code'")
    return {"id": record.get("id"), "code": record["code"]}, None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


_NOTHING_RAN: Line = {"input": None, "output": None, "stdout": "", "seconds": 0.0}


def _describe_verdict(verdict: Verdict) -> Line:
    return {"outcome": verdict.outcome, "reason": verdict.reason, "detail": verdict.detail}


def _describe_execution(ran: ProgramResult) -> Line:
    execution = ran.execution
    return {
        "input": None if execution.input_json is None else json.loads(execution.input_json),
        "output": None if execution.output_json is None else json.loads(execution.output_json),
        "stdout": execution.stdout,
        "seconds": round(execution.wall_seconds, 6),
    }
