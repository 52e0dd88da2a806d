"""Cached replies: asked for once, found again by retries, reruns and other runs, and never made of nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Body, Endpoint, Said, completion, echo, fault, serving, text_of
from finished_outputs import finish_output
from pyarrow.parquet import read_table

from caco_tasks.config import RunConfig
from caco_tasks.errors import DamagedError, EngineError
from caco_tasks.llm import Prompt, Reply, Request
from caco_tasks.llm.llm import make_request, open_llm
from caco_tasks.llm.reply_cache import CachingLlm, ReplyCache, SharedEngine
from caco_tasks.model_settings import ModelSettings, PriceSettings
from caco_tasks.records import PASS, JudgedRecord, Sample
from caco_tasks.runner import make_output
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import manifest_uri
from caco_tasks.store.shards import read_shard

PROMPT = Prompt(name="raw.v1", system=None, text="$problem", is_chat=False)
PRICE = PriceSettings(prompt=2.0, completion=10.0)


def settings_for(server: Endpoint, **changes: Any) -> ModelSettings:
    """A model behind `server`, which is asked one request at a time."""
    endpoint = {"base_url": server.base_url, "concurrency": 1, "attempts": 1}
    return ModelSettings.model_validate(
        {"engine": "openai", "model": "m", "prompt": "raw.v1", "endpoint": endpoint} | changes
    )


@dataclass
class Place:
    """A store, a server, and tasks that ask it."""

    store: Store
    server: Endpoint
    answers: Callable[[Body, int], Said] = echo

    def task(self, key: str = "output", *, rows: int = 3, namespace: str = "2026-01-02", **changes: Any) -> "Task":
        """A task that makes the output of a key."""
        settings = settings_for(self.server, **changes)
        replies = ReplyCache(self.store, model_id="org/m@1", namespace=namespace, engine="openai", rows=rows)
        engine = SharedEngine(lambda: open_llm(settings, folder="m", model_id="org/m@1"))
        llm = CachingLlm(engine, replies, model_id="org/m@1", key=key, price=PRICE)
        return Task(llm=llm, replies=replies, settings=settings)

    def asked(self) -> list[str]:
        """The texts that the server was asked, in order; they are forgotten."""
        asked = [text_of(body) for _, _, body in self.server.asked]
        self.server.asked.clear()
        return asked


@dataclass
class Task:
    """A task under way."""

    llm: CachingLlm
    replies: ReplyCache
    settings: ModelSettings

    def requests(self, *texts: str) -> list[Request]:
        return [make_request(PROMPT, self.settings, model_id="org/m@1", values={"problem": text}) for text in texts]

    def ask(self, *texts: str) -> list[Reply]:
        return self.llm.generate(self.requests(*texts))

    def ends(self) -> None:
        self.replies.write_index()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty store and a server that says again what it is asked."""
    with ExitStack() as stack:
        place = Place(store=making.store_in(tmp_path), server=Endpoint())
        place.server = stack.enter_context(serving(lambda body, times: place.answers(body, times)))
        yield place


TEXTS = tuple(f"problem {number}" for number in range(7))


def words(replies: list[Reply]) -> list[str]:
    return [reply.text for reply in replies]


def test_a_rerun_replays_what_was_said_with_its_tokens_and_seconds_and_asks_nothing(place: Place) -> None:
    first = place.task()
    said = first.ask(*TEXTS)
    first.ends()
    assert (words(said), len(place.asked())) == (list(TEXTS), 7)
    assert place.task().ask(*TEXTS) == said
    assert place.asked() == []


def test_a_killed_task_loses_only_what_was_not_kept_yet(place: Place) -> None:
    def goes_down(body: Body, times: int) -> Said:
        return echo(body) if len(place.server.asked) <= 5 else fault(401)

    place.answers = goes_down
    killed, texts = place.task(rows=2), [f"problem {number}" for number in range(40)]
    with pytest.raises(EngineError):  # at the twentieth refusal
        killed.ask(*texts)
    # killed: it never came to write its index
    place.asked()
    place.answers = echo
    assert words(place.task().ask(*texts)) == texts
    assert place.asked() == texts[5:]


def test_another_grouping_of_the_requests_finds_them_through_the_index(place: Place) -> None:
    first = place.task()
    first.ask(*TEXTS)
    first.ends()
    place.asked()
    other = place.task("another output")
    assert words(other.ask("new", TEXTS[6], TEXTS[1])) == ["new", TEXTS[6], TEXTS[1]]
    assert words(other.ask(TEXTS[3], "new")) == [TEXTS[3], "new"]
    assert place.asked() == ["new"]


def test_what_other_tools_leave_among_the_replies_is_passed_over(place: Place) -> None:
    for is_indexed in (False, True):
        task = place.task()
        task.ask(*TEXTS)
        if is_indexed:
            task.ends()
        for folder in {key.rpartition("/")[0] for key in place.store.list("replies")}:
            place.store.put(f"{folder}/.DS_Store", b"")
    place.asked()
    assert words(place.task().ask(*TEXTS)) == list(TEXTS)
    assert place.asked() == []


