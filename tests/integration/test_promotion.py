"""Which version of a date counts: the first, until somebody promotes another; and back. Killed anywhere, one counts."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import making
import pytest
from click.testing import CliRunner, Result
from published import write_dataset
from sqlalchemy import Engine, create_engine, text
from whole_line import DAY, Place, command, run_pipeline

from caco_tasks import dataset_tasks, release_tasks, tasks
from caco_tasks.cli import main
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.publishing.states import read_state
from caco_tasks.records import Sample
from caco_tasks.store import RunRecord, Store
from caco_tasks.store.manifest import run_uri
from caco_tasks.store.registry import promotions_uri

NAME, DATE = "toys-words", "2026-11-02"
WHY = "a stricter judge"


def caco(*words: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, words)


@pytest.fixture
def run(
    ledger: Ledger, store: Store, ledger_address: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> RunRecord:
    """A nightly run, in a ledger and a store that commands find through the environment."""
    for role, url in zip(("OWNER_", "", "ANALYST_"), ledger_address, strict=True):
        monkeypatch.setenv(f"CACO_LEDGER_{role}URL", url)
    monkeypatch.setenv("CACO_STORE", store.root)
    config = making.small_config(publish={"name": NAME})
    dated = {"partition": DATE, "run_id": pipeline_run_id("nightly", DATE, config)}
    made = making.nightly_run(config).model_copy(update=dated)
    store.put(run_uri(made.partition, made.run_id), made.model_dump_json().encode())
    return ledger.register_run(made)


@pytest.fixture
def publish(run: RunRecord, ledger: Ledger, store: Store) -> Callable[..., str]:
    """Publishes samples as a version of that date."""

    def one(version: str, *samples: Sample) -> str:
        record = write_dataset(store, run, samples, name=f"{NAME}/{version}")
        ledger.register_dataset(record, store)
        dataset_tasks.register_states(ledger, store, f"{NAME}/{version}")
        return f"{NAME}/{version}"

    return one


@pytest.fixture
def versions(publish: Callable[..., str]) -> tuple[str, str, str]:
    """Three versions of a date, each published by its gate, one after the other."""
    a, b, c, d = (making.sample(f"{number:032x}", index=number) for number in (1, 2, 3, 0xF00))
    assert b.solution is not None
    other = replace(b, solution=replace(b.solution, text="Another way to the same answer."))
    return publish("v1", a, b, c), publish("v2", a, other, d), publish("v3", a)


def counting(ledger: Ledger) -> str | None:
    """The version that counts for the date."""
    return ledger.current_datasets(NAME, DATE, DATE).get(DATE)


def standings(ledger: Ledger, names: tuple[str, ...]) -> list[str | None]:
    return [ledger.standing(name) for name in names]


def test_the_first_published_version_counts_until_another_is_promoted(
    versions: tuple[str, str, str], ledger: Ledger
) -> None:
    first, second, _ = versions
    assert standings(ledger, versions) == ["current", "waiting", "waiting"]
    done = caco("dataset", "promote", second, "--because", WHY, "--by", "ada")
    assert (done.exit_code, done.stdout) == (0, f"{second} counts for {DATE} instead of {first}.\n")
    shown = caco("dataset", "show", first)
    assert "published (superseded among those of its date)" in shown.stdout
    assert f"v2 counts for {DATE}" in shown.stdout
    # the third was published before, too, and nobody has chosen it
    assert standings(ledger, versions) == ["superseded", "current", "superseded"]
    again = caco("dataset", "promote", second, "--because", WHY, "--by", "ada", "--json")
    assert json.loads(again.stdout) == {"dataset": second, "partition": DATE, "replaced": None, "changed": False}


def test_a_date_stands_for_the_version_that_counts(
    versions: tuple[str, str, str], ledger: Ledger, tmp_path: Path
) -> None:
    def exported() -> object:
        done = caco("export", f"{NAME}/{DATE}", "--format", "messages", "--out", str(tmp_path / "out"), "--json")
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)["dataset"]

    assert exported() == versions[0]
    assert caco("dataset", "promote", versions[2], "--because", WHY).exit_code == 0
    assert exported() == versions[2] == ledger.resolve_dataset(f"{NAME}/{DATE}")
    other = caco("dataset", "show", f"{NAME}/2026-01-01")
    assert "No version of 'toys-words' counts for 2026-01-01" in other.stderr


def test_going_back_walks_through_the_promotions_that_were_not_taken_back(
    versions: tuple[str, str, str], ledger: Ledger
) -> None:
    for name in versions[1:]:
        assert caco("dataset", "promote", name, "--because", WHY).exit_code == 0
    back = caco("dataset", "roll-back", versions[2], "--because", "too few rows")
    assert back.stdout == f"{versions[1]} counts for {DATE} again instead of {versions[2]}.\n"
    assert caco("dataset", "roll-back", NAME, "--date", DATE, "--because", "so were these").exit_code == 0
    assert counting(ledger) == versions[0]
    end = caco("dataset", "roll-back", NAME, "--date", DATE, "--because", "once more")
    assert end.exit_code == 1
    assert "there is no way back" in end.stderr
    assert counting(ledger) == versions[0]
    other = caco("dataset", "roll-back", versions[1], "--because", "it does not count")
    assert "it is superseded" in other.stderr


def test_what_was_withdrawn_does_not_count_and_is_not_gone_back_to(
    versions: tuple[str, str, str], ledger: Ledger, store: Store
) -> None:
    first, second, third = versions
    assert caco("dataset", "promote", second, "--because", WHY).exit_code == 0
    dataset_tasks.set_dataset_state(ledger, store, first, "withdrawn", by="ada", because="wrong")
    back = caco("dataset", "roll-back", second, "--because", "too few rows")
    assert "is withdrawn: restore it first" in back.stderr
    assert counting(ledger) == second
    dataset_tasks.set_dataset_state(ledger, store, second, "withdrawn", by="ada", because="wrong")
    assert counting(ledger) is None  # none that lost its place comes back by itself
    assert "was withdrawn (wrong)" in caco("dataset", "promote", second, "--because", WHY).stderr
    assert caco("dataset", "promote", third, "--because", WHY).exit_code == 0
    assert counting(ledger) == third


def test_decisions_are_in_a_rebuilt_ledger(versions: tuple[str, str, str], ledger: Ledger, store: Store) -> None:
    caco("dataset", "promote", versions[1], "--because", WHY)
    caco("dataset", "promote", versions[2], "--because", WHY)
    caco("dataset", "roll-back", versions[2], "--because", "too few rows")
    before = standings(ledger, versions)
    rebuild(ledger, store)
    assert standings(ledger, versions) == before == ["superseded", "current", "superseded"]


@pytest.fixture
def superuser(postgres: EmbeddedPostgres, ledger_address: tuple[str, str, str]) -> Iterator[Engine]:
    """The ledger's database with all rights: who waits there for what is told to nobody else."""
    opened = create_engine(postgres.url(ledger_address[0].rpartition("/")[2]))
    yield opened
    opened.dispose()


