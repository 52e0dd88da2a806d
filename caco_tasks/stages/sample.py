"""sample: CodeGen writes programs from nothing but its start token (paper, section 3.2: unconditional, temperature 0.9).

A sample is a place in a draw: what one model, asked in one way, may write for one date. Neither the run nor the shard has a
part in it, so a longer run begins with the samples of a shorter one, and two configs that differ later judge the same ones.
With `[mix]` some places are not asked for: their programs are made of verified seed programs (`caco_tasks.offspring`). With
`[steer]` CodeGen is told at most places how its program begins (`caco_tasks.steering`), and goes on from there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from caco_tasks.context import Context
from caco_tasks.ids import program_id, sample_id
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.prompts import begin_reply
from caco_tasks.offspring import Bred, Kind, breed, kind_of_place, read_parents
from caco_tasks.reading import read_program
from caco_tasks.records import PASS, JudgedRecord, Program, ProgramOrigin, Sample
from caco_tasks.stages.shared.missing_parts import no_code_found
from caco_tasks.stages.shared.prompting import generation_of, load_stage_prompt, reply_verdict
from caco_tasks.steering import told_opening


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
    bred = _breed(draws, context)
    for draw in draws:
        if draw.index in bred:
            program = _bred_program(bred[draw.index])
            yield JudgedRecord(record=Sample(sample_id=draw.sample_id, index=draw.index, program=program), verdict=PASS)
    yield from _ask_codegen([draw for draw in draws if draw.index not in bred], context)


def kind_of(draw: Draw, context: Context) -> Kind:
    """How the program of a place is to be made: by CodeGen, unless `[mix]` gives the place to another."""
    mix = context.config.mix
    if mix is None:
        return "codegen"
    return kind_of_place(context.draw, draw.index, compose=mix.compose, mutate=mix.mutate)


def _ask_codegen(draws: Sequence[Draw], context: Context) -> Iterator[JudgedRecord[Sample]]:
    settings, llm = context.config.models["codegen"], context.llm("codegen")
    prompt = load_stage_prompt(context, settings.prompt)
    drawn_from = f"{llm.model_id}/{context.draw}"
    retried = f"/{context.attempt}" if context.attempt else ""  # a new attempt must not replay the last
    told = [told_opening(context.draw, draw.index, context.run.steering) for draw in draws]
    requests = [
        make_request(
            begin_reply(prompt, opening or ""), settings, model_id=drawn_from + retried, sample=draw.index, values={}
        )
        for draw, opening in zip(draws, told, strict=True)
    ]
    for draw, opening, reply in zip(draws, told, llm.generate(requests), strict=True):
        written = (opening or "") + reply.text
        reading = read_program(written)
        # a reply without code is kept as it is, for whoever asks why
        text = written if reading.text is None else reading.text
        made = generation_of(reply, reading)
        program = Program(program_id=program_id(text), code=text, generation=made, told=opening)
        verdict = reply_verdict(reply)
        if verdict.kept and reading.text is None:
            verdict = no_code_found(written)
        yield JudgedRecord(record=Sample(sample_id=draw.sample_id, index=draw.index, program=program), verdict=verdict)


def _breed(draws: Sequence[Draw], context: Context) -> Mapping[int, Bred]:
    """The programs that are made of others, by their places; none without `[mix]`."""
    kinds = {draw.index: kind_of(draw, context) for draw in draws}
    places = {index: kind for index, kind in kinds.items() if kind != "codegen"}
    if not places:
        return {}
    parents = read_parents(context.services.store, context.run.input_keys)
    # a new attempt makes other programs, as it asks for other replies
    drawn_from = f"{context.draw}/{context.attempt}" if context.attempt else context.draw
    return breed(places, parents, context.services.sandbox(), draw=drawn_from)


def _bred_program(bred: Bred) -> Program:
    origin = ProgramOrigin(
        kind=bred.kind,
        operator=bred.operator,
        parents=tuple(parent.program_id for parent in bred.parents),
        seeds=tuple(parent.seed_id for parent in bred.parents),
    )
    return Program(program_id=program_id(bred.code), code=bred.code, origin=origin)
