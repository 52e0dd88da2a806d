"""Every rule of screen, reverse, agree, judge and decontaminate rejects, records or is off, as the config says."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import making
import pytest
from memory_claims import MemoryClaims

from caco_tasks.check_settings import RuleSettings
from caco_tasks.checks.fingerprints import claim_problems
from caco_tasks.checks.programs.dead_inputs import find_input_faults
from caco_tasks.checks.rules import apply_rules, with_findings
from caco_tasks.config import GradingSettings, RunConfig, load_config
from caco_tasks.context import Context
from caco_tasks.errors import ConfigError
from caco_tasks.grading import Grader
from caco_tasks.llm import Reply
from caco_tasks.llm.llm import Request
from caco_tasks.pipeline import STAGES
from caco_tasks.records import PASS, Finding, JudgedRecord, Outcome, Problem, Program, Reason, Sample, fail, unknown
from caco_tasks.stages.agree import agree
from caco_tasks.stages.decontaminate import decontaminate
from caco_tasks.stages.judge import judge
from caco_tasks.stages.reverse import reverse
from caco_tasks.stages.screen import screen
from caco_tasks.store import RunRecord
from caco_tasks.trials import Trial

SECTIONS = ("screen", "reverse", "agree", "judge", "decontamination")
GIVEN = {"pens": 12, "pen_price": 4}
PROGRAM = """{head}
input = {{'pens': 12, 'pen_price': 4}}

def total_price(pens, pen_price):
    {body}

