"""What a judge's reply states, in the many forms in which judges reply; nothing is read where nothing is plainly stated."""

import json
import random
from hashlib import sha256
from typing import Any

import pytest
from public_data import require_public

from caco_tasks.reading import Opinion, read_judgement, read_opinion
from caco_tasks.reading.judgement_objects import find_objects, read_reason, read_step
from caco_tasks.reading.verdict_words import claim_verdict, phrase_verdict

CHECKLIST = """1. Is the problem well posed? Yes.
2. 4 * 3 = 12. The answer is 12.
3. Does the program solve this very problem? Yes, each value fits. The answer is correct.
4. Is every step of the solution right? {step}

"""
YES_OBJECT = '{"verdict": "yes", "first_disagreeing_step": null, "reason": "fits"}'
NO_OBJECT = '{"verdict": "no", "first_disagreeing_step": 2, "reason": "the price"}'

STATED: dict[str, tuple[str, ...]] = {
    "yes": (
        "Yes",
        "TRUE",
        "correct.",
        "```\nyes\n```",
        "Yes, all three fit together.",
        "Yes! Everything is right.",
        "正确",
        # labels
        "Answer: Yes",
        "**Verdict**: *yes*",
        "The verdict is yes.",
        "The final verdict: **yes**.",
        "### Verdict\n\nyes",
        "Result: PASS",
        "Verdict: yes (with reservations)",
        "Verdict: yes\n\nVerdict: yes",
        "My answer: yes, since 3*4=12.",
        "Conclusion: the solution contains no errors.",
        "The answer is: The two answers are the same.",
        "A: CORRECT",
        "Question: How much?\nThe answer is $12.\nJudgement: Correct.",
        # questions
        "Is the answer correct (Yes/No)? Yes",
        "Is the solution correct?\nYes",
        "Is the solution correct? Let me check. 3+4=7. Yes.",
        "Is the question answerable? **Yes**, it gives all.",
        # boxes, marks, tags
        r"so it fits. \boxed{yes}",
        r"\boxed{\text{Correct}}",
        "[[YES]]",
        "[[A=B]] as both are 4",
        "<answer>yes</answer>",
        r"The solution is correct. \boxed{1}",
        "The work is right and the answer is correct.\nGRADE: C",
        # sentences
        "Therefore, the solution is correct.",
        "The solution does not contain any mistakes.",
        "The student's answer is correct, as 3 + 4 = 7.",
        "Both answers are equivalent.",
        # objects
        YES_OBJECT,
        f"```json\n{YES_OBJECT}\n```\nI hope this helps!",
        '{"verdict": "yes", "first_disagreeing_step": 0}',
        '{"verdict": TRUE}',
        '{"correct": true}',
        '{"evaluation": {"verdict": "yes"}, "notes": []}',
        CHECKLIST.format(step="Yes.") + YES_OBJECT,
        f"<think>{NO_OBJECT}</think>{YES_OBJECT}",
    ),
    "no": (
        "**No**",
        "Wrong! 3+4 is 7.",
        "错误。",
        "No, the program leaves out the discount.",
        # labels
        "Verdict: incorrect",
        "VERDICT - incorrect",
        "Verdict：否",
        "Final Answer: **Invalid**",
        "Final verdict: Fail",
        "## Final Judgement\n**Incorrect**",
        "### Verdict\nThe solution is incorrect.",
        "Step 1: correct\nStep 2: wrong\nFinal verdict: no",
        "- Well posed: yes\n- Program: yes\n- Solution: no\n\nVerdict: no",
        "1. Is it well posed? Yes.\n2. Is the solution correct? No.\nVerdict: no",
        "verdict: no\nfirst_disagreeing_step: 2\nreason: the sum",
        "Final Verdict: The idea of the solution is good, but it contains several gaps.",
        "Assessment: Correct.\nAssessment: Correct.\nFinal judgement: wrong\nThe answer is 10",
        "(B) Incorrect",
        "Grade: B: INCORRECT",
        # questions
        "Is the answer correct? (Yes/No): No",
        # boxes, marks, tags
        r"\[\boxed{\textbf{Incorrect}}\]",
        "[[no]]",
        "[[A != B]]",
        "<verdict>no</verdict>",
        "GRADE: I\nThe answer is wrong.",
        # sentences
        "I conclude that the solution is incorrect.",
        "The two answers are not the same.",
        "The answer isn't correct.",
        "The solution contains two errors.",
        "The correct answer is 12, so the student's answer is wrong.",
        # objects
        NO_OBJECT,
        "{'verdict': 'no', 'reason': 'it\\'s', }",
        '{"verdict": "no", "reason": "line\nbreak"}',
        '{"verdict": "no", "reason": "says "hello" there"}',
        '{"is_correct": "No"}',
        '{"well_posed": true, "consistent": false}',
        CHECKLIST.format(step="No, line 2 is false.") + NO_OBJECT,
        f"{YES_OBJECT}\nWait, the third step is off by two. So:\n{NO_OBJECT}",
        f'Reply with {{"verdict": "yes", "no" or "ill-posed"}}. My reply:\n{NO_OBJECT}',
    ),
    "ill-posed": (
        "Unanswerable.",
        "The question is unanswerable because the rate is missing.",
        "Verdict: The problem is ill-posed.",
        "The answer is: not answerable,",
        "Judgement: not well-posed",
        "The question gives all that it needs.\nNo price is told, though.\nJudgement: unanswerable",
        "Is the problem well posed? No, it has two answers.",
        '{"verdict": "ill posed",}',
        '{"well_posed": false, "correct": true}',
        '{"answerable": "no"}',
        "The problem cannot be solved without the price.",
    ),
}
NOT_STATED = (
    "",
    "I cannot help with that.",
    "The answer is 5.",
    "The answer is: right triangle",
    "The final answer is: No solution",
    "The answer is: The value of x is 5.",
    r"The value is \boxed{12}.",
    "Output (a) is better.",
    "[[A]]",
    "B",
    # hedged
    "The solution is partially correct.",
    "It might be correct.",
    "The answer is probably correct.",
    "Verdict: Likely correct",
    "Verdict: mostly right. The solution is correct.",
    "Correct, but the last step is wrong.",
    "Not incorrect.",
    "I am not sure whether the answer is correct.",
    "If the price were 3, the solution is correct.",
    "The solution is right, isn't it?",
    "Is the solution correct?",
    '{"verdict": "partially correct"}',
    # the choices
    "yes/no",
    "Yes and no.",
    '{"verdict": "yes" | "no" | "ill-posed"}',
    '{"verdict": "yes", "no" or "ill-posed"}',
    '{"verdict": "yes or no", "reason": ".."}',
    # contradictory
    "Yes, the solution is incorrect.",
    "Judgement: Correct\nJudgement: Incorrect",
    "Judgement: Yes\nReasoning: the signs differ. Therefore, the answers are not equivalent.",
    "The solution is wrong: it forgets the tax.\n3 + 4 = 7.\nThe answer is: Correct.",
    f"{YES_OBJECT}\n{NO_OBJECT}",
    f"Verdict: no\n{YES_OBJECT}",
    f"The solution is wrong.\n{YES_OBJECT}",
    YES_OBJECT.replace("null", "3"),
    '{"verdict":"yes","well_posed":false}',
    "1. Is it well posed? Yes.\n2. Is the solution correct? No.",
    # questions for faults, and of parts
    "Does the solution contain errors? No",
    "Does the solution contain errors?\nNo",
    "Step 1 is correct. Step 2 is correct.",
    # codes without a word
    r"\boxed{1}",
    "GRADE: C",
    '{"score": 1}',
    r"The solution is wrong. \boxed{1}",
    # nothing outside of thinking, or half an object
    f"<think>{YES_OBJECT}",
    f"<think>{YES_OBJECT}</think>",
    NO_OBJECT[:20],
)


