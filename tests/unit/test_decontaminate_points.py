"""The three points at which problems are held against benchmarks: seeds, problems written back, and release."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import making
import pytest
from memory_claims import MemoryClaims

from caco_tasks.checks.fingerprints import claim_problems
from caco_tasks.context import Context
from caco_tasks.llm import Reply
from caco_tasks.llm.llm import Request
from caco_tasks.pipeline import STAGES
from caco_tasks.records import PASS, JudgedRecord, Outcome, Problem, Reason, Sample, Seed
from caco_tasks.stages.decontaminate import decontaminate
from caco_tasks.stages.reverse import reverse
from caco_tasks.stages.seeds import seeds
from caco_tasks.store import RunRecord

PENS = (
    "What do 3 pens at 4 coins each cost, when the shop of the old harbour sells them one by one on a Monday morning?"
)
CUPS = "A potter fires 3 cups on each of 4 shelves of her kiln. How many cups does she fire in one go?"
ALIKE = PENS.replace("on a Monday morning", "to a sailor").replace("of the old harbour", "of the new town")


@dataclass(slots=True)
class Parrot:
    """A model that says the same to everybody."""

    text: str
    model_id: str = "parrot@1"

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        made = making.generation("reverser")
        return [Reply(text=self.text, generation=replace(made, request_id=one.request_id)) for one in requests]


@dataclass(slots=True)
class Tools:
    """What the three stages ask for."""

    folder: Path
    said: str = PENS
    kept: MemoryClaims = field(default_factory=MemoryClaims)

    def index_folder(self) -> Path:
        return self.folder

    def claims(self, key: str) -> MemoryClaims:
        return self.kept

    def llm(self, role: str, key: str) -> Parrot:
        return Parrot(self.said)


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    (tmp_path / "shop.jsonl").write_text(json.dumps({"problem": PENS, "answer": "12"}) + "\n", encoding="utf-8")
    return Tools(tmp_path / "indexes")


def context_of(tools: Tools, stage: str, **changes: Any) -> Context:
    benchmark = {"name": "shop", "path": str(tools.folder.parent / "shop.jsonl"), "answer_column": "answer"}
    config = making.small_config(decontamination={"benchmarks": [benchmark], **changes})
    return Context(
        run=RunRecord(
            run_id="run", pipeline="nightly", partition="2026-01-02", config_hash="c", config={}, code_version="0"
        ),
        spec=STAGES[stage],
        config=config,
        shard=0,
        key="key",
        origin={},
        draw="draw",
        inputs=(),
        services=tools,  # type: ignore[arg-type]
    )


def written(text: str, name: str = "s0") -> Sample:
    return making.sample(name, problem=Problem(text=text, generation=making.generation("reverser")), overlaps=())


def at_seeds(text: str, tools: Tools, **changes: Any) -> JudgedRecord[Any]:
    rows = [JudgedRecord(record=replace(making.seed(), problem=text), verdict=PASS)]
    (judged,) = seeds(rows, context_of(tools, "seeds", **changes))
    return judged


def at_reverse(text: str, tools: Tools, **changes: Any) -> JudgedRecord[Any]:
    tools.said = text
    (judged,) = reverse([making.sample(problem=None, solution=None)], context_of(tools, "reverse", **changes))
    return judged


def at_release(text: str, tools: Tools, **changes: Any) -> JudgedRecord[Any]:
    (judged,) = decontaminate([written(text)], context_of(tools, "decontaminate", **changes))
    return judged


Point = Callable[..., JudgedRecord[Any]]
POINTS = pytest.mark.parametrize("point", [at_seeds, at_reverse, at_release], ids=["seeds", "problems", "release"])


@POINTS
def test_a_protected_problem_is_stopped_with_the_evidence(point: Point, tools: Tools) -> None:
    judged = point(PENS, tools)
    assert (judged.verdict.outcome, judged.verdict.reason) == (Outcome.FAIL, Reason.BENCHMARK_OVERLAP)
    (overlap,) = judged.record.overlaps
    assert (overlap.benchmark, overlap.item, overlap.rule, overlap.score) == ("shop", "0", "exact", 1.0)


@POINTS
def test_a_problem_of_its_own_goes_on_without_evidence(point: Point, tools: Tools) -> None:
    judged = point(CUPS, tools)
    assert judged.verdict == PASS
    assert judged.record.overlaps == ()


@POINTS
@pytest.mark.parametrize(
    ("review", "outcome"), [("record", Outcome.PASS), ("unknown", Outcome.UNKNOWN), ("reject", Outcome.FAIL)]
)
def test_what_a_person_should_look_at_follows_the_config(
    point: Point, tools: Tools, review: str, outcome: Outcome
) -> None:
    judged = point(ALIKE, tools, benchmark_review=review)
    assert [overlap.rule for overlap in judged.record.overlaps] == ["review"]
    assert judged.verdict.outcome is outcome


def test_the_manifest_names_the_index_that_was_asked(tools: Tools) -> None:
    context = context_of(tools, "decontaminate")
    list(decontaminate([written(CUPS)], context))
    (file,) = tools.folder.iterdir()
    assert context.facts["artifacts"] == {"benchmark_index": file.stem}


def release(samples: Sequence[Sample], tools: Tools) -> dict[str, Reason | None]:
    rows: Iterator[JudgedRecord[Sample]] = decontaminate(samples, context_of(tools, "decontaminate"))
    return {row.record.sample_id: row.verdict.reason for row in rows}


def test_a_problem_in_nearly_the_same_words_is_released_once(tools: Tools) -> None:
    first, again = written(CUPS, "first"), written(CUPS.replace("in one go?", "in one go, in all?"), "again")
    other = written(CUPS.replace("3 cups", "5 cups").replace("4 shelves", "2 shelves"), "other")
    assert release([first, again, other], tools) == {"first": None, "again": Reason.SAME_PROBLEM, "other": None}
    assert release([again, first], tools) == {"first": None, "again": Reason.SAME_PROBLEM}, "a rerun keeps its winners"


def test_what_is_not_released_keeps_no_other_problem_out(tools: Tools) -> None:
    assert release([written(PENS, "protected")], tools) == {"protected": Reason.BENCHMARK_OVERLAP}
    assert claim_problems(tools.kept, [("later", PENS, "12")], likeness=0.8) == ["later"]


def test_the_problem_of_a_seed_is_taken(tools: Tools) -> None:
    seed: Seed = replace(making.seed(), problem=CUPS)
    claim_problems(tools.kept, [(seed.seed_id, seed.problem, "12")], likeness=0.8)
    assert release([written(CUPS)], tools) == {"s0": Reason.SAME_PROBLEM}
