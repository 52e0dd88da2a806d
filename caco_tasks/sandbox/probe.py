"""Tests a level of protection by attack: at each start one program tries what must not work."""

from typing import Final

from caco_tasks.sandbox import values
from caco_tasks.sandbox.jobs import Job, ProgramResult

# Each attempt that goes through puts its name on the list. `csv` is not preloaded: programs must be able to import it.
_ATTEMPTS: Final = """
import os

input = {"secret": SECRET}
went_through = ["nothing"]


def reach_a_network(secret):
    import socket
    socket.socket()


def start_a_process(secret):
    if os.fork() == 0:
        os._exit(0)


def write_a_file(secret):
    os.open(os.__file__ + ".probe", os.O_CREAT | os.O_WRONLY)


def signal_others(secret):
    os.kill(-1, 0)


def signal_its_group(secret):
    os.kill(0, 0)


def read_a_secret(secret):
    open(secret).close()


def fail_to_import(secret):
    try:
        import csv, plistlib
    except ImportError:
        return
    raise OSError


for attempt in (reach_a_network, start_a_process, write_a_file, signal_others, signal_its_group, read_a_secret,
                fail_to_import):
    try:
        attempt(**input)
    except OSError:
        continue
    went_through.append(attempt.__name__)

output = went_through
"""

ALLOWED: Final = {"full": set[str](), "partial": set[str](), "basic": {"read_a_secret"}}


def attack(secret: str) -> Job:
    """The program that attacks, with the path of a file that it must not be able to read."""
    return Job(code=_ATTEMPTS.replace("SECRET", repr(secret)))


def holes(ran: ProgramResult, level: str) -> list[str]:
    """The attempts that succeeded and must not at `level`; or how the attack itself failed."""
    if not ran.verdict.kept or ran.execution.output_json is None:
        return [f"the probe ended as {ran.verdict.reason}: {ran.verdict.detail}"]
    found = values.decode(ran.execution.output_json)
    if not isinstance(found, list):
        return ["the probe did not answer"]
    return [name for name in found if name not in {"nothing", *ALLOWED[level]}]
