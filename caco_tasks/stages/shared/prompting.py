"""Shared by the stages that ask a model: requests made of records, and the verdict on how a reply ended."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from caco_tasks.config import RoleName
from caco_tasks.context import Context
from caco_tasks.errors import ConfigError
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Reply, make_request
from caco_tasks.llm.prompts import VARIABLES, Prompt, load_prompt
from caco_tasks.records import PASS, Reason, Sample, Verdict, fail, unknown
from caco_tasks.stages.shared.few_shot import bank_examples, prompt_hash

Item = TypeVar("Item")


def ask(
    items: Sequence[Item],
    context: Context,
    role: RoleName,
    values: Callable[[Item], dict[str, str]],
    *,
    prompt: str | None = None,
    sample: int | None = None,
) -> Iterator[tuple[Item, Reply]]:
    """Asks the model of `role` about every item; pairs each item with its reply.

    `prompt` names another template than the configured one; `sample` numbers the replies to one question (None: by the
    runner's attempt).

    Raises:
        ConfigError: the template is not the one that the run pinned.
    """
    if not items:
        return  # nothing to ask: the model is not even loaded
    settings = context.config.models[role]
    template = load_stage_prompt(context, prompt or settings.prompt)
    llm = context.llm(role)
    number = context.attempt if sample is None else sample  # another number is another request: nothing is replayed
    examples = template.showing(bank_examples())
    requests = [
        make_request(template, settings, model_id=llm.model_id, sample=number, values=values(item) | examples)
        for item in items
    ]
    yield from zip(items, llm.generate(requests), strict=True)


def load_stage_prompt(context: Context, name: str) -> Prompt:
    """The template of a stage, which must still be the text that the run's keys hold.

    Raises:
        ConfigError: there is no such template, or it was changed since the run was planned.
    """
    role = context.spec.role
    prompt = load_prompt(name, variables=VARIABLES[role] if role is not None else frozenset(("problem",)))
    pinned = context.run.prompts.get(name)
    if pinned is not None and pinned != prompt_hash(prompt):
        raise ConfigError(
            f"The prompt '{name}' was changed after run {context.run.run_id[:12]} was planned: give the new text a version "
            "of its own, and name it in the config."
        )
    return prompt


def reply_verdict(reply: Reply) -> Verdict:
    """PASS for a reply that came to its own end; a cut-off reply is a failure, a lost one is unknown."""
    if reply.error == PROMPT_TOO_LONG:
        return fail(Reason.PROMPT_TOO_LONG)  # not unknown: no other attempt makes it fit
    if reply.error is not None:
        return unknown(Reason.ENGINE_LOST, reply.error)
    if reply.generation.finish_reason == "length":
        return fail(Reason.CUT_OFF, f"after {reply.generation.completion_tokens} tokens")
    return PASS


def program_variables(sample: Sample) -> dict[str, str]:
    """The prompt variables of a program and its execution."""
    execution = sample.execution
    return {
        "code": sample.program.code,
        "input": (execution and execution.input_json) or "",
        "output": (execution and execution.output_text) or "",
    }
