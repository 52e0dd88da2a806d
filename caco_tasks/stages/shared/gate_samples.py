"""The programs that a new CodeGen is tried on before nightly runs may use it: how many run, and how varied they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.context import Context
from caco_tasks.diversity.spread_measures import spread
from caco_tasks.identity import EMBEDDER
from caco_tasks.llm.llm import make_request
from caco_tasks.model_settings import TrainSettings
from caco_tasks.reading import read_program
from caco_tasks.sandbox import Job
from caco_tasks.stages.shared.own_rows import OwnRow
from caco_tasks.stages.shared.prompting import load_stage_prompt, reply_verdict

# of a model's metrics: what the models after it are held against
VARIETY = ("shapes_per_1000", "spread", "embedder")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSample:
    """What a new model wrote when it was tried."""

    asked: int
    ran: tuple[str, ...]  # the code of those programs that ran

    @property
    def found_yield(self) -> float:
        """The share of the programs asked for that ran."""
        return round(len(self.ran) / self.asked, 4)


def sample_programs(model_id: str, context: Context) -> GateSample | None:
    """`train.gate_samples` programs of a model, sampled as a nightly run does; None where none is asked for."""
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
    read = [code for code in codes if code is not None]
    sandbox = context.services.sandbox()
    context.facts.update(sandbox_version=sandbox.version, sandbox_level=sandbox.level)
    results = sandbox.run(Job(code=code) for code in read)
    ran = tuple(code for code, result in zip(read, results, strict=True) if result.verdict.kept)
    return GateSample(asked=wanted, ran=ran)


def measure_variety(
    sampled: GateSample | None, context: Context, *, known: Sequence[str], own: Sequence[OwnRow]
) -> dict[str, Any]:
    """How varied the programs are that a new model wrote, and of what it has learnt: figures for its entry.

    `shapes_per_1000`: different shapes among the programs that ran, per 1,000 asked for. `new_shapes`: the share of those
    programs whose shape no seed program has. `spread`: as `caco_tasks.diversity.spread_measures.spread`, of the programs' texts,
    only with `[train.own]`, whose embedder it takes. None: nothing to measure it on.
    """
    settings = context.config.train.own
    learnt: dict[str, Any] = {}
    if settings is not None:
        total = len(known) + len(own)
        shapes = len({row.shape for row in own})
        learnt = {"own_rows": len(own), "own_share": round(len(own) / total, 4), "own_shapes": shapes}
    if sampled is None:
        return learnt
    shapes_of_seeds = {program_fingerprint(code, keep_literals=False) for code in known}
    found = [program_fingerprint(code, keep_literals=False) for code in sampled.ran]
    measured = {
        "shapes_per_1000": round(1000 * len(set(found)) / sampled.asked, 1),
        "new_shapes": round(sum(shape not in shapes_of_seeds for shape in found) / len(found), 4) if found else None,
    }
    if settings is not None:
        distance = spread(context.services.embedder(settings).embed(list(sampled.ran))) if sampled.ran else None
        measured["spread"] = None if distance is None else round(distance, 4)
        learnt["embedder"] = context.run.models.get(EMBEDDER)
    return learnt | measured


def variety_refusal(settings: TrainSettings, found: Mapping[str, Any], first: Mapping[str, Any]) -> str | None:
    """Why nightly runs may not sample from a model that has learnt from earlier ones' rows, in one sentence; None: they may.

    `found` and `first` are what `measure_variety` found of the model, and of the first one of its training; a figure that
    either lacks, or that another embedder gave, is not compared.
    """
    guard = settings.own.guard if settings.own is not None else None
    if guard is None:
        return None
    is_comparable = found.get("embedder") == first.get("embedder")
    compared = (
        ("shapes_per_1000", "different shapes per 1,000 programs", guard.min_shapes_ratio, "min_shapes_ratio", True),
        ("spread", "mean distance of two programs", guard.min_spread_ratio, "min_spread_ratio", is_comparable),
    )
    for name, words, ratio, setting, is_alike in compared:
        now, then = found.get(name), first.get(name)
        if is_alike and now is not None and then is not None and now < ratio * then:
            return (
                f"The programs sampled from it are less varied than those of the first model of this training: {words} "
                f"{now:g}, of the first {then:g}, and less than {ratio:g} of that is refused (train.own.guard.{setting})."
            )
    return None
