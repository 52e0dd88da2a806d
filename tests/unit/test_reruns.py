"""New attempts: asked for once, keep what is known, ask only for what is not, and leave the older attempt on record."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Body, Endpoint, Said, completion, fault, serving, text_of
from finished_outputs import finish_output

from caco_tasks.config import RunConfig
from caco_tasks.errors import ConfigError, ConservationError, EngineError
from caco_tasks.identity import RunKeys, read_attempts
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import PASS, JudgedRecord, Outcome, Problem, Reason, Sample, fail, unknown
from caco_tasks.reruns import ask_for_attempts
from caco_tasks.runner import find_output, make_output
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import RunOutput, manifest_uri, run_output_uri
from caco_tasks.store.shards import read_shard

SAMPLES = 5
PROBLEMS = [f"What do {number} pens cost?" for number in range(SAMPLES)]


@dataclass
class Place:
    """A run whose solver is a server that can lose some of what it is asked."""

    folder: Path
    server: Endpoint
    lost: set[str] = field(default_factory=set)  # parts of the texts that get no reply
    shards: int = 1
    part_rows: int = 100
    server_says: Callable[[Body, int], Said] | None = None  # instead of `answers`

    @property
    def config(self) -> RunConfig:
        """Five samples; the solver costs money, and nothing is tried twice within an attempt."""
        endpoint = {"base_url": self.server.base_url, "attempts": 1, "concurrency": 1, "max_error_share": 1.0}
        solver = {"engine": "openai", "model": "m", "prompt": "nano_solve.v1", "endpoint": endpoint}
        config = making.small_config(
            samples=SAMPLES, shards=self.shards, runner={"retries_of_unknown": 0, "part_rows": self.part_rows}
        )
        priced = ModelSettings.model_validate(solver | {"price": {"prompt": 1.0, "completion": 1.0}})
        return config.model_copy(update={"models": config.models | {"solver": priced}})

    @property
    def store(self) -> Store:
        return making.store_in(self.folder)

    @property
    def keys(self) -> RunKeys:
        return making.keys_in(self.folder, self.config)

    def answers(self, body: Body, times: int) -> Said:
        """A solution, or an error where the text holds a part that is lost."""
        if any(part in text_of(body) for part in self.lost):
            return fault(500)
        return completion({"text": f"It is {len(text_of(body))}.\nThe answer is \\boxed{{12}}."}, tokens=1_000_000)

    def solve(self, shard: int = 0) -> Manifest:
        """The output of `solve` that the run should have, made or found by a task of its own."""
        keys = self.keys
        context = making.context_of(keys, self.folder, "solve", shard=shard)
        with context.services:  # type: ignore[attr-defined]
            return make_output(context, keys)

    def ask(
        self, token: str = "by hand", *, stage: str = "solve", shard: int | None = None, **changes: Any
    ) -> list[int]:
        """Asks for new attempts; returns the shards that get one."""
        wanted = {"unknown_only": True} | changes
        return ask_for_attempts(self.keys.run, self.store, stage, shard=shard, token=token, **wanted)

    def asked(self) -> int:
        """How often the server was asked since this was last told."""
        count = len(self.server.asked)
        self.server.asked.clear()
        return count

    def rows(self, manifest: Manifest) -> list[JudgedRecord[Sample]]:
        return read_shard(self.store, manifest.uri, Sample, sha256=manifest.sha256)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Such a run, with the problems of one shard written."""
    with ExitStack() as stack:
        place = Place(folder=tmp_path, server=Endpoint())
        place.server = stack.enter_context(
            serving(lambda body, times: (place.server_says or place.answers)(body, times))
        )
        finish_output(place.keys, place.store, "reverse", [_posed(text) for text in PROBLEMS])
        yield place


def test_an_attempt_asks_only_for_what_is_unknown_and_keeps_the_rest_as_it_is(place: Place) -> None:
    place.lost = {"1 pens", "3 pens"}
    first = place.solve()
    assert (first.passed, first.unknown, first.reasons, first.cost_usd) == (3, 2, {"engine_lost": 2}, 3 * 3.0)
    assert place.asked() == SAMPLES
    assert place.ask() == [0]
    place.lost = set()
    second = place.solve()
    assert place.asked() == 2
    assert (second.read, second.passed, second.unknown, second.kept) == (SAMPLES, 5, 0, 3)
    assert (second.requests, second.cost_usd, second.replayed) == (2, 2 * 3.0, 0)  # the others are paid already
    assert (second.attempt, second.previous, second.keeps_known) == (1, first.key, True)
    before, now = place.rows(first), place.rows(second)
    assert [row.id for row in now] == [row.id for row in before]
    for old, new in zip(before, now, strict=True):
        assert (new == old) is (old.verdict.outcome is not Outcome.UNKNOWN)


