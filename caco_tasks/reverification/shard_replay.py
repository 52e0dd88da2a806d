"""One shard judged again: which of its samples a newer check can move, and how they end now.

A sample goes through the stages' own functions. Where a stage is told what it was told before, and sees of a sample what it
saw before, what it said stands; a sample that comes to a stage which cannot be replayed, and was never there, has not been
asked about.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from caco_tasks.context import stage_context
from caco_tasks.errors import ConservationError
from caco_tasks.forecast import changed_rules
from caco_tasks.identity import RunKeys
from caco_tasks.ledger.claims import FreeClaim
from caco_tasks.pipeline import StageSpec, mapped_stages
from caco_tasks.records import JudgedRecord, Outcome, Reason, Sample, Verdict
from caco_tasks.reverification.replay_services import ReplayServices
from caco_tasks.reverification.stored_run import PIPELINE
from caco_tasks.reverification.stored_samples import End, read_columns, values_at
from caco_tasks.stages import stage_function
from caco_tasks.store import Manifest

Ends = dict[str, End]  # by sample
DECIDED = (
    Reason.NOT_ASKED,
    Reason.NOT_UNDERSTOOD,
    Reason.UNTESTED_INPUT,
    Reason.BENCHMARK_REVIEW,
)  # trying again is vain


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A sample that ends otherwise now."""

    sample_id: str
    shard: int
    before: End
    now: End
    detail: str | None  # what the stage that it ends at now says


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardResult:
    """What became of the samples of one shard."""

    shard: int
    counts: Counter[tuple[End, End]]  # before and now, moved or not
    moves: tuple[Move, ...]
    free_claims: tuple[FreeClaim, ...] = ()  # that those who are accepted now would make
    calls: int = 0  # replies that were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOutputs:
    """What is stored of a shard: the output whose samples enter, and those that judged them."""

    shard: int
    entering: Manifest
    judged: Mapping[str, Manifest]  # by stage, from the first that is judged again to the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done with each shard."""

    stage: str  # the first that judges again
    is_forced: bool  # it was named: all of its samples are judged, not only those that a changed setting can move
    only_unknown: bool  # known verdicts stand


@dataclass(slots=True, kw_only=True)
class _Walk:
    """How far the samples of a shard have come."""

    said: Mapping[str, Ends]  # by stage, when the run was made
    now: Ends
    details: dict[str, str | None] = field(default_factory=dict)

    def end(self, sample_id: str, stage: str, verdict: Verdict) -> None:
        """Notes a new verdict, the last one so far."""
        reason = None if verdict.reason is None else str(verdict.reason)
        self.now[sample_id] = End(stage=stage, outcome=str(verdict.outcome), reason=reason)
        self.details[sample_id] = verdict.detail


