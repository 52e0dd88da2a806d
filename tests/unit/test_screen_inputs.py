"""Dead inputs, judged from what programs did under changed inputs."""

import json
from dataclasses import replace

import pytest

from caco_tasks.check_settings import ScreenSettings
from caco_tasks.checks.programs.dead_inputs import behaviour_signature, describe_failures, find_input_faults
from caco_tasks.checks.rules import apply_rules
from caco_tasks.records import Execution, Outcome, Reason, Verdict
from caco_tasks.trials import Trial, silent_keys, untested_keys
from caco_tasks.trials.far import FAR_DRAWS
from caco_tasks.trials.inputs import (
    CIRCUMSTANCES,
    EQUAL_CIRCUMSTANCES,
    JOINT_DRAWS,
    changed_inputs,
    circumstances,
    far_changed_inputs,
    jointly_changed_inputs,
)


def execution_of(given: dict[str, object], output: object) -> Execution:
    return Execution(
        input_json=json.dumps(given),
        output_json=json.dumps(output),
        output_text=str(output),
        output_type=type(output).__name__,
        stdout="",
        error=None,
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_memory_mb=0.0,
        sandbox_level="full",
    )


BASE = execution_of({"a": 2, "b": 3}, 6)
RULES = ScreenSettings().rules


def trial(key: str, value: int, output: object = None, *, before: int = 6, outcome: Outcome = Outcome.PASS) -> Trial:
    given = {"a": 2, "b": 3, key: value}
    kept = json.dumps(output) if outcome is Outcome.PASS else None
    return Trial(key=key, without_change=str(before), input_json=json.dumps(given), outcome=outcome, output_json=kept)


def judge_inputs(execution: Execution, trials: list[Trial], **rules: str) -> Verdict:
    rules = ScreenSettings().rules | rules
    return apply_rules(find_input_faults(execution, trials, rules), rules, stage="screen")[0]


JUDGED = {
    "both inputs matter": ([trial("a", 4, 12), trial("b", 5, 10)], Outcome.PASS, None),
    "one change in two tells": ([trial("a", 4, 6), trial("a", 5, 7), trial("b", 5, 10)], Outcome.PASS, None),
    "a failure tells": ([trial("a", 0, outcome=Outcome.FAIL), trial("b", 5, 10)], Outcome.PASS, None),
    "one input is dead": ([trial("a", 4, 12), trial("b", 5, 6), trial("b", 9, 6)], Outcome.FAIL, Reason.DEAD_INPUT),
    "all are dead": ([trial("a", 4, 6), trial("b", 5, 6)], Outcome.FAIL, Reason.CONSTANT_OUTPUT),
    "silent but for a lost run": (
        [trial("a", 4, 6), trial("a", 5, outcome=Outcome.UNKNOWN), trial("b", 5, 10)],
        Outcome.UNKNOWN,
        Reason.SANDBOX_LOST,
    ),
    "a lost run beside one that tells": (
        [trial("a", 4, 8), trial("a", 5, outcome=Outcome.UNKNOWN), trial("b", 5, 10)],
        Outcome.PASS,
        None,
    ),
    "nothing was tried": ([], Outcome.PASS, None),
}


@pytest.mark.parametrize(("trials", "outcome", "reason"), JUDGED.values(), ids=JUDGED.keys())
def test_inputs_are_judged_by_what_their_changes_do(
    trials: list[Trial], outcome: Outcome, reason: Reason | None
) -> None:
    verdict = judge_inputs(BASE, trials)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_an_output_that_follows_one_input_is_trivial() -> None:
    base = execution_of({"a": 2, "b": 3}, 2)
    verdict = judge_inputs(base, [trial("a", 4, 4, before=2), trial("a", 7, 7, before=2), trial("b", 5, 2, before=2)])
    assert verdict.reason is Reason.TRIVIAL


def test_failures_under_change_are_told_of_a_program_that_passes() -> None:
    trials = [trial("a", 0, outcome=Outcome.FAIL), trial("a", 4, 12), trial("b", 5, 10)]
    assert judge_inputs(BASE, trials).kept
    assert describe_failures(trials) == "failed under changes of a 1"


LOST = [trial("a", 4, 6), trial("a", 5, outcome=Outcome.UNKNOWN)]


