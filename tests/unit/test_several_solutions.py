"""Several solutions of one problem: asked for, grouped by the grader, and one of them chosen; how many agree is kept."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import making
import published
import pytest
from endpoints import Body, Said, completion, fault, serving, text_of
from finished_outputs import finish_output

from caco_tasks.checks.answer_groups import AnswerGroups, group_answers
from caco_tasks.config import RunConfig, load_config
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.counting import OutputCounts
from caco_tasks.errors import ConfigError
from caco_tasks.grading import Comparison, Grader
from caco_tasks.pipeline import STAGES, find_stage
from caco_tasks.publishing.dataset_row import dataset_row, difficulty_of
from caco_tasks.publishing.export import FORMATS, format_row
from caco_tasks.records import (
    PASS,
    Finding,
    JudgedRecord,
    Outcome,
    Problem,
    Reason,
    Sample,
    Solution,
    fail,
    unknown,
)
from caco_tasks.runner import make_output
from caco_tasks.services import TaskServices
from caco_tasks.stages.agree import agree
from caco_tasks.store import Manifest
from caco_tasks.store.shards import read_shard

RIGHT = "3 pens at 4 coins each cost 3 × 4 = 12 coins.\nThe answer is \\boxed{12}."
SHORT = "3 × 4 = 12.\nThe answer is \\boxed{12}."
LONG = "There are 3 pens, each for 4 coins. All of them together cost 3 × 4 = 12 coins.\nThe answer is \\boxed{12.0}."
WRONG = "3 + 4 = 7.\nThe answer is \\boxed{7}."
FALSE = "3 × 3 = 12.\nThe answer is \\boxed{12}."


def groups_of(expected: str, *answers: str) -> AnswerGroups:
    """The groups of answers to one question, by the real grader."""
    with Grader(making.small_config().grading) as grader:
        (found,) = group_answers([(expected, answers)], grader.compare)
    return found


GROUPED: dict[str, tuple[tuple[str, ...], str | None, float | None]] = {
    "one group, however it is written": (("0.5", "1/2", "\\frac{1}{2}", "7"), "0.5", 0.75),
    "the most frequent writing stands for it": (("1/2", "0.5", "1/2"), "1/2", 1.0),
    "a group that is not the expected one": (("3", "0.5", "3.0", "6/2"), "3", 0.75),
    "groups found after smaller ones": (("3", "4", "5", "4", "4.0"), "4", 0.6),
    "of two as large the expected one": (("3", "3", "0.5", "1/2"), "0.5", 0.5),
    "of two others as large the first": (("3", "4", "4.0", "3.0"), "3", 0.5),
    "one": (("8",), "8", 1.0),
    "none": ((), None, None),
}


@pytest.mark.parametrize(("answers", "majority", "share"), GROUPED.values(), ids=GROUPED)
def test_answers_are_grouped_by_what_they_mean(
    answers: tuple[str, ...], majority: str | None, share: float | None
) -> None:
    found = groups_of("1/2", *answers)
    assert (found.majority, found.majority_share) == (majority, share)


def test_questions_are_grouped_together_and_each_by_itself() -> None:
    with Grader(making.small_config().grading) as grader:
        found = group_answers([("1", ["1", "2", "2"]), ("2", []), ("3", ["3"])], grader.compare)
    assert [(one.majority, one.majority_count) for one in found] == [("2", 2), (None, 0), ("3", 1)]


def test_an_answer_that_cannot_be_compared_in_time_is_in_no_group_and_asked_about_once() -> None:
    asked: list[tuple[str, str]] = []

    def compare(pairs: Iterable[tuple[str, str]]) -> Iterator[Comparison]:
        for pair in pairs:
            asked.append(pair)
            equal = PASS if pair[0] == pair[1] else fail(Reason.ANSWERS_DIFFER)
            yield Comparison(unknown(Reason.CHECKER_TIMEOUT) if "slow" in pair else equal, "test", 0.0)

    (found,) = group_answers([("1", ["slow", "slow", "2", "1"])], compare)
    assert (found.majority, found.majority_share) == ("1", 0.25)
    assert asked == [("1", "slow"), ("1", "2"), ("1", "1")]


def test_so_many_answers_cost_no_more_comparisons_than_there_can_be_groups_that_matter() -> None:
    asked = []

    def compare(pairs: Iterable[tuple[str, str]]) -> Iterator[Comparison]:
        for pair in pairs:
            asked.append(pair)
            yield Comparison(PASS if pair[0] == pair[1] else fail(Reason.ANSWERS_DIFFER), "test", 0.0)

    answers = ["0"] * 32 + [str(number) for number in range(1, 33)]
    (found,) = group_answers([("0", answers)], compare)
    assert (found.majority, len(asked)) == ("0", 33)  # 32 others cannot be more than the 32 that agree


def judged_by_agree(folder: Path, solution: Solution, **changes: Any) -> JudgedRecord[Sample]:
    """What `agree` says of several solutions of one problem."""
    config = making.small_config(**changes)
    (judged,) = agree([making.sample(solution=solution)], making.context_in(folder, "agree", config))
    return judged


def solution_in(judged: JudgedRecord[Sample]) -> Solution:
    assert judged.record.solution is not None
    return judged.record.solution


FOUR = making.solutions((WRONG, "7"), (RIGHT, "12"), (LONG, "12.0"), (SHORT, "12"))
CHOSEN = {"first": RIGHT, "shortest": SHORT, "longest": LONG}


@pytest.mark.parametrize(("publish", "text"), CHOSEN.items())
def test_one_that_agrees_is_chosen_as_the_config_says(tmp_path: Path, publish: str, text: str) -> None:
    judged = judged_by_agree(tmp_path, FOUR, solver={"publish": publish})
    chosen = solution_in(judged)
    assert (judged.verdict, chosen.text) == (PASS, text)
    [candidate] = [one for one in FOUR.candidates if one.text == text]
    assert (chosen.answer, chosen.generation) == (candidate.answer, candidate.generation)


def test_a_random_one_follows_from_the_sample_and_is_not_always_the_same(tmp_path: Path) -> None:
    config = making.small_config(solver={"publish": "random"})
    samples = [making.sample(f"s{number}", solution=FOUR) for number in range(40)]
    context = making.context_in(tmp_path, "agree", config)
    first, again = ([solution_in(row).text for row in agree(samples, context)] for _ in range(2))
    assert first == again
    assert set(first) == {RIGHT, LONG, SHORT}
    assert min(first.count(text) for text in set(first)) >= 5


def test_a_row_keeps_every_answer_how_many_agree_and_one_text(tmp_path: Path) -> None:
    chosen = solution_in(judged_by_agree(tmp_path, FOUR))
    assert [(one.answer, one.agrees, one.text) for one in chosen.candidates] == [
        ("7", False, None),
        ("12", True, None),
        ("12.0", True, None),
        ("12", True, None),
    ]
    assert [one.generation for one in chosen.candidates] == [one.generation for one in FOUR.candidates]
    assert (chosen.pass_rate, chosen.majority_answer, chosen.majority_share) == (0.75, "12", 0.75)
    assert chosen.equations_checked == 1


def test_one_solution_leaves_no_trace_of_several(tmp_path: Path) -> None:
    chosen = solution_in(judged_by_agree(tmp_path, making.solution()))
    assert (chosen.candidates, chosen.pass_rate, chosen.majority_answer, chosen.majority_share) == (
        (),
        None,
        None,
        None,
    )


def test_a_cut_off_one_has_not_solved_the_problem_and_a_lost_one_says_nothing(tmp_path: Path) -> None:
    four = making.solutions((RIGHT, "12"), ("…", None), ("", None), (SHORT, "12"))
    ends = zip(four.candidates, ("stop", "length", "error", "stop"), strict=True)
    ended = [replace(one, generation=replace(one.generation, finish_reason=end)) for one, end in ends]
    chosen = solution_in(judged_by_agree(tmp_path, replace(four, candidates=tuple(ended))))
    assert [one.agrees for one in chosen.candidates] == [True, False, None, True]
    assert chosen.pass_rate == pytest.approx(2 / 3)
    assert chosen.majority_share == 1.0  # of the answers that there are


def test_one_that_breaks_a_rule_gives_way_to_the_next(tmp_path: Path) -> None:
    judged = judged_by_agree(tmp_path, making.solutions((FALSE, "12"), (WRONG, "7"), (RIGHT, "12")))
    assert (judged.verdict, solution_in(judged).text, judged.record.findings) == (PASS, RIGHT, ())


def test_where_each_breaks_a_rule_the_first_says_why(tmp_path: Path) -> None:
    from_nowhere = "17 × 4 = 68, and 68 - 56 = 12.\nThe answer is \\boxed{12}."
    judged = judged_by_agree(tmp_path, making.solutions((FALSE, "12"), (from_nowhere, "12")))
    assert judged.verdict.reason is Reason.FALSE_EQUATION
    assert solution_in(judged).text == FALSE


def test_none_that_agrees_is_a_rejection_that_names_what_most_say(tmp_path: Path) -> None:
    judged = judged_by_agree(tmp_path, making.solutions((WRONG, "7"), (WRONG, "7.0"), ("It is 8.", "8")))
    assert judged.verdict == fail(Reason.ANSWERS_DIFFER, "none agrees; 2 of 3 answers are 7, the program gives 12")
    chosen = solution_in(judged)
    assert (chosen.pass_rate, chosen.majority_answer, chosen.text) == (0.0, "7", WRONG)
    assert chosen.equations_checked == 1


MAJORITIES: dict[str, tuple[tuple[str, ...], str | None]] = {
    "two of three": (("12", "7", "7"), "2 of 3 answers are 7, the program gives 12"),
    "however they are written": (("7", "12", "7.0", "14/2"), "3 of 4 answers are 7, the program gives 12"),
    "half of them": (("12", "12", "7", "7"), None),
    "two other answers": (("12", "7", "8"), None),
    "the program's own": (("12", "12", "7"), None),
}


@pytest.mark.parametrize(("answers", "said"), MAJORITIES.values(), ids=MAJORITIES)
@pytest.mark.parametrize("rule", ["reject", "record", "off"])
def test_a_majority_for_another_answer_is_a_finding(
    tmp_path: Path, answers: tuple[str, ...], said: str | None, rule: str
) -> None:
    solution = making.solutions(*((RIGHT if answer == "12" else WRONG, answer) for answer in answers))
    judged = judged_by_agree(tmp_path, solution, agree={"majority_differs": rule})
    found = fail(Reason.MAJORITY_DIFFERS, said) if said else PASS
    assert judged.verdict == (found if rule == "reject" else PASS)
    recorded = (Finding(stage="agree", reason=Reason.MAJORITY_DIFFERS, detail=said),) if said else ()
    assert judged.record.findings == (recorded if rule == "record" else ())


@pytest.mark.parametrize("rule", ["reject", "record", "off"])
def test_an_answer_that_nobody_understands_is_never_let_pass(tmp_path: Path, rule: str) -> None:
    solution = making.solution(RIGHT, answer="a" * 30_000)
    judged = judged_by_agree(tmp_path, solution, agree={"not_understood": rule})
    assert (judged.verdict.outcome, judged.verdict.reason) == (Outcome.UNKNOWN, Reason.NOT_UNDERSTOOD)


def test_every_reply_is_paid_for_and_the_sample_is_counted_once() -> None:
    counts = OutputCounts(STAGES["solve"])
    cut_off = replace(FOUR.candidates[3].generation, finish_reason="length", cost_usd=0.5, is_replayed=True)
    candidates = (*FOUR.candidates[:3], replace(FOUR.candidates[3], generation=cut_off))
    record = making.sample(solution=replace(FOUR, candidates=candidates))
    list(counts.counting([JudgedRecord(record=record, verdict=PASS)], {}))
    facts = counts.facts()
    assert (facts["read"], facts["requests"], facts["completion_tokens"]) == (1, 4, 10 + 11 + 12 + 13)
    assert (facts["cut_off"], facts["replayed"], facts["cost_usd"]) == (1, 1, 0.5)


@pytest.mark.parametrize("key", ["solver.samples=0", "solver.samples=65", "solver.publish=best"])
def test_numbers_and_choices_are_bounded(key: str) -> None:
    with pytest.raises(ConfigError, match=r"The setting 'solver\.(samples|publish)' in"):
        load_config("nano", [key])


def test_several_solutions_at_temperature_0_would_be_one() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("nano", ["solver.samples=4"])
    assert str(caught.value).endswith(
        "nano.toml is wrong: solver.samples is 4, and models.solver.temperature 0 writes the same text each time: set a "
        "temperature, or ask once."
    )
    assert load_config("nano", ["solver.samples=4", "models.solver.temperature=0.7"]).solver.samples == 4


DIFFICULTIES = {None: None, 1.0: 1, 7 / 8: 1, 4 / 5: 2, 0.5: 3, 2 / 5: 4, 1 / 5: 5, 1 / 16: 5}


def test_the_share_that_agrees_is_the_difficulty_of_a_row() -> None:
    assert {rate: difficulty_of(rate) for rate in DIFFICULTIES} == DIFFICULTIES


def test_a_row_and_its_exports_change_only_where_several_were_asked_for(tmp_path: Path) -> None:
    one, several = (
        dataset_row(judged_by_agree(tmp_path, solution).record, published.row_origin(making.nightly_run(CONFIG)))
        for solution in (making.solution(), FOUR)
    )
    assert (one["pass_rate"], one["solutions"], one["difficulty"]) == (None, None, None)
    assert (several["pass_rate"], several["solutions"], several["difficulty"]) == (0.75, 4, 2)
    assert several["solver_request"] == "request 1"
    added = {name: set(format_row(several, name)) - set(format_row(one, name)) for name in FORMATS}
    assert added == {name: {"pass_rate"} if name == "rlvr" else set() for name in FORMATS}


CONFIG = making.small_config()

SAID: dict[str, list[str | None]] = {
    "all": [WRONG, RIGHT, SHORT],
    "one": [WRONG, "I do not know.", SHORT],
    "none": ["I do not know.", "Nor do I.", "Nobody does."],
    "lost": [None, "I do not know.", "Nobody does."],
    "lost and right": [None, RIGHT, RIGHT],
}


class Line:
    """The stages `solve` and `agree` of one run, whose solver is a server that says three things of each problem."""

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder, self.keys = folder, making.keys_in(folder, config)
        rows = [
            making.sample(
                name,
                index=place,
                problem=Problem(text=name, generation=making.generation()),
                solution=None,
                judgement=None,
            )
            for place, name in enumerate(SAID)
        ]
        finish_output(
            self.keys, making.store_in(folder), "reverse", [JudgedRecord(record=row, verdict=PASS) for row in rows]
        )

    def run(self, stage: str) -> tuple[Manifest, dict[str, JudgedRecord[Sample]]]:
        """Makes an output; returns its manifest and its rows by id."""
        store = making.store_in(self.folder)
        connections = Connections(store=making.store_settings(self.folder), ledger_url=None, cache=self.folder)
        with TaskServices(connections, run=self.keys.run, config=self.keys.config) as services:
            made = make_output(stage_context(self.keys, services, find_stage("nightly", stage), 0), self.keys)
        return made, {row.id: row for row in read_shard(store, made.uri, Sample, sha256=made.sha256)}


def answer(body: Body, times: int) -> Said:
    """What the server says: the next of the three things, or again from the first."""
    problem = text_of(body).removeprefix("<|solve|>").removesuffix("<|solution|>")
    told = SAID[problem][times % 3]
    return fault(400) if told is None else completion({"text": told}, tokens=10)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A run that asks for three solutions of each problem."""
    with serving(answer) as server:
        endpoint = {"base_url": server.base_url, "concurrency": 1, "attempts": 1, "max_error_share": 1.0}
        table = {"engine": "openai", "model": "m", "prompt": "nano_solve.v1", "temperature": 0.7, "endpoint": endpoint}
        plain = {"model": "nano:codegen", "prompt": "nano_program.v1"}
        models = {role: plain for role in ("codegen", "reverser", "judge")} | {"solver": table}
        settings = {"solver": {"samples": 3, "publish": "shortest"}, "runner": {"retries_of_unknown": 0}}
        yield Line(tmp_path, making.small_config(models=models, **settings))


