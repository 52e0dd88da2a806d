"""What the windows show of three runs written by hand: every row once, every number from the ledger, hostile texts whole."""

import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import ledger_world
import pytest
from ledger_world import NASTY, World
from scored import BENCHMARK, write_ablation, write_evaluation
from sqlalchemy import text

from caco_tasks.connections import Connections
from caco_tasks.environments.environment_record import Refusal
from caco_tasks.errors import AmbiguousIdError, ConfigError, LedgerError, QuestionTimeoutError, UnknownIdError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.analyst import Analyst
from caco_tasks.ledger.environments import EnvironmentRow
from caco_tasks.reports.ablation_report import list_ablations
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.charts import chart
from caco_tasks.reports.cookbook import RecipeRun, ask_report, run_recipe
from caco_tasks.reports.dataset_report import dataset_report, dataset_rows, list_datasets
from caco_tasks.reports.environment_report import dataset_environments, refusal_words
from caco_tasks.reports.lineage_graph import lineage_graph
from caco_tasks.reports.model_report import list_models, model_report
from caco_tasks.reports.overview import overview
from caco_tasks.reports.run_comparison import compare_runs
from caco_tasks.reports.run_diversity import run_diversity
from caco_tasks.reports.run_list import RunFilter, list_runs, run_matrix
from caco_tasks.reports.run_report import run_by_airflow, run_report
from caco_tasks.reports.sample_export import export_samples
from caco_tasks.reports.sample_facets import count_samples
from caco_tasks.reports.sample_list import SampleFilter, list_samples
from caco_tasks.reports.sample_report import sample_report
from caco_tasks.reports.score_report import score_history, scored_items
from caco_tasks.store import Store
from caco_tasks.store.manifest import RunTrigger


@pytest.fixture
def archive(loaded: World, ledger_address: Any, store: Store, file_settings: Any, tmp_path: Any) -> Iterator[Archive]:
    """The three runs, as the analyst sees them."""
    connections = Connections(
        home=tmp_path,
        store=file_settings,
        ledger_url=None,
        analyst_url=ledger_address.analyst,
        cache=tmp_path / "cache",
    )
    with Analyst(ledger_address.analyst) as ledger:
        yield Archive(ledger=ledger, store=store, connections=connections)


def every_page(page_of: Callable[..., Any], limit: int) -> list[Any]:
    """All rows, page after page."""
    rows: list[Any] = []
    cursor = None
    for _ in range(100):
        page = page_of(cursor=cursor, limit=limit)
        assert len(page.rows) <= limit
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows
    raise AssertionError("the pages do not end")


def test_runs_are_shown_once_whatever_the_size_of_a_page(archive: Archive, loaded: World) -> None:
    for limit in (1, 2, 3, 50):
        rows = every_page(lambda **page: list_runs(archive, RunFilter(), **page), limit)
        assert sorted(row.run_id for row in rows) == sorted(run.run_id for run in loaded.runs)


def test_a_run_is_described_by_what_the_ledger_counts(archive: Archive, loaded: World) -> None:
    page = list_runs(archive, RunFilter(pipeline="nightly"))
    (line,) = page.rows
    assert (line.run_id, line.state, line.config) == (loaded.run("nightly").run_id, "published", "first")
    assert (line.sampled, line.published, line.dataset.version if line.dataset else "") == (14, 4, line.run_id[:8])
    assert line.cost_usd == 0.5
    facets = {facet.name: {value.value: value.count for value in facet.values} for facet in page.facets}
    assert facets["pipeline"] == {"seeds": 1, "codegen": 1, "nightly": 1}
    assert facets["state"] == {"published": 1}
    assert list_runs(archive, RunFilter(state="gate_failed")).rows == ()
    assert list_runs(archive, RunFilter(config="no such")).rows == ()


def test_the_matrix_has_a_cell_for_every_stage(archive: Archive) -> None:
    matrix = run_matrix(archive, pipeline="nightly", partition_from="2026-11-19", partition_to="2026-11-21")
    (row,) = matrix.rows
    assert [cell.stage for cell in row.cells] == list(matrix.stages)
    assert {cell.state for cell in row.cells} == {"complete"}
    assert "2026-11-20" not in matrix.missing_dates


