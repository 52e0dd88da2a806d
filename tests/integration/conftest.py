"""A world of three runs, made once, and copied into each test's own store and ledger."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import ledger_world
import pytest
from ledger_world import World
from sqlalchemy import Engine, create_engine

from caco_tasks.ledger import Ledger
from caco_tasks.store import Store, open_store
from caco_tasks.store.base import StoreSettings


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


@pytest.fixture
def loaded(ledger: Ledger, store: Store, world: World) -> World:
    """Three runs in the ledger."""
    ledger_world.load(ledger, store, world)
    return world


@pytest.fixture
def engine(ledger_address: tuple[str, str, str]) -> Iterator[Engine]:
    """The same database with the owner's rights, for a look past the library."""
    opened = create_engine(ledger_address[0])
    yield opened
    opened.dispose()
