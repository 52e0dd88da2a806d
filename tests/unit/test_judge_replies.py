"""The judge behind an endpoint: replies of every kind, schemas that servers take or refuse, retries that are other questions."""

import json
import logging
from pathlib import Path
from typing import Any

import making
import pytest
from endpoints import Answers, Body, Endpoint, Said, completion, fault, serving
from finished_outputs import finish_output

from caco_tasks.context import Context
from caco_tasks.identity import RunKeys, training_hash
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.prompts import Prompt
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import find_stage
from caco_tasks.records import PASS, JudgedRecord, Outcome, Reason, Sample
from caco_tasks.runner import make_output
from caco_tasks.stages.judge import SCHEMA, judge

YES = '{"verdict": "yes", "first_disagreeing_step": null, "reason": "fits"}'
NO = 'Line 2 says 3 * 4 = 13, which is 12.\n```json\n{"verdict": "No", "step": "2", "reason": "\\(3 \\cdot 4\\)",}\n```'


def said(text: str, finish_reason: str = "stop") -> Said:
    """A chat server's answer."""
    return completion({"message": {"role": "assistant", "content": text}}, finish_reason=finish_reason)


def courtroom(tmp_path: Path, server: Endpoint, *, judging: dict[str, Any] | None = None, **model: Any) -> Context:
    """The task of the stage, whose judge is behind `server`."""
    plain = {"model": "nano:codegen", "prompt": "nano_program.v1"}
    endpoint = {"base_url": server.base_url, "attempts": 1}
    asked = {"engine": "openai", "model": "m", "revision": "1", "prompt": "judge.v2", "endpoint": endpoint} | model
    roles = {role: plain for role in ("codegen", "reverser", "solver")} | {"judge": asked}
    return making.context_in(tmp_path, "judge", making.small_config(models=roles, judge=judging or {}))


def judged(
    tmp_path: Path, answers: Answers, *, samples: int = 1, judging: dict[str, Any] | None = None, **model: Any
) -> tuple[list[JudgedRecord[Sample]], Endpoint]:
    """What the stage says of some samples, and what the server saw."""
    with serving(answers) as server:
        context = courtroom(tmp_path, server, judging=judging, **model)
        rows = [making.sample(f"s{number}", judgement=None) for number in range(samples)]
        return list(judge(rows, context)), server


