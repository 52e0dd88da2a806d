"""No program reaches anything outside of its walls; and outside of them, the same attacks work.

Attacks are the bodies of programs: each sets `escaped` when it has done what it must not be able to do. SECRET, PORT
and SIBLING stand for a planted file, a listening port and another process. `works_outside` marks those that are harmless
enough to be run without protection, and that an unprotected process can do here.
"""

import os
import platform
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from caco_tasks.sandbox import Job, Sandbox

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the attacks name system calls of x86_64")

_PROGRAM = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
input = {{"a": 1}}
output = "held"
escaped = False
try:
{body}
except BaseException as error:
    print(repr(error)[:200])
if escaped:
    output = "escaped"
"""


@dataclass(frozen=True)
class Attack:
    """One thing to try."""

    name: str
    body: str
    works_outside: bool = True

    def program(self, secret: Path, port: int, sibling: int) -> str:
        body = (
            self.body.replace("SECRET", repr(str(secret))).replace("PORT", str(port)).replace("SIBLING", str(sibling))
        )
        return _PROGRAM.format(body=textwrap.indent(textwrap.dedent(body).strip("\n"), "    "))


FILES = [
    Attack("reads a planted secret", "escaped = open(SECRET).read() == 'planted'"),
    Attack("overwrites a file outside", "open(SECRET, 'r+').write('planted'); escaped = True"),
    Attack("makes a file beside the secret", "open(SECRET + '.new', 'w').close(); escaped = True"),
    Attack("reads the list of users", "escaped = 'root' in open('/etc/passwd').read()"),
    Attack("lists the home folders", "os.listdir('/home'); escaped = True"),
    Attack("learns that a file exists", "os.stat(SECRET); escaped = True"),
    Attack("follows a symlink to the secret", "os.symlink(SECRET, 'link'); escaped = bool(open('link').read())"),
    Attack("climbs out of the scratch", "escaped = bool(open('../' * 40 + SECRET).read())"),
    Attack("reads its own state in proc", "escaped = 'Name' in open('/proc/self/status').read()"),
    Attack("reads the memory map of process 1", "escaped = bool(open('/proc/1/maps').read())", False),
    Attack("lists the processes", "escaped = any(name.isdigit() for name in os.listdir('/proc'))"),
    Attack("reads the kernel's settings", "escaped = bool(os.listdir('/sys/kernel'))"),
    Attack("writes into the standard library", "open(os.__file__ + '.x', 'w').close(); escaped = True", False),
    Attack("opens a Python file for writing", "open(os.__file__, 'r+').close(); escaped = True", False),
    Attack("makes a device file", "os.mknod('disk', 0o60660, os.makedev(254, 0)); escaped = True", False),
    Attack("opens a shared memory file", "open('/dev/shm/caco-attack', 'w').close(); escaped = True"),
    Attack("links a library file into its scratch", "os.link(os.__file__, 'linked'); escaped = True", False),
    Attack("locks a file that all programs share", "import fcntl; fcntl.flock(open(os.__file__), 1); escaped = True"),
    Attack("leaves with chroot", "os.mkdir('d'); os.chroot('d'); escaped = True", False),
]

NETWORK = [
    Attack("connects to the loopback interface", "socket.create_connection(('127.0.0.1', PORT), 2); escaped = True"),
    Attack("listens on a port", "socket.create_server(('127.0.0.1', 0)); escaped = True"),
    Attack(
        "sends a datagram", "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT)); escaped = True"
    ),
    Attack("opens a socket of IPv6", "socket.socket(socket.AF_INET6); escaped = True"),
    Attack("opens an abstract socket", "socket.socket(socket.AF_UNIX).bind('\\0caco'); escaped = True"),
    Attack("asks the kernel over netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); escaped = True"),
    Attack("makes a pair of sockets", "socket.socketpair(); escaped = True"),
    Attack("calls socket without Python", "escaped = libc.socket(2, 1, 0) >= 0"),
    Attack("finds an interface", "escaped = bool(socket.if_nameindex())"),
]

PROCESSES = [
    Attack("forks", "pid = os.fork(); escaped = True\nif pid == 0: os._exit(0)"),
    Attack("forks twice to outlive its parent", "pid = os.fork()\nif pid == 0: os.fork(); os._exit(0)\nescaped = True"),
    Attack("runs a command", "import subprocess; subprocess.run(['/bin/true'], check=True); escaped = True"),
    Attack("runs a shell", "escaped = os.system('true') == 0"),
    Attack("spawns with posix_spawn", "os.posix_spawn('/bin/true', ['true'], {}); escaped = True"),
    Attack(
        "replaces itself",
        "os.execv('/bin/echo', ['echo', 'escaped'])",
        False,
    ),
    Attack(
        "starts a process pool",
        "import multiprocessing as m; p = m.Process(target=int); p.start(); p.join(); escaped = True",
    ),
    Attack("asks whether another process lives", "os.kill(SIBLING, 0); escaped = True"),
    Attack("ends another process", "os.kill(SIBLING, 9); escaped = True"),
    Attack("signals its parent", "escaped = os.getppid() != 0 and os.kill(os.getppid(), 0) is None"),
    Attack("opens a handle of another process", "os.pidfd_open(SIBLING); escaped = True"),
    Attack("leads a new session", "os.fork() or (os.setsid(), os._exit(0)); escaped = True"),
    Attack("moves itself to another processor", "os.sched_setaffinity(0, os.sched_getaffinity(0)); escaped = True"),
]

KERNEL = [
    Attack("traces", "escaped = libc.ptrace(0, 0, 0, 0) == 0"),
    Attack("reads another process's memory", "escaped = libc.syscall(310, SIBLING, 0, 0, 0, 0, 0) == 0"),
    Attack("makes a user namespace", "escaped = libc.unshare(0x10000000) == 0"),
    Attack(
        "makes a user namespace with clone",
        "escaped = libc.syscall(56, 0x10000011, 0, 0, 0, 0) >= 0 or os._exit(0)",
        False,
    ),
    Attack(
        "forks with clone3",
        "b = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)\np = libc.syscall(435, b, 64)\nescaped = p > 0\nif p == 0: os._exit(0)",
    ),
    Attack("forks with vfork's number", "p = libc.syscall(57)\nescaped = p > 0\nif p == 0: os._exit(0)"),
    Attack("mounts", "escaped = libc.mount(b'none', b'.', b'tmpfs', 0, 0) == 0", False),
    Attack("enters another namespace", "escaped = libc.setns(0, 0) == 0", False),
    Attack("becomes root", "escaped = os.getuid() == 0 or os.setuid(0) is None", False),
    Attack(
        "raises its own limits",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); escaped = True",
        False,
    ),
    Attack("sets up io_uring", "p = (ctypes.c_uint32 * 30)(); escaped = libc.syscall(425, 4, p) >= 0"),
    Attack(
        "loads a BPF program", "escaped = libc.syscall(321, 0, 0, 0) >= 0 or ctypes.get_errno() not in (1, 38)", False
    ),
    Attack("keeps a key in the kernel", "escaped = libc.syscall(248, b'user', b'caco', b'x', 1, -2) > 0"),
    Attack("makes a memory file", "os.memfd_create('x'); escaped = True"),
    Attack("handles its own page faults", "escaped = libc.syscall(323, 1) >= 0", False),
    Attack(
        "makes shared memory of System V", "i = libc.shmget(0, 4096, 0o1600); escaped = i >= 0; libc.shmctl(i, 0, 0)"
    ),
    Attack(
        "makes a message queue",
        "escaped = libc.syscall(240, b'caco', 0o102, 0o600, 0) >= 0 and libc.syscall(241, b'caco') == 0",
    ),
    Attack("makes a semaphore", "from multiprocessing import Semaphore; Semaphore(); escaped = True"),
    Attack("renames the machine", "escaped = libc.sethostname(b'caco', 4) == 0", False),
    Attack(
        "sets the clock", "import time; time.clock_settime(time.CLOCK_REALTIME, time.time()); escaped = True", False
    ),
    Attack(
        "watches the machine's performance",
        "b = ctypes.create_string_buffer(128); escaped = libc.syscall(298, b, 0, -1, -1, 0) >= 0",
        False,
    ),
    Attack("turns off its filter", "escaped = libc.prctl(22, 0, 0, 0, 0) == 0", False),
    Attack("keeps its memory from being swapped", "escaped = libc.mlockall(1) == 0", False),
    Attack(
        "injects terminal input", "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b'x'); escaped = True", False
    ),
]

INHERITED = [
    Attack("finds an environment", "escaped = len(os.environ) > 0"),
    Attack(
        "finds an environment in the C library",
        "libc.getenv.restype = ctypes.c_char_p; escaped = libc.getenv(b'PATH') is not None",
    ),
    Attack(
        "finds a descriptor beyond its own",
        """
        for number in range(5, 1024):
            try:
                os.fstat(number)
                escaped = True
            except OSError:
                pass
        """,
        False,
    ),
    Attack("reads from stdin", "escaped = bool(sys.stdin.read())", False),
    Attack("finds the platform's modules", "escaped = any('caco' in name for name in sys.modules)", False),
    Attack("imports the platform", "import caco_tasks.config; escaped = True", False),
    Attack(
        "finds the socket of its zygote",
        "escaped = any(s.fileno() > 0 and s.recv(1) for s in [socket.socket(fileno=3)])",
        False,
    ),
]

ALL = [*FILES, *NETWORK, *PROCESSES, *KERNEL, *INHERITED]


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.name.replace(" ", "-"))
def test_an_attack_is_held(attack: Attack, sandbox: Sandbox, secret: Path, port: int, sibling: int) -> None:
    (ran,) = sandbox.run([Job(code=attack.program(secret, port, sibling))])
    assert ran.verdict.reason in (None, "forbidden", "error")
    assert ran.execution.output_json in ('"held"', None)
    assert "escaped" not in ran.execution.stdout
    os.kill(sibling, 0)  # it still lives


@pytest.mark.parametrize(
    "attack", [attack for attack in ALL if attack.works_outside], ids=lambda attack: attack.name.replace(" ", "-")
)
def test_the_same_attack_works_without_the_sandbox(
    attack: Attack, secret: Path, port: int, sibling: int, tmp_path: Path
) -> None:
    code = attack.program(secret, port, sibling) + "print('outcome', output)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=30, check=False
    )
    if attack in KERNEL and "outcome held" in done.stdout:
        pytest.skip("the kernel of this machine refuses this to everybody")
    assert "outcome escaped" in done.stdout, done
