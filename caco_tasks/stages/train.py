"""train: CodeGen is fine-tuned on the verified seed programs, on code alone (paper, section 3.2), and held to a gate.

Every seed program read is written with a PASS, so the output says which seeds stand behind the model. The weights go to
`models/{model_id}/` in the store, named by content, with a picture of the loss; figures and the gate's verdict go into the
manifest's `artifacts`. With `[train.own]`, published rows of earlier runs are learnt from too: `own.parquet` beside the manifest
says which, and how varied the programs are that the model then writes is held against the first one's. A killed training goes on
from its last checkpoint, on the same machine.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from caco_tasks.context import Context
from caco_tasks.domain_tags import tag_line
from caco_tasks.errors import ConfigError, EngineError
from caco_tasks.identity import BASE
from caco_tasks.ids import content_id, random_seed
from caco_tasks.llm.curve import draw_curve
from caco_tasks.llm.examples import ExampleWriter
from caco_tasks.llm.finetune import FineTuneResult, finetune
from caco_tasks.model_settings import TrainSettings
from caco_tasks.records import PASS, Grade, JudgedRecord, SeedProgram
from caco_tasks.stages.shared.gate_samples import measure_variety, sample_programs, variety_refusal
from caco_tasks.stages.shared.model_upload import put_weights
from caco_tasks.stages.shared.own_lessons import own_rows, store_own_rows
from caco_tasks.stages.shared.own_rows import OwnRow
from caco_tasks.stages.shared.pinned import pinned_base_folder
from caco_tasks.stages.shared.prompting import load_stage_prompt
from caco_tasks.store.registry import ModelRecord


def train(programs: Iterable[SeedProgram], context: Context) -> Iterator[JudgedRecord[SeedProgram]]:
    """Trains on all programs, in the order of their ids, so that the order of shards does not matter.

    Raises:
        ConfigError: the gate is to sample from an endpoint, which has not got the new weights.
        EngineError: there are no programs, or as `finetune`.
    """
    # one order whatever order the shards come in: the weights follow from it
    programs = sorted(programs, key=lambda program: program.seed.seed_id)
    if not programs:
        raise EngineError("There are no verified seed programs to train on: look at the verdicts of `caco_seeds`.")
    if context.config.train.gate_samples and context.config.models["codegen"].engine == "openai":
        raise ConfigError("An endpoint has not got the weights trained here: set train.gate_samples=0.")
    settings, folder = context.config.train, context.work_folder()
    start = load_stage_prompt(context, context.config.models["codegen"].prompt).text
    lessons = [Lesson(code=_code_of(program), domain=program.seed.domain) for program in programs]
    own = own_rows(context, seed_programs=len(programs))
    lessons += [Lesson(code=row.code, domain=row.domain) for row in own]
    with ExampleWriter(folder / "examples") as writer:
        for lesson in lessons:
            writer.add(training_text(lesson, start, settings), is_held_out=is_held_out(lesson, settings.held_out_share))
    base, seed = pinned_base_folder(settings, context), random_seed(context.key)
    tuned = finetune(base, folder, settings, examples=writer.files, seed=seed)
    model = _store_codegen(programs, own, context, tuned, folder)
    context.facts["artifacts"] = {"model": model.model_dump(mode="json"), **store_own_rows(own, context)}
    shutil.rmtree(folder)  # not before the weights are stored: a killed training goes on from its checkpoints
    yield from (JudgedRecord(record=program, verdict=PASS) for program in programs)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A program that CodeGen learns from."""

    code: str
    domain: str | None


def is_held_out(lesson: Lesson, share: float) -> bool:
    """Whether a program is kept for testing: a fixed share, chosen by the program's own hash."""
    return random_seed("held out", lesson.code) % 10_000 < share * 10_000


def training_text(lesson: Lesson, start: str, settings: TrainSettings) -> str:
    """What CodeGen learns of one program: its start token, the domain if asked for, the code."""
    tag = tag_line(lesson.domain) if settings.domain_tags else ""
    return f"{start}{tag}{lesson.code}"


def refusal_reason(
    settings: TrainSettings, tuned: FineTuneResult, *, found_yield: float | None, accepted_yield: float | None
) -> str | None:
    """Why nightly runs may not sample from a model, in one sentence; None when they may.

    The yields are shares of sampled programs that ran, of the new model and of the accepted one before it; None where
    none was measured.
    """
    highest = tuned.loss_before * (1 + settings.max_loss_rise)
    if tuned.loss_after > highest:
        return (
            f"The held-out loss went from {tuned.loss_before:.4f} to {tuned.loss_after:.4f}, above {highest:.4f} "
            "(train.max_loss_rise)."
        )
    if found_yield == 0:  # also where no earlier model of the same training says what is usual
        return "None of the programs sampled from it ran (train.gate_samples)."
    if found_yield is None or accepted_yield is None or found_yield >= accepted_yield - settings.max_yield_loss:
        return None
    return (
        f"Of the programs sampled from it {found_yield:.1%} ran, of the accepted model's {accepted_yield:.1%} "
        "(train.max_yield_loss)."
    )


def _store_codegen(
    programs: Sequence[SeedProgram], own: Sequence[OwnRow], context: Context, tuned: FineTuneResult, folder: Path
) -> ModelRecord:
    """Puts the weights and a picture of the loss into the store; the model's entry for the registry."""
    settings, store = context.config.train, context.services.store
    weights = put_weights(store, folder)
    store.put(f"models/{weights.model_id}/loss.svg", draw_curve(tuned))
    known = [_code_of(program) for program in programs]
    sampled = sample_programs(weights.model_id, context)
    found_yield = None if sampled is None else sampled.found_yield
    variety = measure_variety(sampled, context, known=known, own=own)
    refused = refusal_reason(settings, tuned, found_yield=found_yield, accepted_yield=context.run.accepted_yield)
    refused = refused or variety_refusal(settings, variety, context.run.held_against)
    grades = {grade.value: count for grade in Grade if (count := sum(one.grade is grade for one in programs))}
    return ModelRecord(
        model_id=weights.model_id,
        run_id=context.run.run_id,
        parent=context.run.models.get(BASE, settings.base),
        training=context.run.training,
        data_hash=content_id("seed programs", known, *([[row.code for row in own]] if own else [])),
        config=settings.model_dump(mode="json"),
        metrics=asdict(tuned) | {"yield": found_yield, "programs": len(programs), "grades": grades} | variety,
        uri=f"models/{weights.model_id}",
        sha256=weights.sha256,
        accepted=refused is None,
        refused_because=refused,
    )


def _code_of(program: SeedProgram) -> str:
    return program.program.code if program.program else ""