output = total_price(**input)
print(output)
"""
SOUND = "A shop sells 12 pens at 4 dollars each. How many dollars do they cost?"
KILN = (
    "A potter fires 3 cups on each of 4 shelves of her kiln, and sells 15 of them for 28 coins. How many are left over?"
)


@dataclass(slots=True)
class Reverser:
    """A model that writes the same text for every program."""

    text: str
    model_id: str = "reverser@1"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        made = making.generation("reverser")
        return [Reply(text=self.text, generation=replace(made, request_id=one.request_id)) for one in requests]


@dataclass(slots=True)
class Tools:
    """What the four stages ask for, but for the sandbox: no input is changed here."""

    folder: Path
    problem: str = SOUND
    kept: MemoryClaims = field(default_factory=MemoryClaims)
    roles: list[str] = field(default_factory=list)  # that were asked

    def index_folder(self) -> Path:
        return self.folder / "indexes"

    def claims(self, key: str) -> MemoryClaims:
        return self.kept

    def llm(self, role: str, key: str) -> Reverser:
        self.roles.append(role)
        return Reverser(self.problem)

    def grader(self) -> Grader:
        return Grader(GradingSettings())


def config_with(section: str, rules: dict[str, str], folder: Path) -> RunConfig:
    """A config whose section has these rules, the others of it being off, and one protected benchmark."""
    off = dict.fromkeys(rules_of(section), "off")
    off |= {"answers_differ": "reject"} if section == "agree" else {}  # off, it says so of every sample
    tables: dict[str, Any] = {"screen": {"perturbations": 0}, "decontamination": {}}
    if section == "decontamination":
        (folder / "kiln.jsonl").write_text(json.dumps({"problem": KILN, "answer": "12"}) + "\n", encoding="utf-8")
        benchmark = {"name": "kiln", "path": str(folder / "kiln.jsonl"), "answer_column": "answer"}
        tables["decontamination"] = {"benchmarks": [benchmark]}
    tables[section] = tables.get(section, {}) | off | rules
    return making.small_config(**tables)


def rules_of(section: str) -> list[str]:
    """The rules of a section, in the order of the config."""
    settings = getattr(making.small_config(), section)
    assert isinstance(settings, RuleSettings)
    return list(settings.rules)


def context_of(stage: str, config: RunConfig, tools: Tools) -> Context:
    """A task of a stage."""
    return Context(
        run=RunRecord(
            run_id="run", pipeline="nightly", partition="2026-01-02", config_hash="c", config={}, code_version="0"
        ),
        spec=STAGES[stage],
        config=config,
        shard=0,
        key="key",
        origin={},
        draw="draw",
        inputs=(),
        services=tools,  # type: ignore[arg-type]
    )


def program_sample(body: str, *, head: str = "", output: Any = 48) -> Sample:
    """An executed program with this body of its function."""
    ran = making.execution(json.dumps(output))
    execution = replace(ran, input_json=json.dumps(GIVEN), output_text=str(output))
    code = PROGRAM.format(head=head, body=body.replace("\n", "\n    "))
    return Sample(sample_id="s", program=Program(program_id="p", code=code), execution=execution)


WORK = "total = pens * pen_price\nreturn total"
PROGRAMS: dict[str, Sample] = {
    "output_size": program_sample(WORK, output="a" * 201),
    "prose_left": program_sample(WORK, head="# TODO"),
    "forbidden": program_sample(WORK, head="import os"),
    "too_short": program_sample("return pens * pen_price"),
    "unused_input": program_sample("total = pens * 4\nreturn total"),
    "no_output": program_sample(WORK, output=[]),
    "non_finite": program_sample(WORK, output={"$type": "float", "value": "inf"}),
    "answer_as_literal": program_sample("total = pens * pen_price\nreturn 48"),
    "trivial": program_sample("total = pens * pen_price\nreturn pens", output=12),
}
PROBLEMS: dict[str, str] = {
    "empty": "12 4 ?",
    "leaks_code": f"{SOUND} Use total_price.",
    "leaks_answer": f"{SOUND} The answer is 48.",
    "names_no_input": "A shop sells 12 pens. How many dollars do they cost?",
    "foreign_number": f"On day 17: {SOUND}",
    "no_question": "A shop sells 12 pens at 4 dollars each.",
    "values_exchanged": "For the pen price of 12 dollars, 4 pens are sold. How many dollars do they cost?",
}
SOLUTIONS: dict[str, str] = {
    "false_equation": "12 + 4 = 17. 12 * 4 = 48. The answer is \\boxed{48}.",
    "ungrounded_number": "96 - 48 = 48. The answer is \\boxed{48}.",
    "input_not_used": "4 * 4 * 3 = 48. The answer is \\boxed{48}.",
    "answer_not_reached": "12 pens at 4 dollars. The answer is \\boxed{48}.",
    "wrong_unit": "12 * 4 = 48 cm. The answer is 48 cm.",
    "not_understood": "With $x = 12$ we get $96 - 48 = 48$ for $4x$. The answer is \\boxed{48}.",
    "majority_differs": "12 * 4 = 48. The answer is \\boxed{48}.",
    "answers_differ": "12 + 4 = 16. The answer is \\boxed{16}.",
}
JUDGEMENTS: dict[str, str] = {
    "inconsistent": '{"reasoning": "", "verdict": "no", "first_disagreeing_step": 2, "reason": "a sum for a product"}',
    "ill_posed": '{"reasoning": "", "verdict": "ill-posed", "first_disagreeing_step": null, "reason": "no price"}',
}
# what a sample says of which a part of verification was not demanded
UNVERIFIED = {
    "answers_differ": [Reason.ANSWERS_NOT_COMPARED],
    "inconsistent": [Reason.NOT_JUDGED],
    "ill_posed": [Reason.NOT_JUDGED],
}
RELEASED: dict[str, str] = {
    "exact": KILN,
    "ngram": f"{KILN} Say how many cups that makes for each of the people who came to the kiln on that day in May.",
    "masked": KILN.replace("3", "5").replace("4", "6"),
    "numbers": "Of 28 birds 15 fly off to 3 of 4 trees by the lake. How many stay behind?",
    "benchmark_review": KILN.replace("sells 15 of them for 28 coins", "then gives 15 to friends and 28 to her aunt"),
    "same_problem": SOUND,
}


def run_screen(rule: str, config: RunConfig, tools: Tools) -> JudgedRecord[Sample]:
    (judged,) = screen([PROGRAMS[rule]], context_of("screen", config, tools))
    return judged


def run_reverse(rule: str, config: RunConfig, tools: Tools) -> JudgedRecord[Sample]:
    tools.problem = PROBLEMS[rule]
    (judged,) = reverse([program_sample(WORK)], context_of("reverse", config, tools))
    return judged


def run_agree(rule: str, config: RunConfig, tools: Tools) -> JudgedRecord[Sample]:
    solution = making.solution(SOLUTIONS[rule], answer="16" if rule == "answers_differ" else "48")
    if rule == "majority_differs":
        others = [("12 + 4 = 16. The answer is \\boxed{16}.", "16")] * 2
        solution = making.solutions((SOLUTIONS[rule], "48"), *others)
    problem = Problem(text=SOUND, generation=making.generation("reverser"))
    sample = replace(program_sample(WORK), problem=problem, solution=solution)
    (judged,) = agree([sample], context_of("agree", config, tools))
    return judged


def run_judge(rule: str, config: RunConfig, tools: Tools) -> JudgedRecord[Sample]:
    tools.problem = JUDGEMENTS[rule]
    (judged,) = judge([making.sample(judgement=None, overlaps=())], context_of("judge", config, tools))
    return judged


def run_decontaminate(rule: str, config: RunConfig, tools: Tools) -> JudgedRecord[Sample]:
    claim_problems(tools.kept, [("a seed", SOUND, "12")], likeness=0.8)
    problem = Problem(text=RELEASED[rule], generation=making.generation("reverser"))
    sample = making.sample(problem=problem, overlaps=())
    (judged,) = decontaminate([sample], context_of("decontaminate", config, tools))
    return judged


CHECKS: dict[str, tuple[Callable[[str, RunConfig, Tools], JudgedRecord[Sample]], dict[str, Any], str]] = {
    "screen": (run_screen, PROGRAMS, "screen"),
    "reverse": (run_reverse, PROBLEMS, "reverse"),
    "agree": (run_agree, SOLUTIONS, "agree"),
    "judge": (run_judge, JUDGEMENTS, "judge"),
    "decontamination": (run_decontaminate, RELEASED, "decontaminate"),
}
TABLE = [(section, rule) for section, (_, broken, _) in CHECKS.items() for rule in broken]
EVERY_RULE = pytest.mark.parametrize(("section", "rule"), TABLE, ids=[f"{section}.{rule}" for section, rule in TABLE])


def reason_of(rule: str, *, is_rejected: bool) -> Reason:
    """The reason that a rule gives; those of the benchmarks share one where they reject."""
    if rule in ("exact", "ngram", "masked", "numbers") or (rule == "benchmark_review" and is_rejected):
        return Reason.BENCHMARK_OVERLAP
    return Reason(rule)


def judge_by(section: str, rule: str, setting: str, folder: Path) -> JudgedRecord[Sample]:
    """What becomes of a sample that breaks a rule, under the rule's setting."""
    run, _, _ = CHECKS[section]
    asked = {"ungrounded_number": "reject"} if rule == "not_understood" else {}  # what it could not tell
    return run(rule, config_with(section, asked | {rule: setting}, folder), Tools(folder))


