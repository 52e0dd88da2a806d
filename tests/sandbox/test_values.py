"""Values keep their type and content on their way out, and come back without anything being evaluated."""

import json
import math
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caco_tasks.records import Reason
from caco_tasks.sandbox import Job, Sandbox, values
from caco_tasks.trials import perturbations

HALF, THIRD, PI, NAN = '"1/2"', '"1/3"', '"pi"', '"nan"'
DICT, NESTED = "dict", '[[2, [{"$type": "set", "items": [3]}]]]'


def one(tag: str, text: str) -> str:
    return f'{{"$type": "{tag}", "value": {text}}}'


def many(tag: str, items: str) -> str:
    return f'{{"$type": "{tag}", "items": {items}}}'


def array(dtype: str, items: str) -> str:
    return f'{{"$type": "ndarray", "dtype": "{dtype}", "items": {items}}}'


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
    "int at the cap": ("2**14000 - 1", str(2**14_000 - 1), "int"),
    "negative int": ("-7", "-7", "int"),
    "smallest float": ("5e-324", "5e-324", "float"),
    "largest float": ("1.7976931348623157e308", "1.7976931348623157e+308", "float"),
    "whole float": ("1e22", "1e+22", "float"),
    "complex nan": ("complex(float('nan'), -0.0)", one("complex", '["nan", -0.0]'), "complex"),
    "large Fraction": ("fractions.Fraction(-3**300, 2**300)", one("Fraction", f'"{-(3**300)}/{2**300}"'), "Fraction"),
    "Decimal nan": ("decimal.Decimal('NaN')", one("Decimal", '"NaN"'), "Decimal"),
    "Decimal infinity": ("decimal.Decimal('-Infinity')", one("Decimal", '"-Infinity"'), "Decimal"),
    "Decimal with exponent": ("decimal.Decimal('1E+30')", one("Decimal", '"1E+30"'), "Decimal"),
    "lone surrogate": ("'\\udc80'", '"\\udc80"', "str"),
    "NUL": ("'\\0'", '"\\u0000"', "str"),
    "emoji": ("'\\U0001f600'", '"\\ud83d\\ude00"', "str"),
    "nested": ("[(1, {2: [{3}]}), {'k': None}]", f'[{many("tuple", f"[1, {many(DICT, NESTED)}]")}, {{"k": null}}]', "list"),
    "empty within": ("[[], (), {}, set(), '']", f'[[], {many("tuple", "[]")}, {{}}, {many("set", "[]")}, ""]', "list"),
    "set of all sorts": ("{0, 1.5, 'a', None, (1,)}", many("set", f'["a", 0, 1.5, null, {many("tuple", "[1]")}]'), "set"),
    "set of fractions": ("{fractions.Fraction(1, n) for n in (3, 2)}",
                         many("set", f"[{one('Fraction', HALF)}, {one('Fraction', THIRD)}]"), "set"),
    "dict of tuples": ("{(1, 2): 'a', None: 'b'}", many("dict", f'[[{many("tuple", "[1, 2]")}, "a"], [null, "b"]]'), "dict"),
    "dict with a surrogate's key": ("{'\\ud800': 1}", '{"\\ud800": 1}', "dict"),
    "ordered dict": ("collections.OrderedDict(b=1, a=2)", '{"b": 1, "a": 2}', "dict"),
    "default dict": ("collections.defaultdict(list, {'a': [1]})", '{"a": [1]}', "dict"),
    "deque": ("collections.deque([1, 2], maxlen=2)", many("deque", "[1, 2]"), "deque"),
    "date": ("datetime.date(2024, 2, 29)", one("date", '"2024-02-29"'), "date"),
    "moment": ("datetime.datetime(2024, 2, 29, 12, 30, 0, 5)", one("datetime", '"2024-02-29T12:30:00.000005"'), "datetime"),
    "moment of a zone": ("datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc)",
                         one("datetime", '"2024-02-29T00:00:00+00:00"'), "datetime"),
    "time of day": ("datetime.time(23, 59)", one("time", '"23:59:00"'), "time"),
    "difference of times": ("datetime.date(2024, 3, 1) - datetime.date(2024, 2, 1)", one("timedelta", "[29, 0, 0]"), "timedelta"),
    "sympy fraction": ("__import__('sympy').Rational(1, 3)", one("sympy", THIRD), "sympy"),
    "sympy expression": ("__import__('sympy').Symbol('x')**2 + 1", one("sympy", '"x**2 + 1"'), "sympy"),
    "sympy infinity": ("-__import__('sympy').oo", one("sympy", '"-oo"'), "sympy"),
    "sympy matrix": ("__import__('sympy').Matrix([[1, 2]])", one("sympy", '"Matrix([[1, 2]])"'), "sympy"),
    "sympy equation": ("__import__('sympy').Eq(__import__('sympy').Symbol('x'), 1)", one("sympy", '"Eq(x, 1)"'), "sympy"),
    "sympy interval": ("__import__('sympy').Interval(0, 1)", one("sympy", '"Interval(0, 1)"'), "sympy"),
    "list of sympy": ("[__import__('sympy').pi]", f"[{one('sympy', PI)}]", "list"),
    "numpy byte": ("__import__('numpy').uint8(200)", one("uint8", "200"), "uint8"),
    "numpy half": ("__import__('numpy').float16(0.5)", one("float16", "0.5"), "float16"),
    "numpy complex": ("__import__('numpy').complex128(1j)", one("complex128", one("complex", "[0.0, 1.0]")), "complex128"),
    "numpy text": ("__import__('numpy').str_('a')", one("str_", '"a"'), "str_"),
    "numpy bytes": ("__import__('numpy').bytes_(b'a')", one("bytes_", one("bytes", '"61"')), "bytes_"),
    "numpy long": ("__import__('numpy').longlong(3)", one("longlong", "3"), "longlong"),
    "numpy nan": ("__import__('numpy').float64('nan')", one("float64", one("float", NAN)), "float64"),
    "numpy longdouble": ("__import__('numpy').longdouble(3)", one("longdouble", '"3.0"'), "longdouble"),
    "array of texts": ("__import__('numpy').array(['ab', 'c'])", array("<U2", '["ab", "c"]'), "ndarray"),
    "array of objects": ("__import__('numpy').array([None, (1,)], dtype=object)",
                         array("object", f"[null, {many('tuple', '[1]')}]"), "ndarray"),
    "array without axes": ("__import__('numpy').array(5.0)", array("float64", "5.0"), "ndarray"),
    "array of bools": ("__import__('numpy').array([True])", array("bool", "[true]"), "ndarray"),
    "array with nan": ("__import__('numpy').array([float('nan')])", array("float64", f"[{one('float', NAN)}]"), "ndarray"),
    "array of complex": ("__import__('numpy').array([1j])", array("complex128", f"[{one('complex', '[0.0, 1.0]')}]"), "ndarray"),
    "empty array": ("__import__('numpy').zeros((0,))", array("float64", "[]"), "ndarray"),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "expected", "tag"), CAPTURED.values(), ids=CAPTURED)
