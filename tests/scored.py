"""An evaluation whose every answer is known: a base and its student on ten items, greedy and with four draws."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from caco_tasks.ids import content_id, run_id
from caco_tasks.ledger import Ledger
from caco_tasks.records import PASS, Attempt, Generation, Judged, Lesson, Reason, Solution, fail, unknown
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import manifest_uri, run_folder
from caco_tasks.store.shards import write_shard

BENCHMARK = "toy test"
ITEMS, DRAWS, K = 10, 4, 2
RIGHT = {"base": {0, 1, 2}, "student": {1, 2, 3, 4, 5, 6}}  # greedy; of an item's draws its number modulo 3 are right
UNDECIDED = {"base": {9}, "student": set[int]()}


def write_evaluation(store: Store, ledger: Ledger, *, dataset: str, partition: str = "2026-11-20") -> RunRecord:
    """Writes the run and its shards into the store, and loads them."""
    run = RunRecord(
        run_id=run_id("evaluate", partition, dataset),
        pipeline="evaluate",
        partition=partition,
        config_hash="of the evaluation",
        config={"name": "scored", "evaluate": {"draws": DRAWS, "k": K}},
        code_version="0.1.0",
        dataset=dataset,
        dataset_sha256="1" * 64,
    )
    store.put(f"{run_folder(partition, run.run_id)}/run.json", run.model_dump_json().encode())
    ledger.register_run(run)
    lessons = [Lesson(sample_id=f"row {row}", problem="?", solution="!", answer="1") for row in range(3)]
    _load(store, ledger, run, "student", 0, [Judged(record=lesson, verdict=PASS) for lesson in lessons])
    for shard in range(4):
        contender, numbers = ("base", "student")[shard % 2], [0] if shard < 2 else range(1, DRAWS + 1)
        tried = [_attempt(run, contender, item, number) for item in range(ITEMS) for number in numbers]
        _load(store, ledger, run, "evaluate", shard, tried)
    return run


def _load(store: Store, ledger: Ledger, run: RunRecord, stage: str, shard: int, judged: Sequence[Judged[Any]]) -> None:
    record = type(judged[0].record)
    folder = f"{run_folder(run.partition, run.run_id)}/{stage}"
    outcomes = Counter(str(one.verdict.outcome) for one in judged)
    manifest = Manifest(
        run_id=run.run_id,
        pipeline=run.pipeline,
        partition=run.partition,
        stage=stage,
        shard=shard,
        record=record.__name__,
        **write_shard(store, folder=folder, shard=shard, record=record, judged=judged),
        read=len(judged),
        passed=outcomes["pass"],
        failed=outcomes["fail"],
        unknown=outcomes["unknown"],
        reasons=dict(Counter(str(one.verdict.reason) for one in judged if one.verdict.reason)),
        code_version="0.1.0",
        seconds=1.0,
    )
    store.put(manifest_uri(run, stage, shard), manifest.model_dump_json().encode())
    ledger.load_shard(manifest, store)


def _attempt(run: RunRecord, contender: str, item: int, number: int) -> Judged[Attempt]:
    attempt_id = content_id("attempt", run.run_id, contender, item, number)
    is_right = number <= item % 3 if number else item in RIGHT[contender]
    verdict = PASS if is_right else fail(Reason.ANSWERS_DIFFER)
    if number == 0 and item in UNDECIDED[contender]:
        verdict = unknown(Reason.CHECKER_TIMEOUT)
    made = Generation(
        request_id=attempt_id,
        model_id=contender,
        prompt="solve.v1",
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=20,
        seconds=0.5,
    )
    tried = Attempt(
        attempt_id=attempt_id,
        contender=contender,
        benchmark=BENCHMARK,
        item=str(item),
        number=number,
        problem="?",
        gold="1",
        solution=Solution(text="1", answer="1", generation=made),
    )
    return Judged(record=tried, verdict=verdict)
