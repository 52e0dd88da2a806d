"""reverse: each program is written back into a language problem, which must stand on its own without it.

A problem that overlaps a protected benchmark is rejected here, before a solver is asked, with the evidence.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from caco_tasks.checks.exchanged_values import find_exchanged_values
from caco_tasks.checks.overlap import apply_overlap_rules
from caco_tasks.checks.problem_rules import find_problem_faults
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.context import Context
from caco_tasks.llm.llm import Reply
from caco_tasks.reading import Reading, read_problem
from caco_tasks.records import Finding, JudgedRecord, Problem, Reason, Sample, Verdict, fail
from caco_tasks.stages.shared.benchmark_lookup import open_benchmark_index, sample_answer
from caco_tasks.stages.shared.few_shot import problem_variety
from caco_tasks.stages.shared.prompting import ask, generation_of, program_variables, reply_verdict


def reverse(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One problem for every program; it may hold neither code nor the answer, and must state every input."""
    index, rules = open_benchmark_index(context), context.config.reverse.rules
    settings = context.config.reverser
    replies = ask(
        list(samples),
        context,
        "reverser",
        lambda sample: program_variables(sample) | problem_variety(sample.sample_id, settings),
    )
    for sample, reply in replies:
        reading = read_problem(reply.text)
        problem = Problem(text=reading.text or "", generation=generation_of(reply, reading))
        verdict = _reply_fault(reply, reading)
        findings: tuple[Finding, ...] = ()
        if verdict.kept:
            verdict, findings = apply_rules(_find_faults(sample, problem.text, rules), rules, stage="reverse")
        sample = with_findings(replace(sample, problem=problem), findings)
        # looked up again before release, but a solver need not be paid for a problem that is rejected then
        if verdict.kept and index is not None:
            sample = replace(sample, overlaps=index.overlaps(problem.text, sample_answer(sample)))
            verdict, findings = apply_overlap_rules(sample.overlaps, context.config.decontamination, stage="reverse")
            sample = with_findings(sample, findings)
        yield JudgedRecord(record=sample, verdict=verdict)


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
