"""A stage in a process of its own: `caco stage … --json`, ended in time, its log in ours, its error as the class that it was."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from caco_tasks import errors
from caco_tasks.errors import CacoError
from caco_tasks.work_log import describe_exit

AIRFLOW_PREFIXES = ("AIRFLOW", "_AIRFLOW", "__AIRFLOW")


def run_stage_process(
    name: str,
    run_id: str,
    shards: Sequence[int],
    *,
    environ: Mapping[str, str],
    kept: Sequence[int],
    limit: float | None,
) -> list[dict[str, Any]]:
    """Makes some outputs of one stage of a run; returns the counts that the process printed, shard by shard.

    Args:
        name: of the stage.
        run_id: of the run.
        shards: numbers, from 0.
        environ: what it gets, without Airflow's own variables.
        kept: file descriptors that it inherits.
        limit: seconds that it may take; None: as long as it likes.

    Raises:
        CacoError: it failed, and the message is its own one sentence; it was killed; or it did not end in time.
    """
    command = [sys.executable, "-m", "caco_tasks.cli", "stage", name, "--run", run_id, "--json"]
    command += [f"--shard={shard}" for shard in shards]
    command += ["--parent", str(os.getpid())]  # a killed task takes its stage along
    # without Airflow's own settings, which a stage has no part in, and with byte code written
    own = {key: value for key, value in environ.items() if not key.startswith(AIRFLOW_PREFIXES)}
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    # into a file: what a killed process leaves behind would hold the end of a pipe open, and with it this task
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        try:
            # its log goes where ours goes: what Airflow takes from the error output, it calls an error
            done = subprocess.run(command, env=own, stdout=printed, stderr=1, pass_fds=kept, timeout=limit, check=False)
        except subprocess.TimeoutExpired as exc:
            raise CacoError(
                f"The stage '{name}' of run {run_id} was ended after {exc.timeout / 60:.3g} minutes (runner.stage_minutes): "
                "what it had finished is kept, and a retry goes on from there."
            ) from exc
        printed.seek(0)
        results = _parse_lines(printed.read())
    if done.returncode != 0 or len(results) != len(shards):
        raise _rebuild_error(
            results[-1] if results else None,  # a process that was killed has printed nothing
            f"The stage '{name}' of run {run_id} {describe_exit(done.returncode)}: what it had finished is kept, and a retry "
            "goes on from there.",
        )
    return results


def _parse_lines(printed: str) -> list[dict[str, Any]]:
    """The JSON objects that a stage's process printed, one on a line: counts of each shard, or at last an error."""
    found = []
    for line in printed.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:  # a library has printed something
            continue
    return [each for each in found if isinstance(each, dict)]


def _rebuild_error(result: Mapping[str, Any] | None, otherwise: str) -> CacoError:
    """The error that a stage's process ended with, as the class that it was."""
    if result is None or "error" not in result:
        return CacoError(otherwise)
    kind = getattr(errors, str(result["error"]), CacoError)  # what a process printed may be anything
    return kind(str(result["message"])) if issubclass(kind, CacoError) else CacoError(otherwise)
