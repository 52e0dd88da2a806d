"""The seccomp filter: an allow list of system calls, compiled to classic BPF.

Whatever is not listed answers "operation not permitted". Calls that no program could want kill it, so that the
attempt shows in the verdict. Installed once per slot: filters are inherited by a fork at no cost.
"""

import errno
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from caco_tasks.sandbox import kernel
from caco_tasks.sandbox.syscalls import AUDIT_ARCH, MACHINE, TABLES

_ALLOWED: Final = """
read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range dup dup2 dup3 fstat stat lstat
newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents64 getcwd chdir fchdir
pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 mmap
munmap mprotect mremap madvise brk msync mincore futex set_robust_list get_robust_list rseq sched_yield
sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min nanosleep
clock_nanosleep clock_gettime clock_getres gettimeofday time getitimer setitimer alarm pause rt_sigaction
rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack getpid getppid gettid getuid
geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid getrusage getrlimit prlimit64 times sysinfo
uname umask set_tid_address exit exit_group restart_syscall getrandom membarrier getcpu wait4 waitid recvmsg
sendmsg sendto recvfrom capset ftruncate fallocate fsync fdatasync sendfile copy_file_range tkill tgkill
"""

_ON_SCRATCH: Final = """
unlink unlinkat mkdir mkdirat rmdir rename renameat renameat2 symlink symlinkat chmod fchmod fchmodat utimensat
truncate
"""

_TO_CONFINE: Final = "seccomp"

DEADLY: Final = """
ptrace process_vm_readv process_vm_writev process_madvise mount umount2 pivot_root chroot unshare setns bpf
keyctl add_key request_key io_uring_setup io_uring_enter io_uring_register userfaultfd perf_event_open
init_module finit_module delete_module kexec_load kexec_file_load open_by_handle_at name_to_handle_at reboot
swapon swapoff quotactl acct iopl ioperm move_pages open_tree move_mount fsopen fsconfig fsmount fspick
mount_setattr pidfd_getfd
"""

_UNKNOWN_TO_US: Final = ("clone3", "openat2")  # arguments behind pointers: callers fall back on others

