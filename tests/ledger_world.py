"""Three small runs as the stages leave them in a store: seeds, a trained model, and a nightly run with every kind of verdict."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from caco_tasks import ids
from caco_tasks.checks.programs.program_measures import measure_program
from caco_tasks.config import load_config
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import STAGES, mapped_stages
from caco_tasks.records import (
    PASS,
    Execution,
    Generation,
    Grade,
    JudgedRecord,
    Judgement,
    Outcome,
    Overlap,
    Problem,
    Program,
    ProgramOrigin,
    PublishedRow,
    Reason,
    Sample,
    Seed,
    SeedProgram,
    Selection,
    Solution,
    Verdict,
    Vote,
    fail,
    unknown,
)
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import (
    RunOutput,
    manifest_uri,
    output_folder,
    output_key,
    parse_stored,
    run_output_uri,
    run_uri,
)
from caco_tasks.store.registry import (
    DatasetFile,
    DatasetRecord,
    DatasetState,
    DatasetStates,
    ModelFiles,
    ModelRecord,
    StoredFile,
    dataset_folder,
    dataset_manifest_uri,
    dataset_state_uri,
    model_manifest_uri,
)
from caco_tasks.store.shards import read_shard, write_rows

SHARDS = 2
NASTY = "Zero\tDivision\\N \\. \r\nline 2 \0 end 'quoted' \u2028 题"

# the sample with this number is stopped by this stage
STOPS: dict[str, dict[int, Verdict]] = {
    "sample": {0: fail(Reason.CUT_OFF)},
    "execute": {1: fail(Reason.ERROR, NASTY)},
    "screen": {2: fail(Reason.TOO_SHORT)},
    "dedup": {3: fail(Reason.SAME_PROGRAM, "\\N")},
    "reverse": {4: fail(Reason.LEAKS_ANSWER, "")},
    "solve": {5: fail(Reason.NO_FINAL_ANSWER)},
    "agree": {6: fail(Reason.ANSWERS_DIFFER, "7 is not 8")},
    "judge": {7: fail(Reason.INCONSISTENT), 8: unknown(Reason.UNPARSEABLE_JUDGEMENT)},
    "decontaminate": {9: fail(Reason.BENCHMARK_OVERLAP, "gsm8k/17")},
    "publish": {},
}
STRICT = {10: fail(Reason.INCONSISTENT, "step 2 gives 11")}  # what the judge of `judge_again` stops
SELECTOR = "5e1ec7" + "0" * 26  # asked before `reverse`
SAMPLES = 14
PUBLISHED = SAMPLES - sum(map(len, STOPS.values()))


@dataclass(frozen=True, kw_only=True)
class World:
    """What was made, in the order in which it was made."""

    runs: list[RunRecord] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)
    datasets: list[DatasetRecord] = field(default_factory=list)

    def run(self, pipeline: str) -> RunRecord:
        """The last run of a pipeline."""
        return [run for run in self.runs if run.pipeline == pipeline][-1]

    def of(self, stage: str) -> list[Manifest]:
        """The manifests of a stage."""
        return [manifest for manifest in self.manifests if manifest.stage == stage]


def build(store: Store, *, partition: str = "2026-11-20", config: str = "first") -> World:
    """Writes a whole world into the store."""
    world = World()
    training = ids.content_id("training", config)
    seeds = make_run("seeds", partition, config)
    pins = {"seed_run_id": seeds.run_id, "training": training}
    codegen = make_run("codegen", partition, config, **pins)
    model_id = ids.content_id("model", config)
    nightly = make_run("nightly", partition, config, **pins, codegen_run_id=codegen.run_id, model_id=model_id)
    world.runs.extend([seeds, codegen, nightly])
    for run in world.runs:
        store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
    _write_seeds(world, store, seeds)
    _write_model(world, store, codegen, model_id)
    _write_samples(world, store, nightly)
    _publish(world, store, nightly)
    return world


def load(ledger: Ledger, store: Store, world: World) -> None:
    """Loads all of it, as the runs made it."""
    for run in world.runs:
        ledger.register_run(run)
    for manifest in world.manifests:
        load_as_made(ledger, store, world, manifest)
    for dataset in world.datasets:
        ledger.register_dataset(dataset, store)
        uri = dataset_state_uri(dataset.dataset, dataset.version)
        for one in parse_stored(DatasetStates, store.get(uri) or b"", uri=uri).history:
            name = f"{dataset.dataset}/{dataset.version}"
            ledger.set_dataset_state(name, one.state, by=one.by, because=one.because, at=one.at)


def judge_again(ledger: Ledger, store: Store, world: World) -> RunRecord:
    """Writes and loads a nightly run over the same samples, with another judge: it shares the outputs before that stage.

    It accepts the samples 7 and 8, which the first judge does not, and not number 10, which the first accepts.
    """
    first = world.run("nightly")
    pins = {name: getattr(first, name) for name in ("seed_run_id", "codegen_run_id", "model_id", "training")}
    run = make_run("nightly", first.partition, "strict", **pins)
    run.config["judge"]["times"] = 5
    run = run.model_copy(update={"models": {**run.models, "judge": "strict@1"}})
    ledger.register_run(run)
    store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
    for manifest in (one for spec in mapped_stages("nightly") for one in world.of(spec.name)):
        if manifest.stage not in ("judge", "decontaminate"):
            place_in_store(store, run, manifest, shard=manifest.shard)
            ledger.load_output(run, manifest, store, shard=manifest.shard)
    for shard, before in enumerate(world.of("agree")):
        records = [_grown("judge", one.record) for one in kept_by(world, store, "agree", shard)]
        judged = [JudgedRecord(record=one, verdict=STRICT.get(_number(one), PASS)) for one in records]
        passed = [_grown("decontaminate", one.record) for one in judged if one.verdict.kept]
        made = write(store, run, "judge", shard, judged, inputs=(before.key,), **_asked("judge", judged))
        last = [_judge("decontaminate", one, _number(one)) for one in passed]
        for manifest in (made, write(store, run, "decontaminate", shard, last, inputs=(made.key,))):
            ledger.load_output(run, manifest, store, shard=shard)
    return run


def load_as_made(ledger: Ledger, store: Store, world: World, manifest: Manifest) -> Manifest:
    """Loads one output for the run that made it."""
    maker = next(run for run in world.runs if run.run_id == manifest.run_id)
    return ledger.load_output(maker, manifest, store, shard=manifest.shard, attempt=manifest.attempt)


def write(
    store: Store, run: RunRecord, stage: str, shard: int, judged: Sequence[JudgedRecord[Any]], **more: Any
) -> Manifest:
    """Writes one output, its manifest and its place in the run, as the runner does; `more` are fields of the manifest."""
    record = type(judged[0].record)
    recipe = more.pop("recipe", {"stage": stage, "version": 1, "config": run.config["name"], "share": 0.1})
    if stage == "reverse":
        recipe["selector"] = SELECTOR
    inputs = more.get("inputs", ())
    origin = {} if inputs else {"partition": run.partition, "pipeline": run.pipeline, "shard": shard}
    if stage == "sample":
        each = SAMPLES // SHARDS
        origin |= {"draw": _draw(run), "start": shard * each, "stop": (shard + 1) * each}
    again = {name: more[name] for name in ("attempt", "previous", "keeps_known") if name in more}
    key = output_key(recipe, origin=origin, inputs=inputs, **again)
    written = write_rows(store, folder=output_folder(stage, key), record=record, judged=judged)
    outcomes = Counter(str(one.verdict.outcome) for one in judged)
    reasons = Counter(str(one.verdict.reason) for one in judged if one.verdict.reason)
    manifest = Manifest(
        key=key,
        recipe=recipe,
        origin=origin,
        run_id=run.run_id,
        pipeline=run.pipeline,
        partition=run.partition,
        stage=stage,
        shard=shard,
        record=record.__name__,
        **written,
        read=len(judged),
        passed=outcomes["pass"],
        failed=outcomes["fail"],
        unknown=outcomes["unknown"],
        reasons=dict(reasons),
        code_version="0.1.0",
        **{"seconds": 1.25, **more},
    )
    store.put(manifest_uri(stage, key), manifest.model_dump_json().encode())
    place_in_store(store, run, manifest, shard=shard, attempt=manifest.attempt)
    return manifest


def kept_by(
    world: World, store: Store, stage: str, shard: int, *, manifest: Manifest | None = None
) -> list[JudgedRecord[Any]]:
    """What a stage passed of a shard, as records that pass again."""
    manifest = manifest or world.of(stage)[shard]
    judged = read_shard(store, manifest.uri, STAGES[stage].writes)
    return [replace(one, verdict=PASS) for one in judged if one.verdict.kept]


def place_in_store(store: Store, run: RunRecord, manifest: Manifest, *, shard: int, attempt: int = 0) -> None:
    """Notes in the store that a run consists of an output."""
    place = RunOutput(
        run_id=run.run_id,
        stage=manifest.stage,
        shard=shard,
        key=manifest.key,
        attempt=attempt,
        is_reused=manifest.run_id != run.run_id,
    )
    store.put(run_output_uri(run, manifest.stage, shard), place.model_dump_json().encode())


def first_samples(run: RunRecord, shard: int, count: int) -> list[JudgedRecord[Sample]]:
    """What the stage `sample` leaves in a shard."""
    return [_judge("sample", _sample(run, shard, row), row * SHARDS + shard) for row in range(count)]


def sample_id(run: RunRecord, number: int) -> str:
    """The id of a sample of a nightly run, by its number."""
    return ids.sample_id(_draw(run), number)


def _draw(run: RunRecord) -> str:
    return ids.draw_id(run.partition, run.model_id or "", {}, "")


def make_run(pipeline: str, partition: str, config: str, **pins: Any) -> RunRecord:
    """The record of a run; the name of its config tells it from others of its date."""
    changes = [f"name={config}", f"samples={SAMPLES}", f"shards={SHARDS}", f"seeds.shards={SHARDS}"]
    config_hash = ids.content_id("config", config)
    return RunRecord(
        run_id=ids.run_id(pipeline, partition, config_hash),
        pipeline=pipeline,
        partition=partition,
        config_hash=config_hash,
        config=load_config("smoke", changes).model_dump(mode="json"),
        code_version="0.1.0",
        models={"codegen": "nano@1", "judge": "nano@2"},
        **pins,
    )


def _write_seeds(world: World, store: Store, run: RunRecord) -> None:
    grades = [Grade.S, Grade.A_PLUS, None, Grade.D]
    for shard in range(SHARDS):
        seeds = [_seed(shard, number) for number in range(5)]
        read = [JudgedRecord(record=seed, verdict=PASS) for seed in seeds]
        read[4] = replace(read[4], verdict=fail(Reason.UNREADABLE_RECORD, "line 5: not JSON"))
        manifest = write(store, run, "seeds", shard, read)
        found = [_seed_program(seed, grade) for seed, grade in zip(seeds[:4], grades, strict=True)]
        found[3] = replace(found[3], verdict=fail(Reason.GRADE_TOO_LOW))
        world.manifests.append(manifest)
        world.manifests.append(write(store, run, "unify", shard, found, inputs=(manifest.key,)))


def _seed(shard: int, number: int) -> Seed:
    key = f"{shard}\0{number}"
    return Seed(
        seed_id=ids.seed_id("toy", "v1", key),
        source="toy",
        revision="v1",
        licence="MIT" if number else "CC0-1.0",
        key=key,
        problem=f"What is {number} and {shard}?",
        answer=str(number + shard),
        domain=None if number == 1 else "arithmetic",
        difficulty=None if number == 1 else 1,
    )


def _seed_program(seed: Seed, grade: Grade | None) -> JudgedRecord[SeedProgram]:
    code = f"input = {{'a': {seed.answer}}}\noutput = input['a']\n"
    generation = _generation("unify", seed.seed_id) if grade is None else None
    program = Program(program_id=ids.program_id(code), code=code, generation=generation)
    return JudgedRecord(
        record=SeedProgram(seed=seed, program=program, execution=_execution(seed.answer), grade=grade), verdict=PASS
    )


def _write_model(world: World, store: Store, run: RunRecord, model_id: str) -> None:
    weights = b"weights"
    store.put(f"models/{model_id}/model.safetensors", weights)
    files = StoredFile(name="model.safetensors", bytes=len(weights), sha256=hashlib.sha256(weights).hexdigest())
    store.put(model_manifest_uri(model_id), ModelFiles(model_id=model_id, files=(files,)).model_dump_json().encode())
    model = ModelRecord(
        model_id=model_id,
        run_id=run.run_id,
        parent="nano:base",
        training=run.training,
        data_hash=ids.content_id("data", 1),
        config={"epochs": 1.0},
        metrics={"loss_before": 2.5, "loss_after": 0.1, "lost": float("nan")},
        uri=f"models/{model_id}",
        sha256="0" * 64,
        accepted=True,
    )
    rows = [JudgedRecord(record=_seed_program(_seed(0, 0), Grade.S).record, verdict=PASS)]
    artifacts = {"model": model.model_dump(), "own": _write_own_rows(store, model_id)}
    world.manifests.append(write(store, run, "train", 0, rows, artifacts=artifacts))


def _write_own_rows(store: Store, model_id: str) -> dict[str, Any]:
    """A published row of an earlier night, which no ledger has, that a model learnt from."""
    table, buffer = pa.table({"sample_id": [ids.content_id("own", model_id)], "dataset": ["toys/earlier"]}), BytesIO()
    pq.write_table(table, buffer)
    uri = f"outputs/train/own-{model_id}.parquet"
    store.put(uri, buffer.getvalue())
    return {"uri": uri, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest(), "rows": 1}


def _write_samples(world: World, store: Store, run: RunRecord) -> None:
    before: dict[int, Manifest] = {}
    kept = {shard: first_samples(run, shard, SAMPLES // SHARDS) for shard in range(SHARDS)}
    for stage in (spec.name for spec in mapped_stages("nightly")):
        for shard in range(SHARDS):
            if stage != "sample":
                passed = [one.record for one in kept[shard] if one.verdict.kept]
                kept[shard] = [_judge(stage, _grown(stage, one), _number(one)) for one in passed]
            inputs = (before[shard].key,) if shard in before else ()
            before[shard] = write(store, run, stage, shard, kept[shard], inputs=inputs, **_asked(stage, kept[shard]))
            world.manifests.append(before[shard])
    final = [one for shard in range(SHARDS) for one in kept[shard] if one.verdict.kept]
    rows = [
        JudgedRecord(
            record=PublishedRow(sample_id=one.record.sample_id, file="train-00000.parquet", row=row), verdict=PASS
        )
        for row, one in enumerate(final)
    ]
    inputs = tuple(before[shard].key for shard in range(SHARDS))
    dataset = {"dataset": f"toys/{run.run_id[:8]}"}
    world.manifests.append(write(store, run, "publish", 0, rows, inputs=inputs, artifacts=dataset))


def _asked(stage: str, judged: Sequence[JudgedRecord[Sample]]) -> dict[str, Any]:
    """What a manifest says of models, sandbox and rules that only record."""
    if stage == "execute":
        return {"sandbox_version": "1", "sandbox_level": "full"}
    if stage == "screen":
        return {"recorded": {"dead_input": 2, "trivial": 1}}
    if stage not in ("sample", "reverse", "solve", "judge"):
        return {}
    model = judged[0].record.program.generation.model_id if stage == "sample" else "nano:base"
    asked = {
        "models": (model,),
        "prompts": (f"nano_{stage}.v1",),
        "requests": len(judged),
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "cut_off": sum(one.verdict.reason is Reason.CUT_OFF for one in judged),
    }
    return asked | ({"cost_usd": 0.25, "replayed": 2} if stage == "solve" else {})


def _publish(world: World, store: Store, run: RunRecord) -> None:
    samples = [sample_id(run, number) for number in range(SAMPLES - PUBLISHED, SAMPLES)]
    buffer = BytesIO()
    pq.write_table(pa.table({"sample_id": samples, "problem": ["?"] * len(samples)}), buffer)
    data, version = buffer.getvalue(), run.run_id[:8]
    uri = f"{dataset_folder('toys', version)}/train-00000.parquet"
    store.put(uri, data)
    file = DatasetFile(uri=uri, rows=len(samples), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    dataset = DatasetRecord(
        dataset="toys",
        version=version,
        run_id=run.run_id,
        partition=run.partition,
        rows=len(samples),
        code_version="0.1.0",
        files=(file,),
    )
    store.put(dataset_manifest_uri("toys", version), dataset.model_dump_json().encode())
    changes = [
        DatasetState(state=state, by="test", because="so it goes", at=datetime(2026, 11, 21, hour, tzinfo=UTC))
        for hour, state in enumerate(("staged", "published"))
    ]
    states = DatasetStates(history=tuple(changes))
    store.put(dataset_state_uri("toys", version), states.model_dump_json().encode())
    world.datasets.append(dataset)


def _judge(stage: str, sample: Sample, number: int) -> JudgedRecord[Sample]:
    return JudgedRecord(record=sample, verdict=STOPS[stage].get(number, PASS))


def _sample(run: RunRecord, shard: int, row: int) -> Sample:
    number = row * SHARDS + shard
    code = f"input = {{'n': {number}}}\noutput = input['n'] + 1\n"
    found = sample_id(run, number)
    reason = "length" if number == 0 else "stop"
    generation = replace(_generation("sample", found), finish_reason=reason, model_id=run.model_id or "")
    parent = ids.seed_id("toys", run.partition, "0")
    made_of = ProgramOrigin(kind="mutate", operator="more", parents=(parent,), seeds=(parent,))
    program = Program(
        program_id=ids.program_id(code), code=code, generation=generation, origin=made_of if number == 1 else None
    )
    return Sample(sample_id=found, program=program)


def _number(sample: Sample) -> int:
    return int(sample.program.code.split("'n': ")[1].split("}")[0])


def _grown(stage: str, sample: Sample) -> Sample:
    """The sample with what a stage adds to it."""
    generation = _generation(stage, sample.sample_id)
    match stage:
        case "execute":
            return replace(sample, execution=_execution(str(_number(sample) + 1)))
        case "reverse":
            said = Selection(stage=stage, probability=0.25, threshold=0.5, is_explored=True, domain="algebra")
            said = replace(said, probability=0.75, is_explored=False) if _number(sample) % 3 else said
            return replace(sample, problem=Problem(text="How many?", generation=generation), selections=(said,))
        case "solve":
            return replace(sample, solution=Solution(text="It is 8.", answer="8", generation=generation))
        case "agree" if sample.solution is not None:
            solution = replace(sample.solution, equations_checked=_number(sample), compared_by="integer v1")
            return replace(sample, solution=solution, measures=measure_program(sample.program.code))
        case "judge":
            votes = (_vote(Outcome.PASS), _vote(Outcome.FAIL, Reason.INCONSISTENT, 2), _vote(Outcome.PASS))
            return replace(sample, judgement=Judgement(reply="yes", generation=generation, votes=votes))
        case "decontaminate" if _number(sample) == 9:
            found = Overlap(benchmark="gsm8k", item="17", rule="ngram", score=0.75, matched_text="how\tmany")
            return replace(sample, overlaps=(found, replace(found, item="18", score=1.0)))
    return sample


def _vote(outcome: Outcome, reason: Reason | None = None, step: int | None = None) -> Vote:
    return Vote(
        reply="…", prompt="judge.v1", request_id="q", outcome=outcome, reason=reason, first_disagreeing_step=step
    )


def _execution(output: str | None) -> Execution:
    return Execution(
        input_json="{}",
        output_json=None,
        output_text=output,
        output_type="int",
        stdout="",
        error=None,
        wall_seconds=0.1,
        cpu_seconds=1e-05,
        peak_memory_mb=12.5,
        sandbox_level="full",
    )


def _generation(stage: str, subject: str) -> Generation:
    return Generation(
        request_id=ids.content_id("request", stage, subject),
        model_id="nano:base",
        prompt=f"nano_{stage}.v1",
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=20,
        seconds=0.5,
        cost_usd=0.125,
        is_replayed=stage == "solve",
    )
