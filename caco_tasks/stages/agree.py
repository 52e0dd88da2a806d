"""agree: the solution's final answer is the program's output, its equations are true, its steps begin with what is given.

Where the solver was asked for several solutions of a problem, one that agrees is chosen, in the order that `solver.publish`
names; one that breaks a rule gives way to the next. The others are kept as answers: how many agree says how hard the problem
is, and a majority for another answer says that it may have more than one meaning. Of the problems that all of several solutions
solve, `solver.keep_easy` is the share that goes on; which ones follows from their ids.

How long and deep its program is stays with each sample.

That answers agree is a rule too, `agree.answers_differ`. Where it does not reject, the rules on steps look at the answer that
the solution itself gives; where it is off nothing is compared, and each sample says so in its findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from caco_tasks.checks.answer_groups import AnswerGroups, group_answers
from caco_tasks.checks.arithmetic.equations import Equations, false_equations
from caco_tasks.checks.programs.program_measures import measure_program
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.checks.steps.step_grounding import find_step_faults
from caco_tasks.context import Context
from caco_tasks.grading import VERSION
from caco_tasks.grading.answer_pairs import shorten_pair
from caco_tasks.ids import content_id, random_seed
from caco_tasks.records import (
    PASS,
    CandidateSolution,
    Finding,
    JudgedRecord,
    Outcome,
    Reason,
    Sample,
    Solution,
    Verdict,
    fail,
)
from caco_tasks.stages.shared.missing_parts import no_final_answer


@dataclass(frozen=True, slots=True)
class _Checked:
    """A solution whose equations were computed, and what the rules say of it."""

    solution: Solution
    equations: Equations | None  # None: nobody looked
    verdict: Verdict
    findings: tuple[Finding, ...]


def agree(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One verdict for every sample; a comparison that takes too long or is not understood is unknown, not different."""
    for judged in _judge(samples, context):
        if context.verdicts_only:
            yield judged
            continue
        measured = replace(judged.record, measures=measure_program(judged.record.program.code))
        yield JudgedRecord(record=measured, verdict=judged.verdict)