_IOCTLS: Final = (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONCLEX FIOCLEX
_FCNTLS: Final = (0, 1, 2, 3, 1030)  # F_DUPFD F_GETFD F_SETFD F_GETFL F_DUPFD_CLOEXEC: no locks; no shared flags
_PRCTLS: Final = (15, 16)  # PR_SET_NAME PR_GET_NAME
_SET_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG

_CLONE_THREAD: Final = 0x10000
_NAMESPACES: Final = 0x7E020000 | kernel.CLONE_NEWTIME
_CLONE_OF_FORK: Final = 0x1200011  # CHILD_SETTID, CHILD_CLEARTID, SIGCHLD: what the C library's fork passes
_WRITING: Final = 0o3 | 0o100 | 0o1000 | 0o20000000  # O_WRONLY or O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE

_KILL: Final = 0x80000000
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand

# A process group reaches beyond a pid namespace: to signal one's own is to signal the slot and the zygote.
_OWN_GROUP_REFUSED: Final[list[Instruction]] = [(_JUMP_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]


def slot_filter(*, has_namespaces: bool, machine: str = MACHINE) -> bytes:
    """The filter of a slot and of its programs, by the numbers of `machine`.

    With namespaces, files may be changed (all but the scratch are read-only mounts), a process signals (it sees none
    but its own) and the slot clones into a pid namespace (its programs lack the capability). Without, files open only
    for reading, and `program_filter` takes the rest from each program.
    """
    allowed = [*_ALLOWED.split(), *(_ON_SCRATCH if has_namespaces else _TO_CONFINE).split()]
    clone = kernel.CLONE_NEWPID | 17 if has_namespaces else _CLONE_OF_FORK
    numbers = TABLES[machine]
    return _pack(
        [
            *_head(machine),
            *_returns(numbers, DEADLY.split(), _KILL),
            *_returns(numbers, _UNKNOWN_TO_US, _ERRNO | errno.ENOSYS),
            *_returns(numbers, allowed, _ALLOW),
            *_opens(numbers, has_namespaces=has_namespaces),
            *_when(numbers, "ioctl", 1, _one_of(_IOCTLS)),
            *_when(numbers, "fcntl", 1, _one_of(_FCNTLS)),
            *_when(numbers, "prctl", 0, _one_of(_PRCTLS if has_namespaces else (*_PRCTLS, _SET_DEATH_SIGNAL))),
            *_when(numbers, "kill", 0, _OWN_GROUP_REFUSED),
            *_when(numbers, "clone", 0, _clones(clone)),
            (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        ]
    )


def program_filter(machine: str = MACHINE) -> bytes:
    """The second filter, for each program where there are no namespaces: no new process, no signal, no other filter."""
    numbers = TABLES[machine]
    refused = ("kill", "tkill", "tgkill", "seccomp")
    no_fork: list[Instruction] = [(_JUMP_ANY_BIT, 1, 0, _CLONE_THREAD), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    return _pack(
        [
            (_LOAD, 0, 0, 0),
            *_returns(numbers, refused, _ERRNO | errno.EPERM),
            *_when(numbers, "prctl", 0, _one_of(_PRCTLS)),
            *_when(numbers, "prlimit64", 0, _one_of((0,))),
            *_when(numbers, "clone", 0, no_fork),
            (_RETURN, 0, 0, _ALLOW),
        ]
    )


def _head(machine: str) -> list[Instruction]:
    """Kills a program that calls through another architecture's table, then loads the call's number."""
    foreign: list[Instruction] = [(_LOAD, 0, 0, 4), (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]), (_RETURN, 0, 0, _KILL)]
    x32: list[Instruction] = [(_JUMP_GREATER_EQUAL, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]
    return [*foreign, (_LOAD, 0, 0, 0), *(x32 if machine == "x86_64" else [])]


def _returns(numbers: Mapping[str, int], names: Sequence[str], action: int) -> list[Instruction]:
    """Answers `action` to each of the calls that this architecture has; runs of numbers become ranges."""
    found: list[Instruction] = []
    for first, last in _ranges(sorted({numbers[name] for name in names if name in numbers})):
        found += [(_JUMP_GREATER_EQUAL, 0, 2, first), (_JUMP_GREATER_EQUAL, 1, 0, last + 1), (_RETURN, 0, 0, action)]
    return found


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _when(numbers: Mapping[str, int], name: str, argument: int, check: list[Instruction]) -> list[Instruction]:
    """For the call `name`, loads the low half of an argument and runs `check`; what falls through is allowed."""
    body: list[Instruction] = [(_LOAD, 0, 0, 16 + 8 * argument), *check, (_RETURN, 0, 0, _ALLOW)]
    return [(_JUMP_EQUAL, 0, len(body), numbers[name]), *body] if name in numbers else []


def _one_of(values: tuple[int, ...]) -> list[Instruction]:
    tests: list[Instruction] = [(_JUMP_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [*tests, (_RETURN, 0, 0, _ERRNO | errno.EPERM)]


def _clones(exact: int) -> list[Instruction]:
    """Threads without a new namespace, and `exact`, which is what the slot itself uses."""
    return [
        (_JUMP_EQUAL, 3, 0, exact),
        (_JUMP_ANY_BIT, 1, 0, _NAMESPACES),
        (_JUMP_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]


def _opens(numbers: Mapping[str, int], *, has_namespaces: bool) -> list[Instruction]:
    if has_namespaces:
        return _returns(numbers, ["open", "openat"], _ALLOW)
    read_only: list[Instruction] = [(_JUMP_ANY_BIT, 0, 1, _WRITING), (_RETURN, 0, 0, _ERRNO | errno.EROFS)]
    return [*_when(numbers, "open", 1, read_only), *_when(numbers, "openat", 2, read_only)]


def _pack(program: list[Instruction]) -> bytes:
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