@pytest.mark.parametrize(
    ("trials", "rules", "is_unknown"),
    [
        (LOST, {}, True),
        (LOST, {"dead_input": "record"}, True),
        (LOST, {"constant_output": "record"}, True),
        (LOST, {"constant_output": "off", "dead_input": "record"}, False),
        ([*LOST, trial("b", 5, 10)], {"dead_input": "record"}, False),
    ],
    ids=["both reject", "may be constant", "may be dead", "neither rejects", "is not constant"],
)
def test_a_lost_run_holds_back_what_it_might_have_rejected_and_no_more(
    trials: list[Trial], rules: dict[str, str], is_unknown: bool
) -> None:
    assert (judge_inputs(BASE, trials, **rules).outcome is Outcome.UNKNOWN) is is_unknown


UNTESTED = {
    "nothing": None,
    "an empty list": [],
    "an empty dict": {},
    "a list of nothing": [None, None],
    "an infinity": {"$type": "float", "value": "inf"},
    "an empty set in a table": {"a": {"$type": "set", "items": []}},
}


@pytest.mark.parametrize("value", UNTESTED.values(), ids=UNTESTED)
def test_an_input_that_has_nothing_to_change_is_untested_and_not_dead(value: object) -> None:
    execution = execution_of({"a": 2, "b": value}, 6)
    trials = [trial("a", 4, 12)]
    assert untested_keys(execution, trials) == ["b"]
    assert judge_inputs(execution, trials).kept
    held_back = judge_inputs(execution, trials, untested_input="reject")
    assert (held_back.outcome, held_back.reason) == (Outcome.UNKNOWN, Reason.UNTESTED_INPUT)
    _, findings = apply_rules(find_input_faults(execution, trials, RULES), RULES, stage="screen")
    assert [(one.reason, one.detail) for one in findings] == [(Reason.UNTESTED_INPUT, "nothing to change in it: b")]


def test_an_input_that_was_heard_is_tested_whatever_it_holds() -> None:
    execution = execution_of({"a": 2, "b": [None, None]}, 6)
    assert untested_keys(execution, [trial("a", 4, 12), trial("b", 0, 7)]) == []


def test_beside_an_untested_input_a_silent_one_is_dead_and_the_output_not_called_constant() -> None:
    execution = execution_of({"a": 2, "b": None}, 6)
    assert judge_inputs(execution, [trial("a", 4, 6)]).reason is Reason.DEAD_INPUT
    assert judge_inputs(execution, [trial("a", 4, 6)], dead_input="record").kept


def test_what_floats_lose_on_the_way_is_no_other_output() -> None:
    base = Trial(key="a", without_change="7.2", input_json="{}", outcome=Outcome.PASS, output_json="7.199999999999999")
    assert not base.is_heard
    assert replace(base, output_json="7.1999").is_heard
    assert replace(base, output_json="7").is_heard
    assert replace(base, output_json="[7.2]").is_heard


def test_silent_keys_are_those_that_deserve_a_second_look() -> None:
    assert silent_keys([trial("a", 4, 12), trial("b", 5, 6)]) == ["b"]


def test_changed_inputs_change_one_key_and_differ_between_looks() -> None:
    given = json.dumps({"a": 2, "b": 3})
    first, second = (list(changed_inputs(given, keys=["a"], draws=3, look=look)) for look in (0, 1))
    assert [key for key, _ in first] == ["a"] * 3
    assert all(json.loads(text)["b"] == 3 and json.loads(text)["a"] != 2 for _, text in first)
    assert first != second
    assert first == list(changed_inputs(given, keys=["a"], draws=3, look=0))


def test_a_change_in_other_circumstances_is_measured_against_them() -> None:
    trials = [trial("a", 4, 12), trial("b", 5, 6), trial("b", 5, 9, before=8)]
    assert judge_inputs(BASE, trials).kept
    assert judge_inputs(BASE, [*trials[:2], trial("b", 5, 8, before=8)]).reason is Reason.DEAD_INPUT


