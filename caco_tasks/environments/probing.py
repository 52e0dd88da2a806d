"""Runs a program on many inputs in the sandbox, and holds what its steps were against those of the row's own input."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.environments.instrument import ProbedProgram
from caco_tasks.environments.probe_program import PROBE
from caco_tasks.sandbox import Job, Sandbox

BATCH = 400  # inputs of one job
MAX_LOST_JOBS = 6  # of one program: then what it is asked counts as too slow
MAX_DECIMALS = 2  # of an answer, unless the row's own has more
MAX_ANSWER = 10**9  # unless the row's own is larger
_GROWTH = 1000  # of an answer that is larger


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a program made of one input."""

    state: str  # "ran", "failed", "differs", "lost"
    output: Any = None  # tagged JSON, parsed
    text: str = ""
    notes: str = ""  # what was seen of each step, as `0:e;1:+w`


class Prober:
    """Runs one program; what its jobs cost is bounded.

    >>> prober = Prober(program, sandbox)
    >>> [one.text for one in prober.run([{"pens": 3, "pen_price": 2}])]
    ['6']
    """

    def __init__(self, program: ProbedProgram, sandbox: Sandbox) -> None:
        self._program, self._sandbox, self._lost = program, sandbox, 0
        # the sandbox chooses by the name of a library the process that has it loaded
        loads = [name for name in ("sympy", "numpy") if name in program.plain]
        self._code = PROBE + "".join(f"# {name}\n" for name in loads)

    def run(self, inputs: Sequence[Mapping[str, Any]]) -> list[Probed]:
        """One result for each input (tagged JSON, parsed), in order."""
        found: list[Probed] = []
        parts = [inputs[start : start + BATCH] for start in range(0, len(inputs), BATCH)]
        jobs = (self._job(part) for part in parts)
        for part, ran in zip(parts, self._sandbox.run(jobs), strict=True):
            output = ran.execution.output_json if ran.verdict.kept else None
            found += self._run_halves(part) if output is None else _read(json.loads(output))
        return found

    def _job(self, inputs: Sequence[Mapping[str, Any]]) -> Job:
        given = {"plain": self._program.plain, "noted": self._program.noted, "draws": list(inputs)}
        return Job(code=self._code, input_json=json.dumps(given))

    def _run_halves(self, inputs: Sequence[Mapping[str, Any]]) -> list[Probed]:
        """After a job that did not come to its end: one input may have stopped all."""
        self._lost += 1
        if len(inputs) == 1 or self._lost > MAX_LOST_JOBS:
            return [Probed(state="lost")] * len(inputs)
        middle = len(inputs) // 2
        return self.run(inputs[:middle]) + self.run(inputs[middle:])


class Expectation:
    """What must stay as it was with the row's own input."""

    def __init__(self, program: ProbedProgram, own: Probed) -> None:
        self.program, self.own = program, own
        self._own_notes = _read_notes(own.notes)
        self._known: dict[str, str | None] = {}  # notes -> the fault that they show: most draws are alike

    def fault(self, probed: Probed) -> str | None:
        """Which condition an input does not meet, in words; None: all are met."""
        if probed.state != "ran":
            return {"failed": "the program fails", "differs": "the probe is unsure"}.get(
                probed.state, "it takes too long"
            )
        if probed.notes not in self._known:
            self._known[probed.notes] = next(self._step_faults(probed.notes), None)
        return self._answer_fault(probed) or self._known[probed.notes]

    def _answer_fault(self, probed: Probed) -> str | None:
        own, new = self.own.output, probed.output
        if type(own) is not type(new) or kind_of(own) != kind_of(new):
            return "the answer is of another type"
        if isinstance(new, str | bool) or not isinstance(new, int | float):
            return None
        if (own > 0) != (new > 0) or (own < 0) != (new < 0):
            return "the answer keeps its sign"
        if abs(new) > max(MAX_ANSWER, _GROWTH * abs(own)):
            return "the answer is not too large"
        if "e" in probed.text or _decimals(probed.text) > max(_decimals(self.own.text), MAX_DECIMALS):
            return "the answer has as few decimals"
        if isinstance(own, float) and own.is_integer() and not float(new).is_integer():
            return "the answer is whole"
        return None

    def _step_faults(self, notes: str) -> Iterator[str]:
        is_word = isinstance(self.own.output, str | bool)
        for number, seen in _read_notes(notes).items():
            step, own = self.program.steps[number], self._own_notes.get(number)
            fault = _step_fault(step.kind, own, seen, is_word=is_word)
            if fault is not None:
                yield f"`{step.text}` {fault}"


def _step_fault(kind: str, own: frozenset[str] | None, new: frozenset[str], *, is_word: bool) -> str | None:
    """What is no longer true of a step; None: it is as before."""
    if any("L" in one for one in new):
        return "is not too large"
    if kind == "loop_value":
        signs = {one[0] for one in own or frozenset({"+"})}
        return "is not negative" if "-" in {one[0] for one in new} - signs else None
    if own is None:
        return None if is_word else "is reached as before"
    match kind:
        case "division" | "quotient" | "rounding":
            return "is exact" if own == {"e"} and new != {"e"} else None
        case "branch":
            return None if is_word or new <= own else "goes the same way"
        case "absolute":
            return None if new <= own else "keeps its sign"
    if {one[0] for one in new} - {one[0] for one in own} and not (is_word and new <= {"t", "f"}):
        return "keeps its sign"
    are_whole = all(one.endswith("w") for one in own)
    return "is whole" if are_whole and any(one.endswith("f") and len(one) == 2 for one in new) else None


def kind_of(tagged: Any) -> str:
    """The type tag of a tagged value: `int`, `float`, `str`, `list`, or what `$type` says."""
    return str(tagged.get("$type", "dict")) if isinstance(tagged, dict) else type(tagged).__name__


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _read(output: Mapping[str, Any]) -> list[Probed]:
    return [
        Probed(state=state, output=value, text=text, notes=output["notes"][number])
        for state, value, text, number in output["rows"]
    ]


def _read_notes(text: str) -> dict[int, frozenset[str]]:
    parts = (part.partition(":") for part in text.split(";") if part)
    return {int(step): frozenset(kinds.split(",")) for step, _, kinds in parts}
