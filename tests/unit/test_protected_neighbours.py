"""Protected items near in meaning: how they are found, what a model is asked about them, and what becomes of its replies."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import making
import numpy as np
import pytest
from memory_claims import MemoryClaims

from caco_tasks.check_settings import BenchmarkSettings, DecontaminationSettings, NeighbourSettings
from caco_tasks.checks.decontamination.neighbours import neighbour_index
from caco_tasks.checks.decontamination.normal_text import words
from caco_tasks.context import Context
from caco_tasks.errors import ConfigError
from caco_tasks.identity import RunKeys
from caco_tasks.llm import Reply
from caco_tasks.llm.embedding import Vectors
from caco_tasks.llm.llm import Request
from caco_tasks.llm.local_models import LocalModels
from caco_tasks.pipeline import STAGES
from caco_tasks.planning import _pin_models
from caco_tasks.records import JudgedRecord, NeighbourOpinion, Outcome, Problem, Reason, Sample
from caco_tasks.stages.decontaminate import decontaminate
from caco_tasks.stages.shared.neighbour_lookup import judge_neighbours
from caco_tasks.store import RunRecord

PENS = "Three pens cost 4 coins each in the shop of the old harbour. How many coins are paid for all of them?"
REWORDED = "For each of 3 pens somebody pays 4 coins at the old harbour. What does the shop take in coins for all?"
CUPS = "A potter fires seven cups on each of two shelves of her kiln, and breaks one. What is left?"
SAME, OTHER, NEITHER = '{"verdict": "yes"}', '{"verdict": "no"}', "Both are nice problems."


@dataclass(slots=True)
class WordCounts:
    """An embedder for which texts mean the same where they share words."""

    model_id: str = "word counts@1"
    asked: int = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += len(texts)
        vectors = np.zeros((len(texts), 512), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text):
                vectors[row, crc32(word.encode()) % 512] += 1
        norms = np.linalg.norm(vectors, axis=1, keepdims=True).astype(np.float32)
        found: Vectors = vectors / np.maximum(norms, 1)
        return found


@dataclass(slots=True)
class Matcher:
    """A model whose reply depends on which text stands first."""

    answer: Callable[[Request], str]
    requests: list[Request] = field(default_factory=list)
    model_id: str = "matcher@1"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        self.requests += requests
        made = making.generation("matcher")
        return [Reply(text=self.answer(one), generation=replace(made, request_id=one.request_id)) for one in requests]


@dataclass(slots=True)
class Tools:
    """What `decontaminate` asks for."""

    folder: Path
    matcher: Matcher
    words: WordCounts = field(default_factory=WordCounts)
    kept: MemoryClaims = field(default_factory=MemoryClaims)

    def index_folder(self) -> Path:
        return self.folder

    def claims(self, key: str) -> MemoryClaims:
        return self.kept

    def embedder(self, settings: NeighbourSettings) -> WordCounts:
        return self.words

    def llm(self, role: str, key: str) -> Matcher:
        assert role == "matcher"
        return self.matcher


@pytest.fixture
def benchmark(tmp_path: Path) -> dict[str, str]:
    rows = [{"problem": PENS, "answer": "12"}, {"problem": "How long is a day on the moon, in hours?", "answer": "708"}]
    (tmp_path / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"name": "shop", "path": str(tmp_path / "shop.jsonl"), "answer_column": "answer"}


def release(
    text: str, answer: Callable[[Request], str], folder: Path, benchmark: dict[str, str], **changes: Any
) -> tuple[JudgedRecord[Sample], Tools]:
    """What `decontaminate` makes of a problem, and what it used for it."""
    model = {"model": "nano:codegen", "prompt": "same_problem.v1"}
    models = {role: model for role in ("codegen", "reverser", "solver", "judge", "matcher")}
    neighbours = {"embedder": "words", "min_similarity": 0.5} | changes
    config = making.small_config(models=models, decontamination={"benchmarks": [benchmark]}, neighbours=neighbours)
    tools = Tools(folder / "indexes", Matcher(answer))
    context = Context(
        run=RunRecord(
            run_id="run", pipeline="nightly", partition="2026-01-02", config_hash="c", config={}, code_version="0"
        ),
        spec=STAGES["decontaminate"],
        config=config,
        shard=0,
        key="key",
        origin={},
        draw="draw",
        inputs=(),
        services=tools,  # type: ignore[arg-type]
    )
    sample = making.sample("s0", problem=Problem(text=text, generation=making.generation("reverser")), overlaps=())
    (judged,) = decontaminate([sample], context)
    return judged, tools


def always(text: str) -> Callable[[Request], str]:
    return lambda request: text


def only_in_one_order(request: Request) -> str:
    return SAME if request.text.index(PENS) < request.text.index(REWORDED) else OTHER


def test_a_protected_problem_in_other_words_is_rejected_with_the_evidence(tmp_path: Path, benchmark: Any) -> None:
    judged, tools = release(REWORDED, always(SAME), tmp_path, benchmark)
    assert (judged.verdict.outcome, judged.verdict.reason) == (Outcome.FAIL, Reason.BENCHMARK_OVERLAP)
    (overlap,) = judged.record.overlaps
    assert (overlap.benchmark, overlap.item, overlap.rule) == ("shop", "0", "neighbour")
    check = judged.record.neighbours
    assert check is not None
    assert [one.is_same for one in check.opinions] == [True, True]
    assert len({one.request_id for one in check.opinions}) == len(tools.matcher.requests) == 2
    assert tools.kept.claim_unlike("problem.v2", ["x"], [b"x"], ["new"], is_alike=lambda *_: True) == ["new"]


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        pytest.param(always(OTHER), Outcome.PASS, None, id="both deny"),
        pytest.param(always(NEITHER), Outcome.UNKNOWN, Reason.BENCHMARK_REVIEW, id="no answer"),
        pytest.param(only_in_one_order, Outcome.UNKNOWN, Reason.BENCHMARK_REVIEW, id="they differ"),
    ],
)
def test_what_is_not_affirmed_twice_is_no_overlap(
    answer: Callable[[Request], str], outcome: Outcome, reason: Reason | None, tmp_path: Path, benchmark: Any
) -> None:
    judged, _ = release(REWORDED, answer, tmp_path, benchmark)
    assert (judged.verdict.outcome, judged.verdict.reason) == (outcome, reason)
    assert judged.record.overlaps == ()


def test_nobody_is_asked_about_what_is_not_near_or_is_rejected_by_its_words(tmp_path: Path, benchmark: Any) -> None:
    judged, tools = release(CUPS, always(SAME), tmp_path, benchmark)
    assert judged.verdict.kept
    assert tools.matcher.requests == []
    judged, tools = release(PENS, always(OTHER), tmp_path, benchmark)
    assert judged.record.overlaps[0].rule == "exact"
    assert tools.words.asked == 0


def test_no_more_items_are_asked_about_than_the_config_says(tmp_path: Path, benchmark: Any) -> None:
    for top, asked in ((1, 2), (2, 4)):
        _, tools = release(REWORDED, always(OTHER), tmp_path, benchmark, top=top, min_similarity=-1)
        assert len(tools.matcher.requests) == asked


def opinion(is_same: bool | None, item: str = "0") -> NeighbourOpinion:
    return NeighbourOpinion(benchmark="shop", item=item, similarity=0.9, is_same=is_same, reply="", request_id="r")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ((), Outcome.PASS),
        ((True, True), Outcome.FAIL),
        ((False, False), Outcome.PASS),
        ((True, False), Outcome.UNKNOWN),
        ((True, None), Outcome.UNKNOWN),
        ((False, None), Outcome.UNKNOWN),
    ],
)
def test_only_two_replies_that_agree_are_an_answer(said: tuple[bool | None, ...], outcome: Outcome) -> None:
    verdict, overlaps = judge_neighbours([opinion(one) for one in said])
    assert verdict.outcome is outcome
    assert bool(overlaps) == (outcome is Outcome.FAIL)


def test_one_item_that_is_the_same_decides_beside_another_that_nobody_knows() -> None:
    verdict, overlaps = judge_neighbours([opinion(None), opinion(True), opinion(True, "1"), opinion(True, "1")])
    assert verdict.outcome is Outcome.FAIL
    assert [overlap.item for overlap in overlaps] == ["1"]


def test_vectors_are_made_once_for_all_that_share_a_folder(tmp_path: Path, benchmark: Any) -> None:
    settings = DecontaminationSettings(benchmarks=(BenchmarkSettings(**benchmark),))
    embedder = WordCounts()
    made = neighbour_index(settings, embedder, tmp_path / "kept", limits="256")
    again = neighbour_index(settings, embedder, tmp_path / "kept", limits="256")
    assert embedder.asked == 2
    vector = embedder.embed([REWORDED])[0]
    near = made.nearest(vector, top=2, min_similarity=-1)
    assert near == again.nearest(vector, top=2, min_similarity=-1)
    assert [item.key for item, _ in near] == ["0", "1"]
    (file,) = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    neighbour_index(settings, embedder, tmp_path / "kept", limits="256")
    neighbour_index(settings, embedder, tmp_path / "kept", limits="512")
    assert embedder.asked == 2 + 1 + 2 + 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"neighbours": {"embedder": "e"}}, "need each other"),
        ({"neighbours": {"embedder": "e"}, "matcher": True}, "protects none"),
        ({"matcher": True}, "need each other"),
    ],
    ids=["no matcher", "nothing protected", "no embedder"],
)
def test_settings_that_make_no_sense_together_are_refused(changes: dict[str, Any], said: str) -> None:
    model = {"model": "nano:codegen", "prompt": "same_problem.v1"}
    roles = ("codegen", "reverser", "solver", "judge", *(["matcher"] if changes.pop("matcher", False) else []))
    with pytest.raises(ConfigError, match=said):
        making.small_config(models={role: model for role in roles}, **changes)


def test_a_run_pins_the_embedder_and_its_output_is_named_by_it(benchmark: Any) -> None:
    model = {"model": "nano:codegen", "prompt": "same_problem.v1"}
    models = {role: model for role in ("codegen", "reverser", "solver", "judge", "matcher")}
    settings = {"decontamination": {"benchmarks": [benchmark]}, "neighbours": {"embedder": "nano:judge"}}
    config = making.small_config(models=models, **settings)
    pins = _pin_models("nightly", config, LocalModels())
    assert pins["embedder"].startswith("nano:judge@")
    assert pins["matcher"] == pins["codegen"]
    run = making.nightly_run(config)
    keys = [
        RunKeys(run.model_copy(update={"models": run.models | {"embedder": name}}), {}).key(stage, 0)
        for stage in ("judge", "decontaminate")
        for name in ("e@1", "e@2")
    ]
    assert len(set(keys[:2])) == 1
    assert len(set(keys[2:])) == 2