def test_what_a_killed_task_kept_is_in_the_index_of_the_task_that_went_on(place: Place) -> None:
    place.task().ask(*TEXTS)  # killed before its end
    second = place.task()
    second.ask(*TEXTS)
    second.ends()
    place.asked()
    assert words(place.task("another output").ask(*reversed(TEXTS))) == list(reversed(TEXTS))
    assert place.asked() == []


def test_an_output_pays_for_what_it_asked_first_and_for_nothing_twice(place: Place) -> None:
    first = place.task("first")
    [paid] = first.ask("12345")
    first.ends()
    assert (paid.generation.cost_usd, paid.generation.is_replayed) == ((5 * 2 + 10 * 10) / 1e6, False)
    [again] = place.task("first").ask("12345")
    assert again == paid
    [replayed] = place.task("second").ask("12345")
    assert (replayed.generation.cost_usd, replayed.generation.is_replayed) == (0.0, True)
    assert (replayed.generation.prompt_tokens, replayed.generation.completion_tokens) == (5, 10)


def test_equal_requests_are_asked_once_and_paid_once(place: Place) -> None:
    replies = place.task().ask("a", "b", "a", "a")
    assert (words(replies), place.asked()) == (["a", "b", "a", "a"], ["a", "b"])
    assert [reply.generation.is_replayed for reply in replies] == [False, False, True, True]
    assert [reply.generation.cost_usd > 0 for reply in replies] == [True, True, False, False]


def test_a_lost_reply_is_not_kept_and_asked_for_again(place: Place) -> None:
    place.answers = lambda body, times: fault(500) if text_of(body) == TEXTS[2] else echo(body)
    first = place.task()
    lost = first.ask(*TEXTS)
    first.ends()
    assert [reply.error is None for reply in lost] == [text != TEXTS[2] for text in TEXTS]
    place.asked()
    place.answers = echo
    assert words(place.task().ask(*TEXTS)) == list(TEXTS)
    assert place.asked() == [TEXTS[2]]


def test_a_reply_that_was_cut_off_is_replayed_as_cut_off(place: Place) -> None:
    place.answers = lambda body, times: completion({"text": "half a"}, finish_reason="length")
    place.task().ask("x")
    place.answers = echo
    [reply] = place.task().ask("x")
    assert (reply.text, reply.generation.finish_reason, reply.error) == ("half a", "length", None)


def test_logprobs_are_kept_with_the_reply_and_a_reply_without_is_another(place: Place) -> None:
    spoken = {"text": "a", "logprobs": {"token_logprobs": [-0.5, -1.25]}}
    place.answers = lambda body, times: completion(spoken)
    assert place.task().ask("x")[0].logprobs is None
    assert [place.task(logprobs=True).ask("x")[0].logprobs for _ in range(2)] == [(-0.5, -1.25)] * 2
    assert len(place.asked()) == 2


def test_another_namespace_knows_nothing_of_it(place: Place) -> None:
    for namespace in ("2026-01-02", "2026-01-03"):
        task = place.task(namespace=namespace)
        task.ask("x")
        task.ends()
    assert place.asked() == ["x", "x"]


def test_replies_lie_together_and_not_one_by_one(place: Place) -> None:
    task = place.task(rows=3)
    task.ask(*TEXTS)
    task.ends()
    keys = place.store.list("replies/org-m@1/2026-01-02")
    assert len([key for key in keys if "/index/" not in key]) == 3
    assert len(keys) == 4


@pytest.mark.parametrize("which", ["index", "batch"])
def test_damage_is_named_with_its_remedy(place: Place, which: str) -> None:
    task = place.task(rows=100)
    task.ask(*TEXTS)
    task.ends()
    key = next(key for key in place.store.list("replies") if ("/index/" in key) == (which == "index"))
    place.store.put(key, b"PAR1 and nothing")
    with pytest.raises(DamagedError, match=rf"^The replies in {key} are damaged: delete it, and what it held is asked"):
        place.task().ask(*TEXTS)
    place.store.delete(key)
    assert words(place.task().ask(*TEXTS)) == list(TEXTS)


def test_a_model_is_not_loaded_for_what_is_known(place: Place) -> None:
    task = place.task()
    task.ask("x")

    def never() -> Any:
        raise AssertionError("the model was loaded")

    llm = CachingLlm(SharedEngine(never), task.replies, model_id="org/m@1", key="output", price=PRICE)
    assert words(llm.generate(task.requests("x"))) == ["x"]
    assert llm.generate([]) == []


def test_a_model_that_made_room_for_another_is_loaded_again_when_it_is_asked(place: Place) -> None:
    task, loads = place.task(), []

    def load() -> Any:
        loads.append(len(loads))
        return open_llm(task.settings, folder="m", model_id="org/m@1")

    engine = SharedEngine(load)
    llm = CachingLlm(engine, task.replies, model_id="org/m@1", key="output", price=PRICE)
    engine.unload()
    assert words(llm.generate(task.requests("a"))) == ["a"]
    assert words(llm.generate(task.requests("b"))) == ["b"]
    engine.unload()
    assert words(llm.generate(task.requests("b", "c"))) == ["b", "c"]
    assert loads == [0, 1]


