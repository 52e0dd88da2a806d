"""Verifies a dataset: everything that its files say of themselves, and everything that can be computed anew.

It is a stranger's first tool, so it trusts nothing: programs run in the sandbox, texts are read by processes that can be
killed, and files are found by their names in the folder alone.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from caco_tasks.config import RunConfig
from caco_tasks.errors import ConfigError
from caco_tasks.grading import Grader
from caco_tasks.publishing.states import split_name
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import Store
from caco_tasks.store.registry import dataset_folder
from caco_tasks.text_checks.check_workers import CheckWorkers
from caco_tasks.verification.dataset_rows import PlacedRow, read_rows
from caco_tasks.verification.findings import Report
from caco_tasks.verification.folder_files import DatasetFolder, check_card, check_files, open_folder
from caco_tasks.verification.recomputation import Tools, recompute
from caco_tasks.verification.row_checks import ROW_CHECKS

BATCH_ROWS = 512  # in memory at once


@contextmanager
def open_tools(config: RunConfig, *, workers: int) -> Iterator[Tools]:
    """What runs programs, compares answers and reads texts, for as many datasets as there are; processes end with it."""
    with (
        Sandbox(config.sandbox.model_copy(update={"workers": workers})) as sandbox,
        Grader(config.grading.model_copy(update={"workers": workers})) as grader,
        CheckWorkers(workers, config) as checkers,
    ):
        yield Tools(sandbox, grader, checkers)


def verify_folder(path: Path, tools: Tools, *, progress: Callable[[int], None] = lambda rows: None) -> Report:
    """Verifies the dataset in a folder, as it was published or exported; `progress` is told how many rows are done.

    Nothing but the folder is read. Memory grows by the ids of the rows alone.

    Raises:
        ConfigError: the folder holds no dataset.
        SandboxError: programs cannot be run here at the level that the config demands.
        PlatformError: a worker process does not start.
    """
    begun = time.monotonic()
    report = Report(folder=path.resolve().name)
    folder = open_folder(path, report)
    check_files(folder, report)
    check_card(folder, report)
    coming = iter(read_rows(folder, report))
    while rows := list(islice(coming, BATCH_ROWS)):
        for row in rows if not folder.is_export else ():
            _check_row(row, folder, report)
        recompute(rows, tools, report)
        report.sandbox_level = tools.sandbox.level
        progress(report.rows)
    _note_unverified(report)
    report.seconds = round(time.monotonic() - begun, 3)
    return report


def _note_unverified(report: Report) -> None:
    """Says of rows that lack a part of verification that they do: as they say themselves, so it is no damage."""
    if not report.unverified:
        return
    said = ", ".join(f"{rows:,} of {report.rows:,} {reason}" for reason, rows in sorted(report.unverified.items()))
    report.notes.append(
        f"NOT VERIFIED: rows say that a part of verification was left out ({said}); the answer of "
        f"{report.unequal_answers:,} is not their program's output. Such rows are for measuring checks, not for training."
    )


def _check_row(row: PlacedRow, folder: DatasetFolder, report: Report) -> None:
    for check, find_fault in ROW_CHECKS:
        report.look(check)
        detail = find_fault(row.values, folder.record)
        if detail is not None:
            report.add(row.fault(check, detail))


def fetch_dataset(store: Store, name: str, folder: Path) -> None:
    """Copies the files of the dataset `name/version` from a store to a folder.

    Raises:
        ConfigError: the name is of another form, or the store has no such dataset.
        StoreError: the store cannot be used.
    """
    own = dataset_folder(*split_name(name))
    # what lies in folders below it, or is hidden, was left by other tools
    keys = [key for key in store.list(f"{own}/") if key.count("/") == own.count("/") + 1 and "/." not in key]
    if not keys:
        raise ConfigError(f"There is no folder '{name}', and no dataset of this name in {store.root}.")
    for key in keys:
        store.get_file(key, folder / Path(key).name)
