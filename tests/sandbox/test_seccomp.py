"""The filters, instruction by instruction as the kernel runs them, for each machine that has a table: also where none is at hand.

What a kernel does with the answers is tested by attack, and only on the machine that runs the tests.
"""

import errno
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from caco_tasks.sandbox import kernel, seccomp
from caco_tasks.sandbox.syscalls import AUDIT_ARCH, TABLES

KILL, ALLOW, REFUSE = 0x80000000, 0x7FFF0000, 0x00050000
NUMBERS = range(700)
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),  # which that machine's own header is made from
}
SIGCHLD, THREAD = 17, 0x10F00
O_WRONLY, O_CREAT = 1, 0o100

on_each_machine = pytest.mark.parametrize("machine", TABLES)


def answer(program: bytes, machine: str, number: int, *arguments: int) -> int:
    """What a filter says of a system call: classic BPF over `struct seccomp_data`."""
    words = (argument & 2**64 - 1 for argument in (*arguments, *[0] * (6 - len(arguments))))
    data = struct.pack("iIQ6Q", number, AUDIT_ARCH[machine], 0, *words)
    code = list(struct.iter_unpack("HBBI", program))
    place = accumulator = 0
    while True:
        operation, if_true, if_false, operand = code[place]
        match operation:
            case 0x06:
                return int(operand)
            case 0x20:
                (accumulator,) = struct.unpack_from("I", data, operand)
                place += 1
                continue
            case 0x15:
                is_true = accumulator == operand
            case 0x35:
                is_true = accumulator >= operand
            case 0x45:
                is_true = bool(accumulator & operand)
        place += 1 + (if_true if is_true else if_false)


@on_each_machine
@pytest.mark.parametrize("has_namespaces", [True, False])
def test_no_call_is_allowed_whose_name_is_not_in_the_tables(machine: str, has_namespaces: bool) -> None:
    program = seccomp.slot_filter(has_namespaces=has_namespaces, machine=machine)
    names = {number: name for name, number in TABLES[machine].items()}
    answers = {number: answer(program, machine, number) for number in NUMBERS}
    assert {said for number, said in answers.items() if number not in names} == {REFUSE | errno.EPERM}
    deadly = {names[number] for number, said in answers.items() if said == KILL}
    assert deadly == set(seccomp.DEADLY.split()) & TABLES[machine].keys()
    assert "ptrace" in deadly
    refused = {names[number] for number in names if answers[number] == REFUSE | errno.EPERM}
    assert {"memfd_create", "pidfd_open", "pidfd_send_signal", "landlock_create_ruleset", "kill"} <= refused
    assert {"read", "mmap", "futex", "exit_group"} <= {names[n] for n in names if answers[n] == ALLOW}


@pytest.mark.parametrize("has_namespaces", [True, False])
def test_both_machines_answer_alike_by_name(has_namespaces: bool) -> None:
    first, second = (
        {
            name: answer(program, machine, TABLES[machine][name])
            for name in TABLES["x86_64"].keys() & TABLES["aarch64"].keys()
        }
        for machine in ("x86_64", "aarch64")
        for program in [seccomp.slot_filter(has_namespaces=has_namespaces, machine=machine)]
    )
    assert first == second


@on_each_machine
def test_arguments_decide_where_they_must(machine: str) -> None:
    numbers = TABLES[machine]
    full, less = (seccomp.slot_filter(has_namespaces=has, machine=machine) for has in (True, False))
    program = seccomp.program_filter(machine)
    refused = REFUSE | errno.EPERM
    new_user, new_pid = kernel.CLONE_NEWUSER | SIGCHLD, kernel.CLONE_NEWPID | SIGCHLD
    for filters, name, arguments, expected in (
        (full, "clone", (new_pid,), ALLOW), (full, "clone", (new_user,), refused), (full, "clone", (SIGCHLD,), refused),
        (full, "clone", (THREAD,), ALLOW), (less, "clone", (new_pid,), refused), (program, "clone", (SIGCHLD,), refused),
        (program, "clone", (THREAD,), ALLOW), (full, "openat", (0, 0, O_WRONLY), ALLOW),
        (less, "openat", (0, 0, O_CREAT), REFUSE | errno.EROFS), (less, "openat", (0, 0, 0), ALLOW),
        (full, "kill", (0, 9), refused), (full, "kill", (2, 9), ALLOW), (program, "kill", (2, 9), refused),
        (full, "ioctl", (0, 0x5412), refused), (full, "fcntl", (0, 4), refused), (full, "prctl", (22,), refused),
        (program, "prlimit64", (7,), refused), (program, "prlimit64", (0,), ALLOW),
    ):  # fmt: skip
        assert answer(filters, machine, numbers[name], *arguments) == expected, (name, arguments)


@on_each_machine
def test_the_table_of_another_machine_is_deadly(machine: str) -> None:
    (other,) = TABLES.keys() - {machine}
    assert answer(seccomp.slot_filter(has_namespaces=True, machine=machine), other, 0) == KILL


@on_each_machine
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("needs the kernel's headers for programs in C")
    defined = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())
    known = {name: int(number) for name, number in defined}
    known.setdefault("newfstatat", known.get("fstatat", -1))  # the name on machines of 64 bits
    newer = {name for name in TABLES[machine] if name not in known}
    assert newer <= {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "mount_setattr"}
    assert {name: known[name] for name in TABLES[machine] if name in known} == {
        name: number for name, number in TABLES[machine].items() if name in known
    }


@pytest.mark.skipif(not shutil.which("setarch"), reason="needs setarch")
def test_on_a_machine_without_a_table_nothing_runs() -> None:
    code = (
        "import os\nfrom caco_tasks.config import SandboxSettings\nfrom caco_tasks.sandbox import Job, Sandbox\n"
        "print(os.uname().machine)\nnext(Sandbox(SandboxSettings()).run([Job(code='input = output = 1')]))"
    )
    command = ["setarch", "i686", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.stdout != "i686\n":
        pytest.skip("this machine does not let a process call itself another")
    assert "SandboxError: There is no jail for i686: run programs on x86_64 or aarch64." in done.stderr
