"""A run or a dataset judged again: where to begin, shards side by side, one record of what moved.

Nothing of the run is changed, no model is asked unless its role is named, and nothing is claimed. The id of a
re-verification is the hash of what goes into it, so the same again is found and not made; killed, it goes on with the
shards that are not done.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing import get_context

from caco_tasks.checks.fingerprints import BEHAVIOUR_CLAIM, NEAR_CLAIM, PROBLEM_CLAIM, PROGRAM_CLAIM, SHAPE_CLAIM, alike
from caco_tasks.config import RoleName
from caco_tasks.connections import Connections
from caco_tasks.errors import ConfigError, ConservationError, PlatformError
from caco_tasks.identity import RunKeys
from caco_tasks.ids import content_id
from caco_tasks.ledger.claims import FreeClaim, Member, join
from caco_tasks.pipeline import count_gpus, find_stage, mapped_stages, stage_before
from caco_tasks.platform.gpus import lease_gpus
from caco_tasks.records import Outcome, Reason
from caco_tasks.reverification.moved_samples import read_shard_result, write_moved, write_shard_result
from caco_tasks.reverification.replay_services import ReplayServices
from caco_tasks.reverification.shard_replay import (
    Move,
    ShardOutputs,
    ShardReplay,
    ShardResult,
    Work,
    is_accepted,
    stages_from,
)
from caco_tasks.reverification.stored_run import PIPELINE, StoredRun, refuse
from caco_tasks.reverification.stored_samples import End
from caco_tasks.sandbox.kernel import die_with_parent
from caco_tasks.store import Store, open_store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.reverification_record import (
    MoveCount,
    ReverificationRecord,
    reverification_folder,
    reverification_uri,
)
from caco_tasks.version import code_version

CLAIMED_REASONS = {
    PROGRAM_CLAIM: Reason.SAME_PROGRAM,
    SHAPE_CLAIM: Reason.SAME_PROGRAM,
    NEAR_CLAIM: Reason.NEAR_DUPLICATE,
    BEHAVIOUR_CLAIM: Reason.SAME_BEHAVIOUR,
    PROBLEM_CLAIM: Reason.SAME_PROBLEM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants judged again, and how."""

    stored: StoredRun
    overrides: tuple[str, ...] = ()
    stage: str | None = None  # None: the first that would judge otherwise, by its settings or its code
    only_unknown: bool = False
    asked: tuple[RoleName, ...] = ()  # roles whose models may be asked
    workers: int = 1
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A re-verification before it begins."""

    reverification_id: str
    asked: Asked
    keys: RunKeys  # of today
    work: Work
    shards: tuple[ShardOutputs, ...]


def plan_reverification(asked: Asked, keys: RunKeys) -> Plan:
    """Where to begin, and with which outputs.

    Raises:
        ConfigError: nothing would be judged otherwise, or the stage cannot be judged again.
    """
    first = _first_stage(asked, keys)
    specs = stages_from(first)
    before = stage_before(PIPELINE, first)
    assert before is not None  # the first of all cannot be judged again
    outputs = asked.stored.outputs
    shards = tuple(
        ShardOutputs(
            shard=shard,
            entering=outputs[before.name][shard],
            judged={spec.name: outputs[spec.name][shard] for spec in specs},
        )
        for shard in asked.stored.shards
    )
    recipes = {spec.name: keys.recipe(spec) for spec in specs}
    inputs = [[one.entering.key, *(made.key for made in one.judged.values())] for one in shards]
    how = [first, asked.stage is not None, asked.only_unknown, sorted(asked.asked)]
    # where a stage is named, code that changed without its version counts too
    code = code_version() if asked.stage is not None else None
    return Plan(
        reverification_id=content_id("reverification", inputs, recipes, how, code),
        asked=asked,
        keys=keys,
        work=Work(stage=first, is_forced=asked.stage is not None, only_unknown=asked.only_unknown),
        shards=shards,
    )


def plan_anew(plan: Plan, store: Store) -> Plan:
    """The same under an id of its own, where it was done before: replies may have come since, and claims."""
    one = plan.reverification_id
    while store.get(reverification_uri(one)) is not None:
        one = content_id("reverification again", one)
    return replace(plan, reverification_id=one)


def reverify(
    plan: Plan,
    connections: Connections,
    *,
    environ: MutableMapping[str, str],
    on_progress: Callable[[int, int, int], None] = lambda *_: None,
) -> ReverificationRecord:
    """Judges all shards again and keeps what came of it; what was done before is taken as it is.

    Where models are asked, the GPUs that they need are leased first, and `environ`, that of this process, names them.
    `on_progress` is told how many shards of how many are done, and how many samples were in them.

    Raises:
        CacoError: as a stage of a run.
    """
    store, uri = open_store(connections.store), reverification_uri(plan.reverification_id)
    found = store.get(uri)
    if found is not None:
        return parse_stored(ReverificationRecord, found, uri=uri)
    began, begun = datetime.now(UTC), time.perf_counter()
    results = _judge_shards(plan, store, connections, environ, on_progress)
    moves, counts = _settle_twins(results, plan.keys)
    _demand_all(plan, counts.total())
    folder = reverification_folder(plan.reverification_id)
    asked, specs = plan.asked, stages_from(plan.work.stage)
    record = ReverificationRecord(
        reverification_id=plan.reverification_id,
        run_id=asked.stored.run.run_id,
        dataset=asked.stored.dataset_name,
        stage=plan.work.stage,
        overrides=asked.overrides,
        recipes={spec.name: plan.keys.recipe(spec) for spec in specs},
        only_unknown=asked.only_unknown,
        asked=asked.asked,
        code_version=code_version(),
        by=asked.by,
        began_at=began,
        seconds=round(time.perf_counter() - begun, 3),
        model_calls=sum(one.calls for one in results),
        read=counts.total(),
        newly_accepted=sum(n for (was, now), n in counts.items() if is_accepted(now) and not is_accepted(was)),
        newly_rejected=sum(n for (was, now), n in counts.items() if is_accepted(was) and not is_accepted(now)),
        counts=tuple(_count_moves(counts)),
        **write_moved(store, folder, moves),
    )
    store.put(uri, record.model_dump_json(indent=1).encode())
    for one in store.list(f"{folder}/shards"):
        store.delete(one)
    return record


def _judge_shards(
    plan: Plan,
    store: Store,
    connections: Connections,
    environ: MutableMapping[str, str],
    on_progress: Callable[[int, int, int], None],
) -> list[ShardResult]:
    """What came of every shard, in order."""
    results: list[ShardResult] = []
    read = 0
    with lease_gpus(_count_gpus(plan), environ, purpose="The re-verification") as lease:
        environ.update(lease.environment)
        for result in _results(plan, store, connections):
            results.append(result)
            read += result.counts.total()
            on_progress(len(results), len(plan.shards), read)
    return sorted(results, key=lambda one: one.shard)


def _demand_all(plan: Plan, judged: int) -> None:
    expected = sum(one.judged[plan.work.stage].read for one in plan.shards)
    if judged != expected:
        raise ConservationError(f"{expected:,} samples were to be judged again, {judged:,} were; nothing is kept.")


def describe_cost(plan: Plan) -> str:
    """What a re-verification will do, in a sentence or two."""
    specs, config = stages_from(plan.work.stage), plan.keys.config
    samples = sum(one.judged[plan.work.stage].read for one in plan.shards)
    said = f"{samples:,} samples of {len(plan.shards):,} shards, from '{plan.work.stage}' on."
    told = [f"{spec.name}: {spec.replay_cost}." for spec in specs if spec.replay_cost is not None]
    roles = [str(spec.role) for spec in specs if spec.role in config.models and spec.role in plan.asked.asked]
    asks = f"Asked what it never said: {', '.join(roles)}." if roles else "No model is asked."
    return " ".join([said, *told, asks])


def _count_gpus(plan: Plan) -> int:
    specs = [spec for spec in stages_from(plan.work.stage) if spec.role in plan.asked.asked]
    return max((count_gpus(spec, plan.keys.config) for spec in specs), default=0)


def _first_stage(asked: Asked, keys: RunKeys) -> str:
    if asked.stage is not None:
        spec = find_stage(PIPELINE, asked.stage)
        if spec.not_replayed is not None:
            refuse(spec)
        return spec.name
    outputs = asked.stored.outputs
    for spec in mapped_stages(PIPELINE):
        recipe = keys.recipe(spec)
        if spec.not_replayed is None and any(made.recipe != recipe for made in outputs.get(spec.name, ())):
            return spec.name
    for spec in mapped_stages(PIPELINE):  # the same questions again, for what was unknown
        is_open = spec.not_replayed is None and (asked.only_unknown or spec.role in asked.asked)
        if is_open and any(made.unknown for made in outputs.get(spec.name, ())):
            return spec.name
    raise ConfigError(
        "Nothing would be judged otherwise: the settings and the versions of all checks are those of the stored outputs. "
        "Name a setting with --set, or a stage with --stage."
    )


def _results(plan: Plan, store: Store, connections: Connections) -> Iterator[ShardResult]:
    """What became of each shard, as they are done; those of a killed attempt first."""
    folder = reverification_folder(plan.reverification_id)
    left = []
    for one in plan.shards:
        found = read_shard_result(store, folder, one.shard)
        if found is None:
            left.append(one)
        else:
            yield found
    if plan.asked.workers == 1 or len(left) < 2 or plan.asked.asked:
        with ShardWorker(plan, connections) as worker:
            yield from map(worker.work, left)
        return
    # a process that is forked would share the connections of this one
    context = get_context("spawn")
    workers = min(plan.asked.workers, len(left))
    light = replace(plan, shards=(), asked=replace(plan.asked, stored=replace(plan.asked.stored, outputs={})))
    with ProcessPoolExecutor(workers, context, initializer=_begin_worker, initargs=(light, connections)) as pool:
        try:
            yield from pool.map(_work_on, left, chunksize=1)
        except BrokenProcessPool as exc:
            raise PlatformError(
                "A process that judged stored samples again was killed, by a person or for want of memory: run the command "
                "again, with fewer --workers; what was done is kept."
            ) from exc


class ShardWorker:
    """Judges shards again in this process; a context manager."""

    def __init__(self, plan: Plan, connections: Connections) -> None:
        self._folder, self._keys = reverification_folder(plan.reverification_id), plan.keys
        self._stack = ExitStack()
        self._services = self._stack.enter_context(
            ReplayServices(connections, run=plan.keys.run, config=plan.keys.config, asked=plan.asked.asked)
        )
        self._replay = ShardReplay(plan.keys, self._services, work=plan.work)

    def __enter__(self) -> "ShardWorker":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def work(self, stored: ShardOutputs) -> ShardResult:
        """Judges one shard again, and keeps what came of it until all are done."""
        result = self._replay.replay(stored)
        self._services.index_replies()
        write_shard_result(self._services.store, self._folder, result)
        return result


_worker: ShardWorker | None = None  # of a process of the pool


def _begin_worker(plan: Plan, connections: Connections) -> None:
    global _worker
    die_with_parent()
    _worker = ShardWorker(plan, connections)
    gc.freeze()  # what was imported stays: it need not be looked through again and again


def _work_on(stored: ShardOutputs) -> ShardResult:
    assert _worker is not None
    return _worker.work(stored)


def _settle_twins(results: Sequence[ShardResult], keys: RunKeys) -> tuple[list[Move], Counter[tuple[End, End]]]:
    """All moves and counts; of two samples of two shards that are accepted now and alike, the first in order stays."""
    counts: Counter[tuple[End, End]] = Counter()
    members: dict[tuple[str, str], list[Member]] = {}
    moves: list[Move] = []
    for result in results:
        counts.update(result.counts)
        lost = dict(_find_lost(result.free_claims, members, keys))
        for move in result.moves:
            if move.sample_id in lost:
                stage, reason, winner = lost[move.sample_id]
                now = End(stage=stage, outcome=str(Outcome.FAIL), reason=str(reason))
                counts.subtract([(move.before, move.now)])
                counts.update([(move.before, now)])
                moves.append(replace(move, now=now, detail=f"seen first in {winner}"))
            else:
                moves.append(move)
    return [move for move in moves if move.now != move.before], +counts


def _find_lost(
    claims: Sequence[FreeClaim], members: dict[tuple[str, str], list[Member]], keys: RunKeys
) -> Iterator[tuple[str, tuple[str, Reason, str]]]:
    """The owners of claims that one before them wins, each with stage, reason and winner; `members` take the others."""
    dedup, rules = keys.config.dedup, keys.config.decontamination.rules
    likeness = {NEAR_CLAIM: dedup.near_duplicate_jaccard, PROBLEM_CLAIM: dedup.same_problem_jaccard}
    for claim in claims:
        is_alike = alike(likeness[claim.kind]) if claim.sketch is not None else bytes.__eq__
        family = members.setdefault((claim.kind, claim.hash), [])
        winner = join(family, Member(claim.owner, claim.sketch or b""), is_alike)
        reason = CLAIMED_REASONS[claim.kind]
        if winner != claim.owner and rules.get(reason, "reject") == "reject":
            yield claim.owner, ("decontaminate" if reason is Reason.SAME_PROBLEM else "dedup", reason, winner)


def _count_moves(counts: Mapping[tuple[End, End], int]) -> Iterator[MoveCount]:
    """The counts, the most frequent first."""
    for (was, now), samples in sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))):
        yield MoveCount(
            from_stage=was.stage,
            from_outcome=Outcome(was.outcome),
            from_reason=None if was.reason is None else Reason(was.reason),
            to_stage=now.stage,
            to_outcome=Outcome(now.outcome),
            to_reason=None if now.reason is None else Reason(now.reason),
            samples=samples,
        )
