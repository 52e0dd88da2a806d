"""Problems in other languages, too long to be read, or made to take long."""

import time
from typing import Any

import pytest
from problem_cases import faults_of

from caco_tasks.records import Outcome, Reason


@pytest.mark.parametrize(
    ("problem", "given"),
    [
        (
            "Anna hat zwölf Äpfel und isst drei davon am Abend nach der Schule. Berechne den Rest.",
            {"has": 12, "eats": 3},
        ),
        ("小明有十二个苹果，吃了三个。求剩下的个数。", {"has": 12, "eats": 3}),
    ],
    ids=["German", "Chinese"],
)
def test_what_hangs_on_the_words_of_another_language_is_unknown(problem: str, given: dict[str, Any]) -> None:
    found = faults_of((problem, given, 9, "x = has - eats"))
    assert {fault.reason for fault in found} <= {Reason.NAMES_NO_INPUT, Reason.NO_QUESTION}
    assert {fault.outcome for fault in found} == {Outcome.UNKNOWN}


def test_digits_and_question_marks_of_another_language_are_read() -> None:
    assert faults_of(("小明有12个苹果，吃了3个，还剩几个？", {"has": 12, "eats": 3}, 9, "x = has - eats")) == []
    leak = faults_of(("小明有12个苹果，吃了3个，剩下9个。还剩几个？", {"has": 12, "eats": 3}, 9, "x = has - eats"))
    assert [(fault.outcome, fault.reason) for fault in leak][:1] == [(Outcome.FAIL, Reason.LEAKS_ANSWER)]


def test_of_a_problem_too_long_to_be_read_only_what_was_found_counts() -> None:
    long = "Tom walks on. " * 2000
    case = ("x = has - eats", {"has": 12, "eats": 3})
    unread = faults_of((f"{long} He has 12 pens and loses 3. How many are left?", case[1], 9, case[0]))
    assert {fault.outcome for fault in unread} == {Outcome.UNKNOWN}
    leak = faults_of((f"The answer is 9. {long} He has 12 pens and loses 3. How many?", case[1], 9, case[0]))
    assert (leak[0].outcome, leak[0].reason) == (Outcome.FAIL, Reason.LEAKS_ANSWER)


def test_hostile_texts_take_no_long_time() -> None:
    started = time.process_time()
    for text in (
        "1:00 PM to " * 10_000,
        "1, 2, 3, ... " * 8_000,
        "\\sqrt{2} \\approx 1.4 π ≈ 3 " * 4_000,
        "for example " * 9_000,
        "7 days a week 61 minutes an hour " * 3_000,
        "(A) 1 (B) 2 " * 9_000,
        "x_{" * 35_000,
        "half a dozen and a half " * 5_000,
        "9" * 100_000,
        "9^9" * 33_000,
        "½²₃" * 33_000,
        "if none, the answer is 0 " * 4_000,
        " " * 50_000 + "(" * 50_000,
    ):
        faults_of((f"what {text}", {"a": 123456, "b": 0.123456789, "c": "18:30", "d": [0.1] * 50}, 0, "len(d)"))
    assert time.process_time() - started < 20
