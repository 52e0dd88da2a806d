"""What a run asks of GPUs, told from its config alone: requests, tokens and GPU-hours of each stage that works on a model.

Nothing else needs to be there: no ledger, no seeds, no model. What the ledger has measured of the same models goes first, then
published figures (`caco_tasks.gpu_figures`); where there is neither, the hours are unknown and the sum says so. Numbers of
requests are the most that there can be, as far as shares that pass are known.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.config import RoleName, RunConfig
from caco_tasks.forecast import replies_each
from caco_tasks.generation_settings import ReverserSettings, SolverSettings
from caco_tasks.gpu_figures import (
    BENCHMARK_ITEMS,
    ENGINE_SPEEDS,
    GPU,
    PAPER,
    PAPER_SHARES,
    SOURCE_RECORDS,
    TRAINING_SPEEDS,
    published_speed,
)
from caco_tasks.identity import TRAINED
from caco_tasks.ledger import StageSpeed, TrainingRow
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.model_settings import ModelSettings, TrainSettings
from caco_tasks.pipeline import PIPELINES, StageSpec, count_gpus
from caco_tasks.stages.shared.few_shot import EXAMPLE_NUMBER, problem_variety, shared_values, solution_style

# Where nothing was measured: tokens of one reply by what Qwen models of 7 to 32 billion weights write here at most on average,
# and characters of English and code to a token of theirs.
REPLY_TOKENS: Mapping[str, int] = {
    "unify": 400,
    "sample": 250,
    "reverse": 120,
    "solve": 450,
    "judge": 250,
    "evaluate": 600,
    "decontaminate": 150,
}
CHARACTERS_PER_TOKEN = 3.5
MEASURED, ASSUMED, UNKNOWN = "measured here", "assumed", "unknown"
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEstimate:
    """What one stage asks of GPUs. None: not known."""

    pipeline: str
    stage: str
    model: str
    requests: int | None  # of a model; of a training, examples in all its epochs
    prompt_tokens: int | None
    cached_tokens: int | None  # of these: equal beginnings of prompts, which an engine computes once
    completion_tokens: int | None  # of a training, the tokens that it trains on
    tokens_from: str  # "measured here" or "assumed"
    tokens_per_second: float | None  # of one task, on all its GPUs; what is cached is not counted in published figures
    speed_from: str  # "measured here", who published it, or "unknown"
    gpus: int  # that one task leases
    gpu_hours: float | None

    def as_json(self) -> dict[str, Any]:
        """The form that scripts read."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tokens:
    """Tokens of one request, or of one example of a training."""

    prompt: float
    cached: float
    completion: float
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speed:
    """Tokens a second of one task, and whether those that are cached count."""

    tokens_per_second: float
    origin: str
    counts_cached: bool


