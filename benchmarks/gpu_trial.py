"""What a run makes of its GPUs: tokens a second through the platform beside the bare engine, MFU, GPU-seconds for each row.

`make gpu-trial` is the trial of a machine with a GPU: `run` takes the whole line of a config there, `caco up` and all its
DAGs, with every model on vLLM, and reports. `report RUN` tells the same of any nightly run of the ledger, on any engine;
without a GPU it has no GPU-seconds and no share of a peak.

    python benchmarks/gpu_trial.py run --config smol --samples 20000
    python benchmarks/gpu_trial.py report 3fa2 --json
"""

import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import click

from caco_tasks.cli.console import explain_errors, out, print_json, print_whole
from caco_tasks.cli.demo import demo_job
from caco_tasks.cli.environment import open_ledger_as, platform_home
from caco_tasks.cli.tables import figure_tables
from caco_tasks.config import RunConfig, load_config
from caco_tasks.connections import ENGINE_ENVIRONMENT, Connections
from caco_tasks.errors import PlatformError
from caco_tasks.gpu_figures import model_flops_share
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.llm import open_llm
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.prompts import VARIABLES, load_prompt
from caco_tasks.llm.weights import REGISTERED
from caco_tasks.pipeline import STAGES, StageSpec, count_gpus, stages_of
from caco_tasks.records import JudgedRecord, Sample
from caco_tasks.runner import find_output
from caco_tasks.services import TaskServices
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.registry import ModelRecord
from caco_tasks.store.shards import read_shard

RAW_REQUESTS = 4096  # of the bare engine: several rounds of all that vLLM works on at a time
WARM_REQUESTS = 32
ON_THE_GPU = {"engine": "vllm", "dtype": "bfloat16", "batch_rows": 1024}  # of every role
PLACED = ["train.hardware.device_sequences=16", "runner.part_rows=8192"]

Figures = dict[str, Any]


def report(run_id: str, *, device: str | None, raw_requests: int = RAW_REQUESTS) -> Figures:
    """The figures of a nightly run that is done, from its manifests, its rows and one measurement of the bare engine.

    `device` is the GPU that it ran on, as its driver names it; None: on CPUs.

    Returns:
        Under "stages" each stage that asked a model (`stage_figures`), under "sampling" CodeGen through the platform and
        bare (`sampling_figures`), under "training" its training (`training_figures`, None for a model that was not
        trained here), "published" rows, "gpu_seconds_per_accepted_row", and the device. Where there is no GPU, what would
        need one is None.

    Raises:
        CacoError: there is no such run, or a model of its cannot be loaded.
    """
    with open_ledger_as() as ledger:
        connections = Connections.from_environ(os.environ)
        run = _nightly_run(ledger, run_id)
        with TaskServices(connections, run=run, config=RunConfig.model_validate(run.config)) as services:
            keys = RunKeys.of(run, services.store)
            manifests = {spec.name: list(_outputs(spec, keys, services.store)) for spec in stages_of("nightly")}
            training = _training(ledger, run)
            stages = {
                name: stage_figures(found, gpus=_gpus(STAGES[name], keys.config, device))
                for name, found in manifests.items()
                if sum(manifest.requests for manifest in found)
            }
            return {
                "run": run.run_id,
                "config": keys.config.name,
                "device": device or "no GPU here: nothing is told of GPU-seconds, nor of the share of a peak",
                "stages": stages,
                "sampling": sampling_figures(manifests["sample"], keys, services, raw_requests=raw_requests),
                "training": training and training_figures(training, services, device=device),
                "published": sum(manifest.passed for manifest in manifests["publish"]),
                "gpu_seconds_per_accepted_row": gpu_seconds_per_row(stages, manifests["publish"]),
            }


def stage_figures(manifests: Sequence[Manifest], *, gpus: int) -> Figures:
    """What one stage did, from the manifests of its outputs.

    tokens_per_second: prompt and reply tokens ÷ seconds; written_per_second: reply tokens ÷ seconds. Seconds are wall time
    of making the outputs, added up: loading the model, the store and the checks of the stage are in them.
    gpu_seconds: seconds · GPUs that a task leases; None where there is no GPU. replayed: replies that cost no time.
    """
    seconds = sum(manifest.seconds for manifest in manifests)
    written = sum(manifest.completion_tokens for manifest in manifests)
    tokens = written + sum(manifest.prompt_tokens for manifest in manifests)
    return {
        "requests": sum(manifest.requests for manifest in manifests),
        "replayed": sum(manifest.replayed for manifest in manifests),
        "seconds": round(seconds, 1),
        "tokens_per_second": round(tokens / seconds, 1),
        "written_per_second": round(written / seconds, 1),
        "gpus": gpus,
        "gpu_seconds": round(seconds * gpus, 1) if gpus else None,
    }


