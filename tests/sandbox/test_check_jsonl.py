"""`caco check --jsonl`: one line out for one line in, in order, whatever the lines are; a text costs its own line only."""

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from caco_tasks.config import load_config
from caco_tasks.errors import SourceError
from caco_tasks.records import Outcome
from caco_tasks.text_checks import check_file
from caco_tasks.text_checks.check_file import check_jsonl
from caco_tasks.text_checks.check_workers import CheckWorkers

CONFIG = load_config("nano")
HASTY = load_config("nano", ["grading.timeout_seconds=0.05"])
SUM = 'input = {"first": 6, "second": 4}\n\n\ndef add(first, second):\n    doubled = first * 2\n    return doubled + second\n'
PROGRAM = f"{SUM}\n\noutput = add(**input)\nprint(output)\n"
TRUE = {"check": "equations", "text": "6 * 2 = 12"}
LINES: list[tuple[bytes | dict[str, Any], str, Any]] = [  # what comes in; the outcome and the value that go out
    ({"id": 1, "check": "equations", "text": "6 * 2 = 13"}, "fail", None),
    ({"id": 2, "check": "program", "code": PROGRAM}, "pass", 16),
    (b"not json", "unknown", None),
    ({"id": 4, "check": "program", "code": "output = 1 / 0"}, "fail", None),
    ({"id": 5, "check": "nothing"}, "unknown", None),
    ({"id": 6, "check": "program", "code": f"{SUM}\n\noutput = 16\nprint(output)\n"}, "fail", 16),
    ({"id": 7, "check": "answer", "solution": "The answer is 7."}, "pass", "7"),
    ({"id": 8, "check": "program", "code": 3}, "unknown", None),
    ({"check": "answer", "solution": "The answer is \ud800."}, "pass", "\ud800"),
    ({"id": 10, "check": "program", "code": "\ud800"}, "fail", None),
]


def check(folder: Path, lines: list[Any], **options: Any) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """The counts and the lines that come out."""
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines))
    counts = check_jsonl(source, target, options.pop("config", CONFIG), workers=2, **options)
    return counts, [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("batch_lines", [3, 512])
def test_every_line_gets_a_line_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_lines: int) -> None:
    monkeypatch.setattr(check_file, "BATCH_LINES", batch_lines)
    told: list[int] = []
    counts, rows = check(tmp_path, [line for line, _, _ in LINES], progress=told.append)
    assert [row["id"] for row in rows] == [1, 2, None, 4, 5, 6, 7, 8, None, 10]
    assert [(row["outcome"], row["value"]) for row in rows] == [(outcome, value) for _, outcome, value in LINES]
    assert counts == {"read": 10, "pass": 3, "fail": 4, "unknown": 3}
    assert all(list(row) == ["id", "outcome", "reason", "detail", "value"] for row in rows)
    assert rows[2]["detail"] == "line 3: not JSON"
    assert rows[7]["detail"] == "line 8: 'code' is not a text"
    assert (rows[3]["reason"], rows[5]["reason"]) == ("error", "answer_as_literal")
    assert told[-1] == 10


def test_the_longest_text_is_checked_in_its_time(tmp_path: Path) -> None:
    long = {"id": "long", "check": "equations", "text": "1 + 1 = 2. " * 700_000}
    _, rows = check(tmp_path, [TRUE, long, TRUE])
    assert [row["outcome"] for row in rows] == ["pass"] * 3


def test_a_text_without_a_result_costs_itself_and_another_worker_goes_on() -> None:
    with CheckWorkers(1, HASTY) as checkers:
        assert checkers.check([TRUE])[0].outcome is Outcome.PASS
        os.kill(checkers.pool.pids[0], signal.SIGSTOP)
        found = checkers.check([TRUE, TRUE])
    assert [(one.outcome.value, one.reason) for one in found] == [("unknown", "checker_timeout"), ("pass", None)]


def test_a_worker_that_died_while_idle_costs_no_text() -> None:
    with CheckWorkers(1, CONFIG) as checkers:
        assert checkers.check([TRUE])[0].outcome is Outcome.PASS
        [worker] = checkers.pool._workers
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        assert [found.outcome for found in checkers.check([TRUE, TRUE])] == [Outcome.PASS] * 2


ENDS = {
    signal.SIGXCPU: ("checker_timeout", "no result after 5 s"),  # how the kernel ends what took too much CPU
    signal.SIGKILL: ("checker_failed", "its process ended with -9"),
}


@pytest.mark.parametrize(("number", "said"), ENDS.items(), ids=lambda one: getattr(one, "name", ""))
def test_a_worker_that_dies_of_a_text_costs_that_one_and_another_goes_on(
    number: signal.Signals, said: tuple[str, str]
) -> None:
    with CheckWorkers(1, CONFIG) as checkers:
        checkers.check([TRUE])
        [worker] = checkers.pool._workers
        os.kill(worker.process.pid, signal.SIGSTOP)  # so that it surely has the text in hand
        killer = threading.Thread(target=end_when_busy, args=(worker, number))
        killer.start()
        found = checkers.check([TRUE, TRUE])
        killer.join()
    assert (found[0].outcome, found[0].reason, found[0].detail) == (Outcome.UNKNOWN, *said)
    assert found[1].outcome is Outcome.PASS


def end_when_busy(worker: Any, number: signal.Signals) -> None:
    """Ends a stopped worker once it has a text in hand."""
    while worker.key is None:
        time.sleep(0.01)
    os.kill(worker.process.pid, number)
    os.kill(worker.process.pid, signal.SIGCONT)


def test_no_worker_outlives_the_check() -> None:
    with CheckWorkers(2, CONFIG) as checkers:
        checkers.check([TRUE] * 4)
        processes = [worker.process for worker in checkers.pool._workers]
    assert processes
    assert all(process.poll() is not None for process in processes)


def test_a_missing_source_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.jsonl"):
        check_jsonl(tmp_path / "nothing.jsonl", tmp_path / "out.jsonl", CONFIG, workers=1)
    assert os.listdir(tmp_path) == []


def test_an_empty_file_gives_an_empty_file_and_starts_no_worker(tmp_path: Path) -> None:
    assert check(tmp_path, []) == ({"read": 0, "pass": 0, "fail": 0, "unknown": 0}, [])


def test_an_input_that_could_not_be_tried_is_told_with_the_pass(tmp_path: Path) -> None:
    code = PROGRAM.replace('"second": 4', '"second": 4, "third": None').replace(
        "first, second)", "first, second, third)"
    )
    code = code.replace("    return doubled + second", "    return doubled + second + (third or 0)")
    _, [row] = check(tmp_path, [{"id": 1, "check": "program", "code": code}])
    assert (row["outcome"], row["value"]) == ("pass", 16)
    assert "recorded: untested_input" in row["detail"]
