"""Draws that are random, stratified and repeatable; answers that are taken whole or not at all; rates worked out by hand."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ledger_world
import pytest
import whole_line
from ledger_world import World
from sqlalchemy import Engine, text
from whole_line import Place

from caco_tasks.audit import RowAnswer, answer_records, draw_rows, find_draw, read_answers, write_sheet
from caco_tasks.errors import ConfigError, ConservationError, LedgerError, SourceError, StoreError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.ledger.recipes import find_recipe
from caco_tasks.records import Outcome
from caco_tasks.store import Store
from caco_tasks.store.manifest import parse_stored
from caco_tasks.store.registry import AuditAnswers, AuditDraw, AuditStratum, DrawnRow, audit_uri

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def drawn_of(draw: AuditDraw) -> dict[tuple[str, str, str | None], tuple[int, int]]:
    """Rows and drawn rows of each stratum."""
    return {(each.stage, each.outcome, each.reason): (each.rows, each.drawn) for each in draw.strata}


def ask(engine: Engine, query: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of an answer."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def test_a_draw_has_rows_of_every_stratum_that_a_person_can_judge(ledger: Ledger, store: Store, loaded: World) -> None:
    draw = draw_rows(ledger, store, loaded.run("nightly"), 3)
    assert drawn_of(draw) == {
        ("execute", "fail", "error"): (1, 1),
        ("screen", "fail", "too_short"): (1, 1),
        ("reverse", "fail", "leaks_answer"): (1, 1),
        ("solve", "fail", "no_final_answer"): (1, 1),
        ("agree", "fail", "answers_differ"): (1, 1),
        ("judge", "pass", None): (5, 3),
        ("judge", "fail", "inconsistent"): (1, 1),
        ("judge", "unknown", "unparseable_judgement"): (1, 1),
    }
    bare = [row for row in draw.rows if draw.strata[row.stratum].stage in ("execute", "screen")]
    assert all(row.program and row.problem is None and row.solution is None for row in bare)
    assert all(row.problem and row.solution for row in draw.rows if draw.strata[row.stratum].stage == "judge")


def test_what_a_check_says_of_other_texts_is_not_put_before_people(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE caco.output_reason SET reason = 'benchmark_overlap' WHERE reason = 'leaks_answer'")
        )
    draw = draw_rows(ledger, store, loaded.run("nightly"), 3)
    assert "reverse" not in {stratum.stage for stratum in draw.strata}


def test_the_same_draw_is_found_again_and_a_larger_one_holds_it(ledger: Ledger, store: Store, loaded: World) -> None:
    run = loaded.run("nightly")
    small = draw_rows(ledger, store, run, 2)
    before = store.list("")
    assert draw_rows(ledger, store, run, 2) == small
    assert store.list("") == before
    large = draw_rows(ledger, store, run, 4)
    assert large.draw_id != small.draw_id
    assert {row.subject_id for row in small.rows} < {row.subject_id for row in large.rows}
    assert find_draw(ledger, store, large.draw_id[:8]) == large


def test_a_draw_made_anew_after_its_loss_is_the_same(ledger: Ledger, store: Store, loaded: World) -> None:
    first = draw_rows(ledger, store, loaded.run("nightly"), 2)
    for key in store.list("draws"):
        store.delete(key)
    assert draw_rows(ledger, store, loaded.run("nightly"), 2) == first


def test_rows_without_a_text_are_passed_over(ledger: Ledger, store: Store, line: Place) -> None:
    run = None
    with Ledger(line.writer_url) as own:
        run = own.find_run(line.runs["nightly"])
        assert run is not None
        draw = draw_rows(own, line.store, run, 5)
    strata = drawn_of(draw)
    lost = [drawn for (stage, _, reason), (_, drawn) in strata.items() if stage == "reverse" and reason == "empty"]
    assert all(drawn == 0 for drawn in lost)
    assert sum(drawn for _, drawn in strata.values()) == len(draw.rows) > 0


def test_only_a_nightly_run_whose_checks_are_done_is_drawn_from(ledger: Ledger, store: Store, world: World) -> None:
    for run in world.runs:
        ledger.register_run(run)
    with pytest.raises(ConfigError, match="only nightly runs"):
        draw_rows(ledger, store, world.run("seeds"), 2)
    with pytest.raises(ConservationError, match="missing"):
        draw_rows(ledger, store, world.run("nightly"), 2)
    assert store.list("draws") == []


def test_an_unknown_draw_is_named(ledger: Ledger, store: Store, loaded: World) -> None:
    with pytest.raises(LedgerError, match="There is no draw 'beef'"):
        find_draw(ledger, store, "beef")


def test_a_file_of_answers_reaches_the_ledger_and_the_store(
    ledger: Ledger, store: Store, loaded: World, engine: Engine, tmp_path: Path
) -> None:
    draw = draw_rows(ledger, store, loaded.run("nightly"), 1)
    _, path = write_sheet(draw, tmp_path)
    lines = [json.loads(each) for each in path.read_text().split("\n") if each]
    for each in lines[:3]:
        each |= {"answer": "wrong program", "note": "2 is not\0 3"}
    path.write_text("\n".join(map(json.dumps, lines)))
    answered = read_answers(path, draw)
    ledger.record_audits(answer_records(draw, answered, person="ada", answered_at=NOON), store)
    found = ask(engine, "SELECT * FROM caco.audit JOIN caco.verdict USING (run_id, stage, subject_id)")
    assert len(found) == 3
    assert {(row["person"], row["answer"], row["wrong_part"], row["note"]) for row in found} == {
        ("ada", "fail", "program", "2 is not\\0 3")
    }
    assert store.exists(audit_uri(draw.run_id, "ada"))


def test_answers_are_kept_whole_or_not_at_all(
    ledger: Ledger, store: Store, loaded: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = draw_rows(ledger, store, loaded.run("nightly"), 1)
    answered = [RowAnswer(row=row.subject_id, answer="right") for row in draw.rows]
    records = answer_records(draw, answered, person="ada", answered_at=NOON)
    folder = Path(store.root.removeprefix("file://"))
    (folder / "audits").write_text("in the way of the folder")
    with pytest.raises(StoreError):
        ledger.record_audits(records, store)
    assert ask(engine, "SELECT * FROM caco.audit") == []
    (folder / "audits").unlink()
    ledger.record_audits(records, store)
    assert len(ask(engine, "SELECT * FROM caco.audit")) == len(draw.rows)


def test_answers_that_only_the_store_has_are_not_written_over(ledger: Ledger, store: Store, loaded: World) -> None:
    draw = draw_rows(ledger, store, loaded.run("nightly"), 1)
    first, second = (
        answer_records(draw, [RowAnswer(row=row.subject_id, answer="right")], person="ada", answered_at=NOON)
        for row in draw.rows[:2]
    )
    ledger.record_audits(first, store)
    ledger.empty()
    ledger_world.load(ledger, store, loaded)
    ledger.record_audits(second, store)
    rebuild(ledger, store)
    assert ledger.ask("SELECT count(*) FROM caco.audit")[1] == [(2,)]


def test_answers_that_come_at_once_are_all_kept_in_the_store_too(
    ledger_address: tuple[str, str, str], ledger: Ledger, store: Store, loaded: World
) -> None:
    draw = draw_rows(ledger, store, loaded.run("nightly"), 5)

    def record(row: DrawnRow) -> None:
        with Ledger(ledger_address[1]) as own:
            own.record_audits(
                answer_records(draw, [RowAnswer(row=row.subject_id, answer="right")], person="ada", answered_at=NOON),
                store,
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, draw.rows))
    uri = audit_uri(draw.run_id, "ada")
    assert len(parse_stored(AuditAnswers, store.get(uri) or b"", uri=uri).answers) == len(draw.rows)


@pytest.mark.parametrize(
    "answered",
    [RowAnswer(row="nobody", answer="right"), RowAnswer(row="", answer="right")],
    ids=["another row", "no row"],
)
def test_an_answer_on_a_row_that_was_not_drawn_is_refused(
    ledger: Ledger, store: Store, loaded: World, answered: RowAnswer
) -> None:
    draw = draw_rows(ledger, store, loaded.run("nightly"), 1)
    with pytest.raises(SourceError, match="has no row"):
        answer_records(draw, [answered], person="ada", answered_at=NOON)


# A night of 1,100 rows that reached the judge or fell before it. Strata: rows of the run, then what people said.
STRATA = [
    ("judge", "pass", None, 800, "rrrrrrrrwu"),  # of nine rows one is wrong
    ("judge", "fail", "inconsistent", 100, "rsss"),
    ("judge", "unknown", "unparseable_judgement", 50, "rs"),
    ("agree", "fail", "answers_differ", 100, "rqss"),
    ("execute", "fail", "error", 50, "pp"),
    ("reverse", "fail", "leaks_code", 30, ""),  # nobody was asked
]
SAYS = {
    "r": "right",
    "p": "wrong program",
    "q": "wrong problem",
    "s": "wrong solution",
    "w": "wrong solution",
    "u": "cannot tell",
}


@pytest.fixture
def judged(ledger: Ledger, store: Store, loaded: World) -> World:
    """A draw of that night, and the answers of one person."""
    run = loaded.run("nightly")
    strata, rows, answered = [], [], []
    for number, (stage, outcome, reason, size, said) in enumerate(STRATA):
        values = {"stage": stage, "outcome": outcome, "reason": reason, "rows": size, "drawn": len(said)}
        strata.append(AuditStratum.model_validate(values))
        names = [content_id("test", stage, reason, place) for place in range(len(said))]
        rows += [DrawnRow(subject_id=name, stratum=number, program="p", problem="q", solution="s") for name in names]
        answered += [RowAnswer(row=name, answer=SAYS[word]) for name, word in zip(names, said, strict=True)]
    draw = AuditDraw(
        draw_id=content_id("test draw"), run_id=run.run_id, max_rows=10, strata=tuple(strata), rows=tuple(rows)
    )
    ledger.register_draw(draw)
    ledger.record_audits(answer_records(draw, answered, person="ada", answered_at=NOON), store)
    return loaded


def confusion(engine: Engine, name: str) -> dict[str, Any]:
    """The row of one check."""
    return ask(engine, "SELECT * FROM caco.judge_confusion WHERE check_name = :name", name=name)[0]


def test_each_stratum_stands_for_all_its_rows(judged: World, engine: Engine) -> None:
    chain = confusion(engine, "chain")
    assert (chain["people"], chain["rows_judged"], chain["rows_undecided"]) == (1, 21, 1)
    passed_wrong, failed_wrong, failed_right = 800 / 9, 100 * 3 / 4 + 100 * 3 / 4 + 50, 100 / 4 + 100 / 4
    counts = [chain[name] for name in ("passed_wrong", "failed_wrong", "failed_right", "passed_right")]
    assert counts == pytest.approx([passed_wrong, failed_wrong, failed_right, 800 * 8 / 9])
    assert (chain["unknown_right"], chain["unknown_wrong"]) == (25, 25)
    assert chain["false_pass_share"] == pytest.approx(passed_wrong / (passed_wrong + failed_wrong))
    assert chain["false_fail_share"] == pytest.approx(failed_right / (failed_right + 800 * 8 / 9))
    assert chain["wrong_of_passed_share"] == pytest.approx(1 / 9)
    assert chain["covered_share"] == pytest.approx(1100 / 1130)


def test_a_check_answers_only_for_what_it_sees_and_what_reached_it(judged: World, engine: Engine) -> None:
    execute, judge = confusion(engine, "execute"), confusion(engine, "judge")
    assert (execute["failed_wrong"], execute["failed_right"], execute["passed_wrong"]) == (50, 0, 0)
    assert execute["false_pass_share"] == 0  # a wrong problem or solution is no error of execute
    assert execute["passed_right"] == pytest.approx(1050)
    assert judge["rows_judged"] == 9 + 4 + 2
    assert judge["false_fail_share"] == pytest.approx(25 / (25 + 800 * 8 / 9))
    assert judge["covered_share"] == 1
    reverse = confusion(engine, "reverse")
    assert reverse["passed_wrong"] == pytest.approx(25)  # the wrong problem that only `agree` stopped
    assert reverse["failed_wrong"] == 0


def test_a_share_over_passed_and_failed_rows_is_not_told_from_one_of_the_two(judged: World, engine: Engine) -> None:
    reverse, agree = confusion(engine, "reverse"), confusion(engine, "agree")
    assert reverse["false_pass_share"] is reverse["false_fail_high"] is None  # nobody was asked about what it failed
    assert reverse["wrong_of_passed_share"] > 0
    assert agree["false_pass_share"] > 0


def test_an_interval_of_one_stratum_is_that_of_wilson(judged: World, engine: Engine) -> None:
    chain = confusion(engine, "chain")
    wilson = ask(engine, "SELECT caco.wilson_low(1, 9) AS low, caco.wilson_high(1, 9) AS high")[0]
    assert chain["wrong_of_passed_low"] == pytest.approx(wilson["low"])
    assert chain["wrong_of_passed_high"] == pytest.approx(wilson["high"])


def test_every_interval_holds_its_estimate_and_lies_within_0_and_1(judged: World, engine: Engine) -> None:
    rows = ask(engine, "SELECT * FROM caco.judge_confusion")
    assert len(rows) == 7
    for row in rows:
        for name in ("false_pass", "false_fail", "wrong_of_passed"):
            low, share, high = (row[f"{name}_{end}"] for end in ("low", "share", "high"))
            assert (low is None) == (share is None) == (high is None)
            assert share is None or -1e-12 <= low <= share + 1e-12 <= high + 2e-12 <= 1 + 3e-12
    execute = next(row for row in rows if row["check_name"] == "execute")
    assert execute["false_pass_high"] > 0.5  # 0 of 50 found, but 1050 unseen rows may hold many


SIMULATED = """
    WITH drawn AS (
        SELECT trial, sum((random() < 0.03)::integer) AS a, sum((random() < 0.8)::integer) AS f
        FROM generate_series(1, 1000) AS trial CROSS JOIN generate_series(1, 20)
        GROUP BY trial
    ), bounded AS (
        SELECT a * 40.0 AS a, a * 40.0 - 800 * caco.wilson_low(a, 20) AS a_down, 800 * caco.wilson_high(a, 20) - a * 40.0 AS a_up,
            f * 15.0 AS f, f * 15.0 - 300 * caco.wilson_low(f, 20) AS f_down, 300 * caco.wilson_high(f, 20) - f * 15.0 AS f_up
        FROM drawn
    )
    SELECT avg((24.0 / 264 BETWEEN caco.share_low(a, a_down, f, f_up) AND 1 - caco.share_low(f, f_down, a, a_up))::integer)
    FROM bounded
