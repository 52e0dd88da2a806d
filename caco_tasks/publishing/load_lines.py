"""How `datasets.load_dataset` reads a published dataset where it lies: in a folder, or in an S3 store without a copy.

S3 is read by obstore. s3fs, which `datasets` asks for by itself, holds botocore below the version that the platform uses, so
it is not installed beside it; elsewhere it reads the same files.
"""

from typing import Any

from caco_tasks.store.registry import dataset_folder
from caco_tasks.store.store import StoreSettings


def load_code(settings: StoreSettings, name: str, version: str) -> str:
    """The lines of Python that load a dataset with Hugging Face Datasets, on a machine that finds this store."""
    folder = f"{settings.root}/{dataset_folder(name, version)}"
    if not folder.startswith("s3://"):
        files = f"{folder.removeprefix('file://')}/train-*.parquet"
        # not by the folder alone: `datasets` takes one with a state.json for a dataset of its own
        return (
            f'from datasets import load_dataset\n\nrows = load_dataset("parquet", data_files="{files}", split="train")'
        )
    return (
        "from datasets import load_dataset\n"
        "from caco_tasks.cli.environment import storage_options\n\n"
        f'rows = load_dataset("parquet", data_files="{folder}/train-*.parquet", split="train", '
        "storage_options=storage_options())"
    )


def s3_options(settings: StoreSettings) -> dict[str, Any]:
    """The options with which `load_dataset` reads from a store on S3; makes obstore what reads `s3://` in this process.

    A key that is not set is looked for where obstore does: in the environment, or at the machine's own role.
    """
    from obstore.fsspec import register

    register("s3")
    named = {
        "endpoint": settings.endpoint_url,
        "region": settings.region,
        "access_key_id": settings.access_key,
        "secret_access_key": settings.secret_key,
    }
    options: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if (
        settings.endpoint_url is not None
    ):  # of a server of one's own, which may speak plain HTTP and has no host per bucket
        options |= {"virtual_hosted_style_request": False, "client_options": {"allow_http": True}}
    return options
