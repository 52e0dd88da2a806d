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
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import manifest_uri, parse_manifest, run_folder
from caco_tasks.store.registry import AuditRecord

TABLES = [
    "run",
    "shard",
    "model",
    "source",
    "seed",
    "program",
    "sample",
    "verdict",
    "execution",
    "request_usage",
    "fingerprint",
    "benchmark_overlap",
    "judge_vote",
    "audit_draw",
    "audit_stratum",
    "audit_row",
    "audit",
    "dataset",
    "dataset_row",
]
TIMES_OF_LOADING = {"created_at", "loaded_at", "claimed_at"}


def rows(engine: Engine, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table, in a fixed order, without the times of loading."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM caco.{table}")).mappings().all()
    kept = [
        tuple((name, _written(value)) for name, value in row.items() if name not in TIMES_OF_LOADING) for row in found
    ]
    return sorted(kept)


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
        "shard": len(loaded.manifests),
        "model": 1,
        "source": 2,
        "seed": 10,
        "program": 5 + SAMPLES - 1,  # seeds share programs; the reply that was cut off holds none
        "sample": SAMPLES,
        "verdict": sum(manifest.rows for manifest in loaded.manifests),
        "execution": 8 + SAMPLES - 1,
        "request_usage": 2 + SAMPLES + (SAMPLES - 4) + (SAMPLES - 5) + (SAMPLES - 7),
        "fingerprint": 0,
        "benchmark_overlap": 2,
        "judge_vote": 3 * (SAMPLES - 7),
        "audit_draw": 0,
        "audit_stratum": 0,
        "audit_row": 0,
        "audit": 0,
        "dataset": 1,
        "dataset_row": PUBLISHED,
    }


def test_what_replies_cost_and_which_were_replayed_comes_with_them(loaded: World, engine: Engine) -> None:
    with engine.connect() as connection:
        query = "SELECT stage::text, sum(cost_usd), bool_and(is_replayed) FROM caco.request_usage GROUP BY stage"
        found = {stage: (cost, is_replayed) for stage, cost, is_replayed in connection.execute(text(query))}
    assert found["solve"] == (0.125 * (SAMPLES - 5), True)
    assert found["sample"] == (0.125 * SAMPLES, False)


def test_details_of_any_letters_survive_but_for_nul(loaded: World, engine: Engine) -> None:
    detail = number_of(engine, "SELECT detail FROM caco.verdict WHERE reason = 'error'")
    assert detail == ledger_world.NASTY.replace("\0", "\\0")
    assert number_of(engine, "SELECT detail FROM caco.verdict WHERE reason = 'same_program'") == "\\N"
    assert number_of(engine, "SELECT detail FROM caco.verdict WHERE reason = 'leaks_answer'") == ""


def test_numbers_arrive_as_they_were(loaded: World, engine: Engine) -> None:
    assert number_of(engine, "SELECT DISTINCT cpu_seconds FROM caco.execution") == 1e-05
    assert number_of(engine, "SELECT max(checked) FROM caco.verdict WHERE stage = 'agree'") == SAMPLES - 1
    assert number_of(engine, "SELECT count(*) FROM caco.verdict WHERE stage <> 'agree' AND checked IS NOT NULL") == 0
    assert (
        number_of(engine, "SELECT count(*) FROM caco.verdict WHERE (stage = 'agree') <> (coalesce(method, '') <> '')")
        == 0
    )
    assert (
        number_of(engine, "SELECT max(first_disagreeing_step) FROM caco.judge_vote WHERE reason = 'inconsistent'") == 2
    )


def test_a_seed_knows_its_program_and_grade_whichever_stage_is_loaded_first(
    ledger: Ledger, store: Store, world: World, engine: Engine
) -> None:
    for run in world.runs:
        ledger.register_run(run)
    for manifest in reversed(world.of("seeds") + world.of("unify")):
        ledger.load_shard(manifest, store)
    reverse_order = rows(engine, "seed")
    ledger.empty()
    ledger_world.load(ledger, store, world)
    assert rows(engine, "seed") == reverse_order
    assert number_of(engine, "SELECT count(*) FROM caco.seed WHERE grade = 'A+' AND program_id IS NOT NULL") == 2