HOLD = (
    "CREATE FUNCTION caco.held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$"
)
TRIGGERS = {
    "insert": "CREATE TRIGGER held BEFORE INSERT ON caco.dataset_promotion",
    "commit": "CREATE CONSTRAINT TRIGGER held AFTER INSERT ON caco.dataset_promotion DEFERRABLE INITIALLY DEFERRED",
}
ASLEEP = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@pytest.mark.parametrize("when", ["insert", "commit"])
def test_who_is_killed_while_promoting_leaves_one_that_counts_and_the_next_call_ends_it(
    versions: tuple[str, str, str],
    ledger: Ledger,
    store: Store,
    superuser: Engine,
    when: str,
) -> None:
    first, second, _ = versions
    with superuser.begin() as connection:
        connection.execute(text(HOLD))
        connection.execute(text(f"{TRIGGERS[when]} FOR EACH ROW EXECUTE FUNCTION caco.held()"))
    process = subprocess.Popen(
        command("dataset", "promote", second, "--because", WHY), env=os.environ.copy(), stdout=subprocess.DEVNULL
    )
    wait_until(lambda: is_asleep(superuser))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert store.exists(promotions_uri(NAME, DATE)) is (when == "commit")
    with superuser.begin() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {ASLEEP}"))
        connection.execute(text("DROP FUNCTION caco.held CASCADE"))
    assert counting(ledger) == first
    assert caco("dataset", "promote", second, "--because", WHY).exit_code == 0
    assert counting(ledger) == second