FAR = {
    "a count": (6, [1, 73]),
    "one": (1, [13]),
    "a debt": (-6, [-1, -73]),
    "a price": (2.4, [0.2, 28.8]),
    "a share": (0.4, [0.4 / 12, 0.95]),
    "a word": ("abc", ["cba", "abcabc"]),
    "a list": ([2, 3, 5], [[5, 3, 2], [5, 2, 3], [2] * 3, [3] * 3, [5] * 3, [1, 3, 5], [25, 3, 5], [2, 3, 1]]),
    "a truth value": (True, []),
    "nothing": (None, []),
    "an empty list": ([], []),
    "a fraction": (
        {"$type": "Fraction", "value": "1/2"},
        [{"$type": "Fraction", "value": "1/24"}, {"$type": "Fraction", "value": "6/1"}],
    ),
    "a day": ({"$type": "date", "value": "2024-02-28"}, [{"$type": "date", "value": "2024-02-29"}]),
}


@pytest.mark.parametrize(("value", "expected"), FAR.values(), ids=FAR.keys())
def test_far_changes_keep_type_sign_and_length(value: object, expected: list[object]) -> None:
    given = json.dumps({"a": value, "b": 3})
    changed = list(far_changed_inputs(given, key="a"))
    found = [json.loads(text)["a"] for text in changed]
    assert found[: len(expected)] == (pytest.approx(expected) if isinstance(value, float) else expected)
    assert bool(found) == bool(expected)
    assert all(json.loads(text)["b"] == 3 for text in changed)
    assert value not in found
    assert len(found) <= FAR_DRAWS


def test_circumstances_are_few_and_not_the_input_itself() -> None:
    execution = execution_of({name: 40 for name in "abcdefgh"}, 0)
    places = circumstances(execution, ["a"])
    assert len(set(places)) == len(places) == CIRCUMSTANCES
    assert execution.input_json not in places


def test_where_inputs_may_be_compared_circumstances_begin_with_inputs_that_are_alike() -> None:
    given = {"a": 6, "b": 8, "word": "x", "debt": -4, "c": 12}
    assert json.loads(circumstances(execution_of(given, 3), ["c"])[0])["c"] == 12
    execution = execution_of(given, False)
    places = [json.loads(text) for text in circumstances(execution, ["c"])[:EQUAL_CIRCUMSTANCES]]
    assert [(one["a"], one["b"], one["c"], one["debt"]) for one in places] == [
        (12, 12, 12, -4),
        (6, 8, 6, -4),
        (6, 8, 8, -4),
    ]


def test_jointly_changed_inputs_change_every_key_and_not_in_step() -> None:
    changed = [json.loads(text) for text in jointly_changed_inputs(execution_of({"a": 40, "b": 40}, 0))]
    assert len(changed) == JOINT_DRAWS
    assert all(one["a"] != 40 and one["b"] != 40 for one in changed)
    assert any(one["a"] != one["b"] for one in changed)


def test_jointly_changed_inputs_change_every_number_of_a_table_and_leave_its_labels() -> None:
    rows = [["Mon", 4, True], ["Tue", 40, False], ["Wed", 400, True]]
    for text in jointly_changed_inputs(execution_of({"rows": rows, "word": "x"}, 0)):
        changed = json.loads(text)
        assert [(row[0], row[2]) for row in changed["rows"]] == [(row[0], row[2]) for row in rows]
        assert all(new[1] != old[1] for new, old in zip(changed["rows"], rows, strict=True))
        assert changed["word"] != "x"


def test_the_order_of_the_keys_does_not_change_the_signature() -> None:
    one, other = execution_of({"a": 2, "b": 3}, 6), execution_of({"b": 3, "a": 2}, 6)
    assert behaviour_signature(one, ["1", "2"]) == behaviour_signature(other, ["1", "2"]) is not None


@pytest.mark.parametrize(
    ("given", "outputs"),
    [
        ({"a": 2, "b": 4}, ["1", "2"]),
        ({"a": 2, "c": 3}, ["1", "2"]),
        ({"a": 2, "b": 3}, ["1", "3"]),
        ({"a": 2, "b": 3}, ["1", None, "2"]),
    ],
    ids=["other numbers", "other keys", "another output", "a failure"],
)
def test_another_story_or_behaviour_has_another_signature(given: dict[str, object], outputs: list[str | None]) -> None:
    assert behaviour_signature(execution_of(given, 6), outputs) != behaviour_signature(BASE, ["1", "2"])


@pytest.mark.parametrize("outputs", [[None, None, None], ["6", "6"], []], ids=["all failed", "all equal", "none"])
def test_too_little_seen_gives_no_signature(outputs: list[str | None]) -> None:
    assert behaviour_signature(BASE, outputs) is None
