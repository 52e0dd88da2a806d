"""What stages decide by themselves: how a reply ended, what a judge said, which draws a shard has, whether answers agree."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import making
import pytest

from caco_tasks.config import RoleName
from caco_tasks.connections import Connections
from caco_tasks.grading import VERSION
from caco_tasks.grading.answer_pairs import shorten_pair
from caco_tasks.llm import Llm, Reply, Request
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import PASS, JudgedRecord, Outcome, Program, Reason, Sample, Verdict, fail, unknown
from caco_tasks.services import TaskServices
from caco_tasks.stages.agree import agree
from caco_tasks.stages.judge import judge, majority, parse_judgement
from caco_tasks.stages.sample import records, sample
from caco_tasks.stages.shared.missing_parts import no_code_found, no_final_answer
from caco_tasks.stages.shared.prompting import program_variables, reply_verdict
from caco_tasks.stages.train import Lesson, is_held_out, training_text

YES = '{"verdict": "yes", "first_disagreeing_step": null, "reason": "fits"}'
NO = '{"verdict": "no", "first_disagreeing_step": 2, "reason": "the price"}'
ILL_POSED = '{"verdict": "ill-posed", "first_disagreeing_step": null, "reason": "no price"}'

JUDGEMENTS: dict[str, tuple[str, Outcome, Reason | None]] = {
    "yes": (YES, Outcome.PASS, None),
    "yes in a word": ("Yes.", Outcome.PASS, None),
    "no": (NO, Outcome.FAIL, Reason.INCONSISTENT),
    "no without a step": (NO.replace("2", "null"), Outcome.FAIL, Reason.INCONSISTENT),
    "ill-posed": (ILL_POSED, Outcome.FAIL, Reason.ILL_POSED),
    "nothing": ("", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "neither": ("I could not say.", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "yes, and a step that disagrees": (YES.replace("null", "2"), Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "two objects": (f"{YES}\n{NO}", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
}
EVIDENCE: dict[str, tuple[str, Outcome, Reason | None]] = {
    "that agrees": ("3=3 10=10", Outcome.PASS, None),
    "that disagrees": ("3=3 10=12", Outcome.FAIL, Reason.INCONSISTENT),
    "half of it": ("3=3 10=", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
}


@pytest.mark.parametrize(("reply", "outcome", "reason"), JUDGEMENTS.values(), ids=JUDGEMENTS)
def test_a_judgement_passes_fails_or_is_unknown(reply: str, outcome: Outcome, reason: Reason | None) -> None:
    verdict = parse_judgement(reply)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(("reply", "outcome", "reason"), EVIDENCE.values(), ids=EVIDENCE)
def test_evidence_is_read_from_a_judge_that_gives_it_and_from_no_other(
    reply: str, outcome: Outcome, reason: Reason | None
) -> None:
    verdict = parse_judgement(reply, evidence=True)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert parse_judgement(reply).outcome is Outcome.UNKNOWN


def test_a_judge_s_step_and_reason_are_kept_with_a_rejection() -> None:
    assert parse_judgement(NO) == fail(Reason.INCONSISTENT, "step 2: the price")
    assert parse_judgement(ILL_POSED) == fail(Reason.ILL_POSED, "no price")
    assert parse_judgement("perhaps" * 100).detail == ("perhaps" * 100)[:200]


BAD, OPEN = fail(Reason.INCONSISTENT, "the price"), fail(Reason.ILL_POSED)
MUTE = unknown(Reason.UNPARSEABLE_JUDGEMENT, "hm")
VOTES: dict[str, tuple[list[Verdict], Verdict]] = {
    "one yes": ([PASS], PASS),
    "one no": ([BAD], BAD),
    "one that nobody can read": ([MUTE], MUTE),
    "two of one mind": ([PASS, PASS], PASS),
    "two that disagree": ([PASS, BAD], unknown(Reason.JUDGES_DISAGREE, "of 2 replies 1 pass, 1 inconsistent")),
    "two reasons to reject": ([BAD, OPEN], unknown(Reason.JUDGES_DISAGREE, "of 2 replies 1 inconsistent, 1 ill_posed")),
    "two of three": ([PASS, BAD, PASS], Verdict(Outcome.PASS, detail="2 of 3 replies")),
    "two of three against": ([PASS, BAD, BAD], fail(Reason.INCONSISTENT, "2 of 3 replies: the price")),
    "a yes and one that nobody can read": ([PASS, MUTE], MUTE),
    "two yes and one that nobody can read": ([MUTE, PASS, PASS], Verdict(Outcome.PASS, detail="2 of 3 replies")),
    "half of four": (
        [PASS, PASS, BAD, OPEN],
        unknown(Reason.JUDGES_DISAGREE, "of 4 replies 2 pass, 1 inconsistent, 1 ill_posed"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("verdicts", "expected"), VOTES.values(), ids=VOTES)
def test_more_than_half_of_the_replies_must_say_the_same(verdicts: list[Verdict], expected: Verdict) -> None:
    assert majority(verdicts) == expected


class Bench:
    """An `Llm` of judges: says yes to one template, and no to its twin."""

    model_id = "bench@1"

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked += requests
        return [self._reply(request) for request in requests]

    def _reply(self, request: Request) -> Reply:
        made = replace(making.generation("judge"), request_id=request.request_id, prompt=request.prompt)
        return Reply(text=NO if "program_first" in request.prompt else YES, generation=made)


class Courtroom(TaskServices):
    """The platform's own services, with that model as the judge."""

    bench: Bench

    def llm(self, role: RoleName, key: str) -> Llm:
        return self.bench


