"""Who is first, agreed on by all; and that no record is lost or doubled between two stages."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from random import Random

import ledger_world
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_world import SAMPLES, World
from sqlalchemy import Engine, text

from caco_tasks.checks.fingerprints import alike, claim_near
from caco_tasks.errors import ConfigError, ConservationError, LedgerError
from caco_tasks.ids import content_id
from caco_tasks.ledger import Ledger, LedgerClaims, rebuild
from caco_tasks.ledger.claims import claims_uri
from caco_tasks.pipeline import mapped_stages
from caco_tasks.store import RunRecord, Store


def an_id(name: str) -> str:
    """An id of a hash, an owner or an output of this name."""
    return content_id("test", name)


def owned(names: Sequence[str]) -> list[str]:
    """The ids of owners."""
    return [an_id(name) for name in names]


@pytest.fixture
def run(built_world: tuple[World, object]) -> RunRecord:
    """A nightly run."""
    return built_world[0].run("nightly")


@pytest.fixture
def claims(ledger: Ledger, run: RunRecord) -> LedgerClaims:
    """Claims in the name of an output."""
    return ledger.claims(run, an_id("output"))


def test_the_first_claim_wins_and_wins_again(claims: LedgerClaims) -> None:
    assert claims.claim("tree", owned(["h1", "h2"]), owned("ab")) == owned("ab")
    assert claims.claim("tree", owned(["h2", "h1", "h3"]), owned("ccc")) == owned("bac")
    assert claims.claim("tree", owned(["h1", "h2"]), owned("ab")) == owned("ab")
    assert claims.claim("other kind", owned(["h1"]), owned("c")) == owned("c")
    assert claims.claim("tree", [], []) == []


def test_within_one_call_the_first_of_equal_hashes_wins(claims: LedgerClaims) -> None:
    assert claims.claim("tree", owned("zazz"), owned("1230")) == owned("1211")


def test_hashes_and_owners_of_different_numbers_are_refused(claims: LedgerClaims) -> None:
    with pytest.raises(LedgerError, match="2 hashes of 'tree' come with 1 owners"):
        claims.claim("tree", owned("ab"), owned("1"))


def test_a_second_run_over_the_same_samples_wins_its_own_claims_again(ledger: Ledger, run: RunRecord) -> None:
    other = run.model_copy(update={"run_id": an_id("another run")})
    first, second = ledger.claims(run, an_id("first")), ledger.claims(other, an_id("second"))
    assert first.claim("tree", owned("xy"), owned("ab")) == owned("ab")
    assert second.claim("tree", owned("xyz"), owned("abc")) == owned("abc")
    assert first.claim("tree", owned("z"), owned("d")) == owned("c")


def test_sixteen_that_claim_at_once_agree_on_every_winner(ledger: Ledger, run: RunRecord) -> None:
    hashes = owned([f"h{number:03}" for number in range(200)])

    def claim(racer: int) -> dict[str, str]:
        order = hashes if racer % 2 else hashes[::-1]
        claims = ledger.claims(run, an_id(f"output of {racer}"))
        return dict(zip(order, claims.claim("tree", order, [an_id(f"racer {racer}")] * 200), strict=True))

    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(claim, range(16)))
    assert all(one == seen[0] for one in seen)
    assert set(seen[0]) == set(hashes)


Item = tuple[str, str, bytes]  # owner, family, sketch


def items_of(shard: int) -> list[Item]:
    """Sketches of a few families, some alike, in an order of the shard's own."""
    chance = Random(shard)
    items = [
        (an_id(f"{shard} {row}"), an_id(f"f{row % 7}"), bytes(chance.choice(b"ab") for _ in range(8)))
        for row in range(60)
    ]
    return chance.sample(items, len(items))


