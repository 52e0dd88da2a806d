"""The trial of docker-compose.yml on a real engine: many minutes, so only where CACO_COMPOSE_TRIAL asks for it.

    CACO_COMPOSE_TRIAL="--standins" pytest tests/integration/test_compose_trial.py

holds the options of the trial; `CACO_COMPOSE_TRIAL=" "` gives none.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = os.environ.get("CACO_COMPOSE_TRIAL")


def has_engine() -> bool:
    """Whether a container engine answers."""
    client = os.environ.get("DOCKER", "docker")
    if shutil.which(client) is None:
        return False
    return subprocess.run([client, "version"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(OPTIONS is None, reason="takes many minutes: set CACO_COMPOSE_TRIAL to the options of docker/trial")
def test_the_services_of_the_compose_file_do_their_work(tmp_path: Path) -> None:
    if not has_engine():
        pytest.skip("no container engine answers here")
    command = [sys.executable, "docker/trial", "--folder", str(tmp_path / "trial"), *shlex.split(OPTIONS or "")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("All stages passed.")


def test_the_trial_says_in_one_sentence_that_there_is_no_engine(tmp_path: Path) -> None:
    command = [sys.executable, "docker/trial", "--folder", str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DOCKER": "no-such-client"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "FAILED: There is no docker here" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