def tried(tmp_path: Path, *, attempt: int = 0, **judge_settings: Any) -> tuple[JudgedRecord[Sample], Bench]:
    """One sample before that judge."""
    model = {"model": "nano:judge", "prompt": "judge.v2"}
    roles = {role: model for role in ("codegen", "reverser", "solver", "judge")}
    config = making.small_config(models=roles, judge=judge_settings)
    plain = making.context_in(tmp_path, "judge", config)
    connections = Connections(store=making.store_settings(tmp_path), ledger_url=None, cache=tmp_path)
    services = Courtroom(connections, run=plain.run, config=config)
    services.bench = Bench()
    context = replace(plain, services=services, attempt=attempt)
    (judged,) = judge([making.sample(judgement=None)], context)
    return judged, services.bench


def test_a_judge_is_asked_in_both_orders_and_every_reply_is_kept(tmp_path: Path) -> None:
    judged, bench = tried(tmp_path, times=2, both_orders=True)
    judgement = judged.record.judgement
    assert judgement is not None
    assert judged.verdict.reason is Reason.JUDGES_DISAGREE
    assert [vote.prompt for vote in judgement.votes] == ["judge.v2"] * 2 + ["judge_program_first.v2"] * 2
    assert [vote.outcome for vote in judgement.votes] == [Outcome.PASS] * 2 + [Outcome.FAIL] * 2
    assert [vote.first_disagreeing_step for vote in judgement.votes] == [None, None, 2, 2]
    assert len({request.request_id for request in bench.asked}) == 4
    assert judgement.generation.completion_tokens == 4 * making.generation().completion_tokens


def test_a_judge_that_is_tried_again_is_asked_for_other_replies(tmp_path: Path) -> None:
    first, again = (tried(tmp_path, attempt=attempt, times=2)[1].asked for attempt in (0, 1))
    assert not {request.request_id for request in first} & {request.request_id for request in again}


def test_one_question_in_one_order_is_the_default(tmp_path: Path) -> None:
    judged, bench = tried(tmp_path)
    assert judged.verdict == PASS
    assert [request.prompt for request in bench.asked] == ["judge.v2"]


FAMILIES_OF_MODELS = {
    "nano:judge": "nano",
    "Qwen/Qwen3-32B": "qwen",
    "somewhere/models/qwen2.5-7b-instruct/": "qwen",
    "meta-llama/Llama-3.1-8B": "llama",
    "trained": "trained",
    "01-ai/34B": "34b",
}


@pytest.mark.parametrize(("model", "family"), FAMILIES_OF_MODELS.items())
def test_a_model_s_family_is_told_by_its_name(model: str, family: str) -> None:
    assert ModelSettings(model=model, prompt="judge.v2").family == family


@pytest.mark.parametrize(
    ("judge_model", "solver_model", "is_independent"),
    [("nano:judge", "nano:solver", False), ("Qwen/Qwen3-32B", "meta-llama/Llama-3.1-8B", True)],
)
def test_a_judge_of_another_family_than_the_solver_is_independent(
    judge_model: str, solver_model: str, is_independent: bool
) -> None:
    models = {"codegen": "trained", "reverser": "r", "solver": solver_model, "judge": judge_model}
    roles = {role: {"model": model, "prompt": "judge.v2"} for role, model in models.items()}
    assert making.small_config(models=roles).has_independent_judge is is_independent


