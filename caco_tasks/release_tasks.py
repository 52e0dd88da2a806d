"""What decides which datasets count, and what makes releases of them.

What the tasks of `caco_promote` and `caco_release` do, and the commands `caco dataset promote`, `roll-back` and `caco release`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from caco_tasks.connections import Connections
from caco_tasks.dataset_tasks import register_states, set_dataset_state
from caco_tasks.errors import ConfigError, PrerequisiteError
from caco_tasks.ledger import Ledger
from caco_tasks.ledger.analyst import Analyst
from caco_tasks.publishing.dataset_files import read_dataset
from caco_tasks.publishing.states import read_state
from caco_tasks.releases.release import releases_of, week_dates, week_of, write_release
from caco_tasks.reports.archive import Archive
from caco_tasks.reports.dataset_difference import dataset_difference, difference_markdown
from caco_tasks.store import Store, open_store
from caco_tasks.store.registry import DatasetRecord, Promotion
from caco_tasks.tasks import config_of, gate, open_ledger, read_run, waiting


@waiting
def promote(dataset: str, *, by: str, because: str) -> dict[str, Any]:
    """Makes `name/version` the one that counts for its date; one that is staged is published first.

    A second call changes nothing. Killed anywhere, one version counts: the one before, or this one.

    Raises:
        ConfigError: there is no such dataset, it was withdrawn, or nobody or no reason is named.
        GateError: it is staged, and the gate of its run does not pass.
    """
    require_reason(by, because)
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)
        record = read_dataset(store, dataset)
        _demand_published(ledger, store, record, by=by, because=because)

        def decide(history: Sequence[Promotion], current: str | None) -> Promotion | None:
            if current == record.version and history:
                return None  # told again
            change = {"by": by, "because": because, "at": datetime.now(UTC)}
            return Promotion(version=record.version, replaced=current if current != record.version else None, **change)

        made = ledger.decide_promotion(record.dataset, record.partition, store, decide)
    return _describe(record, made)


@waiting
def roll_back(name: str, partition: str, *, by: str, because: str) -> dict[str, Any]:
    """Makes the version of a date count again that did so before the last promotion; again, the one before that.

    Raises:
        ConfigError: nothing was promoted, nothing counted before, or what did was withdrawn since.
    """
    require_reason(by, because)
    with open_ledger() as (ledger, reached):
        store = open_store(reached.store)

        def decide(history: Sequence[Promotion], current: str | None) -> Promotion:
            version = version_before(history, name=name, partition=partition)
            state = read_state(store, f"{name}/{version}")
            if state is not None and state.state != "published":
                raise ConfigError(
                    f"The dataset '{name}/{version}', which counted before, is {state.state}: restore it first."
                )
            change = {"by": by, "because": because, "at": datetime.now(UTC)}
            return Promotion(version=version, replaced=current, is_roll_back=True, **change)

        made = ledger.decide_promotion(name, partition, store, decide)
        assert made is not None  # `decide` says one or raises
        record = read_dataset(store, f"{name}/{made.version}")
    return _describe(record, made)


@waiting
def awaiting_promotion(run_id: str) -> list[str]:
    """The datasets of a run, as `name/version`, that count for their date only once somebody promotes them."""
    with open_ledger() as (ledger, _):
        return ledger.awaiting_promotion(run_id)


@waiting
def promotion_form(dataset: str) -> str:
    """What a person sees before deciding whether a dataset counts for its date, as Markdown."""
    with open_ledger() as (ledger, reached), Analyst(reached.analyst_url or reached.ledger_url or "") as analyst:
        store = open_store(reached.store)
        record = read_dataset(store, dataset)
        current = ledger.current_datasets(record.dataset, record.partition, record.partition).get(record.partition)
        archive = Archive(ledger=analyst, store=store, connections=reached)
        if current == dataset:
            return f"`{dataset}` counts for {record.partition} already: approving it changes nothing."
        return difference_markdown(dataset_difference(archive, current, dataset))


@waiting
def make_releases(week: str, name: str | None = None) -> list[dict[str, Any]]:
    """Makes the release of a week, of one dataset or of every one that counts for a date of it; what is there is found.

    Raises:
        ConfigError: it is no week.
        PrerequisiteError: no dataset counts for any of its dates.
        CacoError: ledger or store cannot be used, or a file is not what was published.
    """
    dates = week_dates(week)
    with open_ledger() as (ledger, reached):
        names = [name] if name is not None else ledger.current_names(dates[0], dates[-1])
        if not names:
            raise PrerequisiteError(f"No dataset counts for a date of {week}: run `caco_nightly` for them first.")
        return [_make_release(ledger, reached, one, week) for one in names]


def _make_release(ledger: Ledger, reached: Connections, name: str, week: str) -> dict[str, Any]:
    store, dates = open_store(reached.store), week_dates(week)
    with ledger.holding_releases(name):
        datasets = [*ledger.current_datasets(name, dates[0], dates[-1]).values()]
        if not datasets:
            raise PrerequisiteError(f"No version of '{name}' counts for a date of {week}: run `caco_nightly` first.")
        settings = config_of(read_run(store, read_dataset(store, datasets[-1]).run_id, reached))
        known = {f"{one.dataset}/{one.version}" for one in releases_of(store, name)}
        record = write_release(
            store,
            name,
            week,
            datasets,
            recalled=ledger.recalled_samples(datasets),
            likeness=settings.dedup.same_problem_jaccard,
            rows_per_file=settings.publish.rows_per_file,
            scratch=reached.home / "work",
        )
        release = f"{record.dataset}/{record.version}"
        ledger.register_dataset(record, store)
        register_states(ledger, store, release)
        state = read_state(store, release)
        if state is not None and state.state == "staged":
            why = "its datasets are published"
            set_dataset_state(ledger, store, release, "published", by="release", because=why, only_from="staged")
    if release not in known and record.facts["release"]["week"] != record.version:
        promote(release, by="release", because="a dataset of its week has changed")
    return {
        "release": release,
        "rows": record.rows,
        "datasets": datasets,
        "dropped": record.facts["release"]["dropped"],
        "previous": record.facts["release"]["previous"],
        "is_new": release not in known,
    }


def version_before(history: Sequence[Promotion], *, name: str, partition: str) -> str:
    """The version that counted before the last promotion that was not taken back.

    Raises:
        ConfigError: there is none.
    """
    counted: list[str | None] = [history[0].replaced] if history else []
    for change in history:
        if change.is_roll_back:
            counted.pop()
        else:
            counted.append(change.version)
    before = counted[-2] if len(counted) > 1 else None
    if before is None:
        raise ConfigError(
            f"No version of '{name}' counted for {partition} before the one that does now: there is no way back; "
            "`caco dataset withdraw` takes a dataset out."
        )
    return before


def require_reason(by: str, because: str) -> None:
    """Holds a decision to having a name and a reason.

    Raises:
        ConfigError: one of them is missing.
    """
    if not by.strip() or not because.strip():
        raise ConfigError("Who decides which dataset counts, and why, is kept with it: name both.")


def _demand_published(ledger: Ledger, store: Store, record: DatasetRecord, *, by: str, because: str) -> None:
    """Publishes a dataset that is staged, where its run passes its gate; registers what only the store was told."""
    dataset = f"{record.dataset}/{record.version}"
    state = read_state(store, dataset)
    if state is not None and state.state == "withdrawn":
        raise ConfigError(f"The dataset '{dataset}' was withdrawn ({state.because}): restore it first.")
    if state is not None and state.state == "staged":
        gate(record.run_id)  # a person chooses between datasets that passed, and takes the place of no gate
        ledger.register_dataset(record, store)
        set_dataset_state(ledger, store, dataset, "published", by=by, because=because, only_from="staged")
    else:
        register_states(ledger, store, dataset)


def _describe(record: DatasetRecord, made: Promotion | None) -> dict[str, Any]:
    """What counts now, and whether this call has changed it."""
    return {
        "dataset": f"{record.dataset}/{record.version}",
        "partition": record.partition,
        "replaced": f"{record.dataset}/{made.replaced}" if made is not None and made.replaced else None,
        "changed": made is not None,
    }


def last_week() -> str:
    """The last week that has ended, in UTC."""
    return week_of((datetime.now(UTC).date() - timedelta(days=7)).isoformat())