def claim_shard(url: str, run: RunRecord, shard: int) -> dict[str, tuple[str, str]]:
    """What a task of its own process is told of every owner of a shard: who has its hash, and who is alike."""
    items, parts = items_of(shard), range(0, 60, 10)
    with Ledger(url) as ledger:
        claims = ledger.claims(run, an_id(f"output {shard}"))
        same = [
            winner
            for start in parts
            for winner in claims.claim(
                "tree",
                owned([f"{family} {sketch[:2]!r}" for _, family, sketch in items[start : start + 10]]),
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


def test_of_a_family_the_first_that_is_alike_wins_and_the_unlike_join(claims: LedgerClaims) -> None:
    f, g = owned("fg")
    named = {an_id(name): name for name in "abcde"}
    first = [("a", f, b"xxxx"), ("b", f, b"xxxy"), ("c", f, b"yyyy"), ("d", g, b"xxxy")]

    def near(items: Sequence[Item]) -> str:
        found = claim_near(claims, "near", [(an_id(name), family, sketch) for name, family, sketch in items], 0.7)
        return "".join(named[one] for one in found)

    assert near(first) == "aacd"
    assert near([("e", f, b"yyyx"), *first[::-1]]) == "cdcaa"
    assert near([]) == ""


def same(one: bytes, other: bytes) -> bool:
    """Likeness of sketches that are alike when they are equal."""
    return one == other


def test_an_owner_that_comes_with_another_sketch_claims_that_one_too(claims: LedgerClaims) -> None:
    [family] = owned("f")
    for sketch in (b"x", b"y"):  # another run wrote another problem for the same sample
        assert claims.claim_unlike("near", [family], [sketch], owned("a"), is_alike=same) == owned("a")
    assert claims.claim_unlike("near", [family] * 3, [b"y", b"x", b"z"], owned("bbb"), is_alike=same) == owned("aab")


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_family_that_lost_a_member_keeps_the_others_and_those_who_come(
    ledger: Ledger, run: RunRecord, engine: Engine, gone: int
) -> None:
    [family] = owned("f")
    claims = ledger.claims(run, an_id("output"))
    assert claims.claim_unlike("near", [family] * 3, [b"0", b"1", b"2"], owned("abc"), is_alike=same) == owned("abc")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM caco.fingerprint WHERE place = :gone"), {"gone": gone})
    for owners in ("defg", "hijk"):  # the second of them find what the first have claimed
        sketches = [b"0", b"1", b"2", b"3"]
        won = claims.claim_unlike("near", [family] * 4, sketches, owned(owners), is_alike=same)
        assert won == owned([*"abc"[:gone], "defg"[gone], *"abc"[gone + 1 :], "g"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz")), max_size=6), max_size=5))
def test_claims_are_as_if_made_one_by_one(
    claims: LedgerClaims, engine: Engine, calls: list[list[tuple[str, str]]]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE caco.fingerprint"))
    owners: dict[str, str] = {}
    for call in calls:
        expected = [an_id(owners.setdefault(one, owner)) for one, owner in call]
        assert claims.claim("tree", owned([one for one, _ in call]), owned([owner for _, owner in call])) == expected


def test_claims_of_a_withdrawn_run_are_released_but_for_those_of_samples_that_another_run_has(
    ledger: Ledger, store: Store, loaded: World, engine: Engine
) -> None:
    run, (first, second) = loaded.run("nightly"), loaded.of("dedup")
    samples = [ledger_world.sample_id(run, number) for number in range(SAMPLES)]
    for shard, manifest in enumerate((first, second)):
        owners = samples[shard::2]
        ledger.claims(run, manifest.key).claim("tree", owned([f"h{owner}" for owner in owners]), owners)
    other = ledger_world.make_run("nightly", "2026-11-20", "another judge", model_id=run.model_id)
    ledger.register_run(other)
    for stage in (spec.name for spec in mapped_stages("nightly")):  # it has the second shard, and all that ended there
        ledger.load_output(other, loaded.of(stage)[1], store, shard=1)
    assert ledger.release_claims(run.run_id) == len(samples[::2])
    assert ledger.claims(run, an_id("new")).claim("tree", owned([f"h{samples[0]}"]), owned("c")) == owned("c")
    assert ledger.claims(run, an_id("new")).claim("tree", owned([f"h{samples[1]}"]), owned("c")) == [samples[1]]
    assert ledger.release_claims(run.run_id) == 0


def test_released_claims_do_not_come_back_with_a_rebuilt_ledger(ledger: Ledger, store: Store, world: World) -> None:
    run, manifest = world.run("nightly"), world.of("dedup")[0]
    ledger.register_run(run)
    ledger.claims(run, manifest.key).claim("tree", owned("h"), owned("a"))
    ledger_world.load_as_made(ledger, store, world, manifest)
    assert store.exists(claims_uri("dedup", manifest.key))
    assert ledger.release_claims(run.run_id, store) == 1
    rebuild(ledger, store)
    assert ledger.claims(run, manifest.key).claim("tree", owned("h"), owned("b")) == owned("b")


def test_a_whole_run_is_conserved(ledger: Ledger, loaded: World) -> None:
    for pipeline, through in {"seeds": "unify", "codegen": "train", "nightly": "publish"}.items():
        ledger.conservation(loaded.run(pipeline).run_id)
        ledger.conservation(loaded.run(pipeline).run_id, through=through)


def test_a_run_under_way_is_conserved_as_far_as_it_came(ledger: Ledger, store: Store, world: World) -> None:
    run = world.run("nightly")
    ledger.register_run(run)
    ledger.conservation(run.run_id)
    for manifest in [*world.of("sample"), *world.of("execute")]:
        ledger_world.load_as_made(ledger, store, world, manifest)
    ledger.conservation(run.run_id)
    with pytest.raises(ConservationError, match="'screen' has 0 of 2 shards, 0, 1 missing"):
        ledger.conservation(run.run_id, through="publish")


def test_the_first_shards_are_conserved_before_the_others_are_there(ledger: Ledger, store: Store, world: World) -> None:
    run = world.run("nightly")
    ledger.register_run(run)
    for spec in mapped_stages("nightly"):
        ledger_world.load_as_made(ledger, store, world, world.of(spec.name)[0])
    ledger.conservation(run.run_id, through="decontaminate", shards=[0])
    with pytest.raises(ConservationError, match="'sample' has 1 of 2 shards, 1 missing"):
        ledger.conservation(run.run_id, through="decontaminate")


def _lose_a_shard(ledger: Ledger, store: Store, world: World) -> None:
    for manifest in [*world.of("sample"), world.of("execute")[1]]:
        ledger_world.load_as_made(ledger, store, world, manifest)


def _lose_a_record(ledger: Ledger, store: Store, world: World) -> None:
    run, (first, second) = world.run("nightly"), world.of("sample")
    short = ledger_world.first_samples(run, 0, 6)[1:]
    made = ledger_world.write(store, run, "execute", 0, short, inputs=(first.key,))
    for manifest in (made, first, second, world.of("execute")[1]):  # it was loaded before what it read
        ledger_world.load_as_made(ledger, store, world, manifest)


def _read_another_attempt(ledger: Ledger, store: Store, world: World) -> None:
    run, (first, second) = world.run("nightly"), world.of("sample")
    rows = ledger_world.first_samples(run, 0, 7)
    again = ledger_world.write(store, run, "sample", 0, rows, attempt=1, previous=first.key)
    for manifest in (first, second, *world.of("execute"), again):
        ledger_world.load_as_made(ledger, store, world, manifest)


def _make_a_shard_too_many(ledger: Ledger, store: Store, world: World) -> None:
    run = world.run("nightly")
    more = ledger_world.write(store, run, "sample", 2, ledger_world.first_samples(run, 2, 2))
    for manifest in (*world.of("sample"), more):
        ledger_world.load_as_made(ledger, store, world, manifest)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        pytest.param(_lose_a_shard, "'execute' has 1 of 2 shards, 0 missing", id="a lost shard"),
        pytest.param(_lose_a_record, "'execute' read 5 records, but 'sample' passed 6", id="a lost record"),
        pytest.param(
            _read_another_attempt, "made of another output of 'sample' than the run has now", id="an older attempt read"
        ),
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


def test_a_sample_that_ended_nowhere_is_found_at_the_end(ledger: Ledger, loaded: World, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM caco.fate WHERE reason = 'answers_differ'"))
    with pytest.raises(ConservationError, match="of 14 records that 'sample' made, 13 ended, in 13 places"):
        ledger.conservation(loaded.run("nightly").run_id)


def test_a_sample_that_ended_twice_is_found_at_the_end(ledger: Ledger, loaded: World, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""
                UPDATE caco.fate SET subject = (SELECT subject FROM caco.fate WHERE reason = 'cut_off')
                WHERE reason = 'answers_differ'
            """)
        )
    with pytest.raises(ConservationError, match="of 14 records that 'sample' made, 13 ended, in 14 places"):
        ledger.conservation(loaded.run("nightly").run_id)


def test_the_conservation_of_what_does_not_exist_is_refused(ledger: Ledger, loaded: World) -> None:
    with pytest.raises(LedgerError, match="no run 'nobody'"):
        ledger.conservation("nobody")
    with pytest.raises(ConfigError, match="no stage 'unify'"):
        ledger.conservation(loaded.run("nightly").run_id, through="unify")
