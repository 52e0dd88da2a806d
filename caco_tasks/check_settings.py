"""The settings of the checks: what each looks for, and what becomes of a sample that breaks one of its rules.

A rule is set to `reject`, `record` or `off`. It is named as the reason that it gives (`agree.wrong_unit = "record"`), or as
the evidence in `overlaps`. What is only recorded stays with the sample, which goes on.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

PUBLIC_BENCHMARKS = (
    ("gsm8k", "gsm8k/test.jsonl", "question", "answer", None),
    ("math", "math/test.jsonl", "problem", "solution", "idx"),
    ("aime24", "aime/aime24_nemo.jsonl", "problem", "expected_answer", "id"),
    ("aime25", "aime/aime25_nemo.jsonl", "problem", "expected_answer", "id"),
    ("olympiadbench", "olympiadbench/OE_TO_maths_en_COMP.json", "question", "final_answer", "id"),
    ("theoremqa", "theoremqa/theoremqa_test.json", "Question", "Answer", "id"),
    ("college_math", "college_math/test.jsonl", "question", "answer", "question_number"),
    ("deepmind_math", "deepmind_math/test_1000.json", "question", "answer", None),
    ("omni_math", "omni_math/omni_math_rule.jsonl", "problem", "answer", None),
    ("humaneval", "humaneval/HumanEval.jsonl.gz", "prompt", None, "task_id"),
)  # name, file, columns of problem, answer and id: as `decontamination.folder` holds them

# `random` is not among them: a problem's answer must follow from its text
IMPORTS = (
    *("bisect", "calendar", "cmath", "collections", "copy", "dataclasses", "datetime", "decimal", "enum"),
    *("fractions", "functools", "heapq", "itertools", "math", "numbers", "numpy", "operator", "re"),
    *("statistics", "string", "sympy", "typing"),
)

# Settings that came after the first outputs: as they are by default no key holds them, so that what is there is found.
SETTINGS_OF_SOME: Mapping[str, Any] = {
    "agree.answers_differ": "reject",
    "judge.inconsistent": "reject",
    "judge.ill_posed": "reject",
    "dedup.claims": "shared",
    "solver.keep_easy": 1.0,
    "steer": None,
    "evaluate.max_rows": None,
    "evaluate.repeat": 0,
}

Rule = Literal["reject", "record", "off"]  # what becomes of a sample that breaks it; off: nobody looks


class Settings(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleSettings(Settings):
    """A section that has rules.

    >>> AgreeSettings(wrong_unit="record").rules["wrong_unit"]
    'record'
    """

    @classmethod
    def rule_choices(cls) -> dict[str, tuple[str, ...]]:
        """The names of the section's rules, and what each may be set to."""
        choices = {name: get_args(field.annotation) for name, field in cls.model_fields.items()}
        return {name: choice for name, choice in choices.items() if set(get_args(Rule)) <= set(choice)}

    @property
    def rules(self) -> dict[str, str]:
        """What each rule of the section is set to."""
        return {name: getattr(self, name) for name in self.rule_choices()}


class ScreenSettings(RuleSettings):
    """Rules on programs that ran (paper, section 3.2, and dead inputs by perturbation)."""

    min_lines: int = Field(default=6, ge=1)  # not blank, comment or import
    max_output_chars: int = Field(default=200, ge=1)
    perturbations: int = Field(default=3, ge=0, le=20)  # changed inputs per key; 0: do not look for dead inputs
    allowed_imports: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")], ...] = IMPORTS  # told to the unifier too
    output_size: Rule = "reject"
    prose_left: Rule = "reject"
    forbidden: Rule = "reject"
    too_short: Rule = "reject"
    unused_input: Rule = "reject"
    no_output: Rule = "reject"
    non_finite: Rule = "reject"
    answer_as_literal: Rule = "reject"
    trivial: Rule = "reject"
    constant_output: Rule = "reject"
    dead_input: Rule = "reject"
    untested_input: Rule = "record"  # nothing is known of it: neither for the program nor against it


