"""Shared by training a student and scoring it: the items, the prompt that asks them, and the contenders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from caco_tasks.bank.held_out import held_out_problems
from caco_tasks.checks.decontamination.benchmarks import Item, read_benchmark
from caco_tasks.config import EvaluateSettings, RunConfig
from caco_tasks.context import Context
from caco_tasks.errors import ConfigError, SourceError
from caco_tasks.ids import random_seed
from caco_tasks.llm.prompts import Prompt
from caco_tasks.model_settings import ModelSettings
from caco_tasks.stages.shared.prompting import load_stage_prompt

BASE, STUDENT = CONTENDERS = ("base", "student")
BANK = "bank"  # the bundled bank as a benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalShard:
    """The part of an evaluation that one shard asks: one contender, and its greedy or its sampled answers."""

    contender: str
    numbers: Sequence[int]  # of the answers to each item
    settings: ModelSettings


def evaluation_of(config: RunConfig) -> EvaluateSettings:
    """The part of a config that an evaluation needs.

    Raises:
        ConfigError: the config has none.
    """
    if config.evaluate is None:
        raise ConfigError(f"The config '{config.name}' has no section [evaluate]: add one, see docs/evaluation.md.")
    return config.evaluate


def eval_shard(shard: int, settings: EvaluateSettings) -> EvalShard:
    """Shards 0 and 1 hold the greedy answers of base and student, shards 2 and 3 the sampled ones."""
    is_greedy = shard < len(CONTENDERS)
    asked = settings.ask.model_copy(update={"temperature": 0.0} if is_greedy else {})
    numbers = [0] if is_greedy else range(1, settings.draws + 1)
    return EvalShard(contender=CONTENDERS[shard % len(CONTENDERS)], numbers=numbers, settings=asked)


def scored_items(settings: EvaluateSettings) -> list[Item]:
    """The items of all benchmarks, each with its answer; of a long benchmark those with the smallest hashes.

    Raises:
        SourceError: a file is missing or malformed, an item has no answer, or two items have one id.
    """
    files = [_choose_items([*read_benchmark(benchmark)], settings.max_items) for benchmark in settings.benchmarks]
    bank = [
        Item(benchmark=BANK, key=problem.key, problem=problem.problem, answer=problem.answer)
        for problem in held_out_problems(settings.bank_each)
    ]
    items = [item for benchmark in (*files, _choose_items(bank, settings.max_items)) for item in benchmark]
    _require_answers(items)
    return items


def prompt_of(context: Context) -> Prompt:
    """The prompt that base and student are asked; a chat becomes plain text for a tokenizer without a chat template."""
    settings = evaluation_of(context.config)
    prompt = load_stage_prompt(context, settings.ask.prompt)
    if not prompt.is_chat or context.services.has_chat_template(settings.train.base, settings.train.revision):
        return prompt
    text = f"{prompt.system}\n\n{prompt.text}\n\n" if prompt.system else f"{prompt.text}\n\n"
    return replace(prompt, name=f"{prompt.name}/plain", system=None, text=text, is_chat=False)


def _choose_items(items: list[Item], max_items: int | None) -> list[Item]:
    if max_items is None or len(items) <= max_items:
        return items
    # by hash and not by position: benchmarks are often sorted by topic or difficulty
    by_hash = sorted(range(len(items)), key=lambda place: random_seed("scored item", items[place].key))
    return [items[place] for place in sorted(by_hash[:max_items])]


def _require_answers(items: Sequence[Item]) -> None:
    keys = Counter((item.benchmark, item.key) for item in items)
    for item in items:
        if not (item.answer or "").strip():
            raise SourceError(
                f"Item {item.key} of '{item.benchmark}' has no answer to score against: set `answer_column`."
            )
        if keys[item.benchmark, item.key] > 1:
            raise SourceError(
                f"Two items of '{item.benchmark}' have the id {item.key}: set another `id_column`, or none."
            )
