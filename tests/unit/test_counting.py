"""What is counted while a stage works: no record is lost or doubled, whether all are held at once or stream through."""

from collections.abc import Callable, Iterator

import making
import pytest

from caco_tasks.counting import Conservation, OutputCounts
from caco_tasks.errors import ConservationError
from caco_tasks.pipeline import STAGES
from caco_tasks.records import PASS, Finding, JudgedRecord, Reason, Sample, fail, unknown

Rows = list[JudgedRecord[Sample]]
Way = Callable[[Conservation, list[Sample], Rows], Rows]

RECORDS = [making.sample(f"s{number}") for number in range(10)]
SOUND: Rows = [JudgedRecord(record=record, verdict=PASS) for record in RECORDS]
STRANGER = JudgedRecord(record=making.sample("nobody's"), verdict=PASS)


def all_at_once(conservation: Conservation, records: list[Sample], rows: Rows) -> Rows:
    """As a stage that reads everything before it judges."""
    list(conservation.entering(records))
    return list(conservation.leaving(rows))


def as_they_come(conservation: Conservation, records: list[Sample], rows: Rows) -> Rows:
    """As a stage that judges each record when it has read it; what is judged besides comes at the end."""

    def stage() -> Iterator[JudgedRecord[Sample]]:
        waiting = list(rows)
        for record in conservation.entering(records):
            found = next((row for row in waiting if row.id == record.id), None)
            if found is not None:
                waiting.remove(found)
                yield found
        yield from waiting

    return list(conservation.leaving(stage()))


WAYS = pytest.mark.parametrize("way", [all_at_once, as_they_come], ids=["all at once", "as they come"])
UNSOUND = {
    "one lost": (SOUND[:-1], "1 lost, 0 invented"),
    "all lost": ([], "10 lost, 0 invented"),
    "one doubled": ([*SOUND, SOUND[0]], "0 lost, 1 invented"),
    "one invented": ([*SOUND, STRANGER], "0 lost, 1 invented"),
    "one exchanged": ([*SOUND[:-1], STRANGER], "1 lost, 1 invented"),
    "one lost behind a double": ([*SOUND[:-1], SOUND[0]], "1 lost, 1 invented"),
}


@WAYS
@pytest.mark.parametrize("order", [SOUND, SOUND[::-1]], ids=["in order", "in another order"])
def test_a_stage_that_conserves_passes(way: Way, order: Rows) -> None:
    conservation = Conservation("agree", 3)
    assert way(conservation, RECORDS, order) == (SOUND if way is as_they_come else order)
    conservation.check()


@WAYS
@pytest.mark.parametrize(("rows", "said"), UNSOUND.values(), ids=UNSOUND)
def test_a_stage_that_does_not_is_told_how(way: Way, rows: Rows, said: str) -> None:
    conservation = Conservation("agree", 3)
    way(conservation, RECORDS, rows)
    with pytest.raises(ConservationError) as caught:
        conservation.check()
    assert str(caught.value) == (
        f"Stage 'agree', shard 3: 10 records read, {said} or judged twice, 0 read twice; nothing was written."
    )


def test_two_records_of_one_id_are_told() -> None:
    conservation = Conservation("agree", 0)
    all_at_once(conservation, [RECORDS[0], RECORDS[0]], SOUND[:1])
    with pytest.raises(ConservationError, match="2 records read, 0 lost, 0 invented or judged twice, 1 read twice"):
        conservation.check()


def test_a_row_that_leaves_before_it_entered_is_invented() -> None:
    conservation = Conservation("agree", 0)
    list(conservation.leaving(SOUND[:1]))
    list(conservation.entering(RECORDS[:1]))
    with pytest.raises(ConservationError, match="1 lost, 1 invented"):
        conservation.check()


def test_nothing_in_and_nothing_out_conserves() -> None:
    Conservation("agree", 0).check()


def test_counts_say_what_was_judged_what_was_only_recorded_and_what_it_cost() -> None:
    finding = Finding(stage="agree", reason=Reason.WRONG_UNIT)
    of_another = Finding(stage="screen", reason=Reason.TOO_SHORT)
    rows = [
        JudgedRecord(record=making.sample("a", findings=(finding, of_another)), verdict=PASS),
        JudgedRecord(record=making.sample("b"), verdict=fail(Reason.CUT_OFF)),
        JudgedRecord(record=making.sample("c", findings=(finding,)), verdict=unknown(Reason.ENGINE_LOST)),
    ]
    counts = OutputCounts(STAGES["agree"])
    assert list(counts.counting(rows, {})) == rows
    facts = counts.facts()
    assert (facts["read"], facts["passed"], facts["failed"], facts["unknown"]) == (3, 1, 1, 1)
    assert facts["reasons"] == {"cut_off": 1, "engine_lost": 1}
    assert facts["recorded"] == {"wrong_unit": 2}
    assert (facts["models"], facts["cost_usd"], "requests" in facts) == ((), 0.0, False)  # it asks no model


@pytest.mark.parametrize(
    ("stage", "model"),
    [("sample", "codegen"), ("reverse", "reverser"), ("solve", "solver"), ("judge", "judge")],
)
def test_a_stage_pays_for_the_part_that_it_adds_alone(stage: str, model: str) -> None:
    counts = OutputCounts(STAGES[stage])
    list(counts.counting(SOUND, {}))
    facts = counts.facts()
    assert facts["models"] == (f"{model}@1",)
    assert (facts["requests"], facts["prompt_tokens"], facts["completion_tokens"]) == (10, 50, 70)


def test_what_an_earlier_attempt_had_made_is_kept_and_not_paid_again() -> None:
    counts = OutputCounts(STAGES["solve"])
    unsure = JudgedRecord(record=SOUND[7].record, verdict=unknown(Reason.ENGINE_LOST))  # asked again, and now known
    list(counts.counting(SOUND, {row.id: row for row in [*SOUND[:7], unsure]}))
    facts = counts.facts()
    assert (facts["kept"], facts["requests"], facts["passed"]) == (7, 3, 10)
