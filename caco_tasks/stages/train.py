"""train: CodeGen is fine-tuned on the verified seed programs, on code alone (paper, section 3.2), and held to a gate.

Every seed program read is written with a PASS, so the output says which seeds stand behind the model. The weights go to
`models/{model_id}/` in the store, named by content, with a picture of the loss; figures and the gate's verdict go into the
manifest's `artifacts`. A killed training goes on from its last checkpoint, on the same machine.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from caco_tasks.context import Context
from caco_tasks.errors import ConfigError, EngineError
from caco_tasks.identity import BASE
from caco_tasks.ids import content_id, random_seed
from caco_tasks.llm.curve import draw_curve
from caco_tasks.llm.examples import ExampleWriter
from caco_tasks.llm.finetune import FineTuneResult, finetune
from caco_tasks.llm.llm import make_request
from caco_tasks.model_settings import TrainSettings
from caco_tasks.reading import read_program
from caco_tasks.records import PASS, Grade, JudgedRecord, SeedProgram
from caco_tasks.sandbox import Job
from caco_tasks.stages.shared.model_upload import put_weights
from caco_tasks.stages.shared.pinned import pinned_base_folder
from caco_tasks.stages.shared.prompting import load_stage_prompt, reply_verdict
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
    with ExampleWriter(folder / "examples") as writer:
        for program in programs:
            text = training_text(program, start, settings)
            writer.add(text, is_held_out=is_held_out(program, settings.held_out_share))
    base, seed = pinned_base_folder(settings, context), random_seed(context.key)
    tuned = finetune(base, folder, settings, examples=writer.files, seed=seed)
    context.facts["artifacts"] = {"model": _store_codegen(programs, context, tuned, folder).model_dump(mode="json")}
    shutil.rmtree(folder)  # not before the weights are stored: a killed training goes on from its checkpoints
    yield from (JudgedRecord(record=program, verdict=PASS) for program in programs)


def is_held_out(program: SeedProgram, share: float) -> bool:
    """Whether a program is kept for testing: a fixed share, chosen by the program's own hash."""
    return random_seed("held out", _code_of(program)) % 10_000 < share * 10_000


def training_text(program: SeedProgram, start: str, settings: TrainSettings) -> str:
    """What CodeGen learns of one seed program: its start token, the domain if asked for, the code."""
    tag = f"# domain: {program.seed.domain or 'unknown'}\n" if settings.domain_tags else ""
    return f"{start}{tag}{_code_of(program)}"


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
    programs: Sequence[SeedProgram], context: Context, tuned: FineTuneResult, folder: Path
) -> ModelRecord:
    """Puts the weights and a picture of the loss into the store; the model's entry for the registry."""
    settings, store = context.config.train, context.services.store
    weights = put_weights(store, folder)
    store.put(f"models/{weights.model_id}/loss.svg", draw_curve(tuned))
    found_yield = sample_yield(weights.model_id, context)
    grades = {grade.value: count for grade in Grade if (count := sum(one.grade is grade for one in programs))}
    refused = refusal_reason(settings, tuned, found_yield=found_yield, accepted_yield=context.run.accepted_yield)
    return ModelRecord(
        model_id=weights.model_id,
        run_id=context.run.run_id,
        parent=context.run.models.get(BASE, settings.base),
        training=context.run.training,
        data_hash=content_id("seed programs", [_code_of(program) for program in programs]),
        config=settings.model_dump(mode="json"),
        metrics=asdict(tuned) | {"yield": found_yield, "programs": len(programs), "grades": grades},
        uri=f"models/{weights.model_id}",
        sha256=weights.sha256,
        accepted=refused is None,
        refused_because=refused,
    )


def sample_yield(model_id: str, context: Context) -> float | None:
    """The share of `train.gate_samples` programs, sampled as a nightly run does, that run; None where none is asked for."""
    wanted = context.config.train.gate_samples
    if not wanted:
        return None
    settings = context.config.models["codegen"].model_copy(
        update={"model": f"model:{model_id}", "revision": None, "adapter": None}
    )
    llm = context.model(settings)
    prompt = load_stage_prompt(context, settings.prompt)
    requests = [
        # asked under a name of its own: a nightly run must not replay what the gate has sampled
        make_request(prompt, settings, model_id=f"{model_id}/gate", sample=number, values={})
        for number in range(wanted)
    ]
    codes = [read_program(reply.text).text for reply in llm.generate(requests) if reply_verdict(reply).kept]
    sandbox = context.services.sandbox()
    context.facts.update(sandbox_version=sandbox.version, sandbox_level=sandbox.level)
    ran = sandbox.run(Job(code=code) for code in codes if code is not None)
    return round(sum(result.verdict.kept for result in ran) / wanted, 4)


def _code_of(program: SeedProgram) -> str:
    return program.program.code if program.program else ""
