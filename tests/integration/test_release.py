"""Releases: the datasets that count for a week as one, each row once, chained to the release before."""

import json
from collections.abc import Callable
from pathlib import Path

import making
import pytest
from click.testing import CliRunner, Result
from published import write_dataset

from caco_tasks import dataset_tasks
from caco_tasks.cli import main
from caco_tasks.identity import pipeline_run_id
from caco_tasks.ids import program_id
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.publishing.dataset_files import dataset_rows, read_dataset
from caco_tasks.records import Problem, Program, Sample
from caco_tasks.releases.release import manifest_hash
from caco_tasks.store import Store
from caco_tasks.store.manifest import run_uri
from caco_tasks.verification.row_checks import find_missing_evidence, find_wrong_licence

NAME, WEEK = "toys-words", "2026-W48"
MONDAY, TUESDAY, SUNDAY = "2026-11-23", "2026-11-24", "2026-11-29"
NEXT_MONDAY = "2026-11-30"

Publish = Callable[..., str]


def caco(*words: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, words)


def told(*words: str) -> object:
    """What a command says to a script."""
    done = caco(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def publish(
    ledger: Ledger, store: Store, ledger_address: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Publish:
    """Publishes samples as a version of a date, where commands find store and ledger."""
    for role, url in zip(("OWNER_", "", "ANALYST_"), ledger_address, strict=True):
        monkeypatch.setenv(f"CACO_LEDGER_{role}URL", url)
    monkeypatch.setenv("CACO_STORE", store.root)
    monkeypatch.setenv("CACO_HOME", str(tmp_path / "home"))
    config = making.small_config(publish={"name": NAME, "rows_per_file": 2})

    def one(day: str, *samples: Sample, version: str = "a") -> str:
        run = making.nightly_run(config)
        run = run.model_copy(update={"partition": day, "run_id": pipeline_run_id("nightly", day, config)})
        store.put(run_uri(day, run.run_id), run.model_dump_json().encode())
        ledger.register_run(run)
        name = f"{NAME}/{day}-{version}"
        record = write_dataset(store, run, samples, name=name)
        licence = {"licence": "CC0-1.0", "licence_note": None, "sources": ["bank"]}
        record = record.model_copy(update={"facts": licence})
        store.put(f"datasets/{name}/manifest.json", record.model_dump_json().encode())
        ledger.register_dataset(record, store)
        dataset_tasks.register_states(ledger, store, name)
        return name

    return one


def sample(number: int, *, program: int | None = None, problem: int | None = None, words: str = "cost") -> Sample:
    """A sample that is like no other of another number, but for its program or problem."""
    code = f"{making.CODE}\nspare = {program or number}\n"
    text = f"What do {problem or number} pens at 4 coins each {words}?"
    written = making.sample().problem
    assert written is not None
    return making.sample(
        f"{number:032x}",
        index=None,
        program=Program(program_id=program_id(code), code=code, generation=written.generation),
        problem=Problem(text=text, generation=written.generation),
    )


def samples_of(store: Store, release: str) -> list[int]:
    return [int(row["sample_id"], 16) for row in dataset_rows(store, release)]


def test_a_release_has_the_rows_of_its_dates_in_order_and_each_once(
    publish: Publish, ledger: Ledger, store: Store
) -> None:
    publish(SUNDAY, sample(7), sample(8, problem=1), sample(9, problem=1, words="weigh in a far and foreign land"))
    publish(MONDAY, sample(1), sample(2), sample(3))
    tuesday = publish(TUESDAY, sample(4), sample(5, program=2), sample(6))
    publish(NEXT_MONDAY, sample(10))
    tasks_say = caco("release", "make", "--week", WEEK)
    assert tasks_say.stdout == f"{NAME}-weekly/{WEEK} is made: 7 rows of 3 dates.\n", tasks_say.stderr
    assert samples_of(store, f"{NAME}-weekly/{WEEK}") == [1, 2, 3, 4, 6, 7, 9]
    record = read_dataset(store, f"{NAME}-weekly/{WEEK}")
    assert f"{NAME}-weekly/{WEEK}" in ledger.datasets()
    assert f"{NAME}-weekly/{WEEK}" not in ledger.datasets(record.run_id)  # which would be announced and evaluated by it
    assert [file.rows for file in record.files] == [2, 2, 2, 1]
    about = record.facts["release"]
    assert about["dropped"] == {"recalled": 0, "same_sample": 0, "same_program": 1, "same_problem": 1}
    assert [(one["partition"], one["taken"]) for one in about["members"]] == [(MONDAY, 3), (TUESDAY, 2), (SUNDAY, 2)]
    assert about["members"][1]["manifest_sha256"] == manifest_hash(store, tuesday)
    assert (record.facts["previous"], record.facts["licence"]) == (None, "CC0-1.0")
    for row in dataset_rows(store, f"{NAME}-weekly/{WEEK}"):
        assert find_wrong_licence(row, record) is None
        assert find_missing_evidence({**row, "pass_rate": None, "difficulty": None}, record) is None
        assert "none of the dates" in str(find_missing_evidence({**row, "partition": NEXT_MONDAY}, record))


def test_the_same_week_is_the_same_release_and_a_changed_date_makes_a_revision(
    publish: Publish, store: Store, ledger: Ledger
) -> None:
    publish(MONDAY, sample(1), sample(2))
    publish(TUESDAY, sample(3))
    [first] = told("release", "make", "--week", WEEK)  # type: ignore[misc]
    [again] = told("release", "make", "--week", WEEK)  # type: ignore[misc]
    assert (again["release"], again["is_new"]) == (first["release"], False)
    other = publish(MONDAY, sample(1), sample(4), version="b")
    [still] = told("release", "make", "--week", WEEK)  # type: ignore[misc]
    assert not still["is_new"]  # the second version waits
    told("dataset", "promote", other, "--because", "a stricter judge")
    [revision] = told("release", "make", "--week", WEEK)  # type: ignore[misc]
    assert (revision["release"], revision["is_new"]) == (f"{NAME}-weekly/{WEEK}.1", True)
    publish(NEXT_MONDAY, sample(9))
    [following] = told("release", "make", "--week", "2026-W49")  # type: ignore[misc]
    assert [one["previous"] for one in (first, revision, following)] == [None, first["release"], revision["release"]]
    record = read_dataset(store, revision["release"])
    assert record.facts["previous"] == manifest_hash(store, first["release"])
    news = (store.get(f"datasets/{revision['release']}/CHANGELOG.md") or b"").decode()
    assert "| kept | 2 |\n| came | 1 |\n| went | 1 |" in news
    assert [ledger.standing(one["release"]) for one in (first, revision)] == ["superseded", "current"]
    before = [ledger.standing(one["release"]) for one in (first, revision, following)]
    rebuild(ledger, store)
    assert [ledger.standing(one["release"]) for one in (first, revision, following)] == before
    assert [one["release"] for one in told("release", "list")] == [  # type: ignore[attr-defined]
        one["release"] for one in (first, revision, following)
    ]
    assert caco("release", "verify").exit_code == 0


def test_recalled_rows_are_left_out_and_withdrawn_datasets_too(publish: Publish, store: Store, ledger: Ledger) -> None:
    monday = publish(MONDAY, sample(1), sample(2))
    tuesday = publish(TUESDAY, sample(3))
    dataset_tasks.set_dataset_state(ledger, store, tuesday, "withdrawn", by="ada", because="wrong")
    card = f"# {monday}\n\n2 problems without a card.\n"
    store.put(f"datasets/{monday}/README.md", card.encode())
    taken = {f"{2:032x}": "a wrong seed"}
    dataset_tasks.publish_revision(ledger, store, monday, taken, by="ada", because="recalled", withdraws=False)
    [made] = told("release", "make", "--week", WEEK)  # type: ignore[misc]
    assert made["datasets"] == [monday]  # the version without the row waits, and the row is left out all the same
    assert (samples_of(store, made["release"]), made["dropped"]["recalled"]) == ([1], 1)


def test_a_chain_that_was_tampered_with_is_told_where(publish: Publish, store: Store) -> None:
    publish(MONDAY, sample(1), sample(2))
    publish(NEXT_MONDAY, sample(3))
    for week in (WEEK, "2026-W49"):
        told("release", "make", "--week", week)
    first = f"datasets/{NAME}-weekly/{WEEK}"
    [file] = read_dataset(store, f"{NAME}-weekly/{WEEK}").files
    store.put(file.uri, (store.get(file.uri) or b"") + b" ")
    done = caco("release", "verify", "--name", NAME)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert file.uri in lines[0]
    assert lines[1].endswith("as it was made")
    manifest = store.get(f"{first}/manifest.json") or b""
    store.put(f"{first}/manifest.json", manifest.replace(b'"rows": 2', b'"rows":  2'))  # the same record, other bytes
    assert "is not the one that it was made after" in caco("release", "verify").stdout.splitlines()[1]


def test_what_a_killed_maker_left_is_not_taken_for_rows(publish: Publish, store: Store) -> None:
    publish(MONDAY, sample(1))
    folder = f"datasets/{NAME}-weekly/{WEEK}"
    store.put(f"{folder}/train-00000-of-00009.parquet", b"half a file")
    told("release", "make", "--week", WEEK)
    assert sorted(store.list(f"{folder}/")) == [
        f"{folder}/{name}"
        for name in (
            "CHANGELOG.md",
            "README.md",
            "croissant.json",
            "manifest.json",
            "state.json",
            "train-00000-of-00001.parquet",
        )
    ]


def test_a_week_without_a_dataset_is_told_so(publish: Publish) -> None:
    done = caco("release", "make", "--week", WEEK)
    assert (done.exit_code, "No dataset counts for a date" in done.stderr) == (1, True)
    assert "is no week" in caco("release", "make", "--week", "November").stderr