def test_a_value_is_captured_with_its_type(expression: str, expected: str, tag: str, sandbox: Sandbox) -> None:
    imports = "import collections, datetime, decimal, fractions"
    (ran,) = sandbox.run([Job(code=f"{imports}\ninput = {{'a': 1}}\noutput = {expression}\n")])
    assert ran.verdict.kept, ran
    assert ran.execution.output_json == expected
    assert ran.execution.output_type == tag == values.checked_tag_of(expected)


@pytest.mark.parametrize(("expression", "expected", "tag"), CAPTURED.values(), ids=CAPTURED)
def test_a_captured_value_goes_in_again_as_it_came_out(
    expression: str, expected: str, tag: str, sandbox: Sandbox
) -> None:
    again = f'{{"v": {expected}}}'
    (ran,) = sandbox.run([Job(code="input = {'v': 0}\noutput = input['v']\n", input_json=again)])
    assert json.loads(ran.execution.input_json or "") == json.loads(again)
    assert ran.execution.output_type == tag


@pytest.mark.parametrize(
    ("expression", "text"), [("true", "True"), ("FiniteSet(1, 2)", "{1, 2}")], ids=["truth", "set"]
)
def test_what_sympy_shows_as_python_does_goes_in_as_pythons(expression: str, text: str, sandbox: Sandbox) -> None:
    (ran,) = sandbox.run([Job(code=f"import sympy\ninput = {{'a': 1}}\noutput = sympy.{expression}\n")])
    assert ran.execution.output_json == one("sympy", f'"{text}"')
    (again,) = sandbox.run(
        [Job(code="input = {'v': 0}\noutput = [input['v']]\n", input_json=f'{{"v": {ran.execution.output_json}}}')]
    )
    assert again.execution.output_text == f"[{text}]"


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
    changed = perturbations(original, key="a", draws=3, seed=5)
    assert changed
    for text in changed:
        before, after = json.loads(original), json.loads(text)
        assert after["a"] != before["a"]
        assert values.checked_tag_of(json.dumps(after["a"])) == values.checked_tag_of(value)
        assert after["b"] == [7]
        values.decode(text)


def test_perturbations_follow_from_their_seed_and_differ_from_each_other() -> None:
    first = perturbations('{"a": 10}', key="a", draws=5, seed=1)
    assert first == perturbations('{"a": 10}', key="a", draws=5, seed=1)
    assert len(set(first)) == len(first) > 1


@pytest.mark.parametrize("value", ["null", "[]", '""', "{}"], ids=["none", "empty list", "empty text", "empty dict"])
def test_a_value_without_neighbours_has_no_perturbation_or_a_longer_one(value: str) -> None:
    changed = perturbations(f'{{"a": {value}}}', key="a", draws=3, seed=1)
    assert changed == [] or value == '""'


@pytest.mark.parametrize("text", ["[1]", '{"b": 1}', '{"$type": "tuple", "items": []}', "3"])
def test_a_key_that_is_not_there_cannot_be_changed(text: str) -> None:
    with pytest.raises(ValueError, match="not an object with the key"):
        perturbations(text, key="a", draws=1, seed=1)


