"""The container engine as the trial uses it: images are built, the services of docker-compose.yml started, asked and ended."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = "caco-trial"  # names containers, networks and volumes, so that a platform that runs here is not touched
HEALTHY_SECONDS = 900  # on a machine that does other work beside it
PAUSE_SECONDS = 5
TOOLS = (["docker", "compose"], ["docker-compose"])


class TrialError(Exception):
    """The trial cannot go on, or something is not as it must be."""


class Engine:
    """One engine, one environment of variables, one set of services."""

    def __init__(self, folder: Path, *, has_gpu: bool) -> None:
        """Looks for the engine; nothing is started.

        Args:
            folder: where the file for compose and its `.env` are written.
            has_gpu: whether the reservation of GPUs stays in the file.
        """
        self.docker = os.environ.get("DOCKER", "docker")
        self.folder = folder
        self._has_gpu = has_gpu
        if shutil.which(self.docker) is None:
            raise TrialError("There is no docker here: install it, or name the client in the variable DOCKER.")
        if not self.ask("version", "--format", "{{.Server.Version}}", check=False):
            raise TrialError("The container engine does not answer: start it, or name its socket in DOCKER_HOST.")
        self.tool = next((tool for tool in TOOLS if _answers([*tool, "version"])), None)
        if self.tool is None:
            raise TrialError("Neither `docker compose` nor `docker-compose` is here: install one.")

    def build(self, name: str, file: str, context: str, *options: str) -> None:
        """Builds one image; a failure shows the whole of what was said."""
        command = [self.docker, "build", "--network", "host", "--tag", name, "--file", file, *options, context]
        run(command, environment={"DOCKER_BUILDKIT": "1"})

    def ask(self, *arguments: str, check: bool = True) -> str:
        """What the client prints."""
        return run([self.docker, *arguments], check=check)

    def start_services(self) -> None:
        """Starts all services that do not run yet, and returns when each is healthy.

        Raises:
            TrialError: one did not become so; its log is shown.
        """
        try:
            self.compose("up", "--detach", "--no-build")
        except TrialError as exc:
            logs = [self._log(service) for service in self._sick()]
            raise TrialError("\n".join([str(exc), *logs])) from None
        self.wait_until_healthy()

    def compose(self, *arguments: str) -> str:
        """What `docker compose` prints, with the trial's file and variables."""
        return run([*self.tool, *self._options(), *arguments])

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """What a command prints inside a service's container."""
        return self.ask("exec", self.container(service), *command, check=check)

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return str(self.inspect(service)["Id"])

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says of a service's container."""
        found = self.containers().get(service)
        if found is None:
            raise TrialError(f"The service {service} has no container.")
        return found

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine says of every container of the trial, by its service."""
        wanted = [f"label=com.docker.compose.{label}" for label in (f"project={PROJECT}", "oneoff=False")]
        ids = self.ask("ps", "--all", "--quiet", *[word for each in wanted for word in ("--filter", each)]).split()
        found = json.loads(self.ask("inspect", *ids)) if ids else []
        return {facts["Config"]["Labels"]["com.docker.compose.service"]: facts for facts in found}

    def wait_until_healthy(self) -> None:
        """Returns when every service that has a health check is healthy.

        Raises:
            TrialError: one is not within a quarter of an hour; its log is shown.
        """
        end = time.monotonic() + HEALTHY_SECONDS
        while sick := self._sick():
            if time.monotonic() > end:
                raise TrialError(f"{', '.join(sick)}: not healthy after {HEALTHY_SECONDS} s.\n{self._log(sick[0])}")
            time.sleep(PAUSE_SECONDS)

    def write_file(self) -> None:
        """The compose file as this machine can use it: JSON, which is YAML, with what older tools do not know left out."""
        settings = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
        settings.pop("name")  # the project is named on the command line
        settings = {key: value for key, value in settings.items() if not key.startswith("x-")}
        if not self._has_gpu:
            del settings["services"]["worker-gpu"]["deploy"]
        (self.folder / "compose.json").write_text(json.dumps(settings, indent=1))

    def _sick(self) -> list[str]:
        return [name for name, facts in self.containers().items() if not _is_well(name, facts["State"])]

    def _log(self, service: str) -> str:
        # what a service says of its own end comes on the other stream
        command = [self.docker, "logs", "--tail", "40", self.container(service)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return f"--- {service} says last:\n{done.stdout}"

    def _options(self) -> list[str]:
        files = ["--file", str(self.folder / "compose.json"), "--env-file", str(self.folder / "env")]
        return [*files, "--project-name", PROJECT, "--project-directory", str(ROOT), "--profile", "gpu"]


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None, check: bool = True) -> str:
    """What a command prints on standard output.

    Raises:
        TrialError: it failed, unless `check` is off; the end of what it said is shown.
    """
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode and check:
        shown = " ".join(command[:6])
        raise TrialError(f"`{shown} ...` failed ({done.returncode}).\n{(done.stdout + done.stderr)[-6000:]}")
    return done.stdout.strip()


def say(sentence: str) -> None:
    """One line of the trial's report."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def _is_well(service: str, state: dict[str, Any]) -> bool:
    if service == "init":
        return bool(state["Status"] == "exited" and state["ExitCode"] == 0)
    return bool(state.get("Health", {}).get("Status") == "healthy")


def _answers(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