def _judge(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    samples, rules = list(samples), context.config.agree.rules
    if rules["answers_differ"] == "off":
        yield from _agree_without_comparing(samples, context)
        return
    # The rule `not_understood` is for steps; an answer that nobody understands is none to let pass.
    rules_of_answers = {name: rules[name] for name in ("answers_differ", "majority_differs")}
    questions = ((_output_of(sample), _answers_of(sample.solution)) for sample in samples)
    for sample, groups in zip(samples, group_answers(questions, context.services.grader().compare), strict=True):
        if sample.solution is None:
            yield JudgedRecord(record=sample, verdict=no_final_answer(None))
            continue
        solution = _with_agreement(sample.solution, groups)
        answered = apply_rules(_find_answer_faults(groups), rules_of_answers, stage="agree")
        agreeing = rank_solutions(solution, context.config.solver.publish, sample.sample_id)
        # where the answers decide already, one solution is looked at: the ledger counts its equations too
        ranked = agreeing if agreeing and answered[0].kept else [solution]
        if context.verdicts_only and not answered[0].kept:  # the equations of one that is rejected are only counted
            yield JudgedRecord(record=sample, verdict=answered[0])
            continue
        if answered[0].kept and not agreeing:  # a difference that is only recorded
            ranked = rank_solutions(solution, context.config.solver.publish, sample.sample_id, agreeing_only=False)
        chosen = _choose(_check(sample, one, answered, rules) for one in ranked)
        comparison = groups.comparisons.get(chosen.solution.answer or "")
        compared_by = None if comparison is None else f"{comparison.method} {VERSION}"
        kept = _without_texts(chosen, compared_by)
        too_easy = find_too_easy(sample.sample_id, solution, context.config.solver.keep_easy)
        yield JudgedRecord(
            record=with_findings(replace(sample, solution=kept), chosen.findings),
            verdict=(chosen.verdict.kept and too_easy) or chosen.verdict,
        )


def find_too_easy(sample_id: str, solution: Solution, keep: float) -> Verdict | None:
    """That each of several solutions agrees, and that the sample is not of the share of such that is kept; else None.

    The share is met as a coin meets it: of `n` such samples so many are kept as `n` throws of a coin give, each by the hash of
    its id, whatever its shard and whoever is beside it.
    """
    agree = [candidate.agrees is True for candidate in solution.candidates]
    if len(agree) < 2 or not all(agree) or random_seed("easy", sample_id) < keep * 2**60:
        return None
    return fail(Reason.TOO_EASY, f"all {len(agree)} solutions agree; {keep:g} of such samples are kept")


def _agree_without_comparing(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One verdict for every sample by the rules on steps alone; an answer it must have."""
    rules, noted = context.config.agree.rules, Finding(stage="agree", reason=Reason.ANSWERS_NOT_COMPARED)
    for sample in samples:
        answers = _answers_of(sample.solution)
        if sample.solution is None or not any(answers):
            yield JudgedRecord(
                record=sample, verdict=no_final_answer(sample.solution.text if sample.solution else None)
            )
            continue
        ranked = rank_solutions(sample.solution, context.config.solver.publish, sample.sample_id, agreeing_only=False)
        chosen = _choose(_check(sample, one, (PASS, (noted,)), rules) for one in ranked)
        kept = _without_texts(chosen, chosen.solution.compared_by)
        yield JudgedRecord(
            record=with_findings(replace(sample, solution=kept), chosen.findings), verdict=chosen.verdict
        )


def rank_solutions(solution: Solution, publish: str, sample_id: str, *, agreeing_only: bool = True) -> list[Solution]:
    """The solutions that agree with the program, the one to publish first; the only one where there are no candidates.

    `publish` is the setting; lengths are characters, and of two that are as long, the first comes first. Without
    `agreeing_only` they are all that have an answer.
    """
    agreeing = [one for one in solution.candidates if (one.agrees if agreeing_only else one.answer is not None)]
    match publish:
        case "shortest":
            agreeing.sort(key=lambda candidate: len(candidate.text or ""))
        case "longest":
            agreeing.sort(key=lambda candidate: -len(candidate.text or ""))
        case "random":
            agreeing.sort(key=lambda candidate: content_id("publish", sample_id, candidate.generation.request_id))
    if not solution.candidates:
        return [solution]
    return [replace(solution, text=one.text or "", answer=one.answer, generation=one.generation) for one in agreeing]


def _answers_of(solution: Solution | None) -> list[str]:
    if solution is None:
        return []
    if not solution.candidates:
        return [solution.answer or ""]
    return [candidate.answer for candidate in solution.candidates if candidate.answer is not None]


def _with_agreement(solution: Solution, groups: AnswerGroups) -> Solution:
    """The solution with what is known of its candidates; as it is where it has none."""
    if not solution.candidates:
        return solution
    candidates = tuple(replace(one, agrees=_agrees(one, groups)) for one in solution.candidates)
    known = [candidate.agrees for candidate in candidates if candidate.agrees is not None]
    return replace(
        solution,
        candidates=candidates,
        pass_rate=sum(known) / len(known) if known else None,
        majority_answer=groups.majority,
        majority_share=groups.majority_share,
    )


def _agrees(candidate: CandidateSolution, groups: AnswerGroups) -> bool | None:
    if candidate.answer is None:
        return None if candidate.is_lost else False  # cut off or without an answer: not solved
    verdict = groups.comparisons[candidate.answer].verdict
    return None if verdict.outcome is Outcome.UNKNOWN else verdict.kept


def _find_answer_faults(groups: AnswerGroups) -> Iterator[Verdict]:
    """That no answer is the program's output; or else that more than half of them are one other answer."""
    verdicts = [comparison.verdict for comparison in groups.comparisons.values()]
    if len(verdicts) == 1 and verdicts[0].kept:
        return
    total = groups.counts.total()
    most = f"{groups.majority_count} of {total} answers"
    if not any(verdict.kept for verdict in verdicts):
        undecided = [verdict for verdict in verdicts if verdict.outcome is Outcome.UNKNOWN]
        if undecided or len(verdicts) == 1:
            yield undecided[0] if undecided else _describe_difference(groups)
        elif not verdicts:
            yield fail(Reason.NO_FINAL_ANSWER, "no solution came to an answer")
        else:
            said, given = shorten_pair(groups.majority or "", groups.expected)
            yield fail(Reason.ANSWERS_DIFFER, f"none agrees; {most} are {said}, the program gives {given}")
    elif groups.majority and 2 * groups.majority_count > total and not groups.comparisons[groups.majority].verdict.kept:
        said, given = shorten_pair(groups.majority, groups.expected)
        yield fail(Reason.MAJORITY_DIFFERS, f"{most} are {said}, the program gives {given}")


def _describe_difference(groups: AnswerGroups) -> Verdict:
    """The verdict on the only answer, with both answers in it, and what the grader adds."""
    [(answer, comparison)] = groups.comparisons.items()
    said, given = shorten_pair(answer, groups.expected)
    added = f": {comparison.verdict.detail}" if comparison.verdict.detail else ""
    return replace(comparison.verdict, detail=f"the solution says {said}, the program gives {given}{added}")


def _check(
    sample: Sample, solution: Solution, answered: tuple[Verdict, tuple[Finding, ...]], rules: Mapping[str, str]
) -> _Checked:
    """Looks at the way to an answer; only its equations are counted where the answer was rejected already."""
    verdict, findings = answered
    equations = false_equations(solution.text) if rules["false_equation"] != "off" else None
    if not verdict.kept:
        return _Checked(solution, equations, verdict, findings)
    verdict, more = apply_rules(_find_faults_of_steps(sample, solution, equations, rules), rules, stage="agree")
    return _Checked(solution, equations, verdict, (*findings, *more))


def _choose(checked: Iterable[_Checked]) -> _Checked:
    """The first that breaks no rule; the first of all where each breaks one."""
    first: _Checked | None = None
    for one in checked:
        if one.verdict.kept:
            return one
        first = first or one
    assert first is not None  # there is always a solution to look at
    return first


def _find_faults_of_steps(
    sample: Sample, solution: Solution, equations: Equations | None, rules: Mapping[str, str]
) -> Iterator[Verdict]:
    if equations is not None and equations.false:
        yield fail(Reason.FALSE_EQUATION, equations.false[0][:200])
    # of an answer that is let pass unverified, it is asked whether its own steps give it
    answer = _output_of(sample) if rules["answers_differ"] == "reject" else (solution.answer or "")
    yield from find_step_faults(
        sample.problem.text if sample.problem else "",
        solution.text,
        rules,
        input_json=(sample.execution and sample.execution.input_json) or "{}",
        output_text=answer,
        code=sample.program.code,
    )


def _without_texts(chosen: _Checked, compared_by: str | None) -> Solution:
    """The solution as it goes on: one text, how its answer was compared, and how many of its equations were computed."""
    solution, equations = chosen.solution, chosen.equations
    return replace(
        solution,
        candidates=tuple(replace(candidate, text=None) for candidate in solution.candidates),
        equations_checked=None if equations is None else equations.checked,
        equations_not_understood=None if equations is None else equations.not_understood,
        compared_by=compared_by,
    )


def _output_of(sample: Sample) -> str:
    return (sample.execution and sample.execution.output_text) or ""
