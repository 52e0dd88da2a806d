"""Answers of public checkers and replies of real models, where the public data are at hand."""

import itertools
import json

import pytest
from public_data import require_public

from caco_tasks.grading.algebra_questions import Question
from caco_tasks.grading.compare import Decision, compare_exactly

MIN_RIGHT = 0.97


def equal(gold: str, pred: str) -> bool | None:
    """What the front end says; None where it leaves the pair to the algebra system."""
    result = compare_exactly(gold, pred)
    return result.equal if isinstance(result, Decision) else None


def rows_of(name: str) -> list[dict[str, object]]:
    """The lines of a file of the public data."""
    return [json.loads(line) for line in require_public(name).read_text(encoding="utf-8").splitlines()]


def test_the_answers_of_a_public_checker_are_compared_as_it_does() -> None:
    rows = [row for row in rows_of("answers/kas.jsonl") if "policy" not in row["tags"]]  # type: ignore[operator]
    found = [(row["equal"], equal(str(row["gold"]), str(row["pred"]))) for row in rows]
    assert sum(wanted is given for wanted, given in found) / len(found) >= MIN_RIGHT
    assert not [pair for pair in found if pair == (False, True)]


def test_right_replies_are_right_and_wrong_ones_never() -> None:
    rows = [row for row in rows_of("replies/solutions.jsonl") if row["label_from"] != "unsure"]
    given = {
        wanted: [equal(str(r["gold"]), str(r["reply"])) for r in rows if r["is_right"] is wanted]
        for wanted in (True, False)
    }
    assert given[True].count(True) / len(given[True]) >= MIN_RIGHT
    assert given[False].count(True) == 0


def test_solutions_without_a_cue_end_in_their_answer() -> None:
    rows = rows_of("gsm8k/train.jsonl")[:1000]
    right = 0
    for row in rows:
        steps, _, gold = str(row["answer"]).partition("####")
        right += equal(gold.strip(), f"{steps.strip()}\nA: {gold.strip()}") is True
    assert right == len(rows)


def test_the_answer_of_another_problem_is_not_found_in_a_solution() -> None:
    rows = rows_of("gsm8k/train.jsonl")[:1000]
    texts = [str(row["answer"]).partition("####") for row in rows]
    wrong = 0
    for (steps, _, gold), (_, _, other) in itertools.pairwise(texts):
        wrong += gold != other and equal(other.strip(), steps.strip()) is True
    assert wrong / len(rows) <= 0.01  # by chance


@pytest.mark.parametrize(
    ("gold", "pred"),
    [("y = x", "y @ x"), (r"\star x", "x"), ("f(2) = 3", "f(3) = 3"), ("5 + blah", "5"), (r"\unknown{5}", "5")],
    ids=["sign", "command", "function", "word", "command around a number"],
)
def test_what_the_algebra_system_would_skip_is_not_understood(gold: str, pred: str) -> None:
    assert not Question(gold, pred).is_understood


@pytest.mark.parametrize(
    "text", [r"\int_0^1 x dx", r"\sum_{k=1}^{n} k^2", r"\lim_{x \to 0} \frac{\sin x}{x}", "x^2 = 4"]
)
def test_mathematics_for_the_algebra_system_is_understood(text: str) -> None:
    assert Question(text, "1").is_understood
