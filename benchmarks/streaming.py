"""Peak memory of what handles a whole dataset: publish, its load into the ledger, export, and a student's data.

Made rows of 1 KB of text go through each step in a process of its own, whose highest resident memory the kernel tells. What
the same step needs for a tenth of the rows stands beside it: memory should not grow with them. The full size of
1.3 million rows takes half an hour: `python benchmarks/streaming.py 1300000`.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from caco_tasks.config import load_config
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.counting import Conservation, OutputCounts
from caco_tasks.identity import RunKeys, config_hash, pipeline_run_id
from caco_tasks.llm.encoding import encode_file, order, token_counts
from caco_tasks.llm.examples import ExampleWriter
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.pipeline import find_stage
from caco_tasks.publishing.dataset_card import CardFacts
from caco_tasks.publishing.dataset_files import list_datasets, placed_rows, read_dataset
from caco_tasks.publishing.export import export
from caco_tasks.records import PASS, JudgedRecord, Judgement, Sample
from caco_tasks.services import TaskServices
from caco_tasks.stages.publish import publish_rows
from caco_tasks.store import Manifest, RunRecord, open_store
from caco_tasks.store.manifest import manifest_uri, output_folder
from caco_tasks.store.shards import iterate_shard, write_rows
from caco_tasks.store.store import StoreSettings

sys.path.insert(0, str(Path(__file__).parent))

ROWS = 100_000
SHARD_ROWS = 50_000
DAY = "2026-11-01"
TEXT_BYTES = 1000  # of problem, solution and program together


def bench(rows: int = ROWS) -> dict[str, Any]:
    """Takes `rows` made rows, and a tenth of them, through every step.

    Returns:
        For each step its seconds and its highest memory in MB, with all rows and with a tenth of them.
    """
    figures: dict[str, Any] = {"rows": rows, "cores": os.cpu_count()}
    for count, suffix in ((rows // 10, "_of_a_tenth"), (rows, "")):
        with tempfile.TemporaryDirectory(prefix="caco-bench-") as folder:
            for step in STEPS:
                seconds, peak_mb = _in_process(step, folder, count)
                figures.setdefault(step, {}).update({f"peak_mb{suffix}": peak_mb, f"seconds{suffix}": seconds})
    return figures


def _in_process(step: str, folder: str, rows: int) -> tuple[float, int]:
    begun = time.perf_counter()
    command = [sys.executable, __file__, str(rows), step, folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"HF_HOME": folder})
    return round(time.perf_counter() - begun, 1), int(done.stdout.split()[-1])


def make(folder: Path, rows: int) -> None:
    """The outputs that are to be published."""
    keys, spec = _keys(folder, rows), find_stage("nightly", "decontaminate")
    store = open_store(_settings(folder))
    for shard in range(keys.config.sample_shards):
        key, counts = keys.key(spec.name, shard), OutputCounts(spec)
        judged = (JudgedRecord(record=sample, verdict=PASS) for sample in _samples(keys.config.sample_range(shard)))
        written = write_rows(
            store, folder=output_folder(spec.name, key), record=Sample, judged=counts.counting(judged, {})
        )
        manifest = Manifest(
            key=key,
            stage=spec.name,
            shard=shard,
            recipe=keys.recipe(spec),
            origin=keys.origin(spec, shard),
            inputs=keys.inputs(spec, shard),
            run_id=keys.run.run_id,
            pipeline="nightly",
            partition=DAY,
            code_version="bench",
            record="Sample",
            **written,
            **counts.facts(),
            seconds=1.0,
        )
        store.put(manifest_uri(spec.name, key), manifest.model_dump_json().encode())


def publish(folder: Path, rows: int) -> None:
    """The stage, its rows counted and written as the runner does it."""
    keys = _keys(folder, rows)
    connections = Connections(store=_settings(folder), ledger_url=None, cache=folder / "models")
    with TaskServices(connections, run=keys.run, config=keys.config) as services:
        context = stage_context(keys, services, find_stage("nightly", "publish"), 0)
        conservation, counts = Conservation("publish", 0), OutputCounts(context.spec)
        facts = CardFacts(funnel=[], reasons=[], sources=[], manifests={})
        judged = conservation.leaving(publish_rows(conservation.entering(_passed(context)), context, facts))
        where = output_folder("publish", context.key)
        write_rows(services.store, folder=where, record=context.spec.writes, judged=counts.counting(judged, {}))
        conservation.check()


def load(folder: Path, rows: int) -> None:
    """The dataset and all its rows into the ledger."""
    from dedup import own_postgres

    from caco_tasks.ledger import Ledger

    store = open_store(_settings(folder))
    [name] = list_datasets(store)
    with own_postgres() as url, Ledger(url) as ledger:
        ledger.register_run(_keys(folder, rows).run)
        ledger.register_dataset(read_dataset(store, name), store)


def take_out(folder: Path, rows: int) -> None:
    """The dataset as chats."""
    store = open_store(_settings(folder))
    [name] = list_datasets(store)
    path, exported = export(store, name, format_name="messages", out=folder / "exported")
    assert exported == rows
    path.unlink()


def student_data(folder: Path, rows: int) -> None:
    """What a student learns from, until its training begins: examples, tokens, and the order of the rows."""
    from datasets import Dataset
    from transformers import AutoTokenizer

    store = open_store(_settings(folder))
    [name] = list_datasets(store)
    with ExampleWriter(folder / "examples") as writer:
        for _, row in placed_rows(store, name):
            writer.add((row["instruction"], row["output"]), is_held_out=False)
    tokenizer = AutoTokenizer.from_pretrained(str(NANO_FOLDER / "codegen"))
    encode_file(tokenizer, writer.files.train, folder / "train.arrow", 2048)
    lengths = token_counts(folder / "train.arrow")
    places = order(lengths, epochs=3.0, batch=128, seed=1)
    chosen = Dataset.from_file(str(folder / "train.arrow")).select(places)
    assert len(chosen[len(chosen) - 1]["input_ids"]) == lengths[places[-1]]
    assert len(lengths) == rows


STEPS: dict[str, Callable[[Path, int], None]] = {
    "make": make,
    "publish": publish,
    "load": load,
    "export": take_out,
    "student_data": student_data,
}


def _keys(folder: Path, rows: int) -> RunKeys:
    config = load_config("nano", [f"samples={rows}", f"shard_samples={SHARD_ROWS}"])
    run = RunRecord(
        run_id=pipeline_run_id("nightly", DAY, config),
        pipeline="nightly",
        partition=DAY,
        config_hash=config_hash("nightly", config),
        config=config.model_dump(mode="json"),
        code_version="bench",
        models=dict.fromkeys(("codegen", "reverser", "solver", "judge"), "bench"),
    )
    return RunKeys(run, {})


def _settings(folder: Path) -> StoreSettings:
    return StoreSettings(root=f"file://{folder}/store")


def _passed(context: Context) -> Iterator[Sample]:
    for key in context.inputs:
        text = context.services.store.get(manifest_uri("decontaminate", key)) or b""
        manifest = Manifest.model_validate_json(text)
        for judged in iterate_shard(context.services.store, manifest.uri, Sample, sha256=manifest.sha256):
            yield judged.record


def _samples(numbers: range) -> Iterator[Sample]:
    """Samples of the bank, each with an id and a text of its own, in the words of the bank."""
    from bank_samples import samples

    drawn = samples(94)
    words = sorted({word for sample in drawn if sample.problem for word in sample.problem.text.split()})[:256]
    for number in numbers:
        sample = drawn[number % len(drawn)]
        assert sample.problem is not None
        assert sample.solution is not None
        size = TEXT_BYTES - len(sample.problem.text) - len(sample.program.code)
        name = hashlib.shake_256(str(number).encode()).digest(TEXT_BYTES // 4)
        text = f"{sample.solution.text}\n{' '.join([words[place] for place in name])}"
        yield replace(
            sample,
            sample_id=name[:16].hex(),
            index=number,
            solution=replace(sample.solution, text=text[: max(size, len(sample.solution.text))]),
            judgement=Judgement(reply="yes", generation=sample.solution.generation),
        )


def _peak_mb() -> int:
    """The highest resident memory of this process so far; `getrusage` would count that of its parent before the start."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    if len(sys.argv) > 2:
        STEPS[sys.argv[2]](Path(sys.argv[3]), size)
        sys.stdout.write(f"{_peak_mb()}\n")
    else:
        sys.stdout.write(json.dumps(bench(size), indent=1) + "\n")