def test_loading_again_changes_nothing(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    before = everything(engine)
    ledger_world.load(ledger, store, loaded)
    assert everything(engine) == before


def test_the_first_manifest_is_the_one_that_counts_in_the_store_too(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    first = loaded.of("sample")[0]
    run = loaded.run("nightly")
    before = everything(engine)
    later = ledger_world.write(store, run, "sample", 0, ledger_world.first_samples(run, 0, 3), seconds=99.0)
    assert later.sha256 != first.sha256
    assert ledger.load_shard(later, store) == first
    assert everything(engine) == before
    uri = manifest_uri(run, "sample", 0)
    assert parse_manifest(store.get(uri) or b"", uri=uri) == first


def test_sixteen_that_load_different_attempts_at_once_agree_on_one(
    ledger: Ledger, store: Store, world: World, engine: Engine
) -> None:
    run = world.run("nightly")
    ledger.register_run(run)
    attempts = [
        ledger_world.write(store, run, "sample", 0, ledger_world.first_samples(run, 0, 1 + number % 4), seconds=number)
        for number in range(16)
    ]
    with ThreadPoolExecutor(16) as pool:
        registered = list(pool.map(lambda attempt: ledger.load_shard(attempt, store), attempts))
    assert len({manifest.model_dump_json() for manifest in registered}) == 1
    assert registered[0] in attempts
    assert number_of(engine, "SELECT count(*) FROM caco.sample") == registered[0].rows


def test_a_shard_without_its_run_is_refused(ledger: Ledger, store: Store, world: World) -> None:
    with pytest.raises(LedgerError, match="register it before its shards"):
        ledger.load_shard(world.manifests[0], store)


def test_a_record_that_came_in_another_shard_is_refused_and_leaves_nothing(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    run = loaded.run("nightly")
    before = everything(engine)
    twice = ledger_world.write(store, run, "sample", 7, ledger_world.first_samples(run, 0, 2))
    with pytest.raises(ConservationError, match="another shard"):
        ledger.load_shard(twice, store)
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        pytest.param({"sha256": "0" * 64}, DamagedError, "SHA-256", id="another hash"),
        pytest.param({"rows": 8, "read": 8, "passed": 7}, DamagedError, "its manifest says", id="other counts"),
        pytest.param({"record": "Nothing"}, DamagedError, "names no record class", id="unknown record"),
        pytest.param({"record": "Seed"}, DamagedError, "columns", id="another record"),
        pytest.param({"uri": "runs/none.parquet"}, StoreError, r"no shard runs/none\.parquet", id="missing rows"),
        pytest.param({"stage": "dream"}, LedgerError, "dream", id="unknown stage"),
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
        ledger.load_shard(wrong, store)
    assert rows(engine, "shard") == []


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
    assert ledger.find_run("nobody") is None


def test_an_ambiguous_beginning_is_refused(ledger: Ledger, loaded: World) -> None:
    run = loaded.run("nightly")
    ledger.register_run(run.model_copy(update={"run_id": run.run_id + "0"}))
    assert ledger.find_run(run.run_id) == run
    with pytest.raises(LedgerError, match="More than one run"):
        ledger.find_run(run.run_id[:6])


def test_registered_shards_come_back_as_they_were_by_number(ledger: Ledger, loaded: World) -> None:
    manifests = sorted(loaded.of("judge"), key=lambda manifest: manifest.shard)
    assert ledger.shards(loaded.run("nightly").run_id, "judge") == manifests
    assert ledger.shards(loaded.run("nightly").run_id, "seeds") == []


def test_the_accepted_model_is_the_newest_up_to_the_date(ledger: Ledger, store: Store, loaded: World) -> None:
    later = ledger_world.build(store, partition="2026-11-25", config="second")
    ledger_world.load(ledger, store, later)
    first, second = (world.run("nightly").model_id for world in (loaded, later))
    found = {day: ledger.accepted_model(f"2026-11-{day}") for day in ("19", "20", "24", "25")}
    assert {day: model and model.model_id for day, model in found.items()} == {
        "19": None,
        "20": first,
        "24": first,
        "25": second,
    }
    same_config = ledger.accepted_model("2026-11-30", config_hash=loaded.run("nightly").config_hash)
    assert same_config is not None
    assert same_config.model_id == first
    assert same_config.metrics == {"loss_before": 2.5, "loss_after": 0.1, "lost": None}


def test_a_rejected_model_is_never_chosen(ledger: Ledger, store: Store, loaded: World) -> None:
    accepted = ledger.accepted_model("2026-11-30")
    later = ledger_world.build(store, partition="2026-11-25", config="second").run("codegen")
    ledger.register_run(later)
    assert accepted is not None
    ledger.register_model(accepted.model_copy(update={"run_id": later.run_id, "model_id": "worse", "accepted": False}))
    assert ledger.accepted_model("2026-11-30") == accepted


def test_a_dataset_is_registered_once(ledger: Ledger, store: Store, loaded: World, engine: Engine) -> None:
    first = loaded.datasets[0]
    assert ledger.register_dataset(first.model_copy(update={"code_version": "9"}), store) == first
    assert number_of(engine, "SELECT count(*) FROM caco.dataset_row") == PUBLISHED


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param({"sha256": "0" * 64}, "another SHA-256", id="another hash"),
        pytest.param({"uri": "datasets/none"}, "no datasets/none", id="missing file"),
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


def test_a_later_answer_of_the_same_person_takes_the_place_of_the_first(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    for answer in (Outcome.PASS, Outcome.FAIL):
        ledger.record_audits([audit(loaded, 0, "ada", answer)], store)
    assert number_of(engine, "SELECT answer FROM caco.audit") == "fail"
    assert len(store.list("audits")) == 1


def audit(world: World, row: int, person: str, answer: Outcome) -> AuditRecord:
    """A person's answer on one sample."""
    run = world.run("nightly")
    subject = ids.sample_id(run.run_id, "sample", row % 2, row // 2)
    return AuditRecord.model_validate(
        {
            "run_id": run.run_id,
            "stage": "judge",
            "subject_id": subject,
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
    """Claims as a stage makes them: before its shard is loaded."""
    run = world.run("nightly" if stage == "dedup" else "seeds")
    owners = [ids.sample_id(run.run_id, "sample", shard, row) for shard in range(2) for row in range(2, 7)]
    if stage == "unify":
        owners = [ids.seed_id("toy", "v1", f"{shard}\0{number}") for shard in range(2) for number in range(4)]
    ledger.claims(run).claim(f"{stage}.v1", [f"{stage}-{number}" for number in range(len(owners))], owners)
    sketches = [bytes([number, number]) for number in range(len(owners))]
    ledger.claims(run).claim_unlike("near.v2", [stage] * len(owners), sketches, owners, is_alike=bytes.__eq__)


def test_a_rebuilt_ledger_has_the_same_content(ledger: Ledger, store: Store, engine: Engine) -> None:
    fill_all(ledger, store)
    before = everything(engine)
    assert all(before.values())
    seen: list[tuple[int, int]] = []
    counts = rebuild(ledger, store, on_progress=lambda done, total: seen.append((done, total)))
    assert counts == {"runs": 6, "shards": len(before["shard"]), "datasets": 2, "audits": 2}
    assert seen[-1] == (counts["shards"], counts["shards"])
    assert everything(engine) == before


def test_the_newest_run_of_a_date_is_the_same_after_a_rebuild(ledger: Ledger, store: Store) -> None:
    worlds = [ledger_world.build(store, config=config) for config in ("first", "second", "third")]
    planned = sorted((world.run("nightly") for world in worlds), key=lambda run: run.run_id, reverse=True)
    for hour, run in enumerate(planned[:2]):  # the last was planned before records held a time
        dated = run.model_copy(update={"planned_at": datetime(2026, 11, 20, hour, tzinfo=UTC)})
        store.put(f"{run_folder(run.partition, run.run_id)}/run.json", dated.model_dump_json().encode())
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
    assert len(before["fingerprint"]) == 36
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE caco.run, caco.source, caco.fingerprint CASCADE"))
    rebuild(ledger, store)
    assert everything(engine) == before


def test_a_damaged_manifest_is_found_before_anything_is_emptied(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    before = everything(engine)
    uri = manifest_uri(loaded.run("nightly"), "judge", 1)
    store.put(uri, b'{"run_id": "half')
    with pytest.raises(DamagedError, match=uri):
        rebuild(ledger, store)
    assert everything(engine) == before


def test_damaged_claims_are_named(ledger: Ledger, store: Store, world: World) -> None:
    manifest: Manifest = world.of("dedup")[0]
    ledger.register_run(world.run("nightly"))
    store.put(claims_uri(manifest), b"PAR1 not")
    with pytest.raises(DamagedError, match=claims_uri(manifest)):
        ledger.load_shard(manifest, store)


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
