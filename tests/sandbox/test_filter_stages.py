"""`screen` and `dedup` as stages: real programs, run in the real sandbox."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from memory_claims import MemoryClaims
from table_programs import DEAD, RIGHT

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.config import RunConfig, SandboxSettings, load_config
from caco_tasks.context import Context
from caco_tasks.identity import narrowed_paths
from caco_tasks.ids import program_id
from caco_tasks.pipeline import STAGES
from caco_tasks.records import JudgedRecord, Outcome, Program, Reason, Sample
from caco_tasks.sandbox import Job, Sandbox
from caco_tasks.stages.decontaminate import decontaminate
from caco_tasks.stages.dedup import dedup
from caco_tasks.stages.screen import screen
from caco_tasks.store import RunRecord


@dataclass(slots=True)
class Tools:
    """The sandbox and the claims; filters ask for nothing else."""

    box: Sandbox
    kept: MemoryClaims = field(default_factory=MemoryClaims)

    def sandbox(self) -> Sandbox:
        return self.box

    def claims(self, key: str) -> MemoryClaims:
        return self.kept


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(workers=1)) as sandbox:
        yield sandbox


@pytest.fixture
def tools(box: Sandbox) -> Tools:
    return Tools(box)


def context_of(tools: Any, stage: str, config: RunConfig | None = None) -> Context:
    config = config or load_config("nano")
    run = RunRecord(
        run_id="r", pipeline="nightly", partition="2026-01-01", config_hash="c", config={}, code_version="0"
    )
    return Context(
        run=run,
        spec=STAGES[stage],
        config=config.narrowed(narrowed_paths(STAGES[stage])),
        shard=0,
        key="key",
        origin={},
        draw="draw",
        inputs=(),
        services=tools,
    )


def program(given: str, *lines: str, name: str = "solve") -> str:
    names = ", ".join(part.split(":")[0].strip(" '") for part in given.split(", '"))
    body = "\n".join(f"    {line}" for line in lines)
    return f"input = {{{given}}}\n\ndef {name}({names}):\n{body}\n\noutput = {name}(**input)\nprint(output)\n"


def executed(box: Sandbox, *codes: str, prefix: str = "s") -> list[Sample]:
    samples = [
        Sample(sample_id=f"{prefix}{row}", program=Program(program_id=program_id(code), code=code))
        for row, code in enumerate(codes)
    ]
    ran = list(box.run(Job(code=code) for code in codes))
    assert all(one.verdict.kept for one in ran), [one.verdict for one in ran]
    return [replace(sample, execution=one.execution) for sample, one in zip(samples, ran, strict=True)]


def reasons(judged: Iterator[JudgedRecord[Sample]]) -> dict[str, Reason | None]:
    return {row.record.sample_id: row.verdict.reason for row in judged}


PENS = program("'pens': 12, 'price': 4", "total = pens * price", "return total")

SCREENED = {
    "every input matters": (PENS, None),
    "one is multiplied by nothing": (
        program("'pens': 12, 'price': 4", "total = pens * 3 + 0 * price", "return total"),
        Reason.DEAD_INPUT,
    ),
    "nothing matters": (
        program("'pens': 12, 'price': 4", "total = 0 * pens * price", "return total + 48"),
        Reason.CONSTANT_OUTPUT,
    ),
    "an input in disguise": (
        program("'pens': 12, 'price': 4", "total = pens + price", "return total - price"),
        Reason.TRIVIAL,
    ),
    "the larger of two that lie apart": (
        program("'pens': 12, 'price': 10", "if pens > price:", "    return pens + 1", "return price + 2"),
        None,
    ),
    "one that matters on another day": (
        program(
            "'pupils': 52, 'teachers': 4, 'seats': 11",
            "travellers = pupils + teachers",
            "return -(-travellers // seats)",
        ),
        None,
    ),
    "a division that may fail": (
        program("'pens': 12, 'price': 1", "each = pens / (4 - price)", "return each"),
        None,
    ),
    "words and lists": (
        program("'word': 'banana', 'marks': [3, 1, 2]", "total = sum(marks)", "return word.upper() * total"),
        None,
    ),
}


def test_screen_finds_the_inputs_that_do_not_matter(tools: Tools) -> None:
    samples = executed(tools.box, *(code for code, _ in SCREENED.values()))
    found = reasons(screen(samples, context_of(tools, "screen")))
    assert {name: found[f"s{row}"] for row, name in enumerate(SCREENED)} == {
        name: reason for name, (_, reason) in SCREENED.items()
    }


def test_screen_passes_right_programs_about_tables_and_finds_the_dead_ones(tools: Tools) -> None:
    samples = [
        *executed(tools.box, *RIGHT.values()),
        *executed(tools.box, *(code for code, _ in DEAD.values()), prefix="dead"),
    ]
    found = reasons(screen(samples, context_of(tools, "screen")))
    assert {name: found[f"s{row}"] for row, name in enumerate(RIGHT)} == dict.fromkeys(RIGHT)
    assert {name: found[f"dead{row}"] for row, name in enumerate(DEAD)} == {
        name: why for name, (_, why) in DEAD.items()
    }


def test_an_input_that_cannot_be_changed_is_recorded_as_untested(tools: Tools) -> None:
    code = program("'scores': [], 'n': 3", "total = n * 7", "return total + sum(scores)")
    (judged,) = screen(executed(tools.box, code), context_of(tools, "screen"))
    assert judged.verdict.kept
    assert [(one.reason, one.detail) for one in judged.record.findings] == [
        (Reason.UNTESTED_INPUT, "nothing to change in it: scores")
    ]


HONEST = ("school_buses/0", "marbles_alike/2", "common_goals/104", "shortest_way/0")


def with_dead_input(code: str) -> str:
    """The same program with one input more, which is read and does not matter."""
    lines = code.replace("input = {", 'input = {"spare_parts": 7, ', 1).split("\n")
    start = max(place for place, line in enumerate(lines) if line.startswith("def "))
    lines[start] = lines[start].replace("(", "(spare_parts, ", 1)
    lines.insert(start + 1, "    nothing = min(spare_parts, 0) * spare_parts")
    last = max(place for place, line in enumerate(lines) if line.startswith("    return "))
    lines[last] = f"{lines[last]} if nothing == 0 else nothing"
    return "\n".join(lines)


def test_what_matters_only_far_away_or_on_another_day_is_not_dead_and_what_never_matters_is(tools: Tools) -> None:
    families = {family.name: family for family in FAMILIES}
    drawn = [key.partition("/") for key in HONEST]
    codes = [draw_problem(families[name], int(number)).program for name, _, number in drawn]
    samples = [*executed(tools.box, *codes), *executed(tools.box, *map(with_dead_input, codes), prefix="dead")]
    judged = {row.record.sample_id: row.verdict for row in screen(samples, context_of(tools, "screen"))}
    assert {HONEST[row]: judged[f"s{row}"].reason for row in range(len(HONEST))} == dict.fromkeys(HONEST)
    for row in range(len(HONEST)):
        verdict = judged[f"dead{row}"]
        assert (verdict.reason, verdict.detail) == (
            Reason.DEAD_INPUT,
            "no change of it changes the output: spare_parts",
        )


def test_without_changed_inputs_only_the_source_is_judged(tools: Tools) -> None:
    config = load_config("nano", ["screen.perturbations=0"])
    code = SCREENED["one is multiplied by nothing"][0]
    found = reasons(screen(executed(tools.box, code), context_of(tools, "screen", config)))
    assert found == {"s0": None}


def test_a_dead_input_that_is_only_recorded_stays_with_the_sample(tools: Tools) -> None:
    config = load_config("nano", ["screen.dead_input=record"])
    samples = executed(tools.box, PENS, SCREENED["one is multiplied by nothing"][0])
    judged = {row.record.sample_id: row for row in screen(samples, context_of(tools, "screen", config))}
    assert all(row.verdict.kept for row in judged.values())
    assert judged["s0"].record.findings == ()
    (finding,) = judged["s1"].record.findings
    assert (finding.stage, finding.reason) == ("screen", Reason.DEAD_INPUT)
    assert finding.detail == "no change of it changes the output: price"


def test_inputs_are_not_changed_where_no_rule_looks_at_them(tools: Tools) -> None:
    samples = executed(tools.box, SCREENED["nothing matters"][0])
    off = [f"screen.{rule}=off" for rule in ("dead_input", "constant_output", "trivial")]
    closed = Sandbox(SandboxSettings(workers=1))
    closed.close()
    found = reasons(screen(samples, context_of(Tools(closed), "screen", load_config("nano", off))))
    assert found == {"s0": None}


def test_screen_gives_one_verdict_to_every_sample(tools: Tools) -> None:
    samples = executed(tools.box, PENS, PENS.replace("12", "13"), SCREENED["nothing matters"][0])
    judged = list(screen(samples, context_of(tools, "screen")))
    assert sorted(row.record.sample_id for row in judged) == ["s0", "s1", "s2"]
    assert list(screen([], context_of(tools, "screen"))) == []


def test_dedup_tells_repeats_from_samples_of_their_own(tools: Tools) -> None:
    looped = program(
        "'pens': 12, 'price': 4", "total = 0", "for _ in range(pens):", "    total += price", "return total"
    )
    samples = executed(
        tools.box,
        PENS,
        PENS.replace("total", "sum_of_all"),
        PENS.replace("12", "13"),
        looped,
        program("'cups': 12, 'price': 4", "total = cups * price", "return total"),
        program("'pens': 12, 'price': 4", "total = pens + price", "return total"),
    )
    found = reasons(dedup(samples, context_of(tools, "dedup")))
    assert found["s1"] is Reason.SAME_PROGRAM
    assert found["s3"] is Reason.SAME_BEHAVIOUR
    assert [found[f"s{row}"] for row in (0, 2, 4, 5)] == [None] * 4


def test_behaviour_is_compared_only_where_it_is_asked_for(tools: Tools) -> None:
    config = load_config("nano", ["dedup.behaviour=false"])
    looped = program(
        "'pens': 12, 'price': 4", "total = 0", "for _ in range(pens):", "    total += price", "return total"
    )
    found = reasons(dedup(executed(tools.box, PENS, looped), context_of(tools, "dedup", config)))
    assert found == {"s0": None, "s1": None}


def test_a_near_duplicate_is_rejected_and_other_numbers_survive(tools: Tools) -> None:
    lines = [f"step_{row} = pens * price + {row}" for row in range(60)]
    first = program("'pens': 12, 'price': 4", *lines, "return step_59")
    near = program("'pens': 12, 'price': 4", *lines, "return step_58")
    numbers = first.replace("12", "13")
    found = reasons(dedup(executed(tools.box, first, near, numbers), context_of(tools, "dedup")))
    assert found == {"s0": None, "s1": Reason.NEAR_DUPLICATE, "s2": None}


def test_a_rerun_wins_again_and_a_later_night_loses(tools: Tools) -> None:
    samples = executed(tools.box, PENS, PENS.replace("12", "13"))
    later = executed(tools.box, PENS, PENS.replace("12", "14"), prefix="later")
    first = reasons(dedup(samples, context_of(tools, "dedup")))
    assert first == reasons(dedup(samples, context_of(tools, "dedup"))) == {"s0": None, "s1": None}
    assert reasons(dedup(later, context_of(tools, "dedup"))) == {"later0": Reason.SAME_PROGRAM, "later1": None}


def test_the_verdicts_do_not_depend_on_how_a_shard_is_cut(box: Sandbox) -> None:
    codes = [PENS.replace("12", str(number)) for number in (12, 13, 12, 14, 13)]
    whole, parts = Tools(box), Tools(box)
    samples = executed(box, *codes)
    at_once = reasons(dedup(samples, context_of(whole, "dedup")))
    one_by_one: dict[str, Reason | None] = {}
    for sample in samples:
        one_by_one |= reasons(dedup([sample], context_of(parts, "dedup")))
    assert at_once == one_by_one


def test_without_benchmarks_decontaminate_passes_all(tools: Tools) -> None:
    judged: Sequence[JudgedRecord[Sample]] = list(
        decontaminate(executed(tools.box, PENS), context_of(tools, "decontaminate"))
    )
    assert [row.verdict.outcome for row in judged] == [Outcome.PASS]
    assert judged[0].record.overlaps == ()
