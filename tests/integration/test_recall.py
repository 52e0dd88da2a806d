"""A recall over the whole line, really run: what it finds, what stops it, what applying it changes, and what a kill leaves."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import whole_line
from click.testing import CliRunner
from sqlalchemy import create_engine, text
from whole_line import Place

from caco_tasks.cli.main import main
from caco_tasks.errors import ConfigError, PrerequisiteError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.analyst import Analyst
from caco_tasks.ledger.dataset_queries import find_dataset
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.pipeline import STAGES
from caco_tasks.publishing.dataset_files import dataset_rows, list_datasets
from caco_tasks.publishing.states import read_state
from caco_tasks.recall.ancestors import Ancestor
from caco_tasks.recall_tasks import apply, look, reach_out
from caco_tasks.reports.recall_words import facts_of_dataset, recalls_of_sample

SAID = {"by": "ada", "because": "its price is wrong"}


@pytest.fixture
def ledger(line: Place) -> Any:
    """The ledger of the line, as its writer."""
    with Ledger(line.writer_url) as opened:
        yield opened


@pytest.fixture
def rows(line: Place) -> list[dict[str, Any]]:
    """The rows that the line has published."""
    [name] = list_datasets(line.store)
    return list(dataset_rows(line.store, name))


def test_every_kind_of_ancestor_is_found_on_the_line(line: Place, ledger: Ledger, rows: list[dict[str, Any]]) -> None:
    row, seed_id = rows[0], one_of(line, "SELECT caco.hex(seed_id) FROM caco.program ORDER BY 1 LIMIT 1")
    [name] = list_datasets(line.store)
    whole = {"direct": len(rows), "through a model": 0}
    cases = {
        ("program", row["program_id"]): {"direct": 1, "through a model": 0},
        ("model", row["reverser"]): whole,
        ("model", row["codegen"]): whole,
        ("prompt", row["judge_prompt"]): whole,
        ("check-version", f"agree:{STAGES['agree'].version}"): whole,
        ("check-version", "publish:2"): whole,
        ("seed", seed_id): {"direct": 0, "through a model": len(rows)},
        ("source", "bank"): {"direct": 0, "through a model": len(rows)},
    }
    for (kind, ancestor), counts in cases.items():
        found = look(ledger, line.store, Ancestor(kind=kind, name=ancestor))  # type: ignore[arg-type]
        assert {degree: found.count_rows(degree) for degree in counts} == counts, kind  # type: ignore[arg-type]
        assert {one.name for one in found.of("dataset")} == {name}
        assert found.unknown == ()
    by_seed = look(ledger, line.store, Ancestor(kind="seed", name=seed_id[:12]))
    [model] = by_seed.of("model")
    assert (model.name, model.degree, model.part, model.action) == (row["codegen"], "direct", 1, "withdraw")
    assert [(one.name, one.part) for one in by_seed.of("run")] == [(line.runs["nightly"], whole_line.SAMPLES)]
    assert by_seed.of("dataset")[0].action == "re-verify"


def test_a_recalled_program_leaves_a_version_without_its_row(
    line: Place, ledger: Ledger, rows: list[dict[str, Any]]
) -> None:
    bad, [old] = rows[0], list_datasets(line.store)
    ancestor = Ancestor(kind="program", name=bad["program_id"])
    [done] = apply(ledger, line.store, look(ledger, line.store, ancestor), **SAID)
    assert (done.dataset, done.removed) == (old, 1)
    left = [row["sample_id"] for row in dataset_rows(line.store, str(done.revised))]
    assert left == [row["sample_id"] for row in rows if row is not bad]
    assert read_state(line.store, old).state == "withdrawn"  # type: ignore[union-attr]
    assert read_state(line.store, str(done.revised)).state == "published"  # type: ignore[union-attr]
    recalled = "SELECT kind || action || part FROM caco.recalled WHERE name = "
    assert one_of(line, f"{recalled}'{old}'") == "datasetwithdraw1"
    with Analyst(line.writer_url) as analyst, analyst.reading() as connection:
        told = " ".join(recalls_of_sample(connection, bad["sample_id"], [old]))
        row = find_dataset(connection, *str(done.revised).split("/"))
        assert row is not None
        facts = facts_of_dataset(connection, row)
    assert f"It was taken out of {old} (recalled program, direct) by ada: its price is wrong." in told
    assert f"descends from the program {ancestor.name} (direct, 1 of {len(rows)})" in told
    assert facts["supersedes"] == old
    assert facts["rows_taken_out"] == "1 (recalled program, direct) by ada: its price is wrong"
    assert apply(ledger, line.store, look(ledger, line.store, ancestor), **SAID) == []  # nothing is left to do
    assert one_of(line, f"{recalled}'{old}'") == "datasetwithdraw1"


def test_no_later_run_samples_from_a_withdrawn_model_even_in_a_ledger_filled_anew(line: Place, ledger: Ledger) -> None:
    seed_id = one_of(line, "SELECT caco.hex(seed_id) FROM caco.program ORDER BY 1 LIMIT 1")
    found = look(ledger, line.store, Ancestor(kind="seed", name=seed_id))
    assert apply(ledger, line.store, found, **SAID) == []  # the rows are to be verified again, not to go
    before = whole_line.ledger_content(line.owner_url)
    rebuild(ledger, line.store)
    assert whole_line.ledger_content(line.owner_url) == before
    with pytest.raises(PrerequisiteError, match="was refused: Recalled by ada: its price is wrong"):
        whole_line.tasks.plan("nightly", partition=whole_line.NEXT_DAY, config=whole_line.CONFIG)


def test_all_that_was_touched_goes_when_that_is_asked(line: Place, ledger: Ledger) -> None:
    [old] = list_datasets(line.store)
    found = reach_out(look(ledger, line.store, Ancestor(kind="source", name="bank")), "all")
    [done] = apply(ledger, line.store, found, **SAID)
    assert (done.dataset, done.revised) == (old, None)
    assert read_state(line.store, old).state == "withdrawn"  # type: ignore[union-attr]


def test_what_is_not_known_stops_an_action_and_not_the_look(
    line: Place, ledger: Ledger, rows: list[dict[str, Any]]
) -> None:
    ancestor = Ancestor(kind="source", name="bank")
    with create_engine(line.owner_url).begin() as connection:  # a training whose seeds the ledger has lost
        connection.execute(text("DELETE FROM caco.output WHERE stage = 'unify'"))
        connection.execute(text("DELETE FROM caco.model"))
        connection.execute(text("UPDATE caco.dataset_row SET output_key = NULL"))
    (line.folder / "datasets" / "stray" / "v1").mkdir(parents=True)
    (line.folder / "datasets" / "stray" / "v1" / "manifest.json").write_text("{}")
    found = look(ledger, line.store, ancestor)
    told = " ".join(found.unknown)
    for words in (
        "made from",
        "which outputs all rows came from",
        "not trained here",
        "of the store is not in the ledger",
    ):
        assert words in told
    with pytest.raises(ConfigError, match="Nothing was changed; --despite-unknown"):
        apply(ledger, line.store, found, **SAID)
    assert one_of(line, "SELECT count(*) FROM caco.recall") == 0
    assert apply(ledger, line.store, found, **SAID, despite_unknown=True) == []
    assert one_of(line, "SELECT cardinality(unknown) FROM caco.recall") == len(found.unknown)


def test_the_command_shows_and_writes_what_it_found(line: Place, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    words = ["recall", "--program", rows[0]["program_id"], "--out", str(tmp_path / "list.jsonl")]
    seen = CliRunner().invoke(main, words, env=dict(os.environ))
    assert (seen.exit_code, "Nothing was changed" in seen.output) == (0, True), seen.output
    listed = [json.loads(each) for each in (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {one["kind"] for one in listed} >= {"dataset"}
    refused = CliRunner().invoke(main, [*words, "--apply"])
    assert (refused.exit_code, "--because" in refused.output) == (1, True)
    told = CliRunner().invoke(main, [*words, "--apply", "--because", "wrong", "--by", "ada", "--json"])
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert (answer["rows"]["direct"], answer["applied"][0]["removed"]) == (1, 1)
    two = CliRunner().invoke(main, ["recall", "--model", "a", "--prompt", "b", "--json"])
    assert "One ancestor is recalled at a time" in two.output
    nobody = CliRunner().invoke(main, ["recall", "--prompt", "judge.v99"])
    assert (nobody.exit_code, "The ledger knows no prompt" in nobody.output) == (1, True)


def one_of(line: Place, query: str) -> Any:
    """One value of the ledger."""
    with create_engine(line.owner_url).connect() as connection:
        return connection.execute(text(query)).scalar()