@EVERY_RULE
def test_a_rule_that_rejects_fails_the_sample(section: str, rule: str, tmp_path: Path) -> None:
    judged = judge_by(section, rule, "reject", tmp_path)
    outcome = Outcome.UNKNOWN if rule == "not_understood" else Outcome.FAIL
    assert (judged.verdict.outcome, judged.verdict.reason) == (outcome, reason_of(rule, is_rejected=True))
    assert judged.record.findings == ()


@EVERY_RULE
def test_a_rule_that_records_lets_the_sample_pass_with_the_finding(section: str, rule: str, tmp_path: Path) -> None:
    rejected, judged = (judge_by(section, rule, setting, tmp_path) for setting in ("reject", "record"))
    assert judged.verdict.kept
    reason = reason_of(rule, is_rejected=False)
    (finding,) = judged.record.findings
    assert finding == Finding(stage=CHECKS[section][2], reason=reason, detail=rejected.verdict.detail)


@EVERY_RULE
def test_a_rule_that_is_off_finds_nothing(section: str, rule: str, tmp_path: Path) -> None:
    judged = judge_by(section, rule, "off", tmp_path)
    assert judged.verdict.kept
    assert [finding.reason for finding in judged.record.findings] == UNVERIFIED.get(rule, [])
    assert judged.record.overlaps == ()


def test_no_judge_is_asked_where_nothing_that_it_says_counts(tmp_path: Path) -> None:
    tools = Tools(tmp_path)
    judged = run_judge("inconsistent", config_with("judge", {}, tmp_path), tools)
    assert (judged.verdict, judged.record.judgement, tools.roles) == (PASS, None, [])
    run_judge("inconsistent", config_with("judge", {"ill_posed": "record"}, tmp_path), tools)
    assert tools.roles == ["judge"]