def test_the_older_attempt_stays_and_the_run_moves_to_the_newer(place: Place) -> None:
    place.lost = {"1 pens"}
    first = place.solve()
    lying = {uri: place.store.get(uri) for uri in (first.uri, manifest_uri("solve", first.key))}
    place.ask()
    second = place.solve()
    assert find_output(place.store, "solve", first.key) == first
    assert {uri: place.store.get(uri) for uri in lying} == lying
    of_run = RunOutput.model_validate_json(place.store.get(run_output_uri(place.keys.run, "solve", 0)) or b"")
    assert (of_run.key, of_run.attempt, second.key != first.key) == (second.key, 1, True)
    place.asked()
    assert place.solve() == second
    assert place.asked() == 0


def test_what_stays_unknown_is_asked_again_by_each_attempt_and_never_replayed(place: Place) -> None:
    place.lost = {"4 pens"}
    keys = []
    for number in range(3):
        manifest = place.solve()
        assert (manifest.unknown, manifest.kept) == (1, 0 if number == 0 else 4)
        keys.append(manifest.key)
        place.ask(f"time {number}")
    assert len(set(keys)) == 3
    seeds = [body["seed"] for _, _, body in place.server.asked if "4 pens" in text_of(body)]
    assert len(set(seeds)) == 3  # another sample of the model each time
    assert len(place.server.asked) == SAMPLES + 2


def test_a_whole_attempt_asks_for_everything_anew(place: Place) -> None:
    first = place.solve()
    place.asked()
    assert place.ask(unknown_only=False) == [0]
    second = place.solve()
    assert place.asked() == SAMPLES
    assert (second.passed, second.kept, second.keeps_known, second.replayed) == (SAMPLES, 0, False, 0)
    assert second.previous == first.key
    ids = [{row.record.solution.generation.request_id for row in place.rows(one)} for one in (first, second)]  # type: ignore[union-attr]
    assert not ids[0] & ids[1]


def test_the_same_token_asks_once(place: Place) -> None:
    place.lost = {"1 pens"}
    place.solve()
    assert [place.ask("task 7, try 1"), place.ask("task 7, try 1")] == [[0], [0]]
    [attempts] = read_attempts(place.keys.run, place.store).values()
    assert [(attempt.number, attempt.token) for attempt in attempts] == [(1, "task 7, try 1")]
    place.solve()  # the row is unknown again
    assert place.ask("task 8") == [0]
    [attempts] = read_attempts(place.keys.run, place.store).values()
    assert [attempt.number for attempt in attempts] == [1, 2]
    assert attempts[1].previous == place.keys.previous("solve", 0)


def test_a_token_that_asked_before_its_attempt_was_made_still_asks_once_after(place: Place) -> None:
    place.lost = {"1 pens"}
    place.solve()
    place.ask("task 7")
    place.lost = set()
    made = place.solve()
    assert place.ask("task 7") == [0]
    assert place.solve() == made


def test_an_asking_that_was_killed_between_two_shards_is_ended_by_its_retry(tmp_path: Path) -> None:
    config = making.small_config(samples=6, shards=2)
    keys, store = making.keys_in(tmp_path, config), making.store_in(tmp_path)
    for shard in range(2):
        finish_output(keys, store, "solve", [_posed("known")], shard=shard)
    ask_for_attempts(keys.run, store, "solve", shard=0, unknown_only=False, token="t")
    assert ask_for_attempts(keys.run, store, "solve", shard=None, unknown_only=False, token="t") == [0, 1]
    assert {place: len(found) for place, found in read_attempts(keys.run, store).items()} == {
        ("solve", 0): 1,
        ("solve", 1): 1,
    }


def test_an_output_without_an_unknown_row_gets_no_attempt(place: Place) -> None:
    first = place.solve()
    assert place.ask() == []
    assert read_attempts(place.keys.run, place.store) == {}
    assert place.solve() == first


def test_of_all_shards_those_with_unknown_rows_get_an_attempt(tmp_path: Path) -> None:
    keys = making.keys_in(tmp_path, making.small_config(samples=6, shards=3))
    store = making.store_in(tmp_path)
    for shard in range(3):
        last = unknown(Reason.ENGINE_LOST) if shard == 1 else fail(Reason.CUT_OFF)
        rows = [_posed("known"), JudgedRecord(record=making.sample("last"), verdict=last)]
        finish_output(keys, store, "solve", rows, shard=shard)
    assert ask_for_attempts(keys.run, store, "solve", shard=None, unknown_only=True, token="t") == [1]
    now = making.keys_in(tmp_path, making.small_config(samples=6, shards=3))
    assert [now.attempt("solve", shard) for shard in range(3)] == [0, 1, 0]


