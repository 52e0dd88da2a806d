"""sample: CodeGen writes programs from nothing but its start token (paper, section 3.2: unconditional, temperature 0.9)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caco_tasks.context import Context
from caco_tasks.ids import program_id, sample_id
from caco_tasks.llm.code import extract_code
from caco_tasks.llm.llm import Reply, make_request
from caco_tasks.llm.prompts import VARIABLES, load_prompt
from caco_tasks.records import Judged, Program, Reason, Sample, fail
from caco_tasks.stages.shared.prompting import ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A place in a shard for which a program is to be sampled."""

    sample_id: str
    number: int  # over the whole run, so that no two draws ask the same request


def draws(context: Context) -> Iterator[Draw]:
    """The draws of this shard."""
    config, run, shard = context.config, context.run, context.shard
    before = sum(config.rows_of_shard(earlier) for earlier in range(shard))
    for row in range(config.rows_of_shard(shard)):
        yield Draw(sample_id=sample_id(run.run_id, "sample", shard, row), number=before + row)


def sample(items: Iterable[Draw], context: Context) -> Iterator[Judged[Sample]]:
    """One program for every draw; the run's id is part of each request, so that no two nights draw the same."""
    items = list(items)
    settings = context.config.models["codegen"]
    llm = context.services.llm("codegen")
    prompt = load_prompt(settings.prompt, variables=VARIABLES["codegen"])
    night = f"{llm.model_id}/{context.run.run_id}"
    requests = [make_request(prompt, settings, model_id=night, sample=draw.number, values={}) for draw in items]
    for draw, reply in zip(items, llm.generate(requests), strict=True):
        yield _judged(draw, reply)


def _judged(draw: Draw, reply: Reply) -> Judged[Sample]:
    code = extract_code(reply.text)
    text = reply.text if code is None else code
    program = Program(program_id=program_id(text), code=text, generation=reply.generation)
    verdict = ended(reply)
    if verdict.kept and code is None:
        verdict = fail(Reason.NO_CODE_FOUND)
    return Judged(record=Sample(sample_id=draw.sample_id, program=program), verdict=verdict)
