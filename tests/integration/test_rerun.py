"""`caco rerun`, `caco dataset` and `caco sql` over a finished run."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text
from whole_line import Place, ledger_content, run_stage

from caco_tasks import tasks
from caco_tasks.cli import main
from caco_tasks.cli.forecasts import check_attempts, describe_attempts
from caco_tasks.errors import ConservationError, PlatformError
from caco_tasks.ledger import Ledger
from caco_tasks.publishing.states import change_state, read_states
from caco_tasks.store.manifest import AttemptLog
from caco_tasks.store.registry import DatasetStates, dataset_state_uri


def caco(*words: str) -> Result:
    """What a command says."""
    return CliRunner().invoke(main, words)


def attempts(line: Place, stage: str, shard: int) -> AttemptLog:
    """The new attempts of an output that were asked for."""
    path = line.run_folder(line.runs["nightly"]) / "attempts" / stage / f"{shard:05d}.json"
    return AttemptLog.model_validate_json(path.read_bytes())


def published(line: Place) -> str:
    """The dataset of the run, as name/version."""
    with Ledger(line.writer_url) as ledger:
        return ledger.datasets(line.runs["nightly"], state="published")[0]


def test_a_rerun_makes_one_shard_anew_and_what_follows_from_it(line: Place) -> None:
    run_id = line.runs["nightly"]
    first = line.manifest(run_id, "agree", 1)
    done = caco("rerun", run_id[:12], "--stage", "agree", "--shard", "1")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"agree is asked again: 1 of 2 shards, all {first.read} rows."
    again = line.manifest(run_id, "agree", 1)
    assert (again.attempt, again.previous, again.passed) == (1, first.key, first.passed)
    assert line.manifest(run_id, "judge", 0).attempt == line.manifest(run_id, "agree", 0).attempt == 0
    with Ledger(line.writer_url) as ledger:
        ledger.conservation(run_id)
        assert [manifest.key for manifest in ledger.outputs(run_id, "agree")][1] == again.key
    assert line.manifest(run_id, "judge", 1).inputs == (again.key,)


def test_a_rerun_of_what_is_unknown_asks_nothing_where_nothing_is(line: Place) -> None:
    listing, content = line.listing(), ledger_content(line.owner_url)
    done = caco("rerun", line.runs["nightly"], "--stage", "sample", "--unknown", "--here")
    assert (done.exit_code, done.stdout) == (
        0,
        "sample: no verdict is unknown, so there is nothing to ask again.\n",
    )
    assert line.listing() == listing
    assert ledger_content(line.owner_url) == content


def test_a_rerun_that_was_asked_for_and_never_made_is_no_success(line: Place) -> None:
    run = line.keys(line.runs["nightly"]).run
    tasks.rerun(run.run_id, "judge", shard=None, unknown_only=False, token="t")
    with pytest.raises(PlatformError, match="Shard 0 of 'judge' was asked for again and not made"):
        check_attempts(run, line.store, "judge", [0, 1])
    rows = sum(line.manifest(run.run_id, "agree", shard).passed for shard in range(2))
    assert describe_attempts(run, line.store, "judge", [0, 1]) == f"2 of 2 shards, all {rows} rows"


REFUSED = {
    "an unknown run": (["0000", "--stage", "judge"], "There is no run '0000'"),
    "a stage of another pipeline": (["RUN", "--stage", "unify"], "A run of 'nightly' has no stage 'unify'"),
    "a shard that is not there": (["RUN", "--stage", "judge", "--shard", "2"], "has no shard 2"),
}


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_a_rerun_that_cannot_be_is_refused(line: Place, words: list[str], says: str) -> None:
    listing = line.listing()
    done = caco("rerun", *(line.runs["nightly"] if word == "RUN" else word for word in words))
    assert done.exit_code == 1
    assert says in done.stderr
    assert line.listing() == listing


def test_an_output_that_was_never_finished_has_no_second_attempt(line: Place) -> None:
    line.manifest_path(line.runs["nightly"], "judge", 0).unlink()
    done = caco("rerun", line.runs["nightly"], "--stage", "judge")
    assert done.exit_code == 1
    assert "is not finished: a new attempt needs a first one" in done.stderr
    assert not (line.run_folder(line.runs["nightly"]) / "attempts").exists()


def test_a_dataset_is_withdrawn_with_who_and_why_and_restored(line: Place) -> None:
    name = published(line)
    done = caco("dataset", "withdraw", name, "--because", "false answers in algebra", "--by", "ada")
    assert (done.exit_code, done.stdout) == (0, f"{name} is withdrawn.\n")
    [listed] = json.loads(caco("dataset", "list", "--json").stdout)
    assert (listed["state"], listed["by"], listed["because"]) == ("withdrawn", "ada", "false answers in algebra")
    assert json.loads(caco("runs", "--pipeline", "nightly", "--json").stdout)["rows"][0]["state"] == "withdrawn"
    again = caco("dataset", "withdraw", name, "--because", "once more")
    assert again.exit_code == 1
    assert "is withdrawn (by ada" in again.stderr
    assert caco("dataset", "restore", name, "--because", "they were right").exit_code == 0
    with Ledger(line.writer_url) as ledger:
        states = ledger.dataset_states(name)
    assert [(state.state, state.because) for state in states[1:]][1:] == [
        ("withdrawn", "false answers in algebra"),
        ("published", "they were right"),
    ]
    assert states[-1].by  # the user of this machine


def test_the_claims_of_a_withdrawn_run_can_be_released(line: Place) -> None:
    name = published(line)
    done = caco("dataset", "withdraw", name, "--because", "wrong seeds", "--release-claims")
    released = int(done.stdout.splitlines()[1].split()[0])
    assert released > 0
    assert done.stdout.splitlines()[1] == f"{released} claims of its run were released."


def test_a_state_that_only_the_store_was_told_reaches_the_ledger_with_the_next_change(line: Place) -> None:
    name = published(line)
    change_state(line.store, name, "withdrawn", by="ada", because="false answers")  # and killed before the ledger knew
    again = caco("dataset", "withdraw", name, "--because", "once more")
    assert "is withdrawn (by ada" in again.stderr
    with Ledger(line.writer_url) as ledger:
        assert [state.state for state in ledger.dataset_states(name)] == ["staged", "published", "withdrawn"]
        assert ledger.datasets(state="published") == []


def test_a_gate_that_was_killed_between_store_and_ledger_publishes_in_both(line: Place) -> None:
    name = published(line)
    with create_engine(line.owner_url).begin() as connection:
        connection.execute(text("DELETE FROM caco.dataset_state WHERE state = 'published'"))
    tasks.finish(line.runs["nightly"])
    assert published(line) == name


def test_a_dataset_of_outputs_before_a_new_attempt_is_not_published(line: Place) -> None:
    run_id, name = line.runs["nightly"], published(line)
    uri = dataset_state_uri(*name.split("/"))
    staged = DatasetStates(history=read_states(line.store, name)[:1])
    line.store.put(uri, staged.model_dump_json().encode())  # as though the gate had not come to it yet
    tasks.rerun(run_id, "judge", shard=0, unknown_only=False, token="t")
    for stage in ("judge", "decontaminate"):
        run_stage(stage, run_id, [0])
    with pytest.raises(ConservationError, match="stage 'publish' was made of another output of 'decontaminate'"):
        tasks.finish(run_id)
    run_stage("publish", run_id, [0])
    tasks.finish(run_id)
    with Ledger(line.writer_url) as ledger:
        newest, *_ = ledger.datasets(run_id)
    states = {dataset: read_states(line.store, dataset)[-1].state for dataset in (name, newest)}
    assert states == {name: "staged", newest: "published"}


def test_a_dataset_that_nobody_published_is_not_withdrawn(line: Place) -> None:
    done = caco("dataset", "withdraw", "caco-smoke/nothing", "--because", "b", "--by", "ada")
    assert done.exit_code == 1
    assert "There is no dataset 'caco-smoke/nothing'" in done.stderr


def test_a_withdrawn_dataset_is_exported_with_one_warning(line: Place) -> None:
    name = published(line)
    caco("dataset", "withdraw", name, "--because", "false answers", "--by", "ada")
    done = caco("export", name, "--format", "messages", "--out", str(line.folder / "out"))
    assert done.exit_code == 0
    assert done.stdout.endswith("train.jsonl\n")


def test_a_query_is_answered_with_whole_ids_and_given_up_in_time(line: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", line.writer_url)
    rows = json.loads(caco("sql", "SELECT sha256 FROM caco.output ORDER BY sha256", "--json").stdout)
    text = caco("sql", "SELECT key, sha256, uri, uri AS again FROM caco.output").stdout
    assert [row["sha256"] for row in rows if row["sha256"] not in text] == []
    slow = caco("sql", "SELECT pg_sleep(30)", "--timeout", "0.2")
    assert slow.exit_code == 1
    assert "timeout" in slow.stderr


def test_duckdb_is_asked_about_ledger_and_outputs_of_one_run(line: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", line.writer_url)
    run_id = line.runs["nightly"]
    query = "SELECT run_id, count(*) AS programs FROM outputs.execute GROUP BY run_id"
    done = caco("sql", query, "--engine", "duckdb", "--run", run_id[:8], "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == [{"run_id": run_id, "programs": line.manifest(run_id, "execute", 0).read * 2}]
    assert run_id in caco("sql", query, "--engine", "duckdb").stdout
    assert json.loads(caco("sql", query, "--engine", "duckdb", "--partition", "2020-01-01", "--json").stdout) == []


ILL_ASKED = {
    "a write": (["DELETE FROM caco.run", "--engine", "duckdb"], "nothing that writes or changes settings"),
    "a partition that is no date": (["SELECT 1", "--engine", "duckdb", "--partition", "today"], "is not a date"),
    "a run for Postgres": (["SELECT 1", "--run", "0"], "Postgres takes no --run"),
    "too long": (
        ["SELECT count(*) FROM range(1000000000) a, range(1000) b", "--engine", "duckdb", "--timeout", "0.2"],
        "took longer than 0.2 s",
    ),
}


@pytest.mark.parametrize(("words", "says"), ILL_ASKED.values(), ids=ILL_ASKED)
def test_a_query_that_cannot_be_is_refused(
    line: Place, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", line.writer_url)
    done = caco("sql", *words)
    assert done.exit_code == 1
    assert says in done.stderr
