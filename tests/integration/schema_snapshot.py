"""The schema as one text, so that a review shows what a migration or a view changes. `make snapshots` writes it anew."""

import os
import re
import secrets
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import OWNER
from caco_tasks.platform.ports import free_port
from caco_tasks.platform.postgres import EmbeddedPostgres, binaries

SNAPSHOT = Path(__file__).parents[2] / "sql" / "schema.sql"

HEAD = "-- What the files of sql/migrations and sql/views make, as pg_dump writes it: made by `make snapshots`. Read those.\n\n"

_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)$", re.MULTILINE)


def dump(url: str) -> str:
    """The schema `caco` of a database, without what changes from one server to the next."""
    address = make_url(url)
    where = ["-h", str(address.host), "-p", str(address.port), "-U", str(address.username), str(address.database)]
    done = subprocess.run(
        [str(binaries() / "pg_dump"), "--schema-only", "--schema=caco", "--no-owner", *where],
        env={"PATH": os.defpath, "PGPASSWORD": str(address.password)},
        capture_output=True,
        text=True,
        check=True,
    )
    return HEAD + re.sub(r"\n{2,}", "\n\n", _NOISE.sub("", done.stdout)).strip() + "\n"


def main() -> None:
    """Writes the snapshot anew, from the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder), port=free_port(26900), password=secrets.token_hex(8))
        server.start()
        try:
            server.ensure_database("caco", owner=OWNER, password="snapshot")
            url = server.url("caco", OWNER, "snapshot")
            with Ledger(url) as ledger:
                ledger.migrate(passwords={})
            SNAPSHOT.write_text(dump(url), encoding="utf-8")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
