"""Loading: all or nothing, once, the same for everybody, and anew from the store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ledger_world
import pytest
from ledger_world import PUBLISHED, SAMPLES, World
from sqlalchemy import Engine, text

from caco_tasks import ids
from caco_tasks.audit import draw_rows
from caco_tasks.errors import ConservationError, DamagedError, LedgerError, StoreError
from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.ledger.claims import claims_uri
from caco_tasks.records import Outcome
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.manifest import AttemptLog, OutputAttempt, attempts_uri, manifest_uri, parse_manifest, run_uri
from caco_tasks.store.registry import AuditRecord

TABLES = [
    "run",
    "output",
    "output_reason",
    "run_output",
    "model",
    "source",
    "seed",
    "program",
    "fate",
    "fingerprint",
    "benchmark_overlap",
    "audit_draw",
    "audit_stratum",
    "audit_row",
    "audit",
    "dataset",
    "dataset_state",
    "dataset_row",
]
# numbers of this ledger's own -> what they stand for in any ledger
NUMBERS = {
    "run_no": "(SELECT run_id FROM caco.run WHERE run.run_no = kept.run_no)",
    "output_no": "(SELECT key FROM caco.output WHERE output.output_no = kept.output_no)",
    "source_no": "(SELECT (source, revision, licence)::text FROM caco.source WHERE source.source_no = kept.source_no)",
    "dataset_no": "(SELECT dataset || version FROM caco.dataset WHERE dataset.dataset_no = kept.dataset_no)",
}
TIMES_OF_LOADING = {"created_at", "loaded_at", "claimed_at"}


def rows(engine: Engine, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table, in a fixed order, without the times and the numbers that only this ledger knows."""
    with engine.connect() as connection:
        query = "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0"
        names = connection.execute(text(query), {"table": f"caco.{table}"}).scalars().all()
        kept = [name for name in names if name not in TIMES_OF_LOADING]
        columns = ", ".join(f"{NUMBERS.get(name, 'kept.' + name)} AS {name}" for name in kept)
        found = connection.execute(text(f"SELECT {columns} FROM caco.{table} AS kept")).all()
    return sorted(tuple(map(_written, row)) for row in found)


