"""Ids follow from content alone: the same on every machine, blind to layout, alert to everything else."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caco_tasks.ids import (
    ID_CHARS,
    content_id,
    draw_id,
    file_sha256,
    program_id,
    random_seed,
    run_id,
    sample_id,
    seed_id,
)

CODE = "input = {'a': 1}\n\ndef f(a):\n    return a\n\noutput = f(**input)\nprint(output)\n"

SAME = {
    "a comment": CODE.replace("return a", "return a  # the very same"),
    "a line of comment": "# a title\n" + CODE,
    "blank lines": CODE.replace("\n\n", "\n\n\n\n"),
    "a wider indent": CODE.replace("    ", "        "),
    "a tab as indent": CODE.replace("    ", "\t"),
    "other spaces": CODE.replace("f(**input)", "f( ** input )").replace("'a': 1", "'a' :1"),
    "an expression over two lines": CODE.replace("{'a': 1}", "{\n  'a': 1\n}"),
    "the lines' ends of Windows": CODE.replace("\n", "\r\n"),
    "no newline at the end": CODE.rstrip("\n"),
}
OTHER = {
    "a name": CODE.replace("(a)", "(b)").replace("return a", "return b"),
    "a number": CODE.replace("1", "2"),
    "a number's form": CODE.replace("1", "1.0"),
    "a text": CODE.replace("'a'", "'A'"),
    "an operator": CODE.replace("return a", "return -a"),
    "the order of lines": CODE.replace("output = f(**input)\nprint(output)", "print(output)\noutput = f(**input)"),
    "the block that a line belongs to": CODE.replace("    return a\n\n", "    return a\n\n    "),
}


@pytest.mark.parametrize("code", SAME.values(), ids=SAME)
def test_a_program_keeps_its_id_under_another_layout(code: str) -> None:
    assert code != CODE
    assert program_id(code) == program_id(CODE)


@pytest.mark.parametrize("code", OTHER.values(), ids=OTHER)
def test_a_program_has_another_id_when_it_says_another_thing(code: str) -> None:
    assert code != CODE
    assert program_id(code) != program_id(CODE)


SAME_IN_EVERY_PYTHON = {  # made by Python 3.11; later versions take f-strings apart
    "value = 3\ntext = f'{value:>{10}} of {{braces}}'\n": "0390730e478e04aa4c835566d418f81f",
    "x = 'a' f'b{1 + 1!r}' \"c\"  # a comment\n": "3d824e97413800aeed7550363213cc88",
    'x = f"""{a\n}\n  é {b}"""\r\ny = rf\'{a}\\d\'\n': "3b9e7536a92f576a15b2803d27d84573",
    "print(f'{f\"{a}\"}')\nif a:\n\tb = 0xFF\n": "9c0364a314c0b02439b24f0bd65ade33",
}


@pytest.mark.parametrize(("code", "expected"), SAME_IN_EVERY_PYTHON.items())
def test_a_program_has_the_same_id_in_every_version_of_python(code: str, expected: str) -> None:
    assert program_id(code) == expected


HOSTILE = {
    "nothing": "",
    "an open bracket": "f(" * 5000,
    "an open text": '"""',
    "a dedent to nowhere": "if a:\n        b\n    c\n",
    "a NUL byte": "a = 1\0b",
    "half a character": "x = '\ud800'",
    "no Python at all": "The answer is 12. Isn't it?",
    "a form feed": "\f\fa = 1\n",
    "deep nesting": "(" * 100_000 + ")" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_has_an_id_of_its_own(text: str) -> None:
    assert len(program_id(text)) == ID_CHARS
    assert program_id(text) == program_id(text)
    assert program_id(text) != program_id(text + "\nz = 1 2")


@given(st.text(st.characters(), max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_it_raise(text: str) -> None:
    assert len(program_id(text)) == ID_CHARS


@given(st.text("abc123 =+-*/()[]{}:#'\"\\\n\t", max_size=120))
@settings(max_examples=150, deadline=None)
def test_nothing_that_looks_like_a_program_makes_it_raise(text: str) -> None:
    assert program_id(text) == program_id(text)


STABLE = {
    "program": (program_id(CODE), "80fd412d90fd08ff5a84bcd142592028"),
    "content": (content_id("thing", 1, "é", None, [1.5], {"b": 1, "a": 2}), "5d5d3ff80bc83d30fe5ea2bf04d2979e"),
    "run": (run_id("nightly", "2026-01-02", "c0"), "67ca4cc8e0a679dc598bada3bf028484"),
    "draw": (draw_id("2026-01-02", "m@1", {"temperature": 0.9}, "p0"), "fda57eed9293bf8bf4ecd0aad8f2a296"),
    "sample": (sample_id("d0", 7), "22a88f325fa045c8ecb31f6e8f1848b9"),
    "seed": (seed_id("gsm8k", "rev", "12"), "766123a7ae1ccc37a2450f755a26bbeb"),
    "random": (random_seed("a", 1), 94076613517151723),
}


@pytest.mark.parametrize(("found", "expected"), STABLE.values(), ids=STABLE)
def test_ids_are_those_of_earlier_releases(found: object, expected: object) -> None:
    assert found == expected


def test_a_dictionary_s_order_does_not_matter_and_a_list_s_does() -> None:
    assert content_id("k", {"a": 1, "b": 2}) == content_id("k", {"b": 2, "a": 1})
    assert content_id("k", [1, 2]) != content_id("k", [2, 1])


def test_parts_do_not_run_into_each_other() -> None:
    made: list[tuple[Any, ...]] = [
        ("k", "ab", "c"),
        ("k", "a", "bc"),
        ("k", "abc"),
        ("ka", "b", "c"),
        ("k", "1"),
        ("k", 1),
        ("k", None),
    ]
    assert len({content_id(kind, *parts) for kind, *parts in made}) == len(made)


def test_samples_differ_by_every_part_of_their_place() -> None:
    places = [("d", 3), ("e", 3), ("d", 4), ("d3", 0)]
    assert len({sample_id(*place) for place in places}) == len(places)


def test_draws_differ_by_date_model_sampling_and_prompt() -> None:
    plain = ("2026-01-02", "m@1", {"temperature": 0.9}, "p")
    others = [("2026-01-03", *plain[1:]), (plain[0], "m@2", *plain[2:]), (*plain[:2], {"temperature": 1.0}, "p")]
    assert len({draw_id(*draw) for draw in [plain, *others, (*plain[:3], "q")]}) == 5


@given(st.lists(st.one_of(st.text(), st.integers(), st.none()), max_size=3))
@settings(max_examples=50, deadline=None)
def test_a_random_seed_fits_into_63_bits(parts: list[object]) -> None:
    assert 0 <= random_seed(*parts) < 2**63


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"caco" * 100_000)
    assert file_sha256(str(path)) == hashlib.sha256(b"caco" * 100_000).hexdigest()