def is_asleep(superuser: Engine) -> bool:
    """Whether somebody waits in the ledger where the test holds him."""
    with superuser.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) {ASLEEP}")).scalar_one()) == 1


def wait_until(is_true: Callable[[], bool]) -> None:
    """Looks again and again, for a minute at most."""
    end = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_difference_names_the_rows_that_came_went_and_changed(
    versions: tuple[str, str, str], publish: Callable[..., str]
) -> None:
    first, second, _ = versions
    found = json.loads(caco("dataset", "diff", first, second, "--json").stdout)
    assert (found["kept"], found["renamed"]) == (1, 1)  # the fourth has the words of the third
    ids = {kind: [one["sample_id"] for one in found[kind]["first"]] for kind in ("came", "went", "changed")}
    assert ids == {"came": [f"{0xF00:032x}"], "went": [f"{3:032x}"], "changed": [f"{2:032x}"]}
    assert found["changed"]["first"][0]["differs"] == ["output"]
    shown = caco("dataset", "diff", first, second)
    assert shown.exit_code == 0, shown.stderr
    assert "Another way" not in shown.stdout  # problems are shown, and texts are in --json
    assert f"{0xF00:032x}" in shown.stdout


def test_a_run_leaves_its_dataset_staged_where_it_is_told_to_and_promotion_asks_its_gate(line: Place) -> None:
    [first] = published_of(line, line.runs["nightly"])
    planned = tasks.plan("nightly", partition=DAY, config="smoke", overrides=["samples=12"])
    run_pipeline("nightly", DAY, "samples=12", publishes=False)
    with Ledger(line.writer_url) as ledger:
        [second] = ledger.datasets(planned["run_id"])
        assert release_tasks.awaiting_promotion(planned["run_id"]) == [second]
        assert ledger.standing(second) is None
    form = release_tasks.promotion_form(second)
    assert f"beside `{first}`" in form
    assert "| samples | `24` | `12` |" in form
    done = caco("dataset", "promote", second, "--because", WHY, "--by", "ada")
    assert done.stdout == f"{second} counts for {DAY} instead of {first}.\n", done.stderr
    state = read_state(line.store, second)
    assert state is not None
    assert (state.state, state.by) == ("published", "ada")
    assert release_tasks.awaiting_promotion(planned["run_id"]) == []


def test_a_dataset_whose_run_does_not_pass_its_gate_is_not_promoted(line: Place) -> None:
    planned = tasks.plan("nightly", partition=DAY, config="smoke", overrides=["samples=12"])
    run_pipeline("nightly", DAY, "samples=12", publishes=False)
    record = line.run_folder(planned["run_id"]) / "run.json"
    demanding = json.loads(record.read_bytes())
    demanding["config"]["gate"]["min_published"] = 1000
    record.write_text(json.dumps(demanding))
    with Ledger(line.writer_url) as ledger:
        [second] = ledger.datasets(planned["run_id"])
    done = caco("dataset", "promote", second, "--because", WHY)
    assert done.exit_code == 1
    assert "1,000" in done.stderr or "1000" in done.stderr
    state = read_state(line.store, second)
    assert state is not None
    assert state.state == "staged"


def published_of(line: Place, run_id: str) -> list[str]:
    with Ledger(line.writer_url) as ledger:
        return ledger.datasets(run_id, state="published")
