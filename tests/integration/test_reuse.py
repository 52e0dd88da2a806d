"""Work is reused: what changes costs what it touches, a longer run extends a shorter one, and `caco plan` foretells it."""

import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from endpoints import Body, Said, completion, serving
from whole_line import CONFIG, DAY, SAMPLES, Place, caco, ledger_content, run_pipeline

from caco_tasks.ledger import FunnelRow, Ledger
from caco_tasks.pipeline import PIPELINES
from caco_tasks.records import Outcome
from caco_tasks.store.manifest import RunOutput

STAGES = [spec.name for spec in PIPELINES["nightly"]]
BEFORE_JUDGE = STAGES[: STAGES.index("judge")]
SHARDS = 2


def plan(line: Place, *overrides: str) -> dict[str, dict[str, Any]]:
    """What `caco plan` says of each stage."""
    words = [word for override in overrides for word in ("--set", override)]
    done = caco(line, "plan", "--partition", DAY, "--config", CONFIG, *words, "--json")
    assert done.returncode == 0, done.stderr
    return {stage["stage"]: stage for stage in json.loads(done.stdout)["stages"]}


def funnel(line: Place, run_id: str) -> dict[str, FunnelRow]:
    """What the ledger says of each stage of a run."""
    with Ledger(line.writer_url) as ledger:
        return {row.stage: row for row in ledger.funnel(run_id)}


def calls_paid(line: Place, run_id: str) -> dict[str, int]:
    """How many replies the outputs of a run paid for, by stage: those that are kept in their name."""
    keys = {output.key: output.stage for output in outputs(line, run_id)}
    paid: dict[str, int] = dict.fromkeys(STAGES, 0)
    for path in line.folder.glob("replies/*/*/*/*.parquet"):
        if path.parent.name != "index":
            for key in pq.read_table(path, columns=["paid_by"])["paid_by"].to_pylist():
                paid[keys.get(key, "sample")] += key in keys
    return paid


def outputs(line: Place, run_id: str) -> list[RunOutput]:
    """What a run consists of."""
    return [
        RunOutput.model_validate_json(path.read_bytes())
        for path in sorted(line.run_folder(run_id).glob("outputs/*/*.json"))
        if json.loads(path.read_text())["is_reused"] is False
    ]


def sample_ids(line: Place, run_id: str, shards: int = SHARDS) -> list[str]:
    """The ids of the samples of a run."""
    return [row.id for shard in range(shards) for row in line.samples(line.manifest(run_id, "sample", shard))]


def test_a_changed_judge_costs_the_calls_of_the_judge_alone(line: Place) -> None:
    foretold = plan(line, "judge.times=3")
    run_id = run_pipeline("nightly", DAY, "judge.times=3")
    assert run_id != line.runs["nightly"]
    assert sample_ids(line, run_id) == sample_ids(line, line.runs["nightly"])
    rows = funnel(line, run_id)
    assert {stage: row.reused for stage, row in rows.items()} == {
        stage: SHARDS if stage in BEFORE_JUDGE else 0 for stage in STAGES
    }
    assert {stage: foretold[stage]["reused"] for stage in STAGES} == {stage: row.reused for stage, row in rows.items()}
    paid = calls_paid(line, run_id)
    assert paid["judge"] == 2 * rows["judge"].read  # the first of three replies was there
    assert {stage: foretold[stage]["model_calls"] for stage in STAGES} == paid == {**dict.fromkeys(STAGES, 0), **paid}


@pytest.mark.parametrize("override", ["agree.wrong_unit=record", "grading.timeout_seconds=6"])
def test_a_changed_setting_of_agree_costs_no_call(line: Place, override: str) -> None:
    foretold = plan(line, override)
    assert [stage for stage in STAGES if foretold[stage]["reused"] == 0] == STAGES[STAGES.index("agree") :]
    assert sum(stage["model_calls"] for stage in foretold.values()) == 0
    run_id = run_pipeline("nightly", DAY, override)
    assert sum(calls_paid(line, run_id).values()) == 0
    before, after = funnel(line, line.runs["nightly"]), funnel(line, run_id)
    assert {stage: row.passed for stage, row in after.items()} == {stage: row.passed for stage, row in before.items()}


def test_a_loosened_rule_is_foretold_with_the_most_that_it_can_cost(line: Place) -> None:
    override = "agree.false_equation=record"
    foretold = plan(line, override)
    run_id = run_pipeline("nightly", DAY, override)
    assert calls_paid(line, run_id)["judge"] <= foretold["judge"]["model_calls"] <= SAMPLES


