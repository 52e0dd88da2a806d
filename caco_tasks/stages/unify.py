"""unify: each seed becomes a program in the unified template that runs and returns the gold answer, or passes its tests.

Annotated sources are converted without a model (`caco_tasks.convert`). Seeds of any other source, and those whose
conversion was rejected, go to the unifier model if the config names one: at most `unify.attempts` times, each time only
those that have no program yet. A seed program that passes claims its fingerprints, so that CodeGen's samples must be new.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from caco_tasks.checks.fingerprints import claim_problems, claim_programs
from caco_tasks.context import Context
from caco_tasks.convert import CONVERTERS, unify_seeds
from caco_tasks.convert.code_tests import CodeTests, find_usable, is_code_seed, judge_tests, read_tests
from caco_tasks.convert.grades import unmet_rule
from caco_tasks.grading.answer_pairs import shorten_pair
from caco_tasks.ids import program_id
from caco_tasks.llm.llm import Reply
from caco_tasks.reading import Reading, read_program
from caco_tasks.reading.declines import read_decline
from caco_tasks.records import (
    PASS,
    Generation,
    JudgedRecord,
    Outcome,
    Program,
    Reason,
    Sample,
    Seed,
    SeedProgram,
    Verdict,
    fail,
)
from caco_tasks.sandbox import Job, ProgramResult
from caco_tasks.stages.screen import screen
from caco_tasks.stages.shared.attempts import attempt_all
from caco_tasks.stages.shared.missing_parts import no_code_found
from caco_tasks.stages.shared.prompting import ask, generation_of, reply_verdict

MAX_SHOWN_TESTS_CHARS = 6_000  # of a seed's tests, in the prompt; all are run


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSeed:
    """A seed that a model is asked about, and what its program is held to: tests, or else the gold answer."""

    seed: Seed
    tests: CodeTests | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What its prompt may name."""
        return {
            "problem": self.seed.problem,
            "solution": self.seed.solution or "",
            "answer": "" if self.tests else self.seed.answer or "",
            "tests": self.tests.source[:MAX_SHOWN_TESTS_CHARS] if self.tests else "",
            "function": self.tests.function if self.tests else "",
        }


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
    rejected = [
        row.record.seed
        for row in converted
        # none whose gold the source itself contradicts
        if row.verdict.outcome is Outcome.FAIL and row.verdict.reason is not Reason.GOLD_DISPUTED
    ]
    found = {row.id: row for row in ask_unifier(find_gold(rejected, context), context)}
    yield from (found.get(row.id, row) for row in converted)


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


def find_gold(seeds: Sequence[Seed], context: Context) -> list[AskedSeed]:
    """The seeds that have something to hold a model to: tests that can be run and say something, or a gold answer."""
    found = {seed.seed_id: tests for seed in seeds if (tests := read_tests(seed)) is not None}
    usable = dict(zip(found, find_usable(list(found.values()), context.services.sandbox()), strict=True))
    asked = (AskedSeed(seed=seed, tests=found[seed.seed_id] if usable.get(seed.seed_id) else None) for seed in seeds)
    # what one test of a code seed returns is no answer to its problem, which does not say what the function is called with
    return [one for one in asked if one.tests or (one.seed.answer is not None and not is_code_seed(one.seed))]


def ask_unifier(asked: Sequence[AskedSeed], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """Programs written by a model; they have no grade, for nothing shows which number of the question a literal is.

    The first program that verifies stays. A seed without one keeps its last verdict, or an earlier one that is unknown.
    """

    def write(waiting: Sequence[AskedSeed], sample: int) -> Iterator[JudgedRecord[SeedProgram]]:
        return screened(list(_write_programs(waiting, context, sample=sample)), context)

    items, attempts = {one.seed.seed_id: one for one in asked}, context.config.unify.attempts
    for tried in attempt_all(items, write, _generation, attempts=attempts, tries=context.attempt):
        record = replace(tried.row.record, unifier_attempt=tried.attempt)
        if record.program is not None:
            record = replace(record, program=replace(record.program, generation=tried.generation))
        yield replace(tried.row, record=record)


def _generation(record: SeedProgram) -> Generation | None:
    return record.program.generation if record.program else None


def _write_programs(
    asked: Sequence[AskedSeed], context: Context, *, sample: int
) -> Iterator[JudgedRecord[SeedProgram]]:
    """One reply for each seed, run and held to its gold."""
    replies = ask(asked, context, "unifier", lambda one: one.variables, sample=sample)
    written = [(one, reply, read_program(reply.text)) for one, reply in replies]
    runnable = [(one, read.text) for one, reply, read in written if read.text is not None and reply_verdict(reply).kept]
    ran = context.services.sandbox().run(Job(code=code) for _, code in runnable)
    results = {one.seed.seed_id: result for (one, _), result in zip(runnable, ran, strict=True)}
    held = [(one, code) for one, code in runnable if results[one.seed.seed_id].verdict.kept]
    golds = _compare_with_gold(held, results, context)
    for one, reply, read in written:
        seed, result = one.seed, results.get(one.seed.seed_id)
        verdict = _judge_program(reply, read, result, golds.get(seed.seed_id), context)
        if verdict.kept and one.tests is not None and result is not None:
            seed = replace(seed, answer=result.execution.output_text)  # of a function that its tests have proven
        text = reply.text if read.text is None else read.text  # without code it is kept as it is, for whoever asks why
        program = Program(program_id=program_id(text), code=text, generation=generation_of(reply, read))
        record = SeedProgram(seed=seed, program=program, execution=result.execution if result else None)
        yield JudgedRecord(record=record, verdict=verdict)


def _compare_with_gold(
    held: Sequence[tuple[AskedSeed, str]], results: Mapping[str, ProgramResult], context: Context
) -> dict[str, Verdict]:
    """Whether each program passes its seed's tests, or returns its gold answer."""
    tested = [(one, one.tests, code) for one, code in held if one.tests is not None]
    ran = context.services.sandbox().run(Job(code=tests.behind(code)) for _, tests, code in tested)
    verdicts = {
        one.seed.seed_id: judge_tests(tests, result) for (one, tests, _), result in zip(tested, ran, strict=True)
    }
    answered = [one.seed for one, _ in held if one.tests is None]
    pairs = ((seed.answer or "", results[seed.seed_id].execution.output_text or "") for seed in answered)
    compared = context.services.grader().compare(pairs)
    for seed, one in zip(answered, compared, strict=True):
        given, gold = shorten_pair(results[seed.seed_id].execution.output_text or "", seed.answer or "")
        differs = replace(one.verdict, detail=f"the program gives {given}, gold is {gold}")
        verdicts[seed.seed_id] = differs if one.verdict.reason is Reason.ANSWERS_DIFFER else one.verdict
    return verdicts


def _judge_program(
    reply: Reply, read: Reading, ran: ProgramResult | None, gold: Verdict | None, context: Context
) -> Verdict:
    if not reply_verdict(reply).kept:
        return reply_verdict(reply)
    if read.text is None or ran is None:
        why = read_decline(reply.text)
        if why is None:
            return no_code_found(reply.text)
        return fail(Reason.NO_PROGRAM_FOUND, f"the unifier declined: {why or 'it gives no reason'}")
    if gold is None:
        return ran.verdict
    if not gold.kept:
        # compared with gold it is wrong; a comparison that took too long stays unknown
        return replace(gold, reason=Reason.WRONG_ANSWER) if gold.reason is Reason.ANSWERS_DIFFER else gold
    unmet = unmet_rule(read.text, context.config.screen.min_lines)
    return fail(Reason.TEMPLATE_NOT_MET, unmet) if unmet else PASS
