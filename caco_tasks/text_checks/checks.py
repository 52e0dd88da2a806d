"""Every text check that a line can ask for: the fields that it reads, and the function of the platform behind it.

Nothing is decided here: each check calls what a stage calls, with the rules of a config. `program` runs code and is in
`program_check.py`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from caco_tasks.checks.arithmetic.equations import false_equations
from caco_tasks.checks.decontamination.benchmarks import Item
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules
from caco_tasks.checks.problems.exchanged_values import find_exchanged_values
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.checks.rules import apply_rules
from caco_tasks.checks.steps.step_grounding import find_step_faults
from caco_tasks.config import RunConfig
from caco_tasks.grading import extract_answer
from caco_tasks.reading import Reading, read_judgement, read_problem, read_program, read_solution
from caco_tasks.records import PASS, Reason, Verdict, fail, unknown
from caco_tasks.sandbox import values
from caco_tasks.text_checks.results import CheckResult, result_of, result_with, unreadable

Record = Mapping[str, Any]
NO_STATEMENT = "no statement"
PROGRAM = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCheck:
    """A check that a line can ask for."""

    asks: str  # what it looks at, for the page of checks
    not_judged: str  # what it does not understand
    fields: tuple[str, ...]  # that the line must have
    texts: tuple[str, ...]  # fields that must be text where they are there
    look: Callable[[Record, RunConfig], CheckResult] | None  # None: it runs code, in another place


def find_fault(record: Record) -> str | None:
    """What keeps a line from being checked: no such check, or a field that is missing or of another type."""
    name = record.get("check")
    if not isinstance(name, str):
        return f"'check' is missing or not a text: there are {', '.join(CHECKS)}"
    check = CHECKS.get(name)
    if check is None:
        return f"there is no check {name[:60]!r}: there are {', '.join(CHECKS)}"
    missing = [field for field in check.fields if field not in record]
    if missing:
        return f"'{missing[0]}' is missing"
    mistyped = [field for field in check.texts if field in record and not isinstance(record[field], str)]
    if mistyped:
        return f"'{mistyped[0]}' is not a text"
    deep = [field for field in check.fields if not _can_be_passed_on(record[field])]
    if deep:
        return f"'{deep[0]}' is nested too deep"
    if name == "reading" and record["kind"] not in KINDS:
        return f"there is no kind {record['kind'][:60]!r}: there are {', '.join(KINDS)}"
    return None


def look(record: Record, config: RunConfig) -> CheckResult:
    """What the check of a line without a fault says, in time linear in its texts; pure."""
    run_check = CHECKS[record["check"]].look
    assert run_check is not None
    return run_check(record, config)


def check_equations(record: Record, config: RunConfig) -> CheckResult:
    """FAIL where a statement is false; UNKNOWN where there are statements and none of them was understood."""
    found = false_equations(record["text"])
    left = found.not_understood
    counted = f"{found.checked} computed" + (f", {left} not understood" if left else "")
    if found.false:
        return result_of(fail(Reason.FALSE_EQUATION, "; ".join(found.false)))
    if left and not found.checked:
        return result_of(unknown(Reason.NOT_UNDERSTOOD, counted))
    return result_of(PASS, passed=counted if found.checked else NO_STATEMENT)


def check_answer(record: Record, config: RunConfig) -> CheckResult:
    """The final answer of a solution."""
    answer = extract_answer(record["solution"])
    return result_of(fail(Reason.NO_FINAL_ANSWER) if answer is None else PASS, value=answer)


def check_steps(record: Record, config: RunConfig) -> CheckResult:
    """What `agree` asks of the steps of a solution whose answer is right and whose equations are true.

    UNKNOWN where no fault was found and the steps cannot be followed, even where `agree` only records that.
    """
    given = _read_values(record)
    if isinstance(given, str):
        return unreadable(given)
    rules, (input_json, output_text) = config.agree.rules | {"not_understood": "reject"}, given
    faults = find_step_faults(
        record["problem"],
        record["solution"],
        rules,
        input_json=input_json,
        output_text=output_text,
        code=record.get("code", ""),
    )
    return _judge(faults, rules)


def check_problem(record: Record, config: RunConfig) -> CheckResult:
    """What `reverse` asks of a problem beside its program."""
    given = _read_values(record)
    if isinstance(given, str):
        return unreadable(given)
    rules, (input_json, output_text) = config.reverse.rules, given
    return _judge(_find_problem_faults(record, rules, input_json, output_text), rules)


def _find_problem_faults(
    record: Record, rules: Mapping[str, str], input_json: str, output_text: str
) -> Iterator[Verdict]:
    problem, code = record["problem"], record["code"]
    yield from find_problem_faults(problem, rules, input_json=input_json, output_text=output_text, code=code)
    if rules["values_exchanged"] != "off":
        yield from find_exchanged_values(problem, input_json)


def check_overlap(record: Record, config: RunConfig) -> CheckResult:
    """Whether a problem overlaps one item, as if that were all that is protected; equal numbers are not looked for."""
    settings = config.decontamination.model_copy(update={"folder": None, "benchmarks": ()})
    item = Item(benchmark="benchmark_item", key="0", problem=record["benchmark_item"], answer=None)
    overlaps = BenchmarkIndex([item], settings).overlaps(record["problem"])
    return result_with(*apply_overlap_rules(overlaps, settings, stage="decontaminate"))


def check_reading(record: Record, config: RunConfig) -> CheckResult:
    """What is read in a model's reply: a program, a problem, the answer of a solution, the verdict of a judge."""
    return KINDS[record["kind"]](record["reply"])


