"""The datasets that lie in a store, each with its state."""

from typing import Any

from caco_tasks.errors import ConfigError
from caco_tasks.publishing.states import read_state, split_name
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import DatasetRecord, dataset_manifest_uri, is_dataset_manifest


def find_datasets(store: Store) -> list[dict[str, Any]]:
    """All datasets of a store, the newest partition first.

    Raises:
        DamagedError: the manifest or the states of one are not readable.
    """
    # the store and not the ledger: whoever has only the store may look
    names = ["/".join(uri.split("/")[1:3]) for uri in store.list("datasets/") if is_dataset_manifest(uri)]
    return sorted((_describe_dataset(store, name) for name in names), key=lambda one: one["partition"], reverse=True)


def find_dataset(name: str) -> str:
    """The dataset that a person means: `name/version`, or of `name/date` the version that counts for the date.

    Raises:
        UnknownIdError: none counts for it.
        LedgerError: a date is named, and the ledger cannot be used.
    """
    from caco_tasks.cli.environment import open_ledger_as
    from caco_tasks.ledger.ledger import DATE

    if not DATE.fullmatch(name.partition("/")[2]):
        return name  # whoever has only the store needs no ledger for it
    with open_ledger_as() as ledger:
        return ledger.resolve_dataset(name)


def read_dataset(store: Store, name: str) -> DatasetRecord:
    """The manifest of the dataset `name/version`.

    Raises:
        ConfigError: there is no such dataset.
        DamagedError: its manifest is not readable.
    """
    uri = dataset_manifest_uri(*split_name(name))
    found = store.get(uri)
    if found is None:
        raise ConfigError(
            f"There is no dataset '{name}' in {store.root}: `caco dataset list` shows those that are there."
        )
    return parse_stored(DatasetRecord, found, uri=uri)


def _describe_dataset(store: Store, name: str) -> dict[str, Any]:
    # a dataset without a state was written by hand, or its writer was killed before the end
    record, state = read_dataset(store, name), read_state(store, name)
    about: dict[str, Any] = {"dataset": name, "state": state.state if state else None, "rows": record.rows}
    about |= {"partition": record.partition, "run": record.run_id}
    changed = {"by": state.by, "because": state.because, "at": f"{state.at:%Y-%m-%d %H:%M}"} if state else {}
    return about | {"by": None, "because": None, "at": None} | changed
