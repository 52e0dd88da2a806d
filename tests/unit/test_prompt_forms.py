"""What a prompt may be made of: optional parts, examples of its choice, a folder of the user's; and the variety it asks for."""

from collections import Counter
from pathlib import Path

import making
import pytest

from caco_tasks.check_settings import IMPORTS
from caco_tasks.config import RunConfig, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.generation_settings import ReverserSettings, SolverSettings
from caco_tasks.identity import config_hash
from caco_tasks.llm import load_prompt
from caco_tasks.llm.prompts import TEMPLATES_FOLDER, check_prompts, parse_prompt, variables_of
from caco_tasks.stages.shared.few_shot import problem_variety, prompt_hash, shared_values, solution_style
from caco_tasks.stages.shared.prompting import load_stage_prompt
from caco_tasks.variety import DIFFICULTIES, PROBLEM_STYLES, SCENARIOS, SOLUTION_STYLES

CONFIG = making.small_config()
PROBLEM = "[user]\nSolve $problem.\n[if solution]\nSo far: $solution\n[end]\nReply."


def rendered(name: str, role: str | None, **values: str) -> str:
    """A bundled prompt as a model gets it; variables that are not given are empty."""
    prompt = load_prompt(name, variables=variables_of(role))  # type: ignore[arg-type]
    return prompt.render(**dict.fromkeys(prompt.variables, "") | shared_values(prompt, CONFIG) | values)


def test_a_part_whose_variable_is_empty_is_left_out() -> None:
    prompt = parse_prompt("a.v1", PROBLEM)
    assert prompt.render(problem="1 + 1", solution="a sum") == "Solve 1 + 1.\nSo far: a sum\nReply."
    assert prompt.render(problem="1 + 1", solution=" \n") == "Solve 1 + 1.\nReply."


def test_a_value_that_looks_like_a_part_is_a_text_like_any_other() -> None:
    text = "[if solution]\nsecret\n[end]"
    assert text in parse_prompt("a.v1", PROBLEM).render(problem=text, solution="")


