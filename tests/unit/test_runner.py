"""The runner over a real store in a folder: done is left alone, killed goes on, and no record is lost, doubled or invented."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import making
import pytest

from caco_tasks.context import Context
from caco_tasks.errors import CacoError, ConservationError, DamagedError
from caco_tasks.records import PASS, Judged, Reason, Sample, Verdict, fail, unknown
from caco_tasks.runner import run_shard
from caco_tasks.stages import STAGES, Stage, record_id
from caco_tasks.stages.sample import draws
from caco_tasks.store import Manifest
from caco_tasks.store.manifest import manifest_uri
from caco_tasks.store.shards import read_shard, write_shard

Apply = Callable[[Iterable[Sample], Context], Iterator[Judged[Sample]]]
Put = Callable[[Apply], Stage]


class PowerCut(Exception):
    """The machine went away."""


def samples(context: Context) -> Iterator[Sample]:
    """As many samples as the config asks for."""
    return (making.sample(draw.sample_id) for draw in draws(context))


def passing(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """Keeps every sample."""
    return (Judged(record=record, verdict=PASS) for record in records)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Makes a generator the first stage of the pipeline, under the name `sample`."""

    def put_stage(apply: Apply) -> Stage:
        stage = Stage(apply=apply, writes=Sample, source=samples)
        monkeypatch.setitem(STAGES, "sample", stage)
        return stage

    return put_stage


def context_with(folder: Path, **settings: Any) -> Context:
    """A task of the stage `sample` over ten samples, in parts of four."""
    runner = {"part_rows": 4, "retries_of_unknown": 1} | settings
    return making.context_in(folder, "sample", making.small_config(runner=runner))


