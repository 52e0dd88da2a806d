"""No record is lost or doubled between two stages: checked over a whole run, shard by shard, and at its end by ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from caco_tasks.config import RunConfig, parse_config
from caco_tasks.errors import ConservationError
from caco_tasks.pipeline import StageSpec, count_shards, find_stage, mapped_stages, stage_before, stages_of
from caco_tasks.store.manifest import RunRecord

_PLACES = text("""
    SELECT CAST(place.stage AS text) AS stage, place.shard, output.key, output.inputs, output.read, output.passed
    FROM caco.run
    JOIN caco.run_output AS place USING (run_no)
    JOIN caco.output USING (output_no)
    WHERE run.run_id = CAST(:run_id AS uuid) AND place.is_current
        AND (CAST(:shards AS integer[]) IS NULL OR place.shard = ANY(CAST(:shards AS integer[])))
    ORDER BY place.stage, place.shard
""")
_FATES = text("""
    SELECT count(*) AS fates, count(DISTINCT fate.subject) AS subjects
    FROM caco.run
    JOIN caco.run_output AS place USING (run_no)
    JOIN caco.output USING (output_no)
    JOIN caco.fate ON fate.output_no = output.output_no AND fate.partition = output.partition
    WHERE run.run_id = CAST(:run_id AS uuid) AND place.is_current
        AND (CAST(:shards AS integer[]) IS NULL OR place.shard = ANY(CAST(:shards AS integer[])))
""")

Place = Any  # a row of _PLACES


@dataclass(frozen=True, slots=True)
class _Line:
    """A run and what it consists of: the current output of each stage and shard."""

    run: RunRecord
    places: Mapping[str, Mapping[int, Place]]

    def of(self, spec: StageSpec) -> Mapping[int, Place]:
        """By shard, what the run has of a stage."""
        return self.places.get(spec.name, {})


def demand_conservation(
    connection: Connection, run: RunRecord, through: str | None, shards: Sequence[int] | None
) -> None:
    """Holds every stage of a run against the one before it, up to `through`, or to the last stage that has a shard.

    With `shards`, only these of the stages that have as many as the run: the first ones may be judged before the others.

    Raises:
        ConservationError: shards are missing; an output was not made of what the run has of the stage before, or read
            another number of records than that passed; a sample ended nowhere, or twice.
        ConfigError: the run's pipeline has no stage `through`.
    """
    # by what the run has now: an attempt that was replaced is on record and counts for nothing
    values = {"run_id": run.run_id, "shards": None if shards is None else list(shards)}
    places: dict[str, dict[int, Place]] = {}
    for row in connection.execute(_PLACES, values):
        places.setdefault(row.stage, {})[row.shard] = row
    line = _Line(run, places)
    specs = _specs_to_check(line, through, shards)
    config = parse_config(run.config, origin=f"the record of run {run.run_id}")
    for spec in specs:
        _demand_all_shards(line, spec, config, shards)
    for spec in specs:
        before = stage_before(run.pipeline, spec.name)
        if before is not None and spec.reads is not None:  # evaluate follows student and reads none of its records
            _demand_same_records(line, before, spec)
    # only now can ids be asked for: until the last stage a sample may be on its way
    mapped = mapped_stages(run.pipeline)
    if mapped and mapped[-1] in specs:
        samples = sum(place.read for place in line.of(mapped[0]).values())
        found = connection.execute(_FATES, values).one()
        if (found.fates, found.subjects) != (samples, samples):
            raise ConservationError(
                f"Run {run.run_id}: of {samples} records that '{mapped[0].name}' made, {found.subjects} ended, in "
                f"{found.fates} places: fill the ledger again with `caco ledger rebuild`, and delete what comes twice."
            )


def _specs_to_check(line: _Line, through: str | None, shards: Sequence[int] | None) -> Sequence[StageSpec]:
    specs = stages_of(line.run.pipeline) if shards is None else mapped_stages(line.run.pipeline)
    if through is None:
        reached = [place for place, spec in enumerate(specs) if line.of(spec)]
        return specs[: reached[-1] + 1] if reached else ()
    last = find_stage(line.run.pipeline, through)
    return specs[: specs.index(last) + 1]


def _demand_all_shards(line: _Line, spec: StageSpec, config: RunConfig, shards: Sequence[int] | None) -> None:
    expected = range(count_shards(spec, config)) if shards is None else shards
    found = line.of(spec)
    missing = [number for number in expected if number not in found]
    if missing:
        raise ConservationError(
            f"Run {line.run.run_id}: stage '{spec.name}' has {len(found)} of {len(expected)} shards, "
            f"{', '.join(map(str, missing[:10]))} missing: run and load them."
        )
    if len(found) != len(expected):
        raise ConservationError(
            f"Run {line.run.run_id}: stage '{spec.name}' has {len(found)} shards, not {len(expected)}."
        )


def _demand_same_records(line: _Line, before: StageSpec, spec: StageSpec) -> None:
    """Whether each output was made of what the run has now of the stage before, and of all that this passed."""
    earlier = line.of(before)
    for shard, place in line.of(spec).items():
        read = list(earlier.values()) if spec.gathers else [earlier[shard]]
        # keys, not counts: two attempts may have passed as many records, and others
        if sorted(place.inputs) != sorted(one.key for one in read):
            raise ConservationError(
                f"Run {line.run.run_id}: shard {shard} of stage '{spec.name}' was made of another output of "
                f"'{before.name}' than the run has now: rerun it."
            )
        passed = sum(one.passed for one in read)
        if place.read != passed:
            raise ConservationError(
                f"Run {line.run.run_id}: shard {shard} of stage '{spec.name}' read {place.read} records, but "
                f"'{before.name}' passed {passed}: `caco rerun {line.run.run_id[:12]} --stage {spec.name} --shard {shard}` "
                "makes it anew."
            )
