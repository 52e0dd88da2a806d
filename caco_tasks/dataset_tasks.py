"""What is decided of a dataset, written down in the store first and then in the ledger: its state, and rows taken out of it."""

from collections.abc import Mapping

from caco_tasks.ledger import Ledger
from caco_tasks.publishing.revision import revise
from caco_tasks.publishing.states import change_state, read_state, read_states
from caco_tasks.store import Store
from caco_tasks.store.registry import DatasetRecord


def set_dataset_state(
    ledger: Ledger, store: Store, dataset: str, state: str, *, by: str, because: str, only_from: str | None = None
) -> None:
    """Changes the state of a dataset in the store and in the ledger; with `only_from`, unless it has another one now.

    Raises:
        ConfigError: there is no such dataset, or it may not go from its state to this one.
    """
    with ledger.alone(dataset):  # of two runs of one date that end at once, one publishes, and the other sees it
        register_states(ledger, store, dataset)  # what somebody has told the store alone, before he was killed
        found = read_state(store, dataset)
        if only_from is None or (found is not None and found.state == only_from):
            change_state(store, dataset, state, by=by, because=because)
            register_states(ledger, store, dataset)


def publish_revision(
    ledger: Ledger, store: Store, dataset: str, removed: Mapping[str, str], *, by: str, because: str, withdraws: bool
) -> DatasetRecord:
    """Takes rows out of a dataset: a new version of it, which is published where that one is; returns its manifest.

    With `withdraws` the version before is withdrawn, last: one of the two can be used at any moment. The same call again
    goes on where it was killed.

    Raises:
        ConfigError: nothing is to go, or a row is not in the dataset.
        StoreError: there is no such dataset, or the store cannot be used.
    """
    revised = revise(store, dataset, removed, by=by, because=because)
    name, before = f"{revised.dataset}/{revised.version}", read_state(store, dataset)
    ledger.register_dataset(revised, store)
    register_states(ledger, store, name)
    if before is None or before.state == "published":
        set_dataset_state(ledger, store, name, "published", by=by, because=because, only_from="staged")
    if withdraws and before is not None and before.state != "withdrawn":
        set_dataset_state(ledger, store, dataset, "withdrawn", by=by, because=because)
    return revised


def register_states(ledger: Ledger, store: Store, dataset: str) -> None:
    """Writes down in the ledger all states that the store says a dataset was given; those that are there stay."""
    for entry in read_states(store, dataset):
        ledger.set_dataset_state(dataset, entry.state, by=entry.by, because=entry.because, at=entry.at)
