"""A worker killed at the worst moment: what was finished is kept, the rest is made, nothing is lost or doubled."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from whole_line import DAY, PATIENCE_SECONDS, Place, caco, command, run_stage, sample_ids

from caco_tasks import tasks
from caco_tasks.ledger import Ledger
from caco_tasks.platform.processes import ProcessId, descendants, identify, wait_until
from caco_tasks.records import JudgedRecord, Sample
from caco_tasks.store.shards import read_shard

LOOK_SECONDS = 0.01
GONE_SECONDS = 10


def plan(*overrides: str) -> str:
    """A nightly run of one shard that is worked through in many parts; its id."""
    planned = tasks.plan("nightly", partition=DAY, config="smoke", overrides=["shards=1", *overrides])
    return str(planned["run_id"])


def parts(line: Place, run_id: str, stage: str) -> list[Path]:
    return sorted((line.manifest_path(run_id, stage, 0).parent / "parts").glob("*.parquet"))


def rows(line: Place, path: Path) -> list[JudgedRecord[Sample]]:
    return read_shard(line.store, str(path.relative_to(line.folder)), Sample)


def is_done(line: Place, run_id: str, stage: str) -> bool:
    return line.manifest_path(run_id, stage, 0).exists()


def kill_after_first_part(line: Place, run_id: str, stage: str) -> list[ProcessId]:
    """Starts a stage, kills its process group once a part is there, and returns all processes that it had."""
    worker = subprocess.Popen(
        command("stage", stage, "--run", run_id, "--shard", "0"),
        env={**os.environ, **line.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        begun = wait_until(
            lambda: bool(parts(line, run_id, stage)) or worker.poll() is not None,
            seconds=PATIENCE_SECONDS,
            pause=LOOK_SECONDS,
        )
        assert begun, f"no part of {stage} within {PATIENCE_SECONDS} seconds"
        family = [process for pid in descendants(worker.pid) if (process := identify(pid))]
        os.killpg(worker.pid, signal.SIGKILL)
    finally:
        worker.kill()
    assert worker.wait() == -signal.SIGKILL, "it had ended before it was killed"
    return family


def test_a_worker_killed_in_the_middle_of_sampling_goes_on_where_it_was(line: Place, tmp_path: Path) -> None:
    run_id = plan("samples=48", "runner.part_rows=8")
    kill_after_first_part(line, run_id, "sample")
    assert not is_done(line, run_id, "sample")
    kept = [judged for path in parts(line, run_id, "sample") for judged in rows(line, path)]
    assert 8 <= len(kept) < 48

    done = caco(line, "stage", "sample", "--run", run_id, "--shard", "0")
    assert (done.returncode, done.stderr) == (0, "")
    manifest = line.manifest(run_id, "sample", 0)
    made = line.samples(manifest)
    assert [judged.record.sample_id for judged in made] == sample_ids(line.keys(run_id), 0)
    assert made[: len(kept)] == kept  # with the seconds that each took: none was made again
    assert parts(line, run_id, "sample") == []

    tasks.load(run_id, "sample", 0)
    with Ledger(line.writer_url) as ledger:
        ledger.conservation(run_id, through="sample")
        assert [(row.read, row.passed + row.failed) for row in ledger.funnel(run_id)] == [(48, 48)]

    line.manifest_path(run_id, "sample", 0).parent.rename(tmp_path / "disturbed")
    assert caco(line, "stage", "sample", "--run", run_id, "--shard", "0").returncode == 0
    assert list(map(without_times, line.samples(line.manifest(run_id, "sample", 0)))) == list(map(without_times, made))


def without_times(judged: JudgedRecord[Sample]) -> tuple[str, str, object]:
    """What a sampled program is, without the time that it took."""
    return judged.record.sample_id, judged.record.program.code, judged.verdict


def test_a_worker_killed_in_the_middle_of_execution_goes_on_and_leaves_no_process(line: Place) -> None:
    run_id = plan("samples=40", "runner.part_rows=1")
    run_stage("sample", run_id, [0])
    family = kill_after_first_part(line, run_id, "execute")
    assert len(family) > 1, "the sandbox has processes of its own"
    assert wait_until(lambda: not any(process.is_alive() for process in family), seconds=GONE_SECONDS)
    assert not is_done(line, run_id, "execute")
    kept = [judged for path in parts(line, run_id, "execute") for judged in rows(line, path)]
    assert kept

    run_stage("execute", run_id, [0])
    made = line.samples(line.manifest(run_id, "execute", 0))
    passed = [
        judged.record.sample_id for judged in line.samples(line.manifest(run_id, "sample", 0)) if judged.verdict.kept
    ]
    assert [judged.record.sample_id for judged in made] == passed
    assert made[: len(kept)] == kept
    with Ledger(line.writer_url) as ledger:
        ledger.conservation(run_id, through="execute")


def test_a_stage_ends_with_the_task_that_started_it(line: Place) -> None:
    run_id = plan("samples=40", "runner.part_rows=1")
    run_stage("sample", run_id, [0])
    code = f"from caco_tasks import tasks; tasks.stage('execute', '{run_id}', 0)"
    task = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **line.environ}, start_new_session=True)
    try:
        begun = wait_until(lambda: bool(parts(line, run_id, "execute")), seconds=PATIENCE_SECONDS, pause=LOOK_SECONDS)
        family = [process for pid in descendants(task.pid) if (process := identify(pid))]
    finally:
        task.kill()  # the task alone, as when the machine runs out of memory
        task.wait()
    assert begun
    assert len(family) > 2, "a task, its stage, and the sandbox's processes"
    assert wait_until(lambda: not any(process.is_alive() for process in family), seconds=GONE_SECONDS)
    assert not is_done(line, run_id, "execute")


@pytest.mark.parametrize("victim", ["group", "leader"])
def test_an_endless_program_ends_with_the_worker_that_ran_it(tmp_path: Path, victim: str) -> None:
    source = tmp_path / "programs.jsonl"
    source.write_text(json.dumps({"id": "endless", "code": "input = 1\nwhile True:\n    input += 1\noutput = input\n"}))
    words = ("exec", "--jsonl", str(source), "--out", str(tmp_path / "out.jsonl"), "--workers", "1", "--timeout", "300")
    worker = subprocess.Popen(
        command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        is_running = wait_until(lambda: cpu_ticks(worker.pid) > 100, seconds=PATIENCE_SECONDS)
        family = [process for pid in descendants(worker.pid) if (process := identify(pid))]
    finally:
        (os.killpg if victim == "group" else os.kill)(worker.pid, signal.SIGKILL)
        worker.wait()
    assert is_running
    assert wait_until(lambda: not any(process.is_alive() for process in family), seconds=GONE_SECONDS)
    assert not (tmp_path / "out.jsonl").exists()


def cpu_ticks(pid: int) -> int:
    """The time that the busiest of a process's descendants has had, in ticks of which a second has 100."""
    return max((own_ticks(child) for child in descendants(pid) if child != pid), default=0)


def own_ticks(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])
    except (FileNotFoundError, ProcessLookupError):
        return 0
