"""Views, lookups and the cookbook, on two loaded worlds: grain, sums, and answers known beforehand."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import ledger_world
import pytest
from databases import cloned
from ledger_world import PUBLISHED, SAMPLES, SHARDS, World
from scored import write_ablation, write_evaluation
from sqlalchemy import Engine, create_engine, text

from caco_tasks.audit import draw_rows
from caco_tasks.errors import ConfigError, LedgerError
from caco_tasks.ledger import FunnelRow, Ledger, RejectRow
from caco_tasks.ledger.environments import EnvironmentRow
from caco_tasks.ledger.migrations import ANALYST, WRITER, sql_folder
from caco_tasks.ledger.recipes import Recipe, find_recipe, list_recipes
from caco_tasks.pipeline import PIPELINES, mapped_stages
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.records import Outcome
from caco_tasks.store import Store, open_store
from caco_tasks.store.registry import AuditRecord
from caco_tasks.store.store import StoreSettings

NIGHTLY = [spec.name for spec in PIPELINES["nightly"]]
GRAINS = {
    "verdict": "run_id, stage, subject_id",
    "dataset_standing": "dataset, version",
    "datasets": "run_id, dataset, version",
    "funnel": "run_id, stage",
    "reject_reasons": "run_id, stage, outcome, reason",
    "text_address": "run_id, subject_id, text",
    "sample_lineage": "dataset, version, sample_id",
    "pass_rates_by_shape": "run_id, domain, opening, shape",
    "yield_by_model": "run_id, stage, model_id, prompt",
    "yield_by_origin": "run_id, origin",
    "yield_by_seed_source": "run_id, source, revision, licence",
    "cost_per_row": "run_id",
    "judge_confusion": "run_id, check_name",
    "selection_audit": "run_id, stage, domain",
    "run_comparison": "a_run_id, b_run_id, stage",
    "benchmark_overlap_report": "run_id, stage, benchmark, rule",
    "environment_yield": "dataset, version, refusal",
    "licence_of_dataset": "dataset, version, source, revision, licence",
    "scores": "run_id, benchmark, contender",
    "score_gains": "run_id, benchmark",
    "loop_rounds": "run_id, nightly_run_id",
    "ablation_results": "ablation_id, arm, size, benchmark",
}
COOKBOOK = list_recipes()
IN_POSTGRES = [recipe for recipe in COOKBOOK if recipe.engine == "postgres"]
VIEWS = sorted(sql_folder().glob("views/*.sql"))


@pytest.fixture(scope="module")
def database(
    postgres: EmbeddedPostgres, ledger_template: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Ledger, Engine, list[World]]]:
    """Two loaded worlds, whom nobody changes: the ledger and the database with an analyst's rights."""
    store = open_store(StoreSettings(root=f"file://{tmp_path_factory.mktemp('views')}"))
    worlds = [
        ledger_world.build(store),
        ledger_world.build(store, partition="2026-12-01", config="second"),
    ]
    with cloned(postgres, "template_ledger") as name:
        with Ledger(postgres.url(name, WRITER, ledger_template[WRITER])) as ledger:
            _fill(ledger, store, worlds)
            ledger_world.judge_again(ledger, store, worlds[1])
            write_evaluation(store, ledger, dataset="toys/1")
            write_ablation(store, ledger)
        engine = create_engine(postgres.url(name, ANALYST, ledger_template[ANALYST]))
        with Ledger(postgres.url(name, ANALYST, ledger_template[ANALYST])) as reading:
            yield reading, engine, worlds
        engine.dispose()


def _fill(ledger: Ledger, store: Store, worlds: list[World]) -> None:
    for world in worlds:
        ledger_world.load(ledger, store, world)
    draw_rows(ledger, store, worlds[0].run("nightly"), 3)
    sample_ids = [ledger_world.sample_id(worlds[0].run("nightly"), number) for number in (10, 11)]
    made = {"environment_id": "e" * 32, "program_id": "f" * 32, "inputs": {"pens": ["1", "9"]}, "conditions": {}}
    environments = [
        EnvironmentRow(sample_id=sample_ids[0], **made, instances={"1": 7}, example_problem="?", example_answer="3"),
        EnvironmentRow(sample_id=sample_ids[1], refusal="too_few_instances"),
    ]
    assert ledger.register_environments(f"toys/{worlds[0].datasets[0].version}", environments)
    for person, answers in {"ada": "pffpu", "bo": "ppfpf"}.items():
        for number, answer in enumerate(answers, start=7):
            ledger.record_audits([_audit(worlds[0], number, person, answer)], store)