class DedupSettings(Settings):
    """When a program counts as seen before, in this run or any earlier one."""

    keep_literals: bool = True  # False: a program under other numbers or texts is the same program
    near_duplicate_jaccard: float = Field(default=0.95, gt=0, le=1)  # of runs of three tokens, among equal literals
    same_problem_jaccard: float = Field(default=0.8, gt=0, le=1)  # of runs of three words, among equal numbers
    behaviour: bool = True  # compare outputs on changed inputs too
    # own: what the run keeps takes nothing from other runs, and no other run of its date takes anything from it
    claims: Literal["shared", "own"] = "shared"


class SelectorTraining(Settings):
    """What a selector is trained on, and how much it may cost; `caco select train` reads it."""

    runs: int = Field(default=14, ge=1, le=1000)  # at most so many earlier runs, the newest
    min_rows: int = Field(default=400, ge=10)  # samples that reached `reverse`; with fewer none is trained
    min_recall: float = Field(default=0.6, ge=0, le=1)  # of the samples that would be accepted, how many must be kept


class SelectSettings(Settings):
    """Skips samples that will hardly be accepted before `reverse` and `solve` are paid for them."""

    explore: float = Field(
        default=0.1, gt=0, le=1
    )  # share of the samples that is skipped nowhere; 1: nothing is skipped
    train: SelectorTraining = SelectorTraining()


class ReverseSettings(RuleSettings):
    """Rules on problems that were written back from programs."""

    empty: Rule = "reject"
    leaks_code: Rule = "reject"
    leaks_answer: Rule = "reject"
    names_no_input: Rule = "reject"
    foreign_number: Rule = "reject"
    no_question: Rule = "reject"
    values_exchanged: Rule = "reject"


class AgreeSettings(RuleSettings):
    """Rules on a solution whose answer is right: on its steps, and on the other answers to its problem."""

    false_equation: Rule = "reject"
    ungrounded_number: Rule = "reject"
    input_not_used: Rule = "reject"
    answer_not_reached: Rule = "reject"
    wrong_unit: Rule = "reject"
    not_understood: Rule = "record"  # reject: unknown, and not published
    majority_differs: Rule = "record"  # looked at where `solver.samples` is above 1
    # the final answer is not the program's output; off: answers are not compared, and each row says so
    answers_differ: Rule = "reject"


class JudgeSettings(RuleSettings):
    """How often the judge is asked about a sample; more than half of its replies must say the same.

    With both rules off no judge is asked, and each row says so.
    """

    times: int = Field(default=1, ge=1, le=9)  # in each order
    both_orders: bool = False  # ask also with the program before the solution, by the prompt's twin `*_program_first`
    evidence: bool = False  # read pairs `3=3 10=12` of a number in the program and in the problem as a verdict, too
    inconsistent: Rule = "reject"  # what the judge says of a sample, as of any rule
    ill_posed: Rule = "reject"

    @property
    def is_asked(self) -> bool:
        """Whether what a judge says is of any use."""
        return {self.inconsistent, self.ill_posed} != {"off"}


class BenchmarkSettings(Settings):
    """One protected benchmark."""

    name: str
    path: str  # JSONL, JSON and CSV may be packed (.gz); for huggingface: a name on the Hub, or a folder
    format: Literal["jsonl", "json", "parquet", "csv", "huggingface"] = "jsonl"
    subset: str | None = None  # for huggingface: the dataset's configuration
    split: str = "test"  # for huggingface
    revision: str | None = None  # for huggingface: a commit; None only for a folder
    problem_column: str = "problem"  # or several, as "Body, Question": one problem
    answer_column: str | None = None  # gold answer, or a solution that ends in it; None: numbers are not compared
    id_column: str | None = None  # None: an item is named by its position, from 0


