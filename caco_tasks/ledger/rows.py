"""What the ledger keeps of a shard's records: ids, hashes, verdicts and numbers, as rows of its tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from caco_tasks.ledger.connection import Value, clean
from caco_tasks.records import (
    Attempt,
    Execution,
    Generation,
    Judged,
    Judgement,
    Lesson,
    Program,
    Sample,
    Seed,
    SeedProgram,
    Solution,
)
from caco_tasks.store.manifest import Manifest

Row = tuple[Value, ...]
Judgeds = Sequence[Judged[Any]]

RECORDS: Mapping[str, type] = {one.__name__: one for one in (Seed, SeedProgram, Sample, Lesson, Attempt)}


def subject_id(record: Any) -> str:
    """The id that a record keeps from stage to stage."""
    match record:
        case Sample() | Lesson():
            return record.sample_id
        case Attempt():
            return record.attempt_id
        case SeedProgram():
            return record.seed.seed_id
        case Seed():
            return record.seed_id
    raise TypeError(f"a {type(record).__name__} is no record of a shard")


def verdict_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `verdict`."""
    for row, one in enumerate(judged):
        place = (manifest.run_id, manifest.stage, subject_id(one.record), manifest.partition, manifest.shard, row)
        verdict = one.verdict
        yield *place, verdict.outcome, verdict.reason, verdict.detail, *_agreed(manifest.stage, one.record)


def sample_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `sample`."""
    for row, one in enumerate(judged):
        sample: Sample = one.record
        yield sample.sample_id, manifest.run_id, manifest.shard, row, manifest.partition, sample.program.program_id


def attempt_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `attempt`."""
    for row, one in enumerate(judged):
        tried: Attempt = one.record
        place = (manifest.run_id, tried.attempt_id, manifest.shard, row)
        yield *place, tried.contender, tried.benchmark, tried.item, tried.number


def execution_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `execution`; a program that never ran has none."""
    for one in judged:
        ran: Execution | None = one.record.execution
        program: Program | None = one.record.program
        if ran is None or program is None:
            continue
        place = (manifest.run_id, manifest.stage, subject_id(one.record), manifest.shard, program.program_id)
        measures = (ran.wall_seconds, ran.cpu_seconds, ran.peak_memory_mb)
        yield *place, ran.output_type, ran.error is not None, *measures, ran.sandbox_level


def usage_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `request_usage`: the generation that this stage added to each record."""
    added = _ADDED[manifest.stage]
    for one in judged:
        part = added(one.record)
        made: Generation | None = None if part is None else part.generation
        if made is None:
            continue
        place = (manifest.run_id, manifest.stage, subject_id(one.record), manifest.shard)
        cost = (made.prompt_tokens, made.completion_tokens, made.seconds, made.cost_usd, made.is_replayed)
        yield *place, made.request_id, made.model_id, made.prompt, made.finish_reason, *cost


def overlap_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `benchmark_overlap`."""
    for one in judged:
        place = (manifest.run_id, manifest.stage, subject_id(one.record))
        for number, found in enumerate(one.record.overlaps):
            evidence = (found.benchmark, found.item, found.rule, found.score, found.matched_text)
            yield *place, number, manifest.shard, *evidence


def seed_columns(judged: Judgeds) -> dict[str, list[Any]]:
    """Columns of `seed`; the grade and the program are there after `unify`."""
    seeds = [one.record.seed if isinstance(one.record, SeedProgram) else one.record for one in judged]
    found = [one.record if isinstance(one.record, SeedProgram) else None for one in judged]
    programs = [one.program if one else None for one in found]
    return {
        "seed_ids": [seed.seed_id for seed in seeds],
        "sources": [clean(seed.source) for seed in seeds],
        "revisions": [clean(seed.revision) for seed in seeds],
        "licences": [clean(seed.licence) for seed in seeds],
        "keys": [clean(seed.key) for seed in seeds],
        "domains": [clean(seed.domain) for seed in seeds],
        "difficulties": [seed.difficulty for seed in seeds],
        "grades": [
            str(one.grade) if one and one.grade and program else None
            for one, program in zip(found, programs, strict=True)
        ],
        "program_ids": [program.program_id if program else None for program in programs],
    }


def program_columns(manifest: Manifest, judged: Judgeds) -> dict[str, list[Any]]:
    """Columns of `program`: those found for seeds, and of sampled ones those that hold code."""
    kept = [
        (row, one.record.program)
        for row, one in enumerate(judged)
        if one.record.program is not None and (manifest.stage == "unify" or one.verdict.kept)
    ]
    return {
        "program_ids": [program.program_id for _, program in kept],
        "rows": [row for row, _ in kept],
        "chars": [len(program.code) for _, program in kept],
        "lines": [len(program.code.splitlines()) for _, program in kept],
    }


def vote_rows(manifest: Manifest, judged: Judgeds) -> Iterator[Row]:
    """Rows of `judge_vote`."""
    for one in judged:
        judgement: Judgement | None = one.record.judgement
        for number, vote in enumerate(judgement.votes if judgement else ()):
            place = (manifest.run_id, subject_id(one.record), number, manifest.shard)
            yield *place, vote.prompt, vote.request_id, vote.outcome, vote.reason, vote.first_disagreeing_step


def _agreed(stage: str, record: Any) -> tuple[int | None, str | None]:
    """How many equations the stage agree computed, and how it compared the answers."""
    solution: Solution | None = record.solution if stage == "agree" else None
    return (None, None) if solution is None else (solution.equations_checked or 0, solution.compared_by)


_ADDED: Mapping[str, Callable[[Any], Any]] = {
    "unify": lambda record: record.program,
    "sample": lambda record: record.program,
    "reverse": lambda record: record.problem,
    "solve": lambda record: record.solution,
    "judge": lambda record: record.judgement,
    "evaluate": lambda record: record.solution,
}
ASKING_STAGES = tuple(_ADDED)
