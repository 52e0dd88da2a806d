"""Mathematics that the checks of steps do not follow: behind it they say unknown, before it they judge as ever."""

import json
from time import process_time

import pytest

from caco_tasks.check_settings import AgreeSettings
from caco_tasks.checks.rules import apply_rules
from caco_tasks.checks.steps.other_mathematics import find_other_mathematics, needs_other_mathematics
from caco_tasks.checks.steps.step_grounding import find_step_faults
from caco_tasks.records import Outcome, Reason, Verdict

PLAIN = [
    "5 * 3 = 15 pens, and 15 - 4 = 11.",
    "5 x 3 = 15 m, 15 m + 3 m = 18 m, at 7 km/h.",
    "That is $5 \\times 3 = 15$, so $\\boxed{15}$.",
    "\\begin{align*}\n5 \\cdot 3 &= 15 \\\\\n&= \\boxed{15}\n\\end{align*}",
    "\\[ \\frac{15}{3} = 5 \\text{ pens} \\]",
    "a) 5 + 3 = 8. (b) 8 - 2 = 6. I add a 3: 6 + 3 = 9.",
    "She pays £5 – that's 3 × 5 = 15 – and Zoë’s 10 % makes 1.5.",
    "Each term is 3/k - 3/(k + 1), so all parts but two cancel.",
    "1, 2, 3 ... and so on.",
]
OTHER = {
    "an unknown": "So 3x + 5 = 11",
    "an unknown in LaTeX": "Let $n$ be the number",
    "a function": "Then f(3) = 7",
    "a named function": "gcd(12, 18) = 6",
    "a command": "$\\binom{5}{2} = 10$",
    "a congruence": "$7 \\equiv 1 \\pmod{3}$",
    "an index": "the term a_3 = 5",
    "a sum with dots": "1 + 2 + ... + 100 = 5050",
    "a drawing": "See [asy] draw((0,0)--(1,1)); [/asy]",
    "a table": "\\begin{tabular}{cc} 1 & 2 \\end{tabular}",
    "a sign": "12 ∈ A",
    "a Greek letter": "2π = 6.28",
    "a root": "√5 is more than 2",
}


@pytest.mark.parametrize("text", PLAIN)
def test_plain_arithmetic_and_its_markup_are_followed_to_the_end(text: str) -> None:
    assert find_other_mathematics(text) == len(text)


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_other_mathematics_ends_what_is_followed(text: str) -> None:
    assert find_other_mathematics(text) < len(text)
    assert find_other_mathematics(f"5 * 3 = 15.\n{text}") >= len("5 * 3 = 15.\n")


def test_letters_in_plain_text_do_not_make_a_problem_one_of_other_mathematics() -> None:
    assert not needs_other_mathematics("If x + y = 80 and x - y = 28, what is x?")
    assert needs_other_mathematics("If $x + y = 80$ and $x - y = 28$, what is $x$?")
    assert needs_other_mathematics("Simplify \\sqrt{80}.")


PROBLEM = "A crate holds 17 jars. How many jars do 6 crates hold?"


def look(solution: str, problem: str = PROBLEM, output: str = "102") -> list[Verdict]:
    given = json.dumps({"jars": 17, "crates": 6})
    rules = AgreeSettings().rules
    return list(find_step_faults(problem, solution, rules, input_json=given, output_text=output, code=""))


def test_a_number_behind_other_mathematics_is_unknown_and_one_before_it_a_fault() -> None:
    step, algebra = "17 * 6 = 102, 45 - 5 = 40.", "Let $x$ be the jars, $x = 17y$."
    (behind,) = look(f"{algebra} {step}")
    assert (behind.outcome, behind.reason) == (Outcome.UNKNOWN, Reason.NOT_UNDERSTOOD)
    assert (behind.detail or "").startswith("ungrounded_number: 45 in ")
    (before,) = look(f"{step} {algebra}")
    assert (before.outcome, before.reason) == (Outcome.FAIL, Reason.UNGROUNDED_NUMBER)


def test_an_input_that_other_mathematics_may_use_is_unknown() -> None:
    (doubt,) = look("By the rule of three, $\\sum_{k} k = 102$.")
    assert (doubt.outcome, doubt.detail) == (Outcome.UNKNOWN, "input_not_used: 17, the program's jars")


def test_a_problem_of_other_mathematics_may_give_a_number_that_nobody_sees() -> None:
    steps, drawn = "17 * 6 = 102, 45 - 5 = 40.", f"{PROBLEM} [asy] label(45, (0,1)); [/asy]".replace("45", "4")
    assert [fault.outcome for fault in look(steps)] == [Outcome.FAIL]
    assert [fault.outcome for fault in look(steps, drawn)] == [Outcome.UNKNOWN]


@pytest.mark.parametrize(
    ("statement", "is_judged"),
    [
        ("Hence 45 - 5 = 40", True),
        ("-45 + 85 = 40", True),
        ("it is\n= 45 - 5 = 40", False),
    ],
)
def test_a_statement_that_is_not_read_from_its_beginning_is_no_fault(statement: str, is_judged: bool) -> None:
    outcomes = {fault.outcome for fault in look(f"17 * 6 = 102.\n{statement}")}
    assert outcomes == ({Outcome.FAIL} if is_judged else {Outcome.UNKNOWN})


@pytest.mark.parametrize(
    ("setting", "outcome", "recorded"),
    [("reject", Outcome.UNKNOWN, 0), ("record", Outcome.PASS, 1), ("off", Outcome.PASS, 0)],
)
def test_the_config_decides_whether_the_unknown_is_published(setting: str, outcome: Outcome, recorded: int) -> None:
    rules = AgreeSettings(not_understood=setting).rules
    faults = find_step_faults(
        PROBLEM, "$x = 17y$, 45 - 5 = 40", rules, input_json="{}", output_text="no number", code=""
    )
    verdict, findings = apply_rules(faults, rules, stage="agree")
    assert (verdict.outcome, len(findings)) == (outcome, recorded)


def test_a_solution_that_cannot_be_followed_still_breaks_the_rules_that_need_no_steps() -> None:
    problem = "A path of 300 m loses 57 m. How long is it in metres?"
    found = look("With $x = 300$ we get $300 - 57 = 243$ km, $6 \\cdot 17$.", problem, "243")
    assert [fault.reason for fault in found] == [Reason.WRONG_UNIT]


@pytest.mark.parametrize(
    "text",
    ["$a$ " * 25_000, "x = y " * 16_000, "... " * 25_000, "\\alpha" * 16_000, "π" * 100_000, "7 hours 7 " * 10_000,
     "a, " * 33_000, "7, 8, " * 16_000, "For example " * 9_000, "9" * 100_000, "000," * 25_000, "17*19*" * 16_000,
     "3/4 " * 25_000],
)  # fmt: skip
def test_hostile_texts_take_no_long_time(text: str) -> None:
    started = process_time()
    look(text, text)
    look(f"probability prime multiple {text}", f"probability prime multiple {text}")
    assert process_time() - started < 4
