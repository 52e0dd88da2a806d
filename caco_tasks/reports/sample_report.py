"""One sample: its texts, what each stage said of it, every reply, its neighbours, and what a recall would touch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from caco_tasks.audit.answers import answer_words
from caco_tasks.domain_tags import domain_of
from caco_tasks.errors import StoreError
from caco_tasks.ledger import run_queries, sample_details, sample_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.pipeline import STAGES
from caco_tasks.publishing.dataset_row import difficulty_of
from caco_tasks.records import Attempt, Execution, Finding, Sample, Seed, SeedProgram, Solution
from caco_tasks.reports.answer_report import describe_answers
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.environment_report import sample_environment
from caco_tasks.reports.equation_marks import mark_equations
from caco_tasks.reports.lineage_graph import DEPTH, draw_graph, sources_behind
from caco_tasks.reports.reason_words import words_of
from caco_tasks.reports.recall_words import recalls_of_sample
from caco_tasks.reports.reply_reports import replies_of
from caco_tasks.reports.report_parts import dataset_ref, run_ref
from caco_tasks.reports.sample_parts import (
    BenchmarkNeighbour,
    CandidateReport,
    DuplicateNeighbour,
    ExecutionReport,
    FindingReport,
    PersonAnswer,
    RecallReport,
    SampleReport,
    SeedReport,
    SourceReport,
    VerdictReport,
)
from caco_tasks.reports.source_links import source_link
from caco_tasks.store.record_rows import from_row
from caco_tasks.store.shards import naming_damage, read_batches

RECORDS = {spec.writes.__name__: spec.writes for spec in STAGES.values()}
KINDS = {Sample: "sample", Seed: "seed", SeedProgram: "seed", Attempt: "attempt"}

_SEEN_FIRST = re.compile(r"seen first in ([0-9a-f]{32})")


def sample_report(archive: Archive, sample_id_or_prefix: str) -> SampleReport:
    """All of a sample, as the run that published it, or else the newest, has it.

    A store that is away, or has lost the sample, leaves out the texts: `texts_missing` says why.

    Raises:
        UnknownIdError, AmbiguousIdError: the sample.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        subject = sample_queries.find_subject(connection, sample_id_or_prefix)
        end, *others = sample_details.ends_of(connection, subject)
        chain = sample_details.chain_of(connection, end)
        record, missing = _read_record(archive, end)
        run = run_queries.run_record(connection, end["run_id"])
        sources = sources_behind(connection, run)
        graph = draw_graph(connection, subject, end, run, sources, depth=DEPTH)
        overlaps = sample_details.overlaps_of(connection, end["output_no"], subject)
        return SampleReport(
            sample_id=subject,
            kind=KINDS.get(RECORDS.get(end["record"], Sample), "sample"),
            run=run_ref(end),
            other_runs=tuple(run_ref(one) for one in others),
            shard=end["shard"],
            stage=end["stage"],
            outcome=end["outcome"],
            reason=end["reason"],
            words=words_of(end["reason"]),
            detail=end["detail"],
            **_texts_of(record),
            answers=describe_answers(
                record, seen_by=[step["stage"] for step in chain], stage=end["stage"], reason=end["reason"]
            ),
            verdicts=tuple(_describe_verdict(step, end, record) for step in chain),
            equations=mark_equations(_solution_text(record)),
            replies=tuple(replies_of(record, chain)),
            benchmark_neighbours=tuple(_benchmark_neighbours(record, overlaps)),
            duplicates=tuple(_duplicates(end, record)),
            seed=_describe_seed(connection, subject, record),
            sources=tuple(SourceReport(**row, link=source_link(row["source"])) for row in sources),
            graph=graph,
            recall=_describe_recall(connection, subject),
            environment=sample_environment(connection, subject),
            audits=tuple(map(_describe_audit, sample_details.audits_of(connection, end["run_id"], subject))),
            texts_missing=missing,
        )


