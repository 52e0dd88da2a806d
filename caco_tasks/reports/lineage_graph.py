"""Where a sample comes from and what came of it, as nodes and edges: sources, runs, models, datasets, students."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from caco_tasks.ledger import run_queries, sample_details, sample_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.ledger.lineage import origin_of
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.report_parts import Json, Report

MAX_NODES = 200
DEPTH, MAX_DEPTH = 6, 8  # edges from the focus, as far as the sources of the seeds

NodeKind = Literal["source", "run", "model", "sample", "stage", "dataset", "score"]


class GraphNode(Report):
    """A thing in the picture."""

    id: str  # unique in the picture, such as "run:0123…"
    kind: NodeKind
    label: str
    key: str  # what its page is found by: id of a run or sample, name/version of a dataset
    distance: int  # edges from the focus
    facts: dict[str, Json]


class GraphEdge(Report):
    """An arrow from what was there first to what was made of it."""

    source: str
    target: str
    label: str


class LineageGraph(Report):
    """Ancestors and descendants of a sample."""

    focus: str  # id of its node
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    depth: int
    is_cut: bool  # there is more beyond depth or size


def lineage_graph(archive: Archive, sample_id_or_prefix: str, *, depth: int = DEPTH) -> LineageGraph:
    """The picture of a sample.

    Raises:
        UnknownIdError, AmbiguousIdError: the sample.
        LedgerError: the ledger cannot be used.
    """
    with archive.ledger.reading() as connection:
        subject = sample_queries.find_subject(connection, sample_id_or_prefix)
        end = sample_details.ends_of(connection, subject)[0]
        run = run_queries.run_record(connection, end["run_id"])
        sources = sources_behind(connection, run)
        return draw_graph(connection, subject, end, run, sources, depth=depth)


def sources_behind(connection: Connection, run: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The sources of the seeds behind a run, as `sample_details.sources_of` has them."""
    seed_run = run["run_id"] if run["pipeline"] == "seeds" else run["seed_run_id"]
    return sample_details.sources_of(connection, seed_run) if seed_run is not None else []


def draw_graph(
    connection: Connection,
    subject: str,
    end: Mapping[str, Any],
    run: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
    *,
    depth: int,
) -> LineageGraph:
    """The picture of a sample that ended at `end`, one of `sample_details.ends_of`, in a run with these sources."""
    picture = _Picture()
    focus = picture.add("sample", subject, subject[:12], {"outcome": end["outcome"], "stage": end["stage"]})
    _draw_stages(picture, connection, focus, end)
    _draw_parents(picture, connection, focus, subject)
    node = _draw_run(picture, run)
    picture.join(node, focus, "has it")
    _draw_runs_behind(picture, connection, node, run, sources)
    _draw_descendants(picture, connection, focus, subject)
    return picture.around(focus, depth)


class _Picture:
    """Nodes and edges under way."""

    def __init__(self) -> None:
        self._nodes: dict[str, GraphNode] = {}
        self._edges: dict[tuple[str, str], GraphEdge] = {}

    def add(self, kind: NodeKind, key: str, label: str, facts: dict[str, Json]) -> str:
        """A node, once; its id."""
        node = GraphNode(id=f"{kind}:{key}", kind=kind, label=label, key=key, distance=0, facts=facts)
        self._nodes.setdefault(node.id, node)
        return node.id

    def join(self, source: str, target: str, label: str) -> None:
        """An arrow, once."""
        self._edges.setdefault((source, target), GraphEdge(source=source, target=target, label=label))

    def around(self, focus: str, depth: int) -> LineageGraph:
        """What lies within so many edges of the focus, the nearest first."""
        distances = {focus: 0}
        reached = [focus]
        for name in reached:  # grows as it goes
            for pair in self._edges:
                other = pair[1] if pair[0] == name else pair[0] if pair[1] == name else None
                if other is not None and other not in distances:
                    distances[other] = distances[name] + 1
                    reached.append(other)
        kept = [name for name in reached if distances[name] <= depth][:MAX_NODES]
        shown = set(kept)
        return LineageGraph(
            focus=focus,
            nodes=tuple(self._nodes[name].model_copy(update={"distance": distances[name]}) for name in kept),
            edges=tuple(edge for pair, edge in self._edges.items() if set(pair) <= shown),
            depth=depth,
            is_cut=len(kept) < len(reached),
        )