ENDS: dict[str, tuple[str, str | None, Verdict]] = {
    "by itself": ("stop", None, PASS),
    "at the limit": ("length", None, fail(Reason.CUT_OFF, "after 7 tokens")),
    "before it began": (
        "length",
        "prompt_too_long",
        fail(
            Reason.PROMPT_TOO_LONG,
            "5 tokens of prompt and the most tokens that a reply may have are more than the model takes",
        ),
    ),
    "with the engine": ("stop", "connection reset", unknown(Reason.ENGINE_LOST, "connection reset")),
}


@pytest.mark.parametrize(("finish_reason", "error", "verdict"), ENDS.values(), ids=ENDS)
def test_a_reply_is_judged_by_how_it_ended(finish_reason: str, error: str | None, verdict: Verdict) -> None:
    reply = Reply(text="", generation=replace(making.generation(), finish_reason=finish_reason), error=error)
    assert reply_verdict(reply) == verdict


def test_places_are_numbered_through_the_draw(tmp_path: Path) -> None:
    config = making.small_config(samples=10, shards=3)
    found = [list(records(making.context_in(tmp_path, "sample", config, shard=shard))) for shard in range(3)]
    assert [[draw.index for draw in shard] for shard in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len({draw.sample_id for shard in found for draw in shard}) == 10


class Writer:
    """An `Llm` that writes a program for each request, and says in it which one it was."""

    model_id = "writer@1"

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked += requests
        texts = [f"```python\noutput = {number}\n```" for number in range(len(requests))]
        made = [replace(making.generation(), request_id=request.request_id) for request in requests]
        return [Reply(text=text, generation=one) for text, one in zip(texts, made, strict=True)]


class Studio(TaskServices):
    """The platform's own services, with that model as CodeGen."""

    writer: Writer

    def llm(self, role: RoleName, key: str) -> Llm:
        return self.writer


def sampled(folder: Path, *, attempt: int = 0, **changes: Any) -> tuple[list[JudgedRecord[Sample]], list[Request]]:
    """What `sample` makes of a shard, and what it asked."""
    config = making.small_config(**changes)
    plain = making.context_in(folder, "sample", config)
    connections = Connections(store=making.store_settings(folder), ledger_url=None, cache=folder)
    services = Studio(connections, run=plain.run, config=config)
    services.writer = Writer()
    context = replace(plain, services=services, attempt=attempt)
    return list(sample(records(context), context)), services.writer.asked


def test_a_sample_is_asked_for_in_the_name_of_its_draw(tmp_path: Path) -> None:
    rows, asked = sampled(tmp_path)
    assert [row.record.index for row in rows] == list(range(10))
    assert [row.record.program.code for row in rows] == [f"output = {number}\n" for number in range(10)]
    longer = sampled(tmp_path, samples=20)[1]
    assert [request.request_id for request in longer[:10]] == [request.request_id for request in asked]
    same_text = {request.text for request in asked}
    assert len(same_text) == 1  # nothing but the start token: what tells requests apart is their place in the draw
    assert len({request.request_id for request in longer}) == 20


def test_a_sample_that_is_tried_again_is_asked_for_another_program(tmp_path: Path) -> None:
    first, again, third = (sampled(tmp_path, attempt=attempt)[1] for attempt in range(3))
    assert len({request.request_id for request in (*first, *again, *third)}) == 30


def judged_by_agree(tmp_path: Path, *samples: Sample) -> list[JudgedRecord[Sample]]:
    """What `agree` says, with the real grader."""
    context = making.context_in(tmp_path, "agree")
    return list(agree(samples, context))


SOLVED: dict[str, tuple[str, str | None, Reason | None]] = {
    "the same number": ("3 × 4 = 12", "12", None),
    "the same number, written otherwise": ("3 × 4 = 12", "12.0", None),
    "another number": ("3 × 4 = 12", "13", Reason.ANSWERS_DIFFER),
    "a number near it": ("3 × 4 = 12", "12.0001", Reason.ANSWERS_DIFFER),
    "no answer": ("3 × 4 = 12", None, Reason.ANSWERS_DIFFER),
    "a false equation on the way": ("3 × 4 = 13, less 1: 13 - 1 = 12", "12", Reason.FALSE_EQUATION),
    "a false equation and another number": ("3 × 4 = 13", "13", Reason.ANSWERS_DIFFER),
    "a true step from nowhere": ("17 × 4 = 68, and 68 - 56 = 12", "12", Reason.UNGROUNDED_NUMBER),
}


@pytest.mark.parametrize(("text", "answer", "reason"), SOLVED.values(), ids=SOLVED)
def test_a_solution_agrees_when_answer_and_equations_are_right(
    tmp_path: Path, text: str, answer: str | None, reason: Reason | None
) -> None:
    sample = making.sample(solution=making.solution(text, answer))
    judged = judged_by_agree(tmp_path, sample)
    assert [row.verdict.reason for row in judged] == [reason]


DETAILS = {
    "another number": ("13", "the solution says 13, the program gives 12"),
    "no answer": (None, "the solution says nothing, the program gives 12"),
    "a long one": ("9" * 100, f"the solution says {'9' * 80}…, the program gives 12"),
}


@pytest.mark.parametrize(("answer", "detail"), DETAILS.values(), ids=DETAILS)
def test_answers_that_differ_are_both_in_the_verdict(tmp_path: Path, answer: str | None, detail: str) -> None:
    [row] = judged_by_agree(tmp_path, making.sample(solution=making.solution("3 × 4 = 12", answer)))
    assert (row.verdict.detail or "").startswith(detail)


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        pytest.param("1\n 2", "", ("1 2", "nothing"), id="on one line"),
        pytest.param("7" * 99 + "1", "7" * 99 + "2", (f"…{'7' * 20}1", f"…{'7' * 20}2"), id="the end differs"),
        pytest.param("7" * 99, "7" * 98, (f"…{'7' * 21}", f"…{'7' * 20}"), id="one is the beginning of the other"),
    ],
)
def test_long_answers_are_cut_so_that_the_difference_is_seen(one: str, other: str, shown: tuple[str, str]) -> None:
    assert shorten_pair(one, other) == shown


