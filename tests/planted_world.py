"""A ledger of many dates in which every ancestor is planted: what descends from what is noted while it is made.

Nothing here walks from an ancestor to its descendants. Each thing carries the marks of all that it came from, and hands
them on as it is used: those near, and those that came through a model that learnt among others. So what descends from an
ancestor is what carries its mark, and `caco_tasks.recall`, which walks the ledger, can be held against it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from caco_tasks.ids import content_id

Mark = tuple[str, str]  # kind and name of an ancestor
STAGES = ("sample", "execute", "screen", "dedup", "reverse", "solve", "agree", "judge", "decontaminate")
ASKING = ("sample", "reverse", "solve", "judge")
SHARDS, DAYS = 2, 18


@dataclass(kw_only=True)
class Marks:
    """What a thing came from: itself, and through models."""

    near: set[Mark] = field(default_factory=set)
    far: set[Mark] = field(default_factory=set)

    def take(self, other: "Marks") -> None:
        """Comes from another thing as near as that did."""
        self.near |= other.near
        self.far |= other.far

    def learn(self, other: "Marks") -> None:
        """Comes from another thing through a model."""
        self.far |= other.near | other.far

    def settle(self) -> "Marks":
        """What is near is not told again as far."""
        self.far -= self.near
        return self


@dataclass(kw_only=True)
class SeedProgram:
    """A seed with its program, as an output of `unify` has it."""

    seed_id: str
    program_id: str
    marks: Marks
    is_written: bool  # by a model
    has_passed: bool = True


@dataclass(kw_only=True)
class Output:
    """One output of a stage."""

    number: int
    key: str
    stage: str
    shard: int
    day: str
    run: "Run"
    values: dict[str, Any]
    marks: Marks
    inputs: list["Output"] = field(default_factory=list)
    previous: "Output | None" = None
    programs: list[SeedProgram] = field(default_factory=list)
    ended: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)  # id, outcome, reason, detail
    passed: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many records it read."""
        return len(self.passed) + sum(outcome != "pass" for _, outcome, *_ in self.ended)


@dataclass(kw_only=True)
class Run:
    """A run and the outputs that it consists of."""

    number: int
    run_id: str
    pipeline: str
    day: str
    outputs: dict[tuple[str, int], Output] = field(default_factory=dict)
    pins: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Model:
    """A model that was trained here."""

    model_id: str
    output: Output
    role: str
    parent: str
    marks: Marks
    learnt: list[Marks]  # of each program or row
    own: list[tuple["Dataset", "Row"]] = field(default_factory=list)  # rows that a CodeGen learnt from beside seeds


@dataclass(frozen=True, kw_only=True)
class Row:
    """A published row."""

    sample_id: str
    program_id: str
    output: Output
    parents: Marks  # of the seed programs that its program was made of


@dataclass(kw_only=True)
class Dataset:
    """A version of a dataset."""

    number: int
    name: str
    run: Run
    rows: list[Row]
    supersedes: "Dataset | None" = None
    publisher: Output | None = None
    made_by: set[Mark] = field(default_factory=set)  # marks of the outputs of publish behind it

    def near(self, row: Row) -> set[Mark]:
        """The marks that a row of it carries itself."""
        return row.output.marks.near | row.parents.near | {("program", row.program_id)} | self.made_by


def far_of(row: Row) -> set[Mark]:
    """The marks that a row carries through models."""
    return row.output.marks.far | row.parents.far


