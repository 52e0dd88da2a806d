"""Shared by the stages that ask a model: requests made of records, and the verdict on how a reply ended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from caco_tasks.config import RoleName
from caco_tasks.context import Context
from caco_tasks.domain_tags import without_tag
from caco_tasks.errors import ConfigError
from caco_tasks.llm.llm import NOT_ASKED, PROMPT_TOO_LONG, Reply, make_request
from caco_tasks.llm.prompts import Prompt, load_prompt, variables_of
from caco_tasks.reading import Reading
from caco_tasks.records import PASS, Generation, Reason, Sample, Verdict, fail, unknown
from caco_tasks.stages.shared.few_shot import prompt_hash, shared_values

Item = TypeVar("Item")


def ask(
    items: Sequence[Item],
    context: Context,
    role: RoleName,
    values: Callable[[Item], dict[str, str]],
    *,
    prompt: str | None = None,
    sample: int | Callable[[Item], int] | None = None,
    schema: str | None = None,
) -> Iterator[tuple[Item, Reply]]:
    """Asks the model of `role` about every item; pairs each item with its reply.

    `prompt` names another template than the configured one; `sample` numbers the replies to one question, for all items
    alike or for each (None: by the runner's attempt); `schema` is the JSON schema of replies, for a role that is asked by one.

    Raises:
        ConfigError: the template is not the one that the run pinned.
    """
    if not items:
        return  # nothing to ask: the model is not even loaded
    settings = context.config.models[role]
    template = load_stage_prompt(context, prompt or settings.prompt)
    llm = context.llm(role)
    # another number is another request: nothing is replayed
    number = sample if callable(sample) else lambda _: context.attempt if sample is None else sample
    shared = shared_values(template, context.config)
    requests = [
        make_request(
            template,
            settings,
            model_id=llm.model_id,
            sample=number(item),
            values=values(item) | shared,
            is_retry=context.attempt > 0,
            schema=schema,
        )
        for item in items
    ]
    yield from zip(items, llm.generate(requests), strict=True)


def load_stage_prompt(context: Context, name: str) -> Prompt:
    """The template of a stage, which must still be the text that the run's keys hold.

    Raises:
        ConfigError: there is no such template, or it was changed since the run was planned.
    """
    prompt = load_prompt(name, variables=variables_of(context.spec.role), folder=context.config.prompts_folder)
    pinned = context.run.prompts.get(name)
    if pinned is not None and pinned != prompt_hash(prompt, context.config):
        raise ConfigError(
            f"The prompt '{name}' was changed after run {context.run.run_id[:12]} was planned: give the new text a version "
            "of its own, and name it in the config."
        )
    return prompt


def reply_verdict(reply: Reply) -> Verdict:
    """PASS for a reply that came to its own end; a cut-off reply is a failure, a lost one is unknown."""
    if reply.error == PROMPT_TOO_LONG:
        tokens = f"{reply.generation.prompt_tokens} tokens of " if reply.generation.prompt_tokens else ""
        detail = f"{tokens}prompt and the most tokens that a reply may have are more than the model takes"
        return fail(Reason.PROMPT_TOO_LONG, detail)  # not unknown: no other attempt makes it fit
    if reply.error == NOT_ASKED:
        return unknown(Reason.NOT_ASKED, "no reply to this question is kept")
    if reply.error is not None:
        return unknown(Reason.ENGINE_LOST, reply.error)
    if reply.generation.finish_reason == "length":
        return fail(Reason.CUT_OFF, f"after {reply.generation.completion_tokens} tokens")
    return PASS


def generation_of(reply: Reply, reading: Reading) -> Generation:
    """How a text came to be: by a reply, and by what was cut away from it."""
    return replace(reply.generation, cut_away=tuple(str(cut) for cut in reading.cut))


def with_costs_of(generation: Generation, made: Sequence[Generation]) -> Generation:
    """How a text came to be, with the tokens, seconds and costs of all replies that were asked for to get it."""
    return replace(
        generation,
        prompt_tokens=sum(one.prompt_tokens for one in made),
        completion_tokens=sum(one.completion_tokens for one in made),
        seconds=sum(one.seconds for one in made),
        cost_usd=sum(one.cost_usd for one in made),
        is_replayed=all(one.is_replayed for one in made),
    )


def program_variables(sample: Sample) -> dict[str, str]:
    """The prompt variables of a program, which is shown without its domain, and its execution."""
    execution = sample.execution
    return {
        "code": without_tag(sample.program.code),
        "input": (execution and execution.input_json) or "",
        "output": (execution and execution.output_text) or "",
    }
