"""How values are changed: nearby in one leaf, far in all of them, and tables into other shapes."""

import json
from dataclasses import replace
from typing import Any

import making
import pytest

from caco_tasks.sandbox.values import checked_tag_of, decode, encode
from caco_tasks.trials.far import FAR_DRAWS, SHAPE_DRAWS, far_values, shape_values
from caco_tasks.trials.inputs import far_changed_inputs, jointly_changed_inputs
from caco_tasks.trials.near import can_change, perturbations
from caco_tasks.trials.table_parts import leaves, with_leaves

TABLES: dict[str, Any] = {
    "a list": [4, 9, 2],
    "a dict": {"a": 4, "b": 9},
    "numbers as keys": {5: 17, 6: 2},
    "tuples as keys": {("a", "b"): 7, ("b", "c"): 5},
    "lists in a dict": {1: [4, 8], 2: [0, 3]},
    "rows": [{"name": "Ada", "age": 31}, {"name": "Bo", "age": 27}],
    "tuples": [("Art", "8:15"), ("Music", "9:50")],
    "a matrix": [[3, 0, 2], [1, 4, 4]],
    "dicts in dicts": {"x": {1: 2, 2: 5}, "y": {1: 6, 2: 3}},
    "a set": {3, 5, 8},
    "switches": [True, False],
}


def changed_of(values: list[Any]) -> list[Any]:
    """Values in tagged JSON as themselves."""
    return [decode(json.dumps(value)) for value in values]


@pytest.mark.parametrize("value", TABLES.values(), ids=TABLES)
def test_a_table_of_any_kind_is_changed_in_one_leaf(value: Any) -> None:
    given = encode({"a": value, "b": 1})
    found = perturbations(given, key="a", draws=4, seed=3)
    assert found
    for text in found:
        before, after = (list(leaves(json.loads(one)["a"])) for one in (given, text))
        assert sum(old != new for old, new in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize("value", TABLES.values(), ids=TABLES)
def test_far_values_and_other_shapes_are_of_the_same_type_and_few(value: Any) -> None:
    tagged = json.loads(encode(value))
    far, shapes = far_values(tagged), shape_values(tagged)
    assert len(far) + len(shapes) > 0
    assert len(far) <= FAR_DRAWS
    assert len(shapes) <= SHAPE_DRAWS
    for one in changed_of(far + shapes):
        assert type(one) is type(value)
        assert one
    assert tagged not in far
    assert tagged not in [one for one in shapes if repr(one) == repr(tagged)]


@pytest.mark.parametrize("name", ["a list", "numbers as keys", "lists in a dict", "rows", "a matrix", "dicts in dicts"])
def test_a_table_becomes_longer_and_shorter(name: str) -> None:
    found = changed_of(shape_values(json.loads(encode(TABLES[name]))))
    sizes = {len(one) for one in found}
    assert {len(TABLES[name]) - 1, len(TABLES[name]) + 1} <= sizes


def test_a_matrix_loses_a_column_and_keeps_its_form() -> None:
    found = shape_values(TABLES["a matrix"])
    assert [[3, 0], [1, 4]] in found
    assert all(len({len(row) for row in one}) == 1 for one in found[:7])


def test_a_dict_gets_other_keys_and_its_values_under_other_keys() -> None:
    found = changed_of(shape_values(json.loads(encode(TABLES["numbers as keys"]))))
    assert {6: 17, 5: 2} in found
    assert any(set(one.values()) == {17, 2} and not {5, 6} & set(one) for one in found)


def test_all_numbers_of_a_table_change_at_once_and_each_by_itself() -> None:
    table = {"a": [10, 10, 10], "b": {"c": 10}}
    assert any(10 not in leaves(one) and len(set(leaves(one))) > 1 for one in far_values(table))


def test_a_text_gets_other_words_numbers_and_capitals() -> None:
    found = shape_values("two owls saw 3 mice")
    assert {"TWO OWLS SAW 3 MICE", "two owls saw 6 mice", "two owls saw 3", "owls saw 3 mice"} <= set(found)


@pytest.mark.parametrize("value", ["12 apples", "ab"])
def test_a_text_keeps_its_length_nearby(value: str) -> None:
    for text in perturbations(json.dumps({"a": value}), key="a", draws=6, seed=1):
        assert len(json.loads(text)["a"]) == len(value)


@pytest.mark.parametrize("value", [None, [], {}, [None], {"a": []}, [[], [None]]])
def test_what_holds_nothing_cannot_be_changed(value: Any) -> None:
    assert not can_change(value)
    assert perturbations(json.dumps({"a": value}), key="a", draws=3, seed=1) == []


def test_an_empty_place_of_a_table_is_left_out_and_the_others_changed() -> None:
    found = perturbations(json.dumps({"a": [None, [], 12, None]}), key="a", draws=3, seed=1)
    assert len(found) == 3
    assert all(json.loads(text)["a"][:2] == [None, []] for text in found)


def test_leaves_are_numbered_in_order_and_keys_are_none_of_them() -> None:
    tagged = json.loads(encode({1: [4, {"a": (5, 6)}], 2: "x"}))
    assert list(leaves(tagged)) == [4, 5, 6, "x"]
    assert decode(json.dumps(with_leaves(tagged, lambda number, _: number))) == {1: [0, {"a": (1, 2)}], 2: 3}


def test_a_large_table_costs_what_it_is_long() -> None:
    rows = [[row, str(row), row * 0.5] for row in range(5_000)]
    assert len(shape_values(rows)) + len(far_values(rows)) <= FAR_DRAWS + SHAPE_DRAWS


HOSTILE = {
    "a long number in a text": "7" * 60_000,
    "a number as long as may be": 10**4_200,
    "the largest float": 1.7e308,
    "an array without an axis": {"$type": "ndarray", "dtype": "int64", "items": 5},
    "a long fraction": {"$type": "Fraction", "value": f"{'9' * 4_200}/7"},
    "a long expression": {"$type": "sympy", "value": "9" * 30_000},
    "a complex number beyond all": {"$type": "complex", "value": ["inf", 1.0]},
    "the last day": {"$type": "date", "value": "9999-12-31"},
    "a minute to midnight": {"$type": "time", "value": "23:59:00"},
    "a long time": {"$type": "timedelta", "value": [999_999_999, 0, 0]},
    "digits of another script": "\u0667\u0668 \u00b2",
    "a table of them": [["7" * 9_000, 1.7e308, None], {"$type": "set", "items": []}],
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_no_value_breaks_its_changes(value: Any) -> None:
    given = json.dumps({"a": value, "b": 2})
    changed = perturbations(given, key="a", draws=3, seed=1)
    for values in (far_values, shape_values):
        changed += far_changed_inputs(given, key="a", values=values)
    for text in changed:
        assert json.loads(text)["a"] != value
        checked_tag_of(text)
    for text in jointly_changed_inputs(replace(making.execution(), input_json=given)):
        checked_tag_of(text)