def _read_program(reply: str) -> CheckResult:
    return _read_text(read_program(reply), Reason.NO_CODE_FOUND)


def _read_problem(reply: str) -> CheckResult:
    return _read_text(read_problem(reply), Reason.EMPTY)


def _read_solution(reply: str) -> CheckResult:
    reading = read_solution(reply)
    answer = extract_answer(reading.text or "")
    verdict = fail(Reason.NO_FINAL_ANSWER) if answer is None else PASS
    return result_of(verdict, passed=_describe_cuts(reading), value=answer)


def _read_judgement(reply: str) -> CheckResult:
    said = read_judgement(reply)
    return result_of(unknown(Reason.UNPARSEABLE_JUDGEMENT) if said is None else PASS, value=said)


KINDS: Mapping[str, Callable[[str], CheckResult]] = {
    "program": _read_program,
    "problem": _read_problem,
    "solution": _read_solution,
    "judgement": _read_judgement,
}

CHECKS: Mapping[str, TextCheck] = {
    "equations": TextCheck(
        asks="every written equation, computed exactly, as `agree` does",
        not_judged="a statement with a letter, a word or a sign that it does not know: counted, and never judged in part",
        fields=("text",),
        texts=("text",),
        look=check_equations,
    ),
    "answer": TextCheck(
        asks="the final answer of a solution, as `solve` takes it out",
        not_judged="whether it is right: `caco grade` compares two answers",
        fields=("solution",),
        texts=("solution",),
        look=check_answer,
    ),
    "steps": TextCheck(
        asks="the rules of `agree` on steps; `code` may be left out",
        not_judged="sentences; and numbers behind mathematics beyond plain arithmetic, which may come from there",
        fields=("problem", "solution", "input", "output"),
        texts=("problem", "solution", "code"),
        look=check_steps,
    ),
    "problem": TextCheck(
        asks="the rules of `reverse` on a problem beside its program",
        not_judged="whether it asks for what the program computes: that is the judge's",
        fields=("problem", "input", "output", "code"),
        texts=("problem", "code"),
        look=check_problem,
    ),
    PROGRAM: TextCheck(
        asks="the stages `execute` and `screen`",
        not_judged="inputs that cannot be changed: nothing is known of what they do to the output",
        fields=("code",),
        texts=("code",),
        look=None,
    ),
    "overlap": TextCheck(
        asks="the rules of `decontaminate`, as if one item were all that is protected",
        not_judged="equal numbers in other words (`numbers`), which need both answers; translations",
        fields=("problem", "benchmark_item"),
        texts=("problem", "benchmark_item"),
        look=check_overlap,
    ),
    "reading": TextCheck(
        asks="what is read in a model's reply; `kind` is program, problem, solution or judgement",
        not_judged="a reply of which nobody could say what is meant: there is no value",
        fields=("kind", "reply"),
        texts=("kind", "reply"),
        look=check_reading,
    ),
}


def _can_be_passed_on(value: Any) -> bool:
    try:
        return isinstance(value, str) or bool(json.dumps([[value]]))
    except RecursionError:
        return False


def _read_values(record: Record) -> tuple[str, str] | str:
    """The program's `input` as tagged JSON and its output as `str` shows it; or what is wrong with them."""
    given = record["input"]
    if isinstance(given, str):  # as `caco exec` and a dataset's `input_json` have it
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return "'input' is a text that is not JSON"
    if not isinstance(given, dict):
        return "'input' is not a JSON object"
    try:
        input_json, output_json = (json.dumps(value, allow_nan=False) for value in (given, record["output"]))
        values.decode(input_json)
        output = values.decode(output_json)
    except ValueError:
        return "'input' or 'output' holds a number or a tag that stands for no value"
    return input_json, output.text if isinstance(output, values.Symbolic) else str(output)


def _judge(faults: Iterator[Verdict], rules: Mapping[str, str]) -> CheckResult:
    return result_with(*apply_rules(faults, rules, stage="check"))


def _read_text(reading: Reading, missing: Reason) -> CheckResult:
    verdict = fail(missing) if reading.text is None else PASS
    return result_of(verdict, passed=_describe_cuts(reading), value=reading.text)


def _describe_cuts(reading: Reading) -> str | None:
    return f"without {', '.join(reading.cut)}" if reading.cut else None