def sampling_figures(
    manifests: Sequence[Manifest], keys: RunKeys, services: TaskServices, *, raw_requests: int
) -> Figures:
    """CodeGen's written tokens a second through the platform and bare, and the ratio of the two.

    whole_per_second: reply tokens ÷ wall seconds of the stage, loading included. platform_per_second: reply tokens ÷ seconds
    that the engine worked on replies, the sum of what it measured of each; loading is not in it, pauses between parts are
    not either. raw_per_second: the same requests handed to the same engine at once, without the platform, after it
    was loaded and warm. platform_to_raw and whole_to_raw are shares, 1 being no loss.
    """
    rows = [row for manifest in manifests for row in _samples(manifest, services.store)]
    generations = [row.record.program.generation for row in rows if row.record.program.generation is not None]
    written = sum(generation.completion_tokens for generation in generations)
    working = sum(generation.seconds for generation in generations)
    raw = raw_speed(keys.config, services, requests=min(raw_requests, len(rows)))
    whole = written / sum(manifest.seconds for manifest in manifests)
    through = written / working
    return {
        "rows": len(rows),
        "whole_per_second": round(whole, 1),
        "platform_per_second": round(through, 1),
        "raw_per_second": round(raw, 1),
        "platform_to_raw": round(through / raw, 3),
        "whole_to_raw": round(whole / raw, 3),
    }


def raw_speed(config: RunConfig, services: TaskServices, *, requests: int) -> float:
    """Tokens a second that the engine of CodeGen writes, all requests in one call, its loading left out."""
    settings = config.models["codegen"]
    adapter = settings.adapter and services.models.find_adapter(settings.adapter, base=settings.model)
    folder = services.model_folder(settings.model, settings.revision)
    prompt = load_prompt(settings.prompt, variables=VARIABLES["codegen"], folder=config.prompts_folder)
    asked = [
        make_request(prompt, settings, model_id="gpu trial", sample=number, values={})
        for number in range(WARM_REQUESTS + requests)
    ]
    engine = open_llm(settings, folder=folder, model_id="gpu trial", adapter=adapter)
    engine.generate(asked[:WARM_REQUESTS])
    begun = time.perf_counter()
    replies = engine.generate(asked[WARM_REQUESTS:])
    seconds = time.perf_counter() - begun
    engine.close()
    return sum(reply.generation.completion_tokens for reply in replies) / seconds


def training_figures(model: ModelRecord, services: TaskServices, *, device: str | None) -> Figures:
    """How fast a CodeGen was trained, from its entry in the registry.

    tokens_per_second: tokens of the examples · epochs ÷ seconds of the training, over all its processes. mfu:
    `gpu_figures.model_flops_share` of one process; None without a GPU, for a device that is not listed, and for a training
    that was gone on with after a kill, whose seconds are of its last attempt alone.
    """
    metrics, settings = model.metrics, model.config
    processes = int((settings.get("hardware") or {}).get("processes", 1))
    is_lora = int(settings.get("lora_rank", 0)) > 0
    is_whole = not metrics["resumed_at"]
    speed = metrics["tokens"] * float(settings["epochs"]) / metrics["seconds"] if is_whole else None
    folder = Path(services.model_folder(f"{REGISTERED}{model.model_id}"))
    weights = sum(count_weights(path) for path in folder.glob("*.safetensors"))
    mfu = None
    if device is not None and speed is not None:
        mfu = model_flops_share(weights, speed / processes, device, is_lora=is_lora)
    return {
        "weights": weights,
        "is_lora": is_lora,
        "processes": processes,
        "seconds": round(metrics["seconds"], 1),
        "tokens_per_second": None if speed is None else round(speed, 1),
        "mfu": None if mfu is None else round(mfu, 4),
    }


def gpu_seconds_per_row(stages: dict[str, Figures], published: Sequence[Manifest]) -> float | None:
    """GPU-seconds of all stages that asked a model ÷ rows of the dataset; None without a GPU or a row.

    Training CodeGen and unifying seeds are left out, as many nightly runs share them.
    """
    rows = sum(manifest.passed for manifest in published)
    spent = [figures["gpu_seconds"] for figures in stages.values() if figures["gpu_seconds"] is not None]
    return round(sum(spent) / rows, 3) if rows and spent else None


