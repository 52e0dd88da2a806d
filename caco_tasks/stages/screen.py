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
from caco_tasks.records import Execution, Judged, Outcome, Sample, Verdict
from caco_tasks.sandbox import Job, Ran

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


def screen(samples: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """One verdict for every executed sample; a pass names the inputs under whose changes the program failed."""
    settings, rules = context.config.screen, context.config.screen.rules
    cases = []
    for sample in samples:
        verdict, findings = apply_rules(find_program_faults(sample, settings), rules, stage="screen")
        sample = with_findings(sample, findings)
        if verdict.kept and sample.execution is not None:
            cases.append(_Case(sample=sample, execution=sample.execution))
        else:
            yield Judged(record=sample, verdict=verdict)
    if settings.perturbations and any(rules[rule] != "off" for rule in INPUT_RULES):
        _try_inputs(cases, context)
    for case in cases:
        verdict, findings = apply_rules(find_input_faults(case.execution, case.trials, rules), rules, stage="screen")
        if verdict.kept:
            verdict = Verdict(Outcome.PASS, detail=describe_failures(case.trials))
        yield Judged(record=with_findings(case.sample, findings), verdict=verdict)


def _try_inputs(cases: Sequence[_Case], context: Context) -> None:
    """Four looks, each only at the inputs that were silent before: one change, more, far ones, other circumstances."""
    draws = context.config.screen.perturbations
    _run([change for case in cases for change in _changes(case, input_names(case.execution), 1, look=0)], context)
    again = [change for case in cases for change in _changes(case, silent_keys(case.trials), draws, look=1)]
    _run(again, context)
    _run_far([change for case in cases for change in _far_changes(case, silent_keys(case.trials))], context)
    _run_far(list(_changes_elsewhere([case for case in cases if silent_keys(case.trials)], context)), context)


def _changes(case: _Case, keys: Sequence[str], draws: int, *, look: int) -> Iterator[_Change]:
    before = case.execution.output_json
    for key, changed in changed_inputs(case.execution.input_json or "{}", keys=keys, draws=draws, look=look):
        yield _Change(case=case, key=key, input_json=changed, without_change=before)


def _far_changes(case: _Case, keys: Sequence[str]) -> Iterator[_Change]:
    given, before = case.execution.input_json or "{}", case.execution.output_json
    for key, changed in far_changed_inputs(given, keys=keys):
        yield _Change(case=case, key=key, input_json=changed, without_change=before)


def _changes_elsewhere(cases: Sequence[_Case], context: Context) -> Iterator[_Change]:
    """Changes of silent inputs where one other input is far away, or all are changed."""
    places = [(case, place) for case in cases for place in circumstances(case.execution)]
    for (case, place), ran in zip(places, _runs(places, context), strict=True):
        keys = silent_keys(case.trials) if ran.verdict.kept else []
        for key, changed in far_changed_inputs(place, keys=keys, draws=2):
            yield _Change(case=case, key=key, input_json=changed, without_change=ran.execution.output_json)


def _run(changes: Sequence[_Change], context: Context) -> None:
    for change, trial in _tried(changes, context):
        change.case.trials.append(trial)


def _run_far(changes: Sequence[_Change], context: Context) -> None:
    """Far away a failure says nothing: too large a loop, a party of no guests."""
    for change, trial in _tried(changes, context):
        if trial.outcome is not Outcome.FAIL:
            change.case.trials.append(trial)


def _tried(changes: Sequence[_Change], context: Context) -> Iterator[tuple[_Change, Trial]]:
    for change, ran in zip(changes, _runs([(one.case, one.input_json) for one in changes], context), strict=True):
        yield (
            change,
            Trial(
                key=change.key,
                without_change=change.without_change,
                input_json=change.input_json,
                outcome=ran.verdict.outcome,
                output_json=ran.execution.output_json if ran.verdict.kept else None,
            ),
        )


def _runs(inputs: Sequence[tuple[_Case, str]], context: Context) -> Iterator[Ran]:
    jobs = (Job(code=case.sample.program.code, input_json=changed) for case, changed in inputs)
    return context.services.sandbox().run(jobs)