REPLIES: dict[str, tuple[Said, Outcome, Reason | None]] = {
    "yes after reasoning": (said(f"3 * 4 = 12, so it fits.\n\n{YES}"), Outcome.PASS, None),
    "no in a fence, with LaTeX": (said(NO), Outcome.FAIL, Reason.INCONSISTENT),
    "thinking that says the opposite": (said(f"<think>Verdict: no</think>\n{YES}"), Outcome.PASS, None),
    "cut off": (said(f"{NO} So", "length"), Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "cut off in its thinking": (said("<think>3 * 4", "length"), Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "nothing that is stated": (said("I would have to think about it."), Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "numbers like another judge's": (said("3=3 4=4"), Outcome.UNKNOWN, Reason.UNPARSEABLE_JUDGEMENT),
    "lost": (fault(503), Outcome.UNKNOWN, Reason.ENGINE_LOST),
}


@pytest.mark.parametrize(("reply", "outcome", "reason"), REPLIES.values(), ids=REPLIES)
def test_a_reply_that_cannot_be_read_says_nothing_against_a_sample(
    tmp_path: Path, reply: Said, outcome: Outcome, reason: Reason | None
) -> None:
    (found,), _ = judged(tmp_path, lambda body, times: reply)
    assert (found.verdict.outcome, found.verdict.reason) == (outcome, reason)


def test_the_judge_sees_what_the_program_printed(tmp_path: Path) -> None:
    _, server = judged(tmp_path, lambda body, times: said(YES))
    execution = making.sample().execution
    assert execution is not None
    assert f"Its output:\n{execution.output_text}" in server.asked[0][2]["messages"][-1]["content"]


def test_a_vote_that_was_cut_off_counts_for_nobody(tmp_path: Path) -> None:
    def answers(body: Body, times: int) -> Said:
        is_twin = body["messages"][-1]["content"].index("Program:") < body["messages"][-1]["content"].index("Solution:")
        return said("<think>so", "length") if is_twin else said(NO)

    (found,), _ = judged(tmp_path, answers, judging={"both_orders": True})
    assert found.verdict.outcome is Outcome.UNKNOWN
    assert found.record.judgement is not None
    assert [vote.outcome for vote in found.record.judgement.votes] == [Outcome.FAIL, Outcome.UNKNOWN]
    assert [vote.first_disagreeing_step for vote in found.record.judgement.votes] == [2, None]


def test_a_schema_is_asked_of_a_server_where_the_config_says_so(tmp_path: Path) -> None:
    reply = json.dumps({"reasoning": "3 * 4 = 12", "verdict": "yes", "first_disagreeing_step": None, "reason": "fits"})
    (found,), server = judged(tmp_path, lambda body, times: said(reply), structured=True)
    assert found.verdict.outcome is Outcome.PASS
    asked = server.asked[0][2]["response_format"]
    assert asked["json_schema"]["schema"] == json.loads(SCHEMA)
    assert next(iter(asked["json_schema"]["schema"]["properties"])) == "reasoning"  # it can calculate before it judges
    _, plain = judged(tmp_path / "plain", lambda body, times: said(reply))
    assert "response_format" not in plain.asked[0][2]


@pytest.mark.parametrize("refusal", ["response_format is not supported", "unknown field", "the grammar is invalid"])
def test_a_server_that_refuses_schemas_is_asked_without_and_loses_no_row(
    tmp_path: Path, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    def answers(body: Body, times: int) -> Said:
        return fault(400, refusal) if "response_format" in body else said(YES)

    with caplog.at_level(logging.WARNING):
        found, server = judged(tmp_path, answers, samples=12, structured=True)
    assert [row.verdict.outcome for row in found] == [Outcome.PASS] * 12
    assert len(server.asked) <= 24
    assert sum("takes no schema" in record.message for record in caplog.records) == 1


def test_a_server_that_ignores_schemas_is_read_as_it_replies(tmp_path: Path) -> None:
    (found,), _ = judged(tmp_path, lambda body, times: said(f"It fits.\n{YES}"), structured=True)
    assert found.verdict.outcome is Outcome.PASS


def test_a_reply_that_says_nothing_is_asked_for_again_at_another_temperature(tmp_path: Path) -> None:
    def answers(body: Body, times: int) -> Said:
        return said(YES) if body["temperature"] > 0 else said("Hm.")

    with serving(answers) as server:
        context = courtroom(tmp_path, server)
        keys = RunKeys(context.run, {})
        row = JudgedRecord(record=making.sample(judgement=None), verdict=PASS)
        finish_output(keys, context.services.store, "agree", [row])
        manifest = make_output(context, keys)
    assert (manifest.passed, manifest.unknown) == (1, 0)
    assert [body["temperature"] for _, _, body in server.asked] == [0.0, 0.7]
    assert len({body["seed"] for _, _, body in server.asked}) == 2


PROMPT = Prompt(name="a.v1", system=None, text="$problem", is_chat=False)


def test_only_retries_of_what_is_not_sampled_are_other_requests() -> None:
    cold = ModelSettings(model="m", prompt="a.v1")
    warm = cold.model_copy(update={"temperature": 0.5})

    def request(settings: ModelSettings, **changes: Any) -> Any:
        return make_request(PROMPT, settings, model_id="m@1", values={"problem": "1 + 1"}, **changes)

    assert request(cold).temperature is None
    assert request(cold, is_retry=True).temperature == cold.retry_temperature
    assert request(warm, is_retry=True) == request(warm)
    first = [request(cold.model_copy(update={"retry_temperature": other})) for other in (0.0, 0.7, 1.0)]
    assert len({one.request_id for one in first}) == 1
    again = [request(cold.model_copy(update={"retry_temperature": other}), is_retry=True) for other in (0.3, 0.7, 1.0)]
    assert len({one.request_id for one in (first[0], *again)}) == 4
    assert request(cold, schema=SCHEMA) == request(cold)  # not asked for
    held = request(cold.model_copy(update={"structured": True}), schema=SCHEMA)
    assert (held.schema, held.request_id == first[0].request_id) == (SCHEMA, False)


def test_settings_of_some_requests_are_in_keys_only_where_they_are_changed() -> None:
    def keys(**changes: Any) -> RunKeys:
        model = {"model": "nano:codegen", "prompt": "nano_program.v1"}
        roles = {role: model for role in ("codegen", "reverser", "solver")} | {"judge": model | changes}
        return RunKeys(making.nightly_run(making.small_config(models=roles)), {})

    spec = find_stage("nightly", "judge")
    plain = keys()
    assert not {"retry_temperature", "structured"} & set(plain.recipe(spec)["sampling"])
    for changed in (keys(retry_temperature=0.3), keys(structured=True)):
        assert changed.key("judge", 0) != plain.key("judge", 0)
        assert changed.key("agree", 0) == plain.key("agree", 0)
        assert training_hash(changed.config) == training_hash(plain.config)
