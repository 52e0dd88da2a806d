"""A trial of docker-compose.yml on this machine's container engine, from the images to a restored backup.

    .venv/bin/python docker/trial --folder /var/tmp/trial

Run it with the environment of `make install`; `--help` lists the options, docs/deployment.md what is needed and what is shown.
"""

import argparse
import datetime as dt
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nights
import packages
import walls
from engine import PROJECT, Engine, TrialError, run, say

from caco_tasks.platform.api import AirflowApi
from caco_tasks.platform.ports import free_port

PORTS = {"AIRFLOW_PORT": 18080, "POSTGRES_PORT": 15433, "S3_PORT": 17070}
VERSION = "trial"  # of the images, so that no image in use is replaced


class Trial:
    """One trial: an engine, a folder, and the platform in it."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Looks for what is needed; nothing is built or started."""
        self.folder = Path(options.folder).absolute()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.engine = Engine(self.folder, has_gpu=options.gpu)
        self.options = options
        self.form = {
            "config": "nano",
            "partition": dt.datetime.now(dt.UTC).date().isoformat(),
            "samples": options.samples,
        }
        self.secrets = self.folder / "secrets"
        self.url = ""  # of Airflow, once it is started

    def build(self) -> None:
        """The images of the Dockerfiles; with `--standins` also those that stand in for a registry's."""
        commit = run(["git", "rev-parse", "HEAD"])
        engine, cpu, gpu = self.engine, f"caco:{VERSION}", f"caco-gpu:{VERSION}"
        with packages.build_secrets(self.folder) as told:
            if self.options.standins:
                secret = [word for word in told if "TORCH" not in word and word != "--build-arg"]
                run(["docker/standins/make.sh", *secret])
            options = [*told, "--build-arg", f"CACO_COMMIT={commit}"]
            engine.build("caco-s3:v1.8.0", "docker/s3.Dockerfile", "docker")
            engine.build(cpu, "docker/Dockerfile", ".", "--target", "cpu", *options)
            if self.options.gpu:
                engine.build(gpu, "docker/Dockerfile", ".", "--target", "gpu", *options)
            else:
                engine.build(gpu, "docker/standins/gpu.Dockerfile", ".", "--build-arg", f"CPU={cpu}", *options)
        for name in (cpu, gpu, "caco-s3:v1.8.0"):
            size = int(engine.ask("image", "inspect", "--format", "{{.Size}}", name))
            say(f"  {name}: {size / 1e9:.2f} GB")

    def start(self) -> None:
        """All services, from empty volumes, until each is healthy."""
        self._write_settings()
        self._up()

    def first_night(self) -> None:
        """Seeds, CodeGen and a nightly run; the queue, the worker and the sandbox of each task; what the store then holds."""
        with self._airflow() as api:
            nights.check_queues(self.engine, nights.run_line(self.engine, api, self.form))
        found = nights.figures(self.engine)
        if found["sandbox_levels"] != "full" or not found["published"]:
            raise TrialError(f"The night is not as it should be: {found}.")
        name = self._dataset()
        files = nights.objects(self.engine, f"datasets/{name}")
        say(f"  sandbox level {found['sandbox_levels']}; {found['published']} rows in {name}, {len(files)} files")
        for stage, counts in nights.funnel(self.engine)["stages"].items():
            say(f"    {stage}: read {counts['read']}, passed {counts['passed']}")
        say("  " + self.engine.inside("worker-cpu", "caco", "verify", name).splitlines()[-1])

    def look_at_walls(self) -> None:
        """No process of root, no way out for untrusted programs, logs that end."""
        walls.check(self.engine)

    def second_night(self) -> None:
        """All containers removed and made anew over the same volumes; the same night again changes nothing."""
        before, stored = nights.figures(self.engine), nights.objects(self.engine, "datasets")
        self.engine.compose("down")
        self._up()
        with self._airflow() as api:
            nights.run_night(self.engine, api, self.form)
        after, stored_after = nights.figures(self.engine), nights.objects(self.engine, "datasets")
        if after != before or stored_after != stored:
            raise TrialError(f"The second night changed something: {before} became {after}.")
        say(
            f"  {after['outputs']} outputs, {after['requests']} requests, {len(stored)} files of datasets: all as before"
        )

    def restored(self) -> None:
        """A backup is taken, all volumes are removed, and the backup is restored into new ones: nothing differs."""
        before, stored = nights.figures(self.engine), nights.objects(self.engine, "")
        backups = self.folder / "backups"
        backups.mkdir(exist_ok=True)
        backups.chmod(0o777)  # the user of the image writes there; the folder above is closed
        say("  " + self._with_backups("caco", "backup", "/backups/first"))
        self.engine.compose("down", "--volumes")
        self._up()
        say("  " + self._with_backups("caco", "restore", "/backups/first"))
        if nights.figures(self.engine) != before or nights.objects(self.engine, "") != stored:
            raise TrialError(f"What was restored is not what was backed up: {before}.")
        with self._airflow() as api:
            nights.run_night(self.engine, api, self.form)
        if nights.figures(self.engine) != before:
            raise TrialError("A night over what was restored changed something.")
        say("  " + self.engine.inside("worker-cpu", "caco", "verify", self._dataset()).splitlines()[-1])

    def remove(self) -> None:
        """Containers, networks, volumes and secrets of this trial; its images stay."""
        self.engine.compose("down", "--volumes")
        shutil.rmtree(self.folder)

    def _with_backups(self, *command: str) -> str:
        """What a command says in a container that has the owner's rights and the folder of backups."""
        mounted = f"{self.folder / 'backups'}:/backups"
        return self.engine.compose("run", "--rm", "-T", "--no-deps", "--volume", mounted, "init", *command)

    def _dataset(self) -> str:
        return str(nights.figures(self.engine)["datasets"]).split()[0]

    def _up(self) -> None:
        begun = time.monotonic()
        self.engine.start_services()
        say(f"  {', '.join(sorted(self.engine.containers()))}: healthy after {time.monotonic() - begun:.0f} s")

    def _write_settings(self) -> None:
        """Secrets and `.env` as a user would make them, with ports that are free and folders of the trial's own."""
        run(["docker/make-secrets.sh", str(self.secrets)])
        if self.options.standins:
            (self.secrets / "s3_access_key").write_text("caco:" + secrets.token_hex(8))  # the form that Swift asks for
        settings = {"CACO_VERSION": VERSION, "CACO_CPU_TASKS": "2", "CACO_SECRETS": str(self.secrets)}
        settings |= {name: str(free_port(port)) for name, port in PORTS.items()}
        for name in ("CACO_SEEDS", "CACO_BENCHMARKS", "CACO_CONFIGS", "CACO_MODELS"):
            (self.folder / name.lower()).mkdir(mode=0o755, exist_ok=True)
            settings[name] = str(self.folder / name.lower())
        (self.folder / "env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self.url = f"http://127.0.0.1:{settings['AIRFLOW_PORT']}"
        self.engine.write_file()

    @contextmanager
    def _airflow(self) -> Iterator[AirflowApi]:
        password = (self.secrets / "caco_admin_password").read_text().strip()
        with AirflowApi(self.url, "admin", password, patience_seconds=300) as api:
            yield api


def main() -> None:
    """Carries out the stages one after the other; the first that fails ends the trial with exit code 1."""
    options = _parse(sys.argv[1:])
    try:
        trial = Trial(options)
        for stage in _stages(trial):
            say(f"{stage.__name__.replace('_', ' ')}: {(stage.__doc__ or '').splitlines()[0]}")
            stage()
        say("All stages passed.")
    except TrialError as exc:
        say(f"FAILED: {exc}")
        say(f"The containers are left as they are: their names begin with {PROJECT}.")
        sys.exit(1)


def _stages(trial: Trial) -> list[Callable[[], None]]:
    stages = [trial.build] if not trial.options.no_build else []
    stages += [trial.start, trial.first_night, trial.look_at_walls, trial.second_night, trial.restored]
    return stages if trial.options.keep else [*stages, trial.remove]


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="docker/trial", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", required=True, help="where passwords and settings of the trial lie meanwhile")
    parser.add_argument("--samples", type=int, default=60, help="programs that the nightly run samples; not given: 60")
    parser.add_argument("--gpu", action="store_true", help="build the image with vLLM for GPUs, and reserve them")
    parser.add_argument(
        "--standins", action="store_true", help="make the images of registries here, from Debian and PyPI"
    )
    parser.add_argument("--no-build", action="store_true", help="the images of an earlier trial are used")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
