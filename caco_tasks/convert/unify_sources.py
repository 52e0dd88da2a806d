"""Seeds into seed programs without a model: convert, run in the sandbox, compare with gold, check the template."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from caco_tasks.atomic import replaced
from caco_tasks.config import SourceSettings
from caco_tasks.convert import coded, gsm8k, mathqa
from caco_tasks.convert import equation_systems as equations
from caco_tasks.convert.conversion import Conversion
from caco_tasks.convert.grades import MIN_LINES, check
from caco_tasks.errors import ConfigError, StoreError
from caco_tasks.ids import program_id
from caco_tasks.records import Grade, JudgedRecord, Program, Reason, Seed, SeedProgram, fail
from caco_tasks.sandbox import Job, ProgramResult, Sandbox
from caco_tasks.sources import read_source
from caco_tasks.trials import TriedProgram, silent_keys, try_inputs, untested_keys

CHUNK_SEEDS = 256  # converted and run together: bounds memory, keeps the workers busy
PERTURBATIONS = 3  # changes of an input nearby; those far away come on top

CONVERTERS: dict[str, Callable[[Seed], Conversion | None]] = {
    "gsm8k": gsm8k.convert,
    "svamp": equations.convert,
    "asdiv": equations.convert,
    "mawps": equations.convert,
    "draw1k": equations.convert,
    "alg514": equations.convert,
    "mathqa": mathqa.convert,
    "mbpp": coded.convert_tested,
    "humaneval": coded.convert_tested,
    "kodcode": coded.convert_tested,
    "bank": coded.convert_program,
}

# Reasons that only a program gets which ran.
_AFTER_RUNNING = {Reason.WRONG_ANSWER, Reason.TEMPLATE_NOT_MET, Reason.GOLD_DISPUTED}

OnProgress = Callable[[int], None]


def convert(seed: Seed, reader: str) -> Conversion | str:
    """The program that the converter of `reader` finds for `seed`, or why there is none, in words.

    Raises:
        ConfigError: the reader's sources have no annotations that a converter knows.
    """
    converter = _converter(reader)
    try:
        found = converter(seed)
    except RecursionError:
        return "the annotation is nested too deeply"
    return (
        found if found is not None else "the annotation gives no calculation of the answer from the question's numbers"
    )


def unify_seeds(
    seeds: Iterable[JudgedRecord[Seed]], reader: str, sandbox: Sandbox, *, min_lines: int = MIN_LINES
) -> Iterator[JudgedRecord[SeedProgram]]:
    """One judged seed program per judged seed, in order, streaming.

    A seed that had failed before keeps its verdict. A program that passes ran, returned gold exactly (or, of grade R,
    at the decimals that gold shows) and meets the template.

    Raises:
        ConfigError: there is no converter for the reader's sources.
    """
    _converter(reader)
    waiting = iter(seeds)
    while chunk := list(itertools.islice(waiting, CHUNK_SEEDS)):
        yield from _unify_chunk(chunk, reader, sandbox, min_lines)


def unify_file(
    source: SourceSettings, out: Path, sandbox: Sandbox, on_progress: OnProgress | None = None
) -> dict[str, Any]:
    """Reads a source and writes `programs.jsonl` and, last, `report.json` into `out`, each whole or not at all.

    `on_progress` is called with the number of problems done. Returns the report: `problems`, `converted`, `ran`,
    `verified`, `by_grade` (of those verified) and `by_reason` (of the others).

    Raises:
        ConfigError, SourceError: as `read_source`; or there is no converter.
        StoreError: the folder cannot be written.
    """
    counts: Counter[str] = Counter()
    judged = unify_seeds(read_source(source), source.reader, sandbox)
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write_lines(out / "programs.jsonl", _write_rows(judged, counts, on_progress))
        report = _make_report(counts)
        _write_lines(out / "report.json", [json.dumps(report, indent=2)])
    except OSError as exc:
        raise StoreError(
            f"The folder {out} cannot be written ({exc.strerror}): free space or choose another folder."
        ) from exc
    return report


def _converter(reader: str) -> Callable[[Seed], Conversion | None]:
    if reader not in CONVERTERS:
        known = ", ".join(CONVERTERS)
        raise ConfigError(f"Sources of the reader '{reader}' cannot be converted without a model: use one of {known}.")
    return CONVERTERS[reader]


def _unify_chunk(
    chunk: Sequence[JudgedRecord[Seed]], reader: str, sandbox: Sandbox, min_lines: int
) -> Iterator[JudgedRecord[SeedProgram]]:
    found = [convert(judged.record, reader) if judged.verdict.kept else "" for judged in chunk]
    conversions = {place: one for place, one in enumerate(found) if isinstance(one, Conversion)}
    jobs = (Job(code=conversion.code) for conversion in conversions.values())
    ran = dict(zip(conversions, sandbox.run(jobs), strict=True))
    unproven = {place: one.code for place, one in conversions.items() if not one.are_inputs_proven}
    dead = _find_dead_inputs(unproven, ran, sandbox)
    for place, judged in enumerate(chunk):
        seed, one = judged.record, found[place]
        if not judged.verdict.kept:
            yield JudgedRecord(record=SeedProgram(seed=seed), verdict=judged.verdict)
        elif isinstance(one, str):
            yield JudgedRecord(record=SeedProgram(seed=seed), verdict=fail(Reason.NO_PROGRAM_FOUND, one))
        else:
            checked = check(one, ran[place], seed, dead_inputs=dead.get(place, ()), min_lines=min_lines)
            program = Program(program_id=program_id(one.code), code=one.code)
            answered = replace(seed, answer=one.gold) if seed.answer is None else seed  # its tests may state one
            record = SeedProgram(seed=answered, program=program, execution=ran[place].execution, grade=checked.grade)
            yield JudgedRecord(record=record, verdict=checked.verdict)


def _find_dead_inputs(
    codes: Mapping[int, str], ran: Mapping[int, ProgramResult], sandbox: Sandbox
) -> dict[int, set[str]]:
    """For each program the inputs that were not seen to matter: no change of them changed the output, or none is known."""
    tried = {
        place: TriedProgram(code=code, execution=ran[place].execution)
        for place, code in codes.items()
        if ran[place].verdict.kept
    }
    try_inputs(list(tried.values()), sandbox, draws=PERTURBATIONS)
    return {
        place: {*silent_keys(one.trials), *untested_keys(one.execution, one.trials)} for place, one in tried.items()
    }


def _write_rows(
    judged: Iterable[JudgedRecord[SeedProgram]], counts: Counter[str], on_progress: OnProgress | None
) -> Iterator[str]:
    """One line of JSON for each problem, counted on its way."""
    for done, one in enumerate(judged, 1):
        verdict, record, execution = one.verdict, one.record, one.record.execution
        has_run = verdict.kept or verdict.reason in _AFTER_RUNNING
        counts.update(problems=1, converted=record.program is not None, ran=has_run, verified=verdict.kept)
        counts[f"grade {record.grade}" if verdict.kept else f"reason {verdict.reason}"] += 1
        row = {
            "source": record.seed.source,
            "key": record.seed.key,
            "problem": record.seed.problem,
            "code": record.program.code if record.program else None,
            "input": json.loads(execution.input_json) if execution and execution.input_json else None,
            "output": json.loads(execution.output_json) if execution and execution.output_json else None,
            "gold": record.seed.answer,
            "grade": record.grade,
            "outcome": verdict.outcome,
            "reason": verdict.reason,
        }
        yield json.dumps(row, ensure_ascii=True)
        if on_progress is not None:
            on_progress(done)


def _make_report(counts: Counter[str]) -> dict[str, Any]:
    totals = {name: counts[name] for name in ("problems", "converted", "ran", "verified")}
    grades = {grade: counts[f"grade {grade}"] for grade in Grade if counts[f"grade {grade}"]}
    reasons = {reason: counts[f"reason {reason}"] for reason in Reason if counts[f"reason {reason}"]}
    return {**totals, "by_grade": grades, "by_reason": reasons}


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with replaced(path) as file:
        file.writelines(f"{line}\n" for line in lines)