UNREADABLE = {
    "an end without a beginning": "[user]\n$problem\n[end]",
    "a beginning without an end": "[user]\n[if problem]\n$problem",
    "a part of a part": "[user]\n[if problem]\n[if problem]\n$problem\n[end]\n[end]",
    "a part without a name": "[user]\n[if]\n$problem\n[end]",
    "an unknown name": "[user]\n[if gold]\n$problem\n[end]",
    "examples of no family": "[example: zebras]\n$problem\n[user]\n$examples $problem",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_a_template_that_cannot_be_filled_in_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.v1.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^The prompt 'a\.v1' [^\n]*\.$"):
        load_prompt("a.v1", variables=frozenset(("problem",)), folder=str(tmp_path))


def test_a_prompt_chooses_its_examples() -> None:
    form = "[example: fish_pond, card_stack]\n$problem\n[user]\n$examples\nSolve $problem"
    prompt = parse_prompt("a.v1", form)
    shown = shared_values(prompt, CONFIG)["examples"]
    assert ("fish" in shown, "stack" in shown, "Example 3" in shown) == (True, True, False)
    other = parse_prompt("a.v1", form.replace("fish_pond", "two_bags"))
    assert prompt_hash(prompt, CONFIG) != prompt_hash(other, CONFIG)


def test_the_unifier_is_told_the_modules_that_the_screen_allows() -> None:
    text = rendered("unify.v2", "unifier", problem="?", answer="7")
    assert ", ".join(sorted(IMPORTS)) in text
    assert not any(module in TEMPLATES_FOLDER.joinpath("unify.v2.txt").read_text() for module in ("sympy", "heapq"))


def test_the_list_of_modules_is_a_setting_that_screen_and_prompt_share() -> None:
    config = load_config("nano", ['screen.allowed_imports=["math", "networkx"]'])
    prompt = load_prompt("unify.v2", variables=variables_of("unifier"))
    text = prompt.render(**dict.fromkeys(prompt.variables, "") | shared_values(prompt, config))
    assert "only of these modules: math, networkx;" in text
    assert prompt_hash(prompt, config) != prompt_hash(prompt, CONFIG)
    solver = load_prompt("solve.v2", variables=variables_of("solver"))
    assert prompt_hash(solver, config) == prompt_hash(solver, CONFIG)


@pytest.mark.parametrize("name", ["os.path", "", "a b", "*"])
def test_a_module_that_is_allowed_is_named_by_its_first_part(name: str) -> None:
    with pytest.raises(ConfigError, match="allowed_imports"):
        load_config("nano", [f'screen.allowed_imports=["math", "{name}"]'])


def test_the_unifier_sees_an_algorithm_beside_arithmetic() -> None:
    text = rendered("unify.v2", "unifier", problem="?", answer="7")
    assert "    for " in text
    assert text.count("Example ") == 3


def test_a_seed_without_a_solution_shows_no_empty_part() -> None:
    bare = rendered("unify.v2", "unifier", problem="PROBLEM", answer="7").rpartition("Now your turn")[2]
    assert ("Solution" in bare, "Tests" in bare, "Final answer: 7" in bare) == (False, False, True)
    coded = rendered("unify.v2", "unifier", problem="?", solution="def f(): 1", tests="assert f()", function="f")
    shown = coded.rpartition("Now your turn")[2]
    assert ("Solution" in shown, "assert f()" in shown, "Final answer" in shown) == (True, True, False)
    assert "Name the function `f`" in coded
    assert "\n\n\n" not in bare + coded
    assert bare.endswith("Final answer: 7")


def test_a_program_without_a_scenario_is_asked_for_none() -> None:
    bare = rendered("reverse.v2", "reverser", code="CODE", output="7", style="plain", difficulty="easy")
    assert "Setting:" not in bare
    assert "Setting: a farm," in rendered("reverse.v2", "reverser", scenario="a farm")


@pytest.mark.parametrize("style", SOLUTION_STYLES.values(), ids=SOLUTION_STYLES)
def test_every_style_of_a_solution_closes_alike(style: str) -> None:
    text = rendered("solve.v2", "solver", problem="?", style=style)
    assert style in text
    assert r"The answer is \boxed{your answer}." in text


def test_variety_follows_from_the_sample_and_uses_all_there_is() -> None:
    settings = ReverserSettings()
    drawn = [problem_variety(f"sample {number}", settings) for number in range(900)]
    assert drawn == [problem_variety(f"sample {number}", settings) for number in range(900)]
    assert {one["scenario"] for one in drawn} == {"", *SCENARIOS}
    assert {one["style"] for one in drawn} == set(PROBLEM_STYLES.values())
    assert {one["difficulty"] for one in drawn} == set(DIFFICULTIES.values())
    bare = sum(not one["scenario"] for one in drawn)
    assert 380 < bare < 520
    styles = Counter(solution_style(f"sample {number}", SolverSettings()) for number in range(900))
    assert set(styles) == set(SOLUTION_STYLES.values())
    assert min(styles.values()) > 150


def test_a_mix_is_drawn_by_its_weights_whatever_their_order() -> None:
    settings = ReverserSettings(
        scenario_share=1.0,
        scenarios=("a ship at sea",),
        styles={"contest": 3, "a riddle in rhyme": 1},
        difficulties={"hard": 1},
    )
    drawn = [problem_variety(f"sample {number}", settings) for number in range(600)]
    assert {(one["scenario"], one["difficulty"]) for one in drawn} == {("a ship at sea", DIFFICULTIES["hard"])}
    styles = Counter(one["style"] for one in drawn)
    assert set(styles) == {PROBLEM_STYLES["contest"], "a riddle in rhyme"}
    assert 2 < styles[PROBLEM_STYLES["contest"]] / styles["a riddle in rhyme"] < 4.5
    turned = settings.model_copy(update={"styles": {"a riddle in rhyme": 1.0, "contest": 3.0}})
    assert [problem_variety(f"sample {number}", turned) for number in range(600)] == drawn
    assert not any(
        problem_variety(f"sample {number}", ReverserSettings(scenario_share=0))["scenario"] for number in range(99)
    )


@pytest.mark.parametrize("setting", ["reverser.styles", "reverser.difficulties", "solver.styles"])
def test_a_misspelt_style_is_named(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"names .ston.*several words"):
        load_config("smoke", [f"{setting}.ston=1"])


def config_with(folder: Path | None, prompt: str = "mine.v1") -> RunConfig:
    """Settings whose solver is asked by a prompt of the user's."""
    model = {"model": "nano:codegen", "prompt": "nano_program.v1"}
    models = {role: model for role in ("codegen", "reverser", "judge")} | {"solver": {**model, "prompt": prompt}}
    return making.small_config(models=models, prompts_folder=str(folder) if folder else None)


def test_a_folder_of_prompts_goes_before_the_bundled_ones(tmp_path: Path) -> None:
    (tmp_path / "solve.v2.txt").write_text("[user]\nOver to you: $problem", encoding="utf-8")
    mine = load_prompt("solve.v2", variables=variables_of("solver"), folder=str(tmp_path))
    assert mine.text == "Over to you: $problem"
    bundled = load_prompt("reverse.v2", variables=variables_of("reverser"), folder=str(tmp_path))
    assert bundled == load_prompt("reverse.v2", variables=variables_of("reverser"))
    bundled = load_prompt("solve.v2", variables=variables_of("solver"))
    assert prompt_hash(mine, CONFIG) != prompt_hash(bundled, CONFIG)


def test_a_folder_of_prompts_is_checked_with_its_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"models\.solver\.prompt: There is no prompt 'mine\.v1'"):
        check_prompts(config_with(tmp_path))
    (tmp_path / "mine.v1.txt").write_text("[user]\n$problem, but not $code", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"models\.solver\.prompt: The prompt 'mine\.v1' names code"):
        check_prompts(config_with(tmp_path))
    (tmp_path / "mine.v1.txt").write_bytes(b"[user]\n$problem \xff")
    with pytest.raises(ConfigError, match=r"The prompt 'mine\.v1' at .* cannot be read"):
        check_prompts(config_with(tmp_path))
    (tmp_path / "mine.v1.txt").write_text("[user]\n$problem", encoding="utf-8")
    check_prompts(config_with(tmp_path))
    with pytest.raises(ConfigError, match="mend prompts_folder"):
        check_prompts(config_with(tmp_path / "away"))


