"""The ledger: what was run, what became of every record, and where everything came from. Postgres, schema `caco`.

Loaded from manifests, by tasks of their own, so that workers need no database; emptied and filled again from the store
at any time. `docs/ledger.md` describes the tables.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from caco_tasks.errors import AmbiguousIdError, LedgerError, UnknownIdError
from caco_tasks.ledger import (
    ablations,
    audits,
    datasets,
    diversities,
    lineage,
    loading,
    lookups,
    models,
    outputs,
    promotions,
    questions,
    recalls,
    run_queries,
    runs,
)
from caco_tasks.ledger import claims as claiming
from caco_tasks.ledger import scores as scoring
from caco_tasks.ledger.ablations import AblationResult
from caco_tasks.ledger.audits import Candidate, Stratum
from caco_tasks.ledger.claims import LedgerClaims
from caco_tasks.ledger.conservation import demand_conservation
from caco_tasks.ledger.difficulties import DifficultyLedger
from caco_tasks.ledger.lookups import FunnelRow, OverlapRow, RejectRow, SourceRow, TrainingBehind
from caco_tasks.ledger.own_claims import OwnClaims
from caco_tasks.ledger.recipes import Recipe
from caco_tasks.ledger.scores import GainRow, OutlayRow, ScoreRow, StageSpeed, TrainingRow
from caco_tasks.store.ablation import AblationRecord, ablation_uri
from caco_tasks.store.manifest import (
    Manifest,
    RunOutput,
    RunRecord,
    RunTrigger,
    manifest_uri,
    parse_stored,
    trigger_uri,
)
from caco_tasks.store.registry import (
    AuditDraw,
    AuditRecord,
    DatasetRecord,
    DatasetState,
    DiversityRecord,
    ModelRecord,
    Promotion,
    Promotions,
    RecallRecord,
    StateName,
    audit_uri,
)
from caco_tasks.store.store import Store

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")  # in the place of a version


class Ledger(DifficultyLedger):
    """One ledger. A context manager; it connects when first asked for something.

    Every method raises LedgerError, naming host, port and database, where Postgres does not answer or refuses, or where
    the schema there is of another version.

    >>> with Ledger(url) as ledger:  # doctest: +SKIP
    ...     for row in ledger.funnel(run_id):
    ...         print(row.stage, row.read, row.passed)
    """

    def register_run(self, run: RunRecord) -> RunRecord:
        """Registers a run, unless it is there, and returns the registered one: the first wins."""
        with self._transaction() as connection:
            return runs.insert_run(connection, run)

    def register_trigger(self, run: RunRecord, trigger: RunTrigger, store: Store) -> None:
        """Notes, here and in the store, which run of the scheduler planned a run; the first note of it counts.

        Raises:
            StoreError: the store cannot be used.
        """
        uri = trigger_uri(run, trigger.dag_id, trigger.dag_run_id)
        found = store.get(uri)
        if found is None:
            store.put(uri, trigger.model_dump_json(indent=1).encode())
        else:  # a task that is tried again
            trigger = parse_stored(RunTrigger, found, uri=uri)
        with self._transaction() as connection:
            runs.insert_trigger(connection, trigger)

    def find_run(self, run_id_or_prefix: str | None, *, pipeline: str | None = None) -> RunRecord | None:
        """The run whose id begins so; with None the newest, by partition and then by when it was planned.

        Raises:
            LedgerError: more than one run begins so.
        """
        with self._transaction() as connection:
            return runs.find_run(connection, run_id_or_prefix, pipeline)

    def runs(self, *, pipeline: str | None = None, max_runs: int = 20) -> list[RunRecord]:
        """The newest runs, of one pipeline or of all, by partition and then by when they were planned."""
        with self._transaction() as connection:
            return list(runs.newest_runs(connection, pipeline, max_runs=max_runs))

    def load_output(
        self, run: RunRecord, manifest: Manifest, store: Store, *, shard: int, attempt: int = 0, attach: bool = True
    ) -> Manifest:
        """Registers an output of a run with all that its rows say, and returns the manifest registered for its key.

        One transaction: all or nothing. The first manifest of a key counts; a later one gives way, in the store too, unless
        the rows of the first are gone from there. What is registered is not loaded again: then only the run's place is
        noted. The newest attempt of a place counts. With `attach` false, the fates of a new date are seen only after
        `attach_fates`: for many outputs at once.

        Raises:
            DamagedError: the rows are not what the manifest says.
            StoreError: the store cannot be used.
            LedgerError: the run, or the run that made the output, is not registered.
            ConservationError: the output holds a record twice, or read others than its inputs passed.
        """
        manifest = loading.canonical(manifest)
        found = self.find_output(manifest.key)
        # damaged rows were deleted, and made anew with other bytes: to go back to the first manifest would lose both
        is_gone = found is not None and found.uri != manifest.uri and not store.exists(found.uri)
        # read before the transaction begins, which then holds its locks for the time of the writing alone
        columns = loading.read_columns(manifest, store) if found is None or is_gone else None
        with self._transaction() as connection:
            if columns is not None:
                runs.demand_maker(connection, manifest, store)
                places = outputs.forget_output(connection, manifest.key) if is_gone else []
                if loading.load(connection, manifest, columns, store, attach=attach):
                    outputs.restore_places(connection, manifest.key, places)
            # last, for it locks the run
            if not outputs.place_output(connection, run, manifest, shard=shard, attempt=attempt):
                raise LedgerError(f"The run {run.run_id} is not in the ledger: register it before its outputs.")
            first = outputs.find_output(connection, manifest.key) or manifest
        if first != manifest:  # somebody else was first: the store must say what the ledger says
            store.put(manifest_uri(first.stage, first.key), first.model_dump_json(indent=1).encode())
        return first

    def find_output(self, key: str) -> Manifest | None:
        """The registered manifest of a key."""
        with self._transaction() as connection:
            return outputs.find_output(connection, key)

    def outputs(self, run_id: str, stage: str) -> list[Manifest]:
        """What a run consists of at a stage, the newest attempt of each shard, by shard."""
        with self._transaction() as connection:
            return outputs.outputs_of(connection, run_id, stage)

    def outputs_made_from(self, stage: str, key: str) -> list[Manifest]:
        """The outputs of a stage that were made from the output `key`, whatever the settings, the newest first."""
        with self._transaction() as connection:
            return outputs.made_from(connection, stage, key)

    def run_outputs(self, run_id: str) -> list[RunOutput]:
        """What a run consists of, the newest attempt of each place, by stage and shard."""
        with self._transaction() as connection:
            return outputs.run_outputs(connection, run_id)

    def accepted_model(self, partition: str, training: str, *, role: str = "codegen") -> ModelRecord | None:
        """The accepted model of the latest run of that training whose partition is not after `partition`, or None.

        Its `run_id` is that run's, which may have shared the training of another.
        """
        with self._transaction() as connection:
            return models.newest_accepted(connection, partition, training, role)

    def first_accepted_model(self, partition: str, training: str) -> ModelRecord | None:
        """The accepted CodeGen of the earliest run of that training up to a partition, or None."""
        with self._transaction() as connection:
            return models.first_accepted(connection, partition, training, "codegen")

    def refused_model(self, partition: str, training: str) -> tuple[str, str] | None:
        """Id and reason of the CodeGen of that training that was refused last, up to a partition, or None."""
        with self._transaction() as connection:
            return models.newest_refused(connection, partition, training)

    def record_recall(self, recall: RecallRecord) -> None:
        """Writes a recall down, and lets no later run sample from the models that it withdraws; again: adds what is new."""
        with self._transaction() as connection:
            recalls.insert_recall(connection, recall)
            models.refuse_recalled(connection, recall.withdrawn_models)

    def claims(self, run: RunRecord, key: str) -> LedgerClaims:
        """The claims of a run on fingerprints in the name of an output; satisfies `caco_tasks.context.Claims`."""
        return LedgerClaims(self._database, key)

    def own_claims(self, run: RunRecord, key: str, space: str) -> LedgerClaims:
        """The claims of an output that runs of the same space alone see; see `ledger.own_claims`."""
        return OwnClaims(self._database, key, space=space, partition=run.partition)

    def release_claims(self, run_id: str, store: Store | None = None) -> int:
        """Frees the fingerprints that only samples of this run claimed, for a withdrawn run; returns how many.

        With a store, what was exported of these outputs goes too, so that no rebuilt ledger has the claims again.
        """
        with self._transaction() as connection:
            count, keys = claiming.release_claims(connection, run_id)
            released = [outputs.find_output(connection, key) for key in sorted(keys)]
        for manifest in released:
            if store is not None and manifest is not None:
                store.delete(claiming.claims_uri(manifest.stage, manifest.key))
        return count

    def register_dataset(self, dataset: DatasetRecord, store: Store) -> DatasetRecord:
        """Registers a published dataset with the sample of each row, unless it is there; returns the registered one.

        Raises:
            DamagedError: a file is not what the manifest says, or has no column `sample_id`.
            StoreError: the store cannot be used or a file is missing.
        """
        with self._transaction() as connection:
            return datasets.insert_dataset(connection, dataset, store)

    def set_dataset_state(self, dataset: str, state: StateName, *, by: str, because: str, at: datetime) -> None:
        """Writes down that a dataset, named name/version, has another state; the same change twice is one.

        Raises:
            LedgerError: the dataset is not registered.
        """
        with self._transaction() as connection:
            datasets.insert_state(connection, dataset, DatasetState(state=state, by=by, because=because, at=at))

    def dataset_states(self, dataset: str) -> list[DatasetState]:
        """All states that a dataset, named name/version, was given, oldest first; the last one counts."""
        with self._transaction() as connection:
            return datasets.states_of(connection, dataset)

    def decide_promotion(
        self, dataset: str, partition: str, store: Store, decision: promotions.Decide
    ) -> Promotion | None:
        """Lets `decision` say which version of a dataset counts for a date, here and in the store; None: none is changed.

        It is told what was decided before and which version counts now, while nobody else decides.

        Raises:
            StoreError: the store cannot be used.
            DamagedError: what it holds of the date is not readable.
        """
        with self._transaction() as connection:
            return promotions.decide(connection, dataset, partition, store, decision)

    def register_promotions(self, found: Promotions) -> None:
        """Writes down decisions that the store holds; those that are there stay."""
        with self._transaction() as connection:
            promotions.insert_promotions(connection, found)

    def current_datasets(self, dataset: str, first: str, last: str) -> dict[str, str]:
        """Date -> the dataset, as `name/version`, that counts for it, from `first` to `last`; dates without one are left out."""
        with self._transaction() as connection:
            rows = promotions.current_versions(connection, dataset, first, last)
        return {row["partition"]: f"{row['dataset']}/{row['version']}" for row in rows}

    def resolve_dataset(self, dataset: str) -> str:
        """The dataset that is meant: `name/date` stands for the version of that name that counts for the date.

        Raises:
            UnknownIdError: none does.
        """
        name, _, day = dataset.partition("/")
        if not DATE.fullmatch(day):
            return dataset
        found = self.current_datasets(name, day, day).get(day)
        if found is None:
            raise UnknownIdError(
                f"No version of '{name}' counts for {day}: `caco dataset list` shows those that are there."
            )
        return found

    def standing(self, dataset: str) -> str | None:
        """Whether a dataset, named name/version, is current, waiting or superseded; None: staged, withdrawn or not there."""
        with self._transaction() as connection:
            return promotions.standing_of(connection, *dataset.split("/", 1))

    def awaiting_promotion(self, run_id: str) -> list[str]:
        """The datasets of a run, as `name/version`, that only a promotion makes count for their date, newest first."""
        with self._transaction() as connection:
            return promotions.waiting_of_run(connection, run_id)

    def current_names(self, first: str, last: str) -> list[str]:
        """The names of the datasets, releases left out, that count for any date from `first` to `last`."""
        with self._transaction() as connection:
            return promotions.names_that_count(connection, first, last)

    def recalled_samples(self, names: Sequence[str]) -> frozenset[str]:
        """The samples in these datasets, each named name/version, that were taken out of any version of a dataset."""
        with self._transaction() as connection:
            return frozenset(promotions.recalled_samples(connection, names))

    def register_diversity(self, record: DiversityRecord) -> None:
        """Registers how varied a run is, unless it is there."""
        with self._transaction() as connection:
            diversities.insert_diversity(connection, record)

    def register_ablation(self, record: AblationRecord, store: Store) -> None:
        """Writes an ablation down as it is now, here and in the store."""
        uri, data = ablation_uri(record.partition, record.ablation_id), record.model_dump_json(indent=1).encode()
        if store.get(uri) != data:
            store.put(uri, data)
        with self._transaction() as connection:
            ablations.insert_ablation(connection, record)

    def find_ablation(self, name_or_prefix: str | None) -> tuple[str, str]:
        """Id and date of the newest ablation of a table's name, or of the one whose id begins so; None: of all."""
        with self._transaction() as connection:
            return ablations.find_ablation(connection, name_or_prefix)

    def ablation_results(self, ablation_id: str) -> list[AblationResult]:
        """What the students of an ablation say, by benchmark, size and arm."""
        with self._transaction() as connection:
            return ablations.results(connection, ablation_id)

    def strata(self, run: RunRecord) -> list[Stratum]:
        """The rows of a nightly run by what the checks said of them, in the order of the checks."""
        with self._transaction() as connection:
            return audits.strata(connection, run.run_id)

    def candidates(self, run: RunRecord, stratum: Stratum, *, skipped: int, most: int) -> list[Candidate]:
        """Rows of a stratum in a random order that is always the same; `most` of them, `skipped` passed over."""
        with self._transaction() as connection:
            return audits.candidates(connection, run.run_id, stratum, skipped=skipped, most=most)

    def register_draw(self, draw: AuditDraw) -> None:
        """Registers a draw, unless it is there."""
        with self._transaction() as connection:
            audits.insert_draw(connection, draw)

    def find_draw(self, draw_id_or_prefix: str) -> tuple[str, str]:
        """Run and id of the draw whose id begins so.

        Raises:
            LedgerError: there is none, or more than one.
        """
        with self._transaction() as connection:
            found = audits.find_draws(connection, draw_id_or_prefix)
        if len(found) != 1:
            kind = AmbiguousIdError if found else UnknownIdError
            raise kind(
                f"There {'are several draws' if found else 'is no draw'} '{draw_id_or_prefix}': give the id that "
                "`caco audit draw` prints."
            )
        return found[0]

    def record_audits(self, answers: Sequence[AuditRecord], store: Store) -> None:
        """Writes answers down, here and in the store, all or none; a person's later answer takes the earlier's place.

        Raises:
            StoreError: the store cannot be used.
        """
        with self._transaction() as connection:
            people = sorted({(answer.run_id, answer.person) for answer in answers})
            for run_id, person in people:
                audits.wait_for_turn(connection, run_id, person)
            audits.insert_answers(connection, answers)
            for run_id, person in people:
                said = audits.with_stored(audits.answers(connection, run_id, person), store)
                store.put(audit_uri(run_id, person), said.model_dump_json(indent=1).encode())

    def funnel(self, run_id: str) -> list[FunnelRow]:
        """The stages of a run, in the order in which records meet them."""
        with self._transaction() as connection:
            return lookups.funnel(connection, run_id)

    def funnel_of_trigger(self, dag_id: str, dag_run_id: str) -> list[FunnelRow]:
        """The same of the run that a run of the scheduler planned; empty where it planned none."""
        with self._transaction() as connection:
            run_id = run_queries.run_of_trigger(connection, dag_id, dag_run_id)
            return [] if run_id is None else lookups.funnel(connection, run_id)

    def reject_reasons(self, run_id: str) -> list[RejectRow]:
        """The reasons of a run, by stage, the most frequent first."""
        with self._transaction() as connection:
            return lookups.reject_reasons(connection, run_id)

    def overlaps(self, run_ids: Sequence[str]) -> list[OverlapRow]:
        """The overlaps with benchmarks that runs found, by stage and benchmark."""
        with self._transaction() as connection:
            return lookups.overlaps(connection, run_ids)

    def trainings_behind(self, run_id: str) -> list[TrainingBehind]:
        """The trainings behind what a run samples: of its model, of those that wrote what this learnt from, and so on."""
        with self._transaction() as connection:
            return lookups.trainings_behind(connection, run_id)

    def sources(self, run_id: str) -> list[SourceRow]:
        """The sources of a seeds run, with how many of their seeds were verified."""
        with self._transaction() as connection:
            return lookups.sources(connection, run_id)

    def scores(self, run_id: str) -> list[ScoreRow]:
        """What base and student of a run of the pipeline evaluate scored, by benchmark, the base first."""
        with self._transaction() as connection:
            return scoring.scores(connection, run_id)

    def score_gains(self, run_id: str) -> list[GainRow]:
        """How the student of a run compares with its base, by benchmark."""
        with self._transaction() as connection:
            return scoring.gains(connection, run_id)

    def outlays(self, run_id: str, *, shards: Sequence[int] | None = None) -> list[OutlayRow]:
        """What each stage of a run read, passed and cost, over all shards or some; `publish` is left out."""
        with self._transaction() as connection:
            return scoring.outlays(connection, run_id, shards)

    def last_nightly_runs(self, run: RunRecord, *, max_runs: int) -> list[OutlayRow]:
        """The same of the newest runs that published under the config that `run` names, without `run` itself."""
        with self._transaction() as connection:
            return scoring.last_nightly_runs(connection, str(run.config["name"]), but=run.run_id, max_runs=max_runs)

    def stage_speeds(self) -> list[StageSpeed]:
        """What each stage of each run did in how long, as far as it asked anew: what an estimate goes by."""
        with self._transaction() as connection:
            return scoring.stage_speeds(connection)

    def trainings(self) -> list[TrainingRow]:
        """All trainings, with settings and metrics."""
        with self._transaction() as connection:
            return scoring.trainings(connection)

    def datasets(self, run_id: str | None = None, *, state: StateName | None = None) -> list[str]:
        """The datasets, as `name/version`, newest first; of one run, what it consists of now before all others, or of all.

        Of one run, a version without some rows comes before the one that it supersedes.
        """
        with self._transaction() as connection:
            return datasets.dataset_names(connection, run_id, state)

    def named(self) -> frozenset[str]:
        """All that runs and datasets reach: keys and paths of outputs, ids of models, folders and files of datasets."""
        with self._transaction() as connection:
            return lookups.named(connection)

    def ask(
        self,
        query: str | Recipe,
        *,
        values: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        max_rows: int | None = None,
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of one statement, or of a recipe; the role decides what it may do.

        `values` take the place of a recipe's defaults. What Python has no form for, as a date in the year 20000, is text.
        With `max_rows` no more rows than these leave Postgres, and the statement must be a SELECT.

        Raises:
            ConfigError: a value is of another name than the recipe has.
            LedgerError: Postgres refuses it, or it takes longer than it may.
        """
        wanted = {} if isinstance(query, str) else query.values(values or {})
        with self._transaction() as connection:
            return questions.ask(connection, query, wanted, timeout_seconds=timeout_seconds, max_rows=max_rows)

    def lineage(self, sample_id_or_prefix: str) -> dict[str, Any]:
        """All the ancestors of a sample, nested, ready for JSON.

        Raises:
            LedgerError: there is no such sample, or more than one.
        """
        with self._transaction() as connection:
            return lineage.lineage(connection, sample_id_or_prefix)

    def conservation(self, run_id: str, *, through: str | None = None, shards: Sequence[int] | None = None) -> None:
        """Holds every stage of a run against the one before it, up to `through` or to the last that has a shard.

        With `shards`, only these of the stages that are split: the first ones may be judged before the others are there.

        Raises:
            ConservationError: shards are missing, a stage read other records than the one before it passed, or a sample
                ended nowhere or twice.
            LedgerError: there is no such run.
            ConfigError: its pipeline has no such stage.
        """
        run = self.find_run(run_id)
        if run is None:
            raise LedgerError(
                f"There is no run '{run_id}' in the ledger: `caco ledger rebuild` loads what the store has."
            )
        with self._transaction() as connection:
            demand_conservation(connection, run, through, shards)
