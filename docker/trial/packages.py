"""How packages are fetched while an image is built: what pip is told on this machine, as build secrets, and never in an image."""

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # where the secret `ca` lies while an image is built


@contextmanager
def build_secrets(folder: Path) -> Iterator[list[str]]:
    """The options for `docker build` that follow from this machine's pip configuration.

    A folder of wheels (`find-links`) is served on the loopback address meanwhile, so build with `--network host`; the CPU
    build of PyTorch is then taken from it.

    Args:
        folder: private to the user; the files of the secrets are written there, and removed at the end.
    """
    told = _pip_configuration()
    servers = [_serve(Path(place)) for place in told.get("find-links", []) if Path(place).is_dir()]
    places = [f"http://127.0.0.1:{server.server_port}/" for server in servers]
    index = {name: told[name][0] for name in ("index-url",) if name in told}
    files = {"pip": _pip_conf(index, places, told.get("cert")), "uv": _uv_toml(index, places, told.get("cert"))}
    if told.get("cert"):
        files["ca"] = Path(told["cert"][0]).read_text()
    try:
        for name, text in files.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        options = [word for name in files for word in ("--secret", f"id={name},src={folder / name}")]
        yield options + (["--build-arg", "TORCH="] if places else [])
    finally:
        for name in files:
            (folder / name).unlink(missing_ok=True)
        for server in servers:
            server.shutdown()


def _pip_configuration() -> dict[str, list[str]]:
    """Settings by their names, each with its words; where one is given twice, the environment's counts."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found: dict[str, list[str]] = {}
    for line in sorted(lines, reverse=True):  # `:env:` sorts before `global`, and so is read last
        name, _, value = line.partition("=")
        found[name.rpartition(".")[2]] = value.strip("'").split()
    return found


def _pip_conf(index: dict[str, str], places: list[str], cert: list[str] | None) -> str:
    lines = ["[global]", *(f"{name} = {value}" for name, value in index.items())]
    lines += [f"cert = {CERTIFICATES}"] if cert else []
    return "\n".join([*lines, *(f"find-links = {place}" for place in places[:1])]) + "\n"


def _uv_toml(index: dict[str, str], places: list[str], cert: list[str] | None) -> str:
    lines = [f'{name} = "{value}"' for name, value in index.items()]
    lines += ["system-certs = true"] if cert else []
    return "\n".join([*lines, f"find-links = {places!r}"]) + "\n"


def _serve(folder: Path) -> ThreadingHTTPServer:
    handler = functools.partial(_QuietHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
