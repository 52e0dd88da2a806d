"""`caco recall`: everything that descends from something bad, and what to do about it."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from caco_tasks.cli.console import (
    explain_errors,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.dataset_commands import by_option, find_user
from caco_tasks.cli.environment import open_ledger_as, open_store_here
from caco_tasks.cli.options import json_option
from caco_tasks.errors import ConfigError

if TYPE_CHECKING:
    from caco_tasks.recall.descendants import Recall
    from caco_tasks.recall_tasks import Done

SHOWN = 20  # descendants of a kind; --json and --out have all


@click.command()
@click.option("--source", metavar="NAME[@REVISION]", help="A source of seeds, of one revision or of all.")
@click.option("--seed", metavar="ID", help="A seed; the beginning of its id will do.")
@click.option("--program", metavar="ID", help="A program, of seeds or of published rows, by its program_id.")
@click.option("--model", metavar="NAME", help="A model of any role, as the ledger names it.")
@click.option("--prompt", metavar="NAME.VERSION", help="A prompt that a stage asked with.")
@click.option("--check-version", metavar="STAGE:VERSION", help="A version of a stage, or of the whole code.")
@click.option("--sandbox-version", metavar="VERSION", help="A version of the sandbox that programs ran in.")
@click.option("--apply", "is_applied", is_flag=True, help="Do what is proposed; without it nothing is changed.")
@click.option(
    "--withdraw",
    "reach",
    type=click.Choice(["proposed", "direct", "all"]),
    default="proposed",
    show_default=True,
    help="What to withdraw: as proposed, all that is direct, or whatever was touched.",
)
@click.option("--because", metavar="TEXT", help="Why; kept with all that is changed. Needed to apply.")
@by_option
@click.option("--despite-unknown", is_flag=True, help="Apply although not all that descends is known.")
@click.option(
    "--out",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every descendant there, as JSON lines.",
)
@json_option
@explain_errors
def recall(
    is_applied: bool,
    reach: Any,
    because: str | None,
    by: str | None,
    despite_unknown: bool,
    target: Path | None,
    as_json: bool,
    **ancestors: str | None,
) -> None:
    """Find everything that descends from something bad: models, runs, rows of datasets, students, their evaluations.

    What came of it directly is told from what came through a model that learnt from it among others. For each descendant
    an action is proposed: keep, re-verify or withdraw. --apply makes versions of datasets without the rows, withdraws the
    ones before, and lets no later run sample from a withdrawn model; nothing is deleted.
    """
    from caco_tasks.recall_tasks import apply, look, reach_out

    ancestor = _read_ancestor(ancestors)
    if is_applied and not (because or "").strip():
        raise ConfigError("Why it is recalled is kept with all that is changed: give --because TEXT.")
    store, done = open_store_here(), None
    with open_ledger_as() as ledger, show_progress(f"looking for what descends from {ancestor.name}") as status_line:
        found = reach_out(look(ledger, store, ancestor), reach)
        if is_applied:
            done = apply(
                ledger,
                store,
                found,
                by=by or find_user(),
                because=str(because),
                despite_unknown=despite_unknown,
                on_dataset=lambda name: status_line.update(f"taking rows out of {name}"),
            )
    if target is not None:
        _write_list(found, target)
    if as_json:
        print_json({**found.as_json(), "applied": None if done is None else [_as_dict(one) for one in done]})
        return
    _print_recall(found)
    if done is None:
        print_line("Nothing was changed: --apply --because TEXT does what is proposed.")
    else:
        _print_done(found, done)


def _read_ancestor(given: dict[str, str | None]) -> Any:
    from caco_tasks.recall.ancestors import KINDS, Ancestor

    named = [(kind, name) for kind in KINDS if (name := given[kind.replace("-", "_")]) is not None]
    if len(named) != 1:
        raise ConfigError(
            f"One ancestor is recalled at a time: give one of {', '.join(f'--{kind}' for kind in KINDS)}."
        )
    [(kind, name)] = named
    return Ancestor(kind=kind, name=name)


def _print_recall(found: "Recall") -> None:
    from caco_tasks.cli.tables import answer_table
    from caco_tasks.recall.descendants import COUNTED, THINGS

    counts = Counter((one.kind, one.degree, one.action) for one in found.touched)
    parts: Counter[tuple[str, str, str]] = Counter()
    for one in found.touched:
        parts[one.kind, one.degree, one.action] += one.part
    print_heading(f"{found.ancestor.kind} {found.ancestor.name}")
    if not found.touched:
        print_line("Nothing that the ledger knows descends from it.")
    else:
        rows = [(*place, count, f"{parts[place]:,} {COUNTED[place[0]]}".strip()) for place, count in counts.items()]
        print_whole(answer_table(("what", "degree", "proposed", "how many", "of them"), rows))
    for kind in THINGS:
        things = found.of(kind)
        for one in things[:SHOWN]:
            print_line(f"{kind} {one.name}: {one.action}. {one.because}")
        if len(things) > SHOWN:
            print_line(f"… and {len(things) - SHOWN:,} more of these: --out FILE has all.")
    for sentence in found.unknown:
        print_line(f"Not known: {sentence}")


def _print_done(found: "Recall", done: "list[Done]") -> None:
    for one in done:
        became = "it is withdrawn" if one.revised is None else f"{one.revised} has the others, and it is withdrawn"
        print_line(f"{one.dataset}: {one.removed:,} rows went; {became}.")
    models = {one.name for one in found.touched if one.kind in ("model", "student") and one.action == "withdraw"}
    if models:
        print_line(f"No later run samples from {', '.join(sorted(models))}.")
    again = sorted({one.name for one in found.of("dataset") if one.action == "re-verify"})
    for name in again[:SHOWN]:
        print_line(f"To judge again: caco reverify {name}")


def _write_list(found: "Recall", target: Path) -> None:
    from caco_tasks.atomic import replaced

    with replaced(target) as file:
        for one in found.touched:
            file.write(json.dumps(_as_dict(one), ensure_ascii=False) + "\n")


def _as_dict(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__slots__}
