"""Values keep their type and content on their way out, and come back without anything being evaluated."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caco_tasks.sandbox import Job, Sandbox, values

CAPTURED = {
    "int": ("12", "12", "int"),
    "negative zero": ("-0.0", "-0.0", "float"),
    "large int": ("3**2000", str(3**2000), "int"),
    "float": ("0.1 + 0.2", "0.30000000000000004", "float"),
    "nan": ("float('nan')", '{"$type": "float", "value": "nan"}', "float"),
    "infinity": ("-1e999", '{"$type": "float", "value": "-inf"}', "float"),
    "bool": ("3 > 2", "true", "bool"),
    "text": ("'né'", '"n\\u00e9"', "str"),
    "list with None": ("[None, 1]", "[null, 1]", "list"),
    "tuple": ("(1, (2,))", '{"$type": "tuple", "items": [1, {"$type": "tuple", "items": [2]}]}', "tuple"),
    "set": ("{3, 1, 2}", '{"$type": "set", "items": [1, 2, 3]}', "set"),
    "set of texts": ("{'b', 'a'}", '{"$type": "set", "items": ["a", "b"]}', "set"),
    "frozenset": ("frozenset([1])", '{"$type": "frozenset", "items": [1]}', "frozenset"),
    "dict": ("{'k': [1]}", '{"k": [1]}', "dict"),
    "dict of numbers": ("{1: 2}", '{"$type": "dict", "items": [[1, 2]]}', "dict"),
    "dict with the tag's key": ("{'$type': 1}", '{"$type": "dict", "items": [["$type", 1]]}', "dict"),
    "counter": ("__import__('collections').Counter('aab')", '{"a": 2, "b": 1}', "dict"),
    "range": ("range(3, 9, 2)", '{"$type": "range", "value": [3, 9, 2]}', "range"),
    "bytes": ("b'\\x00a'", '{"$type": "bytes", "value": "0061"}', "bytes"),
    "complex": ("1 - 2j", '{"$type": "complex", "value": [1.0, -2.0]}', "complex"),
    "Fraction": ("__import__('fractions').Fraction(2, 6)", '{"$type": "Fraction", "value": "1/3"}', "Fraction"),
    "Decimal": ("__import__('decimal').Decimal('1.10')", '{"$type": "Decimal", "value": "1.10"}', "Decimal"),
    "named tuple": ("__import__('collections').namedtuple('P', 'x y')(1, 2)", '{"$type": "tuple", "items": [1, 2]}', "tuple"),
    "sympy": ("__import__('sympy').sqrt(8)", '{"$type": "sympy", "value": "2*sqrt(2)"}', "sympy"),
    "sympy integer": ("__import__('sympy').Integer(3)", '{"$type": "sympy", "value": "3"}', "sympy"),
    "numpy int": ("__import__('numpy').int64(3)", '{"$type": "int64", "value": 3}', "int64"),
    "numpy float": ("__import__('numpy').float64(0.5)", '{"$type": "float64", "value": 0.5}', "float64"),
    "numpy bool": ("__import__('numpy').bool_(True)", '{"$type": "bool", "value": true}', "bool"),
    "array": ("__import__('numpy').eye(2, dtype=int)",
              '{"$type": "ndarray", "dtype": "int64", "items": [[1, 0], [0, 1]]}', "ndarray"),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "expected", "tag"), CAPTURED.values(), ids=CAPTURED)
def test_a_value_is_captured_with_its_type(expression: str, expected: str, tag: str, sandbox: Sandbox) -> None:
    (ran,) = sandbox.run([Job(code=f"input = {{'a': 1}}\noutput = {expression}\n")])
    assert ran.verdict.kept, ran
    assert ran.execution.output_json == expected
    assert ran.execution.output_type == tag == values.tag_of(expected)


@pytest.mark.parametrize(("expression", "expected", "tag"), CAPTURED.values(), ids=CAPTURED)
def test_a_captured_value_goes_in_again_as_it_came_out(
    expression: str, expected: str, tag: str, sandbox: Sandbox
) -> None:
    again = f'{{"v": {expected}}}'
    (ran,) = sandbox.run([Job(code="input = {'v': 0}\noutput = input['v']\n", input_json=again)])
    assert json.loads(ran.execution.input_json or "") == json.loads(again)
    assert ran.execution.output_type == tag


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.fractions() | st.complex_numbers()
    | st.decimals(allow_nan=False) | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner)
    | st.frozensets(st.integers()),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_any_value_comes_back_equal(value: object) -> None:
    text = values.encode(value)
    assert repr(values.decode(text)) == repr(value) or values.encode(values.decode(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"$type": "unheard of", "value": 1}',
        '{"$type": "Fraction", "value": "1e999999999"}',
        '{"$type": "Fraction", "value": "1/0"}',
        '{"$type": "Decimal", "value": "x"}',
        '{"$type": "tuple"}',
        '{"$type": "set", "items": [[1]]}',
        '{"$type": ["list"]}',
        '{"$type": "int64", "value": "__import__"}',
        "[" * 100_000,
        "9" * 10_000,
    ],
    ids=lambda text: text[:40],
)
def test_text_that_is_not_tagged_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        values.decode(text)


def test_an_expression_is_not_evaluated_outside_of_the_sandbox() -> None:
    attack = '__import__("os").system("true")'
    assert values.decode(json.dumps({"$type": "sympy", "value": attack})) == values.Symbolic(attack)


def test_the_dtype_that_a_program_names_is_not_trusted() -> None:
    array = values.decode('{"$type": "ndarray", "dtype": "S1000000000", "items": ["a"]}')
    assert isinstance(array, numpy.ndarray)
    assert array.nbytes < 100


def test_numbers_and_fractions_come_back_as_themselves() -> None:
    assert values.decode(values.encode([Fraction(1, 3), Decimal("1.50"), 2**1000])) == [
        Fraction(1, 3),
        Decimal("1.50"),
        2**1000,
    ]
    nan = values.decode(values.encode(math.nan))
    assert isinstance(nan, float)
    assert math.isnan(nan)


@pytest.mark.parametrize("value", ["12", "-3", "2.5", "0.25", "true", '"Ada 7"', "[1, 2]", '{"k": 5}',
    '{"$type": "tuple", "items": [1, "x"]}', '{"$type": "Fraction", "value": "1/3"}', '{"$type": "int64", "value": 4}',
    '{"$type": "sympy", "value": "x**2 - 4"}', '{"$type": "dict", "items": [[1, 2]]}'])  # fmt: skip
def test_a_perturbation_changes_one_key_and_keeps_its_type(value: str) -> None:
    original = f'{{"a": {value}, "b": [7]}}'
    changed = values.perturbations(original, key="a", draws=3, seed=5)
    assert changed
    for text in changed:
        before, after = json.loads(original), json.loads(text)
        assert after["a"] != before["a"]
        assert values.tag_of(json.dumps(after["a"])) == values.tag_of(value)
        assert after["b"] == [7]
        values.decode(text)


def test_perturbations_follow_from_their_seed_and_differ_from_each_other() -> None:
    first = values.perturbations('{"a": 10}', key="a", draws=5, seed=1)
    assert first == values.perturbations('{"a": 10}', key="a", draws=5, seed=1)
    assert len(set(first)) == len(first) > 1


@pytest.mark.parametrize("value", ["null", "[]", '""', "{}"], ids=["none", "empty list", "empty text", "empty dict"])
def test_a_value_without_neighbours_has_no_perturbation_or_a_longer_one(value: str) -> None:
    changed = values.perturbations(f'{{"a": {value}}}', key="a", draws=3, seed=1)
    assert changed == [] or value == '""'


@pytest.mark.parametrize("text", ["[1]", '{"b": 1}', '{"$type": "tuple", "items": []}', "3"])
def test_a_key_that_is_not_there_cannot_be_changed(text: str) -> None:
    with pytest.raises(ValueError, match="not an object with the key"):
        values.perturbations(text, key="a", draws=1, seed=1)


def test_a_count_stays_a_count() -> None:
    for seed in range(50):
        for text in values.perturbations('{"a": 1, "p": 0.5}', key="a", draws=3, seed=seed):
            assert json.loads(text)["a"] >= 1
        for text in values.perturbations('{"a": 1, "p": 0.5}', key="p", draws=3, seed=seed):
            assert 0 < json.loads(text)["p"] < 1
