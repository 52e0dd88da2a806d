"""student: a base model is fine-tuned on a published dataset, to answer its problems as the dataset does.

Every row read is written with a PASS, so the shard tells what the student learnt from. Only the solution counts in the
loss. The weights go to `models/{model_id}/` in the store, with a picture of the loss; the model is registered with the
role `student`. A killed training goes on from its last checkpoint, on the same machine.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from caco_tasks.context import Context
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.ids import random_seed
from caco_tasks.llm.curve import draw_curve
from caco_tasks.llm.finetune import Example, FineTuned, finetune
from caco_tasks.llm.prompts import Prompt
from caco_tasks.publishing.export import dataset_rows
from caco_tasks.records import PASS, Judged, Lesson
from caco_tasks.stages.shared.evaluation import evaluation_of, prompt_of, scored_items
from caco_tasks.stages.shared.model_upload import put_weights
from caco_tasks.store.registry import ModelRecord


def lessons(context: Context) -> Iterator[Lesson]:
    """The rows of the dataset that the run pinned.

    Raises:
        DamagedError: the dataset is not what it was when the run was planned.
    """
    dataset = str(context.run.dataset)
    manifest = context.services.store.get(f"datasets/{dataset}/manifest.json") or b""
    if hashlib.sha256(manifest).hexdigest() != context.run.dataset_sha256:
        raise DamagedError(
            f"The dataset '{dataset}' is not the one that the run pinned: restore it, or plan another run."
        )
    for row in dataset_rows(context.services.store, dataset):
        yield Lesson(
            sample_id=row["sample_id"], problem=row["instruction"], solution=row["output"], answer=row["answer"]
        )


def student(rows: Iterable[Lesson], context: Context) -> Iterator[Judged[Lesson]]:
    """Trains on all rows, in the order of their ids; benchmarks are read first, so that a bad file costs no training.

    Raises:
        ConfigError: the dataset has no rows.
        SourceError: a benchmark cannot be read.
        EngineError: the base cannot be loaded or trained.
    """
    rows = sorted(rows, key=lambda row: row.sample_id)
    if not rows:
        raise ConfigError(f"The dataset '{context.run.dataset}' has no rows: there is nothing to train a student on.")
    scored_items(evaluation_of(context.config))
    folder = context.services.work_folder()
    tuned = _finetune(rows, context, out=folder)
    context.facts["artifacts"] = {"model": _register(rows, context, tuned, folder).model_dump(mode="json")}
    shutil.rmtree(folder)
    yield from (Judged(record=row, verdict=PASS) for row in rows)


def example_of(row: Lesson, prompt: Prompt) -> Example:
    """What a student learns of one row: the question as it will be asked, and the solution."""
    text = prompt.render(problem=row.problem)
    if not prompt.is_chat:
        return text, row.solution
    system = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return [*system, {"role": "user", "content": text}, {"role": "assistant", "content": row.solution}]


def _finetune(rows: Sequence[Lesson], context: Context, *, out: Path) -> FineTuned:
    settings, prompt = evaluation_of(context.config).train, prompt_of(context)
    held_out = [random_seed("held out", row.sample_id) % 10_000 < settings.held_out_share * 10_000 for row in rows]
    examples = [example_of(row, prompt) for row in rows]
    return finetune(
        context.services.model_folder(settings.base),
        out,
        settings,
        train=[example for example, is_kept in zip(examples, held_out, strict=True) if not is_kept],
        held_out=[example for example, is_kept in zip(examples, held_out, strict=True) if is_kept],
        seed=random_seed(context.run.run_id),
    )


def _register(rows: Sequence[Lesson], context: Context, tuned: FineTuned, folder: Path) -> ModelRecord:
    """Puts the weights and a picture of the loss into the store; the student's entry for the registry."""
    settings = evaluation_of(context.config).train
    weights = put_weights(context.services.store, folder)
    context.services.store.put(f"models/{weights.model_id}/loss.svg", draw_curve(tuned))
    return ModelRecord(
        model_id=weights.model_id,
        run_id=context.run.run_id,
        role="student",
        parent=settings.base,
        data_hash=str(context.run.dataset_sha256),
        config=settings.model_dump(mode="json"),
        metrics=asdict(tuned) | {"rows": len(rows), "dataset": context.run.dataset},
        uri=f"models/{weights.model_id}",
        sha256=weights.sha256,
        accepted=True,
    )
