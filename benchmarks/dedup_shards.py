"""Programs without end, the same for the same number, and one shard of them judged as the stage `dedup` does it.

Seven in ten are fresh draws of the bank's families; some are longer, with steps of their own; one in ten repeats an
earlier one under other names and comments; one in twenty is a longer one with one step changed.
"""

import os
import re
import time
from dataclasses import dataclass
from random import Random

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.checks.fingerprints import NEAR_CLAIM, PROGRAM_CLAIM, alike, program_fingerprint, program_sketches
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger
from caco_tasks.store import RunRecord

SHARD_PROGRAMS = 2_000
PART_PROGRAMS = 256  # claimed at once, as the runner cuts a shard
LIKENESS = 0.95
_OPERATORS = "+-*"
_FIRST_NUMBER = re.compile(r"(?<=: )\d+")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ledgers: dict[str, Ledger] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judging one shard cost, in seconds of the wall clock, and what it found."""

    programs: int
    making: float
    trees: float
    sketches: float
    claims: float
    same_program: int
    near_duplicate: int
    memory_mb: float  # of this process


def program_at(number: int) -> str:
    """The program of a number."""
    kind = number % 20
    if kind in (7, 13):
        return repeated(program_at(number - 5))
    if kind == 19:
        return longer(number - 1, changed=1)
    return longer(number) if kind in (16, 17, 18) else _drawn(number)


def longer(number: int, *, changed: int = 0) -> str:
    """A program with 60 steps of its own before its others; `changed` steps have another sign."""
    code, chance = _drawn(number), Random(f"longer/{number}")
    lines = code.split("\n")
    start = max(place for place, line in enumerate(lines) if line.startswith("def "))
    name = lines[start].partition("(")[2].split(",")[0].rstrip("): ")
    signs = [chance.choice(_OPERATORS) for _ in range(60)]
    for place in chance.sample(range(60), changed):
        signs[place] = _OPERATORS[(_OPERATORS.index(signs[place]) + 1) % 3]
    steps = [f"    also_{place} = {name} {sign} {name}" for place, sign in enumerate(signs)]
    return "\n".join([*lines[: start + 1], *steps, *lines[start + 1 :]])


def repeated(code: str) -> str:
    """The same program in other words."""
    return f"# once more\n{code.replace('return ', 'return  ')}".replace("output =", "output  =")


def judge_shard(url: str | None, shard: int) -> Judged:
    """Makes and judges the programs of one shard; without `url` nothing is claimed."""
    clock = time.perf_counter
    numbers = range(shard * SHARD_PROGRAMS, (shard + 1) * SHARD_PROGRAMS)
    begun = clock()
    codes = [program_at(number) for number in numbers]
    made = clock()
    hashes = [program_fingerprint(code) for code in codes]
    read = clock()
    sketches = list(program_sketches(codes))
    sketched = clock()
    owners = [content_id("bench", number) for number in numbers]
    same, near = _claimed(url, owners, hashes, sketches) if url else (0, 0)
    return Judged(
        programs=len(codes),
        making=made - begun,
        trees=read - made,
        sketches=sketched - read,
        claims=clock() - sketched,
        same_program=same,
        near_duplicate=near,
        memory_mb=_memory_mb(),
    )


def _claimed(url: str, owners: list[str], hashes: list[str], sketches: list[tuple[str, bytes]]) -> tuple[int, int]:
    """How many of the shard were seen before, and how many nearly."""
    claims, is_alike = _ledger(url).claims(_RUN, _RUN.run_id), alike(LIKENESS)
    same = near = 0
    for start in range(0, len(owners), PART_PROGRAMS):
        part = slice(start, start + PART_PROGRAMS)
        winners = claims.claim(PROGRAM_CLAIM, hashes[part], owners[part])
        left = [row for row, winner in enumerate(winners, start) if winner == owners[row]]
        told = claims.claim_unlike(
            NEAR_CLAIM,
            [sketches[row][0] for row in left],
            [sketches[row][1] for row in left],
            [owners[row] for row in left],
            is_alike=is_alike,
        )
        same += len(winners) - len(left)
        near += sum(winner != owners[row] for row, winner in zip(left, told, strict=True))
    return same, near


_RUN = RunRecord(
    run_id=content_id("bench", "dedup"),
    pipeline="nightly",
    partition="2026-01-01",
    config_hash="bench",
    config={},
    code_version="0",
)


def _ledger(url: str) -> Ledger:
    if url not in _ledgers:
        _ledgers[url] = Ledger(url)
    return _ledgers[url]


def _drawn(number: int) -> str:
    """A draw of the family whose turn it is, its first number made larger: some families have few draws."""
    turn = number // len(FAMILIES)
    code = draw_problem(FAMILIES[number % len(FAMILIES)], turn).program
    return _FIRST_NUMBER.sub(lambda found: str(int(found[0]) + turn), code, count=1)


def _memory_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE / 2**20
