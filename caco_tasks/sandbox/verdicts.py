"""From what the kernel says of a program's end, and what its process told, to a verdict.

The facts come first: who killed it, how it ended, what it used, how much it wrote. Only then what it told
counts, and only with the nonce of its own job.
"""

import json
import os
import signal
from dataclasses import dataclass
from typing import Final

from caco_tasks.records import PASS, Execution, Reason, Verdict, fail, unknown
from caco_tasks.sandbox import values
from caco_tasks.sandbox.jobs import Ran
from caco_tasks.sandbox.protocol import NONCE_BYTES, Report

MAX_TEXT_CHARS: Final = 10_000  # of what a program tells besides its values
CPU_SHARE_OF_DEADLINE: Final = 0.8  # a program that used less CPU than this share when it was killed may try again
# The kernel holds the limit against clock ticks, which on a busy machine run ahead of the seconds that it reports.
CPU_SHARE_OF_LIMIT: Final = 0.5

_TOLD: Final = frozenset(
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
    """All that the supervisor has of one run of a program."""

    report: Report
    frame: bytes  # what its process wrote as its result, at most so much as is read
    stdout: bytes  # the start of what it printed, at most the cap
    stdout_bytes: int  # how much it printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use."""

    cpu_seconds: int
    wall_seconds: float
    memory_mb: int
    output_bytes: int


def judge(facts: Facts, nonce: bytes, limits: Limits, *, level: str) -> Ran:
    """The verdict, with the execution that it rests on."""
    told = _told(facts.frame, nonce, limits)
    verdict = _verdict(facts, told, limits)
    execution = _execution(facts, told if _is_believed(facts.report) else {}, verdict, level=level)
    return Ran(verdict=verdict, execution=execution)


def lost(detail: str, *, level: str) -> Ran:
    """The outcome of a program of which nothing is known: its process was lost, and not through its own doing."""
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
    return Ran(verdict=unknown(Reason.SANDBOX_LOST, detail), execution=execution)


def was_lost(report: Report) -> bool:
    """Whether something other than the program, its limits and its deadline ended it."""
    is_killed = _signal_of(report) == signal.SIGKILL and not report.is_late
    return report.is_unread or (is_killed and not _is_out_of_cpu(report))


def was_only_slow(report: Report, limits: Limits) -> bool:
    """Whether it was killed at the deadline without having used the CPU: the machine was busy, or it slept."""
    return report.is_late and _cpu_seconds(report) < CPU_SHARE_OF_DEADLINE * limits.wall_seconds


def _verdict(facts: Facts, told: dict[str, str | None], limits: Limits) -> Verdict:
    report = facts.report
    if facts.stdout_bytes > limits.output_bytes:
        return fail(Reason.OUTPUT_SIZE, f"printed more than {limits.output_bytes} bytes")
    if report.is_late:
        return fail(Reason.TIME, f"still running after {limits.wall_seconds:g} s")
    if _is_out_of_cpu(report):
        return fail(Reason.TIME, f"used more than {report.cpu_limit} s of CPU time")
    if _signal_of(report):
        return _verdict_on_signal(_signal_of(report), report, limits)
    if not _is_believed(report) or not told:
        return fail(Reason.ERROR, f"ended by itself with status {os.waitstatus_to_exitcode(report.status)}")
    if told["outcome"] == "pass":
        return PASS
    return fail(Reason(str(told["outcome"])), _clean(told["detail"]))


def _verdict_on_signal(number: int, report: Report, limits: Limits) -> Verdict:
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


def _told(frame: bytes, nonce: bytes, limits: Limits) -> dict[str, str | None]:
    """What the process told, if it is well formed and has the nonce; else nothing."""
    if frame[:NONCE_BYTES] != nonce:
        return {}
    try:
        told = json.loads(frame[NONCE_BYTES:])
        texts = {name: told.get(name) for name in _TEXTS}
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
    return texts["outcome"] in _TOLD


def _execution(facts: Facts, told: dict[str, str | None], verdict: Verdict, *, level: str) -> Execution:
    report = facts.report
    return Execution(
        input_json=told.get("input"),
        output_json=told.get("output"),
        output_text=_clean(told.get("output_text")),
        output_type=_clean(told.get("output_type")),
        stdout=_clean(facts.stdout.decode("utf-8", "backslashreplace")) or "",
        error=_clean(told.get("error")) or (verdict.detail if not told else None),
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