def listing(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below a folder, with the time of its last change and its hash."""
    return {
        str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def written(folder: Path, manifest: Manifest) -> list[Judged[Sample]]:
    """What the runner wrote."""
    return read_shard(making.store_in(folder), manifest.uri, Sample, sha256=manifest.sha256)


def test_a_finished_shard_is_left_as_it_is(tmp_path: Path, put: Put) -> None:
    put(passing)
    first = run_shard(context_with(tmp_path))
    before = listing(tmp_path)
    put(_never)
    assert run_shard(context_with(tmp_path)) == first
    assert listing(tmp_path) == before
    assert len(before) == 2


def test_the_real_stage_agree_is_counted_and_run_twice_writes_nothing(tmp_path: Path) -> None:
    false = making.solution("3 × 4 = 13, so 2 + 10 = 12.\nThe answer is \\boxed{12}.")
    wrong = making.solution(answer="13")
    solutions = {"right": making.solution(), "wrong": wrong, "none": None, "false": false}
    rows = [Judged(record=making.sample(name, solution=found), verdict=PASS) for name, found in solutions.items()]
    rejected = Judged(record=making.sample("rejected before"), verdict=fail(Reason.CUT_OFF))
    uri = write_shard(making.store_in(tmp_path), folder="in", shard=0, record=Sample, judged=[*rows, rejected])["uri"]
    manifest = run_shard(making.context_in(tmp_path, "agree"), [uri])
    assert (manifest.read, manifest.passed, manifest.failed, manifest.unknown) == (4, 1, 3, 0)
    assert manifest.reasons == {"answers_differ": 1, "false_equation": 1, "no_final_answer": 1}
    assert manifest.inputs == (uri,)
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == list(solutions)
    before = listing(tmp_path)
    assert run_shard(making.context_in(tmp_path, "agree"), [uri]) == manifest
    assert listing(tmp_path) == before


def test_a_killed_shard_goes_on_from_its_last_finished_part(tmp_path: Path, put: Put) -> None:
    seen: list[list[str]] = []

    def cut(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
        records = list(records)
        seen.append(making.ids_of(records))
        if len(seen) == 2:
            raise PowerCut
        return passing(records, context)

    put(cut)
    context = context_with(tmp_path)
    everything = making.ids_of(list(samples(context)))
    with pytest.raises(PowerCut):
        run_shard(context)
    assert [Path(path).parent.name for path in listing(tmp_path)] == ["00000.parts"]
    manifest = run_shard(context_with(tmp_path))
    assert seen == [everything[:4], everything[4:8], everything[4:8], everything[8:]]
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == everything
    assert [key for key in making.store_in(tmp_path).list("runs") if ".parts/" in key] == []


def test_killed_or_not_the_shard_is_the_same(tmp_path: Path, put: Put) -> None:
    calls: list[int] = []

    def cut(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
        calls.append(1)
        if len(calls) == 3:
            raise PowerCut
        return passing(records, context)

    put(cut)
    with pytest.raises(PowerCut):
        run_shard(context_with(tmp_path / "killed"))
    killed = run_shard(context_with(tmp_path / "killed"))
    put(passing)
    whole = run_shard(context_with(tmp_path / "whole"))
    assert (killed.uri, killed.sha256, killed.rows) == (whole.uri, whole.sha256, whole.rows)


def test_a_part_of_other_records_is_not_taken_for_this_one(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(_cut_after_first_part())
    with pytest.raises(PowerCut):
        run_shard(context_with(tmp_path))
    backwards = Stage(apply=passing, writes=Sample, source=lambda context: [*samples(context)][::-1])
    monkeypatch.setitem(STAGES, "sample", backwards)
    context = context_with(tmp_path)
    manifest = run_shard(context)
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == making.ids_of([*samples(context)][::-1])


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_only_what_is_unknown_is_tried_again_and_so_often(tmp_path: Path, put: Put, retries: int) -> None:
    tries: Counter[str] = Counter()

    def unsure(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
        for number, record in enumerate(records):
            tries[record.sample_id] += 1
            is_lost = record.sample_id in lost
            yield Judged(record=record, verdict=unknown(Reason.ENGINE_LOST) if is_lost else _by_turns(number))

    put(unsure)
    context = context_with(tmp_path, retries_of_unknown=retries)
    lost = set(making.ids_of(list(samples(context)))[::3])
    manifest = run_shard(context)
    assert tries == Counter({one: 1 + retries if one in lost else 1 for one in making.ids_of(list(samples(context)))})
    assert (manifest.unknown, manifest.reasons["engine_lost"]) == (len(lost), len(lost))


def test_what_is_known_at_the_second_try_counts_and_keeps_its_place(tmp_path: Path, put: Put) -> None:
    tries: Counter[str] = Counter()

    def late(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
        for record in records:
            tries[record.sample_id] += 1
            yield Judged(record=record, verdict=PASS if tries[record.sample_id] == 2 else unknown(Reason.SANDBOX_LOST))

    put(late)
    context = context_with(tmp_path)
    manifest = run_shard(context)
    assert (manifest.read, manifest.passed, manifest.unknown) == (10, 10, 0)
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == making.ids_of(list(samples(context)))


def _lose(rows: list[Judged[Sample]]) -> list[Judged[Sample]]:
    return rows[:-1]


def _double(rows: list[Judged[Sample]]) -> list[Judged[Sample]]:
    return [*rows, rows[0]]


def _invent(rows: list[Judged[Sample]]) -> list[Judged[Sample]]:
    return [*rows, Judged(record=making.sample("nobody's"), verdict=PASS)]


def _exchange(rows: list[Judged[Sample]]) -> list[Judged[Sample]]:
    return [*rows[:-1], Judged(record=making.sample("nobody's"), verdict=PASS)]


def _replace_by_copy(rows: list[Judged[Sample]]) -> list[Judged[Sample]]:
    return [*rows[:-1], rows[0]]


UNSOUND = {
    "one lost": (_lose, "1 lost, 0 invented, 0 doubled"),
    "one doubled": (_double, "0 lost, 1 invented, 1 doubled"),
    "one invented": (_invent, "0 lost, 1 invented, 0 doubled"),
    "one exchanged": (_exchange, "1 lost, 1 invented, 0 doubled"),
    "one lost behind a double": (_replace_by_copy, "1 lost, 1 invented, 1 doubled"),
}


@pytest.mark.parametrize(("spoil", "said"), UNSOUND.values(), ids=UNSOUND)
def test_a_stage_that_does_not_conserve_writes_nothing(
    tmp_path: Path, put: Put, spoil: Callable[[list[Judged[Sample]]], list[Judged[Sample]]], said: str
) -> None:
    put(lambda records, context: iter(spoil(list(passing(records, context)))))
    with pytest.raises(ConservationError, match=f"'sample', shard 0: 10 records read, {said}; nothing was written"):
        run_shard(context_with(tmp_path, part_rows=256))
    assert listing(tmp_path) == {}


def test_two_records_of_one_id_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [making.sample("twin"), making.sample("twin")]
    monkeypatch.setitem(STAGES, "sample", Stage(apply=passing, writes=Sample, source=lambda context: twins))
    with pytest.raises(ConservationError, match="1 doubled"):
        run_shard(context_with(tmp_path))
    assert listing(tmp_path) == {}


def test_the_manifest_counts_reasons_models_and_tokens(tmp_path: Path, put: Put) -> None:
    put(_mixed)
    context = context_with(tmp_path)
    context.facts["sandbox_version"] = "7"
    manifest = run_shard(context)
    assert (manifest.read, manifest.passed, manifest.failed, manifest.unknown) == (10, 4, 3, 3)
    assert manifest.reasons == {"engine_lost": 3, "no_code_found": 3}
    assert (manifest.models, manifest.prompts) == (("codegen@1",), ("nano_codegen.v1",))
    assert (manifest.prompt_tokens, manifest.completion_tokens, manifest.sandbox_version) == (50, 70, "7")
    data = making.store_in(tmp_path).get(manifest.uri) or b""
    assert (manifest.rows, manifest.bytes, manifest.sha256) == (10, len(data), hashlib.sha256(data).hexdigest())
    stored = Path(tmp_path / "store" / manifest_uri(context.run, "sample", 0)).read_text(encoding="utf-8")
    assert Manifest.model_validate_json(stored) == manifest


def test_a_shard_without_records_is_finished_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STAGES, "sample", Stage(apply=passing, writes=Sample, source=lambda context: ()))
    manifest = run_shard(context_with(tmp_path))
    assert (manifest.read, manifest.rows, manifest.reasons) == (0, 0, {})
    assert written(tmp_path, manifest) == []


def test_the_shards_of_a_run_share_out_its_samples(tmp_path: Path, put: Put) -> None:
    put(passing)
    config = making.small_config(shards=3)
    shards = [run_shard(making.context_in(tmp_path, "sample", config, shard=shard)) for shard in range(3)]
    found = [row.record.sample_id for manifest in shards for row in written(tmp_path, manifest)]
    assert [manifest.read for manifest in shards] == [4, 3, 3]
    assert len(set(found)) == 10


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "half of it": lambda text: text[: len(text) // 2],
    "nothing": lambda text: b"",
    "another count": lambda text: text.replace(b'"passed": 10', b'"passed": 9'),
    "an unknown field": lambda text: text.replace(b'"passed"', b'"past"'),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_manifest_is_not_taken_for_done(tmp_path: Path, put: Put, damage: Callable[[bytes], bytes]) -> None:
    put(passing)
    context = context_with(tmp_path)
    run_shard(context)
    path = tmp_path / "store" / manifest_uri(context.run, "sample", 0)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedError, match=r"00000\.manifest\.json is damaged .*: delete it and rerun"):
        run_shard(context_with(tmp_path))


def test_a_damaged_input_stops_the_stage(tmp_path: Path) -> None:
    rows = [Judged(record=making.sample(), verdict=PASS)]
    uri = write_shard(making.store_in(tmp_path), folder="in", shard=0, record=Sample, judged=rows)["uri"]
    path = tmp_path / "store" / uri
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match="SHA-256"):
        run_shard(making.context_in(tmp_path, "agree"), [uri])
    assert list(listing(tmp_path)) == [str(path)]


def test_a_stage_whose_input_is_missing_names_it(tmp_path: Path) -> None:
    with pytest.raises(CacoError, match=r"'agree' cannot start: runs/.*/solve/00000\.manifest\.json is not there"):
        run_shard(making.context_in(tmp_path, "agree"))
    assert listing(tmp_path) == {}


def test_a_record_keeps_one_id_from_stage_to_stage() -> None:
    assert record_id(making.sample("s")) == "s"
    assert record_id(making.seed()) == record_id(making.seed_program()) == "seed 0"
    assert record_id(Judged(record=making.sample("s"), verdict=PASS)) == "s"
    with pytest.raises(TypeError, match="a str is no record"):
        record_id("s")


def _never(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    raise AssertionError("a finished shard was worked on")


def _cut_after_first_part() -> Apply:
    calls: list[int] = []

    def cut(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
        calls.append(1)
        if len(calls) > 1:
            raise PowerCut
        return passing(records, context)

    return cut


def _by_turns(number: int) -> Verdict:
    return PASS if number % 2 else fail(Reason.NO_CODE_FOUND)


def _mixed(records: Iterable[Sample], context: Context) -> Iterator[Judged[Sample]]:
    """By the number of a sample in the run: kept, failed, unknown in turn."""
    numbers = {draw.sample_id: draw.number for draw in draws(context)}
    verdicts = (PASS, fail(Reason.NO_CODE_FOUND), unknown(Reason.ENGINE_LOST))
    for record in records:
        yield Judged(record=record, verdict=verdicts[numbers[record.sample_id] % 3])