@pytest.mark.parametrize(
    ("reply", "verdict"), [(reply, verdict) for verdict, replies in STATED.items() for reply in replies]
)
def test_a_verdict_that_is_stated_is_read(reply: str, verdict: str) -> None:
    assert read_judgement(reply) == verdict


@pytest.mark.parametrize("reply", NOT_STATED)
def test_nothing_is_read_where_nothing_is_plainly_stated(reply: str) -> None:
    assert read_judgement(reply) is None


STEPS: dict[str, tuple[str, int | None]] = {
    "a number": ('{"verdict": "no", "first_disagreeing_step": 3}', 3),
    "a number as text": ('{"verdict": "no", "first_disagreeing_step": "3"}', 3),
    "words": ('{"verdict": "no", "first_error_step": "Step 4"}', 4),
    "none": ('{"verdict": "no", "first_disagreeing_step": null}', None),
    "nought": ('{"verdict": "no", "first_disagreeing_step": 0}', None),
    "minus one": ('{"verdict": "no", "first_disagreeing_step": -1}', None),
    "far too many": ('{"verdict": "no", "first_disagreeing_step": %s}' % ("9" * 10_000), None),
    "a label": ("Final Judgement: wrong\nFirst Error Step: Step 5", 5),
    "no field": ('{"verdict": "no"}', None),
}