def test_a_count_stays_a_count() -> None:
    for seed in range(50):
        for text in perturbations('{"a": 1, "p": 0.5}', key="a", draws=3, seed=seed):
            assert json.loads(text)["a"] >= 1
        for text in perturbations('{"a": 1, "p": 0.5}', key="p", draws=3, seed=seed):
            assert 0 < json.loads(text)["p"] < 1


@pytest.mark.parametrize(("expression", "expected", "tag"), CAPTURED.values(), ids=CAPTURED)
def test_a_changed_value_can_go_in_whatever_its_type(expression: str, expected: str, tag: str) -> None:
    for text in perturbations(f'{{"a": {expected}}}', key="a", draws=5, seed=7):
        assert values.checked_tag_of(json.dumps(json.loads(text)["a"])) == tag
        values.decode(text)


@pytest.mark.parametrize(("expression", "expected", "tag"), CAPTURED.values(), ids=CAPTURED)
def test_what_was_captured_is_canonical(expression: str, expected: str, tag: str) -> None:
    assert values.checked_tag_of(expected) == tag


@pytest.mark.parametrize("variant", [0, 1])
def test_dates_are_the_same_under_another_clock(variant: int, sandbox: Sandbox) -> None:
    made = "[datetime.datetime(2024, 1, 31), datetime.date(2024, 1, 31) + datetime.timedelta(1), datetime.time(1)]"
    (ran,) = sandbox.run([Job(code=f"import datetime\ninput = {{'a': 1}}\noutput = {made}\n", variant=variant)])
    assert ran.execution.output_json is not None
    assert values.decode(ran.execution.output_json) == [
        datetime.fromisoformat("2024-01-31"),
        date(2024, 2, 1),
        time(1),
    ]


NOT_CAPTURED = {
    "int over the cap": ("2**14000", Reason.OUTPUT_SIZE),
    "Fraction over the cap": ("__import__('fractions').Fraction(1, 2**14000)", Reason.OUTPUT_SIZE),
    "range over the cap": ("range(2**14000)", Reason.OUTPUT_SIZE),
    "too many parts": ("[0] * 50_001", Reason.OUTPUT_SIZE),
    "array of too many parts": ("__import__('numpy').zeros((1000, 1000))", Reason.OUTPUT_SIZE),
    "text over the cap": ("'x' * 65_536", Reason.OUTPUT_SIZE),
    "text whose escapes are over the cap": ("'\\0' * 20_000", Reason.OUTPUT_SIZE),
    "too deep": ("eval('[' * 61 + ']' * 61)", Reason.UNSERIALISABLE),
    "function": ("print", Reason.UNSERIALISABLE),
    "module": ("__import__('math')", Reason.UNSERIALISABLE),
    "type": ("int", Reason.UNSERIALISABLE),
    "Ellipsis": ("...", Reason.UNSERIALISABLE),
    "exception": ("ValueError(1)", Reason.UNSERIALISABLE),
    "iterator": ("iter([1])", Reason.UNSERIALISABLE),
    "view of a dict": ("{1: 2}.keys()", Reason.UNSERIALISABLE),
    "bytearray": ("bytearray(b'a')", Reason.UNSERIALISABLE),
    "numpy date": ("__import__('numpy').datetime64('2020-01-01')", Reason.UNSERIALISABLE),
    "numpy structure": ("__import__('numpy').zeros(1, dtype='i4,f8')[0]", Reason.UNSERIALISABLE),
    "enumeration": ("__import__('enum').IntEnum('E', 'A').A", Reason.UNSERIALISABLE),
    "text of an own class": ("type('T', (str,), {})('a')", Reason.UNSERIALISABLE),
    "dict of an own class": ("type('T', (dict,), {})(a=1)", Reason.UNSERIALISABLE),
    "list of an own class": ("type('T', (list,), {})([1])", Reason.UNSERIALISABLE),
    "date of an own class": ("type('T', (__import__('datetime').date,), {})(2024, 1, 1)", Reason.UNSERIALISABLE),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "reason"), NOT_CAPTURED.values(), ids=NOT_CAPTURED)
def test_what_cannot_be_captured_says_why(expression: str, reason: Reason, sandbox: Sandbox) -> None:
    (ran,) = sandbox.run([Job(code=f"input = {{'a': 1}}\noutput = {expression}\n")])
    assert ran.verdict.reason is reason
    assert (ran.verdict.detail or "").startswith("output: ")


@pytest.mark.parametrize(
    "text",
    ["NaN", "-Infinity", "1e999", "[1,2]", "1.0e1", '{"a":1}', "[" * 300 + "]" * 300, '{"a": 1, "a": 1}', ' 1', '"é"',
     '{"$type": "Fraction", "value": "evil/2"}', '{"$type": "date", "value": "2023-02-29"}', '{"$type": "time"}'],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_text_that_was_not_written_here_is_found_out(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        values.checked_tag_of(text)


@settings(max_examples=60, deadline=None)
@given(PLAIN)
def test_whatever_is_written_is_found_sound(value: object) -> None:
    values.checked_tag_of(values.encode(value))