def _written(value: Any) -> str:
    return repr(bytes(value) if isinstance(value, memoryview) else value)


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All that the ledger holds."""
    return {table: rows(engine, table) for table in TABLES}


def number_of(engine: Engine, query: str) -> Any:
    """One value."""
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def test_every_table_gets_its_rows(loaded: World, engine: Engine) -> None:
    counts = {table: len(found) for table, found in everything(engine).items()}
    assert counts == {
        "run": 3,
        "output": len(loaded.manifests),
        "output_reason": 2 + 2 + 10 + 2 * 2,  # of seeds, of unify, of the samples; two recorded in each shard of screen
        "run_output": len(loaded.manifests),
        "model": 1,
        "source": 2,
        "seed": 10,
        "program": 8,
        "fate": 10 + SAMPLES,
        "fingerprint": 0,
        "benchmark_overlap": 2,
        "audit_draw": 0,
        "audit_stratum": 0,
        "audit_row": 0,
        "audit": 0,
        "dataset": 1,
        "dataset_state": 2,
        "dataset_row": PUBLISHED,
    }


def test_a_sample_ends_once_where_it_failed_or_passed_the_last_stage(loaded: World, engine: Engine) -> None:
    query = """
        SELECT stage::text, count(*) FROM caco.fate JOIN caco.output USING (output_no, partition)
        WHERE outcome = 'pass' GROUP BY output.stage ORDER BY output.stage
    """
    with engine.connect() as connection:
        assert connection.execute(text(query)).all() == [("unify", 6), ("decontaminate", PUBLISHED)]
    assert number_of(engine, "SELECT count(DISTINCT subject) = count(*) FROM caco.fate") is True


def test_the_fates_of_a_date_have_a_table_of_their_own_with_its_indexes(loaded: World, engine: Engine) -> None:
    assert number_of(
        engine, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'caco.fate'::regclass"
    ) == ("caco.fate_2026_11_20")
    assert number_of(engine, "SELECT count(*) FROM pg_indexes WHERE tablename = 'fate_2026_11_20'") == 2


def test_details_of_any_letters_survive_but_for_nul(loaded: World, engine: Engine) -> None:
    detail = number_of(engine, "SELECT detail FROM caco.fate WHERE reason = 'error'")
    assert detail == ledger_world.NASTY.replace("\0", "\\0")
    assert number_of(engine, "SELECT detail FROM caco.fate WHERE reason = 'same_program'") == "\\N"
    assert number_of(engine, "SELECT detail FROM caco.fate WHERE reason = 'leaks_answer'") == ""
    assert number_of(engine, "SELECT count(detail) FROM caco.fate WHERE outcome = 'pass'") == 0
    assert number_of(engine, "SELECT min(key) FROM caco.seed") == "0\\00"


def test_a_program_of_a_seed_is_measured_as_python_measures_it(loaded: World, engine: Engine) -> None:
    query = "SELECT DISTINCT code_lines, code_chars, row FROM caco.program WHERE grade = 'A+' ORDER BY code_chars"
    with engine.connect() as connection:
        found = connection.execute(text(query)).all()
    codes = [f"input = {{'a': {answer}}}\noutput = input['a']\n" for answer in (1, 2)]
    assert found == sorted({(len(code.splitlines()), len(code), 1) for code in codes})
    assert number_of(engine, "SELECT count(*) FROM caco.program WHERE grade IS NULL") == 2  # written by a model


def test_the_evidence_of_overlaps_is_numbered_within_its_record(loaded: World, engine: Engine) -> None:
    with engine.connect() as connection:
        query = "SELECT number, item, score, matched_text FROM caco.benchmark_overlap ORDER BY number"
        assert connection.execute(text(query)).all() == [(0, "17", 0.75, "how\tmany"), (1, "18", 1.0, "how\tmany")]


def test_loading_again_changes_nothing(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    before = everything(engine)
    ledger_world.load(ledger, store, loaded)
    assert everything(engine) == before


def test_the_order_of_loading_does_not_matter(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    before = everything(engine)
    ledger.empty()
    for run in loaded.runs:
        ledger.register_run(run)
    for manifest in reversed(loaded.manifests):
        ledger_world.load_as_made(ledger, store, loaded, manifest)
    assert everything(engine) | {"dataset": [], "dataset_row": [], "dataset_state": []} == (
        before | {"dataset": [], "dataset_row": [], "dataset_state": []}
    )


def test_the_first_manifest_of_a_key_is_the_one_that_counts_in_the_store_too(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    first = loaded.of("sample")[0]
    run = loaded.run("nightly")
    before = everything(engine)
    later = ledger_world.write(store, run, "sample", 0, ledger_world.first_samples(run, 0, 3), seconds=99.0)
    assert later.key == first.key
    assert later.sha256 != first.sha256
    assert ledger.load_output(run, later, store, shard=0) == first
    assert everything(engine) == before
    uri = manifest_uri("sample", first.key)
    assert parse_manifest(store.get(uri) or b"", uri=uri) == first


def test_sixteen_that_load_different_manifests_of_a_key_at_once_agree_on_one(
    ledger: Ledger, store: Store, world: World, engine: Engine
) -> None:
    run = world.run("nightly")
    ledger.register_run(run)
    attempts = [
        ledger_world.write(store, run, "sample", 0, ledger_world.first_samples(run, 0, 1 + number % 4), seconds=number)
        for number in range(16)
    ]
    with ThreadPoolExecutor(16) as pool:
        registered = list(pool.map(lambda one: ledger.load_output(run, one, store, shard=0), attempts))
    assert len({manifest.model_dump_json() for manifest in registered}) == 1
    assert registered[0] in attempts
    assert number_of(engine, "SELECT sum(rows) FROM caco.output") == registered[0].rows
    assert number_of(engine, "SELECT count(*) FROM caco.run_output") == 1


def test_many_outputs_of_a_new_date_may_be_loaded_at_once(
    ledger: Ledger, store: Store, world: World, engine: Engine
) -> None:
    for run in world.runs:
        ledger.register_run(run)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: ledger_world.load_as_made(ledger, store, world, one), world.manifests))
    assert number_of(engine, "SELECT count(*) FROM caco.fate") == 10 + SAMPLES
    ledger.conservation(world.run("nightly").run_id)


def test_an_output_without_its_run_is_refused_and_leaves_nothing(
    ledger: Ledger, store: Store, world: World, engine: Engine
) -> None:
    stranger = ledger_world.make_run("nightly", "2026-11-20", "never registered")
    with pytest.raises(LedgerError, match="register it before its outputs"):
        ledger.load_output(stranger, world.manifests[0], store, shard=0)
    assert everything(engine)["output"] == []


def second_config(store: Store, world: World) -> RunRecord:
    """A run of the same date with another config, which shares what the first run made."""
    pins = {"seed_run_id": world.run("seeds").run_id, "model_id": world.run("nightly").model_id}
    run = ledger_world.make_run("nightly", "2026-11-20", "another judge", **pins)
    store.put(run_uri(run.partition, run.run_id), run.model_dump_json().encode())
    return run


def test_a_run_that_shares_outputs_loads_nothing_and_pays_nothing(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    run = second_config(store, loaded)
    ledger.register_run(run)
    before = everything(engine)
    for manifest in loaded.of("sample") + loaded.of("execute"):
        assert ledger.load_output(run, manifest, store, shard=manifest.shard) == manifest
    after = everything(engine)
    assert {table for table in TABLES if after[table] != before[table]} == {"run_output"}
    assert [row.is_reused for row in ledger.run_outputs(run.run_id)] == [True] * 4
    assert ledger.outputs(run.run_id, "execute") == loaded.of("execute")
    assert [(row.stage, row.shards, row.reused, row.seconds) for row in ledger.funnel(run.run_id)] == [
        ("sample", 2, 2, 0.0),
        ("execute", 2, 2, 0.0),
    ]


def test_the_run_that_made_a_shared_output_comes_from_the_store(ledger: Ledger, store: Store, world: World) -> None:
    run = second_config(store, world)
    ledger.register_run(run)
    manifest = world.of("sample")[0]
    assert ledger.load_output(run, manifest, store, shard=0) == manifest
    assert ledger.find_run(world.run("nightly").run_id) == world.run("nightly")
    store.delete(run_uri("2026-11-20", world.run("seeds").run_id))
    with pytest.raises(LedgerError, match="neither in the ledger nor in the store"):
        ledger.load_output(run, world.of("seeds")[0], store, shard=0)


def second_attempt(store: Store, world: World) -> Manifest:
    """A new attempt of the judge's shard 0 that settles what was unknown, asked for in the store."""
    run, first = world.run("nightly"), world.of("judge")[0]
    judged = [one for one in ledger_world.kept_by(world, store, "agree", 0)]
    again = {"attempt": 1, "previous": first.key, "keeps_known": True}
    asked = OutputAttempt(
        number=1, previous=first.key, unknown_only=True, token="t", asked_at=datetime(2026, 11, 21, tzinfo=UTC)
    )
    store.put(attempts_uri(run, "judge", 0), AttemptLog(attempts=(asked,)).model_dump_json().encode())
    return ledger_world.write(store, run, "judge", 0, judged, inputs=first.inputs, kept=len(judged) - 1, **again)