@pytest.mark.parametrize(("reply", "step"), STEPS.values(), ids=STEPS)
def test_the_step_is_read_however_it_is_written(reply: str, step: int | None) -> None:
    opinion = read_opinion(reply)
    assert opinion is not None
    assert (opinion.verdict, opinion.step) == ("no", step)


def test_an_opinion_has_the_reason_with_its_formulas() -> None:
    reply = (
        r'{"reasoning": "3 \cdot 4 = 12 \neq 13", "verdict": "no", "first_disagreeing_step": 2, '
        r'"reason": "\(\frac12\) of \times"}'
    )
    assert read_opinion(reply) == Opinion("no", 2, r"\(\frac12\) of \times")
    (found,) = find_objects(reply)
    assert found.fields["reasoning"] == r"3 \cdot 4 = 12 \neq 13"
    assert read_opinion("No.") == Opinion("no")


def test_fields_are_known_by_any_spelling_of_their_names() -> None:
    (found,) = find_objects('{"First Disagreeing-Step": "7", "Explanation": "a\\nb"}')
    assert (read_step(found.fields), read_reason(found.fields)) == (7, "a b")


def test_a_phrase_is_no_sentence_and_a_sentence_no_phrase() -> None:
    assert phrase_verdict("So the answer is wrong") is None
    assert claim_verdict("So the answer is wrong") == "no"
    assert claim_verdict("Yes") is None


FAULTS = {
    "The solution contains an error in line 2.": "no",
    "The proof has no gaps.": "yes",
    "The argument doesn't have any flaws.": "yes",
    "The solution, which is not mine, contains errors.": None,
    "The solution contains not only errors.": None,
    "If the sign were lost, the solution would have errors.": None,
    "Does the solution contain errors?": None,
}


@pytest.mark.parametrize(("sentence", "verdict"), FAULTS.items())
def test_faults_that_are_denied_are_told_from_faults(sentence: str, verdict: str | None) -> None:
    assert claim_verdict(sentence) == verdict


WIDE = (
    "{", '{"a":', "the answer is ", "the solution has ", "[[", r"\boxed{", '"', "? yes", "verdict: ", "\n", "* ",
    "the solution is correct. ", "final verdict\n", '{"verdict": "', "<verdict>", "not ", "<think>", "\\", '{"v":1}',
    "completely ", "the question cannot ",
)  # fmt: skip


@pytest.mark.parametrize("piece", WIDE)
def test_no_reply_is_too_odd_to_be_read(piece: str) -> None:
    read_judgement(piece * 1_000)
    read_judgement(piece * 300 + "yes")


def test_any_mixture_of_the_pieces_is_read_or_not_and_never_fails() -> None:
    rng = random.Random(7)
    pieces = [
        *WIDE,
        "yes",
        "no",
        "}",
        '"}',
        "]]",
        "1",
        "0",
        "null",
        ".",
        "?",
        "Verdict: ",
        "</think>",
        "step",
        "'",
        ",",
    ]
    for _ in range(300):
        reply = "".join(rng.choices(pieces, k=rng.randrange(30)))
        assert read_judgement(reply) in (None, "yes", "no", "ill-posed")


def test_a_deep_object_is_no_verdict() -> None:
    assert read_judgement('{"verdict": ' + "[" * 20_000 + "]" * 20_000 + "}") is None


@pytest.mark.parametrize("half", [0, 1], ids=["looked at", "not looked at"])
def test_real_replies_are_read_rightly_or_not_at_all(half: int) -> None:
    path = require_public("replies/judgements.jsonl")
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if int(sha256(row["id"].encode()).hexdigest(), 16) % 2 == half]
    read = [(read_judgement(row["reply"]), row["verdict"]) for row in rows]
    wrong = [found for found, stated in read if found is not None and found != stated]
    assert sum(found == stated for found, stated in read) >= 0.9 * len(rows)
    assert wrong == []
