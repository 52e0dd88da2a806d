"""Replies of every kind on their way down the line: nothing of a thinking block is stored, judged or published."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import making
import published
import pytest
from endpoints import Body, Said, completion, serving, text_of
from finished_outputs import finish_output
from thinking_frames import HEADED, NO_END, THINKING

from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import find_stage, stage_before
from caco_tasks.publishing.dataset_card import dataset_card
from caco_tasks.publishing.dataset_files import dataset_rows, list_datasets
from caco_tasks.records import PASS, JudgedRecord, Problem, Program, Reason, Sample
from caco_tasks.runner import make_output
from caco_tasks.services import TaskServices
from caco_tasks.stages.publish import publish_rows
from caco_tasks.store import Manifest
from caco_tasks.store.manifest import sum_cut_away
from caco_tasks.store.shards import read_shard

FRAMES = [*THINKING.values(), *HEADED.values(), *NO_END.values()]
ANSWERED = len(THINKING) + len(HEADED)
SOLUTION = "3 × 4 = 12.\nThe answer is \\boxed{12}."
CODE_FRAMES = [*THINKING.values(), *NO_END.values()][:-1]  # a header in plain words is none around code


def question(number: int) -> str:
    """A problem for each frame, told apart by a letter."""
    return f"What do 3 pens at 4 coins each cost in shop {chr(ord('A') + number)}?"


def answer(body: Body, times: int) -> Said:
    """What the server says: each sample is answered in a frame of its own."""
    asked = text_of(body)
    if found := re.search(r"# frame (\d+)", asked):
        said = FRAMES[int(found[1])].format(question(int(found[1])))
    elif found := re.search(r"in shop (.)\?", asked):
        said = FRAMES[ord(found[1]) - ord("A")].format(SOLUTION)
    else:
        said = CODE_FRAMES[times % len(CODE_FRAMES)].format(f"```python\n{making.CODE}```\n")
    return completion({"text": said}, tokens=10)


@dataclass
class Line:
    """A run whose models are one server."""

    folder: Path
    keys: RunKeys

    def start(self, stage: str, rows: list[Sample]) -> None:
        """Puts the samples that a stage is to read where the stage before it leaves them."""
        before = stage_before("nightly", stage)
        assert before is not None
        judged = [JudgedRecord(record=row, verdict=PASS) for row in rows]
        finish_output(self.keys, making.store_in(self.folder), before.name, judged)

    def run(self, stage: str) -> tuple[Manifest, list[JudgedRecord[Sample]]]:
        """Makes an output; its manifest and its rows in order."""
        store = making.store_in(self.folder)
        with TaskServices(self.connections, run=self.keys.run, config=self.keys.config) as services:
            made = make_output(stage_context(self.keys, services, find_stage("nightly", stage), 0), self.keys)
        return made, read_shard(store, made.uri, Sample, sha256=made.sha256)

    def publishing(self) -> Context:
        """The task that publishes."""
        return making.context_of(self.keys, self.folder, "publish")

    @property
    def connections(self) -> Connections:
        """The store alone."""
        return Connections(store=making.store_settings(self.folder), ledger_url=None, cache=self.folder)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """A run that is planned, and a server that thinks aloud."""
    with serving(answer) as server:
        endpoint = {"base_url": server.base_url, "concurrency": 1, "attempts": 1}
        engine = {"engine": "openai", "model": "m", "endpoint": endpoint}
        prompts = {"codegen": "program", "reverser": "reverse", "solver": "solve", "judge": "judge"}
        models = {role: engine | {"prompt": f"nano_{name}.v1"} for role, name in prompts.items()}
        config = making.small_config(models=models, samples=len(CODE_FRAMES), runner={"retries_of_unknown": 0})
        yield Line(tmp_path, RunKeys.of(making.nightly_run(config), making.store_in(tmp_path)))


def test_programs_are_read_out_of_whatever_a_model_thinks(line: Line) -> None:
    made, rows = line.run("sample")
    assert [row.record.program.code for row in rows if row.verdict.kept] == [making.CODE] * len(THINKING)
    assert {row.verdict.reason for row in rows if not row.verdict.kept} == {Reason.NO_CODE_FOUND}
    assert made.cut_away["thinking"] == len(CODE_FRAMES)
    assert made.cut_away["further"] == 2  # two frames go on after the end of the turn


def test_nothing_of_a_thinking_block_is_published(line: Line) -> None:
    codes = [f"# frame {number}\n{making.CODE}" for number in range(len(FRAMES))]
    programs = [Program(program_id=f"p{n}", code=code, generation=making.generation()) for n, code in enumerate(codes)]
    started = [
        making.sample(f"s{number:02}", index=number, program=program, problem=None, solution=None, overlaps=())
        for number, program in enumerate(programs)
    ]
    line.start("reverse", started)
    reversed_, posed = line.run("reverse")
    kept = [row.record for row in posed if row.verdict.kept]
    assert [row.problem.text for row in kept if row.problem] == [question(number) for number in range(ANSWERED)]
    assert {row.verdict.reason for row in posed[ANSWERED:]} == {Reason.EMPTY}
    solved, _ = line.run("solve")
    agreed, rows = line.run("agree")
    assert (solved.read, solved.passed, agreed.passed) == (ANSWERED, ANSWERED, ANSWERED)
    assert (reversed_.cut_away["thinking"], solved.cut_away["thinking"]) == (len(FRAMES), ANSWERED)

    line.start("publish", [row.record for row in rows])
    context = line.publishing()
    facts = published.facts("MIT", manifests={"reverse": [reversed_], "solve": [solved]})
    list(publish_rows([row.record for row in rows], context, facts))
    store = context.services.store
    out = list(dataset_rows(store, list_datasets(store)[0]))
    assert [row["output"].endswith(SOLUTION) for row in out] == [True] * ANSWERED
    assert not [row for row in out if re.search("secretly|think|<|assistant", str(row), re.IGNORECASE)]
    card = dataset_card(facts, run=line.keys.run, config=line.keys.config, published=len(out))
    assert f"| reverse | `thinking` | {len(FRAMES)} |" in card
    assert sum_cut_away([reversed_, solved])["thinking"] == len(FRAMES) + ANSWERED


def test_a_solution_that_is_thought_and_not_said_has_no_answer(line: Line) -> None:
    started = [
        making.sample(
            f"s{number:02}",
            index=number,
            problem=Problem(text=question(number), generation=making.generation()),
            solution=None,
        )
        for number in range(ANSWERED, len(FRAMES))
    ]
    line.start("solve", started)
    _, rows = line.run("solve")
    assert {row.verdict.reason for row in rows} == {Reason.NO_FINAL_ANSWER}
    assert {row.record.solution.text for row in rows if row.record.solution} == {""}
