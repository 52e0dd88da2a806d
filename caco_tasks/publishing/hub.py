"""A published dataset on the Hugging Face Hub: its files in one commit, tagged with the version."""

from pathlib import Path

from caco_tasks.errors import ConfigError, DamagedError, StoreError
from caco_tasks.ids import file_sha256
from caco_tasks.publishing.dataset_files import read_dataset
from caco_tasks.publishing.states import read_state, split_name
from caco_tasks.store import Store
from caco_tasks.store.registry import dataset_folder

HERE_ALONE = {"state.json"}  # changes in the store, and keeps `datasets` from loading a folder
OF_A_VERSION = ["train-*.parquet", "tombstones-*.parquet", "CHANGELOG.md"]  # what another version may not have


def push_dataset(
    store: Store, dataset: str, repository: str, *, token: str, endpoint: str | None, is_private: bool, folder: Path
) -> str:
    """Copies the published dataset `name/version` to a dataset repository of the Hub; returns the address of the commit.

    The repository is made where it is not there; files of another version in it are taken out in the same commit.

    Args:
        store: where the dataset lies.
        dataset: its name and version.
        repository: organisation or user, and name.
        token: of the Hub, with the right to write there.
        endpoint: address of the Hub; None: the public one.
        is_private: whether a new repository is seen by its members alone.
        folder: an empty folder on this machine with room for the dataset.

    Raises:
        ConfigError: the dataset is not published, or the Hub refuses repository or token.
        DamagedError: a file is not what was published.
        StoreError: there is no such dataset, or the store or the Hub cannot be reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    state = read_state(store, dataset)
    if state is not None and state.state != "published":
        raise ConfigError(
            f"The dataset '{dataset}' is {state.state} ({state.because}): only a published one is pushed."
        )
    _fetch(store, dataset, folder)
    hub = HfApi(endpoint=endpoint, token=token)
    try:
        hub.create_repo(repository, repo_type="dataset", private=is_private, exist_ok=True)
        commit = hub.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=folder,
            commit_message=f"{dataset}",
            delete_patterns=OF_A_VERSION,
        )
        hub.create_tag(repository, tag=split_name(dataset)[1], repo_type="dataset", exist_ok=True)
    except HFValidationError as exc:
        raise ConfigError(f"'{repository}' names no repository of the Hub: give ORG/NAME.") from exc
    except HfHubHTTPError as exc:
        raise ConfigError(
            f"The Hub refuses to take '{dataset}' into {repository} ({exc}): look at name and token."
        ) from exc
    except OSError as exc:
        raise StoreError(f"The Hub cannot be reached ({exc}): try again.") from exc
    return str(commit.commit_url)


def _fetch(store: Store, dataset: str, folder: Path) -> None:
    """Copies the files of a dataset, and holds those with rows against the manifest."""
    record, own = read_dataset(store, dataset), dataset_folder(*split_name(dataset))
    for key in store.list(f"{own}/"):
        name = key.removeprefix(f"{own}/")
        if "/" not in name and not name.startswith(".") and name not in HERE_ALONE:
            store.get_file(key, folder / name)
    for file in record.files:
        path = folder / file.uri.rpartition("/")[2]
        if not path.is_file() or file_sha256(str(path)) != file.sha256:
            raise DamagedError(f"{file.uri} is not what was published: restore it, or publish the dataset again.")
