"""What the stages that ask a model share: requests out of records, replies judged by how they ended."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from caco_tasks.config import RoleName
from caco_tasks.context import Context
from caco_tasks.llm.base import Reply, make_request
from caco_tasks.llm.prompts import load_prompt
from caco_tasks.records import PASS, Reason, Sample, Verdict, fail, unknown

Item = TypeVar("Item")

VARIABLES = {
    "codegen": frozenset[str](),
    "reverser": frozenset(("code", "input", "output")),
    "solver": frozenset(("problem",)),
    "judge": frozenset(("problem", "solution", "code")),
    "unifier": frozenset(("problem", "solution", "answer")),
}


def ask(
    items: Sequence[Item], context: Context, role: RoleName, values: Callable[[Item], dict[str, str]]
) -> Iterator[tuple[Item, Reply]]:
    """Asks the model of `role` about every item; pairs each item with its reply."""
    if not items:
        return  # nothing to ask: the model is not even loaded
    settings = context.config.models[role]
    llm = context.resources.llm(role)
    prompt = load_prompt(settings.prompt, variables=VARIABLES[role])
    requests = [make_request(prompt, settings, model_id=llm.model_id, values=values(item)) for item in items]
    yield from zip(items, llm.generate(requests), strict=True)


def ended(reply: Reply) -> Verdict:
    """PASS for a reply that came to its own end; a cut-off reply is a failure, a lost one is unknown."""
    if reply.error == "prompt_too_long":
        return fail(Reason.PROMPT_TOO_LONG)
    if reply.error is not None:
        return unknown(Reason.ENGINE_LOST, reply.error)
    if reply.generation.finish_reason == "length":
        return fail(Reason.CUT_OFF, f"after {reply.generation.completion_tokens} tokens")
    return PASS


def code_of(sample: Sample) -> dict[str, str]:
    """The prompt variables that tell of a program and of what it did."""
    execution = sample.execution
    return {
        "code": sample.program.code,
        "input": (execution and execution.input_json) or "",
        "output": (execution and execution.output_text) or "",
    }
