"""What `caco select` does: learns from the fates of earlier samples, and keeps what it learnt as a selector.

Fates come from the ledger, texts and tokens from the outputs in the store. Samples that a selector skipped have no fate; those
like them that were explored count for them, by the share that was explored.
"""

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from caco_tasks.config import RunConfig, parse_config
from caco_tasks.errors import ConfigError, PrerequisiteError
from caco_tasks.identity import acceptance_hash
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import mapped_stages
from caco_tasks.planning import check_partition
from caco_tasks.records import Generation, JudgedRecord, Reason, Sample
from caco_tasks.selection.features import FEATURES_VERSION, describe_problem, describe_program
from caco_tasks.selection.learning import Example, split, train
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.selector_record import SelectorRecord, selector_uri
from caco_tasks.store.shards import iterate_shard
from caco_tasks.version import code_version

LIBRARIES = {"xgboost": ("xgboost-cpu", "xgboost"), "scipy": ("scipy",)}  # name -> packages that may bring it
MAX_RUNS = 1000  # that are looked through for some to learn from

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What there is to learn from."""

    runs: tuple[RunRecord, ...]  # newest last
    examples: tuple[Example, ...]
    sampled_tokens: float  # written by CodeGen for each sample that reached `reverse`


def train_selector(
    ledger: Ledger, store: Store, config: RunConfig, *, before: str, told: Told = lambda line: None
) -> SelectorRecord:
    """Trains a selector on the runs of dates before `before`, and registers it; the same runs give the same selector.

    Raises:
        ConfigError: the config has no `[select]`.
        PrerequisiteError: there are too few samples to learn from.
    """
    if config.select is None:
        raise ConfigError(
            f"The config '{config.name}' has no section [select]: give it one, or --set select.explore=0.1."
        )
    check_partition(before)
    settings = config.select.train
    earlier = read_earlier(ledger, store, config, before=before, told=told)
    _demand_rows(earlier, settings.min_rows, config.name, before)
    learnt = train(earlier.examples, sampled_tokens=earlier.sampled_tokens, min_recall=settings.min_recall, told=told)
    facts = {
        "acceptance": acceptance_hash(config),
        "config": config.name,
        "until": earlier.runs[-1].partition,
        "run_ids": tuple(run.run_id for run in earlier.runs),
        "features_version": FEATURES_VERSION,
        "prior": learnt.prior,
        "fates": learnt.fates,
        "stages": learnt.stages,
        "expected": learnt.expected,
        "libraries": {name: _version(packages) for name, packages in LIBRARIES.items()},
        "code_version": code_version(),
        "trained_at": datetime.now(UTC),
    }
    record = SelectorRecord(selector_id="0" * 32, **facts)
    record = record.model_copy(update={"selector_id": record.hashed()})
    uri = selector_uri(record.selector_id)
    kept = store.get(uri)
    if kept is None:
        store.put(uri, record.model_dump_json().encode())
    else:  # learnt before: when and by which commit stays as it was
        record = parse_stored(SelectorRecord, kept, uri=uri)
    ledger.register_selector(record)
    return record


def read_earlier(
    ledger: Ledger, store: Store, config: RunConfig, *, before: str, told: Told = lambda line: None
) -> Earlier:
    """The newest finished runs whose samples were accepted by the same models, prompts and checks, and their samples."""
    assert config.select is not None
    runs = _find_runs(ledger, config, before)[: config.select.train.runs]
    examples: dict[str, Example] = {}
    tokens = reached = 0
    # runs of one date may share their samples: those that skipped nothing know more of them
    for number, run in enumerate(sorted(runs, key=lambda run: (bool(run.models.get("selector")), run.partition))):
        told(f"reading run {number + 1} of {len(runs)}: {run.partition}")
        found = list(read_examples(ledger, store, run))
        examples = {one.sample_id: one for one in found} | examples
        tokens += sum(output.completion_tokens for output in ledger.outputs(run.run_id, "sample"))
        reached += sum(output.read for output in ledger.outputs(run.run_id, "reverse"))
    return Earlier(
        runs=tuple(sorted(runs, key=lambda run: (run.partition, run.run_id))),
        examples=tuple(examples.values()),
        sampled_tokens=tokens / max(1, reached),
    )


def read_examples(ledger: Ledger, store: Store, run: RunRecord) -> Iterator[Example]:
    """The samples of a run that reached `reverse` and whose end is known."""
    config = parse_config(run.config, origin=f"the record of run {run.run_id}")
    outcomes = ledger.outcomes(run.run_id)
    later = _later_tokens(ledger, store, run)
    explored_share = config.select.explore if config.select is not None else 1.0
    solved = {row.id: row.verdict.reason for row in _read(ledger, store, run, "solve")}
    for row in _read(ledger, store, run, "reverse"):
        sample, outcome = row.record, outcomes.get(row.id, "unknown")
        is_skipped = Reason.UNLIKELY in (row.verdict.reason, solved.get(row.id))
        if outcome == "unknown" or is_skipped:
            continue
        is_below = any(one.is_below for one in sample.selections)
        yield Example(
            sample_id=sample.sample_id,
            partition=run.partition,
            program=describe_program(sample),
            problem=describe_problem(sample) if row.verdict.kept else None,
            is_accepted=outcome == "pass",
            weight=1 / explored_share if is_below else 1.0,
            reverse_tokens=_tokens(sample.problem.generation if sample.problem else None),
            later_tokens=later.get(row.id, 0),
        )


def _find_runs(ledger: Ledger, config: RunConfig, before: str) -> list[RunRecord]:
    """The finished nightly runs before a date with the same acceptance, newest first."""
    acceptance, last = acceptance_hash(config), mapped_stages("nightly")[-1].name
    found = []
    for run in ledger.runs(pipeline="nightly", max_runs=MAX_RUNS):
        if run.partition >= before:
            continue
        settings = parse_config(run.config, origin=f"the record of run {run.run_id}")
        if acceptance_hash(settings) == acceptance and len(ledger.outputs(run.run_id, last)) == settings.sample_shards:
            found.append(run)
    return found


def _later_tokens(ledger: Ledger, store: Store, run: RunRecord) -> Mapping[str, int]:
    """The tokens that were written for each sample after `reverse`."""
    tokens: dict[str, int] = {}
    for row in _read(ledger, store, run, "solve"):
        solution = row.record.solution
        written = [one.generation for one in solution.candidates] or [solution.generation] if solution else []
        tokens[row.id] = sum(map(_tokens, written))
    for row in _read(ledger, store, run, "judge"):
        tokens[row.id] += _tokens(row.record.judgement.generation if row.record.judgement else None)
    for row in _read(ledger, store, run, "decontaminate"):
        tokens[row.id] += _tokens(row.record.neighbours.generation if row.record.neighbours else None)
    return tokens


def _tokens(generation: Generation | None) -> int:
    return generation.completion_tokens if generation is not None else 0


def _read(ledger: Ledger, store: Store, run: RunRecord, stage: str) -> Iterator[JudgedRecord[Sample]]:
    for output in ledger.outputs(run.run_id, stage):
        yield from iterate_shard(store, output.uri, Sample, sha256=output.sha256)


def _demand_rows(earlier: Earlier, least: int, name: str, before: str) -> None:
    rows = earlier.examples
    if len(rows) < least:
        raise PrerequisiteError(
            f"There are {len(rows):,} samples before {before} that were judged as '{name}' judges, and select.train.min_rows "
            f"asks for {least:,}: run more dates of it first."
        )
    for part in split(sorted(rows, key=lambda row: row.sample_id)):
        if len({row.is_accepted for row in part}) < 2:
            raise PrerequisiteError(
                f"All {len(part):,} samples of a part of the runs before {before} ended alike: there is nothing to learn."
            )


def _version(packages: Sequence[str]) -> str:
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"


def describe_selector(record: SelectorRecord) -> dict[str, Any]:
    """A selector without its trees and its memory, as `--json` shows it."""
    told = record.model_dump(mode="json", exclude={"fates", "stages"})
    stages = {
        name: stage.model_dump(mode="json", exclude={"model", "columns"}) for name, stage in record.stages.items()
    }
    return told | {"stages": stages, "remembered": {kind: len(marks) for kind, marks in record.fates.items()}}
