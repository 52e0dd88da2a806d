"""train: CodeGen is fine-tuned on the verified seed programs, on code alone (paper, section 3.2).

Every seed program read is written with a PASS, so the shard tells which seeds stand behind the model. The weights go to
`models/{model_id}/` in the store, named by content; figures and the gate's word go into the manifest's `artifacts`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from caco_tasks.config import TrainSettings
from caco_tasks.context import Context
from caco_tasks.errors import EngineError
from caco_tasks.ids import content_id, file_sha256, random_seed
from caco_tasks.llm.finetune import FineTuned, finetune
from caco_tasks.llm.prompts import load_prompt
from caco_tasks.records import PASS, Grade, Judged, SeedProgram
from caco_tasks.stages.asking import VARIABLES
from caco_tasks.store.registry import ModelRecord

MODEL_FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def train(programs: Iterable[SeedProgram], context: Context) -> Iterator[Judged[SeedProgram]]:
    """Trains on all programs, in the order of their ids, so that the order of shards does not matter."""
    programs = sorted(programs, key=lambda program: program.seed.seed_id)
    if not programs:
        raise EngineError("There are no verified seed programs to train on: look at the verdicts of `caco_seeds`.")
    settings = context.config.train
    with TemporaryDirectory(prefix="caco-train-") as folder:
        base = context.resources.model_folder(settings.base)
        tuned = _finetune(programs, context, base=base, out=Path(folder))
        context.facts["artifacts"] = {"model": _register(programs, context, tuned, Path(folder))}
    yield from (Judged(record=program, verdict=PASS) for program in programs)


def is_held_out(program: SeedProgram, share: float) -> bool:
    """Whether a program is kept for testing: a fixed share, chosen by the program's own hash."""
    return random_seed("held out", _code(program)) % 10_000 < share * 10_000


def training_text(program: SeedProgram, start: str, settings: TrainSettings) -> str:
    """What CodeGen learns of one seed program: its start token, the domain if asked for, the code."""
    tag = f"# domain: {program.seed.domain or 'unknown'}\n" if settings.domain_tags else ""
    return f"{start}{tag}{_code(program)}"


def _finetune(programs: Sequence[SeedProgram], context: Context, *, base: str, out: Path) -> FineTuned:
    settings = context.config.train
    start = load_prompt(context.config.models["codegen"].prompt, variables=VARIABLES["codegen"]).text
    texts = [(training_text(p, start, settings), is_held_out(p, settings.held_out_share)) for p in programs]
    return finetune(
        base,
        out,
        settings,
        train=[text for text, held_out in texts if not held_out],
        held_out=[text for text, held_out in texts if held_out],
        seed=random_seed(context.run.run_id),
    )


def _register(programs: Sequence[SeedProgram], context: Context, tuned: FineTuned, folder: Path) -> dict[str, Any]:
    """Puts the weights into the store and returns the model's entry for the registry; accepted unless the loss rose."""
    files = [folder / name for name in MODEL_FILES if (folder / name).is_file()]
    hashes = {file.name: file_sha256(str(file)) for file in files}
    model_id = content_id("model", hashes)
    for file in files:
        context.resources.store.put_file(f"models/{model_id}/{file.name}", file)
    record = ModelRecord(
        model_id=model_id,
        run_id=context.run.run_id,
        parent=context.config.train.base,
        data_hash=content_id("seed programs", [_code(program) for program in programs]),
        config=context.config.train.model_dump(mode="json"),
        metrics=asdict(tuned) | {"programs": len(programs), "grades": _grades(programs)},
        uri=f"models/{model_id}",
        sha256=hashes["model.safetensors"],
        accepted=tuned.loss_after <= tuned.loss_before * (1 + context.config.train.most_loss_rise),
    )
    return record.model_dump(mode="json")


def _grades(programs: Sequence[SeedProgram]) -> dict[str, int]:
    counted = {grade.value: sum(program.grade is grade for program in programs) for grade in Grade}
    return {grade: count for grade, count in counted.items() if count}


def _code(program: SeedProgram) -> str:
    return program.program.code if program.program else ""
