"""Ledgers that earlier versions filled go on working: restored, migrated, and read by the code of today."""

import gzip
import secrets
import subprocess
from pathlib import Path

import ledger_world
import pytest

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import OWNER
from caco_tasks.platform.postgres import EmbeddedPostgres, psql
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

DUMPS = sorted((Path(__file__).parents[1] / "data").glob("ledger-*.sql.gz"))


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.name)
def test_a_ledger_of_an_earlier_version_is_migrated_read_and_filled_further(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], tmp_path: Path, dump: Path
) -> None:
    name = f"old_{secrets.token_hex(4)}"
    postgres.ensure_database(name, owner=OWNER, password=ledger_template[OWNER])
    url = postgres.url(name, OWNER, ledger_template[OWNER])
    command = [*psql(url), "--quiet", "--set", "ON_ERROR_STOP=1"]
    subprocess.run(command, input=gzip.decompress(dump.read_bytes()), capture_output=True, check=True)
    store = open_store(StoreSettings(root=f"file://{tmp_path}/store"))
    world = ledger_world.build(store)
    with Ledger(url) as ledger:
        ledger.migrate(passwords={})
        nightly = ledger.find_run(None, pipeline="nightly")
        assert nightly is not None
        funnel = {row.stage: row for row in ledger.funnel(nightly.run_id)}
        assert (funnel["sample"].read, funnel["publish"].passed) == (ledger_world.SAMPLES, ledger_world.PUBLISHED)
        ledger.conservation(nightly.run_id, through="publish")
        published = ledger.ask("SELECT sample_id::text FROM caco.dataset_row ORDER BY 1")[1]
        assert len(published) == ledger_world.PUBLISHED
        assert ledger.lineage(published[0][0].replace("-", ""))["published_in"]
        later = ledger_world.build(store, partition="2026-11-21", config="second")
        ledger_world.load(ledger, store, later)
        assert ledger.find_run(None, pipeline="nightly") == later.run("nightly")
    assert world.run("nightly").run_id == nightly.run_id  # the same small world as then


def test_there_is_a_dump_of_the_first_version() -> None:
    assert [path.name for path in DUMPS][:1] == ["ledger-0.1.sql.gz"]
