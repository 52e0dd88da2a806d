"""`caco sql` over a loaded ledger: every form, every way to give a query, and what may stand in one."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ledger_world import World

from caco_tasks.cli import main
from caco_tasks.ledger.migrations import sql_folder
from caco_tasks.ledger.recipes import list_recipes

IDS = "SELECT caco.hex(run_id) AS run_id, config_hash, repeat('x', 300) AS text FROM caco.run ORDER BY 1"


def sql(*words: str, given: str | bytes | None = None) -> Result:
    """What `caco sql` says."""
    return CliRunner().invoke(main, ["sql", *words], input=given)


def test_every_form_has_every_id_whole(asked: World) -> None:
    ids = [row["run_id"] for row in json.loads(sql(IDS, "--json").stdout)]
    assert len(ids) == 3
    read = list(csv.DictReader(io.StringIO(sql(IDS, "--csv").stdout, newline="")))
    assert [row["run_id"] for row in read] == ids
    for form in ([], ["--vertical"], ["--table"]):
        said = sql(IDS, *form).stdout
        assert [one for one in ids if one not in said] == []
        assert said.count("x" * 300) == 3


def test_json_loses_no_value(asked: World) -> None:
    done = sql("SELECT 1 AS a, 2 AS a, 'NaN'::float8 AS n, 'NaN'::numeric AS m, '\\x00ff'::bytea AS b", "--json")
    assert json.loads(done.stdout) == [{"a": 1, "a_2": 2, "n": "NaN", "m": "NaN", "b": "\\x00ff"}]
    assert "NaN," not in done.stdout


def test_dates_beyond_pythons_are_answered(asked: World) -> None:
    done = sql("SELECT date '20000-01-01' AS d, timestamptz 'infinity' AS t", "--json")
    assert json.loads(done.stdout) == [{"d": "20000-01-01", "t": "infinity"}]


@pytest.mark.parametrize("name", [recipe.name for recipe in list_recipes()])
def test_a_recipe_is_asked_by_its_name_by_its_file_and_by_its_text(asked: World, name: str) -> None:
    path = sql_folder() / "cookbook" / f"{name}.sql"
    ways = [["--recipe", name], ["-f", str(path)], [path.read_text(encoding="utf-8")]]
    done = [sql(*way, "--json") for way in ways]
    assert [one.stderr for one in done if one.exit_code] == []
    assert len({one.stdout for one in done}) == 1


def test_a_query_is_read_from_standard_input(asked: World) -> None:
    assert json.loads(sql("-f", "-", "--json", given="-- a comment\nSELECT 1 AS one").stdout) == [{"one": 1}]


def test_a_value_of_a_recipe_is_set(asked: World) -> None:
    done = sql("--recipe", "examples_of_a_reason", "--set", "reason=benchmark_overlap", "--json")
    assert {row["stage"] for row in json.loads(done.stdout)} == {"decontaminate"}


def test_the_cookbook_is_listed(asked: World) -> None:
    found = json.loads(sql("--recipe", "", "--json").stdout)
    assert [each["recipe"] for each in found] == [recipe.name for recipe in list_recipes()]


REFUSED = {
    "two queries": (["SELECT 1", "--recipe", "pass_rates"], "There is more than one query"),
    "no query": (["--csv"], "There is no query: give a QUERY"),
    "an unknown recipe": (["--recipe", "pass_rate"], "the nearest is 'pass_rates'"),
    "a value of nothing": (["SELECT 1", "--set", "a=1"], "has no 'a' to set"),
    "no value": (["--recipe", "pass_rates", "--set", "a"], "not of the form name=value"),
    "no SQL": (["SELEC 1"], "syntax error"),
    "a write": (["DELETE FROM caco.run"], "read-only transaction"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_a_query_that_cannot_be_is_one_sentence(asked: World, words: list[str], said: str) -> None:
    done = sql(*words)
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_no_text_is_told(asked: World, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_bytes(b"SELECT '\xff'")
    done = sql("-f", str(tmp_path / "q.sql"))
    assert done.exit_code == 1
    assert "is not text in UTF-8" in done.stderr


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LANG": "", "PYTHONUTF8": "0"}])
def test_an_answer_is_whole_in_any_locale(asked: World, locale: dict[str, str]) -> None:
    query = "SELECT 'naïve – ∑' AS text, NULL AS nothing"
    for form in ([], ["--csv"]):
        command = [sys.executable, "-m", "caco_tasks.cli", "sql", query, *form]
        done = subprocess.run(command, env={**os.environ, **locale}, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), form
        if form == ["--csv"]:
            assert "naïve – ∑" in done.stdout.decode()