class PlantedWorld:
    """The plan, made day by day from one seed of chance."""

    def __init__(self, chance: int = 20261201) -> None:
        """Makes all days."""
        self.random = Random(chance)
        self.outputs: list[Output] = []
        self.runs: list[Run] = []
        self.models: list[Model] = []
        self.datasets: list[Dataset] = []
        self.evaluated: list[tuple[Run, Dataset]] = []
        self.sources = [(f"source-{n}", f"r{r}") for n in range(8) for r in range(2)]
        self.seeds: dict[str, tuple[str, str]] = {}
        self.made_of: dict[str, tuple[Output, list[SeedProgram]]] = {}  # of samples, by id
        self.owners: dict[str, str] = {}  # of samples and seeds that came first, by id -> program
        for number in range(DAYS):
            self._make_day(f"2026-10-{number + 1:02d}")

    def _make_day(self, day: str) -> None:
        seeds = self._seeds_run(day)
        models = [model for model in (self._codegen_run(day, seeds) for _ in range(2)) if model is not None]
        for _ in range(4):
            self._nightly_run(day, self.random.choice(models + self.models[-3:]))
        self._versions(day)
        for _ in range(2):
            self._evaluate_run(day, self.random.choice(self.datasets))

    def _run(self, pipeline: str, day: str, **pins: Any) -> Run:
        run = Run(
            number=len(self.runs) + 1,
            run_id=content_id("planted run", pipeline, day, len(self.runs)),
            pipeline=pipeline,
            day=day,
            pins=pins,
        )
        self.runs.append(run)
        return run

    def _output(self, run: Run, stage: str, shard: int, inputs: Iterable[Output], *, asks: str | None = None) -> Output:
        """An output with the marks of all that it is made from and by."""
        pick, inputs = self.random.choice, list(inputs)
        version, code, sandbox = pick((2, 3)), pick(("0.1.0", "0.2.0+g1", "0.2.0+g2")), None
        marks = Marks(near={("check-version", f"{stage}:{version}"), ("check-version", code)})
        if stage in ("unify", "execute"):
            sandbox = pick(("7", "8", "9"))
            marks.near.add(("sandbox-version", sandbox))
        values: dict[str, Any] = {"version": version, "code": code, "sandbox": sandbox, "models": [], "prompts": []}
        if asks is not None:
            values |= {"models": [asks], "prompts": [f"{stage}.v{pick((1, 2, 3))}"]}
        for one in inputs:
            marks.take(one.marks)
        if stage not in ("unify", "train", "student"):
            self._ask(marks, values)
        output = Output(
            number=len(self.outputs) + 1,
            key=content_id("planted output", len(self.outputs)),
            stage=stage,
            shard=shard,
            day=run.day,
            run=run,
            values=values,
            marks=marks,
            inputs=inputs,
        )
        self.outputs.append(output)
        run.outputs[stage, shard] = output
        return output

    def _ask(self, marks: Marks, values: dict[str, Any]) -> None:
        """Marks what the answers of models and the words of prompts came from."""
        parts = {part for name in values["models"] for part in name.split("+")}
        marks.near |= {("model", part) for part in parts} | {("prompt", name) for name in values["prompts"]}
        for model in self.models:
            if model.model_id in parts:
                marks.learn(model.marks)
        marks.settle()

    def _seeds_run(self, day: str) -> Run:
        run = self._run("seeds", day)
        earlier = [one for one in self.runs[:-1] if one.pipeline == "seeds"]
        for shard in range(SHARDS):
            if earlier and self.random.random() < 0.3:  # the same work has the same outputs
                other = self.random.choice(earlier)
                run.outputs |= {place: one for place, one in other.outputs.items() if place[1] == shard}
                continue
            read = self._output(run, "seeds", shard, [])
            found = [self._seed() for _ in range(20)]
            read.passed = [seed for seed in found if self.random.random() < 0.9]
            read.ended = [(one, "fail", "no_answer", None) for one in found if one not in read.passed]
            self._unify(run, read, shard)
        return run

    def _seed(self) -> str:
        source, revision = self.random.choice(self.sources)
        seed = content_id("planted seed", source, revision, len(self.seeds))
        self.seeds[seed] = source, revision
        return seed

    def _unify(self, run: Run, read: Output, shard: int) -> None:
        trained = [model.model_id for model in self.models if model.role == "codegen"]
        unifier = self.random.choice([None, "unifier-a@1", "unifier-b@2", *trained[-1:]])
        unify = self._output(run, "unify", shard, [read], asks=unifier)
        unify.programs = [self._program(seed, unify, unifier) for seed in read.passed]
        if self.random.random() < 0.4:  # what was unknown is asked again, and what was known stays
            again = self._output(run, "unify", shard, [read], asks=unifier)
            again.previous = unify
            again.marks.take(unify.marks)
            kept = [one for one in unify.programs if self.random.random() < 0.7]
            for one in kept:
                one_marks = Marks(near=set(one.marks.near), far=set(one.marks.far))
                one_marks.take(Marks(near=set(again.marks.near), far=set(again.marks.far)))
                again.programs.append(
                    SeedProgram(
                        seed_id=one.seed_id,
                        program_id=one.program_id,
                        marks=one_marks.settle(),
                        is_written=one.is_written,
                        has_passed=one.has_passed,
                    )
                )
            again.programs += [self._program(one.seed_id, again, unifier) for one in unify.programs if one not in kept]
            # a reply that the attempt before was given is kept under the name of the later one's prompt, too
            for program in again.programs:
                if program.is_written:
                    own = Marks()
                    self._ask(own, unify.values)
                    self._ask(own, again.values)
                    program.marks.take(own)
                    program.marks.settle()
        for output in [one for one in self.outputs if one.stage == "unify" and one.run is run and one.shard == shard]:
            for program in output.programs:
                outcome = ("pass", None) if program.has_passed else ("fail", "grade_too_low")
                output.ended.append((program.seed_id, *outcome, None))
            output.passed = [one.seed_id for one in output.programs if one.has_passed]

    def _program(self, seed: str, unify: Output, unifier: str | None) -> SeedProgram:
        source, revision = self.seeds[seed]
        program_id = content_id("planted program", self.random.randrange(500))
        marks = Marks(
            near={("source", source), ("source", f"{source}@{revision}"), ("seed", seed), ("program", program_id)}
        )
        marks.take(unify.marks)
        is_written = unifier is not None and self.random.random() < 0.4
        if is_written:
            self._ask(marks, unify.values)
        self.owners[seed] = program_id
        passed = self.random.random() < 0.85
        return SeedProgram(
            seed_id=seed, program_id=program_id, marks=marks.settle(), is_written=is_written, has_passed=passed
        )

    def _codegen_run(self, day: str, seeds: Run) -> Model | None:
        run = self._run("codegen", day, seed_run_id=seeds.run_id)
        base = self.random.choice(["base-a@1", "base-b@2", *(model.model_id for model in self.models[-4:])])
        read = [one for (stage, _), one in seeds.outputs.items() if stage == "unify"]
        programs = [one for output in read for one in output.programs if one.has_passed]
        own = self._own_rows()
        learnt = [*(one.marks for one in programs), *(self._marks_of(*one) for one in own)]
        model = self._train(run, "train", read, base, learnt, [one.seed_id for one in programs])
        if model is not None:
            model.own = own
        return model

    def _own_rows(self) -> list[tuple["Dataset", "Row"]]:
        """Rows of earlier datasets, each sample once."""
        if not self.datasets or self.random.random() < 0.5:
            return []
        found = {}
        for dataset in self.random.sample(self.datasets, 2):
            found |= {row.sample_id: (dataset, row) for row in dataset.rows if self.random.random() < 0.5}
        return list(found.values())

    def _marks_of(self, dataset: "Dataset", row: "Row") -> Marks:
        return Marks(near=self.near_of(dataset, row), far=far_of(row))

    def _train(
        self, run: Run, stage: str, read: list[Output], base: str, learnt: list[Marks], passed: list[str]
    ) -> Model | None:
        if not learnt:
            return None
        output = self._output(run, stage, 0, [], asks=None)
        output.inputs, output.passed = read, passed
        output.values["base"] = base
        output.marks.near.add(("model", base))
        for model in self.models:
            if model.model_id == base:
                output.marks.learn(model.marks)
        marks = Marks(near=set(output.marks.near), far=set(output.marks.far))
        for one in learnt:
            marks.take(one)
        role = "codegen" if stage == "train" else "student"
        model_id = content_id("planted model", len(self.models))
        model = Model(model_id=model_id, output=output, role=role, parent=base, marks=marks.settle(), learnt=learnt)
        self.models.append(model)
        return model

    def _nightly_run(self, day: str, model: Model) -> None:
        name = model.model_id + self.random.choice(["", "", "", "+adapter@9"])
        run = self._run("nightly", day, model_id=model.model_id, codegen_run_id=model.output.run.run_id, mix=[])
        if model.role == "codegen" and self.random.random() < 0.5:
            run.pins["mix"] = model.output.inputs
        twins = [one for one in self.runs[:-1] if one.pipeline == "nightly" and one.pins["model_id"] == model.model_id]
        twin = self.random.choice(twins) if twins and self.random.random() < 0.7 else None
        shared = self.random.randrange(1, len(STAGES)) if twin is not None else 0
        for shard in range(SHARDS):
            before: Output | None = None
            for place, stage in enumerate(STAGES):
                if twin is not None and place < shared:
                    before = run.outputs[stage, shard] = twin.outputs[stage, shard]
                    continue
                before = self._stage(run, stage, shard, before, name)
        last = [run.outputs["decontaminate", shard] for shard in range(SHARDS)]
        publish = self._output(run, "publish", 0, last)
        rows = [self._row(one, output) for output in last for one in output.passed]
        publish.passed = [row.sample_id for row in rows]
        self._dataset(f"night/{run.run_id[:12]}", run, rows, publisher=publish, made_by=self._own_marks(publish))

    def _row(self, sample: str, output: Output) -> Row:
        parents = Marks()
        for program in self.made_of[sample][1] if sample in self.made_of else ():
            parents.take(program.marks)
        return Row(sample_id=sample, program_id=self.owners[sample], output=output, parents=parents)

    def _breed(self, output: Output, samples: list[str]) -> None:
        """Makes the programs of some samples of seed programs that the CodeGen learnt, too."""
        programs = [one for unify in output.run.pins["mix"] for one in unify.programs if one.has_passed]
        for sample in samples if programs else ():
            if self.random.random() < 0.4:
                self.made_of[sample] = output, self.random.sample(programs, self.random.choice((1, 2)))

    def _stage(self, run: Run, stage: str, shard: int, before: Output | None, codegen: str) -> Output:
        asked = {"sample": codegen, "reverse": "writer-a@1", "solve": "writer-b@1", "judge": "judge-a@1"}.get(stage)
        if stage in ("reverse", "solve", "judge"):
            asked = self.random.choice([asked, f"{stage}-other@2"])
        output = self._output(run, stage, shard, [before] if before is not None else [], asks=asked)
        if before is None:
            read = [content_id("planted sample", output.key, number) for number in range(8)]
            self.owners |= {one: content_id("planted program", self.random.randrange(500, 1300)) for one in read}
            self._breed(output, read)
        else:
            read = before.passed
        for one in read:
            if self.random.random() < 0.08:
                first = self.random.choice(list(self.owners))
                details = {
                    "dedup": ("same_program", f"seen first in {first}"),
                    "agree": ("answers_differ", "7 is not 8"),
                }
                output.ended.append((one, "fail", *details.get(stage, ("engine_lost", None))))
            else:
                output.passed.append(one)
                if stage == "decontaminate":
                    output.ended.append((one, "pass", None, None))
        if stage in ("agree", "judge") and self.random.random() < 0.15:
            again = self._output(run, stage, shard, [before] if before is not None else [], asks=asked)
            again.previous, again.ended, again.passed = output, list(output.ended), list(output.passed)
            again.marks.take(output.marks)
            again.marks.settle()
            return again
        return output

    def _own_marks(self, output: Output) -> set[Mark]:
        return {
            ("check-version", f"{output.stage}:{output.values['version']}"),
            ("check-version", output.values["code"]),
        }

    def _dataset(self, name: str, run: Run, rows: list[Row], **more: Any) -> None:
        self.datasets.append(Dataset(number=len(self.datasets) + 1, name=name, run=run, rows=rows, **more))

    def _versions(self, day: str) -> None:
        """A version without some rows, and a release that is rolled up of two nights."""
        old = self.random.choice(self.datasets)
        kept = [row for row in old.rows if self.random.random() < 0.8]
        self._dataset(f"{old.name}.r{len(self.datasets)}", old.run, kept, supersedes=old, made_by=set(old.made_by))
        nights = self.random.sample([one for one in self.datasets if one.publisher is not None], 2)
        rows = {row.sample_id: row for night in reversed(nights) for row in night.rows}
        self._release(f"week/{day}-{len(self.datasets)}", nights, list(rows.values()))

    def _release(self, name: str, nights: list[Dataset], rows: list[Row]) -> None:
        self._dataset(name, nights[0].run, rows)
        self.datasets[-1].made_by = set()  # told row by row: see `near_of`

    def near_of(self, dataset: Dataset, row: Row) -> set[Mark]:
        """The marks that a row of a dataset carries itself; of a release, with those of the nights that held its output."""
        marks = dataset.near(row)
        if dataset.publisher is None:
            for night in self.datasets:
                if night.publisher is not None and row.output in night.publisher.inputs:
                    marks = marks | (night.made_by if dataset.supersedes is None else set())
        if dataset.supersedes is not None:
            marks = marks | self.near_of(dataset.supersedes, row)
        return marks

    def _evaluate_run(self, day: str, dataset: Dataset) -> None:
        run = self._run("evaluate", day, dataset=dataset.name)
        base = self.random.choice(["base-a@1", *(model.model_id for model in self.models[-2:])])
        learnt = [self._marks_of(dataset, row) for row in dataset.rows]
        student = self._train(run, "student", [], base, learnt, [row.sample_id for row in dataset.rows])
        if student is None:
            return
        self.evaluated.append((run, dataset))
        self._output(run, "evaluate", 0, [], asks=base).passed = [content_id("answer", run.run_id, n) for n in range(3)]
        answers = self._output(run, "evaluate", 1, [student.output], asks=student.model_id)
        answers.marks.take(student.output.marks)
        answers.marks.learn(student.marks)
        answers.marks.settle()
        answers.passed = [content_id("answer", run.run_id, "student", n) for n in range(3)]

    def marks(self) -> list[Mark]:
        """Every ancestor that anything carries the mark of."""
        found: set[Mark] = set()
        for thing in (*self.outputs, *self.models):
            found |= thing.marks.near | thing.marks.far
        for dataset in self.datasets:
            for row in dataset.rows:
                found |= self.near_of(dataset, row)
        return sorted(found)

    def samples_of(self, run: Run) -> int:
        """How many samples or answers a run consists of."""
        begun = "sample" if run.pipeline == "nightly" else "evaluate"
        return sum(one.read for (stage, _), one in run.outputs.items() if stage == begun)

    def shut_out(self, mark: Mark) -> set[str]:
        """Samples that were rejected because a bad seed or a published row with a bad program had come first."""
        kind, name = mark
        published = {row.sample_id: row.program_id for dataset in self.datasets for row in dataset.rows}
        programs = defaultdict(set)
        for output in self.outputs:
            for one in output.programs:
                programs[one.seed_id].add(one.program_id)
        found = set()
        for output in self.outputs:
            for sample, _, _, detail in output.ended:
                owner = (detail or "").removeprefix("seen first in ")
                is_bad = {
                    "seed": owner == name,
                    "source": owner in self.seeds and name in (self.seeds[owner][0], "@".join(self.seeds[owner])),
                    "program": name in programs.get(owner, ()) or published.get(owner) == name,
                }.get(kind, False)
                if detail and is_bad:
                    found.add(sample)
        return found
