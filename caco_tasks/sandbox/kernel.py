"""System calls that Python has no function for, through ctypes.

The bindings on PyPI were tried first: those for seccomp need libseccomp of the system, which a fresh machine
may lack, and those for Landlock do no more than the three calls below. No maintained binding offers clone into
a new pid namespace or the mount calls on file descriptors.
"""

import ctypes
import os
import signal
import struct
from typing import Final, Literal

from caco_tasks.sandbox.syscalls import NUMBERS

CLONE_NEWTIME: Final = 0x80
CLONE_NEWNS: Final = 0x20000
CLONE_NEWCGROUP: Final = 0x2000000
CLONE_NEWUTS: Final = 0x4000000
CLONE_NEWIPC: Final = 0x8000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MOUNT_RDONLY: Final = 1
MOUNT_NOSUID: Final = 2
MOUNT_NODEV: Final = 4
MOUNT_NOEXEC: Final = 8
MS_REC_PRIVATE: Final = 0x4000 | 0x40000
MNT_DETACH: Final = 2

_AT_FDCWD: Final = -100
_AT_EMPTY_PATH: Final = 0x1000
_AT_RECURSIVE: Final = 0x8000
_CAPABILITY_VERSION_3: Final = 0x20080522
_CAP_SYS_ADMIN: Final = 21
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_SECCOMP_SET_MODE_FILTER: Final = 1

# PyDLL keeps the interpreter lock during a call: a child made by `clone` must not find it released.
_LIBC: Final = ctypes.PyDLL(None, use_errno=True)
_SYSCALL: Final = _LIBC.syscall
_SYSCALL.restype = ctypes.c_long
_NO_CAPABILITIES: Final = ctypes.create_string_buffer(struct.pack("6I", 0, 0, 0, 0, 0, 0))
_ONLY_SYS_ADMIN: Final = ctypes.create_string_buffer(struct.pack("6I", *[1 << _CAP_SYS_ADMIN] * 2, 0, 0, 0, 0))
# Called for every program: bound with its arguments' types, so that a call touches as little memory as can be.
_CAPSET: Final = _LIBC.capset
_CAPSET.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
_CAPABILITY_HEADER: Final = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0))
_HEADER_ADDRESS: Final = ctypes.addressof(_CAPABILITY_HEADER)
_NONE_ADDRESS: Final = ctypes.addressof(_NO_CAPABILITIES)
_CLONE: Final = ctypes.PyDLL(None, use_errno=True).syscall
_CLONE.restype = ctypes.c_long
_CLONE.argtypes = (ctypes.c_long,) * 6
_CLONE_NUMBER: Final = NUMBERS.get("clone", 0)
_SIGCHLD: Final = int(signal.SIGCHLD)


