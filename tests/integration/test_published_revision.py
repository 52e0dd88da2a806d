"""A dataset without some rows, in store and ledger: published before the old version goes, and found again after a rebuild."""

import warnings
from datetime import UTC, datetime

import ledger_world
from ledger_rows import everything, number_of
from ledger_world import World
from sqlalchemy import Engine

from caco_tasks.dataset_tasks import publish_revision
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.publishing.states import read_state
from caco_tasks.store import Store

SAID = {"by": "ada", "because": "the price is wrong"}


def test_a_revision_is_published_and_the_version_before_goes_when_asked(
    loaded: World, store: Store, ledger: Ledger, engine: Engine
) -> None:
    [old] = loaded.datasets
    name = f"{old.dataset}/{old.version}"
    gone = ledger_world.sample_id(loaded.run("nightly"), 12)
    made = publish_revision(ledger, store, name, {gone: "recalled"}, **SAID, withdraws=False)
    revised = f"{made.dataset}/{made.version}"
    assert ledger.datasets(loaded.run("nightly").run_id, state="published")[0] == revised  # what is taken by default
    assert set(ledger.datasets(state="published")) == {revised, name}
    publish_revision(ledger, store, name, {gone: "recalled"}, **SAID, withdraws=True)
    assert ledger.datasets(state="published") == [revised]
    assert [state.state for state in ledger.dataset_states(revised)] == ["staged", "published"]
    assert read_state(store, name).state == "withdrawn"  # type: ignore[union-attr]
    count = "SELECT count(*) FROM caco.dataset_row JOIN caco.dataset USING (dataset_no) WHERE supersedes"
    assert number_of(engine, f"{count} = '{name}'") == old.rows - 1
    assert (
        number_of(engine, "SELECT caco.hex(sample_id) || reason || by FROM caco.dataset_tombstone")
        == f"{gone}recalledada"
    )


def test_a_rebuilt_ledger_knows_what_was_taken_out(loaded: World, store: Store, ledger: Ledger, engine: Engine) -> None:
    [old] = loaded.datasets
    gone = ledger_world.sample_id(loaded.run("nightly"), 13)
    begun = datetime.now(UTC)
    publish_revision(ledger, store, f"{old.dataset}/{old.version}", {gone: "recalled"}, **SAID, withdraws=True)
    before = everything(engine)
    with warnings.catch_warnings():
        rebuild(ledger, store)
    assert everything(engine) == before
    assert number_of(engine, "SELECT at FROM caco.dataset_tombstone") >= begun


def test_what_waits_for_its_gate_stays_staged(loaded: World, store: Store, ledger: Ledger) -> None:
    [old] = loaded.datasets
    first = ledger_world.sample_id(loaded.run("nightly"), 12)
    second = ledger_world.sample_id(loaded.run("nightly"), 13)
    name = f"{old.dataset}/{old.version}"
    publish_revision(ledger, store, name, {first: "recalled"}, **SAID, withdraws=True)
    made = publish_revision(ledger, store, name, {second: "recalled"}, **SAID, withdraws=True)
    assert read_state(store, f"{made.dataset}/{made.version}").state == "staged"  # type: ignore[union-attr]
