"""The verified programs that new ones are made of: those that the stage `unify` passed, in the outputs that a run pinned."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.checks.fingerprints import program_fingerprint
from caco_tasks.errors import PrerequisiteError
from caco_tasks.offspring.input_units import COUNT, counted_word, unit_of
from caco_tasks.offspring.template import TemplateProgram, read_template
from caco_tasks.records import SeedProgram
from caco_tasks.store import Store
from caco_tasks.store.manifest import manifest_uri, parse_manifest
from caco_tasks.store.shards import iterate_shard

STAGE = "unify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A verified program, ready to become a part of another."""

    program_id: str
    seed_id: str
    program: TemplateProgram
    output: Any  # what it gave when it was verified
    unit: str | None  # of its output; None: its names do not tell
    counted: str | None  # what the output counts, in the plural; None: it is no count, or its names do not tell
    domain: str | None  # of its seed; None: its source names none
    shape: str  # the same for all programs that differ in numbers and texts alone


def make_parent(code: str, output: Any, *, program_id: str, seed_id: str, domain: str | None = None) -> Parent | None:
    """A program as a parent; None where it is not as plain as offspring are made of."""
    program = read_template(code)
    if program is None:
        return None
    unit = unit_of(program.result) or unit_of(program.name)
    return Parent(
        program_id=program_id,
        seed_id=seed_id,
        program=program,
        output=output,
        unit=unit,
        counted=(counted_word(program.result) or counted_word(program.name)) if unit == COUNT else None,
        domain=domain,
        shape=program_fingerprint(code, keep_literals=False),
    )


def read_parents(store: Store, keys: Sequence[str]) -> list[Parent]:
    """All parents in the outputs of `unify` with these keys, in their order.

    Raises:
        PrerequisiteError: an output is not there, or none of the programs can be a parent.
        DamagedError: an output is not readable.
    """
    parents = list(_parents_of(_seed_programs(store, keys)))
    if not parents:
        raise PrerequisiteError(
            "[mix] makes programs of verified seed programs, and none of this run's has the unified template: "
            "take [mix] out of the config, or add seeds."
        )
    return parents


def _seed_programs(store: Store, keys: Iterable[str]) -> Iterator[SeedProgram]:
    for key in keys:
        uri = manifest_uri(STAGE, key)
        found = store.get(uri)
        if found is None:
            raise PrerequisiteError(
                f"The seed programs {key[:12]} that [mix] needs are not there: run `caco_seeds` again."
            )
        manifest = parse_manifest(found, uri=uri)
        for row in iterate_shard(store, manifest.uri, SeedProgram, sha256=manifest.sha256):
            if row.verdict.kept:
                yield row.record


def _parents_of(rows: Iterable[SeedProgram]) -> Iterator[Parent]:
    for row in rows:
        if row.program is None or row.execution is None or row.execution.output_json is None:
            continue
        output = json.loads(row.execution.output_json)
        ids = {"program_id": row.program.program_id, "seed_id": row.seed.seed_id}
        parent = make_parent(row.program.code, output, **ids, domain=row.seed.domain)
        if parent is not None:
            yield parent