def call(name: str, *args: object) -> int:
    """The result of the system call `name`.

    Raises:
        OSError: the kernel refused; the message names the call.
    """
    result: int = _SYSCALL(ctypes.c_long(NUMBERS[name]), *args)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Puts this process (pid namespace: its next child) into new namespaces."""
    call("unshare", ctypes.c_long(flags))


def clone(flags: int) -> int:
    """Forks with `flags` (CLONE_*): 0 in the child, in the parent its process id.

    Runs none of the hooks that `os.fork` runs, so the caller has one thread.

    Raises:
        OSError: the kernel refused.
    """
    process: int = _CLONE(_CLONE_NUMBER, flags | _SIGCHLD, 0, 0, 0, 0)
    if process < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"clone: {os.strerror(code)}")
    return process


def mount_tmpfs(target: str, options: str) -> None:
    """Mounts an empty file system in memory at `target`, without devices, setuid or executables."""
    flags = MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC
    call("mount", b"tmpfs", target.encode(), b"tmpfs", ctypes.c_long(flags), options.encode())


def make_mounts_private() -> None:
    """Cuts this mount namespace off from the events of the one it was copied from."""
    call("mount", None, b"/", None, ctypes.c_long(MS_REC_PRIVATE), None)


def copy_mounts(path: str, attributes: int) -> int:
    """A descriptor of a detached copy of the mounts at and below `path`, with `attributes` (MOUNT_*) set on all."""
    flags = 1 | os.O_CLOEXEC | _AT_RECURSIVE  # OPEN_TREE_CLONE
    descriptor = call("open_tree", ctypes.c_int(_AT_FDCWD), path.encode(), ctypes.c_uint(flags))
    set_mount_attributes(descriptor, attributes)
    return descriptor


def set_mount_attributes(descriptor: int, attributes: int, *, is_recursive: bool = True) -> None:
    """Sets `attributes` on an open mount, and on those below it."""
    wanted = struct.pack("4Q", attributes, 0, 0, 0)
    flags = ctypes.c_uint(_AT_EMPTY_PATH | (_AT_RECURSIVE if is_recursive else 0))
    call("mount_setattr", ctypes.c_int(descriptor), b"", flags, wanted, ctypes.c_size_t(len(wanted)))


def attach_mounts(descriptor: int, target: str) -> None:
    """Attaches mounts from `copy_mounts` at `target`, and closes the descriptor."""
    flags = ctypes.c_uint(4)  # MOVE_MOUNT_F_EMPTY_PATH
    call("move_mount", ctypes.c_int(descriptor), b"", ctypes.c_int(_AT_FDCWD), target.encode(), flags)
    os.close(descriptor)


def pivot_into_working_directory() -> None:
    """Makes the working directory, which is a mount, the root, and lets go of the old root."""
    call("pivot_root", b".", b".")
    call("umount2", b".", ctypes.c_int(MNT_DETACH))
    os.chdir("/")


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def allow_own_proc_files(allowed: bool) -> None:
    """Whether the files of this process under /proc belong to its user; False also keeps out `ptrace`."""
    _prctl(_PR_SET_DUMPABLE, int(allowed))


def give_up_new_privileges() -> None:
    """No program run from here on gains privileges; a condition of `install_filter`."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def keep_only_sys_admin() -> None:
    """Drops every capability of this user namespace but the one to make pid namespaces."""
    _drop_bounding_set(keep=_CAP_SYS_ADMIN)
    call("capset", _CAPABILITY_HEADER, _ONLY_SYS_ADMIN)


def drop_all_capabilities() -> None:
    """Drops every capability that this process has.

    Raises:
        OSError: the kernel refused.
    """
    if _CAPSET(_HEADER_ADDRESS, _NONE_ADDRESS) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def drop_future_capabilities() -> None:
    """Drops every capability that this process, or what it would execute, could have."""
    _drop_bounding_set(keep=-1)
    drop_all_capabilities()


def install_filter(program: bytes) -> None:
    """Installs a seccomp filter, given as packed `struct sock_filter`, for this process and its children."""
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    call("seccomp", ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), ctypes.c_uint(0), head)


def landlock_version() -> int:
    """The version of the kernel's Landlock; 0 where there is none."""
    try:
        return call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def restrict_files(readable: list[str], writable: list[str]) -> None:
    """Through Landlock, leaves of all files only those beneath `readable`, and the devices `writable`; no TCP port."""
    version = landlock_version()
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    sizes = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("3Q", handled, network, scopes)[:sizes]
    ruleset = call("landlock_create_ruleset", attributes, ctypes.c_size_t(sizes), ctypes.c_uint(0))
    read_file, read_dir, write_file = 4, 8, 2
    for path in readable:
        _allow_beneath(ruleset, path, read_file | read_dir)
    for path in writable:
        _allow_beneath(ruleset, path, read_file | write_file)
    call("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)


def collapse_heap(ranges: list[tuple[int, int]]) -> None:
    """Asks for huge pages under the address `ranges`, so that a fork copies fewer page tables; may be refused."""
    for start, end in ranges:
        aligned = (start + 0x1FFFFF) & ~0x1FFFFF
        if end - aligned >= 0x200000:
            length = (end - aligned) & ~0x1FFFFF
            _SYSCALL(NUMBERS["madvise"], ctypes.c_void_p(aligned), ctypes.c_size_t(length), 25)  # MADV_COLLAPSE


def _allow_beneath(ruleset: int, path: str, access: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("=Qi", access if os.path.isdir(path) else access & ~8, parent)
    call("landlock_add_rule", ctypes.c_int(ruleset), ctypes.c_uint(1), rule, ctypes.c_uint(0))
    os.close(parent)


def _prctl(option: int, value: int, more: Literal[0] = 0) -> None:
    call("prctl", *[ctypes.c_ulong(argument) for argument in (option, value, more, 0, 0)])


def _drop_bounding_set(*, keep: int) -> None:
    call("prctl", *[ctypes.c_ulong(argument) for argument in (_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)])
    for capability in range(64):
        if capability != keep:
            try:
                _prctl(_PR_CAPBSET_DROP, capability)
            except OSError:
                return  # past the last capability that this kernel knows, or not allowed to drop any