class DecontaminationSettings(RuleSettings):
    """What is protected, how alike is too alike, and what becomes of it."""

    folder: str | None = None  # holds the files of PUBLIC_BENCHMARKS, which are then protected too
    benchmarks: tuple[BenchmarkSettings, ...] = ()
    min_tokens: int = Field(default=10, ge=1)  # an item of fewer words and numbers is protected against copies only
    ngram_tokens: int = Field(default=8, ge=2)
    ngram_coverage: float = Field(default=0.5, gt=0, le=1)  # share of an item's n-grams
    ngram_max_items: int = Field(default=10, ge=1)  # an n-gram of more items is a stock phrase and does not count
    masked_jaccard: float = Field(default=0.6, gt=0, le=1)  # of 3-grams, numbers masked
    review_jaccard: float = Field(default=0.4, gt=0, le=1)  # from here to masked_jaccard a person should look
    min_numbers: int = Field(default=3, ge=0)  # equal numbers and answer count from so many different ones on; 0: never
    min_digits: int = Field(default=8, ge=1)  # and from so many digits in them: small numbers agree by chance
    exact: Rule = "reject"
    ngram: Rule = "reject"
    masked: Rule = "reject"
    numbers: Rule = "reject"
    benchmark_review: Literal["reject", "record", "unknown", "off"] = "record"  # unknown: a person must look
    same_problem: Rule = "reject"  # among problems that passed everything before

    @property
    def protected(self) -> tuple[BenchmarkSettings, ...]:
        """All protected benchmarks: those named one by one, and the public ones of the folder."""
        if self.folder is None:
            return self.benchmarks
        named = {benchmark.name for benchmark in self.benchmarks}
        public = [
            BenchmarkSettings(
                name=name,
                path=str(Path(self.folder, path)),
                format="json" if path.endswith(".json") else "jsonl",
                problem_column=problem,
                answer_column=answer,
                id_column=key,
            )
            for name, path, problem, answer, key in PUBLIC_BENCHMARKS
            if name not in named
        ]
        return (*self.benchmarks, *public)

    @model_validator(mode="after")
    def _review_is_below(self) -> "DecontaminationSettings":
        if self.review_jaccard > self.masked_jaccard:
            raise ValueError("review_jaccard is above masked_jaccard")
        return self


class EmbedderSettings(Settings):
    """How texts become vectors."""

    embedder: str  # folder or Hub id of a model whose hidden states, averaged, stand for a text
    revision: str | None = None
    max_tokens: int = Field(default=256, ge=8, le=32768)  # of a text; the rest is not looked at
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "cpu"
    batch_rows: int = Field(default=32, ge=1)


class DiversitySettings(EmbedderSettings):
    """How the variety of a run's problems is measured."""

    embedder: str = "sentence-transformers/all-MiniLM-L6-v2"  # "nano:judge" stands in where it is not on the machine
    clusters: int = Field(default=12, ge=1, le=100)
    max_rows: int = Field(default=5000, ge=2, le=20_000)  # looked at, drawn by the hash of their ids
    earlier: int = Field(default=5, ge=0, le=50)  # newest datasets of earlier dates that it is compared with
    nightly: bool = True  # measure each night after it has published


class NeighbourSettings(EmbedderSettings):
    """How the protected items that are near to a problem in meaning are found, which `models.matcher` is asked about."""

    top: int = Field(default=3, ge=1, le=50)  # so many items at most are asked about for one problem
    min_similarity: float = Field(
        default=0.7, ge=-1, le=1
    )  # cosine of the vectors; what is less near is not asked about


def unused_settings(settings: Mapping[str, Any]) -> Iterator[str]:
    """Those of SETTINGS_OF_SOME that are as they are by default."""
    for path, default in SETTINGS_OF_SOME.items():
        section, _, name = path.partition(".")
        found = settings.get(section)
        if (found if not name else (found or {name: default})[name]) == default:
            yield path
