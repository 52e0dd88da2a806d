"""Whoever changes the code of a stage is asked whether its verdicts changed: `tests/snapshots/stage_code.py` tells how."""

import json
from typing import Any

import pytest
from snapshots.stage_code import SNAPSHOT, code_hash, module_hash, modules_of, stage_hash

from caco_tasks.pipeline import STAGES

KEPT: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stage", STAGES)
def test_the_code_of_a_stage_is_that_of_its_version(stage: str) -> None:
    kept = KEPT["stages"].get(stage)
    if kept is None:
        pytest.fail(f"The stage '{stage}' is new: run `make snapshots`.")
    if kept["version"] != STAGES[stage].version:
        pytest.fail(f"The version of stage '{stage}' was raised: run `make snapshots`.")
    if kept["code"] != stage_hash(stage):
        changed = [name for name in modules_of(stage) if KEPT["modules"].get(name) != module_hash(name)]
        pytest.fail(
            f"The code of stage '{stage}' changed: did its verdicts change? If so raise its version in pipeline.py; then "
            f"run `make snapshots`. Changed: {', '.join(changed) or 'which modules it is made of'}."
        )


def test_no_stage_is_kept_that_there_is_no_more() -> None:
    assert set(KEPT["stages"]) == set(STAGES), "run `make snapshots`"


CODE = '''"""What it does."""

RULE = 1


def judge(a, b=2):
    """Says so."""
    return a + b  # why
'''
SAME = {
    "another comment": CODE.replace("# why", "# because"),
    "another docstring": CODE.replace("Says so.", "Says it."),
    "no docstring": CODE.replace('    """Says so."""\n', ""),
    "blank lines": CODE.replace("\n\n", "\n\n\n"),
    "brackets": CODE.replace("return a + b", "return (\n        a + b\n    )"),
    "other quotes": CODE.replace('"""', "'''"),
}
OTHER = {
    "a constant": CODE.replace("RULE = 1", "RULE = 2"),
    "a constant of another kind": CODE.replace("RULE = 1", "RULE = 1.0"),
    "a default": CODE.replace("b=2", "b=None"),
    "an operator": CODE.replace("a + b", "a - b"),
    "a name": CODE.replace("RULE", "RULES"),
    "a text that is no docstring": CODE.replace("RULE = 1", 'RULE = "1"'),
    "a line more": CODE + "\nRULE = None\n",
}


@pytest.mark.parametrize("code", SAME.values(), ids=SAME)
def test_a_hash_is_blind_to_what_does_not_run(code: str) -> None:
    assert code != CODE
    assert code_hash(code) == code_hash(CODE)


@pytest.mark.parametrize("code", OTHER.values(), ids=OTHER)
def test_a_hash_sees_what_runs(code: str) -> None:
    assert code_hash(code) != code_hash(CODE)


def test_a_hash_is_the_same_in_every_version_of_python() -> None:
    assert code_hash(CODE) == "0237ae2d7effa61e"


MADE_OF = {
    "agree": {
        "checks.arithmetic.equations",
        "checks.steps.step_grounding",
        "grading.compare",
        "grading.equality",
        "exact",
    },
    "evaluate": {"grading.extract", "grading.compare", "bank.held_out"},
    "execute": {"sandbox.verdicts", "sandbox.harness"},
    "judge": {"llm.prompts", "stages.shared.prompting"},
    "publish": {"publishing.dataset_row"},
    "reverse": {"checks.problems.problem_rules", "checks.decontamination.overlap", "stages.shared.few_shot"},
    "sample": {"reading.programs"},
    "screen": {"checks.programs.program_rules", "checks.programs.dead_inputs", "trials.inputs", "sandbox.harness"},
    "seeds": {"sources", "checks.decontamination.overlap"},
    "solve": {"grading.extract"},
    "unify": {"convert.gsm8k", "convert.mathqa", "checks.fingerprints", "stages.screen"},
}


@pytest.mark.parametrize("stage", MADE_OF)
def test_a_stage_is_made_of_what_has_a_part_in_its_verdicts(stage: str) -> None:
    assert MADE_OF[stage] - set(modules_of(stage)) == set()


@pytest.mark.parametrize(
    ("stage", "foreign"),
    [
        ("solve", "grading.compare"),
        ("execute", "checks.arithmetic.equations"),
        ("judge", "bank.algebra"),
        ("agree", "convert.gsm8k"),
        ("sample", "checks.problems.problem_rules"),
    ],
)
def test_a_stage_is_not_made_of_what_has_none(stage: str, foreign: str) -> None:
    assert foreign not in modules_of(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_is_made_of_stores_ledgers_or_engines(stage: str) -> None:
    parts = {name.partition(".")[0] for name in modules_of(stage)}
    assert parts & {"store", "ledger", "services", "context", "runner", "config", "records", "identity"} == set()
    assert f"stages.{stage}" in modules_of(stage)
