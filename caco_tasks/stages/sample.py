"""sample: CodeGen writes programs from nothing but its start token (paper, section 3.2: unconditional, temperature 0.9).

A sample is a place in a draw: what one model, asked in one way, may write for one date. Neither the run nor the shard has a
part in it, so a longer run begins with the samples of a shorter one, and two configs that differ later judge the same ones.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caco_tasks.context import Context
from caco_tasks.ids import program_id, sample_id
from caco_tasks.llm.llm import make_request
from caco_tasks.reading import read_program
from caco_tasks.records import JudgedRecord, Program, Sample
from caco_tasks.stages.shared.missing_parts import no_code_found
from caco_tasks.stages.shared.prompting import generation_of, load_stage_prompt, reply_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A place in a draw for which a program is to be sampled."""

    sample_id: str
    index: int  # within the draw, from 0

    @property
    def id(self) -> str:
        """The id of the sample that it becomes."""
        return self.sample_id


def records(context: Context) -> Iterator[Draw]:
    """The places of this shard."""
    for index in range(context.origin["start"], context.origin["stop"]):
        yield Draw(sample_id=sample_id(context.draw, index), index=index)


def sample(draws: Iterable[Draw], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """One program for every place; the draw's id is part of each request, so that no two dates draw the same."""
    draws = list(draws)
    settings, llm = context.config.models["codegen"], context.llm("codegen")
    prompt = load_stage_prompt(context, settings.prompt)
    drawn_from = f"{llm.model_id}/{context.draw}"
    retried = f"/{context.attempt}" if context.attempt else ""  # a new attempt must not replay the last
    requests = [
        make_request(prompt, settings, model_id=drawn_from + retried, sample=draw.index, values={}) for draw in draws
    ]
    for draw, reply in zip(draws, llm.generate(requests), strict=True):
        reading = read_program(reply.text)
        # a reply without code is kept as it is, for whoever asks why
        text = reply.text if reading.text is None else reading.text
        program = Program(program_id=program_id(text), code=text, generation=generation_of(reply, reading))
        verdict = reply_verdict(reply)
        if verdict.kept and reading.text is None:
            verdict = no_code_found(reply.text)
        yield JudgedRecord(record=Sample(sample_id=draw.sample_id, index=draw.index, program=program), verdict=verdict)
