"""reverse: each program is written back into a language problem, which must stand on its own without it.

A problem that overlaps a protected benchmark is rejected here, before a solver is asked, with the evidence. Where a run has
a selector, samples that will hardly be accepted are skipped first.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules
from caco_tasks.checks.problems.exchanged_values import find_exchanged_values
from caco_tasks.checks.problems.problem_rules import find_problem_faults
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.context import Context
from caco_tasks.llm.llm import Reply
from caco_tasks.reading import Reading, read_problem
from caco_tasks.records import Finding, Generation, JudgedRecord, Problem, Reason, Sample, Verdict, fail
from caco_tasks.stages.shared.attempts import attempt_all
from caco_tasks.stages.shared.benchmark_lookup import open_benchmark_index, sample_answer
from caco_tasks.stages.shared.few_shot import problem_variety
from caco_tasks.stages.shared.prompting import ask, generation_of, program_variables, reply_verdict
from caco_tasks.stages.shared.unlikely_samples import set_unlikely_aside


def reverse(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One problem for every program; it may hold neither code nor the answer, and must state every input.

    The first of `reverser.attempts` that keeps the rules stays; a program without one keeps its last problem.
    """
    likely, skipped = set_unlikely_aside(samples, context)
    yield from skipped
    index, items = open_benchmark_index(context), {sample.sample_id: sample for sample in likely}

    def write(waiting: Sequence[Sample], number: int) -> Iterator[JudgedRecord[Sample]]:
        return _write_problems(waiting, context, index, sample=number)

    attempts = context.config.reverser.attempts
    for tried in attempt_all(items, write, _generation, attempts=attempts, tries=context.attempt):
        problem = tried.row.record.problem
        if problem is None or tried.generation is None:
            raise AssertionError("each attempt leaves a problem that a model wrote")
        problem = replace(problem, generation=tried.generation, attempt=tried.attempt)
        yield replace(tried.row, record=replace(tried.row.record, problem=problem))


def _generation(sample: Sample) -> Generation | None:
    return sample.problem.generation if sample.problem else None


def _write_problems(
    samples: Sequence[Sample], context: Context, index: BenchmarkIndex | None, *, sample: int
) -> Iterator[JudgedRecord[Sample]]:
    """One reply for each program, read and held to the rules."""
    rules, settings = context.config.reverse.rules, context.config.reverser
    replies = ask(
        samples,
        context,
        "reverser",
        lambda one: program_variables(one) | problem_variety(one.sample_id, settings),
        sample=sample,
    )
    for one, reply in replies:
        reading = read_problem(reply.text)
        problem = Problem(text=reading.text or "", generation=generation_of(reply, reading))
        verdict = _reply_fault(reply, reading)
        findings: tuple[Finding, ...] = ()
        if verdict.kept:
            verdict, findings = apply_rules(_find_faults(one, problem.text, rules), rules, stage="reverse")
        written = with_findings(replace(one, problem=problem), findings)
        # looked up again before release, but a solver need not be paid for a problem that is rejected then
        if verdict.kept and index is not None:
            written = replace(written, overlaps=index.overlaps(problem.text, sample_answer(written)))
            verdict, findings = apply_overlap_rules(written.overlaps, context.config.decontamination, stage="reverse")
            written = with_findings(written, findings)
        yield JudgedRecord(record=written, verdict=verdict)


def _reply_fault(reply: Reply, reading: Reading) -> Verdict:
    """FAIL for a reply that did not come to its own end, or that holds no problem; no rule can let these pass."""
    verdict = reply_verdict(reply)
    if verdict.kept and reading.text is None:
        return fail(Reason.EMPTY, f"nothing is left without {', '.join(reading.cut)}" if reading.cut else "no words")
    return verdict


def _find_faults(sample: Sample, problem: str, rules: Mapping[str, str]) -> Iterator[Verdict]:
    if sample.execution is not None:
        input_json = sample.execution.input_json or "null"
        yield from find_problem_faults(
            problem,
            rules,
            input_json=input_json,
            output_text=sample.execution.output_text or "",
            code=sample.program.code,
        )
        if rules["values_exchanged"] != "off":
            yield from find_exchanged_values(problem, input_json)
