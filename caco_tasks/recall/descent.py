"""Walks from a bad ancestor to everything that descends from it, whichever way it came.

    source, seed, program  ─┬─ programs that `unify` passed on ── CodeGens that learnt them ─┐
    a unifier, its prompt  ─┘                                                                │ through a model
    model, prompt, version of a check or of the sandbox ── outputs made with it ── outputs made from these
        ── rows of datasets, of versions without some rows, of releases ── students ── their evaluations, and what is sampled
           from them in turn

What comes by a model that learnt from the ancestor among others is told apart from what was made with the ancestor itself:
after one bad seed of a thousand every sample of the model descends from it, and few people will withdraw all of them.
"""

from collections import defaultdict
from collections.abc import Iterable

from caco_tasks.ledger import recall_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.answer_rows import Row
from caco_tasks.pipeline import mapped_stages
from caco_tasks.recall.ancestors import OF_SEEDS, Ancestor, Beginning, find_beginning, resolve
from caco_tasks.recall.descendants import THINGS, Degree, Recall, Thing, Touched, TouchedRows
from caco_tasks.recall.output_graph import OutputGraph, read_graph
from caco_tasks.recall.proposals import propose, sentence_of
from caco_tasks.recall.unknown_edges import find_unknown

SPLIT = {  # pipeline and stage of outputs by which runs are counted
    *(("nightly", spec.name) for spec in mapped_stages("nightly")),
    ("evaluate", "evaluate"),
}
DIRECT: Degree = "direct"
THROUGH: Degree = "through a model"


def find_descendants(connection: Connection, ancestor: Ancestor, graph: OutputGraph | None = None) -> Recall:
    """All that descends from an ancestor; `graph` spares reading the ledger's outputs again for the next one.

    Raises:
        UnknownIdError, AmbiguousIdError: the ancestor.
        ConfigError: a version of a check names no stage.
    """
    graph = graph or read_graph(connection)
    ancestor = resolve(connection, ancestor)
    descent = Descent(connection, graph, find_beginning(connection, ancestor), ancestor)
    descent.walk()
    return descent.recall()