@pytest.mark.parametrize(("first", "last"), [("2026-13-01", None), ("2026-11-21", "2026-11-20"), ("today", None)])
def test_a_range_that_is_none_is_refused(archive: Archive, first: str | None, last: str | None) -> None:
    with pytest.raises(ConfigError, match=r"date|range"):
        run_matrix(archive, pipeline="nightly", partition_from=first, partition_to=last)


def test_a_run_has_its_funnel_with_reasons_in_words(archive: Archive, loaded: World) -> None:
    report = run_report(archive, loaded.run("nightly").run_id[:8])
    stages = {stage.stage: stage for stage in report.stages}
    assert sum(stage.failed + stage.unknown for stage in report.stages) == 10
    (reason,) = stages["agree"].reasons
    assert (reason.outcome, reason.reason, reason.records) == ("fail", "answers_differ", 1)
    assert "is not the program's output" in reason.words
    assert {one.outcome for one in stages["screen"].reasons} == {"fail", "recorded"}
    assert report.gate is not None
    assert (report.gate.state, report.gate.demands["min_published"]) == ("passed", 0)
    assert report.seed_run is not None
    assert report.datasets == (f"toys/{report.line.run_id[:8]}",)
    assert run_diversity(archive, report.line.run_id).distinct_programs == 4


def test_ids_are_found_by_their_beginning_and_refused_in_words(archive: Archive, loaded: World) -> None:
    with pytest.raises(UnknownIdError, match="There is no run 'ffffff'"):
        run_report(archive, "ffffff")
    with pytest.raises(AmbiguousIdError, match="More than one run begins with"):
        run_report(archive, "-")  # no digit of it: every run begins so
    with pytest.raises(UnknownIdError, match="There is no sample"):
        sample_report(archive, "ffffff00")


def test_samples_are_shown_once_under_every_filter(archive: Archive, loaded: World) -> None:
    run = loaded.run("nightly").run_id
    filters = [
        SampleFilter(run=run),
        SampleFilter(run=run, outcome="fail"),
        SampleFilter(run=run, outcome="pass"),
        SampleFilter(run=run, stage="judge"),
        SampleFilter(run=run, reason="answers_differ"),
        SampleFilter(run=run, text="HOW MANY"),
        SampleFilter(run=run, model=loaded.run("nightly").model_id),
    ]
    expected = [14, 9, 4, 2, 1, 10, 14]
    for (wanted, count), limit in product(zip(filters, expected, strict=True), (1, 3, 200)):
        rows = every_page(lambda wanted=wanted, **page: list_samples(archive, wanted, **page), limit)
        assert len({row.sample_id for row in rows}) == len(rows) == count, (wanted, limit)


def test_the_counts_beside_filters_add_up(archive: Archive, loaded: World) -> None:
    counted = count_samples(archive, SampleFilter(run=loaded.run("nightly").run_id))
    facets = {facet.name: {value.value: value.count for value in facet.values} for facet in counted.facets}
    assert counted.total == sum(facets["stage"].values()) == sum(facets["outcome"].values()) == 14
    assert facets["outcome"] == {"fail": 9, "pass": 4, "unknown": 1}
    assert sum(facets["reason"].values()) == 10
    of_fail = count_samples(archive, SampleFilter(run=loaded.run("nightly").run_id, outcome="fail"))
    assert of_fail.total == 9
    searched = count_samples(archive, SampleFilter(run=loaded.run("nightly").run_id, text="how many"))
    assert (searched.total, searched.is_capped) == (10, False)


@pytest.mark.parametrize(
    "wanted", [SampleFilter(stage="no such"), SampleFilter(reason="no such"), SampleFilter(run="zz")], ids=str
)
def test_a_filter_that_names_nothing_is_refused(archive: Archive, wanted: SampleFilter) -> None:
    with pytest.raises((ConfigError, UnknownIdError)):
        list_samples(archive, wanted)


