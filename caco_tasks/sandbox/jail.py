"""The walls around a zygote: put up once, inherited by every program that it forks.

full     own user, mount, pid, network, ipc, uts and cgroup namespaces; a root of read-only Python folders and a
         private scratch; a pid namespace per program; seccomp; no capability
partial  Landlock (Linux 5.13) leaves the Python folders to read; seccomp lets no program fork, signal, write or reach
         a network
basic    seccomp alone, and another user where the caller is root: files that everybody may read can be read
"""

import os
import re
import resource
import socket
from collections.abc import Sequence
from typing import Final

from caco_tasks.sandbox import kernel, protocol, seccomp

SCRATCH: Final = "/scratch"
SCRATCH_BYTES: Final = 16 << 20
SCRATCH_FILES: Final = 256

UNPRIVILEGED_ID: Final = 65533  # what root becomes; not 65534, which stands for every foreign file's owner
INSIDE_ID: Final = 1000

_PROC: Final = protocol.MAX_DESCRIPTORS  # the machine's /proc, kept until a slot has its user namespace
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_NAMESPACES: Final = (
    kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP
)
_ROOT_OPTIONS: Final = "size=1m,nr_inodes=512,mode=755"
_SCRATCH_OPTIONS: Final = f"size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES},mode=700"


def enter(level: str, folders: Sequence[str]) -> None:
    """Shuts this process in at `level`, with `folders` to read; at "full", its next child is process 1 of a pid namespace.

    Raises:
        OSError: this machine does not allow it, and the process may be left half shut in.
    """
    if level == "full":
        _enter_namespaces(folders)
    else:
        _enter_without_namespaces(folders, confined=level == "partial")


def close_slot(level: str, *, address_bytes: int, file_bytes: int) -> None:
    """Finishes the walls of one slot, after it was forked: scratch, limits, capabilities, filter.

    Its programs may have `address_bytes` of address space, the slot's own included, and files of `file_bytes`.
    """
    if level == "full":
        kernel.allow_own_proc_files(True)
        _enter_user_namespace(_PROC, INSIDE_ID, INSIDE_ID)  # one per slot: the kernel counts processes by namespace
        os.close(_PROC)
        kernel.mount_tmpfs(SCRATCH, _SCRATCH_OPTIONS)
        os.chdir(SCRATCH)
        kernel.keep_only_sys_admin()
    limits = _SLOT_LIMITS | {resource.RLIMIT_AS: address_bytes, resource.RLIMIT_FSIZE: file_bytes}
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
    kernel.allow_own_proc_files(False)
    kernel.give_up_new_privileges()
    kernel.install_filter(seccomp.slot_filter(has_namespaces=level == "full"))


def open_scratch(level: str) -> int:
    """A descriptor of the scratch, which by name could be closed to this process too; -1 where there is none."""
    return os.open(SCRATCH, os.O_RDONLY | os.O_CLOEXEC) if level == "full" else -1


def python_folders(module_folders: Sequence[str]) -> list[str]:
    """`module_folders` and those of the shared libraries that this process has loaded; none lies in another."""
    folders = {*module_folders, *_library_folders()}
    return sorted(folder for folder in folders if folders.isdisjoint(_parents(folder)))


def _parents(folder: str) -> list[str]:
    """The folders above an absolute one, from the root down."""
    parts = folder.split("/")
    return [folder[: len("/".join(parts[:place]))] or "/" for place in range(1, len(parts))]


def _library_folders() -> set[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        return {os.path.dirname(path) for path in re.findall(r"\s(/\S+\.so[\d.]*)$", maps.read(), re.MULTILINE)}


_SLOT_LIMITS: Final = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: protocol.MAX_DESCRIPTORS,
    resource.RLIMIT_MEMLOCK: 0,
    resource.RLIMIT_MSGQUEUE: 0,
    resource.RLIMIT_SIGPENDING: 64,
}


def _enter_namespaces(folders: Sequence[str]) -> None:
    is_root = os.geteuid() == 0
    if is_root:
        kernel.unshare(kernel.CLONE_NEWNS)  # the real root can reach a Python that others cannot, such as under /root
    else:
        _enter_user_namespace(os.open("/proc", os.O_PATH), os.getuid(), os.getgid())
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    _build_root(folders)
    _reopen_null()
    if is_root:
        _become_unprivileged()
        kernel.allow_own_proc_files(True)
        _enter_user_namespace(proc, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    kernel.unshare(_NAMESPACES)
    socket.sethostname("sandbox")
    os.dup2(proc, _PROC, inheritable=False)
    os.close(proc)


def _enter_user_namespace(proc: int, uid: int, gid: int) -> None:
    kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{INSIDE_ID} {uid} 1"),
        ("gid_map", f"{INSIDE_ID} {gid} 1"),
    ):
        file = os.open(f"self/{name}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
        os.write(file, text.encode())
        os.close(file)


def _build_root(readable: Sequence[str]) -> None:
    """Moves into a small root in memory that holds read-only copies of the mounts that Python needs, and no more."""
    kernel.make_mounts_private()
    guarded = kernel.MOUNT_RDONLY | kernel.MOUNT_NOSUID
    folders = {path: kernel.copy_mounts(path, guarded | kernel.MOUNT_NODEV) for path in readable}
    devices = {path: kernel.copy_mounts(path, guarded) for path in _DEVICES}
    place = os.path.dirname(__file__)  # any folder that is sure to exist
    kernel.mount_tmpfs(place, _ROOT_OPTIONS)
    os.chdir(place)
    os.mkdir(SCRATCH.lstrip("/"))
    for path, mounts in folders.items():
        os.makedirs(path.lstrip("/"), exist_ok=True)
        kernel.attach_mounts(mounts, path.lstrip("/"))
    os.mkdir("dev")
    for path, mounts in devices.items():
        os.close(os.open(path.lstrip("/"), os.O_CREAT | os.O_WRONLY))
        kernel.attach_mounts(mounts, path.lstrip("/"))
    root = os.open(".", os.O_PATH | os.O_CLOEXEC)
    kernel.set_mount_attributes(root, kernel.MOUNT_RDONLY, is_recursive=False)
    os.close(root)
    kernel.pivot_into_working_directory()


def _reopen_null() -> None:
    """Opens the standard streams anew: through the machine's own mount, a program could set the times of its /dev/null."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for stream in range(3):
        os.dup2(null, stream)
    os.close(null)


def _become_unprivileged() -> None:
    os.setgroups([])
    os.setresgid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
    os.setresuid(UNPRIVILEGED_ID, UNPRIVILEGED_ID, UNPRIVILEGED_ID)


def _enter_without_namespaces(folders: Sequence[str], *, confined: bool) -> None:
    os.chdir("/")
    if os.geteuid() == 0 and not (confined and _is_hidden_from_others(folders)):
        _become_unprivileged()
    kernel.drop_future_capabilities()
    kernel.give_up_new_privileges()
    if confined:
        if kernel.landlock_version() < 1:
            raise OSError("landlock: this kernel has none")
        kernel.restrict_files(list(folders), list(_DEVICES))


def _is_hidden_from_others(folders: Sequence[str]) -> bool:
    """Whether some folder can be reached by root alone: then root stays root, without capabilities, behind Landlock."""
    return any(not os.stat(path).st_mode & 0o001 for folder in folders for path in (folder, *_parents(folder)))
