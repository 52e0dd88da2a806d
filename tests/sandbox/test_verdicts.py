"""From facts to a verdict: what the kernel says comes first, and what a program told counts only if all is in order."""

import json
import signal
from typing import Any

import pytest

from caco_tasks.records import Reason
from caco_tasks.sandbox import verdicts
from caco_tasks.sandbox.protocol import Report
from caco_tasks.sandbox.verdicts import Facts, Limits

NONCE = b"0123456789abcdef"
LIMITS = Limits(cpu_seconds=2, wall_seconds=2.0, memory_mb=64, output_bytes=1000)
TOLD = {"outcome": "pass", "input": "{}", "output": "1", "output_text": "1", "output_type": "int"}


def report(**changed: Any) -> Report:
    usual = Report(
        status=0, wall_seconds=1.0, user_seconds=0.1, system_seconds=0.1, peak_kib=1000, cpu_limit=2,
        is_late=False, is_unread=False, is_soiled=False,
    )  # fmt: skip
    return usual._replace(**changed)


def reason(told: bytes | None = None, stdout_bytes: int = 0, **changed: Any) -> Reason | None:
    frame = NONCE + json.dumps(TOLD).encode() if told is None else told
    facts = Facts(report=report(**changed), frame=frame, stdout=b"", stdout_bytes=stdout_bytes)
    return verdicts.judge(facts, NONCE, LIMITS, level="full").verdict.reason


def test_all_in_order_is_a_pass() -> None:
    assert reason() is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"is_late": True, "status": signal.SIGKILL}, Reason.TIME),
        ({"is_late": True}, Reason.TIME),
        ({"status": signal.SIGKILL, "user_seconds": 2.0}, Reason.TIME),
        ({"status": signal.SIGKILL, "cpu_limit": 0}, Reason.TIME),
        ({"status": signal.SIGSYS}, Reason.FORBIDDEN),
        ({"status": signal.SIGXFSZ}, Reason.OUTPUT_SIZE),
        ({"status": signal.SIGSEGV}, Reason.ERROR),
        ({"status": signal.SIGSEGV, "peak_kib": 63 * 1024}, Reason.MEMORY),
        ({"status": 60}, Reason.ERROR),
        ({"status": 7 << 8}, Reason.ERROR),
        ({"stdout_bytes": 1001}, Reason.OUTPUT_SIZE),
        ({"stdout_bytes": 1001, "is_late": True}, Reason.OUTPUT_SIZE),
        ({"told": b""}, Reason.ERROR),
        ({"told": NONCE}, Reason.ERROR),
        ({"told": b"x" + NONCE[1:] + json.dumps(TOLD).encode()}, Reason.ERROR),
        ({"told": NONCE + json.dumps(TOLD).encode() + b"x"}, Reason.ERROR),
        ({"told": NONCE + b"[]"}, Reason.ERROR),
        ({"told": NONCE + b"\xff" * 9}, Reason.ERROR),
        ({"told": NONCE + json.dumps(TOLD).encode(), "status": 1 << 8}, Reason.ERROR),
    ],
    ids=["killed late", "ended late", "out of time", "out of its own time", "system call", "file size", "crash",
         "crash when full", "real-time signal", "status", "flood", "late flood", "nothing told", "a nonce alone", "other nonce",
         "more after it", "no object", "no text", "told, but ended otherwise"],
)  # fmt: skip
def test_facts_come_before_what_is_told(changed: dict[str, Any], expected: Reason) -> None:
    assert reason(**changed) is expected


@pytest.mark.parametrize(
    ("changed", "is_lost"),
    [
        ({"status": signal.SIGKILL}, True),
        ({"status": signal.SIGKILL, "cpu_limit": -1}, True),
        ({"status": 70 << 8, "is_unread": True}, True),
        ({"status": signal.SIGKILL, "is_late": True}, False),
        ({"status": signal.SIGKILL, "user_seconds": 1.3}, False),
        ({"status": signal.SIGKILL, "cpu_limit": 0, "user_seconds": 0.0, "system_seconds": 0.0}, False),
        ({"status": signal.SIGSEGV}, False),
        ({"status": 0}, False),
    ],
    ids=["killed from outside", "killed before it had limits", "never began", "late", "limit in ticks of a busy machine",
         "limit that it set itself", "crash", "end"],
)  # fmt: skip
def test_only_what_came_from_outside_is_a_loss(changed: dict[str, Any], is_lost: bool) -> None:
    assert verdicts.was_lost(report(**changed)) is is_lost
