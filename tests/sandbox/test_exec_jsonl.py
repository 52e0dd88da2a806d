"""Programs from a file into a file: order and count stay, whatever the lines are."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest
from looking import descendants

from caco_tasks.config import SandboxSettings
from caco_tasks.errors import SourceError
from caco_tasks.sandbox import exec_jsonl

SETTINGS = SandboxSettings(workers=2, timeout_seconds=20, min_level="full")
GOOD = json.dumps({"id": "g", "code": "input = {'a': 2}\noutput = (input['a'], 1 / 3)\nprint('hi')\n"})
CODE = "input = {'a': 1}\noutput = 2"

BAD = {
    "not JSON": (b"not json", "unknown"),
    "blank": (b"", "unknown"),
    "no object": (b"[1]", "unknown"),
    "no UTF-8": (b'{"id": 1, "code": "\xff"}', "unknown"),
    "cut off UTF-8": (b'{"id": 1, "code": "\xc3', "unknown"),
    "NUL bytes": (b"\x00" * 40, "unknown"),
    "a NUL within": (b'{"id": 1, "co\x00de": "x"}', "unknown"),
    "two objects": (b'{"id": 1, "code": "x"} {"id": 2, "code": "x"}', "unknown"),
    "a text": (b'"code"', "unknown"),
    "null": (b"null", "unknown"),
    "an id that is not a number of JSON": (b'{"id": NaN, "code": "x"}', "unknown"),
    "an id beyond all floats": (b'{"id": 1e999, "code": "x"}', "unknown"),
    "an id of too many digits": (b'{"id": ' + b"9" * 5000 + b', "code": "x"}', "unknown"),
    "an id nested to the reader's limit": (b'{"id": ' + b"[" * 960 + b"]" * 960 + b', "code": "x"}', "unknown"),
    "nested without end": (b"[" * 200_000, "unknown"),
    "code that is null": (b'{"id": 7, "code": null}', "fail"),
    "code that is a list": (b'{"id": 7, "code": ["x"]}', "fail"),
    "code under another name": (b'{"id": 7, "Code": "x"}', "fail"),
    "no code": (b'{"id": 7}', "fail"),
    "code that is no text": (b'{"id": 7, "code": 5}', "fail"),
}

IDS = {
    "text": ('"g"', "g"),
    "whole number": ("7", 7),
    "number": ("0.5", 0.5),
    "null": ("null", None),
    "bool": ("true", True),
    "empty": ('""', ""),
    "list": ('[1, "a"]', [1, "a"]),
    "object": ('{"row": 3}', {"row": 3}),
    "large number": (str(10**40), 10**40),
    "lone surrogate": ('"\\ud800\\u0000"', "\ud800\x00"),
    "not ASCII": ('"né"', "né"),
}

STRANGE = {
    "nan": ("output = float('nan')", {"$type": "float", "value": "nan"}),
    "infinity": ("output = [1e999]", [{"$type": "float", "value": "inf"}]),
    "lone surrogate": ("output = '\\ud800'", "\ud800"),
    "NUL": ("output = '\\0'", "\x00"),
    "negative zero": ("output = -0.0", -0.0),
    "an exit after the output": ("output = 1\nraise SystemExit(3)", 1),
}


def run(folder: Path, lines: list[bytes | str]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    counts = exec_jsonl(source, target, SETTINGS)
    return counts, strictly(target)


def strictly(target: Path) -> list[dict[str, Any]]:
    """The lines of a file that holds nothing but strict JSON, each line an object and ended by a newline."""
    text = target.read_bytes().decode("ascii")
    assert text == "" or text.endswith("\n")
    return [json.loads(line, parse_constant=no_json) for line in text.splitlines()]


def no_json(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def test_a_good_line_has_its_values_typed(tmp_path: Path) -> None:
    counts, (line,) = run(tmp_path, [GOOD])
    assert counts == {"pass": 1}
    assert line.pop("seconds") > 0
    assert line == {
        "id": "g",
        "outcome": "pass",
        "reason": None,
        "detail": None,
        "input": {"a": 2},
        "output": {"$type": "tuple", "items": [2, 0.3333333333333333]},
        "stdout": "hi\n",
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of each line of one file, which holds all of the above, with good lines between them."""
    lines: dict[str, bytes | str] = {}
    for name, (text, _) in BAD.items():
        lines |= {f"before {name}": GOOD, name: text}
    for name, (given, _) in IDS.items():
        lines[f"id {name}"] = f'{{"id": {given}, "code": {json.dumps(CODE)}}}'
    for name, (code, _) in STRANGE.items():
        whole = f"input = {{'a': 1}}\n{code}\nprint('\\ud800\\0', float('nan'))\n"
        lines[f"program {name}"] = json.dumps({"id": 1, "code": whole})
    counts, told = run(tmp_path_factory.mktemp("lines"), list(lines.values()))
    assert sum(counts.values()) == len(told) == len(lines)
    return dict(zip(lines, told, strict=True))


