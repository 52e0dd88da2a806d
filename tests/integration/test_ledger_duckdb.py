"""Ledger and outputs in one question: what DuckDB sees, what it may not do, and what it does not fetch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import ledger_world
import pyarrow.parquet as pq
import pytest
from databases import cloned
from ledger_world import SAMPLES, World

from caco_tasks.errors import DamagedError, LedgerError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.duckdb_session import Scope, ask_duckdb
from caco_tasks.ledger.migrations import ANALYST, WRITER
from caco_tasks.ledger.recipes import Recipe, find_recipe, list_recipes, parse_recipe
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

COOKBOOK = [recipe for recipe in list_recipes() if recipe.engine == "duckdb"]


@dataclass(frozen=True)
class Place:
    """A store and a ledger."""

    store: StoreSettings
    analyst_url: str | None


@pytest.fixture(scope="module")
def worlds(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, list[World]]]:
    """Two loaded worlds, whom nobody changes."""
    settings = StoreSettings(root=f"file://{tmp_path_factory.mktemp('duckdb')}")
    store = open_store(settings)
    built = [ledger_world.build(store), ledger_world.build(store, partition="2026-12-01", config="second")]
    with cloned(postgres, "template_ledger") as name:
        with Ledger(postgres.url(name, WRITER, ledger_template[WRITER])) as ledger:
            for world in built:
                ledger_world.load(ledger, store, world)
        yield Place(settings, postgres.url(name, ANALYST, ledger_template[ANALYST])), built


@pytest.fixture
def place(worlds: tuple[Place, list[World]]) -> Place:
    """Where both are."""
    return worlds[0]


@pytest.fixture
def first(worlds: tuple[Place, list[World]]) -> World:
    """The earlier of the two worlds."""
    return worlds[1][0]


def test_the_records_of_a_stage_come_with_their_run_and_all_their_parts(place: Place, first: World) -> None:
    run = first.run("nightly")
    columns, rows = ask_duckdb(
        place,
        f"""
        SELECT run_id, partition, count(DISTINCT key) AS outputs, count(*) AS records,
            sum(execution.peak_memory_mb) AS memory, max(program.generation.completion_tokens) AS tokens
        FROM outputs.execute WHERE run_id = '{run.run_id}' GROUP BY ALL
        """,
    )
    assert columns == ["run_id", "partition", "outputs", "records", "memory", "tokens"]
    assert rows == [(run.run_id, date(2026, 11, 20), 2, SAMPLES - 1, 12.5 * (SAMPLES - 1), 20)]


def test_ledger_and_outputs_meet_by_their_ids(place: Place, first: World) -> None:
    query = """
        SELECT verdict.stage, verdict.reason, judged.detail
        FROM caco.verdict AS verdict
        JOIN outputs.agree AS judged ON judged.run_id = verdict.run_id AND judged.sample_id = verdict.subject_id
        WHERE verdict.outcome <> 'pass' AND verdict.partition = '2026-11-20' ORDER BY verdict.reason
    """
    _, rows = ask_duckdb(place, query)
    assert rows == [
        ("agree", "answers_differ", "7 is not 8"),
        ("decontaminate", "benchmark_overlap", None),
        ("judge", "inconsistent", None),
        ("judge", "unparseable_judgement", None),
    ]


def test_only_the_files_that_a_question_needs_are_read(place: Place, first: World) -> None:
    kept = open_store(place.store)
    gone = first.of("judge")[0].uri
    data = kept.get(gone) or b""
    kept.delete(gone)
    try:
        query = "SELECT count(*) FROM outputs.judge WHERE partition = '2026-12-01'"
        assert ask_duckdb(place, query)[1] == [(SAMPLES - 7,)]
        with pytest.raises(DamagedError, match=f"There is no {gone}"):
            ask_duckdb(place, "SELECT count(judgement.reply) FROM outputs.judge")
    finally:
        kept.put(gone, data)


def test_a_question_may_be_kept_to_one_run_or_one_date(place: Place, first: World) -> None:
    run_id = first.run("nightly").run_id
    query = "SELECT (SELECT count(*) FROM caco.run), (SELECT count(*) FROM outputs.sample), (SELECT count(*) FROM caco.source)"
    assert ask_duckdb(place, query)[1] == [(6, 2 * SAMPLES, 2)]
    assert ask_duckdb(place, query, scope=Scope(run_id=run_id[:10]))[1] == [(1, SAMPLES, 2)]
    assert ask_duckdb(place, query, scope=Scope(partition="2026-12-01"))[1] == [(3, SAMPLES, 2)]
    assert ask_duckdb(place, query, scope=Scope(run_id="nobody"))[1] == [(0, 0, 2)]


def test_values_of_the_ledger_keep_their_types_and_what_is_absent(place: Place) -> None:
    query = """
        SELECT typeof(partition), typeof(read), typeof(kept_share), typeof(run_id) FROM caco.funnel LIMIT 1
    """
    assert ask_duckdb(place, query)[1] == [("DATE", "BIGINT", "DOUBLE", "VARCHAR")]
    query = "SELECT detail IS NULL, detail = '' FROM caco.fate WHERE reason IN ('leaks_answer', 'cut_off') GROUP BY ALL"
    assert sorted(ask_duckdb(place, query)[1]) == [(False, True), (True, None)]
    nasty = ledger_world.NASTY.replace("\0", "\\0")
    assert ask_duckdb(place, "SELECT DISTINCT detail FROM caco.fate WHERE reason = 'error'")[1] == [(nasty,)]
    assert (
        ask_duckdb(place, "SELECT count(*), max(inputs ->> '$[0]') FROM caco.output WHERE stage = 'unify'")[1][0][0]
        == 4
    )
    assert ask_duckdb(place, "SELECT count(*), count(because) FROM caco.audit AS a, caco.dataset_state")[1] == [(0, 0)]


def test_an_output_that_an_older_version_wrote_reads_what_it_lacks_as_null(place: Place, first: World) -> None:
    store, manifest = open_store(place.store), first.of("solve")[0]
    data = store.get(manifest.uri) or b""
    path = Path(place.store.root.removeprefix("file://"), manifest.uri)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["judgement", "findings"]), path)
    try:
        query = (
            f"SELECT count(*), count(judgement.reply), count(findings) FROM outputs.solve WHERE key = '{manifest.key}'"
        )
        assert ask_duckdb(place, query)[1] == [(manifest.rows, 0, 0)]
    finally:
        store.put(manifest.uri, data)


@pytest.mark.parametrize(
    ("query", "match"),
    [
        pytest.param("DELETE FROM caco.run", "one SELECT, and nothing that writes .*: this is DELETE", id="delete"),
        pytest.param("CREATE TABLE mine AS SELECT 1", "this is CREATE", id="create"),
        pytest.param("COPY (SELECT 1) TO 'out.csv'", "this is COPY", id="copy"),
        pytest.param("INSTALL httpfs", "this is LOAD", id="install"),
        pytest.param("ATTACH 'other.db'", "this is ATTACH", id="attach"),
        pytest.param("SET threads = 1", "this is SET", id="settings"),
        pytest.param("SELECT 1; DROP VIEW caco.funnel", "this is SELECT, DROP", id="two statements"),
        pytest.param("", "this is nothing", id="nothing"),
        pytest.param("SELECT * FROM read_csv('/etc/passwd')", "DuckDB refused: Permission Error", id="a file"),
        pytest.param("SELECT * FROM 'https://example.org/x.parquet'", "DuckDB refused", id="the network"),
        pytest.param("SELECT * FROM outputs.dream", "no stage 'dream' .*: there are seeds, unify,", id="no stage"),
        pytest.param("SELECT * FROM caco.dream", "DuckDB refused: Catalog Error", id="no view"),
        pytest.param("SELEC 1", "DuckDB refused: Parser Error", id="no SQL"),
    ],
)
def test_a_question_that_is_none_is_refused_in_one_sentence(place: Place, query: str, match: str) -> None:
    with pytest.raises(LedgerError, match=match) as caught:
        ask_duckdb(place, query)
    assert "\n" not in str(caught.value)


def test_a_question_that_takes_too_long_is_given_up(place: Place) -> None:
    with pytest.raises(LedgerError, match=r"longer than 0\.2 s"):
        ask_duckdb(place, "SELECT count(*) FROM range(10000000) a, range(10000000) b", 0.2)


def test_without_a_ledger_there_is_a_remedy(place: Place) -> None:
    with pytest.raises(LedgerError, match="CACO_LEDGER_ANALYST_URL"):
        ask_duckdb(Place(place.store, None), "SELECT 1")


@pytest.mark.parametrize("recipe", COOKBOOK, ids=lambda recipe: recipe.name)
def test_a_question_of_the_cookbook_for_duckdb_has_an_answer(place: Place, recipe: Recipe) -> None:
    assert recipe.question
    assert recipe.answer
    assert ask_duckdb(place, recipe)[1]


def test_a_value_of_a_recipe_is_bound(place: Place) -> None:
    recipe = parse_recipe(
        "stage", "-- Set: stage = judge\nSELECT DISTINCT stage FROM caco.verdict WHERE stage = :stage"
    )
    assert ask_duckdb(place, recipe)[1] == [("judge",)]
    assert ask_duckdb(place, recipe, values={"stage": "' OR 1 = 1 --"})[1] == []


def test_the_programs_of_two_dates_are_compared(place: Place) -> None:
    columns, rows = ask_duckdb(place, find_recipe("duplicates_across_nights"))
    assert columns[2:] == ["sampled", "distinct_programs", "seen_on_an_earlier_date"]
    assert [row[2:] for row in rows] == [(SAMPLES - 1, SAMPLES - 1, 0), (SAMPLES - 1, SAMPLES - 1, SAMPLES - 1)]
