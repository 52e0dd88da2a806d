"""Figures as people read them."""

import pytest

from caco_tasks.format import (
    format_count,
    format_interval,
    format_p,
    format_part,
    format_points,
    format_range,
    format_share,
)


def test_counts_have_thousands_separators() -> None:
    assert [format_count(count) for count in (0, 1319, 1_300_000, None)] == ["0", "1,319", "1,300,000", "–"]


def test_shares_are_in_percent_to_one_digit() -> None:
    assert [format_share(share) for share in (0.0, 0.12345, 1.0, None)] == ["0.0%", "12.3%", "100.0%", "–"]


def test_nothing_is_a_share_of_nothing() -> None:
    assert (format_part(3, 4), format_part(0, 0)) == ("75.0%", "–")


def test_an_interval_stands_behind_its_share() -> None:
    assert format_interval(0.9, 0.5958, 0.9821) == f"90.0% ({format_range(0.5958, 0.9821)})" == "90.0% (59.6% – 98.2%)"
    assert format_points(0.34, -0.02, 0.4) == "34.0 (-2.0–40.0)"


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_share_whose_interval_is_not_known_is_not_shown(missing: int) -> None:
    figures: list[float | None] = [0.9, 0.6, 0.98]
    figures[missing] = None
    assert format_interval(*figures) == format_points(*figures) == "–"


def test_p_values_have_two_digits() -> None:
    assert [format_p(p) for p in (0.0421, 7e-26, 1.0, None)] == ["0.042", "7e-26", "1", "–"]