def count_weights(path: Path) -> int:
    """The number of weights in a file of safetensors, from its header: 8 bytes of length, then JSON with all shapes."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


def device_name() -> str | None:
    """The name of the first GPU, as its driver gives it; None where there is none."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def settings_on_the_gpu(config: str, samples: int) -> list[str]:
    """Overrides that put every role of a config on vLLM, and its size to `samples` in four shards."""
    roles = load_config(config).models
    placed = [f"models.{role}.{name}={value}" for role in roles for name, value in ON_THE_GPU.items()]
    return [f"samples={samples}", f"shard_samples={-(-samples // 4)}", *PLACED, *placed]


@click.group()
def main() -> None:
    """The trial of a machine with a GPU."""


@main.command("run")
@click.option("--config", default="smol", show_default=True, help="A bundled config or a TOML file.")
@click.option("--samples", default=20_000, show_default=True, type=click.IntRange(1), help="Programs to sample.")
@click.option("--set", "overrides", multiple=True, metavar="K=V", help="Change a setting, after all others.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script to read.")
@explain_errors
def run_trial(config: str, samples: int, overrides: Sequence[str], as_json: bool) -> None:
    """Take the whole line of a config through vLLM on this machine, by Airflow, and report."""
    if device_name() is None or find_spec("vllm") is None:
        raise PlatformError("There is no GPU here, or no vLLM: on a machine with one, `make install-gpu` installs it.")
    changes = [*settings_on_the_gpu(config, samples), *overrides]
    _check_files(load_config(config, changes))
    words = [word for change in changes for word in ("--set", change)]
    done = subprocess.run([sys.executable, "-m", "caco_tasks.cli", "demo", "--config", config, *words], check=False)
    if done.returncode:
        raise PlatformError("The line did not end well: mend what it says above, and run the trial again; it goes on.")
    _show(demo_job(platform_home(), config, changes).run_id("nightly"), RAW_REQUESTS, as_json)


@main.command("report")
@click.argument("run_id", metavar="RUN")
@click.option("--requests", default=RAW_REQUESTS, show_default=True, type=click.IntRange(1), help="Of the bare engine.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script to read.")
@explain_errors
def report_run(run_id: str, requests: int, as_json: bool) -> None:
    """Report on a nightly run that is done; RUN may be the beginning of its id."""
    _show(run_id, requests, as_json)


def _show(run_id: str, requests: int, as_json: bool) -> None:
    for variable, value in ENGINE_ENVIRONMENT.items():  # vLLM reads them when it is imported
        os.environ.setdefault(variable, value)
    figures = report(run_id, device=device_name(), raw_requests=requests)
    if as_json:
        print_json(figures)
        return
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    groups = {"sampling": {"tokens": figures["sampling"]}, "training": {"CodeGen": figures["training"] or {}}}
    for table in figure_tables({**plain, "stages": figures["stages"], **groups}):
        print_whole(table, out)


def _check_files(config: RunConfig) -> None:
    paths = [source.path for source in config.seeds.sources] + [one.path for one in config.decontamination.benchmarks]
    missing = [path for path in paths if path is not None and not Path(path).exists()]
    if missing:
        raise PlatformError(
            f"The file {missing[0]} of the config '{config.name}' is not here: docs/sources.md says whence."
        )


def _nightly_run(ledger: Ledger, run_id: str) -> RunRecord:
    run = ledger.find_run(run_id, pipeline="nightly")
    if run is None:
        raise PlatformError(f"There is no nightly run '{run_id}': `caco runs` lists them.")
    return run


def _outputs(spec: StageSpec, keys: RunKeys, store: Store) -> Iterator[Manifest]:
    """The finished outputs that a run consists of at a stage."""
    for shard in range(1 if spec.gathers else keys.config.sample_shards):
        manifest = find_output(store, spec.name, keys.key(spec.name, shard))
        if manifest is None:
            raise PlatformError(f"The run is not done: shard {shard} of '{spec.name}' is missing.")
        yield manifest


def _samples(manifest: Manifest, store: Store) -> list[JudgedRecord[Sample]]:
    return read_shard(store, manifest.uri, Sample, sha256=manifest.sha256)


def _training(ledger: Ledger, run: RunRecord) -> ModelRecord | None:
    """The registry's entry of the CodeGen that a run pinned; None for a model that was not trained here."""
    if run.model_id is None or run.training is None:
        return None
    found = ledger.accepted_model(run.partition, run.training)
    return found if found is not None and found.model_id == run.model_id else None


def _gpus(spec: StageSpec, config: RunConfig, device: str | None) -> int:
    return 0 if device is None else count_gpus(spec, config)


if __name__ == "__main__":
    main()
