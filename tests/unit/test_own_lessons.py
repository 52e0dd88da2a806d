"""Which published rows a CodeGen learns from, and when one that did is refused."""

from collections.abc import Iterator
from typing import Any

import making
import pytest

from caco_tasks.config import bundled_configs, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.model_settings import DiversityGuardSettings, OwnRowSettings, TrainSettings
from caco_tasks.stages.shared.gate_samples import variety_refusal
from caco_tasks.stages.shared.own_rows import choose_own_rows


def rows_of(shapes: dict[str, int], dataset: str = "d/1") -> Iterator[tuple[str, dict[str, Any]]]:
    """So many rows of each shape: an operator makes one, and its numbers do not."""
    for operator, count in shapes.items():
        for number in range(count):
            code = making.CODE.replace("*", operator).replace("3", str(number + 5))
            yield dataset, {"sample_id": f"{operator}{number}", "code": code, "domain": None}


def settings(**changes: Any) -> OwnRowSettings:
    return OwnRowSettings(datasets=("d",), **changes)


def test_a_shape_gives_no_more_rows_than_its_cap() -> None:
    chosen = choose_own_rows(settings(max_per_shape=2), rows_of({"+": 9, "-": 2, "*": 1}), seed_programs=100)
    assert sorted(row.sample_id[0] for row in chosen) == ["*", "+", "+", "-", "-"]
    assert len({row.shape for row in chosen}) == 3


@pytest.mark.parametrize(("seeds", "share", "most"), [(6, 0.25, 2), (4, 0.5, 4), (1, 0.5, 1), (0, 0.5, 0)], ids=str)
def test_seed_programs_keep_their_share(seeds: int, share: float, most: int) -> None:
    chosen = choose_own_rows(settings(max_share=share), rows_of({"+": 3, "-": 3, "*": 3}), seed_programs=seeds)
    assert len(chosen) == most
    assert len({row.shape for row in chosen}) == min(most, 3)  # each shape gives one before any gives two


def test_the_same_rows_are_chosen_in_whatever_order_they_come() -> None:
    rows = list(rows_of({"+": 9, "-": 5, "*": 1}))
    one, other = (
        choose_own_rows(settings(max_per_shape=3), found, seed_programs=4) for found in (rows, reversed(rows))
    )
    assert one == other


def test_a_row_that_two_datasets_hold_enters_once() -> None:
    both = [*rows_of({"+": 1}), *rows_of({"+": 1}, dataset="d/2")]
    assert [row.dataset for row in choose_own_rows(settings(), both, seed_programs=9)] == ["d/1"]


def test_a_line_that_names_the_domain_is_no_part_of_the_program() -> None:
    row = {"sample_id": "1", "code": f"# domain: geometry\n{making.CODE}", "domain": "geometry"}
    (chosen,) = choose_own_rows(settings(), [("d/1", row)], seed_programs=9)
    assert (chosen.code, chosen.domain) == (making.CODE, "geometry")


FIRST = {"shapes_per_1000": 500.0, "spread": 0.4, "embedder": "e@1"}
FOUND: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    "as varied": (FIRST, FIRST, None),
    "at both bounds": (FIRST | {"shapes_per_1000": 400.0, "spread": 0.2}, FIRST, None),
    "fewer shapes": (
        FIRST | {"shapes_per_1000": 399.0},
        FIRST,
        "different shapes per 1,000 programs 399, of the first 500, and less than 0.8 of that is refused "
        "(train.own.guard.min_shapes_ratio).",
    ),
    "nearer to each other": (
        FIRST | {"spread": 0.19},
        FIRST,
        "mean distance of two programs 0.19, of the first 0.4, and less than 0.5 of that is refused "
        "(train.own.guard.min_spread_ratio).",
    ),
    "another embedder": (FIRST | {"spread": 0.01, "embedder": "e@2"}, FIRST, None),
    "the first model": (FIRST, {}, None),
    "none ran": (
        {"shapes_per_1000": 0.0, "spread": None, "embedder": "e@1"},
        FIRST,
        "per 1,000 programs 0, of the first",
    ),
}


@pytest.mark.parametrize(("found", "first", "said"), FOUND.values(), ids=FOUND)
def test_the_guard_refuses_a_model_whose_programs_are_less_varied(
    found: dict[str, Any], first: dict[str, Any], said: str | None
) -> None:
    guarded = train_settings(guard=DiversityGuardSettings(min_shapes_ratio=0.8, min_spread_ratio=0.5))
    refused = variety_refusal(guarded, found, first)
    assert (refused is None) == (said is None)
    assert (said or "") in (refused or "")
    assert variety_refusal(train_settings(guard=None), found, first) is None


def train_settings(**changes: Any) -> TrainSettings:
    return TrainSettings(base="nano:codegen", own=settings(**changes))


def test_trainings_without_own_rows_are_written_as_before() -> None:
    for name in bundled_configs():
        assert "own" not in load_config(name).train.model_dump(mode="json")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ['train.own.datasets=["caco-nano"]', "train.own.guard.min_spread_ratio=0.5", "train.gate_samples=0"],
            "gate_samples",
        ),
        (['train.own.datasets=["Not a name"]'], "neither NAME nor NAME/VERSION"),
        (['evaluate.train.own.datasets=["caco-nano"]'], "a student learns from one dataset"),
    ],
    ids=["guard without samples", "misnamed", "a student"],
)
def test_settings_that_contradict_each_other_are_refused(overrides: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config("nano", overrides)
