"""A night that is steered by the one before: what was measured, what was pinned, what CodeGen was told."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from databases import cloned
from sqlalchemy import create_engine, text
from whole_line import CONFIG, DAY, Place, caco, run_pipeline, run_stage

from caco_tasks import tasks
from caco_tasks.checks.programs.program_measures import measure_program
from caco_tasks.ids import random_seed
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.migrations import OWNER, WRITER
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.records import Sample
from caco_tasks.steering import told_opening
from caco_tasks.store.registry import dataset_folder

NEXT_DAY = "2026-11-30"
ASKED = ("solver.samples=2", "models.solver.temperature=0.7", "dedup.claims=own")
CAPPED = (*ASKED, "solver.keep_easy=0.5")
# so few samples say little: whatever was accepted is useful, and seen once is enough
STEERED = (*ASKED, "steer.band=[0.0, 1.0]", "steer.min_problems=1", "steer.explore=0.3")
SHARDS = 2


def asked(line: Place, query: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of an answer of the ledger."""
    engine = create_engine(line.owner_url)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(text(query), values).mappings()]
    engine.dispose()
    return rows


@pytest.fixture(scope="module")
def nights(
    postgres: EmbeddedPostgres,
    ledger_template: dict[str, str],
    finished_line: Place,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """A finished line to which these tests add nights of their own, which the tasks find through the environment."""
    folder = tmp_path_factory.mktemp("steer")
    shutil.copytree(finished_line.folder, folder / "store")
    with cloned(postgres, "template_line") as name, pytest.MonkeyPatch.context() as patch:
        place = Place(
            folder=folder / "store",
            home=folder / "home",
            writer_url=postgres.url(name, WRITER, ledger_template[WRITER]),
            owner_url=postgres.url(name, OWNER, ledger_template[OWNER]),
            runs=finished_line.runs,
        )
        for variable, value in place.environ.items():
            patch.setenv(variable, value)
        yield place


@pytest.fixture(scope="module")
def night(nights: Place) -> str:
    """A finished night with two solutions of each problem, of which half of the easy ones are kept."""
    return run_pipeline("nightly", DAY, *CAPPED)


def judged(line: Place, run_id: str, stage: str, day: str = DAY) -> dict[str, tuple[Sample, str | None]]:
    """What a stage wrote of each sample: the sample, and why it did not pass."""
    found = [row for shard in range(SHARDS) for row in line.samples(line.manifest(run_id, stage, shard, day))]
    return {row.record.sample_id: (row.record, row.verdict.reason) for row in found}


def test_every_sample_that_is_compared_is_measured(nights: Place, night: str) -> None:
    query = """
        SELECT caco.hex(sample_id) AS sample_id, solutions, compared, agreeing, steps, depth, domain, opening,
            caco.hex(shape) AS shape
        FROM caco.sample_difficulty JOIN caco.run_output USING (output_no) JOIN caco.run USING (run_no)
        WHERE run_id = CAST(:run AS uuid)
    """
    rows = {row.pop("sample_id"): row for row in asked(nights, query, run=night)}
    samples = judged(nights, night, "agree")
    assert rows.keys() == samples.keys()
    assert len(rows) > 5
    for name, (sample, _) in samples.items():
        measures, solution = measure_program(sample.program.code), sample.solution
        assert sample.measures == measures
        assert solution is not None
        agreeing = [one.agrees for one in solution.candidates]
        assert rows[name] == {
            "solutions": 2,
            "compared": 2 - agreeing.count(None),
            "agreeing": agreeing.count(True),
            **{one: getattr(measures, one) for one in ("steps", "depth", "domain", "opening", "shape")},
        }


def test_half_of_what_both_solutions_solve_is_kept_by_the_ids_of_samples(nights: Place, night: str) -> None:
    easy = {
        name: reason
        for name, (sample, reason) in judged(nights, night, "agree").items()
        if sample.solution and [one.agrees for one in sample.solution.candidates] == [True, True]
    }
    capped = {name for name, reason in easy.items() if reason == "too_easy"}
    dropped = {name for name in easy if random_seed("easy", name) >= 2**59}
    assert capped <= dropped
    assert capped
    assert {reason for name, reason in easy.items() if name not in dropped} <= {None, *easy.values()} - {"too_easy"}
    counted = asked(
        nights,
        "SELECT records FROM caco.reject_reasons WHERE run_id = CAST(:run AS uuid) AND reason = 'too_easy'",
        run=night,
    )
    assert counted == [{"records": len(capped)}]


def test_rows_card_and_view_tell_how_hard_problems_are(nights: Place, night: str) -> None:
    with Ledger(nights.writer_url) as ledger:
        (name,) = ledger.datasets(night)
    dataset = nights.dataset(name)
    rows = [row for file in dataset.files for row in pq.read_table(nights.folder / file.uri).to_pylist()]
    for row in rows:
        found = measure_program(row["code"])
        assert (row["steps"], row["depth"], row["solutions"]) == (found.steps, found.depth, 2)
    card = (nights.folder / dataset_folder(*name.split("/")) / "README.md").read_text()
    assert "## How hard its problems are" in card
    assert "| 2 of 2 | " in card
    assert "50% were kept" in card
    query = "SELECT * FROM caco.pass_rates_by_shape WHERE run_id = CAST(:run AS uuid)"
    counted = asked(nights, query, run=night)
    assert sum(row["accepted"] for row in counted) == len(rows)
    assert sum(row["problems"] for row in counted) == len(judged(nights, night, "agree"))
    for row in counted:
        assert row["solved_never"] + row["in_between"] + row["solved_always"] == row["judged"]


def test_a_night_is_steered_by_what_became_of_the_one_before(nights: Place, night: str) -> None:
    shown = json.loads(
        caco(nights, "steer", "--partition", NEXT_DAY, "--config", CONFIG, *_set(STEERED), "--json").stdout
    )
    planned = tasks.plan("nightly", partition=NEXT_DAY, config=CONFIG, overrides=list(STEERED))
    run_id = str(planned["run_id"])
    run = nights.keys(run_id, NEXT_DAY).run
    assert shown["pinned"] == run.steering
    assert shown["run_id"] == run_id
    assert run.steering["runs"] == [night]
    shares = dict(run.steering["openings"])
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    with Ledger(nights.writer_url) as ledger:
        registered = ledger.find_run(run_id)
    assert registered is not None
    assert registered.steering == run.steering
    run_stage("sample", run_id, planned["shards"])
    told = _told_are_begun(nights, run_id)
    assert {opening for opening in told if opening is not None} <= set(shares)
    assert None in told
    assert len(set(told)) > 2


def test_a_band_of_everything_goes_by_acceptance_where_one_solution_was_asked_for(nights: Place) -> None:
    wanted = ("dedup.claims=own", "steer.band=[0.0, 1.0]", "steer.min_problems=1")
    plain = run_pipeline("nightly", DAY, "dedup.claims=own")
    shown = json.loads(
        caco(nights, "steer", "--partition", NEXT_DAY, "--config", CONFIG, *_set(wanted), "--json").stdout
    )
    assert len(shown["pinned"]["runs"]) == 1  # of those of that date that were asked alike
    counted = asked(
        nights,
        "SELECT (SELECT sum(rows) FROM caco.dataset WHERE run_id = CAST(:run AS uuid)) AS accepted, count(*) AS problems "
        "FROM caco.sample_difficulty JOIN caco.run_output USING (output_no) JOIN caco.run USING (run_no) "
        "WHERE run_id = CAST(:run AS uuid)",
        run=plain,
    )
    assert counted == [{"accepted": shown["useful"], "problems": shown["problems"]}]
    assert shown["useful"] > 0
    told = caco(nights, "steer", "--partition", NEXT_DAY, "--config", CONFIG, *_set(wanted)).stdout
    assert f"{shown['useful']} of {shown['problems']} problems of 1 earlier runs were accepted." in " ".join(
        told.split()
    )


def _told_are_begun(line: Place, run_id: str) -> list[str | None]:
    keys = line.keys(run_id, NEXT_DAY)
    told = []
    for sample, _ in judged(line, run_id, "sample", NEXT_DAY).values():
        opening = told_opening(keys.draw, int(str(sample.index)), keys.run.steering)
        assert sample.program.told == opening
        assert sample.program.code.startswith(opening or "")
        told.append(opening)
    return told


def test_pinned_shares_are_a_part_of_the_draw_and_nothing_else_is(nights: Place, night: str) -> None:
    plain, steered = (
        tasks.plan("nightly", partition=NEXT_DAY, config=CONFIG, overrides=list(more)) for more in (ASKED, STEERED)
    )
    before, after = (nights.keys(str(one["run_id"]), NEXT_DAY) for one in (plain, steered))
    assert before.run.steering == {}
    assert before.draw != after.draw
    again = after.run.model_copy(update={"steering": after.run.steering | {"runs": []}})
    other = after.run.model_copy(update={"steering": after.run.steering | {"explore": 0.4}})
    assert type(after)(again, {}).draw == after.draw != type(after)(other, {}).draw
    # on the first date nothing is known: what is drawn is what a run without steering draws
    first = tasks.plan("nightly", partition=DAY, config=CONFIG, overrides=list(STEERED))
    assert nights.keys(str(first["run_id"])).run.steering == {"runs": []}
    assert nights.keys(str(first["run_id"])).draw == nights.keys(night).draw


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ((), r"no \[steer\]"),
        (("steer.explore=0.5",), "solver.samples above 1"),
        (
            (*ASKED, "steer.explore=0.5", "models.codegen.prompt=chat.v1", "models.codegen.model=nano:codegen"),
            "chat prompt",
        ),
    ],
    ids=["no section", "one solution", "a chat prompt"],
)
def test_what_cannot_be_steered_is_refused_by_a_sentence(
    nights: Place, tmp_path: Path, more: tuple[str, ...], word: str
) -> None:
    (tmp_path / "chat.v1.txt").write_text("[user]\nWrite a program.\n")
    words = _set((*more, f"prompts_folder={tmp_path}"))
    told = caco(nights, "steer", "--partition", NEXT_DAY, "--config", CONFIG, *words)
    assert told.returncode == 1
    assert re.search(word, " ".join(told.stderr.split()))


def _set(overrides: tuple[str, ...]) -> list[str]:
    return [word for override in overrides for word in ("--set", override)]
