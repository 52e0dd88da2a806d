"""The check `program`: the stages `execute` and `screen`, over programs that are no run's."""

import json
from collections.abc import Sequence
from typing import Any

from caco_tasks.config import RunConfig
from caco_tasks.context import Context
from caco_tasks.ids import content_id
from caco_tasks.pipeline import find_stage
from caco_tasks.records import JudgedRecord, Program, Sample
from caco_tasks.sandbox import Sandbox
from caco_tasks.stages import stage_function
from caco_tasks.store import RunRecord
from caco_tasks.text_checks.results import CheckResult, result_with

STAGES = ("execute", "screen")


class SandboxAlone:
    """The services of a stage that runs programs and needs nothing else."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def sandbox(self) -> Sandbox:
        """The sandbox, started."""
        return self._sandbox


def check_programs(codes: Sequence[str], config: RunConfig, sandbox: Sandbox) -> list[CheckResult]:
    """One result for each program: what `execute` says of it and, where it passes, `screen`; `value` is its output.

    Raises:
        SandboxError: programs cannot be run here.
    """
    samples = [
        Sample(sample_id=str(place), program=Program(program_id=content_id("program", code), code=code))
        for place, code in enumerate(codes)
    ]
    judged: dict[str, JudgedRecord[Sample]] = {}
    for stage in STAGES:
        spec = find_stage("nightly", stage)
        found = stage_function(spec)(samples, _context(stage, config, sandbox))
        judged |= {one.record.sample_id: one for one in found}
        samples = [one.record for one in judged.values() if one.verdict.kept]
    return [_describe(judged[str(place)]) for place in range(len(codes))]


def _context(stage: str, config: RunConfig, sandbox: Sandbox) -> Context:
    services: Any = SandboxAlone(sandbox)
    run = RunRecord(run_id="", pipeline="nightly", partition="", config_hash="", config={}, code_version="")
    spec = find_stage(run.pipeline, stage)
    return Context(run=run, spec=spec, config=config, shard=0, key="", origin={}, draw="", inputs=(), services=services)


def _describe(judged: JudgedRecord[Sample]) -> CheckResult:
    """The verdict with the output as tagged JSON, where there is one."""
    execution = judged.record.execution
    output = None if execution is None else execution.output_json
    return result_with(judged.verdict, judged.record.findings, value=None if output is None else json.loads(output))
