"""dedup: programs seen before, in this run, in an earlier one or among the seeds; the same, or nearly, or in effect.

The first to claim a fingerprint in the ledger keeps it for ever, and wins again when it claims again, so concurrent
shards, retries and reruns of any run agree on one winner.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from caco_tasks.checks.fingerprints import BEHAVIOUR_CLAIM, NEAR_CLAIM, claim_near, claim_programs, program_sketches
from caco_tasks.checks.programs.dead_inputs import behaviour_signature
from caco_tasks.context import Context
from caco_tasks.records import PASS, JudgedRecord, Outcome, Reason, Sample, Verdict, fail, unknown
from caco_tasks.sandbox import Job, ProgramResult
from caco_tasks.trials.inputs import jointly_changed_inputs

Check = Callable[[Sequence[Sample], Context], list[Verdict]]


def dedup(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One verdict for every sample; each check sees, and claims for, what the one before kept."""
    checks: list[Check] = [reject_same_program, reject_near_duplicate]  # from the cheapest to the dearest
    if context.config.dedup.behaviour:
        checks.append(reject_same_behaviour)
    left = list(samples)
    for check in checks:
        verdicts = check(left, context)
        judged = [JudgedRecord(record=sample, verdict=verdict) for sample, verdict in zip(left, verdicts, strict=True)]
        yield from (row for row in judged if not row.verdict.kept)
        left = [row.record for row in judged if row.verdict.kept]
    yield from (JudgedRecord(record=sample, verdict=PASS) for sample in left)


def reject_same_program(samples: Sequence[Sample], context: Context) -> list[Verdict]:
    """Rejects programs whose syntax tree was seen before."""
    items = [(sample.sample_id, sample.program.code) for sample in samples]
    winners = claim_programs(context.claims(), items, keep_literals=context.config.dedup.keep_literals)
    return [
        _claim_verdict(sample, winner, Reason.SAME_PROGRAM) for sample, winner in zip(samples, winners, strict=True)
    ]


def reject_near_duplicate(samples: Sequence[Sample], context: Context) -> list[Verdict]:
    """Rejects programs that differ in a few tokens from one seen before."""
    sketches = program_sketches(sample.program.code for sample in samples)
    items = [(sample.sample_id, *sketch) for sample, sketch in zip(samples, sketches, strict=True)]
    winners = claim_near(context.claims(), NEAR_CLAIM, items, context.config.dedup.near_duplicate_jaccard)
    pairs = zip(samples, winners, strict=True)
    return [_claim_verdict(sample, winner, Reason.NEAR_DUPLICATE) for sample, winner in pairs]


def reject_same_behaviour(samples: Sequence[Sample], context: Context) -> list[Verdict]:
    """Rejects programs that give, under the same changed inputs, the outputs of one seen before.

    A lost run makes its sample unknown; a program whose behaviour says nothing passes unclaimed.
    """
    verdicts = {sample.sample_id: PASS for sample in samples}
    signed = []
    for sample, runs in _run_with_changed_inputs(samples, context):
        if any(ran.verdict.outcome is Outcome.UNKNOWN for ran in runs):
            verdicts[sample.sample_id] = unknown(Reason.SANDBOX_LOST, "a run under changed inputs was lost")
            continue
        # that a program fails under a change is part of its behaviour
        outputs = [ran.execution.output_json if ran.verdict.kept else None for ran in runs]
        signature = behaviour_signature(sample.execution, outputs) if sample.execution else None
        if signature is not None:
            signed.append((sample, signature))
    hashes, owners = [signature for _, signature in signed], [sample.sample_id for sample, _ in signed]
    winners = context.claims().claim(BEHAVIOUR_CLAIM, hashes, owners)
    for (sample, _), winner in zip(signed, winners, strict=True):
        verdicts[sample.sample_id] = _claim_verdict(sample, winner, Reason.SAME_BEHAVIOUR)
    return list(verdicts.values())


def _run_with_changed_inputs(samples: Sequence[Sample], context: Context) -> list[tuple[Sample, list[ProgramResult]]]:
    changed = [jointly_changed_inputs(sample.execution) if sample.execution else [] for sample in samples]
    jobs = (
        Job(code=sample.program.code, input_json=text)
        for sample, texts in zip(samples, changed, strict=True)
        for text in texts
    )
    # all programs in one call, so that every worker of the sandbox has work
    ran = iter(context.services.sandbox().run(jobs))
    return [(sample, [next(ran) for _ in texts]) for sample, texts in zip(samples, changed, strict=True)]


def _claim_verdict(sample: Sample, winner: str, reason: Reason) -> Verdict:
    return PASS if winner == sample.sample_id else fail(reason, f"seen first in {winner}")