class Descent:
    """One walk. `degrees` has every output that was reached whole, `taught` counts the bad programs in outputs of `unify`."""

    def __init__(self, connection: Connection, graph: OutputGraph, beginning: Beginning, ancestor: Ancestor) -> None:
        """Stands at the beginning."""
        self._connection, self._graph, self._beginning, self._ancestor = connection, graph, beginning, ancestor
        self.degrees: dict[int, Degree] = {}
        self.taught: dict[tuple[int, Degree], int] = {(number, DIRECT): bad for number, bad in beginning.taught.items()}
        self.models: dict[int, Degree] = {}  # by the output that made them
        self._wholly: set[int] = (
            set()
        )  # of these, what was trained by the ancestor, or began with a model that was reached
        self._bred: dict[Degree, set[int]] = {
            DIRECT: set(),
            THROUGH: set(),
        }  # outputs of `unify` whose offspring is named
        self._samplers: dict[str, set[int]] = {}
        self._bad_programs: dict[int, int] = {}  # training -> bad programs that it learnt
        self._bad_rows: dict[int, int] = {}  # training -> bad rows that it learnt
        # rows that descend by themselves, whatever became of others of their output: dataset and degree -> sample -> output
        self._named: dict[tuple[int, Degree], dict[str, str | None]] = defaultdict(dict)
        for row in beginning.rows:
            self._named[row["dataset_no"], DIRECT][row["sample_id"]] = row["key"]
        self._name_offspring(beginning.made_of, DIRECT)
        self._rows: dict[tuple[int, Degree], TouchedRows] = {}

    def walk(self) -> None:
        """Goes on until nothing new is reached: what is near first, so that it keeps its degree."""
        roots, is_asked = set(self._beginning.outputs), self._ancestor.kind in ("model", "prompt")
        self._spread(roots, DIRECT, self._written_in(roots) if is_asked else {})
        for number in roots:  # asked or checked by the ancestor while they were trained
            if number in self._graph.models:
                self.models[number] = DIRECT
                self._wholly.add(number)
        known: set[int] = set()
        while True:
            self._learn_programs()
            self._find_offspring()
            self._learn_rows()
            new = [number for number in self.models if number not in known]
            if not new:
                return
            known.update(new)
            names = [self._graph.models[number]["model_id"] for number in new]
            asked = set(recall_queries.asked_model(self._connection, names)) - self.degrees.keys()
            for number in asked:
                if number in self._graph.models and number not in self.models:
                    self.models[number] = THROUGH
                    self._wholly.add(number)
            self._spread(asked, THROUGH, self._written_in(asked))
            for number in new:  # the answers of a student are made from its output
                self._spread(self._graph.children.get(number, ()), THROUGH, {})

    def recall(self) -> Recall:
        """What was found, with a proposal for each."""
        touched = [*self._touched_models(), *self._touched_runs(), *self._touched_datasets(), *self._shut_out()]
        touched.sort(key=lambda one: (THINGS.index(one.kind), one.degree, one.name))
        names = {number: row["name"] for number, row in self._graph.datasets.items()}
        return Recall(
            ancestor=self._ancestor,
            touched=tuple(touched),
            rows={(names[number], degree): rows for (number, degree), rows in self._rows.items()},
            unknown=tuple(
                find_unknown(self._connection, self._graph, self._ancestor, is_taught=bool(self.taught or self.models))
            ),
        )

    def _written_in(self, asked: Iterable[int]) -> dict[int, int]:
        """Of outputs of `unify` that asked a model, and later attempts of them, how many programs it wrote.

        The others were converted without a model, and know nothing of it.
        """
        found: set[int] = set()
        waiting = [number for number in asked if self._stage(number) == "unify"]
        while waiting:
            number = waiting.pop()
            found.add(number)
            later = (one for one in self._graph.children.get(number, ()) if self._stage(one) == "unify")
            waiting += [one for one in later if one not in found]
        return {**dict.fromkeys(found, 0), **recall_queries.written_by_model(self._connection, found)} if found else {}

    def _stage(self, number: int) -> str:
        return str(self._graph.outputs[number]["stage"])

    def _spread(self, roots: Iterable[int], degree: Degree, own: dict[int, int]) -> None:
        """Reaches outputs and all that was made from them, up to a training, which reads them among others.

        `own` has the bad programs of outputs of `unify` of which not all are.
        """
        waiting = list(roots)
        while waiting:
            number = waiting.pop()
            if number in self.degrees:
                continue
            self.degrees[number] = degree
            if self._stage(number) == "unify":
                bad = own[number] if number in own else int(self._graph.outputs[number]["passed"])
                self.taught.setdefault((number, degree), bad)
            waiting += [one for one in self._graph.children.get(number, ()) if one not in self._graph.models]

    def _learn_programs(self) -> None:
        """The CodeGens that were trained on bad programs."""
        bad: dict[int, int] = defaultdict(int)
        near: set[int] = set()
        for (number, degree), programs in self.taught.items():
            for child in self._graph.children.get(number, ()) if programs else ():
                bad[child] += programs
                near |= {child} if degree == DIRECT else set()
        self._bad_programs = {number: programs for number, programs in bad.items() if number in self._graph.models}
        for number in self._bad_programs:
            self.models.setdefault(number, DIRECT if number in near else THROUGH)

    def _learn_rows(self) -> None:
        """The students, and the CodeGens of a closed loop, that were trained on bad rows."""
        self._find_rows()
        self._bad_rows = {}
        seen: set[tuple[int, int, str | None]] = set()  # training, dataset and output whose rows are counted
        for (number, degree), rows in sorted(self._rows.items(), key=lambda one: one[0][1]):  # direct ones first
            for output in self._students_of(number):
                self.models.setdefault(output, degree)
                self._bad_rows.setdefault(output, self._count(number, degree, rows))
            for own in self._graph.own.get(number, ()):
                place = own["output_no"], number, own["key"]
                if (rows.is_whole or own["key"] in rows.keys) and place not in seen:
                    seen.add(place)
                    self._learn_own(own["output_no"], own["rows"], degree)
        for (number, degree), keys in sorted(self._named.items(), key=lambda one: one[0][1]):
            for own in recall_queries.own_rows_of(self._connection, keys):
                is_counted = (own["output_no"], number, keys[own["sample_id"]]) in seen
                if own["dataset_no"] == number:
                    self._learn_own(own["output_no"], 0 if is_counted else 1, degree)

    def _students_of(self, dataset: int) -> list[int]:
        """The trainings of students on a dataset."""
        runs = self._graph.evaluations.get(self._graph.datasets[dataset]["name"], ())
        found = (output for run in runs for output in self._graph.students.get(run, ()))
        return [output for output in found if output in self._graph.models]

    def _learn_own(self, training: int, rows: int, degree: Degree) -> None:
        if training in self._graph.models:
            # what is near is told of it, though what is far was counted first
            self.models[training] = DIRECT if degree == DIRECT else self.models.get(training, degree)
            self._bad_rows[training] = self._bad_rows.get(training, 0) + rows

    def _find_offspring(self) -> None:
        """The rows whose programs were composed of bad ones, or are mutations of them."""
        is_asked = self._ancestor.kind in ("model", "prompt")
        for degree in (DIRECT, THROUGH):
            outputs = {number for number, near in self.taught if near == degree} - self._bred[degree]
            self._bred[degree] |= outputs
            if degree == THROUGH or self._ancestor.kind not in OF_SEEDS:  # those of bad seeds are known by their seeds
                is_written = is_asked or degree == THROUGH
                made = recall_queries.rows_made_of_outputs(self._connection, outputs, is_written=is_written)
                self._name_offspring(made, degree)

    def _name_offspring(self, rows: Iterable[Row], degree: Degree) -> None:
        """Names rows that were made in an output which theirs comes from: another attempt may have made another program."""
        for row in rows:
            if row["key"] is None or row["made_in"] in self._sampled_in(row["key"]):
                self._named[row["dataset_no"], degree][row["sample_id"]] = row["key"]

    def _sampled_in(self, key: str) -> set[int]:
        """The outputs of the stage `sample` that an output of the last check comes from."""
        if key not in self._samplers:
            waiting, found = [self._graph.numbers[key]] if key in self._graph.numbers else [], set()
            while waiting:
                number = waiting.pop()
                found |= {number} if self._stage(number) == "sample" else set()
                waiting += self._graph.parents.get(number, ())
            self._samplers[key] = found
        return self._samplers[key]

    def _find_rows(self) -> None:
        """Which rows of which datasets descend from what was reached so far."""
        keys = {degree: self._keys_of(degree) for degree in (DIRECT, THROUGH)}
        published = {degree: self._published_whole(degree) for degree in (DIRECT, THROUGH)}
        # what was rolled up of datasets that the ancestor itself published
        rolled = {key for number in self._published_by_it() for key in self._graph.holdings[number]}
        for number in self._graph.datasets:
            held = self._graph.holdings[number].keys()
            for degree in (DIRECT, THROUGH):
                samples = self._named.get((number, degree), {})
                more = rolled if degree == DIRECT and number not in self._graph.publishers else set()
                rows = TouchedRows(
                    keys=frozenset(held & (keys[degree] | more)),
                    samples=frozenset(samples),
                    is_whole=number in published[degree],
                )
                if self._count(number, degree, rows):
                    self._rows[number, degree] = rows

    def _keys_of(self, degree: Degree) -> set[str]:
        return {self._graph.outputs[number]["key"] for number, found in self.degrees.items() if found == degree}

    def _published_whole(self, degree: Degree) -> set[int]:
        """Datasets all of whose outputs were reached, or that were published by the ancestor, and what supersedes them."""
        whole = self._published_by_it() if degree == DIRECT else set()
        for number, output in self._graph.publishers.items():
            reached = [self.degrees.get(one) for one in self._graph.parents.get(output, ())]
            if reached and all(one == degree for one in reached):
                whole.add(number)
        while True:
            names = {self._graph.datasets[number]["name"] for number in whole}
            # a version without some rows has none that the one before lacks
            later = {number for number, row in self._graph.datasets.items() if row["supersedes"] in names} - whole
            if not later:
                return whole
            whole |= later

    def _published_by_it(self) -> set[int]:
        begun = set(self._beginning.outputs)
        return {number for number, output in self._graph.publishers.items() if output in begun}

    def _count(self, number: int, degree: Degree, rows: TouchedRows) -> int:
        """How many rows of a dataset these are."""
        if rows.is_whole:
            return int(self._graph.datasets[number]["rows"])
        keys = self._named.get((number, degree), {})
        alone = sum(keys[sample] not in rows.keys for sample in rows.samples)
        return alone + sum(self._graph.holdings[number][key] for key in rows.keys)

    def _touched_models(self) -> Iterable[Touched]:
        for number, degree in self.models.items():
            row, whole = self._graph.models[number], self._graph.learnt[number]
            kind: Thing = "student" if row["role"] == "student" else "model"
            bad = self._bad_programs.get(number, 0) + self._bad_rows.get(number, 0)
            yield self._told(kind, row["model_id"], degree, whole if number in self._wholly else min(bad, whole), whole)

    def _touched_runs(self) -> Iterable[Touched]:
        """Runs by what they consist of now: of each shard what its first stage read that was reached."""
        first: dict[tuple[int, Degree, int], int] = {}
        for row in recall_queries.places(self._connection, self.degrees):
            if (self._graph.runs[row["run_no"]]["pipeline"], row["stage"]) in SPLIT:
                place = row["run_no"], self.degrees[row["output_no"]], row["shard"]
                first.setdefault(place, self._graph.outputs[row["output_no"]]["read"])
        for run, degree in sorted({(run, degree) for run, degree, _ in first}):
            kind: Thing = "run" if self._graph.runs[run]["pipeline"] == "nightly" else "evaluation"
            part = sum(read for (one, near, _), read in first.items() if (one, near) == (run, degree))
            yield self._told(kind, self._graph.runs[run]["run_id"], degree, part, self._graph.totals[run])

    def _touched_datasets(self) -> Iterable[Touched]:
        for (number, degree), rows in self._rows.items():
            row = self._graph.datasets[number]
            yield self._told(
                "dataset", row["name"], degree, self._count(number, degree, rows), row["rows"], state=row["state"]
            )

    def _shut_out(self) -> Iterable[Touched]:
        """What was rejected because something bad had come first: it may be good, and was never looked at further."""
        for row in self._beginning.shut_out:
            yield self._told("sample", row["sample_id"], DIRECT, 1, 1, state=row["reason"])

    def _told(self, kind: Thing, name: str, degree: Degree, part: int, whole: int, state: str = "") -> Touched:
        action = propose(kind, degree, self._ancestor, self._asked_stages(), state=state)
        because = sentence_of(kind, degree, self._ancestor, part=part, whole=whole, state=state)
        return Touched(kind=kind, name=name, degree=degree, part=part, whole=whole, action=action, because=because)

    def _asked_stages(self) -> frozenset[str]:
        return frozenset(self._graph.outputs[number]["stage"] for number in self._beginning.outputs)
