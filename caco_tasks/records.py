"""The records that cross stage boundaries, and the verdict.

One record travels down the funnel and grows: a `Seed` becomes a `SeedProgram`; a `Sample` gains an execution, a problem,
a solution and a judgement. Each stage writes every record it read, beside its `Verdict`: rejects are data too.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Record = TypeVar("Record")

MAX_DETAIL_CHARS = 500


class Outcome(StrEnum):
    """How one stage decided on one record."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a record did not pass: the closed list, equal to the type `caco.reason` in Postgres.

    Beside each: the stages that give it ("asking": all that ask a model) and what it means; docs/reasons.md is made of this.
    """

    # seeds
    UNREADABLE_RECORD = "unreadable_record"  # seeds: broken, mistyped or empty in its source; its beginning is kept
    NO_ANSWER = "no_answer"  # seeds: neither an answer nor tests
    DUPLICATE_SEED = "duplicate_seed"  # seeds: the same problem, but for case and spaces, came first from elsewhere
    LICENCE_NOT_ALLOWED = "licence_not_allowed"  # seeds: its licence is not in `seeds.licences_allowed`
    # programs of seeds
    NO_PROGRAM_FOUND = "no_program_found"  # unify: the annotation gives no calculation, and no unifier found one
    WRONG_ANSWER = "wrong_answer"  # unify: the program's output is not the gold answer
    TEMPLATE_NOT_MET = "template_not_met"  # unify, screen: not the template; of a unifier, also rules of `screen`
    GOLD_DISPUTED = "gold_disputed"  # unify: the source's own equation, surely understood, contradicts its gold answer
    GRADE_TOO_LOW = "grade_too_low"  # unify: right, but its grade is below `seeds.min_seed_grade`
    # asking a model
    CUT_OFF = "cut_off"  # unify, sample, reverse, solve, evaluate: the reply had not ended after `max_tokens`
    NO_CODE_FOUND = "no_code_found"  # unify, sample: the reply holds nothing that looks like a program
    PROMPT_TOO_LONG = "prompt_too_long"  # asking: the prompt and `max_tokens` of reply do not fit into the model
    ENGINE_LOST = "engine_lost"  # asking: the engine gave no reply (unknown)
    NOT_ASKED = "not_asked"  # asking: judged again, and no reply to this question is kept (unknown)
    # running a program
    SYNTAX = "syntax"  # unify, execute, screen: does not compile, or is too long or too deeply nested to be read
    ERROR = "error"  # unify, execute: an exception left it, it ended itself, or it crashed
    TIME = "time"  # unify, execute: still running at the deadline, or out of CPU time
    MEMORY = "memory"  # unify, execute: needed more memory than it may have
    OUTPUT_SIZE = "output_size"  # unify, execute, screen: printed or returned too much
    FORBIDDEN = "forbidden"  # unify, execute, screen: a refused system call; a refused import or name
    NO_INPUT = "no_input"  # unify, execute: it left no `input`, or an empty one
    NO_OUTPUT = "no_output"  # unify, execute, screen: it left no `output`, or None or an empty one
    NOT_DETERMINISTIC = "not_deterministic"  # execute: another output under another hash seed, random seed and clock
    SANDBOX_LOST = "sandbox_lost"  # unify, execute, screen, dedup: its process was lost twice (unknown)
    # worth a problem
    TOO_SHORT = "too_short"  # screen: fewer lines than `screen.min_lines`
    UNUSED_INPUT = "unused_input"  # screen: a key of `input` is never read
    DEAD_INPUT = "dead_input"  # screen: an input is read, and no change of it changes the output
    CONSTANT_OUTPUT = "constant_output"  # screen: no change of any input changes the output
    TRIVIAL = "trivial"  # screen: the output is one of the inputs
    UNTESTED_INPUT = "untested_input"  # screen: an input has nothing to change, as None or an empty list (unknown)
    ANSWER_AS_LITERAL = "answer_as_literal"  # screen: the function returns a value that is written into it
    UNSERIALISABLE = "unserialisable"  # unify, execute, screen: a value that is not numbers, texts, lists and the like
    NON_FINITE = "non_finite"  # screen: an infinity or a not-a-number in the output
    PROSE_LEFT = "prose_left"  # screen: code fences, chat or parts of a prompt in the program
    # new
    SAME_PROGRAM = "same_program"  # dedup: the same syntax tree was seen first, in a sample or a seed
    SAME_BEHAVIOUR = "same_behaviour"  # dedup: the same outputs on the same changed inputs were seen first elsewhere
    NEAR_DUPLICATE = "near_duplicate"  # dedup: a program that differs in a few tokens was seen first elsewhere
    SAME_PROBLEM = "same_problem"  # decontaminate: nearly the same words, numbers and answer were released or a seed's
    # worth the tokens
    UNLIKELY = "unlikely"  # reverse, solve: the selector of `[select]` gives it too small a chance of being accepted
    # the language problem
    EMPTY = "empty"  # reverse: no words, or none but thinking, talk and an answer
    LEAKS_CODE = "leaks_code"  # reverse: holds code, or a name of the program
    LEAKS_ANSWER = "leaks_answer"  # reverse: states the answer
    NAMES_NO_INPUT = "names_no_input"  # reverse: an input's value is not stated
    FOREIGN_NUMBER = "foreign_number"  # reverse: states a number that is no input
    NO_QUESTION = "no_question"  # reverse: asks nothing
    VALUES_EXCHANGED = "values_exchanged"  # reverse: two inputs' values stand in each other's place
    # the solution
    NO_FINAL_ANSWER = "no_final_answer"  # solve, agree, evaluate: no final answer in the solution
    ANSWERS_DIFFER = "answers_differ"  # agree, evaluate: the final answer is not the program's output, or not gold
    FALSE_EQUATION = "false_equation"  # agree: the answer is right, and an equation on the way is false
    UNGROUNDED_NUMBER = "ungrounded_number"  # agree: a step begins with a number that nobody gave and no step computed
    INPUT_NOT_USED = "input_not_used"  # agree: the solution never names an input's value
    ANSWER_NOT_REACHED = "answer_not_reached"  # agree: the answer is announced, and no step gives it
    WRONG_UNIT = "wrong_unit"  # agree: the answer is in another unit than the question asks for
    NOT_UNDERSTOOD = "not_understood"  # unify, agree, evaluate: steps or an answer that nobody follows (unknown)
    ANSWERS_NOT_COMPARED = "answers_not_compared"  # agree: nobody compared the final answer with the program's output
    MAJORITY_DIFFERS = "majority_differs"  # agree: most of several answers are one that the program does not give
    TOO_EASY = "too_easy"  # agree: all of several solutions agree, and `solver.keep_easy` keeps only a share of such
    CHECKER_TIMEOUT = "checker_timeout"  # unify, agree, evaluate: comparing the answers took too long (unknown)
    # the judge
    INCONSISTENT = "inconsistent"  # judge: problem, solution and program do not fit together
    ILL_POSED = "ill_posed"  # judge: the problem has no one answer
    NOT_JUDGED = "not_judged"  # judge: no model was asked whether problem, solution and program fit together
    UNPARSEABLE_JUDGEMENT = "unparseable_judgement"  # judge: no verdict is in the reply, or it was cut off (unknown)
    JUDGES_DISAGREE = "judges_disagree"  # judge: no verdict has more than half of the replies (unknown)
    # benchmarks
    BENCHMARK_OVERLAP = "benchmark_overlap"  # seeds, reverse, decontaminate: overlaps a protected item
    BENCHMARK_REVIEW = "benchmark_review"  # seeds, reverse, decontaminate: so alike that a person must look (unknown)


class Part(StrEnum):
    """Parts of a sample, in the order in which they are made."""

    PROGRAM = "program"
    PROBLEM = "problem"
    SOLUTION = "solution"


class Grade(StrEnum):
    """How surely the literals of a seed program converted without a model are the numbers that its problem means.

    From best to worst. S: every literal bound to exactly one place of the question, every number of the question used,
    every input matters. A+: S, but numbers of the question are left over. A: equal-valued rivals settled by the words
    around them. B: rivals remain. C: a literal that the problem does not hold. R: equal to gold only when rounded.
    D: none of these.
    """

    S = "S"
    A_PLUS = "A+"
    A = "A"
    B = "B"
    C = "C"
    R = "R"
    D = "D"

    def reaches(self, least: "Grade") -> bool:
        """Whether this grade is at least as good as `least`."""
        order = list(Grade)
        return order.index(self) <= order.index(least)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of one stage on one record: pass, fail with a reason, or unknown with a reason."""

    outcome: Outcome
    reason: Reason | None = None  # None exactly when the outcome is PASS
    detail: str | None = None  # one line for a reader: the exception, the equation, the overlapping item

    def __post_init__(self) -> None:
        if (self.reason is None) != (self.outcome is Outcome.PASS):
            raise ValueError(f"a verdict of {self.outcome} cannot have the reason {self.reason}")

    @property
    def kept(self) -> bool:
        """Whether the record goes on to the next stage."""
        return self.outcome is Outcome.PASS


