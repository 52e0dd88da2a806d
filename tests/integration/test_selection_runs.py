"""Selectors on runs that were really made: trained, pinned, used, watched, stopped; and nothing of it without `[select]`."""

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, NEXT_DAY, Place, run_pipeline

from caco_tasks import tasks
from caco_tasks.cli.main import main
from caco_tasks.config import load_config
from caco_tasks.errors import PrerequisiteError
from caco_tasks.ids import random_seed
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.records import JudgedRecord, Reason, Sample
from caco_tasks.select_tasks import train_selector
from caco_tasks.store.selector_record import SelectorRecord, selector_uri

EXPLORE = 0.5
ON = (f"select.explore={EXPLORE}", "select.train.min_rows=10", "select.train.min_recall=0")
LAST_DAY, AFTER_RECALL = "2026-11-22", "2026-11-23"
SHARDS = 2


def caco(*words: str) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def rows(line: Place, run_id: str, stage: str, day: str) -> list[JudgedRecord[Sample]]:
    """The rows of a stage of a run."""
    return [row for shard in range(SHARDS) for row in line.samples(line.manifest(run_id, stage, shard, day))]


def keys(line: Place, run_id: str, stage: str, day: str) -> list[str]:
    """The names of a stage's outputs."""
    return [line.keys(run_id, day).key(stage, shard) for shard in range(SHARDS)]


def skip_nearly_all(line: Place, record: SelectorRecord) -> str:
    """A selector that gives every sample nearly no chance, so that all that are not explored are skipped; its id."""
    stages = {
        name: stage.model_copy(update={"calibration": ((0.0, 0.001), (1.0, 0.001)), "threshold": 0.01})
        for name, stage in record.stages.items()
    }
    # later, for of two that learnt up to the same date the newer one is used
    wrong = record.model_copy(update={"stages": stages, "trained_at": record.trained_at + timedelta(seconds=1)})
    wrong = wrong.model_copy(update={"selector_id": wrong.hashed()})
    line.store.put(selector_uri(wrong.selector_id), wrong.model_dump_json().encode())
    with Ledger(line.writer_url) as ledger:
        ledger.register_selector(wrong)
    return wrong.selector_id


def test_without_the_section_or_without_a_selector_every_output_is_the_one_that_was_there(line: Place) -> None:
    plain = line.runs["nightly"]
    run_id = run_pipeline("nightly", DAY, *ON)
    assert run_id != plain
    for stage in ("dedup", "reverse", "solve", "decontaminate"):
        assert keys(line, run_id, stage, DAY) == keys(line, plain, stage, DAY)
    shown = caco("select", "audit", run_id)
    assert (shown["rows"], shown["selection"]["is_used"]) == ([], False)
    assert "caco select train" in shown["selection"]["because"]


def test_a_selector_skips_explores_is_watched_and_is_stopped_where_it_is_wrong(line: Place) -> None:
    words = ["select", "train", "--config", CONFIG, *(word for one in ON for word in ("--set", one))]
    told = caco(*words, "--before", NEXT_DAY)
    assert told["until"] == DAY
    assert told["run_ids"] == [line.runs["nightly"]]
    assert caco(*words, "--before", NEXT_DAY)["selector_id"] == told["selector_id"]  # the same rows, the same bytes
    record = SelectorRecord.model_validate_json(line.store.get(selector_uri(told["selector_id"])) or b"")
    selector = skip_nearly_all(line, record)
    run_id = run_pipeline("nightly", NEXT_DAY, *ON)
    assert line.keys(run_id, NEXT_DAY).run.models["selector"] == selector
    _only_explored_samples_were_paid_for(line, run_id)
    _the_ledger_tells_what_was_wrong(line, run_id)
    _it_is_named_by_what_it_touched(line, run_id, selector)
    planned = tasks.plan("nightly", partition=LAST_DAY, config=CONFIG, overrides=ON)
    pinned = line.keys(planned["run_id"], LAST_DAY).run
    assert "selector" not in pinned.models
    assert pinned.selection["selector"] == selector
    assert "explored samples that it would have skipped before" in pinned.selection["because"]
    caco("recall", "--model", selector, "--apply", "--because", "it skips everything")
    planned = tasks.plan("nightly", partition=AFTER_RECALL, config=CONFIG, overrides=ON)
    assert line.keys(planned["run_id"], AFTER_RECALL).run.models["selector"] == told["selector_id"]  # the one before


