"""unify: each seed becomes a program in the unified template that runs and returns the gold answer.

Annotated sources are converted without a model (`caco_tasks.convert`). Seeds of any other source, and those whose
conversion was rejected, go to the unifier model if the config names one. A seed program that passes claims its
fingerprints, so that CodeGen's samples must be new.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from caco_tasks.checks.fingerprints import claim_problems, claim_programs
from caco_tasks.context import Context
from caco_tasks.convert import CONVERTERS, unify_seeds
from caco_tasks.convert.grades import unmet_rule
from caco_tasks.ids import program_id
from caco_tasks.llm.code import extract_code
from caco_tasks.llm.llm import Reply
from caco_tasks.records import PASS, JudgedRecord, Outcome, Program, Reason, Sample, Seed, SeedProgram, Verdict, fail
from caco_tasks.sandbox import Job, ProgramResult
from caco_tasks.stages.screen import screen
from caco_tasks.stages.shared.prompting import ask, reply_verdict


def unify(seeds: Iterable[Seed], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """One verdict, and where it can be found one program, for every seed."""
    seeds = list(seeds)
    sandbox = context.services.sandbox()
    context.facts.update(sandbox_version=sandbox.version, sandbox_level=sandbox.level)
    judged: list[JudgedRecord[SeedProgram]] = []
    for source in context.config.seeds.sources:
        group = [seed for seed in seeds if seed.source == source.name]
        if group:
            judged += _unify_source(source.reader, group, context)
    # programs and problems of seeds are taken: no sample may repeat them
    kept, claims, settings = [row.record for row in judged if row.verdict.kept], context.claims(), context.config.dedup
    programs = [(record.seed.seed_id, record.program.code if record.program else "") for record in kept]
    claim_programs(claims, programs, keep_literals=settings.keep_literals)
    problems = [(record.seed.seed_id, record.seed.problem, record.seed.answer or "") for record in kept]
    claim_problems(claims, problems, likeness=settings.same_problem_jaccard)
    yield from judged


def screened(rows: Sequence[JudgedRecord[SeedProgram]], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """The rows, less programs that the screen would reject: a model may state the answer instead of computing it."""
    samples = [
        Sample(sample_id=row.record.seed.seed_id, program=row.record.program, execution=row.record.execution)
        for row in rows
        if row.verdict.kept and row.record.program
    ]
    verdicts = {judged.record.sample_id: judged.verdict for judged in screen(samples, context)}
    for row in rows:
        verdict = verdicts.get(row.record.seed.seed_id, PASS)
        detail = f"{verdict.reason}: {verdict.detail}" if verdict.detail else verdict.reason
        yield row if verdict.kept else replace(row, verdict=fail(Reason.TEMPLATE_NOT_MET, detail))


def _unify_source(reader: str, seeds: Sequence[Seed], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """Converts the seeds of one source, and asks the unifier, if there is one, about those that the converter failed."""
    converted = list(convert_seeds(reader, seeds, context))
    if "unifier" not in context.config.models:
        yield from converted
        return
    # only with a gold answer to hold the model to, and none that the source itself contradicts
    asked = [
        row.record.seed
        for row in converted
        if row.verdict.outcome is Outcome.FAIL
        and row.verdict.reason is not Reason.GOLD_DISPUTED
        and row.record.seed.answer is not None
    ]
    found = {row.record.seed.seed_id: row for row in screened(list(ask_unifier(asked, context)), context)}
    yield from (found.get(row.record.seed.seed_id, row) for row in converted)


def convert_seeds(reader: str, seeds: Sequence[Seed], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """Programs made of the annotations of one source, without a model; rejected where their grade is too low."""
    if reader not in CONVERTERS:
        detail = f"no converter for the reader '{reader}', and the config names no unifier model"
        yield from (
            JudgedRecord(record=SeedProgram(seed=s), verdict=fail(Reason.NO_PROGRAM_FOUND, detail)) for s in seeds
        )
        return
    rows, least = (JudgedRecord(record=seed, verdict=PASS) for seed in seeds), context.config.seeds.min_seed_grade
    min_lines = context.config.screen.min_lines
    for row in unify_seeds(rows, reader, context.services.sandbox(), min_lines=min_lines):
        grade = row.record.grade
        if row.verdict.kept and grade is not None and not grade.reaches(least):
            detail = f"grade {grade}, the config asks for {least}"
            row = replace(row, verdict=fail(Reason.GRADE_TOO_LOW, detail))
        yield row


def ask_unifier(seeds: Sequence[Seed], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """Programs written by a model; they have no grade, for nothing shows which number of the question a literal is."""

    def variables(seed: Seed) -> dict[str, str]:
        return {"problem": seed.problem, "solution": seed.solution or "", "answer": seed.answer or ""}

    asked = [(seed, reply, extract_code(reply.text)) for seed, reply in ask(seeds, context, "unifier", variables)]
    runnable = [(seed, code) for seed, reply, code in asked if code is not None and reply_verdict(reply).kept]
    ran = context.services.sandbox().run(Job(code=code) for _, code in runnable)
    results = {seed.seed_id: result for (seed, _), result in zip(runnable, ran, strict=True)}
    answers = _compare_with_gold([seed for seed, _ in runnable], results, context)
    for seed, reply, code in asked:
        result = results.get(seed.seed_id)
        text = reply.text if code is None else code  # a reply without code is kept as it is, for whoever asks why
        program = Program(program_id=program_id(text), code=text, generation=reply.generation)
        record = SeedProgram(seed=seed, program=program, execution=result.execution if result else None)
        yield JudgedRecord(
            record=record, verdict=_judge_program(reply, code, result, answers.get(seed.seed_id), context)
        )


def _compare_with_gold(
    seeds: Sequence[Seed], results: dict[str, ProgramResult], context: Context
) -> dict[str, Verdict]:
    """Whether each program's output equals its seed's gold answer."""
    ran = [seed for seed in seeds if results[seed.seed_id].verdict.kept]
    pairs = ((seed.answer or "", results[seed.seed_id].execution.output_text or "") for seed in ran)
    compared = context.services.grader().compare(pairs)
    return {seed.seed_id: comparison.verdict for seed, comparison in zip(ran, compared, strict=True)}


def _judge_program(
    reply: Reply, code: str | None, ran: ProgramResult | None, answer: Verdict | None, context: Context
) -> Verdict:
    if not reply_verdict(reply).kept:
        return reply_verdict(reply)
    if code is None or ran is None:
        return fail(Reason.NO_CODE_FOUND)
    if answer is None:
        return ran.verdict
    if not answer.kept:
        # compared with gold it is wrong; a comparison that took too long stays unknown
        return replace(answer, reason=Reason.WRONG_ANSWER) if answer.reason is Reason.ANSWERS_DIFFER else answer
    unmet = unmet_rule(code, context.config.screen.min_lines)
    return fail(Reason.TEMPLATE_NOT_MET, unmet) if unmet else PASS