def test_a_longer_run_reuses_the_shorter_one(line: Place) -> None:
    longer = f"samples={SAMPLES + SAMPLES // 2}"
    foretold = plan(line, longer)
    assert all((stage["shards"], stage["reused"]) == (3, 2) for name, stage in foretold.items() if name != "publish")
    assert foretold["sample"]["model_calls"] == SAMPLES // 2
    run_id = run_pipeline("nightly", DAY, longer)
    assert sample_ids(line, run_id, 3)[:SAMPLES] == sample_ids(line, line.runs["nightly"])
    assert calls_paid(line, run_id)["sample"] == SAMPLES // 2
    assert all(calls_paid(line, run_id)[stage] <= foretold[stage]["model_calls"] for stage in STAGES)


def test_another_layout_of_shards_asks_no_model_anything_new(line: Place) -> None:
    foretold = plan(line, "shards=3")
    assert foretold["sample"]["model_calls"] == 0
    run_id = run_pipeline("nightly", DAY, "shards=3")
    assert sample_ids(line, run_id, 3) == sample_ids(line, line.runs["nightly"])
    assert sum(calls_paid(line, run_id).values()) == 0
    before, after = funnel(line, line.runs["nightly"]), funnel(line, run_id)
    assert {stage: row.passed for stage, row in after.items()} == {stage: row.passed for stage, row in before.items()}


def test_a_plan_of_a_finished_run_says_that_all_of_it_is_there(line: Place) -> None:
    listing, content = line.listing(), ledger_content(line.owner_url)
    foretold = plan(line)
    assert all(stage["reused"] == stage["shards"] and stage["model_calls"] == 0 for stage in foretold.values())
    assert line.listing() == listing  # looking changes nothing
    assert ledger_content(line.owner_url) == content


class Judge:
    """A judge behind an endpoint that agrees `good` times and is gone then."""

    def __init__(self, good: int) -> None:
        self.good = good

    def __call__(self, body: Body, times: int) -> Said:
        self.good -= 1
        if self.good < 0:
            return Said(status=503, body=b"gone")
        verdict = json.dumps({"verdict": "yes", "first_disagreeing_step": None, "reason": "they agree"})
        return completion({"message": {"role": "assistant", "content": verdict}})


def judge_behind(base_url: str) -> list[str]:
    """Settings that ask a judge of elsewhere, one request at a time and each once."""
    return [
        "models.judge.engine=openai",
        "models.judge.model=judge-of-elsewhere",
        "models.judge.prompt=judge.v2",
        "models.judge.stop=[]",
        f"models.judge.endpoint.base_url={base_url}",
        "models.judge.endpoint.attempts=1",
        "models.judge.endpoint.max_error_share=1.0",
        "models.judge.endpoint.concurrency=1",
        "gate.max_unknown_share=1.0",
        "runner.retries_of_unknown=0",
    ]


def test_what_an_endpoint_that_died_left_unknown_is_asked_again_and_nothing_else(line: Place) -> None:
    judged = funnel(line, line.runs["nightly"])["judge"].read
    assert judged >= 4, "the smoke run must judge some samples for this to show anything"
    judge = Judge(good=judged // 2)
    with serving(judge) as endpoint:
        run_id = run_pipeline("nightly", DAY, *judge_behind(endpoint.base_url))
        first = [line.manifest(run_id, "judge", shard) for shard in range(SHARDS)]
        lost = judged - judged // 2
        assert sum(manifest.unknown for manifest in first) == funnel(line, run_id)["judge"].unknown == lost
        judge.good, asked = 10**6, len(endpoint.asked)  # the server is back
        done = caco(line, "rerun", run_id[:12], "--stage", "judge", "--unknown", "--here")
        assert done.returncode == 0, done.stderr
        assert len(endpoint.asked) - asked == lost
    second = [line.manifest(run_id, "judge", shard) for shard in range(SHARDS)]
    rows = funnel(line, run_id)
    assert (rows["judge"].read, rows["judge"].unknown) == (judged, 0)
    for before, after in zip(first, second, strict=True):
        known = {row.id: row for row in line.samples(before) if row.verdict.outcome is not Outcome.UNKNOWN}
        assert {row.id: row for row in line.samples(after) if row.id in known} == known
        assert (after.attempt, after.kept) == ((1, len(known)) if before.unknown else (0, 0))
    with Ledger(line.writer_url) as ledger:
        ledger.conservation(run_id, through="publish")
        now, before_it = ledger.datasets(run_id, state="published")  # a version that was published stays what it is
    assert line.manifest(run_id, "publish", 0).artifacts["dataset"] == now
    assert rows["publish"].read > line.dataset(before_it).rows
