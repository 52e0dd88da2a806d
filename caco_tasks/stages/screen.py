"""screen: programs that ran and are not worth a problem: short, trivial, constant, with dead inputs or leftovers."""

from collections.abc import Iterable, Iterator

from caco_tasks.checks.programs.dead_inputs import describe_failures, find_input_faults
from caco_tasks.checks.programs.program_rules import find_program_faults
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.context import Context
from caco_tasks.records import JudgedRecord, Outcome, Sample, Verdict
from caco_tasks.trials import TriedProgram, try_inputs

INPUT_RULES = ("constant_output", "trivial", "dead_input")  # that look at what changed inputs do


def screen(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One verdict for every executed sample; a pass names the inputs under whose changes the program failed."""
    settings, rules = context.config.screen, context.config.screen.rules
    waiting: list[tuple[Sample, TriedProgram]] = []
    for sample in samples:
        verdict, findings = apply_rules(find_program_faults(sample, settings), rules, stage="screen")
        sample = with_findings(sample, findings)
        if verdict.kept and sample.execution is not None:
            waiting.append((sample, TriedProgram(code=sample.program.code, execution=sample.execution)))
        else:
            yield JudgedRecord(record=sample, verdict=verdict)
    is_trying = settings.perturbations > 0 and any(rules[rule] != "off" for rule in INPUT_RULES)
    if is_trying:
        try_inputs([tried for _, tried in waiting], context.services.sandbox(), draws=settings.perturbations)
    for sample, tried in waiting:
        faults = find_input_faults(tried.execution, tried.trials, rules) if is_trying else ()
        verdict, findings = apply_rules(faults, rules, stage="screen")
        if verdict.kept:
            verdict = Verdict(Outcome.PASS, detail=describe_failures(tried.trials))
        yield JudgedRecord(record=with_findings(sample, findings), verdict=verdict)
