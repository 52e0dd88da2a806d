"""`caco plan --estimate` over a ledger that has runs: what they measured takes the place of published figures."""

import json

from click.testing import CliRunner
from whole_line import CONFIG, Place

from caco_tasks.cli import main
from caco_tasks.ledger import Ledger


def test_an_estimate_goes_by_what_the_ledger_has_measured(line: Place) -> None:
    done = CliRunner().invoke(main, ["plan", "--config", CONFIG, "--estimate", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["notes"] == []
    of = {one["stage"]: one for one in found["stages"]}
    for stage in ("sample", "reverse", "solve", "judge"):
        assert (of[stage]["speed_from"], of[stage]["tokens_from"]) == ("measured here", "measured here"), stage
    with Ledger(line.writer_url) as ledger:
        rows = [row for row in ledger.stage_speeds() if row.stage == "solve" and row.config["name"] == "smoke"]
    tokens = sum(row.prompt_tokens + row.completion_tokens for row in rows)
    speed = round(tokens / sum(row.seconds for row in rows), 1)
    assert of["solve"]["tokens_per_second"] == speed


def test_a_training_that_the_ledger_has_says_how_fast_the_next_one_is(line: Place) -> None:
    done = CliRunner().invoke(main, ["plan", "codegen", "--config", CONFIG, "--estimate", "--json"])
    (train,) = json.loads(done.stdout)["stages"]
    with Ledger(line.writer_url) as ledger:
        (row,) = [row for row in ledger.trainings() if row.role == "codegen"]
    assert train["speed_from"] == "measured here"
    epochs = row.config["epochs"]
    assert train["tokens_per_second"] == round(row.metrics["tokens"] * epochs / row.metrics["seconds"], 1)
