"""What a stage says while it works: bounded, with numbers, and with exit codes in words."""

import logging
import signal
import subprocess
import sys

import pytest

from caco_tasks import work_log
from caco_tasks.work_log import counted, describe_exit


def test_what_is_counted_comes_through_and_is_told_with_its_speed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_log, "SECONDS_BETWEEN_LINES", 0.0)
    with caplog.at_level(logging.INFO, logger="caco_tasks.work"):
        assert list(counted(iter("abc"), 1200, "replies")) == ["a", "b", "c"]
    assert [line.split(", ")[0] for line in caplog.messages] == [f"replies: {n} of 1,200" for n in (1, 2, 3)]
    assert all(line.endswith(" a second") for line in caplog.messages)


def test_short_work_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="caco_tasks.work"):
        assert len(list(counted(range(10_000), None, "records"))) == 10_000
    assert caplog.messages == []


def test_a_killed_process_is_told_as_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"], check=False
    )
    assert describe_exit(done.returncode) == "was killed (SIGKILL), by a person or by the system for want of memory"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "ended with exit code 1"),
        (127, "ended with exit code 127"),
        (137, "was killed (SIGKILL), by a person or by the system for want of memory"),
        (-signal.SIGTERM, "was killed (SIGTERM), by a person or because its machine was shut down"),
        (-signal.SIGUSR1, "was killed (SIGUSR1)"),
        (-250, "ended with exit code -250"),
    ],
)
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
