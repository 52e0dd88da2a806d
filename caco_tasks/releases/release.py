"""A release: the datasets that count for the dates of a week as one, with a changelog, chained to the release before.

`datasets/{name}-weekly/2026-W48/` holds what any dataset holds, and CHANGELOG.md. Its manifest says which datasets it was made
from, by their hashes, and which release came before, by the hash of that one's manifest: whoever changes a release that is
out breaks the chain behind it. The same datasets make the same release again; where one of them has changed, the week gets
a revision, 2026-W48.1 and so on. The manifest is written last.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from caco_tasks.errors import ConfigError, DamagedError, StoreError
from caco_tasks.format import format_count, format_part
from caco_tasks.ids import content_id
from caco_tasks.publishing.croissant import put_croissant
from caco_tasks.publishing.dataset_card import hub_head, table
from caco_tasks.publishing.dataset_files import DatasetWriter, list_datasets, read_dataset
from caco_tasks.publishing.dataset_row import COLUMNS
from caco_tasks.publishing.licences import Licence, combine_licences
from caco_tasks.publishing.row_sets import RowSets, compare_rows
from caco_tasks.publishing.states import split_name, stage_dataset
from caco_tasks.releases.release_rows import KEPT, REASONS, choose_rows, kept_rows
from caco_tasks.store import Store
from caco_tasks.store.registry import DatasetFile, DatasetRecord, dataset_folder, dataset_manifest_uri
from caco_tasks.store.row_files import open_checked
from caco_tasks.version import code_version

SUFFIX = "-weekly"
FORM = 1  # of a release; another makes other releases of the same datasets


class WrittenRows(NamedTuple):
    """The rows of a release as they were written."""

    files: tuple[DatasetFile, ...]
    domains: Counter[str]
    dropped: dict[str, int]  # by reason
    taken: Counter[str]  # date -> rows of it


def week_dates(week: str) -> list[str]:
    """The dates of a week of ISO 8601, from Monday on.

    >>> week_dates("2026-W48")[0]
    '2026-11-23'

    Raises:
        ConfigError: it is of another form.
    """
    try:
        year, _, number = week.partition("-W")
        monday = date.fromisocalendar(int(year), int(number), 1)
    except ValueError as exc:
        raise ConfigError(f"'{week}' is no week: give one of ISO 8601, as 2026-W48.") from exc
    return [(monday + timedelta(days=days)).isoformat() for days in range(7)]


def week_of(day: str) -> str:
    """The week of a date.

    >>> week_of("2026-11-29")
    '2026-W48'
    """
    year, number, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{number:02d}"


def releases_of(store: Store, name: str) -> list[DatasetRecord]:
    """The releases of a dataset, in the order in which they were made: each names the one before.

    Raises:
        DamagedError: the manifest of one is not readable.
    """
    folder = f"{name}{SUFFIX}/"
    found = [read_dataset(store, one) for one in list_datasets(store) if one.startswith(folder)]
    return sorted((one for one in found if "release" in one.facts), key=lambda one: int(one.facts["release"]["number"]))


def manifest_hash(store: Store, dataset: str) -> str:
    """The SHA-256 of the manifest of a dataset, which names its files by their hashes.

    Raises:
        StoreError: there is no such dataset.
    """
    found = store.get(dataset_manifest_uri(*split_name(dataset)))
    if found is None:
        raise StoreError(f"There is no dataset '{dataset}' in {store.root}: restore it from a backup.")
    return hashlib.sha256(found).hexdigest()


def write_release(
    store: Store,
    name: str,
    week: str,
    datasets: Sequence[str],
    *,
    recalled: Set[str],
    likeness: float,
    rows_per_file: int,
    scratch: Path,
) -> DatasetRecord:
    """The release of a week from these datasets, each as name/version, by date; found, or made and staged.

    Who is killed leaves a folder without a manifest, which the next call fills anew.

    Raises:
        StoreError: the store cannot be used.
        DamagedError: a file of a dataset is gone or not what was published.
    """
    members = [_describe_member(store, dataset) for dataset in datasets]
    before = releases_of(store, name)
    of_week = [one for one in before if one.facts["release"]["week"] == week]
    content = content_id("release", FORM, week, [one["manifest_sha256"] for one in members], sorted(recalled), likeness)
    found = next((one for one in of_week if one.facts["release"]["content"] == content), None)
    if found is not None:
        return found
    version = f"{week}.{len(of_week)}" if of_week else week
    folder = dataset_folder(f"{name}{SUFFIX}", version)
    for left in store.list(f"{folder}/"):  # of one who was killed, and may have had other rows
        store.delete(left)
    fate = choose_rows(store, datasets, recalled=recalled, likeness=likeness)
    written = _write_rows(store, folder, datasets, fate, rows_per_file=rows_per_file, scratch=scratch)
    record = DatasetRecord(
        dataset=f"{name}{SUFFIX}",
        version=version,
        run_id=read_dataset(store, datasets[-1]).run_id,
        partition=week_dates(week)[0],
        rows=sum(file.rows for file in written.files),
        code_version=code_version(),
        files=written.files,
        facts=_facts(store, week, content, members, written, before),
    )
    last = next(reversed(of_week or before), None)
    record = _write_texts(store, folder, record, last)
    record = put_croissant(store, record)
    store.put(dataset_manifest_uri(record.dataset, version), record.model_dump_json(indent=1).encode())
    stage_dataset(store, f"{record.dataset}/{version}", by="release", because=f"made from {len(members)} datasets")
    return record


def release_licence(members: Sequence[Mapping[str, Any]]) -> Licence:
    """The licence of all datasets of a release."""
    silent = [member for member in members if member["licence"] is None]
    if silent:
        return Licence(None, f"that of {silent[0]['dataset']} is not known: {silent[0]['licence_note']}")
    # each is a row of terms that all hold
    terms = {term for member in members for term in str(member["licence"]).split(" AND ")}
    return combine_licences({term: term.strip("()") for term in terms})


def _describe_member(store: Store, dataset: str) -> dict[str, Any]:
    record = read_dataset(store, dataset)
    facts = {name: record.facts.get(name) for name in ("licence", "licence_note", "sources")}
    return {
        "dataset": dataset,
        "partition": record.partition,
        "run_id": record.run_id,
        "rows": record.rows,
        "manifest_sha256": manifest_hash(store, dataset),
        **facts,
    }


def _write_rows(
    store: Store, folder: str, datasets: Sequence[str], fate: Any, *, rows_per_file: int, scratch: Path
) -> WrittenRows:
    domains, taken, kept = Counter[str](), Counter[str](), int((fate == KEPT).sum())
    scratch.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="release-", dir=scratch) as own,
        DatasetWriter(store, folder, rows=kept, rows_per_file=rows_per_file, scratch=Path(own)) as writer,
    ):
        for row in kept_rows(store, datasets, fate):
            domains[row["domain"] or "not known"] += 1
            taken[row["partition"]] += 1
            writer.add(row)
    dropped = {reason: int((fate == place).sum()) for place, reason in enumerate(REASONS)}
    return WrittenRows(writer.files, domains, dropped, taken)


def _facts(
    store: Store,
    week: str,
    content: str,
    members: Sequence[Mapping[str, Any]],
    written: WrittenRows,
    before: Sequence[DatasetRecord],
) -> dict[str, Any]:
    licence = release_licence(members)
    last = f"{before[-1].dataset}/{before[-1].version}" if before else None
    return {
        "previous": None if last is None else manifest_hash(store, last),  # None: it is the first
        "release": {
            "week": week,
            "number": len(before),  # in the order in which they were made
            "content": content,
            "previous": last,
            "members": [{**member, "taken": written.taken[member["partition"]]} for member in members],
            "dropped": written.dropped,
            "domains": dict(written.domains.most_common()),
        },
        "licence": licence.expression,
        "licence_note": licence.note,
        "sources": sorted({source for member in members for source in member["sources"] or ()}),
    }


def _write_texts(store: Store, folder: str, record: DatasetRecord, last: DatasetRecord | None) -> DatasetRecord:
    """Writes card and changelog, and returns the record with their hashes."""
    sets = None if last is None else compare_rows(store, last, record)
    texts = {"card": ("README.md", _card(record)), "changelog": ("CHANGELOG.md", changelog(record, last, sets))}
    hashes = {}
    for kind, (file, text) in texts.items():
        store.put(f"{folder}/{file}", text.encode())
        hashes[f"{kind}_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return record.model_copy(update={"facts": {**record.facts, **hashes}})


def changelog(record: DatasetRecord, last: DatasetRecord | None, sets: RowSets | None) -> str:
    """What is new against the release before: rows, domains, and how much of each night came through."""
    title = f"# {record.dataset} {record.version}\n\n"
    if last is None or sets is None:
        return f"{title}The first release: {format_count(record.rows)} rows.\n\n{_member_table(record)}\n"
    rows = [("kept", sets.kept), ("came", len(sets.came)), ("went", len(sets.went)), ("changed", len(sets.changed))]
    now, then = record.facts["release"], last.facts["release"]
    names = sorted({*now["domains"], *then["domains"]})
    domains = [(name, then["domains"].get(name, 0), now["domains"].get(name, 0)) for name in names]
    return (
        f"{title}Against `{last.dataset}/{last.version}`:\n\n{table(('rows', 'count'), rows)}\n\n## By domain\n\n"
        f"{table(('domain', last.version, record.version), domains)}\n\n## By date\n\n{_member_table(record)}\n"
    )


def _card(record: DatasetRecord) -> str:
    facts, release = record.facts, record.facts["release"]
    licence = Licence(facts["licence"], facts["licence_note"])
    said = f"The licence is not known: {licence.note}."
    if licence.expression:
        said = f"All rows together: {licence.expression}. Each row names its own."
    dropped = [(f"`{reason}`", count) for reason, count in release["dropped"].items()]
    chain = (
        f"It follows `{release['previous']}`, whose manifest has the SHA-256 `{facts['previous']}`."
        if release["previous"]
        else "It is the first."
    )
    sections = {
        "Dates": _member_table(record),
        "Rows left out": table(("reason", "rows"), dropped),
        "Domains": table(("domain", "rows"), release["domains"].items()),
        "Licence": said,
        "Columns": table(("column", "what it is"), COLUMNS.items()),
        "Known limits": "- Every row passed automatic checks only; the card of the dataset of its date says which.",
    }
    opening = (
        f"# {record.dataset}, {release['week']}\n\n{format_count(record.rows)} problems with a chain of thought, the program "
        f"behind it and the answer that both give, of the nights of a week. Made by Caco {record.code_version} (method: arXiv "
        f"2510.04081). CHANGELOG.md tells what is new. {chain}"
    )
    texts = [f"## {title}\n\n{text}" for title, text in sections.items()]
    return "\n\n".join([hub_head(record.dataset, licence, record.rows), opening, *texts]) + "\n"


def _member_table(record: DatasetRecord) -> str:
    rows = [
        (one["partition"], f"`{one['dataset']}`", one["rows"], one["taken"], format_part(one["taken"], one["rows"]))
        for one in record.facts["release"]["members"]
    ]
    return table(("date", "dataset", "rows", "taken", "share"), rows)


def verify_releases(
    store: Store, name: str, *, progress: Callable[[int], None] = lambda done: None
) -> list[dict[str, Any]]:
    """Walks the chain of the releases of a dataset from the first on; what is wrong with each, in `faults`.

    Every file is read and held against the manifest; every manifest against the one that names it.

    Raises:
        ConfigError: there is no release of it.
    """
    releases = releases_of(store, name)
    if not releases:
        raise ConfigError(f"There is no release of '{name}': `caco release make` makes one.")
    found, before = [], None
    for number, release in enumerate(releases):
        faults = [*_chain_faults(store, release, before, number), *_file_faults(store, release)]
        found.append({"release": f"{release.dataset}/{release.version}", "rows": release.rows, "faults": faults})
        before = release
        progress(number + 1)
    return found


def _chain_faults(store: Store, release: DatasetRecord, before: DatasetRecord | None, number: int) -> Iterator[str]:
    about = release.facts["release"]
    if int(about["number"]) != number:
        yield f"it is number {about['number']} of the chain, and stands at place {number}: one is gone or there twice"
    expected = None if before is None else manifest_hash(store, f"{before.dataset}/{before.version}")
    if release.facts["previous"] != expected:
        yield f"the manifest of {about['previous']} is not the one that it was made after"
    for member in about["members"]:
        uri = dataset_manifest_uri(*split_name(member["dataset"]))
        data = store.get(uri)
        if data is None or hashlib.sha256(data).hexdigest() != member["manifest_sha256"]:
            yield f"{uri} is {'gone' if data is None else 'another than it was made from'}"


def _file_faults(store: Store, release: DatasetRecord) -> Iterator[str]:
    folder = dataset_folder(release.dataset, release.version)
    texts = {"README.md": "card_sha256", "CHANGELOG.md": "changelog_sha256", "croissant.json": "croissant_sha256"}
    expected = {f"{folder}/{file}": str(release.facts[name]) for file, name in texts.items()}
    expected |= {file.uri: file.sha256 for file in release.files}
    for uri, sha256 in expected.items():
        try:
            with open_checked(store, uri, sha256):
                pass
        except DamagedError as exc:
            yield f"{uri}: {exc}"
        except StoreError:
            yield f"{uri} is gone"