def _read_record(archive: Archive, end: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The record where it ended, or why there is none."""
    kind = RECORDS.get(end["record"])
    if kind is None:
        return None, f"Its output holds records of the class {end['record']}, which this version does not know."
    try:
        start = 0
        for batch in read_batches(archive.store, end["uri"], kind, sha256=end["sha256"]):
            if end["row"] < start + batch.num_rows:
                with naming_damage(end["uri"]):
                    row = batch.slice(end["row"] - start, 1).to_pylist()[0]
                    return from_row(kind, row).record, None
            start += batch.num_rows
    except StoreError as exc:  # what the ledger says of it is worth seeing all the same
        return None, str(exc)
    return None, f"The output {end['uri']} has no row {end['row']}: rerun its stage."


def _texts_of(record: Any) -> dict[str, Any]:
    """Texts, execution, candidates and findings, as far as the record has come."""
    texts: dict[str, Any] = dict.fromkeys(
        ("index", "domain", "difficulty", "steps", "depth", "problem", "solution", "program", "program_id", "execution")
    )
    texts |= {"candidates": (), "findings": ()}
    match record:
        case Sample():
            solution, measures = record.solution, record.measures
            texts |= {
                "steps": measures.steps if measures else None,
                "depth": measures.depth if measures else None,
                "index": record.index,
                "domain": domain_of(record.program.code),
                "difficulty": difficulty_of(solution.pass_rate) if solution else None,
                "problem": record.problem.text if record.problem else None,
                "program": record.program.code,
                "program_id": record.program.program_id,
                "execution": _describe_execution(record.execution),
                "findings": tuple(_describe_finding(one) for one in record.findings),
            }
            texts |= _of_solution(solution)
        case Seed():
            texts |= {"problem": record.problem, "solution": record.solution}
            texts |= {"domain": record.domain, "difficulty": record.difficulty}
        case SeedProgram():
            seed, program = record.seed, record.program
            texts |= {"problem": seed.problem, "solution": seed.solution, "domain": seed.domain}
            texts |= {"difficulty": seed.difficulty, "execution": _describe_execution(record.execution)}
            if program is not None:
                texts |= {"program": program.code, "program_id": program.program_id}
        case Attempt():
            texts |= {"problem": record.problem}
            texts |= _of_solution(record.solution)
    return texts


def _of_solution(solution: Solution | None) -> dict[str, Any]:
    if solution is None:
        return {}
    return {
        "solution": solution.text,
        "candidates": tuple(
            CandidateReport(
                answer=one.answer,
                agrees=one.agrees,
                is_chosen=one.generation.request_id == solution.generation.request_id,
                finish_reason=one.generation.finish_reason,
                request_id=one.generation.request_id,
                tokens=one.generation.completion_tokens,
            )
            for one in solution.candidates
        ),
    }


def _describe_execution(ran: Execution | None) -> ExecutionReport | None:
    if ran is None:
        return None
    return ExecutionReport(
        input_json=ran.input_json,
        output=ran.output_text,
        output_type=ran.output_type,
        stdout=ran.stdout,
        error=ran.error,
        wall_seconds=ran.wall_seconds,
        cpu_seconds=ran.cpu_seconds,
        peak_memory_mb=ran.peak_memory_mb,
        sandbox_level=ran.sandbox_level,
    )


def _describe_finding(found: Finding) -> FindingReport:
    reason = str(found.reason)
    return FindingReport(stage=found.stage, reason=reason, words=words_of(reason) or reason, detail=found.detail)


def _describe_verdict(step: Mapping[str, Any], end: Mapping[str, Any], record: Any) -> VerdictReport:
    """What a stage said: it passed the sample, unless the sample ended there."""
    is_end = step["stage"] == end["stage"]
    version = step["recipe"].get("version")
    findings = record.findings if isinstance(record, Sample) else ()
    return VerdictReport(
        stage=step["stage"],
        outcome=end["outcome"] if is_end else "pass",
        reason=end["reason"] if is_end else None,
        words=words_of(end["reason"]) if is_end else None,
        detail=end["detail"] if is_end else None,
        method=_method_of(step, record),
        version=version if isinstance(version, int) else None,
        seconds=_seconds_of(step["stage"], record),
        output_key=step["key"],
        uri=step["uri"],
        is_reused=step["is_reused"],
        code_version=step["code_version"],
        models=tuple(step["models"]),
        prompts=tuple(step["prompts"]),
        findings=tuple(_describe_finding(one) for one in findings if one.stage == step["stage"]),
    )


def _method_of(step: Mapping[str, Any], record: Any) -> str:
    """How a stage came to its verdict, in a few words."""
    spec = STAGES.get(step["stage"])
    said = []
    if step["models"]:
        said.append(f"asked {' and '.join(step['models'])}")
    if spec is not None and spec.executes:
        said.append("ran programs in the sandbox")
    if spec is not None and spec.claims:
        said.append("looked for one with the same fingerprint that came before")
    if spec is not None and spec.looks_up_benchmarks:
        said.append("compared with protected benchmarks")
    solution = getattr(record, "solution", None)
    if step["stage"] in ("agree", "evaluate") and isinstance(solution, Solution) and solution.compared_by:
        said.append(f"compared answers by {solution.compared_by}")
    if step["stage"] == "agree" and isinstance(solution, Solution) and solution.equations_checked is not None:
        said.append(f"computed {solution.equations_checked} equations")
    return ", ".join(said) or "applied its rules"


def _seconds_of(stage: str, record: Any) -> float | None:
    """What a stage took for this record alone, where that was measured."""
    parts = {"sample": "program", "reverse": "problem", "solve": "solution", "judge": "judgement"}
    if stage == "execute" and getattr(record, "execution", None) is not None:
        return float(record.execution.wall_seconds)
    part = getattr(record, parts.get(stage, ""), None) if stage in parts else None
    made = getattr(part, "generation", None)
    return None if made is None else float(made.seconds)


def _solution_text(record: Any) -> str | None:
    match record:
        case Sample(solution=Solution(text=text)) | Attempt(solution=Solution(text=text)):
            return text
        case Seed(solution=text):
            return text
        case SeedProgram(seed=seed):
            return str(seed.solution) if seed.solution is not None else None
    return None


def _benchmark_neighbours(record: Any, overlaps: Sequence[Mapping[str, Any]]) -> Iterator[BenchmarkNeighbour]:
    """What the rules found, with the record where the store has it, else in the ledger; then what models said."""
    seed = record.seed if isinstance(record, SeedProgram) else record
    found = getattr(seed, "overlaps", None)
    evidence = [
        {
            "benchmark": one.benchmark,
            "item": one.item,
            "rule": one.rule,
            "score": one.score,
            "matched_text": one.matched_text,
        }
        for one in found or ()
    ]
    for row in evidence or overlaps:
        yield BenchmarkNeighbour(**row, is_same=None)
    neighbours = getattr(record, "neighbours", None)
    for opinion in neighbours.opinions if neighbours is not None else ():
        yield BenchmarkNeighbour(
            benchmark=opinion.benchmark,
            item=opinion.item,
            rule="neighbour",
            score=opinion.similarity,
            matched_text=None,
            is_same=opinion.is_same,
        )


def _duplicates(end: Mapping[str, Any], record: Any) -> Iterator[DuplicateNeighbour]:
    """The ones that came before: for which it was rejected, or which a rule only recorded."""
    said = [(end["reason"], end["detail"])]
    said += [(str(one.reason), one.detail) for one in getattr(record, "findings", ())]
    for reason, detail in said:
        for owner in _SEEN_FIRST.findall(detail or ""):
            yield DuplicateNeighbour(kind=reason or "", owner_id=owner, is_self=False, likeness=None)


def _describe_seed(connection: Connection, subject: str, record: Any) -> SeedReport | None:
    seed = record.seed if isinstance(record, SeedProgram) else record if isinstance(record, Seed) else None
    if seed is None:
        return None
    known = sample_details.seed_of(connection, subject)
    return SeedReport(
        seed_id=seed.seed_id,
        source=seed.source,
        revision=seed.revision,
        licence=seed.licence,
        link=source_link(seed.source),
        key=seed.key,
        problem=seed.problem,
        solution=seed.solution,
        answer=seed.answer,
        domain=seed.domain,
        difficulty=seed.difficulty,
        grade=known["grade"] if known is not None else None,
    )


def _describe_audit(row: Mapping[str, Any]) -> PersonAnswer:
    return PersonAnswer(
        person=row["person"],
        answer=answer_words(row["answer"], row["wrong_part"]),
        note=row["note"],
        at=row["answered_at"].isoformat(),
    )


def _describe_recall(connection: Connection, subject: str) -> RecallReport:
    """The datasets that hold a sample, the students that learnt from them, and what recalls said of either."""
    rows = sample_details.datasets_with(connection, subject)
    named = [f"{row['dataset']}/{row['version']}" for row in rows]
    students = run_queries.evaluations_of(connection, named) if named else []
    if not rows:
        sentence = "It is in no dataset: nothing would have to be taken back."
    else:
        sentence = f"It is a row of {len(rows)} dataset{'s' * (len(rows) > 1)}"
        sentence += f", from which {len(students)} evaluation{'s' * (len(students) != 1)} trained a student."
    return RecallReport(
        datasets=tuple(dataset_ref(row) for row in rows),
        rows=len(rows),
        students=tuple(run_ref(row) for row in students),
        sentence=" ".join([sentence, *recalls_of_sample(connection, subject, named)]),
    )
