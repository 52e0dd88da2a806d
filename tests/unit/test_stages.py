"""What stages decide by themselves: how a reply ended, what a judge said, which draws a shard has, whether answers agree."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import making
import pytest

from caco_tasks.llm import Reply
from caco_tasks.records import PASS, Judged, Outcome, Program, Reason, Sample, Verdict, fail, unknown
from caco_tasks.stages import PIPELINES, STAGES, shards_of
from caco_tasks.stages.agree import agree
from caco_tasks.stages.asking import code_of, ended
from caco_tasks.stages.judge import parse_judgement
from caco_tasks.stages.sample import draws
from caco_tasks.stages.train import is_held_out, training_text

JUDGEMENTS: dict[str, tuple[str, Outcome, Reason | None]] = {
    "yes": ("yes", Outcome.PASS, None),
    "yes with spaces and a capital": (" Yes \n", Outcome.PASS, None),
    "no": ("no", Outcome.FAIL, Reason.INCONSISTENT),
    "ill-posed": ("ill-posed", Outcome.FAIL, Reason.ILL_POSED),
    "yes in JSON": ('{"verdict": "yes", "reason": "fits"}', Outcome.PASS, None),
    "no in JSON": ('{"verdict": "NO"}', Outcome.FAIL, Reason.INCONSISTENT),
    "ill-posed in JSON": ('{"verdict": "ill-posed"}', Outcome.FAIL, Reason.ILL_POSED),
    "nothing": ("", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "both": ("yes no", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "a sentence with yes in it": ("yes, it is true", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "yes with a stop": ("yes.", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "true": ("true", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "broken JSON": ('{"verdict": "yes"', Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "JSON and talk": ('{"verdict": "yes"} I hope', Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "JSON without a verdict": ('{"answer": "yes"}', Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "a verdict that is no word": ('{"verdict": ["yes"]}', Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "a truth value": ('{"verdict": true}', Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "deep JSON": ('{"verdict": ' + "[" * 100_000, Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "a huge number": ('{"verdict": ' + "9" * 10_000 + "}", Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
}


@pytest.mark.parametrize(("reply", "outcome", "reason"), JUDGEMENTS.values(), ids=JUDGEMENTS)
def test_a_judgement_is_one_of_three_words_or_unknown(reply: str, outcome: Outcome, reason: Reason | None) -> None:
    verdict = parse_judgement(reply)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_a_judge_s_reason_is_kept_with_a_rejection() -> None:
    assert parse_judgement('{"verdict": "no", "reason": "the price"}') == fail(Reason.INCONSISTENT, "the price")
    assert parse_judgement('{"verdict": "no"}') == fail(Reason.INCONSISTENT)
    assert parse_judgement("perhaps" * 100).detail == ("perhaps" * 100)[:200]


ENDS: dict[str, tuple[str, str | None, Verdict]] = {
    "by itself": ("stop", None, PASS),
    "at the limit": ("length", None, fail(Reason.CUT_OFF, "after 7 tokens")),
    "before it began": ("length", "prompt_too_long", fail(Reason.PROMPT_TOO_LONG)),
    "with the engine": ("stop", "connection reset", unknown(Reason.ENGINE_LOST, "connection reset")),
}


@pytest.mark.parametrize(("finish_reason", "error", "verdict"), ENDS.values(), ids=ENDS)
def test_a_reply_is_judged_by_how_it_ended(finish_reason: str, error: str | None, verdict: Verdict) -> None:
    reply = Reply(text="", generation=replace(making.generation(), finish_reason=finish_reason), error=error)
    assert ended(reply) == verdict


def test_draws_are_numbered_through_the_run(tmp_path: Path) -> None:
    config = making.small_config(samples=10, shards=3)
    found = [list(draws(making.context_in(tmp_path, "sample", config, shard=shard))) for shard in range(3)]
    assert [[draw.number for draw in shard] for shard in found] == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert len({draw.sample_id for shard in found for draw in shard}) == 10


def test_draws_are_the_same_again_and_others_in_another_run(tmp_path: Path) -> None:
    same = [list(draws(making.context_in(tmp_path, "sample"))) for _ in range(2)]
    other = draws(making.context_in(tmp_path, "sample", making.small_config(samples=11)))
    assert same[0] == same[1]
    assert not {draw.sample_id for draw in same[0]} & {draw.sample_id for draw in other}


def judged_by_agree(tmp_path: Path, *samples: Sample) -> list[Judged[Sample]]:
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
}


@pytest.mark.parametrize(("text", "answer", "reason"), SOLVED.values(), ids=SOLVED)
def test_a_solution_agrees_when_answer_and_equations_are_right(
    tmp_path: Path, text: str, answer: str | None, reason: Reason | None
) -> None:
    sample = making.sample(solution=making.solution(text, answer))
    judged = judged_by_agree(tmp_path, sample)
    assert [row.verdict.reason for row in judged] == [reason]


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


def test_prompts_are_told_of_a_program_and_of_what_it_did() -> None:
    assert code_of(making.sample()) == {"code": making.CODE, "input": '{"pens": 3, "price": 4}', "output": "12"}
    assert code_of(making.sample(execution=None)) == {"code": making.CODE, "input": "", "output": ""}


def test_training_texts_are_the_code_behind_the_start_token() -> None:
    program, settings = making.seed_program(), making.small_config().train
    assert training_text(program, "<|program|>", settings) == f"<|program|>{making.CODE}"
    tagged = settings.model_copy(update={"domain_tags": True})
    assert training_text(program, "<|program|>", tagged) == f"<|program|># domain: arithmetic\n{making.CODE}"


def test_the_held_out_share_is_about_what_it_says_and_grows_with_it() -> None:
    program = making.seed_program()
    programs = [
        replace(program, program=Program(program_id=str(number), code=f"output = {number}")) for number in range(2000)
    ]
    some, more = ({p.program for p in programs if is_held_out(p, share)} for share in (0.05, 0.2))
    assert some < more
    assert 60 < len(some) < 140
    assert 330 < len(more) < 470


def test_a_pipeline_s_stages_follow_each_other() -> None:
    assert sorted(stage for stages in PIPELINES.values() for stage in stages) == sorted(STAGES)
    for stages in PIPELINES.values():
        for before, after in pairwise(stages):
            assert STAGES[after].after == before
            assert STAGES[after].reads is STAGES[before].writes


@pytest.mark.parametrize(("pipeline", "shards"), [("seeds", [0, 1, 2]), ("codegen", [0]), ("nightly", [0, 1])])
def test_a_pipeline_has_its_own_number_of_shards(pipeline: str, shards: list[int]) -> None:
    assert list(shards_of(pipeline, 2, 3)) == shards
