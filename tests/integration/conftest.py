"""A world of three runs, written by hand, and the whole line really run: made once, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import ledger_world
import pytest
import whole_line
from databases import administer, cloned
from ledger_world import World
from sqlalchemy import Engine, create_engine
from whole_line import Place

from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import OWNER, WRITER
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.store import Store, open_store
from caco_tasks.store.store import StoreSettings


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path]:
    """Three runs, and the folder of the store that holds them."""
    folder = tmp_path_factory.mktemp("world")
    return ledger_world.build(open_store(StoreSettings(root=f"file://{folder}"))), folder


@pytest.fixture
def store(file_settings: StoreSettings) -> Store:
    """The test's own store, empty unless it asks for a world."""
    return open_store(file_settings)


@pytest.fixture
def world(store: Store, built_world: tuple[World, Path]) -> World:
    """Three runs in the store."""
    shutil.copytree(built_world[1], store.root.removeprefix("file://"))
    return built_world[0]


@pytest.fixture(scope="session")
def world_template(postgres: EmbeddedPostgres, ledger_template: dict[str, str], built_world: tuple[World, Path]) -> str:
    """A database into which that world was loaded, to be cloned."""
    world, folder = built_world
    administer(postgres, f"CREATE DATABASE template_world TEMPLATE template_ledger OWNER {OWNER}")
    with Ledger(postgres.url("template_world", WRITER, ledger_template[WRITER])) as ledger:
        ledger_world.load(ledger, open_store(StoreSettings(root=f"file://{folder}")), world)
    return "template_world"


@pytest.fixture
def cloned_database(request: pytest.FixtureRequest) -> str:
    """The loaded database for a test that asks for a loaded world, the empty one for all others."""
    wanted = "world_template" if "loaded" in request.fixturenames else None
    return str(request.getfixturevalue(wanted)) if wanted else "template_ledger"


@pytest.fixture
def loaded(ledger: Ledger, world: World) -> World:
    """Three runs in the store and in the ledger."""
    return world


@pytest.fixture
def asked(loaded: World, ledger_address: tuple[str, str, str], store: Store, monkeypatch: pytest.MonkeyPatch) -> World:
    """Three runs, whose ledger and store commands find through the environment."""
    for role, url in zip(("OWNER_", "", "ANALYST_"), ledger_address, strict=True):
        monkeypatch.setenv(f"CACO_LEDGER_{role}URL", url)
    monkeypatch.setenv("CACO_STORE", store.root)
    return loaded


@pytest.fixture
def engine(ledger_address: tuple[str, str, str]) -> Iterator[Engine]:
    """The same database with the owner's rights, for a look past the library."""
    opened = create_engine(ledger_address[0])
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def finished_line(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Place:
    """Seeds, codegen and nightly of one day, really run; its database, `template_line`, is to be cloned."""
    administer(postgres, f"CREATE DATABASE template_line TEMPLATE template_ledger OWNER {OWNER}")
    folder = tmp_path_factory.mktemp("line")
    place = _place(postgres, ledger_template, "template_line", folder, {})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environ.items():
            patch.setenv(name, value)
        runs = whole_line.run_line(whole_line.DAY)
    return _place(postgres, ledger_template, "template_line", folder, runs)


@pytest.fixture
def line(
    postgres: EmbeddedPostgres,
    ledger_template: dict[str, str],
    finished_line: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    """A copy of that store and ledger, the test's own, which the tasks find through the environment."""
    shutil.copytree(finished_line.folder, tmp_path / "store")
    with cloned(postgres, "template_line") as name:
        place = _place(postgres, ledger_template, name, tmp_path, finished_line.runs)
        for variable, value in place.environ.items():
            monkeypatch.setenv(variable, value)
        yield place


def _place(
    postgres: EmbeddedPostgres, passwords: dict[str, str], database: str, folder: Path, runs: dict[str, str]
) -> Place:
    return Place(
        folder=folder / "store",
        home=folder / "home",
        writer_url=postgres.url(database, WRITER, passwords[WRITER]),
        owner_url=postgres.url(database, OWNER, passwords[OWNER]),
        runs=runs,
    )
