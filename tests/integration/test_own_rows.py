"""CodeGen learns from rows that its own nights published: which, what is written down, and when a model is refused."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, NEXT_DAY, Place, run_stage, sample_ids

from caco_tasks import tasks
from caco_tasks.connections import Connections
from caco_tasks.dataset_tasks import set_dataset_state
from caco_tasks.errors import ConfigError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.reports.archive import open_archive
from caco_tasks.reports.charts import chart
from caco_tasks.reports.lineage_graph import lineage_graph
from caco_tasks.reports.model_report import model_report
from caco_tasks.store import RunRecord

OWN = ['train.own.datasets=["caco-smoke"]', 'train.own.embedder="nano:judge"', "train.own.max_share=0.1"]

CUT_OFF = [
    "samples=4",
    "shard_samples=4",
    "models.codegen.max_tokens=4",
]  # a night of which nothing is left after `sample`


def plan_training(line: Place, *overrides: str, day: str = NEXT_DAY) -> RunRecord:
    """Seeds of a date, which are those of the day before, and the training upon them, planned."""
    settings = [*OWN, *overrides]
    planned = tasks.plan("seeds", partition=day, config=CONFIG, overrides=settings)
    for stage in ("seeds", "unify"):
        run_stage(stage, planned["run_id"], planned["shards"])
    run_id = tasks.plan("codegen", partition=day, config=CONFIG, overrides=settings)["run_id"]
    return tasks.read_run(line.store, run_id, Connections.from_environ(line.environ))


def ask(line: Place, query: str, **values: str) -> list[dict[str, object]]:
    engine = create_engine(line.writer_url)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(text(query), values).mappings()]
    engine.dispose()
    return found


def published(line: Place) -> str:
    (name,) = tasks.published(line.runs["nightly"])
    return name


ROUNDS = "SELECT * FROM caco.loop_rounds WHERE run_id = CAST(:run_id AS uuid)"
LEARNT = (
    "SELECT sample_id, dataset FROM caco.own_row JOIN caco.model USING (output_no) WHERE run_id = CAST(:run_id AS uuid)"
)


def test_a_model_learns_from_published_rows_and_says_from_which(line: Place) -> None:
    run = plan_training(line)
    assert list(run.own_datasets) == [published(line)]
    assert run.held_against == {}  # it is the first of its training
    run_stage("train", run.run_id, [0])
    (found,), learnt = ask(line, ROUNDS, run_id=run.run_id), ask(line, LEARNT, run_id=run.run_id)
    assert found["accepted"] is True
    assert found["own_rows"] == len(learnt) > 0
    assert found["own_share"] == pytest.approx(len(learnt) / (len(learnt) + found["seed_programs"]), abs=1e-4)
    assert found["own_share"] <= 0.1
    assert found["shapes_per_1000"] > 0
    assert 0 < found["spread"] < 2
    assert {row["dataset"] for row in learnt} == {published(line)}
    of_dataset = ask(line, "SELECT sample_id FROM caco.dataset_row")
    assert {row["sample_id"] for row in learnt} <= {row["sample_id"] for row in of_dataset}
    with open_archive(replace(Connections.from_environ(line.environ), analyst_url=line.writer_url)) as archive:
        (shown,) = model_report(archive, str(found["model_id"])).rounds
        drawn = chart(archive, "loop_rounds", model=str(found["model_id"]))["data"]["values"]
    assert (shown.own_rows, shown.spread, shown.nightly_run_id) == (len(learnt), found["spread"], None)
    assert {(point["figure"], point["share"]) for point in drawn} == {("shapes per 1,000", 1), ("spread", 1)}
    # and the same comes out of the store alone
    with Ledger(line.owner_url) as ledger:
        rebuild(ledger, line.store)
    assert ask(line, ROUNDS, run_id=run.run_id) == [found]
    assert ask(line, LEARNT, run_id=run.run_id) == learnt


def test_a_model_less_varied_than_the_first_is_refused_and_the_night_goes_on_with_the_first(line: Place) -> None:
    guard = ["train.own.guard.min_shapes_ratio=1", "train.own.guard.min_spread_ratio=1"]
    first = plan_training(line, *guard, day="2026-11-19")  # before anything was published: it learns from seeds alone
    run_stage("train", first.run_id, [0])
    second = plan_training(line, *guard)
    assert second.held_against.keys() == {"model_id", "shapes_per_1000", "spread", "embedder"}
    # as if the first had written programs of twice as many shapes as there were samples
    told = second.model_copy(update={"held_against": second.held_against | {"shapes_per_1000": 2000.0}})
    (line.run_folder(second.run_id, NEXT_DAY) / "run.json").write_text(told.model_dump_json())
    run_stage("train", second.run_id, [0])
    (found,) = ask(line, ROUNDS, run_id=second.run_id)
    assert found["accepted"] is False
    assert "less varied than those of the first model" in str(found["refused_because"])
    night = tasks.plan("nightly", partition=NEXT_DAY, config=CONFIG, overrides=[*OWN, *guard])
    (found,) = ask(line, ROUNDS, run_id=second.run_id)
    assert found["nightly_run_id"] == uuid.UUID(night["run_id"])
    assert found["sampled_from"] == second.held_against["model_id"] != found["model_id"]


def test_a_dataset_withdrawn_after_the_plan_teaches_nothing(line: Place) -> None:
    run, dataset = plan_training(line), published(line)
    with Ledger(line.writer_url) as ledger:
        set_dataset_state(ledger, line.store, dataset, "withdrawn", by="ada", because="false answers")
    with pytest.raises(ConfigError, match=r"withdrawn \(false answers\) after this training was planned"):
        run_stage("train", run.run_id, [0])
    later = plan_training(line, day="2026-11-22")
    assert later.own_datasets == {}  # and a training that is planned now does not name it
    with pytest.raises(ConfigError, match=r"is withdrawn \(false answers\)"):
        plan_training(line, f'train.own.datasets=["{dataset}"]', day="2026-11-22")


def test_nothing_is_learnt_from_a_later_date(line: Place) -> None:
    with pytest.raises(ConfigError, match="learns from nothing later"):
        plan_training(line, f'train.own.datasets=["{published(line)}"]', day="2026-11-19")
    assert plan_training(line, day="2026-11-19").own_datasets == {}


def test_a_training_without_own_rows_keeps_its_key(line: Place) -> None:
    again = tasks.plan("codegen", partition=DAY, config=CONFIG)["run_id"]
    assert again == line.runs["codegen"]
    assert "own" not in line.manifest(again, "train", 0).recipe


def test_lineage_leads_from_a_night_to_the_rows_that_its_model_learnt_from_and_back(line: Place) -> None:
    run = plan_training(line)
    run_stage("train", run.run_id, [0])
    night = tasks.plan("nightly", partition=NEXT_DAY, config=CONFIG, overrides=[*OWN, *CUT_OFF])
    run_stage("sample", night["run_id"], [0])
    (sample,) = sample_ids(line.keys(night["run_id"], NEXT_DAY), 0)[:1]
    learnt = uuid.UUID(str(ask(line, LEARNT, run_id=run.run_id)[0]["sample_id"]))
    with Ledger(line.writer_url) as ledger:
        found = ledger.lineage(sample)
        assert found["run"]["model"]["learnt_from"] == [{"run_id": run.run_id, "datasets": [published(line)]}]
        # both trainings, of the night and of the rows that it learnt from, have their seeds behind the licence
        behind = ledger.trainings_behind(night["run_id"])
    assert [one.run_id for one in behind] == [run.run_id, line.runs["codegen"]]
    assert [one.seed_run_id for one in behind] == [run.seed_run_id, line.runs["seeds"]]
    with open_archive(replace(Connections.from_environ(line.environ), analyst_url=line.writer_url)) as archive:
        picture = lineage_graph(archive, learnt.hex)
    model_id = found["run"]["model_id"]
    assert any(node.kind == "model" and node.label.startswith(model_id[:20]) for node in picture.nodes)
