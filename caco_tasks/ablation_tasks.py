"""What the tasks of `caco_ablate` and the command `caco ablate` do: plan the arms, make their rows, train and score students.

Everything is a run like any other, named by what goes into it, so whatever is there is reused and whatever was killed is gone
on with. The record of the ablation says which runs belong to it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from heapq import nsmallest
from itertools import zip_longest
from typing import Any

from caco_tasks import tasks
from caco_tasks.ablations.ablation_tables import AblationTable, load_arms
from caco_tasks.config import RunConfig, load_config
from caco_tasks.errors import ConfigError, ConservationError, PrerequisiteError
from caco_tasks.identity import TRAINED, config_hash, pipeline_run_id, training_hash
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.planning import check_partition
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.stages.shared.evaluation import evaluation_of
from caco_tasks.stages.student import row_order
from caco_tasks.store import Store, open_store
from caco_tasks.store.ablation import AblationArm, AblationCell, AblationRecord, ablation_uri
from caco_tasks.store.manifest import parse_stored
from caco_tasks.tasks import open_ledger, waiting

TRAINING_LINE = ("seeds", "codegen")  # what an arm needs whose CodeGen is not there
Told = Callable[[str], None]
MARKED_ROW = tuple[int, str]  # its place in the order in which rows are drawn, and the hash of what is learnt from it


@waiting
def plan_ablation(
    table: AblationTable, *, partition: str, config: str, overrides: Sequence[str] = ()
) -> dict[str, Any]:
    """Registers an ablation, or finds it registered: its id, and the arms whose CodeGen has to be trained first.

    Raises:
        ConfigError: the partition, config or an override is wrong, the config has no section [evaluate], or two arms are the
            same.
    """
    check_partition(partition)
    base = load_config(config, overrides)
    evaluation_of(base)
    arms = tuple(_describe_arms(table, partition, config, tuple(overrides)))
    _refuse_equal_arms(arms)
    named = [(one.arm, one.settings, one.run_id) for one in arms]
    about = table.model_dump(mode="json", exclude={"title", "source", "arms"})
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        # settings of the evaluation are in the students' keys and not in those of the arms
        ablation_id = content_id("ablation", partition, about, named, config_hash("evaluate", base))
        found = store.get(ablation_uri(partition, ablation_id))
        record = AblationRecord(
            ablation_id=ablation_id,
            name=table.name,
            title=table.title,
            source=table.source,
            config=base.name,
            asked_config=config,
            overrides=tuple(overrides),
            partition=partition,
            reference_arm=table.reference,
            reference_size=table.reference_size,
            sizes=table.row_counts,
            repeats=table.repeats,
            planned_at=datetime.now(UTC),
            arms=arms,
        )
        record = _parse(found, ablation_id) if found is not None else record
        ledger.register_ablation(record, store)
        missing = list(_arms_without_codegen(record, ledger))
    return {"ablation_id": ablation_id, "partition": partition, "arms": [arm.arm for arm in arms], "to_train": missing}


def train_missing(ablation_id: str) -> list[str]:
    """Makes the seed programs and the CodeGen of all arms whose CodeGen is not there, one after the other; the runs."""
    with open_ledger() as (ledger, reached):
        record = read_ablation(ledger, open_store(reached.store), ablation_id)
        missing = list(_arms_without_codegen(record, ledger))
    return [run_id for arm in missing for run_id in train_arm(ablation_id, arm)]


def train_arm(ablation_id: str, arm: str) -> list[str]:
    """Makes the seed programs and the CodeGen of an arm whose training settings are its own; the runs."""
    with open_ledger() as (ledger, reached):
        record = read_ablation(ledger, open_store(reached.store), ablation_id)
    return [_work_through(pipeline, record, record.arm(arm).settings) for pipeline in TRAINING_LINE]


@waiting
def plan_arms(ablation_id: str) -> dict[str, Any]:
    """Plans the nightly runs of all arms: their ids, and for each task of the funnel the run and shards that it works on.

    A task works on one arm after the other, the reference first, so that what arms share is made once.
    """
    with open_ledger() as (ledger, reached):
        record = read_ablation(ledger, open_store(reached.store), ablation_id)
    planned = [
        tasks.plan("nightly", partition=record.partition, config=record.asked_config, overrides=arm.settings)
        for arm in _reference_first(record)
    ]
    work = zip_longest(*([[run["run_id"], shards] for shards in run["tasks"]] for run in planned))
    return {
        "runs": [run["run_id"] for run in planned],
        "work": [[one for one in places if one is not None] for places in work],
    }


def stage_arm(stage: str, run_id: str, shards: Sequence[int], *, keys: Mapping[str, str] | None = None) -> None:
    """Makes some outputs of one stage of an arm, or finds them made by another arm, and loads them.

    Raises:
        CacoError: as `tasks.stage_all` and `tasks.load`.
    """
    tasks.stage_all(stage, run_id, shards, keys=keys)
    for shard in shards:
        tasks.load(run_id, stage, shard)


def publish_arm(run_id: str) -> str:
    """Writes the dataset of an arm once the whole run adds up, and returns its run; it stays staged.

    Raises:
        CacoError: as `tasks.gate` and the stage `publish`.
    """
    tasks.gate(run_id)
    tasks.stage("publish", run_id, 0)
    tasks.load(run_id, "publish", 0)
    tasks.finish(run_id)
    return run_id


@waiting
def plan_students(ablation_id: str) -> list[str]:
    """Plans a student for each arm, size and repeat, and writes them down; the evaluations, each once.

    Arms with the very same rows at a size share their students: what was learnt from is the same.

    Raises:
        PrerequisiteError: the dataset of an arm is not there.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        record = read_ablation(ledger, store, ablation_id)
        arms = [_with_dataset(arm, ledger, store) for arm in record.arms]
        record = record.model_copy(update={"arms": tuple(arms)})
        marked = {arm.arm: _mark_rows(store, str(arm.dataset)) for arm in arms}
    evaluations: dict[str, str] = {}  # what is learnt and how -> the run that does it
    cells = [
        _plan_student(record, arm, marked[arm.arm], size=size, repeat=repeat, evaluations=evaluations)
        for arm in _reference_first(record)
        for size in record.sizes
        for repeat in range(record.repeats)
    ]
    with open_ledger() as (ledger, _):
        ledger.register_ablation(record.model_copy(update={"cells": tuple(cells)}), store)
    return list(dict.fromkeys(evaluations.values()))


