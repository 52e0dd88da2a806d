"""How a careless runner executes programs: in its own process, one after the other. What spoils it is an attack."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_RUNNER = """
import json, os, random, sys
os.umask(0o022)
programs = json.load(sys.stdin)
def told(output):
    return json.dumps([output], default=str)
for code in programs:
    names = {"__name__": "__main__"}
    try:
        exec(compile(code, "<program>", "exec"), names)
    except Exception:
        names["output"] = None
    print(told(names.get("output")), flush=True)
"""

SPOILT = "spoilt"


def in_turn(folder: Path, *codes: str) -> list[Any]:
    """The outputs that such a runner notes for the programs, at the place of each; `SPOILT` for what it cannot tell."""
    done = subprocess.run(
        [sys.executable, "-c", _RUNNER], input=json.dumps(codes), capture_output=True, text=True,
        cwd=folder, env={"PYTHONHASHSEED": "0"}, timeout=60, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    return [_read(lines[place]) if place < len(lines) else SPOILT for place in range(len(codes))]


def alone(folder: Path, code: str, *, seconds: float = 60) -> subprocess.CompletedProcess[bytes]:
    """A program in an interpreter without any protection; killed when its time is over, which is then raised."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=folder, timeout=seconds, check=False)


def _read(line: str) -> Any:
    try:
        (output,) = json.loads(line)
    except ValueError:
        return SPOILT
    return output
