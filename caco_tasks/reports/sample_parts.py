"""What one sample looks like in a report: texts, verdicts, replies, neighbours, and what a recall would touch."""

from typing import Literal

from caco_tasks.reports.environment_report import SampleEnvironment
from caco_tasks.reports.lineage_graph import LineageGraph
from caco_tasks.reports.report_parts import DatasetRef, Json, OutcomeName, Report, RunRef


class ExecutionReport(Report):
    """What the sandbox saw."""

    input_json: str | None
    output: str | None
    output_type: str | None
    stdout: str
    error: str | None
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    sandbox_level: str


class AnswerReport(Report):
    """The final answer of the solution beside the one that it is held against."""

    ours: str | None
    expected: str | None  # the program's output, or the gold answer
    expected_of: Literal["program", "gold"]
    agrees: bool | None  # None: nobody has compared them, or who did could not tell
    compared_by: str | None
    pass_rate: float | None
    majority_answer: str | None


class FindingReport(Report):
    """What a rule found that its config only records."""

    stage: str
    reason: str
    words: str
    detail: str | None


class VerdictReport(Report):
    """What one stage said."""

    stage: str
    outcome: OutcomeName
    reason: str | None
    words: str | None  # of the reason
    detail: str | None
    method: str  # how the stage came to it: the model, the sandbox, the rules
    version: int | None  # of the stage when it said so; None: not known
    seconds: float | None  # of this sample; None: not measured
    output_key: str
    uri: str
    is_reused: bool
    code_version: str
    models: tuple[str, ...]
    prompts: tuple[str, ...]
    findings: tuple[FindingReport, ...]


class EquationReport(Report):
    """One equals sign of the solution that somebody computed, or tried to."""

    start: int | None  # characters of the solution, from 0; None: it is written otherwise there
    end: int | None
    text: str
    state: Literal["true", "false", "not_understood"]


class CandidateReport(Report):
    """One of several solutions that were asked for."""

    answer: str | None
    agrees: bool | None
    is_chosen: bool
    finish_reason: str
    request_id: str
    tokens: int


class ReplyReport(Report):
    """One reply of a model."""

    stage: str
    role: str
    model_id: str
    prompt: str  # name and version of the template
    prompt_text: str | None  # the template; None: it is not among those of this installation
    parameters: dict[str, Json]
    request_id: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost_usd: float
    is_replayed: bool
    cut_away: tuple[str, ...]
    text: str | None  # what the stage took of it; None: nothing is kept with the sample
    outcome: OutcomeName | None  # of a judge's vote
    reason: str | None


class BenchmarkNeighbour(Report):
    """An item of a protected benchmark that the problem is like."""

    benchmark: str
    item: str
    rule: str  # exact, ngram, masked, numbers, review; neighbour: near in meaning
    score: float
    matched_text: str | None
    is_same: bool | None  # what a model says of it; None: none was asked, or it states nothing


class DuplicateNeighbour(Report):
    """A sample or seed that has the same fingerprint, or nearly the same."""

    kind: str  # of the fingerprint
    owner_id: str
    is_self: bool
    likeness: float | None  # 0 to 1; None: equal


class SourceReport(Report):
    """A source of the seeds behind the model that wrote the program."""

    source: str
    revision: str
    licence: str
    link: str | None
    seeds: int
    verified: int


class SeedReport(Report):
    """The seed that this record is, for a record of the pipeline seeds."""

    seed_id: str
    source: str
    revision: str
    licence: str
    link: str | None
    key: str
    problem: str
    solution: str | None
    answer: str | None
    domain: str | None
    difficulty: int | None
    grade: str | None


class RecallReport(Report):
    """What taking this sample back would touch."""

    datasets: tuple[DatasetRef, ...]
    rows: int  # of this sample in them
    students: tuple[RunRef, ...]  # evaluations trained on one of them
    sentence: str


class PersonAnswer(Report):
    """What a person said of it in an audit."""

    person: str
    answer: str
    note: str | None
    at: str


class SampleReport(Report):
    """All of one sample."""

    sample_id: str
    kind: Literal["sample", "seed", "attempt"]
    run: RunRef
    other_runs: tuple[RunRef, ...]  # that have it too
    shard: int
    index: int | None
    stage: str  # where it ended
    outcome: OutcomeName
    reason: str | None
    words: str | None
    detail: str | None
    domain: str | None
    difficulty: int | None
    steps: int | None  # of its program; None: not measured
    depth: int | None
    problem: str | None
    solution: str | None
    program: str | None
    program_id: str | None
    execution: ExecutionReport | None
    answers: AnswerReport | None
    verdicts: tuple[VerdictReport, ...]  # in the order of the stages
    equations: tuple[EquationReport, ...]
    candidates: tuple[CandidateReport, ...]
    findings: tuple[FindingReport, ...]
    replies: tuple[ReplyReport, ...]
    benchmark_neighbours: tuple[BenchmarkNeighbour, ...]
    duplicates: tuple[DuplicateNeighbour, ...]
    seed: SeedReport | None
    sources: tuple[SourceReport, ...]
    graph: LineageGraph
    recall: RecallReport
    environment: SampleEnvironment | None  # None: nobody has made environments of a dataset that holds it
    audits: tuple[PersonAnswer, ...]
    texts_missing: str | None  # why there are no texts, in a sentence; None: they are there
