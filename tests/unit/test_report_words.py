"""The small parts of reports: shares, differences, cursors, words of reasons, marks of equations."""

import pytest

from caco_tasks.errors import ConfigError
from caco_tasks.records import Reason
from caco_tasks.reports.cookbook import plain_value
from caco_tasks.reports.cursors import decode_cursor, encode_cursor
from caco_tasks.reports.equation_marks import mark_equations
from caco_tasks.reports.reason_words import reason_words, words_of
from caco_tasks.reports.report_parts import share_of
from caco_tasks.reports.run_comparison import difference_of
from caco_tasks.reports.source_links import source_link


def test_a_share_has_its_wilson_interval_and_an_empty_whole_has_none() -> None:
    share = share_of(9, 10)
    assert (share.share, round(share.low or 0, 4), round(share.high or 0, 4)) == (0.9, 0.5958, 0.9821)
    assert share_of(0, 0).share is None
    assert (share_of(0, 5).low, share_of(5, 5).high) == (0.0, 1.0)


def test_a_difference_has_the_interval_of_newcombes_own_example() -> None:
    # 56/70 against 48/80: doi 10.1002/(SICI)1097-0258(19980430)17:8<873, method 10
    assert [round(end or 0, 4) for end in difference_of(share_of(48, 80), share_of(56, 70))] == [0.2, 0.0524, 0.3339]
    assert difference_of(share_of(0, 0), share_of(1, 2)) == (None, None, None)


@pytest.mark.parametrize("cursor", ["", "x", "W10", "bnVsbA", "W3t9LDFd", "é", "WzEsMl0" * 50])
def test_a_cursor_that_nobody_gave_is_refused(cursor: str) -> None:
    with pytest.raises(ConfigError, match="begin with the first page"):
        decode_cursor(cursor, 2)


def test_a_cursor_comes_back_as_it_went() -> None:
    assert decode_cursor(encode_cursor("2026-11-20", 7), 2) == ["2026-11-20", 7]


def test_every_reason_has_words() -> None:
    assert set(reason_words()) == {str(reason) for reason in Reason}
    assert words_of("cut_off") == "the reply had not ended after `max_tokens`"
    assert words_of("of_another_version") == "of another version"
    assert words_of(None) is None


def test_equations_are_marked_where_they_stand() -> None:
    text = "First 2 + 2 = 4, then 3 * 3 = 8; so x + 1 = 2."
    marks = mark_equations(text)
    assert [(mark.text, mark.state) for mark in marks[:2]] == [("2 + 2 = 4", "true"), ("3 * 3 = 8", "false")]
    for mark in marks:
        if mark.start is not None and mark.end is not None:
            assert " ".join(text[mark.start : mark.end].split()) == mark.text
    assert mark_equations(None) == ()


def test_a_long_text_of_equations_is_marked_up_to_a_limit() -> None:
    assert len(mark_equations("1 + 1 = 2\n" * 2000)) == 500


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(float("nan"), "nan", id="not a number"),
        pytest.param(b"\x00\xff", "00ff", id="bytes"),
        pytest.param({"a": [float("inf")]}, {"a": ["inf"]}, id="nested"),
        pytest.param(True, True, id="a truth value"),
    ],
)
def test_values_of_answers_are_plain_json(value: object, shown: object) -> None:
    assert plain_value(value) == shown


def test_a_source_is_linked_by_what_its_name_begins_with() -> None:
    assert source_link("gsm8k-train") == "https://github.com/openai/grade-school-math"
    assert source_link("gsm_plus") == "https://huggingface.co/datasets/qintongli/GSM-Plus"
    assert source_link("mathematica") is None
