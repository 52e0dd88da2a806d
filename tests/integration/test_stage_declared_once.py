"""A stage that asks a model is declared once: its tokens, its cost and its model reach manifest, ledger and dataset card."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import making
import pytest
from endpoints import Body, Said, completion, serving, text_of
from finished_outputs import finish_output
from sqlalchemy import Engine, text

from caco_tasks import pipeline
from caco_tasks.connections import Connections
from caco_tasks.context import Context, stage_context
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.pipeline import StageSpec, find_stage, mapped_stages, stages_of
from caco_tasks.publishing.dataset_card import card_facts, dataset_card
from caco_tasks.records import PASS, JudgedRecord, Sample
from caco_tasks.runner import make_output
from caco_tasks.services import TaskServices
from caco_tasks.stages.shared.prompting import ask

PROMPT = "solve.v1"
MODEL = "polisher-of-elsewhere"


def polish(samples: Iterable[Sample], context: Context) -> Iterator[JudgedRecord[Sample]]:
    """Asks a model to write each solution anew."""
    for sample, reply in ask(list(samples), context, "unifier", _problem_of, prompt=PROMPT):
        assert sample.solution is not None
        solution = replace(sample.solution, text=reply.text, generation=reply.generation)
        yield JudgedRecord(record=replace(sample, solution=solution), verdict=PASS)


def _problem_of(sample: Sample) -> dict[str, str]:
    return {"problem": sample.problem.text if sample.problem else "", "solution": "", "answer": ""}


def numbered_sample(number: int) -> Sample:
    """A sample with a problem of its own, for equal questions share one reply."""
    sample = making.sample(f"{number:032x}")
    assert sample.problem is not None
    return replace(sample, problem=replace(sample.problem, text=f"{sample.problem.text} ({number})"))


def polished(body: Body, times: int) -> Said:
    """What the model says: nothing new, at the price of as many tokens as the question has characters."""
    return completion({"message": {"role": "assistant", "content": "3 × 4 = 12."}}, tokens=len(text_of(body)))


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> StageSpec:
    """The stage `polish`, declared between `agree` and `judge` and nowhere else but in the list of stages in SQL."""
    # the role `unifier` is free in nightly runs, so that no setting has to be added for a test
    spec = StageSpec(name="polish", version=1, reads=Sample, writes=Sample, role="unifier", adds="solution")
    before, after = (tuple(stages_of("nightly")[part]) for part in (slice(7), slice(7, None)))
    assert (before[-1].name, after[0].name) == ("agree", "judge")
    module = ModuleType("caco_tasks.stages.polish")
    module.polish = polish  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(pipeline.PIPELINES, "nightly", (*before, spec, *after))  # type: ignore[arg-type]
    monkeypatch.setitem(pipeline.STAGES, "polish", spec)  # type: ignore[arg-type]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER TYPE caco.stage ADD VALUE 'polish' AFTER 'agree'"))
    return spec


def test_a_declared_stage_is_counted_paid_and_named_everywhere(
    declared: StageSpec, ledger: Ledger, tmp_path: Path
) -> None:
    with serving(polished) as endpoint:
        asked = {
            "engine": "openai",
            "model": MODEL,
            "prompt": PROMPT,
            "endpoint": {"base_url": endpoint.base_url},
            "price": {"prompt": 1000.0, "completion": 2000.0},
        }
        plain = making.small_config()
        models = {role: settings.model_dump() for role, settings in plain.models.items()} | {"unifier": asked}
        run = making.nightly_run(making.small_config(models=models))
        store = making.store_in(tmp_path)
        keys = RunKeys.of(run, store)
        ledger.register_run(run)
        rows = [JudgedRecord(record=numbered_sample(number), verdict=PASS) for number in range(3)]
        connections = Connections(store=making.store_settings(tmp_path), ledger_url=None, cache=tmp_path / "models")
        with TaskServices(connections, run=run, config=keys.config) as services:
            for spec in mapped_stages("nightly"):
                if spec.name == "polish":
                    made = make_output(stage_context(keys, services, spec, 0), keys)
                    ledger.load_output(run, made, store, shard=0)
                else:
                    ledger.load_output(run, finish_output(keys, store, spec.name, rows), store, shard=0)

    assert (made.read, made.passed, made.requests, made.prompts) == (3, 3, 3, (PROMPT,))
    assert made.models == (run.models["unifier"],)
    assert made.models[0].startswith(MODEL)
    assert made.prompt_tokens > 0
    assert made.completion_tokens == 2 * made.prompt_tokens
    assert made.cost_usd == pytest.approx((made.prompt_tokens * 1000 + made.completion_tokens * 2000) / 1e6)

    ledger.conservation(run.run_id)
    assert [row.stage for row in ledger.funnel(run.run_id)] == [spec.name for spec in mapped_stages("nightly")]
    query = (
        "SELECT stage::text, model_id, prompt_tokens, completion_tokens FROM caco.yield_by_model WHERE stage = 'polish'"
    )
    assert ledger.ask(query)[1] == [("polish", made.models[0], made.prompt_tokens, made.completion_tokens)]
    costs = {row.stage: row.cost_usd for row in ledger.outlays(run.run_id)}
    assert costs["polish"] == pytest.approx(made.cost_usd)

    card = dataset_card(card_facts(ledger, run), run=run, config=keys.config, published=3)
    assert MODEL in card
    assert f"{made.completion_tokens:,}" in card
    assert find_stage("nightly", "polish") is declared
