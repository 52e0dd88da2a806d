"""Offspring for the places of a draw: parents are drawn, candidates made, probed in the sandbox, and the first plausible kept.

Which kind a place is of, which parents it tries and which numbers it draws follow from the draw and the place's index alone,
so a longer run begins with the programs of a shorter one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from caco_tasks.domain_tags import tag_line
from caco_tasks.ids import random_seed
from caco_tasks.offspring import compose as composing
from caco_tasks.offspring.mutate import OPERATORS
from caco_tasks.offspring.parents import Parent
from caco_tasks.offspring.probes import Probe, is_plausible, probe_code, read_probe
from caco_tasks.offspring.template import MAX_TEXT_CHARS, TemplateProgram, write_template
from caco_tasks.sandbox import Job, Sandbox

CANDIDATES = 16  # tried for a place
PARTNERS = 64  # looked at for a composition: the nearest in size of these are tried first

Kind = Literal["codegen", "compose", "mutate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bred:
    """A program that was made of others."""

    code: str
    kind: Kind
    operator: str  # a key of `OPERATORS`, or "output_as_input"
    parents: tuple[Parent, ...]  # of a composition the inner one first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    program: TemplateProgram
    kind: Kind
    operator: str
    parents: tuple[Parent, ...]


def kind_of_place(draw: str, index: int, *, compose: float, mutate: float) -> Kind:
    """How the program of a place is to be made; `compose` and `mutate` are the shares of all places."""
    chance = random_seed("mix", draw, index) / 16**15
    if chance < compose:
        return "compose"
    return "mutate" if chance < compose + mutate else "codegen"


def breed(places: Mapping[int, Kind], parents: Sequence[Parent], sandbox: Sandbox, *, draw: str) -> Mapping[int, Bred]:
    """A program for each place, by its index; places for which no candidate was plausible are left out."""
    herd = _Herd(parents)
    waiting = {index: herd.candidates(kind, Random(f"{draw}/{index}")) for index, kind in places.items()}
    probes: dict[str, Probe | None] = {}
    found: dict[int, Bred] = {}
    for _ in range(CANDIDATES):
        candidates = {index: candidate for index, one in waiting.items() if (candidate := next(one, None)) is not None}
        _probe_parents(candidates.values(), probes, sandbox)
        runs = _probes(sandbox, [candidate.program for candidate in candidates.values()])
        for (index, candidate), probe in zip(candidates.items(), runs, strict=True):
            before = [probes[parent.program_id] for parent in candidate.parents]
            known = [one for one in before if one is not None]
            if probe is not None and len(known) == len(before) and is_plausible(probe, known):
                found[index] = _bred(candidate)
        waiting = {index: waiting[index] for index in candidates if index not in found}
    return found


class _Herd:
    """The parents, found by what is asked of them."""

    def __init__(self, parents: Sequence[Parent]) -> None:
        by_shape: dict[str, list[Parent]] = defaultdict(list)
        for parent in parents:
            by_shape[parent.shape].append(parent)
        self._shapes = list(by_shape.values())

    def candidates(self, kind: Kind, rng: Random) -> Iterator[_Candidate]:
        """Endless candidates, in the order in which they are tried, of one kind."""
        for _ in range(4 * CANDIDATES):
            made = self._composed(rng) if kind == "compose" else self._mutated(rng)
            if made is not None and len(write_template(made.program)) <= MAX_TEXT_CHARS:
                yield made

    def _one(self, rng: Random) -> Parent:
        """A parent: first its shape is drawn, for seeds have many programs of one shape."""
        return rng.choice(rng.choice(self._shapes))

    def _composed(self, rng: Random) -> _Candidate | None:
        first = self._one(rng)
        pairs = [(second, name) for second in self._some(rng) for name in composing.fitting_inputs(first, second)]
        if not pairs:
            return None
        second, name = min(rng.sample(pairs, min(4, len(pairs))), key=lambda pair: _distance(first, *pair))
        program = composing.compose(first.program, second.program, name)
        if program is None:
            return None
        return _Candidate(program=program, kind="compose", operator=composing.OPERATOR, parents=(first, second))

    def _some(self, rng: Random) -> Iterable[Parent]:
        return (self._one(rng) for _ in range(PARTNERS))

    def _mutated(self, rng: Random) -> _Candidate | None:
        parent, operator = self._one(rng), rng.choice(list(OPERATORS))
        made = OPERATORS[operator](parent, rng)
        if made is None:
            return None
        return _Candidate(program=made.program, kind="mutate", operator=operator, parents=(parent,))


def _distance(first: Parent, second: Parent, name: str) -> float:
    """How far the output is from the value in whose place it would stand, as a factor."""
    value = second.program.values[name]
    return float(max(value, first.output) / min(value, first.output))


def _probe_parents(candidates: Iterable[_Candidate], probes: dict[str, Probe | None], sandbox: Sandbox) -> None:
    """Runs the probes of parents that were not needed before."""
    fresh = {one.program_id: one for made in candidates for one in made.parents if one.program_id not in probes}
    runs = _probes(sandbox, [parent.program for parent in fresh.values()])
    probes.update(zip(fresh, runs, strict=True))


def _probes(sandbox: Sandbox, programs: Sequence[TemplateProgram]) -> list[Probe | None]:
    runs = sandbox.run(Job(code=probe_code(program)) for program in programs)
    return [read_probe(ran.execution) if ran.verdict.kept else None for ran in runs]


def _bred(candidate: _Candidate) -> Bred:
    """What is kept of a candidate; parents of one domain give it to the program, as its first line."""
    domains = {parent.domain for parent in candidate.parents}
    (domain,) = domains if len(domains) == 1 else (None,)
    return Bred(
        code=("" if domain is None else tag_line(domain)) + write_template(candidate.program),
        kind=candidate.kind,
        operator=candidate.operator,
        parents=candidate.parents,
    )
