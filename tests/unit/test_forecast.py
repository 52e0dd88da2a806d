"""What `caco plan` says beforehand is what a run then does: what it reuses, and how often it asks a model."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Body, Endpoint, Said, completion, serving, text_of
from finished_outputs import finish_output

from caco_tasks.config import RunConfig
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.forecast import Forecast, ForecastServices, StageForecast
from caco_tasks.identity import RunKeys
from caco_tasks.pipeline import count_shards, find_stage, stages_of
from caco_tasks.records import PASS, JudgedRecord, Program, Reason, fail
from caco_tasks.runner import make_output
from caco_tasks.services import TaskServices
from caco_tasks.store import Manifest, Store
from caco_tasks.store.manifest import parse_manifest

SAMPLES = 6
BEFORE = ("sample", "execute", "screen", "dedup")  # put into the store as they are; the others are really run
ASKING = ("reverse", "solve", "agree", "judge")
NO_RULES = dict.fromkeys(
    ("empty", "leaks_code", "leaks_answer", "names_no_input", "foreign_number", "no_question", "values_exchanged"),
    "off",
)
STEPS_MAY_BE_ANY = {
    "ungrounded_number": "off",
    "input_not_used": "off",
    "answer_not_reached": "off",
    "wrong_unit": "off",
}


@dataclass
class StoreIndex:
    """What the ledger knows of outputs, read from the manifests of a store."""

    store: Store

    def outputs_made_from(self, stage: str, key: str) -> list[Manifest]:
        """The outputs of a stage that were made from the output of a key."""
        uris = [uri for uri in self.store.list(f"outputs/{stage}") if uri.endswith("/manifest.json")]
        found = [parse_manifest(self.store.get(uri) or b"", uri=uri) for uri in uris]
        return [manifest for manifest in found if key in manifest.inputs]


@dataclass
class Line:
    """A store, and a server that is reverser, solver and judge of all runs in it."""

    folder: Path
    server: Endpoint
    false: set[int] = field(default_factory=set)  # samples whose solution has a false equation

    def config(self, **changes: Any) -> RunConfig:
        """The settings of a run; sections that are changed are given whole."""
        endpoint = {"base_url": self.server.base_url, "concurrency": 8}
        prompts = {"reverser": "nano_reverse.v1", "solver": "nano_solve.v1", "judge": "nano_judge.v1"}
        models: dict[str, dict[str, Any]] = {
            role: {"engine": "openai", "model": "m", "prompt": prompt, "endpoint": endpoint}
            for role, prompt in prompts.items()
        }
        models["solver"]["temperature"] = 0.5  # or it could not be asked for several solutions
        codegen = {"model": "trained", "prompt": "nano_program.v1"}
        rules = {"reverse": NO_RULES, "agree": STEPS_MAY_BE_ANY, "runner": {"retries_of_unknown": 0}}
        sized = {"samples": SAMPLES, "shards": 2, "models": {**models, "codegen": codegen}}
        return making.small_config(**(sized | rules | changes))

    def answers(self, body: Body, times: int) -> Said:
        """What the server says: a problem, a solution or a judgement, by what it is asked."""
        text = text_of(body)
        if text.startswith("<|reverse|>"):
            return completion({"text": f"What of {text.split('mark = ')[1].split()[0]}?"})
        if text.startswith("<|judge|>"):
            return completion({"text": "3=3"})
        number = int(text.split("What of ")[1].split("?")[0])
        return completion({"text": f"3 × 4 = {13 if number in self.false else 12}.\nThe answer is \\boxed{{12}}."})

    def keys(self, config: RunConfig) -> RunKeys:
        """The keys of a run, whose outputs up to `dedup` are put into the store where they are not there."""
        keys = making.keys_in(self.folder, config)
        for stage in BEFORE:
            for shard in range(config.sample_shards):
                rows = [_marked(number) for number in config.sample_range(shard)]
                finish_output(keys, making.store_in(self.folder), stage, rows, shard=shard)
        return keys

    def forecast(self, config: RunConfig, *, is_begun: bool = True) -> dict[str, StageForecast]:
        """What a run would do, by stage."""
        keys = self.keys(config) if is_begun else making.keys_in(self.folder, config)
        store = making.store_in(self.folder)
        with ForecastServices(self.connections, run=keys.run, config=config) as services:
            found = Forecast(keys, store, StoreIndex(store), services)  # type: ignore[arg-type]
            return {one.stage: one for one in found.stages()}

    def run(self, config: RunConfig, stages: Sequence[str] = ASKING) -> dict[str, int]:
        """Makes the outputs of a run; returns how often the server was asked, by stage."""
        keys, asked = self.keys(config), {}
        with TaskServices(self.connections, run=keys.run, config=config) as services:
            for stage in stages:
                self.server.asked.clear()
                spec = find_stage("nightly", stage)
                for shard in range(count_shards(spec, config)):
                    make_output(stage_context(keys, services, spec, shard), keys)
                asked[stage] = len(self.server.asked)
        return asked

    @property
    def connections(self) -> Connections:
        return Connections(store=making.store_settings(self.folder), ledger_url=None, cache=self.folder / "models")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """An empty store beside such a server."""
    with ExitStack() as stack:
        line = Line(folder=tmp_path, server=Endpoint())
        line.server = stack.enter_context(serving(lambda body, times: line.answers(body, times)))
        yield line


def calls(forecast: dict[str, StageForecast]) -> dict[str, int]:
    """The model calls of the stages that need any."""
    return {stage: found.model_calls for stage, found in forecast.items() if found.model_calls}


def reused(forecast: dict[str, StageForecast]) -> list[str]:
    """The stages that are reused whole."""
    return [stage for stage, found in forecast.items() if found.reused == found.shards]


def test_before_anything_is_there_a_forecast_says_the_most_it_can_be(line: Line) -> None:
    forecast = line.forecast(line.config(judge={"times": 3}), is_begun=False)
    assert list(forecast) == [spec.name for spec in stages_of("nightly")]
    assert reused(forecast) == []
    assert calls(forecast) == {"sample": SAMPLES, "reverse": SAMPLES, "solve": SAMPLES, "judge": 3 * SAMPLES}
    assert [forecast[stage].shards for stage in ("sample", "judge", "publish")] == [2, 2, 1]
    assert line.server.asked == []


def test_a_run_asks_as_often_as_was_foretold(line: Line) -> None:
    config = line.config()
    forecast = line.forecast(config)
    assert reused(forecast) == list(BEFORE)
    assert calls(forecast) == {"reverse": SAMPLES, "solve": SAMPLES, "judge": SAMPLES}
    assert line.run(config) == {"reverse": SAMPLES, "solve": SAMPLES, "agree": 0, "judge": SAMPLES}


def test_the_same_run_again_reuses_all_and_asks_nothing(line: Line) -> None:
    line.run(line.config())
    forecast = line.forecast(line.config())
    assert reused(forecast) == [*BEFORE, *ASKING]
    assert calls(forecast) == {}
    assert line.run(line.config()) == dict.fromkeys(ASKING, 0)


def test_another_number_of_judges_costs_the_judges_that_are_new(line: Line) -> None:
    line.run(line.config())
    config = line.config(judge={"times": 3})
    forecast = line.forecast(config)
    assert reused(forecast) == [*BEFORE, "reverse", "solve", "agree"]
    assert calls(forecast) == {"judge": 2 * SAMPLES}  # the first of three replies is cached
    assert line.run(config) == {"reverse": 0, "solve": 0, "agree": 0, "judge": 2 * SAMPLES}


def test_several_solutions_cost_as_many_calls_and_more_of_them_those_that_are_new(line: Line) -> None:
    config = line.config(solver={"samples": 2})
    assert calls(line.forecast(config, is_begun=False))["solve"] == 2 * SAMPLES
    assert line.run(config)["solve"] == 2 * SAMPLES
    more = line.config(solver={"samples": 5, "publish": "shortest"})
    assert calls(line.forecast(more))["solve"] == 3 * SAMPLES
    assert line.run(more)["solve"] == 3 * SAMPLES


def test_which_solution_is_published_costs_no_call(line: Line) -> None:
    line.run(line.config(solver={"samples": 2}))
    forecast = line.forecast(line.config(solver={"samples": 2, "publish": "longest"}))
    assert reused(forecast) == [*BEFORE, "reverse", "solve"]
    assert calls(forecast) == {}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"agree": STEPS_MAY_BE_ANY | {"input_not_used": "record"}}, id="a rule that rejected nothing"),
        pytest.param({"grading": {"timeout_seconds": 9.0}}, id="more patience"),
    ],
)
def test_a_setting_of_agree_costs_no_call(line: Line, changes: dict[str, Any]) -> None:
    line.run(line.config())
    forecast = line.forecast(line.config(**changes))
    assert reused(forecast) == [*BEFORE, "reverse", "solve"]
    assert calls(forecast) == {}
    assert line.run(line.config(**changes)) == dict.fromkeys(ASKING, 0)


def test_a_rule_that_no_longer_rejects_costs_the_calls_of_what_it_lets_through(line: Line) -> None:
    line.false = {1, 4}
    assert line.run(line.config())["judge"] == SAMPLES - 2
    loose = line.config(agree=STEPS_MAY_BE_ANY | {"false_equation": "record"})
    forecast = line.forecast(loose)
    assert calls(forecast) == {"judge": 2}
    assert line.run(loose) == {"reverse": 0, "solve": 0, "agree": 0, "judge": 2}


def test_what_a_check_surely_rejects_is_not_counted_and_where_it_may_not_it_is(line: Line) -> None:
    line.false = {0}
    line.run(line.config())
    strict = line.config(agree=STEPS_MAY_BE_ANY | {"wrong_unit": "reject"}, judge={"times": 2})
    assert calls(line.forecast(strict)) == {"judge": SAMPLES - 1}  # the second of two replies
    assert line.run(strict)["judge"] <= SAMPLES - 1


def test_a_longer_run_pays_for_its_new_samples_alone(line: Line) -> None:
    short = line.config(shards=None, shard_samples=3)
    line.run(short)
    long = line.config(shards=None, shard_samples=3, samples=2 * SAMPLES)
    forecast = line.forecast(long)
    assert [forecast[stage].reused for stage in ("reverse", "solve", "agree", "judge")] == [2] * 4
    assert [forecast[stage].shards for stage in ("reverse", "solve", "agree", "judge")] == [4] * 4
    assert calls(forecast) == {"reverse": SAMPLES, "solve": SAMPLES, "judge": SAMPLES}
    assert line.run(long) == {"reverse": SAMPLES, "solve": SAMPLES, "agree": 0, "judge": SAMPLES}


def test_samples_that_were_rejected_are_asked_no_more(line: Line) -> None:
    config = line.config(shards=1)
    keys = making.keys_in(line.folder, config)
    rows = [_marked(number) for number in range(SAMPLES)]
    rejected = JudgedRecord(record=making.sample("rejected"), verdict=fail(Reason.TRIVIAL))
    for stage in BEFORE:
        finish_output(keys, making.store_in(line.folder), stage, [*rows[1:], rejected])
    forecast = line.forecast(config, is_begun=False)
    assert calls(forecast) == {"reverse": SAMPLES - 1, "solve": SAMPLES - 1, "judge": SAMPLES - 1}


def test_a_forecast_is_told_to_scripts_as_counts() -> None:
    found = StageForecast(stage="judge", shards=2, reused=1, model_calls=7)
    assert found.as_json() == {"stage": "judge", "shards": 2, "reused": 1, "model_calls": 7}


def _marked(number: int) -> JudgedRecord[Any]:
    program = Program(program_id=f"p{number}", code=f"mark = {number}\n\ndef f():\n    return mark\n")
    record = making.sample(f"s{number}", index=number, program=program, problem=None, solution=None, judgement=None)
    return JudgedRecord(record=record, verdict=PASS)
