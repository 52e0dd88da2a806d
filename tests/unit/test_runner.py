"""The runner over a real store in a folder: done is left alone, killed goes on, and no record is lost, doubled or invented.

Stages are replaced by plain functions at the place where the runner looks them up: `caco_tasks.stages.sample`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import making
import pytest
from finished_outputs import finish_output

import caco_tasks.stages.agree as agree_stage
import caco_tasks.stages.sample as sample_stage
from caco_tasks import runner
from caco_tasks.context import Context
from caco_tasks.errors import ConservationError, DamagedError, StoreError
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import find_stage
from caco_tasks.records import PASS, JudgedRecord, PublishedRow, Reason, Sample, Verdict, fail, unknown
from caco_tasks.runner import find_output, make_output
from caco_tasks.store import Manifest
from caco_tasks.store.manifest import RunOutput, manifest_uri, run_output_uri
from caco_tasks.store.shards import read_shard

Apply = Callable[[Iterable[Sample], Context], Iterator[JudgedRecord[Sample]]]
Source = Callable[[Context], Iterable[Sample]]

draws = sample_stage.records


class PowerCut(Exception):
    """The machine went away."""


def samples(context: Context) -> Iterator[Sample]:
    """As many samples as the config asks for."""
    return (making.sample(draw.sample_id, index=draw.index) for draw in draws(context))


def passing(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """Keeps every sample."""
    return (JudgedRecord(record=record, verdict=PASS) for record in records)


class Put:
    """Makes a generator the stage `sample`, over the records of another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, apply: Apply, source: Source = samples) -> None:
        self._monkeypatch.setattr(sample_stage, "sample", apply)
        self._monkeypatch.setattr(sample_stage, "records", source)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """The way to put such a stage."""
    return Put(monkeypatch)


def keys_with(folder: Path, **settings: Any) -> RunKeys:
    """The keys of a run over ten samples, in parts of four."""
    return making.keys_in(folder, making.small_config(runner={"part_rows": 4, "retries_of_unknown": 1} | settings))


def context_with(folder: Path, **settings: Any) -> Context:
    """A task of its stage `sample`."""
    return making.context_of(keys_with(folder, **settings), folder, "sample")


def made(
    folder: Path, stage: str = "sample", *, shard: int = 0, keys: RunKeys | None = None, **settings: Any
) -> Manifest:
    """The output of a stage of that run, or of another one, made or found by a task of its own."""
    keys = keys or keys_with(folder, **settings)
    return make_output(making.context_of(keys, folder, stage, shard=shard), keys)