def score_student(run_id: str) -> dict[str, Any]:
    """Trains a student and scores it beside its base; what is there is reused.

    Raises:
        CacoError: as `tasks.work_through`.
    """
    return tasks.work_through(run_id)


@waiting
def finish_ablation(ablation_id: str) -> dict[str, Any]:
    """Looks whether every student was scored, and tells what came out.

    Raises:
        ConservationError: a student is missing.
    """
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        record = read_ablation(ledger, store, ablation_id)
        found = ledger.ablation_results(record.ablation_id)
        base = _scores_of_base(record, ledger)
    due = {(cell.arm, cell.size) for cell in record.cells if cell.run_id is not None}
    missing = due - {(one.arm, one.size) for one in found if one.students == record.repeats}
    if missing or not record.cells:
        lacking = ", ".join(sorted(f"{arm} of {size or 'all'} rows" for arm, size in missing)) or "all of them"
        raise ConservationError(f"The ablation {record.ablation_id[:12]} lacks students that were planned: {lacking}.")
    return {**record.model_dump(mode="json"), "base": base, "results": [asdict(one) for one in found]}


def work_through_ablation(
    table: AblationTable, *, partition: str, config: str, overrides: Sequence[str] = (), tell: Told = lambda step: None
) -> dict[str, Any]:
    """All of it in turn and without Airflow, as `caco ablate --here`; `tell` is told each step before it begins.

    Raises:
        CacoError: as the steps.
    """
    planned = plan_ablation(table, partition=partition, config=config, overrides=overrides)
    ablation_id = str(planned["ablation_id"])
    for arm in planned["to_train"]:
        tell(f"training the CodeGen of '{arm}'")
        train_arm(ablation_id, arm)
    runs = plan_arms(ablation_id)["runs"]
    for number, run_id in enumerate(runs, 1):
        tell(f"arm {number} of {len(runs)}: run {run_id[:12]}")
        tasks.work_through(run_id)
    students = plan_students(ablation_id)
    for number, run_id in enumerate(students, 1):
        tell(f"student {number} of {len(students)}: evaluation {run_id[:12]}")
        score_student(run_id)
    return finish_ablation(ablation_id)


def read_ablation(ledger: Ledger, store: Store, name_or_prefix: str | None) -> AblationRecord:
    """The record of an ablation, by the name of its table, the beginning of its id, or the newest.

    Raises:
        UnknownIdError, AmbiguousIdError: there is none, or several.
    """
    ablation_id, partition = ledger.find_ablation(name_or_prefix)
    return _parse(tasks.require(store, ablation_uri(partition, ablation_id)), ablation_id)


def _parse(data: bytes, ablation_id: str) -> AblationRecord:
    return parse_stored(AblationRecord, data, uri=f"the record of the ablation {ablation_id}")


