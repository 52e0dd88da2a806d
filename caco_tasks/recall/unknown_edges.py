"""Where the ledger cannot tell whether something descends from an ancestor: named one by one, and an action waits for them."""

from collections.abc import Iterable, Iterator, Sequence

from caco_tasks.ledger import recall_queries
from caco_tasks.ledger.analyst import Connection
from caco_tasks.recall.ancestors import OF_SEEDS, Ancestor
from caco_tasks.recall.output_graph import OutputGraph
from caco_tasks.store import Store
from caco_tasks.store.manifest import RunFile
from caco_tasks.store.registry import is_dataset_manifest

NAMED = 3  # of many alike; the sentence says how many there are


def find_unknown(connection: Connection, graph: OutputGraph, ancestor: Ancestor, *, is_taught: bool) -> Iterator[str]:
    """Sentences, each with its remedy; `is_taught`: models learnt from the ancestor."""
    lost = sorted({key for keys in graph.missing.values() for key in keys})
    if lost:
        yield (
            f"{_count(lost, 'output')} that others were made from {_are(lost)} not in the ledger ({_name(lost)}): what led "
            "to them is not known. `caco ledger rebuild` loads what the store still has."
        )
    homeless = [graph.datasets[number]["name"] for number in sorted(graph.unplaced)]
    if homeless:
        yield (
            f"Of {_count(homeless, 'dataset')} the ledger does not know which outputs all rows came from "
            f"({_name(homeless)}): `caco ledger rebuild` reads it from the files; what housekeeping removed is gone."
        )
    if ancestor.kind in OF_SEEDS or is_taught:
        yield from _unknown_seeds(connection, graph)
    if ancestor.kind == "program":
        bare = [graph.datasets[number]["name"] for number in sorted(graph.without_programs)]
        if bare:
            yield (
                f"Of {_count(bare, 'dataset')} the ledger does not know the programs of all rows ({_name(bare)}): "
                "`caco ledger rebuild` reads them from the files."
            )
    if ancestor.kind in OF_SEEDS:
        dates = recall_queries.forgotten_dates(connection)
        if dates:
            yield (
                f"What became of the samples of {_count(dates, 'date')} was forgotten ({_name(dates)}): which of them were "
                "rejected as like a bad one is not known. `caco ledger rebuild` brings it back."
            )


def find_unregistered(store: Store, datasets: Iterable[str], run_ids: Iterable[str]) -> Iterator[str]:
    """Sentences on what a store has and the ledger, which knows these datasets and runs, has not."""
    manifests = filter(is_dataset_manifest, store.list("datasets/"))
    versions = sorted({"/".join(key.split("/")[1:3]) for key in manifests} - set(datasets))
    if versions:
        yield (
            f"{_count(versions, 'dataset')} of the store {_are(versions)} not in the ledger ({_name(versions)}): "
            "`caco ledger rebuild` registers what is there."
        )
    files = (file for file in map(RunFile.parse, store.list("runs/")) if file is not None)
    runs = sorted({file.run_id for file in files} - set(run_ids))
    if runs:
        yield (
            f"{_count(runs, 'run')} of the store {_are(runs)} not in the ledger ({_name(runs)}): `caco ledger rebuild` "
            "registers what is there."
        )


def _unknown_seeds(connection: Connection, graph: OutputGraph) -> Iterator[str]:
    foreign = recall_queries.codegens_from_elsewhere(connection)
    if foreign:
        yield (
            f"{_count(foreign, 'CodeGen')} that programs were sampled from {_are(foreign)} not trained here "
            f"({_name(foreign)}): nobody knows the seeds behind {'it' if len(foreign) == 1 else 'them'}."
        )
    known = {row["run_id"] for row in graph.runs.values()}
    pinned = (run[name] for run in graph.runs.values() for name in ("seed_run_id", "codegen_run_id"))
    gone = sorted({run_id for run_id in pinned if run_id is not None and run_id not in known})
    if gone:
        yield (
            f"{_count(gone, 'run')} that others learnt from {_are(gone)} not in the ledger ({_name(gone)}): which seeds they "
            "read is not known. `caco ledger rebuild` loads what the store still has."
        )


def _count(names: Sequence[str], what: str) -> str:
    return f"{len(names):,} {what}{'' if len(names) == 1 else 's'}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _name(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])
