"""student: a base model is fine-tuned on a published dataset, to answer its problems as the dataset does.

Every row read is written with a PASS, by its place in the dataset, so the output says what the student learnt from. Rows go
to files of examples as they come: memory does not grow with the dataset. Only the solution counts in the loss. The weights
go to `models/{model_id}/` in the store, with a picture of the loss; the model is registered with the role `student`. A
killed training goes on from its last checkpoint, on the same machine.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from heapq import nsmallest
from pathlib import Path

from caco_tasks.context import Context
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.identity import BASE
from caco_tasks.ids import random_seed
from caco_tasks.llm.curve import draw_curve
from caco_tasks.llm.examples import Example, ExampleWriter
from caco_tasks.llm.finetune import FineTuneResult, finetune
from caco_tasks.llm.prompts import Prompt
from caco_tasks.publishing.dataset_files import placed_rows
from caco_tasks.publishing.states import split_name
from caco_tasks.records import PASS, JudgedRecord, PublishedRow
from caco_tasks.stages.shared.evaluation import evaluation_of, prompt_of
from caco_tasks.stages.shared.model_upload import put_weights
from caco_tasks.stages.shared.pinned import pinned_base_folder
from caco_tasks.store.registry import ModelRecord, dataset_manifest_uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One published row, as a student learns from it."""

    place: PublishedRow
    problem: str
    solution: str

    @property
    def id(self) -> str:
        """The id of the published sample."""
        return self.place.sample_id


def records(context: Context) -> Iterator[Lesson]:
    """The rows of the dataset that the run pinned.

    Raises:
        DamagedError: the dataset is not what it was when the run was planned.
    """
    dataset = str(context.run.dataset)
    manifest = context.services.store.get(dataset_manifest_uri(*split_name(dataset))) or b""
    if hashlib.sha256(manifest).hexdigest() != context.run.dataset_sha256:
        raise DamagedError(
            f"The dataset '{dataset}' is not the one that the run pinned: restore it, or plan another run."
        )
    chosen = _choose_rows(context, dataset)
    for place, row in placed_rows(context.services.store, dataset):
        if chosen is not None and place.sample_id not in chosen:
            continue
        yield Lesson(place=place, problem=row["instruction"], solution=row["output"])


def row_order(sample_id: str) -> int:
    """The order in which rows are drawn: the first so many are the same whatever else a dataset holds."""
    return random_seed("lesson", sample_id)


def _choose_rows(context: Context, dataset: str) -> frozenset[str] | None:
    """The samples that the student learns from; None: all. A smaller number of them is a part of a larger one."""
    most = evaluation_of(context.config).max_rows
    if most is None:
        return None
    ids = (place.sample_id for place, _ in placed_rows(context.services.store, dataset))
    return frozenset(nsmallest(most, ids, key=row_order))


def student(lessons: Iterable[Lesson], context: Context) -> Iterator[JudgedRecord[PublishedRow]]:
    """Trains on all rows, in the order of the dataset. Benchmarks have no part in it: `caco plan` has read them before.

    Raises:
        ConfigError: the dataset has no rows.
        EngineError: the base cannot be loaded or trained.
    """
    evaluation, prompt = evaluation_of(context.config), prompt_of(context)
    folder, rows, held_out, last = context.work_folder(), 0, 0, None
    with ExampleWriter(folder / "examples") as writer:
        for lesson in lessons:
            # by the sample's own id: the same rows are held out whatever else the dataset holds
            is_held_out = random_seed("held out", lesson.id) % 10_000 < evaluation.train.held_out_share * 10_000
            rows, held_out, last = rows + 1, held_out + is_held_out, example_of(lesson, prompt)
            writer.add(last, is_held_out=is_held_out)
            yield JudgedRecord(record=lesson.place, verdict=PASS)
        if (
            last is not None and not held_out
        ):  # of few rows chance may hold none out: the loss is then measured on one of them
            writer.add(last, is_held_out=True)
    if not rows:
        raise ConfigError(f"The dataset '{context.run.dataset}' has no rows: there is nothing to train a student on.")
    tuned = finetune(
        pinned_base_folder(evaluation.train, context),
        folder,
        evaluation.train,
        examples=writer.files,
        seed=random_seed(context.key),
    )
    context.facts["artifacts"] = {"model": _store_student(rows, context, tuned, folder).model_dump(mode="json")}
    shutil.rmtree(folder)  # not before the weights are stored: a killed training goes on from its checkpoints


def example_of(lesson: Lesson, prompt: Prompt) -> Example:
    """What a student learns of one lesson: the question as it will be asked, and the solution."""
    text = prompt.render(problem=lesson.problem)
    if not prompt.is_chat:
        return text, lesson.solution
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*system, {"role": "user", "content": text}, {"role": "assistant", "content": lesson.solution}]


def _store_student(rows: int, context: Context, tuned: FineTuneResult, folder: Path) -> ModelRecord:
    """Puts the weights and a picture of the loss into the store; the student's entry for the registry."""
    settings = evaluation_of(context.config).train
    weights = put_weights(context.services.store, folder)
    context.services.store.put(f"models/{weights.model_id}/loss.svg", draw_curve(tuned))
    return ModelRecord(
        model_id=weights.model_id,
        run_id=context.run.run_id,
        role="student",
        parent=context.run.models.get(BASE, settings.base),
        data_hash=str(context.run.dataset_sha256),
        config=settings.model_dump(mode="json"),
        metrics=asdict(tuned) | {"rows": rows, "dataset": context.run.dataset},
        uri=f"models/{weights.model_id}",
        sha256=weights.sha256,
        accepted=True,
    )
