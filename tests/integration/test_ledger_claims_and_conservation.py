"""Who is first, agreed on by all; and that no record is lost or doubled between two stages."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from random import Random

import ledger_world
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_world import World
from sqlalchemy import Engine, text

from caco_tasks.checks.fingerprints import alike, claim_near
from caco_tasks.errors import ConservationError, LedgerError
from caco_tasks.ledger import Ledger
from caco_tasks.store import RunRecord, Store


@pytest.fixture
def run(built_world: tuple[World, object]) -> RunRecord:
    """A nightly run."""
    return built_world[0].run("nightly")


def test_the_first_claim_wins_and_wins_again(ledger: Ledger, run: RunRecord) -> None:
    claims = ledger.claims(run)
    assert claims.claim("tree", ["h1", "h2"], ["a", "b"]) == ["a", "b"]
    assert claims.claim("tree", ["h2", "h1", "h3"], ["c", "c", "c"]) == ["b", "a", "c"]
    assert claims.claim("tree", ["h1", "h2"], ["a", "b"]) == ["a", "b"]
    assert claims.claim("other kind", ["h1"], ["c"]) == ["c"]
    assert claims.claim("tree", [], []) == []


def test_within_one_call_the_first_of_equal_hashes_wins(ledger: Ledger, run: RunRecord) -> None:
    assert ledger.claims(run).claim("tree", ["z", "a", "z", "z"], ["1", "2", "3", "0"]) == ["1", "2", "1", "1"]


def test_hashes_and_owners_of_different_numbers_are_refused(ledger: Ledger, run: RunRecord) -> None:
    with pytest.raises(LedgerError, match="2 hashes of 'tree' come with 1 owners"):
        ledger.claims(run).claim("tree", ["a", "b"], ["1"])


def test_sixteen_that_claim_at_once_agree_on_every_winner(ledger: Ledger, run: RunRecord) -> None:
    hashes = [f"h{number:03}" for number in range(200)]

    def claim(racer: int) -> dict[str, str]:
        order = hashes if racer % 2 else hashes[::-1]
        return dict(zip(order, ledger.claims(run).claim("tree", order, [f"racer {racer}"] * 200), strict=True))

    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(claim, range(16)))
    assert all(one == seen[0] for one in seen)
    assert set(seen[0]) == set(hashes)


Item = tuple[str, str, bytes]  # owner, family, sketch


def items_of(shard: int) -> list[Item]:
    """Sketches of a few families, some alike, in an order of the shard's own."""
    chance = Random(shard)
    items = [
        (f"shard {shard} row {row}", f"f{row % 7}", bytes(chance.choice(b"ab") for _ in range(8))) for row in range(60)
    ]
    return chance.sample(items, len(items))


def claim_shard(url: str, run: RunRecord, shard: int) -> dict[str, tuple[str, str]]:
    """What a task of its own process is told of every owner of a shard: who has its hash, and who is alike."""
    items, parts = items_of(shard), range(0, 60, 10)
    with Ledger(url) as ledger:
        claims = ledger.claims(run)
        same = [
            winner
            for start in parts
            for winner in claims.claim(
                "tree",
                [f"{family} {sketch[:2]!r}" for _, family, sketch in items[start : start + 10]],
                [owner for owner, _, _ in items[start : start + 10]],
            )
        ]
        near = [winner for start in parts for winner in claim_near(claims, "near", items[start : start + 10], 0.7)]
    return {owner: told for (owner, _, _), told in zip(items, zip(same, near, strict=True), strict=True)}


def test_processes_that_claim_at_once_and_their_reruns_agree_on_every_winner(
    ledger_address: tuple[str, str, str], ledger: Ledger, run: RunRecord
) -> None:
    url, shards = ledger_address[1], (0, 1, 2, 0)  # of shard 0 two attempts at once
    with ProcessPoolExecutor(len(shards), mp_context=get_context("fork")) as pool:
        told = list(pool.map(claim_shard, [url] * 4, [run] * 4, shards))
    assert told[0] == told[3]
    assert [claim_shard(url, run, shard) for shard in (2, 1, 0)] == [told[2], told[1], told[0]]
    seen = told[0] | told[1] | told[2]
    sketches = {owner: (family, sketch) for shard in (0, 1, 2) for owner, family, sketch in items_of(shard)}
    for owner, (same, near) in seen.items():
        assert (seen[same][0], seen[near][1]) == (same, near), "a winner has won itself"
        assert sketches[near][0] == sketches[owner][0]
        assert owner == near or alike(0.7)(sketches[near][1], sketches[owner][1])
    winners = [sketches[owner] for owner, (_, near) in seen.items() if owner == near]
    assert 7 < len(winners) < len(seen)
    assert not any(f == g and one is not other and alike(0.7)(one, other) for f, one in winners for g, other in winners)