@pytest.fixture
def reading(database: tuple[Ledger, Engine, list[World]]) -> Ledger:
    """The ledger, with an analyst's rights."""
    return database[0]


@pytest.fixture
def first(database: tuple[Ledger, Engine, list[World]]) -> World:
    """The earlier of the two worlds."""
    return database[2][0]


@pytest.fixture
def second(database: tuple[Ledger, Engine, list[World]]) -> World:
    """The later of the two worlds."""
    return database[2][1]


@pytest.fixture
def analyst(database: tuple[Ledger, Engine, list[World]]) -> Engine:
    """The database, with an analyst's rights."""
    return database[1]


def ask(engine: Engine, query: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of an answer."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def _audit(world: World, number: int, person: str, answer: str) -> AuditRecord:
    run = world.run("nightly")
    says = {"p": Outcome.PASS, "f": Outcome.FAIL, "u": Outcome.UNKNOWN}[answer]
    subject = ledger_world.sample_id(run, number)
    values = {"run_id": run.run_id, "stage": "judge", "subject_id": subject, "person": person, "answer": says}
    return AuditRecord.model_validate({**values, "answered_at": "2026-11-21T10:00:00Z"})


def test_every_view_has_a_grain_to_be_held_to() -> None:
    assert sorted(GRAINS) == [path.stem for path in VIEWS]


@pytest.mark.parametrize("view", GRAINS)
def test_a_view_has_rows_and_keeps_its_grain(analyst: Engine, view: str) -> None:
    counted = ask(analyst, f"SELECT count(*) AS rows, count(DISTINCT ({GRAINS[view]})) AS grains FROM caco.{view}")[0]
    assert counted["rows"] > 0
    assert counted["rows"] == counted["grains"]


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
def test_a_view_begins_with_its_header_and_its_example_runs(analyst: Engine, path: Path) -> None:
    sql = path.read_text()
    for word in ("Title:", "Question:", "Grain:", "Columns:", "Example:"):
        assert re.search(rf"^-- {word} +\S", sql, re.MULTILINE), word
    example = re.search(r"-- Example: +(.*;)", sql)
    assert example is not None
    assert f"caco.{path.stem}" in example.group(1)
    with analyst.connect() as connection:
        connection.execute(
            text(example.group(1)),
            {name: "2026-01-01" if name == "day" else "0" * 32 for name in re.findall(r"[^:]:(\w+)", example.group(1))},
        )


@pytest.mark.parametrize("recipe", IN_POSTGRES, ids=lambda recipe: recipe.name)
def test_a_question_of_the_cookbook_has_an_answer(reading: Ledger, recipe: Recipe) -> None:
    assert recipe.question.endswith("?") or recipe.question.endswith(")")
    assert recipe.answer
    columns, rows = reading.ask(recipe)
    assert columns
    assert rows


def test_rows_that_one_judge_accepts_stand_with_what_the_other_said(reading: Ledger, second: World) -> None:
    columns, rows = reading.ask(find_recipe("rows_that_one_judge_accepts"))
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    said = {
        (one["sample_id"].hex, one["accepted_by"], one["refused_by"], one["outcome"], one["reason"], one["detail"])
        for one in found
    }
    ids = {number: ledger_world.sample_id(second.run("nightly"), number) for number in (7, 8, 10)}
    assert said == {
        (ids[7], "strict@1", "nano@2", "fail", "inconsistent", None),
        (ids[8], "strict@1", "nano@2", "unknown", "unparseable_judgement", None),
        (ids[10], "nano@2", "strict@1", "fail", "inconsistent", "step 2 gives 11"),
    }
    assert {one["refused_in"].hex for one in found if one["refused_by"] == "nano@2"} == {second.run("nightly").run_id}
    assert len(rows) == 3


def test_examples_of_a_reason_are_those_of_its_verdicts_newest_first(reading: Ledger) -> None:
    told = "SELECT subject_id, stage, detail, uri, row, partition FROM caco.verdict WHERE reason = CAST(:reason AS caco.reason)"
    seen = 0
    for reason in [row[0] for row in reading.ask("SELECT DISTINCT reason FROM caco.output_reason")[1]]:
        verdicts = reading.ask(told.replace(":reason", f"'{reason}'"), max_rows=1000)[1]
        dates = {(row[0], row[3], row[4]): row[5] for row in verdicts}
        examples = reading.ask(find_recipe("examples_of_a_reason"), values={"reason": reason})[1]
        assert {tuple(row) for row in examples} <= {tuple(row[:5]) for row in verdicts}
        assert len(examples) == min(20, len(dates))
        order = [dates[row[0], row[3], row[4]] for row in examples]
        assert order == sorted(dates.values(), reverse=True)[: len(order)]
        seen += len(examples)
    assert seen > 10


def test_a_nightly_run_under_way_has_no_yield(ledger: Ledger, store: Store) -> None:
    world = ledger_world.build(store)
    ledger_world.load(ledger, store, world)
    recipe, nightly = find_recipe("yield_over_time"), world.run("nightly")
    assert len(ledger.ask(recipe)[1]) == 1
    ledger.register_run(
        nightly.model_copy(update={"run_id": "5" * 32, "partition": "2026-11-21", "config_hash": "other"})
    )
    for manifest in ledger.outputs(nightly.run_id, "sample"):
        ledger.load_output(nightly.model_copy(update={"run_id": "5" * 32}), manifest, store, shard=0)
    assert len(ledger.funnel("5" * 32)) == 1
    assert len(ledger.ask(recipe)[1]) == 1


def test_a_recipe_is_asked_with_another_value_and_with_no_other(reading: Ledger) -> None:
    recipe = find_recipe("examples_of_a_reason")
    assert reading.ask(recipe, values={"reason": "benchmark_overlap"})[1] != reading.ask(recipe)[1]
    assert reading.ask(find_recipe("ancestors_of_a_row"), values={"sample": "00000000-0000"})[1] == []
    with pytest.raises(ConfigError, match="has no 'reasons' to set: it has reason"):
        reading.ask(recipe, values={"reasons": "x"})
    with pytest.raises(LedgerError, match="invalid input value for enum"):
        reading.ask(recipe, values={"reason": "'; DROP TABLE caco.run; --"})


def test_what_python_has_no_form_for_is_answered_as_postgres_wrote_it(reading: Ledger) -> None:
    query = (
        "SELECT date '20000-01-01', 'infinity'::date, '0044-03-15 BC'::date, date '2026-11-30', '{infinity}'::date[]"
    )
    [row] = reading.ask(query)[1]
    assert row == ("20000-01-01", "infinity", "0044-03-15 BC", date(2026, 11, 30), ["infinity"])
    times = "SELECT timestamptz '20000-01-01 00:00+00', timestamp '-infinity', interval '9999999 years', 'NaN'::float8"
    [row] = reading.ask(times)[1]
    assert row[:3] == ("20000-01-01 00:00:00+00", "-infinity", "9999999 years")


def test_the_cookbook_holds_at_least_twenty_questions() -> None:
    assert len(COOKBOOK) >= 20


def test_the_funnel_follows_the_stages_and_counts_every_record(reading: Ledger, first: World) -> None:
    funnel = reading.funnel(first.run("nightly").run_id)
    assert [row.stage for row in funnel] == NIGHTLY
    assert [row.read for row in funnel] == [14, 13, 12, 11, 10, 9, 8, 7, 5, 4]
    assert funnel[7] == FunnelRow(
        run_id=first.run("nightly").run_id,
        stage="judge",
        shards=2,
        read=7,
        passed=5,
        failed=1,
        unknown=1,
        kept_share=5 / 7,
        seconds=2.5,
    )
    assert reading.funnel("0" * 32) == []


def test_the_reasons_add_up_to_what_did_not_pass(reading: Ledger, first: World) -> None:
    run_id = first.run("nightly").run_id
    reasons = reading.reject_reasons(run_id)
    lost = {row.stage: row.failed + row.unknown for row in reading.funnel(run_id)}
    assert {stage: sum(row.records for row in reasons if row.stage == stage) for stage in lost} == lost
    assert reasons[-3] == RejectRow(
        run_id=run_id, stage="judge", outcome="fail", reason="inconsistent", records=1, share_of_read=1 / 7
    )


def test_the_sources_of_a_run_and_the_datasets_are_listed(reading: Ledger, first: World, second: World) -> None:
    sources = reading.sources(first.run("seeds").run_id)
    assert [(row.licence, row.seeds, row.verified) for row in sources] == [("CC0-1.0", 2, 2), ("MIT", 8, 4)]
    names = [f"toys/{world.datasets[0].version}" for world in (second, first)]
    assert reading.datasets() == names
    assert reading.datasets(first.run("nightly").run_id) == names[1:]


def test_a_published_row_knows_all_its_ancestors(reading: Ledger, first: World) -> None:
    nightly, codegen, seeds = (first.run(pipeline) for pipeline in ("nightly", "codegen", "seeds"))
    sample_id = ledger_world.sample_id(nightly, 13)
    lineage = reading.lineage(sample_id[:12])
    assert lineage["sample_id"] == sample_id
    assert [verdict["stage"] for verdict in lineage["verdicts"]] == [spec.name for spec in mapped_stages("nightly")]
    assert {verdict["outcome"] for verdict in lineage["verdicts"]} == {"pass"}
    assert [request["stage"] for request in lineage["requests"]] == ["sample", "reverse", "solve", "judge"]
    assert lineage["published_in"][0]["dataset"] == "toys"
    assert lineage["run"]["run_id"] == nightly.run_id
    assert lineage["run"]["model"]["model_id"] == nightly.model_id
    assert lineage["run"]["model"]["run"]["run_id"] == codegen.run_id
    assert lineage["run"]["model"]["run"]["seed_run"]["run_id"] == seeds.run_id
    assert lineage["run"]["model"]["run"]["seed_run"]["sources"][0]["source"] == "toy"
    assert lineage["sandbox"] == {"level": "full", "version": "1"}
    assert lineage["texts"]["solution"]["uri"] in {manifest.uri for manifest in first.of("decontaminate")}
    assert lineage["texts"]["solution"] == lineage["texts"]["program"]


def test_a_rejected_sample_knows_why(reading: Ledger, first: World) -> None:
    lineage = reading.lineage(ledger_world.sample_id(first.run("nightly"), 9))
    assert lineage["verdicts"][-1]["reason"] == "benchmark_overlap"
    assert [found["item"] for found in lineage["overlaps"]] == ["17", "18"]
    assert lineage["published_in"] == []


@pytest.mark.parametrize(("asked", "match"), [("zzzz", "'zzzz' is no id"), ("", "'' is no id")])
def test_a_sample_that_is_not_there_is_named(reading: Ledger, asked: str, match: str) -> None:
    with pytest.raises(LedgerError, match=match):
        reading.lineage(asked)


def test_the_beginning_of_more_than_one_sample_is_refused(reading: Ledger, first: World, second: World) -> None:
    found = [
        ledger_world.sample_id(world.run("nightly"), number) for world in (first, second) for number in range(SAMPLES)
    ]
    shared = next(one[0] for one in found if sum(other[0] == one[0] for other in found) > 1)
    with pytest.raises(LedgerError, match="More than one sample"):
        reading.lineage(shared)


def test_the_lineage_view_names_the_runs_behind_a_row(analyst: Engine, first: World) -> None:
    rows = ask(analyst, "SELECT * FROM caco.sample_lineage WHERE run_id = :run", run=first.run("nightly").run_id)
    assert len(rows) == PUBLISHED
    assert {row["codegen_run_id"].hex for row in rows} == {first.run("codegen").run_id}
    assert {row["seed_run_id"].hex for row in rows} == {first.run("seeds").run_id}
    assert all(set(row["shards"]) == set(NIGHTLY) for row in rows)
    assert None not in {row[name] for row in rows for name in row if name.endswith(("_model_id", "_prompt"))}
    assert {row["uri"] for row in rows} <= {manifest.uri for manifest in first.of("decontaminate")}


def test_the_verdicts_follow_from_where_each_sample_ended(analyst: Engine, first: World) -> None:
    run_id = first.run("nightly").run_id
    query = """
        SELECT CAST(stage AS text) AS stage, count(*) AS read, count(*) FILTER (WHERE outcome = 'pass') AS passed
        FROM caco.verdict WHERE run_id = :run GROUP BY verdict.stage ORDER BY verdict.stage
    """
    counted = ask(analyst, query, run=run_id)
    funnel = ask(
        analyst, "SELECT CAST(stage AS text) AS stage, read, passed FROM caco.funnel WHERE run_id = :run", run=run_id
    )
    assert counted == [
        row for row in sorted(funnel, key=lambda row: NIGHTLY.index(row["stage"])) if row["stage"] != "publish"
    ]


def test_the_yield_of_codegen_ends_in_what_was_published(analyst: Engine, first: World) -> None:
    row = ask(
        analyst,
        "SELECT * FROM caco.yield_by_model WHERE run_id = :run AND stage = 'sample'",
        run=first.run("nightly").run_id,
    )[0]
    assert row["model_id"] == first.run("nightly").model_id
    assert (row["replies"], row["kept"], row["cut_off"], row["published"]) == (SAMPLES, SAMPLES - 1, 1, PUBLISHED)


def test_the_yield_of_a_source_is_told_by_grade(analyst: Engine, first: World) -> None:
    query = "SELECT * FROM caco.yield_by_seed_source WHERE run_id = :run ORDER BY licence"
    cc0, mit = ask(analyst, query, run=first.run("seeds").run_id)
    assert (cc0["problems"], cc0["verified"], cc0["verified_s"]) == (2, 2, 2)
    assert (mit["problems"], mit["readable"], mit["converted"], mit["verified"]) == (8, 6, 6, 4)
    assert (mit["verified_a_plus"], mit["verified_by_model"], mit["verified_d"]) == (2, 2, 0)


def test_the_cost_of_a_row_is_what_was_spent_by_what_was_published(analyst: Engine, first: World) -> None:
    row = ask(analyst, "SELECT * FROM caco.cost_per_row WHERE run_id = :run", run=first.run("nightly").run_id)[0]
    assert row["published"] == PUBLISHED
    assert row["completion_tokens_per_row"] == row["completion_tokens"] / PUBLISHED
    assert row["stage_seconds"] == pytest.approx(1.25 * (len(first.manifests) - 5))
    assert (row["outputs"], row["reused"]) == (len(first.manifests) - 5, 0)
    assert (row["cost_usd"], row["replayed"]) == (0.25 * SHARDS, 2 * SHARDS)
    assert row["cost_usd_per_row"] == 0.25 * SHARDS / PUBLISHED


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (10, 10, 0.722467, 1.0), (1, 1000, 0.000177, 0.005642)],
)
def test_intervals_are_those_of_wilson(analyst: Engine, hits: int, total: int, low: float, high: float) -> None:
    query = "SELECT caco.wilson_low(:hits, :total) AS low, caco.wilson_high(:hits, :total) AS high"
    assert ask(analyst, query, hits=hits, total=total)[0] == pytest.approx({"low": low, "high": high}, abs=1e-5)


