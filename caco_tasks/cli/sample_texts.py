"""A sample as a person reads it on a terminal: its texts first, then what was said of it and where it came from."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table

from caco_tasks.cli.tables import answer_table
from caco_tasks.format import NOTHING, format_count

if TYPE_CHECKING:
    from caco_tasks.reports.sample_parts import SampleReport

Section = tuple[str, list[str | Table]]


def sample_sections(report: "SampleReport") -> Iterator[Section]:
    """All of a sample, section by section; sections with nothing in them are left out."""
    run = report.run
    yield (
        f"{report.kind} {report.sample_id}",
        [
            f"{_describe_end(report)}.",
            f"{run.pipeline} {run.partition}, config {run.config}, run {run.run_id}, shard {report.shard}",
            *([report.texts_missing] if report.texts_missing else []),
        ],
    )
    for heading, text in text_sections(report):
        yield heading, [text]
    yield from ((heading, content) for heading, content in _checks(report) if content)
    yield "If it were taken back", [report.recall.sentence]


def text_sections(report: "SampleReport") -> Iterator[tuple[str, str]]:
    """Problem, solution and program, as far as the sample came to them."""
    texts = {"Problem": report.problem, "Solution": report.solution, "Program": report.program}
    yield from ((heading, text.strip("\n")) for heading, text in texts.items() if text)


def ancestor_lines(lineage: Mapping[str, Any]) -> Iterator[str]:
    """Where a sample came from, one line for each step back, from the ledger's `lineage`."""
    last = lineage["verdicts"][-1] if lineage["verdicts"] else {"stage": NOTHING, "outcome": NOTHING}
    why = ": ".join(str(last[name]) for name in ("reason", "detail") if last.get(name))
    yield f"ended      {last['stage']}: {last['outcome']}{', ' + why if why else ''}"
    for each in lineage["published_in"]:
        yield f"published  {each['dataset']}/{each['version']}"
    made = lineage["origin"] or {}
    for parent in made.get("parents", ()):
        yield f"made of    {parent['program_id'][:12]} by {made['kind']} {made['operator']}: {parent['source']} {parent['key']}"
    for asked in lineage["requests"]:
        yield f"asked      {asked['stage']}: {' + '.join(asked['models'])} by {' + '.join(asked['prompts'])}"
    run, word = lineage["run"], "run"
    while run:  # from the run of the sample to that of the seeds
        yield f"{word:<10} {_describe_run(run)}"
        model = run.get("model")
        if model:
            yield f"model      {model['model_id']}"
            for learnt in model.get("learnt_from", []):
                yield f"learnt     in {learnt['run_id']} from {', '.join(learnt['datasets'])}"
        for source in run.get("sources", []):
            verified = f"{format_count(source['verified'])} of {format_count(source['seeds'])} verified"
            yield f"source     {source['source']} {source['revision']}, {source['licence']}: {verified}"
        run, word = (model["run"], "trained by") if model and model.get("run") else (run.get("seed_run"), "seeds")


def _describe_run(run: Mapping[str, Any]) -> str:
    if run.get("missing"):
        return f"{run['run_id']}, which this ledger does not have"
    return f"{run['pipeline']} {run['partition']}, {run['run_id']}"


def _describe_end(report: "SampleReport") -> str:
    if report.outcome == "pass":
        return f"Passed every stage up to {report.stage}"
    said = f"{'Rejected' if report.outcome == 'fail' else 'Unknown'} at {report.stage}: {report.reason}"
    said += f", {report.words}" if report.words else ""
    return f"{said} ({report.detail})" if report.detail else said


def _checks(report: "SampleReport") -> Iterator[Section]:
    verdicts = [(one.stage, one.outcome, one.words, one.detail, one.method, one.version) for one in report.verdicts]
    yield "Verdicts", [answer_table(("stage", "outcome", "reason", "detail", "method", "version"), verdicts)]
    yield "Execution and answers", [*_execution_lines(report)]
    false = [f"false: {one.text}" for one in report.equations if one.state == "false"]
    unclear = sum(one.state == "not_understood" for one in report.equations)
    if report.equations:
        yield "Equations", [f"{len(report.equations)} were looked at, {unclear} not understood.", *false]
    yield "Only recorded", [f"{one.stage}: {one.reason}, {one.words}: {one.detail}" for one in report.findings]
    replies = [
        (one.stage, one.model_id, one.prompt, one.prompt_tokens, one.completion_tokens, one.finish_reason, one.cost_usd)
        for one in report.replies
    ]
    heads = ("stage", "model", "prompt", "tokens in", "tokens out", "ended", "dollars")
    yield "Replies of models", [answer_table(heads, replies)] if replies else []
    yield (
        "Like items of benchmarks",
        [f"{one.benchmark}, {one.item}: {one.rule} {one.score:.2f}" for one in report.benchmark_neighbours],
    )
    yield (
        "Sources of its seeds",
        [f"{one.source} {one.revision}, {one.licence}{', ' + one.link if one.link else ''}" for one in report.sources],
    )
    yield (
        "Said by people",
        [f"{one.person}: {one.answer}{', ' + one.note if one.note else ''}" for one in report.audits],
    )


def _execution_lines(report: "SampleReport") -> Iterator[str]:
    ran, answers = report.execution, report.answers
    if ran is not None:
        cost = f"{ran.wall_seconds:.2f} s, {ran.peak_memory_mb:.0f} MB, sandbox {ran.sandbox_level}"
        yield f"output  {ran.output or ran.error or NOTHING} ({ran.output_type or 'no output'}; {cost})"
        if ran.input_json:
            yield f"input   {ran.input_json}"
        if ran.stdout:
            yield f"printed {ran.stdout}"
    if answers is not None:
        who = "the program gives" if answers.expected_of == "program" else "gold is"
        yield f"answer  the solution says {answers.ours or 'nothing'}, {who} {answers.expected or 'nothing'}"