def test_of_a_family_the_first_that_is_alike_wins_and_the_unlike_join(ledger: Ledger, run: RunRecord) -> None:
    claims = ledger.claims(run)
    first = [("a", "f", b"xxxx"), ("b", "f", b"xxxy"), ("c", "f", b"yyyy"), ("d", "g", b"xxxy")]
    assert claim_near(claims, "near", first, 0.7) == ["a", "a", "c", "d"]
    assert claim_near(claims, "near", [("e", "f", b"yyyx"), *first[::-1]], 0.7) == ["c", "d", "c", "a", "a"]
    assert claim_near(claims, "near", [], 0.7) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz")), max_size=6), max_size=5))
def test_claims_are_as_if_made_one_by_one(
    ledger: Ledger, run: RunRecord, engine: Engine, calls: list[list[tuple[str, str]]]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE caco.fingerprint"))
    owners: dict[str, str] = {}
    for call in calls:
        expected = [owners.setdefault(one, owner) for one, owner in call]
        assert ledger.claims(run).claim("tree", [one for one, _ in call], [owner for _, owner in call]) == expected


def test_a_whole_run_is_conserved(ledger: Ledger, loaded: World) -> None:
    for pipeline, through in {"seeds": "unify", "codegen": "train", "nightly": "publish"}.items():
        ledger.conservation(loaded.run(pipeline).run_id)
        ledger.conservation(loaded.run(pipeline).run_id, through=through)


def test_a_run_under_way_is_conserved_as_far_as_it_came(ledger: Ledger, store: Store, world: World) -> None:
    run = world.run("nightly")
    ledger.register_run(run)
    ledger.conservation(run.run_id)
    for manifest in [*world.of("sample"), *world.of("execute")]:
        ledger.load_shard(manifest, store)
    ledger.conservation(run.run_id)
    with pytest.raises(ConservationError, match="'screen' has 0 of 2 shards, 0, 1 missing"):
        ledger.conservation(run.run_id, through="publish")


def _lose_a_shard(ledger: Ledger, store: Store, world: World) -> None:
    for manifest in [*world.of("sample"), world.of("execute")[1]]:
        ledger.load_shard(manifest, store)


def _lose_a_record(ledger: Ledger, store: Store, world: World) -> None:
    run, (first, second) = world.run("nightly"), world.of("sample")
    for manifest in (first, second, world.of("execute")[1]):
        ledger.load_shard(manifest, store)
    short = ledger_world.first_samples(run, 0, 6)[1:]
    ledger.load_shard(ledger_world.write(store, run, "execute", 0, short, inputs=(first.uri,)), store)


def _swap_a_record(ledger: Ledger, store: Store, world: World) -> None:
    run, (first, second) = world.run("nightly"), world.of("sample")
    for manifest in (first, second, world.of("execute")[1]):
        ledger.load_shard(manifest, store)
    swapped = ledger_world.first_samples(run, 0, 8)[2:]  # the eighth was never sampled
    ledger.load_shard(ledger_world.write(store, run, "execute", 0, swapped, inputs=(first.uri,)), store)


def _read_another_attempt(ledger: Ledger, store: Store, world: World) -> None:
    run, (first, second) = world.run("nightly"), world.of("sample")
    for manifest in (first, second, world.of("execute")[1]):
        ledger.load_shard(manifest, store)
    rows = ledger_world.first_samples(run, 0, 7)[1:]
    stranger = first.uri.replace("00000-", "00000-f")
    ledger.load_shard(ledger_world.write(store, run, "execute", 0, rows, inputs=(stranger,)), store)


def _make_a_shard_too_many(ledger: Ledger, store: Store, world: World) -> None:
    run = world.run("nightly")
    for manifest in world.of("sample"):
        ledger.load_shard(manifest, store)
    ledger.load_shard(ledger_world.write(store, run, "sample", 2, ledger_world.first_samples(run, 2, 2)), store)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        pytest.param(_lose_a_shard, "'execute' has 1 of 2 shards, 0 missing", id="a lost shard"),
        pytest.param(_lose_a_record, "'execute' read 12 records, but 'sample' passed 13", id="a lost record"),
        pytest.param(
            _swap_a_record, "'execute' lost 1 records that 'sample' passed and has 1 others", id="a swapped record"
        ),
        pytest.param(_read_another_attempt, "not the registered shard of 'sample'", id="a losing attempt read"),
        pytest.param(_make_a_shard_too_many, "'sample' has 3 shards, not 2", id="a shard too many"),
    ],
)
def test_what_is_not_conserved_is_named_with_its_stage_and_counts(
    ledger: Ledger, store: Store, world: World, damage: Callable[[Ledger, Store, World], None], match: str
) -> None:
    ledger.register_run(world.run("nightly"))
    damage(ledger, store, world)
    with pytest.raises(ConservationError, match=match):
        ledger.conservation(world.run("nightly").run_id)


def test_the_conservation_of_what_does_not_exist_is_refused(ledger: Ledger, loaded: World) -> None:
    with pytest.raises(LedgerError, match="no run 'nobody'"):
        ledger.conservation("nobody")
    with pytest.raises(LedgerError, match="no stage 'unify'"):
        ledger.conservation(loaded.run("nightly").run_id, through="unify")