@pytest.mark.parametrize(("name", "outcome"), [(name, outcome) for name, (_, outcome) in BAD.items()], ids=BAD)
def test_a_line_without_a_program_has_a_line_with_its_number(name: str, outcome: str, told: dict[str, Any]) -> None:
    assert told[f"before {name}"]["outcome"] == "pass"
    assert told[name]["outcome"] == outcome
    assert told[name]["line"] == list(told).index(name) + 1
    assert told[name]["output"] is None


@pytest.mark.parametrize(("name", "expected"), [(name, expected) for name, (_, expected) in IDS.items()], ids=IDS)
def test_an_id_comes_back_as_it_was(name: str, expected: object, told: dict[str, Any]) -> None:
    assert (told[f"id {name}"]["id"], told[f"id {name}"]["output"]) == (expected, 2)


@pytest.mark.parametrize(
    ("name", "expected"), [(name, expected) for name, (_, expected) in STRANGE.items()], ids=STRANGE
)
def test_the_output_of_any_program_is_strict_json(name: str, expected: object, told: dict[str, Any]) -> None:
    line = told[f"program {name}"]
    assert repr(line["output"]) == repr(expected)
    assert line["stdout"] in ("\\ud800\\x00 nan\n", "")


def test_order_and_count_are_those_of_the_lines(tmp_path: Path) -> None:
    given = [
        json.dumps({"id": n, "code": f"input = {{'a': 1}}\noutput = {n} + 1"}) if n % 4 else "broken" for n in range(60)
    ]
    _, lines = run(tmp_path, list(given))
    assert [line["output"] for line in lines] == [n + 1 if n % 4 else None for n in range(60)]
    assert [line["line"] for line in lines if "line" in line] == list(range(1, 61, 4))


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("")
    assert exec_jsonl(tmp_path / "in", tmp_path / "out", SETTINGS) == {}
    assert (tmp_path / "out").read_text() == ""


