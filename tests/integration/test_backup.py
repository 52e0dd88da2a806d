"""A backup restored into a new place gives the same ledger and store; a bad one gives one sentence and changes nothing."""

import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import ledger_world
import pytest
from databases import cloned
from ledger_rows import fill_all, selector
from ledger_world import World
from scored import write_ablation
from sqlalchemy import Engine, create_engine, text
from whole_line import Place, command

from caco_tasks import housekeeping_tasks
from caco_tasks.backup import back_up, restore
from caco_tasks.errors import CacoError, ConfigError, DamagedError, LedgerError, StoreError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.environments import EnvironmentRow
from caco_tasks.ledger.migrations import OWNER, WRITER
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.store import Store, open_store
from caco_tasks.store.store import StoreSettings


@pytest.fixture
def new_url(postgres: EmbeddedPostgres, ledger_template: dict[str, str]) -> Iterator[str]:
    """A second ledger, empty, with its owner's rights."""
    with cloned(postgres, "template_ledger") as name:
        yield postgres.url(name, OWNER, ledger_template[OWNER])


@pytest.fixture
def new_store(tmp_path: Path) -> Store:
    """A second store, empty."""
    return open_store(StoreSettings(root=f"file://{tmp_path}/new"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "backups" / "first"


def content(url_or_engine: str | Engine) -> dict[str, list[str]]:
    """Every row of every table of a ledger, with its numbers and times."""
    engine = create_engine(url_or_engine) if isinstance(url_or_engine, str) else url_or_engine
    query = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relkind IN ('r', 'p') "
        "AND relname <> 'migration'"
    )
    with engine.connect() as connection:
        tables = connection.execute(text(query)).scalars().all()
        found = {
            name: sorted(connection.execute(text(f"SELECT t::text FROM caco.{name} AS t")).scalars()) for name in tables
        }
    engine.dispose()
    return found


def said(*words: str) -> str:
    """What a command prints, in a process of its own."""
    return subprocess.run(command(*words), capture_output=True, text=True, check=True).stdout


def objects(store: Store) -> dict[str, bytes | None]:
    """Every object of a store."""
    return {key: store.get(key) for key in store.list("")}


def test_a_restored_place_is_the_same(
    ledger: Ledger, store: Store, engine: Engine, new_url: str, new_store: Store, folder: Path
) -> None:
    fill_all(ledger, store)
    write_ablation(store, ledger)
    toys = ledger.datasets()[0]
    assert ledger.register_environments(toys, [EnvironmentRow(sample_id="0" * 32, refusal="too_few_instances")])
    runs = len(ledger.runs())
    written = back_up(ledger, store, folder)
    assert (written.objects, written.rows["run"]) == (len(store.list("")), runs)
    with Ledger(new_url) as new:
        assert restore(new, new_store, folder) == written
        before = content(engine)
        assert all(before.values())
        assert content(new_url) == before
        assert objects(new_store) == objects(store)
        # the numbers that Postgres gives go on: a third world finds its place
        third = ledger_world.build(new_store, partition="2026-12-01", config="third")
        ledger_world.load(new, new_store, third)
        assert len(new.runs()) == runs + 3


def test_commands_say_the_same_of_a_restored_line(
    line: Place, new_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = {words: said(*words) for words in (("funnel", "--json"), ("dataset", "list", "--json"))}
    told = json.loads(said("backup", str(folder), "--json"))
    assert told["objects"] > 0
    monkeypatch.setenv("CACO_LEDGER_URL", new_url)
    monkeypatch.setenv("CACO_LEDGER_OWNER_URL", new_url)
    monkeypatch.setenv("CACO_STORE", f"file://{tmp_path}/new")
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "new_home"))
    assert json.loads(said("restore", str(folder), "--json")) == told
    assert {words: said(*words) for words in before} == before
    [dataset] = json.loads(before["dataset", "list", "--json"])
    assert json.loads(said("verify", dataset["dataset"], "--json"))["is_whole"]


def test_what_the_ledger_learns_meanwhile_is_not_in_the_backup(
    ledger: Ledger, store: Store, loaded: World, new_url: str, new_store: Store, folder: Path, engine: Engine
) -> None:
    before = content(engine)

    def load_more(done: int, total: int) -> None:
        if done == 1:
            ledger_world.load(ledger, store, ledger_world.build(store, partition="2026-12-01", config="late"))

    back_up(ledger, store, folder, on_progress=load_more)
    with Ledger(new_url) as new:
        restore(new, new_store, folder)
    assert content(new_url) == before
    assert len(content(engine)["run"]) == 6


def test_an_object_that_the_ledger_refers_to_and_is_gone_makes_no_backup(
    ledger: Ledger, store: Store, loaded: World, folder: Path
) -> None:
    store.delete(loaded.manifests[0].uri)
    with pytest.raises(DamagedError, match=r"1 of the objects that the ledger refers to"):
        back_up(ledger, store, folder)
    with pytest.raises(ConfigError, match=r"is no backup"):
        restore(ledger, store, folder)


def test_a_selector_that_is_gone_makes_no_backup(ledger: Ledger, store: Store, loaded: World, folder: Path) -> None:
    learnt = selector(loaded.run("nightly"))
    ledger.register_selector(learnt)
    with pytest.raises(DamagedError, match=f"selectors/{learnt.selector_id}.json"):
        back_up(ledger, store, folder)