class ShardReplay:
    """Judges shards again by the keys of today, one after the other."""

    def __init__(self, keys: RunKeys, services: ReplayServices, *, work: "Work") -> None:
        """Takes the keys of today, and what is to be judged again."""
        self._keys, self._services, self._work = keys, services, work
        self._specs = stages_from(work.stage)
        self._paths = sorted({path for spec in self._specs for path in spec.looks_at})

    def replay(self, stored: ShardOutputs) -> ShardResult:
        """How the samples of a shard end now, beside how they ended.

        Raises:
            ConservationError: an output lacks a sample that the one before it passed, or a stage loses one.
            StoreError, DamagedError: rows are gone, or not what was written.
        """
        said = self._read_verdicts(stored)
        before = {one: end for ends in said.values() for one, end in ends.items()}
        walk = _Walk(said=said, now=dict(before))
        calls = self._services.calls
        chosen = self._choose(stored, before)
        if chosen:
            entering = read_columns(self._services.store, stored.entering, self._paths).passed()
            if len(chosen) < len(before):
                entering = entering.of(chosen)
            if len(entering.ids) != len(chosen):
                raise ConservationError(
                    f"Stage '{self._work.stage}', shard {stored.shard}: it judged {len(before)} samples, and of "
                    f"{len(chosen)} of them the output before it has {len(entering.ids)}."
                )
            self._walk(stored, entering.samples(self._paths), walk)
        moves = tuple(
            Move(sample_id=one, shard=stored.shard, before=before[one], now=end, detail=walk.details.get(one))
            for one, end in walk.now.items()
            if end != before[one]
        )
        claims, accepted = self._services.take_claims(), {move.sample_id for move in moves if is_accepted(move.now)}
        return ShardResult(
            shard=stored.shard,
            counts=Counter(zip(before.values(), walk.now.values(), strict=True)),
            moves=moves,
            free_claims=tuple(one for one in claims.free if one.owner in accepted) if claims else (),
            calls=self._services.calls - calls,
        )

    def _read_verdicts(self, stored: ShardOutputs) -> dict[str, Ends]:
        """By stage, what it said of each sample that came to it."""
        said: dict[str, Ends] = {}
        passed: set[str] | None = None
        for spec in self._specs:
            found = said[spec.name] = dict(read_columns(self._services.store, stored.judged[spec.name]).ends(spec.name))
            if passed is not None and found.keys() != passed:
                raise ConservationError(
                    f"Stage '{spec.name}', shard {stored.shard}: the stored output holds {len(found)} samples, the one "
                    f"before it passed {len(passed)}."
                )
            passed = {one for one, end in found.items() if is_pass(end)}
        return said

    def _choose(self, stored: ShardOutputs, before: Ends) -> list[str]:
        """The samples whose verdict may be another."""
        first, chosen = self._work.stage, before
        if self._work.only_unknown:
            chosen = {one: end for one, end in before.items() if end.outcome == Outcome.UNKNOWN}
        reasons = None if self._work.is_forced else self._reasons_that_may_move(stored)
        if reasons is None:
            return list(chosen)
        unsure = Outcome.UNKNOWN.value
        return [
            one
            for one, end in chosen.items()
            if end.stage == first and (end.outcome == unsure or end.reason in reasons)
        ]

    def _reasons_that_may_move(self, stored: ShardOutputs) -> set[str] | None:
        """Where rules of the first stage were only loosened, and nothing else differs: their reasons; None: any may."""
        rules = self._changed_rules(stored)
        are_same = all(stored.judged[spec.name].recipe == self._keys.recipe(spec) for spec in self._specs[1:])
        return set(rules) if rules and "reject" not in rules.values() and are_same else None

    def _changed_rules(self, stored: ShardOutputs) -> Mapping[str, str] | None:
        """The rules of the first stage that differ, where nothing else of it does; None: any verdict may be another."""
        # of several solutions another may be chosen now, whatever the first one was rejected for
        if self._work.is_forced or self._keys.config.solver.samples > 1:
            return None
        first = self._specs[0]
        rules = changed_rules(stored.judged[first.name].recipe, self._keys.recipe(first))
        # where answers may differ, the rules on steps look at another answer
        return None if rules is None or Reason.ANSWERS_DIFFER in rules else rules

    def _settled_rules(self, stored: ShardOutputs) -> list[str]:
        """Rules that a sample which the first stage passed has kept, and keeps: all but those that reject only now."""
        rules, lone = self._changed_rules(stored) or {}, self._specs[0].lone_rules
        stricter = {reason for reason, value in rules.items() if value == "reject"}
        return [rule for rule in lone if rule not in stricter] if stricter and stricter <= set(lone) else []

    def _walk(self, stored: ShardOutputs, samples: list[Sample], walk: "_Walk") -> None:
        """Takes samples from stage to stage, as far as they come."""
        for spec in self._specs:
            standing = self._standing(stored, spec, samples, walk) if spec.name != self._work.stage else {}
            walk.now |= standing
            passed = self._as_stored(stored, spec, [one for one in samples if is_pass(standing.get(one.sample_id))])
            left = [one for one in samples if one.sample_id not in standing]
            is_first = spec.name == self._work.stage
            for row in self._judge_stricter(stored, left, walk) if is_first else self._judge(spec, left, stored.shard):
                walk.end(row.id, spec.name, row.verdict)
                if row.verdict.kept:
                    passed.append(row.record)
            samples = passed

    def _as_stored(self, stored: ShardOutputs, spec: StageSpec, samples: list[Sample]) -> list[Sample]:
        """Samples whose verdict stands, with the part that the stage added, where a later one looks at it."""
        later = self._specs[self._specs.index(spec) + 1 :]
        if not samples or spec.adds not in {path.partition(".")[0] for one in later for path in one.looks_at}:
            return samples
        made = read_columns(self._services.store, stored.judged[spec.name], self._paths)
        return made.of([one.sample_id for one in samples]).samples(self._paths)

    def _standing(self, stored: ShardOutputs, spec: StageSpec, samples: Sequence[Sample], walk: "_Walk") -> Ends:
        """What a stage said of those samples of which it sees what it saw, where it is told what it was told."""
        if spec.not_replayed is None and stored.judged[spec.name].recipe != self._keys.recipe(spec):
            return {}
        said = walk.said[spec.name]
        unchanged = self._unchanged(stored, spec, [one for one in samples if one.sample_id in said])
        return {one: said[one] for one in unchanged}

    def _unchanged(self, stored: ShardOutputs, spec: StageSpec, samples: Sequence[Sample]) -> Iterator[str]:
        """The samples that a stage sees as it saw them: what stages before it may have written anew is compared."""
        before = self._specs[: self._specs.index(spec)]
        written = {name for one in before for name in (*one.changes, *([one.adds] if one.adds else []))}
        paths = [path for path in spec.looks_at if path.partition(".")[0] in written]
        if not paths or not samples:
            yield from (sample.sample_id for sample in samples)
            return
        saw = read_columns(self._services.store, stored.judged[before[-1].name], paths)
        seen = dict(zip(saw.ids, zip(*(saw.values(path) for path in paths), strict=True), strict=True))
        sees = zip(*(values_at(samples, path) for path in paths), strict=True)
        for sample, values in zip(samples, sees, strict=True):
            if seen[sample.sample_id] == values:
                yield sample.sample_id

    def _judge_stricter(
        self, stored: ShardOutputs, samples: Sequence[Sample], walk: "_Walk"
    ) -> Iterator[JudgedRecord[Sample]]:
        """One verdict of the first stage for each; what it had passed is looked at by the rules alone that reject only now."""
        first, settled = self._specs[0], self._settled_rules(stored)
        kept = {one.sample_id for one in samples if settled and is_pass(walk.said[first.name][one.sample_id])}
        judged = {
            row.id: row
            for part, off in (
                ([one for one in samples if one.sample_id in kept], settled),
                ([one for one in samples if one.sample_id not in kept], []),
            )
            for row in self._judge(first, part, stored.shard, off=off)
        }
        yield from (judged[one.sample_id] for one in samples)

    def _judge(
        self, spec: StageSpec, samples: Sequence[Sample], shard: int, *, off: Collection[str] = ()
    ) -> Iterator[JudgedRecord[Sample]]:
        """One verdict for each, with some rules off; those of a stage that cannot be replayed are that nobody was asked."""
        if not samples:
            return
        if spec.not_replayed is not None and spec.role is not None:
            verdict = Verdict(Outcome.UNKNOWN, Reason.NOT_ASKED, f"'{spec.name}' never saw it")
            yield from (JudgedRecord(record=sample, verdict=verdict) for sample in samples)
            return
        context = replace(stage_context(self._keys, self._services, spec, shard), verdicts_only=True)
        if off:
            rules = getattr(context.config, spec.name).model_copy(update=dict.fromkeys(off, "off"))
            context = replace(context, config=context.config.model_copy(update={spec.name: rules}))
        judged = {row.id: row for row in stage_function(spec)(samples, context)}
        for attempt in range(1, 1 + self._keys.config.runner.retries_of_unknown):
            again = [one for one in samples if is_worth_another_try(judged[one.sample_id].verdict)]
            if not again:
                break
            tried = stage_function(spec)(again, replace(context, attempt=attempt))
            judged |= {row.id: row for row in tried if row.verdict.reason is not Reason.NOT_ASKED}
        if judged.keys() != {sample.sample_id for sample in samples}:
            raise ConservationError(
                f"Stage '{spec.name}', shard {shard}: {len(samples)} records read, {len(judged)} judged; nothing was written."
            )
        yield from (judged[sample.sample_id] for sample in samples)


def stages_from(name: str) -> tuple[StageSpec, ...]:
    """The stages that judge samples, from one on."""
    specs = mapped_stages(PIPELINE)
    return specs[[spec.name for spec in specs].index(name) :]


def is_accepted(end: End) -> bool:
    """Whether a sample that ends so may be published."""
    return end.stage == mapped_stages(PIPELINE)[-1].name and end.outcome == Outcome.PASS


def is_pass(end: End | None) -> bool:
    """Whether a stage passed a sample."""
    return end is not None and end.outcome == Outcome.PASS


def is_worth_another_try(verdict: Verdict) -> bool:
    """Whether a verdict is unknown for a reason that another try may do away with."""
    return verdict.outcome is Outcome.UNKNOWN and verdict.reason not in DECIDED