class Estimate:
    """The estimate of all runs of one config.

    >>> from caco_tasks.config import load_config
    >>> [stage.gpus for stage in Estimate(load_config("paper")).stages()]
    [4, 8, 1, 1, 1, 2, 8, 1]
    """

    def __init__(
        self, config: RunConfig, speeds: Sequence[StageSpeed] = (), trainings: Sequence[TrainingRow] = ()
    ) -> None:
        """Takes what a ledger has measured, of whatever runs: what is not of this config's models is left out."""
        self._config, self._trainings = config, trainings
        self._speeds = [row for row in speeds if _is_alike(row, config)]

    def stages(self, pipelines: Collection[str] = tuple(PIPELINES)) -> Iterator[StageEstimate]:
        """One estimate for each stage of some pipelines that works on a model, in the order of the line."""
        records: int | None = None
        for pipeline, specs in PIPELINES.items():
            match pipeline:
                case "seeds":
                    records = _count_seeds(self._config)
                case "nightly":
                    records = self._config.samples
            for spec in specs:
                found = self._stage(pipeline, spec, records)
                if found is not None and pipeline in pipelines:
                    yield found
                if pipeline in ("seeds", "nightly"):  # a training hands its records on
                    records = None if records is None else round(records * self._share(spec.name))

    def _stage(self, pipeline: str, spec: StageSpec, records: int | None) -> StageEstimate | None:
        evaluate = self._config.evaluate
        if spec.name == "train":
            return self._training(pipeline, spec, self._config.train, records)
        if spec.name == "student":
            return None if evaluate is None else self._training(pipeline, spec, evaluate.train, records)
        if spec.name == "evaluate":
            items = _count_items(self._config)
            return None if evaluate is None else self._asking(pipeline, spec, evaluate.ask, requests=items)
        settings = self._config.models.get(spec.role) if spec.role is not None else None
        if settings is None:
            return None
        requests = None if records is None else records * replies_each(spec, self._config)
        if requests is not None and spec.name == "sample":
            requests = round(requests * _share_of_codegen(self._config))
        return self._asking(pipeline, spec, settings, requests=requests)

    def _asking(
        self, pipeline: str, spec: StageSpec, settings: ModelSettings, *, requests: int | None
    ) -> StageEstimate:
        gpus = count_gpus(spec, self._config)
        speed = self._engine_speed(spec.name, settings, gpus)
        name = self._config.train.base if settings.model == TRAINED else settings.model
        return _estimated(pipeline, spec.name, name, requests, self._reply_tokens(spec, settings), speed, gpus)

    def _training(self, pipeline: str, spec: StageSpec, settings: TrainSettings, records: int | None) -> StageEstimate:
        gpus = settings.hardware.processes
        examples = None if records is None else round(records * settings.epochs)
        if settings.max_steps > 0:
            examples = settings.max_steps * settings.batch_sequences
        tokens, speed = self._trained(spec, settings)
        return _estimated(pipeline, spec.name, settings.base, examples, tokens, speed, gpus)

    def _reply_tokens(self, spec: StageSpec, settings: ModelSettings) -> _Tokens:
        rows = [row for row in self._speeds if row.stage == spec.name and row.requests]
        prompt, cached = _prompt_tokens(settings, spec.role, self._config)
        asked = sum(row.requests for row in rows)
        if not asked:
            written = min(settings.max_tokens, REPLY_TOKENS[spec.name])
            return _Tokens(prompt=prompt, cached=cached, completion=written, origin=ASSUMED)
        measured = sum(row.prompt_tokens for row in rows) / asked
        return _Tokens(
            prompt=measured,
            cached=measured * cached / prompt if prompt else 0.0,
            completion=sum(row.completion_tokens for row in rows) / asked,
            origin=MEASURED,
        )

    def _engine_speed(self, stage: str, settings: ModelSettings, gpus: int) -> _Speed | None:
        rows = [row for row in self._speeds if row.stage == stage and row.requests]
        seconds = sum(row.seconds for row in rows)
        if seconds:
            tokens = sum(row.prompt_tokens + row.completion_tokens for row in rows)
            return _Speed(tokens_per_second=tokens / seconds, origin=MEASURED, counts_cached=True)
        model = self._config.train.base if settings.model == TRAINED else settings.model
        figure = published_speed(ENGINE_SPEEDS, weights_of(model)) if settings.engine == "vllm" else None
        if figure is None:
            return None
        speed = figure.tokens_per_second * gpus
        return _Speed(tokens_per_second=speed, origin=f"{figure.source}; {GPU}", counts_cached=False)

    def _trained(self, spec: StageSpec, settings: TrainSettings) -> tuple[_Tokens, _Speed | None]:
        """Tokens of one example, and the speed of the training; both as measured where the same was trained before."""
        for row in reversed(self._trainings):
            counted = row.metrics.get("programs" if spec.name == "train" else "rows")
            if (
                _is_alike_training(row, settings)
                and counted
                and row.metrics["seconds"]
                and not row.metrics["resumed_at"]
            ):
                epochs = float(row.config.get("epochs", 1.0))
                speed = row.metrics["tokens"] * epochs / row.metrics["seconds"]
                tokens = _Tokens(prompt=0, cached=0, completion=row.metrics["tokens"] / counted, origin=MEASURED)
                return tokens, _Speed(tokens_per_second=speed, origin=MEASURED, counts_cached=True)
        written = ("sample",) if spec.name == "train" else ("reverse", "solve")
        length = min(settings.sequence_tokens, sum(REPLY_TOKENS[name] for name in written))
        figure = None if settings.lora_rank else published_speed(TRAINING_SPEEDS, weights_of(settings.base))
        found = None
        if figure is not None:
            speed = figure.tokens_per_second * settings.hardware.processes
            found = _Speed(tokens_per_second=speed, origin=f"{figure.source}; {GPU}", counts_cached=True)
        return _Tokens(prompt=0, cached=0, completion=length, origin=ASSUMED), found

    def _share(self, stage: str) -> float:
        """The share of what a stage reads that passes it: measured here, else the paper's, else all."""
        rows = [row for row in self._speeds if row.stage == stage]
        read = sum(row.read for row in rows)
        return sum(row.passed for row in rows) / read if read else PAPER_SHARES.get(stage, 1.0)

    @property
    def shares_from(self) -> str:
        """Where the shares that pass each stage are from."""
        return f"{MEASURED} where a stage has run, else {PAPER}" if self._speeds else PAPER


def weights_of(model: str) -> float | None:
    """The number of a model's weights in billions, as its name tells; None where it does not.

    >>> weights_of("Qwen/Qwen2.5-72B-Instruct"), weights_of("HuggingFaceTB/SmolLM2-135M"), weights_of("nano:judge")
    (72.0, 0.135, None)
    """
    found = re.search(r"(?<![A-Za-z0-9.])(\d+(?:\.\d+)?)([BM])(?![A-Za-z0-9])", model.rpartition("/")[2])
    return None if found is None else float(found[1]) / (1 if found[2] == "B" else 1000)


