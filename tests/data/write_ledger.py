"""Writes the dump of a small ledger as this version fills it: run it on purpose, when a version is released.

tests/integration/test_ledger_grows.py restores the dumps of all versions and reads them with the code of today.
"""

import gzip
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import OWNER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres, binaries
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

DUMP = Path(__file__).parent / "ledger-0.1.sql.gz"


def main() -> None:
    """Fills a ledger with the three runs of `ledger_world`, and dumps its schema and its rows."""
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "integration")]
    import ledger_world

    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder, "pg"), port=free_port(27100), password=secrets.token_hex(8))
        server.start()
        try:
            server.ensure_database("caco", owner=OWNER, password="dump")
            url = server.url("caco", OWNER, "dump")
            store = open_store(StoreSettings(root=f"file://{folder}/store"))
            with Ledger(url) as ledger:
                ledger.migrate(passwords={})
                ledger_world.load(ledger, store, ledger_world.build(store))
            DUMP.write_bytes(gzip.compress(dump(url), mtime=0))
        finally:
            server.stop()


def dump(url: str) -> bytes:
    """The schema `caco` of a database with its rows, as SQL."""
    address = make_url(url)
    where = ["-h", str(address.host), "-p", str(address.port), "-U", str(address.username), str(address.database)]
    return subprocess.run(
        [str(binaries() / "pg_dump"), "--schema=caco", "--no-owner", "--no-privileges", "--inserts", *where],
        env={"PATH": os.defpath, "PGPASSWORD": str(address.password)},
        capture_output=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    main()
