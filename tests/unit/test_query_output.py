"""The answer to a query in every form: nothing is cut, nothing is lost, nothing steers the terminal."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from caco_tasks.cli import console as consoles
from caco_tasks.cli import query_output
from caco_tasks.cli.query_output import csv_lines, json_rows, print_answer

ID = "0123456789abcdef" * 2
HOSTILE = "\x1b[2J\x07\u202egnp.exe"


@pytest.mark.parametrize("form", ["table", "vertical", "csv", "json", None])
def test_no_value_is_cut_in_a_pipe(capsys: pytest.CaptureFixture[str], form: query_output.Form | None) -> None:
    long = "x" * 20_000
    print_answer(["id", "text"], [(ID, long), (ID, "short")], form)
    said = capsys.readouterr().out
    assert said.count(ID) == 2
    assert long in said
    assert "…" not in said


NAMES = {
    "twice": (["a", "a"], {"a": 1, "a_2": 2}),
    "twice, and the number is taken": (["a", "a", "a_2"], {"a": 1, "a_3": 2, "a_2": 3}),
    "three times": (["a", "a", "a"], {"a": 1, "a_2": 2, "a_3": 3}),
    "Postgres' own name": (["?column?", "?column?"], {"?column?": 1, "?column?_2": 2}),
}


@pytest.mark.parametrize(("columns", "said"), NAMES.values(), ids=NAMES)
def test_json_has_every_column_of_one_name(columns: list[str], said: dict[str, int]) -> None:
    assert json_rows(columns, [tuple(range(1, len(columns) + 1))]) == [said]


VALUES = {
    "not a number": (float("nan"), "NaN", "NaN"),
    "infinity": (float("-inf"), "-Infinity", "-Infinity"),
    "an exact not a number": (Decimal("NaN"), "NaN", "NaN"),
    "bytes": (b"\x00\xff", "\\x00ff", "\\x00ff"),
    "bytes as Postgres gives them": (memoryview(b"ab"), "\\x6162", "\\x6162"),
    "an exact number": (Decimal("12.50"), 12.5, "12.50"),
    "an exact whole number": (Decimal(2**70), 2**70, str(2**70)),
    "a number that no float holds": (
        Decimal("0.1234567890123456789"),
        "0.1234567890123456789",
        "0.1234567890123456789",
    ),
    "truth": (True, True, "true"),
    "a date": (date(2026, 11, 30), "2026-11-30", "2026-11-30"),
    "a time": (datetime(2026, 11, 30, tzinfo=UTC), "2026-11-30 00:00:00+00:00", "2026-11-30 00:00:00+00:00"),
    "an interval": (timedelta(days=1), "1 day, 0:00:00", "1 day, 0:00:00"),
    "an id": (UUID(ID), str(UUID(ID)), str(UUID(ID))),
    "a list with a hole": ([1, None, float("nan")], [1, None, "NaN"], '[1, null, "NaN"]'),
    "JSON with bytes": (
        {"a": b"\x01", 2: [b"x"]},
        {"a": "\\x01", "2": ["\\x78"]},
        '{"a": "\\\\x01", "2": ["\\\\x78"]}',
    ),
    "nothing": (None, None, ""),
    "an empty text": ("", "", ""),
}


@pytest.mark.parametrize(("value", "in_json", "in_csv"), VALUES.values(), ids=VALUES)
def test_a_value_is_whole_in_json_and_in_csv(value: object, in_json: object, in_csv: str) -> None:
    [row] = json.loads(json.dumps(json_rows(["v"], [(value,)]), allow_nan=False))
    assert row == {"v": in_json}
    read = list(csv.reader(io.StringIO("".join(csv_lines(["v", "w"], [(value, 1)])), newline="")))
    assert read == [["v", "w"], [in_csv, "1"]]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_what_csv_was_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    written = "".join(csv_lines(["a", "b"], rows))
    clean = [list(row) for row in rows]
    assert list(csv.reader(io.StringIO(written, newline="")))[1:] == clean or "\0" in written


def test_csv_tells_nothing_from_an_empty_text() -> None:
    assert list(csv_lines(["a"], [(None,), ("",), ('a"b\r\n',)])) == ["a\r\n", "\r\n", '""\r\n', '"a""b\r\n"\r\n']


def test_records_stand_one_below_the_other() -> None:
    lines = list(consoles.record_lines(["id", "text"], [(ID, "one\ntwo"), (None, "")]))
    assert lines == ["-- 1 --", f"id    {ID}", "text  one\n      two", "-- 2 --", "id    –", "text"]
    assert list(consoles.record_lines(["id"], [])) == ["no rows"]


def on_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    """What is written while standard output is a terminal of this width, without colour."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, highlight=False, no_color=True)
    for name in ("print_line", "print_whole", "print_wide"):
        monkeypatch.setattr(query_output, name, partial(getattr(consoles, name), console=console))
    return console.file  # type: ignore[return-value]


@pytest.mark.parametrize(("width", "is_table"), [(40, False), (80, False), (200, True)])
def test_a_terminal_that_is_too_narrow_for_a_table_gets_records(
    monkeypatch: pytest.MonkeyPatch, width: int, is_table: bool
) -> None:
    written = on_terminal(monkeypatch, width)
    print_answer(["run_id", "sample_id", "reason"], [(ID, ID, "answers_differ")], None)
    said = written.getvalue()
    assert ("┃" in said) is is_table
    assert said.count(ID) == 2  # each in one piece: to be copied


def test_a_table_is_drawn_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    written = on_terminal(monkeypatch, 40)
    print_answer(["run_id", "sample_id"], [(ID, ID)], "table")
    assert written.getvalue().count(ID) == 2


@pytest.mark.parametrize("form", ["table", "vertical"])
def test_a_text_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch, form: query_output.Form) -> None:
    written = on_terminal(monkeypatch, 200)
    print_answer(["text"], [(HOSTILE,)], form)
    assert "\\x1b[2J\\x07\\u202egnp.exe" in written.getvalue()
    assert HOSTILE not in written.getvalue()
