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
from caco_tasks.records import PASS, Judged, Outcome, Program, Reason, Sample, Seed, SeedProgram, Verdict, fail
from caco_tasks.sandbox import Job, Ran
from caco_tasks.stages.screen import screen
from caco_tasks.stages.shared.prompting import ask, reply_verdict


def unify(seeds: Iterable[Seed], context: Context) -> Iterator[Judged[SeedProgram]]:
    """One verdict, and where it can be found one program, for every seed."""
    seeds = list(seeds)
    sandbox = context.services.sandbox()
    context.facts.update(sandbox_version=sandbox.version, sandbox_level=sandbox.level)
    judged = [row for reader, group in _by_reader(seeds, context) for row in _unified(reader, group, context)]
    kept = [row.record for row in judged if row.verdict.kept]
    _claim(kept, context)
    yield from judged


def _claim(kept: Sequence[SeedProgram], context: Context) -> None:
    """Programs and problems of seeds are taken: no sample may repeat them."""
    claims, settings = context.claims(), context.config.dedup
    programs = [(record.seed.seed_id, _code(record)) for record in kept]
    claim_programs(claims, programs, keep_literals=settings.keep_literals)
    problems = [(record.seed.seed_id, record.seed.problem, record.seed.answer or "") for record in kept]
    claim_problems(claims, problems, likeness=settings.same_problem_jaccard)


def screened(rows: Sequence[Judged[SeedProgram]], context: Context) -> Iterator[Judged[SeedProgram]]:
    """The rows, less programs that the screen would reject: a model may state the answer instead of computing it."""
    samples = [
        Sample(sample_id=row.record.seed.seed_id, program=row.record.program, execution=row.record.execution)
        for row in rows
        if row.verdict.kept and row.record.program
    ]
    verdicts = {judged.record.sample_id: judged.verdict for judged in screen(samples, context)}
    for row in rows:
        verdict = verdicts.get(row.record.seed.seed_id, PASS)
        said = f"{verdict.reason}: {verdict.detail}" if verdict.detail else verdict.reason
        yield row if verdict.kept else replace(row, verdict=fail(Reason.TEMPLATE_NOT_MET, said))


def _by_reader(seeds: Sequence[Seed], context: Context) -> Iterator[tuple[str, list[Seed]]]:
    for source in context.config.seeds.sources:
        group = [seed for seed in seeds if seed.source == source.name]
        if group:
            yield source.reader, group


def _unified(reader: str, seeds: Sequence[Seed], context: Context) -> Iterator[Judged[SeedProgram]]:
    converted = [_graded(row, context) for row in _converted(reader, seeds, context)]
    if "unifier" not in context.config.models:
        yield from converted
        return
    asked = [row.record.seed for row in converted if _may_be_asked(row)]
    found = {row.record.seed.seed_id: row for row in screened(list(_ask_unifier(asked, context)), context)}
    yield from (found.get(row.record.seed.seed_id, row) for row in converted)


def _converted(reader: str, seeds: Sequence[Seed], context: Context) -> Iterator[Judged[SeedProgram]]:
    if reader in CONVERTERS:
        rows = (Judged(record=seed, verdict=PASS) for seed in seeds)
        yield from unify_seeds(rows, reader, context.services.sandbox(), min_lines=context.config.screen.min_lines)
    else:
        detail = f"no converter for the reader '{reader}', and the config names no unifier model"
        yield from (Judged(record=SeedProgram(seed=s), verdict=fail(Reason.NO_PROGRAM_FOUND, detail)) for s in seeds)


def _may_be_asked(row: Judged[SeedProgram]) -> bool:
    """Whether a model may find what the converter did not: there is a gold answer to hold it to, and it is not in doubt."""
    verdict = row.verdict
    has_failed = verdict.outcome is Outcome.FAIL and verdict.reason is not Reason.GOLD_DISPUTED
    return has_failed and row.record.seed.answer is not None


def _graded(row: Judged[SeedProgram], context: Context) -> Judged[SeedProgram]:
    least, grade = context.config.seeds.min_seed_grade, row.record.grade
    if not row.verdict.kept or grade is None or grade.reaches(least):
        return row
    return replace(row, verdict=fail(Reason.GRADE_TOO_LOW, f"grade {grade}, the config asks for {least}"))


def _ask_unifier(seeds: Sequence[Seed], context: Context) -> Iterator[Judged[SeedProgram]]:
    """Programs written by a model; they have no grade, for nothing tells which number of the question a literal is."""
    asked = [(seed, reply, extract_code(reply.text)) for seed, reply in ask(seeds, context, "unifier", _values)]
    runnable = [(seed, code) for seed, reply, code in asked if code is not None and reply_verdict(reply).kept]
    ran = context.services.sandbox().run(Job(code=code) for _, code in runnable)
    results = {seed.seed_id: result for (seed, _), result in zip(runnable, ran, strict=True)}
    answers = _compared([seed for seed, _ in runnable], results, context)
    for seed, reply, code in asked:
        yield _judged(seed, reply, code, results.get(seed.seed_id), answers.get(seed.seed_id), context)


def _compared(seeds: Sequence[Seed], results: dict[str, Ran], context: Context) -> dict[str, Verdict]:
    """Whether each program's output equals its seed's gold answer."""
    ran = [seed for seed in seeds if results[seed.seed_id].verdict.kept]
    pairs = ((seed.answer or "", results[seed.seed_id].execution.output_text or "") for seed in ran)
    compared = context.services.grader().compare(pairs)
    return {seed.seed_id: comparison.verdict for seed, comparison in zip(ran, compared, strict=True)}


def _judged(
    seed: Seed, reply: Reply, code: str | None, ran: Ran | None, answer: Verdict | None, context: Context
) -> Judged[SeedProgram]:
    text = reply.text if code is None else code
    program = Program(program_id=program_id(text), code=text, generation=reply.generation)
    record = SeedProgram(seed=seed, program=program, execution=ran.execution if ran else None)
    return Judged(record=record, verdict=_verdict(reply, code, ran, answer, context))


def _verdict(reply: Reply, code: str | None, ran: Ran | None, answer: Verdict | None, context: Context) -> Verdict:
    if not reply_verdict(reply).kept:
        return reply_verdict(reply)
    if code is None or ran is None:
        return fail(Reason.NO_CODE_FOUND)
    if answer is None:
        return ran.verdict
    if not answer.kept:
        return replace(answer, reason=Reason.WRONG_ANSWER) if answer.reason is Reason.ANSWERS_DIFFER else answer
    unmet = unmet_rule(code, context.config.screen.min_lines)
    return fail(Reason.TEMPLATE_NOT_MET, unmet) if unmet else PASS


def _values(seed: Seed) -> dict[str, str]:
    return {"problem": seed.problem, "solution": seed.solution or "", "answer": seed.answer or ""}


def _code(record: SeedProgram) -> str:
    return record.program.code if record.program else ""