def test_exports_hold_what_the_filter_shows(archive: Archive, loaded: World, ledger: Ledger) -> None:
    wanted = SampleFilter(run=loaded.run("nightly").run_id, outcome="fail")
    csv = "".join(export_samples(archive, wanted, "csv"))
    assert csv.startswith("sample_id,run_id,")
    assert csv.count("\r\n") >= 10
    rows = json.loads("".join(export_samples(archive, wanted, "json")))
    assert len(rows["rows"]) == 9
    assert NASTY.replace("\0", "\\0") in {row["detail"] for row in rows["rows"]}
    query = "".join(export_samples(archive, wanted, "sql"))
    assert {row[0] for row in ledger.ask(query)[1]} == {row["sample_id"] for row in rows["rows"]}
    hostile = SampleFilter(run=loaded.run("nightly").run_id, text="'; DROP TABLE caco.run; -- %_!")
    assert "''; DROP" in "".join(export_samples(archive, hostile, "sql"))


def test_a_sample_is_told_whole(archive: Archive, loaded: World) -> None:
    run = loaded.run("nightly")
    report = sample_report(archive, ledger_world.sample_id(run, 13)[:12])
    assert (report.outcome, report.stage, report.problem, report.texts_missing) == (
        "pass",
        "decontaminate",
        "How many?",
        None,
    )
    assert [verdict.outcome for verdict in report.verdicts] == ["pass"] * 9
    assert report.answers is not None
    assert (report.answers.ours, report.answers.expected, report.answers.agrees) == ("8", "14", True)  # agree passed it
    assert [reply.stage for reply in report.replies] == ["sample", "reverse", "solve", "judge", "judge", "judge"]
    assert report.recall.rows == 1
    assert {source.licence for source in report.sources} == {"MIT", "CC0-1.0"}
    kinds = {node.kind for node in report.graph.nodes}
    assert {"sample", "stage", "run", "model", "dataset", "source"} <= kinds
    rejected = sample_report(archive, ledger_world.sample_id(run, 9))
    assert [one.item for one in rejected.benchmark_neighbours] == ["17", "18"]
    assert rejected.recall.sentence == "It is in no dataset: nothing would have to be taken back."


def test_a_sample_whose_texts_are_gone_says_why(archive: Archive, loaded: World) -> None:
    sample = ledger_world.sample_id(loaded.run("nightly"), 13)
    uri = sample_report(archive, sample).verdicts[-1].uri
    archive.store.delete(uri)
    report = sample_report(archive, sample)
    assert report.problem is None
    assert uri in (report.texts_missing or "")
    titles = {row.sample_id: row.title for row in list_samples(archive, SampleFilter(outcome="pass")).rows}
    assert titles[sample] is None
    assert titles[ledger_world.sample_id(loaded.run("nightly"), 12)] == "How many?"


def test_a_seed_is_a_sample_of_its_own_kind(archive: Archive, loaded: World) -> None:
    rows = list_samples(archive, SampleFilter(run=loaded.run("seeds").run_id)).rows
    report = sample_report(archive, next(row.sample_id for row in rows if row.outcome == "pass"))
    assert report.kind == "seed"
    assert report.seed is not None
    assert report.seed.source == "toy"


def test_a_graph_ends_where_it_is_told_to(archive: Archive, loaded: World) -> None:
    sample = ledger_world.sample_id(loaded.run("nightly"), 13)
    near, far = (lineage_graph(archive, sample, depth=depth) for depth in (1, 8))
    assert {node.distance for node in near.nodes} == {0, 1}
    assert near.is_cut
    assert not far.is_cut
    names = {node.id for node in far.nodes}
    assert all(edge.source in names and edge.target in names for edge in far.edges)


def test_two_runs_are_compared_setting_by_setting(
    archive: Archive, loaded: World, ledger: Ledger, store: Store
) -> None:
    other = ledger_world.build(store, config="second")
    ledger_world.load(ledger, store, other)
    a, b = loaded.run("nightly").run_id, other.run("nightly").run_id
    compared = compare_runs(archive, a, b)
    assert [(one.setting, one.a, one.b) for one in compared.settings] == [("name", "first", "second")]
    assert len(compared.stages) == 10
    assert {pair.difference for pair in compared.stages} == {0.0}
    assert (compared.shared_samples, compared.only_a.count) == (0, 0)
    with pytest.raises(ConfigError, match="name two"):
        compare_runs(archive, a, a)
    with pytest.raises(ConfigError, match="compare two of one pipeline"):
        compare_runs(archive, a, loaded.run("seeds").run_id)


