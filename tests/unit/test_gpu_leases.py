"""GPUs of a machine, pretended: which there are, who gets them, and that they come back however a task ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from caco_tasks.errors import ConfigError, PlatformError
from caco_tasks.platform.gpus import MARK, Lease, lease_gpus, locks_folder, visible_gpus
from caco_tasks.platform.processes import identify, wait_until

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PAUSE = 0.005


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine with four GPUs."""
    return {"CACO_GPUS": "4", "CACO_GPU_LOCKS": str(tmp_path / "locks"), "PATH": str(tmp_path)}


@pytest.fixture
def leases(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return __import__("gpu_leases")


@pytest.mark.parametrize(
    ("environ", "gpus"),
    [
        pytest.param({}, (), id="no driver"),
        pytest.param({"CACO_GPUS": "3"}, ("0", "1", "2"), id="a number"),
        pytest.param({"CACO_GPUS": "0"}, (), id="none wanted"),
        pytest.param({"CACO_GPUS": " 2, 5 "}, ("2", "5"), id="a list"),
        pytest.param({"CACO_GPUS": "6,"}, ("6",), id="a list of one"),
        pytest.param({"CACO_GPUS": "GPU-8f6d,MIG-11aa"}, ("GPU-8f6d", "MIG-11aa"), id="uuids"),
        pytest.param({"CACO_GPUS": ""}, (), id="an empty variable"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "4,5"}, ("4", "5"), id="those of CUDA"),
        pytest.param({"CUDA_VISIBLE_DEVICES": ""}, (), id="none of CUDA"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "1,-1,2"}, ("1",), id="CUDA stops at an invalid one"),
        pytest.param({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, (), id="none of CUDA in words"),
        pytest.param({"CACO_GPUS": "1", "CUDA_VISIBLE_DEVICES": "4,5"}, ("4",), id="the first of those of CUDA"),
        pytest.param({"CACO_GPUS": "7,", "CUDA_VISIBLE_DEVICES": "4,5"}, ("7",), id="a list before those of CUDA"),
    ],
)
def test_the_gpus_of_a_machine_are(
    environ: dict[str, str], gpus: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no nvidia-smi
    assert visible_gpus(environ) == gpus


@pytest.mark.parametrize(
    ("script", "gpus"),
    [
        pytest.param(
            "echo 'GPU 0: H200 (UUID: GPU-1)'; echo '  MIG 1g.18gb Device 0: (UUID: MIG-2)'; echo 'GPU 1: H200 (UUID: GPU-3)'",
            ("0", "1"),
            id="two, one of them cut up",
        ),
        pytest.param("echo 'No devices found.'", (), id="a driver without a GPU"),
        pytest.param("echo 'NVIDIA-SMI has failed: no driver'; exit 9", (), id="no driver"),
    ],
)
def test_without_a_variable_the_driver_is_asked(
    script: str, gpus: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = tmp_path / "nvidia-smi"
    query.write_text(f"#!/bin/sh\n{script}\n")
    query.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus({}) == gpus


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({"CACO_GPUS": "1,1"}, id="one twice"),
        pytest.param({"CACO_GPUS": "../0,1"}, id="a path"),
        pytest.param({"CACO_GPUS": "-1"}, id="a negative number"),
        pytest.param({"CACO_GPUS": "3", "CUDA_VISIBLE_DEVICES": "4,5"}, id="more than CUDA sees"),
    ],
)
def test_a_wrong_list_of_gpus_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="CACO_GPUS is"):
        visible_gpus(environ)


def test_a_lease_shows_its_gpus_and_no_others(machine: dict[str, str]) -> None:
    with lease_gpus(3, machine) as first, lease_gpus(1, machine) as second, lease_gpus(0, machine) as none:
        assert (first.gpus, second.gpus, none.gpus) == (("0", "1", "2"), ("3",), ())
        assert first.environment["CUDA_VISIBLE_DEVICES"] == "0,1,2"
        assert first.environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
        assert none.environment["CUDA_VISIBLE_DEVICES"] == ""
        assert len(first.descriptors) == 3
    with lease_gpus(4, machine) as all_of_them:
        assert all_of_them.gpus == ("0", "1", "2", "3")


def test_where_there_is_no_gpu_nothing_is_leased_and_nothing_hidden(machine: dict[str, str]) -> None:
    with lease_gpus(2, {**machine, "CACO_GPUS": "", "CUDA_VISIBLE_DEVICES": ""}) as lease:
        assert lease == Lease()


def test_where_tasks_are_to_use_no_gpu_they_see_none(machine: dict[str, str]) -> None:
    with lease_gpus(2, {**machine, "CACO_GPUS": "0"}) as lease:
        assert lease == Lease(environment={"CUDA_VISIBLE_DEVICES": ""})