def test_an_answer_that_nobody_compares_must_be_there_and_come_of_its_own_steps(tmp_path: Path) -> None:
    config = config_with("agree", {"answers_differ": "off", "answer_not_reached": "reject"}, tmp_path)
    problem = Problem(text=SOUND, generation=making.generation("reverser"))
    bare = replace(program_sample(WORK), problem=problem)
    texts = {
        "12 + 4 = 16. The answer is \\boxed{16}.": "16",  # wrong, and reached
        "12 pens at 4 dollars. The answer is \\boxed{16}.": "16",
        "12 + 4 = 16.": None,
    }
    samples = [replace(bare, solution=making.solution(text, answer=answer)) for text, answer in texts.items()]
    judged = list(agree(samples, context_of("agree", config, Tools(tmp_path))))
    assert [one.verdict.reason for one in judged] == [None, Reason.ANSWER_NOT_REACHED, Reason.NO_FINAL_ANSWER]
    assert judged[0].record.solution is not None
    assert judged[0].record.solution.compared_by is None


def test_of_several_answers_one_that_agrees_goes_before_one_that_only_may_pass(tmp_path: Path) -> None:
    config = config_with("agree", {"answers_differ": "record"}, tmp_path)
    problem = Problem(text=SOUND, generation=making.generation("reverser"))
    wrong, right = ("12 + 4 = 16. The answer is \\boxed{16}.", "16"), ("12 * 4 = 48. The answer is \\boxed{48}.", "48")
    samples = [
        replace(program_sample(WORK), problem=problem, solution=making.solutions(*found))
        for found in ((wrong, right), (("No idea.", None), wrong))
    ]
    one, other = agree(samples, context_of("agree", config, Tools(tmp_path)))
    assert (one.record.solution and one.record.solution.answer, one.record.findings) == ("48", ())
    assert other.verdict.kept
    assert other.record.solution is not None
    assert (other.record.solution.answer, other.record.solution.text) == ("16", wrong[0])
    assert [finding.reason for finding in other.record.findings] == [Reason.ANSWERS_DIFFER]


def trial(key: str, output: int) -> Trial:
    changed = json.dumps(GIVEN | {key: 5})
    return Trial(key=key, without_change="48", input_json=changed, outcome=Outcome.PASS, output_json=str(output))


INPUTS = {
    "dead_input": [trial("pens", 48), trial("pen_price", 60)],
    "constant_output": [trial("pens", 48)],
    "untested_input": [trial("pens", 96)],
}


@pytest.mark.parametrize("rule", INPUTS)
def test_a_rule_on_changed_inputs_follows_its_setting(rule: str, tmp_path: Path) -> None:
    execution = program_sample(WORK).execution
    assert execution is not None
    if rule == "untested_input":
        execution = replace(execution, input_json=json.dumps(GIVEN | {"pen_price": None}))
    found = {}
    for setting in ("reject", "record", "off"):
        rules = config_with("screen", {rule: setting}, tmp_path).screen.rules
        verdict, findings = apply_rules(find_input_faults(execution, INPUTS[rule], rules), rules, stage="screen")
        found[setting] = (verdict.reason, [finding.reason for finding in findings])
    assert found == {"reject": (rule, []), "record": (None, [rule]), "off": (None, [])}


def test_every_rule_is_in_the_table() -> None:
    tried = {section: {rule for one, rule in TABLE if one == section} for section in SECTIONS}
    tried["screen"] |= set(INPUTS)
    assert tried == {section: set(rules_of(section)) for section in SECTIONS}


def test_what_needs_review_can_be_held_back(tmp_path: Path) -> None:
    judged = judge_by("decontamination", "benchmark_review", "unknown", tmp_path)
    assert (judged.verdict.outcome, judged.verdict.reason) == (Outcome.UNKNOWN, Reason.BENCHMARK_REVIEW)


def test_the_first_fault_that_rejects_decides_and_no_more_is_looked_for() -> None:
    def faults() -> Iterator[Any]:
        yield fail(Reason.TOO_SHORT, "5 lines")
        yield fail(Reason.TRIVIAL, "a copy")
        raise AssertionError("the sample had been rejected")

    verdict, findings = apply_rules(faults(), {"too_short": "record", "trivial": "reject"}, stage="screen")
    assert verdict == fail(Reason.TRIVIAL, "a copy")
    assert findings == (Finding(stage="screen", reason=Reason.TOO_SHORT, detail="5 lines"),)


@pytest.mark.parametrize(
    "fault", [fail(Reason.NO_FINAL_ANSWER), unknown(Reason.CHECKER_TIMEOUT)], ids=["fail", "unknown"]
)
def test_what_is_no_rule_always_decides(fault: Any) -> None:
    assert apply_rules([fault], dict.fromkeys(rules_of("agree"), "off"), stage="agree") == (fault, ())