def test_a_dataset_has_files_states_and_commands(archive: Archive, loaded: World) -> None:
    (line,) = list_datasets(archive).rows
    report = dataset_report(archive, line.dataset, line.version)
    assert [change.state for change in report.states] == ["staged", "published"]
    assert report.can_become == ("withdrawn",)
    assert report.files[0].sha256 == loaded.datasets[0].files[0].sha256
    assert report.licences
    rows = every_page(lambda **page: dataset_rows(archive, line.dataset, line.version, **page), 3)
    assert [row.number for row in rows] == [0, 1, 2, 3]
    with pytest.raises(UnknownIdError, match="There is no dataset"):
        dataset_report(archive, "toys", "0")


def test_models_have_what_they_made(archive: Archive, loaded: World) -> None:
    page = list_models(archive)
    names = {line.model_id for line in page.rows}
    trained = loaded.run("nightly").model_id or ""
    assert {trained, "nano:base"} <= names
    report = model_report(archive, trained[:10])
    assert (report.line.loss_before, report.ancestors) == (2.5, ("nano:base",))
    assert report.uses[0].stage == "sample"
    assert model_report(archive, "nano:base").children == (trained,)
    with pytest.raises(UnknownIdError):
        model_report(archive, "no such")


def test_scores_have_a_history_and_items_that_moved(archive: Archive, ledger: Ledger, store: Store) -> None:
    run = write_evaluation(store, ledger, dataset="toys/1")
    (evaluation,) = score_history(archive).rows
    (score,) = evaluation.benchmarks
    assert (score.gained, score.lost, score.items) == (4, 1, 10)
    gained = every_page(lambda **page: scored_items(archive, run.run_id, moved="gained", **page), 3)
    assert len({one.item for one in gained}) == len(gained) == 4
    assert all(one.student is not None and one.student.outcome == "pass" for one in gained)
    with pytest.raises(ConfigError, match="only evaluations have scores"):
        scored_items(archive, list_runs(archive, RunFilter(pipeline="seeds")).rows[0].run_id)


def test_rows_of_a_dataset_are_told_as_environments(archive: Archive, loaded: World, ledger: Ledger) -> None:
    made, refused, other = (ledger_world.sample_id(loaded.run("nightly"), number) for number in range(3))
    name = f"{loaded.datasets[0].dataset}/{loaded.datasets[0].version}"
    assert dataset_environments(archive, name).rows == 0
    assert sample_report(archive, made).environment is None
    drawn = EnvironmentRow(
        sample_id=made,
        environment_id="1" * 32,
        program_id="2" * 32,
        inputs={"pens": ["2", "40"]},
        conditions={},
        instances={"1": 20, "3": 45},
        example_problem=NASTY.replace("\0", ""),
        example_answer="6",
    )
    lost = [EnvironmentRow(sample_id=one, refusal="too_few_instances", detail="3 of 10") for one in (refused, other)]
    assert ledger.register_environments(name, [drawn, *lost])
    found = dataset_environments(archive, name)
    assert (found.rows, found.environments, found.instances) == (3, 1, 65)
    assert [(one.level, one.environments, one.instances) for one in found.levels] == [(1, 1, 20), (3, 1, 45)]
    assert [(one.refusal, one.rows) for one in found.refused] == [("too_few_instances", 2)]
    assert found.refused[0].words == refusal_words()["too_few_instances"] != "too few instances"
    assert [(one.sample_id, one.levels) for one in found.examples] == [(made, (1, 3))]
    of_sample = sample_report(archive, made).environment
    assert of_sample is not None
    assert (of_sample.dataset, of_sample.environment_id, of_sample.answer) == (name, "1" * 32, "6")
    assert [(one.name, one.low, one.high) for one in of_sample.numbers] == [("pens", "2", "40")]
    none = sample_report(archive, refused).environment
    assert none is not None
    assert (none.environment_id, none.refusal, none.detail) == (None, "too_few_instances", "3 of 10")


def test_every_refusal_has_words() -> None:
    assert set(refusal_words()) == set(map(str, Refusal))


