"""The ledger: what was run, what became of every record, and where everything came from. Postgres, schema `caco`.

Loaded from manifests, by tasks of their own, so that workers need no database; emptied and filled again from the store
at any time. `docs/ledger.md` describes the tables.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, text

from caco_tasks.errors import LedgerError
from caco_tasks.ledger import audits, loading, lookups, migrations, models, runs
from caco_tasks.ledger import scores as scoring
from caco_tasks.ledger.audits import Candidate, Stratum
from caco_tasks.ledger.claims import LedgerClaims, RehearsedClaims
from caco_tasks.ledger.connection import Database
from caco_tasks.ledger.conservation import demand_conservation
from caco_tasks.ledger.datasets import insert_dataset
from caco_tasks.ledger.lookups import FunnelRow, OverlapRow, RejectRow, SourceRow
from caco_tasks.ledger.scores import GainRow, OutlayRow, ScoreRow
from caco_tasks.store.manifest import Manifest, RunRecord, manifest_uri
from caco_tasks.store.registry import (
    AuditAnswers,
    AuditDraw,
    AuditRecord,
    DatasetRecord,
    ModelRecord,
    audit_uri,
    parse_answers,
)
from caco_tasks.store.store import Store


class Ledger:
    """One ledger. A context manager; it connects when first asked for something.

    Every method raises LedgerError, naming host, port and database, where Postgres does not answer or refuses.
    """

    def __init__(self, url: str) -> None:
        """Names the database: `postgresql://user:password@host:port/database`.

        Raises:
            LedgerError: `url` has another form.
        """
        self._database = Database(url)

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the connections back."""
        self.close()

    def close(self) -> None:
        """Gives the connections back; the ledger can be used again after it."""
        self._database.close()

    def migrate(self, *, passwords: Mapping[str, str], folder: Path | None = None) -> list[str]:
        """Brings schema, views, roles and grants up to date and returns the files of `sql/` that were applied.

        Whoever is connected must be `caco_owner`, or be allowed to create it. `passwords` are set for the roles that
        they name; `folder` stands for `sql/`.

        Raises:
            LedgerError: a migration that was applied before has been changed since.
        """
        return migrations.migrate(self._database, passwords=passwords, folder=folder)

    def register_run(self, run: RunRecord) -> RunRecord:
        """Registers a run, unless it is there, and returns the registered one: the first wins."""
        with self._database.transaction() as connection:
            return runs.insert_run(connection, run)

    def find_run(self, run_id_or_prefix: str | None, *, pipeline: str | None = None) -> RunRecord | None:
        """The run whose id begins so; with None the newest, by partition and then by when it was planned.

        Raises:
            LedgerError: more than one run begins so.
        """
        with self._database.transaction() as connection:
            return runs.find_run(connection, run_id_or_prefix, pipeline)

    def load_shard(self, manifest: Manifest, store: Store) -> Manifest:
        """Registers the first manifest of a run, stage and shard with all its rows, and returns the registered one.

        One transaction: all or nothing. Loading again, or at the same time, changes nothing; a later manifest of the
        same shard gives way, in the store too.

        Raises:
            DamagedError: the rows are not what the manifest says.
            StoreError: the store cannot be used.
            LedgerError: the run is not registered.
            ConservationError: a record came in another shard already.
        """
        manifest = loading.canonical(manifest)
        first = self._registered(manifest) or self._load(manifest, store)
        if first != manifest:
            run = self._demand_run(first.run_id)
            store.put(manifest_uri(run, first.stage, first.shard), first.model_dump_json(indent=1).encode())
        return first

    def shards(self, run_id: str, stage: str) -> list[Manifest]:
        """The registered manifests of a stage, by shard."""
        with self._database.transaction() as connection:
            return loading.registered(connection, run_id, stage)

    def register_model(self, model: ModelRecord) -> ModelRecord:
        """Registers a trained model, unless it is there, and returns the registered one.

        Loading a shard does this for the `artifacts["model"]` of its manifest.
        """
        with self._database.transaction() as connection:
            return models.insert_model(connection, model)

    def accepted_model(
        self, partition: str, *, role: str = "codegen", config_hash: str | None = None
    ) -> ModelRecord | None:
        """The accepted model of the latest training run whose partition is not after `partition`, or None.

        With `config_hash`, only models of runs with that config.
        """
        with self._database.transaction() as connection:
            return models.newest_accepted(connection, partition, role=role, config_hash=config_hash)

    def claims(self, run: RunRecord) -> LedgerClaims | RehearsedClaims:
        """The claims of a run on fingerprints, undone at once for a dry run; satisfies `caco_tasks.context.Claims`."""
        if run.pipeline == "dry_run":
            return RehearsedClaims(self._database, run.run_id)
        return LedgerClaims(self._database, run.run_id)

    def register_dataset(self, dataset: DatasetRecord, store: Store) -> DatasetRecord:
        """Registers a published dataset with the sample of each row, unless it is there; returns the registered one.

        Raises:
            DamagedError: a file is not what the manifest says, or has no column `sample_id`.
            StoreError: the store cannot be used or a file is missing.
        """
        with self._database.transaction() as connection:
            return insert_dataset(connection, dataset, store)

    def strata(self, run: RunRecord) -> list[Stratum]:
        """The rows of a nightly run by what the checks said of them, in the order of the checks."""
        with self._database.transaction() as connection:
            return audits.strata(connection, run.run_id, run.partition)

    def candidates(self, run: RunRecord, stratum: Stratum, *, skipped: int, most: int) -> list[Candidate]:
        """Rows of a stratum in a random order that is always the same; `most` of them, `skipped` passed over."""
        with self._database.transaction() as connection:
            return audits.candidates(connection, run.run_id, run.partition, stratum, skipped=skipped, most=most)

    def register_draw(self, draw: AuditDraw) -> None:
        """Registers a draw, unless it is there."""
        with self._database.transaction() as connection:
            audits.insert_draw(connection, draw)

    def find_draw(self, draw_id_or_prefix: str) -> tuple[str, str]:
        """Run and id of the draw whose id begins so.

        Raises:
            LedgerError: there is none, or more than one.
        """
        with self._database.transaction() as connection:
            found = audits.find_draws(connection, draw_id_or_prefix)
        if len(found) != 1:
            raise LedgerError(
                f"There {'are several draws' if found else 'is no draw'} '{draw_id_or_prefix}': give the id that "
                "`caco audit draw` prints."
            )
        return found[0]

    def record_audits(self, answers: Sequence[AuditRecord], store: Store) -> None:
        """Writes answers down, here and in the store, all or none; a person's later answer takes the earlier's place.

        Raises:
            StoreError: the store cannot be used.
        """
        with self._database.transaction() as connection:
            people = sorted({(answer.run_id, answer.person) for answer in answers})
            for run_id, person in people:
                audits.wait_for_turn(connection, run_id, person)
            audits.insert_answers(connection, answers)
            for run_id, person in people:
                said = _with_stored(audits.answers(connection, run_id, person), store)
                store.put(audit_uri(run_id, person), said.model_dump_json(indent=1).encode())

    def funnel(self, run_id: str) -> list[FunnelRow]:
        """The stages of a run, in the order in which records meet them."""
        with self._database.transaction() as connection:
            return lookups.funnel(connection, run_id)

    def reject_reasons(self, run_id: str) -> list[RejectRow]:
        """The reasons of a run, by stage, the most frequent first."""
        with self._database.transaction() as connection:
            return lookups.reject_reasons(connection, run_id)

    def overlaps(self, run_ids: Sequence[str]) -> list[OverlapRow]:
        """The overlaps with benchmarks that runs found, by stage and benchmark."""
        with self._database.transaction() as connection:
            return lookups.overlaps(connection, run_ids)

    def sources(self, run_id: str) -> list[SourceRow]:
        """The sources of a seeds run, with how many of their seeds were verified."""
        with self._database.transaction() as connection:
            return lookups.sources(connection, run_id)

    def scores(self, run_id: str) -> list[ScoreRow]:
        """What base and student of a run of the pipeline evaluate scored, by benchmark, the base first."""
        with self._database.transaction() as connection:
            return scoring.scores(connection, run_id)

    def score_gains(self, run_id: str) -> list[GainRow]:
        """How the student of a run compares with its base, by benchmark."""
        with self._database.transaction() as connection:
            return scoring.gains(connection, run_id)

    def outlays(self, run_id: str) -> list[OutlayRow]:
        """What each stage of a run read, passed and cost; `publish` is left out."""
        with self._database.transaction() as connection:
            return scoring.outlays(connection, run_id)

    def last_nights(self, run: RunRecord, *, most: int) -> list[OutlayRow]:
        """The same of the newest published nights of the config that `run` names, without `run` itself."""
        with self._database.transaction() as connection:
            return scoring.last_nights(connection, str(run.config["name"]), but=run.run_id, most=most)

    def datasets(self, run_id: str | None = None) -> list[str]:
        """The published datasets, as `name/version`, newest first; of one run, or of all."""
        with self._database.transaction() as connection:
            return lookups.datasets(connection, run_id)

    def named(self) -> frozenset[str]:
        """Every object, model and dataset that is registered: paths, ids of models, folders of datasets."""
        with self._database.transaction() as connection:
            return lookups.named(connection)

    def ask(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Runs one statement of a person, such as `caco sql` takes it; the role decides what it may do.

        Raises:
            LedgerError: Postgres refuses it.
        """
        with self._database.transaction() as connection:
            result = connection.execution_options(no_parameters=True).exec_driver_sql(query)  # a % is a %
            if not result.returns_rows:
                return [], []
            return list(result.keys()), [tuple(row) for row in result]

    def lineage(self, sample_id_or_prefix: str) -> dict[str, Any]:
        """All the ancestors of a sample, nested, ready for JSON.

        Raises:
            LedgerError: there is no such sample, or more than one.
        """
        with self._database.transaction() as connection:
            return lookups.lineage(connection, sample_id_or_prefix)

    def conservation(self, run_id: str, *, through: str | None = None) -> None:
        """Holds every stage of a run against the one before it, up to `through` or to the last that has a shard.

        Raises:
            ConservationError: shards are missing, or a stage read other records than the one before it passed.
            LedgerError: the run or the stage does not exist.
        """
        run = self._demand_run(run_id)
        with self._database.transaction() as connection:
            demand_conservation(connection, run, through)

    def empty(self) -> None:
        """Removes all that the store can give back; claims on fingerprints stay, for they decide who was first."""
        with self._database.transaction() as connection:
            connection.execute(text("TRUNCATE caco.run, caco.source, caco.audit, caco.dataset CASCADE"))

    def _registered(self, manifest: Manifest) -> Manifest | None:
        with self._database.transaction() as connection:
            return _one_shard(connection, manifest)

    def _load(self, manifest: Manifest, store: Store) -> Manifest:
        judged = loading.read_checked(manifest, store)
        with self._database.transaction() as connection:
            connection.execute(
                text("SELECT caco.ensure_verdict_partition(CAST(:day AS date))"), {"day": manifest.partition}
            )
        with self._database.transaction() as connection:
            if loading.load(connection, manifest, judged, store):
                return manifest
        return self._registered(manifest) or manifest  # somebody else was first

    def _demand_run(self, run_id: str) -> RunRecord:
        run = self.find_run(run_id)
        if run is None:
            raise LedgerError(
                f"There is no run '{run_id}' in the ledger: `caco ledger rebuild` loads what the store has."
            )
        return run


def _with_stored(answers: Sequence[AuditRecord], store: Store) -> AuditAnswers:
    """A person's answers on a run with those that only the store has, as when the ledger was lost and not rebuilt."""
    uri = audit_uri(answers[0].run_id, answers[0].person)
    found = store.get(uri)
    stored = parse_answers(found, uri=uri).answers if found is not None else ()
    latest = {(answer.stage, answer.subject_id): answer for answer in (*stored, *answers)}
    return AuditAnswers(answers=tuple(latest[key] for key in sorted(latest)))


def _one_shard(connection: Connection, manifest: Manifest) -> Manifest | None:
    found: Sequence[Manifest] = loading.registered(connection, manifest.run_id, manifest.stage, manifest.shard)
    return found[0] if found else None