def test_more_gpus_than_the_machine_has_are_refused_at_once(machine: dict[str, str]) -> None:
    with (
        pytest.raises(
            ConfigError, match=r"^The stage 'judge' needs 8 GPUs at once, and this machine has 4 \(0, 1, 2, 3\): "
        ),
        lease_gpus(8, machine, purpose="The stage 'judge'"),
    ):
        pass


def test_an_order_of_devices_that_is_set_is_kept(machine: dict[str, str]) -> None:
    with lease_gpus(1, {**machine, "CUDA_DEVICE_ORDER": "FASTEST_FIRST"}) as lease:
        assert lease.environment["CUDA_DEVICE_ORDER"] == "FASTEST_FIRST"


def test_a_folder_of_locks_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match=r"The GPU locks in .*/file/locks cannot be used \(Not a directory\)"):
        locks_folder({"CACO_GPU_LOCKS": str(tmp_path / "file" / "locks")})


def test_the_locks_of_a_user_are_in_one_place_wherever_temporary_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert locks_folder({}) == Path(f"/tmp/caco-gpus-{os.geteuid()}")


def test_a_gpu_is_not_free_while_the_process_that_inherited_it_runs(machine: dict[str, str]) -> None:
    with lease_gpus(1, machine) as lease:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=lease.descriptors)
    try:
        with lease_gpus(3, machine) as others:
            assert others.gpus == ("1", "2", "3")
    finally:
        child.kill()
        child.communicate()
    with lease_gpus(4, machine, pause_seconds=PAUSE):
        pass


def test_what_a_killed_stage_has_left_on_a_gpu_is_ended_before_the_next_one_gets_it(machine: dict[str, str]) -> None:
    code = (
        "import subprocess, sys, time\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],\n"
        "    start_new_session=True, stdout=subprocess.DEVNULL)\n"
        "print(left.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with lease_gpus(4, machine) as lease:
        env = {**os.environ, **lease.environment}
        stage = subprocess.Popen(
            [sys.executable, "-c", code], env=env, pass_fds=lease.descriptors, stdout=subprocess.PIPE, text=True
        )
        assert stage.stdout is not None
        left = identify(int(stage.stdout.readline()))
        stage.send_signal(signal.SIGKILL)
        stage.communicate()
    assert left is not None
    assert left.is_alive()
    with lease_gpus(1, machine, pause_seconds=PAUSE) as next_one:
        assert not left.is_alive()
        assert next_one.environment[MARK] != lease.environment[MARK]


def test_who_wants_all_is_served_before_those_who_came_later_and_want_one(machine: dict[str, str]) -> None:
    code = (
        "import os, sys, time\n"
        "from caco_tasks.platform.gpus import lease_gpus\n"
        "with lease_gpus(int(sys.argv[1]), os.environ, pause_seconds=0.005):\n"
        "    print(sys.argv[2], flush=True)\n"
        "    time.sleep(float(sys.argv[3]))\n"
    )
    tickets = locks_folder(machine) / "tickets"
    reading, writing = os.pipe()

    def start(wanted: int, name: str, seconds: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code, str(wanted), name, str(seconds)]
        return subprocess.Popen(command, env={**os.environ, **machine}, stdout=writing)

    with lease_gpus(2, machine):
        waiting = []
        for place, (wanted, name) in enumerate([(4, "four"), (1, "one"), (1, "another")]):
            waiting.append(start(wanted, name, 0.05))
            assert wait_until(lambda place=place: len(list(tickets.iterdir())) == place + 1, seconds=20, pause=PAUSE)
        time.sleep(0.05)  # two GPUs are free, and nobody passes the one that wants four
        assert len(list(tickets.iterdir())) == 3
    assert [process.wait(timeout=20) for process in waiting] == [0, 0, 0]
    os.close(writing)
    with os.fdopen(reading) as told:
        assert told.read().split()[0] == "four"


def test_leases_hold_while_tasks_and_stages_are_killed(leases: ModuleType) -> None:
    seen = leases.simulate(rounds=6)
    assert seen["tasks"] == 48
    assert len(seen["killed"]) == 4  # tasks that wait or work, stages, both
    assert seen["served"] >= 48 - sum(seen["killed"].values())
    assert seen["two_on_one_gpu"] == 0
    assert seen["failed_unkilled"] == 0
    assert seen["leaked_leases"] == 0
    assert (
        seen["most_overtaken"] <= leases.AT_ONCE
    )  # a few may seem to pass where the machine is busy; 20 where none waits