def _only_explored_samples_were_paid_for(line: Place, run_id: str) -> None:
    reversed_rows = rows(line, run_id, "reverse", NEXT_DAY)
    entered = [row for row in rows(line, run_id, "dedup", NEXT_DAY) if row.verdict.kept]
    assert {row.id for row in reversed_rows} == {row.id for row in entered}  # none is lost
    skipped = [row for row in reversed_rows if row.verdict.reason is Reason.UNLIKELY]
    explored = [row for row in reversed_rows if row not in skipped]
    assert skipped
    assert explored
    assert all(random_seed("explore", row.id) / 2**60 < EXPLORE for row in explored)
    assert all(row.record.problem is None for row in skipped)
    assert {row.record.selections[0].is_explored for row in explored} == {True}
    assert "0.001" in str(skipped[0].verdict.detail)
    requests = sum(line.manifest(run_id, "reverse", shard, NEXT_DAY).requests for shard in range(SHARDS))
    assert requests == len(explored)
    solved = [row.record for row in rows(line, run_id, "solve", NEXT_DAY)]
    assert all([one.stage for one in sample.selections] == ["reverse", "solve"] for sample in solved)


def _the_ledger_tells_what_was_wrong(line: Place, run_id: str) -> None:
    kept = {row.id for row in rows(line, run_id, "decontaminate", NEXT_DAY) if row.verdict.kept}
    assert kept  # else nothing below says anything
    shown = caco("select", "audit", run_id)["rows"]
    whole = {row["stage"]: row for row in shown if row["domain"] is None}
    reached = rows(line, run_id, "reverse", NEXT_DAY)
    skipped = sum(row.verdict.reason is Reason.UNLIKELY for row in reached)
    before = whole["reverse"]
    assert (before["judged"], before["skipped"], before["kept"]) == (len(reached), skipped, 0)
    assert before["explored_accepted"] == whole["solve"]["explored_accepted"] == len(kept)
    assert before["false_skips"] == pytest.approx(len(kept) / before["explored"])
    assert before["false_skips_low"] < before["false_skips"] < before["false_skips_high"]
    assert before["recall"] == 0
    assert caco("select", "list")[0]["metrics"]["reverse"]["rows"] > 0
    [dataset] = tasks.published(run_id)
    card = (line.folder / "datasets" / dataset / "README.md").read_text()
    assert f"| reverse | all | {len(reached)} | {skipped} |" in card


def _it_is_named_by_what_it_touched(line: Place, run_id: str, selector: str) -> None:
    found = caco("recall", "--model", selector)
    touched = {(one["kind"], one["name"]) for one in found["touched"]}
    assert ("run", run_id) in touched
    before = _selections(line)
    assert before
    with Ledger(line.owner_url) as ledger:
        rebuild(ledger, line.store)
    assert _selections(line) == before


def _selections(line: Place) -> set[tuple[Any, ...]]:
    engine = create_engine(line.writer_url)
    query = """
        SELECT caco.hex(sample_id), caco.hex(output.key), probability, is_explored, domain, caco.hex(selector.selector_id)
        FROM caco.selection JOIN caco.output USING (output_no)
        JOIN caco.selector ON caco.hex(selector.selector_id) = output.recipe ->> 'selector'
    """
    with engine.connect() as connection:
        found = {tuple(row) for row in connection.execute(text(query))}
    engine.dispose()
    return found


def test_too_few_rows_teach_nothing(line: Place) -> None:
    with Ledger(line.writer_url) as ledger, pytest.raises(PrerequisiteError, match="min_rows asks for 400"):
        train_selector(ledger, line.store, load_config(CONFIG, ["select.explore=0.1"]), before=NEXT_DAY)
    with Ledger(line.writer_url) as ledger, pytest.raises(PrerequisiteError, match="There are 0 samples before"):
        train_selector(ledger, line.store, load_config(CONFIG, ON), before=DAY)
