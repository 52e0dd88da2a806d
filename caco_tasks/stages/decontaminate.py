"""decontaminate: the last gate before release: no overlap with a protected benchmark, and no problem twice.

Problems are claimed here and not when they are written: only one whose solution and judgement hold may keep others out.
Without a configured benchmark nothing is protected; the dataset card says so. Under `[neighbours]` a model is asked about the
protected items that are nearest in meaning, of problems whose wording tells nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from caco_tasks.checks.decontamination.overlap import apply_overlap_rules
from caco_tasks.checks.fingerprints import claim_problems
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.context import Context
from caco_tasks.records import JudgedRecord, Problem, Reason, Sample, fail
from caco_tasks.stages.shared.benchmark_lookup import open_benchmark_index, sample_answer
from caco_tasks.stages.shared.neighbour_lookup import ask_about_neighbours


def decontaminate(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One verdict for every sample; what it overlaps stays with it as evidence."""
    index, settings = open_benchmark_index(context), context.config.decontamination
    passed: list[Sample] = []
    for sample in samples:
        problem = sample.problem
        overlaps = index.overlaps(problem.text, sample_answer(sample)) if index and problem else ()
        verdict, findings = apply_overlap_rules(overlaps, settings, stage="decontaminate")
        sample = with_findings(replace(sample, overlaps=overlaps), findings)
        if verdict.kept:
            passed.append(sample)
        else:
            yield JudgedRecord(record=sample, verdict=verdict)
    kept: list[tuple[Sample, Problem]] = []
    for sample, verdict in ask_about_neighbours(passed, context):
        problem = sample.problem
        # a problem that is not released must keep no other one out, so only what passed is claimed
        if verdict.kept and problem is not None and settings.same_problem != "off":
            kept.append((sample, problem))
        else:
            yield JudgedRecord(record=sample, verdict=verdict)
    yield from _claim_problems(kept, context)


def _claim_problems(kept: Sequence[tuple[Sample, Problem]], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """Of problems in nearly the same words only the first that was ever claimed passes."""
    items = [(sample.sample_id, problem.text, sample_answer(sample) or "") for sample, problem in kept]
    # the likeness by which `unify` claimed the problems of seeds: all claims must be comparable
    likeness = context.config.dedup.same_problem_jaccard
    winners = claim_problems(context.claims(), items, likeness=likeness)
    rules = context.config.decontamination.rules
    for (sample, _), winner in zip(kept, winners, strict=True):
        same = [fail(Reason.SAME_PROBLEM, f"seen first in {winner}")] if winner != sample.sample_id else []
        verdict, findings = apply_rules(same, rules, stage="decontaminate")
        yield JudgedRecord(record=with_findings(sample, findings), verdict=verdict)