def test_two_runs_stand_beside_each_other(analyst: Engine, first: World, second: World) -> None:
    query = "SELECT * FROM caco.run_comparison WHERE a_run_id = :a AND b_run_id = :b ORDER BY stage"
    rows = ask(analyst, query, a=first.run("nightly").run_id, b=second.run("nightly").run_id)
    assert [row["stage"] for row in rows] == NIGHTLY
    assert all(row["a_read"] == row["b_read"] and row["difference"] == 0 for row in rows)
    assert not any(row["is_same_config"] for row in rows)


def test_the_overlaps_of_several_runs_are_told_at_once(ledger: Ledger, loaded: World) -> None:
    run_ids = [loaded.run(pipeline).run_id for pipeline in ("nightly", "seeds")]
    assert [(row.stage, row.benchmark, row.items) for row in ledger.overlaps(run_ids)] == [
        (row.stage, row.benchmark, row.items) for row in ledger.overlaps(run_ids[:1])
    ]
    assert {row.stage for row in ledger.overlaps(run_ids)} == {"decontaminate"}
    assert ledger.overlaps([]) == []


def test_overlaps_are_counted_by_record_and_item(analyst: Engine, first: World) -> None:
    query = "SELECT * FROM caco.benchmark_overlap_report WHERE run_id = :run"
    rows = ask(analyst, query, run=first.run("nightly").run_id)
    assert [(row["records"], row["items"], row["highest_score"]) for row in rows] == [(1, 2, 1.0)]
    assert rows[0]["share_of_read"] == 1 / 5


def test_the_licences_of_a_dataset_are_those_of_its_verified_seeds(analyst: Engine, first: World) -> None:
    query = "SELECT licence, seeds, seed_run_id FROM caco.licence_of_dataset WHERE version = :version ORDER BY licence"
    rows = ask(analyst, query, version=first.datasets[0].version)
    assert [(row["licence"], row["seeds"]) for row in rows] == [("CC0-1.0", 2), ("MIT", 4)]
    assert {row["seed_run_id"].hex for row in rows} == {first.run("seeds").run_id}


def test_a_person_may_ask_anything_the_role_allows(reading: Ledger) -> None:
    assert reading.ask("SELECT 7 % 4 AS rest, 'a%b' LIKE 'a%%' AS same") == (["rest", "same"], [(3, True)])
    with pytest.raises(LedgerError, match="read-only transaction"):
        reading.ask("DELETE FROM caco.run")