def test_replies_that_differ_are_one_sample_each_time(line: Line) -> None:
    made, rows = line.run("solve")
    assert (made.read, made.passed, made.failed, made.unknown) == (5, 3, 1, 1)
    assert (made.requests, made.completion_tokens) == (15, 13 * 20)  # two were lost
    assert {name: row.verdict.reason for name, row in rows.items()} == {
        "all": None,
        "one": None,
        "none": Reason.NO_FINAL_ANSWER,
        "lost": Reason.ENGINE_LOST,
        "lost and right": None,
    }
    assert {name: [one.answer for one in solution_in(row).candidates] for name, row in rows.items()} == {
        "all": ["7", "12", "12"],
        "one": ["7", None, "12"],
        "none": [None, None, None],
        "lost": [None, None, None],
        "lost and right": [None, "12", "12"],
    }
    assert len({one.generation.request_id for row in rows.values() for one in solution_in(row).candidates}) == 15


def test_the_one_that_agrees_goes_on_to_the_judge(line: Line) -> None:
    line.run("solve")
    made, rows = line.run("agree")
    assert (made.read, made.passed) == (3, 3)
    chosen = {name: solution_in(row) for name, row in rows.items()}
    assert {name: (one.text, one.pass_rate) for name, one in chosen.items()} == {
        "all": (SHORT, pytest.approx(2 / 3)),
        "one": (SHORT, pytest.approx(1 / 3)),
        "lost and right": (RIGHT, 1.0),
    }
    assert {name: one.majority_share for name, one in chosen.items()} == {
        "all": pytest.approx(2 / 3),
        "one": 0.5,
        "lost and right": 1.0,
    }


def test_a_lost_one_is_told_from_one_that_failed(line: Line) -> None:
    _, rows = line.run("solve")
    assert [one.is_lost for one in solution_in(rows["lost"]).candidates] == [True, False, False]