PASS = Verdict(Outcome.PASS)


def fail(reason: Reason, detail: str | None = None) -> Verdict:
    """A verdict of FAIL: the record is finished and rejected."""
    return Verdict(Outcome.FAIL, reason, _storable(detail))


def unknown(reason: Reason, detail: str | None = None) -> Verdict:
    """A verdict of UNKNOWN: the platform could not tell; retried, never published, never counted as failed."""
    return Verdict(Outcome.UNKNOWN, reason, _storable(detail))


def _storable(detail: str | None) -> str | None:
    """A detail that every store can hold: often a piece of a model's reply, with whatever is in it."""
    return None if detail is None else detail[:MAX_DETAIL_CHARS].encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Evidence that a problem overlaps a protected benchmark item."""

    benchmark: str
    item: str
    rule: str  # "exact", "ngram", "masked", "numbers"; "review": less alike than `masked` asks; "neighbour": a model says it
    score: float  # 0 to 1
    matched_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One solved problem of a source."""

    seed_id: str
    source: str  # name of the upstream dataset
    revision: str  # commit, version or content hash of the source file
    licence: str  # SPDX expression or the publisher's words
    key: str  # the record's own id in its source, or its position
    problem: str
    solution: str | None = None  # as the source gives it
    answer: str | None = None  # gold; None when the source record holds none
    annotation: str | None = None  # JSON for the converter: equation, formula or test code of the source
    domain: str | None = None
    difficulty: int | None = None  # 1 to 5
    raw: str | None = None  # the source's text, kept only of a record that could not be read
    overlaps: tuple[Overlap, ...] = ()
    dropped: tuple[str, ...] = ()  # optional fields for which its record holds what no seed can

    @property
    def id(self) -> str:
        """The id that it keeps from stage to stage."""
        return self.seed_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """How a model's reply came to be."""

    request_id: str  # hash of template version, model, parameters, input and sample index
    model_id: str
    prompt: str  # name and version of the template
    finish_reason: str  # "stop", "length", or "error" where no reply came
    prompt_tokens: int
    completion_tokens: int
    seconds: float  # this reply's share of its batch
    cost_usd: float = 0.0  # paid for it by this run, by the price table of the config
    is_replayed: bool = False  # the reply had been made for another run, or for another record of this one
    cut_away: tuple[str, ...] = ()  # what the reply held besides the text: names of `caco_tasks.reading.Cut`


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOrigin:
    """The verified programs that a program was made of, and how."""

    kind: str  # "compose" or "mutate"
    operator: str  # what was done to them: a name of `caco_tasks.offspring`, such as "tax" or "output_as_input"
    parents: tuple[str, ...]  # program ids; of a composition the one whose output goes into the other comes first
    seeds: tuple[str, ...]  # the ids of the seeds that the parents were found for, in the same order


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A Code CoT in the unified template, or the text that was to be one."""

    program_id: str  # hash of the token stream without comments and layout
    code: str
    generation: Generation | None = None  # None: converted without a model, or made of other programs
    origin: ProgramOrigin | None = None  # None: not made of other programs
    told: str | None = None  # the beginning that CodeGen was told, by [steer]; None: it wrote all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramMeasures:
    """What the text of a program says of it: see `caco_tasks.checks.programs.program_measures`."""

    steps: int | None  # statements that compute something, each once; None: the program cannot be read
    depth: int | None  # values computed one from the other, up to the output; None: as `steps`
    domain: str | None  # None: it names none
    opening: str | None  # up to the first value of its input; None: it begins otherwise
    shape: str  # hash of its tree with the names of its inputs, under any numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What the sandbox saw when it ran a program."""

    input_json: str | None  # tagged JSON, see caco_tasks.sandbox.values
    output_json: str | None  # tagged JSON
    output_text: str | None  # what `str(output)` shows
    output_type: str | None  # type tag, such as "int" or "Fraction"
    stdout: str
    error: str | None  # exception type, message and line
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    sandbox_level: str  # "full", "partial" or "basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The language question written back from a program."""

    text: str
    generation: Generation  # with the tokens, seconds and costs of all attempts
    attempt: int | None = None  # of `reverser.attempts`, from 1; None: written before they were counted


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSolution:
    """One of the solutions that a solver was asked for, where it was asked for several.

    One with an answer has its text between `solve` and `agree`. After that only the chosen one's is kept, as
    `Solution.text`: a row would grow by a text for each candidate. The texts stay in the output of `solve`, and every reply
    in the reply cache.
    """

    answer: str | None  # the final answer, as extracted; None: cut off, lost, or without one
    generation: Generation  # its request names the reply in the cache; it was cut off where its end is "length"
    text: str | None = None
    agrees: bool | None = None  # its answer is the program's output; None: nobody could tell, or before `agree`

    @property
    def is_lost(self) -> bool:
        """Whether the engine gave no reply, which says nothing of the problem."""
        return self.generation.finish_reason == "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The language chain of thought, written without sight of the program; of several candidates, the chosen one."""

    text: str
    answer: str | None  # the final answer, as extracted
    generation: Generation
    equations_checked: int | None = None  # arithmetic statements computed; None before `agree`, or with its rule off
    equations_not_understood: int | None = None  # those that could not be; None as above
    compared_by: str | None = (
        None  # method and version that compared the answers, "integer exact-2"; None before `agree`
    )
    candidates: tuple[
        CandidateSolution, ...
    ] = ()  # in the order of their numbers; none where one solution was asked for
    # of the candidates that came and could be compared, the share whose answer is the program's output; one without an
    # answer has not solved the problem. None: there are no candidates, or before `agree`
    pass_rate: float | None = None
    majority_answer: str | None = None  # the most frequent one, by the grader; None as `pass_rate`
    majority_share: float | None = None  # of the candidates that have an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One reply of a judge."""

    reply: str
    prompt: str  # name and version of the template, from which follows the order of solution and program
    request_id: str
    outcome: Outcome
    reason: Reason | None = None
    first_disagreeing_step: int | None = None  # of the solution, from 1; None: it names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The judgement of a model on problem, solution and program."""

    reply: str  # the first
    generation: Generation  # of the first reply, with the tokens, seconds and costs of all
    votes: tuple[Vote, ...] = ()  # all replies, in the order in which they were asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedProgram:
    """A seed and the program found for it."""

    seed: Seed
    program: Program | None = None
    execution: Execution | None = None
    grade: Grade | None = None  # None: no program, or written by a model
    unifier_attempt: int | None = (
        None  # of `unify.attempts`, from 1, in which a model wrote the program; None: no model did
    )

    @property
    def id(self) -> str:
        """The id of its seed."""
        return self.seed.seed_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found that its config sets to `record`: kept with the sample, which goes on."""

    stage: str
    reason: Reason
    detail: str | None = None  # as in a verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What the selector of a run said of a sample before a stage was paid for it."""

    stage: str  # before which it was asked: "reverse" or "solve"
    probability: float  # that the sample will be accepted by all stages
    threshold: float  # below it the stage skips the sample
    is_explored: bool  # drawn by its id to be skipped nowhere, so that errors of the selector show
    domain: str | None = None  # that the program names; None: it names none

    @property
    def skips(self) -> bool:
        """Whether the sample is skipped."""
        return self.is_below and not self.is_explored

    @property
    def is_below(self) -> bool:
        """Whether it would be skipped, were it not explored."""
        return self.probability < self.threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourOpinion:
    """What a model said of a problem and a protected item that is near to it in meaning."""

    benchmark: str
    item: str
    similarity: float  # cosine of the embeddings, -1 to 1
    is_same: bool | None  # None: the reply states nothing
    reply: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighbourCheck:
    """All that was asked about one problem: each item twice, with either text first."""

    opinions: tuple[NeighbourOpinion, ...]
    generation: Generation | None  # with the costs of all replies; None: no item was near


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One candidate on its way down the funnel."""

    sample_id: str
    index: int | None = None  # its number in its draw, from 0; None: it was not drawn
    program: Program
    execution: Execution | None = None
    problem: Problem | None = None
    solution: Solution | None = None
    judgement: Judgement | None = None
    overlaps: tuple[Overlap, ...] = ()
    neighbours: NeighbourCheck | None = None  # None: no model was asked about protected items
    measures: ProgramMeasures | None = None  # of its program; None: before `agree`, or made by a version without them
    findings: tuple[Finding, ...] = ()  # of rules set to `record`, in the order of the stages
    selections: tuple[Selection, ...] = ()  # none where the run has no selector

    @property
    def id(self) -> str:
        """The id that it keeps from stage to stage."""
        return self.sample_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """Where in a dataset a sample lies: what `publish` made of it, or what `student` learnt from."""

    sample_id: str
    file: str  # of the dataset, without its folder
    row: int  # of the file, from 0

    @property
    def id(self) -> str:
        """The id of the published sample."""
        return self.sample_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One answer of a base model or its student to one benchmark item."""

    attempt_id: str  # hash of the run, the contender, the item and the number
    contender: str  # "base" or "student"
    benchmark: str
    item: str  # its id in the benchmark, or its position
    number: int  # 0: the greedy answer; from 1 up: the sampled ones
    problem: str
    gold: str  # the right answer, or a solution that ends in it
    solution: Solution | None = None  # None: not asked yet

    @property
    def id(self) -> str:
        """The id of this answer."""
        return self.attempt_id


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRecord(Generic[Record]):
    """A record and the verdict of the stage that just saw it."""

    record: Record
    verdict: Verdict

    @property
    def id(self) -> str:
        """The id of the record."""
        return str(self.record.id)  # type: ignore[attr-defined]