def test_where_a_prompt_lies_changes_no_key_and_names_another_run(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.v1.txt").write_text("[user]\n$problem", encoding="utf-8")
    one, other = (making.keys_in(tmp_path, config_with(tmp_path / folder)) for folder in ("one", "two"))
    assert one.key("publish", 0) == other.key("publish", 0)
    assert one.run.run_id != other.run.run_id
    assert config_hash("nightly", config_with(None)) != config_hash("nightly", config_with(tmp_path))
    context = making.context_of(one, tmp_path, "solve")
    assert load_stage_prompt(context, "mine.v1").text == "$problem"


def test_a_section_for_a_model_counts_only_where_there_is_one() -> None:
    model = {"model": "nano:codegen", "prompt": "unify.v2", "temperature": 0.5}
    roles = {role: model for role in ("codegen", "reverser", "solver", "judge")}
    plain, more = (making.small_config(models=roles, unify={"attempts": attempts}) for attempts in (1, 4))
    assert config_hash("seeds", plain) == config_hash("seeds", more)
    asked, again = (
        making.small_config(models=roles | {"unifier": model}, unify={"attempts": attempts}) for attempts in (1, 4)
    )
    assert config_hash("seeds", asked) != config_hash("seeds", again)
    assert config_hash("nightly", asked) != config_hash("nightly", again)