def test_ablations_have_arms_and_results_and_are_found_from_their_runs(
    archive: Archive, loaded: World, ledger: Ledger, store: Store
) -> None:
    assert list_ablations(archive).rows == ()
    record = write_ablation(store, ledger)
    (found,) = list_ablations(archive).rows
    assert (found.ablation_id, [arm.arm for arm in found.arms]) == (
        record.ablation_id,
        [arm.arm for arm in record.arms],
    )
    assert [arm.run for arm in found.arms] == [None] * 4  # whose nightly runs this ledger does not know
    assert [(one.benchmark, one.score.part, one.score.whole) for one in found.base] == [(BENCHMARK, 0, 9)]
    assert {one.arm: one.verdict for one in found.results}["bad"] == "worse"
    student = record.cells[-1].run_id
    assert list_ablations(archive, student).rows == (found,)
    assert list_ablations(archive, loaded.run("nightly").run_id).rows == ()


def test_the_overview_says_what_is_new_and_what_to_do(archive: Archive) -> None:
    page = overview(archive)
    assert [line.state for line in page.nightly] == ["published"]
    assert page.newest_dataset is not None
    assert (page.running, page.audits_waiting, page.hint) == ((), 0, None)


def test_the_cookbook_runs_as_the_analyst(archive: Archive) -> None:
    page = ask_report(archive)
    assert page.url is not None
    assert "caco_analyst@" in page.url  # and no password
    assert {"run", "fate", "funnel"} <= {relation.name for relation in page.relations}
    assert not any(relation.name.startswith("fate_") for relation in page.relations)
    for recipe in page.recipes:
        if recipe.engine == "postgres":
            run_recipe(archive, RecipeRun(recipe=recipe.name))
    with pytest.raises(UnknownIdError, match="no recipe"):
        run_recipe(archive, RecipeRun(recipe="; DROP"))
    with pytest.raises(ConfigError, match="to set"):
        run_recipe(archive, RecipeRun(recipe=page.recipes[0].name, parameters={"no such": "1"}))


def test_every_chart_is_a_specification_with_its_data(archive: Archive, loaded: World) -> None:
    run, model = loaded.run("nightly"), loaded.run("nightly").model_id
    for name in ("funnel", "yield_over_time", "cost_over_time", "score_gains", "loss_curve"):
        found = chart(archive, name, run=run.run_id if name == "funnel" else None, model=model)  # type: ignore[arg-type]
        assert found["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
        assert isinstance(found["data"]["values"], list)
    with pytest.raises(ConfigError, match="name it"):
        chart(archive, "funnel")


def test_a_run_is_found_from_the_scheduler_and_back(
    archive: Archive, loaded: World, ledger: Ledger, store: Store
) -> None:
    run = loaded.run("nightly")
    trigger = RunTrigger(
        run_id=run.run_id, dag_id="caco_nightly", dag_run_id="manual__1/ü", triggered_at="2026-11-20T01:00:00Z"
    )
    ledger.register_trigger(run, trigger, store)
    later = trigger.model_copy(update={"triggered_at": trigger.triggered_at.replace(hour=5)})
    ledger.register_trigger(run, later, store)  # a task that is tried again: the first note counts
    assert run_by_airflow(archive, dag_id="caco_nightly", dag_run_id="manual__1/ü").run_id == run.run_id
    (airflow,) = run_report(archive, run.run_id).airflow_runs
    assert airflow.path == "dags/caco_nightly/runs/manual__1%2F%C3%BC"
    assert (airflow.at or "").startswith("2026-11-20T01:00:00")
    with pytest.raises(UnknownIdError, match="has planned no run of ours"):
        run_by_airflow(archive, dag_id="caco_nightly", dag_run_id="other")


def test_the_analyst_can_neither_write_nor_take_long(archive: Archive, ledger_address: Any) -> None:
    with pytest.raises(LedgerError, match=r"read-only|permission denied"), archive.ledger.reading() as connection:
        connection.execute(text("DELETE FROM caco.run"))
    impatient = Analyst(ledger_address.analyst, timeout_seconds=0.05)
    with impatient, pytest.raises(QuestionTimeoutError, match="ask for less"), impatient.reading() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