def test_the_newest_attempt_counts_and_the_older_one_stays_on_record(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    run, first = loaded.run("nightly"), loaded.of("judge")[0]
    assert {row.unknown for row in ledger.funnel(run.run_id) if row.stage == "judge"} == {1}
    later = second_attempt(store, loaded)
    ledger.load_output(run, later, store, shard=0, attempt=1)
    assert [one.key for one in ledger.outputs(run.run_id, "judge")] == [later.key, loaded.of("judge")[1].key]
    assert {row.unknown for row in ledger.funnel(run.run_id) if row.stage == "judge"} == {0}
    ledger.load_output(run, first, store, shard=0)  # who comes late with the older one changes nothing
    assert [one.attempt for one in ledger.outputs(run.run_id, "judge")] == [1, 0]
    assert number_of(engine, "SELECT count(*) FROM caco.run_output WHERE NOT is_current") == 1
    with pytest.raises(
        ConservationError, match="shard 0 of stage 'decontaminate' was made of another output of 'judge'"
    ):
        ledger.conservation(run.run_id)
    before = everything(engine)
    rebuild(ledger, store)
    assert everything(engine) == before


def test_an_output_that_follows_a_newer_attempt_takes_its_place(ledger: Ledger, store: Store, loaded: World) -> None:
    run = loaded.run("nightly")
    later = second_attempt(store, loaded)
    ledger.load_output(run, later, store, shard=0, attempt=1)
    judged = ledger_world.kept_by(loaded, store, "judge", 0, manifest=later)
    follows = ledger_world.write(store, run, "decontaminate", 0, judged, inputs=(later.key,))
    ledger.load_output(run, follows, store, shard=0)
    assert ledger.outputs(run.run_id, "decontaminate")[0] == follows
    ledger.conservation(run.run_id, through="decontaminate")


def test_a_record_that_comes_twice_is_refused_and_leaves_nothing(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    run = loaded.run("nightly")
    before = everything(engine)
    twice = ledger_world.first_samples(run, 0, 2) * 2
    with pytest.raises(ConservationError, match=r"holds a record twice \(4 rows, 2 records\)"):
        ledger.load_output(run, ledger_world.write(store, run, "sample", 7, twice), store, shard=7)
    assert everything(engine) == before


def test_an_output_that_read_others_than_its_inputs_passed_is_refused(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    run, before = loaded.run("nightly"), everything(engine)
    inputs = (loaded.of("sample")[0].key, loaded.of("sample")[1].key)
    short = ledger_world.write(store, run, "execute", 0, ledger_world.first_samples(run, 0, 6), inputs=inputs)
    with pytest.raises(ConservationError, match="read 6 records, but its inputs passed 13"):
        ledger.load_output(run, short, store, shard=0)
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        pytest.param({"sha256": "0" * 64}, DamagedError, "SHA-256", id="another hash"),
        pytest.param({"rows": 8, "read": 8, "passed": 7}, DamagedError, "its manifest says", id="other counts"),
        pytest.param(
            {"record": "Nothing"}, DamagedError, "'Nothing', which this version does not know", id="unknown record"
        ),
        pytest.param({"uri": "outputs/none.parquet"}, StoreError, r"no outputs/none\.parquet", id="missing rows"),
        pytest.param({"stage": "dream"}, DamagedError, "stage 'dream'", id="unknown stage"),
        pytest.param(
            {"stage": "seeds", "record": "Seed"}, DamagedError, "column seed_id is missing", id="another record"
        ),
    ],
)
def test_a_manifest_that_is_not_true_is_refused_and_leaves_nothing(
    ledger: Ledger,
    store: Store,
    world: World,
    engine: Engine,
    change: dict[str, Any],
    error: type[Exception],
    match: str,
) -> None:
    ledger.register_run(world.run("nightly"))
    wrong = world.of("sample")[0].model_copy(update=change)
    with pytest.raises(error, match=match):
        ledger.load_output(world.run("nightly"), wrong, store, shard=0)
    assert rows(engine, "output") == []


def test_the_first_registration_of_a_run_wins(ledger: Ledger, world: World) -> None:
    run = world.run("nightly")
    assert ledger.register_run(run) == run
    assert ledger.register_run(run.model_copy(update={"code_version": "9", "model_id": None})) == run


def test_a_run_is_found_by_the_beginning_of_its_id_and_none_means_the_newest(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    older = ledger_world.build(store, partition="2026-10-31").run("nightly")
    ledger.register_run(older)
    nightly = loaded.run("nightly")
    assert ledger.find_run(nightly.run_id[:9]) == nightly
    assert ledger.find_run(None) == nightly  # of three runs of one date, the last registered
    assert ledger.find_run(None, pipeline="seeds") == loaded.run("seeds")
    assert ledger.find_run(older.run_id) == older
    assert ledger.find_run(f"{older.run_id[:8]}-{older.run_id[8:12]}") == older  # as Postgres writes it
    assert ledger.find_run("nobody") is None
    assert [run.run_id for run in ledger.runs(pipeline="nightly")] == [nightly.run_id, older.run_id]


def test_an_ambiguous_beginning_is_refused(ledger: Ledger, loaded: World) -> None:
    run = loaded.run("nightly")
    ledger.register_run(run.model_copy(update={"run_id": run.run_id[:-1] + ("0" if run.run_id[-1] != "0" else "1")}))
    assert ledger.find_run(run.run_id) == run
    with pytest.raises(LedgerError, match="More than one run"):
        ledger.find_run(run.run_id[:6])


def test_registered_outputs_come_back_as_they_were_by_shard(ledger: Ledger, loaded: World) -> None:
    manifests = sorted(loaded.of("judge"), key=lambda manifest: manifest.shard)
    run_id = loaded.run("nightly").run_id
    assert ledger.outputs(run_id, "judge") == manifests
    assert ledger.outputs(run_id, "seeds") == []
    assert ledger.find_output(manifests[0].key) == manifests[0]
    assert ledger.find_output("0" * 32) is None
    assert [(row.stage, row.shard) for row in ledger.run_outputs(run_id)][:3] == [
        ("sample", 0),
        ("sample", 1),
        ("execute", 0),
    ]


def test_what_rules_only_record_comes_back_with_the_manifest(ledger: Ledger, loaded: World) -> None:
    run_id = loaded.run("nightly").run_id
    assert ledger.outputs(run_id, "screen")[0].recorded == {"dead_input": 2, "trivial": 1}
    assert {row.stage: row.recorded for row in ledger.funnel(run_id) if row.recorded} == {"screen": 6}


def test_the_accepted_model_is_the_newest_of_its_training_up_to_the_date(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    later = ledger_world.build(store, partition="2026-11-25", config="second")
    ledger_world.load(ledger, store, later)
    first, second = (world.run("nightly") for world in (loaded, later))
    found = {day: ledger.accepted_model(f"2026-11-{day}", first.training or "") for day in ("19", "20", "25")}
    assert {day: model and model.model_id for day, model in found.items()} == {
        "19": None,
        "20": first.model_id,
        "25": first.model_id,
    }
    assert found["20"] is not None
    assert found["20"].metrics == {"loss_before": 2.5, "loss_after": 0.1, "lost": None}
    newest = ledger.accepted_model("2026-11-30", second.training or "")
    assert newest is not None
    assert newest.model_id == second.model_id
    assert ledger.accepted_model("2026-11-30", "another training") is None
    assert ledger.accepted_model("2026-11-30", second.training or "", role="student") is None


def test_a_run_that_shares_a_training_of_a_later_date_has_its_model_too(
    ledger: Ledger, store: Store, loaded: World
) -> None:
    made = loaded.run("codegen")
    earlier = ledger_world.make_run("codegen", "2026-11-02", "backfill", training=made.training)
    ledger.register_run(earlier)
    ledger.load_output(earlier, loaded.of("train")[0], store, shard=0)
    model = ledger.accepted_model("2026-11-10", made.training or "")
    assert model is not None
    assert (model.model_id, model.run_id) == (loaded.run("nightly").model_id, earlier.run_id)


def test_a_rejected_model_is_never_chosen(ledger: Ledger, store: Store, loaded: World) -> None:
    codegen = loaded.run("codegen")
    accepted = ledger.accepted_model("2026-11-30", codegen.training or "")
    assert accepted is not None
    worse = accepted.model_copy(update={"model_id": "worse", "accepted": False, "refused_because": "it is worse"})
    train = loaded.of("train")[0]
    again = ledger_world.write(
        store, codegen, "train", 0, ledger_world.kept_by(loaded, store, "train", 0),
        artifacts={"model": worse.model_dump()}, attempt=1, previous=train.key, inputs=train.inputs,
    )  # fmt: skip
    ledger.load_output(codegen, again, store, shard=0, attempt=1)
    assert ledger.accepted_model("2026-11-30", codegen.training or "") is None


def test_a_dataset_is_registered_once(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    first = loaded.datasets[0]
    assert ledger.register_dataset(first.model_copy(update={"code_version": "9"}), store) == first
    assert number_of(engine, "SELECT count(*) FROM caco.dataset_row") == PUBLISHED


def test_a_dataset_is_in_the_state_that_it_was_given_last(ledger: Ledger, loaded: World) -> None:
    name = f"toys/{loaded.datasets[0].version}"
    assert [change.state for change in ledger.dataset_states(name)] == ["staged", "published"]
    assert ledger.datasets(state="published") == [name]
    at = datetime(2026, 11, 22, tzinfo=UTC)
    for _ in range(2):
        ledger.set_dataset_state(name, "withdrawn", by="ada", because="a rule was wrong", at=at)
    last = ledger.dataset_states(name)[2:]
    assert [(one.state, one.by, one.because, one.at) for one in last] == [("withdrawn", "ada", "a rule was wrong", at)]
    assert (ledger.datasets(state="published"), ledger.datasets(state="withdrawn")) == ([], [name])
    with pytest.raises(LedgerError, match="no dataset 'toys/none'"):
        ledger.set_dataset_state("toys/none", "withdrawn", by="ada", because="-", at=at)


def test_a_run_that_shares_the_publishing_has_the_dataset_too(ledger: Ledger, store: Store, loaded: World) -> None:
    run = second_config(store, loaded)
    ledger.register_run(run)
    assert ledger.datasets(run.run_id) == []
    ledger.load_output(run, loaded.of("publish")[0], store, shard=0)
    assert ledger.datasets(run.run_id, state="published") == [f"toys/{loaded.datasets[0].version}"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param({"sha256": "0" * 64}, "another SHA-256", id="another hash"),
        pytest.param({"uri": "datasets/none"}, "datasets/none", id="missing file"),
    ],
)
def test_a_dataset_whose_files_are_not_as_it_says_is_refused(
    ledger: Ledger, store: Store, world: World, engine: Engine, change: dict[str, Any], match: str
) -> None:
    ledger.register_run(world.run("nightly"))
    files = (world.datasets[0].files[0].model_copy(update=change),)
    with pytest.raises(StoreError, match=match):
        ledger.register_dataset(world.datasets[0].model_copy(update={"files": files}), store)
    assert rows(engine, "dataset") == []


def test_a_date_that_was_filled_piece_by_piece_is_packed_once(ledger: Ledger, loaded: World, engine: Engine) -> None:
    assert ledger.pack() == 0
    with engine.begin() as connection:
        for _ in range(20):
            connection.exec_driver_sql(
                "INSERT INTO caco.fate SELECT '2026-11-20', 1, gen_random_uuid(), n, 'pass' FROM generate_series(1, 1000) n"
            )
    before = number_of(engine, "SELECT pg_relation_size('caco.fate_2026_11_20_by_subject')")
    assert (ledger.pack(), ledger.pack()) == (1, 0)
    assert number_of(engine, "SELECT pg_relation_size('caco.fate_2026_11_20_by_subject')") < 0.85 * before


def test_housekeeping_is_told_all_that_runs_and_datasets_reach(ledger: Ledger, store: Store, loaded: World) -> None:
    named = ledger.named()
    assert {manifest.key for manifest in loaded.manifests} | {manifest.uri for manifest in loaded.manifests} <= named
    assert {loaded.run("nightly").model_id, f"datasets/toys/{loaded.datasets[0].version}"} <= named
    assert loaded.datasets[0].files[0].uri in named


def test_a_later_answer_of_the_same_person_takes_the_place_of_the_first(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    for answer in (Outcome.PASS, Outcome.FAIL):
        ledger.record_audits([audit(loaded, 0, "ada", answer)], store)
    assert number_of(engine, "SELECT answer FROM caco.audit") == "fail"
    assert len(store.list("audits")) == 1


def audit(world: World, number: int, person: str, answer: Outcome) -> AuditRecord:
    """A person's answer on one sample."""
    run = world.run("nightly")
    return AuditRecord.model_validate(
        {
            "run_id": run.run_id,
            "stage": "judge",
            "subject_id": ledger_world.sample_id(run, number),
            "person": person,
            "answer": answer,
            "answered_at": "2026-11-21T10:00:00Z",
        }
    )


def fill_all(ledger: Ledger, store: Store) -> None:
    """Two worlds with claims and answers, loaded latest first."""
    for partition, config in (("2026-11-20", "first"), ("2026-10-31", "second")):
        world = ledger_world.build(store, partition=partition, config=config)
        claim_for(ledger, world, "dedup")
        claim_for(ledger, world, "unify")
        ledger_world.load(ledger, store, world)
        draw_rows(ledger, store, world.run("nightly"), 2)
        ledger.record_audits([audit(world, 7, "ada", Outcome.FAIL)], store)


def claim_for(ledger: Ledger, world: World, stage: str) -> None:
    """Claims as a stage makes them: before its output is loaded."""
    run = world.run("nightly" if stage == "dedup" else "seeds")
    for shard, manifest in enumerate(world.of(stage)):
        owners = [ledger_world.sample_id(run, 2 * row + shard) for row in range(2, 7)]
        if stage == "unify":
            owners = [ids.seed_id("toy", "v1", f"{shard}\0{number}") for number in range(4)]
        hashes = [ids.content_id(stage, shard, number) for number in range(len(owners))]
        claims = ledger.claims(run, manifest.key)
        claims.claim(f"{stage}.v1", hashes, owners)
        sketches = [bytes([shard, number]) for number in range(len(owners))]
        family = ids.content_id("family", stage)
        claims.claim_unlike("near.v2", [family] * len(owners), sketches, owners, is_alike=bytes.__eq__)


def test_a_rebuilt_ledger_has_the_same_content(ledger: Ledger, store: Store, engine: Engine) -> None:
    fill_all(ledger, store)
    before = everything(engine)
    assert all(before.values())
    seen: list[tuple[int, int]] = []
    counts = rebuild(ledger, store, on_progress=lambda done, total: seen.append((done, total)))
    assert counts == {"runs": 6, "outputs": len(before["output"]), "datasets": 2, "audits": 2}
    assert seen[-1] == (counts["outputs"], counts["outputs"])
    assert everything(engine) == before


def test_an_interrupted_rebuild_is_done_by_the_next(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before = everything(engine)

    def stop(done: int, total: int) -> None:
        if done == total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(ledger, store, on_progress=stop)
    assert number_of(engine, "SELECT count(*) FROM caco.fate") == 0
    rebuild(ledger, store)
    assert everything(engine) == before


def test_the_newest_run_of_a_date_is_the_same_after_a_rebuild(ledger: Ledger, store: Store) -> None:
    worlds = [ledger_world.build(store, config=config) for config in ("first", "second", "third")]
    planned = sorted((world.run("nightly") for world in worlds), key=lambda run: run.run_id, reverse=True)
    for hour, run in enumerate(planned[:2]):  # the last one's record was made by hand and holds no time
        dated = run.model_copy(update={"planned_at": datetime(2026, 11, 20, hour, tzinfo=UTC)})
        store.put(run_uri(run.partition, run.run_id), dated.model_dump_json().encode())
        assert ledger.register_run(dated) == dated
    ledger.register_run(planned[2])
    newest = ledger.find_run(None, pipeline="nightly")
    assert newest is not None
    assert newest.run_id == planned[1].run_id
    rebuild(ledger, store)
    assert ledger.find_run(None, pipeline="nightly") == newest


def test_a_ledger_lost_with_its_disk_comes_back_with_its_claims(ledger: Ledger, store: Store, engine: Engine) -> None:
    fill_all(ledger, store)
    before = everything(engine)
    assert len(before["fingerprint"]) == 2 * (10 + 10 + 8 + 8) - len_of_shared_seeds()
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE caco.run, caco.source, caco.fingerprint CASCADE"))
    rebuild(ledger, store)
    assert everything(engine) == before


def len_of_shared_seeds() -> int:
    """Claims of the second world's seeds and samples that the first world, which has the same hashes, has taken."""
    return 10 + 10 + 8 + 8


def test_a_damaged_manifest_is_found_before_anything_is_emptied(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before = everything(engine)
    uri = manifest_uri("judge", loaded.of("judge")[1].key)
    store.put(uri, b'{"run_id": "half')
    with pytest.raises(DamagedError, match=uri):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_a_run_that_names_an_output_that_is_gone_is_found_before_anything_is_emptied(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before, gone = everything(engine), loaded.of("judge")[1]
    store.delete(manifest_uri("judge", gone.key))
    with pytest.raises(DamagedError, match=f"consists of the output {gone.key} of 'judge', which is not in"):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_damaged_claims_are_named(ledger: Ledger, store: Store, world: World) -> None:
    manifest = world.of("dedup")[0]
    ledger.register_run(world.run("nightly"))
    store.put(claims_uri("dedup", manifest.key), b"PAR1 not")
    with pytest.raises(DamagedError, match=claims_uri("dedup", manifest.key)):
        ledger_world.load_as_made(ledger, store, world, manifest)


def test_an_unreachable_postgres_is_named_without_its_password(tmp_path: Path) -> None:
    with (
        Ledger("postgresql://caco:hunter2@127.0.0.1:1/caco") as nowhere,
        pytest.raises(LedgerError, match=r"Postgres at 127\.0\.0\.1:1/caco cannot be used") as caught,
    ):
        nowhere.find_run(None)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite:///x.db"])
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(LedgerError, match="postgresql://"):
        Ledger(url)