def test_a_missing_source_is_named_and_leaves_no_target(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        exec_jsonl(tmp_path / "nowhere", tmp_path / "out", SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_target_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").write_text(GOOD)
    with pytest.raises(SourceError, match="in/out"):
        exec_jsonl(tmp_path / "in", tmp_path / "in" / "out", SETTINGS)


def test_the_folders_of_a_target_are_made(tmp_path: Path) -> None:
    (tmp_path / "in").write_text(GOOD)
    exec_jsonl(tmp_path / "in", tmp_path / "new" / "folder" / "out", SETTINGS)
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["out"]


def test_a_line_without_an_id_gets_null(tmp_path: Path) -> None:
    _, lines = run(tmp_path, [json.dumps({"code": CODE}), "{}"])
    assert [line["id"] for line in lines] == [None, None]
    assert [line["outcome"] for line in lines] == ["pass", "fail"]


def test_of_two_values_of_a_key_the_last_counts(tmp_path: Path) -> None:
    _, (line,) = run(tmp_path, [f'{{"id": 1, "id": 2, "code": "x", "code": {json.dumps(CODE)}}}'])
    assert (line["id"], line["output"]) == (2, 2)


def test_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    _, (line,) = run(tmp_path, [json.dumps({"id": 1, "code": CODE, "outcome": "pass", "output": 3, "line": 9})])
    assert line["output"] == 2
    assert "line" not in line


@pytest.mark.parametrize(
    "whole",
    ["\ufeff{0}\n{0}\n", "{0}\r\n{0}\r\n", "{0}\n{0}", "  {0}  \n\t{0}\n"],
    ids=["byte order mark", "CRLF", "no last newline", "white space"],
)
def test_lines_are_read_whatever_ends_them(whole: str, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(whole.format(json.dumps({"id": 1, "code": CODE})).encode())
    exec_jsonl(source, tmp_path / "out", SETTINGS)
    assert [line["output"] for line in strictly(tmp_path / "out")] == [2, 2]


def test_a_line_of_ten_megabytes_is_a_program_like_another(tmp_path: Path) -> None:
    comment = "#" + "x" * 10_000_000 + "\n" + CODE
    counts, lines = run(tmp_path, [GOOD, json.dumps({"id": "long", "code": comment}), GOOD])
    assert counts == {"pass": 3}
    assert [line["id"] for line in lines] == ["g", "long", "g"]


def test_a_hostile_program_spoils_no_other_line(tmp_path: Path) -> None:
    forging = (
        "import os\nfor n in range(64):\n    try: os.write(n, b'{\"id\": 1}\\n')\n    except OSError: pass\nos._exit(0)"
    )
    given = [GOOD, json.dumps({"id": "f", "code": forging}), GOOD]
    _, lines = run(tmp_path, [*given])
    assert [(line["id"], line["outcome"]) for line in lines] == [("g", "pass"), ("f", "fail"), ("g", "pass")]


def test_an_older_target_stays_until_all_is_done(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_text("older")
    with pytest.raises(SourceError):
        exec_jsonl(tmp_path / "nowhere", target, SETTINGS)
    assert target.read_text() == "older"


def test_the_source_may_be_the_target(tmp_path: Path) -> None:
    both = tmp_path / "both"
    both.write_text(GOOD + "\n")
    exec_jsonl(both, both, SETTINGS)
    assert [line["outcome"] for line in strictly(both)] == ["pass"]


def test_what_a_link_leads_to_is_replaced_and_not_the_link(tmp_path: Path) -> None:
    (tmp_path / "in").write_text(GOOD)
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    exec_jsonl(tmp_path / "in", tmp_path / "link", SETTINGS)
    assert (tmp_path / "link").is_symlink()
    assert len(strictly(tmp_path / "real")) == 1


def test_a_target_that_is_a_pipe_gets_the_lines(tmp_path: Path) -> None:
    (tmp_path / "in").write_text(GOOD)
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        exec_jsonl(tmp_path / "in", tmp_path / "pipe", SETTINGS)
        assert reader.stdout is not None
        assert json.loads(reader.stdout.read())["id"] == "g"
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["ctrl-c", "term", "kill"])
def test_an_interruption_leaves_no_target_and_no_process(number: signal.Signals, tmp_path: Path) -> None:
    slow = json.dumps({"id": 1, "code": "import time\nopen('begun', 'w')\ntime.sleep(60)"})
    (tmp_path / "in").write_text(f"{GOOD}\n" * 40 + slow)
    command = [sys.executable, "-m", "caco_tasks.cli", "exec", "--jsonl", "in", "--out", "out", "--timeout", "90"]
    before = descendants(os.getpid())
    with subprocess.Popen([*command, "--workers", "2"], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        _wait_until(lambda: len(descendants(process.pid)) >= 4)  # zygote, template, slot, program
        time.sleep(0.3)
        process.send_signal(number)
        assert process.wait(20) != 0
    assert not (tmp_path / "out").exists()
    assert number == signal.SIGKILL or list(tmp_path.glob(".out.*")) == []
    _wait_until(lambda: descendants(os.getpid()) == before)


def _wait_until(happened: Any) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
