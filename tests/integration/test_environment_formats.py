"""Environments of a really published dataset: made by the command, kept in the ledger, and loaded by every trainer's package."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from whole_line import Place, caco

from caco_tasks.ledger.analyst import Analyst
from caco_tasks.ledger.environments import environment_of, environments_of

ROOT = Path(__file__).parents[2]
LOADER = ROOT / "tests" / "environments" / "load_export.py"
# format -> the Python that `make formats` installs its package into; rlvr needs only what every Python here has
PYTHONS = {
    "rlvr": Path(sys.executable),
    "verifiers": ROOT / ".venv-formats" / "bin" / "python",
    "reasoning-gym": ROOT / ".venv-formats" / "bin" / "python",
    "verl": ROOT / ".venv-formats" / "bin" / "python",
    "nemo-gym": ROOT / ".venv-nemo" / "bin" / "python",
}
MIN_INSTANCES = 60


@pytest.fixture(scope="module")
def bank_row() -> dict[str, str]:
    """A family of the bank, as a row: smoke publishes few rows, and not always one that can be drawn anew."""
    code = 'input = {"eggs": 98, "broken": 14, "box": 12}\n\ndef boxes(eggs, broken, box):\n    whole = eggs - broken\n'
    code += "    return whole // box\n\noutput = boxes(**input)\nprint(output)\n"
    text = "98 eggs are collected, but 14 of them are broken. The others are packed in boxes of 12. How many boxes are filled?"
    return {"code": code, "instruction": text}


@pytest.fixture(scope="module")
def made(bank_row: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two environments."""
    from caco_tasks.environments.environment_record import write_environments
    from caco_tasks.environments.make import Maker
    from caco_tasks.environments.run import open_sandbox
    from caco_tasks.ids import program_id

    folder = tmp_path_factory.mktemp("environments")
    rows = []
    for code, text in (
        (bank_row["code"], bank_row["instruction"]),
        (
            bank_row["code"].replace("whole // box", "whole / box"),
            bank_row["instruction"].replace("boxes are", "boxes is it"),
        ),
    ):
        inputs = code.partition("= ")[2].partition("\n")[0]
        rows.append(
            {
                "code": code,
                "instruction": text,
                "input_json": inputs,
                "licence": "CC0-1.0",
                "program_id": program_id(code),
            }
            | {"sample_id": program_id(text), "licence_note": None}
        )
    with open_sandbox(workers=1) as sandbox:
        found = [
            one.environment for one in Maker(sandbox=sandbox, dataset="d/1", min_instances=MIN_INSTANCES).make_all(rows)
        ]
    assert write_environments([one for one in found if one is not None], folder) == 2
    return folder


@pytest.mark.parametrize("format_name", PYTHONS)
def test_every_instance_earns_1_for_its_own_answer_and_0_for_another(
    format_name: str, made: Path, tmp_path: Path
) -> None:
    python = PYTHONS[format_name]
    if not python.exists():
        pytest.skip(f"{format_name} is not installed: `make formats` does it")
    out = tmp_path / "export"
    words = [
        "environments",
        "export",
        str(made),
        "--format",
        format_name,
        "--out",
        str(out),
        "--json",
        "--workers",
        "1",
    ]
    done = subprocess.run([sys.executable, "-m", "caco_tasks.cli", *words], capture_output=True, text=True, check=True)
    written = json.loads(done.stdout)
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONWARNINGS")}
    loaded = subprocess.run(
        [str(python), str(LOADER), format_name, str(out)], capture_output=True, text=True, env=environ, check=False
    )
    assert loaded.returncode == 0, loaded.stderr[-2000:]
    counts = json.loads(loaded.stdout.strip().splitlines()[-1])
    assert written["environments"] == 2
    assert counts == {
        "instances": written["instances"],
        "own_1": written["instances"],
        "perturbed_0": written["instances"],
        "empty_0": written["instances"],
        "wrong": [],
    }
    assert written["instances"] >= 2 * MIN_INSTANCES


def test_rows_of_a_dataset_are_made_written_down_and_sampled(line: Place, tmp_path: Path) -> None:
    (dataset,) = json.loads(caco(line, "dataset", "list", "--json").stdout)
    name, out = dataset["dataset"], tmp_path / "made"
    words = ("environments", "make", name, "--out", str(out), "--min-instances", "40", "--workers", "1", "--json")
    done = caco(line, *words)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["rows"] == dataset["rows"] == report["environments"] + sum(report["refusals"].values())
    assert report["in_ledger"]
    assert json.loads((out / "report.json").read_text())["environments"] == report["environments"]
    assert caco(line, *words).returncode == 0  # again: the rows are there once
    with Analyst(line.writer_url) as analyst, analyst.reading() as connection:
        counted = environments_of(connection, name)
        first = next(iter(out.joinpath("environments.jsonl").read_text().splitlines()), None)
        found = environment_of(connection, json.loads(first)["sample_id"]) if first else None
    assert sum(one.rows for one in counted) == report["rows"]
    assert {one.refusal: one.rows for one in counted if one.refusal} == report["refusals"]
    if first:
        assert found is not None
        assert found["environment_id"] == json.loads(first)["environment_id"]
        drawn = json.loads(
            caco(line, "environments", "sample", "first", "--dir", str(out), "--n", "3", "--json").stdout
        )
        assert len(drawn["instances"]) == 3
        assert found["example_problem"]


def test_a_folder_that_is_there_is_not_written_over(made: Path, tmp_path: Path) -> None:
    words = ["environments", "export", str(made), "--format", "rlvr", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "caco_tasks.cli", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is there already" in done.stderr
