"""Loading: all or nothing, once, the same for everybody, and anew from the store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import ledger_world
import pytest
from ledger_rows import TABLES, everything, number_of, rows, second_config
from ledger_world import PUBLISHED, SAMPLES, World
from sqlalchemy import Engine, text

from caco_tasks.errors import ConservationError, DamagedError, LedgerError, StoreError
from caco_tasks.ledger import Ledger, rebuild
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import AttemptLog, OutputAttempt, attempts_uri, manifest_uri, parse_manifest, run_uri


def test_every_table_gets_its_rows(loaded: World, engine: Engine) -> None:
    counts = {table: len(found) for table, found in everything(engine).items() if found}
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
        "benchmark_overlap": 2,
        "dataset": 1,
        "dataset_state": 2,
        "dataset_row": PUBLISHED,
        "own_row": 1,
        "program_parent": 1,
        "selection": 10,  # what reached reverse
        "sample_difficulty": 8,  # those that came to agree
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
