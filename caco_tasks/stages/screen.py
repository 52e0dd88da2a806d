"""screen: programs that ran and are not worth a problem: short, trivial, constant, with dead inputs or leftovers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from caco_tasks.checks.dead_inputs import (
    Trial,
    changed_inputs,
    circumstances,
    describe_failures,
    far_changed_inputs,
    find_input_faults,
    input_names,
    silent_keys,
)
from caco_tasks.checks.program_rules import find_program_faults
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.context import Context
from caco_tasks.records import Execution, JudgedRecord, Outcome, Sample, Verdict
from caco_tasks.sandbox import Job, ProgramResult

INPUT_RULES = ("constant_output", "trivial", "dead_input")  # that look at what changed inputs do


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A sample whose inputs are being tried."""

    sample: Sample
    execution: Execution
    trials: list[Trial] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One changed input that is to be run."""

    case: _Case
    key: str
    input_json: str
    without_change: str | None  # the output before the change


def screen(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One verdict for every executed sample; a pass names the inputs under whose changes the program failed."""
    settings, rules = context.config.screen, context.config.screen.rules
    cases = []
    for sample in samples:
        verdict, findings = apply_rules(find_program_faults(sample, settings), rules, stage="screen")
        sample = with_findings(sample, findings)
        if verdict.kept and sample.execution is not None:
            cases.append(_Case(sample=sample, execution=sample.execution))
        else:
            yield JudgedRecord(record=sample, verdict=verdict)
    # cases without a trial have no fault that a trial could find
    if settings.perturbations and any(rules[rule] != "off" for rule in INPUT_RULES):
        _try_inputs(cases, context)
    for case in cases:
        verdict, findings = apply_rules(find_input_faults(case.execution, case.trials, rules), rules, stage="screen")
        if verdict.kept:
            verdict = Verdict(Outcome.PASS, detail=describe_failures(case.trials))
        yield JudgedRecord(record=with_findings(case.sample, findings), verdict=verdict)


def _try_inputs(cases: Sequence[_Case], context: Context) -> None:
    """Four looks, each only at the inputs that were silent before: one change, more, far ones, other circumstances."""
    draws = context.config.screen.perturbations
    first = [change for case in cases for change in _change_inputs(case, input_names(case.execution), 1, look=0)]
    _run_trials(first, context)
    again = [change for case in cases for change in _change_inputs(case, silent_keys(case.trials), draws, look=1)]
    _run_trials(again, context)
    far = [
        _Change(case=case, key=key, input_json=changed, without_change=case.execution.output_json)
        for case in cases
        for key, changed in far_changed_inputs(case.execution.input_json or "{}", keys=silent_keys(case.trials))
    ]
    _run_trials(far, context, far=True)
    silent = [case for case in cases if silent_keys(case.trials)]
    _run_trials(list(_change_circumstances(silent, context)), context, far=True)


def _change_inputs(case: _Case, keys: Sequence[str], draws: int, *, look: int) -> Iterator[_Change]:
    before = case.execution.output_json
    for key, changed in changed_inputs(case.execution.input_json or "{}", keys=keys, draws=draws, look=look):
        yield _Change(case=case, key=key, input_json=changed, without_change=before)


def _change_circumstances(cases: Sequence[_Case], context: Context) -> Iterator[_Change]:
    """Changes of silent inputs where one other input is far away, or all are changed."""
    places = [(case, place) for case in cases for place in circumstances(case.execution)]
    for (case, place), ran in zip(places, _run_programs(places, context), strict=True):
        keys = silent_keys(case.trials) if ran.verdict.kept else []
        for key, changed in far_changed_inputs(place, keys=keys, draws=2):
            yield _Change(case=case, key=key, input_json=changed, without_change=ran.execution.output_json)


def _run_trials(changes: Sequence[_Change], context: Context, *, far: bool = False) -> None:
    """Runs changed inputs and keeps each as a trial of its case."""
    runs = _run_programs([(change.case, change.input_json) for change in changes], context)
    for change, ran in zip(changes, runs, strict=True):
        if far and ran.verdict.outcome is Outcome.FAIL:
            continue  # far away a failure says nothing: too large a loop, a party of no guests
        trial = Trial(
            key=change.key,
            without_change=change.without_change,
            input_json=change.input_json,
            outcome=ran.verdict.outcome,
            output_json=ran.execution.output_json if ran.verdict.kept else None,
        )
        change.case.trials.append(trial)


def _run_programs(inputs: Sequence[tuple[_Case, str]], context: Context) -> Iterator[ProgramResult]:
    jobs = (Job(code=case.sample.program.code, input_json=changed) for case, changed in inputs)
    return context.services.sandbox().run(jobs)
