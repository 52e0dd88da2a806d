"""The tour of the ledger, really run by marimo on a real Postgres: what its plots hold, and what it says where nothing is."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import ledger_world
import pytest
import scored
from ledger_world import PUBLISHED, SAMPLES, World

from caco_tasks.ledger import Ledger
from caco_tasks.platform.ports import free_port
from caco_tasks.reports.charts import SCHEMA
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings

pytestmark = pytest.mark.skipif(find_spec("marimo") is None, reason="marimo is not there: install the extra `notebook`")

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "ledger_tour.py"
PLOTS = ("funnel", "rejects", "yields", "costs", "checks", "scores")
QUESTIONS = (
    "What became of the samples of the newest nightly run",
    "Does the yield get better",
    "Which checks contribute what?",
    "Does a student score higher than its base?",
)
OF_NOTHING = (
    "The ledger knows no nightly run yet",
    "There is no funnel without a run.",
    "No nightly run has come to its end yet",
    "No nightly run has a published dataset yet",
    "No check has rejected or recorded anything yet.",
    "No student was evaluated yet",
)

# In a process of its own: where marimo was imported, Transformers takes itself to be in a notebook, and asks for IPython.
RUN_ALL_CELLS = """
import json, runpy, sys
from types import SimpleNamespace
notebook, run_id, *plots = sys.argv[1:]
instead = {"picked": SimpleNamespace(value=run_id)} if run_id else {}
outputs, found = runpy.run_path(notebook)["app"].run(defs=instead)
text = "\\n".join(getattr(one, "text", "") for one in outputs)
print(json.dumps({"text": text, "plots": {name: found[name] for name in plots if name in found}}))
"""


class Page(NamedTuple):
    """What the notebook shows."""

    text: str
    plots: dict[str, dict[str, Any]]  # specifications, those that the page got as far as making

    def rows(self, plot: str, *fields: str) -> list[tuple[Any, ...]]:
        """The values of a plot, field by field."""
        return [tuple(row[field] for field in fields) for row in self.plots[plot]["data"]["values"]]


def tour(run_id: str = "") -> Page:
    """Runs every cell of the notebook; with `run_id` as if that run had been picked."""
    done = python("-c", RUN_ALL_CELLS, str(NOTEBOOK), run_id, *PLOTS)
    assert done.returncode == 0, done.stderr
    return Page(**json.loads(done.stdout.splitlines()[-1]))


def python(*words: str) -> subprocess.CompletedProcess[str]:
    """Python with these words behind it, in the checkout."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))}
    return subprocess.run([sys.executable, *words], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture
def analyst(ledger_address: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An analyst has the read-only address and nothing else: no store, no local platform."""
    forget_all_addresses(monkeypatch, tmp_path)
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", ledger_address.analyst)


def forget_all_addresses(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing is named in the environment, and no local platform was started."""
    monkeypatch.setenv("CACO_HOME", str(folder / "home"))
    for name in ("CACO_STORE", "CACO_LEDGER_URL", "CACO_LEDGER_OWNER_URL", "CACO_LEDGER_ANALYST_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def worlds(ledger: Ledger, file_settings: StoreSettings) -> Sequence[World]:
    """Two nights and an evaluation of the second one's dataset, in the ledger."""
    store = open_store(file_settings)
    made = [ledger_world.build(store, partition=day) for day in ("2026-11-19", "2026-11-20")]
    for world in made:
        ledger_world.load(ledger, store, world)
    scored.write_evaluation(store, ledger, dataset=f"toys/{made[1].datasets[0].version}")
    return made


@pytest.mark.usefixtures("analyst")
def test_the_plots_hold_what_the_ledger_knows(worlds: Sequence[World]) -> None:
    page = tour()
    newest, runs = worlds[1].run("nightly"), [world.run("nightly").run_id for world in worlds]

    assert f"run {newest.run_id[:12]}" in page.plots["funnel"]["description"]
    funnel = page.rows("funnel", "stage", "outcome", "records", "of")
    assert funnel[:3] == [("sample", "passed", 13, 14), ("sample", "failed", 1, 14), ("sample", "unknown", 0, 14)]
    assert ("judge", "unknown", 1, 7) in funnel
    assert ("publish", "passed", PUBLISHED, PUBLISHED) in funnel
    rejects = page.rows("rejects", "check", "outcome", "records")
    assert len(rejects) == sum(map(len, ledger_world.STOPS.values()))
    assert rejects[0] == ("sample: cut_off", "failed", 1)  # in the order of the funnel
    assert ("judge: unparseable_judgement", "unknown", 1) in rejects
    assert f"Of {SAMPLES} samples, {PUBLISHED} came through all stages, {PUBLISHED} were published" in page.text

    nights = page.rows("yields", "partition", "part", "whole", "run")
    assert nights == [
        ("2026-11-19", PUBLISHED, SAMPLES, runs[0][:12]),
        ("2026-11-20", PUBLISHED, SAMPLES, runs[1][:12]),
    ]
    assert all(low < share < high for low, share, high in page.rows("yields", "low", "share", "high"))
    # two shards of solve were paid for, each with 0.25 dollars
    costs = page.rows("costs", "partition", "stage", "cost_usd_per_row")
    assert costs == [(day, "solve", 0.5 / PUBLISHED) for day in ("2026-11-20", "2026-11-19")]

    checks = page.rows("checks", "check", "effect", "samples")
    assert checks[:2] == [("screen: dead_input", "only recorded", 8), ("screen: trivial", "only recorded", 4)]
    assert ("execute: error", "failed", 2) in checks
    assert ("judge: unparseable_judgement", "unknown", 2) in checks

    scores = page.rows("scores", "benchmark", "contender", "part", "whole")
    assert scores == [(scored.BENCHMARK, "base", 3, 9), (scored.BENCHMARK, "student", 6, 10)]
    assert all(low < share < high for low, share, high in page.rows("scores", "low", "share", "high"))


@pytest.mark.usefixtures("analyst", "worlds")
def test_the_page_draws_each_plot_below_its_question() -> None:
    text = tour().text
    places = [text.index(question) for question in QUESTIONS]
    ends = [*places[1:], len(text)]
    assert places == sorted(places)
    for begin, end, plots in zip(places, ends, (2, 2, 1, 1), strict=True):
        assert text[begin:end].count(SCHEMA) == text[begin:end].count("application/vnd.vegalite.v6+json") == plots


@pytest.mark.usefixtures("analyst")
def test_another_run_than_the_newest_can_be_looked_at(worlds: Sequence[World]) -> None:
    run_id = worlds[0].run("nightly").run_id
    page = tour(run_id)
    assert f"run {run_id[:12]}" in page.plots["funnel"]["description"]


@pytest.mark.usefixtures("analyst")
def test_of_a_night_under_way_the_page_says_no_more_than_is_known(ledger: Ledger, file_settings: StoreSettings) -> None:
    store = open_store(file_settings)
    world = ledger_world.build(store)
    begun = [one for one in world.manifests if one.pipeline != "nightly" or one.stage == "sample"]
    ledger_world.load(ledger, store, World(runs=world.runs, manifests=begun))
    page = tour()
    assert f"This run has not come to its end: {SAMPLES} samples so far." in page.text
    assert page.rows("rejects", "check", "records") == [("sample: cut_off", 1)]
    assert [sentence for sentence in OF_NOTHING[2:4] if sentence not in page.text] == []


@pytest.mark.usefixtures("analyst")
def test_an_empty_ledger_gives_a_sentence_in_each_cell() -> None:
    page = tour()
    assert [sentence for sentence in OF_NOTHING if sentence not in page.text] == []
    assert "application/vnd.vegalite" not in page.text


def test_without_an_address_one_sentence_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_all_addresses(monkeypatch, tmp_path)
    page = tour()
    assert page.text.count("start the local platform with `caco up`, or set CACO_LEDGER_ANALYST_URL") == 1
    assert page.plots == {}


def test_a_ledger_that_does_not_answer_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_all_addresses(monkeypatch, tmp_path)
    nobody = f"postgresql://caco_analyst:secret@127.0.0.1:{free_port(24000)}/ledger"
    monkeypatch.setenv("CACO_LEDGER_ANALYST_URL", nobody)
    page = tour()
    assert page.text.count("start it with `caco up`, or mend its address") == 1
    assert "secret" not in page.text
    assert page.plots == {}


@pytest.mark.usefixtures("analyst")
@pytest.mark.parametrize("words", [(), ("-m", "marimo", "check", "--strict")], ids=["runs as a script", "marimo check"])
def test_the_notebook_is_a_file_like_any_other(words: Sequence[str]) -> None:
    done = python(*words, str(NOTEBOOK))
    assert (done.returncode, done.stderr) == (0, "")