def _estimated(
    pipeline: str, stage: str, model: str, requests: int | None, tokens: _Tokens, speed: _Speed | None, gpus: int
) -> StageEstimate:
    def times(each: float) -> int | None:
        return None if requests is None else round(requests * each)

    hours = None
    if requests is not None and speed is not None:
        cached = 0.0 if speed.counts_cached else tokens.cached
        worked = requests * (tokens.prompt - cached + tokens.completion)
        hours = worked / speed.tokens_per_second / SECONDS_PER_HOUR * gpus
    return StageEstimate(
        pipeline=pipeline,
        stage=stage,
        model=model,
        requests=requests,
        prompt_tokens=times(tokens.prompt),
        cached_tokens=times(tokens.cached),
        completion_tokens=times(tokens.completion),
        tokens_from=tokens.origin,
        tokens_per_second=None if speed is None else round(speed.tokens_per_second, 1),
        speed_from=UNKNOWN if speed is None else speed.origin,
        gpus=gpus,
        gpu_hours=None if hours is None else round(hours, 2),
    )


def _share_of_codegen(config: RunConfig) -> float:
    """The share of samples that CodeGen writes; places for which no other program is found, which are few, come on top."""
    return 1.0 if config.mix is None else 1.0 - config.mix.compose - config.mix.mutate


def _count_seeds(config: RunConfig) -> int | None:
    """Problems of all sources at most; None where a source names no limit and its size is not known."""
    known = [(source.limit, SOURCE_RECORDS.get(source.reader)) for source in config.seeds.sources]
    counts = [min(count for count in pair if count is not None) if any(pair) else None for pair in known]
    return None if None in counts else sum(count for count in counts if count is not None)


def _count_items(config: RunConfig) -> int | None:
    """Questions to base and student together; None where the size of a benchmark is not known."""
    evaluate = config.evaluate
    if evaluate is None:
        return None
    counts = [BENCHMARK_ITEMS.get(benchmark.name) for benchmark in evaluate.benchmarks]
    most = evaluate.max_items
    if most is not None:
        counts = [most if count is None else min(most, count) for count in counts]
    if None in counts:
        return None
    items = sum(count for count in counts if count is not None) + evaluate.bank_each * len(FAMILIES)
    return 2 * items * (1 + evaluate.draws)


def _is_alike(row: StageSpeed, config: RunConfig) -> bool:
    """Whether a run had the same model on the same hardware at a stage, or, where it asks none, the same config's name."""
    spec = next((spec for specs in PIPELINES.values() for spec in specs if spec.name == row.stage), None)
    if spec is None or spec.name in ("train", "student"):
        return False
    if spec.name == "evaluate":
        before = (row.config.get("evaluate") or {}).get("ask")
        settings = config.evaluate.ask if config.evaluate is not None else None
    else:
        before = row.config["models"].get(spec.role)
        settings = config.models.get(spec.role) if spec.role is not None else None
    if before is None or settings is None:
        return before is settings is None and bool(row.config["name"] == config.name)
    is_alike = all(before.get(name) == getattr(settings, name) for name in ("engine", "model", "device"))
    tensor_parallel = (before.get("vllm") or {}).get("tensor_parallel", 1)
    has_base = settings.model != TRAINED or row.config["train"]["base"] == config.train.base
    return is_alike and has_base and tensor_parallel == settings.vllm.tensor_parallel


def _is_alike_training(row: TrainingRow, settings: TrainSettings) -> bool:
    hardware = row.config.get("hardware") or {}
    before = (row.config.get("base"), row.config.get("lora_rank", 0) > 0, hardware.get("processes", 1))
    return before == (settings.base, settings.lora_rank > 0, settings.hardware.processes)


def _prompt_tokens(settings: ModelSettings, role: RoleName | None, config: RunConfig) -> tuple[float, float]:
    """Tokens of a prompt about a problem of the bank, and of the beginning that it shares with one about another."""
    prompt = load_prompt(settings.prompt, variables=variables_of(role), folder=config.prompts_folder)
    texts = []
    for family in FAMILIES[:2]:
        problem = draw_problem(family, EXAMPLE_NUMBER)
        values = {
            "problem": problem.problem,
            "solution": problem.solution,
            "answer": problem.answer,
            "code": problem.program.strip(),
            "input": "",
            "output": problem.answer,
            "tests": "",
            "function": "",
            **(problem_variety(family.name, ReverserSettings()) if role == "reverser" else {}),
            **({"style": solution_style(family.name, SolverSettings())} if role == "solver" else {}),
            **shared_values(prompt, config),
        }
        texts.append((prompt.system or "") + prompt.render(**{name: values[name] for name in prompt.variables}))
    mean = sum(map(len, texts)) / len(texts)
    pairs = zip(*texts, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return mean / CHARACTERS_PER_TOKEN, shared / CHARACTERS_PER_TOKEN
