"""Prepares what the services need at their start: both databases at their newest schema, the bucket, the pool of GPUs.

Run by the one-shot service `init` of docker-compose.yml; a second run changes nothing.
"""

import os
import subprocess

from caco_tasks.connections import Connections, read_secret
from caco_tasks.errors import ConfigError
from caco_tasks.ledger import Ledger
from caco_tasks.store import open_store
from caco_tasks.store.s3_store import S3Store


def main() -> None:
    """Migrates both databases, makes the bucket and sets the pool.

    Raises:
        CacoError: a service does not answer or refuses; the message names it.
    """
    reached = Connections.from_environ(os.environ)
    roles = {"caco_writer": "CACO_WRITER_PASSWORD", "caco_analyst": "CACO_ANALYST_PASSWORD"}
    found = {role: read_secret(os.environ, name) for role, name in roles.items()}
    missing = [roles[role] for role, password in found.items() if password is None]
    if missing or reached.owner_url is None:
        raise ConfigError(
            f"{(missing or ['CACO_LEDGER_OWNER_URL'])[0]} is not set: it is needed to prepare the ledger."
        )
    with Ledger(reached.owner_url) as ledger:
        ledger.migrate(passwords={role: password for role, password in found.items() if password})
    store = open_store(reached.store)
    if isinstance(store, S3Store):
        store.ensure_bucket()
    _run_airflow("db", "migrate")
    slots = os.environ["CACO_GPU_SLOTS"] if int(os.environ["CACO_GPU_SLOTS"]) else os.environ["CACO_GPUS"]
    _run_airflow("pools", "set", "gpu", slots, "Tasks that run a model: one slot for each GPU")


def _run_airflow(*arguments: str) -> None:
    subprocess.run(["airflow", *arguments], check=True)


if __name__ == "__main__":
    main()
