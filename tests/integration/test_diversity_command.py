"""`caco diversity` on a run that was really made: figures, ledger, pictures, and what a night does with it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, Place

from caco_tasks import tasks
from caco_tasks.cli.main import main
from caco_tasks.connections import Connections
from caco_tasks.diversity_tasks import FALLBACK, measure_diversity, measure_night
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.rebuilding import rebuild
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.reports.archive import open_archive
from caco_tasks.reports.charts import chart
from caco_tasks.reports.run_diversity import run_diversity

TABLES = ("diversity", "diversity_domain", "diversity_cluster", "diversity_earlier")


@pytest.fixture
def dataset(line: Place) -> str:
    """The dataset of the night."""
    (name,) = tasks.published(line.runs["nightly"])
    return name


def measured_rows(line: Place) -> dict[str, list[dict[str, object]]]:
    engine = create_engine(line.writer_url)
    with engine.connect() as connection:
        found = {
            table: sorted(map(dict, connection.execute(text(f"SELECT * FROM caco.{table}")).mappings()), key=str)
            for table in TABLES
        }
    engine.dispose()
    return found


def test_a_dataset_is_measured_registered_and_drawn(
    line: Place, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACO_MODELS", str(tmp_path / "none"))
    words = ["diversity", dataset, "--against", dataset, "--json", "--picture", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    rows = list(dataset_rows(line.store, dataset))
    assert (found["of_rows"], found["whole"]["rows"]) == (len(rows), len(rows))
    assert found["embedder"].startswith(f"{FALLBACK}@")
    assert "make embedder" in found["hint"]
    assert 0 < found["whole"]["spread"] < 1
    assert sum(one["rows"] for one in found["clusters"]) == len(rows)
    assert found["whole"]["earlier_near_rows"] == len(rows)  # each row is one of itself
    assert found["whole"]["earlier_mean"] == pytest.approx(0, abs=1e-3)
    folder = line.folder / "datasets" / dataset
    for theme in ("light", "dark"):
        drawn = (tmp_path / "out" / f"diversity-{theme}.svg").read_bytes()
        assert b"<svg" in drawn[:600]
        assert drawn == (folder / f"diversity-{theme}.svg").read_bytes()
    kept = measured_rows(line)
    assert len(kept["diversity"]) == len(kept["diversity_earlier"]) == 1
    assert len(kept["diversity_cluster"]) == len(found["clusters"])
    again = measure_diversity(dataset, against=[dataset])  # found, and not made
    assert again.record.measured_at.isoformat()[:19] == found["measured_at"][:19]
    with Ledger(line.owner_url) as ledger:
        rebuild(ledger, line.store)
    assert measured_rows(line) == kept
    # what the page of the run shows
    with open_archive(replace(Connections.from_environ(line.environ), analyst_url=line.writer_url)) as archive:
        shown = run_diversity(archive, line.runs["nightly"]).measured
        points = chart(archive, "diversity", run=line.runs["nightly"])["data"]["values"]
    assert shown is not None
    assert (shown.spread, shown.earlier) == (found["whole"]["spread"], (dataset,))
    assert len(points) == len(rows)
    assert len({point["cluster"] for point in points}) == len(found["clusters"])


def test_a_run_that_has_published_nothing_is_measured_by_what_it_kept(line: Place, dataset: str) -> None:
    of_run = measure_diversity(line.runs["nightly"]).record
    assert of_run.dataset == dataset  # what a run has published goes before
    engine = create_engine(line.owner_url)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE caco.dataset CASCADE"))
    engine.dispose()
    unpublished = measure_diversity(line.runs["nightly"]).record
    assert unpublished.dataset is None
    assert (unpublished.whole, unpublished.clusters) == (of_run.whole, of_run.clusters)


def test_a_night_is_not_stopped_by_its_measurement(line: Place) -> None:
    assert measure_night(line.runs["nightly"], os.environ) is None  # smoke asks for none
    assert measure_night("0" * 32, {**os.environ, "CACO_STORE": "file:///nowhere"}) is None
    assert not any(measured_rows(line).values())
    # the same run under a config that asks for it: no key holds the setting
    planned = tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=["diversity.nightly=true"])
    assert planned["run_id"] == line.runs["nightly"]
    assert measure_night(planned["run_id"], os.environ) == {"run_id": planned["run_id"]}
    assert len(measured_rows(line)["diversity"]) == 1
