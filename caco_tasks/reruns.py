"""New attempts of finished outputs: asked for here, made by the runner, the older ones stay on record.

An attempt is a part of its output's key, so whatever is made from it gets a new key too and follows by itself.
"""

from datetime import UTC, datetime

from caco_tasks.errors import ConfigError
from caco_tasks.identity import Place, RunKeys
from caco_tasks.pipeline import count_shards, find_stage
from caco_tasks.runner import find_output
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import AttemptLog, OutputAttempt, attempts_uri, parse_stored


def ask_for_attempts(
    run: RunRecord, store: Store, stage: str, *, shard: int | None, unknown_only: bool, token: str
) -> list[int]:
    """Asks for a new attempt of the outputs of a stage, of one shard or of all; returns the shards that get one.

    With `unknown_only` the new attempt keeps every known verdict, and outputs without an unknown one get none. The same
    token asks once, so that a retried task does not ask again.

    Raises:
        ConfigError: the run has no such stage or shard, or an output is not finished yet.
    """
    keys = RunKeys.of(run, store)
    spec = find_stage(run.pipeline, stage)
    shards = range(count_shards(spec, keys.config)) if shard is None else [shard]
    if shard is not None and shard >= count_shards(spec, keys.config):
        raise ConfigError(f"The stage '{stage}' of this run has no shard {shard}: they are counted from 0.")
    places = [(stage, number) for number in shards]
    logs = {place: _read_log(run, store, place) for place in places}
    asked = [place for place in places if any(attempt.token == token for attempt in logs[place])]
    finished = {place: _find_finished(store, keys, place) for place in places if place not in asked}
    for place, manifest in finished.items():
        if manifest.unknown or not unknown_only:
            attempt = OutputAttempt(
                number=len(logs[place]) + 1,
                previous=manifest.key,
                unknown_only=unknown_only,
                token=token,
                asked_at=datetime.now(UTC),
            )
            log = AttemptLog(attempts=(*logs[place], attempt))
            store.put(attempts_uri(run, *place), log.model_dump_json(indent=1).encode())
            asked.append(place)
    return sorted(number for _, number in asked)


def _read_log(run: RunRecord, store: Store, place: Place) -> tuple[OutputAttempt, ...]:
    uri = attempts_uri(run, *place)
    stored = store.get(uri)
    return parse_stored(AttemptLog, stored, uri=uri).attempts if stored is not None else ()


def _find_finished(store: Store, keys: RunKeys, place: Place) -> Manifest:
    manifest = find_output(store, place[0], keys.key(*place))
    if manifest is None:
        raise ConfigError(
            f"The output of '{place[0]}', shard {place[1]}, is not finished: a new attempt needs a first one, so run "
            "the stage."
        )
    return manifest
