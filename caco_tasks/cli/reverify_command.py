"""caco reverify: what is stored, judged again by newer checks or settings, without asking a model."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from caco_tasks.cli.console import (
    err,
    explain_errors,
    out,
    print_heading,
    print_json,
    print_line,
    print_whole,
    show_progress,
)
from caco_tasks.cli.environment import find_connections, open_ledger_as, open_store_here
from caco_tasks.cli.options import json_option, set_option, workers_option

if TYPE_CHECKING:
    from caco_tasks.reverification.moved_examples import Example
    from caco_tasks.reverification.reverify import Asked, Plan
    from caco_tasks.store.reverification_record import ReverificationRecord

by_option = click.option("--by", metavar="NAME", help="Who wants it; default: the user of this machine.")


@click.command()
@click.argument("what", metavar="RUN|NAME/VERSION")
@set_option
@click.option("--stage", metavar="S", help="Begin with this stage; default: the first that would judge otherwise.")
@click.option("--only", type=click.Choice(["unknown"]), help="Judge again what is unknown; known verdicts stand.")
@click.option(
    "--ask", "asked", type=click.Choice(["judge", "matcher"]), multiple=True, help="Ask this model what it never said."
)
@click.option("--again", is_flag=True, help="Judge anew what was judged so before: replies may have come since.")
@click.option("--publish", is_flag=True, help="Stage a dataset version of what is accepted now.")
@workers_option
@by_option
@json_option
@explain_errors
def reverify(what: str, *, publish: bool, as_json: bool, **given: Any) -> None:
    """Judge what is stored of a run or a dataset again, by newer checks or settings, and show what moves.

    RUN may be the beginning of an id; a dataset is that and all that was rejected on the way to it. Nothing of the run is
    changed, nothing is claimed, and without --ask no model is asked: a sample of which a model would have to say something
    that it never said is unknown (not_asked). What cannot be judged again, as the texts that models write, is refused.
    """
    from caco_tasks.cli.dataset_commands import find_user
    from caco_tasks.reverification.moved_examples import find_examples
    from caco_tasks.reverification.publication import publish_reverification
    from caco_tasks.reverification.reverify import Asked, describe_cost, plan_anew
    from caco_tasks.reverification.reverify import reverify as judge_again
    from caco_tasks.reverification.stored_run import find_stored

    connections, store, told = find_connections(), open_store_here(), err if as_json else out
    with open_ledger_as() as ledger:
        with show_progress("finding what is stored") as progress:
            wanted = Asked(
                stored=find_stored(what, ledger, store),
                overrides=tuple(given["overrides"]),
                stage=given["stage"],
                only_unknown=given["only"] == "unknown",
                asked=tuple(given["asked"]),
                workers=given["workers"],
                by=given["by"] or find_user(),
            )
            plan = _plan(wanted)
            plan = plan_anew(plan, store) if given["again"] else plan
            print_line(describe_cost(plan), told)
            progress.update("judging again")
            record = judge_again(
                plan,
                connections,
                environ=os.environ,
                on_progress=lambda done, of, read: progress.update(
                    f"judging again: {done:,} of {of:,} shards, {read:,} samples"
                ),
            )
            ledger.register_reverification(record, store)
            accepted, rejected = find_examples(store, plan, record)
        dataset = None
        if publish:
            with show_progress("writing the dataset version"):
                made = publish_reverification(plan, record, ledger, connections)
                dataset = f"{made.dataset}/{made.version}"
    if as_json:
        print_json(_as_json(record, accepted, rejected, dataset))
    else:
        _show(record, accepted, rejected, dataset)


def _plan(wanted: "Asked") -> "Plan":
    """Where to begin, by the settings of today."""
    from caco_tasks.llm.local_models import LocalModels
    from caco_tasks.reverification.reverify import plan_reverification
    from caco_tasks.reverification.stored_run import keys_of_today

    keys = keys_of_today(wanted.stored, wanted.overrides, LocalModels(find_connections().models))
    return plan_reverification(wanted, keys)


def _as_json(
    record: "ReverificationRecord",
    accepted: "Sequence[Example]",
    rejected: "Sequence[Example]",
    dataset: str | None,
) -> dict[str, Any]:
    facts = record.model_dump(mode="json", exclude={"counts", "recipes", "uri", "rows", "sha256"})
    return {
        **facts,
        "moved": record.rows,
        "moves": [count.model_dump(mode="json") for count in record.counts if count.is_moved],
        "newly_accepted": {"count": record.newly_accepted, "examples": [one.as_json() for one in accepted]},
        "newly_rejected": {"count": record.newly_rejected, "examples": [one.as_json() for one in rejected]},
        "dataset": dataset,
    }


def _show(
    record: "ReverificationRecord",
    accepted: "Sequence[Example]",
    rejected: "Sequence[Example]",
    dataset: str | None,
) -> None:
    from caco_tasks.cli.report_tables import move_table

    print_line(
        f"{record.read:,} samples judged again from '{record.stage}' on, {record.model_calls:,} model calls, re-verification "
        f"{record.reverification_id}"
    )
    moved = [count for count in record.counts if count.is_moved]
    if moved:
        print_whole(move_table(moved))
    print_line(
        f"{record.newly_accepted:,} are newly accepted, {record.newly_rejected:,} newly rejected; {record.rows:,} end otherwise."
    )
    for heading, examples in (("Newly accepted", accepted), ("Newly rejected", rejected)):
        if examples:
            print_heading(heading)
        for one in examples:
            was, now = one.move.before, one.move.now
            print_line(
                f"{one.move.sample_id}: {was.stage} {was.reason or was.outcome} → {now.stage} {now.reason or now.outcome}"
            )
            for text in (one.texts["problem"], one.texts["solution"], one.move.detail):
                print_line(f"  {text or '–'}")
    if dataset is not None:
        print_line(f"{dataset} is staged.")
