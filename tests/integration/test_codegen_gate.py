"""CodeGen through its pipeline: what is registered, and that a model which yields nothing is kept and not used."""

import json
import uuid

import pytest
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, Place, run_stage

from caco_tasks import tasks
from caco_tasks.config import load_config
from caco_tasks.connections import Connections
from caco_tasks.errors import LedgerError
from caco_tasks.ids import file_sha256
from caco_tasks.pipeline import PIPELINES

SPOILT = [  # two steps so long that nothing is left of the base
    "train.learning_rate=0.3",
    "train.max_loss_rise=1000",
    "train.warmup_ratio=0",
    "models.codegen.max_tokens=32",
]


def models(line: Place) -> list[dict[str, object]]:
    """The registry, with when each run was planned."""
    engine = create_engine(line.writer_url)
    with engine.connect() as connection:
        columns = "model.*, run.accepted_yield"
        query = f"SELECT {columns} FROM caco.model JOIN caco.run USING (run_id) ORDER BY run.planned_at"
        found = [dict(row) for row in connection.execute(text(query)).mappings()]
    engine.dispose()
    return found


def test_a_model_is_registered_with_all_that_it_came_from(line: Place) -> None:
    (model,) = models(line)
    metrics = json.loads(json.dumps(model["metrics"]))
    assert (model["accepted"], model["refused_because"], model["accepted_yield"]) == (True, None, None)
    assert str(model["parent"]).startswith("nano:codegen@")
    assert uuid.UUID(line.runs["codegen"]) == model["run_id"]
    assert model["config"] == load_config(CONFIG).train.model_dump(mode="json")
    assert metrics["steps"] == len(metrics["curve"]) == 2
    assert 0.5 < metrics["yield"] <= 1
    folder = line.folder / str(model["uri"])
    assert file_sha256(str(folder / "model.safetensors")) == model["sha256"]
    assert b"<svg" in (folder / "loss.svg").read_bytes()[:600]


def test_a_finished_training_leaves_no_work_behind(finished_line: Place) -> None:
    assert (finished_line.home / "work").is_dir()
    assert list((finished_line.home / "work").iterdir()) == []


@pytest.fixture
def spoilt(line: Place) -> str:
    """A second CodeGen of the same day, whose programs do not run; the id of its run."""
    for pipeline in ("seeds", "codegen"):
        planned = tasks.plan(pipeline, partition=DAY, config=CONFIG, overrides=SPOILT)
        for spec in PIPELINES[pipeline]:
            run_stage(spec.name, planned["run_id"], planned["shards"])
    return str(planned["run_id"])


def test_a_model_that_yields_nothing_is_registered_and_not_used(line: Place, spoilt: str) -> None:
    first, second = models(line)
    assert second["run_id"] == uuid.UUID(spoilt)
    assert second["accepted"] is False
    assert second["accepted_yield"] is None  # no model of this training is in use yet
    assert second["refused_because"] == "None of the programs sampled from it ran (train.gate_samples)."
    assert (line.folder / str(second["uri"]) / "model.safetensors").is_file()
    # the spoilt settings are of another training: only a nightly run with the same ones could take that model
    with pytest.raises(LedgerError, match="No CodeGen of the config"):
        tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=[*SPOILT, "samples=3"])
    planned = tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=["samples=3"])
    record = tasks.read_run(line.store, planned["run_id"], Connections.from_environ(line.environ))
    assert record.model_id == first["model_id"]
