"""Makes a verdict from the kernel's account of a program's end and from the result that its process wrote.

The kernel's facts come first: what killed it, how it ended, what it used, how much it wrote. Only then the result
counts, and only with the nonce of its own job.
"""

import json
import os
import signal
from dataclasses import dataclass
from typing import Final

from caco_tasks.records import PASS, Execution, Reason, Verdict, fail, unknown
from caco_tasks.sandbox import values
from caco_tasks.sandbox.jobs import ProgramResult
from caco_tasks.sandbox.protocol import NONCE_BYTES, Report

MAX_TEXT_CHARS: Final = 10_000  # of each text of a result besides its values
CPU_SHARE_OF_DEADLINE: Final = 0.8  # a program that used less CPU than this share when it was killed is tried again
# The kernel holds the limit against clock ticks, which on a busy machine run ahead of the seconds that it reports.
CPU_SHARE_OF_LIMIT: Final = 0.5

# The reasons that a result may have for its failure. All others are for the supervisor to find.
_RESULT_OUTCOMES: Final = frozenset(
    {
        Reason.SYNTAX,
        Reason.ERROR,
        Reason.MEMORY,
        Reason.OUTPUT_SIZE,
        Reason.FORBIDDEN,
        Reason.NO_INPUT,
        Reason.NO_OUTPUT,
        Reason.UNSERIALISABLE,
    }
)
_TEXTS: Final = ("outcome", "detail", "input", "output", "output_text", "output_type", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the supervisor knows of one run of a program."""

    report: Report
    frame: bytes  # the result as its process wrote it, cut where it is longer than any true one
    stdout: bytes  # the start of what it printed, at most the cap
    stdout_bytes: int  # how much it printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use."""

    cpu_seconds: int
    wall_seconds: float
    memory_mb: int
    output_bytes: int


def judge(facts: Facts, nonce: bytes, limits: Limits, *, level: str) -> ProgramResult:
    """The verdict, with the execution that it rests on."""
    result = _read_result(facts.frame, nonce, limits)
    verdict = _judge_end(facts, result, limits)
    execution = _make_execution(facts, result if _is_believed(facts.report) else {}, verdict, level=level)
    return ProgramResult(verdict=verdict, execution=execution)


def lost(detail: str, *, level: str) -> ProgramResult:
    """The outcome of a program whose process was lost through no fault of its own, so that nothing is known of it."""
    execution = Execution(
        input_json=None,
        output_json=None,
        output_text=None,
        output_type=None,
        stdout="",
        error=None,
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_memory_mb=0.0,
        sandbox_level=level,
    )
    return ProgramResult(verdict=unknown(Reason.SANDBOX_LOST, detail), execution=execution)


def was_lost(report: Report) -> bool:
    """Whether something other than the program, its limits and its deadline ended it."""
    is_killed = _signal_of(report) == signal.SIGKILL and not report.is_late
    return report.is_unread or (is_killed and not _is_out_of_cpu(report))


def was_only_slow(report: Report, limits: Limits) -> bool:
    """Whether it was killed at the deadline without having used the CPU: the machine was busy, or it slept."""
    return report.is_late and _cpu_seconds(report) < CPU_SHARE_OF_DEADLINE * limits.wall_seconds


def _judge_end(facts: Facts, result: dict[str, str | None], limits: Limits) -> Verdict:
    report = facts.report
    if facts.stdout_bytes > limits.output_bytes:
        return fail(Reason.OUTPUT_SIZE, f"printed more than {limits.output_bytes} bytes")
    if report.is_late:
        return fail(Reason.TIME, f"still running after {limits.wall_seconds:g} s")
    if _is_out_of_cpu(report):
        return fail(Reason.TIME, f"used more than {report.cpu_limit} s of CPU time")
    if _signal_of(report):
        return _judge_signal(_signal_of(report), report, limits)
    if not _is_believed(report) or not result:
        return fail(Reason.ERROR, f"ended by itself with status {os.waitstatus_to_exitcode(report.status)}")
    if result["outcome"] == "pass":
        return PASS
    return fail(Reason(str(result["outcome"])), _clean(result["detail"]))


def _judge_signal(number: int, report: Report, limits: Limits) -> Verdict:
    name = signal.Signals(number).name if number in signal.Signals._value2member_map_ else f"signal {number}"
    if number == signal.SIGSYS:
        return fail(Reason.FORBIDDEN, "made a system call that is not allowed")
    if number == signal.SIGXFSZ:
        return fail(Reason.OUTPUT_SIZE, "wrote a file larger than allowed")
    if report.peak_kib >= 0.9 * 1024 * limits.memory_mb:
        return fail(Reason.MEMORY, f"ended by {name} with {report.peak_kib // 1024} MB in use")
    return fail(Reason.ERROR, f"ended by {name}")


def _signal_of(report: Report) -> int:
    return os.WTERMSIG(report.status) if os.WIFSIGNALED(report.status) else 0


def _is_believed(report: Report) -> bool:
    """Whether the process ended as the harness ends it."""
    return report.status == 0 and not report.is_late


def _is_out_of_cpu(report: Report) -> bool:
    return _signal_of(report) == signal.SIGKILL and 0 <= CPU_SHARE_OF_LIMIT * report.cpu_limit <= _cpu_seconds(report)


def _cpu_seconds(report: Report) -> float:
    return report.user_seconds + report.system_seconds


def _read_result(frame: bytes, nonce: bytes, limits: Limits) -> dict[str, str | None]:
    """The result in a frame that is well formed and begins with the nonce; else nothing."""
    if frame[:NONCE_BYTES] != nonce:
        return {}
    try:
        found = json.loads(frame[NONCE_BYTES:])
        texts = {name: found.get(name) for name in _TEXTS}
        is_sound = _are_sound(texts, limits)
    except (ValueError, AttributeError, RecursionError):
        return {}
    return texts if is_sound else {}


def _are_sound(texts: dict[str, str | None], limits: Limits) -> bool:
    """Whether every part is a text within its cap, values can be read back, and the outcome is one of a program's."""
    most = max(limits.output_bytes, MAX_TEXT_CHARS)
    if not all(text is None or (type(text) is str and len(text) <= most) for text in texts.values()):
        return False
    tags = {name: values.checked_tag_of(text) for name in ("input", "output") if (text := texts[name]) is not None}
    if any(len(texts[name] or "") > limits.output_bytes for name in tags):
        return False
    if texts["outcome"] == "pass":
        return len(tags) == 2 and texts["output_type"] == tags["output"] and texts["output_text"] is not None
    return texts["outcome"] in _RESULT_OUTCOMES


def _make_execution(facts: Facts, result: dict[str, str | None], verdict: Verdict, *, level: str) -> Execution:
    report = facts.report
    return Execution(
        input_json=result.get("input"),
        output_json=result.get("output"),
        output_text=_clean(result.get("output_text")),
        output_type=_clean(result.get("output_type")),
        stdout=_clean(facts.stdout.decode("utf-8", "backslashreplace")) or "",
        error=_clean(result.get("error")) or (verdict.detail if not result else None),
        wall_seconds=report.wall_seconds,
        cpu_seconds=_cpu_seconds(report),
        peak_memory_mb=report.peak_kib / 1024,
        sandbox_level=level,
    )


def _clean(text: str | None) -> str | None:
    """The text with NUL and lone surrogates as escapes, so that every store takes it."""
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")