def test_an_interrupted_restore_goes_on(
    ledger: Ledger, store: Store, loaded: World, new_url: str, new_store: Store, folder: Path, engine: Engine
) -> None:
    back_up(ledger, store, folder)

    def stop(done: int, total: int) -> None:
        if done == total // 2:
            raise KeyboardInterrupt

    with Ledger(new_url) as new:
        with pytest.raises(KeyboardInterrupt):
            restore(new, new_store, folder, on_progress=stop)
        restore(new, new_store, folder)
    assert content(new_url) == content(engine)


def test_housekeeping_and_a_backup_wait_for_each_other(
    ledger: Ledger, asked: World, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACO_PATIENCE_SECONDS", "0")
    with ledger.holding_store(shared=True):
        with pytest.raises(LedgerError, match=r"held by a backup"):
            housekeeping_tasks.keep_house(older_than_days=1, delete=True)
        housekeeping_tasks.keep_house(older_than_days=1, delete=False)
        back_up(ledger, store, folder)
    with ledger.holding_store(shared=False), pytest.raises(LedgerError, match=r"held by housekeeping"):
        back_up(ledger, store, folder.with_name("second"))
    housekeeping_tasks.keep_house(older_than_days=1, delete=True)


def cut_off(folder: Path) -> None:
    path = max((folder / "store").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])


def turn_a_byte(folder: Path) -> None:
    path = folder / "ledger" / "run.csv.gz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def change_record(folder: Path, **changes: object) -> None:
    path = folder / "backup.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


FAULTS: dict[str, tuple[Callable[[Path], object], type[CacoError], str]] = {
    "a cut object": (cut_off, DamagedError, "is not what was written"),
    "a turned bit": (turn_a_byte, DamagedError, "is not what was written"),
    "a lost file": (lambda folder: (folder / "ledger" / "output.csv.gz").unlink(), DamagedError, "cannot be read"),
    "a lost list": (lambda folder: (folder / "files.jsonl").unlink(), DamagedError, "cannot be read"),
    "a broken record": (lambda folder: (folder / "backup.json").write_text("{"), DamagedError, "cannot be read"),
    "a folder of the store": (lambda folder: (folder / "backup.json").unlink(), ConfigError, "is no backup"),
    "another form": (lambda folder: change_record(folder, format=2), ConfigError, "in another form"),
    "another schema": (
        lambda folder: change_record(folder, schema_files={"migrations/0001_types.sql": "0" * 64}),
        LedgerError,
        r"another schema than this ledger \(migrations/0001_types.sql differs\)",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_backup_that_is_not_whole_is_refused_before_anything_is_written(
    fault: str, ledger: Ledger, store: Store, loaded: World, new_url: str, new_store: Store, folder: Path
) -> None:
    back_up(ledger, store, folder)
    damage, error, sentence = FAULTS[fault]
    damage(folder)
    with Ledger(new_url) as new, pytest.raises(error, match=sentence):
        restore(new, new_store, folder)
    assert new_store.list("") == []
    assert not any(content(new_url).values())


def test_a_ledger_or_store_with_something_in_it_is_not_overwritten(
    ledger: Ledger, store: Store, loaded: World, engine: Engine, new_url: str, new_store: Store, folder: Path
) -> None:
    back_up(ledger, store, folder)
    before = content(engine)
    with pytest.raises(LedgerError, match=r"is not empty \(its table \w+ has rows\)"):
        restore(ledger, new_store, folder)
    assert (content(engine), new_store.list("")) == (before, [])
    new_store.put("runs/other.json", b"{}")
    with Ledger(new_url) as new, pytest.raises(StoreError, match=r"1 objects that are not of this backup, runs/other"):
        restore(new, new_store, folder)
    assert not any(content(new_url).values())


def test_what_other_tools_left_in_a_store_is_neither_kept_nor_in_the_way(
    ledger: Ledger, store: Store, loaded: World, new_url: str, new_store: Store, folder: Path
) -> None:
    ours = store.list("")
    for place in (store, new_store):
        for key in (".DS_Store", "runs/.DS_Store", "photos/cat.jpg"):
            place.put(key, b"")
    back_up(ledger, store, folder)
    with Ledger(new_url) as new:
        restore(new, new_store, folder)
    assert sorted(set(new_store.list("")) - {".DS_Store", "runs/.DS_Store", "photos/cat.jpg"}) == ours
    assert not list(folder.rglob(".DS_Store"))


def test_a_folder_with_something_in_it_is_not_overwritten(
    ledger: Ledger, store: Store, loaded: World, folder: Path
) -> None:
    back_up(ledger, store, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match=r"something in .* already"):
        back_up(ledger, store, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_ledger_that_is_being_rebuilt_is_not_backed_up(
    ledger: Ledger, store: Store, loaded: World, folder: Path, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT caco.open_fates('2026-12-24')"))
    with pytest.raises(LedgerError, match=r"being rebuilt"):
        back_up(ledger, store, folder)


def test_a_writer_can_take_a_backup_and_only_the_owner_restores(
    postgres: EmbeddedPostgres,
    ledger_template: dict[str, str],
    ledger: Ledger,
    store: Store,
    loaded: World,
    new_store: Store,
    folder: Path,
) -> None:
    back_up(ledger, store, folder)  # the fixture's ledger is the writer's
    with (
        cloned(postgres, "template_ledger") as name,
        Ledger(postgres.url(name, WRITER, ledger_template[WRITER])) as new,
        pytest.raises(LedgerError, match=r"permission denied"),
    ):
        restore(new, new_store, folder)


def test_tables_are_plain_csv(ledger: Ledger, store: Store, loaded: World, folder: Path) -> None:
    back_up(ledger, store, folder)
    lines = gzip.decompress((folder / "ledger" / "run.csv.gz").read_bytes()).decode().splitlines()
    assert lines[0].split(",")[0] == "run_id"
    assert len(lines) >= 4
