"""The programs of `caco bench dedup` are what the benchmark says they are."""

import ast
from pathlib import Path
from types import ModuleType

import pytest

from caco_tasks.checks.fingerprints import alike, program_fingerprint, program_sketches

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def shards(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("dedup_shards")


def test_its_programs_are_programs_and_the_same_again(shards: ModuleType) -> None:
    programs = [shards.program_at(number) for number in range(1000, 1040)]
    assert all(ast.parse(program) for program in programs)
    assert programs == [shards.program_at(number) for number in range(1000, 1040)]
    assert len({program_fingerprint(program) for program in programs}) == 36  # one in ten is a repetition


def test_a_repetition_reads_otherwise_and_is_the_same_program(shards: ModuleType) -> None:
    assert shards.program_at(47) != shards.program_at(42)
    assert program_fingerprint(shards.program_at(47)) == program_fingerprint(shards.program_at(42))


def test_a_changed_step_makes_a_near_duplicate_and_another_program(shards: ModuleType) -> None:
    pair = [shards.program_at(58), shards.program_at(59)]
    (family, sketch), (other_family, other) = program_sketches(pair)
    assert family == other_family
    assert alike(0.95)(sketch, other)
    assert program_fingerprint(pair[0]) != program_fingerprint(pair[1])