def test_a_reply_that_lacks_its_part_is_told_by_its_words() -> None:
    assert no_final_answer("So she has\nsome left.").detail == "it ends: So she has some left."
    assert no_final_answer(None).detail == "the solution is empty"
    assert no_code_found("Sure! " * 90).detail == "it begins: " + ("Sure! " * 90)[:120]
    assert no_code_found(" \n").detail == "the reply is empty"


def test_agree_keeps_order_and_says_how_many_equations_it_computed(tmp_path: Path) -> None:
    none = making.sample("none", solution=None)
    two = making.sample("two", solution=making.solution("3 + 3 = 6 and 6 × 2 = 12"))
    judged = judged_by_agree(tmp_path, none, two)
    assert [(row.record.sample_id, row.verdict.reason) for row in judged] == [
        ("none", Reason.NO_FINAL_ANSWER),
        ("two", None),
    ]
    assert judged[1].record.solution is not None
    assert judged[1].record.solution.equations_checked == 2
    assert judged[1].record.solution.compared_by == f"integer {VERSION}"


def test_prompts_are_told_of_a_program_and_of_what_it_did() -> None:
    assert program_variables(making.sample()) == {
        "code": making.CODE,
        "input": '{"pens": 3, "price": 4}',
        "output": "12",
    }
    assert program_variables(making.sample(execution=None)) == {"code": making.CODE, "input": "", "output": ""}


def test_models_that_read_a_program_are_not_told_its_domain() -> None:
    tagged = Program(program_id="p", code=f"# domain: algebra\n{making.CODE}")
    assert program_variables(replace(making.sample(), program=tagged))["code"] == making.CODE


def test_training_texts_are_the_code_behind_the_start_token() -> None:
    lesson, settings = Lesson(making.CODE, "arithmetic"), making.small_config().train
    assert training_text(lesson, "<|program|>", settings) == f"<|program|>{making.CODE}"
    tagged = settings.model_copy(update={"domain_tags": True})
    assert training_text(lesson, "<|program|>", tagged) == f"<|program|># domain: arithmetic\n{making.CODE}"


def test_the_held_out_share_is_about_what_it_says_and_grows_with_it() -> None:
    lessons = [Lesson(f"output = {number}", None) for number in range(2000)]
    some, more = ({one for one in lessons if is_held_out(one, share)} for share in (0.05, 0.2))
    assert some < more
    assert 60 < len(some) < 140
    assert 330 < len(more) < 470
