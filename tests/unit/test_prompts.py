"""The prompts of a config, their worked examples, and the variety that they ask for."""

import shutil
from pathlib import Path

import making
import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.config import RunConfig, bundled_configs, load_config
from caco_tasks.errors import ConfigError
from caco_tasks.llm import load_prompt, prompts
from caco_tasks.llm.finetune import shares
from caco_tasks.llm.prompts import VARIABLES, check_prompts
from caco_tasks.reading import read_program
from caco_tasks.stages.shared.few_shot import bank_examples


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the templates, to be spoilt."""
    folder = shutil.copytree(prompts.TEMPLATES_FOLDER, tmp_path / "templates")
    monkeypatch.setattr(prompts, "TEMPLATES_FOLDER", folder)
    return folder


def asked_of(prompt: str, **judging: object) -> RunConfig:
    """Settings of a run whose judge is asked by `prompt`."""
    model = {"model": "nano:codegen", "prompt": "nano_program.v1"}
    roles = {role: model for role in ("codegen", "reverser", "solver")}
    return making.small_config(models=roles | {"judge": model | {"prompt": prompt}}, judge=judging)


@pytest.mark.parametrize("name", bundled_configs())
def test_every_prompt_of_a_bundled_config_can_be_filled_in(name: str) -> None:
    check_prompts(load_config(name))


def test_a_prompt_that_is_missing_is_told_with_config_and_role() -> None:
    with pytest.raises(
        ConfigError, match=r"^In the config 'test', models.judge.prompt: There is no prompt 'judg.v1': "
    ):
        check_prompts(asked_of("judg.v1"))


def test_a_variable_that_is_unknown_is_told_with_config_and_role(templates: Path) -> None:
    (templates / "judge.v2.txt").write_text("[user]\n$problem $answer", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"models.judge.prompt: The prompt 'judge.v2' names answer; it may name code, "
    ):
        check_prompts(asked_of("judge.v2"))


def test_the_twin_of_a_judge_that_is_asked_in_both_orders_must_be_there(templates: Path) -> None:
    check_prompts(asked_of("judge.v2", both_orders=True))
    (templates / "judge_program_first.v2.txt").unlink()
    check_prompts(asked_of("judge.v2"))
    with pytest.raises(ConfigError, match=r"There is no prompt 'judge_program_first\.v2'"):
        check_prompts(asked_of("judge.v2", both_orders=True))


def test_the_twin_of_the_judge_s_prompt_says_the_same() -> None:
    texts = [load_prompt(f"{name}.v2", variables=VARIABLES["judge"]).text for name in ("judge", "judge_program_first")]
    assert sorted(texts[0].split()) == sorted(texts[1].split())
    assert texts[0].index("$solution") < texts[0].index("$code")
    assert texts[1].index("$code") < texts[1].index("$solution")


def test_examples_are_written_in_the_form_that_the_prompt_gives_them(templates: Path) -> None:
    (templates / "a.v1.txt").write_text(
        "[example]\n$problem: $answer\n[user]\n$examples\nSolve $problem\n", encoding="utf-8"
    )
    prompt = load_prompt("a.v1", variables=frozenset(("problem",)))
    shown = prompt.showing([{"problem": "1 + 1", "answer": "2"}, {"problem": "2 + 2", "answer": "4"}])
    text = prompt.render(problem="3 + 3", **shown)
    assert text == "Example 1\n\n1 + 1: 2\n\nExample 2\n\n2 + 2: 4\nSolve 3 + 3"


EXAMPLES_AT_FAULT = {
    "without a form": ("[user]\n$examples $problem", "The prompt 'a.v1' names examples; it may name problem"),
    "with an unknown variable": ("[example]\n$gold\n[user]\n$examples", "The example of the prompt 'a.v1' names gold"),
}


@pytest.mark.parametrize(("text", "said"), EXAMPLES_AT_FAULT.values(), ids=EXAMPLES_AT_FAULT)
def test_examples_at_fault_are_refused(templates: Path, text: str, said: str) -> None:
    (templates / "a.v1.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_prompt("a.v1", variables=frozenset(("problem",)))


def test_a_prompt_without_examples_shows_none() -> None:
    assert load_prompt("solve.v1", variables=VARIABLES["solver"]).showing(bank_examples()) == {}


def test_the_examples_are_worked_problems_of_three_domains_with_the_answer_that_their_program_gives() -> None:
    shown = bank_examples()
    families = {family.name: family for family in FAMILIES}
    assert len({families[name].domain for name in ("cafe_bills", "two_bags", "shortest_way")}) == len(shown) == 3
    for example in shown:
        names: dict[str, object] = {"__name__": "example"}
        exec(compile(example["code"].replace("print(output)", ""), "example", "exec"), names)  # our own bank's code
        assert str(names["output"]) == example["answer"] == example["output"]
        assert example["answer"] in example["solution"]


def test_a_unifier_that_answers_as_the_examples_do_is_understood() -> None:
    prompt = load_prompt("unify.v2", variables=VARIABLES["unifier"])
    shown = prompt.showing(bank_examples()[:1])["examples"]
    assert read_program(shown).text == bank_examples()[0]["code"] + "\n"


def test_a_config_of_the_paper_has_the_figures_of_the_paper() -> None:
    config = load_config("paper")
    train = config.train
    assert (train.base, train.epochs, train.learning_rate) == ("Qwen/Qwen2.5-Coder-7B", 1.0, 5e-6)
    assert (train.warmup_ratio, train.weight_decay, train.sequence_tokens, train.dtype) == (0.03, 0.1, 2048, "bfloat16")
    assert (train.lora_rank, train.packing) == (0, False)
    assert train.batch_sequences == train.hardware.processes * 8 * 2
    models = {role: model.model for role, model in config.models.items()}
    assert models == {
        "unifier": "Qwen/Qwen2.5-72B-Instruct",
        "codegen": "trained",
        "reverser": "Qwen/Qwen3-8B",
        "solver": "Qwen/Qwen3-8B",
        "judge": "Qwen/Qwen3-32B",
    }
    codegen, reverser = config.models["codegen"], config.models["reverser"]
    assert (codegen.temperature, codegen.max_tokens, codegen.top_p, codegen.top_k) == (0.9, 1024, 1.0, 0)
    assert (reverser.temperature, reverser.top_p, reverser.top_k, reverser.min_p) == (0.7, 0.8, 20, 0.0)
    assert reverser.chat_options == {"enable_thinking": False}
    assert (config.samples, config.sandbox.timeout_seconds, config.screen.min_lines) == (5_300_000, 10.0, 6)
    assert {source.name for source in config.seeds.sources} == {"math", "deepscaler", "big_math", "kodcode"}


def test_the_student_of_the_paper_is_trained_and_scored_as_it_was_there() -> None:
    evaluate = load_config("paper").evaluate
    assert evaluate is not None
    train = evaluate.train
    assert (train.base, train.epochs, train.learning_rate, train.batch_sequences, train.sequence_tokens) == (
        "Qwen/Qwen2.5-Math-7B",
        3.0,
        5e-6,
        128,
        4096,
    )
    assert (evaluate.ask.temperature, evaluate.draws) == (0.0, 0)
    assert len(evaluate.benchmarks) == 6


@pytest.mark.parametrize("name", bundled_configs())
def test_the_steps_of_a_bundled_config_can_be_shared_out(name: str) -> None:
    config = load_config(name)
    for settings in [config.train, *([config.evaluate.train] if config.evaluate else [])]:
        at_once, times = shares(settings)
        assert at_once * times * settings.hardware.processes == settings.batch_sequences
