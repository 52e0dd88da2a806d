"""`reverse` with a model behind an endpoint that needs several attempts at a problem: which stays, and what it cost."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Body, Endpoint, Said, fault, replies_of, served_model, serving, text_of

from caco_tasks.config import load_config
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.errors import ConfigError
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import find_stage
from caco_tasks.records import JudgedRecord, Outcome, Problem, Reason, Sample
from caco_tasks.services import TaskServices
from caco_tasks.stages.reverse import reverse

GOOD = "A shop sells pens in 3 boxes with 4 pens in each. How many pens does it sell?"
SHORT = "A shop sells 3 boxes of pens. How many pens does it sell?"
LEAKS = "A shop sells 3 boxes with 4 pens each, 12 pens. How many pens does it sell?"
ENDED = "The reply has no end"
EASY = "# a program whose problem is found at once\n"


def reversed_by(
    folder: Path, texts: Sequence[str], *samples: Sample, attempts: int, tries: int = 0
) -> tuple[list[JudgedRecord[Sample]], Endpoint]:
    """What `reverse` says of programs whose model gives these replies to the same question, one after the other."""

    in_order = replies_of(texts)

    def answer(body: Body, times: int) -> Said:
        if texts[min(times, len(texts) - 1)] == ENDED:
            return fault(400, "moderation")
        return replies_of([GOOD])(body, times) if EASY in text_of(body) else in_order(body, times)

    with serving(answer) as server:
        reverser = served_model(server.base_url, "reverse.v2", max_tokens=200)
        nano = {"model": "nano:codegen", "prompt": "nano_program.v1"}
        models = {role: nano for role in ("codegen", "solver", "judge")} | {"reverser": reverser}
        config = making.small_config(models=models, reverser={"attempts": attempts})
        keys = RunKeys(making.nightly_run(config), {})
        connections = Connections(store=making.store_settings(folder), ledger_url=None, cache=folder / "models")
        services = TaskServices(connections, run=keys.run, config=config)
        context = stage_context(keys, services, find_stage("nightly", "reverse"), 0)
        return list(reverse(samples, replace(context, attempt=tries))), server


def sample(name: str = "s0", **given: Any) -> Sample:
    """An executed program without a problem: 3 * 4 = 12, unless another input is given."""
    return replace(making.sample(name), problem=None, solution=None, judgement=None, **given)


def problem_in(row: JudgedRecord[Sample]) -> Problem:
    assert row.record.problem is not None
    return row.record.problem


def test_the_first_problem_that_keeps_the_rules_stays(tmp_path: Path) -> None:
    (row,), server = reversed_by(tmp_path, [SHORT, GOOD, LEAKS], sample(), attempts=4)
    assert (row.verdict.kept, problem_in(row).text, problem_in(row).attempt) == (True, GOOD, 2)
    assert len({body["seed"] for _, _, body in server.asked}) == len(server.asked) == 2


def test_all_attempts_are_paid_for_by_the_problem(tmp_path: Path) -> None:
    (row,), _ = reversed_by(tmp_path, [SHORT, LEAKS, GOOD], sample(), attempts=3)
    made = problem_in(row).generation
    assert (made.prompt_tokens, made.completion_tokens, made.cost_usd) == (30, 60, 30.0)


def test_where_all_fail_the_last_problem_and_its_reason_are_kept(tmp_path: Path) -> None:
    (row,), server = reversed_by(tmp_path, [LEAKS, SHORT], sample(), attempts=3)
    assert (row.verdict.reason, problem_in(row).text, problem_in(row).attempt) == (Reason.NAMES_NO_INPUT, SHORT, 3)
    assert len(server.asked) == 3


def test_programs_come_back_in_their_order_and_only_those_without_a_problem_are_asked_about(tmp_path: Path) -> None:
    easy = sample("s1", program=replace(making.sample().program, code=EASY))
    rows, server = reversed_by(tmp_path, [SHORT, GOOD], sample(), easy, sample("s2"), attempts=2)
    assert [(row.id, row.verdict.kept, problem_in(row).attempt) for row in rows] == [
        ("s0", True, 2),
        ("s1", True, 1),
        ("s2", True, 2),
    ]
    assert len(server.asked) == 5


def test_what_no_attempt_answers_stays_unknown(tmp_path: Path) -> None:
    (row,), _ = reversed_by(tmp_path, [ENDED, SHORT], sample(), attempts=2)
    assert (row.verdict.outcome, row.verdict.reason, problem_in(row).attempt) == (
        Outcome.UNKNOWN,
        Reason.ENGINE_LOST,
        1,
    )


def test_another_try_of_the_runner_asks_for_what_was_not_asked_for_before(tmp_path: Path) -> None:
    seeds = [
        {body["seed"] for _, _, body in reversed_by(tmp_path, [SHORT], sample(), attempts=2, tries=tries)[1].asked}
        for tries in (0, 1)
    ]
    assert len(seeds[0] | seeds[1]) == 4


def test_attempts_need_a_temperature() -> None:
    with pytest.raises(
        ConfigError, match=r"reverser\.attempts is 2, and models\.reverser\.temperature 0 writes the same"
    ):
        load_config("nano", ["reverser.attempts=2", "models.reverser.temperature=0"])
    assert load_config("nano", ["reverser.attempts=2", "models.reverser.temperature=0.5"]).reverser.attempts == 2
