"""An evaluation whose every answer is known: a base and its student on ten items, greedy and with four draws."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from caco_tasks.config import load_config
from caco_tasks.ids import content_id, run_id
from caco_tasks.ledger import Ledger
from caco_tasks.records import PASS, Attempt, Generation, JudgedRecord, PublishedRow, Reason, Solution, fail, unknown
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.ablation import AblationArm, AblationCell, AblationRecord
from caco_tasks.store.manifest import (
    RunOutput,
    manifest_uri,
    output_folder,
    output_key,
    run_output_uri,
    run_uri,
)
from caco_tasks.store.shards import write_rows

BENCHMARK = "toy test"
ITEMS, DRAWS, K = 10, 4, 2
RIGHT = {"base": {0, 1, 2}, "student": {1, 2, 3, 4, 5, 6}}  # greedy; of an item's draws its number modulo 3 are right
UNDECIDED = {"base": {9}, "student": set[int]()}


def write_evaluation(
    store: Store,
    ledger: Ledger,
    *,
    dataset: str,
    partition: str = "2026-11-20",
    right: Mapping[str, set[int]] = RIGHT,
) -> RunRecord:
    """Writes the run and its outputs into the store, and loads them; `right` are the greedy answers that are."""
    changes = [f"evaluate.draws={DRAWS}", f"evaluate.k={K}", "evaluate.ask.temperature=0.5"]
    run = RunRecord(
        run_id=run_id("evaluate", partition, dataset),
        pipeline="evaluate",
        partition=partition,
        config_hash="of the evaluation",
        config=load_config("nano", changes).model_dump(mode="json"),
        code_version="0.1.0",
        dataset=dataset,
        dataset_sha256="1" * 64,
    )
    store.put(run_uri(partition, run.run_id), run.model_dump_json().encode())
    ledger.register_run(run)
    learnt = [PublishedRow(sample_id=content_id("sample", row), file="train.parquet", row=row) for row in range(3)]
    _load(store, ledger, run, "student", 0, [JudgedRecord(record=row, verdict=PASS) for row in learnt])
    for shard in range(4):
        contender, numbers = ("base", "student")[shard % 2], [0] if shard < 2 else range(1, DRAWS + 1)
        tried = [_attempt(run, contender, item, number, right) for item in range(ITEMS) for number in numbers]
        _load(store, ledger, run, "evaluate", shard, tried)
    return run


# arm -> the items that each of its students has right; the arm `same` has the rows, and so the students, of the first
STUDENTS: dict[str, list[set[int]]] = {
    "all checks": [set(range(9)), set(range(9))],
    "bad": [set(), set()],
    "near": [set(range(8)), set(range(10))],
}


def write_ablation(store: Store, ledger: Ledger, *, repeats: int = 2) -> AblationRecord:
    """An ablation whose every answer is known, of four arms and one size, loaded into the ledger."""
    cells = []
    for arm, students in STUDENTS.items():
        for repeat, right in enumerate(students[:repeats]):
            dataset = f"toys-ablation/{arm.replace(' ', '-')}-{repeat}"
            run = write_evaluation(store, ledger, dataset=dataset, right={"base": {9}, "student": right})
            of_arms = [arm, "same"] if arm == "all checks" else [arm]
            cells += [AblationCell(arm=one, repeat=repeat, rows=3, run_id=run.run_id) for one in of_arms]
    record = AblationRecord(
        ablation_id=content_id("ablation", repeats),
        name="toys",
        title="Is it worth it?",
        config="nano",
        asked_config="nano",
        partition="2026-11-20",
        reference_arm="all checks",
        sizes=(None,),
        repeats=repeats,
        planned_at=datetime(2026, 11, 21, tzinfo=UTC),
        arms=tuple(_arm(name) for name in ("all checks", "bad", "near", "same")),
        cells=tuple(cells),
    )
    ledger.register_ablation(record, store)
    return record


def _arm(name: str) -> AblationArm:
    changed = (f"screen.trivial={name}",)
    return AblationArm(
        arm=name, overrides=changed, settings=changed, run_id=content_id("arm", name), dataset="t/1", rows=3
    )


def _load(
    store: Store, ledger: Ledger, run: RunRecord, stage: str, shard: int, judged: Sequence[JudgedRecord[Any]]
) -> None:
    record = type(judged[0].record)
    recipe, origin = {"stage": stage, "version": 1}, {"dataset": run.dataset, "shard": shard}
    key = output_key(recipe, origin=origin, inputs=())
    outcomes = Counter(str(one.verdict.outcome) for one in judged)
    manifest = Manifest(
        key=key,
        recipe=recipe,
        origin=origin,
        run_id=run.run_id,
        pipeline=run.pipeline,
        partition=run.partition,
        stage=stage,
        shard=shard,
        record=record.__name__,
        **write_rows(store, folder=output_folder(stage, key), record=record, judged=judged),
        read=len(judged),
        passed=outcomes["pass"],
        failed=outcomes["fail"],
        unknown=outcomes["unknown"],
        reasons=dict(Counter(str(one.verdict.reason) for one in judged if one.verdict.reason)),
        code_version="0.1.0",
        seconds=1.0,
    )
    place = RunOutput(run_id=run.run_id, stage=stage, shard=shard, key=key)
    store.put(manifest_uri(stage, key), manifest.model_dump_json().encode())
    store.put(run_output_uri(run, stage, shard), place.model_dump_json().encode())
    ledger.load_output(run, manifest, store, shard=shard)


def _attempt(
    run: RunRecord, contender: str, item: int, number: int, right: Mapping[str, set[int]]
) -> JudgedRecord[Attempt]:
    attempt_id = content_id("attempt", run.run_id, contender, item, number)
    is_right = number <= item % 3 if number else item in right[contender]
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
    return JudgedRecord(record=tried, verdict=verdict)