def test_two_outputs_of_a_task_share_an_engine_and_pay_for_their_own(place: Place) -> None:
    task, loads = place.task(), []

    def load() -> Any:
        loads.append(1)
        return open_llm(task.settings, folder="m", model_id="org/m@1")

    engine = SharedEngine(load)
    one, other = (
        CachingLlm(engine, task.replies, model_id="org/m@1", key=key, price=PRICE) for key in ("one", "other")
    )
    paid = [llm.generate(task.requests(*texts)) for llm, texts in ((one, "ab"), (other, "bc"))]
    assert [[reply.generation.is_replayed for reply in replies] for replies in paid] == [[False, False], [True, False]]
    assert len(loads) == 1


def test_what_is_cached_can_be_looked_up_without_a_model(place: Place) -> None:
    task = place.task()
    task.ask("a", "b")
    place.asked()
    requests = task.requests("a", "b", "new")
    found = task.llm.cached(requests)
    assert [found[request.request_id].text for request in requests[:2]] == ["a", "b"]
    assert requests[2].request_id not in found
    assert place.asked() == []


def judging(server: Endpoint, **runner: int) -> RunConfig:
    """Settings whose judge is the model behind `server`, at temperature 0, for money."""
    config = making.small_config(runner={"retries_of_unknown": 2} | runner, judge={"evidence": True})
    judge = settings_for(server, prompt="nano_judge.v1", price={"prompt": 1.0, "completion": 1.0})
    return config.model_copy(update={"models": config.models | {"judge": judge}})


def judged(folder: Path, config: RunConfig) -> Manifest:
    """The output of the judge over what `agree` has passed, made by a task of its own."""
    keys = making.keys_in(folder, config)
    context = making.context_of(keys, folder, "judge")
    with context.services:  # type: ignore[attr-defined]
        return make_output(context, keys)


def test_a_judge_who_says_nothing_usable_is_asked_for_another_sample(place: Place, tmp_path: Path) -> None:
    place.answers = lambda body, times: completion({"text": "perhaps" if times < 2 else "3=3"}, tokens=1_000_000)
    config = judging(place.server)
    rows = [JudgedRecord(record=making.sample("s", judgement=None), verdict=PASS)]
    finish_output(making.keys_in(tmp_path, config), place.store, "agree", rows)
    manifest = judged(tmp_path, config)
    assert (manifest.passed, manifest.unknown) == (1, 0)
    assert len({body["seed"] for _, _, body in place.server.asked}) == 3
    assert (manifest.cost_usd, manifest.replayed) == (3.0, 0)  # of the reply that counted

    place.asked()
    place.store.delete(manifest_uri("judge", manifest.key))
    again = judged(tmp_path, config)
    assert place.asked() == []  # also the useless replies are replayed
    assert again.sha256 == manifest.sha256
    [row] = read_shard(place.store, again.uri, Sample)
    assert row.record.judgement is not None
    assert row.record.judgement.generation.cost_usd == 3.0


@pytest.mark.parametrize("part_rows", [1, 2], ids=["killed in its second part", "killed once it was finished"])
def test_replies_that_went_into_something_finished_are_in_an_index(
    place: Place, tmp_path: Path, part_rows: int
) -> None:
    def goes_down(body: Body, times: int) -> Said:
        is_down = len(place.server.asked) > part_rows
        return fault(401) if is_down else completion({"text": "3=3"})

    place.answers = goes_down
    texts = ("It is \\boxed{12}.", "12, so \\boxed{12}.")
    samples = [making.sample(f"s{n}", judgement=None, solution=making.solution(text)) for n, text in enumerate(texts)]
    keys = making.keys_in(tmp_path, judging(place.server, part_rows=part_rows))
    finish_output(keys, place.store, "agree", [JudgedRecord(record=one, verdict=PASS) for one in samples])
    killed = making.context_of(keys, tmp_path, "judge")  # its services are never closed
    if part_rows == 1:
        with pytest.raises(EngineError):
            make_output(killed, keys)
    else:
        make_output(killed, keys)
    batches = {key for key in place.store.list("replies") if "/index/" not in key}
    tables = [
        read_table(BytesIO(place.store.get(key) or b"")) for key in place.store.list("replies") if "/index/" in key
    ]
    assert len(batches) == 1
    assert {batch for table in tables for batch in table["batch"].to_pylist()} == batches


def test_a_task_has_one_index_however_many_parts_it_finished(place: Place) -> None:
    first, reader = place.task(), place.task("another output")
    for text in TEXTS:
        first.ask(text)
        first.ends()
    assert len([key for key in place.store.list("replies") if "/index/" in key]) == 1
    place.asked()
    assert words(reader.ask("new", *TEXTS)) == ["new", *TEXTS]
    assert place.asked() == ["new"]