def test_an_attempt_changes_the_keys_of_its_shard_from_there_on(tmp_path: Path) -> None:
    config = making.small_config(samples=6, shards=2)
    before, store = making.keys_in(tmp_path, config), making.store_in(tmp_path)
    finish_output(before, store, "solve", [JudgedRecord(record=making.sample(), verdict=unknown(Reason.ENGINE_LOST))])
    ask_for_attempts(before.run, store, "solve", shard=0, unknown_only=True, token="t")
    now = making.keys_in(tmp_path, config)
    changed = [
        (stage, shard)
        for stage in ("sample", "reverse", "solve", "agree", "judge", "decontaminate")
        for shard in range(2)
        if before.key(stage, shard) != now.key(stage, shard)
    ]
    assert changed == [("solve", 0), ("agree", 0), ("judge", 0), ("decontaminate", 0)]
    assert before.key("publish", 0) != now.key("publish", 0)
    assert now.previous("solve", 0) == before.key("solve", 0)
    assert now.draw == before.draw


def test_a_stage_after_an_attempt_is_asked_only_about_what_is_new(place: Place) -> None:
    first = place.solve()
    ask_for_attempts(place.keys.run, place.store, "reverse", shard=0, unknown_only=False, token="other problems")
    finish_output(place.keys, place.store, "reverse", [_posed(text) for text in [*PROBLEMS[1:], "And what else?"]])
    place.asked()
    second = place.solve()
    assert (second.key != first.key, second.attempt, second.previous) == (True, 0, None)
    assert place.asked() == 1
    assert (second.replayed, second.cost_usd) == (SAMPLES - 1, 3.0)


def test_an_attempt_over_other_inputs_takes_no_old_verdict(place: Place) -> None:
    place.lost = {"1 pens"}
    place.solve()
    place.ask()
    ask_for_attempts(place.keys.run, place.store, "reverse", shard=0, unknown_only=False, token="other problems")
    finish_output(place.keys, place.store, "reverse", [_posed(f"{text} And why?") for text in PROBLEMS])
    place.lost = set()
    place.asked()
    manifest = place.solve()
    assert (manifest.kept, manifest.passed) == (0, SAMPLES)
    assert place.asked() == SAMPLES


def test_a_killed_attempt_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lost = {"1 pens", "3 pens"}
    place.solve()
    place.ask()
    place.lost = set()
    place.asked()
    with monkeypatch.context() as patch:
        patch.setattr("caco_tasks.runner.write_rows", _power_cut)
        with pytest.raises(ConservationError, match="the power"):
            place.solve()
    assert place.asked() == 2
    assert (place.solve().passed, place.asked()) == (SAMPLES, 0)  # the replies were kept, though no row was


def test_an_attempt_that_was_killed_between_two_parts_keeps_and_pays_the_same(place: Place) -> None:
    place.part_rows = 2
    place.lost = {"0 pens", "3 pens"}
    place.solve()
    place.ask()
    place.lost = {"3 pens"}
    seen: list[str] = []

    def answers_once(body: Body, times: int) -> Said:
        seen.append(text_of(body))
        return fault(401) if "3 pens" in text_of(body) else place.answers(body, times)

    place.server_says = answers_once
    with pytest.raises(EngineError):
        place.solve()  # the first part is finished
    place.server_says, place.lost = None, set()
    manifest = place.solve()
    assert len(seen) == 2
    assert (manifest.kept, manifest.requests, manifest.cost_usd) == (3, 2, 2 * 3.0)


WRONG = {
    "a stage that there is none": ({"stage": "solves"}, "A run of 'nightly' has no stage 'solves'"),
    "a shard that there is none": (
        {"shard": 1},
        "The stage 'solve' of this run has no shard 1: they are counted from 0",
    ),
    "an output that is not there": (
        {"stage": "agree"},
        "The output of 'agree', shard 0, is not finished: .* run the stage",
    ),
}


@pytest.mark.parametrize(("wanted", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_tried_again_is_named(place: Place, wanted: dict[str, Any], said: str) -> None:
    place.solve()
    with pytest.raises(ConfigError, match=said):
        place.ask(**wanted)
    assert read_attempts(place.keys.run, place.store) == {}


def test_a_foreign_object_among_the_attempts_is_passed_over(place: Place) -> None:
    run = place.keys.run
    place.store.put(f"runs/{run.partition}/{run.run_id}/attempts/solve/notes.txt", b"mine")
    assert place.keys.attempt("solve", 0) == 0


def _posed(text: str) -> JudgedRecord[Sample]:
    sample = making.sample(text, solution=None, judgement=None)
    problem = Problem(text=text, generation=making.generation("reverser"))
    return JudgedRecord(record=replace(sample, problem=problem), verdict=PASS)


def _power_cut(*_: Any, judged: Any, **__: Any) -> Any:
    list(judged)
    raise ConservationError("the power went away")