"""


def test_in_simulated_nights_the_interval_holds_the_truth_as_often_as_it_says(engine: Engine) -> None:
    """800 passed rows of which 3 % are wrong, 300 failed ones of which 80 % are; 20 of each are judged."""
    with engine.connect() as connection:
        connection.execute(text("SELECT setseed(0.5)"))
        held = float(connection.execute(text(SIMULATED)).scalar_one())
    assert 0.93 < held < 0.995


def test_the_majority_of_people_decides_and_a_tie_is_undecided(
    ledger: Ledger, store: Store, judged: World, engine: Engine
) -> None:
    run_id, before = judged.run("nightly").run_id, confusion(engine, "chain")
    subject = content_id("test", "judge", None, 8)  # ada: wrong
    answers = _answers(run_id, subject, {"bo": "pass"})
    ledger.record_audits(answers, store)
    tied = confusion(engine, "chain")
    assert (tied["rows_judged"], tied["rows_undecided"]) == (before["rows_judged"] - 1, 2)
    ledger.record_audits(_answers(run_id, subject, {"cy": "pass"}), store)
    outvoted = confusion(engine, "chain")
    assert (outvoted["people"], outvoted["rows_judged"]) == (3, before["rows_judged"])
    assert outvoted["passed_wrong"] == 0


def _answers(run_id: str, subject: str, said: dict[str, str]) -> list[Any]:
    from caco_tasks.store.registry import AuditRecord

    return [
        AuditRecord(
            run_id=run_id, stage="judge", subject_id=subject, person=person, answer=Outcome(answer), answered_at=NOON
        )
        for person, answer in said.items()
    ]


@pytest.mark.parametrize(
    ("pairs", "kappa"),
    [
        pytest.param([("pp", 20), ("pf", 5), ("fp", 10), ("ff", 15)], 0.4, id="a worked example"),
        pytest.param([("pp", 45), ("pf", 15), ("fp", 25), ("ff", 15)], 0.1304, id="alike by chance"),
        pytest.param([("pp", 25), ("pf", 35), ("fp", 5), ("ff", 35)], 0.2593, id="as much the same, yet more alike"),
        pytest.param([("pp", 7), ("ff", 3), ("uu", 2)], 1.0, id="always the same"),
        pytest.param([("pf", 5), ("fp", 5)], -1.0, id="always the other"),
        pytest.param([("pp", 10)], None, id="one and the same answer throughout"),
        pytest.param([("pf", 10)], 0.0, id="each one answer throughout, and not the same"),
    ],
)
def test_two_people_are_compared_beyond_chance(
    ledger: Ledger, store: Store, loaded: World, pairs: Sequence[tuple[str, int]], kappa: float | None
) -> None:
    words = {"p": "pass", "f": "fail", "u": "unknown"}
    both = [said for said, times in pairs for _ in range(times)]
    run_id = loaded.run("nightly").run_id
    answers = [
        answer
        for number, (one, other) in enumerate(both)
        for answer in _answers(run_id, content_id("test", number), {"ada": words[one], "bo": words[other]})
    ]
    ledger.record_audits([*answers, *_answers(run_id, content_id("alone"), {"bo": "pass"})], store)
    names, rows = ledger.ask(find_recipe("agreement_of_two_people"))
    found = dict(zip(names, rows[0], strict=True))
    assert len(rows) == 1
    assert found["answers"] == len(both)
    assert found["kappa"] == (None if kappa is None else pytest.approx(kappa, abs=1e-4))


def test_the_command_line_draws_and_takes_answers(line: Place, tmp_path: Path) -> None:
    drawn = whole_line.caco(line, "audit", "draw", "--rows", "1", "--out", str(tmp_path))
    assert drawn.returncode == 0, drawn.stderr
    said = json.loads(drawn.stdout)
    lines = [json.loads(each) for each in (tmp_path / "rows.jsonl").read_text().split("\n") if each]
    assert len(lines) == said["rows"]
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({**each, "answer": "right"}) + "\n" for each in lines))
    taken = whole_line.caco(line, "audit", "answer", "--file", str(answers), "--person", "ada")
    assert json.loads(taken.stdout) == {
        "draw": said["draw"],
        "person": "ada",
        "answered": len(lines),
        "rows": len(lines),
    }
    with answers.open("ab") as file:
        file.write(b'{"draw": "\xff"}')
    refused = whole_line.caco(line, "audit", "answer", "--file", str(answers), "--person", "bo")
    assert refused.returncode == 1
    assert f"{answers}, line {len(lines) + 1}: it is not UTF-8" in refused.stderr
    with Ledger(line.writer_url) as ledger:
        assert ledger.ask("SELECT DISTINCT person FROM caco.audit")[1] == [("ada",)]
