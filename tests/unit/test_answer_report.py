"""Whether two answers are equal, as the page of a sample says it: from where and why the sample ended."""

from dataclasses import replace

import pytest

from caco_tasks.records import CandidateSolution, Generation, Program, Reason, Sample, Seed, SeedProgram, Solution
from caco_tasks.reports.answer_report import describe_answers

MADE = Generation(
    request_id="1",
    model_id="nano:base",
    prompt="solve.v1",
    finish_reason="stop",
    prompt_tokens=1,
    completion_tokens=1,
    seconds=0.0,
    cost_usd=0.0,
    is_replayed=False,
)
SOLUTION = Solution(text="It is 8.", answer="8", generation=MADE)
SAMPLE = Sample(sample_id="0" * 32, program=Program(program_id="p", code="output = 8\n"), solution=SOLUTION)
SEED = Seed(seed_id="1" * 32, source="toy", revision="1", licence="MIT", key="1", problem="?", answer="8")


@pytest.mark.parametrize(
    ("seen_by", "stage", "reason", "agrees"),
    [
        pytest.param(["solve", "agree"], "agree", Reason.FALSE_EQUATION, True, id="a false equation, the answer right"),
        pytest.param(["solve", "agree"], "agree", Reason.WRONG_UNIT, True, id="a rule on steps"),
        pytest.param(["solve", "agree"], "agree", Reason.ANSWERS_DIFFER, False, id="another answer"),
        pytest.param(["solve", "agree"], "agree", Reason.CHECKER_TIMEOUT, None, id="nobody could tell"),
        pytest.param(["solve", "agree", "judge"], "judge", Reason.INCONSISTENT, True, id="rejected later"),
        pytest.param(["solve"], "solve", Reason.NO_FINAL_ANSWER, None, id="nobody has compared them"),
    ],
)
def test_a_single_answer_is_equal_where_its_stage_went_on_to_look_at_the_way_to_it(
    seen_by: list[str], stage: str, reason: Reason, agrees: bool | None
) -> None:
    report = describe_answers(SAMPLE, seen_by=seen_by, stage=stage, reason=reason)
    assert report is not None
    assert report.agrees is agrees


def test_of_several_answers_the_chosen_one_counts() -> None:
    others = (replace(MADE, request_id="0"), MADE)
    candidates = tuple(CandidateSolution(answer="8", generation=made, agrees=made is MADE) for made in others)
    sample = replace(SAMPLE, solution=replace(SOLUTION, candidates=candidates))
    report = describe_answers(sample, seen_by=["agree"], stage="agree", reason=Reason.MAJORITY_DIFFERS)
    assert report is not None
    assert report.agrees is True


def test_a_program_that_was_held_to_tests_was_compared_with_no_answer() -> None:
    ended = {"seen_by": ["seeds", "unify"], "stage": "unify", "reason": Reason.WRONG_ANSWER}
    by_answer = describe_answers(SeedProgram(seed=SEED), **ended)  # type: ignore[arg-type]
    by_tests = describe_answers(SeedProgram(seed=replace(SEED, annotation='{"tests": ""}')), **ended)  # type: ignore[arg-type]
    assert by_answer is not None
    assert by_tests is not None
    assert (by_answer.agrees, by_tests.agrees) == (False, None)


def test_a_sample_without_a_solution_has_no_answer() -> None:
    assert describe_answers(replace(SAMPLE, solution=None), seen_by=[], stage="solve", reason=None) is None