def test_findings_of_earlier_stages_stay_and_none_is_kept_twice() -> None:
    first, second = (Finding(stage=stage, reason=Reason.TRIVIAL, detail="one") for stage in ("screen", "agree"))
    sample = with_findings(with_findings(making.sample(), [first]), [second, replace(first, detail="two")])
    assert sample.findings == (first, second)


def test_an_item_is_found_by_the_strictest_of_its_rules(tmp_path: Path) -> None:
    config = config_with("decontamination", {"exact": "record", "ngram": "reject"}, tmp_path)
    judged = run_decontaminate("exact", config, Tools(tmp_path))
    assert judged.verdict.reason is Reason.BENCHMARK_OVERLAP
    assert [overlap.rule for overlap in judged.record.overlaps] == ["ngram"]


def test_equations_are_not_computed_where_nobody_asks(tmp_path: Path) -> None:
    judged = judge_by("agree", "false_equation", "off", tmp_path)
    assert judged.record.solution is not None
    assert judged.record.solution.equations_checked is None


WRONG = {
    "no such rule": (
        "agree.ungrounded=record",
        "There is no rule 'ungrounded' in [agree] of",
        "its rules are false_equation, ungrounded_number, input_not_used, answer_not_reached, wrong_unit, "
        "not_understood, majority_differs, answers_differ.",
    ),
    "no such rule among other settings": (
        "screen.to_short=off",
        "There is no rule 'to_short' in [screen] of",
        "untested_input.",
    ),
    "no such choice": (
        "reverse.no_question=never",
        "The rule 'no_question' of [reverse]",
        "it is reject, record or off.",
    ),
    "a truth value": ("screen.trivial=false", "cannot be False", "it is reject, record or off."),
    "no such choice of four": (
        "decontamination.benchmark_review=fail",
        "cannot be 'fail'",
        "it is reject, record, unknown or off.",
    ),
}


@pytest.mark.parametrize(("override", "begins", "ends"), WRONG.values(), ids=WRONG)
def test_a_rule_that_is_not_there_is_named_with_those_that_are(override: str, begins: str, ends: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("smoke", [override])
    assert begins in str(caught.value)
    assert str(caught.value).endswith(ends)


def test_the_rules_of_the_paper_are_those_of_its_reference_code_and_the_protection_of_its_benchmarks() -> None:
    config = load_config("paper")
    rejecting = {
        f"{section}.{rule}"
        for section in SECTIONS
        for rule, setting in getattr(config, section).rules.items()
        if setting == "reject"
    }
    of_the_paper = {"screen.too_short", "screen.unused_input", "screen.no_output"}
    of_the_paper |= {"agree.answers_differ", "judge.inconsistent", "judge.ill_posed"}
    assert rejecting == of_the_paper | {f"decontamination.{rule}" for rule in ("exact", "ngram", "masked", "numbers")}
    assert (config.screen.min_lines, config.sandbox.timeout_seconds) == (6, 10.0)
    assert config.screen.perturbations == 0


@pytest.mark.parametrize("name", ["nano", "smoke", "single-gpu"])
def test_the_other_configs_reject_by_every_rule_but_those_that_are_hints(name: str) -> None:
    config = load_config(name)
    settings = {rule: setting for section in SECTIONS for rule, setting in getattr(config, section).rules.items()}
    assert {rule: setting for rule, setting in settings.items() if setting != "reject"} == {
        "benchmark_review": "record",
        "majority_differs": "record",
        "untested_input": "record",
        "not_understood": "record",
    }


@pytest.mark.parametrize("section", ["screen", "reverse", "agree"])
def test_a_sound_sample_passes_every_rule_without_a_finding(section: str, tmp_path: Path) -> None:
    config = config_with(section, dict.fromkeys(rules_of(section), "record"), tmp_path)
    problem = Problem(text=SOUND, generation=making.generation("reverser"))
    sample = replace(program_sample(WORK), problem=problem, solution=making.solution("12 * 4 = 48 dollars.", "48"))
    stage = {"screen": screen, "reverse": reverse, "agree": agree}[section]
    (judged,) = stage([sample], context_of(section, config, Tools(tmp_path)))
    assert (judged.verdict, judged.record.findings) == (PASS, ())