def _draw_stages(picture: _Picture, connection: Connection, focus: str, end: Mapping[str, Any]) -> None:
    """The stages that saw it, and the models that they asked."""
    before = None
    for step in sample_details.chain_of(connection, end):
        stage = picture.add("stage", f"{end['run_id']}/{step['stage']}", step["stage"], {"output": step["key"]})
        for model in step["models"]:
            named = picture.add("model", model, _short(model), {})
            picture.join(named, stage, "asked")
        if before is not None:
            picture.join(before, stage, "then")
        before = stage
    if before is not None:
        picture.join(before, focus, str(end["outcome"]))


def _draw_parents(picture: _Picture, connection: Connection, focus: str, subject: str) -> None:
    """The seeds whose verified programs its program was made of."""
    origin = origin_of(connection, subject)
    if origin is None:
        return
    for parent in origin["parents"]:
        facts = {name: parent[name] for name in ("source", "licence", "program_id")}
        seed = picture.add("sample", parent["seed_id"], f"seed {parent['key'] or parent['seed_id'][:12]}", facts)
        picture.join(seed, focus, f"{origin['kind']} {origin['operator']}")


def _draw_runs_behind(
    picture: _Picture,
    connection: Connection,
    node: str,
    run: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
) -> None:
    """The run that trained its CodeGen, the one that read the seeds of both, and their sources."""
    ids = [name for name in (run["codegen_run_id"], run["seed_run_id"]) if name is not None]
    known = run_queries.run_references(connection, ids)
    seed_run = node if run["pipeline"] == "seeds" else None
    if run["seed_run_id"] in known:
        seed_run = _draw_run(picture, known[run["seed_run_id"]])
    trained = known.get(run["codegen_run_id"])
    if trained is not None:
        trainer = _draw_run(picture, trained)
        model = picture.add("model", str(run["model_id"]), _short(str(run["model_id"])), {"role": "codegen"})
        picture.join(trainer, model, "trained")
        picture.join(model, node, "sampled by")
        for name in trained["own_datasets"]:
            picture.join(picture.add("dataset", name, name, {}), trainer, "trained on")
        if seed_run is not None:
            picture.join(seed_run, trainer, "seed programs")
    elif seed_run is not None and seed_run != node:
        picture.join(seed_run, node, "seed programs")
    for row in sources if seed_run is not None else ():
        facts = {"licence": row["licence"], "revision": row["revision"], "seeds": row["seeds"]}
        source = picture.add("source", f"{row['source']}@{row['revision']}", row["source"], facts)
        picture.join(source, str(seed_run), "read by")


def _draw_descendants(picture: _Picture, connection: Connection, focus: str, subject: str) -> None:
    """The datasets that hold it, and the students and CodeGens that learnt from them."""
    datasets: Sequence[Mapping[str, Any]] = sample_details.datasets_with(connection, subject)
    for row in datasets:
        name = f"{row['dataset']}/{row['version']}"
        node = picture.add("dataset", name, name, {"rows": row["rows"], "state": row["state"]})
        picture.join(focus, node, "is a row of")
        for student in run_queries.evaluations_of(connection, [name]):
            learner = _draw_run(picture, student)
            picture.join(node, learner, "trained on")
    for row in sample_details.codegens_with(connection, subject):
        model = picture.add("model", row["model_id"], _short(row["model_id"]), {"role": "codegen"})
        picture.join(picture.add("dataset", row["dataset"], row["dataset"], {}), model, "trained on")


def _draw_run(picture: _Picture, run: Mapping[str, Any]) -> str:
    label = f"{run['pipeline']} {run['partition']}"
    config = run["config"]
    name = config.get("name") if isinstance(config, Mapping) else config
    return picture.add("run", run["run_id"], label, {"config": name})


def _short(model: str) -> str:
    return model if len(model) <= 24 else f"{model[:20]}…"