def _describe_arms(
    table: AblationTable, partition: str, config: str, overrides: tuple[str, ...]
) -> Iterator[AblationArm]:
    for arm, (changes, settings) in load_arms(table, config, overrides).items():
        run_id = pipeline_run_id("nightly", partition, settings)
        yield AblationArm(arm=arm.name, overrides=arm.set, settings=changes, run_id=run_id)


def _refuse_equal_arms(arms: Sequence[AblationArm]) -> None:
    """Two arms whose runs are one compare nothing, unless what they change is the evaluation."""
    first: dict[tuple[str, tuple[str, ...]], str] = {}
    for arm in arms:
        evaluated = tuple(one for one in arm.overrides if one.startswith("evaluate."))
        other = first.setdefault((arm.run_id, evaluated), arm.arm)
        if other != arm.arm:
            raise ConfigError(
                f"The arms '{other}' and '{arm.arm}' have the same settings: there is nothing to compare."
            )


def _reference_first(record: AblationRecord) -> list[AblationArm]:
    return sorted(record.arms, key=lambda arm: arm.arm != record.reference_arm)


def _settings_of(record: AblationRecord, arm: AblationArm) -> RunConfig:
    return load_config(record.asked_config, arm.settings)


def _arms_without_codegen(record: AblationRecord, ledger: Ledger) -> Iterator[str]:
    """The first arm of each training that nobody has done."""
    seen: set[str] = set()
    for arm in _reference_first(record):
        settings = _settings_of(record, arm)
        training = training_hash(settings)
        is_trained = settings.models["codegen"].model == TRAINED and training not in seen
        seen.add(training)
        if is_trained and ledger.accepted_model(record.partition, training) is None:
            yield arm.arm


def _work_through(pipeline: str, record: AblationRecord, settings: Sequence[str]) -> str:
    planned = tasks.plan(pipeline, partition=record.partition, config=record.asked_config, overrides=settings)
    tasks.work_through(planned["run_id"])
    return str(planned["run_id"])


def _with_dataset(arm: AblationArm, ledger: Ledger, store: Store) -> AblationArm:
    made = [manifest for manifest in ledger.outputs(arm.run_id, "publish") if "dataset" in manifest.artifacts]
    if not made:
        raise PrerequisiteError(
            f"The arm '{arm.arm}' has no dataset yet: its run {arm.run_id[:12]} has to be finished."
        )
    return arm.model_copy(update={"dataset": str(made[-1].artifacts["dataset"]), "rows": made[-1].passed})


def _mark_rows(store: Store, dataset: str) -> list[MARKED_ROW]:
    """What is learnt from each row, as a hash, in the order in which rows are drawn: some 150 bytes a row."""
    rows = dataset_rows(store, dataset)
    return sorted(
        (row_order(row["sample_id"]), content_id("lesson", row["sample_id"], row["instruction"], row["output"]))
        for row in rows
    )


def _plan_student(
    record: AblationRecord,
    arm: AblationArm,
    rows: Sequence[MARKED_ROW],
    *,
    size: int | None,
    repeat: int,
    evaluations: dict[str, str],
) -> AblationCell:
    # where there are no more rows than asked for, all are learnt from: the same student, whatever was asked
    most = size if size is not None and size < len(rows) else None
    learnt = nsmallest(most, rows) if most is not None else rows
    cell = AblationCell(arm=arm.arm, size=size, repeat=repeat, rows=len(learnt))
    if not learnt:
        return cell
    chosen = [f"evaluate.max_rows={most}"] * (most is not None) + [f"evaluate.repeat={repeat}"] * (repeat > 0)
    changes = [*arm.settings, *chosen, f"evaluate.dataset={arm.dataset}"]
    content = hashlib.sha256("".join(mark for _, mark in learnt).encode()).hexdigest()
    how = config_hash("evaluate", load_config(record.asked_config, [*arm.settings, f"evaluate.repeat={repeat}"]))
    key = f"{content}/{how}"
    if key not in evaluations:
        planned = tasks.plan("evaluate", partition=record.partition, config=record.asked_config, overrides=changes)
        evaluations[key] = str(planned["run_id"])
    return cell.model_copy(update={"run_id": evaluations[key]})


def _scores_of_base(record: AblationRecord, ledger: Ledger) -> list[Mapping[str, Any]]:
    """What the base of all students scores, by benchmark."""
    run_id = next((cell.run_id for cell in record.cells if cell.run_id is not None), None)
    found = ledger.scores(run_id) if run_id is not None else []
    return [asdict(one) for one in found if one.contender == "base"]