def listing(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below a folder, with the time of its last change and its hash."""
    return {
        str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def written(folder: Path, manifest: Manifest) -> list[JudgedRecord[Sample]]:
    """What the runner wrote."""
    return read_shard(making.store_in(folder), manifest.uri, Sample, sha256=manifest.sha256)


def test_a_finished_output_is_left_as_it_is(tmp_path: Path, put: Put) -> None:
    put(passing)
    first = made(tmp_path)
    before = listing(tmp_path)
    put(_never)
    assert made(tmp_path) == first
    assert listing(tmp_path) == before
    assert len(before) == 3  # rows, manifest, and that the run consists of them


def test_the_real_stage_agree_is_counted_and_run_twice_writes_nothing(tmp_path: Path) -> None:
    false = making.solution("3 × 4 = 13, so 2 + 10 = 12.\nThe answer is \\boxed{12}.")
    wrong = making.solution(answer="13")
    solutions = {"right": making.solution(), "wrong": wrong, "none": None, "false": false}
    rows = [JudgedRecord(record=making.sample(name, solution=found), verdict=PASS) for name, found in solutions.items()]
    rejected = JudgedRecord(record=making.sample("rejected before"), verdict=fail(Reason.CUT_OFF))
    keys = making.keys_in(tmp_path)
    before = finish_output(keys, making.store_in(tmp_path), "solve", [*rows, rejected])
    manifest = made(tmp_path, "agree", keys=keys)
    assert (manifest.read, manifest.passed, manifest.failed, manifest.unknown) == (4, 1, 3, 0)
    assert manifest.reasons == {"answers_differ": 1, "false_equation": 1, "no_final_answer": 1}
    assert manifest.inputs == (before.key,)
    assert manifest.recipe == keys.recipe(find_stage("nightly", "agree"))
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == list(solutions)
    lying = listing(tmp_path)
    assert made(tmp_path, "agree", keys=keys) == manifest
    assert listing(tmp_path) == lying


def test_an_output_that_another_run_made_is_taken_and_the_run_says_so(tmp_path: Path, put: Put) -> None:
    put(passing)
    first = made(tmp_path)
    put(_never)
    longer = making.small_config(judge={"times": 3}, runner={"part_rows": 4})
    other = making.context_in(tmp_path, "sample", longer)
    assert make_output(other, making.keys_in(tmp_path, longer)) == first
    assert other.run.run_id != first.run_id
    store = making.store_in(tmp_path)
    mine, theirs = (
        RunOutput.model_validate_json(store.get(run_output_uri(context.run, "sample", 0)) or b"")
        for context in (context_with(tmp_path), other)
    )
    assert (mine.key, mine.is_reused) == (first.key, False)
    assert (theirs.key, theirs.is_reused, theirs.run_id) == (first.key, True, other.run.run_id)


def test_a_killed_shard_goes_on_from_its_last_finished_part(tmp_path: Path, put: Put) -> None:
    seen: list[list[str]] = []

    def cut(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        records = list(records)
        seen.append(making.ids_of(records))
        if len(seen) == 2:
            raise PowerCut
        return passing(records, context)

    put(cut)
    everything = making.ids_of(list(samples(context_with(tmp_path))))
    with pytest.raises(PowerCut):
        made(tmp_path)
    assert [Path(path).parent.name for path in listing(tmp_path)] == ["parts"]
    manifest = made(tmp_path)
    assert seen == [everything[:4], everything[4:8], everything[4:8], everything[8:]]
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == everything
    assert [uri for uri in making.store_in(tmp_path).list("outputs") if "/parts/" in uri] == []


def test_what_a_stage_said_of_itself_outlives_the_attempt_that_finished_its_parts(tmp_path: Path, put: Put) -> None:
    calls: list[int] = []

    def executing(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        calls.append(1)
        if len(calls) == 3:
            raise PowerCut
        context.facts.update(sandbox_version="3-python", artifacts={"benchmark_index": "b"})
        return passing(records, context)

    put(executing)
    with pytest.raises(PowerCut):
        made(tmp_path)
    put(passing)  # what is left of the shard says nothing of a sandbox
    manifest = made(tmp_path)
    assert (manifest.sandbox_version, manifest.artifacts) == ("3-python", {"benchmark_index": "b"})


def test_an_output_that_another_attempt_finished_under_this_one_is_taken(tmp_path: Path, put: Put) -> None:
    calls: list[int] = []

    def overtaken(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        calls.append(1)
        if len(calls) == 1:
            made(tmp_path)
            raise StoreError("There is no part any more.")  # as where it was listed before the other removed it
        return passing(records, context)

    put(overtaken)
    manifest = made(tmp_path)
    assert (manifest.passed, len(calls)) == (10, 4)


def test_a_part_of_other_code_is_made_anew(tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put(_cut_after_first_part())
    with pytest.raises(PowerCut):
        made(tmp_path)
    monkeypatch.setattr(runner, "code_version", lambda: "0.1.0+gmended")
    put(_rejecting)  # what the mended code says
    manifest = made(tmp_path)
    assert (manifest.failed, manifest.code_version) == (10, "0.1.0+gmended")


def test_killed_or_not_the_shard_is_the_same(tmp_path: Path, put: Put) -> None:
    calls: list[int] = []

    def cut(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        calls.append(1)
        if len(calls) == 3:
            raise PowerCut
        return passing(records, context)

    put(cut)
    with pytest.raises(PowerCut):
        made(tmp_path / "killed")
    killed = made(tmp_path / "killed")
    put(passing)
    whole = made(tmp_path / "whole")
    assert (killed.uri, killed.sha256, killed.rows) == (whole.uri, whole.sha256, whole.rows)


def test_a_part_of_other_records_is_not_taken_for_this_one(tmp_path: Path, put: Put) -> None:
    put(_cut_after_first_part())
    with pytest.raises(PowerCut):
        made(tmp_path)
    put(passing, lambda context: [*samples(context)][::-1])
    expected = making.ids_of([*samples(context_with(tmp_path))][::-1])
    assert [row.record.sample_id for row in written(tmp_path, made(tmp_path))] == expected


def test_a_part_of_rows_that_were_made_again_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, store, names = keys_with(tmp_path), making.store_in(tmp_path), [f"s{number}" for number in range(10)]

    def make_input(answer: str) -> None:
        rows = [making.sample(name, solution=making.solution(answer=answer)) for name in names]
        finish_output(keys, store, "solve", [JudgedRecord(record=row, verdict=PASS) for row in rows])

    make_input("12")
    monkeypatch.setattr(agree_stage, "agree", _cut_after_first_part())
    with pytest.raises(PowerCut):
        made(tmp_path, "agree", keys=keys)
    store.delete(manifest_uri("solve", keys.key("solve", 0)))
    make_input("13")
    monkeypatch.setattr(agree_stage, "agree", passing)
    found = written(tmp_path, made(tmp_path, "agree", keys=keys))
    assert {row.record.solution.answer for row in found if row.record.solution} == {"13"}


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_only_what_is_unknown_is_tried_again_and_so_often(tmp_path: Path, put: Put, retries: int) -> None:
    tries: Counter[str] = Counter()

    def unsure(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        for number, record in enumerate(records):
            tries[record.sample_id] += 1
            is_lost = record.sample_id in lost
            yield JudgedRecord(record=record, verdict=unknown(Reason.ENGINE_LOST) if is_lost else _by_turns(number))

    put(unsure)
    context = context_with(tmp_path, retries_of_unknown=retries)
    lost = set(making.ids_of(list(samples(context)))[::3])
    manifest = made(tmp_path, retries_of_unknown=retries)
    assert tries == Counter({one: 1 + retries if one in lost else 1 for one in making.ids_of(list(samples(context)))})
    assert (manifest.unknown, manifest.reasons["engine_lost"]) == (len(lost), len(lost))


def test_what_is_known_at_the_second_try_counts_and_keeps_its_place(tmp_path: Path, put: Put) -> None:
    tries: Counter[str] = Counter()

    def late(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        for record in records:
            tries[record.sample_id] += 1
            yield JudgedRecord(
                record=record, verdict=PASS if tries[record.sample_id] == 2 else unknown(Reason.SANDBOX_LOST)
            )

    put(late)
    context = context_with(tmp_path)
    manifest = made(tmp_path)
    assert (manifest.read, manifest.passed, manifest.unknown) == (10, 10, 0)
    assert [row.record.sample_id for row in written(tmp_path, manifest)] == making.ids_of(list(samples(context)))


def _lose(rows: list[JudgedRecord[Sample]]) -> list[JudgedRecord[Sample]]:
    return rows[:-1]


def _double(rows: list[JudgedRecord[Sample]]) -> list[JudgedRecord[Sample]]:
    return [*rows, rows[0]]


def _invent(rows: list[JudgedRecord[Sample]]) -> list[JudgedRecord[Sample]]:
    return [*rows, JudgedRecord(record=making.sample("nobody's"), verdict=PASS)]


def _exchange(rows: list[JudgedRecord[Sample]]) -> list[JudgedRecord[Sample]]:
    return [*rows[:-1], JudgedRecord(record=making.sample("nobody's"), verdict=PASS)]


def _replace_by_copy(rows: list[JudgedRecord[Sample]]) -> list[JudgedRecord[Sample]]:
    return [*rows[:-1], rows[0]]


UNSOUND = {
    "one lost": (_lose, "1 lost, 0 invented"),
    "one doubled": (_double, "0 lost, 1 invented"),
    "one invented": (_invent, "0 lost, 1 invented"),
    "one exchanged": (_exchange, "1 lost, 1 invented"),
    "one lost behind a double": (_replace_by_copy, "1 lost, 1 invented"),
}


@pytest.mark.parametrize(("spoil", "said"), UNSOUND.values(), ids=UNSOUND)
def test_a_stage_that_does_not_conserve_writes_nothing(
    tmp_path: Path, put: Put, spoil: Callable[[list[JudgedRecord[Sample]]], list[JudgedRecord[Sample]]], said: str
) -> None:
    put(lambda records, context: iter(spoil(list(passing(records, context)))))
    said = f"'sample', shard 0: 10 records read, {said} or judged twice, 0 read twice; nothing was written"
    with pytest.raises(ConservationError, match=said):
        made(tmp_path, part_rows=256)
    assert listing(tmp_path) == {}


@pytest.mark.parametrize(("spoil", "said"), UNSOUND.values(), ids=UNSOUND)
def test_a_stage_that_gathers_and_does_not_conserve_is_no_output_either(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[list[JudgedRecord[Sample]]], list[JudgedRecord[Sample]]],
    said: str,
) -> None:
    def gather(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[PublishedRow]]:
        for row in spoil([JudgedRecord(record=record, verdict=PASS) for record in records]):
            yield JudgedRecord(record=_published(row), verdict=PASS)

    monkeypatch.setattr("caco_tasks.stages.publish.publish", gather)
    keys = making.keys_in(tmp_path, making.small_config(shards=2))
    for shard in range(2):
        rows = [JudgedRecord(record=making.sample(f"s{shard}-{n}"), verdict=PASS) for n in range(5)]
        finish_output(keys, making.store_in(tmp_path), "decontaminate", rows, shard=shard)
    with pytest.raises(ConservationError, match=f"'publish', shard 0: 10 records read, {said} or judged twice"):
        made(tmp_path, "publish", keys=keys)
    assert find_output(making.store_in(tmp_path), "publish", keys.key("publish", 0)) is None


def test_two_records_of_one_id_are_refused(tmp_path: Path, put: Put) -> None:
    put(passing, lambda context: [making.sample("twin"), making.sample("twin")])
    with pytest.raises(ConservationError, match="1 read twice"):
        made(tmp_path)
    assert listing(tmp_path) == {}


def test_the_manifest_counts_reasons_models_and_tokens(tmp_path: Path, put: Put) -> None:
    put(_mixed)
    context = context_with(tmp_path)
    context.facts["sandbox_version"] = "7"
    manifest = make_output(context, keys_with(tmp_path))
    assert (manifest.read, manifest.passed, manifest.failed, manifest.unknown) == (10, 4, 3, 3)
    assert manifest.reasons == {"engine_lost": 3, "no_code_found": 3}
    assert (manifest.models, manifest.prompts, manifest.requests) == (("codegen@1",), ("nano_codegen.v1",), 10)
    assert (manifest.prompt_tokens, manifest.completion_tokens, manifest.sandbox_version) == (50, 70, "7")
    data = making.store_in(tmp_path).get(manifest.uri) or b""
    assert (manifest.rows, manifest.bytes, manifest.sha256) == (10, len(data), hashlib.sha256(data).hexdigest())
    stored = Path(tmp_path / "store" / manifest_uri("sample", context.key)).read_text(encoding="utf-8")
    assert Manifest.model_validate_json(stored) == manifest


def test_a_shard_without_records_is_finished_too(tmp_path: Path, put: Put) -> None:
    put(passing, lambda context: ())
    manifest = made(tmp_path)
    assert (manifest.read, manifest.rows, manifest.reasons) == (0, 0, {})
    assert written(tmp_path, manifest) == []


def test_the_shards_of_a_run_share_out_its_samples(tmp_path: Path, put: Put) -> None:
    put(passing)
    keys = making.keys_in(tmp_path, making.small_config(shards=3))
    shards = [made(tmp_path, shard=shard, keys=keys) for shard in range(3)]
    found = [row.record for manifest in shards for row in written(tmp_path, manifest)]
    assert [manifest.read for manifest in shards] == [4, 4, 2]
    assert [record.index for record in found] == list(range(10))
    assert len({record.sample_id for record in found}) == 10


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "half of it": (lambda text: text[: len(text) // 2], "the whole: Invalid JSON"),
    "nothing": (lambda text: b"", "the whole: Invalid JSON"),
    "another count": (lambda text: text.replace(b'"passed": 10', b'"passed": 9'), r"read 10 is not passed \+ failed"),
    "a field under another name": (lambda text: text.replace(b'"passed"', b'"past"'), "passed: Field required"),
    "reasons of nothing": (lambda text: text.replace(b'"reasons": {}', b'"reasons": {"time": 1}'), "do not add up"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_manifest_is_not_taken_for_done(
    tmp_path: Path, put: Put, damage: Callable[[bytes], bytes], said: str
) -> None:
    path = _path_of_a_manifest(tmp_path, put)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedError, match=rf"manifest\.json is damaged \(.*{said}.*\): restore it, or delete it and"):
        made(tmp_path)


def test_a_manifest_that_is_not_of_its_key_is_named(tmp_path: Path, put: Put) -> None:
    path = _path_of_a_manifest(tmp_path, put)
    path.write_bytes(path.read_bytes().replace(b'"stop": 10', b'"stop": 11'))
    with pytest.raises(
        DamagedError, match=r"manifest\.json does not match its key: what it says has the key .*Delete it"
    ):
        made(tmp_path)


def test_a_manifest_of_another_output_is_named(tmp_path: Path, put: Put) -> None:
    path = _path_of_a_manifest(tmp_path, put)
    keys = making.keys_in(tmp_path, making.small_config(shards=2))
    theirs = manifest_uri("sample", made(tmp_path, shard=1, keys=keys).key)
    path.write_bytes(making.store_in(tmp_path).get(theirs) or b"")
    with pytest.raises(DamagedError, match="is the manifest of another output"):
        made(tmp_path)


def test_a_field_that_this_version_does_not_know_is_passed_over(tmp_path: Path, put: Put) -> None:
    first = made_once(tmp_path, put)
    path = tmp_path / "store" / manifest_uri("sample", first.key)
    path.write_bytes(path.read_bytes().replace(b"{", b'{"of_a_later_version": [1],', 1))
    assert made(tmp_path) == first


def test_a_damaged_input_stops_the_stage(tmp_path: Path) -> None:
    keys = making.keys_in(tmp_path)
    rows = [JudgedRecord(record=making.sample(), verdict=PASS)]
    path = tmp_path / "store" / finish_output(keys, making.store_in(tmp_path), "solve", rows).uri
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match="SHA-256"):
        made(tmp_path, "agree", keys=keys)
    assert len(listing(tmp_path)) == 2  # the input alone


def test_a_stage_whose_input_is_missing_names_it(tmp_path: Path) -> None:
    keys = making.keys_in(tmp_path)
    missing = keys.key("solve", 0)[:12]
    with pytest.raises(
        ConservationError, match=f"'agree' cannot start: the output {missing} of 'solve' is not there; run"
    ):
        made(tmp_path, "agree", keys=keys)
    assert listing(tmp_path) == {}


def test_a_record_keeps_one_id_from_stage_to_stage() -> None:
    assert making.sample("s").id == JudgedRecord(record=making.sample("s"), verdict=PASS).id == "s"
    assert making.seed().id == making.seed_program().id == "seed 0"


def made_once(folder: Path, put: Put) -> Manifest:
    """The output of a stage that passes all, made."""
    put(passing)
    return made(folder)


def _path_of_a_manifest(folder: Path, put: Put) -> Path:
    return folder / "store" / manifest_uri("sample", made_once(folder, put).key)


def _published(row: JudgedRecord[Sample]) -> PublishedRow:
    return PublishedRow(sample_id=row.record.sample_id, file="train-00000-of-00001.parquet", row=0)


def _rejecting(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    return (JudgedRecord(record=record, verdict=fail(Reason.NO_CODE_FOUND)) for record in records)


def _never(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    raise AssertionError("a finished shard was worked on")


def _cut_after_first_part() -> Apply:
    calls: list[int] = []

    def cut(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
        calls.append(1)
        if len(calls) > 1:
            raise PowerCut
        return passing(records, context)

    return cut


def _by_turns(number: int) -> Verdict:
    return PASS if number % 2 else fail(Reason.NO_CODE_FOUND)


def _mixed(records: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """By the number of a sample in its draw: kept, failed, unknown in turn."""
    numbers = {draw.sample_id: draw.index for draw in draws(context)}
    verdicts = (PASS, fail(Reason.NO_CODE_FOUND), unknown(Reason.ENGINE_LOST))
    for record in records:
        yield JudgedRecord(record=record, verdict=verdicts[numbers[record.sample_id] % 3])
