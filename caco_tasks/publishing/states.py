"""The states of a dataset: staged by the stage `publish`, published by its run's gate, withdrawn and restored by people.

Every change is kept, with who made it and why, in `state.json` beside the dataset's manifest. Its files never change: a
withdrawn dataset is still there for whoever pinned it, and says so.

>>> change_state(store, "caco-nano/2026-11-21-0123abcd", "withdrawn", by="ada", because="false answers in algebra").state
'withdrawn'
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from caco_tasks.ablations.ablation_tables import is_ablation
from caco_tasks.errors import ConfigError
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import (
    DatasetRecord,
    DatasetState,
    DatasetStates,
    StateName,
    dataset_manifest_uri,
    dataset_state_uri,
)

NEXT: Mapping[StateName, tuple[StateName, ...]] = {
    "staged": ("published", "withdrawn"),  # a person may stop it before its gate has decided
    "published": ("withdrawn",),
    "withdrawn": ("published",),  # restored
}


def read_states(store: Store, dataset: str) -> tuple[DatasetState, ...]:
    """All states that the dataset `name/version` was given, oldest first; none where it was never staged.

    Raises:
        DamagedError: what is kept of them is not readable.
    """
    uri = dataset_state_uri(*split_name(dataset))
    found = store.get(uri)
    return () if found is None else parse_stored(DatasetStates, found, uri=uri).history


def read_state(store: Store, dataset: str) -> DatasetState | None:
    """The state that a dataset has; None where it was never staged.

    Raises:
        DamagedError: as `read_states`.
    """
    return next(reversed(read_states(store, dataset)), None)


def stage_dataset(store: Store, dataset: str, *, by: str, because: str) -> DatasetState:
    """Gives a new dataset its first state; one that has a state keeps it, whatever it is.

    Raises:
        DamagedError: as `read_states`.
    """
    return read_state(store, dataset) or _append(store, dataset, (), state="staged", by=by, because=because)


def change_state(store: Store, dataset: str, state: str, *, by: str, because: str) -> DatasetState:
    """Gives a dataset another state, and returns the entry that was added to its history.

    Raises:
        ConfigError: there is no such dataset or state, nobody or no reason is named, or it cannot go from its state to
            this one.
    """
    if not by.strip() or not because.strip():
        raise ConfigError(f"Who gives '{dataset}' another state, and why, is kept with it: name both.")
    uri = dataset_manifest_uri(*split_name(dataset))
    manifest = store.get(uri)
    if manifest is None:
        raise ConfigError(
            f"There is no dataset '{dataset}' in {store.root}: `caco dataset list` shows those that are there."
        )
    if state == "published":
        _demand_verified(dataset, parse_stored(DatasetRecord, manifest, uri=uri))
    history = read_states(store, dataset)  # of two changes in the same moment the later one stays
    last = history[-1] if history else None
    allowed = NEXT[last.state] if last is not None else ("staged",)
    for name in allowed:
        if name == state:
            return _append(store, dataset, history, state=name, by=by, because=because)
    if last is None:
        raise ConfigError(f"The dataset '{dataset}' was never staged: rerun the stage 'publish' of its run first.")
    raise ConfigError(
        f"The dataset '{dataset}' is {last.state} (by {last.by}, {last.at:%Y-%m-%d %H:%M} UTC: {last.because}) and "
        f"cannot become '{state}': it can become {' or '.join(allowed)}."
    )


def _demand_verified(dataset: str, record: DatasetRecord) -> None:
    """Refuses what nobody may publish, whoever asks: it was made to measure checks by."""
    if is_ablation(record.dataset):
        raise ConfigError(
            f"'{dataset}' is a dataset of an ablation, made to measure checks by: it stays staged, and is never published."
        )
    if record.facts.get("unverified"):
        raise ConfigError(
            f"The rows of '{dataset}' are not verified (made with {', '.join(record.facts['unverified'])}): it stays staged, "
            "and is never published."
        )


def split_name(dataset: str) -> tuple[str, str]:
    """Name and version of `name/version`.

    Raises:
        ConfigError: it is not of that form.
    """
    name, _, version = dataset.partition("/")
    if not name or not version or "/" in version:
        raise ConfigError(f"'{dataset}' names no dataset: give NAME/VERSION, as `caco dataset list` shows them.")
    return name, version


def _append(
    store: Store, dataset: str, history: tuple[DatasetState, ...], *, state: StateName, by: str, because: str
) -> DatasetState:
    entry = DatasetState(state=state, by=by, because=because, at=datetime.now(UTC))
    states = DatasetStates(history=(*history, entry))
    store.put(dataset_state_uri(*split_name(dataset)), states.model_dump_json(indent=1).encode())
    return entry
